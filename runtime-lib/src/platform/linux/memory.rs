//! Address space.
//!
//! Giving a memory's address space back costs several times as much as making it again what it
//! was at first, so a few reservations that are not needed any more are kept for the next memories
//! of the same size, with what they have of a file if that is all they have. Pages that were written to
//! are written to once more, so that they hold what they did at first, where they can be told from
//! others ([`pagemap`](super::pagemap)): that costs a seventh of having them from the system again. Where they
//! are many, those that hold something are counted: a memory keeps its pages as long as those who have it next
//! use as many of them.

use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ImageFile;
use super::lock::{Guard, TryLock};
use super::pagemap::{Pagemap, Regions};

/// How many reservations are kept at most. Each may have some pages
/// ([`MOST_PAGES`](super::pagemap::MOST_PAGES)), so that all have 8 MiB; others have more than that.
const MOST_KEPT: usize = 64;
/// How many bytes of pages are kept at most, by those and by memories that have them since. (In tests less, so that
/// these come there.)
const MOST_RESIDENT: usize = if cfg!(test) { 2 << 20 } else { 128 << 20 };
/// So many of them are held, those that were used last; the others the system may take when it needs some.
const MOST_HELD: usize = MOST_RESIDENT / 2;
/// Pages are given back when fewer of them hold something than that part of what did before.
const FEWER: usize = 4;
/// How often to wait for what another thread does with what is kept, where only one of these will do.
const PATIENCE: usize = 1000;
/// What is looked at, and erased, at a time. Pages are no smaller.
const PIECE: usize = 4096;
/// How many of them have more usable bytes than [`LARGE`]: the system may count those as memory, and has page tables
/// for them. (In tests such are smaller.)
const MOST_LARGE: usize = 8;
const LARGE: usize = if cfg!(test) { 1 << 20 } else { 16 << 20 };

/// Address space of which no byte can be touched until it is committed. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    base: *mut u8,
    len: usize,
    /// Where it had to be, or 0.
    at: usize,
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
    /// How many bytes were usable at first.
    initial: usize,
    /// How many bytes it has of pages, beside a few, where they were kept; how many of them the system may not take; and
    /// where they end at most.
    resident: usize,
    held: usize,
    resident_end: usize,
    /// How many bytes of them held something at most.
    erased: usize,
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
/// How many bytes of pages are kept.
static RESIDENT: AtomicUsize = AtomicUsize::new(0);
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

    /// The one that was kept last, if at an address, then of those there.
    fn last_at(&mut self, at: usize) -> Option<Reservation> {
        let kept = &mut self.kept[..self.len];
        if let Some(place) = kept.iter().rposition(|kept| at == 0 || kept.at == at) {
            kept[place..].rotate_left(1);
            return self.last();
        }
        None
    }

    /// The one that was kept last.
    fn last(&mut self) -> Option<Reservation> {
        self.len = self.len.checked_sub(1)?;
        Some(std::mem::replace(&mut self.kept[self.len], Reservation::EMPTY))
    }

    /// One that has to go for another one to stay: the first that is large, or has many pages, if those are too many. Not one at an
    /// address: whoever wants it meanwhile would find it taken.
    fn in_the_way(&mut self, new: &Reservation) -> Option<Reservation> {
        let kept = &mut self.kept[..self.len];
        let mut large = kept.iter().filter(|kept| kept.committed > LARGE);
        let first = if new.committed > LARGE && large.nth(MOST_LARGE - 1).is_some() {
            kept.iter().position(|kept| kept.committed > LARGE && kept.at == 0)
        } else if new.has_too_much() {
            kept.iter().position(|kept| kept.resident > 0 && kept.at == 0)
        } else {
            None
        };
        kept.swap(first?, self.len - 1);
        self.last()
    }

    /// One whose pages the system may take for others to be held: the one that was kept first of those that are, as above.
    fn held_longest(&mut self, new: &Reservation) -> Option<Reservation> {
        let kept = &mut self.kept[..self.len];
        let held: usize = kept.iter().map(|kept| kept.held).sum();
        if held + new.held <= MOST_HELD {
            return None;
        }
        let first = kept.iter().position(|kept| kept.held > 0 && kept.at == 0)?;
        kept[first..].rotate_left(1);
        self.last()
    }

    /// Keeps one, as the first or the last. It is handed back if there is no room.
    fn keep(&mut self, new: Reservation, first: bool) -> Option<Reservation> {
        if !self.has_room() {
            return Some(new);
        }
        self.kept[self.len] = new;
        self.len += 1;
        if first {
            self.kept[..self.len].rotate_right(1);
        }
        None
    }

    fn has_room(&self) -> bool {
        self.len < MOST_KEPT
    }
}

impl Reservation {
    /// None.
    const EMPTY: Self = Self {
        base: ptr::null_mut(),
        len: 0,
        at: 0,
        committed: 0,
        backing: None,
        has_more: false,
        written: None,
        unused: false,
        initial: 0,
        resident: 0,
        held: 0,
        resident_end: 0,
        erased: 0,
    };

    /// Reserves `len` bytes, at an address if that is not 0, of which those before `committed`, a multiple of the page size, are
    /// usable; `None` if there are none. They are zero, but for [`backing`](Self::backing), which
    /// is what is asked for or nothing.
    pub(crate) fn new(
        len: usize,
        at: usize,
        committed: usize,
        backing: Option<Backing>,
    ) -> Option<Self> {
        let mut new = match Self::kept(len, at, committed, backing) {
            Some(kept) => kept,
            None => Self::fresh(len, at)?,
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
        new.initial = committed;
        if let (None, Some(wanted)) = (new.backing, backing)
            && new.map_file(wanted)
        {
            new.backing = backing;
        }
        Some(new)
    }

    /// One of the same length that was kept, best of all one that has the same of a file and as much to be used. Those with
    /// many pages are for memories that start as the last one did: others may not need them.
    fn kept(len: usize, at: usize, committed: usize, backing: Option<Backing>) -> Option<Self> {
        let mut pool = pool()?;
        pool.take(|kept| {
            let backed = match kept.backing {
                _ if kept.backing == backing => 0,
                None => 2,
                Some(_) => 4,
            };
            let fits = kept.resident == 0 || kept.initial == committed && backed == 0;
            ((kept.len, kept.at) == (len, at) && fits)
                .then_some(backed + u8::from(kept.committed != committed))
        })
    }

    #[cold]
    fn fresh(len: usize, at: usize) -> Option<Self> {
        if len == 0 {
            return Some(Self { base: NonNull::<u128>::dangling().as_ptr().cast(), ..Self::EMPTY });
        }
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let flags = if at == 0 { flags } else { flags | libc::MAP_FIXED_NOREPLACE };
        let wanted = ptr::without_provenance_mut(at);
        let mut patience = PATIENCE;
        loop {
            // SAFETY: asks for fresh pages, which take nobody's place.
            let base = unsafe { libc::mmap(wanted, len, libc::PROT_NONE, flags, -1, 0) };
            if base != libc::MAP_FAILED {
                let new = Self { base: base.cast(), len, at, ..Self::EMPTY };
                if at == 0 || base == wanted {
                    return Some(new);
                }
                // A system that takes the address for a wish.
                new.give_back();
            }
            // What is kept must not keep others from having it.
            match pool().and_then(|mut pool| pool.last_at(at)) {
                Some(kept) => kept.give_back(),
                // Another thread may be about to.
                None if at != 0 && patience > 0 => {
                    patience -= 1;
                    std::thread::yield_now();
                }
                None => return None,
            }
        }
    }

    /// Gives back all that are kept.
    #[cold]
    pub(crate) fn release_kept() {
        while let Some(kept) = pool().and_then(|mut pool| pool.last()) {
            kept.give_back();
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
        let written = written.unwrap_or_else(|| {
            // SAFETY: the first byte of some that can be used. What stands there is written to it.
            unsafe { self.base.write_volatile(self.base.read_volatile()) };
            0
        });
        if self.restore(written) || self.restore_many(written) {
            return true;
        }
        let end = self.committed.max(self.resident_end);
        self.keeps_no_pages();
        let base = self.base.cast();
        // SAFETY: within the reservation, which nobody uses any more. Pages of a file are the
        // file's again, others zero.
        unsafe { libc::madvise(base, end, libc::MADV_DONTNEED) == 0 }
    }

    /// Makes the pages what they were that may be something else, if they are known and few, among them the one where
    /// something is written.
    fn restore(&mut self, written: usize) -> bool {
        let base = self.base;
        let usable = base.addr()..base.addr() + self.committed;
        let (known, mut regions) = (base.addr() + written, Regions::default());
        let Some(regions) = PAGEMAP.written(usable, known, &mut regions) else { return false };
        for region in regions {
            let region = region.addresses();
            let (start, end) = (region.start - base.addr(), region.end - base.addr());
            // SAFETY: within the usable part of the reservation, which nobody uses any more.
            unsafe { base.add(start).write_bytes(0, end - start) };
            self.copy_backing(start, end);
        }
        true
    }

    /// Puts what is of a file in its place in a usable part.
    fn copy_backing(&self, start: usize, end: usize) {
        let Some(Backing { offset, bytes, .. }) = self.backing else { return };
        let (from, to) = (start.max(offset), end.min(offset + bytes.len()));
        assert!(end <= self.committed);
        if from < to {
            // SAFETY: within the usable part of the reservation, which nobody uses any more; the range is
            // one of the file's bytes, too.
            unsafe {
                let bytes = bytes.as_ptr().add(from - offset);
                self.base.add(from).copy_from_nonoverlapping(bytes, to - from);
            }
        }
    }

    /// Makes all bytes what they were, and keeps the pages that they are in but for those that are too many, unless much
    /// fewer hold something than before.
    #[cold]
    #[inline(never)]
    fn restore_many(&mut self, written: usize) -> bool {
        let base = self.base;
        let usable = base.addr()..base.addr() + self.committed;
        let (mut all, mut erased) = (0, 0);
        let end = PAGEMAP.each_written(usable, base.addr() + written, MOST_RESIDENT, |region| {
            let (start, end) = (region.start - base.addr(), region.end - base.addr());
            all += end - start;
            for at in (start..end).step_by(PIECE) {
                // SAFETY: within the usable part of the reservation, which nobody uses any more.
                let piece =
                    unsafe { std::slice::from_raw_parts_mut(base.add(at), PIECE.min(end - at)) };
                if !is_zero(piece) {
                    piece.fill(0);
                    erased += PIECE;
                }
            }
            self.copy_backing(start, end);
        });
        let Some(end) = end.map(|end| end - base.addr()) else { return false };
        if erased < self.erased / FEWER {
            return false;
        }
        self.erased = self.erased.max(erased);
        let more = all.saturating_sub(self.resident);
        RESIDENT.fetch_add(more, Ordering::Relaxed);
        self.resident = self.resident.max(all);
        self.held = self.resident;
        self.resident_end = self.resident_end.max(end);
        debug_assert!(end <= self.committed);
        if end == self.committed {
            return true;
        }
        let rest = self.committed.max(self.resident_end) - end;
        self.resident_end = end;
        // SAFETY: as above. Pages of a file are the file's again, others zero.
        unsafe { libc::madvise(base.add(end).cast(), rest, libc::MADV_DONTNEED) == 0 }
    }

    /// Has the system take its pages if it needs some, but for those before an offset.
    #[cold]
    fn let_go(&mut self, before: usize) {
        let own = self.backing.map_or(0, |backing| backing.offset + backing.bytes.len());
        let start = own.max(before);
        self.held = self.held.min(before);
        if start < self.resident_end {
            let len = self.resident_end - start;
            // SAFETY: within the reservation, which nobody uses any more. These are zero.
            unsafe { libc::madvise(self.base.add(start).cast(), len, libc::MADV_FREE) };
        }
    }

    /// Whether it has pages, and all that are kept are too many.
    fn has_too_much(&self) -> bool {
        self.resident > 0 && RESIDENT.load(Ordering::Relaxed) > MOST_RESIDENT
    }

    fn keeps_no_pages(&mut self) {
        RESIDENT.fetch_sub(self.resident, Ordering::Relaxed);
        (self.resident, self.held, self.resident_end, self.erased) = (0, 0, 0, 0);
    }

    /// Makes all bytes zero and unusable again. Returns whether it succeeded.
    #[cold]
    fn clear(&mut self) -> bool {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        let base = self.base.cast();
        let end = self.committed.max(self.resident_end);
        // SAFETY: within the reservation, which nobody uses.
        let fresh = unsafe { libc::mmap(base, end, libc::PROT_NONE, flags, -1, 0) };
        if fresh == libc::MAP_FAILED {
            return false;
        }
        self.keeps_no_pages();
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
        self.keeps_no_pages();
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
        let mut kept = this.unused || pool().is_some_and(|pool| pool.has_room()) && this.reset();
        if kept && (this.resident > 0 || this.committed > LARGE) {
            while let Some(first) = pool().and_then(|mut pool| pool.in_the_way(&this)) {
                first.give_back();
            }
            kept = !this.has_too_much();
        }
        this.unused = false;
        if kept && this.held > 0 {
            if this.held > MOST_HELD {
                this.let_go(MOST_HELD);
            }
            while let Some(mut first) = pool().and_then(|mut pool| pool.held_longest(&this)) {
                first.let_go(0);
                keep(first, true);
            }
        }
        if kept {
            keep(this, false);
        } else {
            this.give_back();
        }
    }
}

/// Keeps one, as the one that was kept first or last, if there is room.
fn keep(new: Reservation, first: bool) {
    let rest = match pool() {
        Some(mut pool) => pool.keep(new, first),
        None => Some(new),
    };
    if let Some(rest) = rest {
        rest.give_back();
    }
}

/// Whether there is nothing in it.
fn is_zero(piece: &[u8]) -> bool {
    // By lines of the cache: most of what holds something does so near its start.
    piece.chunks(64).all(|line| line.iter().fold(0, |all, byte| all | byte) == 0)
}

#[cfg(all(test, not(miri)))]
mod tests;
