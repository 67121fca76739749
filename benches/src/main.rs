//! wasmaot beside its peers, the `wasmtime` crate and wasm2c, and beside native code, in one run.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--quick] [SECTION...]
//! cargo run --release --manifest-path benches/Cargo.toml -- workloads --only sha256,json --peers wasmtime
//! ```
//!
//! Each section is a module and a row of [`SECTIONS`]. It compares the same guest doing the same work
//! and prints ratios: below 1 is better than the peer. To add one, write the module and the row.

mod atomics;
mod calls;
mod compile;
mod guests;
mod hello;
mod instances;
mod io;
mod kernels;
mod language;
mod limits;
mod machine;
mod measure;
mod native;
mod peer;
mod programs;
mod rebuild;
mod report;
mod simd;
mod workloads;

use std::process::ExitCode;

use measure::Effort;
use report::{Options, Report};
use wasmtime::{Result, bail};

/// A section: its name and what prints it.
type Section = (&'static str, fn(&mut Report) -> Result<()>);

const SECTIONS: &[Section] = &[
    ("workloads", workloads::run),
    ("calls", calls::run),
    ("instances", instances::run),
    ("kernels", kernels::run),
    ("limits", limits::run),
    ("simd", simd::run),
    ("tail-calls", language::tail_calls),
    ("memory64", language::memory64),
    ("atomics", atomics::run),
    ("io", io::run),
    ("hello", hello::run),
    ("compile", compile::run),
    ("rebuild", rebuild::run),
    ("startup", programs::startup),
    ("size", programs::size),
];

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Vec<String>) -> Result<()> {
    let quick = flag(&mut arguments, "--quick");
    let only = list(&mut arguments, "--only")?;
    let peers = list(&mut arguments, "--peers")?;
    let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = arguments.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "`{unknown}` is no section: there are {} (and --quick, --only, --peers)",
            known.join(", ")
        );
    }
    if cfg!(debug_assertions) {
        eprintln!("warning: not optimised, so the ratios mean nothing; run with --release");
    }
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let mut report = Report::new(effort, Options { only, peers });
    report.line(machine::describe());
    for (name, section) in SECTIONS {
        if arguments.is_empty() || arguments.iter().any(|wanted| wanted == name) {
            section(&mut report)?;
        }
    }
    Ok(())
}

/// Takes an option out of the arguments; whether it was there.
fn flag(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Takes an option and the names that follow it, with commas between, out of the arguments.
fn list(arguments: &mut Vec<String>, name: &str) -> Result<Vec<String>> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else {
        return Ok(Vec::new());
    };
    if at + 1 == arguments.len() {
        bail!("{name} wants names behind it, with commas between");
    }
    let names = arguments.remove(at + 1);
    arguments.remove(at);
    Ok(names.split(',').map(str::to_owned).collect())
}
