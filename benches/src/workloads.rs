//! The programs of guests/workloads: our code beside wasmtime's, beside what wasm2c and clang make of the
//! same modules, and beside the same sources compiled natively. All take turns in one run, and all have to
//! come to the native program's results.
//!
//! `--only NAME,...` takes some of them, `--peers NAME,...` some of [`PEERS`].

use rayon::prelude::*;
use wasmaot::{Imports, Instance, Module, Store};
use wasmtime::error::Context as _;
use wasmtime::{Result, bail, ensure};

use crate::measure::{Clock, Comparison, compare_all, geomean};
use crate::native::{Native, Tool};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// A program.
#[derive(Debug)]
pub struct Workload {
    /// Its name, and its files'.
    pub name: &'static str,
    /// `integer` or `float`.
    pub group: &'static str,
    /// The C file.
    pub source: &'static str,
    /// The module's file.
    pub path: &'static str,
    /// The module.
    pub wasm: &'static [u8],
    /// Our code for it.
    pub module: fn() -> Module,
}

/// Our code for each, and the list.
#[allow(missing_docs)]
mod guests {
    use super::Workload;
    include!(concat!(env!("OUT_DIR"), "/workloads.rs"));
}
pub use guests::ALL;

const EXPECTED: &str = include_str!("../../guests/workloads/expected.txt");

/// Who our code is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Wasmtime(Cpu),
    Native(Tool),
}

/// The peers by their names for `--peers`, and whether they are there without that.
const PEERS: [(&str, Kind, bool); 5] = [
    ("wasmtime", Kind::Wasmtime(Cpu::Baseline), true),
    ("wasmtime-this-cpu", Kind::Wasmtime(Cpu::This), false),
    ("wasm2c", Kind::Native(Tool::Wasm2c), true),
    ("clang", Kind::Native(Tool::Clang), true),
    ("gcc", Kind::Native(Tool::Gcc), true),
];

/// What runs a workload.
type Run = Box<dyn FnMut(u32) -> Result<u64>>;

/// Prints the sections.
pub fn run(report: &mut Report) -> Result<()> {
    let only = report.options.only.clone();
    if let Some(unknown) =
        only.iter().find(|name| ALL.iter().all(|workload| workload.name != **name))
    {
        let known: Vec<&str> = ALL.iter().map(|workload| workload.name).collect();
        bail!("no workload is called `{unknown}`; there are {}", known.join(", "));
    }
    let (peers, missing) = chosen(&report.options.peers)?;
    let missing = match missing[..] {
        [] => String::new(),
        _ => format!(" Not installed here, so without a column: {}.", missing.join(", ")),
    };
    let folder = tempfile::tempdir()?;
    let build = |workload: &Workload| -> Result<()> {
        for (_, kind) in &peers {
            if let Kind::Native(tool) = kind {
                tool.build(workload, folder.path())?;
            }
        }
        Ok(())
    };
    let wanted =
        |workload: &&Workload| only.is_empty() || only.iter().any(|name| name == workload.name);
    let workloads: Vec<&Workload> = ALL.iter().filter(wanted).collect();
    eprintln!("building the peers of {} workloads", workloads.len());
    workloads.par_iter().try_for_each(|workload| build(workload))?;

    let mut all = vec![Vec::new(); peers.len()];
    for (group, title) in [("integer", "integers"), ("float", "floating point")] {
        let workloads: Vec<_> =
            workloads.iter().filter(|workload| workload.group == group).collect();
        if workloads.is_empty() {
            continue;
        }
        let columns: Vec<&str> = peers.iter().map(|(name, _)| *name).collect();
        report.matrix(
            &format!("Workloads: {title}"),
            &format!(
                "Our time over the peer's, and quartiles: wasmtime with the same CPU features (the baseline), \
                 wasm2c with clang-19 -O3 (guard pages), the C sources by clang-19 -O3 and by gcc -O2.{missing}"
            ),
            &columns,
        );
        for workload in workloads {
            let times = measure(report, workload, &peers, folder.path())
                .with_context(|| workload.name.to_owned())?;
            report.row(workload.name, &times);
            all.iter_mut().zip(&times).for_each(|(all, times)| all.push(times.ratio));
        }
        report.summary(group);
    }
    for ((name, _), ratios) in peers.iter().zip(all) {
        report.figure(&format!("all, {name}"), geomean(ratios.into_iter()));
    }
    Ok(())
}

/// A peer's name, and what it is.
type Peer = (&'static str, Kind);

/// The peers that are wanted and there, and the names of those that are wanted and not there.
fn chosen(names: &[String]) -> Result<(Vec<Peer>, Vec<&'static str>)> {
    if let Some(unknown) = names.iter().find(|name| PEERS.iter().all(|(peer, ..)| peer != name)) {
        let known = PEERS.map(|(name, ..)| name).join(", ");
        bail!("no peer is called `{unknown}`; there are {known}");
    }
    let (mut peers, mut missing) = (Vec::new(), Vec::new());
    for (name, kind, usual) in PEERS {
        if !names.iter().any(|wanted| wanted == name) && !(usual && names.is_empty()) {
            continue;
        }
        match kind {
            Kind::Native(tool) if tool.version().is_none() => missing.push(name),
            _ => peers.push((name, kind)),
        }
    }
    Ok((peers, missing))
}

/// Compares all sides of a workload, once they came to the same.
fn measure(
    report: &Report,
    workload: &Workload,
    peers: &[Peer],
    folder: &std::path::Path,
) -> Result<Vec<Comparison>> {
    let mut runs = vec![("wasmaot", ours(workload)?)];
    for &(name, kind) in peers {
        let run = match kind {
            Kind::Wasmtime(cpu) => wasmtime(workload, cpu)?,
            Kind::Native(tool) => {
                let library = folder.join(format!("{}-{tool:?}.so", workload.name));
                let mut native = Native::load(&library)?;
                Box::new(move |n| Ok(native.run(n))) as Run
            }
        };
        runs.push((name, run));
    }
    let cases = cases(workload.name)?;
    // Twice: what one run leaves in memory must not change the next.
    for &(n, expected) in cases.iter().chain(&cases) {
        for (who, run) in &mut runs {
            let result = run(n)?;
            ensure!(
                result == expected,
                "{who} comes to {result} at {n}, the native program to {expected}"
            );
        }
    }
    let n = cases.last().context("no case")?.0;
    let mut turns: Vec<_> = runs
        .into_iter()
        .map(|(_, mut run)| {
            move |turns: u64| (0..turns).for_each(|_| _ = run(n).expect("it ran before"))
        })
        .collect();
    let mut ways: Vec<&mut dyn FnMut(u64)> =
        turns.iter_mut().map(|way| way as &mut dyn FnMut(u64)).collect();
    Ok(compare_all(Clock::Thread, report.effort, &mut ways))
}

/// The arguments of a workload, and what the native program comes to.
fn cases(name: &str) -> Result<Vec<(u32, u64)>> {
    let mut cases = Vec::new();
    for line in EXPECTED.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [workload, n, result] if workload == name => cases.push((n.parse()?, result.parse()?)),
            [_, _, _] => {}
            _ => bail!("expected.txt has a line that is none: {line}"),
        }
    }
    ensure!(!cases.is_empty(), "expected.txt has no line for it");
    Ok(cases)
}

fn ours(workload: &Workload) -> Result<Run> {
    let mut store = Store::new(());
    let instance = Instance::new(&mut store, (workload.module)(), &Imports::new())?;
    let run = instance.get_func(&store, "run").context("no function is called `run`")?;
    let run = run.typed::<i32, i64>(&store)?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n as i32)? as u64)))
}

fn wasmtime(workload: &Workload, cpu: Cpu) -> Result<Run> {
    let (mut store, instance) = peer::instantiate(&peer::engine(cpu)?, workload.wasm, |_| Ok(()))?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    Ok(Box::new(move |n| Ok(run.call(&mut store, n as i32)? as u64)))
}
