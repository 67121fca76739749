//! From a module to decisions: what is compiled, where things lie, how each memory is
//! addressed, what instantiation does. Translation and emission read it and decide nothing.

use std::collections::HashMap;

use cranelift_entity::PrimaryMap;
use wasmaot_abi::layout::Layout;
use wasmaot_abi::symbols::ModuleSymbols;

use crate::config::{Config, TrapStyle};
use crate::error::Result;
use crate::func_key::FuncKey;
use crate::index::*;
use crate::module::Module;

/// All decisions about one module.
#[derive(Debug)]
pub struct Plan {
    /// The module's name for people.
    pub name: String,
    /// The names of its symbols.
    pub symbols: ModuleSymbols,
    /// Where things lie in an instance's context.
    pub layout: Layout,
    /// How traps come about.
    pub traps: TrapStyle,
    /// How each memory is addressed.
    pub memories: PrimaryMap<MemoryIndex, MemoryPlan>,
    /// The wanted exports, as places in [`Module::exports`], in order.
    pub exports: Vec<usize>,
    /// The defined functions that reachable code or a live segment makes references to. (An
    /// imported function's reference is the one in its `VmFunctionImport`.)
    pub func_refs: PrimaryMap<FuncRefIndex, FuncIndex>,
    /// The way back.
    pub func_ref_of: HashMap<FuncIndex, FuncRefIndex>,
    /// The signatures that a function can be called by without this module knowing which it is:
    /// imports and indirect calls. In ascending order.
    pub callable: Vec<SigIndex>,
    /// The signatures whose `VmFuncType` anything refers to: `callable`, those of `func_refs`
    /// and of exported functions. In ascending order. Each has `Enter`, `ExitNative` and
    /// `ExitArray` in `functions`.
    pub signatures: Vec<SigIndex>,
    /// Everything to compile, in ascending order of its key; what cannot be reached from the
    /// wanted exports, the start function, the tables and the globals is not there.
    pub functions: Vec<FuncKey>,
    /// What defined memories start with.
    pub images: Vec<Image>,
    /// What [`FuncKey::InitBody`] does, in order. If empty, there is no such function.
    pub init: Vec<InitStep>,
}

/// How a memory is addressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPlan {
    /// Whether accesses behind the memory's end fault (`Some`) or must be checked (`None`).
    pub guarded: Option<Guarded>,
    /// The bytes that the memory has at least, always.
    pub min_bytes: u64,
    /// The bytes that it can have at most.
    pub max_bytes: u64,
}

/// The address space behind the start of a memory. Bytes below `reservation` belong to the
/// memory or fault; so do, always faulting, `guard` bytes more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guarded {
    /// In bytes.
    pub reservation: u64,
    /// In bytes.
    pub guard: u64,
}

/// Bytes that a defined memory starts with.
#[derive(Debug)]
pub struct Image {
    /// The memory.
    pub memory: MemoryIndex,
    /// Where in the memory, in bytes; a multiple of 4096 if `mappable`.
    pub offset: u64,
    /// The bytes; a multiple of 4096 of them if `mappable`.
    pub bytes: Vec<u8>,
    /// Whether the bytes may be mapped instead of copied.
    pub mappable: bool,
}

/// A step of instantiation that needs code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InitStep {
    /// Set a defined global to its initial value. (Fresh contexts are all zero, so a global
    /// that starts as zero or null needs no step.)
    Global(GlobalIndex),
    /// Apply an active element segment, then drop it.
    Elem(ElemIndex),
    /// Drop a declared element segment.
    DropElem(ElemIndex),
    /// Apply an active data segment that is in no image, then drop it.
    Data(DataIndex),
}

/// Makes all decisions about a module.
///
/// # Errors
/// `Config` if a wanted export does not exist, `TooLarge` if the instance context would be too
/// large.
pub fn plan(module: &Module<'_>, config: &Config) -> Result<Plan> {
    let _ = (module, config);
    todo!("front")
}
