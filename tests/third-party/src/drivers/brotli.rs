//! The Rust port of Brotli, behind wasm-bindgen: JavaScript's values are handles, that is numbers.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError};

use super::guests::brotli::{Brotli, Wbg};
use crate::case::{Case, Result, digest, len, words};

/// The handle of a message.
const MESSAGE: i32 = 36;

/// The message that the guest made last.
struct Host(String);

impl Host {
    fn text(caller: &mut Caller<'_, Self>, at: i32, len: i32) -> Result<String, HostError> {
        let guest = Brotli::from_caller(caller).ok_or("another guest")?;
        Ok(str::from_utf8(guest.memory_slice(at as u32, len as u32)?)?.into())
    }

    fn keep(mut caller: Caller<'_, Self>, at: i32, len: i32) -> Result<i32, HostError> {
        caller.data_mut().0 = Self::text(&mut caller, at, len)?;
        Ok(MESSAGE)
    }
}

impl Wbg for Host {
    /// 0 stands for `undefined`, which the options are.
    fn __wbindgen_is_undefined(_: Caller<'_, Self>, handle: i32) -> Result<i32, HostError> {
        Ok((handle == 0).into())
    }

    fn __wbindgen_is_object(_: Caller<'_, Self>, _: i32) -> Result<i32, HostError> {
        Ok(0)
    }

    fn __wbindgen_string_new(
        caller: Caller<'_, Self>,
        at: i32,
        len: i32,
    ) -> Result<i32, HostError> {
        Self::keep(caller, at, len)
    }

    fn __wbindgen_error_new(caller: Caller<'_, Self>, at: i32, len: i32) -> Result<i32, HostError> {
        Self::keep(caller, at, len)
    }

    fn __wbindgen_json_serialize(_: Caller<'_, Self>, _: i32, _: i32) -> Result<(), HostError> {
        Err("there are no options".into())
    }

    fn __wbg_new_693216e109162396(_: Caller<'_, Self>) -> Result<i32, HostError> {
        Ok(0)
    }

    fn __wbg_stack_0ddaca5d1abfb52f(_: Caller<'_, Self>, _: i32, _: i32) -> Result<(), HostError> {
        Ok(())
    }

    /// A panic's message.
    fn __wbg_error_09919627ac0992f5(
        mut caller: Caller<'_, Self>,
        at: i32,
        len: i32,
    ) -> Result<(), HostError> {
        Err(Self::text(&mut caller, at, len)?.into())
    }

    fn __wbindgen_object_drop_ref(_: Caller<'_, Self>, _: i32) -> Result<(), HostError> {
        Ok(())
    }

    fn __wbindgen_throw(mut caller: Caller<'_, Self>, at: i32, len: i32) -> Result<(), HostError> {
        Err(Self::text(&mut caller, at, len)?.into())
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Brotli::new(Host(String::new()))?;
    let answer = guest.__wbindgen_add_to_stack_pointer(-16)?;
    let input = case.bytes("input")?;
    let len = len(&input)?;
    let at = guest.__wbindgen_malloc(len)?;
    guest.write_memory(at as u32, &input)?;
    match case.text("call")? {
        "compress" => guest.compress(answer, at, len, 0)?,
        _ => guest.decompress(answer, at, len)?,
    }
    let answer = words(guest.memory_slice(answer as u32, 16)?);
    let [at, len, handle, failed] = answer[..] else { unreachable!("sixteen bytes") };
    guest.__wbindgen_add_to_stack_pointer(16)?;
    match (failed, handle) {
        (0, _) => Ok(digest(guest.memory_slice(at, len)?)),
        (_, handle) if handle == MESSAGE as u32 => Ok(json!({ "error": guest.store().data().0 })),
        _ => Err(format!("{handle} is not the message's handle").into()),
    }
}
