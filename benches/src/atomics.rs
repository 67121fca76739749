//! Atomic instructions, waiting and waking up. The ball goes to and fro between two threads, each
//! with an instance of its own over one memory.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use wasmaot::{MemoryType, SharedMemory, Store};
use wasmtime::{Result, ensure};

use crate::guests;
use crate::guests::atomics::{Atomics, AtomicsImports};
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// Where the ball is put for each of the two: beyond what the loops write.
const PLACES: (i32, i32) = (8192, 12288);

type Ours = Atomics<Store<()>>;

fn ours(memory: &SharedMemory) -> Ours {
    let imports = AtomicsImports { memory: memory.clone() };
    Atomics::with_store(Store::new(()), imports).expect("an instance")
}

/// The peer's engine, module and memory.
struct Peer {
    engine: wasmtime::Engine,
    module: wasmtime::Module,
    memory: wasmtime::SharedMemory,
}

impl Peer {
    fn new() -> Result<Self> {
        let mut config = peer::config(Cpu::Baseline)?;
        config.shared_memory(true);
        let engine = wasmtime::Engine::new(&config)?;
        let module = wasmtime::Module::new(&engine, guests::ATOMICS)?;
        let memory = wasmtime::SharedMemory::new(&engine, wasmtime::MemoryType::shared(1, 1))?;
        Ok(Self { engine, module, memory })
    }

    fn instance(&self) -> Result<(wasmtime::Store<()>, wasmtime::Instance)> {
        let mut store = wasmtime::Store::new(&self.engine, ());
        let imports = [self.memory.clone().into()];
        let instance = wasmtime::Instance::new(&mut store, &self.module, &imports)?;
        Ok((store, instance))
    }
}

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let memory = SharedMemory::new(MemoryType::new(1, Some(1)))?;
    let mut guest = ours(&memory);
    let peer = Peer::new()?;
    let (mut peer_store, peer_instance) = peer.instance()?;
    report.section(
        "Atomics",
        "One turn of a loop, beside wasmtime's code for the same CPU features; nobody else runs.",
    );
    macro_rules! row {
        ($what:literal, $name:ident -> $result:ty) => {{
            let theirs =
                peer_instance.get_typed_func::<i64, $result>(&mut peer_store, stringify!($name))?;
            let times = compare(
                Clock::Thread,
                report.effort,
                |n| _ = guest.$name(n as i64).expect("no trap"),
                |n| _ = theirs.call(&mut peer_store, n as i64).expect("no trap"),
            );
            report.times($what, &times);
        }};
    }
    row!("i32.atomic.rmw.add, unused", add -> ());
    row!("i64.atomic.rmw.add", add64 -> i64);
    row!("i32.atomic.rmw8.xor_u", xor8 -> i32);
    row!("i32.atomic.load, .rmw.cmpxchg", cmpxchg -> ());
    row!("i64.atomic.load", read -> i64);
    row!("i64.atomic.store", write -> ());
    row!("memory.atomic.notify of nobody", notify -> ());
    row!("memory.atomic.wait32, another value", wait -> ());
    report.mean("geometric mean");

    report.section(
        "Waiting and waking up",
        "From one thread to another and back, each asleep while the other runs: time on the wall.",
    );
    let effort = report.effort;
    let times = compare(Clock::Wall, effort, |n| our_ball(&memory, n), |n| peer_ball(&peer, n));
    report.times("to and fro", &times);
    let there = memory.atomic_u32(PLACES.0 as u64)?.load(SeqCst);
    ensure!(u32::from_le(there) == 1, "the ball is lost");
    Ok(())
}

fn our_ball(memory: &SharedMemory, turns: u64) {
    memory.atomic_u32(PLACES.0 as u64).expect("in range").store(1_u32.to_le(), SeqCst);
    let (here, there) = PLACES;
    thread::scope(|scope| {
        scope.spawn(|| ours(memory).ball(there, here, turns as i64).expect("no trap"));
        ours(memory).ball(here, there, turns as i64).expect("no trap");
    });
}

fn peer_ball(peer: &Peer, turns: u64) {
    let run = |mine: i32, other: i32| {
        let (mut store, instance) = peer.instance().expect("an instance");
        let ball = instance.get_typed_func::<(i32, i32, i64), ()>(&mut store, "ball");
        ball.expect("a ball").call(&mut store, (mine, other, turns as i64)).expect("no trap");
    };
    // The ball lies where it was left: with the first one, once it is there.
    let (here, there) = PLACES;
    let bytes = peer.memory.data();
    // SAFETY: nobody runs.
    unsafe { *bytes[here as usize].get() = 1 };
    thread::scope(|scope| {
        scope.spawn(|| run(there, here));
        run(here, there);
    });
}
