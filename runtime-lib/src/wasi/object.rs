//! What a descriptor can stand for. Each kind is a file beside this one; a program contains those
//! that it can make.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use super::Errno;
use super::interrupt::Interrupt;
use super::iovecs::Ranges;
use super::path::GuestPath;
use super::types::{Filestat, Filetype, NewTime, Whence};

/// Whether reading or writing would have to wait.
pub(super) enum Ready<'a> {
    /// It does what the system says of this.
    Ask(BorrowedFd<'a>),
    /// It would not.
    Now {
        /// How many bytes there are.
        bytes: u64,
        /// Whether there will be no more.
        hangup: bool,
    },
}

/// An open file, folder, stream or socket. What is not for a kind of object says so: there is no
/// such descriptor.
pub(super) trait Object: Send + Sync {
    /// What it is.
    fn filetype(&self) -> Result<Filetype, Errno>;

    /// What there is to say about it.
    fn stat(&self) -> Result<Filestat, Errno>;

    /// Its flags.
    fn flags(&self) -> u32 {
        0
    }

    /// Changes its flags.
    fn set_flags(&self, _flags: u32) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Reads, at its own place or at another.
    fn read(&self, _: &Interrupt<'_>, _to: Ranges<'_>, _at: Option<u64>) -> Result<usize, Errno> {
        Err(Errno::BadF)
    }

    /// Writes, at its own place or at another.
    fn write(
        &self,
        _: &Interrupt<'_>,
        _from: Ranges<'_>,
        _at: Option<u64>,
    ) -> Result<usize, Errno> {
        Err(Errno::BadF)
    }

    /// Moves its place, and says where it is now.
    fn seek(&self, _offset: i64, _whence: Whence) -> Result<u64, Errno> {
        Err(Errno::BadF)
    }

    /// Says how a part will be used.
    fn advise(&self, _offset: u64, _len: u64, _advice: u32) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Makes sure that there is room for a part.
    fn allocate(&self, _offset: u64, _len: u64) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Waits until it is stored, or only what is in it.
    fn sync(&self, _data_only: bool) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Changes its length.
    fn set_size(&self, _size: u64) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Changes when it was accessed and modified.
    fn set_times(&self, _accessed: NewTime, _modified: NewTime) -> Result<(), Errno> {
        Err(Errno::BadF)
    }

    /// Whether reading, or writing, would have to wait.
    fn ready(&self, _to_write: bool) -> Result<Ready<'_>, Errno> {
        Err(Errno::BadF)
    }

    /// Whether a person sits there.
    fn is_terminal(&self) -> bool {
        false
    }

    /// The same as a folder.
    fn folder(&self) -> Option<&dyn Folder> {
        None
    }

    /// The same as a socket.
    fn socket(&self) -> Option<&dyn Socket> {
        None
    }
}

/// Makes sure that no place is asked for, where there is none but the present one.
pub(super) fn no_place(at: Option<u64>) -> Result<(), Errno> {
    if at.is_some() { Err(Errno::SPipe) } else { Ok(()) }
}

/// How a file is to be opened.
pub(super) struct How {
    /// Of the last component, if it is a symbolic link, what that leads to.
    pub(super) follow: bool,
    /// Flags of `path_open`.
    pub(super) oflags: u32,
    /// The descriptor's flags.
    pub(super) fdflags: u32,
    pub(super) read: bool,
    pub(super) write: bool,
}

/// A folder. Paths lead to what is in it and below, nowhere else.
pub(super) trait Folder {
    /// Whether nothing in it may be changed.
    fn read_only(&self) -> bool;

    fn open(&self, path: &GuestPath, how: &How) -> Result<Arc<dyn Object>, Errno>;

    fn stat_at(&self, path: &GuestPath, follow: bool) -> Result<Filestat, Errno>;

    fn set_times_at(
        &self,
        path: &GuestPath,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno>;

    fn create_folder(&self, path: &GuestPath) -> Result<(), Errno>;

    fn remove_folder(&self, path: &GuestPath) -> Result<(), Errno>;

    fn unlink(&self, path: &GuestPath) -> Result<(), Errno>;

    /// Makes a symbolic link that says `target`.
    fn symlink(&self, target: &GuestPath, path: &GuestPath) -> Result<(), Errno>;

    /// What a symbolic link says.
    fn readlink(&self, path: &GuestPath) -> Result<Vec<u8>, Errno>;

    /// Makes a hard link in another folder, which is of the same kind or the call fails.
    fn link(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno>;

    /// Moves something to another folder, which is of the same kind or the call fails.
    fn rename(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno>;

    /// Entries from a cookie on, encoded, for as long as `room` asks for more: it is given one
    /// piece after the other.
    fn list(&self, cookie: u64, room: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Errno>;

    /// The system's folder, if it is one.
    fn host(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// The folder in memory, if it is one.
    fn in_memory(&self) -> Option<&super::memory_files::MemoryFolder> {
        None
    }
}

/// A socket.
pub(super) trait Socket {
    /// Waits for a connection.
    fn accept(&self, interrupt: &Interrupt<'_>, nonblock: bool) -> Result<Arc<dyn Object>, Errno>;

    /// Receives, and says how many bytes, and whether more were lost.
    fn receive(
        &self,
        interrupt: &Interrupt<'_>,
        to: Ranges<'_>,
        peek: bool,
        all: bool,
    ) -> Result<(usize, bool), Errno>;

    /// Ends directions.
    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno>;
}
