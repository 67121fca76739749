//! Arguments, environment, clocks, random bytes, and the end of the program.

use super::Result;
use crate::bindings::HostError;
use crate::wasi::clock::ClockName;
use crate::wasi::guest::Guest;
use crate::wasi::{Errno, Exit, threads};

/// Puts strings into memory: their addresses at `places`, and their bytes, each with a 0 behind it.
fn strings(guest: &Guest<'_>, strings: &[Vec<u8>], mut places: u32, mut bytes: u32) -> Result {
    let all = strings.iter().map(|string| string.len() + 1).sum();
    guest.check(places, strings.len() * 4)?;
    guest.check(bytes, all)?;
    for string in strings {
        guest.set_u32(places, bytes)?;
        guest.write(bytes, string)?;
        let end = bytes.wrapping_add(string.len() as u32);
        guest.write(end, &[0])?;
        (places, bytes) = (places.wrapping_add(4), end.wrapping_add(1));
    }
    Ok(())
}

fn sizes(guest: &Guest<'_>, strings: &[Vec<u8>], count: u32, size: u32) -> Result {
    guest.check(size, 4)?;
    guest.set_u32(count, strings.len() as u32)?;
    guest.set_u32(size, strings.iter().map(|string| string.len() as u32 + 1).sum())?;
    Ok(())
}

pub(crate) fn args_get(guest: &mut Guest<'_>, argv: u32, argv_buf: u32) -> Result {
    strings(guest, &guest.ctx.shared().args, argv, argv_buf)
}

pub(crate) fn args_sizes_get(guest: &mut Guest<'_>, argc: u32, argv_buf_size: u32) -> Result {
    sizes(guest, &guest.ctx.shared().args, argc, argv_buf_size)
}

pub(crate) fn environ_get(guest: &mut Guest<'_>, environ: u32, environ_buf: u32) -> Result {
    strings(guest, &guest.ctx.shared().env, environ, environ_buf)
}

pub(crate) fn environ_sizes_get(
    guest: &mut Guest<'_>,
    environc: u32,
    environ_buf_size: u32,
) -> Result {
    sizes(guest, &guest.ctx.shared().env, environc, environ_buf_size)
}

pub(crate) fn clock_res_get(guest: &mut Guest<'_>, id: u32, resolution: u32) -> Result {
    let clock = ClockName::new(id)?;
    guest.set_u64(resolution, guest.ctx.shared().clock.resolution(clock))
}

pub(crate) fn clock_time_get(guest: &mut Guest<'_>, id: u32, _precision: u64, time: u32) -> Result {
    let clock = ClockName::new(id)?;
    guest.check(time, 8)?;
    guest.set_u64(time, guest.ctx.shared().clock.now(clock))
}

pub(crate) fn random_get(guest: &mut Guest<'_>, buf: u32, buf_len: u32) -> Result {
    guest.ctx.shared().random.fill(guest, buf, buf_len)
}

pub(crate) fn sched_yield(_: &mut Guest<'_>) -> Result {
    std::thread::yield_now();
    Ok(())
}

/// A guest is no process of its own, so there is nothing to send signals to.
pub(crate) fn proc_raise(_: &mut Guest<'_>, _signal: u32) -> Result {
    Err(Errno::NotSup)
}

pub(crate) fn proc_exit(_: &mut Guest<'_>, code: u32) -> HostError {
    Box::new(Exit { code })
}

pub(crate) fn thread_spawn(guest: &mut Guest<'_>, argument: u32) -> Result<i32, HostError> {
    threads::spawn(guest, argument)
}
