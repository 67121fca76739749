//! What was tried, in numbers: so that nobody mistakes trying nothing for finding nothing.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, ensure};

use crate::value::{Outcome, Run};

/// Counts by name, and the largest numbers there were, each with its seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(BTreeMap<String, u64>, BTreeMap<String, (u64, u64)>);

impl Stats {
    /// Counts one more.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Remembers the largest number of a kind, and whose it is.
    pub fn most(&mut self, what: &str, number: u64, seed: u64) {
        let most = self.1.entry(what.to_owned()).or_default();
        *most = (*most).max((number, seed));
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (what, many) in &other.0 {
            *self.0.entry(what.clone()).or_default() += many;
        }
        for (what, &(number, seed)) in &other.1 {
            self.most(what, number, seed);
        }
    }

    /// Counts what became of a run's calls.
    pub fn outcomes(&mut self, run: &Run) {
        let started = matches!(run.start, Outcome::Returned(_));
        self.count(if started { "instances: made" } else { "instances: not made" });
        for outcome in &run.calls {
            self.count(match outcome {
                Outcome::Returned(_) => "calls: returned".into(),
                Outcome::Trapped(trap) => format!("calls: trapped, {trap:?}"),
                Outcome::Exhausted(what) => format!("calls: exhausted, {what}"),
                Outcome::Failed(_) => "calls: failed".into(),
            });
        }
    }

    fn get(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Whether enough was tried to mean anything.
    ///
    /// # Errors
    /// If not: what is missing.
    pub fn check(&self) -> Result<()> {
        let modules = self.get("modules");
        if modules >= 20 {
            let compared = self.get("compared with wasmtime") + self.get("compared with wasmi");
            ensure!(compared >= modules, "of {modules} modules only {compared} were compared");
            let doubts = self.get("modules: only wasmi disagrees");
            ensure!(doubts <= modules / 20, "wasmi disagrees with {doubts} of {modules} modules");
            ensure!(self.get("calls: returned") >= modules / 4, "hardly any call returned");
        }
        Ok(())
    }

    /// On one line, for [`parse`](Self::parse).
    pub fn line(&self) -> String {
        let counts = self.0.iter().map(|(what, many)| format!("{what}={many}"));
        let most = self.1.iter().map(|(what, (number, seed))| format!("{what}={number}@{seed}"));
        counts.chain(most).collect::<Vec<_>>().join(";")
    }

    /// What [`line`](Self::line) wrote.
    pub fn parse(line: &str) -> Option<Self> {
        let mut stats = Self::default();
        for count in line.split(';').filter(|count| !count.is_empty()) {
            let (what, number) = count.rsplit_once('=')?;
            if let Some((number, seed)) = number.split_once('@') {
                stats.most(what, number.parse().ok()?, seed.parse().ok()?);
            } else {
                stats.0.insert(what.to_owned(), number.parse().ok()?);
            }
        }
        Some(stats)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, many) in &self.0 {
            writeln!(f, "{many:>9}  {what}")?;
        }
        for (what, (number, seed)) in &self.1 {
            writeln!(f, "{number:>9}  {what}: seed {seed}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_round_trip() {
        let mut stats = Stats::default();
        stats.count("modules");
        stats.count("modules");
        stats.count("calls: trapped, Memory");
        stats.most("bytes", 7, 1);
        stats.most("bytes", 5, 2);
        assert!(stats.to_string().contains("7  bytes: seed 1"));
        assert_eq!(Stats::parse(&stats.line()), Some(stats));
        assert_eq!(Stats::parse(""), Some(Stats::default()));
        assert_eq!(Stats::parse("nonsense"), None);
    }

    #[test]
    fn trying_nothing_is_an_error() {
        let mut stats = Stats(BTreeMap::from([("modules".into(), 100)]), BTreeMap::new());
        assert!(stats.check().is_err());
        stats.0.insert("compared with wasmi".into(), 100);
        assert!(stats.check().is_err());
        stats.0.insert("calls: returned".into(), 100);
        assert!(stats.check().is_ok());
        stats.0.insert("modules: only wasmi disagrees".into(), 10);
        assert!(stats.check().is_err());
    }
}
