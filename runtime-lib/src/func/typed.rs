//! Functions whose types are checked once, so that calls need not.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use wasmaot_abi::context::VmFuncRef;
use wasmaot_abi::value::ValRaw;

use crate::error::Result;
use crate::func::Func;
use crate::store::{AsStoreMut, inner, inner_mut, inner_ptr};
use crate::value::{WasmParams, WasmResults};
use crate::{arch, host};

/// The most slots that a [`TypedFunc`]'s call needs. Those that it does not are not written.
const SLOTS: usize = 16;

/// A [`Func`] whose type is known to be that of `P` and `R`.
pub struct TypedFunc<P, R> {
    func: Func,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, R> Copy for TypedFunc<P, R> {}

impl<P, R> fmt::Debug for TypedFunc<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.func.fmt(f)
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// The function must have this type.
    pub(crate) fn new(func: Func) -> Self {
        Self { func, types: PhantomData }
    }

    /// The function.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// A trap, or the error of a host function that it called.
    ///
    /// # Panics
    /// If the function, or one among the parameters, is of another store; and if a host function
    /// that it called panicked.
    #[inline]
    pub fn call(&self, mut store: impl AsStoreMut, params: P) -> Result<R> {
        let raw = inner_ptr(&store);
        // SAFETY: the store is mutably borrowed; the function's type was checked.
        unsafe {
            crate::store::enter(raw);
            if let Some(way) = const { arch::way_in(P::TYPES, R::TYPES) } {
                let VmFuncRef { wasm_call, callee, .. } = self.func.0.get((*raw).id).read();
                if host::instance_of(NonNull::new_unchecked(callee)).is_some() {
                    let returned = params.enter(inner_mut(&mut store), way, callee, wasm_call);
                    if returned.status != 0 {
                        return Err(host::take_failure(raw));
                    }
                    let slots = [ValRaw::from_u64(returned.value)];
                    return Ok(R::from_slots(&slots, inner(&store)));
                }
            }
            self.call_by_slots(&mut store, params)
        }
    }

    /// Calls the function with parameters and results in slots.
    ///
    /// # Safety
    /// The store was entered.
    unsafe fn call_by_slots(&self, store: &mut impl AsStoreMut, params: P) -> Result<R> {
        let mut storage = [const { MaybeUninit::<ValRaw>::uninit() }; SLOTS];
        let len = P::TYPES.len().max(R::TYPES.len());
        storage[..len].iter_mut().for_each(|slot| _ = slot.write(ValRaw::default()));
        // SAFETY: written just now; the rest is as in `call`.
        unsafe {
            let slots = storage[..len].assume_init_mut();
            params.into_slots(inner_mut(store), slots);
            self.func.call_raw(inner_ptr(store), slots.as_mut_ptr(), len)?;
            Ok(R::from_slots(slots, inner(store)))
        }
    }
}
