//! From CLIF to machine code, in parallel; results in key order.
//!
//! What comes out of Cranelift is reduced here to what emission needs, so that nothing after
//! this file depends on how the code was generated.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, ExternalName, LibCall};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{
    CodegenError, CodegenResult, CompiledCode, Context, FinalizedRelocTarget, settings,
};
use rayon::prelude::*;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::func_info::{Site, StackMap};

use crate::cache::{Found, Session, Store, Twins, Work};
use crate::config::TrapStyle;
use crate::error::{Error, Result};
use crate::finish;
use crate::frame::{self, Rules};
use crate::func_key::{FuncKey, Reference};
use crate::module::Module;
use crate::object::names::Names;
use crate::passed_by;
use crate::place::Place;
use crate::plan::Plan;
use crate::same_params;
use crate::target::Target;
use crate::trampoline;
use crate::translate::srcloc::{Inlined, Origins};
use crate::translate::vmctx::Memories;
use crate::translate::{self, Paper, Translated, trap};

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
    /// The calls in whose place code stands that any site is in.
    pub inlined: Vec<Inlined>,
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
    let memories = Memories::new(module, plan);
    let twins = Twins::find(module, plan);
    let compile = |workshop: &mut Workshop, key: &FuncKey, elder: Option<&Compiled>| {
        if let Some(younger) = elder.and_then(|elder| twins.younger(elder, *key)) {
            return Ok(younger);
        }
        if let Some(short) = trampoline::short::short(module, target, *key) {
            return Ok(short.compiled(*key));
        }
        let translated = clif(module, plan, target, *key, &mut workshop.paper)?;
        let isa = isa(target, *key, &translated);
        let compiled = compile(workshop, translated, isa, *key, &memories)
            .map_err(|problem| problem.into_error(module, plan, *key))?;
        check_frame(module, plan, &compiled)?;
        Ok(compiled)
    };
    let Some(store) = store else {
        let functions = each(plan, &twins, compile, |compiled| compiled)?;
        let work = Work { generated: functions.len(), reused: 0 };
        return Ok((functions, work));
    };
    let session = Session::new(store, module, plan, target);
    let find = |workshop: &mut Workshop, key: &FuncKey, elder: Option<&Compiled>| {
        session.find_or(*key, || compile(workshop, key, elder))
    };
    let found = each(plan, &twins, find, Found::compiled)?;
    Ok(session.finish(found))
}

/// Does something for each function, in parallel; results in the functions' order. Those with an elder twin
/// have their turn when that one has had it, and what may stand in place of all calls of it once others
/// are found to refer to it.
fn each<T: Send + Sync>(
    plan: &Plan,
    twins: &Twins,
    work: impl Fn(&mut Workshop, &FuncKey, Option<&Compiled>) -> Result<T> + Send + Sync,
    compiled: impl Fn(&T) -> &Compiled + Sync,
) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(plan.functions.len());
    let mut left = plan.on_demand();
    let certain = plan.functions.iter().copied().filter(|key| !left.contains(key));
    let (mut younger, mut next): (Vec<_>, Vec<_>) =
        certain.partition(|&key| twins.elder(key).is_some());
    while !next.is_empty() {
        let mut new = in_parallel(&next, |workshop, key| work(workshop, key, None))?;
        if !younger.is_empty() {
            let elders = new.iter().map(&compiled).map(|elder| (elder.key, elder));
            let elders: HashMap<FuncKey, &Compiled> = elders.collect();
            new.extend(in_parallel(&younger, |workshop, key| {
                let elder = twins.elder(*key).and_then(|elder| elders.get(&elder).copied());
                work(workshop, key, elder)
            })?);
            younger.clear();
        }
        next.clear();
        for relocation in new.iter().flat_map(|item| &compiled(item).relocations) {
            if let RelocationTarget::Reference(Reference::Func(key)) = relocation.target
                && left.remove(&key)
            {
                next.push(key);
            }
        }
        next.sort_unstable();
        done.extend(new);
    }
    done.sort_by_key(|item| compiled(item).key);
    Ok(done)
}

fn in_parallel<T: Send>(
    keys: &[FuncKey],
    work: impl Fn(&mut Workshop, &FuncKey) -> Result<T> + Send + Sync,
) -> Result<Vec<T>> {
    // Into a list of results first: of several errors, the first in order is the one to report.
    let results: Vec<_> = keys.par_iter().map_init(Workshop::new, work).collect();
    results.into_iter().collect()
}

/// Makes the CLIF of one function.
pub(crate) fn clif(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    key: FuncKey,
    paper: &mut Paper,
) -> Result<Translated> {
    match key {
        FuncKey::Body(func) => translate::body(module, plan, target, func, paper),
        FuncKey::InitBody => translate::init_body(module, plan, target, paper),
        _ => Ok(Translated {
            function: trampoline::trampoline(module, plan, target, key),
            origins: Origins::default(),
            loop_depth: 0,
        }),
    }
}

/// Cranelift's optimisation takes a step for each loop that a value is in: it gets so many steps
/// at most, some ten seconds.
const MAX_STEPS: usize = 100_000_000;

/// After a function of more values than this, register allocation begins with new memory: clearing one of its
/// tables, at each of its attempts, takes time by the most that was ever in it.
const LARGE: usize = 10_000;

/// The code generator for a function. What the linker merges across modules must not depend on
/// the options of one.
pub(crate) fn isa<'t>(
    target: &'t Target,
    key: FuncKey,
    translated: &Translated,
) -> &'t dyn TargetIsa {
    let Translated { function, loop_depth, .. } = translated;
    match key {
        FuncKey::Body(_) if loop_depth.saturating_mul(function.dfg.num_values()) > MAX_STEPS => {
            &*target.plain
        }
        FuncKey::Enter(_)
        | FuncKey::ExitNative(_)
        | FuncKey::ExitArray(_)
        | FuncKey::ExitBuiltin(_) => &*target.baseline,
        _ => &*target.isa,
    }
}

/// What translation and Cranelift work in, kept from one function to the next for its memory.
pub(crate) struct Workshop {
    /// What the next function is translated in.
    paper: Paper,
    /// The function, and what is known of it.
    pub context: Context,
    /// Of register allocation.
    registers: regalloc2::Ctx,
}

impl Workshop {
    pub fn new() -> Self {
        Self {
            paper: Paper::default(),
            context: Context::new(),
            registers: regalloc2::Ctx::default(),
        }
    }

    /// Has Cranelift make the machine code of the context's function; of bodies that are optimised with
    /// what [`finish`] does in between.
    pub fn lower(
        &mut self,
        key: FuncKey,
        isa: &dyn TargetIsa,
        memories: &Memories,
    ) -> CodegenResult<CompiledCode> {
        let Self { context, registers, .. } = self;
        let control = &mut Default::default();
        let optimised = isa.flags().opt_level() != settings::OptLevel::None;
        if optimised && matches!(key, FuncKey::Body(_)) {
            optimise(context, isa, control)?;
            finish::finish(context, isa, memories);
            context.verify_if(isa)?;
            // The last step of `Context::compile`, which would begin with the first ones again.
            let (func, disasm) = (&context.func, context.want_disasm);
            let code = isa.compile_function(func, &context.domtree, registers, disasm, control)?;
            if func.dfg.num_values() > LARGE {
                *registers = regalloc2::Ctx::default();
            }
            return Ok(code.apply_params(&func.params));
        }
        context.compile(isa, control).map_err(|error| error.inner)?;
        Ok(context.take_compiled_code().expect("it has compiled"))
    }
}

/// `Context::optimize`, but for how parameters that are always the same are found.
fn optimise(
    context: &mut Context,
    isa: &dyn TargetIsa,
    control: &mut ControlPlane,
) -> CodegenResult<()> {
    if isa.flags().enable_nan_canonicalization() {
        context.canonicalize_nans(isa)?;
    }
    context.verify_if(isa)?;
    passed_by::pass_by(&mut context.func);
    context.flowgraph();
    context.eliminate_unreachable_code(isa)?;
    same_params::remove(context);
    context.verify_if(isa)?;
    context.func.dfg.resolve_all_aliases();
    context.egraph_pass(isa, control)
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
    workshop: &mut Workshop,
    translated: Translated,
    isa: &dyn TargetIsa,
    key: FuncKey,
    memories: &Memories,
) -> Result<Compiled, Problem> {
    workshop.context.clear();
    let used = std::mem::replace(&mut workshop.context.func, translated.function);
    workshop.paper.used = Some(used);
    // Cranelift reports what it expects can happen as errors, and panics at some inputs of
    // absurd size. The context is cleared before it is used again.
    match catch_unwind(AssertUnwindSafe(|| workshop.lower(key, isa, memories))) {
        Ok(code) => reduce(&code?, &workshop.context.func, &translated.origins, isa, key),
        Err(panic) => {
            *workshop = Workshop::new();
            Err(Problem::Bug(panic_message(&*panic)))
        }
    }
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
    origins: &Origins,
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
        info: from_wasm.then(|| info(code, origins)).transpose()?,
        source: if from_wasm { source(code, origins) } else { Vec::new() },
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

fn info(code: &CompiledCode, origins: &Origins) -> Result<Info, Problem> {
    let buffer = &code.buffer;
    let layout = buffer.frame_layout();
    let layout = layout.ok_or_else(|| Problem::Bug("no frame layout".into()))?;
    let mut sites = Vec::new();
    let site = |code_offset, at, trap| {
        let (inlined, wasm_offset) = place(code, origins, at);
        Site { code_offset, wasm_offset, trap, inlined }
    };
    for trap in buffer.traps() {
        // Traps that cannot happen in wasm (null results of our own loads, say) have no code.
        let Some(reason) = trap::from_cranelift(trap.code) else { continue };
        sites.push(site(trap.offset, trap.offset, Some(reason)));
    }
    for call in buffer.call_sites() {
        // The return address is behind the call; the call is what came from wasm.
        sites.push(site(call.ret_addr, call.ret_addr.saturating_sub(1), None));
    }
    sites.sort_by_key(|site| (site.code_offset, site.trap.is_none()));
    let inlined = seen(origins, &mut sites);
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
    Ok(Info { frame_size: layout.frame_to_fp_offset, inlined, sites, stack_maps })
}

/// The inlined calls that any site is in, for which sites get new numbers.
fn seen(origins: &Origins, sites: &mut [Site]) -> Vec<Inlined> {
    let all = origins.inlined();
    // What each becomes; 0 for what nobody sees.
    let mut numbers = vec![0; all.len() + 1];
    for site in &*sites {
        let mut number = site.inlined;
        while number != 0 && std::mem::replace(&mut numbers[number as usize], 1) == 0 {
            number = all[number as usize - 1].parent;
        }
    }
    let mut seen = Vec::new();
    for (place, call) in all.iter().enumerate() {
        if numbers[place + 1] == 0 {
            continue;
        }
        // Calls follow those that they are in.
        let parent = numbers[call.parent as usize];
        seen.push(Inlined::known(parent, call.call, call.func));
        numbers[place + 1] = seen.len() as u32;
    }
    for site in sites {
        site.inlined = numbers[site.inlined as usize];
    }
    seen
}

/// Where an instruction came from: the inlined call and the wasm offset; those of the nearest one
/// before it if the instruction itself has none.
fn place(code: &CompiledCode, origins: &Origins, offset: u32) -> (u32, u32) {
    let ranges = code.buffer.get_srclocs_sorted();
    let end = ranges.partition_point(|range| range.start <= offset);
    ranges[..end].iter().rev().find_map(|range| origins.find(range.loc)).unwrap_or_default()
}

fn source(code: &CompiledCode, origins: &Origins) -> Vec<(u32, u32, u32)> {
    let ranges = code.buffer.get_srclocs_sorted().iter().filter(|range| range.start < range.end);
    let known = ranges.filter_map(|range| Some((range, origins.find(range.loc)?)));
    let mut known = known.peekable();
    // What makes the frame is the function's own, whatever comes first in it.
    let before = known.peek().and_then(|(range, (inlined, _))| {
        let own = origins.outermost(*inlined).filter(|_| range.start > 0)?;
        Some((0, range.start, own))
    });
    let known = known.map(|(range, (_, offset))| (range.start, range.end, offset));
    before.into_iter().chain(known).collect()
}
