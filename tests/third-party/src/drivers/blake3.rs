//! BLAKE3, in C, four chunks at once. Its names are one letter each: `guests/third-party/README.md`
//! says what they mean.

use serde_json::Value;
use wasmaot::{Caller, HostError, Store};

use super::guests::blake3::{A, Blake3};
use crate::case::{Case, Result, fit, hex, len};

struct Host;

impl A for Host {
    /// Grows memory.
    fn a(mut caller: Caller<'_, Self>, size: i32) -> Result<i32, HostError> {
        let memory = Blake3::from_caller(&mut caller).ok_or("another guest")?.d();
        Ok(fit(memory, &mut caller, size))
    }

    /// Copies within memory.
    fn b(mut caller: Caller<'_, Self>, to: i32, from: i32, len: i32) -> Result<(), HostError> {
        let mut guest = Blake3::from_caller(&mut caller).ok_or("another guest")?;
        let bytes = guest.d_slice(from as u32, len as u32)?.to_vec();
        Ok(guest.write_d(to as u32, &bytes)?)
    }

    fn c(_: Caller<'_, Self>, _: i32, _: i32, _: i32, _: i32) -> Result<(), HostError> {
        Err("an assertion of the guest's failed".into())
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Blake3::new(Host)?;
    guest.e()?;
    let input = case.bytes("input")?;
    let size = case.number("length")?;
    let output = guest.h(size)?;
    let hasher = match case.text("call")? {
        "one shot" => {
            let at = put(&mut guest, &input)?;
            guest.f(at, len(&input)?, output, size)?;
            return Ok(hex(guest.d_slice(output as u32, size as u32)?).into());
        }
        "keyed" => {
            let key = put(&mut guest, &case.bytes("key")?)?;
            guest.j(key)?
        }
        "derive" => {
            let context = case.bytes("context")?;
            let at = put(&mut guest, &context)?;
            guest.k(at, len(&context)?)?
        }
        _ => guest.i(0)?,
    };
    for piece in input.chunks(case.number("pieces")?.try_into()?) {
        let at = put(&mut guest, piece)?;
        guest.l(hasher, at, len(piece)?)?;
        guest.o(at)?;
    }
    let from = u64::from_str_radix(case.text("at")?.trim_start_matches("0x"), 16)?;
    let copy = guest.g(hasher)?;
    guest.m(copy, (from >> 32) as i32, from as i32, output, size)?;
    Ok(hex(guest.d_slice(output as u32, size as u32)?).into())
}

/// Puts bytes where the guest's allocator says.
fn put(guest: &mut Blake3<Store<Host>>, bytes: &[u8]) -> Result<i32> {
    let at = guest.h(len(bytes)?)?;
    guest.write_d(at as u32, bytes)?;
    Ok(at)
}
