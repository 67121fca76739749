//! Stopping guests from outside: by hand, after a time, or past a deadline that an [`Epoch`] counts.
//!
//! Each store has a [`Signal`]: the word that compiled code looks at
//! ([`VmLimits::interrupt`]) and a list of who waits meanwhile, outside of guests' code, and has to
//! be woken up. Whoever stops the guests sets a bit in the word, then wakes up all in the list; whoever
//! begins to wait enters the list, then looks at the word: so nobody sleeps through it. Bits
//! stay until the store's owner clears them. What happens then, on the store's own thread, is in
//! [`limits`](crate::limits).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wasmaot_abi::context::VmLimits;

use crate::platform::Event;

/// Bits of [`VmLimits::interrupt`]: somebody said to stop.
pub(crate) const STOPPED: u32 = 1;
/// The deadline has passed.
pub(crate) const LATE: u32 = 2;

/// Stops the guests of a store from any thread. Got by
/// [`Store::interrupt_handle`](crate::Store::interrupt_handle); clones are handles of the same store,
/// and may outlive it.
///
/// ```no_run
/// # fn f(mut store: wasmaot::Store<()>, run: wasmaot::TypedFunc<(), ()>) -> wasmaot::Result<()> {
/// use std::time::Duration;
///
/// // For the next two seconds, or until `timer` is dropped:
/// let timer = store.interrupt_handle().interrupt_after(Duration::from_secs(2))?;
/// match run.call(&mut store, ()) {
///     Err(error) if error.trap().is_some_and(|trap| trap.code() == wasmaot::TrapCode::Interrupted) => {
///         println!("it took too long: {error}");
///         store.clear_interrupt();
///     }
///     other => other?,
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct InterruptHandle(Arc<Signal>);

#[derive(Default)]
struct Signal {
    limits: VmLimits,
    waiting: Mutex<Waiting>,
    /// Set while any bit is. Made and changed under the lock.
    event: OnceLock<Event>,
}

/// Who wants to know.
#[derive(Default)]
struct Waiting {
    next: u64,
    /// In no order.
    watches: Vec<(u64, Box<dyn Fn() + Send>)>,
}

impl InterruptHandle {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// What compiled code looks at; lives as long as any handle.
    pub(crate) fn limits(&self) -> &VmLimits {
        &self.0.limits
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Somebody's function may have panicked with the lock; nothing is left half done.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the store's guests: code that was compiled with epochs at the head of the next loop or at
    /// the next call, and a wait in the runtime or in functions of the host that
    /// [look out for it](crate::Caller::check_interrupt) at once, with
    /// [`TrapCode::Interrupted`](crate::TrapCode::Interrupted). Guests that are called later are
    /// stopped, too, until [`Store::clear_interrupt`](crate::Store::clear_interrupt).
    ///
    /// What other threads had written before, the host's functions see when they look.
    pub fn interrupt(&self) {
        self.raise(STOPPED);
    }

    /// Whether the store's guests are to stop, or a deadline of theirs has passed.
    pub fn is_interrupted(&self) -> bool {
        self.bits() != 0
    }

    /// Whether anybody but the store itself could stop its guests: who has a handle, or an [`Epoch`].
    #[cfg(feature = "wasi")]
    pub(crate) fn is_shared(&self) -> bool {
        self.is_interrupted() || Arc::strong_count(&self.0) > 1
    }

    pub(crate) fn bits(&self) -> u32 {
        self.0.limits.interrupt.load(Ordering::SeqCst)
    }

    pub(crate) fn raise(&self, bit: u32) {
        let waiting = self.waiting();
        self.0.limits.interrupt.fetch_or(bit, Ordering::SeqCst);
        if let Some(event) = self.0.event.get() {
            event.set();
        }
        waiting.watches.iter().for_each(|(_, wake)| wake());
    }

    pub(crate) fn clear(&self, bit: u32) {
        let _lock = self.waiting();
        let before = self.0.limits.interrupt.fetch_and(!bit, Ordering::SeqCst);
        if before & !bit == 0
            && let Some(event) = self.0.event.get()
        {
            event.clear();
        }
    }

    /// Has a function called when the store's guests are to stop, once or more, until the result
    /// is dropped; at once, if they are to already. For functions of the host that block: it wakes them
    /// up, and they end with [`Caller::check_interrupt`](crate::Caller::check_interrupt). Also to
    /// pass the word on to other stores, of other threads of the same program.
    ///
    /// The function is called on the thread that interrupts, and must not use this handle or one of the
    /// same store, other than to ask, nor the store's [`Epoch`].
    #[must_use = "nothing is watched once it is dropped"]
    pub fn watch(&self, wake: impl Fn() + Send + 'static) -> Watch {
        let mut waiting = self.waiting();
        if self.is_interrupted() {
            wake();
        }
        let id = waiting.next;
        waiting.next += 1;
        waiting.watches.push((id, Box::new(wake)));
        Watch { handle: self.clone(), id }
    }

    /// A descriptor that is readable while [`is_interrupted`](Self::is_interrupted), to wait for together
    /// with others. Nobody is to read from it. It lives as long as this handle is borrowed.
    ///
    /// # Errors
    /// If the system has no descriptors left.
    pub fn event(&self) -> io::Result<BorrowedFd<'_>> {
        let _lock = self.waiting();
        if self.0.event.get().is_none() {
            let event = Event::new()?;
            if self.is_interrupted() {
                event.set();
            }
            _ = self.0.event.set(event);
        }
        Ok(self.0.event.get().expect("there is one now").as_fd())
    }

    /// Stops the store's guests after a time, unless the result is dropped before. For many stores at
    /// once an [`Epoch`] is cheaper: this takes a thread.
    ///
    /// # Errors
    /// If the system has no threads left.
    #[must_use = "nothing is stopped once it is dropped"]
    pub fn interrupt_after(&self, time: Duration) -> io::Result<Timer> {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        // A time that nobody lives to see is no limit.
        let deadline = Instant::now().checked_add(time);
        let (handle, cancelled) = (self.clone(), shared.clone());
        let wait = move || {
            let (cancelled, wake) = &*cancelled;
            let mut cancelled = cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            while !*cancelled {
                let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
                cancelled = match left {
                    Some(Duration::ZERO) => {
                        drop(cancelled);
                        return handle.interrupt();
                    }
                    Some(left) => {
                        let waited = wake.wait_timeout(cancelled, left);
                        waited.unwrap_or_else(PoisonError::into_inner).0
                    }
                    None => wake.wait(cancelled).unwrap_or_else(PoisonError::into_inner),
                };
            }
        };
        let thread = thread::Builder::new().name("wasmaot timer".into()).spawn(wait)?;
        Ok(Timer { shared, thread: Some(thread) })
    }
}

impl fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InterruptHandle").field(&self.is_interrupted()).finish()
    }
}

/// Keeps a function in the list of those that [`InterruptHandle::watch`] has called. When it is
/// dropped, the function is not called any more, nor running.
#[derive(Debug)]
pub struct Watch {
    handle: InterruptHandle,
    id: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let wake = {
            let mut waiting = self.handle.waiting();
            let place = waiting.watches.iter().position(|(id, _)| *id == self.id);
            place.map(|place| waiting.watches.swap_remove(place))
        };
        // Dropped without the lock: it may hold a handle.
        drop(wake);
    }
}

/// The time that [`InterruptHandle::interrupt_after`] gives. Dropping it takes the limit away; if
/// the time is up already, the guests stay interrupted.
#[derive(Debug)]
pub struct Timer {
    shared: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of a function that was to be woken up has been reported.
            _ = thread.join();
        }
    }
}

/// A clock for deadlines of any number of stores, which some thread of the host makes tick. Clones
/// are the same clock.
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use wasmaot::{Epoch, Store};
///
/// let epoch = Epoch::new();
/// let clock = epoch.clone();
/// thread::spawn(move || {
///     loop {
///         thread::sleep(Duration::from_millis(10));
///         clock.advance();
///     }
/// });
/// let mut store = Store::new(());
/// // Between 40 and 50 ms from now on.
/// store.set_deadline(&epoch, 5);
/// ```
#[derive(Clone, Default)]
pub struct Epoch(Arc<Mutex<Clock>>);

#[derive(Default)]
struct Clock {
    now: u64,
    /// Whose deadline is when: by time, then by the store's number.
    deadlines: BTreeMap<(u64, u64), InterruptHandle>,
}

impl Epoch {
    /// A clock that stands at 0.
    pub fn new() -> Self {
        Self::default()
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the clock has ticked.
    pub fn now(&self) -> u64 {
        self.clock().now
    }

    /// Makes the clock tick: the guests of all stores whose deadline this is are stopped, or ask
    /// whether to go on. Takes as long as there are such.
    pub fn advance(&self) {
        let mut clock = self.clock();
        clock.now += 1;
        let now = clock.now;
        while let Some(entry) = clock.deadlines.first_entry()
            && entry.key().0 <= now
        {
            entry.remove().raise(LATE);
        }
    }

    /// Sets a deadline, `ticks` from now; when it is.
    pub(crate) fn add(&self, store: u64, ticks: u64, handle: &InterruptHandle) -> u64 {
        let mut clock = self.clock();
        let at = clock.now.saturating_add(ticks);
        if ticks == 0 {
            handle.raise(LATE);
        } else {
            clock.deadlines.insert((at, store), handle.clone());
        }
        at
    }

    /// Takes a deadline back, past or not.
    pub(crate) fn remove(&self, store: u64, at: u64) {
        self.clock().deadlines.remove(&(at, store));
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Epoch").field(&self.now()).finish()
    }
}
