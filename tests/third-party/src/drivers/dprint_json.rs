//! A formatter of JSON, in Rust. Texts go to and fro through one buffer of the guest's.

use serde_json::{Value, json};
use wasmaot::Store;

use super::guests::dprint_json::DprintJson;
use crate::case::{Case, Result, len};

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = DprintJson::new()?;
    guest.release_config(1)?;
    send(&mut guest, case.text("config")?)?;
    guest.register_config(1)?;
    send(&mut guest, case.text("path")?)?;
    guest.set_file_path()?;
    send(&mut guest, case.text("input")?)?;
    let status = guest.format(1)?;
    let output = match status {
        0 => 0,
        1 => guest.get_formatted_text()?,
        _ => guest.get_error_text()?,
    };
    let at = guest.get_shared_bytes_ptr()?;
    let output = str::from_utf8(guest.memory_slice(at as u32, output as u32)?)?;
    Ok(json!({ "status": status, "output": output }))
}

fn send(guest: &mut DprintJson<Store<()>>, text: &str) -> Result<()> {
    let at = guest.clear_shared_bytes(len(text.as_bytes())?)?;
    Ok(guest.write_memory(at as u32, text.as_bytes())?)
}
