//! What is done to a body's CLIF between Cranelift's own optimisation and its choice of instructions.
//!
//! That optimisation looks at one value at a time. What this knows of besides is the loops: what goes around
//! them, what leaves them, and what their turns have to do with each other; and numbers of 128 bits. No instruction
//! that can trap, call or touch a memory is moved here, but for loads that go by other loads; some loops get another one
//! in front of them or are there twice, and what has just been stored is not loaded.

mod addresses;
mod around;
mod bits;
mod constants;
mod exits;
mod frame;
mod latch;
mod sink;
mod split;
mod survey;
mod terms;
mod turns;
mod vector;
mod wide;

#[cfg(test)]
mod tests;

use std::slice;

use cranelift_codegen::Context;
use cranelift_codegen::cursor::FuncCursor;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{
    Block, BlockCall, Function, Inst, InstBuilder as _, InstructionData, Opcode, Type, Value,
    ValueDef,
};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::OptLevel;
use target_lexicon::Architecture;

use self::survey::Survey;
use crate::translate::constant;
use crate::translate::vmctx::Memories;

/// Does all of it to a function that [`Context::optimize`] has optimised.
pub fn finish(context: &mut Context, isa: &dyn TargetIsa, memories: &Memories) {
    let architecture = isa.triple().architecture;
    let may_be_longer = isa.flags().opt_level() == OptLevel::Speed;
    let blocks = context.func.dfg.num_blocks();
    let mut headers = headers(context);
    let Context { func, cfg, .. } = &mut *context;
    if may_be_longer && vector::vectorise(func, cfg, memories, architecture, &headers) {
        headers = analysed_again(context);
    }
    let vectors = blocks..context.func.dfg.num_blocks();
    debug_assert!(has_no_aliases(&context.func));
    let mut survey = Survey::new(&context.func);
    if !survey.carries.is_empty() {
        if wide::add(&mut context.func, memories, may_be_longer, survey.carries) {
            headers = analysed_again(context);
        }
        survey = Survey::new(&context.func);
    }
    terms::in_order(&mut context.func, &headers);
    latch::compare_what_is_passed(&mut context.func);
    if exits::come_first(&mut context.func, &context.loop_analysis) {
        // Who leads where is the same.
        context.compute_domtree();
    }
    constants::where_used(&mut context.func, &survey.constants);
    around::once(context);
    // Others have more registers than are counted on there, and other instructions.
    if architecture == Architecture::X86_64 {
        split::at_loops(context, &survey.calls);
        bits::narrow(context);
        latch::test_what_is_passed(&mut context.func);
    }
    around::late(context, &headers);
    debug_assert!(has_no_aliases(&context.func));
    if architecture == Architecture::X86_64 {
        sink::to_users(context, &survey.long);
    }
    if may_be_longer && turns::two(context, &headers, &vectors) {
        context.flowgraph();
    }
    // Elsewhere instructions take no operands from memory.
    if architecture == Architecture::X86_64 && frame::keep(context, &survey.long) {
        context.flowgraph();
    }
}

/// The blocks that loops begin with, in order.
fn headers(context: &Context) -> Vec<Block> {
    let Context { func, loop_analysis: loops, .. } = context;
    if loops.loops().next().is_none() {
        return Vec::new();
    }
    func.layout.blocks().filter(|&block| loops.is_loop_header(block).is_some()).collect()
}

/// The same, where there are other blocks than before.
fn analysed_again(context: &mut Context) -> Vec<Block> {
    context.flowgraph();
    context.compute_loop_analysis();
    headers(context)
}

/// The values that an instruction uses, with those that it passes to blocks.
#[inline]
fn each_value(func: &Function, inst: Inst, mut with: impl FnMut(Value)) {
    use InstructionData::{Binary, Brif, IntCompare, Jump, Load, Store, Unary, UnaryImm};
    let dfg = &func.dfg;
    let data = &dfg.insts[inst];
    // Almost all are of these forms.
    let (args, passing): (&[Value], &[BlockCall]) = match data {
        UnaryImm { .. } => (&[], &[]),
        Unary { arg, .. } | Load { arg, .. } => (slice::from_ref(arg), &[]),
        Binary { args, .. } | IntCompare { args, .. } | Store { args, .. } => (args, &[]),
        Brif { arg, blocks, .. } => (slice::from_ref(arg), blocks),
        Jump { destination, .. } => (&[], slice::from_ref(destination)),
        _ if data.opcode().is_branch() => return dfg.inst_values(inst).for_each(with),
        _ => (data.arguments(&dfg.value_lists), &[]),
    };
    for &value in args {
        with(value);
    }
    for call in passing {
        for value in call.args(&dfg.value_lists).filter_map(|arg| arg.as_value()) {
            with(value);
        }
    }
}

/// Whether all that is used is so by its own name.
fn has_no_aliases(func: &Function) -> bool {
    let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    let mut values = insts.flat_map(|inst| func.dfg.inst_values(inst));
    values.all(|value| func.dfg.resolve_aliases(value) == value)
}

/// The instruction of a block that a value comes from.
fn def_in(func: &Function, block: Block, value: Value) -> Option<Inst> {
    let inst = func.dfg.value_def(value).inst()?;
    (func.layout.inst_block(inst) == Some(block)).then_some(inst)
}

/// How often each value is used.
fn count_uses(func: &Function) -> SecondaryMap<Value, u32> {
    let mut uses = SecondaryMap::with_capacity(func.dfg.num_values());
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in func.dfg.inst_values(inst) {
                uses[func.dfg.resolve_aliases(value)] += 1;
            }
        }
    }
    uses
}

/// Whether a value is the same in each turn of a loop of one block.
fn stays(func: &Function, block: Block, value: Value) -> bool {
    match func.dfg.value_def(func.dfg.resolve_aliases(value)) {
        ValueDef::Result(inst, _) => {
            func.layout.inst_block(inst) != Some(block) || constant(&func.dfg, value).is_some()
        }
        ValueDef::Param(of, _) => of != block,
        ValueDef::Union(..) => false,
    }
}

/// Whether an instruction does more than compute its results, so that it has to stay where it is among others that do.
fn has_effect(func: &Function, inst: Inst) -> bool {
    let opcode = func.dfg.insts[inst].opcode();
    opcode.can_trap()
        || opcode.can_load()
        || opcode.can_store()
        || opcode.is_call()
        || opcode.is_terminator()
        || opcode.other_side_effects()
}

/// An instruction once more, with results of its own, that is nowhere yet.
fn again(func: &mut Function, inst: Inst) -> Inst {
    let copy = func.dfg.clone_inst(inst);
    func.set_srcloc(copy, func.srcloc(inst));
    copy
}

/// Whether a value needs one of the registers for integers. Constants are made where they are used.
fn in_register(func: &Function, value: Value) -> bool {
    let ty = func.dfg.value_type(value);
    let constant = func.dfg.value_def(value).inst().is_some_and(|def| {
        let opcode = func.dfg.insts[def].opcode();
        matches!(opcode, Opcode::Iconst | Opcode::FuncAddr | Opcode::SymbolValue)
    });
    ty.is_int() && matches!(ty.bits(), 32 | 64) && !constant
}

/// Removes an instruction: its result is the same as a value.
fn become_alias(func: &mut Function, inst: Inst, of: Value) {
    let result = func.dfg.first_result(inst);
    func.layout.remove_inst(inst);
    func.dfg.clear_results(inst);
    func.dfg.change_to_alias(result, of);
}

/// An integer's constant, of which the bits above its type are zeros.
fn number(cursor: &mut FuncCursor<'_>, ty: Type, value: i64) -> Value {
    let unused = 64 - ty.bits();
    cursor.ins().iconst(ty, ((value as u64) << unused >> unused) as i64)
}
