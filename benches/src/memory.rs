//! Memory that the process has: per idle instance, and at the peak of compiling.

use std::hint::black_box;
use std::process::Command;

use wasmaot_compiler::{Config, compile};
use wasmtime::error::Context as _;
use wasmtime::{Linker, Result, Store, bail, ensure};

use crate::compile;
use crate::guests::{self, functions::Functions, plain::Plain, small::Small};
use crate::measure::geomean;
use crate::peer::{self, Cpu};
use crate::report::Report;

/// How many instances are there at once, after as many that only warm up.
const INSTANCES: u64 = 500;

/// Guests whose idle instances are weighed.
const GUESTS: [&str; 3] = ["plain", "small", "functions"];

/// Prints the section on idle instances.
pub fn idle(report: &mut Report) -> Result<()> {
    report.section(
        "Resident memory per idle instance",
        "Stores with an instance that nobody called yet, in a process of their own, beside wasmtime's on demand. \
         `plain` has a memory without data, `small` three segments of data, `functions` a table of 10,000 functions.",
    );
    for name in GUESTS {
        let ours = child(&["idle", "ours", name])?;
        report.sizes(name, ours, child(&["idle", "wasmtime", name])?);
        if name != "functions" {
            report.figure(&format!("idle {name}"), ours as f64 / 1024.0);
        }
    }
    Ok(())
}

/// Weighs an instance of ours.
fn idle_ours(name: &str) -> Result<u64> {
    match name {
        "plain" => each(|| Plain::new().expect("no imports")),
        "small" => each(|| Small::new().expect("no imports")),
        _ => each(|| Functions::new().expect("no imports")),
    }
}

/// Weighs an instance of the peer's.
fn idle_peer(name: &str) -> Result<u64> {
    let wasm = match name {
        "plain" => guests::PLAIN,
        "small" => guests::SMALL,
        _ => guests::FUNCTIONS,
    };
    let engine = peer::engine(Cpu::Baseline)?;
    let module = wasmtime::Module::new(&engine, wasm)?;
    let pre = Linker::new(&engine).instantiate_pre(&module)?;
    each(|| {
        let mut store = Store::new(&engine, ());
        pre.instantiate(&mut store).expect("no imports");
        store
    })
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

/// The argument that makes this program a child of [`idle`] or [`peak`]: what was measured before has left
/// memory that is free and not given back.
pub const CHILD: &str = "--tell-memory";

/// Prints the section on compiling.
pub fn peak(report: &mut Report) -> Result<()> {
    report.section(
        "Peak memory of compiling",
        "A process of its own that compiles the module with all threads, beside one that does so with wasmtime. \
         Both are this program, so what that holds itself counts for both.",
    );
    let mut ratios = Vec::new();
    for &name in compile::modules(report.effort) {
        let (ours, theirs) = (child(&["peak", "ours", name])?, child(&["peak", "wasmtime", name])?);
        report.sizes(name, ours, theirs);
        ratios.push(ours as f64 / theirs as f64);
    }
    report.figure("peak", geomean(ratios.into_iter()));
    Ok(())
}

/// What a child found.
fn child(arguments: &[&str]) -> Result<u64> {
    let output = Command::new(std::env::current_exe()?).arg(CHILD).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// What a child does.
pub fn as_child(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let bytes = match arguments[..] {
        ["idle", "ours", name] => idle_ours(name)?,
        ["idle", _, name] => idle_peer(name)?,
        ["peak", "ours", name] => {
            drop(black_box(compile(&compile::module(name)?, &Config::new(peer::TARGET))?));
            status("VmHWM")?
        }
        ["peak", _, name] => {
            let engine = peer::engine(Cpu::Baseline)?;
            drop(black_box(engine.precompile_module(&compile::module(name)?)?));
            status("VmHWM")?
        }
        _ => bail!("{CHILD} wants to know what, who and which"),
    };
    println!("{bytes}");
    Ok(())
}
