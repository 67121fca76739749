//! Oniguruma, in C, behind Emscripten's embind.

use std::collections::HashMap;

use serde_json::{Value, json};
use wasmaot::{Caller, HostError, Store};

use super::guests::onig::{Env, Onig, WasiSnapshotPreview1};
use crate::case::{Case, Result, bytes, fit, len, text, words};

/// The constants that the guest registered.
struct Constants(HashMap<String, i32>);

impl Env for Constants {
    fn emscripten_memcpy_big(
        mut caller: Caller<'_, Self>,
        to: i32,
        from: i32,
        len: i32,
    ) -> Result<(), HostError> {
        let mut guest = Onig::from_caller(&mut caller).ok_or("another guest")?;
        let bytes = guest.memory_slice(from as u32, len as u32)?.to_vec();
        Ok(guest.write_memory(to as u32, &bytes)?)
    }

    fn emscripten_get_now(_: Caller<'_, Self>) -> Result<f64, HostError> {
        Ok(0.0)
    }

    fn emscripten_resize_heap(mut caller: Caller<'_, Self>, size: i32) -> Result<i32, HostError> {
        let memory = Onig::from_caller(&mut caller).ok_or("another guest")?.memory();
        Ok(fit(memory, &mut caller, size))
    }

    fn _embind_register_constant(
        mut caller: Caller<'_, Self>,
        name: i32,
        _: i32,
        value: f64,
    ) -> Result<(), HostError> {
        let guest = Onig::from_caller(&mut caller).ok_or("another guest")?;
        let name = text(guest.memory_data(), name)?;
        caller.data_mut().0.insert(name, value as i32);
        Ok(())
    }

    stubs! { () = ();
        _embind_register_void(_, _);
        _embind_register_bool(_, _, _, _);
        _embind_register_integer(_, _, _, _, _);
        _embind_register_float(_, _, _);
        _embind_register_std_string(_, _);
        _embind_register_std_wstring(_, _, _);
        _embind_register_emval(_, _);
        _embind_register_memory_view(_, _, _);
        _embind_register_bigint(_, _, _, _, _, _, _);
    }
}

impl WasiSnapshotPreview1 for Constants {
    fn fd_write(_: Caller<'_, Self>, _: i32, _: i32, _: i32, _: i32) -> Result<i32, HostError> {
        Err("nothing is printed".into())
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Onig::new(Constants(HashMap::new()))?;
    guest.__wasm_call_ctors()?;
    guest._embind_initialize_bindings()?;
    let constants = &guest.store().data().0;
    let constant = |name| constants.get(name).copied().ok_or(format!("{name} is not registered"));
    let (groups, syntax) =
        (constant("ONIG_OPTION_CAPTURE_GROUP")?, constant("ONIG_SYNTAX_DEFAULT")?);

    let patterns = case.list("patterns")?;
    let (mut places, mut lengths) = (Vec::new(), Vec::new());
    for pattern in patterns {
        let pattern = bytes(pattern)?;
        places.extend(put(&mut guest, &pattern)?.to_le_bytes());
        lengths.extend(len(&pattern)?.to_le_bytes());
    }
    let (places, lengths) = (put(&mut guest, &places)?, put(&mut guest, &lengths)?);
    let count = patterns.len().try_into()?;
    let scanner = guest.create_onig_scanner(places, lengths, count, groups, syntax)?;
    if scanner == 0 {
        let message = guest.get_last_onig_error()?;
        return Ok(json!({ "error": text(guest.memory_data(), message)? }));
    }

    let input = case.bytes("input")?;
    let at = put(&mut guest, &input)?;
    let len = len(&input)?;
    let (mut found, mut start) = (Vec::new(), 0);
    while start <= len {
        // The 1 tells this text from others: results are cached by it.
        let place = guest.find_next_onig_scanner_match(scanner, 1, at, len, start, 256)? as u32;
        if place == 0 {
            break;
        }
        let head = words(guest.memory_slice(place, 8)?);
        let spans = words(guest.memory_slice(place + 8, 8 * head[1])?);
        start = i32::try_from(spans[1])?.max(start + 1);
        found.push([&head[..1], &spans].concat());
    }
    guest.free_onig_scanner(scanner)?;
    Ok(json!(found))
}

/// Puts bytes where the guest's allocator says.
fn put(guest: &mut Onig<Store<Constants>>, bytes: &[u8]) -> Result<i32> {
    let at = guest.omalloc(len(bytes)?)?;
    guest.write_memory(at as u32, bytes)?;
    Ok(at)
}
