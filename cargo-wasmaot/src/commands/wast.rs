//! `cargo wasmaot wast`: runs test scripts through compile, link, load and call.

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use clap::Args;

use crate::load::link::Linker;
use crate::shell::Shell;
use crate::wast::report::Report;
use crate::wast::worker::{self, Worker};
use crate::wast::{File, Options, run_files};

/// Run WebAssembly test scripts
///
/// Every module is compiled, linked and loaded as in a program. Each file runs in a process of
/// its own: one that crashes or hangs counts as a failure, and the others go on. The last line of
/// the output reads `N passed, M failed`; the exit code is 1 if any directive failed.
#[derive(Debug, Args)]
pub struct Wast {
    /// The scripts (.wast)
    #[arg(value_name = "FILES", required_unless_present = "worker")]
    files: Vec<PathBuf>,

    /// Check everything in code instead of relying on signals
    #[arg(long)]
    explicit_checks: bool,

    /// Compile as fast as possible instead of for speed
    #[arg(long)]
    unoptimized: bool,

    /// CPU features beyond the target's baseline, by rustc's names
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    cpu_features: Vec<String>,

    /// Proposals that modules may not use, by name
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    without_proposals: Vec<String>,

    /// How many files to run at a time (default: one per processor)
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,

    /// After how many seconds a file counts as one that hangs (default: 300)
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<NonZero<u64>>,

    /// Run what standard input says, for another such process
    #[arg(long, hide = true)]
    worker: bool,
}

impl Wast {
    /// Runs the command.
    ///
    /// # Errors
    /// If a file cannot be read or there is no linker.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        if self.worker {
            return Ok(worker::main());
        }
        // Better said once than by every worker.
        Linker::find()?;
        let options = Options {
            explicit_checks: self.explicit_checks,
            unoptimized: self.unoptimized,
            cpu_features: self.cpu_features.clone(),
            without: self.without_proposals.clone(),
            timeout: self.timeout,
            ..Options::default()
        };
        let read = |path: &PathBuf| {
            let name = path.display().to_string();
            let bytes = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
            let text = String::from_utf8(bytes)
                .with_context(|| format!("`{name}` is not a test script"))?;
            anyhow::Ok((File { name, text }, options.clone()))
        };
        let files = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;

        let done = AtomicUsize::new(0);
        shell.progress("Running", 0, files.len());
        let worker = Worker::this_program(&["wast", "--worker"])?;
        let reports = run_files(&files, &worker, self.jobs, &|file, report| {
            if shell.verbose() {
                let (passed, failed) = (report.passed(), report.failed());
                shell.status("Ran", format!("{}: {passed} passed, {failed} failed", file.name));
            }
            shell.progress("Running", 1 + done.fetch_add(1, Ordering::Relaxed), files.len());
        });
        shell.clear_progress();

        let (mut passed, mut failed) = (0, 0);
        for ((file, _), report) in files.iter().zip(&reports) {
            passed += report.passed();
            failed += report.failed();
            show(shell, &file.name, report);
        }
        if shell.json() {
            shell.json_line(&serde_json::json!({
                "reason": "wast-finished", "passed": passed, "failed": failed,
            }));
        } else {
            shell.line(format!("{passed} passed, {failed} failed"));
        }
        Ok(ExitCode::from(u8::from(failed > 0)))
    }
}

/// Prints what went wrong in a file, in the order of its lines.
fn show(shell: &Shell, file: &str, report: &Report) {
    for (line, reason) in report.failures() {
        let blocked = report.blocked_by(line);
        if shell.json() {
            shell.json_line(&serde_json::json!({
                "reason": "wast-failure",
                "file": file,
                "line": line,
                "message": reason,
                "blocks": blocked,
            }));
        } else {
            // One line each: scripts read this too.
            let reason = reason.replace('\n', " ");
            let more = match blocked {
                0 => String::new(),
                1 => " (1 directive needs it)".into(),
                many => format!(" ({many} directives need it)"),
            };
            shell.line(format!("{file}:{line}: {reason}{more}"));
        }
    }
}
