//! wasmaot beside its peers, the `wasmtime` crate and wasm2c, and beside native code, in one run.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- [--quick] [--write] [--skip NAME,...] [SECTION...]
//! cargo run --release --manifest-path benches/Cargo.toml -- workloads --only sha256,json --peers wasmtime
//! ```
//!
//! Each section is a module and a row of [`SECTIONS`]. It compares the same guest doing the same work
//! and prints ratios: below 1 is better than the peer. To add one, write the module and the row.

mod atomics;
mod border;
mod calls;
mod compile;
mod goals;
mod guests;
mod hello;
mod instances;
mod io;
mod kernels;
mod language;
mod limits;
mod machine;
mod measure;
mod memory;
mod native;
mod peer;
mod programs;
mod real;
mod rebuild;
mod report;
mod simd;
mod workloads;

use std::process::ExitCode;

use measure::Effort;
use report::{Options, Report};
use wasmtime::error::Context as _;
use wasmtime::{Result, bail};

/// A section: its name and what prints it.
type Section = (&'static str, fn(&mut Report) -> Result<()>);

const SECTIONS: &[Section] = &[
    ("workloads", workloads::run),
    ("real", real::run),
    ("calls", calls::run),
    ("border", border::run),
    ("instances", instances::run),
    ("kernels", kernels::run),
    ("limits", limits::run),
    ("simd", simd::run),
    ("tail-calls", language::tail_calls),
    ("memory64", language::memory64),
    ("atomics", atomics::run),
    ("io", io::run),
    ("hello", hello::run),
    ("idle", memory::idle),
    ("compile", compile::run),
    ("rebuild", rebuild::run),
    ("peak", memory::peak),
    ("startup", programs::startup),
    ("size", programs::size),
];

/// Where `--write` puts what was printed.
const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md");
/// What it puts before that.
const HEAD: &str = "# Results\n\nWritten by `cargo run --release --manifest-path benches/Cargo.toml -- --write`; \
    [README.md](README.md) says what is measured. Ratios are ours over the other's: below 1 we are the quicker, \
    or the smaller. The goals are at the end.\n\n";

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
    if arguments.first().is_some_and(|argument| argument == memory::CHILD) {
        return memory::as_child(&arguments[1..]);
    }
    let quick = flag(&mut arguments, "--quick");
    let write = flag(&mut arguments, "--write");
    let only = list(&mut arguments, "--only")?;
    let peers = list(&mut arguments, "--peers")?;
    let skip = list(&mut arguments, "--skip")?;
    let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
    let mut named = arguments.iter().chain(&skip);
    if let Some(unknown) = named.find(|name| !known.contains(&name.as_str())) {
        bail!(
            "`{unknown}` is no section: there are {} (and --quick, --write, --skip, --only, --peers)",
            known.join(", ")
        );
    }
    if write && !(arguments.is_empty() && skip.is_empty() && only.is_empty() && peers.is_empty()) {
        bail!("--write is for all there is: it takes no sections and leaves nothing out");
    }
    if cfg!(debug_assertions) {
        eprintln!("warning: not optimised, so the ratios mean nothing; run with --release");
    }
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let mut report = Report::new(effort, Options { only, peers });
    report.line(format!("{}\n", machine::describe()));
    for (name, section) in SECTIONS {
        let wanted = arguments.is_empty() || arguments.iter().any(|wanted| wanted == name);
        if wanted && !skip.iter().any(|skipped| skipped == name) {
            section(&mut report)?;
        }
    }
    if arguments.is_empty() {
        goals::print(&mut report);
    }
    if write {
        std::fs::write(RESULTS, format!("{HEAD}{}", report.text)).context(RESULTS)?;
        eprintln!("written to {RESULTS}");
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
