//! What is done with paths below a folder.

use super::Result;
use crate::wasi::Errno;
use crate::wasi::guest::Guest;
use crate::wasi::object::{Folder, How, Object};
use crate::wasi::path::GuestPath;
use crate::wasi::table::Descriptor;
use crate::wasi::types::{Filestat, Rights, fdflags, new_times, oflags};

/// The folder that an object is. That it is one was looked at before.
fn as_folder(object: &dyn Object) -> Result<&dyn Folder> {
    object.folder().ok_or(Errno::BadF)
}

/// Whether links at the end of a path are followed.
fn follow(flags: u32) -> Result<bool> {
    if flags > 1 { Err(Errno::Inval) } else { Ok(flags == 1) }
}

pub(crate) fn path_create_directory(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let object = guest.folder(fd, Rights::PATH_CREATE_DIRECTORY)?;
    let path = GuestPath::read(guest, path, path_len)?;
    as_folder(&*object)?.create_folder(&path)
}

fn stat(guest: &Guest<'_>, fd: u32, flags: u32, path: u32, path_len: u32) -> Result<Filestat> {
    let object = guest.folder(fd, Rights::PATH_FILESTAT_GET)?;
    let path = GuestPath::read(guest, path, path_len)?;
    as_folder(&*object)?.stat_at(&path, follow(flags)?)
}

pub(crate) fn path_filestat_get(
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    result: u32,
) -> Result {
    guest.write(result, &stat(guest, fd, flags, path, path_len)?.encode())
}

pub(crate) fn unstable_path_filestat_get(
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    result: u32,
) -> Result {
    guest.write(result, &stat(guest, fd, flags, path, path_len)?.encode_unstable())
}

pub(crate) fn path_filestat_set_times(
    guest: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result {
    let object = guest.folder(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let (accessed, modified) = new_times(atim, mtim, fst_flags)?;
    let path = GuestPath::read(guest, path, path_len)?;
    as_folder(&*object)?.set_times_at(&path, follow(flags)?, accessed, modified)
}

/// A link to what a symbolic link leads to is not made: nothing could keep that from being moved
/// away meanwhile.
pub(crate) fn path_link(
    guest: &mut Guest<'_>,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result {
    let from = guest.folder(old_fd, Rights::PATH_LINK_SOURCE)?;
    let to = guest.folder(new_fd, Rights::PATH_LINK_TARGET)?;
    let path = GuestPath::read(guest, old_path, old_path_len)?;
    let new = GuestPath::read(guest, new_path, new_path_len)?;
    if follow(old_flags)? {
        return Err(Errno::Inval);
    }
    as_folder(&*from)?.link(&path, as_folder(&*to)?, &new)
}

pub(crate) fn path_open(
    guest: &mut Guest<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    rights_inheriting: u64,
    fdflags: u32,
    opened: u32,
) -> Result {
    let Descriptor { object, rights, inheriting, .. } = guest.ctx.table().get(fd)?.clone();
    let Some(folder) = object.folder() else {
        // A file is told from what has no paths at all.
        let no_file = matches!(object.stat(), Ok(stat) if stat.links == 0);
        return Err(if no_file { Errno::BadF } else { Errno::NotDir });
    };
    let path = GuestPath::read(guest, path, path_len)?;
    guest.check(opened, 4)?;
    let follow = follow(dirflags)?;
    if oflags & !oflags::ALL != 0 || fdflags & !fdflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    let changing = oflags & (oflags::CREAT | oflags::EXCL | oflags::TRUNC) != 0;
    if oflags & oflags::DIRECTORY != 0 && changing {
        return Err(Errno::Inval);
    }
    let mut needed = Rights::PATH_OPEN;
    if oflags & oflags::CREAT != 0 {
        needed = needed.with(Rights::PATH_CREATE_FILE);
    }
    if oflags & oflags::TRUNC != 0 {
        needed = needed.with(Rights::PATH_FILESTAT_SET_SIZE);
    }
    if !rights.has(needed) {
        return Err(Errno::NotCapable);
    }
    // Of other rights than these two, programs ask for all that could be useful.
    let (base, wanted) = (Rights(rights_base), Rights::FD_READ.with(Rights::FD_WRITE));
    if !inheriting.has(base.both(wanted)) {
        return Err(Errno::NotCapable);
    }
    let write = base.has(Rights::FD_WRITE);
    if folder.read_only() && (write || oflags & (oflags::CREAT | oflags::TRUNC) != 0) {
        return Err(Errno::Perm);
    }
    let read = base.has(Rights::FD_READ) || !write;
    let new = folder.open(&path, &How { follow, oflags, fdflags, read, write })?;
    let granted = if new.folder().is_some() {
        // A folder's own rights are those of any folder that this one leads to.
        (base.both(inheriting), Rights(rights_inheriting).both(inheriting))
    } else {
        (base.both(inheriting), Rights::NONE)
    };
    let fd = guest.ctx.table().add(Descriptor::new(new, granted.0, granted.1))?;
    guest.set_u32(opened, fd)
}

pub(crate) fn path_readlink(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    used: u32,
) -> Result {
    let object = guest.folder(fd, Rights::PATH_READLINK)?;
    let path = GuestPath::read(guest, path, path_len)?;
    guest.check(buf, buf_len as usize)?;
    guest.check(used, 4)?;
    let target = as_folder(&*object)?.readlink(&path)?;
    let part = &target[..target.len().min(buf_len as usize)];
    guest.write(buf, part)?;
    guest.set_u32(used, part.len() as u32)
}

pub(crate) fn path_remove_directory(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let object = guest.folder(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let path = GuestPath::read(guest, path, path_len)?;
    as_folder(&*object)?.remove_folder(&path)
}

pub(crate) fn path_rename(
    guest: &mut Guest<'_>,
    old_fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result {
    let from = guest.folder(old_fd, Rights::PATH_RENAME_SOURCE)?;
    let to = guest.folder(new_fd, Rights::PATH_RENAME_TARGET)?;
    let path = GuestPath::read(guest, old_path, old_path_len)?;
    let new = GuestPath::read(guest, new_path, new_path_len)?;
    as_folder(&*from)?.rename(&path, as_folder(&*to)?, &new)
}

pub(crate) fn path_symlink(
    guest: &mut Guest<'_>,
    old_path: u32,
    old_path_len: u32,
    fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result {
    let object = guest.folder(fd, Rights::PATH_SYMLINK)?;
    let target = GuestPath::read(guest, old_path, old_path_len)?;
    let path = GuestPath::read(guest, new_path, new_path_len)?;
    as_folder(&*object)?.symlink(&target, &path)
}

pub(crate) fn path_unlink_file(guest: &mut Guest<'_>, fd: u32, path: u32, path_len: u32) -> Result {
    let object = guest.folder(fd, Rights::PATH_UNLINK_FILE)?;
    let path = GuestPath::read(guest, path, path_len)?;
    as_folder(&*object)?.unlink(&path)
}
