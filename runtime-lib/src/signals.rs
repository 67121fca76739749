//! For programs whose own signal handlers do not pass signals on.
use std::ffi::{c_int, c_void};

/// Offers a signal to the runtime, from within a signal handler. Returns whether it was a guest's
/// trap: the handler must return at once then. Otherwise the signal is somebody else's.
///
/// # Safety
/// Called in a signal handler (installed with `SA_SIGINFO`) with its arguments: `info` is a
/// `siginfo_t`, `context` a `ucontext_t`.
pub unsafe fn handle(_signum: c_int, _info: *mut c_void, _context: *mut c_void) -> bool {
    todo!("signals")
}
