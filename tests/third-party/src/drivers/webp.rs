//! The encoder of WebP, in C++ behind Emscripten's embind: the guest tells which functions of its
//! table make its settings, fill them in, and encode.

use serde_json::{Value, json};
use wasmaot::{Caller, Func, HostError, Store, Val};

use super::guests::webp::{A, Webp};
use crate::case::{Case, Result, digest, fit, len, text, words};

/// What the guest registered, and what it made.
#[derive(Default)]
struct Host {
    /// Makes the settings.
    constructor: i32,
    /// The settings' names, the function that sets one, and what tells it which one.
    fields: Vec<(String, i32, i32)>,
    /// The function that calls the encoder, and the encoder.
    encode: (i32, i32),
    output: Vec<u8>,
}

/// The number of the array that came out; 1 to 4 have a meaning in embind.
const OUTPUT: i32 = 6;

impl A for Host {
    stubs! { () = ();
        b(_, _, _);
        c(_, _, _, _, _);
        d(_, _, _);
        e(_, _, _);
        h(_, _, _);
        i(_, _);
        j(_);
        l(_);
        m(_);
        o(_, _, _, _, _, _, _);
        q(_, _, _, _);
        s(_, _);
        t(_, _, _, _, _);
        u(_, _);
    }

    stubs! { i32 = 5;
        w(_);
    }

    /// A field of the settings.
    fn a(
        mut caller: Caller<'_, Self>,
        _: i32,
        name: i32,
        _: i32,
        _: i32,
        _: i32,
        _: i32,
        _: i32,
        _: i32,
        setter: i32,
        which: i32,
    ) -> Result<(), HostError> {
        let name = named(&mut caller, name)?;
        caller.data_mut().fields.push((name, setter, which));
        Ok(())
    }

    /// A function.
    fn f(
        mut caller: Caller<'_, Self>,
        name: i32,
        _: i32,
        _: i32,
        _: i32,
        invoker: i32,
        function: i32,
        _: i32,
    ) -> Result<(), HostError> {
        if named(&mut caller, name)? == "encode" {
            caller.data_mut().encode = (invoker, function);
        }
        Ok(())
    }

    fn g(_: Caller<'_, Self>) -> Result<(), HostError> {
        Err("the guest aborted".into())
    }

    fn k(_: Caller<'_, Self>, _: i32, _: i32, _: i32) -> Result<(), HostError> {
        Err("the guest threw an exception".into())
    }

    /// The class of the settings.
    fn n(
        mut caller: Caller<'_, Self>,
        _: i32,
        _: i32,
        _: i32,
        constructor: i32,
        _: i32,
        _: i32,
    ) -> Result<(), HostError> {
        caller.data_mut().constructor = constructor;
        Ok(())
    }

    /// Grows memory.
    fn p(mut caller: Caller<'_, Self>, size: i32) -> Result<i32, HostError> {
        let memory = Webp::from_caller(&mut caller).ok_or("another guest")?.x();
        Ok(fit(memory, &mut caller, size))
    }

    /// Copies within memory.
    fn r(mut caller: Caller<'_, Self>, to: i32, from: i32, len: i32) -> Result<(), HostError> {
        let mut guest = Webp::from_caller(&mut caller).ok_or("another guest")?;
        let bytes = guest.x_slice(from as u32, len as u32)?.to_vec();
        Ok(guest.write_x(to as u32, &bytes)?)
    }

    /// Makes an array of the bytes whose number and place the arguments are.
    fn v(
        mut caller: Caller<'_, Self>,
        _class: i32,
        _: i32,
        _: i32,
        arguments: i32,
    ) -> Result<i32, HostError> {
        let guest = Webp::from_caller(&mut caller).ok_or("another guest")?;
        let view = words(guest.x_slice(arguments as u32, 8)?);
        let output = guest.x_slice(view[1], view[0])?.to_vec();
        caller.data_mut().output = output;
        Ok(OUTPUT)
    }
}

/// A name that the guest passed.
fn named(caller: &mut Caller<'_, Host>, at: i32) -> Result<String, HostError> {
    text(Webp::from_caller(caller).ok_or("another guest")?.x_data(), at)
}

type Guest = Webp<Store<Host>>;

/// A function of the guest's table.
fn function(guest: &Guest, index: i32) -> Result<Func> {
    match guest.d().get(guest.store(), index as u32 as u64) {
        Some(Val::FuncRef(Some(function))) => Ok(function),
        other => Err(format!("{other:?} is no function").into()),
    }
}

/// A setting as the package has it; the others are 0.
fn default(name: &str) -> f64 {
    match name {
        "quality" => 75.0,
        "method" => 4.0,
        "sns_strength" => 50.0,
        "filter_strength" => 60.0,
        "segments" => 4.0,
        "alpha_quality" | "near_lossless" => 100.0,
        "filter_type" | "pass" | "alpha_compression" | "alpha_filtering" => 1.0,
        _ => 0.0,
    }
}

pub fn drive(case: &Case<'_>) -> Result<Value> {
    let mut guest = Webp::new(Host::default())?;
    guest.y()?;
    let host = guest.store_mut().data_mut();
    let (fields, (encode, encoder)) = (std::mem::take(&mut host.fields), host.encode);
    let constructor = host.constructor;
    let constructor = function(&guest, constructor)?.typed::<(), i32>(guest.store())?;
    let settings = constructor.call(guest.store_mut(), ())?;
    for (name, setter, which) in fields {
        let options = case.get("options").ok_or("no options")?;
        let value = options[&name].as_f64().unwrap_or(default(&name));
        let setter = function(&guest, setter)?;
        if matches!(name.as_str(), "quality" | "target_PSNR") {
            let setter = setter.typed::<(i32, i32, f32), ()>(guest.store())?;
            setter.call(guest.store_mut(), (which, settings, value as f32))?;
        } else {
            let setter = setter.typed::<(i32, i32, i32), ()>(guest.store())?;
            setter.call(guest.store_mut(), (which, settings, value as i32))?;
        }
    }

    // A string of C++ is its length, then itself.
    let input = case.bytes("input")?;
    let length = len(&input)?;
    let at = guest.z(4 + length)?;
    guest.write_x(at as u32, &length.to_le_bytes())?;
    guest.write_x(at as u32 + 4, &input)?;
    let (width, height) = (case.number("width")?, case.number("height")?);
    type Encode = (i32, i32, i32, i32, i32);
    let encode = function(&guest, encode)?.typed::<Encode, i32>(guest.store())?;
    match encode.call(guest.store_mut(), (encoder, at, width, height, settings))? {
        OUTPUT => Ok(digest(&guest.into_store().into_data().output)),
        other => Ok(json!({ "error": other })),
    }
}
