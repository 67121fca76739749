//! What the benchmarks print: a table per section, a row as soon as it is known. The tables are
//! Markdown, to be quoted as they are.

use crate::measure::{Comparison, Effort, geomean};

/// Prints, and remembers what the summary needs.
#[derive(Debug)]
pub struct Report {
    /// How much time a row may take.
    pub effort: Effort,
    /// The ratios in the section so far.
    ratios: Vec<f64>,
}

/// The width of the first column.
const WHAT: usize = 52;

impl Report {
    /// A report without sections.
    pub fn new(effort: Effort) -> Self {
        Self { effort, ratios: Vec::new() }
    }

    /// Starts a section; `note` says what is compared with what.
    pub fn section(&mut self, title: &str, note: &str) {
        self.ratios.clear();
        println!("\n## {title}\n\n{note}\n");
        let (what, ours, peer) = ("what", "ours", "other");
        println!("| {what:WHAT$} | {ours:>10} | {peer:>10} | ratio | quartiles   |");
        println!("|{:-<1$}|-----------:|-----------:|------:|------------:|", "", WHAT + 2);
    }

    /// A row of times.
    pub fn times(&mut self, what: &str, times: &Comparison) {
        let Comparison { ours, peer, ratio, spread } = times;
        self.ratios.push(*ratio);
        println!(
            "| {what:WHAT$} | {:>10} | {:>10} | {ratio:>5.2} | {:>5.2} {:>5.2} |",
            time(*ours),
            time(*peer),
            spread.0,
            spread.1
        );
    }

    /// A row of sizes.
    pub fn sizes(&mut self, what: &str, ours: u64, peer: u64) {
        let ratio = ours as f64 / peer as f64;
        println!(
            "| {what:WHAT$} | {:>10} | {:>10} | {ratio:>5.2} |             |",
            size(ours),
            size(peer)
        );
    }

    /// A row with the geometric mean of the ratios since the section or the last such row.
    pub fn mean(&mut self, what: &str) {
        let mean = geomean(self.ratios.drain(..));
        println!("| {what:WHAT$} | {:>10} | {:>10} | {mean:>5.2} |             |", "", "");
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
