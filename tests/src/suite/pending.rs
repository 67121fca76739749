//! The list of directives that wait for a proposal which is not supported yet, by the proposal.
//! It is exact: a directive that is listed must fail, and fail because a module that needs the
//! proposal was refused by that name; one that is not listed must pass. A directive that only
//! acts on an instance which a listed one should have made is not listed.
//!
//! A section of its own has directives in the folders of old proposals that the specification
//! has come to contradict. They must fail as well.
//!
//! ```text
//! [superseded]
//! mutable-global/linking.wast: 206
//! [gc]
//! gc/array.wast: 1 14 30
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use cargo_wasmaot::wast::report::{Outcome, Report, WAITED_FOR};

use super::{Ran, waits_for};

/// The section of directives that are wrong by now: written by hand.
pub const SUPERSEDED: &str = "superseded";

/// The list: for each file, which lines wait, and for what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pending {
    files: BTreeMap<String, BTreeMap<usize, String>>,
}

impl Pending {
    /// Reads the list.
    ///
    /// # Errors
    /// If it is not written as said above, naming the line.
    pub fn parse(text: &str) -> Result<Self> {
        let mut pending = Self::default();
        let mut reason = None;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let at = || format!("line {}: `{line}`", number + 1);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let known = WAITED_FOR.contains(&name) || name == SUPERSEDED;
                ensure!(known, "{}: nothing may wait for this", at());
                reason = Some(name);
                continue;
            }
            let reason = reason.with_context(|| format!("{}: it waits for nothing", at()))?;
            let (file, lines) = line.split_once(':').with_context(at)?;
            let lines_of_file = pending.files.entry(file.into()).or_default();
            for line in lines.split_whitespace() {
                let twice = lines_of_file.insert(line.parse().with_context(at)?, reason.into());
                ensure!(twice.is_none(), "{}: line {line} stands here twice", at());
            }
        }
        Ok(pending)
    }

    /// What the directive in a line of a file is listed for.
    pub fn reason(&self, file: &str, line: usize) -> Option<&str> {
        self.files.get(file)?.get(&line).map(String::as_str)
    }

    /// What the list has to be after a run.
    pub fn of(ran: &[Ran]) -> Self {
        let mut pending = Self::default();
        for file in ran {
            for (line, outcome) in file.reports.iter().flat_map(|(_, report)| &report.directives) {
                if let Some(reason) = waits_for(outcome) {
                    let lines = pending.files.entry(file.name()).or_default();
                    lines.insert(*line, reason.into());
                }
            }
        }
        pending
    }

    /// The list as text, behind what is written by hand in the list of before.
    pub fn render(&self, before: &str) -> String {
        let generated = |line: &&str| WAITED_FOR.iter().any(|name| *line == format!("[{name}]"));
        let by_hand = before.lines().take_while(|line| !generated(line));
        let mut text = by_hand.collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n";
        for reason in WAITED_FOR {
            let _ = write!(text, "\n[{reason}]\n");
            for (file, lines) in &self.files {
                let lines = lines.iter().filter(|(_, why)| why == reason);
                let lines: Vec<_> = lines.map(|(line, _)| line.to_string()).collect();
                if !lines.is_empty() {
                    let _ = writeln!(text, "{file}: {}", lines.join(" "));
                }
            }
        }
        text
    }

    /// Holds a run against the list; `whole` says whether all of the suite ran. Returns a
    /// sentence for everything that is not as listed.
    pub fn check(&self, ran: &[Ran], whole: bool) -> Vec<String> {
        let mut problems = Vec::new();
        for file in ran {
            for (mode, report) in &file.reports {
                self.check_one(&file.name(), report, mode, &mut problems);
            }
        }
        let names: BTreeSet<_> = ran.iter().map(Ran::name).collect();
        for file in self.files.keys().filter(|file| whole && !names.contains(*file)) {
            problems.push(format!("{file}: is listed as pending, but is no file of the suite"));
        }
        problems
    }

    fn check_one(&self, file: &str, report: &Report, mode: &str, problems: &mut Vec<String>) {
        let mut listed = self.files.get(file).cloned().unwrap_or_default();
        for (line, outcome) in &report.directives {
            let Outcome::Failed(failure) = outcome else { continue };
            let expected = listed.remove(line);
            let waits = waits_for(outcome);
            let reason = &failure.reason;
            match (expected, waits) {
                (Some(expected), Some(waits)) if expected == waits => {}
                (Some(expected), None) if expected == SUPERSEDED => {}
                (_, Some(waits)) => problems.push(format!(
                    "{file}:{line} ({mode}): waits for {waits} and is not listed so: {reason}"
                )),
                (_, None) => problems.push(format!("{file}:{line} ({mode}): {reason}")),
            }
        }
        for (line, reason) in listed {
            problems.push(format!(
                "{file}:{line} ({mode}): is listed as waiting for {reason}, but no directive \
                 there fails"
            ));
        }
        if let Some((line, reason)) = &report.ended {
            problems.push(format!("{file}:{line} ({mode}): {reason}"));
        } else if !report.is_complete() {
            problems.push(format!("{file} ({mode}): not all of it ran"));
        }
    }
}

#[cfg(test)]
mod tests {
    use cargo_wasmaot::wast::report::{Event, Failure, Report};

    use super::*;

    fn ran(outcomes: Vec<Outcome>) -> Vec<Ran> {
        let mut report = Report::default();
        report.add(Event::Lines((1..=outcomes.len()).map(|n| 10 * n).collect()));
        report.add(Event::Ready);
        outcomes.into_iter().for_each(|outcome| report.add(Event::Outcome(outcome)));
        vec![Ran { folder: "gc".into(), file: "a.wast".into(), reports: vec![("signals", report)] }]
    }

    fn refused(needs: &[&str]) -> Outcome {
        let needs = needs.iter().map(|&name| name.into()).collect();
        Outcome::Failed(Failure { reason: "refused".into(), needs })
    }

    fn problems(list: &str, outcomes: Vec<Outcome>) -> Vec<String> {
        Pending::parse(list).unwrap().check(&ran(outcomes), true)
    }

    const LIST: &str = "# why\n[gc]\ngc/a.wast: 20\n";

    #[test]
    fn what_waits_is_listed_and_covers_what_it_blocks() {
        let outcomes = vec![Outcome::Passed, refused(&["gc"]), Outcome::Blocked(20)];
        assert_eq!(problems(LIST, outcomes.clone()), [""; 0]);
        let list = Pending::of(&ran(outcomes));
        assert_eq!(list, Pending::parse(LIST).unwrap());
        assert_eq!(list, Pending::parse(&list.render(LIST)).unwrap());
        assert!(list.render(LIST).starts_with("# why\n\n[gc]\n"));
    }

    #[test]
    fn a_listed_directive_that_passes_is_a_problem() {
        let found = problems(LIST, vec![Outcome::Passed, Outcome::Passed]);
        assert!(found.len() == 1 && found[0].contains("gc/a.wast:20"), "{found:?}");
        let found = problems(LIST, vec![Outcome::Passed]);
        assert!(found.len() == 1 && found[0].contains("gc/a.wast:20"), "{found:?}");
    }

    #[test]
    fn other_failures_are_problems_listed_or_not() {
        let wrong = Outcome::Failed("expected 1, got 2".into());
        let found = problems(LIST, vec![Outcome::Passed, wrong.clone()]);
        assert!(found.len() == 1 && found[0].contains("got 2"), "{found:?}");
        assert_eq!(Pending::of(&ran(vec![wrong])), Pending::default());
        // The reason must be the one given.
        let found = problems(LIST, vec![Outcome::Passed, refused(&["exception-handling"])]);
        assert!(found.len() == 1 && found[0].contains("waits for exception-handling"), "{found:?}");
    }

    #[test]
    fn what_is_superseded_fails_and_stays_in_the_list() {
        let list = "[superseded]\ngc/a.wast: 20\n";
        let wrong = Outcome::Failed("it returned".into());
        assert_eq!(problems(list, vec![Outcome::Passed, wrong.clone()]), [""; 0]);
        let rendered = Pending::of(&ran(vec![wrong])).render(list);
        assert_eq!(Pending::parse(&rendered).unwrap(), Pending::parse(list).unwrap());
        let found = problems(list, vec![Outcome::Passed, Outcome::Passed]);
        assert!(found.len() == 1 && found[0].contains("gc/a.wast:20"), "{found:?}");
    }

    #[test]
    fn a_list_of_what_is_not_there_is_a_problem() {
        let list = "[gc]\ngc/a.wast: 20\ngc/b.wast: 1";
        let found = problems(list, vec![Outcome::Passed, refused(&["gc"])]);
        assert!(found.len() == 1 && found[0].contains("gc/b.wast"), "{found:?}");
        assert!(Pending::parse("[laziness]").is_err());
        assert!(Pending::parse("gc/a.wast: 20").is_err());
        assert!(Pending::parse("[gc]\ngc/a.wast: 20 20").is_err());
    }
}
