//! Files, pipes, terminals and devices of the system's. Reading and writing go straight between the
//! kernel and the guest's memory, at the kernel's own idea of the place.

use std::num::NonZeroU64;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{
    Advice, FallocateFlags, FileType, OFlags, SeekFrom, Stat, Timespec, Timestamps, UTIME_NOW,
    UTIME_OMIT,
};

use super::Errno;
use super::interrupt::{Interrupt, again, would_not_wait};
use super::iovecs::Ranges;
use super::object::{Object, Ready};
use super::types::{Filestat, Filetype, NewTime, Whence, fdflags};
use crate::platform::io;

/// A descriptor of the system's.
pub(super) enum Source {
    /// The guest's alone.
    Own(OwnedFd),
    /// The program's, which others use, too: its flags are not changed.
    Inherited(BorrowedFd<'static>),
}

/// What is open.
pub(super) struct HostFile {
    source: Source,
    /// What it is, if somebody has asked already.
    known: Option<Filetype>,
    flags: AtomicU32,
    read_only: bool,
}

/// The most that is written where it could wait although it must not: what a pipe takes that says
/// it takes something.
const PIPE_BUF: usize = 4096;

impl HostFile {
    pub(super) fn opened(fd: OwnedFd, filetype: Filetype, flags: u32, read_only: bool) -> Self {
        let source = Source::Own(fd);
        Self { source, known: Some(filetype), flags: AtomicU32::new(flags), read_only }
    }

    /// One of the program's own streams.
    pub(super) fn inherited(fd: BorrowedFd<'static>) -> Self {
        let source = Source::Inherited(fd);
        Self { source, known: None, flags: AtomicU32::new(0), read_only: false }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Own(fd) => fd.as_fd(),
            Source::Inherited(fd) => *fd,
        }
    }

    fn is_regular(&self) -> bool {
        self.known == Some(Filetype::RegularFile)
    }

    /// Whether it must not wait, and would if it was asked directly.
    fn pretends(&self) -> bool {
        matches!(self.source, Source::Inherited(_))
            && self.flags.load(Ordering::Relaxed) & fdflags::NONBLOCK != 0
    }

    /// What has to be before reading or writing.
    fn before(&self, interrupt: &Interrupt<'_>, to_write: bool) -> Result<(), Errno> {
        if self.is_regular() {
            return Ok(());
        }
        if self.pretends() && !would_not_wait(self.fd(), to_write)? {
            return Err(Errno::Again);
        }
        if self.flags.load(Ordering::Relaxed) & fdflags::NONBLOCK == 0 {
            interrupt.before(self.fd(), to_write)?;
        }
        Ok(())
    }
}

impl Object for HostFile {
    fn filetype(&self) -> Result<Filetype, Errno> {
        match self.known {
            Some(known) => Ok(known),
            None => Ok(self.stat()?.filetype),
        }
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        Ok(stat(self.fd(), &rustix::fs::fstat(self.fd())?))
    }

    fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    fn set_flags(&self, flags: u32) -> Result<(), Errno> {
        fdflags::check_change(self.flags(), flags)?;
        if let Source::Own(fd) = &self.source {
            rustix::fs::fcntl_setfl(fd, system_flags(flags))?;
        }
        self.flags.store(flags, Ordering::Relaxed);
        Ok(())
    }

    fn read(
        &self,
        interrupt: &Interrupt<'_>,
        to: Ranges<'_>,
        at: Option<u64>,
    ) -> Result<usize, Errno> {
        let at = place(at)?;
        self.before(interrupt, false)?;
        // SAFETY: ranges of a guest's memory.
        again(|| unsafe { io::read(self.fd(), to.0, at) })
    }

    fn write(
        &self,
        interrupt: &Interrupt<'_>,
        from: Ranges<'_>,
        at: Option<u64>,
    ) -> Result<usize, Errno> {
        let at = place(at)?;
        self.before(interrupt, true)?;
        let part;
        // More could have to wait for somebody to read.
        let careful = self.pretends() || interrupt.is_possible() && !self.is_regular();
        let ranges = match from.0 {
            [first, ..] if careful => {
                part = [io::IoRange::new(first.start(), first.len().min(PIPE_BUF))];
                &part
            }
            all => all,
        };
        // SAFETY: ranges of a guest's memory.
        again(|| unsafe { io::write(self.fd(), ranges, at) })
    }

    fn seek(&self, offset: i64, whence: Whence) -> Result<u64, Errno> {
        let to = match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            Whence::Here => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        Ok(rustix::fs::seek(self.fd(), to)?)
    }

    fn advise(&self, offset: u64, len: u64, advice: u32) -> Result<(), Errno> {
        let advice = match advice {
            0 => Advice::Normal,
            1 => Advice::Sequential,
            2 => Advice::Random,
            3 => Advice::WillNeed,
            4 => Advice::DontNeed,
            5 => Advice::NoReuse,
            _ => return Err(Errno::Inval),
        };
        if i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
            return Err(Errno::Inval);
        }
        Ok(rustix::fs::fadvise(self.fd(), offset, NonZeroU64::new(len), advice)?)
    }

    fn allocate(&self, offset: u64, len: u64) -> Result<(), Errno> {
        Ok(rustix::fs::fallocate(self.fd(), FallocateFlags::empty(), offset, len)?)
    }

    fn sync(&self, data_only: bool) -> Result<(), Errno> {
        let sync = if data_only { rustix::fs::fdatasync } else { rustix::fs::fsync };
        Ok(sync(self.fd())?)
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        if self.read_only {
            return Err(Errno::Perm);
        }
        Ok(rustix::fs::ftruncate(self.fd(), size)?)
    }

    fn set_times(&self, accessed: NewTime, modified: NewTime) -> Result<(), Errno> {
        if self.read_only {
            return Err(Errno::Perm);
        }
        Ok(rustix::fs::futimens(self.fd(), &timestamps(accessed, modified))?)
    }

    fn ready(&self, to_write: bool) -> Result<Ready<'_>, Errno> {
        if self.filetype()? != Filetype::RegularFile {
            return Ok(Ready::Ask(self.fd()));
        }
        let mut bytes = 0;
        if !to_write {
            let here = rustix::fs::tell(self.fd())?;
            bytes = self.stat()?.size.saturating_sub(here);
        }
        Ok(Ready::Now { bytes, hangup: false })
    }

    fn is_terminal(&self) -> bool {
        io::is_terminal(self.fd())
    }
}

/// The flags of a descriptor, as the system has them.
pub(super) fn system_flags(flags: u32) -> OFlags {
    let mut system = OFlags::empty();
    for (ours, theirs) in [
        (fdflags::APPEND, OFlags::APPEND),
        (fdflags::DSYNC, OFlags::DSYNC),
        (fdflags::NONBLOCK, OFlags::NONBLOCK),
        (fdflags::RSYNC, OFlags::RSYNC),
        (fdflags::SYNC, OFlags::SYNC),
    ] {
        if flags & ours != 0 {
            system |= theirs;
        }
    }
    system
}

fn place(at: Option<u64>) -> Result<Option<i64>, Errno> {
    at.map(|at| i64::try_from(at).map_err(|_| Errno::Inval)).transpose()
}

/// Times as the system takes them.
pub(super) fn timestamps(accessed: NewTime, modified: NewTime) -> Timestamps {
    let one = |time| match time {
        NewTime::Keep => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        NewTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        NewTime::At(ns) => {
            Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as _ }
        }
    };
    Timestamps { last_access: one(accessed), last_modification: one(modified) }
}

/// What the system says about a file, the way WASI does. Of a socket that is open, the descriptor
/// tells more.
pub(super) fn stat(fd: BorrowedFd<'_>, stat: &Stat) -> Filestat {
    let mut all = stat_of(stat);
    if all.filetype == Filetype::SocketStream
        && io::socket_kind(fd).is_ok_and(|(packets, _)| packets)
    {
        all.filetype = Filetype::SocketDgram;
    }
    all
}

/// What the system says about a file, the way WASI does. What was before 1970 was then.
#[allow(clippy::unnecessary_cast, reason = "types of the fields differ between machines")]
pub(super) fn stat_of(stat: &Stat) -> Filestat {
    let time = |seconds: i64, ns: u64| {
        u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(ns)
    };
    Filestat {
        dev: stat.st_dev,
        ino: stat.st_ino,
        filetype: filetype(FileType::from_raw_mode(stat.st_mode)),
        links: stat.st_nlink as u64,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        accessed: time(stat.st_atime as i64, stat.st_atime_nsec as u64),
        modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
        changed: time(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
    }
}

/// What a file is, the way WASI says it, which knows no pipes.
pub(super) fn filetype(system: FileType) -> Filetype {
    match system {
        FileType::RegularFile => Filetype::RegularFile,
        FileType::Directory => Filetype::Directory,
        FileType::Symlink => Filetype::SymbolicLink,
        FileType::Socket => Filetype::SocketStream,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::BlockDevice => Filetype::BlockDevice,
        _ => Filetype::Unknown,
    }
}
