//! Instances: made, perhaps used, and dropped, each in a store of its own.

use std::hint::black_box;

use wasmtime::{Engine, InstancePre, Linker, Module, Result, Store};

use crate::guests::{self, functions::Functions, image::Image, small::Small, touch::Touch};
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// A module, and what to do with an instance of it.
struct Guest {
    what: &'static str,
    wasm: &'static [u8],
    /// The arguments of `get` and its result.
    arguments: &'static [i32],
    result: i32,
    /// Makes and drops an instance.
    ours: fn(),
    /// The same with a call of `get`.
    ours_used: fn() -> i32,
}

const GUESTS: &[Guest] = &[
    Guest {
        what: "small",
        wasm: guests::SMALL,
        arguments: &[1024],
        result: b't' as i32,
        ours: || drop(black_box(Small::new().expect("no imports"))),
        ours_used: || Small::new().expect("no imports").get(1024).expect("no trap"),
    },
    Guest {
        what: "64 MiB of data",
        wasm: guests::IMAGE,
        arguments: &[0],
        result: 0x3d,
        ours: || drop(black_box(Image::new().expect("no imports"))),
        ours_used: || Image::new().expect("no imports").get(0).expect("no trap"),
    },
    // What is called first touches them.
    Guest {
        what: "1,000 pages",
        wasm: guests::TOUCH,
        arguments: &[1000],
        result: 1000,
        ours: || drop(black_box(Touch::new().expect("no imports"))),
        ours_used: || Touch::new().expect("no imports").get(1000).expect("no trap"),
    },
    Guest {
        what: "10,000 functions in a table",
        wasm: guests::FUNCTIONS,
        arguments: &[9999, 1],
        result: 9999 ^ 1,
        ours: || drop(black_box(Functions::new().expect("no imports"))),
        ours_used: || Functions::new().expect("no imports").get(9999, 1).expect("no trap"),
    },
];

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    report.section(
        "Instances",
        "A store and an instance made and dropped, beside wasmtime's InstancePre: on demand (its default) and from a pool.",
    );
    let engines =
        [("on demand", peer::engine(Cpu::Baseline)?), ("pooling", peer::pooling_engine()?)];
    for guest in GUESTS {
        for (how, engine) in &engines {
            let peer = Peer::new(engine, guest.wasm)?;
            assert_eq!((guest.ours_used)(), guest.result, "{}", guest.what);
            assert_eq!(peer.used(guest.arguments), guest.result, "{}", guest.what);
            let times = compare(
                Clock::Thread,
                report.effort,
                |turns| (0..turns).for_each(|_| (guest.ours)()),
                |turns| (0..turns).for_each(|_| drop(black_box(peer.make()))),
            );
            report.times(&format!("{} / {how}", guest.what), &times);
            if guest.what == "small" {
                report.figure(&format!("instance, {how}"), times.ratio);
            }
            let times = compare(
                Clock::Thread,
                report.effort,
                |turns| (0..turns).for_each(|_| _ = black_box((guest.ours_used)())),
                |turns| (0..turns).for_each(|_| _ = black_box(peer.used(guest.arguments))),
            );
            report.times(&format!("{} and a call / {how}", guest.what), &times);
        }
    }
    Ok(())
}

/// The peer's side of a guest.
struct Peer {
    engine: Engine,
    pre: InstancePre<()>,
}

impl Peer {
    fn new(engine: &Engine, wasm: &[u8]) -> Result<Self> {
        let module = Module::new(engine, wasm)?;
        let pre = Linker::new(engine).instantiate_pre(&module)?;
        Ok(Self { engine: engine.clone(), pre })
    }

    fn make(&self) -> (Store<()>, wasmtime::Instance) {
        let mut store = Store::new(&self.engine, ());
        let instance = self.pre.instantiate(&mut store).expect("no imports");
        (store, instance)
    }

    fn used(&self, arguments: &[i32]) -> i32 {
        let (mut store, instance) = self.make();
        match *arguments {
            [a] => {
                let get = instance.get_typed_func::<i32, i32>(&mut store, "get");
                get.and_then(|get| get.call(&mut store, a)).expect("no trap")
            }
            [a, b] => {
                let get = instance.get_typed_func::<(i32, i32), i32>(&mut store, "get");
                get.and_then(|get| get.call(&mut store, (a, b))).expect("no trap")
            }
            _ => unreachable!("one argument or two"),
        }
    }
}
