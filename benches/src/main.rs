//! wasmaot beside its peer, the `wasmtime` crate, and beside native code, in one run.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--quick] [SECTION...]
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
mod peer;
mod programs;
mod report;
mod simd;

use std::process::ExitCode;

use measure::Effort;
use report::Report;
use wasmtime::{Result, bail};

/// A section: its name and what prints it.
type Section = (&'static str, fn(&mut Report) -> Result<()>);

const SECTIONS: &[Section] = &[
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
    let quick = arguments.iter().any(|argument| argument == "--quick");
    arguments.retain(|argument| argument != "--quick");
    let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = arguments.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("`{unknown}` is no section: there are {} (and --quick)", known.join(", "));
    }
    if cfg!(debug_assertions) {
        eprintln!("warning: not optimised, so the ratios mean nothing; run with --release");
    }
    println!("{}", machine::describe());
    let mut report = Report::new(if quick { Effort::QUICK } else { Effort::FULL });
    for (name, section) in SECTIONS {
        if arguments.is_empty() || arguments.iter().any(|wanted| wanted == name) {
            section(&mut report)?;
        }
    }
    Ok(())
}
