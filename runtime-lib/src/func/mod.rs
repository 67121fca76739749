//! Functions of guests and of the host, as the host holds and calls them.

pub(crate) mod typed;
pub(crate) mod wrap;

use std::ptr::NonNull;

use wasmaot_abi::context::{VmFuncRef, VmHostContext};
use wasmaot_abi::value::ValRaw;

use crate::error::{Error, Result};
use crate::func::typed::TypedFunc;
use crate::func::wrap::IntoFunc;
use crate::handle::Handle;
use crate::host::{self, Caller, HostFunc, HostParts};
use crate::raw::TypeRef;
use crate::store::{AsStore, AsStoreMut, StoreInner, enter, inner, inner_mut, inner_ptr};
use crate::types::{Concrete, ConcreteFuncType, FuncType, func_type};
use crate::value::{Val, WasmParams, WasmResults};

/// A function of a guest or of the host. A copyable handle; equal handles are one function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Func(pub(crate) Handle<VmFuncRef>);

impl Func {
    /// Makes a function of the host of a closure, whose types say the function's type. See
    /// [`IntoFunc`] for what closures there can be.
    ///
    /// ```
    /// # use wasmaot::{Caller, Func, Store};
    /// let mut store = Store::new(0);
    /// let count = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, by: i32| {
    ///     *caller.data_mut() += by;
    ///     *caller.data()
    /// });
    /// let count = count.typed::<i32, i32>(&store).unwrap();
    /// assert_eq!(count.call(&mut store, 3).unwrap(), 3);
    /// ```
    pub fn wrap<S: AsStoreMut, P, R>(mut store: S, func: impl IntoFunc<S::Data, P, R>) -> Self {
        // SAFETY: the trait's parts belong together.
        unsafe { Self::host(inner_mut(&mut store), func.into_parts()) }
    }

    /// Makes a function of the host of a closure that finds its parameters in one slice and
    /// leaves its results in the other, where it finds zeroes and nulls.
    pub fn new<S: AsStoreMut, F, E>(mut store: S, ty: FuncType, func: F) -> Self
    where
        F: Fn(Caller<'_, S::Data>, &[Val], &mut [Val]) -> Result<(), E> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        // SAFETY: the parts belong together.
        unsafe { Self::host(inner_mut(&mut store), host::dynamic::<S::Data, _>(ty, func)) }
    }

    /// # Safety
    /// The parts belong together and to the store's type of data.
    unsafe fn host(store: &mut StoreInner, parts: HostParts) -> Self {
        // SAFETY: the caller's promise; the function lives as long as the store.
        unsafe {
            let func = HostFunc::make(store, parts);
            Self(Handle::new(store.id, func))
        }
    }

    /// The function's type.
    pub fn ty(&self, store: impl AsStore) -> FuncType {
        self.ty_in(inner(&store))
    }

    pub(crate) fn ty_in(&self, store: &StoreInner) -> FuncType {
        match self.host_func(store) {
            Some(func) => func.ty(),
            None => func_type(self.type_ref(store)),
        }
    }

    /// The function, if it is one of the host's.
    pub(crate) fn host_func<'a>(&self, store: &'a StoreInner) -> Option<&'a HostFunc> {
        // SAFETY: the function lives as long as the store.
        self.host_ptr(store).map(|host| unsafe { host.as_ref() })
    }

    fn host_ptr(&self, store: &StoreInner) -> Option<NonNull<HostFunc>> {
        let func = self.0.get(store.id);
        // SAFETY: the function lives as long as the store; a callee that is no instance is the
        // head of a host function.
        unsafe {
            let callee = NonNull::new_unchecked((*func.as_ptr()).callee);
            host::instance_of(callee).is_none().then(|| callee.cast())
        }
    }

    /// Whether a reference to the function is one to functions of this type. If so, guests can
    /// call it by that type from now on.
    pub(crate) fn is_of(&self, ty: ConcreteFuncType, store: &StoreInner) -> bool {
        let ty = match ty.0 {
            Concrete::Guest(ty) => ty,
            // The store's modules have seen to it that guests can call it.
            Concrete::Rust(..) => return self.ty_in(store) == ty.ty(),
        };
        let Some(host) = self.host_ptr(store) else { return self.type_ref(store).same(ty) };
        // SAFETY: a function of the store; it is given the type only if it is of the type.
        unsafe {
            let HostFunc { params, results, func_ref, .. } = host.as_ref();
            let (fits, resolved) = (ty.is(params, results), !func_ref.ty.is_null());
            if fits && !resolved {
                host::resolve(host, ty);
            }
            fits
        }
    }

    /// The type of a guest's function.
    pub(crate) fn type_ref(&self, store: &StoreInner) -> TypeRef {
        // SAFETY: the function lives as long as the store, and a guest's has a type.
        unsafe { TypeRef::new((*self.0.get(store.id).as_ptr()).ty) }
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If the parameters or results are not as many or not of the types that the function has; a
    /// trap; the error of a host function.
    ///
    /// # Panics
    /// If the function, or one among the parameters, is of another store; and if a host function
    /// that it called panicked.
    pub fn call(
        &self,
        mut store: impl AsStoreMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let ty = self.ty(&store);
        let fits = ty.params().len() == params.len()
            && ty.results().len() == results.len()
            && ty.params().iter().zip(params).all(|(&ty, value)| value.fits(ty, inner(&store)));
        if !fits {
            let given = FuncType::new(params.iter().map(Val::ty), []);
            let n = results.len();
            return Err(Error::refused(format_args!(
                "a function of type `{ty}` was called as `{given}` with room for {n} results"
            )));
        }
        let mut slots = vec![ValRaw::default(); params.len().max(results.len())];
        let raw = inner_ptr(&store);
        // SAFETY: the store is mutably borrowed; the types were checked.
        unsafe {
            enter(raw);
            for (slot, value) in slots.iter_mut().zip(params) {
                *slot = value.to_raw(inner_mut(&mut store));
            }
            self.call_raw(raw, slots.as_mut_ptr(), slots.len())?;
            for ((result, slot), &ty) in results.iter_mut().zip(&slots).zip(ty.results()) {
                *result = Val::from_raw(*slot, ty, inner(&store));
            }
        }
        Ok(())
    }

    /// Calls the function with slots that hold the parameters.
    ///
    /// # Safety
    /// The store is at the caller's disposal and was entered; the slots are `max(parameters,
    /// results)` and hold values of the parameters' types.
    #[inline]
    pub(crate) unsafe fn call_raw(
        &self,
        store: *mut StoreInner,
        slots: *mut ValRaw,
        len: usize,
    ) -> Result<()> {
        // SAFETY: the caller's promise, for the rest.
        let ok = unsafe {
            let func = self.0.get((*store).id).as_ptr();
            let VmFuncRef { wasm_call, ty, callee } = func.read();
            match host::instance_of(NonNull::new_unchecked(callee)) {
                Some(_) => ((*ty).enter)(callee, callee, slots, wasm_call),
                // The host calls itself: no need to go through a guest's convention.
                None => {
                    let array_call = (*callee.cast::<VmHostContext>()).array_call;
                    array_call(callee, std::ptr::null_mut(), slots, len)
                }
            }
        };
        if ok { Ok(()) } else { Err(host::take_failure(store)) }
    }

    /// The function with a type that is known at compile time.
    ///
    /// # Errors
    /// If the function has another type.
    pub fn typed<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsStore,
    ) -> Result<TypedFunc<P, R>> {
        let ty = self.ty(store);
        if ty.params() == P::TYPES && ty.results() == R::TYPES {
            return Ok(TypedFunc::new(*self));
        }
        let asked = FuncType::new(P::TYPES.iter().copied(), R::TYPES.iter().copied());
        Err(Error::refused(format_args!("a function of type `{ty}` was asked for as `{asked}`")))
    }
}
