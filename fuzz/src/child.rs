//! Child processes: what can crash, hang or eat all memory happens in one.
//!
//! A child tells its parent on its standard output where it is and what it found ([`Said`]); the
//! parent makes a finding of its death, and of its silence.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::stats::Stats;

/// What was found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What is wrong, in a line.
    pub what: String,
}

/// A line of a child's output.
#[derive(Clone, Debug)]
pub enum Said {
    /// What it does next.
    At(String),
    /// Something is wrong.
    Found(Finding),
    /// Something is wrong, but hardly here.
    Doubt(Finding),
    /// What it did.
    Stats(Stats),
}

impl Said {
    /// Says it.
    pub fn say(&self) {
        match self {
            Self::At(place) => println!("at {place}"),
            Self::Found(Finding { seed, what }) => {
                println!("found {seed} {}", what.replace('\n', " "));
            }
            Self::Doubt(Finding { seed, what }) => {
                println!("doubt {seed} {}", what.replace('\n', " "));
            }
            Self::Stats(stats) => println!("stats {}", stats.line()),
        }
    }

    /// What was said.
    pub fn parse(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        match kind {
            "at" => Some(Self::At(rest.into())),
            "found" | "doubt" => {
                let (seed, what) = rest.split_once(' ')?;
                let finding = Finding { seed: seed.parse().ok()?, what: what.into() };
                Some(if kind == "found" { Self::Found(finding) } else { Self::Doubt(finding) })
            }
            "stats" => Some(Self::Stats(Stats::parse(rest)?)),
            _ => None,
        }
    }
}

/// What came of a child.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it found.
    pub findings: Vec<Finding>,
    /// What it did.
    pub stats: Stats,
    /// If it did not end well: how, and where it was.
    pub death: Option<(String, String)>,
}

/// Runs this program with other arguments, and waits for it.
///
/// # Errors
/// If there can be no child.
pub fn run(arguments: &[String], patience: Duration) -> Result<Report> {
    let mut command = Command::new(std::env::current_exe().context("what program this is")?);
    command.args(arguments);
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

    let (mut findings, mut stats) = (Vec::new(), Stats::default());
    let (mut last, mut end) = (String::from("the start"), None);
    loop {
        match lines.recv_timeout(patience) {
            Ok(line) => match Said::parse(&line) {
                Some(Said::At(place)) => last = place,
                Some(Said::Found(finding)) => findings.push(finding),
                Some(Said::Doubt(Finding { seed, what })) => {
                    eprintln!("doubtful, seed {seed}: {what}");
                }
                Some(Said::Stats(more)) => stats.add(&more),
                None => end = Some(format!("a child says {line:?}")),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill().context("cannot end a child process")?;
                end = Some(format!("no end after {} s", patience.as_secs()));
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
        end = Some(format!("a child died ({status}): {said}"));
    }
    Ok(Report { findings, stats, death: end.map(|end| (end, last)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        assert!(matches!(Said::parse("at linking"), Some(Said::At(place)) if place == "linking"));
        let Some(Said::Found(finding)) = Said::parse("found 7 it is wrong") else { panic!() };
        assert_eq!((finding.seed, finding.what.as_str()), (7, "it is wrong"));
        assert!(Said::parse("thread panicked").is_none());
    }
}
