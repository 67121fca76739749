//! OxiPNG, in Rust, behind wasm-bindgen.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError};

use super::guests::oxipng::{Oxipng, Wbg};
use crate::case::{Case, Result, hex, len, words};

struct Host;

impl Wbg for Host {
    fn __wbindgen_throw(mut caller: Caller<'_, Self>, at: i32, len: i32) -> Result<(), HostError> {
        let guest = Oxipng::from_caller(&mut caller).ok_or("another guest")?;
        Err(str::from_utf8(guest.memory_slice(at as u32, len as u32)?)?.into())
    }
}

/// Runs a case.
pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Oxipng::new(Host)?;
    let answer = guest.__wbindgen_add_to_stack_pointer(-16)?;
    let input = case.bytes("input")?;
    let len = len(&input)?;
    let at = guest.__wbindgen_malloc(len, 1)?;
    guest.write_memory(at as u32, &input)?;
    guest.optimise(answer, at, len, case.number("level")?, 0, 0)?;
    let answer = words(guest.memory_slice(answer as u32, 8)?);
    Ok(json!({ "hex": hex(guest.memory_slice(answer[0], answer[1])?) }))
}

/// The PNG of an image of `width` pixels a row, four bytes a pixel.
pub fn encode(pixels: &[u8], width: i32, level: i32) -> Result<Vec<u8>> {
    let mut guest = Oxipng::new(Host)?;
    let answer = guest.__wbindgen_add_to_stack_pointer(-16)?;
    let len = len(pixels)?;
    let at = guest.__wbindgen_malloc(len, 1)?;
    guest.write_memory(at as u32, pixels)?;
    guest.optimise_raw(answer, at, len, width, len / 4 / width, level, 0, 0)?;
    let answer = words(guest.memory_slice(answer as u32, 8)?);
    Ok(guest.memory_slice(answer[0], answer[1])?.to_vec())
}
