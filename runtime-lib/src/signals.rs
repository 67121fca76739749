//! Faults of guests become traps.
//!
//! The first instantiation of a module that traps by faults installs handlers for SIGSEGV,
//! SIGBUS, SIGILL and SIGFPE. A fault at an instruction that a guest's own tables list as one that
//! can trap is taken; every other signal goes to the handler that was there before, or to
//! the default action. A program that installs a handler of its own afterwards and does not pass
//! on what it does not know calls [`handle`] first.

use std::ffi::{c_int, c_void};

use wasmaot_abi::context::VmEntry;

use crate::platform::Fault;
use crate::{frames, thread};

/// Offers a signal to the runtime, from within a signal handler. Returns whether it was a guest's
/// trap: the handler must return at once then. Otherwise the signal is somebody else's.
///
/// # Safety
/// Called in a signal handler (installed with `SA_SIGINFO`) with its arguments: `info` is a
/// `siginfo_t`, `context` a `ucontext_t`.
pub unsafe fn handle(signum: c_int, info: *mut c_void, context: *mut c_void) -> bool {
    // SAFETY: the caller's promise.
    let Some(fault) = (unsafe { Fault::new(signum, info, context) }) else { return false };
    let (pc, fp) = fault.pc_and_fp();
    // Before anything of the thread's: most faults are not in a guest.
    let Some(code) = frames::trap_at(pc) else { return false };
    thread::with(|thread| {
        // SAFETY: the record and the entries in it are this thread's.
        unsafe {
            if (*thread.record()).entry.is_null() {
                return false;
            }
            // The fault is in a guest's function, which has a frame.
            frames::capture(thread, code, Some((pc, fp)));
            let VmEntry { sp, fp, handler, .. } = thread.give_up();
            fault.resume_at(sp, fp, handler);
        }
        true
    })
}
