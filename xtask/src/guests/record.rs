//! Records of hashes: `guest.lock` and SHA256SUMS, written and compared.
//!
//! Both have the lines of sha256sum, `HASH  PATH` with the path relative to the record's folder, so that
//! `sha256sum --check` reads them too. Lines that begin with # are for people.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::Guest;

/// What a folder's record says: a hash for each path.
type Hashes = BTreeMap<String, String>;

/// Writes a guest's record; `compiler` tells what built it.
pub fn write(guest: &Guest, compiler: &str) -> Result<()> {
    let mut text = format!(
        "# What {}.wasm is and what it was built from, by {compiler}.\n\
         # Written by `cargo xtask guests build`, compared by `cargo xtask guests check`.\n",
        guest.name
    );
    for (path, hash) in hashes(&guest.folder, &is_ingredient)? {
        text.push_str(&format!("{hash}  {path}\n"));
    }
    let path = guest.record();
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// What differs between a guest's folder and its record, one sentence each.
pub fn check_guest(guest: &Guest) -> Result<Vec<String>> {
    if !guest.record().is_file() {
        return Ok(vec!["guest.lock is missing".to_owned()]);
    }
    let recorded = read(&guest.record())?;
    let found = hashes(&guest.folder, &is_ingredient)?;
    let module = format!("{}.wasm", guest.name);
    if !recorded.contains_key(&module) {
        return Ok(vec![format!("guest.lock does not mention {module}")]);
    }
    Ok(differences(&recorded, &found, |path, change| match change {
        Change::Gone => format!("{path} is gone"),
        Change::Other if path == module => format!("{path} is not the module that was recorded"),
        Change::Other => format!("{path} changed since {module} was built"),
        Change::New => format!("{path} is new since {module} was built"),
    }))
}

/// What differs between a folder's SHA256SUMS, and what it names and all modules below, one sentence each.
pub fn check_modules(folder: &Path) -> Result<Vec<String>> {
    let recorded = read(&folder.join("SHA256SUMS"))?;
    let wanted = |path: &str| path.ends_with(".wasm") || recorded.contains_key(path);
    let found = hashes(folder, &wanted)?;
    Ok(differences(&recorded, &found, |path, change| match change {
        Change::Gone => format!("{path} is gone"),
        Change::Other => format!("{path} is not what was recorded"),
        Change::New => format!("{path} is in no record: add its line to SHA256SUMS"),
    }))
}

enum Change {
    Gone,
    Other,
    New,
}

fn differences(
    recorded: &Hashes,
    found: &Hashes,
    say: impl Fn(&str, Change) -> String,
) -> Vec<String> {
    let mut sentences = Vec::new();
    for (path, hash) in recorded {
        match found.get(path) {
            None => sentences.push(say(path, Change::Gone)),
            Some(now) if now != hash => sentences.push(say(path, Change::Other)),
            Some(_) => {}
        }
    }
    let new = found.keys().filter(|path| !recorded.contains_key(*path));
    sentences.extend(new.map(|path| say(path, Change::New)));
    sentences
}

/// Whether a change of the file can change the module, or is the module: all but prose and inputs.
fn is_ingredient(path: &str) -> bool {
    !(path == "guest.lock"
        || path.ends_with(".md")
        || path.starts_with("inputs/")
        || path.starts_with("target/"))
}

fn read(path: &Path) -> Result<Hashes> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hashes = Hashes::new();
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((hash, file)) = line.split_once("  ").filter(|(hash, _)| hash.len() == 64) else {
            bail!("{}, line {}: not a hash and a path", path.display(), number + 1);
        };
        hashes.insert(file.to_owned(), hash.to_owned());
    }
    Ok(hashes)
}

/// The hashes of the files under a folder whose relative path is wanted. Paths have slashes everywhere.
fn hashes(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Hashes> {
    let mut found = Hashes::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        for path in entries(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let relative = format!("{prefix}{name}");
            if path.is_dir() {
                waiting.push((path, relative + "/"));
            } else if wanted(&relative) {
                let bytes =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                found.insert(relative, hash(&bytes));
            }
        }
    }
    Ok(found)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What lies in a folder, sorted.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        paths.push(entry.with_context(cannot)?.path());
    }
    paths.sort();
    Ok(paths)
}
