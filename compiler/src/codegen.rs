//! From CLIF to machine code, in parallel; results in key order.
//!
//! What comes out of Cranelift is reduced here to what emission needs, so that nothing after
//! this file depends on how the code was generated.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{self, ExternalName, LibCall};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CodegenError, CompiledCode, Context, FinalizedRelocTarget};
use rayon::prelude::*;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::func_info::{Site, StackMap};

use crate::cache::{Session, Store, Work};
use crate::config::TrapStyle;
use crate::error::{Error, Result};
use crate::frame::{self, Rules};
use crate::func_key::{FuncKey, Reference};
use crate::module::Module;
use crate::object::names::Names;
use crate::place::Place;
use crate::plan::Plan;
use crate::target::Target;
use crate::trampoline;
use crate::translate::{self, srcloc, trap};

/// The largest frame of a function that checks the stack before it makes the frame: less than
/// what the runtime keeps in reserve below the limit.
pub const MAX_UNCHECKED_FRAME: u32 = 64 << 10;

/// A compiled function.
#[derive(Debug)]
pub struct Compiled {
    /// Which.
    pub key: FuncKey,
    /// The machine code.
    pub code: Vec<u8>,
    /// Where it lies.
    pub place: Place,
    /// What the linker fills in, in ascending order of offset.
    pub relocations: Vec<Relocation>,
    /// How to unwind its frame.
    pub frame: Rules,
    /// What the runtime wants to know; only for code translated from wasm.
    pub info: Option<Info>,
    /// Where code came from: start and end in the code, offset in the wasm file. Only for code
    /// translated from wasm.
    pub source: Vec<(u32, u32, u32)>,
}

/// A place in a function's code for the linker to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Relocation {
    /// Where in the code.
    pub offset: u32,
    /// How.
    pub kind: Reloc,
    /// The address of what.
    pub target: RelocationTarget,
    /// What is added to the address.
    pub addend: i64,
}

/// What a relocation refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RelocationTarget {
    /// Something with a name.
    Reference(Reference),
    /// The start of the function itself.
    Own,
}

/// What a function says of itself: all of [`FuncInfo`](wasmaot_abi::func_info::FuncInfo) that
/// comes from its code.
#[derive(Debug, PartialEq)]
pub struct Info {
    /// The distance from the stack pointer to the frame pointer at calls, in bytes.
    pub frame_size: u32,
    /// Traps and return addresses.
    pub sites: Vec<Site>,
    /// Live host references at calls.
    pub stack_maps: Vec<StackMap>,
}

/// Compiles everything in `plan.functions`, or takes it from the store.
///
/// # Errors
/// The first error in key order.
pub fn generate(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    store: Option<&dyn Store>,
) -> Result<(Vec<Compiled>, Work)> {
    let compile = |context: &mut Context, key: &FuncKey| {
        if let Some(short) = trampoline::short::short(module, target, *key) {
            return Ok(short.compiled(*key));
        }
        let function = clif(module, plan, target, *key)?;
        let isa = isa(module, target, *key, &function);
        let compiled = compile(context, function, isa, *key)
            .map_err(|problem| problem.into_error(module, plan, *key))?;
        check_frame(module, plan, &compiled)?;
        Ok(compiled)
    };
    let Some(store) = store else {
        let functions = each(plan, compile)?;
        let work = Work { generated: functions.len(), reused: 0 };
        return Ok((functions, work));
    };
    let session = Session::new(store, module, plan, target);
    let found = each(plan, |context, key| session.find_or(*key, || compile(context, key)))?;
    Ok(session.finish(found))
}

/// Does something for each function, in parallel.
fn each<T: Send>(
    plan: &Plan,
    work: impl Fn(&mut Context, &FuncKey) -> Result<T> + Send + Sync,
) -> Result<Vec<T>> {
    // Into a list of results first: of several errors, the first in order is the one to report.
    let results: Vec<Result<T>> = plan.functions.par_iter().map_init(Context::new, work).collect();
    results.into_iter().collect()
}

/// Makes the CLIF of one function.
pub(crate) fn clif(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    key: FuncKey,
) -> Result<ir::Function> {
    match key {
        FuncKey::Body(func) => translate::body(module, plan, target, func),
        FuncKey::InitBody => translate::init_body(module, plan, target),
        _ => Ok(trampoline::trampoline(module, plan, target, key)),
    }
}

/// Cranelift's optimisation takes a step for each loop that a value is in: it gets so many steps
/// at most, some ten seconds.
const MAX_STEPS: usize = 100_000_000;

/// The code generator for a function. What the linker merges across modules must not depend on
/// the options of one.
pub(crate) fn isa<'t>(
    module: &Module<'_>,
    target: &'t Target,
    key: FuncKey,
    function: &ir::Function,
) -> &'t dyn TargetIsa {
    match key {
        FuncKey::Body(func)
            if module.functions[func].body.as_ref().is_some_and(|body| {
                body.loop_depth.saturating_mul(function.dfg.num_values()) > MAX_STEPS
            }) =>
        {
            &*target.plain
        }
        FuncKey::Enter(_)
        | FuncKey::ExitNative(_)
        | FuncKey::ExitArray(_)
        | FuncKey::ExitBuiltin(_) => &*target.baseline,
        _ => &*target.isa,
    }
}

/// Why a function did not compile.
enum Problem {
    /// It is too large for the code generator.
    TooLarge(&'static str),
    /// Anything else: a bug.
    Bug(String),
}

impl Problem {
    fn into_error(self, module: &Module<'_>, plan: &Plan, key: FuncKey) -> Error {
        match self {
            Self::TooLarge(what) => too_large(module, plan, key, what),
            Self::Bug(message) => Error::Codegen { function: describe(module, plan, key), message },
        }
    }
}

impl From<CodegenError> for Problem {
    fn from(error: CodegenError) -> Self {
        match error {
            CodegenError::ImplLimitExceeded => {
                Self::TooLarge("it exceeds a limit of the code generator")
            }
            CodegenError::CodeTooLarge => Self::TooLarge("its machine code does not fit"),
            CodegenError::Verifier(errors) => Self::Bug(format!("invalid code: {errors}")),
            other => Self::Bug(other.to_string()),
        }
    }
}

fn too_large(module: &Module<'_>, plan: &Plan, key: FuncKey, what: &str) -> Error {
    let offset = match key {
        FuncKey::Body(func) => module.functions[func].body.as_ref().map(|body| body.offset),
        _ => None,
    };
    let message = format!("{}: {what}", describe(module, plan, key));
    Error::TooLarge { offset, message }
}

/// A function's name for error messages.
fn describe(module: &Module<'_>, plan: &Plan, key: FuncKey) -> String {
    Names::new(module, plan).describe(key)
}

/// Code that checks the stack explicitly does so before it makes the frame.
fn check_frame(module: &Module<'_>, plan: &Plan, compiled: &Compiled) -> Result<()> {
    let size = compiled.info.as_ref().map_or(0, |info| info.frame_size);
    if plan.traps == TrapStyle::Explicit && size > MAX_UNCHECKED_FRAME {
        let what = format!(
            "its stack frame takes {size} bytes; with explicit checks {MAX_UNCHECKED_FRAME} is \
             the limit"
        );
        return Err(too_large(module, plan, compiled.key, &what));
    }
    Ok(())
}

fn compile(
    context: &mut Context,
    function: ir::Function,
    isa: &dyn TargetIsa,
    key: FuncKey,
) -> Result<Compiled, Problem> {
    context.clear();
    context.func = function;
    // Cranelift reports what it expects can happen as errors, and panics at some inputs of
    // absurd size. The context is cleared before it is used again.
    let result = catch_unwind(AssertUnwindSafe(|| {
        context.compile(isa, &mut Default::default()).map(drop).map_err(|error| error.inner)
    }));
    match result {
        Ok(result) => result?,
        Err(panic) => {
            *context = Context::new();
            return Err(Problem::Bug(panic_message(&*panic)));
        }
    }
    let code = context.compiled_code().ok_or_else(|| Problem::Bug("no code".into()))?;
    reduce(code, &context.func, isa, key)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the code generator panicked: {}", text.unwrap_or("no message"))
}

/// Takes from Cranelift's result what emission needs.
fn reduce(
    code: &CompiledCode,
    function: &ir::Function,
    isa: &dyn TargetIsa,
    key: FuncKey,
) -> Result<Compiled, Problem> {
    let buffer = &code.buffer;
    let from_wasm = matches!(key, FuncKey::Body(_) | FuncKey::InitBody);
    Ok(Compiled {
        key,
        code: buffer.data().to_vec(),
        place: if from_wasm { Place::of(code, isa) } else { Place::TRAMPOLINE },
        relocations: buffer
            .relocs()
            .iter()
            .map(|reloc| {
                let (target, extra) = relocation_target(&reloc.target, function)?;
                let addend = reloc.addend + extra;
                // Cranelift relocates every near address as if it were called.
                let kind = match (reloc.kind, target) {
                    (
                        Reloc::X86CallPCRel4,
                        RelocationTarget::Reference(Reference::FuncType(_) | Reference::Table(_)),
                    ) => Reloc::X86PCRel4,
                    (kind, _) => kind,
                };
                Ok(Relocation { offset: reloc.offset, kind, target, addend })
            })
            .collect::<Result<_, Problem>>()?,
        frame: frame::rules(isa, &buffer.unwind_info)?,
        info: from_wasm.then(|| info(code)).transpose()?,
        source: if from_wasm { source(code) } else { Vec::new() },
    })
}

fn relocation_target(
    target: &FinalizedRelocTarget,
    function: &ir::Function,
) -> Result<(RelocationTarget, i64), Problem> {
    let reference = match target {
        FinalizedRelocTarget::Func(offset) => {
            return Ok((RelocationTarget::Own, i64::from(*offset)));
        }
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
            Reference::from_name(&function.params.user_named_funcs()[*name])
        }
        FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => {
            Reference::Builtin(builtin_of(*call)?)
        }
        FinalizedRelocTarget::ExternalName(other) => {
            return Err(Problem::Bug(format!("a relocation refers to {other:?}")));
        }
    };
    Ok((RelocationTarget::Reference(reference), 0))
}

/// The builtin that serves a call which Cranelift makes of its own accord.
fn builtin_of(call: LibCall) -> Result<Builtin, Problem> {
    Ok(match call {
        LibCall::CeilF32 => Builtin::ceil_f32,
        LibCall::CeilF64 => Builtin::ceil_f64,
        LibCall::FloorF32 => Builtin::floor_f32,
        LibCall::FloorF64 => Builtin::floor_f64,
        LibCall::TruncF32 => Builtin::trunc_f32,
        LibCall::TruncF64 => Builtin::trunc_f64,
        LibCall::NearestF32 => Builtin::nearest_f32,
        LibCall::NearestF64 => Builtin::nearest_f64,
        LibCall::X86Pshufb => Builtin::pshufb,
        other => return Err(Problem::Bug(format!("no builtin serves the library call {other}"))),
    })
}

fn info(code: &CompiledCode) -> Result<Info, Problem> {
    let buffer = &code.buffer;
    let layout = buffer.frame_layout();
    let layout = layout.ok_or_else(|| Problem::Bug("no frame layout".into()))?;
    let mut sites = Vec::new();
    for trap in buffer.traps() {
        // Traps that cannot happen in wasm (null results of our own loads, say) have no code.
        let Some(reason) = trap::from_cranelift(trap.code) else { continue };
        sites.push(Site {
            code_offset: trap.offset,
            wasm_offset: wasm_offset(code, trap.offset),
            trap: Some(reason),
        });
    }
    for call in buffer.call_sites() {
        // The return address is behind the call; the call is what came from wasm.
        let wasm_offset = wasm_offset(code, call.ret_addr.saturating_sub(1));
        sites.push(Site { code_offset: call.ret_addr, wasm_offset, trap: None });
    }
    sites.sort_by_key(|site| (site.code_offset, site.trap.is_none()));
    let mut stack_maps: Vec<_> = buffer
        .user_stack_maps()
        .iter()
        .map(|(code_offset, _, map)| {
            let mut slots: Vec<u32> = map.entries().map(|(_, offset)| offset).collect();
            slots.sort_unstable();
            StackMap { code_offset: *code_offset, slots }
        })
        .filter(|map| !map.slots.is_empty())
        .collect();
    stack_maps.sort_by_key(|map| map.code_offset);
    Ok(Info { frame_size: layout.frame_to_fp_offset, sites, stack_maps })
}

/// The wasm offset of an instruction; that of the nearest one before it if the instruction
/// itself has none.
fn wasm_offset(code: &CompiledCode, offset: u32) -> u32 {
    let ranges = code.buffer.get_srclocs_sorted();
    let end = ranges.partition_point(|range| range.start <= offset);
    ranges[..end].iter().rev().find_map(|range| srcloc::offset(range.loc)).unwrap_or(0)
}

fn source(code: &CompiledCode) -> Vec<(u32, u32, u32)> {
    let ranges = code.buffer.get_srclocs_sorted().iter().filter(|range| range.start < range.end);
    ranges.filter_map(|range| Some((range.start, range.end, srcloc::offset(range.loc)?))).collect()
}
