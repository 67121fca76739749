//! Address space.
//!
//! Giving a memory's address space back costs several times as much as making it again what it
//! was at first, so a few reservations that are not needed any more are kept for the next memories
//! of the same size, with what they have of a file if that is all they have. Pages that were written to
//! are written to once more, so that they hold what they did at first, where they are few and can be told from
//! others ([`pagemap`](super::pagemap)).

use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

use super::ImageFile;
use super::lock::{Guard, TryLock};
use super::pagemap::{Pagemap, Regions};

/// How many reservations are kept at most. Each may have some pages
/// ([`MOST_PAGES`](super::pagemap::MOST_PAGES)), so that all have 8 MiB.
const MOST_KEPT: usize = 64;
/// How many there may be when one of more usable bytes than [`LARGE`] joins them: the system may count those
/// as memory, and has page tables for them.
const MOST_BEFORE_LARGE: usize = 7;
const LARGE: usize = 16 << 20;

/// Address space of which no byte can be touched until it is committed. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: *mut u8,
    len: usize,
    /// How many bytes, from the start, are usable.
    committed: usize,
    /// What of a file they start with.
    backing: Option<Backing>,
    /// Whether there is more from files.
    has_more: bool,
    /// Where something was written for sure, if that is known.
    written: Option<usize>,
    /// Whether nothing was written since it was had, for sure.
    unused: bool,
}

/// A part of an image's file that a memory starts with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backing {
    pub(crate) file: &'static ImageFile,
    /// Where it is in the file.
    pub(crate) at: u64,
    /// Where it is in the memory.
    pub(crate) offset: usize,
    /// What it is, for as long as the file is the image's.
    pub(crate) bytes: &'static [u8],
}

impl PartialEq for Backing {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.file, other.file)
            && (self.at, self.offset, self.bytes.len())
                == (other.at, other.offset, other.bytes.len())
    }
}

// SAFETY: nobody else has the address space.
unsafe impl Send for Reservation {}

/// What is kept for the next memories: reservations that are not in use, all zero but for their `backing`.
struct Pool {
    /// Those before `len`; empty ones behind.
    kept: [Reservation; MOST_KEPT],
    len: usize,
}

static POOL: TryLock<Pool> =
    TryLock::new(Pool { kept: [const { Reservation::EMPTY }; MOST_KEPT], len: 0 });
static PAGEMAP: Pagemap = Pagemap::new();

/// What is kept, unless somebody has it for longer than one takes to have a look: another thread, or one that
/// this process, a child of `fork`, does not have.
#[inline(never)]
fn pool() -> Option<Guard<'static, Pool>> {
    for _ in 0..100 {
        let pool = POOL.try_lock();
        if pool.is_some() {
            return pool;
        }
        std::hint::spin_loop();
    }
    None
}

impl Pool {
    /// The one that was kept last of those that rank lowest, if it has a rank. None ranks below 0.
    fn take(&mut self, rank: impl Fn(&Reservation) -> Option<u8>) -> Option<Reservation> {
        let mut best = None;
        for (i, kept) in self.kept[..self.len].iter().enumerate().rev() {
            if let Some(rank) = rank(kept)
                && best.is_none_or(|(best, _)| rank < best)
            {
                best = Some((rank, i));
                if rank == 0 {
                    break;
                }
            }
        }
        self.kept.swap(best?.1, self.len - 1);
        self.last()
    }

    /// The one that was kept last.
    fn last(&mut self) -> Option<Reservation> {
        self.len = self.len.checked_sub(1)?;
        Some(std::mem::replace(&mut self.kept[self.len], Reservation::EMPTY))
    }

    fn has_room(&self, new: &Reservation) -> bool {
        self.len < MOST_KEPT && (new.committed <= LARGE || self.len <= MOST_BEFORE_LARGE)
    }
}

impl Reservation {
    /// None.
    const EMPTY: Self = Self {
        base: ptr::null_mut(),
        len: 0,
        committed: 0,
        backing: None,
        has_more: false,
        written: None,
        unused: false,
    };

    /// Reserves `len` bytes, of which those before `committed`, a multiple of the page size, are
    /// usable; `None` if there are none. They are zero, but for [`backing`](Self::backing), which
    /// is what is asked for or nothing.
    pub(crate) fn new(len: usize, committed: usize, backing: Option<Backing>) -> Option<Self> {
        let mut new = match Self::kept(len, committed, backing) {
            Some(kept) => kept,
            None => Self::fresh(len)?,
        };
        if new.backing.is_some() && new.backing != backing && !new.clear() {
            return None;
        }
        if new.committed > committed {
            // SAFETY: within the reservation.
            let rest = unsafe { new.base.add(committed).cast() };
            // SAFETY: as above.
            let ok = unsafe { libc::mprotect(rest, new.committed - committed, libc::PROT_NONE) };
            if ok != 0 {
                return None;
            }
            new.committed = committed;
        }
        if !new.commit(committed) {
            return None;
        }
        if let (None, Some(wanted)) = (new.backing, backing)
            && new.map_file(wanted)
        {
            new.backing = backing;
        }
        Some(new)
    }

    /// One of the same length that was kept, best of all one that has the same of a file and as much to be used.
    fn kept(len: usize, committed: usize, backing: Option<Backing>) -> Option<Self> {
        let mut pool = pool()?;
        pool.take(|kept| {
            let backed = match kept.backing {
                _ if kept.backing == backing => 0,
                None => 2,
                Some(_) => 4,
            };
            (kept.len == len).then_some(backed + u8::from(kept.committed != committed))
        })
    }

    #[cold]
    fn fresh(len: usize) -> Option<Self> {
        if len == 0 {
            return Some(Self { base: NonNull::<u128>::dangling().as_ptr().cast(), ..Self::EMPTY });
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        loop {
            // SAFETY: asks for fresh pages.
            let base = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
            if base != libc::MAP_FAILED {
                return Some(Self { base: base.cast(), len, ..Self::EMPTY });
            }
            // What is kept must not keep others from having it.
            pool()?.last()?.give_back();
        }
    }

    pub(crate) fn base(&self) -> *mut u8 {
        self.base
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
        let ok = unsafe { libc::mprotect(self.base.add(self.committed).cast(), new, access) == 0 };
        if ok {
            self.committed = end;
            return true;
        }
        // The system stops at the first mapping that it refuses: those before it are usable now.
        // SAFETY: within the reservation; nobody was told of these pages.
        let undone = unsafe {
            libc::mprotect(self.base.add(self.committed).cast(), new, libc::PROT_NONE) == 0
        };
        assert!(undone, "pages outside of a memory cannot be made unusable again");
        false
    }

    /// What of a file the memory starts with.
    pub(crate) fn backing(&self) -> Option<Backing> {
        self.backing
    }

    /// Puts more of a file in its place. Returns whether it succeeded.
    pub(crate) fn back_more(&mut self, backing: Backing) -> bool {
        let mapped = self.map_file(backing);
        self.has_more |= mapped;
        mapped
    }

    /// Takes note that something is written at an offset among the usable bytes.
    pub(crate) fn note_written(&mut self, offset: usize) {
        self.written = Some(offset);
    }

    /// Takes note that nobody wrote anything.
    pub(crate) fn note_unused(&mut self) {
        self.unused = true;
    }

    /// Puts a file's bytes in their place, copied when they are written to, if the file still has them.
    /// Returns whether it succeeded.
    #[cold]
    fn map_file(&mut self, Backing { file, at, offset, bytes }: Backing) -> bool {
        let len = bytes.len();
        // SAFETY: no arguments to get wrong.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
        assert!(offset.checked_add(len).is_some_and(|end| end <= self.committed));
        if [offset as u64, len as u64, at].iter().any(|n| !n.is_multiple_of(page))
            || !file.holds(bytes, at)
        {
            return false;
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
        // SAFETY: within the reservation, whose pages are nobody else's.
        let mapped = unsafe {
            let place = self.base.add(offset).cast();
            libc::mmap(place, len, access, flags, file.file.as_raw_fd(), at as libc::off_t)
        };
        mapped != libc::MAP_FAILED
    }

    /// Makes all bytes again what they were at first. Returns whether it succeeded.
    #[inline(never)]
    fn reset(&mut self) -> bool {
        let written = self.written.take();
        if self.committed == 0 {
            return true;
        }
        if self.has_more {
            return self.clear();
        }
        if self.restore(written) {
            return true;
        }
        let base = self.base.cast();
        // SAFETY: within the reservation, which nobody uses any more. Pages of a file are the
        // file's again, others zero.
        unsafe { libc::madvise(base, self.committed, libc::MADV_DONTNEED) == 0 }
    }

    /// Makes the pages what they were that may be something else, if they are known, among them the one where
    /// something is written, if that is known.
    fn restore(&mut self, written: Option<usize>) -> bool {
        let base = self.base;
        let written = written.unwrap_or_else(|| {
            // SAFETY: the first byte of some that can be used. What stands there is written to it.
            unsafe { base.write_volatile(base.read_volatile()) };
            0
        });
        let usable = base.addr()..base.addr() + self.committed;
        let (known, mut regions) = (base.addr() + written, Regions::default());
        let Some(regions) = PAGEMAP.written(usable, known, &mut regions) else { return false };
        for region in regions {
            let region = region.addresses();
            let (start, end) = (region.start - base.addr(), region.end - base.addr());
            // SAFETY: within the usable part of the reservation, which nobody uses any more.
            unsafe { base.add(start).write_bytes(0, end - start) };
            let Some(Backing { offset, bytes, .. }) = self.backing else { continue };
            let (from, to) = (start.max(offset), end.min(offset + bytes.len()));
            if from < to {
                // SAFETY: as above; the range is one of the file's bytes, too.
                unsafe {
                    let bytes = bytes.as_ptr().add(from - offset);
                    base.add(from).copy_from_nonoverlapping(bytes, to - from);
                }
            }
        }
        true
    }

    /// Makes all bytes zero and unusable again. Returns whether it succeeded.
    #[cold]
    fn clear(&mut self) -> bool {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        let base = self.base.cast();
        // SAFETY: within the reservation, which nobody uses.
        let fresh = unsafe { libc::mmap(base, self.committed, libc::PROT_NONE, flags, -1, 0) };
        if fresh == libc::MAP_FAILED {
            return false;
        }
        (self.committed, self.backing, self.has_more) = (0, None, false);
        true
    }

    #[cold]
    #[inline(never)]
    fn give_back(mut self) {
        if self.len > 0 {
            // SAFETY: nobody uses it any more.
            unsafe { libc::munmap(self.base.cast(), self.len) };
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
        let mut this = std::mem::replace(self, Self::EMPTY);
        // Without the lock: others need not wait.
        let kept = this.unused || pool().is_some_and(|pool| pool.has_room(&this)) && this.reset();
        if let Some(mut pool) = pool().filter(|pool| kept && pool.has_room(&this)) {
            this.unused = false;
            let place = pool.len;
            pool.kept[place] = this;
            pool.len += 1;
        } else {
            this.give_back();
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    /// Of a length that no other test uses.
    fn three(len: usize, backing: Option<Backing>) -> [Reservation; 3] {
        [0, 1, 3].map(|pages| {
            let backing = backing.filter(|_| pages == 3);
            Reservation::new(len, pages << 16, backing).unwrap()
        })
    }

    fn check(memory: &mut Reservation, pages: usize, start: &[u8]) {
        assert!(memory.commit(pages << 16));
        assert_eq!(memory.committed, pages << 16);
        // SAFETY: usable.
        let bytes = unsafe { std::slice::from_raw_parts_mut(memory.base(), pages << 16) };
        assert!(bytes.starts_with(start));
        assert!(bytes[start.len()..].iter().all(|&byte| byte == 0));
        bytes.fill(1);
    }

    #[test]
    fn what_is_used_again_is_as_if_new() {
        let mut bases = Vec::new();
        for _ in 0..20 {
            let mut all = three(77 << 16, None);
            bases.extend(all.iter().map(|memory| memory.base()));
            for (memory, pages) in all.iter_mut().zip([2, 2, 4]) {
                check(memory, pages, &[]);
            }
        }
        bases.sort_unstable();
        bases.dedup();
        assert!(bases.len() < 60, "none was used again");
    }

    /// Few pages and many, in few stretches and many, so that they are erased, given back, or both.
    #[test]
    fn what_was_written_here_and_there_is_gone_when_it_is_used_again() {
        const PAGES: usize = 512;
        for round in 0..60 {
            let mut memory = Reservation::new(79 << 16, PAGES << 12, None).unwrap();
            // SAFETY: usable.
            let bytes = unsafe { std::slice::from_raw_parts_mut(memory.base(), PAGES << 12) };
            assert!(bytes.iter().all(|&byte| byte == 0), "in round {round}");
            let (stretches, pages) = (1 + round % 12, 1 + round % 7);
            for stretch in 0..stretches {
                let start = ((stretch * 41 + round) % (PAGES - pages)) << 12;
                bytes[start + round..][..pages << 12].fill(round as u8 + 1);
                memory.note_written(start + round);
            }
        }
    }

    #[test]
    fn what_comes_from_a_file_comes_from_it_again() {
        let image = crate::platform::find_image(check as *const () as usize).unwrap();
        let Some(file) = crate::platform::open_image(&image) else { return };
        let file: &'static ImageFile = Box::leak(Box::new(file));
        let start: &'static mut [u8; 8192] = Box::leak(Box::new([0; 8192]));
        let exe = std::fs::File::open("/proc/self/exe").unwrap();
        std::os::unix::fs::FileExt::read_exact_at(&exe, start, 4096).unwrap();
        let first: &'static mut [u8; 4096] = Box::leak(Box::new([0; 4096]));
        std::os::unix::fs::FileExt::read_exact_at(&exe, first, 0).unwrap();
        let start: &'static [u8] = start;
        let backing = Backing { file, at: 4096, offset: 0, bytes: start };
        let other = Backing { at: 0, offset: 1 << 16, bytes: first, ..backing };
        for round in 0..20 {
            let asked = [Some(backing), None, Some(Backing { bytes: &start[..4096], ..backing })]
                [round % 3];
            let mut all = three(78 << 16, asked);
            let start = &start[..asked.map_or(0, |asked| asked.bytes.len())];
            assert!(all[2].backing() == asked && all[0].backing().is_none());
            assert!(round % 4 != 0 || all[1].commit(2 << 16) && all[1].back_more(other));
            if round % 4 != 0 {
                check(&mut all[1], 2, &[]);
            }
            check(&mut all[0], 1, &[]);
            check(&mut all[2], 3, start);
        }
    }

    /// Few pages of a file and of none, and many, are read and written to, or none is.
    #[test]
    fn what_was_written_over_a_file_is_the_files_again() {
        const PAGES: usize = 80;
        let image = crate::platform::find_image(check as *const () as usize).unwrap();
        let Some(file) = crate::platform::open_image(&image) else { return };
        let file: &'static ImageFile = Box::leak(Box::new(file));
        let bytes: &'static mut [u8; 16 << 12] = Box::leak(Box::new([0; 16 << 12]));
        let exe = std::fs::File::open("/proc/self/exe").unwrap();
        std::os::unix::fs::FileExt::read_exact_at(&exe, bytes, 4096).unwrap();
        for round in 0..90 {
            // At the start of the memory, in the middle, at its end.
            let offset = [0, 32, 64][round / 30] << 12;
            let backing = Backing { file, at: 4096, offset, bytes };
            let memory = Reservation::new(80 << 16, PAGES << 12, Some(backing)).unwrap();
            let mut model = vec![0; PAGES << 12];
            model[offset..][..bytes.len()].copy_from_slice(bytes);
            // SAFETY: usable.
            let seen = unsafe { std::slice::from_raw_parts_mut(memory.base(), PAGES << 12) };
            if round % 2 == 0 {
                assert!(seen == model, "in round {round}");
            }
            let (stretches, pages) = (round % 10, 1 + round % 5);
            for stretch in 0..stretches {
                let start = ((stretch * 7 + round) % (PAGES - pages)) << 12;
                seen[start + round..][..(pages << 12) - round].fill(round as u8);
            }
        }
    }

    /// Growth that the system refuses half-way: after `fork` the unusable part is two mappings, of which the
    /// first could be made usable.
    #[test]
    fn growth_that_fails_leaves_nothing_usable() {
        const LEN: usize = 8 << 30;
        let first = Reservation::new(LEN, 16 << 20, None).unwrap();
        // SAFETY: usable.
        unsafe { first.base().add(15 << 20).write(1) };
        drop(first);
        // SAFETY: the child allocates little, waits for no lock and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut second = Reservation::new(LEN, 1 << 16, None).unwrap();
            let limit = libc::rlimit { rlim_cur: 200 << 20, rlim_max: 200 << 20 };
            // SAFETY: the child's own limit.
            unsafe { libc::setrlimit(libc::RLIMIT_DATA, &limit) };
            let grown = second.commit(1 << 30);
            // SAFETY: reserved, so nobody else's: it faults, as it does when a guest tries.
            unsafe {
                second.base().add(1 << 20).write_volatile(42);
                libc::_exit(i32::from(grown));
            }
        }
        let mut status = 0;
        // SAFETY: a child of this process, and a place for its status.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert!(libc::WIFSIGNALED(status), "{status:#x}");
        assert_eq!(libc::WTERMSIG(status), libc::SIGSEGV);
    }

    #[test]
    fn what_is_not_there_cannot_be_had() {
        assert!(Reservation::new(usize::MAX >> 1 & !0xffff, 0, None).is_none());
        assert_eq!(Reservation::new(0, 0, None).unwrap().committed, 0);
    }
}
