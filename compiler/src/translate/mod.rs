//! From wasm instructions to CLIF, one function at a time.
//!
//! This file makes the function around the instructions; [`operator`] only picks the function
//! for an instruction; the families are in the files beside it. [`vmctx`] is the one place that
//! knows where things lie, [`bounds`] has every bounds check of a memory, [`trap`] knows the two
//! ways to trap. To add an instruction: a line in `operator.rs`, a function in its family.

mod address;
mod atomic;
mod bounds;
mod builtin;
mod bulk;
mod call;
mod context;
mod control;
mod convert;
mod dispatch;
mod float;
mod global;
mod init;
mod inline;
mod int;
mod local;
mod made;
mod memory;
mod meter;
mod operator;
mod reference;
mod simd;
mod size;
pub mod srcloc;
mod stack;
mod switch;
mod table;
mod tail_call;
pub mod trap;
mod types;
pub mod vmctx;
mod wide;

#[cfg(test)]
mod tests;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, DataFlowGraph, InstBuilder, InstructionData, Opcode, Signature, UserFuncName, Value,
    ValueListPool,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use wasmaot_abi::traps::TrapCode;
use wasmparser::OperatorsReader;

use self::context::Context;
use self::size::Filled;
use self::srcloc::Origins;
use self::types::Contexts;
use crate::config::TrapStyle;
use crate::error::{Error, Result};
use crate::func_key::{FuncKey, Reference};
use crate::index::FuncIndex;
use crate::module::{Body, Module};
use crate::plan::Plan;
use crate::target::Target;

/// A function in CLIF.
#[derive(Debug)]
pub struct Translated {
    /// The function.
    pub function: ir::Function,
    /// What its instructions' locations stand for.
    pub origins: Origins,
    /// How many loops are within each other at most, with those of code in place of calls.
    pub loop_depth: usize,
}

/// What functions are translated in, one after the other, kept for its memory.
#[derive(Default)]
pub struct Paper {
    /// What has become of a function that nobody needs any more, if anything has.
    pub used: Option<ir::Function>,
    parts: FunctionBuilderContext,
}

impl Paper {
    /// An empty function.
    fn blank(&mut self, name: UserFuncName, signature: Signature) -> ir::Function {
        let Some(mut func) = self.used.take() else {
            return ir::Function::with_name_signature(name, signature);
        };
        func.clear();
        // How much is in it is told by its capacity.
        func.dfg.value_lists = ValueListPool::new();
        (func.name, func.signature) = (name, signature);
        func
    }
}

/// Translates the body of a defined function. Names in it are [`Reference`]s.
///
/// # Errors
/// `Unsupported` or `TooLarge`; the module is valid, so never `Invalid`.
pub fn body(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    func: FuncIndex,
    paper: &mut Paper,
) -> Result<Translated> {
    let sig = module.functions[func].sig;
    let contexts = Contexts::of(plan.private.has(func));
    let signature = types::body(&module.signatures[sig], contexts);
    let body = module.functions[func].body.as_ref().expect("only defined functions have bodies");
    let mut translate = |locals_in_frame| {
        let signature = signature.clone();
        function(module, plan, target, FuncKey::Body(func), signature, paper, |cx| {
            cx.locals_in_frame = locals_in_frame;
            at(cx, body.offset);
            check_stack(cx);
            for (place, &ty) in module.signatures[sig].params.iter().enumerate() {
                let entry = cx.builder.func.layout.entry_block().expect("there is code in it");
                let value = cx.builder.block_params(entry)[contexts.count() + place];
                local::declare(cx, ty, 1, value);
            }
            control::function(cx, sig);
            instructions(cx, body)
        })
    };
    if let Some(func) = translate(false)? {
        return Ok(func);
    }
    Ok(translate(true)?.expect("nothing is too much that is not refused"))
}

/// Makes the function that sets globals and applies active segments: `plan.init` in order.
pub fn init_body(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    paper: &mut Paper,
) -> Result<Translated> {
    let func =
        function(module, plan, target, FuncKey::InitBody, types::init_body(), paper, |cx| {
            check_stack(cx);
            cx.initialising = true;
            for &step in &plan.init {
                init::step(cx, step);
            }
            cx.ins().return_(&[]);
            Ok(Filled::Whole)
        })?;
    Ok(func.expect("it is whole"))
}

fn function(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    key: FuncKey,
    signature: Signature,
    paper: &mut Paper,
    fill: impl FnOnce(&mut Context<'_, '_>) -> Result<Filled>,
) -> Result<Option<Translated>> {
    let name = UserFuncName::User(Reference::Func(key).into());
    let mut func = paper.blank(name, signature);
    if let FuncKey::Body(index) = key {
        // It would grow by one place at a time. Some three bytes make an instruction.
        let body = module.functions[index].body.as_ref();
        func.srclocs.resize(body.map_or(0, |body| body.bytes.len() / 3));
    }
    if plan.traps == TrapStyle::Signals {
        vmctx::set_stack_limit(&mut func);
    }
    // What is given up leaves something in there.
    let mut parts = std::mem::take(&mut paper.parts);
    let mut builder = FunctionBuilder::new(&mut func, &mut parts);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    builder.ensure_inserted_block();
    builder.seal_block(entry);
    let mut start = FuncCursor::new(builder.func).at_bottom(entry);
    let vmctx = vmctx::context(&mut start, plan.context_address);
    let mut cx = Context::new(module, plan, target, builder, vmctx);
    if let FuncKey::Body(func) = key {
        cx.begin(func);
    }
    if fill(&mut cx)? == Filled::TooMuch {
        return Ok(None);
    }
    let Context { builder, origins, loop_depth, .. } = cx;
    builder.finalize(target.isa.frontend_config());
    paper.parts = parts;
    Ok(Some(Translated { function: func, origins, loop_depth }))
}

/// With signals, Cranelift's prologue checks that the frame fits the stack. Its check ends in an
/// instruction that faults, so the other style has its own, against the stack pointer below the
/// frame; the runtime keeps enough stack below its limit for the frame and the report.
fn check_stack(cx: &mut Context<'_, '_>) {
    if cx.plan.traps == TrapStyle::Explicit {
        let limit = vmctx::stack_limit(cx);
        let sp = cx.ins().get_stack_pointer(types::POINTER);
        let below = cx.ins().icmp(IntCC::UnsignedLessThan, sp, limit);
        trap::trap_if(cx, below, TrapCode::StackOverflow);
    }
}

fn instructions(cx: &mut Context<'_, '_>, body: &Body<'_>) -> Result<Filled> {
    let mut reader = declare_locals(cx, body)?;
    meter::start(cx, reader.clone()).map_err(invalid)?;
    while !cx.stack.frames.is_empty() {
        let (operator, offset) = reader.read_with_offset().map_err(invalid)?;
        at(cx, offset as usize);
        meter::charge(cx);
        operator::translate(cx, &operator)?;
        if size::check(cx, body)? == Filled::TooMuch {
            return Ok(Filled::TooMuch);
        }
    }
    Ok(Filled::Whole)
}

/// Declares the locals that are no parameters; the instructions follow.
fn declare_locals<'b>(cx: &mut Context<'_, '_>, body: &Body<'b>) -> Result<OperatorsReader<'b>> {
    let mut locals = body.reader().get_locals_reader().map_err(invalid)?;
    for _ in 0..locals.get_count() {
        let offset = locals.original_position() as usize;
        let (count, ty) = locals.read().map_err(invalid)?;
        let ty = types::from_wasm(cx.module, ty)
            .ok_or_else(|| unsupported(offset, &format!("{ty:?}")))?;
        let zero = local::zero(cx, ty);
        local::declare(cx, ty, count, zero);
    }
    Ok(OperatorsReader::new(locals.get_binary_reader()))
}

/// What follows comes from the instruction at this offset in the file, in the code that is translated
/// at present.
fn at(cx: &mut Context<'_, '_>, offset: usize) {
    cx.offset = offset;
    cx.builder.set_srcloc(cx.origins.srcloc(cx.inlined, offset));
}

/// The number that a value always is, if it is made as one: its bits, and zeros above them.
pub fn constant(dfg: &DataFlowGraph, value: Value) -> Option<u64> {
    match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => {
            let unused = 64 - dfg.value_type(value).bits();
            Some((imm.bits() as u64) << unused >> unused)
        }
        _ => None,
    }
}

fn invalid(error: wasmparser::Error) -> Error {
    Error::Invalid { offset: error.offset() as usize, message: error.message().into() }
}

fn unsupported(offset: usize, what: &str) -> Error {
    Error::Unsupported {
        offset,
        feature: what.into(),
        help: "the compiler does not know it".into(),
    }
}
