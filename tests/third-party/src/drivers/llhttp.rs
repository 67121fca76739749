//! Node's parser of HTTP/1, in C. It calls back for every part of a message.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError};

use super::guests::llhttp::{Env, Llhttp};
use crate::case::{Case, Result, len, text};

/// What the parser called back for.
struct Events(Vec<Value>);

impl Events {
    /// Notes a part, whose text is still where the guest was given it.
    fn part(mut caller: Caller<'_, Self>, what: &str, at: i32, len: i32) -> Result<i32, HostError> {
        let guest = Llhttp::from_caller(&mut caller).ok_or("another guest")?;
        let event = json!([what, str::from_utf8(guest.memory_slice(at as u32, len as u32)?)?]);
        caller.data_mut().0.push(event);
        Ok(0)
    }
}

macro_rules! parts {
    ($($name:ident = $what:literal;)*) => {
        $(fn $name(caller: Caller<'_, Self>, _: i32, at: i32, len: i32) -> Result<i32, HostError> {
            Self::part(caller, $what, at, len)
        })*
    };
}

impl Env for Events {
    stubs! { i32 = 0;
        wasm_on_message_begin(_);
    }

    parts! {
        wasm_on_url = "url";
        wasm_on_status = "status";
        wasm_on_header_field = "header field";
        wasm_on_header_value = "header value";
        wasm_on_body = "body";
    }

    fn wasm_on_headers_complete(
        mut caller: Caller<'_, Self>,
        parser: i32,
        status: i32,
        upgrade: i32,
        keep_alive: i32,
    ) -> Result<i32, HostError> {
        // Back into the guest in the midst of its work: it must say the same.
        let mut guest = Llhttp::from_caller(&mut caller).ok_or("another guest")?;
        let again = (guest.llhttp_get_status_code(parser)?, guest.llhttp_get_upgrade(parser)?);
        if again != (status, upgrade) {
            return Err(format!("{again:?} is not {:?}", (status, upgrade)).into());
        }
        caller.data_mut().0.push(json!(["headers complete", status, upgrade, keep_alive]));
        Ok(0)
    }

    fn wasm_on_message_complete(mut caller: Caller<'_, Self>, _: i32) -> Result<i32, HostError> {
        caller.data_mut().0.push(json!(["message complete"]));
        Ok(0)
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Llhttp::new(Events(Vec::new()))?;
    guest._initialize()?;
    let is_request = case.text("kind")? == "request";
    let parser = guest.llhttp_alloc(if is_request { 1 } else { 2 })?;
    let input = case.bytes("input")?;
    let at = guest.malloc(len(&input)?)?;
    guest.write_memory(at as u32, &input)?;
    let status = guest.llhttp_execute(parser, at, len(&input)?)?;
    if status != 0 {
        let name = guest.llhttp_errno_name(status)?;
        let event = json!(["error", text(guest.memory_data(), name)?]);
        guest.store_mut().data_mut().0.push(event);
    } else if is_request {
        let method = guest.llhttp_get_method(parser)?;
        let name = guest.llhttp_method_name(method)?;
        let event = json!(["method", text(guest.memory_data(), name)?]);
        guest.store_mut().data_mut().0.insert(0, event);
    }
    guest.llhttp_free(parser)?;
    Ok(guest.into_store().into_data().0.into())
}
