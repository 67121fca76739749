//! Counts what each thread allocates, so that tests can say that everything was freed again,
//! whatever other tests do at the same time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, with a count of blocks and bytes per thread.
pub struct Counting;

thread_local! {
    static LIVE: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(blocks: isize, bytes: isize) {
    // A thread that is ending frees its last blocks uncounted.
    let _ = LIVE.try_with(|live| {
        let (b, n) = live.get();
        live.set((b + blocks, n + bytes));
    });
}

// SAFETY: everything is the system's allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-1, -(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(0, size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Blocks and bytes that this thread has allocated and nobody has freed, if both happens on it.
pub fn live() -> (isize, isize) {
    LIVE.with(Cell::get)
}

/// Checks that something frees all that it allocates, when it is done for the second time: the
/// first may leave what stays for good.
#[track_caller]
pub fn assert_balanced(mut what: impl FnMut()) {
    what();
    let before = live();
    what();
    assert_eq!(live(), before, "blocks and bytes after and before");
}
