//! Rollup's parser and hashes, in Rust, behind wasm-bindgen: JavaScript's values are references.

use std::sync::Arc;

use serde_json::Value;
use wasmaot::{Caller, ExternRef, HostError, Store, Val};

use super::guests::rollup::{BindingsWasmBgJs, Rollup};
use crate::case::{Case, Result, digest, len, words};

struct Host;

/// The bytes that a reference refers to.
fn array(value: &Option<ExternRef>) -> Result<&Arc<Vec<u8>>, HostError> {
    let value = value.as_ref().ok_or("a null for an array")?;
    Ok(value.data().downcast_ref().ok_or("something else for an array")?)
}

impl Host {
    fn thrown(caller: &mut Caller<'_, Self>, at: i32, len: i32) -> Result<(), HostError> {
        let guest = Rollup::from_caller(caller).ok_or("another guest")?;
        Err(str::from_utf8(guest.memory_slice(at as u32, len as u32)?)?.into())
    }
}

impl BindingsWasmBgJs for Host {
    fn __wbg_new_bb74001155cb8ca8(_: Caller<'_, Self>) -> Result<Option<ExternRef>, HostError> {
        Ok(None)
    }

    fn __wbg_stack_575c4e0918581b9c(
        _: Caller<'_, Self>,
        _: i32,
        _: Option<ExternRef>,
    ) -> Result<(), HostError> {
        Ok(())
    }

    /// A panic's message.
    fn __wbg_error_757e9472f8410341(
        mut caller: Caller<'_, Self>,
        at: i32,
        len: i32,
    ) -> Result<(), HostError> {
        Self::thrown(&mut caller, at, len)
    }

    /// Copies an array into memory.
    fn __wbg_prototypesetcall_13162965d1fe7aa3(
        mut caller: Caller<'_, Self>,
        at: i32,
        len: i32,
        from: Option<ExternRef>,
    ) -> Result<(), HostError> {
        let bytes = array(&from)?.get(..len as u32 as usize).ok_or("a short array")?;
        let mut guest = Rollup::from_caller(&mut caller).ok_or("another guest")?;
        Ok(guest.write_memory(at as u32, bytes)?)
    }

    fn __wbg_length_186163212ffe79c3(
        _: Caller<'_, Self>,
        of: Option<ExternRef>,
    ) -> Result<i32, HostError> {
        len(array(&of)?)
    }

    fn __wbg_wbindgen_throw_4c88d8bf264fd984(
        mut caller: Caller<'_, Self>,
        at: i32,
        len: i32,
    ) -> Result<(), HostError> {
        Self::thrown(&mut caller, at, len)
    }

    /// Puts JavaScript's constants where the guest expects them.
    fn __wbindgen_init_externref_table(mut caller: Caller<'_, Self>) -> Result<(), HostError> {
        let table =
            Rollup::from_caller(&mut caller).ok_or("another guest")?.__wbindgen_externrefs();
        let (yes, no) = (ExternRef::new(true), ExternRef::new(false));
        for (index, value) in
            [(0, None), (1024, None), (1025, None), (1026, Some(yes)), (1027, Some(no))]
        {
            table.set(&mut caller, index, Val::ExternRef(value))?;
        }
        Ok(())
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Rollup::new(Host)?;
    guest.__wbindgen_start()?;
    let answer = guest.__wbindgen_add_to_stack_pointer(-16)?;
    let input = Arc::new(case.bytes("input")?);
    match case.text("call")? {
        "xxhashBase16" => {
            // What the guest still refers to must not be dropped, and then it must be.
            guest.store_mut().set_collect_always(true);
            guest.xxhash_base16(answer, Some(ExternRef::new(input.clone())))?;
            guest.store_mut().collect();
            if Arc::strong_count(&input) > 1 {
                return Err("the array was not dropped after the call".into());
            }
            let output = str::from_utf8(read(&guest, answer)?)?;
            Ok(output.into())
        }
        "parse" => {
            let len = len(&input)?;
            let at = guest.__wbindgen_export2(len, 1)?;
            guest.write_memory(at as u32, &input)?;
            guest.parse(answer, at, len, 0, 0, 0)?;
            Ok(digest(read(&guest, answer)?))
        }
        other => Err(format!("a call of {other}").into()),
    }
}

/// The bytes that an answer tells of: two words, where and how many.
fn read(guest: &Rollup<Store<Host>>, answer: i32) -> Result<&[u8]> {
    let answer = words(guest.memory_slice(answer as u32, 8)?);
    Ok(guest.memory_slice(answer[0], answer[1])?)
}
