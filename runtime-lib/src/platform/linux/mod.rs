//! Linux, with glibc or musl.

mod event;
mod image;
#[cfg(feature = "wasi")]
pub(crate) mod io;
mod lock;
mod memory;
mod pagemap;
#[cfg(feature = "wasi")]
mod process;
#[cfg(feature = "signals")]
mod signal;

pub(crate) use event::Event;
pub(crate) use image::{ImageFile, find_image, open_image};
pub(crate) use memory::{Backing, Reservation};
#[cfg(feature = "wasi")]
pub(crate) use process::{end_program, start_program};
#[cfg(feature = "signals")]
pub(crate) use signal::{Fault, install};

use std::mem::MaybeUninit;
use std::ops::Range;

/// Beyond this a stack is one without a limit.
const UNLIMITED: usize = 16 << 30;
/// What is used of a stack without a limit.
const UNLIMITED_USABLE: usize = 64 << 20;

/// The present thread's stack, from its lowest address to its highest.
pub(crate) fn stack_bounds() -> Range<usize> {
    let (mut base, mut size) = (std::ptr::null_mut(), 0);
    if cfg!(miri) {
        // There is no stack, and no guest.
        return 0..usize::MAX;
    }
    // SAFETY: the attributes are initialised by the first call and destroyed after the second.
    let ok = unsafe {
        let mut attr = MaybeUninit::uninit();
        libc::pthread_getattr_np(libc::pthread_self(), attr.as_mut_ptr()) == 0 && {
            let ok = libc::pthread_attr_getstack(attr.as_ptr(), &mut base, &mut size) == 0;
            libc::pthread_attr_destroy(attr.as_mut_ptr());
            ok
        }
    };
    if ok && size > 0 {
        let end = base.addr() + size;
        // Without a limit (`ulimit -s unlimited`) the main thread's stack is all that lies below
        // it: a guest would use up the machine's memory before it came to an end.
        let size = if size > UNLIMITED { UNLIMITED_USABLE } else { size };
        let size = if cfg!(target_env = "musl") { size.max(main_stack()) } else { size };
        return end - size..end;
    }
    // Nobody knows, which happens on the main thread only (without `/proc`). Its stack grows; what
    // the smallest of usual ones has left is a safe guess.
    let here = (&raw const size).addr();
    here - (512 << 10)..usize::MAX
}

/// How large the stack may grow if this is the main thread, of which musl tells what is in use so
/// far; else 0.
fn main_stack() -> usize {
    // SAFETY: no arguments to get wrong.
    let is_main = unsafe { libc::syscall(libc::SYS_gettid) == libc::getpid().into() };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the answer.
    if !is_main || unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) } != 0 {
        return 0;
    }
    // The program's arguments and environment, above the stack, may take a quarter of it.
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX).min(UNLIMITED_USABLE) / 4 * 3
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn only_the_main_thread_has_the_main_stack() {
        // Tests run on threads of their own.
        let main = std::thread::current().name() == Some("main");
        assert_eq!(main_stack() > 0, main);
    }
}
