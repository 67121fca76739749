//! What else crosses the border: calls from one guest to another, and the host at a guest's memory.

use std::hint::black_box;

use wasmaot::{Imports, Instance, Store};
use wasmtime::Result;
use wasmtime::error::Context as _;

use crate::guests::{self, calls::Calls, plain::Plain, text::Text};
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// What `calls.wasm` imports and exports.
const FUNCTIONS: [&str; 3] = ["nothing", "add", "sum"];

/// Prints the sections.
pub fn run(report: &mut Report) -> Result<()> {
    guest_to_guest(report)?;
    memory(report)?;
    strings(report)
}

/// A guest whose imports are another's exports.
fn guest_to_guest(report: &mut Report) -> Result<()> {
    report.section(
        "Calls, guest to guest",
        "A loop in a guest that calls functions of another module's instance, beside the same in wasmtime.",
    );
    let (mut store, caller) = ours()?;
    let (mut peer_store, peer) = theirs()?;
    macro_rules! row {
        ($export:literal, $n:literal, $result:ty) => {{
            let call = caller.get_func(&store, $export).context($export)?;
            let call = call.typed::<i64, $result>(&store)?;
            let peer = peer.get_typed_func::<i64, $result>(&mut peer_store, $export)?;
            let times = compare(
                Clock::Thread,
                report.effort,
                |n| _ = black_box(call.call(&mut store, n as i64)).expect("no trap"),
                |n| _ = black_box(peer.call(&mut peer_store, n as i64)).expect("no trap"),
            );
            report.times(concat!($n, " arguments"), &times);
        }};
    }
    row!("call_nothing", 0, ());
    row!("call_add", 2, i32);
    row!("call_sum", 8, i64);
    Ok(())
}

/// Two instances of `calls.wasm`: the host's functions, which the first imports, are never called.
fn ours() -> Result<(Store<()>, Instance)> {
    let mut store = Store::new(());
    let mut imports = Imports::new();
    let nothing = wasmaot::Func::wrap(&mut store, || ());
    let add = wasmaot::Func::wrap(&mut store, |_: i32, _: i32| 0_i32);
    let sum = |_: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64| 0_i64;
    let sum = wasmaot::Func::wrap(&mut store, sum);
    imports.define("host", "nothing", nothing).define("host", "add", add);
    imports.define("host", "sum", sum);
    let callee = Instance::new(&mut store, Calls::module(), &imports)?;
    let mut imports = Imports::new();
    for name in FUNCTIONS {
        imports.define("host", name, callee.get_func(&store, name).context(name)?);
    }
    let caller = Instance::new(&mut store, Calls::module(), &imports)?;
    Ok((store, caller))
}

/// The peer's.
fn theirs() -> Result<(wasmtime::Store<()>, wasmtime::Instance)> {
    let engine = peer::engine(Cpu::Baseline)?;
    let (mut store, callee) = peer::instantiate(&engine, guests::CALLS, |linker| {
        linker.func_wrap("host", "nothing", || ())?;
        linker.func_wrap("host", "add", |_: i32, _: i32| 0_i32)?;
        let sum = |_: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64| 0_i64;
        linker.func_wrap("host", "sum", sum)?;
        Ok(())
    })?;
    let mut linker = wasmtime::Linker::new(&engine);
    for name in FUNCTIONS {
        let func = callee.get_func(&mut store, name).context(name)?;
        linker.define(&store, "host", name, func)?;
    }
    let module = wasmtime::Module::new(&engine, guests::CALLS)?;
    let caller = linker.instantiate(&mut store, &module)?;
    Ok((store, caller))
}

/// Bytes out of a guest's memory and into it.
fn memory(report: &mut Report) -> Result<()> {
    report.section(
        "The host at a guest's memory",
        "By bindings, beside wasmtime's Memory::read and Memory::write.",
    );
    let mut guest = Plain::new()?;
    let (mut store, instance) =
        peer::instantiate(&peer::engine(Cpu::Baseline)?, guests::PLAIN, |_| Ok(()))?;
    let peer = instance.get_memory(&mut store, "memory").context("no memory")?;
    for size in [8, 256, 65536] {
        let bytes = vec![1_u8; size];
        let times = compare(
            Clock::Thread,
            report.effort,
            |turns| {
                for turn in 0..turns {
                    guest.write_memory(turn as u32 % 64, black_box(&bytes)).expect("it fits");
                }
            },
            |turns| {
                for turn in 0..turns {
                    peer.write(&mut store, turn as usize % 64, black_box(&bytes)).expect("it fits");
                }
            },
        );
        report.times(&format!("write {size} bytes"), &times);
        let times = compare(
            Clock::Thread,
            report.effort,
            |turns| {
                let mut bytes = bytes.clone();
                for turn in 0..turns {
                    guest.read_memory(turn as u32 % 64, black_box(&mut bytes)).expect("it fits");
                }
            },
            |turns| {
                let mut bytes = bytes.clone();
                for turn in 0..turns {
                    let bytes = black_box(&mut bytes[..]);
                    peer.read(&store, turn as usize % 64, bytes).expect("it fits");
                }
            },
        );
        report.times(&format!("read {size} bytes"), &times);
    }
    Ok(())
}

/// Strings: written where the guest says, read from where it says.
fn strings(report: &mut Report) -> Result<()> {
    report.section(
        "Strings",
        "A string into a guest, a call that makes its letters large ones, and a string out of it: by bindings, beside wasmtime's Memory and TypedFunc.",
    );
    let mut guest = Text::new()?;
    let (mut store, instance) =
        peer::instantiate(&peer::engine(Cpu::Baseline)?, guests::TEXT, |_| Ok(()))?;
    let memory = instance.get_memory(&mut store, "memory").context("no memory")?;
    let buffer = instance.get_typed_func::<(), i32>(&mut store, "buffer")?;
    let shout = instance.get_typed_func::<(i32, i32), (i32, i32)>(&mut store, "shout")?;
    for len in [16, 256] {
        let text = "one after the other, ".repeat(len)[..len].to_owned();
        let mut ours = || {
            let at = guest.buffer().expect("no trap");
            guest.write_memory(at as u32, black_box(&text).as_bytes()).expect("it fits");
            let (at, len) = guest.shout(at, text.len() as i32).expect("no trap");
            let mut bytes = vec![0; len as usize];
            guest.read_memory(at as u32, &mut bytes).expect("it fits");
            String::from_utf8(bytes).expect("letters")
        };
        let mut theirs = || {
            let at = buffer.call(&mut store, ()).expect("no trap");
            memory.write(&mut store, at as usize, black_box(&text).as_bytes()).expect("it fits");
            let (at, len) = shout.call(&mut store, (at, text.len() as i32)).expect("no trap");
            let mut bytes = vec![0; len as usize];
            memory.read(&store, at as usize, &mut bytes).expect("it fits");
            String::from_utf8(bytes).expect("letters")
        };
        assert_eq!([ours(), theirs()], [text.to_uppercase(), text.to_uppercase()]);
        let times = compare(
            Clock::Thread,
            report.effort,
            |turns| (0..turns).for_each(|_| drop(black_box(ours()))),
            |turns| (0..turns).for_each(|_| drop(black_box(theirs()))),
        );
        report.times(&format!("{len} bytes"), &times);
    }
    Ok(())
}
