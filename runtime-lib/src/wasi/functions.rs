//! What the functions do. Each has the name and the parameters of its row in
//! [`wasmaot_abi::wasi`].

#![allow(clippy::too_many_arguments, reason = "they are the specification's")]

use std::io::Write;

use super::guest::{Guest, Stop};
use super::{Errno, Exit};
use crate::bindings::HostError;

type Result<T = (), E = Stop> = std::result::Result<T, E>;

/// Puts strings into memory: their addresses at `places`, and their bytes, each with a 0 behind it.
fn strings(guest: &Guest<'_>, strings: &[Vec<u8>], mut places: u32, mut bytes: u32) -> Result {
    for string in strings {
        guest.set_u32(places, bytes)?;
        guest.write(bytes, string)?;
        let end = bytes.checked_add(string.len() as u32).ok_or(Errno::Overflow)?;
        guest.write(end, &[0])?;
        bytes = end.checked_add(1).ok_or(Errno::Overflow)?;
        places = places.checked_add(4).ok_or(Errno::Overflow)?;
    }
    Ok(())
}

fn sizes(guest: &Guest<'_>, strings: &[Vec<u8>], count: u32, size: u32) -> Result {
    guest.set_u32(count, strings.len() as u32)?;
    guest.set_u32(size, strings.iter().map(|string| string.len() as u32 + 1).sum())?;
    Ok(())
}

pub(super) fn args_get(guest: &mut Guest<'_>, argv: u32, argv_buf: u32) -> Result {
    strings(guest, &guest.ctx.shared().args, argv, argv_buf)
}

pub(super) fn args_sizes_get(guest: &mut Guest<'_>, argc: u32, argv_buf_size: u32) -> Result {
    sizes(guest, &guest.ctx.shared().args, argc, argv_buf_size)
}

pub(super) fn environ_get(guest: &mut Guest<'_>, environ: u32, environ_buf: u32) -> Result {
    strings(guest, &guest.ctx.shared().env, environ, environ_buf)
}

pub(super) fn environ_sizes_get(
    guest: &mut Guest<'_>,
    environc: u32,
    environ_buf_size: u32,
) -> Result {
    sizes(guest, &guest.ctx.shared().env, environc, environ_buf_size)
}

pub(super) fn clock_res_get(_: &mut Guest<'_>, _id: u32, _resolution: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn clock_time_get(guest: &mut Guest<'_>, id: u32, _precision: u64, time: u32) -> Result {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    match (id, now) {
        (0, Ok(now)) => Ok(guest.set_u64(time, now.as_nanos() as u64)?),
        _ => Err(Errno::Inval.into()),
    }
}

pub(super) fn fd_advise(
    _: &mut Guest<'_>,
    _fd: u32,
    _offset: u64,
    _len: u64,
    _advice: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_allocate(_: &mut Guest<'_>, _fd: u32, _offset: u64, _len: u64) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_close(_: &mut Guest<'_>, _fd: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_datasync(_: &mut Guest<'_>, _fd: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_fdstat_get(_: &mut Guest<'_>, _fd: u32, _stat: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_fdstat_set_flags(_: &mut Guest<'_>, _fd: u32, _flags: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_fdstat_set_rights(
    _: &mut Guest<'_>,
    _fd: u32,
    _rights_base: u64,
    _rights_inheriting: u64,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_filestat_get(_: &mut Guest<'_>, _fd: u32, _stat: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_filestat_set_size(_: &mut Guest<'_>, _fd: u32, _size: u64) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_filestat_set_times(
    _: &mut Guest<'_>,
    _fd: u32,
    _atim: u64,
    _mtim: u64,
    _flags: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_pread(
    _: &mut Guest<'_>,
    _fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _offset: u64,
    _read: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_prestat_get(_: &mut Guest<'_>, _fd: u32, _prestat: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_prestat_dir_name(
    _: &mut Guest<'_>,
    _fd: u32,
    _path: u32,
    _path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_pwrite(
    _: &mut Guest<'_>,
    _fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _offset: u64,
    _written: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_read(
    _: &mut Guest<'_>,
    _fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _read: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_readdir(
    _: &mut Guest<'_>,
    _fd: u32,
    _buf: u32,
    _buf_len: u32,
    _cookie: u64,
    _used: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_renumber(_: &mut Guest<'_>, _fd: u32, _to: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_seek(
    _: &mut Guest<'_>,
    _fd: u32,
    _offset: u64,
    _whence: u32,
    _place: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_sync(_: &mut Guest<'_>, _fd: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_tell(_: &mut Guest<'_>, _fd: u32, _place: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn fd_write(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    written: u32,
) -> Result {
    let mut out: Box<dyn Write> = match fd {
        1 if guest.ctx.shared().stdio => Box::new(std::io::stdout()),
        2 if guest.ctx.shared().stdio => Box::new(std::io::stderr()),
        _ => return Err(Errno::BadF.into()),
    };
    let mut sum = 0;
    for at in (0..iovs_len).map(|i| iovs.wrapping_add(i * 8)) {
        let (start, len) = (guest.u32(at)?, guest.u32(at.wrapping_add(4))?);
        let mut bytes = vec![0; (len as usize).min(1 << 20)];
        guest.read(start, &mut bytes)?;
        out.write_all(&bytes).map_err(|_| Errno::Io)?;
        sum += bytes.len() as u32;
    }
    out.flush().map_err(|_| Errno::Io)?;
    guest.set_u32(written, sum)?;
    Ok(())
}

pub(super) fn path_create_directory(
    _: &mut Guest<'_>,
    _fd: u32,
    _path: u32,
    _path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_filestat_get(
    _: &mut Guest<'_>,
    _fd: u32,
    _flags: u32,
    _path: u32,
    _path_len: u32,
    _stat: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_filestat_set_times(
    _: &mut Guest<'_>,
    _fd: u32,
    _flags: u32,
    _path: u32,
    _path_len: u32,
    _atim: u64,
    _mtim: u64,
    _fst_flags: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_link(
    _: &mut Guest<'_>,
    _old_fd: u32,
    _old_flags: u32,
    _old_path: u32,
    _old_path_len: u32,
    _new_fd: u32,
    _new_path: u32,
    _new_path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_open(
    _: &mut Guest<'_>,
    _fd: u32,
    _dirflags: u32,
    _path: u32,
    _path_len: u32,
    _oflags: u32,
    _rights_base: u64,
    _rights_inheriting: u64,
    _fdflags: u32,
    _opened: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_readlink(
    _: &mut Guest<'_>,
    _fd: u32,
    _path: u32,
    _path_len: u32,
    _buf: u32,
    _buf_len: u32,
    _used: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_remove_directory(
    _: &mut Guest<'_>,
    _fd: u32,
    _path: u32,
    _path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_rename(
    _: &mut Guest<'_>,
    _old_fd: u32,
    _old_path: u32,
    _old_path_len: u32,
    _new_fd: u32,
    _new_path: u32,
    _new_path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_symlink(
    _: &mut Guest<'_>,
    _old_path: u32,
    _old_path_len: u32,
    _fd: u32,
    _new_path: u32,
    _new_path_len: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn path_unlink_file(_: &mut Guest<'_>, _fd: u32, _path: u32, _path_len: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn poll_oneoff(
    _: &mut Guest<'_>,
    _subscriptions: u32,
    _events: u32,
    _count: u32,
    _happened: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn proc_raise(_: &mut Guest<'_>, _signal: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn sched_yield(_: &mut Guest<'_>) -> Result {
    std::thread::yield_now();
    Ok(())
}

pub(super) fn random_get(_: &mut Guest<'_>, _buf: u32, _buf_len: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn sock_accept(_: &mut Guest<'_>, _fd: u32, _flags: u32, _accepted: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn sock_recv(
    _: &mut Guest<'_>,
    _fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _flags: u32,
    _received: u32,
    _out_flags: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn sock_send(
    _: &mut Guest<'_>,
    _fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _flags: u32,
    _sent: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn sock_shutdown(_: &mut Guest<'_>, _fd: u32, _how: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn unstable_fd_seek(
    _: &mut Guest<'_>,
    _fd: u32,
    _offset: u64,
    _whence: u32,
    _place: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn unstable_fd_filestat_get(_: &mut Guest<'_>, _fd: u32, _stat: u32) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn unstable_path_filestat_get(
    _: &mut Guest<'_>,
    _fd: u32,
    _flags: u32,
    _path: u32,
    _path_len: u32,
    _stat: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn unstable_poll_oneoff(
    _: &mut Guest<'_>,
    _subscriptions: u32,
    _events: u32,
    _count: u32,
    _happened: u32,
) -> Result {
    Err(Errno::NoSys.into())
}

pub(super) fn proc_exit(_: &mut Guest<'_>, code: u32) -> HostError {
    Box::new(Exit { code })
}

pub(super) fn thread_spawn(_: &mut Guest<'_>, _argument: u32) -> Result<i32, HostError> {
    Ok(-i32::from(Errno::NotSup.code()))
}
