//! What the runtime knows of each thread that runs guests: the record that compiled code reads
//! and writes, how far down the stack may go, and the last trap. All in one thread-local constant
//! without a destructor: reaching it is an addition, in a signal handler too.

use std::cell::{Cell, UnsafeCell};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmaot_abi::context::{VmEntry, VmExit, VmThread};

use crate::arch;
use crate::frames::Captured;
use crate::platform;
use crate::raw::ModuleRef;

/// Stack that guests leave to the functions they call: the host's, the runtime's, and signal
/// handlers'.
const STACK_RESERVE: usize = 256 << 10;

/// The least of it for guests with explicit checks, however small the stack: they find out that
/// they are below the limit when they have made their frame already, of 64 KiB at most, and the
/// trap has to be reported below that.
const EXPLICIT_RESERVE: usize = 96 << 10;

/// The lowest stack addresses that guests may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StackLimits {
    /// Those that check before they make a frame.
    before: usize,
    /// Those with explicit checks.
    explicit: usize,
}

impl StackLimits {
    pub(crate) const NONE: Self = Self { before: 0, explicit: 0 };

    fn new(stack: &Range<usize>) -> Self {
        let reserve = STACK_RESERVE.min(stack.len() / 2);
        let at_least = |least| stack.start + reserve.max(least);
        Self { before: at_least(0), explicit: at_least(EXPLICIT_RESERVE) }
    }

    /// These, but none lower than an address.
    pub(crate) fn not_below(self, address: usize) -> Self {
        let Self { before, explicit } = self;
        Self { before: before.max(address), explicit: explicit.max(address) }
    }

    /// That for a module's functions.
    pub(crate) fn of(self, module: ModuleRef) -> usize {
        if module.explicit_checks() { self.explicit } else { self.before }
    }
}

/// A thread.
pub(crate) struct Thread {
    record: UnsafeCell<VmThread>,
    /// Unlike the address never used again for another thread. 0: not registered.
    id: Cell<u64>,
    stack_limits: Cell<StackLimits>,
    stack_end: Cell<usize>,
    /// The last trap, between where it happened and where the host gets it.
    pub(crate) captured: UnsafeCell<Captured>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            record: UnsafeCell::new(VmThread {
                entry: ptr::null_mut(),
                exit: VmExit { sp: 0, fp: 0 },
            }),
            id: Cell::new(0),
            stack_limits: Cell::new(StackLimits::NONE),
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
            thread.stack_limits.set(StackLimits::new(&stack));
            thread.stack_end.set(stack.end);
            thread.id.set(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        }
        f(thread)
    })
}

/// Gives up the innermost call from host to guest: goes on as its entry says. What failed is known
/// to the runtime.
///
/// # Safety
/// There is such a call on the present thread, and nothing in the frames below it needs to be
/// dropped.
#[cold]
#[inline(never)]
pub(crate) unsafe fn raise() -> ! {
    // SAFETY: the caller's promise; the entry's handler restores the host's registers.
    with(|thread| unsafe {
        let VmEntry { sp, fp, handler, .. } = thread.give_up();
        arch::resume(sp, fp, handler)
    })
}

impl Thread {
    pub(crate) fn id(&self) -> u64 {
        self.id.get()
    }

    /// What compiled code reads and writes.
    pub(crate) fn record(&self) -> *mut VmThread {
        self.record.get()
    }

    /// Takes the innermost call from host to guest out of the record: it is given up, and the
    /// thread is to go on as the entry says. Safe in signal handlers.
    ///
    /// # Safety
    /// The thread is the present one, and there is such a call.
    pub(crate) unsafe fn give_up(&self) -> VmEntry {
        // SAFETY: the caller's promise; entries are those of calls under way.
        unsafe {
            let record = self.record.get();
            let entry = (*record).entry.read();
            (*record).entry = entry.outer;
            if !entry.outer.is_null() {
                (*record).exit = entry.outer_exit;
            }
            entry
        }
    }

    /// Where on the stack the host first called a guest, of those calls that are under way; the place
    /// of the caller, if none is.
    pub(crate) fn outermost(&self) -> usize {
        // SAFETY: the thread is the present one; entries are those of calls under way.
        unsafe {
            let mut entry: *const VmEntry = (*self.record.get()).entry;
            let mut place = arch::stack_pointer();
            while !entry.is_null() {
                place = entry.addr();
                entry = (*entry).outer;
            }
            place
        }
    }

    /// The lowest addresses that guests may use.
    pub(crate) fn stack_limits(&self) -> StackLimits {
        self.stack_limits.get()
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
        let reserve = |size: usize| {
            let StackLimits { before, explicit } = StackLimits::new(&(4096..4096 + size));
            (before - 4096, explicit - 4096)
        };
        assert_eq!(reserve(8 << 20), (256 << 10, 256 << 10));
        assert_eq!(reserve(300 << 10), (150 << 10, 150 << 10));
        assert_eq!(reserve(64 << 10).0, 32 << 10);
        // The largest frame that is made before it is checked, and the report of the trap.
        for size in (0..1 << 20).step_by(4 << 10) {
            assert!(reserve(size).1 >= (64 << 10) + (16 << 10));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "asks the operating system")]
    fn each_thread_has_its_own_stack_and_number() {
        let look = || {
            let here = 0u8;
            with_registered(|thread| {
                let (sp, limit) = (&raw const here as usize, thread.stack_limits().before);
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
