//! `differential`: the same modules in all engines.
//!
//! The work is done by child processes ([`worker`]), a batch of seeds each, so that a crash is a
//! finding like any other. This is their parent: it deals out seeds, reads what the children
//! say, finds the seed that a child died of, and makes a file of each finding ([`regression`]).

pub mod regression;
pub mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Finding, Report};
use crate::generate::Selection;
use crate::search::{Options, search};
use crate::stats::Stats;

/// Seeds per child: linking them costs about the same as linking one.
const BATCH: u64 = 24;
/// How long a child may say nothing. The longest silence is a batch's compilation.
const PATIENCE: Duration = Duration::from_secs(180);
/// The same for one module.
const PATIENCE_ALONE: Duration = Duration::from_secs(30);

/// Most findings of one run that files are made of: the first are likely the others' cause.
const MOST_FILES: usize = 5;

/// What a child is to run.
#[derive(Clone, Debug)]
pub enum Work {
    /// The modules of so many seeds from this one on.
    Seeds(u64, u64),
    /// The module in a file, with this seed for all else.
    File(PathBuf, u64),
}

/// Runs the regressions, then new modules.
///
/// # Errors
/// If there is any disagreement, or the machinery does not work.
pub fn run(options: &Options, selection: &Selection) -> Result<()> {
    let known = regression::all()?;
    let mut failures = Vec::new();
    for file in &known {
        let findings = one(&Work::File(file.path.clone(), file.seed), selection)?.0;
        failures.extend(findings.iter().map(|it| format!("{}: {}", file.path.display(), it.what)));
    }
    println!("{} regressions, {} of them back", known.len(), failures.len());

    let (findings, stats) = search(options, BATCH, |first, many| batch(first, many, selection))?;
    println!("{stats}");
    for (number, finding) in findings.iter().enumerate() {
        let mut failure = format!("seed {}: {}", finding.seed, finding.what);
        if number < MOST_FILES {
            let path = regression::write(finding, selection)?;
            failure += &format!("\n    {}", path.display());
        }
        failures.push(failure);
    }
    if !failures.is_empty() {
        bail!("{} disagreements:\n  {}", failures.len(), failures.join("\n  "));
    }
    stats.check()
}

/// Runs some modules in a child; if it dies, each in one of its own to see which it is.
fn batch(first: u64, many: u64, selection: &Selection) -> Result<(Vec<Finding>, Stats)> {
    let arguments = worker_arguments(&Work::Seeds(first, many), selection);
    let Report { findings, stats, death } = child::run(&arguments, PATIENCE)?;
    let Some((end, _)) = death else { return Ok((findings, stats)) };
    let (mut findings, mut stats) = (Vec::new(), Stats::default());
    for seed in first..first + many {
        let (more, counts) = one(&Work::Seeds(seed, 1), selection)?;
        findings.extend(more);
        stats.add(&counts);
    }
    if findings.is_empty() {
        let what = format!("{end} in a batch of {many}, but in none of them alone");
        findings.push(Finding { seed: first, what });
    }
    Ok((findings, stats))
}

/// Runs one module in a child; the child's death is a finding.
///
/// # Errors
/// If there can be no child.
pub fn one(work: &Work, selection: &Selection) -> Result<(Vec<Finding>, Stats)> {
    let arguments = worker_arguments(work, selection);
    let Report { mut findings, stats, death } = child::run(&arguments, PATIENCE_ALONE)?;
    let (Work::Seeds(seed, _) | Work::File(_, seed)) = *work;
    findings.extend(death.map(|(how, place)| Finding { seed, what: format!("{how}, at {place}") }));
    Ok((findings, stats))
}

fn worker_arguments(work: &Work, selection: &Selection) -> Vec<String> {
    let mut arguments = match work {
        Work::Seeds(first, many) => {
            vec![
                "worker".into(),
                "--seed".into(),
                first.to_string(),
                "--iterations".into(),
                many.to_string(),
            ]
        }
        Work::File(path, seed) => {
            let path = path.to_string_lossy().into_owned();
            vec!["worker".into(), "--seed".into(), seed.to_string(), "--file".into(), path]
        }
    };
    arguments.extend(selection.only.iter().flat_map(|name| ["--only".into(), name.clone()]));
    arguments
}

/// A module from a file, in the text or the binary format.
///
/// # Errors
/// If it cannot be read or is no module's text.
pub fn read_module(path: &Path) -> Result<Vec<u8>> {
    wat::parse_file(path).with_context(|| path.display().to_string())
}
