//! Which pages of the program's memory hold something of their own, by `/proc/self/pagemap` (the call is in
//! Linux since 6.7): so a memory of which little was written to can be made what it was by writing to it, which
//! costs a tenth of giving its pages back and getting others.
//!
//! An answer that is about something else would leave one guest's bytes to the next, so it counts only if
//! nothing speaks against it:
//!
//! - The descriptor shows the process that opened it. A page that the kernel empties in children of
//!   `fork` tells those that they have to open their own.
//! - A program may close files that it does not know, and open others under their numbers. So the answer
//!   has to have a page that is known to be written.
//!
//! What does not work is not tried again.

use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use super::image::open;
use super::lock::TryLock;

/// How many pages are written to by hand without a look at what they hold, at most.
pub(super) const MOST_PAGES: u64 = 32;
/// How many stretches of them.
const MOST_REGIONS: usize = 8;
/// So often pages are given back before it is worth looking: most programs do so once.
const FIRST: u32 = 4;

/// What can tell which pages hold something.
pub(super) struct Pagemap(TryLock<State>);

enum State {
    /// Not needed yet: asked for so often.
    Later(u32),
    Open(Open),
    /// It does not work here.
    Never,
}

struct Open {
    file: OwnedFd,
    /// In a page of its own, which children of the process find empty.
    ours: NonNull<AtomicBool>,
}

// SAFETY: the page is nobody else's, and never given back.
unsafe impl Send for Open {}

/// Room for stretches of pages.
pub(super) type Regions = [Region; MOST_REGIONS];

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    inverted: u64,
    all_of: u64,
    any_of: u64,
    reported: u64,
}

/// `struct page_region`.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
#[repr(C)]
pub(super) struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

impl Region {
    pub(super) fn addresses(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// `PAGEMAP_SCAN`: `_IOWR('f', 16, struct pm_scan_arg)`.
const SCAN: libc::c_ulong =
    (3 << 30) | (size_of::<Scan>() as libc::c_ulong) << 16 | (b'f' as libc::c_ulong) << 8 | 16;

const IS_FILE: u64 = 1 << 2;
const IS_PRESENT: u64 = 1 << 3;
const IS_SWAPPED: u64 = 1 << 4;
const IS_ZERO: u64 = 1 << 5;

impl Pagemap {
    pub(super) const fn new() -> Self {
        Self(TryLock::new(State::Later(FIRST)))
    }

    /// The pages in a range of whole ones that may hold something else than zero, or than a file has there;
    /// `None` if there are too many, or nobody knows. The one with the address `known` must be
    /// such a page.
    #[inline(never)]
    pub(super) fn written<'a>(
        &self,
        range: Range<usize>,
        known: usize,
        room: &'a mut Regions,
    ) -> Option<&'a [Region]> {
        // Who holds the lock may be a thread that this process, a child of `fork`, does not have.
        let file = self.0.try_lock()?.open()?;
        let (regions, end) = scan(file, &range, MOST_PAGES, room)?;
        // There is more, if it did not get to the end.
        if end != range.end {
            return None;
        }
        if !regions.iter().any(|region| region.addresses().contains(&known)) {
            self.0.try_lock()?.give_up();
            return None;
        }
        Some(regions)
    }

    /// Does something with each stretch of such pages, however many they are, until they have as many bytes as `most`,
    /// some pages. Where that ended; `None` if nobody knows, or what was done may have been about something else.
    #[cold]
    pub(super) fn each_written(
        &self,
        range: Range<usize>,
        known: usize,
        most: usize,
        mut with: impl FnMut(Range<usize>),
    ) -> Option<usize> {
        let file = self.0.try_lock()?.open()?;
        let mut room = Regions::default();
        let (mut start, mut left, mut seen) = (range.start, most, false);
        // SAFETY: no arguments to get wrong.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        while start < range.end && left >= page {
            let pages = (left / page) as u64;
            let (regions, end) = scan(file, &(start..range.end), pages, &mut room)?;
            for region in regions {
                let region = region.addresses();
                left = left.saturating_sub(region.len());
                seen |= region.contains(&known);
                with(region);
            }
            if end <= start {
                return None;
            }
            start = end;
        }
        if !seen {
            self.0.try_lock()?.give_up();
            return None;
        }
        Some(start)
    }
}

impl State {
    /// Threads may still be using the file, so it stays.
    #[cold]
    fn give_up(&mut self) {
        std::mem::forget(std::mem::replace(self, Self::Never));
    }

    fn open(&mut self) -> Option<RawFd> {
        if let Self::Open(open) = self
            && open.is_ours()
        {
            return Some(open.file.as_raw_fd());
        }
        self.open_now()
    }

    #[cold]
    fn open_now(&mut self) -> Option<RawFd> {
        match self {
            Self::Later(more @ 1..) => {
                *more -= 1;
                return None;
            }
            Self::Later(0) => *self = Open::new().map_or(Self::Never, Self::Open),
            // The parent's file: this process needs its own, and has the page still.
            Self::Open(open) => match self::open(c"/proc/self/pagemap") {
                Some(file) => {
                    open.file = file;
                    open.make_ours();
                }
                None => self.give_up(),
            },
            Self::Never => {}
        }
        match self {
            Self::Open(open) => Some(open.file.as_raw_fd()),
            _ => None,
        }
    }
}

impl Open {
    #[cold]
    fn new() -> Option<Self> {
        let file = open(c"/proc/self/pagemap")?;
        let (len, access) = (4096, libc::PROT_READ | libc::PROT_WRITE);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: asks for a fresh page; one that is not emptied is not used, and given back.
        let page = unsafe {
            let page = libc::mmap(ptr::null_mut(), len, access, flags, -1, 0);
            if page == libc::MAP_FAILED {
                return None;
            }
            if libc::madvise(page, len, libc::MADV_WIPEONFORK) != 0 {
                libc::munmap(page, len);
                return None;
            }
            page
        };
        let this = Self { file, ours: NonNull::new(page.cast())? };
        this.make_ours();
        Some(this)
    }

    fn is_ours(&self) -> bool {
        // SAFETY: a page that stays; zero is `false`.
        unsafe { self.ours.as_ref() }.load(Ordering::Relaxed)
    }

    fn make_ours(&self) {
        // SAFETY: as above.
        unsafe { self.ours.as_ref() }.store(true, Ordering::Relaxed);
    }
}

/// Looks for no more than so many pages; what was found, and up to where.
fn scan<'a>(
    file: RawFd,
    range: &Range<usize>,
    most: u64,
    room: &'a mut Regions,
) -> Option<(&'a [Region], usize)> {
    let mut scan = Scan {
        size: size_of::<Scan>() as u64,
        flags: 0,
        start: range.start as u64,
        end: range.end as u64,
        walk_end: 0,
        regions: room.as_mut_ptr().expose_provenance() as u64,
        regions_len: room.len() as u64,
        max_pages: most,
        inverted: IS_ZERO | IS_FILE,
        all_of: IS_ZERO | IS_FILE,
        any_of: IS_PRESENT | IS_SWAPPED,
        reported: IS_PRESENT,
    };
    // SAFETY: writes to `scan`, and as many regions as there is room for.
    let count = unsafe { libc::ioctl(file, SCAN, &raw mut scan) };
    let regions = room.get(..usize::try_from(count).ok()?)?;
    let inside = |region: &Region| {
        let region = region.addresses();
        range.start <= region.start && region.start <= region.end && region.end <= range.end
    };
    let end = scan.walk_end as usize;
    (end <= range.end && regions.iter().all(inside)).then_some((regions, end))
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn pages_that_were_written_are_found_where_the_system_tells() {
        const PAGE: usize = 4096;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: fresh pages, of which only parts inside are used.
        let base = unsafe { libc::mmap(ptr::null_mut(), 256 * PAGE, access, flags, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        let (start, base) = (base.addr(), base.cast::<u8>());
        let pagemap = Pagemap::new();
        let written = |known: usize| {
            let (range, mut room) = (start..start + 256 * PAGE, Regions::default());
            let len = pagemap.written(range, start + known * PAGE, &mut room)?.len();
            Some(room.into_iter().take(len).map(|region| region.addresses()))
        };
        let nothing = |known: usize| written(known).is_none();
        // SAFETY: as above.
        let write = |page: usize| unsafe { base.add(page * PAGE + 9).write(1) };
        // SAFETY: as above.
        let read = |page: usize| unsafe { base.add(page * PAGE).read_volatile() };
        let stretch = |from, to| std::iter::once(start + from * PAGE..start + to * PAGE);
        write(7);
        for _ in 0..FIRST {
            assert!(nothing(7));
        }
        let Some(found) = written(7) else { return };
        assert!(found.eq(stretch(7, 8)));
        // Reading makes no page of one's own.
        assert_eq!(read(100), 0);
        (20..23).for_each(write);
        let found = written(21).unwrap();
        assert!(found.skip(1).eq(stretch(20, 23)));
        // Too many stretches, or pages.
        (40..40 + 2 * MOST_REGIONS).step_by(2).for_each(write);
        assert!(nothing(7));
        (40..40 + 2 * MOST_PAGES as usize).for_each(write);
        assert!(nothing(7));
        // A child has pages of its own, which its parent's file does not tell of.
        // SAFETY: the child calls nothing but the system.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            // SAFETY: as above.
            unsafe { libc::madvise(base.cast(), 256 * PAGE, libc::MADV_DONTNEED) };
            write(9);
            let found = written(9).is_some_and(|found| found.eq(stretch(9, 10)));
            // SAFETY: ends the child.
            unsafe { libc::_exit(if found { 0 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: writes a number.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        // SAFETY: as above.
        unsafe { libc::madvise(base.cast(), 256 * PAGE, libc::MADV_DONTNEED) };
        write(7);
        assert!(written(7).is_some());
        // An answer without what is known to be there is none, then and later.
        assert!(nothing(8));
        assert!(nothing(7));
        // SAFETY: nobody uses them any more.
        unsafe { libc::munmap(base.cast(), 256 * PAGE) };
    }
}
