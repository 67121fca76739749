//! A descriptor that is readable while something is the case: how a thread that waits for
//! descriptors is woken up.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd};

/// Readable while set.
#[derive(Debug)]
pub(crate) struct Event(File);

impl Event {
    /// One that is not set.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers. The descriptor is new and nobody else's.
        unsafe {
            match libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(Self(File::from_raw_fd(fd))),
            }
        }
    }

    pub(crate) fn set(&self) {
        // It counts; if it could count no further, it is set already.
        _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    pub(crate) fn clear(&self) {
        // If there is nothing to read, it is not set.
        _ = (&self.0).read(&mut [0; 8]);
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
