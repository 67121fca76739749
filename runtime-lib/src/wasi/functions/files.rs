//! What is done with a descriptor: reading, writing, and what there is to say about it.

use std::sync::Arc;

use super::Result;
use crate::wasi::Errno;
use crate::wasi::guest::Guest;
use crate::wasi::iovecs::{Iovecs, Ranges};
use crate::wasi::object::Object;
use crate::wasi::types::{Filestat, Rights, Whence, new_times};

fn read(
    guest: &Guest<'_>,
    object: &Arc<dyn Object>,
    (iovs, iovs_len): (u32, u32),
    at: Option<u64>,
    result: u32,
) -> Result {
    let iovecs = Iovecs::read(guest, iovs, iovs_len)?;
    guest.check(result, 4)?;
    let read = object.read(&guest.interrupt, Ranges(iovecs.ranges()), at)?;
    guest.set_u32(result, read as u32)
}

fn write(
    guest: &Guest<'_>,
    object: &Arc<dyn Object>,
    (iovs, iovs_len): (u32, u32),
    at: Option<u64>,
    result: u32,
) -> Result {
    let iovecs = Iovecs::read(guest, iovs, iovs_len)?;
    guest.check(result, 4)?;
    let written = object.write(&guest.interrupt, Ranges(iovecs.ranges()), at)?;
    guest.set_u32(result, written as u32)
}

pub(crate) fn fd_read(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    result: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_READ)?;
    read(guest, &object, (iovs, iovs_len), None, result)
}

pub(crate) fn fd_pread(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    result: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_READ.with(Rights::FD_SEEK))?;
    read(guest, &object, (iovs, iovs_len), Some(offset), result)
}

pub(crate) fn fd_write(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    result: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_WRITE)?;
    write(guest, &object, (iovs, iovs_len), None, result)
}

pub(crate) fn fd_pwrite(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    result: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_WRITE.with(Rights::FD_SEEK))?;
    write(guest, &object, (iovs, iovs_len), Some(offset), result)
}

fn seek(guest: &Guest<'_>, fd: u32, offset: u64, whence: Whence, place: u32) -> Result {
    let offset = offset.cast_signed();
    // To ask is no movement.
    let right = match (offset, whence) {
        (0, Whence::Here) => Rights::FD_TELL,
        _ => Rights::FD_SEEK,
    };
    let object = guest.object(fd, right)?;
    guest.check(place, 8)?;
    guest.set_u64(place, object.seek(offset, whence)?)
}

pub(crate) fn fd_seek(
    guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    place: u32,
) -> Result {
    let whence = match whence {
        0 => Whence::Start,
        1 => Whence::Here,
        2 => Whence::End,
        _ => return Err(Errno::Inval),
    };
    seek(guest, fd, offset, whence, place)
}

pub(crate) fn unstable_fd_seek(
    guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    place: u32,
) -> Result {
    let whence = match whence {
        0 => Whence::Here,
        1 => Whence::End,
        2 => Whence::Start,
        _ => return Err(Errno::Inval),
    };
    seek(guest, fd, offset, whence, place)
}

pub(crate) fn fd_tell(guest: &mut Guest<'_>, fd: u32, place: u32) -> Result {
    seek(guest, fd, 0, Whence::Here, place)
}

pub(crate) fn fd_advise(
    guest: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_ADVISE)?;
    if advice > 5 {
        return Err(Errno::Inval);
    }
    object.advise(offset, len, advice)
}

pub(crate) fn fd_allocate(guest: &mut Guest<'_>, fd: u32, offset: u64, len: u64) -> Result {
    guest.object(fd, Rights::FD_ALLOCATE)?.allocate(offset, len)
}

pub(crate) fn fd_datasync(guest: &mut Guest<'_>, fd: u32) -> Result {
    guest.object(fd, Rights::FD_DATASYNC)?.sync(true)
}

pub(crate) fn fd_sync(guest: &mut Guest<'_>, fd: u32) -> Result {
    guest.object(fd, Rights::FD_SYNC)?.sync(false)
}

fn stat(guest: &Guest<'_>, fd: u32) -> Result<Filestat> {
    guest.object(fd, Rights::FD_FILESTAT_GET)?.stat()
}

pub(crate) fn fd_filestat_get(guest: &mut Guest<'_>, fd: u32, result: u32) -> Result {
    guest.write(result, &stat(guest, fd)?.encode())
}

pub(crate) fn unstable_fd_filestat_get(guest: &mut Guest<'_>, fd: u32, result: u32) -> Result {
    guest.write(result, &stat(guest, fd)?.encode_unstable())
}

pub(crate) fn fd_filestat_set_size(guest: &mut Guest<'_>, fd: u32, size: u64) -> Result {
    let object = guest.object(fd, Rights::FD_FILESTAT_SET_SIZE)?;
    object.set_size(size)
}

pub(crate) fn fd_filestat_set_times(
    guest: &mut Guest<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    flags: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_FILESTAT_SET_TIMES)?;
    let (accessed, modified) = new_times(atim, mtim, flags)?;
    object.set_times(accessed, modified)
}

/// Fills the buffer as far as entries go; the last may be cut off, which says that there are more.
pub(crate) fn fd_readdir(
    guest: &mut Guest<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    used: u32,
) -> Result {
    let object = guest.folder(fd, Rights::FD_READDIR)?;
    let folder = object.folder().ok_or(Errno::BadF)?;
    guest.check(buf, buf_len as usize)?;
    guest.check(used, 4)?;
    let mut done = 0;
    folder.list(cookie, &mut |entry| {
        let part = &entry[..entry.len().min((buf_len - done) as usize)];
        // It was checked to be in memory.
        let _ = guest.write(buf + done, part);
        done += part.len() as u32;
        part.len() == entry.len()
    })?;
    guest.set_u32(used, done)
}
