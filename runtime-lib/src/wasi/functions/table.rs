//! What concerns descriptors as such, whatever they stand for.

use super::Result;
use crate::wasi::Errno;
use crate::wasi::guest::Guest;
use crate::wasi::types::{Filetype, Rights, encode_fdstat, fdflags};

pub(crate) fn fd_close(guest: &mut Guest<'_>, fd: u32) -> Result {
    let closed = guest.ctx.table().remove(fd)?;
    drop(closed);
    Ok(())
}

/// Both have to exist: a guest cannot choose numbers that it was not given.
pub(crate) fn fd_renumber(guest: &mut Guest<'_>, fd: u32, to: u32) -> Result {
    let closed = guest.ctx.table().renumber(fd, to)?;
    drop(closed);
    Ok(())
}

pub(crate) fn fd_fdstat_get(guest: &mut Guest<'_>, fd: u32, stat: u32) -> Result {
    let descriptor = guest.ctx.table().get(fd)?.clone();
    let object = descriptor.object;
    let mut rights = descriptor.rights;
    let filetype = object.filetype()?;
    // That is how C libraries tell terminals from other devices.
    if filetype == Filetype::CharacterDevice && object.is_terminal() {
        rights = rights.without(Rights::FD_SEEK.with(Rights::FD_TELL));
    }
    let bytes = encode_fdstat(filetype, object.flags(), rights, descriptor.inheriting);
    guest.write(stat, &bytes)
}

pub(crate) fn fd_fdstat_set_flags(guest: &mut Guest<'_>, fd: u32, flags: u32) -> Result {
    let object = guest.object(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
    if flags & !fdflags::ALL != 0 {
        return Err(Errno::Inval);
    }
    object.set_flags(flags)
}

/// Rights can be given away, not taken.
pub(crate) fn fd_fdstat_set_rights(
    guest: &mut Guest<'_>,
    fd: u32,
    rights_base: u64,
    rights_inheriting: u64,
) -> Result {
    let mut table = guest.ctx.table();
    let descriptor = table.get_mut(fd)?;
    let (base, inheriting) = (Rights(rights_base), Rights(rights_inheriting));
    if !descriptor.rights.has(base) || !descriptor.inheriting.has(inheriting) {
        return Err(Errno::NotCapable);
    }
    (descriptor.rights, descriptor.inheriting) = (base, inheriting);
    Ok(())
}

pub(crate) fn fd_prestat_get(guest: &mut Guest<'_>, fd: u32, prestat: u32) -> Result {
    let len = {
        let table = guest.ctx.table();
        table.get(fd)?.name.as_ref().ok_or(Errno::BadF)?.len()
    };
    let mut bytes = [0; 8];
    bytes[4..].copy_from_slice(&(len as u32).to_le_bytes());
    guest.write(prestat, &bytes)
}

pub(crate) fn fd_prestat_dir_name(
    guest: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result {
    let name = guest.ctx.table().get(fd)?.name.clone().ok_or(Errno::NotDir)?;
    if name.len() > path_len as usize {
        return Err(Errno::NameTooLong);
    }
    guest.write(path, &name)
}
