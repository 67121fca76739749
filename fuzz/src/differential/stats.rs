//! What was tried, in numbers: so that nobody mistakes trying nothing for finding nothing.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, ensure};

use crate::value::{Outcome, Run};

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// Counts one more.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (what, many) in &other.0 {
            *self.0.entry(what.clone()).or_default() += many;
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
        counts.collect::<Vec<_>>().join(";")
    }

    /// What [`line`](Self::line) wrote.
    pub fn parse(line: &str) -> Option<Self> {
        let counts = line.split(';').filter(|count| !count.is_empty()).map(|count| {
            let (what, many) = count.rsplit_once('=')?;
            Some((what.to_owned(), many.parse().ok()?))
        });
        counts.collect::<Option<_>>().map(Self)
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, many) in &self.0 {
            writeln!(f, "{many:>9}  {what}")?;
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
        assert_eq!(Stats::parse(&stats.line()), Some(stats));
        assert_eq!(Stats::parse(""), Some(Stats::default()));
        assert_eq!(Stats::parse("nonsense"), None);
    }

    #[test]
    fn trying_nothing_is_an_error() {
        let mut stats = Stats(BTreeMap::from([("modules".into(), 100)]));
        assert!(stats.check().is_err());
        stats.0.insert("compared with wasmi".into(), 100);
        assert!(stats.check().is_err());
        stats.0.insert("calls: returned".into(), 100);
        assert!(stats.check().is_ok());
        stats.0.insert("modules: only wasmi disagrees".into(), 10);
        assert!(stats.check().is_err());
    }
}
