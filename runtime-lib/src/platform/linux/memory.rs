//! Address space.

use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

use super::File;

/// Address space of which no byte can be touched until it is committed. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

impl Reservation {
    /// Reserves `len` bytes; `None` if there are none.
    pub(crate) fn new(len: usize) -> Option<Self> {
        if len == 0 {
            return Some(Self { base: NonNull::<u128>::dangling().cast(), len });
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: asks for fresh pages.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        Some(Self { base: NonNull::new(base.cast())?, len })
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Makes the bytes between two offsets, both multiples of the page size, usable; they are
    /// zero. Returns whether it succeeded.
    pub(crate) fn commit(&self, from: usize, to: usize) -> bool {
        assert!(from <= to && to <= self.len);
        if from == to {
            return true;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: within the reservation.
        unsafe { libc::mprotect(self.base.as_ptr().add(from).cast(), to - from, access) == 0 }
    }

    /// Puts a file's bytes in place of what is at `offset`, copied when they are written to.
    /// Returns whether it succeeded.
    pub(crate) fn map_file(&self, offset: usize, file: &File, at: u64, len: usize) -> bool {
        // SAFETY: no arguments to get wrong.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.len));
        if [offset as u64, len as u64, at].iter().any(|n| !n.is_multiple_of(page)) {
            return false;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
        // SAFETY: within the reservation, whose pages are nobody else's.
        let mapped = unsafe {
            let place = self.base.as_ptr().add(offset).cast();
            libc::mmap(place, len, access, flags, file.as_raw_fd(), at as libc::off_t)
        };
        mapped != libc::MAP_FAILED
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: nobody uses it any more.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}
