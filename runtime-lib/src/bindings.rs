//! What bindings are made of that `wasmaot-build` writes. Programs rarely need it themselves.
//!
//! A method of generated bindings is one [`invoke`] whose closure calls the export's symbol, with
//! [`pass`] around arguments that are references:
//!
//! ```ignore
//! unsafe extern "C" {
//!     fn wasm_m_add_wasm_call(
//!         callee: *mut VmContext, caller: *mut VmContext, a: i32, b: i32,
//!     ) -> VmReturn;
//! }
//! pub fn add(&mut self, a: i32, b: i32) -> Result<i32, Error> {
//!     let call = |vm, _| unsafe { wasm_m_add_wasm_call(vm, vm, a, b) };
//!     unsafe { invoke(&mut self.store, self.instance, call) }
//! }
//! ```
//!
//! [`include_guest`](crate::include_guest) brings a file of them into a program.

pub use wasmaot_abi::ABI_VERSION;
pub use wasmaot_abi::calls::{ArrayCall, VmReturn};
pub use wasmaot_abi::context::{VmContext, VmFuncRef};
pub use wasmaot_abi::module::{VmExports, VmModule};
pub use wasmaot_abi::value::ValRaw;

use std::ptr::NonNull;

use wasmaot_abi::context::VmMemory;
use wasmaot_abi::module::{ExternKind, VmImport};

use crate::error::Result;
use crate::func::Func;
use crate::func::wrap::IntoFunc;
use crate::global::Global;
use crate::handle::Handle;
use crate::host::{Caller, take_failure};
use crate::instance::{self, Instance};
use crate::link::Extern;
use crate::memory::Memory;
use crate::module::Module;
use crate::raw::{Context, ModuleRef};
use crate::shared::SharedMemory;
use crate::store::{AsStore, AsStoreMut, enter, inner, inner_mut, inner_ptr};
use crate::table::Table;
use crate::types::{ExternType, ValType, extern_type};
use crate::value::{Val, WasmResults, WasmTy};

pub use crate::builtins::{BuiltinSymbol, builtins};

/// Makes an instance of a module that is given its imports in its order, without those that the
/// program itself provides. Its exports are known
/// to the caller; [`Instance::exports`] knows none.
///
/// # Errors
/// As [`Instance::new`].
///
/// # Safety
/// It is a description that the compiler wrote, and the code and data of its object stay loaded
/// for the rest of the program.
pub unsafe fn instantiate<S: AsStoreMut>(
    store: S,
    module: &'static VmModule,
    imports: &[Extern],
) -> Result<Instance> {
    // SAFETY: the caller's promise.
    let module = unsafe { ModuleRef::new(module) };
    let mut imports = imports.iter().copied();
    let given = |import: &VmImport| if import.provided.is_null() { imports.next() } else { None };
    let given: Vec<_> = module.imports().iter().map(given).collect();
    instance::instantiate(store, module, None, &given, &|_, _| None)
}

/// Calls an export: `f` is given the context to pass as callee and as caller. The bits of the
/// single result, if there is one.
///
/// # Errors
/// A trap, or the error of a host function.
///
/// # Safety
/// `f` does nothing but call a `wasm_call` of the instance's own module with arguments of its
/// types, references made by [`pass`].
///
/// # Panics
/// If the instance is of another store, or if a host function panicked.
#[inline]
pub unsafe fn call<S: AsStoreMut>(
    store: S,
    instance: Instance,
    f: impl FnOnce(*mut VmContext) -> VmReturn,
) -> Result<u64> {
    let raw = inner_ptr(&store);
    // SAFETY: the store is mutably borrowed; the rest is the caller's promise.
    let returned = unsafe {
        let context = instance.0.get((*raw).id);
        enter(raw);
        f(context.as_ptr())
    };
    if returned.status == 0 { Ok(returned.value) } else { Err(take_failure(raw)) }
}

/// As [`call`], with the results as values. The closure is given slots for the results, too, which
/// a function with two or more, or with a vector, takes as its last parameter.
///
/// # Errors
/// As [`call`].
///
/// # Safety
/// As [`call`], and the function's results are `R`.
///
/// # Panics
/// As [`call`].
#[inline]
pub unsafe fn invoke<S: AsStoreMut, R: WasmResults>(
    mut store: S,
    instance: Instance,
    f: impl FnOnce(*mut VmContext, *mut ValRaw) -> VmReturn,
) -> Result<R> {
    // SAFETY: the caller's promise; nothing was called since the results came.
    unsafe {
        if !R::IN_SLOTS {
            let f = |context| f(context, std::ptr::null_mut());
            let bits = call(&mut store, instance, f)?;
            return Ok(R::from_slots(&[ValRaw::from_u64(bits)], inner(&store)));
        }
        let mut slots = [ValRaw::default(); MOST_RESULTS];
        let results = slots.as_mut_ptr();
        call(&mut store, instance, |context| f(context, results))?;
        Ok(R::from_slots(&slots, inner(&store)))
    }
}

/// The most results that [`WasmResults`] can have.
const MOST_RESULTS: usize = 16;

/// A value as compiled code takes it: only within the closure of [`call`].
///
/// # Safety
/// It is the context that [`call`] gave to its closure.
///
/// # Panics
/// If it is a function of another store.
#[inline]
pub unsafe fn pass<V: WasmTy>(context: *mut VmContext, value: V) -> V::Abi {
    // SAFETY: the caller's promise; the store is borrowed by `call`, and no guest runs yet.
    unsafe {
        let context = Context::new(NonNull::new_unchecked(context));
        value.into_abi(&mut *context.store())
    }
}

/// A memory that the instance's module defines, by its place among those.
///
/// # Safety
/// The instance is of this module, which defines such a memory, and one that is not shared.
///
/// # Panics
/// If the instance is of another store.
#[inline]
pub unsafe fn defined_memory(
    store: &impl AsStore,
    instance: Instance,
    module: &'static VmModule,
    index: u32,
) -> Memory {
    let id = inner(store).id;
    let offset = module.layout.memory(index) as usize;
    // SAFETY: the caller's promise; a part of the context, which lives as long as the store.
    Memory(unsafe { Handle::new(id, instance.0.get(id).byte_add(offset).cast()) })
}

/// A memory that the instance's module imports, by its place among those.
///
/// # Safety
/// The instance is of this module, which imports such a memory.
///
/// # Panics
/// If the instance is of another store.
#[inline]
pub unsafe fn imported_memory(
    store: &impl AsStore,
    instance: Instance,
    module: &'static VmModule,
    index: u32,
) -> Memory {
    let id = inner(store).id;
    let offset = module.layout.imported_memory(index) as usize;
    // SAFETY: the caller's promise; the context's pointers to what it imports were set when it
    // was made, and its memories live as long as the store.
    unsafe {
        let memory = instance.0.get(id).byte_add(offset).cast::<NonNull<VmMemory>>();
        Memory(Handle::new(id, memory.read()))
    }
}

/// The shared memory with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such shared memory.
pub fn exported_shared_memory(
    store: &impl AsStore,
    instance: Instance,
    index: u32,
) -> SharedMemory {
    let context = instance.context(inner(store));
    let n = context.imported(ExternKind::Memory) as usize + context.module().memories().len();
    assert!((index as usize) < n, "the module has {n} memories");
    instance.memory(inner(store), index).as_shared(store).expect("a shared memory")
}

/// A shared memory as an import of instances of a store.
pub fn shared_memory<S: AsStoreMut>(store: S, memory: &SharedMemory) -> Extern {
    Memory::from_shared(store, memory).into()
}

/// The table with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such table.
pub fn table(store: &impl AsStore, instance: Instance, index: u32) -> Table {
    let store = inner(store);
    let context = instance.context(store);
    let n = context.imported(ExternKind::Table) as usize + context.module().tables().len();
    assert!((index as usize) < n, "the module has {n} tables");
    instance.table(store, index)
}

/// The global with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such global.
pub fn global(store: &impl AsStore, instance: Instance, index: u32) -> Global {
    let store = inner(store);
    let context = instance.context(store);
    let n = context.imported(ExternKind::Global) as usize + context.module().globals().len();
    assert!((index as usize) < n, "the module has {n} globals");
    instance.global(store, index)
}

/// The value of the global with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such global of this type.
pub fn global_value<V: WasmTy>(store: &impl AsStore, instance: Instance, index: u32) -> V {
    let global = global_of::<V>(store, instance, index);
    let store = inner(store);
    // SAFETY: the global lives as long as the store and is of this type.
    unsafe { V::from_raw(crate::global::read(global.vm(store)), store) }
}

/// Sets the global with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such mutable global of this type.
pub fn set_global_value<S: AsStoreMut, V: WasmTy + Into<Val>>(
    store: &mut S,
    instance: Instance,
    index: u32,
    value: V,
) {
    let global = global_of::<V>(store, instance, index);
    if matches!(V::TYPE, ValType::Ref(_)) {
        // A value of the host's takes a place, a function the type that guests call it by.
        return global.set(store, value.into()).expect("a mutable global of this type");
    }
    assert!(global.type_of().mutable, "the global cannot be set");
    let store = inner_mut(store);
    let value = value.into_raw(store);
    // SAFETY: the global lives as long as the store.
    unsafe { crate::global::write(global.vm(store), value) };
}

/// A global of a type that is known.
fn global_of<V: WasmTy>(store: &impl AsStore, instance: Instance, index: u32) -> Global {
    let global = global(store, instance, index);
    let ty = global.type_of().value;
    assert!(ty == V::TYPE, "the global is of {ty}, not of {}", V::TYPE);
    global
}

/// What a host function that bindings ask for may fail with: any error. The one who called the
/// guest gets it back as itself.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// A function of the host as an import.
pub fn host<S: AsStoreMut, P, R>(store: S, func: impl IntoFunc<S::Data, P, R>) -> Extern {
    Func::wrap(store, func).into()
}

/// The types of a module's imports.
#[derive(Clone, Copy, Debug)]
pub struct ImportTypes(ModuleRef);

impl ImportTypes {
    /// Those of a module.
    ///
    /// # Safety
    /// It is a description that the compiler wrote.
    pub const unsafe fn new(module: &'static VmModule) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { ModuleRef::new(module) })
    }
}

/// A function of the host whose type is not written down in Rust, as the import at this place
/// among all of a module's.
///
/// # Panics
/// If there is no function at the place.
pub fn host_of_many<S: AsStoreMut, F>(store: S, types: ImportTypes, place: usize, func: F) -> Extern
where
    F: Fn(Caller<'_, S::Data>, &[Val], &mut [Val]) -> Result<(), HostError> + Send + 'static,
{
    // SAFETY: an object's description.
    let ty = unsafe { extern_type(&types.0.imports()[place].ty) };
    let ExternType::Func(ty) = ty else { panic!("import {place} is no function") };
    Func::new(store, ty, func).into()
}

/// The function that a module's instance exports by this name.
///
/// # Safety
/// It is a description that the compiler wrote, of the instance's module.
///
/// # Panics
/// If the instance is of another store.
pub unsafe fn exported_func(
    store: &impl AsStore,
    instance: Instance,
    module: &'static VmExports,
    name: &str,
) -> Option<Func> {
    // SAFETY: the caller's promise.
    unsafe { instance.exported_func(inner(store), Module::from_raw(module), name) }
}

/// Whether an instance is one of a module.
///
/// # Panics
/// If the instance is of another store.
pub fn is_instance_of(store: &impl AsStore, instance: Instance, module: &'static VmModule) -> bool {
    instance.context(inner(store)).module().is(module)
}

/// Brings the bindings that `wasmaot-build` wrote in the build script into the program, as a
/// module of the guest's name: `wasmaot::include_guest!(mod name);`, with attributes and a
/// visibility as any module. What it needs of the crate root's lints it asks for itself.
#[macro_export]
macro_rules! include_guest {
    ($(#[$meta:meta])* $vis:vis mod $name:ident;) => {
        $crate::include_guest!($(#[$meta])* $vis mod $name);
    };
    ($(#[$meta:meta])* $vis:vis mod $name:ident) => {
        $(#[$meta])*
        #[doc = concat!("Bindings to the guest `", stringify!($name), "`.")]
        #[allow(unsafe_code, dead_code)]
        $vis mod $name {
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
        }
    };
}
