//! xxHash, written in the text format. It has no allocator: inputs lie at 0, or behind the state.

use serde_json::Value;

use super::guests::xxhash::Xxhash;
use crate::case::{Case, Result, fit, len};

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Xxhash::new()?;
    let input = case.bytes("input")?;
    let seed = u64::from_str_radix(case.text("seed")?.trim_start_matches("0x"), 16)? as i64;
    let narrow = case.number("bits")? == 32;
    // The state of a stream lies at 0, what is fed to it behind.
    let (pieces, at) = match case.get("pieces") {
        None => (None, 0),
        Some(_) => (Some(case.number("pieces")?), if narrow { 48 } else { 88 }),
    };
    let memory = guest.mem();
    fit(memory, guest.store_mut(), at + len(&input)?);
    let value = if let Some(size) = pieces {
        if narrow {
            guest.init32(0, seed as i32)?
        } else {
            guest.init64(0, seed)?
        }
        for piece in input.chunks(size.try_into()?) {
            guest.write_mem(at as u32, piece)?;
            match narrow {
                true => guest.update32(0, at, len(piece)?)?,
                false => guest.update64(0, at, len(piece)?)?,
            }
        }
        if narrow { guest.digest32(0)?.into() } else { guest.digest64(0)? }
    } else {
        guest.write_mem(0, &input)?;
        match narrow {
            true => guest.xxh32(0, len(&input)?, seed as i32)?.into(),
            false => guest.xxh64(0, len(&input)?, seed)?,
        }
    };
    Ok(if narrow { format!("{:08x}", value as u32) } else { format!("{value:016x}") }.into())
}
