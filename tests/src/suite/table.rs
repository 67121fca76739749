//! The README's table of what the suite shows, between two marks.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use cargo_wasmaot::wast::report::{Outcome, Report};

use super::pending::{Pending, SUPERSEDED};
use super::{Ran, waits_for};

/// What the table stands between.
const MARKS: [&str; 2] = ["<!-- the suite's table -->\n", "<!-- end of the suite's table -->"];

/// A row to be: a folder of the suite and what people call it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The folder.
    pub folder: String,
    /// What it tests.
    pub title: &'static str,
    /// The proposal of that name alone, if the row is one's.
    pub proposal: Option<&'static str>,
}

/// The table for a run, of some of the modes.
pub fn render(rows: &[Row], modes: &[&str], ran: &[Ran], pending: &Pending) -> String {
    let mut text = format!("| language | status | files | directives: {} |\n", modes.join(" | "));
    text += &format!("|---|---|---|{}\n", "---|".repeat(modes.len()));
    for row in rows {
        let files: Vec<_> = ran.iter().filter(|file| file.folder == row.folder).collect();
        let good = |report: &Report| report.failed() == 0;
        let passed =
            files.iter().filter(|file| file.reports.iter().all(|(_, report)| good(report))).count();
        let (title, status) = (row.title, status(row, &files, pending));
        let _ = write!(text, "| {title} | {status} | {passed}/{} |", files.len());
        for mode in modes {
            let of = |count: fn(&Report) -> usize| {
                let reports = files.iter().flat_map(|file| &file.reports);
                reports
                    .filter(|(name, _)| name == mode)
                    .map(|(_, report)| count(report))
                    .sum::<usize>()
            };
            let _ = write!(text, " {}/{} |", of(Report::passed), of(Report::total));
        }
        text.push('\n');
    }
    text
}

fn status(row: &Row, files: &[&Ran], pending: &Pending) -> String {
    let mut reasons = BTreeSet::new();
    for file in files {
        for (line, outcome) in file.reports.iter().flat_map(|(_, report)| &report.directives) {
            if let Outcome::Failed(_) = outcome {
                let listed = pending.reason(&file.name(), *line);
                let superseded = listed.filter(|reason| *reason == SUPERSEDED);
                reasons.insert(waits_for(outcome).or(superseded).unwrap_or("a bug"));
            }
        }
    }
    if reasons.iter().any(|name| Some(*name) == row.proposal) {
        return "refused".into();
    }
    let (wrong, waits): (Vec<_>, Vec<_>) =
        reasons.into_iter().partition(|reason| *reason == SUPERSEDED);
    let mut status = String::from("on by default");
    if !waits.is_empty() {
        let _ = write!(status, "; the rest waits for {}", waits.join(" and "));
    }
    if !wrong.is_empty() {
        status += "; the rest is superseded";
    }
    status
}

/// The README with this table.
///
/// # Errors
/// If it has no place for it.
pub fn put(readme: &str, table: &str) -> Result<String> {
    let (before, rest) = readme.split_once(MARKS[0]).context("README.md: no mark for the table")?;
    let (_, after) = rest.split_once(MARKS[1]).context("README.md: no mark behind the table")?;
    Ok([before, MARKS[0], table, MARKS[1], after].concat())
}

#[cfg(test)]
mod tests {
    use cargo_wasmaot::wast::report::{Event, Failure};

    use super::*;

    fn row() -> Row {
        Row { folder: "gc".into(), title: "GC", proposal: Some("gc") }
    }

    fn ran(outcomes: &[Outcome]) -> Ran {
        let mut report = Report::default();
        report.add(Event::Lines((1..=outcomes.len()).collect()));
        report.add(Event::Ready);
        outcomes.iter().for_each(|outcome| report.add(Event::Outcome(outcome.clone())));
        Ran {
            folder: "gc".into(),
            file: "a.wast".into(),
            reports: vec![("signals", report.clone()), ("explicit checks", report)],
        }
    }

    #[test]
    fn rows_say_what_passed_of_what_there_is() {
        let refused = Failure { reason: "no".into(), needs: vec!["gc".into()] };
        let half = [Outcome::Passed, Outcome::Failed(refused), Outcome::Blocked(2)];
        let files = [ran(&[Outcome::Passed]), ran(&half)];
        let pending = Pending::parse("[superseded]\ngc/a.wast: 1\n").unwrap();
        let shown = |row, files: &[Ran]| {
            let table = render(&[row], &["signals", "explicit checks"], files, &pending);
            table.lines().nth(2).unwrap().to_owned()
        };
        assert_eq!(shown(row(), &files), "| GC | refused | 1/2 | 2/4 | 2/4 |");
        assert_eq!(shown(row(), &files[..1]), "| GC | on by default | 1/1 | 1/1 | 1/1 |");
        let other = Row { proposal: None, ..row() };
        let expected = "| GC | on by default; the rest waits for gc | 1/2 | 2/4 | 2/4 |";
        assert_eq!(shown(other, &files), expected);
        let expected = "| GC | on by default; the rest is superseded | 0/1 | 0/1 | 0/1 |";
        let wrong = [ran(&[Outcome::Failed("wrong".into())])];
        assert_eq!(shown(row(), &wrong), expected);
    }

    #[test]
    fn the_table_goes_between_its_marks() {
        let readme = format!("before\n{}old\n{}\nafter\n", MARKS[0], MARKS[1]);
        let with = put(&readme, "new\n").unwrap();
        assert_eq!(with, format!("before\n{}new\n{}\nafter\n", MARKS[0], MARKS[1]));
        assert_eq!(put(&with, "new\n").unwrap(), with);
        assert!(put("nothing", "new").is_err());
    }
}
