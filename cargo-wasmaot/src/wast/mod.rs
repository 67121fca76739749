//! Runs WebAssembly test scripts (`.wast`) through the real pipeline: compile, link, load, call.
//!
//! A file goes through three stages: [`script`] parses it and encodes its modules; [`modules`]
//! compiles all of them in parallel, links them into one library and loads it; [`run`] executes
//! the directives in order, with [`values`] for arguments and results and [`spectest`] for the
//! module that scripts may import from. Files run side by side.
//!
//! To add a directive: [`script`] says which modules it carries, [`run`] what it does.

pub mod modules;
pub mod run;
pub mod script;
pub mod spectest;
pub mod values;
mod vectors;

use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wasmaot_compiler::TrapStyle;

use crate::load::link::Linker;
use script::Script;

/// A file to run.
#[derive(Clone, Debug)]
pub struct File {
    /// What reports call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to link with.
    pub linker: Linker,
    /// How traps come about.
    pub traps: TrapStyle,
    /// Whether the runtime looks for host values to drop at every chance it has: what guests
    /// still need must survive that.
    pub collect_always: bool,
    /// How many files run at a time; default: as many as the machine has processors.
    pub jobs: Option<NonZero<usize>>,
}

/// What became of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The number of directives that did what they should.
    pub passed: usize,
    /// The others.
    pub failures: Vec<Failure>,
}

/// A directive that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The line that the directive starts in, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// The stack of a thread that runs a file: as much as a program's main thread has.
const STACK: usize = 8 << 20;

/// Runs files, several at a time; the reports are in the order of the files. `done` hears of
/// each file when it is finished.
pub fn run_files(
    files: &[File],
    options: &Options,
    done: &(dyn Fn(&File, &Report) + Sync),
) -> Vec<Report> {
    let jobs = options.jobs.or(thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(vec![Report::default(); files.len()]);
    let work = || {
        while let Some((index, file)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            files.get(index).map(|file| (index, file))
        } {
            let report = run_file(file, options);
            done(file, &report);
            reports.lock().expect("nobody panics with the lock")[index] = report;
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.min(files.len()) {
            // A thread fewer than wanted is no reason to fail, unless there is none.
            let started = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            if started.is_err() {
                work();
                break;
            }
        }
    });
    reports.into_inner().expect("nobody panics with the lock")
}

/// Runs one file. A panic of the compiler or the runtime is a failure like any other.
pub fn run_file(file: &File, options: &Options) -> Report {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        Script::with(file, |script| match modules::prepare(&script, file, options) {
            Ok(modules) => run::run(&script, &modules, options),
            Err(error) => Report::failed(1, format!("{error:#}")),
        })
    }));
    match caught {
        Ok(Ok(report)) => report,
        Ok(Err(failure)) => Report { passed: 0, failures: vec![failure] },
        Err(panic) => Report::failed(1, format!("a bug in wasmaot: {}", panic_text(&*panic))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    (panic.downcast_ref::<String>().map(String::as_str))
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}

impl Report {
    fn failed(line: usize, reason: String) -> Self {
        Self { passed: 0, failures: vec![Failure { line, reason }] }
    }
}
