//! What all handles are made of: the store's number and an address that stays good as long as
//! that store lives. Holding a store with this number is what makes following the address sound.
//! And what the store has for its part: boxes that others point into.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;
use std::ptr::NonNull;

/// The number of a store; no two stores of a process have the same.
pub(crate) type StoreId = NonZeroU64;

/// A box whose contents others have the address of, which they keep when the box moves.
pub(crate) struct Owned<T>(NonNull<T>);

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        // SAFETY: a box's address is not null.
        Self(unsafe { NonNull::new_unchecked(Box::into_raw(Box::new(value))) })
    }

    /// Good as long as this is.
    pub(crate) fn ptr(&self) -> NonNull<T> {
        self.0
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// A thing of a store.
pub(crate) struct Handle<T> {
    pub(crate) store: StoreId,
    ptr: NonNull<T>,
}

// SAFETY: the address is followed only with the store at hand, and a store is not shared.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store && self.ptr == other.ptr
    }
}

impl<T> Eq for Handle<T> {}

impl<T> Hash for Handle<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ptr.hash(state);
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of store {}", self.ptr, self.store)
    }
}

impl<T> Handle<T> {
    /// # Safety
    /// The address stays good as long as the store with this number lives.
    pub(crate) unsafe fn new(store: StoreId, ptr: NonNull<T>) -> Self {
        Self { store, ptr }
    }

    /// The address, for whoever holds the store with this number.
    ///
    /// # Panics
    /// If it is another store.
    #[inline]
    pub(crate) fn get(self, store: StoreId) -> NonNull<T> {
        if self.store != store {
            wrong_store();
        }
        self.ptr
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn wrong_store() -> ! {
    panic!(
        "a handle (a function, memory, table, global or instance) was used with another store than its own"
    );
}
