//! From a module to decisions: what is compiled, where things lie, how each memory is
//! addressed, what instantiation does. Translation and emission read it and decide nothing.
//!
//! `reach` finds what can be reached, `images` what memories can start with; this file puts the
//! answers together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cranelift_entity::PrimaryMap;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::layout::{Counts, Layout};
use wasmaot_abi::module::Space;
use wasmaot_abi::symbols::ModuleSymbols;
use wasmaot_abi::wasi::WasiFunction;

use crate::config::{
    CONTEXT_ADDRESS, CONTEXT_BYTES, Config, MEMORY_ADDRESS, MemoryStyle, OptLevel, TrapStyle,
};
use crate::error::{Error, Result};
use crate::func_key::FuncKey;
use crate::index::*;
use crate::module::{
    ConstExpr, ConstOp, ElemMode, ElemSegment, Import, Item, MemoryType, Module, ValKind, ValType,
};

pub mod constant_tables;
mod exports;
mod images;
pub mod inline;
pub mod private;
pub mod products;
mod reach;

use constant_tables::ConstantTable;
use inline::Inline;
use private::Private;
use products::Product;
use reach::Reach;

/// All decisions about one module.
#[derive(Debug)]
pub struct Plan {
    /// The module's name for people.
    pub name: String,
    /// The names of its symbols.
    pub symbols: ModuleSymbols,
    /// Where things lie in an instance's context.
    pub layout: Layout,
    /// Where the context is, if that is known.
    pub context_address: Option<u32>,
    /// How traps come about.
    pub traps: TrapStyle,
    /// Whether code counts what it does against fuel.
    pub fuel: bool,
    /// Whether code looks whether it is to stop.
    pub epochs: bool,
    /// The address space that code relies on behind memories, as far as it is
    /// [of use](Space::of_memory) to each.
    pub space: Space,
    /// How each memory is addressed.
    pub memories: PrimaryMap<MemoryIndex, MemoryPlan>,
    /// The wanted exports, as places in [`Module::exports`], in order.
    pub exports: Vec<usize>,
    /// The defined functions that reachable code, or a segment or global that anybody can look
    /// at, makes references to, in ascending order. (An imported function's reference is the one
    /// in its `VmFunctionImport`.) Where else a function is named, null does as well.
    pub func_refs: PrimaryMap<FuncRefIndex, FuncIndex>,
    /// The way back.
    pub func_ref_of: HashMap<FuncIndex, FuncRefIndex>,
    /// The signatures that a function can be called by without this module knowing which it is:
    /// of imports and indirect calls, and those that types of tables and globals refer to. In
    /// ascending order.
    pub callable: Vec<SigIndex>,
    /// The signatures whose `VmFuncType` anything refers to: `callable`, those of `func_refs`
    /// and of exported functions, and those that these refer to. In ascending order. Each has `Enter`, `ExitNative` and
    /// `ExitArray` in `functions`.
    pub signatures: Vec<SigIndex>,
    /// Everything to compile, in ascending order of its key; what cannot be reached from the
    /// wanted exports, the start function, the tables and the globals is not there.
    pub functions: Vec<FuncKey>,
    /// What the program itself provides, by the place in [`Module::imports`].
    pub wasi: BTreeMap<usize, WasiFunction>,
    /// The tables that are no part of instances.
    pub constant_tables: BTreeMap<TableIndex, ConstantTable>,
    /// The functions whose calls are a multiplication instead, unless code is metered: what runs
    /// would cost less.
    pub products: BTreeMap<FuncIndex, Product>,
    /// The functions whose code stands in place of calls of them, and of which ones, unless code is
    /// counted: they would cost less. None if no work is to be spent on speed.
    pub inline: BTreeMap<FuncIndex, Inline>,
    /// The functions that get one context.
    pub private: Private,
    /// What defined memories start with, in ascending order, not overlapping. An active segment
    /// for which [`init`](Self::init) has no step is in here.
    pub images: Vec<Image>,
    /// Whether anybody can look at a data segment: only then its bytes need to be in
    /// [`VmModule::data`](wasmaot_abi::module::VmModule::data); else it may be empty there.
    pub data: PrimaryMap<DataIndex, bool>,
    /// Whether anybody can look at an element segment: else it may be empty, as with data.
    pub elems: PrimaryMap<ElemIndex, bool>,
    /// What [`FuncKey::InitBody`] does, in order. If empty, there is no such function. What
    /// nobody can see has no step.
    pub init: Vec<InitStep>,
}

impl Plan {
    /// The functions that need not be there unless code refers to them, for their own code may stand in
    /// place of all their calls. (Ways in for the host are code, too.)
    pub fn on_demand(&self) -> HashSet<FuncKey> {
        let entries = self.constant_tables.values().flat_map(|table| &table.entries);
        let named: HashSet<_> = entries.flatten().chain(self.func_refs.values()).collect();
        let replaced = self.inline.iter().filter(|(_, kind)| **kind != Inline::Itself);
        let functions = replaced.map(|(func, _)| func).filter(|func| !named.contains(func));
        functions.map(|&func| FuncKey::Body(func)).collect()
    }
}

/// How a memory is addressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryPlan {
    /// The address space behind its start that code relies on. Without a reservation accesses are
    /// checked against the memory's length.
    pub space: Space,
    /// Where it starts, if that is known.
    pub address: Option<u32>,
    /// The bytes that the memory has at least, always.
    pub min_bytes: u64,
    /// The bytes that it can have at most.
    pub max_bytes: u64,
    /// Whether it is indexed with 64 bits.
    pub index64: bool,
    /// The binary logarithm of the size of a page in bytes.
    pub page_size_log2: u8,
}

impl MemoryPlan {
    /// The bytes that the memory has at all times, if that cannot change.
    pub fn fixed_len(&self) -> Option<u64> {
        (self.min_bytes == self.max_bytes).then_some(self.min_bytes)
    }
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
    /// Fill a defined table with what its elements start with, if that is not null.
    Table(ValKind, TableIndex),
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
    let own_name = || module.name.filter(|name| !name.is_empty()).unwrap_or("module");
    let name = config.name.clone().unwrap_or_else(|| own_name().into());
    let exports = exports::wanted(module, config.exports.as_deref())?;
    let constant_tables = constant_tables::constant_tables(module, &exports);
    let mut reach = reach::reach(module, &exports, &constant_tables);

    let mut images = images::images(module);
    let init = init_steps(module, &reach, &images);
    let data = data_segments(module, &reach, &init);
    let elems = elem_segments(module, &reach, &init);
    let has_code = !reach.functions.is_empty() || !init.is_empty();
    reach.builtins.extend(init.iter().flat_map(|step| step.builtins()));
    if config.traps == TrapStyle::Explicit && has_code {
        reach.builtins.insert(Builtin::trap);
    }
    if config.fuel && !reach.functions.is_empty() {
        reach.builtins.insert(Builtin::out_of_fuel);
    }
    if config.epochs && !reach.functions.is_empty() {
        reach.builtins.insert(Builtin::interrupted);
    }

    let func_refs: PrimaryMap<FuncRefIndex, FuncIndex> = reach.func_refs.iter().copied().collect();
    let mut callable = reach.signatures.clone();
    callable.extend(module.tables.values().filter_map(|ty| ty.element.concrete()));
    callable.extend(module.globals.values().filter_map(|ty| ty.value.concrete()));
    close(module, &mut callable);
    let mut signatures = callable.clone();
    signatures.extend(func_refs.values().map(|&func| module.functions[func].sig));
    signatures.extend(exported_functions(module, &exports).map(|f| module.functions[f].sig));
    close(module, &mut signatures);

    let mut functions: Vec<FuncKey> = reach.functions.iter().map(FuncKey::Body).collect();
    if !init.is_empty() {
        functions.extend([FuncKey::InitBody, FuncKey::Init]);
    }
    functions.extend(module.start.map(|_| FuncKey::Start));
    for func in exported_functions(module, &exports) {
        functions.extend([FuncKey::WasmCall(func), FuncKey::ArrayCall(func)]);
    }
    for &sig in &signatures {
        functions.extend([FuncKey::Enter(sig), FuncKey::ExitNative(sig), FuncKey::ExitArray(sig)]);
    }
    functions.extend(reach.builtins.iter().copied().map(FuncKey::ExitBuiltin));
    functions.sort_unstable();
    functions.dedup();

    let inline = match config.fuel || config.opt_level == OptLevel::None {
        true => BTreeMap::new(),
        false => inline::inline(module, &reach, &exports, &constant_tables),
    };
    let entries = exported_functions(module, &exports);
    let private = Private::find(module, &reach, entries, &constant_tables);
    let MemoryStyle { reservation, guard } = config.memory;
    let space = match config.traps {
        TrapStyle::Signals => Space { reservation, guard },
        TrapStyle::Explicit => Space::NONE,
    };
    // Each thread has an instance.
    let mut imports = module.imports.iter();
    let has_threads = imports.any(|import| {
        WasiFunction::find(import.module, import.name) == Some(WasiFunction::thread_spawn)
    });
    let is_single = config.single_instance && !has_threads && config.target.starts_with("x86_64-");
    let layout = layout(module, func_refs.len())?;
    Ok(Plan {
        symbols: ModuleSymbols::new(&config.prefix, &name),
        name,
        context_address: (is_single && layout.size <= CONTEXT_BYTES).then_some(CONTEXT_ADDRESS),
        layout,
        traps: config.traps,
        fuel: config.fuel,
        epochs: config.epochs,
        memories: memories(module, space, is_single),
        space,
        exports,
        func_ref_of: func_refs.iter().map(|(index, &func)| (func, index)).collect(),
        func_refs,
        callable: callable.into_iter().collect(),
        signatures: signatures.into_iter().collect(),
        functions,
        constant_tables,
        wasi: if config.wasi { wasi(module) } else { BTreeMap::new() },
        products: if config.fuel { BTreeMap::new() } else { products::products(module) },
        inline,
        private,
        images: std::mem::take(&mut images.images),
        data,
        elems,
        init,
    })
}

/// The imports that are functions of WASI. One of another type than WASI's is not.
fn wasi(module: &Module<'_>) -> BTreeMap<usize, WasiFunction> {
    let function = |import: &Import<'_>| {
        let Item::Func(func) = import.item else { return None };
        let function = WasiFunction::find(import.module, import.name)?;
        let (row, ty) = (function.row(), module.func_type(func));
        let kinds = |types: &[ValType]| types.iter().map(|ty| ty.kind()).collect::<Vec<_>>();
        (kinds(&ty.params) == row.params && kinds(&ty.results) == row.results).then_some(function)
    };
    let places = module.imports.iter().enumerate();
    places.filter_map(|(place, import)| Some((place, function(import)?))).collect()
}

/// Adds the signatures that signatures refer to.
fn close(module: &Module<'_>, signatures: &mut BTreeSet<SigIndex>) {
    let mut next: Vec<_> = signatures.iter().copied().collect();
    while let Some(sig) = next.pop() {
        next.extend(module.signatures[sig].concrete().filter(|&sig| signatures.insert(sig)));
    }
}

fn exported_functions<'a>(
    module: &'a Module<'_>,
    exports: &'a [usize],
) -> impl Iterator<Item = FuncIndex> + 'a {
    exports.iter().filter_map(|&export| match module.exports[export].item {
        Item::Func(func) => Some(func),
        _ => None,
    })
}

fn layout(module: &Module<'_>, func_refs: usize) -> Result<Layout> {
    let defined = |all: usize, imported: u32| all as u32 - imported;
    let counts = Counts {
        imported_functions: module.imported_functions,
        imported_tables: module.imported_tables,
        imported_memories: module.imported_memories,
        imported_globals: module.imported_globals,
        tables: defined(module.tables.len(), module.imported_tables),
        memories: defined(module.memories.len(), module.imported_memories),
        globals: defined(module.globals.len(), module.imported_globals),
        func_refs: func_refs as u32,
    };
    Layout::new(&counts).ok_or_else(|| Error::TooLarge {
        offset: None,
        message: "globals, tables and functions that are imported or referred to need more than \
                  2 GiB in each instance"
            .into(),
    })
}

fn memories(
    module: &Module<'_>,
    space: Space,
    is_single: bool,
) -> PrimaryMap<MemoryIndex, MemoryPlan> {
    let mut plans: PrimaryMap<_, _> =
        module.memories.values().map(|ty| memory(ty, space)).collect();
    let first = MemoryIndex::from_u32(module.imported_memories);
    if let Some(plan) = plans.get_mut(first)
        && is_single
        && plan.space.reservation > 0
        && !plan.index64
        && !module.memories[first].shared
    {
        plan.address = Some(MEMORY_ADDRESS);
    }
    plans
}

fn memory(ty: &MemoryType, space: Space) -> MemoryPlan {
    let &MemoryType { index64, page_size_log2, .. } = ty;
    let (min_bytes, max_bytes) = (ty.min_bytes(), ty.max_bytes());
    let space = space.of_memory(max_bytes, page_size_log2);
    MemoryPlan { space, address: None, min_bytes, max_bytes, index64, page_size_log2 }
}

/// The steps of instantiation in the specification's order: globals, tables, elements, data.
fn init_steps(module: &Module<'_>, reach: &Reach, images: &images::Images) -> Vec<InitStep> {
    let mut steps = Vec::new();
    for (init, index) in module.global_inits.iter().zip(module.imported_globals..) {
        let global = GlobalIndex::from_u32(index);
        if reach.globals.contains(global) && !is_zero(init) {
            steps.push(InitStep::Global(global));
        }
    }
    for (init, index) in module.table_inits.iter().zip(module.imported_tables..) {
        let table = TableIndex::from_u32(index);
        let seen = module.tables[table].min > 0 && reach.tables.contains(table);
        if seen && init.as_ref().is_some_and(|init| !is_zero(init)) {
            steps.push(InitStep::Table(module.tables[table].element.kind(), table));
        }
    }
    for (index, elem) in module.elems.iter() {
        match &elem.mode {
            ElemMode::Passive => {}
            ElemMode::Declared => {
                if reach.elems.contains(index) {
                    steps.push(InitStep::DropElem(index));
                }
            }
            ElemMode::Active(table, offset) => {
                let len = elem.items.len() as u64;
                let seen =
                    len > 0 && (reach.tables.contains(*table) || reach.elems.contains(index));
                if seen || !in_bounds(offset, len, module.tables[*table].min) {
                    steps.push(InitStep::Elem(index));
                }
            }
        }
    }
    let left = module
        .data
        .iter()
        .filter(|(index, segment)| segment.active.is_some() && !images.segments.contains(index));
    steps.extend(left.map(|(index, _)| InitStep::Data(index)));
    steps
}

impl InitStep {
    /// The builtins that carry it out.
    pub fn builtins(self) -> impl Iterator<Item = Builtin> {
        let builtins: &[Builtin] = match self {
            Self::Global(_) => &[],
            Self::Table(ValKind::ExternRef, _) => &[Builtin::table_fill_extern],
            Self::Table(..) => &[Builtin::table_fill_func],
            Self::Elem(_) => &[Builtin::table_init, Builtin::elem_drop],
            Self::DropElem(_) => &[Builtin::elem_drop],
            Self::Data(_) => &[Builtin::memory_init, Builtin::data_drop],
        };
        builtins.iter().copied()
    }
}

fn data_segments(
    module: &Module<'_>,
    reach: &Reach,
    init: &[InitStep],
) -> PrimaryMap<DataIndex, bool> {
    let passive = |index| module.data[index].active.is_none() && reach.data.contains(index);
    let mut data: PrimaryMap<DataIndex, bool> = module.data.keys().map(passive).collect();
    for step in init {
        if let InitStep::Data(index) = *step {
            data[index] = true;
        }
    }
    data
}

fn elem_segments(
    module: &Module<'_>,
    reach: &Reach,
    init: &[InitStep],
) -> PrimaryMap<ElemIndex, bool> {
    let passive = |(index, elem): (_, &ElemSegment)| {
        matches!(elem.mode, ElemMode::Passive) && reach.elems.contains(index)
    };
    let mut elems: PrimaryMap<ElemIndex, bool> = module.elems.iter().map(passive).collect();
    for step in init {
        if let InitStep::Elem(index) = *step {
            elems[index] = true;
        }
    }
    elems
}

/// Whether a range starting at `offset` is known to lie within `size`.
fn in_bounds(offset: &ConstExpr, len: u64, size: u64) -> bool {
    let end = constant_offset(offset).and_then(|start| start.checked_add(len));
    end.is_some_and(|end| end <= size)
}

/// An offset that no global decides about.
fn constant_offset(offset: &ConstExpr) -> Option<u64> {
    match offset[..] {
        [ConstOp::I32Const(offset)] => Some(u64::from(offset as u32)),
        [ConstOp::I64Const(offset)] => Some(offset as u64),
        _ => None,
    }
}

/// Whether a value is all zero bytes, as fresh contexts are.
fn is_zero(init: &ConstExpr) -> bool {
    matches!(
        init[..],
        [ConstOp::I32Const(0)
            | ConstOp::I64Const(0)
            | ConstOp::F32Const(0)
            | ConstOp::F64Const(0)
            | ConstOp::RefNull(_)]
    )
}

#[cfg(test)]
mod tests;
