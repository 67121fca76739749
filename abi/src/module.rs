//! The read-only description of a module that its object carries: constants with relocations,
//! which instantiation walks. Nothing is parsed.
//!
//! There are two roots. [`VmModule`] is what instantiation needs; it refers to no function that
//! only an export reaches, so that the linker drops exports that the program never calls.
//! [`VmExports`] adds the exports by name, for programs that look them up at run time; only
//! those refer to it, and it keeps every export alive.

use core::marker::PhantomData;

use crate::calls::{EnterCall, PlainCall};
use crate::layout::Layout;
use crate::value::VmValType;

/// A constant array in the object: address and length.
#[repr(C)]
#[derive(Debug)]
pub struct VmSlice<T: 'static> {
    /// The first item; dangling but not null if there is none.
    pub ptr: *const T,
    /// The number of items.
    pub len: usize,
    /// The items are constants of the program.
    pub items: PhantomData<&'static [T]>,
}

impl<T> Clone for VmSlice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for VmSlice<T> {}

/// A constant UTF-8 string in the object.
pub type VmStr = VmSlice<u8>;

/// The type of a function: one address per type and program (the linker merges the copies that
/// modules bring), so that comparing addresses compares types. Followed in memory by the
/// [`VmValType`]s of the parameters, then of the results.
#[repr(C)]
#[derive(Debug)]
pub struct VmFuncType {
    /// Calls any function of this type from the host.
    pub enter: EnterCall,
    /// Leaves the guest for a [`VmHostContext::native_call`](crate::context::VmHostContext), in
    /// the guests' own convention.
    pub exit_native: *const u8,
    /// Leaves the guest for a [`VmHostContext::array_call`](crate::context::VmHostContext), in
    /// the guests' own convention.
    pub exit_array: *const u8,
    /// The number of parameters.
    pub params: u32,
    /// The number of results.
    pub results: u32,
    /// The type in words that are the same for the same type, and only then, in every object:
    /// how types of different program images are compared. See
    /// [`symbols::type_name`](crate::symbols::type_name).
    pub name: VmStr,
}

/// What kind of thing is imported or exported.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExternKind {
    /// A function.
    Func = 0,
    /// A table.
    Table = 1,
    /// A memory.
    Memory = 2,
    /// A global.
    Global = 3,
}

impl ExternKind {
    /// The kind with this number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Func),
            1 => Some(Self::Table),
            2 => Some(Self::Memory),
            3 => Some(Self::Global),
            _ => None,
        }
    }
}

/// The type of anything that can be imported. Which fields mean something depends on `kind`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmExternType {
    /// An [`ExternKind`].
    pub kind: u8,
    /// A global's mutability, 0 or 1.
    pub mutable: u8,
    /// Whether `max` is given, 0 or 1.
    pub has_max: u8,
    /// Whether a memory is shared between threads, 0 or 1.
    pub shared: u8,
    /// Whether a memory or a table is indexed with 64 bits, 0 or 1.
    pub index64: u8,
    /// The binary logarithm of the size of a memory's pages in bytes.
    pub page_size_log2: u8,
    /// A table's element type or a global's type.
    pub value: VmValType,
    /// A table's least number of elements, or a memory's of pages.
    pub min: u64,
    /// The most of them.
    pub max: u64,
    /// A function's type.
    pub func: *const VmFuncType,
}

impl VmExternType {
    /// The bytes that a memory of this type can have at most; `u64::MAX` if that is more.
    pub const fn max_bytes(&self) -> u64 {
        max_bytes(
            if self.has_max != 0 { Some(self.max) } else { None },
            self.index64 != 0,
            self.page_size_log2,
        )
    }
}

/// The bytes that a memory can have at most, by the limit on its pages, the width of its index
/// and the size of its pages; `u64::MAX` if that is more.
pub const fn max_bytes(max: Option<u64>, index64: bool, page_size_log2: u8) -> u64 {
    match max {
        Some(pages) => pages.saturating_mul(1 << page_size_log2),
        None if index64 => u64::MAX,
        None => 1 << 32,
    }
}

/// An import.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmImport {
    /// The name of the module that it is to come from.
    pub module: VmStr,
    /// Its name there.
    pub name: VmStr,
    /// Its type.
    pub ty: VmExternType,
    /// What the program itself provides for it: a constant of the runtime's, which it alone can
    /// read ([`symbols::wasi`](crate::symbols::wasi)); null if that is up to the host.
    pub provided: *const u8,
}

/// A function that code or a segment makes references to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmFuncRefInit {
    /// The function in the guests' own convention.
    pub wasm_call: *const u8,
    /// Its type.
    pub ty: *const VmFuncType,
}

/// An element segment that still exists when the module's own code begins to run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmElem {
    /// The items: see [`ElemItem`].
    pub items: VmSlice<u32>,
}

/// One item of an element segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElemItem {
    /// The null reference.
    Null,
    /// A function of the module, by its place in [`VmModule::func_refs`].
    FuncRef(u32),
    /// An imported function, by its place among those.
    ImportedFunction(u32),
    /// The value of a global, by its index in the module (imported ones first).
    Global(u32),
}

impl ElemItem {
    const TAG_SHIFT: u32 = 30;
    const INDEX: u32 = (1 << Self::TAG_SHIFT) - 1;

    /// The item as it stands in the object. Indices are below 2^30, which every wasm module's
    /// are: its indices count things that take at least a byte each.
    pub const fn encode(self) -> u32 {
        match self {
            Self::Null => u32::MAX,
            Self::FuncRef(index) => index,
            Self::ImportedFunction(index) => 1 << Self::TAG_SHIFT | index,
            Self::Global(index) => 2 << Self::TAG_SHIFT | index,
        }
    }

    /// Whether all items stand for functions of the module: then each is its function's place itself.
    pub fn are_func_refs(items: &[u32]) -> bool {
        // Others have one of the highest bits set.
        items.iter().fold(0, |all, item| all | item) >> Self::TAG_SHIFT == 0
    }

    /// What [`encode`](Self::encode) made.
    pub const fn decode(bits: u32) -> Self {
        match bits >> Self::TAG_SHIFT {
            0 => Self::FuncRef(bits & Self::INDEX),
            1 => Self::ImportedFunction(bits & Self::INDEX),
            2 => Self::Global(bits & Self::INDEX),
            _ => Self::Null,
        }
    }
}

/// Bytes that a memory starts with.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmImage {
    /// Which memory, counted among those that the module defines.
    pub memory: u32,
    /// 1 if the bytes start at a multiple of 4096 in the object and in the memory and nothing
    /// else shares their last page, so that they can be mapped instead of copied; else 0.
    pub mappable: u32,
    /// Where in the memory, in bytes.
    pub offset: u64,
    /// The bytes.
    pub bytes: VmSlice<u8>,
}

/// Address space behind the start of a memory. Every byte below `reservation` belongs to the
/// memory or faults, and so do, always faulting, `guard` bytes more. Nothing is ever usable
/// between the memory's end and those.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Space {
    /// In bytes.
    pub reservation: u64,
    /// In bytes.
    pub guard: u64,
}

impl Space {
    /// What code that checks every access itself relies on.
    pub const NONE: Self = Self { reservation: 0, guard: 0 };

    /// What code that was compiled for this space relies on in one of its memories, which can
    /// have `max_bytes` at most. A reservation that the memory can grow beyond is no place to draw
    /// a line: then only the guard behind its end counts. Nor is the end of a memory that need not
    /// be that of a page of the machine's.
    pub const fn of_memory(self, max_bytes: u64, page_size_log2: u8) -> Self {
        if page_size_log2 < 16 {
            Self::NONE
        } else if max_bytes > self.reservation {
            Self { reservation: 0, guard: self.guard }
        } else {
            self
        }
    }
}

/// What instantiation needs to know of a module. A global symbol of its object.
#[repr(C)]
#[derive(Debug)]
pub struct VmModule {
    /// The address of [`ABI_SYMBOL`](crate::symbols::ABI_SYMBOL).
    pub abi: *const u8,
    /// The module's name.
    pub name: VmStr,
    /// Where things lie in an instance's context.
    pub layout: Layout,
    /// Any of [`MODULE_EXPLICIT_CHECKS`], [`MODULE_FUEL`] and [`MODULE_EPOCHS`].
    pub flags: u32,
    /// The address space that code relies on [per memory](Space::of_memory).
    pub memory_space: Space,
    /// Where an instance's context has to be, or 0: anywhere.
    pub context_address: u64,
    /// Where the first of the memories that the module defines has to start, or 0: anywhere.
    pub memory_address: u64,
    /// The imports in the module's order.
    pub imports: VmSlice<VmImport>,
    /// The types that functions can be called by: of imports and of indirect calls.
    pub types: VmSlice<*const VmFuncType>,
    /// The tables that the module defines.
    pub tables: VmSlice<VmExternType>,
    /// The memories that the module defines.
    pub memories: VmSlice<VmExternType>,
    /// The globals that the module defines.
    pub globals: VmSlice<VmExternType>,
    /// The functions that references are made to.
    pub func_refs: VmSlice<VmFuncRefInit>,
    /// The data segments by their index; empty where the segment is in `images`.
    pub data: VmSlice<VmSlice<u8>>,
    /// The element segments by their index.
    pub elems: VmSlice<VmElem>,
    /// What the defined memories start with.
    pub images: VmSlice<VmImage>,
    /// Sets the globals, then applies the active segments that are not in `images`. Runs first.
    pub init: Option<PlainCall>,
    /// The start function. Runs after `init`.
    pub start: Option<PlainCall>,
}

/// [`VmModule::flags`]: the code checks every access itself and reports every trap by a call,
/// so that it needs no signal handler.
pub const MODULE_EXPLICIT_CHECKS: u32 = 1;

/// [`VmModule::flags`]: the code counts what it does against
/// [`VmLimits::fuel`](crate::context::VmLimits).
pub const MODULE_FUEL: u32 = 2;

/// [`VmModule::flags`]: the code looks at
/// [`VmLimits::interrupt`](crate::context::VmLimits) now and then.
pub const MODULE_EPOCHS: u32 = 4;

/// An export.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmExport {
    /// Its name.
    pub name: VmStr,
    /// Its type.
    pub ty: VmExternType,
    /// Its index among the module's things of its kind, imported ones first.
    pub index: u32,
    /// A function's place in [`VmModule::func_refs`], or [`NO_FUNC_REF`].
    pub func_ref: u32,
    /// A function that the module defines, in the guests' own convention; null for an imported
    /// one and for anything else.
    pub wasm_call: *const u8,
}

/// [`VmExport::func_ref`] of what has none.
pub const NO_FUNC_REF: u32 = u32::MAX;

/// A module with its exports by name. A global symbol of its object.
#[repr(C)]
#[derive(Debug)]
pub struct VmExports {
    /// The module.
    pub module: *const VmModule,
    /// Its exports in the module's order.
    pub exports: VmSlice<VmExport>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_round_trip() {
        for item in [
            ElemItem::Null,
            ElemItem::FuncRef(0),
            ElemItem::FuncRef(ElemItem::INDEX),
            ElemItem::ImportedFunction(7),
            ElemItem::Global(ElemItem::INDEX),
        ] {
            assert_eq!(ElemItem::decode(item.encode()), item);
            let is_func_ref = matches!(item, ElemItem::FuncRef(_));
            assert_eq!(ElemItem::are_func_refs(&[1, item.encode(), 2]), is_func_ref);
        }
    }
}
