//! Who waits at which address of a shared memory: what `memory.atomic.wait32`, `.wait64` and
//! `.notify` do.
//!
//! A wake-up cannot be lost. The value is compared under the lock under which a waiter enters its
//! queue, and whoever changed the value takes the same lock to wake others up: either the
//! comparison sees the new value, or the queue has the waiter already. Whether somebody was woken
//! up is decided under the lock, too, so that each of the number that `notify` returns gets
//! [`WaitResult::Woken`], however late. Waiters are woken up in the order in which they came.
//!
//! A guest that waits can also be interrupted (see [`interrupt`](crate::interrupt)): it has itself woken
//! up for that, leaves the queue and has no result.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::WaitResult;
use crate::interrupt::InterruptHandle;

/// The waiters of one memory.
#[derive(Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<Queue>>);

/// In the order in which they came, each with the address; as many at most as there are threads.
type Queue = Vec<(u64, Arc<Waiter>)>;

#[derive(Default)]
struct Waiter {
    /// Set by whoever takes the waiter out of the queue. The lock guards it.
    woken: AtomicBool,
    wake: Condvar,
}

/// For how long to wait at most.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wait<'a> {
    deadline: Option<Instant>,
    interrupt: Option<&'a InterruptHandle>,
}

impl From<Option<Duration>> for Wait<'_> {
    fn from(timeout: Option<Duration>) -> Self {
        // A time that nobody lives to see is no limit.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { deadline, interrupt: None }
    }
}

impl<'a> Wait<'a> {
    /// A guest's wait, by its timeout in nanoseconds, until it is interrupted.
    pub(crate) fn new(nanoseconds: i64, interrupt: &'a InterruptHandle) -> Self {
        Self { interrupt: Some(interrupt), ..timeout(nanoseconds).into() }
    }
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics with the lock, and nothing is left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at an address, if `is_expected` says so of the value there. `None` if it was
    /// interrupted.
    pub(crate) fn wait(
        &self,
        address: u64,
        is_expected: impl FnOnce() -> bool,
        Wait { deadline, interrupt }: Wait<'_>,
    ) -> Option<WaitResult> {
        let waiter = Arc::new(Waiter::default());
        // Whoever interrupts sets the word, then takes the lock of the queue: the waiter is in it
        // by then, and asleep, or sees the word.
        let watch = |interrupt: &InterruptHandle| {
            let (waiters, waiter) = (self.clone(), waiter.clone());
            interrupt.watch(move || {
                let _lock = waiters.lock();
                waiter.wake.notify_one();
            })
        };
        // Dropped without the lock, as it is made.
        let _watch = interrupt.map(watch);
        let mut queue = self.lock();
        if !is_expected() {
            return Some(WaitResult::NotEqual);
        }
        queue.push((address, waiter.clone()));
        let result = loop {
            if interrupt.is_some_and(InterruptHandle::is_interrupted) {
                break None;
            }
            queue = match deadline {
                None => waiter.wake.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break Some(WaitResult::TimedOut);
                    }
                    let wait = waiter.wake.wait_timeout(queue, left);
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            if waiter.woken.load(Ordering::Relaxed) {
                return Some(WaitResult::Woken);
            }
        };
        queue.retain(|(_, other)| !Arc::ptr_eq(other, &waiter));
        result
    }

    /// Wakes up at most `count` waiters at an address; their number.
    pub(crate) fn notify(&self, address: u64, count: u32) -> u32 {
        let mut woken = 0;
        self.lock().retain(|(at, waiter)| {
            let wake = *at == address && woken < count;
            if wake {
                waiter.woken.store(true, Ordering::Relaxed);
                waiter.wake.notify_one();
                woken += 1;
            }
            !wake
        });
        woken
    }

    /// How many wait.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().len()
    }
}

/// A guest's timeout in nanoseconds: none, if it is negative.
fn timeout(nanoseconds: i64) -> Option<Duration> {
    u64::try_from(nanoseconds).ok().map(Duration::from_nanos)
}

/// Whether the value that guests see is this.
pub(crate) fn is_u32(at: &AtomicU32, expected: u32) -> bool {
    u32::from_le(at.load(Ordering::SeqCst)) == expected
}

/// Whether the value that guests see is this.
pub(crate) fn is_u64(at: &AtomicU64, expected: u64) -> bool {
    u64::from_le(at.load(Ordering::SeqCst)) == expected
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn only_the_expected_value_is_waited_for() {
        let waiters = Waiters::default();
        assert_eq!(waiters.wait(0, || false, None.into()), Some(WaitResult::NotEqual));
        let before = Instant::now();
        assert_eq!(waiters.wait(0, || true, Some(SHORT).into()), Some(WaitResult::TimedOut));
        assert!(before.elapsed() >= SHORT);
        assert_eq!(
            waiters.wait(0, || true, Some(Duration::ZERO).into()),
            Some(WaitResult::TimedOut)
        );
        assert_eq!(waiters.notify(0, u32::MAX), 0);
        assert!(waiters.lock().is_empty());
    }

    #[test]
    fn as_many_are_woken_as_wanted_at_that_address_in_order() {
        let waiters = Waiters::default();
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for i in 0..5 {
                let (waiters, order) = (&waiters, &order);
                scope.spawn(move || {
                    let forever = (i % 2 == 0).then_some(Duration::MAX);
                    assert_eq!(waiters.wait(8, || true, forever.into()), Some(WaitResult::Woken));
                    order.lock().unwrap().push(i);
                });
                // One after the other.
                while waiters.len() <= i {
                    thread::yield_now();
                }
            }
            assert_eq!(waiters.notify(16, u32::MAX), 0);
            assert_eq!(waiters.notify(8, 0), 0);
            for woken in 1..=2 {
                assert_eq!(waiters.notify(8, 1), 1);
                while order.lock().unwrap().len() < woken {
                    thread::yield_now();
                }
            }
            assert_eq!(*order.lock().unwrap(), [0, 1]);
            assert_eq!(waiters.notify(8, u32::MAX), 3);
        });
        assert!(waiters.lock().is_empty());
    }

    #[test]
    fn timeouts_are_as_guests_mean_them() {
        assert_eq!(timeout(-1), None);
        assert_eq!(timeout(i64::MIN), None);
        assert_eq!(timeout(0), Some(Duration::ZERO));
        assert_eq!(timeout(1_500_000_000), Some(Duration::from_millis(1500)));
    }
}
