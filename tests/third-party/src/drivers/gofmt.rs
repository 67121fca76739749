//! Go's own formatter, compiled by TinyGo with its garbage collector.

use serde_json::{Value, json};

use super::guests::gofmt::Gofmt;
use crate::case::{Case, Result, len};

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Gofmt::new()?;
    guest._initialize()?;
    let input = case.bytes("input")?;
    let at = guest.alloc(len(&input)?)?;
    guest.write_memory(at as u32, &input)?;
    let status = guest.format()?;
    let mut output = "";
    if status != 0 {
        let (at, length) = (guest.output_ptr()?, guest.output_len()?);
        output = str::from_utf8(guest.memory_slice(at as u32, length as u32)?)?;
    }
    let answer = json!({ "status": status, "output": output });
    guest.dispose()?;
    Ok(answer)
}
