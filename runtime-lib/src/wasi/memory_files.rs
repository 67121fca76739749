//! Files in memory: what the host prepares for a guest, and looks at afterwards. They behave as
//! those of the system's do; see [`memory_tree`](super::memory_tree) for the file system itself.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Errno;
use super::clock::Clock;
use super::interrupt::Interrupt;
use super::iovecs::Ranges;
use super::memory_tree::{Found, Id, ROOT, Tree};
use super::object::{Folder, How, Object, Ready};
use super::path::GuestPath;
use super::types::{Filestat, Filetype, NewTime, Whence, fdflags, oflags, push_dirent};

/// Files and folders in memory. A copy is the same files, which any number of guests can be given,
/// by [`WasiCtxBuilder::memory_folder`](super::WasiCtxBuilder::memory_folder).
///
/// They have the times that the clock of the last context shows which got them; what was made
/// before there was one is of 1970.
///
/// ```
/// use wasmaot::wasi::{Access, MemoryFiles, WasiCtx};
///
/// let files = MemoryFiles::new();
/// files.write("settings/colours.txt", "red\ngreen\n")?;
/// let wasi = WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite).build()?;
/// // ... a guest runs with it ...
/// assert_eq!(files.read("settings/colours.txt")?, b"red\ngreen\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryFiles(Arc<Mutex<Tree>>);

impl MemoryFiles {
    /// What files can have together if nothing else was said: 256 MiB.
    pub const DEFAULT_LIMIT: u64 = 256 << 20;

    /// An empty folder.
    pub fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// An empty folder, in which all that is made can have so many bytes together, names and all.
    /// Beyond, guests are told that the device is full.
    pub fn with_limit(bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(Tree::new(bytes, Clock::fixed(Duration::ZERO)))))
    }

    /// Makes a file, or gives one other contents. Folders on the way are made.
    ///
    /// # Errors
    /// As a guest would get them: `IsDir`, `NotDir`, `NoSpc`; `Perm` for a path that leads outside.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<(), Errno> {
        let (path, contents) = (path.as_bytes(), contents.as_ref());
        let mut tree = self.tree();
        for end in path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at) {
            make_folder(&mut tree, &path[..end])?;
        }
        let found = tree.find(ROOT, path, true)?;
        let id = match found.node {
            Some(_) => tree.existing(&found)?,
            None => tree.create_file(found)?,
        };
        tree.set_size(id, 0)?;
        tree.part(id, 0, contents.len())?.copy_from_slice(contents);
        Ok(())
    }

    /// Makes a folder, and those on the way, if there is none.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn create_folder(&self, path: &str) -> Result<(), Errno> {
        let path = path.as_bytes();
        let mut tree = self.tree();
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        for end in slashes.chain([path.len()]) {
            make_folder(&mut tree, &path[..end])?;
        }
        Ok(())
    }

    /// What is in a file.
    ///
    /// # Errors
    /// `NoEnt` if there is none, `IsDir` if it is a folder.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        let tree = self.tree();
        let found = tree.find(ROOT, path.as_bytes(), true)?;
        Ok(tree.bytes(tree.existing(&found)?)?.to_vec())
    }

    /// The names of what is in a folder, in the order in which it came there.
    ///
    /// # Errors
    /// `NoEnt` if there is none, `NotDir` if it is something else.
    pub fn list(&self, path: &str) -> Result<Vec<Vec<u8>>, Errno> {
        let tree = self.tree();
        let id = tree.existing(&tree.find(ROOT, path.as_bytes(), true)?)?;
        let (mut names, mut cookie) = (Vec::new(), 2);
        while let Some((at, _, _, name)) = tree.entry(id, cookie)? {
            names.push(name.to_vec());
            cookie = at + 1;
        }
        Ok(names)
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets files have the times of a context's clock.
    pub(super) fn set_clock(&self, clock: &Arc<Clock>) {
        self.tree().clock = clock.clone();
    }

    /// The folder that everything is in.
    pub(super) fn root(&self, read_only: bool) -> MemoryFolder {
        MemoryFolder { open: Open::new(&mut self.tree(), self.clone(), ROOT, read_only) }
    }
}

fn make_folder(tree: &mut Tree, path: &[u8]) -> Result<(), Errno> {
    let found = tree.find(ROOT, path, true)?;
    match found.node {
        Some(id) if tree.is_folder(id) => Ok(()),
        Some(_) => Err(Errno::NotDir),
        None => tree.create_folder(found).map(drop),
    }
}

impl Default for MemoryFiles {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryFiles").finish_non_exhaustive()
    }
}

/// A node that is open.
struct Open {
    files: MemoryFiles,
    id: Id,
    read_only: bool,
}

impl Open {
    fn new(tree: &mut Tree, files: MemoryFiles, id: Id, read_only: bool) -> Self {
        tree.opened(id);
        Self { files, id, read_only }
    }

    fn changeable(&self) -> Result<MutexGuard<'_, Tree>, Errno> {
        if self.read_only { Err(Errno::Perm) } else { Ok(self.files.tree()) }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.files.tree().closed(self.id);
    }
}

/// A file that is open.
struct MemoryFile {
    open: Open,
    /// Changed with the files locked.
    place: AtomicU64,
    flags: AtomicU32,
}

impl Object for MemoryFile {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::RegularFile)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        self.open.files.tree().stat(self.open.id)
    }

    fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    fn set_flags(&self, flags: u32) -> Result<(), Errno> {
        fdflags::check_change(self.flags(), flags)?;
        self.flags.store(flags, Ordering::Relaxed);
        Ok(())
    }

    fn read(&self, _: &Interrupt<'_>, to: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        let tree = self.open.files.tree();
        let bytes = tree.bytes(self.open.id)?;
        let start = at.unwrap_or_else(|| self.place.load(Ordering::Relaxed));
        let rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or(&[]);
        let read = to.fill(rest);
        if at.is_none() {
            self.place.store(start + read as u64, Ordering::Relaxed);
        }
        Ok(read)
    }

    fn write(&self, _: &Interrupt<'_>, from: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        let mut tree = self.open.files.tree();
        let start = if self.flags() & fdflags::APPEND != 0 {
            tree.bytes(self.open.id)?.len() as u64
        } else {
            at.unwrap_or_else(|| self.place.load(Ordering::Relaxed))
        };
        let len = from.len();
        if len > 0 {
            from.copy_to(tree.part(self.open.id, start, len)?);
        }
        if at.is_none() {
            self.place.store(start + len as u64, Ordering::Relaxed);
        }
        Ok(len)
    }

    fn seek(&self, offset: i64, whence: Whence) -> Result<u64, Errno> {
        let tree = self.open.files.tree();
        let from = match whence {
            Whence::Start => 0,
            Whence::Here => self.place.load(Ordering::Relaxed),
            Whence::End => tree.bytes(self.open.id)?.len() as u64,
        };
        let place = from.checked_add_signed(offset).filter(|place| i64::try_from(*place).is_ok());
        let place = place.ok_or(Errno::Inval)?;
        self.place.store(place, Ordering::Relaxed);
        Ok(place)
    }

    fn advise(&self, offset: u64, len: u64, _advice: u32) -> Result<(), Errno> {
        let sum = offset.checked_add(len).and_then(|end| i64::try_from(end).ok());
        sum.map(drop).ok_or(Errno::Inval)
    }

    fn allocate(&self, offset: u64, len: u64) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let end = offset.checked_add(len).filter(|_| len > 0).ok_or(Errno::Inval)?;
        if end > tree.bytes(self.open.id)?.len() as u64 {
            tree.set_size(self.open.id, end)?;
        }
        Ok(())
    }

    fn sync(&self, _data_only: bool) -> Result<(), Errno> {
        Ok(())
    }

    fn set_size(&self, size: u64) -> Result<(), Errno> {
        self.open.changeable()?.set_size(self.open.id, size)
    }

    fn set_times(&self, accessed: NewTime, modified: NewTime) -> Result<(), Errno> {
        self.open.changeable()?.set_times(self.open.id, accessed, modified)
    }

    fn ready(&self, to_write: bool) -> Result<Ready<'_>, Errno> {
        let size = self.open.files.tree().bytes(self.open.id)?.len() as u64;
        let left = size.saturating_sub(self.place.load(Ordering::Relaxed));
        Ok(Ready::Now { bytes: if to_write { 0 } else { left }, hangup: false })
    }
}

/// A folder that is open.
pub(super) struct MemoryFolder {
    open: Open,
}

impl MemoryFolder {
    fn find(&self, tree: &Tree, path: &GuestPath, follow: bool) -> Result<Found, Errno> {
        tree.find(self.open.id, path.bytes(), follow)
    }

    /// Without following a link at the end, slash or not.
    fn find_name(&self, tree: &Tree, path: &GuestPath) -> Result<Found, Errno> {
        let bytes = path.bytes();
        let end = bytes.iter().rposition(|byte| *byte != b'/').map_or(bytes.len(), |at| at + 1);
        let mut found = tree.find(self.open.id, &bytes[..end], false)?;
        found.is_folder |= end < bytes.len();
        Ok(found)
    }

    /// The same folder's files, if another is of them.
    fn other<'a>(&self, to: &'a dyn Folder) -> Result<&'a MemoryFolder, Errno> {
        if to.read_only() {
            return Err(Errno::Perm);
        }
        let to = to.in_memory().ok_or(Errno::XDev)?;
        if Arc::ptr_eq(&self.open.files.0, &to.open.files.0) { Ok(to) } else { Err(Errno::XDev) }
    }
}

impl Object for MemoryFolder {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::Directory)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        self.open.files.tree().stat(self.open.id)
    }

    fn sync(&self, _data_only: bool) -> Result<(), Errno> {
        Ok(())
    }

    fn set_times(&self, accessed: NewTime, modified: NewTime) -> Result<(), Errno> {
        self.open.changeable()?.set_times(self.open.id, accessed, modified)
    }

    fn folder(&self) -> Option<&dyn Folder> {
        Some(self)
    }
}

impl Folder for MemoryFolder {
    fn read_only(&self) -> bool {
        self.open.read_only
    }

    fn open(&self, path: &GuestPath, how: &How) -> Result<Arc<dyn Object>, Errno> {
        let has = |flag| how.oflags & flag != 0;
        let mut tree = self.open.files.tree();
        let exclusive = has(oflags::CREAT) && has(oflags::EXCL);
        let found = self.find(&tree, path, how.follow && !exclusive)?;
        let id = match found.node {
            Some(_) if exclusive => return Err(Errno::Exist),
            Some(id) if tree.is_link(id) => {
                return Err(if has(oflags::DIRECTORY) { Errno::NotDir } else { Errno::Loop });
            }
            Some(_) => tree.existing(&found)?,
            None if has(oflags::CREAT) => tree.create_file(found)?,
            None => return Err(Errno::NoEnt),
        };
        let (files, read_only) = (self.open.files.clone(), self.open.read_only);
        if tree.is_folder(id) {
            if how.write || has(oflags::CREAT) || has(oflags::TRUNC) {
                return Err(Errno::IsDir);
            }
            return Ok(Arc::new(Self { open: Open::new(&mut tree, files, id, read_only) }));
        }
        if has(oflags::DIRECTORY) {
            return Err(Errno::NotDir);
        }
        if has(oflags::TRUNC) {
            tree.set_size(id, 0)?;
        }
        Ok(Arc::new(MemoryFile {
            open: Open::new(&mut tree, files, id, read_only),
            place: AtomicU64::new(0),
            flags: AtomicU32::new(how.fdflags),
        }))
    }

    fn stat_at(&self, path: &GuestPath, follow: bool) -> Result<Filestat, Errno> {
        let tree = self.open.files.tree();
        let found = self.find(&tree, path, follow)?;
        tree.stat(tree.existing(&found)?)
    }

    fn set_times_at(
        &self,
        path: &GuestPath,
        follow: bool,
        accessed: NewTime,
        modified: NewTime,
    ) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let found = self.find(&tree, path, follow)?;
        let id = tree.existing(&found)?;
        tree.set_times(id, accessed, modified)
    }

    fn create_folder(&self, path: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let found = self.find_name(&tree, path)?;
        tree.create_folder(found).map(drop)
    }

    fn remove_folder(&self, path: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let found = self.find_name(&tree, path)?;
        tree.remove_folder(path.split().1, &found)
    }

    fn unlink(&self, path: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let found = self.find_name(&tree, path)?;
        tree.unlink(&found)
    }

    fn symlink(&self, target: &GuestPath, path: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        if target.is_absolute() {
            return Err(Errno::Perm);
        }
        let found = self.find_name(&tree, path)?;
        tree.symlink(target.bytes(), found)
    }

    fn readlink(&self, path: &GuestPath) -> Result<Vec<u8>, Errno> {
        let tree = self.open.files.tree();
        tree.readlink(&self.find(&tree, path, false)?)
    }

    fn link(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let to = self.other(to)?;
        let (from, new) = (self.find_name(&tree, path)?, to.find_name(&tree, new)?);
        tree.link(&from, new)
    }

    fn rename(&self, path: &GuestPath, to: &dyn Folder, new: &GuestPath) -> Result<(), Errno> {
        let mut tree = self.open.changeable()?;
        let to = self.other(to)?;
        let (from, new) = (self.find_name(&tree, path)?, to.find_name(&tree, new)?);
        tree.rename(&from, &new)
    }

    fn list(&self, mut cookie: u64, room: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Errno> {
        let mut encoded = Vec::new();
        loop {
            let tree = self.open.files.tree();
            let Some((at, id, filetype, name)) = tree.entry(self.open.id, cookie)? else {
                return Ok(());
            };
            encoded.clear();
            push_dirent(&mut encoded, at + 1, id, filetype, name);
            cookie = at + 1;
            drop(tree);
            if !room(&encoded) {
                return Ok(());
            }
        }
    }

    fn in_memory(&self) -> Option<&MemoryFolder> {
        Some(self)
    }
}
