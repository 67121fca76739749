//! What was found, kept as files: `regressions/` holds a module per finding, as small as it could
//! be made, with its seed and what the engines said in comments at its head. All of them run
//! before anything new does.
//!
//! A finding that is fixed stays. If it can be said with expected values, it also becomes a
//! `.wast` file of the main workspace's tests.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, fs};

use anyhow::{Context, Result};
use wasm_shrink::{IsInteresting, WasmShrink};

use super::{Work, one};
use crate::child::Finding;
use crate::generate::{Selection, module};

/// How long making a module smaller may take.
const SHRINKING: Duration = Duration::from_secs(120);

/// A finding in a file.
#[derive(Clone, Debug)]
pub struct Regression {
    /// The file.
    pub path: PathBuf,
    /// The seed that was found with.
    pub seed: u64,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions")
}

/// All there are.
///
/// # Errors
/// If they cannot be read, or one does not say its seed.
pub fn all() -> Result<Vec<Regression>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).with_context(|| folder().display().to_string())? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let note = match extension {
            Some("wat") => path.clone(),
            Some("wasm") => path.with_extension("txt"),
            _ => continue,
        };
        let note = fs::read_to_string(&note).with_context(|| note.display().to_string())?;
        let seed = seed_in(&note).with_context(|| format!("{}: no seed", path.display()))?;
        found.push(Regression { path, seed });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn seed_in(note: &str) -> Option<u64> {
    let rest =
        note.lines().find_map(|line| line.trim_start_matches(';').trim().strip_prefix("seed"));
    rest?.trim().trim_start_matches(':').trim().parse().ok()
}

/// Makes a file of a finding.
///
/// # Errors
/// If it cannot be written.
pub fn write(finding: &Finding, selection: &Selection) -> Result<PathBuf> {
    let seed = finding.seed;
    fs::create_dir_all(folder())?;
    let wasm = module(seed, selection)?;
    let smaller = shrink(&wasm, seed, selection).unwrap_or(wasm);
    let what = disagreement(&smaller, seed, selection)?.unwrap_or_else(|| finding.what.clone());
    let note = format!("seed: {seed}\nfound: {what}\n");

    // As text, if that is still the same module.
    if let Ok(text) = wasmprinter::print_bytes(&smaller)
        && let Ok(same) = wat::parse_str(&text)
        && disagreement(&same, seed, selection)?.is_some()
    {
        let path = folder().join(format!("seed-{seed}.wat"));
        let head: String = note.lines().map(|line| format!(";; {line}\n")).collect();
        fs::write(&path, head + &text + "\n")?;
        return Ok(path);
    }
    let path = folder().join(format!("seed-{seed}.wasm"));
    fs::write(&path, &smaller)?;
    fs::write(path.with_extension("txt"), note)?;
    Ok(path)
}

/// What the engines do not agree on, if anything, with this module.
fn disagreement(wasm: &[u8], seed: u64, selection: &Selection) -> Result<Option<String>> {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile()?;
    fs::write(file.path(), wasm)?;
    let (findings, _) = one(&Work::File(file.path().to_owned(), seed), selection)?;
    Ok(findings.into_iter().next().map(|finding| finding.what))
}

struct Interesting(bool);

impl IsInteresting for Interesting {
    fn is_interesting(&self) -> bool {
        self.0
    }
}

impl fmt::Display for Interesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "it disagrees" } else { "it agrees" })
    }
}

/// A smaller module with the same kind of disagreement.
fn shrink(wasm: &[u8], seed: u64, selection: &Selection) -> Option<Vec<u8>> {
    let wanted = kind(&disagreement(wasm, seed, selection).ok()??);
    let start = Instant::now();
    let interesting = |candidate: &[u8]| {
        let same = start.elapsed() < SHRINKING
            && disagreement(candidate, seed, selection)?.is_some_and(|what| kind(&what) == wanted);
        anyhow::Ok(Interesting(same))
    };
    let shrink = WasmShrink::default().attempts(300);
    shrink.run(wasm.to_vec(), interesting).ok().map(|info| info.output)
}

/// What stays of a description if numbers are left out: enough to tell one fault from another.
fn kind(what: &str) -> String {
    what.chars().filter(|c| !c.is_ascii_digit() && *c != '-').take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_say_their_seed() {
        assert_eq!(seed_in(";; seed: 17\n;; found: it\n(module)"), Some(17));
        assert_eq!(seed_in("found: it\nseed: 18\n"), Some(18));
        assert_eq!(seed_in("(module)"), None);
    }

    #[test]
    fn all_regressions_say_their_seed_and_are_modules() {
        for regression in all().expect("they can be read") {
            super::super::read_module(&regression.path).expect("a module");
        }
    }

    #[test]
    fn kinds_forget_numbers() {
        assert_eq!(kind("call 3: wasmi says 5"), kind("call 21: wasmi says -7"));
        assert_ne!(kind("call 3: wasmi"), kind("export \"m\": wasmi"));
    }
}
