//! An allocator that counts: how much memory there was at once, in all threads.

#![allow(unsafe_code, reason = "an allocator is made of nothing else")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// More than this at once there is not: whoever wants it is ended, instead of the machine.
const MOST: usize = 6 << 30;

fn add(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: the system's allocator, which this passes everything on to, is one.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if LIVE.load(Relaxed).saturating_add(layout.size()) > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        let new = unsafe { System.alloc(layout) };
        if !new.is_null() {
            add(layout.size());
        }
        new
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if LIVE.load(Relaxed).saturating_add(layout.size()) > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        let new = unsafe { System.alloc_zeroed(layout) };
        if !new.is_null() {
            add(layout.size());
        }
        new
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(old, layout) };
        LIVE.fetch_sub(layout.size(), Relaxed);
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if LIVE.load(Relaxed).saturating_add(size) > MOST {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        let new = unsafe { System.realloc(old, layout, size) };
        if !new.is_null() {
            // Both may be there for a moment.
            add(size);
            LIVE.fetch_sub(layout.size(), Relaxed);
        }
        new
    }
}

/// Does something, and says how many bytes it had at once beyond what there was before.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, PEAK.load(Relaxed).saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_freed_again_counts_at_its_peak() {
        let ((), peak) = peak_of(|| {
            let large = std::hint::black_box(vec![1_u8; 30 << 20]);
            drop(large);
            drop(std::hint::black_box(vec![1_u8; 10 << 20]));
        });
        // Other tests run beside this one.
        assert!((30 << 20..60 << 20).contains(&peak), "{peak}");
    }
}
