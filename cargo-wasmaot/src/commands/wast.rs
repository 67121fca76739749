//! `cargo wasmaot wast`: runs test scripts through compile, link, load and call.

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use clap::Args;
use wasmaot_compiler::TrapStyle;

use crate::load::link::Linker;
use crate::shell::Shell;
use crate::wast::{File, Options, run_files};

/// Run WebAssembly test scripts
///
/// Every module is compiled, linked and loaded as in a program. The last line of the output
/// reads `N passed, M failed`; the exit code is 1 if any directive failed.
#[derive(Debug, Args)]
pub struct Wast {
    /// The scripts (.wast)
    #[arg(value_name = "FILES", required = true)]
    files: Vec<PathBuf>,

    /// Check everything in code instead of relying on signals
    #[arg(long)]
    explicit_checks: bool,

    /// How many files to run at a time (default: one per processor)
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

impl Wast {
    /// Runs the command.
    ///
    /// # Errors
    /// If a file cannot be read or there is no linker.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let options = Options {
            linker: Linker::find()?,
            traps: if self.explicit_checks { TrapStyle::Explicit } else { TrapStyle::Signals },
            collect_always: false,
            jobs: self.jobs,
        };
        let read = |path: &PathBuf| {
            let name = path.display().to_string();
            let bytes = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
            let text = String::from_utf8(bytes)
                .with_context(|| format!("`{name}` is not a test script"))?;
            anyhow::Ok(File { name, text })
        };
        let files = self.files.iter().map(read).collect::<Result<Vec<_>>>()?;

        let done = AtomicUsize::new(0);
        shell.progress("Running", 0, files.len());
        let reports = run_files(&files, &options, &|file, report| {
            let failed = report.failures.len();
            if shell.verbose() {
                shell.status(
                    "Ran",
                    format!("{}: {} passed, {failed} failed", file.name, report.passed),
                );
            }
            shell.progress("Running", 1 + done.fetch_add(1, Ordering::Relaxed), files.len());
        });
        shell.clear_progress();

        let (mut passed, mut failed) = (0, 0);
        for (file, report) in files.iter().zip(&reports) {
            passed += report.passed;
            failed += report.failures.len();
            for failure in &report.failures {
                if shell.json() {
                    shell.json_line(&serde_json::json!({
                        "reason": "wast-failure",
                        "file": file.name,
                        "line": failure.line,
                        "message": failure.reason,
                    }));
                } else {
                    // One line each: scripts read this too.
                    let reason = failure.reason.replace('\n', " ");
                    shell.line(format!("{}:{}: {reason}", file.name, failure.line));
                }
            }
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
