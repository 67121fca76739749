//! Globals: sixteen bytes in an instance's context, or in the host's keeping.

use std::ptr::NonNull;

use wasmaot_abi::context::VmGlobal;
use wasmaot_abi::value::ValRaw;

use crate::error::{Error, Result};
use crate::handle::{Handle, Owned};
use crate::store::{AsStore, AsStoreMut, StoreInner, inner, inner_mut, inner_ptr, safepoint};
use crate::types::GlobalType;
use crate::value::Val;

/// A global. A copyable handle; equal handles are one global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Global {
    handle: Handle<VmGlobal>,
    ty: GlobalType,
}

/// A global that the host made.
pub(crate) struct HostGlobal {
    pub(crate) vm: VmGlobal,
    pub(crate) ty: GlobalType,
}

impl Global {
    /// # Safety
    /// It is the address of a global of this type that lives as long as the store.
    pub(crate) unsafe fn from_vm(
        store: &StoreInner,
        vm: NonNull<VmGlobal>,
        ty: GlobalType,
    ) -> Self {
        // SAFETY: the caller's promise.
        Self { handle: unsafe { Handle::new(store.id, vm) }, ty }
    }

    /// Makes a global that guests can import.
    ///
    /// # Errors
    /// If the value does not fit the type.
    pub fn new(mut store: impl AsStoreMut, ty: GlobalType, value: Val) -> Result<Self> {
        check(&store, &ty, &value)?;
        let raw = pass(&mut store, &value);
        let store = inner_mut(&mut store);
        let global = Owned::new(HostGlobal { vm: VmGlobal { bytes: [0; 16] }, ty });
        let ptr = global.ptr().as_ptr();
        store.globals.push(global);
        // SAFETY: the global lives as long as the store.
        unsafe {
            let vm = NonNull::new_unchecked(&raw mut (*ptr).vm);
            write(vm, raw);
            Ok(Self::from_vm(store, vm, ty))
        }
    }

    /// The address, for whoever holds the store.
    pub(crate) fn vm(&self, store: &StoreInner) -> NonNull<VmGlobal> {
        self.handle.get(store.id)
    }

    /// The global's type.
    pub fn ty(&self, _store: impl AsStore) -> GlobalType {
        self.ty
    }

    pub(crate) fn type_of(&self) -> GlobalType {
        self.ty
    }

    /// The global's value.
    pub fn get(&self, store: impl AsStore) -> Val {
        let store = inner(&store);
        // SAFETY: the global lives as long as the store and is of this type.
        unsafe { Val::from_raw(read(self.vm(store)), self.ty.value, store) }
    }

    /// Sets the global.
    ///
    /// # Errors
    /// If it is constant or the value does not fit.
    pub fn set(&self, mut store: impl AsStoreMut, value: Val) -> Result<()> {
        let vm = self.vm(inner(&store));
        if !self.ty.mutable {
            return Err(Error::refused(format_args!("a {} cannot be set", self.ty)));
        }
        check(&store, &self.ty, &value)?;
        let raw = pass(&mut store, &value);
        // SAFETY: the global lives as long as the store.
        unsafe { write(vm, raw) };
        Ok(())
    }
}

fn check(store: &impl AsStore, ty: &GlobalType, value: &Val) -> Result<()> {
    if value.fits(ty.value, inner(store)) {
        return Ok(());
    }
    Err(Error::refused(format_args!("a {} is none for a {ty}", value.ty())))
}

/// The value as compiled code has it.
fn pass(store: &mut impl AsStoreMut, value: &Val) -> ValRaw {
    // SAFETY: the store is mutably borrowed.
    unsafe { safepoint(inner_ptr(store)) };
    value.to_raw(inner_mut(store))
}

/// The value.
///
/// # Safety
/// The global is live.
pub(crate) unsafe fn read(vm: NonNull<VmGlobal>) -> ValRaw {
    // SAFETY: the caller's promise. Values of every size start at the first byte.
    ValRaw::from_u128(unsafe { vm.cast::<u128>().read() })
}

/// # Safety
/// The global is live.
pub(crate) unsafe fn write(vm: NonNull<VmGlobal>, value: ValRaw) {
    // SAFETY: the caller's promise.
    unsafe { vm.cast::<u128>().write(value.to_u128()) }
}
