//! Where do I find X? The only place that knows offsets in contexts and in what they point at,
//! and what may be assumed of each such access: whether it can change, and what it can alias.

use std::borrow::Cow;
use std::mem::offset_of;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, Endianness, Function, GlobalValueData, InstBuilder,
    InstructionData, MemFlagsData, Opcode, Type, Value,
};
use wasmaot_abi::context::{VmContext, VmFuncRef, VmFunctionImport, VmMemory, VmTable};
use wasmaot_abi::module::Space;
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::to_cranelift;
use super::types::{POINTER, clif};
use crate::func_key::Reference;
use crate::index::{FuncIndex, GlobalIndex, MemoryIndex, SigIndex, TableIndex};
use crate::module::Module;
use crate::plan::{MemoryPlan, Plan};

/// The kinds of memory that never overlap.
#[derive(Clone, Copy, Debug)]
pub struct Regions {
    context: AliasRegion,
    global: AliasRegion,
    heap: AliasRegion,
    table: AliasRegion,
    func_ref: AliasRegion,
    /// Only in code that is metered.
    limits: Option<AliasRegion>,
}

impl Regions {
    /// Declares the regions in a function. Their numbers are the same in all functions.
    pub fn new(func: &mut Function, metered: bool) -> Self {
        let mut user_id = 0;
        let mut region = |description| {
            user_id += 1;
            let data = AliasRegionData { user_id, description: Cow::Borrowed(description) };
            func.dfg.alias_regions.insert(data)
        };
        Self {
            // Cranelift looks at all of them up to the last one that is stored to.
            heap: region("memory"),
            global: region("global"),
            context: region("context"),
            table: region("table"),
            func_ref: region("function reference"),
            limits: metered.then(|| region("limits")),
        }
    }
}

fn in_region(region: AliasRegion) -> MemFlagsData {
    MemFlagsData::trusted().with_alias_region(Some(region))
}

/// What holds of something that does not change while the function runs.
fn constant(flags: MemFlagsData) -> MemFlagsData {
    flags.with_readonly().with_can_move()
}

fn load_constant(cx: &mut Context<'_, '_>, address: Value, offset: u32) -> Value {
    let flags = constant(in_region(cx.regions.context));
    cx.ins().load(POINTER, flags, address, offset as i32)
}

/// An address in a register, and an offset from it.
type Place = (Value, u32);

fn field((base, offset): Place, field: usize) -> Place {
    (base, offset + field as u32)
}

/// The context of the function that a cursor is in, which may be at a known address: then Cranelift still gets it as the
/// parameter, for its check of the stack.
pub fn context(cursor: &mut FuncCursor<'_>, address: Option<u32>) -> Value {
    if let Some(address) = address {
        return cursor.ins().iconst(POINTER, i64::from(address));
    }
    let entry = cursor.func.layout.entry_block().expect("there is code in it");
    cursor.func.dfg.block_params(entry)[0]
}

/// Makes Cranelift check in the function's prologue that the frame fits the stack.
pub fn set_stack_limit(func: &mut Function) {
    let base = func.create_global_value(GlobalValueData::VMContext);
    let flags = func.dfg.mem_flags.insert_unchecked(MemFlagsData::trusted());
    let limit = func.create_global_value(GlobalValueData::Load {
        base,
        offset: (offset_of!(VmContext, stack_limit) as i32).into(),
        global_type: POINTER,
        flags,
    });
    func.stack_limit = Some(limit);
}

/// The lowest stack address that may be used.
pub fn stack_limit(cx: &mut Context<'_, '_>) -> Value {
    let (flags, vmctx) = (in_region(cx.regions.context), cx.vmctx);
    cx.ins().load(POINTER, flags, vmctx, offset_of!(VmContext, stack_limit) as i32)
}

/// Where the [`VmLimits`](wasmaot_abi::context::VmLimits) are.
pub fn limits(cx: &mut Context<'_, '_>) -> Value {
    load_constant(cx, cx.vmctx, offset_of!(VmContext, limits) as u32)
}

/// An access to those.
pub fn limits_flags(cx: &Context<'_, '_>) -> MemFlagsData {
    MemFlagsData::trusted().with_alias_region(cx.regions.limits)
}

fn memory(cx: &mut Context<'_, '_>, memory: MemoryIndex) -> Place {
    let layout = &cx.plan.layout;
    match cx.module.defined_memory(memory) {
        Ok(defined) => (cx.vmctx, layout.memory(defined)),
        Err(imported) => {
            let offset = layout.imported_memory(imported);
            (load_constant(cx, cx.vmctx, offset), 0)
        }
    }
}

/// Where a memory starts: loaded once, where the function does, if it is not known. (Cranelift loads it where it is used.)
pub fn memory_base(cx: &mut Context<'_, '_>, index: MemoryIndex) -> Value {
    if let Some(address) = cx.plan.memories[index].address {
        return cx.ins().iconst(POINTER, i64::from(address));
    }
    if let Some(base) = cx.memory_bases[index].expand() {
        return base;
    }
    let (flags, layout) = (constant(in_region(cx.regions.context)), &cx.plan.layout);
    let srcloc = cx.origins.srcloc(cx.inlined, cx.offset);
    let func = &mut *cx.builder.func;
    let entry = func.layout.entry_block().expect("there is code in it");
    let mut cursor = FuncCursor::new(func).at_first_insertion_point(entry).with_srcloc(srcloc);
    let vmctx = context(&mut cursor, cx.plan.context_address);
    let (address, offset) = match cx.module.defined_memory(index) {
        Ok(defined) => (vmctx, layout.memory(defined)),
        Err(imported) => {
            let offset = layout.imported_memory(imported) as i32;
            (cursor.ins().load(POINTER, flags, vmctx, offset), 0)
        }
    };
    let offset = offset as usize + offset_of!(VmMemory, base);
    let base = cursor.ins().load(POINTER, flags, address, offset as i32);
    cx.memory_bases[index] = base.into();
    base
}

fn memory_len_place(cx: &mut Context<'_, '_>, index: MemoryIndex) -> Place {
    let mut place = memory(cx, index);
    if cx.module.memories[index].shared && cx.module.defined_memory(index).is_ok() {
        // The length is with what all threads share, which the place in the context points at.
        let (address, offset) = field(place, offset_of!(VmMemory, owner));
        place = (load_constant(cx, address, offset), 0);
    }
    field(place, offset_of!(VmMemory, len))
}

/// A memory's current length in bytes, or, if it is shared, one that it had of late.
pub fn memory_len(cx: &mut Context<'_, '_>, index: MemoryIndex) -> Value {
    if let Some(len) = cx.plan.memories[index].fixed_len() {
        return cx.ins().iconst(POINTER, len as i64);
    }
    let (address, offset) = memory_len_place(cx, index);
    let flags = in_region(cx.regions.context);
    cx.ins().load(POINTER, flags, address, offset as i32)
}

/// A memory's current length in bytes: whoever looks again and again sees it grow.
pub fn memory_len_now(cx: &mut Context<'_, '_>, index: MemoryIndex) -> Value {
    if !cx.module.memories[index].shared || cx.plan.memories[index].fixed_len().is_some() {
        return memory_len(cx, index);
    }
    let (address, offset) = memory_len_place(cx, index);
    let flags = in_region(cx.regions.context);
    let address = cx.ins().iadd_imm_u(address, i64::from(offset));
    cx.ins().atomic_load(POINTER, flags, address)
}

/// An access to a memory, at any alignment. `faults` says whether it faults if it is outside;
/// else it has been found to be inside.
pub fn heap_flags(cx: &Context<'_, '_>, faults: bool) -> MemFlagsData {
    MemFlagsData::new()
        .with_endianness(Endianness::Little)
        .with_alias_region(Some(cx.regions.heap))
        .with_trap_code(faults.then_some(to_cranelift(TrapCode::MemoryOutOfBounds)))
}

/// The number of elements that a table has at all times, if that cannot change.
pub fn fixed_table_len(cx: &Context<'_, '_>, index: TableIndex) -> Option<u64> {
    let ty = &cx.module.tables[index];
    let fixed = ty.max == Some(ty.min) || cx.plan.constant_tables.contains_key(&index);
    fixed.then_some(ty.min)
}

fn table_field(cx: &mut Context<'_, '_>, index: TableIndex, offset: usize) -> Value {
    let layout = &cx.plan.layout;
    let place = match cx.module.defined_table(index) {
        Ok(defined) => (cx.vmctx, layout.table(defined)),
        Err(imported) => {
            let offset = layout.imported_table(imported);
            (load_constant(cx, cx.vmctx, offset), 0)
        }
    };
    let (address, offset) = field(place, offset);
    if fixed_table_len(cx, index).is_some() {
        return load_constant(cx, address, offset);
    }
    let flags = in_region(cx.regions.context);
    cx.ins().load(POINTER, flags, address, offset as i32)
}

/// Where a table's elements start.
pub fn table_base(cx: &mut Context<'_, '_>, index: TableIndex) -> Value {
    table_field(cx, index, offset_of!(VmTable, base))
}

/// The number of a table's elements, as a 64-bit number.
pub fn table_len(cx: &mut Context<'_, '_>, index: TableIndex) -> Value {
    match fixed_table_len(cx, index) {
        Some(len) => cx.ins().iconst(POINTER, len as i64),
        None => table_field(cx, index, offset_of!(VmTable, len)),
    }
}

/// An access to an element that exists.
pub fn table_flags(cx: &Context<'_, '_>) -> MemFlagsData {
    in_region(cx.regions.table)
}

fn global(cx: &mut Context<'_, '_>, index: GlobalIndex) -> (Place, Type, MemFlagsData) {
    let layout = &cx.plan.layout;
    let ty = cx.module.globals[index];
    let flags = in_region(cx.regions.global);
    let flags = if ty.mutable || cx.initialising { flags } else { constant(flags) };
    let place = match cx.module.defined_global(index) {
        Ok(defined) => (cx.vmctx, layout.global(defined)),
        Err(imported) => {
            let offset = layout.imported_global(imported);
            (load_constant(cx, cx.vmctx, offset), 0)
        }
    };
    (place, clif(ty.value), flags)
}

/// The value of a global.
pub fn load_global(cx: &mut Context<'_, '_>, index: GlobalIndex) -> Value {
    let ((address, offset), ty, flags) = global(cx, index);
    cx.ins().load(ty, flags, address, offset as i32)
}

/// Sets a global.
pub fn store_global(cx: &mut Context<'_, '_>, index: GlobalIndex, value: Value) {
    let ((address, offset), _, flags) = global(cx, index);
    cx.ins().store(flags, value, address, offset as i32);
}

/// An imported function: its code, and its context.
pub fn imported_function(cx: &mut Context<'_, '_>, index: FuncIndex) -> (Value, Value) {
    let place = (cx.vmctx, cx.plan.layout.imported_function(index.as_u32()));
    let (address, offset) = field(place, offset_of!(VmFunctionImport, wasm_call));
    let wasm_call = load_constant(cx, address, offset);
    let (address, offset) = field(place, offset_of!(VmFunctionImport, callee));
    (wasm_call, load_constant(cx, address, offset))
}

/// A reference to a function of the module.
pub fn func_ref(cx: &mut Context<'_, '_>, index: FuncIndex) -> Value {
    let layout = &cx.plan.layout;
    if cx.module.is_imported_function(index) {
        let place = (cx.vmctx, layout.imported_function(index.as_u32()));
        let (address, offset) = field(place, offset_of!(VmFunctionImport, func_ref));
        return load_constant(cx, address, offset);
    }
    let offset = layout.func_ref(cx.plan.func_ref_of[&index].as_u32());
    let vmctx = cx.vmctx;
    cx.ins().iadd_imm_u(vmctx, i64::from(offset))
}

/// The type of the function that a reference refers to. `faults` says with which trap code a
/// null reference faults; without one it has been found not to be null.
pub fn func_ref_type(cx: &mut Context<'_, '_>, func_ref: Value, faults: Option<TrapCode>) -> Value {
    let flags = in_region(cx.regions.func_ref).with_trap_code(faults.map(to_cranelift));
    cx.ins().load(POINTER, flags, func_ref, offset_of!(VmFuncRef, ty) as i32)
}

/// The code and the context of the function that a reference refers to. `faults` as for
/// [`func_ref_type`].
pub fn func_ref_target(
    cx: &mut Context<'_, '_>,
    func_ref: Value,
    faults: Option<TrapCode>,
) -> (Value, Value) {
    let flags = in_region(cx.regions.func_ref);
    let wasm_call = offset_of!(VmFuncRef, wasm_call) as i32;
    let faulting = flags.with_trap_code(faults.map(to_cranelift));
    let wasm_call = cx.ins().load(POINTER, faulting, func_ref, wasm_call);
    let callee = cx.ins().load(POINTER, flags, func_ref, offset_of!(VmFuncRef, callee) as i32);
    (wasm_call, callee)
}

/// The address that stands for a function type.
pub fn func_type(cx: &mut Context<'_, '_>, sig: SigIndex) -> Value {
    address_of(cx, Reference::FuncType(sig))
}

/// The address of a constant table.
pub fn constant_table(cx: &mut Context<'_, '_>, table: TableIndex) -> Value {
    address_of(cx, Reference::Table(table))
}

fn address_of(cx: &mut Context<'_, '_>, reference: Reference) -> Value {
    let name = cx.external_name(reference);
    let data = GlobalValueData::Symbol { name, offset: 0.into(), colocated: true, tls: false };
    let symbol = cx.builder.create_global_value(data);
    cx.ins().symbol_value(POINTER, symbol)
}

/// Where bodies find the memories whose indices have 32 bits and which are one instance's alone, for those
/// who work on translated code.
pub struct Memories(Vec<Memory>);

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Where in the context the address of the memory's descriptor is, if that is not in the context.
    import: Option<u32>,
    /// Where the descriptor is, from there.
    offset: u32,
    /// The length in bytes, if that cannot change.
    fixed_len: Option<u64>,
    /// How many bytes from the start can be accessed without harm, if not all that an index can name.
    reach: Option<u64>,
    /// Where it starts, if that is known.
    address: Option<u32>,
    /// Where the context is, if that is known.
    context: Option<u32>,
}

/// What is added to an index for its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// What was loaded from the context.
    Loaded(Value),
    /// What is known, and a part of the instruction's offset.
    Known(u32),
}

impl Base {
    /// The address of an index of 64 bits.
    pub fn plus(self, cursor: &mut FuncCursor<'_>, index: Value) -> Value {
        let base = match self {
            Self::Loaded(base) => base,
            Self::Known(address) => cursor.ins().iconst(POINTER, i64::from(address)),
        };
        cursor.ins().iadd(base, index)
    }
}

impl Memories {
    /// Those of a module.
    pub fn new(module: &Module<'_>, plan: &Plan) -> Self {
        let context = plan.context_address;
        let memory = |(index, plan_of): (MemoryIndex, &MemoryPlan)| {
            let (import, offset) = match module.defined_memory(index) {
                Ok(defined) => (None, plan.layout.memory(defined)),
                Err(imported) => (Some(plan.layout.imported_memory(imported)), 0),
            };
            let Space { reservation, guard } = plan_of.space;
            let reach = (reservation > 0).then_some(reservation + guard);
            let usable = !plan_of.index64 && !module.memories[index].shared;
            let (fixed_len, address) = (plan_of.fixed_len(), plan_of.address);
            usable.then_some(Memory { import, offset, fixed_len, reach, address, context })
        };
        Self(plan.memories.iter().filter_map(memory).collect())
    }

    /// What an address is, beside an index, whose other parts are a value, if there is one, and an offset; and what is
    /// left of that.
    pub fn base(&self, value: Option<Value>, offset: i64) -> Option<(Base, i64)> {
        match value {
            Some(value) => Some((Base::Loaded(value), offset)),
            None => {
                let address = self.0.iter().find_map(|memory| memory.address)?;
                let offset =
                    offset.checked_sub(i64::from(address)).filter(|&offset| offset >= 0)?;
                Some((Base::Known(address), offset))
            }
        }
    }

    /// The memory that is somewhere.
    pub fn of(&self, func: &Function, base: Base) -> Option<Memory> {
        let base = match base {
            Base::Loaded(base) => base,
            Base::Known(address) => {
                return self.0.iter().find(|memory| memory.address == Some(address)).copied();
            }
        };
        let (place, field) = loaded(func, base)?;
        let entry = func.layout.entry_block()?;
        let context = self.0.first()?.context;
        let is_context = |value| match context {
            Some(address) => crate::translate::constant(&func.dfg, value) == Some(address.into()),
            None => value == func.dfg.block_params(entry)[0],
        };
        let import = match is_context(place) {
            true => None,
            false => Some(loaded(func, place).filter(|of| is_context(of.0))?.1),
        };
        let offset = i64::from(field) - offset_of!(VmMemory, base) as i64;
        let is = |memory: &&Memory| {
            memory.import == import.map(|at| at as u32) && i64::from(memory.offset) == offset
        };
        self.0.iter().find(is).copied()
    }
}

/// What a value that is the same all the time is loaded from.
fn loaded(func: &Function, value: Value) -> Option<(Value, i32)> {
    let dfg = &func.dfg;
    match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Load { opcode: Opcode::Load, arg, flags, offset } => {
            let flags = &dfg.mem_flags[flags];
            let constant = flags.readonly() && flags.can_move();
            constant.then(|| (dfg.resolve_aliases(arg), offset.into()))
        }
        _ => None,
    }
}

impl Memory {
    /// Whether code may access what is so many bytes behind any index, whatever it finds there.
    pub fn reaches(&self, further: u64) -> bool {
        self.reach.is_none_or(|reach| (1 << 32) + further <= reach)
    }

    /// The length in bytes, where a cursor is.
    pub fn len(&self, cursor: &mut FuncCursor<'_>) -> Value {
        if let Some(len) = self.fixed_len {
            return cursor.ins().iconst(POINTER, len as i64);
        }
        let context = context(cursor, self.context);
        let flags = MemFlagsData::trusted();
        let place = match self.import {
            None => context,
            Some(at) => cursor.ins().load(POINTER, constant(flags), context, at as i32),
        };
        let offset = self.offset as usize + offset_of!(VmMemory, len);
        cursor.ins().load(POINTER, flags, place, offset as i32)
    }
}
