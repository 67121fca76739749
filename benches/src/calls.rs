//! Calls between host and guest. The callees do next to nothing, so the time is that of the
//! call; loops and arguments are the same on all sides. "C" is a function of the C convention
//! that the compiler cannot see through: called through a pointer.

use std::hint::black_box;

use wasmaot::{
    Caller, Func, HostError, Imports, Instance, Store, TypedFunc, WasmParams, WasmResults,
};
use wasmtime::Linker;
use wasmtime::Result;
use wasmtime::error::Context as _;

use crate::guests::{self, calls::Calls};
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// What our guest imports.
struct Host;

impl guests::calls::Host for Host {
    fn nothing(_: Caller<'_, Self>) -> Result<(), HostError> {
        Ok(())
    }

    fn add(_: Caller<'_, Self>, a: i32, b: i32) -> Result<i32, HostError> {
        Ok(a.wrapping_add(b))
    }

    fn sum(
        _: Caller<'_, Self>,
        a: i64,
        b: i64,
        c: i64,
        d: i64,
        e: i64,
        f: i64,
        g: i64,
        h: i64,
    ) -> Result<i64, HostError> {
        Ok(total([a, b, c, d, e, f, g, h]))
    }
}

fn total(values: [i64; 8]) -> i64 {
    values.into_iter().fold(0, i64::wrapping_add)
}

extern "C" fn c_nothing() {}

extern "C" fn c_add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

extern "C" fn c_sum(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64) -> i64 {
    total([a, b, c, d, e, f, g, h])
}

/// Two results, as the C convention has them.
#[repr(C)]
struct Pair(i64, i32);

impl From<Pair> for (i64, i32) {
    fn from(Pair(a, b): Pair) -> Self {
        (a, b)
    }
}

/// Of two results neither is for nothing.
fn both(pair: impl Into<(i64, i32)>) -> i32 {
    let (a, b) = pair.into();
    b.wrapping_add(a as i32)
}

extern "C" fn c_swap(a: i32, b: i64) -> Pair {
    Pair(b, a)
}

type Sum = (i64, i64, i64, i64, i64, i64, i64, i64);

/// A loop of `$turns` calls, for each number of arguments.
macro_rules! turns {
    (nothing, $turns:expr, $call:expr) => {
        for _ in 0..$turns {
            $call();
        }
    };
    (add, $turns:expr, $call:expr) => {{
        let mut sum = 0_i32;
        for i in 0..$turns {
            sum = $call(sum, i as i32);
        }
        black_box(sum);
    }};
    (swap, $turns:expr, $call:expr) => {{
        let mut last = 0_i32;
        for i in 0..$turns {
            last = both($call(last, i as i64));
        }
        black_box(last);
    }};
    (sum, $turns:expr, $call:expr) => {{
        let mut sum = 0_i64;
        for i in 0..$turns {
            let i = i as i64;
            sum = $call(sum, i, i, i, i, i, i, i);
        }
        black_box(sum);
    }};
}

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let mut bound = Calls::new(Host)?;
    let (mut store, instance) = by_name()?;
    let (mut peer_store, peer_instance) = peer_by_name()?;
    let effort = report.effort;

    report.section(
        "Calls, host to guest",
        "By bindings or by TypedFunc, beside wasmtime's TypedFunc and a C function called through a pointer.",
    );
    macro_rules! to_guest {
        ($shape:tt, $arguments:literal, $params:ty => $result:ty, ($($arg:ident)*), $c:expr) => {{
            const NAME: &str = stringify!($shape);
            let typed = typed::<$params, $result>(&store, instance, NAME)?;
            let peer = peer_instance.get_typed_func::<$params, $result>(&mut peer_store, NAME)?;
            let c = black_box($c);
            let mut by_bindings =
                |n: u64| turns!($shape, n, |$($arg),*| bound.$shape($($arg),*).expect("no trap"));
            let mut by_typed =
                |n: u64| turns!($shape, n, |$($arg),*| typed.call(&mut store, ($($arg,)*)).expect("no trap"));
            let mut by_peer =
                |n: u64| turns!($shape, n, |$($arg),*| peer.call(&mut peer_store, ($($arg,)*)).expect("no trap"));
            let mut by_c = |n: u64| turns!($shape, n, c);
            let mut row = |what: &str, ours: &mut dyn FnMut(u64), other: &mut dyn FnMut(u64)| {
                let times = compare(Clock::Thread, effort, ours, other);
                report.times(&format!(concat!($arguments, ", {}"), what), &times);
                keep(report, "to guest", $arguments, what, times.ratio);
            };
            row("bindings / wasmtime", &mut by_bindings, &mut by_peer);
            row("TypedFunc / wasmtime", &mut by_typed, &mut by_peer);
            row("bindings / C", &mut by_bindings, &mut by_c);
            row("wasmtime / C", &mut by_peer, &mut by_c);
        }};
    }
    to_guest!(nothing, "0 arguments", () => (), (), c_nothing as extern "C" fn());
    to_guest!(add, "2 arguments", (i32, i32) => i32, (a b), c_add as extern "C" fn(_, _) -> _);
    to_guest!(swap, "2 arguments and 2 results", (i32, i64) => (i64, i32), (a b),
        c_swap as extern "C" fn(_, _) -> _);
    to_guest!(sum, "8 arguments", Sum => i64, (a b c d e f g h),
        c_sum as extern "C" fn(_, _, _, _, _, _, _, _) -> _);

    report.section(
        "Calls, guest to host",
        "A loop in the guest. The host's function comes from the bindings' trait or Func::wrap, beside wasmtime's Linker::func_wrap and native code that calls a C function through a pointer.",
    );
    macro_rules! from_guest {
        ($shape:tt, $export:ident, $arguments:literal, $result:ty, $c:expr) => {{
            const NAME: &str = stringify!($export);
            let typed = typed::<i64, $result>(&store, instance, NAME)?;
            let peer = peer_instance.get_typed_func::<i64, $result>(&mut peer_store, NAME)?;
            let c = black_box($c);
            let mut by_bindings = |n: u64| _ = black_box(bound.$export(n as i64)).expect("no trap");
            let mut by_wrap =
                |n: u64| _ = black_box(typed.call(&mut store, n as i64)).expect("no trap");
            let mut by_peer =
                |n: u64| _ = black_box(peer.call(&mut peer_store, n as i64)).expect("no trap");
            let mut by_c = |n: u64| turns!($shape, n, c);
            let mut row = |what: &str, ours: &mut dyn FnMut(u64), other: &mut dyn FnMut(u64)| {
                let times = compare(Clock::Thread, effort, ours, other);
                report.times(&format!(concat!($arguments, ", {}"), what), &times);
                keep(report, "to host", $arguments, what, times.ratio);
            };
            row("bindings / wasmtime", &mut by_bindings, &mut by_peer);
            row("Func::wrap / wasmtime", &mut by_wrap, &mut by_peer);
            row("bindings / C", &mut by_bindings, &mut by_c);
            row("wasmtime / C", &mut by_peer, &mut by_c);
        }};
    }
    from_guest!(nothing, call_nothing, "0 arguments", (), c_nothing as extern "C" fn());
    from_guest!(add, call_add, "2 arguments", i32, c_add as extern "C" fn(_, _) -> _);
    from_guest!(
        sum,
        call_sum,
        "8 arguments",
        i64,
        c_sum as extern "C" fn(_, _, _, _, _, _, _, _) -> _
    );
    Ok(())
}

/// Keeps what there are goals for: two arguments, by bindings.
fn keep(report: &mut Report, way: &str, arguments: &str, what: &str, ratio: f64) {
    if let ("2 arguments", Some(other)) = (arguments, what.strip_prefix("bindings / ")) {
        report.figure(&format!("{way}, {other}"), ratio);
    }
}

fn typed<P: WasmParams, R: WasmResults>(
    store: &Store<Host>,
    instance: Instance,
    name: &str,
) -> Result<TypedFunc<P, R>> {
    Ok(instance.get_func(store, name).context("no such export")?.typed(store)?)
}

/// Our guest, linked by names to closures.
fn by_name() -> Result<(Store<Host>, Instance)> {
    let mut store = Store::new(Host);
    let nothing = Func::wrap(&mut store, || ());
    let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
    let sum = |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
        total([a, b, c, d, e, f, g, h])
    };
    let sum = Func::wrap(&mut store, sum);
    let mut imports = Imports::new();
    imports.define("host", "nothing", nothing).define("host", "add", add);
    imports.define("host", "sum", sum);
    let module = Calls::module();
    let instance = Instance::new(&mut store, module, &imports)?;
    Ok((store, instance))
}

/// The peer's.
fn peer_by_name() -> Result<(wasmtime::Store<()>, wasmtime::Instance)> {
    peer::instantiate(&peer::engine(Cpu::Baseline)?, guests::CALLS, |linker: &mut Linker<()>| {
        linker.func_wrap("host", "nothing", || ())?;
        linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b))?;
        let sum = |a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64, h: i64| {
            total([a, b, c, d, e, f, g, h])
        };
        linker.func_wrap("host", "sum", sum)?;
        Ok(())
    })
}
