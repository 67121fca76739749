//! Files run in processes of their own, because they run compiled code: one that crashes or
//! hangs is reported by name, and the others go on.
//!
//! A worker is a program that calls [`main`]: it reads one job from its standard input and
//! writes [`Event`]s to its standard output, both as JSON, an event per line.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::report::{Event, Report};
use super::{File, Options};
use crate::load::link::Linker;

/// A program that calls [`main`] when it is started with these arguments.
#[derive(Clone, Debug)]
pub struct Worker {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

/// What a worker is to do.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    file: File,
    options: Options,
}

/// The worker's side.
pub fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("cannot read the job")?;
    let job: Job = serde_json::from_str(&text).context("this is no job")?;
    let linker = Linker::find()?;
    let mut broken = None;
    super::run_here(&job.file, &job.options, &linker, &mut |event| {
        // Standard output hands on line by line: what is said survives a crash.
        let said = serde_json::to_string(&event).map_err(io::Error::other);
        if let Err(error) = said.and_then(|line| writeln!(io::stdout(), "{line}")) {
            broken.get_or_insert(error);
        }
    });
    broken.map_or(Ok(()), Err).context("cannot report")
}

impl Worker {
    /// This very program, started with these arguments.
    ///
    /// # Errors
    /// If the system does not say what program this is.
    pub fn this_program(args: &[&str]) -> Result<Self> {
        Ok(Self {
            program: std::env::current_exe().context("cannot tell which program this is")?,
            args: args.iter().map(|&arg| arg.into()).collect(),
        })
    }

    /// Runs a file in a process of its own.
    pub fn run(&self, file: &File, options: &Options) -> Report {
        let mut report = Report::default();
        if let Err(error) = self.try_run(file, options, &mut report) {
            report.add(Event::Ended { line: Some(1), reason: format!("{error:#}") });
        }
        report
    }

    fn try_run(&self, file: &File, options: &Options, report: &mut Report) -> Result<()> {
        let job = Job { file: file.clone(), options: options.clone() };
        let job = serde_json::to_string(&job).context("cannot describe the job")?;
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.program.display()))?;
        let mut input = child.stdin.take().context("a worker without input")?;
        let output = child.stdout.take().context("a worker without output")?;
        let mut errors = child.stderr.take().context("a worker without errors")?;
        let (sender, events) = mpsc::channel();
        let said = thread::scope(|scope| {
            scope.spawn(move || {
                // A worker that does not read shows below, not here.
                let _ = input.write_all(job.as_bytes());
            });
            scope.spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    // What is no event is not ours.
                    if let Ok(event) = serde_json::from_slice::<Event>(&line) {
                        let _ = sender.send(event);
                    }
                }
            });
            let said = scope.spawn(move || {
                let mut said = Vec::new();
                let _ = errors.read_to_end(&mut said);
                String::from_utf8_lossy(&said).into_owned()
            });
            let deadline = Instant::now() + options.timeout();
            loop {
                match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                    Ok(event) => report.add(event),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        let seconds = options.timeout().as_secs();
                        let reason = format!("it did not end within {seconds} seconds");
                        report.add(Event::Ended { line: None, reason });
                        let _ = child.kill();
                        break;
                    }
                }
            }
            said.join().unwrap_or_default()
        });
        let status = wait(child)?;
        if report.ended.is_none() && !(status.success() && report.is_complete()) {
            let reason = death(status, report, &said);
            report.add(Event::Ended { line: None, reason });
        }
        Ok(())
    }
}

fn wait(mut child: Child) -> Result<ExitStatus> {
    child.wait().context("cannot wait for a worker")
}

/// Why a worker ended before its time.
fn death(status: ExitStatus, report: &Report, said: &str) -> String {
    let at = if report.is_complete() {
        "at the end, after all directives ran"
    } else if report.is_ready() {
        "while this directive ran"
    } else {
        "while compiling, linking or loading the modules"
    };
    let mut text = format!("it crashed ({status}) {at}");
    if let Some(last) = said.lines().rev().find(|line| !line.trim().is_empty()) {
        let _ = write!(text, ": {}", last.trim());
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use std::num::NonZero;

    use super::super::report::Outcome;
    use super::*;

    /// A worker that is a script for the shell, which says events first.
    fn run(script: &str, timeout: u64) -> Report {
        let events = [Event::Lines(vec![4, 7]), Event::Ready, Event::Outcome(Outcome::Passed)];
        let events =
            events.map(|event| format!("echo '{}';", serde_json::to_string(&event).unwrap()));
        let args = vec!["-c".into(), format!("{} {script}", events.concat())];
        let worker = Worker { program: "sh".into(), args };
        let file = File { name: "a.wast".into(), text: "(module)".repeat(100_000) };
        worker.run(&file, &Options { timeout: NonZero::new(timeout), ..Options::default() })
    }

    #[test]
    fn a_crash_is_the_failure_of_the_directive_that_ran() {
        let report = run("echo last words >&2; kill -SEGV $$", 60);
        assert_eq!((report.passed(), report.failed()), (1, 1));
        let (line, reason) = report.ended.unwrap();
        assert_eq!(line, 7);
        assert!(reason.contains("signal: 11") && reason.contains("last words"), "{reason}");
    }

    #[test]
    fn a_worker_that_goes_quietly_has_failed() {
        let report = run("exit 0", 60);
        assert_eq!((report.passed(), report.failed()), (1, 1));
        assert!(report.ended.unwrap().1.contains("exit status: 0"));
    }

    #[test]
    fn a_worker_that_hangs_is_ended() {
        let report = run("exec sleep 1000", 1);
        assert_eq!((report.passed(), report.failed()), (1, 1));
        assert_eq!(report.ended.unwrap(), (7, "it did not end within 1 seconds".into()));
    }

    #[test]
    fn a_worker_that_does_not_start_is_named() {
        let worker = Worker { program: "/no/such/program".into(), args: Vec::new() };
        let file = File { name: "a.wast".into(), text: String::new() };
        let report = worker.run(&file, &Options::default());
        assert_eq!((report.passed(), report.failed()), (0, 1));
        assert!(report.ended.unwrap().1.contains("/no/such/program"));
    }
}
