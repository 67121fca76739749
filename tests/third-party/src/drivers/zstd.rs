//! zstd, in C. Its names are one letter each: `guests/third-party/README.md` says what they mean.

use serde_json::{Value, json};
use wasmaot::{Caller, HostError};

use super::guests::zstd::{A, Zstd};
use crate::case::{Case, Result, digest, fit, len};

struct Host;

impl A for Host {
    fn a(_: Caller<'_, Self>, _: i32) -> Result<(), HostError> {
        Err("a.a is not called".into())
    }

    fn b(_: Caller<'_, Self>) -> Result<(), HostError> {
        Err("a.b is not called".into())
    }

    fn c(_: Caller<'_, Self>) -> Result<(), HostError> {
        Err("a.c is not called".into())
    }

    fn d(_: Caller<'_, Self>, _: i32, _: f64) -> Result<i32, HostError> {
        Err("a.d is not called".into())
    }

    /// Grows memory.
    fn e(mut caller: Caller<'_, Self>, size: i32) -> Result<i32, HostError> {
        let memory = Zstd::from_caller(&mut caller).ok_or("another guest")?.f();
        Ok(fit(memory, &mut caller, size))
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Zstd::new(Host)?;
    guest.g()?;
    let input = case.bytes("input")?;
    let from_len = len(&input)?;
    let from = guest.s(from_len)?;
    guest.write_f(from as u32, &input)?;
    let (to, size) = if case.text("call")? == "compress" {
        let room = guest.i(from_len)?;
        let to = guest.s(room)?;
        (to, guest.m(to, room, from, from_len, case.number("level")?)?)
    } else {
        let room = case.number("room")?;
        let to = guest.s(room)?;
        (to, guest.r(to, room, from, from_len)?)
    };
    if guest.h(size)? != 0 {
        return Ok(json!({ "error": true }));
    }
    Ok(digest(guest.f_slice(to as u32, size as u32)?))
}
