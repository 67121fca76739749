//! Folders of the system's. Paths are followed by [`sandbox`]; what is done with their last
//! component is done in its own folder, and follows no link there.

use std::ffi::CString;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, SeekFrom};

use super::Errno;
use super::host_file::{self, HostFile, system_flags, timestamps};
use super::object::{Folder, How, Object};
use super::path::GuestPath;
use super::sandbox::{self, Place};
use super::types::{DIRENT, Filestat, Filetype, NewTime, fdflags, oflags, push_dirent};

/// An open folder.
pub(super) struct HostFolder {
    fd: OwnedFd,
    read_only: bool,
    flags: u32,
    listing: Mutex<Listing>,
}

/// Entries that were read and not asked for yet.
///
/// A cookie is the kernel's own, which it keeps valid whatever happens in the folder, plus 2: the
/// first two are those of `.` and `..`, which always come first, the latter as if it was the folder
/// itself, because what is above is not the guest's.
#[derive(Default)]
struct Listing {
    /// The entries, encoded.
    entries: Vec<u8>,
    /// Where those are that come next.
    next: usize,
    /// Their cookie.
    cookie: u64,
    /// The cookie behind the last one.
    end: u64,
}

/// How much of a folder is read at once.
const CHUNK: usize = 32 << 10;
/// The kernel's cookies start here.
const FIRST: u64 = 2;

impl HostFolder {
    /// A folder of the host's.
    pub(super) fn new(fd: OwnedFd, read_only: bool, flags: u32) -> Self {
        Self { fd, read_only, flags, listing: Mutex::default() }
    }

    /// The folder of a path's last component, whose name is no `.` or `..`. What it is called if it
    /// is one comes with the error that the caller has for that, if the path leads anywhere.
    fn parent(
        &self,
        path: &GuestPath,
        special: Errno,
    ) -> Result<(Place<'_>, CString, bool), Errno> {
        let (place, name, slash) = sandbox::parent(self.fd.as_fd(), path)?;
        if matches!(name.as_bytes(), b"." | b"..") {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            sandbox::open(self.fd.as_fd(), path, flags, Mode::empty())?;
            return Err(special);
        }
        Ok((place, name, slash))
    }

    fn changeable(&self) -> Result<(), Errno> {
        if self.read_only { Err(Errno::Perm) } else { Ok(()) }
    }
}

/// Whether a name is that of a folder.
fn is_folder(place: &Place<'_>, name: &CString) -> Result<bool, Errno> {
    let stat = rustix::fs::statat(place.fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

impl Object for HostFolder {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::Directory)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        Ok(host_file::stat_of(&rustix::fs::fstat(&self.fd)?))
    }

    fn flags(&self) -> u32 {
        self.flags
    }

    fn sync(&self, data_only: bool) -> Result<(), Errno> {
        let sync = if data_only { rustix::fs::fdatasync } else { rustix::fs::fsync };
        Ok(sync(self.fd.as_fd())?)
    }

    fn set_times(&self, accessed: NewTime, modified: NewTime) -> Result<(), Errno> {
        self.changeable()?;
        Ok(rustix::fs::futimens(&self.fd, &timestamps(accessed, modified))?)
    }

    fn folder(&self) -> Option<&dyn Folder> {
        Some(self)
    }
}

impl Folder for HostFolder {
    fn read_only(&self) -> bool {
        self.read_only
    }

    fn open(&self, path: &GuestPath, how: &How) -> Result<Arc<dyn Object>, Errno> {
        let mut flags = system_flags(how.fdflags) | OFlags::NOCTTY;
        for (ours, theirs) in [
            (oflags::CREAT, OFlags::CREATE),
            (oflags::DIRECTORY, OFlags::DIRECTORY),
            (oflags::EXCL, OFlags::EXCL),
            (oflags::TRUNC, OFlags::TRUNC),
        ] {
            if how.oflags & ours != 0 {
                flags |= theirs;
            }
        }
        if !how.follow {
            flags |= OFlags::NOFOLLOW;
        }
        // To shorten a file is to write it, whatever the descriptor is for.
        let write = how.write || how.oflags & oflags::TRUNC != 0;
        flags |= match (how.read, write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        };
        let mode = if how.oflags & oflags::CREAT == 0 { 0 } else { 0o666 };
        let fd = sandbox::open(self.fd.as_fd(), path, flags, Mode::from_raw_mode(mode))?;
        let filetype = if how.oflags & oflags::DIRECTORY != 0 {
            Filetype::Directory
        } else {
            host_file::filetype(FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode))
        };
        Ok(match filetype {
            Filetype::Directory => {
                Arc::new(Self::new(fd, self.read_only, how.fdflags & !fdflags::APPEND))
            }
            _ => Arc::new(HostFile::opened(fd, filetype, how.fdflags, self.read_only)),
        })
    }

    fn stat_at(&self, path: &GuestPath, follow: bool) -> Result<Filestat, Errno> {
        let (before, name, slash) = path.split();
        // Most are names in this very folder.
        if before.is_empty() && !slash && !matches!(name, b"." | b"..") {
            let stat = rustix::fs::statat(&self.fd, path.c_str(), AtFlags::SYMLINK_NOFOLLOW)?;
            let stat = host_file::stat_of(&stat);
            if !(follow && stat.filetype == Filetype::SymbolicLink) {
                return Ok(stat);
            }
        }
        let mut flags = OFlags::PATH;
        if !follow {
            flags |= OFlags::NOFOLLOW;
        }
        let fd = sandbox::open(self.fd.as_fd(), path, flags, Mode::empty())?;
        Ok(host_file::stat_of(&rustix::fs::fstat(fd)?))
    }

    fn set_times_at(
        &self,
        path: &GuestPath,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno> {
        self.changeable()?;
        let found = sandbox::locate(self.fd.as_fd(), path, follow)?;
        let name = found.name.unwrap_or_else(|| c".".into());
        if found.is_folder && !is_folder(&found.folder, &name)? {
            return Err(Errno::NotDir);
        }
        let times = timestamps(accessed, modified);
        Ok(rustix::fs::utimensat(found.folder.fd(), &name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn create_folder(&self, path: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        let (place, name, _) = self.parent(path, Errno::Exist)?;
        Ok(rustix::fs::mkdirat(place.fd(), &name, Mode::from_raw_mode(0o777))?)
    }

    fn remove_folder(&self, path: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        let special = if path.split().1 == b"." { Errno::Inval } else { Errno::NotEmpty };
        let (place, name, _) = self.parent(path, special)?;
        Ok(rustix::fs::unlinkat(place.fd(), &name, AtFlags::REMOVEDIR)?)
    }

    fn unlink(&self, path: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        let (place, name, slash) = self.parent(path, Errno::IsDir)?;
        if slash {
            // Of all that could be meant, nothing is a file.
            return Err(if is_folder(&place, &name)? { Errno::IsDir } else { Errno::NotDir });
        }
        Ok(rustix::fs::unlinkat(place.fd(), &name, AtFlags::empty())?)
    }

    fn symlink(&self, target: &GuestPath, path: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        if target.is_absolute() {
            return Err(Errno::Perm);
        }
        let (place, name, slash) = self.parent(path, Errno::Exist)?;
        if slash {
            is_folder(&place, &name)?;
            return Err(Errno::Exist);
        }
        Ok(rustix::fs::symlinkat(target.c_str(), place.fd(), &name)?)
    }

    fn readlink(&self, path: &GuestPath) -> Result<Vec<u8>, Errno> {
        let (place, name, slash) = self.parent(path, Errno::Inval)?;
        if slash {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            sandbox::open(self.fd.as_fd(), path, flags, Mode::empty())?;
            return Err(Errno::Inval);
        }
        Ok(rustix::fs::readlinkat(place.fd(), &name, Vec::new())?.into_bytes())
    }

    fn link(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        let to = other(to)?;
        let (from, name, slash) = self.parent(path, Errno::Perm)?;
        let (to, new, new_slash) = parent_in(to, new, Errno::Exist)?;
        if slash && !is_folder(&from, &name)? {
            return Err(Errno::NotDir);
        }
        if new_slash {
            is_folder(&to, &new)?;
            return Err(Errno::Exist);
        }
        Ok(rustix::fs::linkat(from.fd(), &name, to.fd(), &new, AtFlags::empty())?)
    }

    fn rename(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno> {
        self.changeable()?;
        let to = other(to)?;
        let (from, name, slash) = self.parent(path, Errno::Busy)?;
        let (to, new, new_slash) = parent_in(to, new, Errno::Busy)?;
        if (slash || new_slash) && !is_folder(&from, &name)? {
            return Err(Errno::NotDir);
        }
        Ok(rustix::fs::renameat(from.fd(), &name, to.fd(), &new)?)
    }

    fn list(&self, cookie: u64, room: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Errno> {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        listing.start(self, cookie)?;
        loop {
            while let Some(entry) = listing.peek() {
                if !room(entry) {
                    return Ok(());
                }
                listing.skip();
            }
            if !listing.more(self)? {
                return Ok(());
            }
        }
    }

    fn host(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }
}

/// Where something is to come, if that is a folder of the system's that may be changed.
fn other(to: &dyn Folder) -> Result<BorrowedFd<'_>, Errno> {
    if to.read_only() {
        return Err(Errno::Perm);
    }
    to.host().ok_or(Errno::XDev)
}

/// As [`HostFolder::parent`].
fn parent_in<'a>(
    start: BorrowedFd<'a>,
    path: &GuestPath,
    special: Errno,
) -> Result<(Place<'a>, CString, bool), Errno> {
    let found = sandbox::parent(start, path)?;
    if matches!(found.1.as_bytes(), b"." | b"..") {
        sandbox::open(start, path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
        return Err(special);
    }
    Ok(found)
}

/// An entry's length, from its head.
fn length(entry: &[u8]) -> usize {
    match entry.get(16..20) {
        Some(&[a, b, c, d]) => DIRENT + u32::from_le_bytes([a, b, c, d]) as usize,
        _ => 0,
    }
}

fn cookie_behind(entry: &[u8]) -> u64 {
    match entry.get(..8) {
        Some(&[a, b, c, d, e, f, g, h]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

impl Listing {
    /// Makes the entry at a cookie the next one.
    fn start(&mut self, folder: &HostFolder, cookie: u64) -> Result<(), Errno> {
        if cookie != 0 && cookie == self.cookie {
            return Ok(());
        }
        if cookie > FIRST {
            // A guest that had no room for a last entry asks for it again.
            let (mut at, mut here) = (0, None);
            while at < self.entries.len() {
                let entry = &self.entries[at..];
                at += length(entry);
                if cookie_behind(entry) == cookie {
                    here = Some(at);
                    break;
                }
            }
            if let Some(here) = here {
                (self.next, self.cookie) = (here, cookie);
                return Ok(());
            }
        }
        self.entries.clear();
        (self.next, self.cookie, self.end) = (0, cookie, cookie.max(FIRST));
        let offset = i64::try_from(self.end - FIRST).map_err(|_| Errno::Inval)?;
        rustix::fs::seek(&folder.fd, SeekFrom::Start(offset as u64))?;
        if cookie < FIRST {
            let ino = folder.stat()?.ino;
            let both: [(u64, &[u8]); 2] = [(1, b"."), (2, b"..")];
            for (next, name) in &both[cookie as usize..] {
                push_dirent(&mut self.entries, *next, ino, Filetype::Directory, name);
            }
        }
        Ok(())
    }

    /// The next entry, if it has been read.
    fn peek(&self) -> Option<&[u8]> {
        let entry = self.entries.get(self.next..).filter(|rest| !rest.is_empty())?;
        entry.get(..length(entry))
    }

    fn skip(&mut self) {
        let entry = &self.entries[self.next..];
        self.cookie = cookie_behind(entry);
        self.next += length(entry);
    }

    /// Reads more entries, if there are.
    fn more(&mut self, folder: &HostFolder) -> Result<bool, Errno> {
        let mut buffer = Vec::with_capacity(CHUNK);
        self.entries.clear();
        self.next = 0;
        loop {
            let mut any = false;
            let mut raw = RawDir::new(&folder.fd, buffer.spare_capacity_mut());
            while let Some(entry) = raw.next() {
                let entry = match entry {
                    // A folder that was removed has nothing in it.
                    Err(rustix::io::Errno::NOENT) => return Ok(false),
                    entry => entry?,
                };
                any = true;
                self.end = entry.next_entry_cookie().saturating_add(FIRST);
                let name = entry.file_name();
                if !matches!(name.to_bytes(), b"." | b"..") {
                    let filetype = match entry.file_type() {
                        FileType::Unknown => type_of(folder, name),
                        known => host_file::filetype(known),
                    };
                    push_dirent(
                        &mut self.entries,
                        self.end,
                        entry.ino(),
                        filetype,
                        name.to_bytes(),
                    );
                }
                if raw.is_buffer_empty() {
                    break;
                }
            }
            if !self.entries.is_empty() {
                return Ok(true);
            }
            if !any {
                return Ok(false);
            }
        }
    }
}

/// What an entry is, where the file system does not say so.
fn type_of(folder: &HostFolder, name: &std::ffi::CStr) -> Filetype {
    let stat = rustix::fs::statat(&folder.fd, name, AtFlags::SYMLINK_NOFOLLOW);
    stat.map_or(Filetype::Unknown, |stat| host_file::stat_of(&stat).filetype)
}
