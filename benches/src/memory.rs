//! Memory that the process has: per idle instance, and at the peak of compiling.

use std::hint::black_box;
use std::process::Command;

use wasmaot_compiler::{Config, compile};
use wasmtime::error::Context as _;
use wasmtime::{Linker, Result, Store, bail, ensure};

use crate::compile::{self, MODULES};
use crate::guests::{self, functions::Functions, plain::Plain, small::Small};
use crate::measure::geomean;
use crate::peer::{self, Cpu};
use crate::report::Report;

/// How many instances are there at once, after as many that only warm up.
const INSTANCES: u64 = 500;

/// Prints the section on idle instances.
pub fn idle(report: &mut Report) -> Result<()> {
    report.section(
        "Resident memory per idle instance",
        "Stores with an instance that nobody called yet, beside wasmtime's on demand. `plain` has a memory \
         without data, `small` three pages with data, `functions` a table of 10,000 functions.",
    );
    let engine = peer::engine(Cpu::Baseline)?;
    let peer = |wasm: &[u8]| -> Result<u64> {
        let module = wasmtime::Module::new(&engine, wasm)?;
        let pre = Linker::new(&engine).instantiate_pre(&module)?;
        each(|| {
            let mut store = Store::new(&engine, ());
            pre.instantiate(&mut store).expect("no imports");
            store
        })
    };
    let plain = each(|| Plain::new().expect("no imports"))?;
    report.sizes("plain", plain, peer(guests::PLAIN)?);
    let small = each(|| Small::new().expect("no imports"))?;
    report.sizes("small", small, peer(guests::SMALL)?);
    let functions = each(|| Functions::new().expect("no imports"))?;
    report.sizes("functions", functions, peer(guests::FUNCTIONS)?);
    report.figure("idle", plain.max(small) as f64 / 1024.0);
    Ok(())
}

/// What one of many costs.
fn each<T>(make: impl Fn() -> T) -> Result<u64> {
    let many = || (0..INSTANCES).map(|_| make()).collect::<Vec<T>>();
    let warm = black_box(many());
    let before = status("VmRSS")?;
    let kept = black_box(many());
    let after = status("VmRSS")?;
    drop((warm, kept));
    Ok(after.saturating_sub(before) / INSTANCES)
}

/// A size in /proc/self/status, in bytes.
fn status(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib =
        line.and_then(|line| line.trim().strip_suffix(" kB")).with_context(|| field.to_owned())?;
    Ok(kib.parse::<u64>()? * 1024)
}

/// The argument that makes this program a child of [`peak`].
pub const CHILD: &str = "--compile-and-tell-the-peak";

/// Prints the section on compiling.
pub fn peak(report: &mut Report) -> Result<()> {
    report.section(
        "Peak memory of compiling",
        "A process of its own that compiles the module with all threads, beside one that does so with wasmtime. \
         Both are this program, so what that holds itself counts for both.",
    );
    let mut ratios = Vec::new();
    for name in MODULES {
        let (ours, theirs) = (child("ours", name)?, child("wasmtime", name)?);
        report.sizes(name, ours, theirs);
        ratios.push(ours as f64 / theirs as f64);
    }
    report.figure("peak", geomean(ratios.into_iter()));
    Ok(())
}

/// The peak of a child.
fn child(who: &str, module: &str) -> Result<u64> {
    let output = Command::new(std::env::current_exe()?).args([CHILD, who, module]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// What a child does.
pub fn as_child(arguments: &[String]) -> Result<()> {
    let [who, name] = arguments else { bail!("{CHILD} wants to know who and what") };
    let wasm = compile::module(name)?;
    match who.as_str() {
        "ours" => drop(black_box(compile(&wasm, &Config::new(peer::TARGET))?)),
        _ => drop(black_box(peer::engine(Cpu::Baseline)?.precompile_module(&wasm)?)),
    }
    println!("{}", status("VmHWM")?);
    Ok(())
}
