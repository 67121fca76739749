//! What bindings are made of that `wasmaot-build` writes. Programs rarely need it themselves.
//!
//! A method of generated bindings is one [`call`] whose closure calls the export's symbol, with
//! [`pass`] around arguments that are references and [`returned`] or [`slot`] around results:
//!
//! ```ignore
//! unsafe extern "C" {
//!     fn wasm_m_add_wasm_call(
//!         callee: *mut VmContext, caller: *mut VmContext, a: i32, b: i32,
//!     ) -> VmReturn;
//! }
//! pub fn add(&mut self, a: i32, b: i32) -> Result<i32, Error> {
//!     unsafe {
//!         let bits = call(&mut self.store, self.instance, |vm| wasm_m_add_wasm_call(vm, vm, a, b))?;
//!         Ok(returned(&self.store, bits))
//!     }
//! }
//! ```

pub use wasmaot_abi::ABI_VERSION;
pub use wasmaot_abi::calls::{ArrayCall, VmReturn};
pub use wasmaot_abi::context::{VmContext, VmFuncRef};
pub use wasmaot_abi::module::{VmExports, VmModule};
pub use wasmaot_abi::value::ValRaw;

use std::ptr::NonNull;

use wasmaot_abi::module::ExternKind;

use crate::error::Result;
use crate::global::Global;
use crate::host::take_failure;
use crate::instance::{self, Instance};
use crate::link::Extern;
use crate::memory::Memory;
use crate::raw::{Context, ModuleRef};
use crate::store::{AsStore, AsStoreMut, enter, inner, inner_ptr};
use crate::table::Table;
use crate::value::WasmTy;

pub use crate::builtins::{BuiltinSymbol, builtins};

/// Makes an instance of a module that is given its imports in its order. Its exports are known
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
    let given: Vec<_> = imports.iter().copied().map(Some).collect();
    // SAFETY: the caller's promise.
    let module = unsafe { ModuleRef::new(module) };
    instance::instantiate(store, module, None, &given, None)
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

/// A single result, from the bits that [`call`] returned.
///
/// # Safety
/// The call was of a function with this result, and nothing was called since.
#[inline]
pub unsafe fn returned<V: WasmTy>(store: &impl AsStore, bits: u64) -> V {
    // SAFETY: the caller's promise.
    unsafe { V::from_bits(bits, inner(store)) }
}

/// One of many results, from its slot.
///
/// # Safety
/// As [`returned`].
#[inline]
pub unsafe fn slot<V: WasmTy>(store: &impl AsStore, slot: &ValRaw) -> V {
    // SAFETY: the caller's promise.
    unsafe { returned(store, slot.to_u64()) }
}

/// The memory with this index in the instance's module, imported ones first.
///
/// # Panics
/// If the instance is of another store, or the module has no such memory.
pub fn memory(store: &impl AsStore, instance: Instance, index: u32) -> Memory {
    let store = inner(store);
    let context = instance.context(store);
    let n = context.imported(ExternKind::Memory) as usize + context.module().memories().len();
    assert!((index as usize) < n, "the module has {n} memories");
    instance.memory(store, index)
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
