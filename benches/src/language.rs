//! Tail calls and 64-bit memories beside the peer's, a call of an export that does a loop's work
//! each time. What it has to give is computed here.

use wasmaot::{Imports, Instance, Module, Store};
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::guests;
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// A row: an export, its argument, and its result.
type Row = (&'static str, i32, fn(i32) -> u64);

/// Prints how long calls take that replace their callers.
pub fn tail_calls(report: &mut Report) -> Result<()> {
    report.section("tail calls", "Two functions that take turns, 100,001 times.");
    let turns: fn(i32) -> u64 = |n| {
        (0..n).fold(1, |x: u64, turn| match turn % 2 {
            0 => x.wrapping_add(0x9e37_79b9),
            _ => x.rotate_left(7),
        })
    };
    let rows = ["direct", "indirect", "reference"].map(|name| (name, 100_001, turns));
    rows_of(report, guests::tail_calls_module(), guests::TAIL_CALLS, &rows)
}

/// Prints how long accesses of a memory with 64-bit indices take.
pub fn memory64(report: &mut Report) -> Result<()> {
    report.section("64-bit memory", "Each kernel over 64 KiB, whatever it does.");
    let rows: [Row; 4] = [
        ("fill", 1, |_| memory().last().expect("8192 numbers")),
        ("sum", 1, |n| memory().fold(0, u64::wrapping_add).wrapping_mul(n as u64)),
        ("copy", 1, |_| memory().last().expect("8192 numbers")),
        ("scatter", 1, |n| {
            let all: Vec<u64> = memory().collect();
            (0..8192 * n).fold(0, |at, _| all[at as usize / 8] & 0xfff8)
        }),
    ];
    rows_of(report, guests::memory64_module(), guests::MEMORY64, &rows)
}

/// What `fill` leaves.
fn memory() -> impl Iterator<Item = u64> {
    let mut state = 1_u64;
    let numbers = std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        state
    });
    numbers.take(8192)
}

fn rows_of(report: &mut Report, module: Module, wasm: &[u8], rows: &[Row]) -> Result<()> {
    let mut store = Store::new(());
    let instance = Instance::new(&mut store, module, &Imports::new())?;
    let engine = peer::engine(Cpu::Baseline)?;
    let (mut peer_store, peer_instance) = peer::instantiate(&engine, wasm, |_| Ok(()))?;
    for &(name, n, expected) in rows {
        let ours = instance.get_func(&store, name).context("an export")?;
        let ours = ours.typed::<i32, u64>(&store)?;
        let peer = peer_instance.get_typed_func::<i32, i64>(&mut peer_store, name)?;
        let expected = expected(n);
        for result in [ours.call(&mut store, n)?, peer.call(&mut peer_store, n)? as u64] {
            ensure!(result == expected, "{name}({n}) is {result:#x}, not {expected:#x}");
        }
        let times = compare(
            Clock::Thread,
            report.effort,
            |turns| {
                for _ in 0..turns {
                    ours.call(&mut store, n).expect("it ran before");
                }
            },
            |turns| {
                for _ in 0..turns {
                    peer.call(&mut peer_store, n).expect("it ran before");
                }
            },
        );
        report.times(&format!("{name}({n})"), &times);
    }
    report.mean("geometric mean");
    Ok(())
}
