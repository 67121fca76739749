//! Address space.
//!
//! Giving a memory's address space back costs several times as much as making it all zero again,
//! so a few reservations that are not needed any more are kept for the next memories of the same
//! size.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};
use std::sync::Mutex;

use super::ImageFile;

/// Address space of which no byte can be touched until it is committed. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: NonNull<u8>,
    len: usize,
    /// How many bytes, from the start, are usable.
    committed: usize,
    /// Whether any of them come from a file.
    has_file: bool,
}

// SAFETY: nobody else has the address space.
unsafe impl Send for Reservation {}

/// Reservations that are not in use: all zero.
static KEPT: Mutex<[Option<Reservation>; 8]> = Mutex::new([const { None }; 8]);

impl Reservation {
    /// Reserves `len` bytes, of which those before `committed`, a multiple of the page size, are
    /// usable and zero; `None` if there are none.
    pub(crate) fn new(len: usize, committed: usize) -> Option<Self> {
        let mut new = Self::kept(len).or_else(|| Self::fresh(len)).or_else(|| {
            // What is kept must not keep others from having it.
            if let Ok(mut kept) = KEPT.try_lock() {
                kept.iter_mut().filter_map(Option::take).for_each(|old| old.give_back());
            }
            Self::fresh(len)
        })?;
        if new.committed > committed {
            // SAFETY: within the reservation.
            let rest = unsafe { new.base.as_ptr().add(committed).cast() };
            // SAFETY: as above.
            let ok = unsafe { libc::mprotect(rest, new.committed - committed, libc::PROT_NONE) };
            if ok != 0 {
                return None;
            }
            new.committed = committed;
        }
        new.commit(committed).then_some(new)
    }

    /// One of the same length that was kept.
    fn kept(len: usize) -> Option<Self> {
        let mut kept = KEPT.try_lock().ok()?;
        let same = |kept: &&mut Option<Self>| kept.as_ref().is_some_and(|kept| kept.len == len);
        kept.iter_mut().find(same)?.take()
    }

    fn fresh(len: usize) -> Option<Self> {
        let (base, committed, has_file) = (NonNull::<u128>::dangling().cast(), 0, false);
        if len == 0 {
            return Some(Self { base, len, committed, has_file });
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: asks for fresh pages.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return None;
        }
        Some(Self { base: NonNull::new(base.cast())?, len, committed, has_file })
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Makes the bytes before `end`, a multiple of the page size, usable; new ones are zero.
    /// Returns whether it succeeded.
    pub(crate) fn commit(&mut self, end: usize) -> bool {
        assert!(end <= self.len);
        let new = end.saturating_sub(self.committed);
        if new == 0 {
            return true;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: within the reservation.
        let ok = unsafe {
            libc::mprotect(self.base.as_ptr().add(self.committed).cast(), new, access) == 0
        };
        if ok {
            self.committed = end;
        }
        ok
    }

    /// Puts a file's bytes in place of what is at `offset`, copied when they are written to.
    /// Returns whether it succeeded.
    pub(crate) fn map_image(
        &mut self,
        offset: usize,
        file: &ImageFile,
        at: u64,
        len: usize,
    ) -> bool {
        self.map_file(offset, &file.file, at, len)
    }

    fn map_file(&mut self, offset: usize, file: &File, at: u64, len: usize) -> bool {
        // SAFETY: no arguments to get wrong.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.committed));
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
        self.has_file |= mapped != libc::MAP_FAILED;
        mapped != libc::MAP_FAILED
    }

    /// Makes all bytes zero again. Returns whether it succeeded.
    fn reset(&mut self) -> bool {
        if self.committed == 0 {
            return true;
        }
        let base = self.base.as_ptr().cast();
        if !self.has_file {
            // SAFETY: within the reservation, which nobody uses any more.
            return unsafe { libc::madvise(base, self.committed, libc::MADV_DONTNEED) == 0 };
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: as above.
        let fresh = unsafe { libc::mmap(base, self.committed, libc::PROT_NONE, flags, -1, 0) };
        (self.committed, self.has_file) = (0, false);
        fresh != libc::MAP_FAILED
    }

    fn give_back(mut self) {
        if self.len > 0 {
            // SAFETY: nobody uses it any more.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
        // Nothing is left to be dropped.
        self.len = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        let base = NonNull::dangling();
        let empty = Self { base, len: 0, committed: 0, has_file: false };
        let mut this = std::mem::replace(self, empty);
        let place = KEPT.try_lock().ok();
        let place = place.and_then(|kept| {
            let free = kept.iter().position(Option::is_none)?;
            if !this.reset() {
                return None;
            }
            Some((kept, free))
        });
        match place {
            Some((mut kept, free)) => kept[free] = Some(this),
            None => this.give_back(),
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_again_is_as_if_new() {
        // A length that no other test uses.
        const LEN: usize = 77 << 16;
        for round in 0..20 {
            let mut one = Reservation::new(LEN, (round % 3) << 16).unwrap();
            let mut other = Reservation::new(LEN, 0).unwrap();
            assert_ne!(one.base(), other.base());
            assert!(one.commit(2 << 16) && other.commit(1 << 16));
            for (memory, len) in [(&one, 2 << 16), (&other, 1 << 16)] {
                assert_eq!(memory.committed, len);
                // SAFETY: usable.
                let bytes = unsafe { std::slice::from_raw_parts_mut(memory.base(), len) };
                assert!(bytes.iter().all(|&byte| byte == 0));
                bytes.fill(1);
            }
            let file = File::open("/proc/self/exe").unwrap();
            assert!(round % 2 == 0 || other.map_file(0, &file, 0, 4096));
        }
    }

    #[test]
    fn what_is_not_there_cannot_be_had() {
        assert!(Reservation::new(usize::MAX >> 1 & !0xffff, 0).is_none());
        assert_eq!(Reservation::new(0, 0).unwrap().committed, 0);
    }
}
