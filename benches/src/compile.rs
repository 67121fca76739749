//! From a module to machine code: our object files beside the peer's precompiled artifacts.

use std::hint::black_box;

use object::{Object as _, ObjectSection as _, SectionKind};
use wasmaot_compiler::{Config, compile};
use wasmtime::Result;
use wasmtime::error::Context as _;

use crate::measure::{Clock, Effort, compare, compare_by, geomean};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// Modules of guests/.
const MODULES: [&str; 5] = ["rollup", "dprint-json", "brotli", "kernels", "sqlite"];

/// What is compiled: the smallest will do to see that it runs.
pub fn modules(effort: Effort) -> &'static [&'static str] {
    if effort.rounds < Effort::FULL.rounds { &MODULES[..1] } else { &MODULES }
}

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    report.section(
        "Compiling",
        "Module to object file, beside Engine::precompile_module for the same CPU. CPU time is that of all threads.",
    );
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let threads = rayon::current_num_threads();
    let mut engine_of_one = peer::config(Cpu::Baseline)?;
    engine_of_one.parallel_compilation(false);
    let engine_of_one = wasmtime::Engine::new(&engine_of_one)?;
    let engine = peer::engine(Cpu::Baseline)?;
    let config = Config::new(peer::TARGET);
    // A turn takes a good part of a second. The goal is about all threads.
    let [with_one, with_all] =
        [4, 2].map(|part| Effort { rounds: report.effort.rounds.div_ceil(part), ..report.effort });

    let mut sizes = Vec::new();
    let mut ratios = Vec::new();
    for &name in modules(report.effort) {
        let wasm = module(name)?;
        let ours = || compile(&wasm, &config).expect("it compiled before");
        let theirs = |engine: &wasmtime::Engine| {
            engine.precompile_module(&wasm).expect("it compiled before")
        };
        let object = compile(&wasm, &config).with_context(|| name.to_owned())?.object;
        let artifact = engine.precompile_module(&wasm)?;
        sizes.push((name, object, artifact));

        let times = compare(
            Clock::Process,
            with_one,
            |turns| one.install(|| (0..turns).for_each(|_| drop(black_box(ours())))),
            |turns| (0..turns).for_each(|_| drop(black_box(theirs(&engine_of_one)))),
        );
        report.times(&format!("{name}, one thread, CPU"), &times);
        let [cpu, wall] = compare_by(
            [Clock::Process, Clock::Wall],
            with_all,
            &mut [&mut |turns| (0..turns).for_each(|_| drop(black_box(ours()))), &mut |turns| {
                (0..turns).for_each(|_| drop(black_box(theirs(&engine))))
            }],
        );
        for (times, what) in [(&cpu[0], "CPU"), (&wall[0], "wall")] {
            report.times(&format!("{name}, {threads} threads, {what}"), times);
        }
        ratios.push(cpu[0].ratio);
    }
    report.figure("compile", geomean(ratios.drain(..)));
    for (name, object, artifact) in &sizes {
        let (ours, theirs) = (code(object)?, code(artifact)?);
        report.sizes(&format!("{name}, machine code"), ours, theirs);
        ratios.push(ours as f64 / theirs as f64);
        report.sizes(&format!("{name}, whole file"), object.len() as u64, artifact.len() as u64);
    }
    report.figure("code size", geomean(ratios.into_iter()));
    Ok(())
}

/// A module of guests/.
pub fn module(name: &str) -> Result<Vec<u8>> {
    let guests = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests");
    let path = match name {
        "sqlite" => format!("{guests}/programs/sqlite.wasm"),
        "kernels" => format!("{guests}/kernels/kernels.wasm"),
        other => format!("{guests}/third-party/{other}/{other}.wasm"),
    };
    std::fs::read(&path).with_context(|| format!("cannot read {path}"))
}

/// The number of bytes that can be executed.
pub fn code(elf: &[u8]) -> Result<u64> {
    let file = object::File::parse(elf)?;
    let sections = file.sections().filter(|section| section.kind() == SectionKind::Text);
    Ok(sections.map(|section| section.size()).sum())
}
