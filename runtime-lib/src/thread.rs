//! What the runtime knows of each thread that runs guests: the record that compiled code reads
//! and writes, how far down the stack may go, and the last trap. All in one thread-local constant
//! without a destructor: reaching it is an addition, in a signal handler too.

use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmaot_abi::context::VmThread;

use crate::frames::Captured;
use crate::platform;

/// Stack that guests leave to the functions they call: the host's, the runtime's, and signal
/// handlers'.
const STACK_RESERVE: usize = 256 << 10;

/// The least of it, on stacks so small that they are better left alone: a guest with explicit
/// checks finds out that it is below the limit when it has made its frame already, of 64 KiB at
/// most, and the trap has to be reported below that.
const LEAST_RESERVE: usize = 96 << 10;

/// A thread.
pub(crate) struct Thread {
    record: UnsafeCell<VmThread>,
    /// Unlike the address never used again for another thread. 0: not registered.
    id: Cell<u64>,
    stack_limit: Cell<usize>,
    stack_end: Cell<usize>,
    /// The last trap, between where it happened and where the host gets it.
    pub(crate) captured: UnsafeCell<Captured>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            record: UnsafeCell::new(VmThread { entry: ptr::null_mut(), exit_fp: 0 }),
            id: Cell::new(0),
            stack_limit: Cell::new(0),
            stack_end: Cell::new(0),
            captured: UnsafeCell::new(Captured::NONE),
        }
    };
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The present thread's id; 0 if it is not registered.
#[inline]
pub(crate) fn current_id() -> u64 {
    THREAD.with(|thread| thread.id.get())
}

/// The present thread.
pub(crate) fn with<R>(f: impl FnOnce(&Thread) -> R) -> R {
    THREAD.with(f)
}

/// The present thread, known to the runtime.
pub(crate) fn with_registered<R>(f: impl FnOnce(&Thread) -> R) -> R {
    THREAD.with(|thread| {
        if thread.id.get() == 0 {
            let stack = platform::stack_bounds();
            thread.stack_limit.set(stack.start + reserve(stack.len()));
            thread.stack_end.set(stack.end);
            thread.id.set(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        }
        f(thread)
    })
}

/// How much of a stack of this size guests do not get.
fn reserve(size: usize) -> usize {
    STACK_RESERVE.min(size / 2).max(LEAST_RESERVE)
}

impl Thread {
    pub(crate) fn id(&self) -> u64 {
        self.id.get()
    }

    /// What compiled code reads and writes.
    pub(crate) fn record(&self) -> *mut VmThread {
        self.record.get()
    }

    /// The lowest address that guests may use.
    pub(crate) fn stack_limit(&self) -> usize {
        self.stack_limit.get()
    }

    /// The address where the stack ends at the top.
    pub(crate) fn stack_end(&self) -> usize {
        self.stack_end.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_may_overrun_is_in_reserve() {
        assert_eq!(reserve(8 << 20), 256 << 10);
        assert_eq!(reserve(300 << 10), 150 << 10);
        // The largest frame that is made before it is checked, and the report of the trap.
        for size in (0..1 << 20).step_by(4 << 10) {
            assert!(reserve(size) >= (64 << 10) + (16 << 10));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the operating system")]
    fn each_thread_has_its_own_stack_and_number() {
        let look = || {
            let here = 0u8;
            with_registered(|thread| {
                let (sp, limit) = (&raw const here as usize, thread.stack_limit());
                assert!(limit < sp && sp - limit < 1 << 30);
                (thread.id(), thread.record() as usize)
            })
        };
        let first = look();
        assert_eq!(look(), first);
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let second = small.spawn(look).unwrap().join().unwrap();
        assert_ne!(first.0, second.0);
        assert_ne!(first.1, second.1);
    }
}
