//! The reference implementation of Argon2, in C. Its names are one letter each:
//! `guests/third-party/README.md` says what they mean.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError, Store};

use super::guests::argon2::{A, Argon2};
use crate::case::{Case, Result, fit, hex, len, text};

struct Host;

impl A for Host {
    /// Copies within memory.
    fn a(mut caller: Caller<'_, Self>, to: i32, from: i32, len: i32) -> Result<i32, HostError> {
        let mut guest = Argon2::from_caller(&mut caller).ok_or("another guest")?;
        let bytes = guest.c_slice(from as u32, len as u32)?.to_vec();
        guest.write_c(to as u32, &bytes)?;
        Ok(to)
    }

    /// Grows memory.
    fn b(mut caller: Caller<'_, Self>, size: i32) -> Result<i32, HostError> {
        let memory = Argon2::from_caller(&mut caller).ok_or("another guest")?.c();
        Ok(fit(memory, &mut caller, size))
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Argon2::new(Host)?;
    guest.d()?;
    let kind = match case.text("kind")? {
        "argon2d" => 0,
        "argon2i" => 1,
        "argon2id" => 2,
        other => return Err(format!("a kind called {other}").into()),
    };
    let (passes, memory) = (case.number("passes")?, case.number("memory_kib")?);
    let (lanes, hash_len) = (case.number("lanes")?, case.number("length")?);
    let hash = guest.f(hash_len)?;
    let (password, password_len) = put(&mut guest, &case.bytes("password")?)?;
    let (salt, salt_len) = put(&mut guest, &case.bytes("salt")?)?;
    let (secret, secret_len) = put(&mut guest, &case.bytes("secret")?)?;
    let (data, data_len) = put(&mut guest, &case.bytes("data")?)?;
    let version = 0x13;
    let status = guest.l(
        passes,
        memory,
        lanes,
        password,
        password_len,
        salt,
        salt_len,
        hash,
        hash_len,
        0,
        0,
        kind,
        secret,
        secret_len,
        data,
        data_len,
        version,
    )?;
    if status != 0 {
        let message = guest.i(status)?;
        return Ok(json!({ "error": text(guest.c_data(), message)? }));
    }
    Ok(hex(guest.c_slice(hash as u32, hash_len as u32)?).into())
}

/// Puts bytes with a zero at their end into the guest: where, and how many without it.
fn put(guest: &mut Argon2<Store<Host>>, bytes: &[u8]) -> Result<(i32, i32)> {
    let len = len(bytes)?;
    let at = guest.f(len + 1)?;
    guest.write_c(at as u32, bytes)?;
    guest.write_c((at + len) as u32, &[0])?;
    Ok((at, len))
}
