//! What became of a file: an [`Event`] after the other as it runs, and the [`Report`] that they
//! add up to. Events are what a worker process writes, so a file that takes its process down
//! still has everything up to then, and the line it died in.

use serde::{Deserialize, Serialize};

/// The proposals that are finished and to come, by name.
pub const WAITED_FOR: &[&str] = &["gc", "exception-handling"];

/// What there is to say while a file runs, in this order: the lines, an outcome per line, and
/// whether it came to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// The file is a script with directives in these lines, from 1.
    Lines(Vec<usize>),
    /// The modules are compiled, linked and loaded.
    Ready,
    /// What became of the next directive.
    Outcome(Outcome),
    /// The rest does not run.
    Ended {
        /// Where it ended; without, in the directive that was running.
        line: Option<usize>,
        /// Why.
        reason: String,
    },
}

/// What became of a directive.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It did not.
    Failed(Failure),
    /// It needs an instance that is not there, because the directive in this line failed.
    Blocked(usize),
}

/// Why a directive failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// In words.
    pub reason: String,
    /// If it needs what is not supported: the proposals by name.
    pub needs: Vec<String>,
}

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Each directive that ran, by line.
    pub directives: Vec<(usize, Outcome)>,
    /// If it did not come to its end: the line and why.
    pub ended: Option<(usize, String)>,
    lines: Vec<usize>,
    ready: bool,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self { reason, needs: Vec::new() }
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl Failure {
    /// The directive needs a proposal that is not supported.
    pub fn needs(proposal: &str, what: &str) -> Self {
        Self {
            reason: format!("{what}: the {proposal} proposal is not supported"),
            needs: vec![proposal.into()],
        }
    }
}

impl Report {
    /// Adds what happened next.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Lines(lines) => self.lines = lines,
            Event::Ready => self.ready = true,
            Event::Outcome(outcome) => {
                let line = self.lines.get(self.directives.len()).copied().unwrap_or_default();
                self.directives.push((line, outcome));
            }
            Event::Ended { line, reason } => {
                let running = self.lines.get(self.directives.len()).copied();
                let running = running.filter(|_| self.ready).unwrap_or(1);
                self.ended = Some((line.unwrap_or(running), reason));
            }
        }
    }

    /// Whether something ran after the modules were ready.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether every directive has its outcome.
    pub fn is_complete(&self) -> bool {
        self.ready && self.directives.len() == self.lines.len()
    }

    /// How many directives did what they should.
    pub fn passed(&self) -> usize {
        self.directives.iter().filter(|(_, outcome)| *outcome == Outcome::Passed).count()
    }

    /// How many directives there are; a file that is no script counts as one.
    pub fn total(&self) -> usize {
        self.lines.len().max(self.directives.len()).max(usize::from(self.ended.is_some()))
    }

    /// How many directives did not do what they should; a crash at the very end is one more.
    pub fn failed(&self) -> usize {
        (self.total() - self.passed()).max(usize::from(self.ended.is_some()))
    }

    /// How many directives wait for one in this line.
    pub fn blocked_by(&self, line: usize) -> usize {
        self.directives.iter().filter(|(_, outcome)| *outcome == Outcome::Blocked(line)).count()
    }

    /// What went wrong, by line: a directive that is blocked is not mentioned, the one that it
    /// needs is.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &str)> {
        let directives = self.directives.iter().filter_map(|(line, outcome)| match outcome {
            Outcome::Failed(failure) => Some((*line, &*failure.reason)),
            Outcome::Passed | Outcome::Blocked(_) => None,
        });
        directives.chain(self.ended.iter().map(|(line, reason)| (*line, &**reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(reason: &str) -> Event {
        Event::Ended { line: None, reason: reason.into() }
    }

    #[test]
    fn a_file_that_ends_early_keeps_what_it_did_and_names_the_directive_that_ran() {
        let mut report = Report::default();
        report.add(Event::Lines(vec![3, 5, 8]));
        report.add(Event::Ready);
        report.add(Event::Outcome(Outcome::Passed));
        report.add(ended("signal"));
        assert_eq!((report.passed(), report.total(), report.is_complete()), (1, 3, false));
        assert_eq!(report.failures().collect::<Vec<_>>(), [(5, "signal")]);
    }

    #[test]
    fn a_file_that_ends_before_its_modules_are_ready_ended_at_its_start() {
        let mut report = Report::default();
        report.add(Event::Lines(vec![3, 5]));
        report.add(ended("no linker"));
        assert_eq!(report.failures().collect::<Vec<_>>(), [(1, "no linker")]);
    }
}
