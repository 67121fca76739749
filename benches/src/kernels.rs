//! The kernels of guests/kernels, each on the larger of its inputs, its result checked.

use wasmaot::{Imports, Instance, Module, Store, Val};
use wasmtime::error::Context as _;
use wasmtime::{Result, bail, ensure};

use crate::guests;
use crate::measure::{Clock, compare};
use crate::native::Kernels;
use crate::peer::{self, Cpu};
use crate::report::Report;

const EXPECTED: &str = include_str!("../../guests/kernels/inputs/expected.txt");

/// A line of expected.txt.
#[derive(Clone, Copy)]
pub struct Case {
    /// The function.
    pub export: &'static str,
    /// Its argument.
    pub n: i32,
    result: &'static str,
}

/// What runs a kernel and tells its result as expected.txt does.
pub type Run = Box<dyn FnMut(Case) -> Result<String>>;

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let mut ours = ours(guests::kernels_module())?;
    let mut explicit = self::ours(guests::kernels_explicit_module())?;
    let mut peer = peer_run(Cpu::Baseline)?;
    let mut peer_native = peer_run(Cpu::This)?;
    let mut native = native()?;
    let large = checked(&mut [&mut ours, &mut explicit, &mut peer, &mut peer_native, &mut native])?;

    report.section(
        "Kernels",
        "Signals mode, beside wasmtime's code for the same CPU features (x86-64's baseline).",
    );
    all(report, &large, &mut ours, &mut peer);
    report.section(
        "Kernels, this CPU",
        "The same beside wasmtime's default, which uses all features of this CPU.",
    );
    all(report, &large, &mut ours, &mut peer_native);
    report.section(
        "Kernels, natively",
        "The same beside the same crate, compiled by rustc for this machine.",
    );
    all(report, &large, &mut ours, &mut native);
    report.section("Kernels, explicit checks", "Our explicit checks beside our own signals mode.");
    all(report, &large, &mut explicit, &mut ours);
    Ok(())
}

/// Checks what comes out of kernels; the larger case of each.
pub fn checked(runs: &mut [&mut Run]) -> Result<Vec<Case>> {
    let cases = cases()?;
    for case in &cases {
        for run in &mut *runs {
            let result = run(*case)?;
            ensure!(result == case.result, "{}({}) is {result}", case.export, case.n);
        }
    }
    // The second line of an export has the larger input.
    Ok(cases.chunks(2).filter_map(|pair| pair.last().copied()).collect())
}

/// A row for each case, and the mean.
pub fn all(report: &mut Report, cases: &[Case], ours: &mut Run, other: &mut Run) {
    for &case in cases {
        let turns = |run: &mut Run, turns| {
            for _ in 0..turns {
                run(case).expect("it ran before");
            }
        };
        let times = compare(Clock::Thread, report.effort, |n| turns(ours, n), |n| turns(other, n));
        report.times(&format!("{}({})", case.export, case.n), &times);
    }
    report.mean("geometric mean");
}

fn cases() -> Result<Vec<Case>> {
    EXPECTED
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().context("expected.txt: a line is too short");
            Ok(Case { export: word()?, n: word()?.parse()?, result: word()? })
        })
        .collect()
}

/// Our code for the kernels.
pub fn ours(module: Module) -> Result<Run> {
    ours_in(Store::new(()), module)
}

/// Our code for the kernels in a store with limits.
pub fn ours_in(mut store: Store<()>, module: Module) -> Result<Run> {
    let instance = Instance::new(&mut store, module, &Imports::new())?;
    Ok(Box::new(move |case| {
        let func = instance.get_func(&store, case.export).context(case.export)?;
        let mut results: Vec<Val> = func.ty(&store).results().iter().map(|&ty| zero(ty)).collect();
        func.call(&mut store, &[Val::I32(case.n)], &mut results)?;
        Ok(match results[..] {
            [Val::I32(value)] => (value as u32).to_string(),
            [Val::I64(value)] => (value as u64).to_string(),
            [Val::F64(bits)] => float(f64::from_bits(bits)),
            _ => bail!("{}: a result of an unexpected type", case.export),
        })
    }))
}

/// The same crate, compiled natively.
fn native() -> Result<Run> {
    let kernels = Kernels::build()?;
    let mut store = Store::new(());
    let instance = Instance::new(&mut store, guests::kernels_module(), &Imports::new())?;
    Ok(Box::new(move |Case { export, n, .. }| {
        let func = instance.get_func(&store, export).context(export)?;
        Ok(match func.ty(&store).results() {
            [wasmaot::ValType::I32] => kernels.i32(export, n as u32)?.to_string(),
            [wasmaot::ValType::I64] => kernels.i64(export, n as u32)?.to_string(),
            [wasmaot::ValType::F64] => float(kernels.f64(export, n as u32)?),
            _ => bail!("{export}: a result of an unexpected type"),
        })
    }))
}

fn zero(ty: wasmaot::ValType) -> Val {
    match ty {
        wasmaot::ValType::I32 => Val::I32(0),
        wasmaot::ValType::I64 => Val::I64(0),
        _ => Val::F64(0),
    }
}

fn peer_run(cpu: Cpu) -> Result<Run> {
    peer_with(&peer::config(cpu)?, |_| Ok(()))
}

/// The peer's code for the kernels, with options and in a store with limits.
pub fn peer_with(
    config: &wasmtime::Config,
    limit: impl FnOnce(&mut wasmtime::Store<()>) -> Result<()>,
) -> Result<Run> {
    let engine = wasmtime::Engine::new(config)?;
    let module = wasmtime::Module::new(&engine, guests::KERNELS)?;
    let mut store = wasmtime::Store::new(&engine, ());
    limit(&mut store)?;
    let instance = wasmtime::Instance::new(&mut store, &module, &[])?;
    Ok(Box::new(move |case| {
        let func = instance.get_func(&mut store, case.export).context(case.export)?;
        let mut results = vec![wasmtime::Val::I32(0)];
        func.call(&mut store, &[wasmtime::Val::I32(case.n)], &mut results)?;
        Ok(match results[..] {
            [wasmtime::Val::I32(value)] => (value as u32).to_string(),
            [wasmtime::Val::I64(value)] => (value as u64).to_string(),
            [wasmtime::Val::F64(bits)] => float(f64::from_bits(bits)),
            _ => bail!("{}: a result of an unexpected type", case.export),
        })
    }))
}

/// As Python prints it.
fn float(value: f64) -> String {
    format!("{value:?}")
}
