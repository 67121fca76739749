//! What the benchmarks print: a table per section, a row as soon as it is known. The tables are
//! Markdown, to be quoted as they are; all that was printed is kept for `--write`.

use crate::measure::{Comparison, Effort, geomean};

/// What was asked for, beyond the sections.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The names of workloads; none for all.
    pub only: Vec<String>,
    /// The names of their peers; none for the usual ones.
    pub peers: Vec<String>,
}

/// Prints, and remembers what the summary needs.
#[derive(Debug)]
pub struct Report {
    /// How much time a row may take.
    pub effort: Effort,
    /// What was asked for.
    pub options: Options,
    /// Everything printed.
    pub text: String,
    /// The ratios in the section so far.
    ratios: Vec<f64>,
    /// The columns of a matrix, and the ratios in its rows so far.
    columns: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
    /// What was found, for the table of goals.
    figures: Vec<(String, f64)>,
}

/// The width of the first column.
const WHAT: usize = 52;

impl Report {
    /// A report without sections.
    pub fn new(effort: Effort, options: Options) -> Self {
        Self {
            effort,
            options,
            text: String::new(),
            ratios: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            figures: Vec::new(),
        }
    }

    /// Prints a line.
    pub fn line(&mut self, line: impl AsRef<str>) {
        println!("{}", line.as_ref());
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// Keeps a figure for the table of goals.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.figures.push((name.to_owned(), value));
    }

    /// A figure that was kept.
    pub fn found(&self, name: &str) -> Option<f64> {
        self.figures.iter().rev().find(|(kept, _)| kept == name).map(|(_, value)| *value)
    }

    /// Starts a section that compares ours with several others: a column for each.
    pub fn matrix(&mut self, title: &str, note: &str, columns: &[&str]) {
        self.columns = columns.iter().map(|&column| column.to_owned()).collect();
        self.rows.clear();
        self.line(format!("\n## {title}\n\n{note}\n"));
        let heads: String = columns.iter().map(|column| format!(" {column:^17} |")).collect();
        self.line(format!("| {:12} | {:>8} |{heads}", "what", "ours"));
        let rules: String = columns.iter().map(|_| "------------------:|").collect();
        self.line(format!("|:{:-<13}|---------:|{rules}", ""));
    }

    /// A row of a matrix: a comparison for each column.
    pub fn row(&mut self, what: &str, times: &[Comparison]) {
        let ours = times.first().map(|times| time(times.ours)).unwrap_or_default();
        let cells: String = times
            .iter()
            .map(|Comparison { ratio, spread, .. }| {
                format!(" {ratio:.2} ({:.2}-{:.2})  |", spread.0, spread.1)
            })
            .collect();
        self.line(format!("| {what:12} | {ours:>8} |{cells}"));
        self.rows.push((what.to_owned(), times.iter().map(|times| times.ratio).collect()));
    }

    /// The rows that sum a matrix up: the geometric mean and the worst of each column. They are kept as figures
    /// by the group's name and the column's.
    pub fn summary(&mut self, group: &str) {
        let rows = std::mem::take(&mut self.rows);
        let (mut means, mut worsts) = (String::new(), String::new());
        for (index, column) in std::mem::take(&mut self.columns).iter().enumerate() {
            let mean = geomean(rows.iter().map(|(_, ratios)| ratios[index]));
            let worst = rows.iter().max_by(|a, b| a.1[index].total_cmp(&b.1[index]));
            let (name, ratios) = worst.expect("there are rows");
            means += &format!(" {:17} |", format!("**{mean:.2}**"));
            worsts += &format!(" {:17} |", format!("{:.2} {name}", ratios[index]));
            self.figure(&format!("{group}, {column}"), mean);
            self.figure(&format!("{group}, {column}, worst"), ratios[index]);
        }
        self.line(format!("| {:12} | {:>8} |{means}", "**mean**", ""));
        self.line(format!("| {:12} | {:>8} |{worsts}", "worst", ""));
    }

    /// Starts a section; `note` says what is compared with what.
    pub fn section(&mut self, title: &str, note: &str) {
        self.ratios.clear();
        self.line(format!("\n## {title}\n\n{note}\n"));
        let (what, ours, peer) = ("what", "ours", "other");
        self.line(format!("| {what:WHAT$} | {ours:>10} | {peer:>10} | ratio | quartiles   |"));
        let rule = "-".repeat(WHAT + 2);
        self.line(format!("|{rule}|-----------:|-----------:|------:|------------:|"));
    }

    /// A row of times.
    pub fn times(&mut self, what: &str, times: &Comparison) {
        let Comparison { ours, peer, ratio, spread } = times;
        self.ratios.push(*ratio);
        self.line(format!(
            "| {what:WHAT$} | {:>10} | {:>10} | {ratio:>5.2} | {:>5.2} {:>5.2} |",
            time(*ours),
            time(*peer),
            spread.0,
            spread.1
        ));
    }

    /// A row of sizes.
    pub fn sizes(&mut self, what: &str, ours: u64, peer: u64) {
        let ratio = ours as f64 / peer as f64;
        self.line(format!(
            "| {what:WHAT$} | {:>10} | {:>10} | {ratio:>5.2} |             |",
            size(ours),
            size(peer)
        ));
    }

    /// A row with the geometric mean of the ratios since the section or the last such row.
    pub fn mean(&mut self, what: &str) {
        let mean = geomean(self.ratios.drain(..));
        self.line(format!(
            "| {what:WHAT$} | {:>10} | {:>10} | {mean:>5.2} |             |",
            "", ""
        ));
    }
}

/// A time in nanoseconds, for people.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{value:.*} {unit}", if value < 100.0 { 2 } else { 0 })
}

/// A number of bytes, for people.
fn size(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_that_suits_them() {
        assert_eq!(time(2.345), "2.35 ns");
        assert_eq!(time(234_500.0), "234 µs");
        assert_eq!(time(1.5e9), "1.50 s");
    }
}
