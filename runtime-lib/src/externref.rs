//! Values of the host that guests hold: `externref`.
//!
//! A guest holds an index into its store's [`Slab`]; 0 is null. [`ExternRef`] says when places
//! are free again; [`gc`](crate::gc) how that is found out.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::gc;
use crate::store::StoreInner;

/// A value of the host, as guests may hold it. Clones refer to the same value.
///
/// A value that was given to a guest is held by the guest's store until some time after the
/// guest's last reference to it is gone: a collection finds out what globals, tables and the
/// frames of running guests refer to, and drops the rest. That happens
///
/// - at a call into or out of a guest, and where the host itself gives a value away, as soon as
///   the values held are twice as many as were alive at the last collection, and at least 64: so
///   the dead are at most as many as the living, or 64;
/// - at [`Store::collect`](crate::Store::collect);
/// - with [`Store::set_collect_always`](crate::Store::set_collect_always), at every such call;
/// - when the store is dropped.
///
/// A value's own `drop` then runs on the thread that uses the store, when the collection is
/// done. If it panics, the panic hook reports it and the panic ends there.
#[derive(Clone)]
pub struct ExternRef(Arc<dyn Any + Send + Sync>);

impl ExternRef {
    /// Makes a value that guests can hold.
    pub fn new(value: impl Any + Send + Sync) -> Self {
        Self(Arc::new(value))
    }

    /// The value.
    pub fn data(&self) -> &(dyn Any + Send + Sync) {
        &*self.0
    }

    /// Whether both refer to the same value.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for ExternRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExternRef({:p})", self.0)
    }
}

/// Below this many places nothing is collected without being asked.
const LEAST_THRESHOLD: usize = 64;

/// The values that a store's guests hold.
pub(crate) struct Slab {
    slots: Vec<Slot>,
    /// The first free place, or `slots.len()`.
    free: u32,
    used: usize,
    threshold: usize,
    /// What there is to do about values, once there was one: programs whose guests hold none are
    /// without it.
    keeper: Option<Keeper>,
}

/// See [`gc`].
#[derive(Clone, Copy)]
pub(crate) struct Keeper {
    /// [`gc::collect`], with what it asks for.
    pub(crate) collect: unsafe fn(*mut StoreInner),
    /// Drops all values.
    pub(crate) end: fn(&mut Slab),
}

enum Slot {
    Used { value: ExternRef, marked: bool },
    Free { next: u32 },
}

/// What marks the values that are still referred to.
pub(crate) struct Marker<'a>(&'a mut Slab);

impl Marker<'_> {
    /// Marks the value with this index. Indices that mean nothing are passed over.
    pub(crate) fn mark(&mut self, index: u32) {
        let slot = index.checked_sub(1).and_then(|i| self.0.slots.get_mut(i as usize));
        if let Some(Slot::Used { marked, .. }) = slot {
            *marked = true;
        }
    }
}

impl Slab {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: 0, used: 0, threshold: LEAST_THRESHOLD, keeper: None }
    }

    /// Takes a place for a value; its index. Never collects.
    ///
    /// # Panics
    /// If there are 2^32 - 2 values already.
    pub(crate) fn insert(&mut self, value: ExternRef) -> u32 {
        let end = |slab: &mut Self| drop_values(slab.collect(&mut |_| true));
        self.keeper = Some(Keeper { collect: gc::collect, end });
        let place = self.free;
        let slot = Slot::Used { value, marked: false };
        match self.slots.get_mut(place as usize) {
            Some(free) => match mem::replace(free, slot) {
                Slot::Free { next } => self.free = next,
                Slot::Used { .. } => unreachable!("the free list holds free places"),
            },
            None => {
                assert!(place < u32::MAX - 1, "a store holds 2^32 - 2 host values at most");
                self.slots.push(slot);
                self.free = place + 1;
            }
        }
        self.used += 1;
        place + 1
    }

    /// The value with this index; `None` for null.
    pub(crate) fn get(&self, index: u32) -> Option<&ExternRef> {
        match self.slots.get(index.checked_sub(1)? as usize)? {
            Slot::Used { value, .. } => Some(value),
            Slot::Free { .. } => None,
        }
    }

    /// What there is to do about values, if there ever was one.
    pub(crate) fn keeper(&self) -> Option<Keeper> {
        self.keeper
    }

    /// The number of values held.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// Whether it is time to collect.
    pub(crate) fn is_due(&self) -> bool {
        self.used >= self.threshold
    }

    /// Frees the places of all values that `mark` does not mark; none, if it returns that it
    /// could not see all there is. Returns the values, for the caller to drop when nothing is
    /// borrowed any more.
    pub(crate) fn collect(
        &mut self,
        mark: &mut dyn FnMut(&mut Marker<'_>) -> bool,
    ) -> Vec<ExternRef> {
        if !mark(&mut Marker(self)) {
            mark_all(&mut self.slots);
        }
        let mut dead = Vec::new();
        for (place, slot) in self.slots.iter_mut().enumerate() {
            match slot {
                Slot::Used { marked, .. } if *marked => *marked = false,
                Slot::Used { .. } => {
                    let next = mem::replace(&mut self.free, place as u32);
                    let Slot::Used { value, .. } = mem::replace(slot, Slot::Free { next }) else {
                        unreachable!("matched above")
                    };
                    dead.push(value);
                }
                Slot::Free { .. } => {}
            }
        }
        self.used -= dead.len();
        self.threshold = self.used.saturating_mul(2).max(LEAST_THRESHOLD);
        dead
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper {
            (keeper.end)(self);
        }
    }
}

fn mark_all(slots: &mut [Slot]) {
    for slot in slots {
        if let Slot::Used { marked, .. } = slot {
            *marked = true;
        }
    }
}

/// Drops values whose own `drop` may panic.
pub(crate) fn drop_values(values: Vec<ExternRef>) {
    for value in values {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            // So may what it panicked with; that is the end of it.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(payload);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn unmarked_values_are_dropped_and_their_places_used_again() {
        let mut slab = Slab::new();
        let values: Vec<_> = (0..5).map(ExternRef::new).collect();
        let indices: Vec<_> = values.iter().map(|value| slab.insert(value.clone())).collect();
        assert_eq!(indices, [1, 2, 3, 4, 5]);
        let dead = slab.collect(&mut |marker| {
            for index in [0, 2, 5, 99] {
                marker.mark(index);
            }
            true
        });
        assert_eq!(dead.len(), 3);
        assert_eq!(slab.used(), 2);
        assert!(slab.get(0).is_none() && slab.get(1).is_none() && slab.get(99).is_none());
        assert!(slab.get(2).unwrap().ptr_eq(&values[1]));
        drop(dead);
        let mut again: Vec<_> = (0..4).map(|i| slab.insert(ExternRef::new(i))).collect();
        again.sort_unstable();
        assert_eq!(again, [1, 3, 4, 6]);
        assert!(slab.collect(&mut |_| false).is_empty());
        assert_eq!(slab.collect(&mut |_| true).len(), 6);
    }

    #[test]
    fn the_threshold_follows_what_is_live() {
        let mut slab = Slab::new();
        let live: Vec<_> = (0..100).map(|i| slab.insert(ExternRef::new(i))).collect();
        assert!(slab.is_due());
        slab.collect(&mut |marker| {
            live.iter().for_each(|&index| marker.mark(index));
            true
        });
        for i in 0..100 {
            assert!(!slab.is_due());
            slab.insert(ExternRef::new(i));
        }
        assert!(slab.is_due());
    }

    #[test]
    fn a_panicking_drop_does_not_keep_others_from_being_dropped() {
        static DROPPED: AtomicUsize = AtomicUsize::new(0);
        struct Bad;
        impl Drop for Bad {
            fn drop(&mut self) {
                DROPPED.fetch_add(1, Ordering::Relaxed);
                panic!("on purpose");
            }
        }
        drop_values((0..3).map(|_| ExternRef::new(Bad)).collect());
        assert_eq!(DROPPED.load(Ordering::Relaxed), 3);
    }
}
