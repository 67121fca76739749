//! A lock that is had at once or not at all, for what can be done without: nobody waits for a thread that a child
//! of `fork` does not have, and nobody has to be woken up. What it guards is whole between any two statements
//! of who has it, so a panic leaves nothing to be told to others, as the standard library's lock would.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

/// A value that one thread at a time uses.
pub(super) struct TryLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only who has the guard gets at the value, one thread at a time.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> TryLock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// The value, unless somebody has it.
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        let taken = self.taken.swap(true, Ordering::Acquire);
        // Not made before it is known: dropping it gives the value back.
        if taken { None } else { Some(Guard(self)) }
    }
}

/// Gives the value back when it is dropped.
pub(super) struct Guard<'a, T>(&'a TryLock<T>);

// SAFETY: as a mutable reference to the value, which it stands for.
unsafe impl<T: Sync> Sync for Guard<'_, T> {}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: nobody else has the value as long as there is the guard.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn one_at_a_time_has_it() {
        let lock = TryLock::new(0);
        let first = lock.try_lock();
        assert!(first.is_some() && lock.try_lock().is_none());
        drop(first);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let mut value = loop {
                            match lock.try_lock() {
                                Some(value) => break value,
                                None => thread::yield_now(),
                            }
                        };
                        // In two steps, which two threads at a time would mix up.
                        let before = *value;
                        thread::yield_now();
                        *value = before + 1;
                    }
                });
            }
        });
        assert_eq!(*lock.try_lock().unwrap(), 400);
    }

    #[test]
    fn a_panic_gives_it_back() {
        let lock = TryLock::new(1);
        let panics = std::panic::AssertUnwindSafe(|| {
            let _guard = lock.try_lock().unwrap();
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        assert!(lock.try_lock().is_some());
    }
}
