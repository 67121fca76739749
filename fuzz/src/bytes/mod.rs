//! `bytes`: whatever the compiler is given, it must say what is wrong with it or compile it. It
//! must neither panic nor use more memory than [`limit`] allows.
//!
//! Inputs come from [`inputs`], which takes modules from everywhere and spoils most of them; child
//! processes ([`worker`]) give them to the compiler. What was found is kept in
//! `regressions/bytes/`, and tried first each time.

pub mod alloc;
pub mod inputs;
mod mutate;
pub mod worker;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Finding, Report};
use crate::search::{Options, search};
use crate::stats::Stats;

/// Inputs per child.
const BATCH: u64 = 500;
/// How long one input may take. Nothing asserts how fast the compiler is, only that it ends.
const PATIENCE: Duration = Duration::from_secs(120);
/// Most findings of one run that files are made of.
const MOST_FILES: usize = 5;

/// Bytes the compiler may use at once, with one thread, for an input of this length.
///
/// The constant part is for the code generator's own tables and for what the limits of the
/// language allow one function to have, in a few bytes: 50,000 locals, say.
pub const fn limit(input: usize) -> usize {
    (64 << 20) + PER_BYTE * input
}

/// Bytes of memory per byte of input.
pub const PER_BYTE: usize = 2048;

/// Tries the regressions, then new inputs.
///
/// # Errors
/// If there is any finding, or the machinery does not work.
pub fn run(options: &Options) -> Result<()> {
    let mut failures = Vec::new();
    let known = regressions()?;
    for path in &known {
        let report = child::run(&["bytes".into(), "--file".into(), text(path)], PATIENCE)?;
        let all = report.findings.into_iter().map(|finding| finding.what);
        let death = report.death.map(|(how, _)| how);
        failures.extend(all.chain(death).map(|what| format!("{}: {what}", path.display())));
    }
    println!("{} regressions, {} of them back", known.len(), failures.len());

    let (findings, stats) = search(options, BATCH, batch)?;
    println!("{stats}");
    for (number, finding) in findings.iter().enumerate() {
        let mut failure = format!("seed {}: {}", finding.seed, finding.what);
        if number < MOST_FILES {
            let path = folder().join(format!("seed-{}.bin", finding.seed));
            fs::write(&path, inputs::input(finding.seed).bytes)?;
            failure += &format!("\n    {}", path.display());
        }
        failures.push(failure);
    }
    if !failures.is_empty() {
        bail!("{} findings:\n  {}", failures.len(), failures.join("\n  "));
    }
    Ok(())
}

/// Tries one file as it is.
///
/// # Errors
/// If it cannot be read. Findings are printed, as children do.
pub fn show(path: &Path) -> Result<()> {
    let text = path.extension().is_some_and(|extension| extension == "wat");
    let bytes = if text {
        crate::differential::read_module(path)?
    } else {
        fs::read(path).with_context(|| path.display().to_string())?
    };
    let mut stats = Stats::default();
    worker::everything(0, &bytes, &mut stats);
    child::Said::Stats(stats).say();
    Ok(())
}

/// Tries some inputs in a child. If it dies, the one that it was at is why; then the rest.
fn batch(mut first: u64, many: u64) -> Result<(Vec<Finding>, Stats)> {
    let end = first + many;
    let (mut findings, mut stats) = (Vec::new(), Stats::default());
    while first < end {
        let many = end - first;
        let arguments = ["bytes-worker", "--seed", &first.to_string(), "--iterations"];
        let mut arguments: Vec<_> = arguments.map(String::from).into();
        arguments.push(many.to_string());
        let Report { findings: more, stats: counts, death } = child::run(&arguments, PATIENCE)?;
        findings.extend(more);
        stats.add(&counts);
        let Some((how, place)) = death else { break };
        let at = place.rsplit(' ').next().and_then(|seed| seed.parse().ok());
        let seed = at.with_context(|| format!("{how}, at {place}"))?;
        findings.push(Finding { seed, what: how });
        first = seed + 1;
    }
    Ok((findings, stats))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions/bytes")
}

fn regressions() -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder()).with_context(|| folder().display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "bin" || extension == "wat") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
