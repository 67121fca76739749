//! Building again after an edit: with the cache of machine code, beside compiling everything.
//!
//! The edit is another constant in a function from the middle of the module, a new one each time.
//! The cache is the one of build scripts and the command line, in a folder.

use std::hint::black_box;

use wasmaot_build::Cache;
use wasmaot_build::cache::DEFAULT_SIZE;
use wasmaot_compiler::{Config, Work, compile, compile_with};
use wasmparser::{Operator, Parser, Payload};
use wasmtime::error::Context as _;
use wasmtime::{Result, bail};

use crate::measure::{Clock, Effort, compare};
use crate::peer;
use crate::report::Report;

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    report.section(
        "Rebuilding",
        "One function changed, or none, beside compiling without a cache, all threads.",
    );
    let config = Config::new(peer::TARGET);
    let effort = Effort { rounds: report.effort.rounds.div_ceil(4), ..report.effort };
    let modules = ["kernels/kernels", "programs/quickjs", "programs/ripgrep"];
    // The smallest will do to see that it runs.
    let quick = report.effort.rounds < Effort::FULL.rounds;
    for name in &modules[..if quick { 1 } else { modules.len() }] {
        let path = format!("{}/../guests/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
        let mut wasm = std::fs::read(&path).with_context(|| format!("cannot read {path}"))?;
        let name = name.rsplit('/').next().unwrap_or(name);
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path(), DEFAULT_SIZE);
        let build = |wasm: &[u8]| {
            let artifact = compile_with(wasm, &config, Some(&cache)).expect("it compiled before");
            black_box(artifact).work
        };
        compile_with(&wasm, &config, Some(&cache)).with_context(|| name.to_owned())?;
        let unchanged = wasm.clone();
        let constant = constant(&wasm)?;
        for (clock, what) in [(Clock::Process, "CPU"), (Clock::Wall, "wall")] {
            let times = compare(
                clock,
                effort,
                |turns| {
                    for _ in 0..turns {
                        edit(&mut wasm, constant);
                        let Work { generated, .. } = build(&wasm);
                        assert_eq!(generated, 1, "one function changed");
                    }
                },
                |turns| (0..turns).for_each(|_| drop(black_box(compile(&unchanged, &config)))),
            );
            report.times(&format!("{name}, one function, {what}"), &times);
            report.figure(&format!("rebuild {name}, {what}"), times.ratio);
        }
        build(&unchanged);
        let times = compare(
            Clock::Wall,
            effort,
            |turns| (0..turns).for_each(|_| assert_eq!(build(&unchanged).generated, 0)),
            |turns| (0..turns).for_each(|_| drop(black_box(compile(&unchanged, &config)))),
        );
        report.times(&format!("{name}, no function, wall"), &times);
    }
    Ok(())
}

/// Where, behind the middle of the code, a constant of at least three bytes lies: the first two can
/// be anything that says that they are not the last.
fn constant(wasm: &[u8]) -> Result<usize> {
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CodeSectionEntry(body) = payload? {
            bodies.push(body);
        }
    }
    for body in &bodies[bodies.len() / 2..] {
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            let end = operators.original_position();
            if matches!(operator, Operator::I32Const { .. }) && end - offset >= 4 {
                return Ok(offset as usize + 1);
            }
        }
    }
    bail!("there is no constant to change")
}

/// Changes the constant to one that it has not been for long.
fn edit(wasm: &mut [u8], constant: usize) {
    let low = usize::from(wasm[constant] & 0x7f) | usize::from(wasm[constant + 1] & 0x7f) << 7;
    let next = low + 1;
    wasm[constant] = next as u8 | 0x80;
    wasm[constant + 1] = (next >> 7) as u8 | 0x80;
}
