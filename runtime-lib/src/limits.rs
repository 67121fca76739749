//! How long a store's guests may run: fuel, deadlines, interruption; and what happens when they
//! reach the limit. What costs how much fuel, and where code looks, is the compiler's to say
//! (`Config::fuel`, `translate/meter.rs`); who may stop guests from outside is in
//! [`interrupt`](crate::interrupt).

use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use wasmaot_abi::traps::TrapCode;

use crate::error::{Error, Result};
use crate::frames;
use crate::host::{Caller, drop_box};
use crate::interrupt::{Epoch, InterruptHandle, LATE, STOPPED};
use crate::raw::ModuleRef;
use crate::store::{AsStoreMut, Failure, RawStore, Store, StoreInner, inner, inner_mut, inner_ptr};

/// What bounds the running of a store's guests, beside what they may have.
pub(crate) struct Bounds {
    /// What compiled code looks at, in memory of its own.
    pub(crate) handle: InterruptHandle,
    /// Whether the host ever gave fuel.
    metered: bool,
    out_of_fuel: Option<Hook>,
    deadline: Option<Box<dyn Deadline>>,
    past_deadline: Option<Hook>,
}

/// When a store's guests are late. Behind a trait, so that programs that set no deadline are without
/// clocks.
trait Deadline: Send + Sync {
    fn epoch(&self) -> Epoch;

    /// Takes it back, past or not; the store's guests are not late any more.
    fn remove(&self, store: u64, handle: &InterruptHandle);
}

/// A deadline by a clock.
struct Tick {
    epoch: Epoch,
    at: u64,
}

impl Deadline for Tick {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn remove(&self, store: u64, handle: &InterruptHandle) {
        self.epoch.remove(store, self.at);
        handle.clear(LATE);
    }
}

/// A function of the host's that is given its data and may give more of something.
///
/// In parts, because a store's data need not live as long as a boxed closure over them would want.
struct Hook {
    call: unsafe fn(*mut c_void, *mut StoreInner) -> Option<u64>,
    closure: *mut c_void,
    drop: unsafe fn(*mut c_void),
}

// SAFETY: it owns a closure that is `Send`.
unsafe impl Send for Hook {}

impl Hook {
    fn new<T, F: FnMut(&mut T) -> Option<u64> + Send + 'static>(closure: F) -> Self {
        unsafe fn call<T, F: FnMut(&mut T) -> Option<u64>>(
            closure: *mut c_void,
            store: *mut StoreInner,
        ) -> Option<u64> {
            // SAFETY: as `Hook::call` is promised.
            unsafe { (*closure.cast::<F>())(&mut *RawStore::<T>::from_inner(store).data()) }
        }
        let closure = Box::into_raw(Box::new(closure)).cast();
        Self { call: call::<T, F>, closure, drop: drop_box::<F> }
    }

    /// # Safety
    /// It is a hook of this store, to whose data nobody has a reference.
    unsafe fn call(&mut self, store: *mut StoreInner) -> Option<u64> {
        // SAFETY: the caller's promise.
        unsafe { (self.call)(self.closure, store) }
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // SAFETY: made by `new`, dropped once.
        unsafe { (self.drop)(self.closure) };
    }
}

impl fmt::Debug for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounds").field("fuel", &self.fuel()).finish_non_exhaustive()
    }
}

impl Bounds {
    pub(crate) fn new() -> Self {
        Self {
            handle: InterruptHandle::new(),
            metered: false,
            out_of_fuel: None,
            deadline: None,
            past_deadline: None,
        }
    }

    fn fuel(&self) -> u64 {
        u64::try_from(self.handle.limits().fuel.load(Ordering::Relaxed)).unwrap_or(0)
    }

    fn set_fuel(&mut self, fuel: u64) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        self.handle.limits().fuel.store(fuel, Ordering::Relaxed);
        self.metered = true;
    }

    /// Whether a module can be instantiated, as far as fuel goes.
    pub(crate) fn check(&self, module: ModuleRef) -> Result<()> {
        let name = module.name();
        match (module.has_fuel(), self.metered) {
            (true, false) => Err(Error::refused(format_args!(
                "module `{name}` was compiled with fuel, of which its store was given none: call \
                 `Store::set_fuel` first"
            ))),
            (false, true) => Err(Error::refused(format_args!(
                "module `{name}` was compiled without fuel, and its store was given some: it \
                 would run without a limit. Compile it with the option `fuel`"
            ))),
            _ => Ok(()),
        }
    }

    fn clear_deadline(&mut self, store: u64) {
        if let Some(deadline) = self.deadline.take() {
            deadline.remove(store, &self.handle);
        }
    }

    fn set_deadline(&mut self, store: u64, epoch: &Epoch, ticks: u64) {
        self.clear_deadline(store);
        let at = epoch.add(store, ticks, &self.handle);
        self.deadline = Some(Box::new(Tick { epoch: epoch.clone(), at }));
    }

    /// What is left to do with the store.
    pub(crate) fn end(&mut self, store: u64) {
        self.clear_deadline(store);
    }
}

/// Calls a hook, if there is one.
///
/// # Errors
/// Its panic.
///
/// # Safety
/// The store is at the caller's disposal.
unsafe fn call_hook(
    store: *mut StoreInner,
    hook: impl Fn(&mut Bounds) -> &mut Option<Hook>,
) -> Result<Option<u64>, Failure> {
    // SAFETY: the caller's promise. The hook is out of the store while it runs.
    unsafe {
        let Some(mut taken) = hook(&mut (*store).bounds).take() else { return Ok(None) };
        let result = catch_unwind(AssertUnwindSafe(|| taken.call(store)));
        *hook(&mut (*store).bounds) = Some(taken);
        result.map_err(Failure::Panic)
    }
}

/// Fuel has fallen below 0: gets more, or says why the guest ends.
///
/// # Safety
/// The store is at the caller's disposal.
pub(crate) unsafe fn refuel(store: *mut StoreInner) -> Result<(), Ended> {
    // SAFETY: the caller's promise.
    unsafe {
        let fuel = |store: *mut StoreInner| &(*store).bounds.handle.limits().fuel;
        loop {
            let ended = match call_hook(store, |bounds| &mut bounds.out_of_fuel) {
                Ok(Some(more @ 1..)) => {
                    let left = fuel(store).load(Ordering::Relaxed).saturating_add_unsigned(more);
                    fuel(store).store(left, Ordering::Relaxed);
                    if left >= 0 {
                        return Ok(());
                    }
                    continue;
                }
                Ok(_) => Ended::Trap(TrapCode::OutOfFuel),
                Err(panic) => Ended::Failed(panic),
            };
            fuel(store).store(0, Ordering::Relaxed);
            return Err(ended);
        }
    }
}

/// Why a guest does not go on.
pub(crate) enum Ended {
    Trap(TrapCode),
    Failed(Failure),
}

/// Looks whether guests are to stop, and asks the host whether a deadline counts.
///
/// # Safety
/// The store is at the caller's disposal.
pub(crate) unsafe fn interrupted(store: *mut StoreInner) -> Result<(), Ended> {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = (*store).bounds.handle.bits();
        if bits & STOPPED != 0 {
            return Err(Ended::Trap(TrapCode::Interrupted));
        }
        if bits & LATE == 0 {
            return Ok(());
        }
        let more = call_hook(store, |bounds| &mut bounds.past_deadline);
        match more.map_err(Ended::Failed)? {
            None | Some(0) => Err(Ended::Trap(TrapCode::Interrupted)),
            Some(ticks) => {
                let id = (*store).id.get();
                let bounds = &mut (*store).bounds;
                if let Some(epoch) = bounds.deadline.as_ref().map(|deadline| deadline.epoch()) {
                    bounds.set_deadline(id, &epoch, ticks);
                }
                Ok(())
            }
        }
    }
}

/// As [`interrupted`], for a function of the host: the error that it is to end with.
pub(crate) fn check_interrupt(store: impl AsStoreMut) -> Result<()> {
    if inner(&store).bounds.handle.bits() == 0 {
        return Ok(());
    }
    // SAFETY: the store is mutably borrowed.
    match unsafe { interrupted(inner_ptr(&store)) } {
        Ok(()) => Ok(()),
        Err(Ended::Trap(code)) => Err(trap_here(code)),
        Err(Ended::Failed(Failure::Error(error))) => Err(error),
        Err(Ended::Failed(Failure::Panic(panic))) => std::panic::resume_unwind(panic),
    }
}

/// A trap with the guests that are running now.
fn trap_here(code: TrapCode) -> Error {
    // SAFETY: the host runs, so that each guest of the thread, if there is one, is in a call.
    unsafe { frames::capture_in_builtin(code) };
    frames::take_trap().expect("it was captured just now").into()
}

impl<T> Store<T> {
    /// How much fuel is left to the store's guests.
    pub fn fuel(&self) -> u64 {
        inner(self).bounds.fuel()
    }

    /// Sets how much fuel the store's guests have (up to 2^63 - 1), whatever they had. They use 1 for
    /// nearly every instruction, exactly as many on every machine, and trap with
    /// [`TrapCode::OutOfFuel`] before a stretch of instructions for which it does not suffice;
    /// there is none left then. The documentation of the option, `fuel` in the `Config` of
    /// `wasmaot-compiler`, says what costs how much.
    ///
    /// Only modules that were compiled with fuel count. They can be instantiated only in stores that
    /// were given some, and others then cannot: nothing is without a limit by mistake.
    ///
    /// ```no_run
    /// # fn f(run: wasmaot::TypedFunc<(), ()>) -> wasmaot::Result<()> {
    /// use wasmaot::Store;
    ///
    /// let mut store = Store::new(());
    /// store.set_fuel(1_000_000);
    /// // let guest = Guest::with_store(&mut store)?;
    /// run.call(&mut store, ())?;
    /// println!("{} used", 1_000_000 - store.fuel());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_fuel(&mut self, fuel: u64) {
        inner_mut(self).bounds.set_fuel(fuel);
    }

    /// What to do when a guest is out of fuel: the function gives so much more, and the guest goes
    /// on as if nothing had been, or `None` (or 0), and it traps. It is asked again if that was
    /// not enough for what comes next.
    ///
    /// ```
    /// use wasmaot::Store;
    ///
    /// struct Account {
    ///     credit: u64,
    /// }
    ///
    /// let mut store = Store::new(Account { credit: 5_000_000 });
    /// store.set_fuel(0);
    /// store.on_out_of_fuel(|account| {
    ///     account.credit = account.credit.checked_sub(10_000)?;
    ///     Some(10_000)
    /// });
    /// ```
    pub fn on_out_of_fuel(&mut self, hook: impl FnMut(&mut T) -> Option<u64> + Send + 'static) {
        inner_mut(self).bounds.out_of_fuel = Some(Hook::new(hook));
    }

    /// Stops the store's guests when the clock has ticked so often from now on, in the place of any
    /// deadline that was set before: with [`TrapCode::Interrupted`], or by asking
    /// [`on_deadline`](Self::on_deadline). 0 is now. The deadline stays past until another is
    /// set or it is [cleared](Self::clear_deadline).
    ///
    /// Only modules that were compiled with epochs look; waits in the runtime end in any case.
    pub fn set_deadline(&mut self, epoch: &Epoch, ticks: u64) {
        let inner = inner_mut(self);
        inner.bounds.set_deadline(inner.id.get(), epoch, ticks);
    }

    /// Takes the deadline back, past or not.
    pub fn clear_deadline(&mut self) {
        let inner = inner_mut(self);
        inner.bounds.clear_deadline(inner.id.get());
    }

    /// What to do when a guest runs past the deadline: the function gives so many ticks more, from the
    /// clock's present time on, and the guest goes on, or `None` (or 0), and it traps.
    pub fn on_deadline(&mut self, hook: impl FnMut(&mut T) -> Option<u64> + Send + 'static) {
        inner_mut(self).bounds.past_deadline = Some(Hook::new(hook));
    }

    /// What stops the store's guests from other threads.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        inner(self).bounds.handle.clone()
    }

    /// Lets the store's guests run again after they were
    /// [interrupted](InterruptHandle::interrupt).
    pub fn clear_interrupt(&mut self) {
        inner_mut(self).bounds.handle.clear(STOPPED);
    }
}

impl<T> Caller<'_, T> {
    /// How much fuel is left to the store's guests.
    pub fn fuel(&self) -> u64 {
        inner(self).bounds.fuel()
    }

    /// Sets how much fuel is left, for functions of the host that cost some, or give some.
    pub fn set_fuel(&mut self, fuel: u64) {
        inner_mut(self).bounds.set_fuel(fuel);
    }

    /// What stops the store's guests from other threads; a function that blocks waits for its
    /// [event](InterruptHandle::event), too, or has itself woken up by [`InterruptHandle::watch`].
    pub fn interrupt_handle(&self) -> InterruptHandle {
        inner(self).bounds.handle.clone()
    }

    /// For functions of the host that take long: looks whether the guest is to stop, as its own code
    /// does. A deadline may be prolonged.
    ///
    /// # Errors
    /// The trap, [`TrapCode::Interrupted`], for the function to end with.
    pub fn check_interrupt(&mut self) -> Result<()> {
        check_interrupt(self)
    }
}

/// What a builtin reports of a guest that ended: nothing else may run before the host gets it.
///
/// # Safety
/// A guest of the store called a builtin.
pub(crate) unsafe fn report(store: *mut StoreInner, ended: Ended) {
    match ended {
        // SAFETY: the caller's promise.
        Ended::Trap(code) => unsafe { frames::capture_in_builtin(code) },
        // SAFETY: the caller's promise.
        Ended::Failed(failure) => unsafe { (*store).failure = Some(failure) },
    }
}
