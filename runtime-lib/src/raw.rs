//! The island where pointers into compiled code's memory are followed. Everything here turns an
//! address that compiled code or its object gave us into something the rest of the crate can use
//! without `unsafe`: descriptions ([`ModuleRef`], [`TypeRef`]) and contexts ([`Context`]).
//!
//! Each type is made by an `unsafe` constructor whose promise then covers its methods.

use std::ptr::NonNull;

use wasmaot_abi::context::*;
use wasmaot_abi::layout::Layout;
use wasmaot_abi::module::*;
use wasmaot_abi::value::VmValType;

use crate::instance::InstanceData;
use crate::store::StoreInner;
use crate::types::{ValType, kind, val_type};

/// The items of a constant array.
///
/// # Safety
/// It is one that an object carries.
pub(crate) unsafe fn slice<T>(slice: VmSlice<T>) -> &'static [T] {
    // SAFETY: the caller's promise: `ptr` is aligned, not null, and good for `len` constants.
    unsafe { std::slice::from_raw_parts(slice.ptr, slice.len) }
}

/// # Safety
/// It is one that an object carries.
pub(crate) unsafe fn str(text: VmStr) -> &'static str {
    // SAFETY: the caller's promise; objects carry names in UTF-8.
    unsafe { std::str::from_utf8_unchecked(slice(text)) }
}

/// A function's type in an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TypeRef(NonNull<VmFuncType>);

impl TypeRef {
    /// # Safety
    /// It is the address of a type in an object that stays loaded.
    pub(crate) unsafe fn new(ty: *const VmFuncType) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { NonNull::new_unchecked(ty.cast_mut()) })
    }

    pub(crate) fn get(self) -> &'static VmFuncType {
        // SAFETY: made of the address of a constant.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn as_ptr(self) -> *const VmFuncType {
        self.0.as_ptr()
    }

    /// The parameters' types, then the results'.
    fn types(self) -> &'static [VmValType] {
        let ty = self.get();
        // SAFETY: the types follow the head in memory.
        unsafe {
            let start = self.0.as_ptr().add(1).cast::<VmValType>();
            std::slice::from_raw_parts(start, (ty.params + ty.results) as usize)
        }
    }

    /// The type's name, by which it is the same in another image.
    pub(crate) fn name(self) -> &'static str {
        // SAFETY: a part of an object's type.
        unsafe { str(self.get().name) }
    }

    pub(crate) fn params(self) -> impl ExactSizeIterator<Item = ValType> {
        // SAFETY: a part of an object's type.
        self.types()[..self.get().params as usize].iter().map(|ty| unsafe { val_type(ty) })
    }

    pub(crate) fn results(self) -> impl ExactSizeIterator<Item = ValType> {
        // SAFETY: a part of an object's type.
        self.types()[self.get().params as usize..].iter().map(|ty| unsafe { val_type(ty) })
    }

    /// Whether it is the same type, even if in another image.
    pub(crate) fn same(self, other: Self) -> bool {
        self == other || self.name() == other.name()
    }

    pub(crate) fn is(self, params: &[ValType], results: &[ValType]) -> bool {
        self.params().eq(params.iter().copied()) && self.results().eq(results.iter().copied())
    }
}

/// A module's description in an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModuleRef(pub(crate) &'static VmModule);

// SAFETY: the description is constant.
unsafe impl Send for ModuleRef {}
// SAFETY: as above.
unsafe impl Sync for ModuleRef {}

impl PartialEq for ModuleRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

macro_rules! arrays {
    ($($name:ident: $ty:ty;)*) => {
        $(pub(crate) fn $name(self) -> &'static [$ty] {
            // SAFETY: a part of an object's description.
            unsafe { slice(self.0.$name) }
        })*
    };
}

impl ModuleRef {
    /// # Safety
    /// It is the description that an object carries, made by the compiler for this ABI; the
    /// object stays loaded.
    pub(crate) const unsafe fn new(module: &'static VmModule) -> Self {
        Self(module)
    }

    arrays! {
        imports: VmImport;
        types: *const VmFuncType;
        tables: VmExternType;
        memories: VmExternType;
        globals: VmExternType;
        func_refs: VmFuncRefInit;
        data: VmSlice<u8>;
        elems: VmElem;
        images: VmImage;
    }

    /// Whether this is that module.
    pub(crate) fn is(self, module: &'static VmModule) -> bool {
        std::ptr::eq(self.0, module)
    }

    pub(crate) fn name(self) -> &'static str {
        // SAFETY: a part of an object's description.
        unsafe { str(self.0.name) }
    }

    pub(crate) fn layout(self) -> &'static Layout {
        &self.0.layout
    }

    pub(crate) fn explicit_checks(self) -> bool {
        self.0.flags & MODULE_EXPLICIT_CHECKS != 0
    }

    pub(crate) fn has_fuel(self) -> bool {
        self.0.flags & MODULE_FUEL != 0
    }

    /// The number of imports of each kind.
    pub(crate) fn imported(self) -> [u32; 4] {
        let mut counts = [0; 4];
        for import in self.imports() {
            counts[kind(&import.ty) as usize] += 1;
        }
        counts
    }

    /// The import that is the module's thing number `index` of its kind.
    pub(crate) fn import_of(self, kind: ExternKind, index: u32) -> Option<&'static VmImport> {
        self.imports().iter().filter(|import| import.ty.kind == kind as u8).nth(index as usize)
    }
}

/// An instance's context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Context(NonNull<VmContext>);

macro_rules! parts {
    ($($name:ident: $ty:ty;)*) => {
        $(/// Within the context: `index` must be in range.
        pub(crate) fn $name(self, index: u32) -> NonNull<$ty> {
            let offset = self.layout().$name(index);
            debug_assert!(offset < self.layout().size);
            // SAFETY: the layout's offsets lie in the context.
            unsafe { self.0.byte_add(offset as usize).cast() }
        })*
    };
}

impl Context {
    /// # Safety
    /// It is the context of an instance of a store that is alive as long as the result is used.
    pub(crate) unsafe fn new(context: NonNull<VmContext>) -> Self {
        Self(context)
    }

    pub(crate) fn as_ptr(self) -> *mut VmContext {
        self.0.as_ptr()
    }

    pub(crate) fn as_non_null(self) -> NonNull<VmContext> {
        self.0
    }

    pub(crate) fn module(self) -> ModuleRef {
        // SAFETY: an instance's context; its module is an object's description.
        unsafe { ModuleRef::new(&*(*self.0.as_ptr()).module) }
    }

    pub(crate) fn store(self) -> *mut StoreInner {
        // SAFETY: an instance's context.
        unsafe { (*self.0.as_ptr()).store.cast() }
    }

    pub(crate) fn instance(self) -> *mut InstanceData {
        // SAFETY: an instance's context.
        unsafe { (*self.0.as_ptr()).instance.cast() }
    }

    fn layout(self) -> &'static Layout {
        self.module().layout()
    }

    /// The number of imports of a kind.
    pub(crate) fn imported(self, kind: ExternKind) -> u32 {
        // SAFETY: the instance's data lives as long as the context.
        unsafe { (&raw const (*self.instance()).imported).read()[kind as usize] }
    }

    parts! {
        imported_memory: *mut VmMemory;
        memory: VmMemory;
        imported_global: *mut VmGlobal;
        global: VmGlobal;
        imported_table: *mut VmTable;
        table: VmTable;
        imported_function: VmFunctionImport;
        func_ref: VmFuncRef;
    }

    /// Where [`func_ref`](Self::func_ref)s lie, one after the other, for whoever needs many.
    pub(crate) fn func_refs(self) -> NonNull<VmFuncRef> {
        let offset = self.layout().func_ref(0);
        // SAFETY: the layout's offsets lie in the context, or at its end.
        unsafe { self.0.byte_add(offset as usize).cast() }
    }

    /// The memory with this index in the module, which must be in range.
    pub(crate) fn any_memory(self, index: u32) -> NonNull<VmMemory> {
        match index.checked_sub(self.imported(ExternKind::Memory)) {
            Some(defined) => {
                let memory = self.memory(defined);
                if self.module().memories()[defined as usize].shared == 0 {
                    return memory;
                }
                // SAFETY: set when the instance was made.
                unsafe { NonNull::new_unchecked((*memory.as_ptr()).owner.cast()) }
            }
            // SAFETY: set when the instance was made.
            None => unsafe { NonNull::new_unchecked(self.imported_memory(index).read()) },
        }
    }

    /// The table with this index in the module, which must be in range.
    pub(crate) fn any_table(self, index: u32) -> NonNull<VmTable> {
        match index.checked_sub(self.imported(ExternKind::Table)) {
            Some(defined) => self.table(defined),
            // SAFETY: set when the instance was made.
            None => unsafe { NonNull::new_unchecked(self.imported_table(index).read()) },
        }
    }

    /// The global with this index in the module, which must be in range.
    pub(crate) fn any_global(self, index: u32) -> NonNull<VmGlobal> {
        match index.checked_sub(self.imported(ExternKind::Global)) {
            Some(defined) => self.global(defined),
            // SAFETY: set when the instance was made.
            None => unsafe { NonNull::new_unchecked(self.imported_global(index).read()) },
        }
    }
}
