//! `cargo xtask size`: what the smallest program with a guest weighs, by sections.
//!
//! The program is benches/programs/guest; beside it stands benches/programs/bare, which does the
//! same without a guest, so the difference is the price of the first guest. Both are built in the
//! release profile and stripped.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use object::{Object as _, ObjectSection as _, SectionKind};

use crate::ci::root;

/// The program without a guest, and the one with.
const PROGRAMS: [&str; 2] = ["program-bare", "program-guest"];

/// Builds and weighs.
pub fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`{argument}`: usage: cargo xtask size");
    }
    let weighed = [weigh(&build(PROGRAMS[0])?)?, weigh(&build(PROGRAMS[1])?)?];
    print!("{}", table(PROGRAMS, weighed));
    Ok(())
}

/// Builds a package's program of the same name; its path.
fn build(package: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args([
            "rustc",
            "--quiet",
            "--release",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .arg("--target-dir")
        .arg(root().join("target"))
        .args(["-p", package, "--bin", package, "--", "-Cstrip=symbols"])
        .current_dir(root().join("benches"))
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cannot build `{package}`");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages).with_context(|| format!("`{package}` has no program of that name"))
}

/// The path of the last program that cargo says it made.
fn executable(messages: &str) -> Option<PathBuf> {
    let field = |line: &str| {
        let (_, rest) = line.split_once("\"executable\":\"")?;
        Some(PathBuf::from(rest.split_once('"')?.0))
    };
    messages.lines().filter_map(field).next_back()
}

/// Bytes by what they are; in the file, not in memory.
type Weights = BTreeMap<&'static str, u64>;

/// The columns, in their order.
const COLUMNS: [&str; 6] = ["code", "constants", "unwinding", "data", "other", "file"];

fn weigh(path: &PathBuf) -> Result<Weights> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(&*bytes).with_context(|| path.display().to_string())?;
    let mut weights: Weights = COLUMNS.iter().map(|&column| (column, 0)).collect();
    for section in file.sections() {
        let name = section.name().unwrap_or_default();
        let column = match section.kind() {
            SectionKind::Text => "code",
            SectionKind::UninitializedData | SectionKind::UninitializedTls => continue,
            _ if name.starts_with(".eh_frame") || name == ".gcc_except_table" => "unwinding",
            SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => "constants",
            SectionKind::Data | SectionKind::Tls | SectionKind::ReadOnlyDataWithRel => "data",
            _ => "other",
        };
        *weights.entry(column).or_default() += section.size();
    }
    weights.insert("file", bytes.len() as u64);
    Ok(weights)
}

/// A line per program, and one for the difference.
fn table(packages: [&str; 2], weighed: [Weights; 2]) -> String {
    let mut text = format!("{:<24}", "bytes");
    COLUMNS.iter().for_each(|column| text.push_str(&format!("{column:>11}")));
    let mut line = |name: &str, value: &dyn Fn(&str) -> i64| {
        text.push_str(&format!("\n{name:<24}"));
        COLUMNS.iter().for_each(|column| text.push_str(&format!("{:>11}", value(column))));
    };
    for (package, weights) in packages.iter().zip(&weighed) {
        line(package, &|column| weights[column] as i64);
    }
    let [a, b] = &weighed;
    line("difference", &|column| b[column] as i64 - a[column] as i64);
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/t/release/p","fresh":true}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/p")));
        assert_eq!(executable(""), None);
    }

    #[test]
    fn two_programs_have_a_difference() {
        let one: Weights = COLUMNS.iter().map(|&column| (column, 10)).collect();
        let two: Weights = COLUMNS.iter().map(|&column| (column, 17)).collect();
        let text = table(["a", "b"], [one, two]);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("difference") && last.ends_with(" 7"), "{text}");
    }
}
