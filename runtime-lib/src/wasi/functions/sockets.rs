//! What is done with sockets only.

use super::Result;
use crate::wasi::Errno;
use crate::wasi::guest::Guest;
use crate::wasi::iovecs::{Iovecs, Ranges};
use crate::wasi::table::Descriptor;
use crate::wasi::types::{Rights, fdflags};

/// Lets what is received stay where it is.
const PEEK: u32 = 1;
/// Waits until the buffers are full.
const WAITALL: u32 = 2;

pub(crate) fn sock_accept(guest: &mut Guest<'_>, fd: u32, flags: u32, accepted: u32) -> Result {
    let Descriptor { object, inheriting, .. } = {
        let table = guest.ctx.table();
        let descriptor = table.get(fd)?;
        if descriptor.object.socket().is_some() {
            descriptor.need(Rights::SOCK_ACCEPT)?;
        }
        descriptor.clone()
    };
    let socket = object.socket().ok_or(Errno::NotSock)?;
    guest.check(accepted, 4)?;
    if flags & !fdflags::NONBLOCK != 0 {
        return Err(Errno::Inval);
    }
    let new = socket.accept(&guest.interrupt, flags != 0)?;
    let descriptor = Descriptor::new(new, inheriting, Rights::NONE);
    let fd = guest.ctx.table().add(descriptor)?;
    guest.set_u32(accepted, fd)
}

pub(crate) fn sock_recv(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    flags: u32,
    received: u32,
    out_flags: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_READ)?;
    let socket = object.socket().ok_or(Errno::NotSock)?;
    let iovecs = Iovecs::read(guest, iovs, iovs_len)?;
    guest.check(received, 4)?;
    guest.check(out_flags, 2)?;
    if flags & !(PEEK | WAITALL) != 0 {
        return Err(Errno::Inval);
    }
    let (peek, all) = (flags & PEEK != 0, flags & WAITALL != 0);
    let ranges = Ranges(iovecs.ranges());
    let (read, cut) = socket.receive(&guest.interrupt, ranges, peek, all)?;
    guest.set_u32(received, read as u32)?;
    guest.write(out_flags, &u16::from(cut).to_le_bytes())
}

pub(crate) fn sock_send(
    guest: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    flags: u32,
    sent: u32,
) -> Result {
    let object = guest.object(fd, Rights::FD_WRITE)?;
    object.socket().ok_or(Errno::NotSock)?;
    let iovecs = Iovecs::read(guest, iovs, iovs_len)?;
    guest.check(sent, 4)?;
    if flags != 0 {
        return Err(Errno::Inval);
    }
    let written = object.write(&guest.interrupt, Ranges(iovecs.ranges()), None)?;
    guest.set_u32(sent, written as u32)
}

pub(crate) fn sock_shutdown(guest: &mut Guest<'_>, fd: u32, how: u32) -> Result {
    let object = {
        let table = guest.ctx.table();
        let descriptor = table.get(fd)?;
        if descriptor.object.socket().is_some() {
            descriptor.need(Rights::SOCK_SHUTDOWN)?;
        }
        descriptor.object.clone()
    };
    let socket = object.socket().ok_or(Errno::NotSock)?;
    match how {
        1..=3 => socket.shutdown(how & 1 != 0, how & 2 != 0),
        _ => Err(Errno::Inval),
    }
}
