//! `differential`: the same modules in all engines.
//!
//! The work is done by child processes ([`worker`]), a batch of seeds each, so that a crash is a
//! finding like any other. This is their parent: it deals out seeds, reads what the children
//! say, finds the seed that a child died of, and makes a file of each finding ([`regression`]).

pub mod regression;
pub mod stats;
pub mod worker;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::generate::Selection;
use stats::Stats;

/// Seeds per child: linking them costs about the same as linking one.
const BATCH: u64 = 24;
/// How long a child may say nothing. The longest silence is a batch's compilation.
const PATIENCE: Duration = Duration::from_secs(180);
/// The same for one module.
const PATIENCE_ALONE: Duration = Duration::from_secs(30);

/// Most findings of one run that files are made of: the first are likely the others' cause.
const MOST_FILES: usize = 5;

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first module's seed; the others' follow it.
    pub seed: u64,
    /// When to stop, at the latest.
    pub time: Option<Duration>,
    /// How many modules there are to be.
    pub iterations: Option<u64>,
    /// How many children at once.
    pub jobs: usize,
    /// What is tried.
    pub selection: Selection,
}

/// What a child is to run.
#[derive(Clone, Debug)]
pub enum Work {
    /// The modules of so many seeds from this one on.
    Seeds(u64, u64),
    /// The module in a file, with this seed for all else.
    File(PathBuf, u64),
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What is wrong, in a line.
    pub what: String,
}

/// Runs the regressions, then new modules.
///
/// # Errors
/// If there is any disagreement, or the machinery does not work.
pub fn run(options: &Options) -> Result<()> {
    let known = regression::all()?;
    let mut failures = Vec::new();
    for file in &known {
        let findings = child(&Work::File(file.path.clone(), file.seed), &options.selection)?.0;
        failures.extend(findings.iter().map(|it| format!("{}: {}", file.path.display(), it.what)));
    }
    println!("{} regressions, {} of them back", known.len(), failures.len());

    let (findings, stats) = search(options)?;
    println!("{stats}");
    for (number, finding) in findings.iter().enumerate() {
        let mut failure = format!("seed {}: {}", finding.seed, finding.what);
        if number < MOST_FILES {
            let path = regression::write(finding, &options.selection)?;
            failure += &format!("\n    {}", path.display());
        }
        failures.push(failure);
    }
    if !failures.is_empty() {
        bail!("{} disagreements:\n  {}", failures.len(), failures.join("\n  "));
    }
    stats.check()
}

/// Runs new modules.
fn search(options: &Options) -> Result<(Vec<Finding>, Stats)> {
    let start = Instant::now();
    let end = options.iterations.map(|many| options.seed.saturating_add(many));
    let next = Mutex::new(options.seed);
    let found = Mutex::new((Vec::new(), Stats::default()));
    let deal = || {
        let mut next = next.lock().expect("nobody panics with it");
        let late = options.time.is_some_and(|time| start.elapsed() >= time);
        let left = end.map_or(BATCH, |end| end.saturating_sub(*next).min(BATCH));
        if late || left == 0 {
            return None;
        }
        let first = *next;
        *next += left;
        Some((first, left))
    };
    std::thread::scope(|scope| {
        let job = || {
            while let Some((first, many)) = deal() {
                let (findings, stats) = batch(first, many, &options.selection)?;
                let mut found = found.lock().expect("nobody panics with it");
                for finding in &findings {
                    eprintln!("seed {}: {}", finding.seed, finding.what);
                }
                found.0.extend(findings);
                found.1.add(&stats);
            }
            anyhow::Ok(())
        };
        let jobs: Vec<_> = (0..options.jobs).map(|_| scope.spawn(job)).collect();
        jobs.into_iter().try_for_each(|job| job.join().expect("it does not panic"))
    })?;
    Ok(found.into_inner().expect("nobody panics with it"))
}

/// Runs some modules in a child; if it dies, each in one of its own to see which it is.
fn batch(first: u64, many: u64, selection: &Selection) -> Result<(Vec<Finding>, Stats)> {
    let (findings, stats, end) = child_until_end(&Work::Seeds(first, many), selection, PATIENCE)?;
    let Some(end) = end else { return Ok((findings, stats)) };
    let (mut findings, mut stats) = (Vec::new(), Stats::default());
    for seed in first..first + many {
        let (more, counts) = child(&Work::Seeds(seed, 1), selection)?;
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
pub fn child(work: &Work, selection: &Selection) -> Result<(Vec<Finding>, Stats)> {
    let (mut findings, stats, end) = child_until_end(work, selection, PATIENCE_ALONE)?;
    let (Work::Seeds(seed, _) | Work::File(_, seed)) = *work;
    findings.extend(end.map(|what| Finding { seed, what }));
    Ok((findings, stats))
}

/// Runs a child, and says how it ended if not well.
fn child_until_end(
    work: &Work,
    selection: &Selection,
    patience: Duration,
) -> Result<(Vec<Finding>, Stats, Option<String>)> {
    let mut command = Command::new(std::env::current_exe().context("what program this is")?);
    command.arg("worker").args(worker_arguments(work, selection));
    // There are as many children as there are processors.
    command.env("RAYON_NUM_THREADS", "1").env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start a child process")?;
    let (send, lines) = mpsc::channel();
    let stdout = child.stdout.take().expect("it is a pipe");
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let mut stderr = child.stderr.take().expect("it is a pipe");
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stderr.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });

    let (mut findings, mut stats, mut last, mut end) =
        (Vec::new(), Stats::default(), String::from("the start"), None);
    loop {
        match lines.recv_timeout(patience) {
            Ok(line) => match worker::Said::parse(&line) {
                Some(worker::Said::At(place)) => last = place,
                Some(worker::Said::Found(finding)) => findings.push(finding),
                Some(worker::Said::Doubt(Finding { seed, what })) => {
                    eprintln!("doubtful, seed {seed}: {what}");
                }
                Some(worker::Said::Stats(more)) => stats.add(&more),
                None => end = Some(format!("a child says {line:?}")),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().context("cannot end a child process")?;
                end = Some(format!("no end after {} s at {last}", patience.as_secs()));
                break;
            }
        }
    }
    let status = child.wait().context("a child process")?;
    let _ = reader.join();
    let complaints = complaints.join().unwrap_or_default();
    if end.is_none() && !status.success() {
        let mut lines = complaints.lines().filter(|line| !line.trim().is_empty());
        let said = lines.by_ref().take(3).collect::<Vec<_>>().join(" | ");
        end = Some(format!("a child died ({status}) at {last}: {said}"));
    }
    Ok((findings, stats, end))
}

fn worker_arguments(work: &Work, selection: &Selection) -> Vec<String> {
    let mut arguments = match work {
        Work::Seeds(first, many) => {
            vec!["--seed".into(), first.to_string(), "--iterations".into(), many.to_string()]
        }
        Work::File(path, seed) => {
            let path = path.to_string_lossy().into_owned();
            vec!["--seed".into(), seed.to_string(), "--file".into(), path]
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
