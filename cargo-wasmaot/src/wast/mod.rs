//! Runs WebAssembly test scripts (`.wast`) through the real pipeline: compile, link, load, call.
//!
//! A file goes through three stages: [`script`] parses it and encodes its modules; [`modules`]
//! compiles all of them in parallel, links them into one library and loads it; [`run`] executes
//! the directives in order, with [`values`] for arguments and results and [`spectest`] for the
//! module that scripts may import from. Each file runs in a process of its own, a [`worker`], and
//! several run side by side; [`report`] has what comes back.
//!
//! To add a directive: [`script`] says which modules it carries, [`run`] what it does.

pub mod modules;
pub mod report;
pub mod run;
pub mod script;
pub mod spectest;
pub mod values;
mod vectors;
pub mod worker;

use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmaot_compiler::{OptLevel, TrapStyle};

use crate::load::link::Linker;
use report::{Event, Report};
use script::Script;
use worker::Worker;

/// A file to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct File {
    /// What reports call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// How to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    /// Whether everything is checked in code, and traps are calls.
    pub explicit_checks: bool,
    /// Whether code is generated as fast as possible.
    pub unoptimized: bool,
    /// CPU features beyond the target's baseline.
    pub cpu_features: Vec<String>,
    /// Whether the runtime looks for host values to drop at every chance it has: what guests
    /// still need must survive that.
    pub collect_always: bool,
    /// The names of proposals that modules may not use.
    pub without: Vec<String>,
    /// After how many seconds a file counts as one that hangs; default: 300.
    pub timeout: Option<NonZero<u64>>,
}

impl Options {
    fn traps(&self) -> TrapStyle {
        if self.explicit_checks { TrapStyle::Explicit } else { TrapStyle::Signals }
    }

    fn opt_level(&self) -> OptLevel {
        if self.unoptimized { OptLevel::None } else { OptLevel::Speed }
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.map_or(300, NonZero::get))
    }
}

/// The stack of a thread that runs a file: as much as a program's main thread has.
const STACK: usize = 8 << 20;

/// Runs files, each with its options in a process of its own, several at a time (`jobs`; as many
/// as the machine has processors, if not given). The reports are in the order of the files;
/// `done` hears of each file when it is finished.
pub fn run_files(
    files: &[(File, Options)],
    worker: &Worker,
    jobs: Option<NonZero<usize>>,
    done: &(dyn Fn(&File, &Report) + Sync),
) -> Vec<Report> {
    let jobs = jobs.or(thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(vec![Report::default(); files.len()]);
    let work = || {
        while let Some((index, (file, options))) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            files.get(index).map(|file| (index, file))
        } {
            let report = worker.run(file, options);
            done(file, &report);
            reports.lock().expect("nobody panics with the lock")[index] = report;
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs.min(files.len()) {
            // A thread fewer than wanted is no reason to fail, unless there is none.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                work();
                break;
            }
        }
    });
    reports.into_inner().expect("nobody panics with the lock")
}

/// Runs a file in this process and says what happens. A panic of the compiler or the runtime is
/// the end of the file, a crash that of the process.
pub fn run_here(
    file: &File,
    options: &Options,
    linker: &Linker,
    say: &mut (dyn FnMut(Event) + Send),
) {
    let run = || {
        let caught = catch_unwind(AssertUnwindSafe(|| {
            Script::with(file, |script| {
                say(Event::Lines(script.lines()));
                match modules::prepare(&script, file, options, linker) {
                    Ok(modules) => {
                        say(Event::Ready);
                        run::run(&script, &modules, options, say);
                    }
                    Err(error) => say(ended(None, format!("{error:#}"))),
                }
            })
        }));
        match caught {
            Ok(Ok(())) => {}
            Ok(Err((line, reason))) => say(ended(Some(line), reason)),
            Err(panic) => say(ended(None, format!("a bug in wasmaot: {}", panic_text(&*panic)))),
        }
    };
    thread::scope(|scope| {
        let started = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        started.map(|thread| thread.join().is_ok()).expect("a thread for the file")
    });
}

fn ended(line: Option<usize>, reason: String) -> Event {
    Event::Ended { line, reason }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    (panic.downcast_ref::<String>().map(String::as_str))
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}
