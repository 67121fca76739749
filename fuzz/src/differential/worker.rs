//! A child process of the differential run: compiles a batch, links all of it once, runs it.
//!
//! It tells its parent where it is and what it found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result};
use cargo_wasmaot::load::{link::Linker, load};
use wasmaot::Module;
use wasmaot_compiler::{Artifact, Error};

use super::{Work, read_module};
use crate::case::Case;
use crate::child::{Finding, Said};
use crate::compare::compare;
use crate::engines::ours::{MODES, Mode};
use crate::engines::{wasmi, wasmtime};
use crate::generate::{Selection, module};
use crate::stats::Stats;
use crate::value::Run;

/// Does it all.
///
/// # Errors
/// If the machinery fails: not for findings.
pub fn run(work: &Work, selection: &Selection) -> Result<()> {
    let mut stats = Stats::default();
    let found = |seed, what| Said::Found(Finding { seed, what }).say();
    let cases = match work {
        Work::Seeds(first, many) => (*first..first + many)
            .filter_map(|seed| match module(seed, selection) {
                Ok(wasm) => Some((seed, wasm)),
                Err(_) => {
                    stats.count("seeds without a module");
                    None
                }
            })
            .collect(),
        Work::File(path, seed) => vec![(*seed, read_module(path)?)],
    };

    let (mut compiled, mut artifacts) = (Vec::new(), Vec::new());
    for (seed, wasm) in cases {
        Said::At(format!("compiling seed {seed}")).say();
        let case = Case::new(seed, wasm).with_context(|| format!("seed {seed}"))?;
        stats.count("modules");
        match compile(&case) {
            Ok(all) => {
                artifacts.extend(all);
                compiled.push(case);
            }
            Err(None) => stats.count("modules too large for us"),
            Err(Some(what)) => found(seed, what),
        }
    }
    Said::At("linking".into()).say();
    let modules = load(&artifacts, &Linker::find()?)?;
    for (case, modules) in compiled.iter().zip(modules.chunks(MODES.len())) {
        try_case(case, modules, &mut stats).unwrap_or_else(|what| found(case.seed, what));
    }
    Said::Stats(stats).say();
    Ok(())
}

/// Compiles in every mode. An error without words is that a module is too large.
fn compile(case: &Case) -> Result<Vec<Artifact>, Option<String>> {
    let compile = |mode: Mode| match catch_unwind(AssertUnwindSafe(|| mode.compile(case))) {
        Ok(Ok(artifact)) => Ok(artifact),
        Ok(Err(Error::TooLarge { .. })) => Err(None),
        Ok(Err(error)) => Err(Some(format!("{}: cannot compile: {error}", mode.name()))),
        Err(panic) => {
            Err(Some(format!("{}: the compiler panics: {}", mode.name(), words(&*panic))))
        }
    };
    MODES.into_iter().map(compile).collect()
}

/// What a panic says.
pub fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something")
}

/// Runs a case in all engines that can, and compares what we say with what the others say.
///
/// Where only one of two peers disagrees with us it is to doubt: the interpreter mistakes a
/// `select` whose result goes into one of its operands, for one.
fn try_case(case: &Case, modules: &[Module], stats: &mut Stats) -> Result<(), String> {
    let at = |engine: &str| Said::At(format!("seed {} in {engine}", case.seed)).say();
    let mut ask = |name: &str, run: fn(&Case) -> Result<Run, String>| {
        at(name);
        let run = run(case).inspect_err(|why| stats.count(format!("not in {name}: {why}"))).ok()?;
        stats.count(format!("compared with {name}"));
        Some(run)
    };
    let mut wasmtime = ask("wasmtime", wasmtime::run);
    let wasmi = ask("wasmi", wasmi::run);
    let (mut whole, mut doubt) = (true, None);
    for (number, (mode, &module)) in MODES.into_iter().zip(modules).enumerate() {
        at(&mode.name());
        let run = mode.run(case, module);
        if number == 0 {
            stats.outcomes(&run);
        }
        let mut sure = false;
        if let Some(peer) = &wasmtime {
            sure = compare(peer, &run).map_err(|difference| difference.to_string())?.whole;
            whole &= sure;
        }
        match wasmi.as_ref().map(|peer| compare(peer, &run)) {
            Some(Ok(agreement)) => whole &= agreement.whole,
            // One against two.
            Some(Err(difference)) if sure => doubt = Some(difference.to_string()),
            Some(Err(difference)) => return Err(difference.to_string()),
            None => {}
        }
        // The others are compared with it, where there is nothing else.
        if wasmtime.is_none() && wasmi.is_none() {
            wasmtime = Some(run);
        }
    }
    if let Some(what) = doubt {
        stats.count("modules: only wasmi disagrees");
        Said::Doubt(Finding { seed: case.seed, what }).say();
        return Ok(());
    }
    stats.count(if whole { "modules: compared to the end" } else { "modules: compared in part" });
    Ok(())
}

/// Prints what all engines say of a case.
///
/// # Errors
/// If it cannot be compiled or linked.
pub fn show(case: &Case) -> Result<()> {
    for call in &case.calls {
        println!("{:?} {:?} -> {:?}", call.name, call.arguments, call.results);
    }
    println!("wasmi: {:#?}\nwasmtime: {:#?}", wasmi::run(case), wasmtime::run(case));
    let artifacts =
        MODES.map(|mode| mode.compile(case)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let modules = load(&artifacts, &Linker::find()?)?;
    for (mode, module) in MODES.into_iter().zip(modules) {
        println!("{:#?}", mode.run(case, module));
    }
    Ok(())
}
