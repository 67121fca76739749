//! Functions of the host: how they are kept, how guests reach them, and what they are given.
//! Nothing unwinds into a guest's frames: a panic is caught, kept in the store, and goes on
//! where the host had called the guest.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use wasmaot_abi::calls::ArrayCall;
use wasmaot_abi::context::*;
use wasmaot_abi::value::ValRaw;

use crate::error::Error;
use crate::func::wrap::HostResult;
use crate::handle::{Handle, Owned};
use crate::instance::Instance;
use crate::module::find_type;
use crate::raw::{Context, ModuleRef, TypeRef};
use crate::store::*;
use crate::thread;
use crate::types::{FuncType, ValType};
use crate::value::{Val, WasmResults};

/// A function of the host, in its store. The context comes first: its address is the whole's.
#[repr(C)]
pub(crate) struct HostFunc {
    pub(crate) context: VmHostContext,
    pub(crate) func_ref: VmFuncRef,
    pub(crate) params: Cow<'static, [ValType]>,
    pub(crate) results: Cow<'static, [ValType]>,
    way_out: WayOut,
    drop_data: unsafe fn(*mut c_void),
}

/// How guests come to a function of the host.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WayOut {
    /// They call this, in their own convention.
    Own(*const u8),
    /// By their type's way out to a native call.
    Native(*const u8),
    /// By their type's way out to an array call.
    Array,
}

/// What a function of the host consists of, before it is in a store.
#[derive(Debug)]
pub struct HostParts {
    pub(crate) way_out: WayOut,
    pub(crate) array_call: ArrayCall,
    pub(crate) params: Cow<'static, [ValType]>,
    pub(crate) results: Cow<'static, [ValType]>,
    pub(crate) data: *mut c_void,
    pub(crate) drop_data: unsafe fn(*mut c_void),
}

/// A function that the program itself provides: what a `VmImport` points at.
#[cfg(feature = "wasi")]
pub(crate) struct Provided {
    /// Makes its parts.
    pub(crate) parts: fn() -> HostParts,
}

impl HostFunc {
    /// The function that the program provides for an import, made when first asked for.
    ///
    /// # Safety
    /// It is the address in a `VmImport` of an object's.
    #[cfg(feature = "wasi")]
    pub(crate) unsafe fn provided(
        store: &mut StoreInner,
        provided: *const Provided,
    ) -> NonNull<VmFuncRef> {
        let known = store.funcs.as_ref().and_then(|funcs| funcs.provided(provided));
        if let Some(func) = known {
            return func;
        }
        // SAFETY: a constant of the runtime's; its parts belong together.
        let func = unsafe { Self::make(store, ((*provided).parts)()) };
        store.funcs.get_or_insert_default().provide(provided, func);
        func
    }

    /// # Safety
    /// The parts belong together: the calls expect `data`, and `drop_data` drops it.
    pub(crate) unsafe fn make(store: &mut StoreInner, parts: HostParts) -> NonNull<VmFuncRef> {
        let HostParts { way_out, array_call, params, results, data, drop_data } = parts;
        let func = Owned::new(Self {
            context: VmHostContext {
                magic: MAGIC_HOST,
                store: store.this.cast(),
                native_call: match way_out {
                    WayOut::Native(call) => call,
                    WayOut::Own(_) | WayOut::Array => std::ptr::null(),
                },
                array_call,
                data,
            },
            func_ref: VmFuncRef {
                wasm_call: std::ptr::null(),
                ty: std::ptr::null(),
                callee: std::ptr::null_mut(),
            },
            params,
            results,
            way_out,
            drop_data,
        });
        let ptr = func.ptr();
        store.funcs.get_or_insert_default().push(func);
        // SAFETY: the function is alive.
        unsafe {
            (*ptr.as_ptr()).func_ref.callee = ptr.as_ptr().cast();
            let HostFunc { params, results, .. } = ptr.as_ref();
            if let Some(ty) = store.modules.find_type(params, results) {
                resolve(ptr, ty);
            }
            NonNull::new_unchecked(&raw mut (*ptr.as_ptr()).func_ref)
        }
    }

    pub(crate) fn ty(&self) -> FuncType {
        FuncType::new(self.params.iter().copied(), self.results.iter().copied())
    }
}

impl Drop for HostFunc {
    fn drop(&mut self) {
        // SAFETY: what `make` was promised; dropped once.
        unsafe { (self.drop_data)(self.context.data) };
    }
}

/// A store's functions of the host. Behind a trait, so that programs that have none are without what there is to
/// do about them.
pub(crate) trait HostFuncs {
    fn push(&mut self, func: Owned<HostFunc>);

    /// Gives functions that guests cannot call yet the way out of a module's type that fits.
    fn resolve(&mut self, module: ModuleRef);

    /// A function that the program itself provides, if it was made already.
    #[cfg(feature = "wasi")]
    fn provided(&self, provided: *const Provided) -> Option<NonNull<VmFuncRef>>;

    #[cfg(feature = "wasi")]
    fn provide(&mut self, provided: *const Provided, func: NonNull<VmFuncRef>);
}

#[derive(Default)]
struct Funcs {
    all: Vec<Owned<HostFunc>>,
    /// Those that no module's type has been found for yet.
    unresolved: Vec<NonNull<HostFunc>>,
    /// Those that the program itself provides.
    #[cfg(feature = "wasi")]
    provided: Vec<(*const Provided, NonNull<VmFuncRef>)>,
}

impl Default for Box<dyn HostFuncs> {
    fn default() -> Self {
        Box::new(Funcs::default())
    }
}

impl HostFuncs for Funcs {
    fn push(&mut self, func: Owned<HostFunc>) {
        self.unresolved.push(func.ptr());
        self.all.push(func);
    }

    fn resolve(&mut self, module: ModuleRef) {
        self.unresolved.retain(|&func| {
            // SAFETY: the store's functions live as long as it.
            let ty = unsafe {
                let func = func.as_ref();
                match NonNull::new(func.func_ref.ty.cast_mut()) {
                    Some(_) => return false,
                    None => find_type(module, &func.params, &func.results),
                }
            };
            match ty {
                Some(ty) => {
                    // SAFETY: as above.
                    unsafe { resolve(func, ty) };
                    false
                }
                None => true,
            }
        });
    }

    #[cfg(feature = "wasi")]
    fn provided(&self, provided: *const Provided) -> Option<NonNull<VmFuncRef>> {
        let known = self.provided.iter().find(|(known, _)| *known == provided);
        known.map(|&(_, func)| func)
    }

    #[cfg(feature = "wasi")]
    fn provide(&mut self, provided: *const Provided, func: NonNull<VmFuncRef>) {
        self.provided.push((provided, func));
    }
}

/// Lets guests call a function, which has this type, through its own way out or the type's.
///
/// # Safety
/// The function is alive and of this type.
pub(crate) unsafe fn resolve(func: NonNull<HostFunc>, ty: TypeRef) {
    // SAFETY: the caller's promise.
    unsafe {
        let func = func.as_ptr();
        (*func).func_ref.wasm_call = match (*func).way_out {
            WayOut::Own(code) => code,
            WayOut::Native(_) => ty.get().exit_native,
            WayOut::Array => ty.get().exit_array,
        };
        (*func).func_ref.ty = ty.as_ptr();
    }
}

/// Access to the store from a function of the host, for the time of the call.
pub struct Caller<'a, T> {
    store: RawStore<T>,
    caller: *mut VmContext,
    borrow: PhantomData<&'a mut T>,
}

impl<T> Caller<'_, T> {
    /// The host's data.
    pub fn data(&self) -> &T {
        AsStore::data(self)
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        AsStoreMut::data_mut(self)
    }

    /// The instance that called, if it was one and not the host itself.
    pub fn instance(&self) -> Option<Instance> {
        let context = NonNull::new(self.caller)?;
        // SAFETY: the caller's context, null or that of an instance of this store.
        Some(unsafe { Instance(Handle::new(inner(self).id, context)) })
    }

    /// The export of the calling instance with this name.
    pub fn get_export(&self, name: &str) -> Option<crate::Extern> {
        self.instance()?.get_export(self, name)
    }
}

impl<T> std::fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl<T> AsStore for Caller<'_, T> {
    type Data = T;

    #[inline]
    fn raw_store(&self, _: Sealed) -> RawStore<T> {
        self.store
    }
}

impl<T> AsStoreMut for Caller<'_, T> {}

/// What a call of a function of the host needs beside its arguments.
pub(crate) struct Call<T> {
    pub(crate) store: RawStore<T>,
    caller: *mut VmContext,
}

impl<T> Call<T> {
    /// # Safety
    /// `callee` is a live host context of a store with data `T`, `caller` null or the context of
    /// an instance of that store; the store is at the function's disposal for the call.
    #[inline(always)]
    pub(crate) unsafe fn new(callee: *mut VmHostContext, caller: *mut VmContext) -> Self {
        // SAFETY: the caller's promise.
        let store = unsafe { RawStore::from_inner((*callee).store.cast()) };
        Self { store, caller }
    }

    /// Whether host values are to be collected, once the arguments are values of the host's.
    #[inline(always)]
    pub(crate) fn is_due(&self) -> bool {
        // SAFETY: the store is at our disposal.
        unsafe { (*self.store.inner()).attention }
    }

    /// Collects host values if that is due.
    pub(crate) fn collect(&self) {
        // SAFETY: the store is at our disposal.
        unsafe { safepoint(self.store.inner()) };
    }

    /// Runs the host's code and hands its results to `done`.
    #[inline(always)]
    fn run<'a, R: HostResult, V>(
        &self,
        body: impl FnOnce(Caller<'a, T>) -> R,
        done: impl FnOnce(R::Values, &mut StoreInner) -> V,
    ) -> Option<V>
    where
        T: 'a,
    {
        let inner = self.store.inner();
        let caller = Caller { store: self.store, caller: self.caller, borrow: PhantomData };
        let result = catch_unwind(AssertUnwindSafe(|| {
            let values = body(caller).into_result()?;
            // SAFETY: the store is at our disposal.
            Ok(done(values, unsafe { &mut *inner }))
        }));
        match result {
            Ok(Ok(values)) => Some(values),
            Ok(Err(error)) => fail(inner, Failure::Error(error)),
            Err(panic) => fail(inner, Failure::Panic(panic)),
        }
    }

    /// Runs the host's code: a native call with one result at most, and that no vector.
    ///
    /// # Safety
    /// A guest called; nothing in the frames that this call adds to the stack needs to be dropped,
    /// other than `body`.
    #[inline(always)]
    pub(crate) unsafe fn native<'a, R: HostResult>(
        &self,
        body: impl FnOnce(Caller<'a, T>) -> R,
    ) -> <R::Values as WasmResults>::Native
    where
        T: 'a,
    {
        match self.run(body, |values, inner| values.into_native(inner)) {
            Some(value) => value,
            // SAFETY: what `run` was given it has dropped; the rest is the caller's promise.
            None => unsafe { thread::raise() },
        }
    }

    /// Runs the host's code and puts its results into slots. Returns whether it succeeded.
    ///
    /// # Safety
    /// `slots` has room for them.
    #[inline(always)]
    pub(crate) unsafe fn in_slots<'a, R: HostResult>(
        &self,
        slots: *mut ValRaw,
        body: impl FnOnce(Caller<'a, T>) -> R,
    ) -> bool
    where
        T: 'a,
    {
        let done = |values: R::Values, inner: &mut StoreInner| {
            // SAFETY: the caller's promise.
            let slots = unsafe { std::slice::from_raw_parts_mut(slots, <R::Values>::TYPES.len()) };
            values.into_slots(inner, slots);
        };
        self.run(body, done).is_some()
    }
}

#[cold]
fn fail<V>(store: *mut StoreInner, failure: Failure) -> Option<V> {
    // SAFETY: called while the store is at our disposal.
    unsafe { (*store).failure = Some(failure) };
    None
}

/// A closure over values whose types are known at run time only.
pub(crate) trait Dynamic<T>: Send {
    fn call(&self, caller: Caller<'_, T>, params: &[Val], results: &mut [Val])
    -> Result<(), Error>;
}

impl<T, F, E> Dynamic<T> for F
where
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), E> + Send,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn call(
        &self,
        caller: Caller<'_, T>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        self(caller, params, results).map_err(Error::new)
    }
}

/// The parts of a dynamic function.
pub(crate) fn dynamic<T, F: Dynamic<T> + 'static>(ty: FuncType, func: F) -> HostParts {
    HostParts {
        way_out: WayOut::Array,
        array_call: dynamic_call::<T, F>,
        params: Cow::Owned(ty.params().to_vec()),
        results: Cow::Owned(ty.results().to_vec()),
        data: Box::into_raw(Box::new(func)).cast(),
        drop_data: drop_box::<F>,
    }
}

/// # Safety
/// The address is that of a box of `F`, which nobody uses any more.
pub(crate) unsafe fn drop_box<F>(data: *mut c_void) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(data.cast::<F>()) });
}

unsafe extern "C" fn dynamic_call<T, F: Dynamic<T>>(
    callee: *mut VmContext,
    caller: *mut VmContext,
    values: *mut ValRaw,
    len: usize,
) -> bool {
    // SAFETY: guests and `Func::call` call with a host context of the store, with the closure
    // that it was made with, and with slots that hold the parameters. What is borrowed here does
    // not change; other parts of the function may.
    let (call, func, types, slots) = unsafe {
        let host = callee.cast::<HostFunc>();
        (
            Call::<T>::new(callee.cast(), caller),
            &*(*host).context.data.cast::<F>(),
            ((&(*host).params) as &[ValType], (&(*host).results) as &[ValType]),
            std::slice::from_raw_parts_mut(values, len),
        )
    };
    let inner = call.store.inner();
    let params: Vec<Val> = types
        .0
        .iter()
        .zip(slots.iter())
        // SAFETY: as above.
        .map(|(&ty, slot)| unsafe { Val::from_raw(*slot, ty, &*inner) })
        .collect();
    call.collect();
    // The parameters are dropped where a panic of theirs is caught.
    let body = move |caller: Caller<'_, T>| -> Result<(), Error> {
        let params = params;
        let mut results: Vec<Val> = types.1.iter().map(|&ty| Val::default_of(ty)).collect();
        func.call(caller, &params, &mut results)?;
        for ((value, &ty), slot) in results.iter().zip(types.1).zip(slots) {
            // SAFETY: the store is at our disposal again.
            if !value.fits(ty, unsafe { &*inner }) {
                let given = value.ty();
                return Err(Error::refused(format_args!(
                    "a host function was to return {ty}, but returned {given}"
                )));
            }
            // SAFETY: the store is at our disposal again.
            *slot = value.to_raw(unsafe { &mut *inner });
        }
        Ok(())
    };
    call.run(body, |(), _| ()).is_some()
}

/// Why the innermost call failed, as the caller in the host gets it.
///
/// # Panics
/// Resumes the panic of a host function.
#[cold]
#[inline(never)]
pub(crate) fn take_failure(store: *mut StoreInner) -> Error {
    if let Some(trap) = crate::frames::take_trap() {
        return trap.into();
    }
    // SAFETY: called while the store is at our disposal.
    let failure = unsafe { (*store).failure.take() };
    match failure {
        Some(Failure::Error(error)) => error,
        Some(Failure::Panic(payload)) => resume(payload),
        None => Error::refused(format_args!("a call of a guest failed without a reason")),
    }
}

fn resume(payload: Box<dyn Any + Send>) -> ! {
    std::panic::resume_unwind(payload)
}

/// The instance that a context is of, if it is none of a host function.
pub(crate) fn instance_of(context: NonNull<VmContext>) -> Option<Context> {
    // SAFETY: both kinds of context begin with their kind; a reference's callee is one of them.
    unsafe { (context.cast::<u64>().read() == MAGIC_INSTANCE).then(|| Context::new(context)) }
}
