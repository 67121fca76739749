//! Our own converter around a YAML parser of others.

use super::guests::yaml_to_json::YamlToJson;
use crate::case::{Result, len};

/// Converts in a new instance: the status, and the output or what was wrong with the input.
///
/// # Errors
/// The guest's traps.
pub fn drive(yaml: &[u8]) -> Result<(i32, String)> {
    let mut guest = YamlToJson::new()?;
    let len = len(yaml)?;
    let input = guest.alloc(len)?;
    guest.write_memory(input as u32, yaml)?;
    let status = guest.yaml_to_json(input, len)?;
    guest.dealloc(input, len)?;
    let (at, len) = (guest.output_ptr()?, guest.output_len()?);
    let output = guest.memory_slice(at as u32, len as u32)?;
    Ok((status, str::from_utf8(output)?.into()))
}
