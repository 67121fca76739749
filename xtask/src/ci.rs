//! `cargo xtask ci`: what CI runs, in the order in which it fails fastest.
//!
//! The tests are run by the very command that README.md gives, found there, so that the two
//! cannot drift apart.
//!
//! It has to fit on small machines: [`LEAN`] keeps target folders small; there are two workspaces, of which the
//! second holds both fuzzing and the benchmarks, so their peers are compiled once; and where the variable `CI` says
//! that nobody builds here again, what the first has built is removed before the second is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The line that precedes the test command in README.md.
const TEST_COMMAND_MARK: &str = "<!-- the test command -->";

/// What cargo is told by its environment, if nothing else stands there: to keep no state for a next build, and to write no
/// line tables, which make up half of every program.
const LEAN: [(&str, &str); 2] = [("CARGO_INCREMENTAL", "0"), ("CARGO_PROFILE_DEV_DEBUG", "0")];

/// Runs everything; stops at the first step that fails.
pub fn run(_arguments: &[String]) -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(root().join("README.md")).context("README.md")?;
    let test = test_command(&readme)?;
    step("formatting", "cargo fmt --all --check", &[])?;
    step("formatting", "cargo fmt --manifest-path benches/Cargo.toml --all --check", &[])?;
    let lean: Vec<_> =
        LEAN.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    step("tidiness", "cargo xtask tidy", &lean)?;
    step("guests", "cargo xtask guests check", &lean)?;
    step("clippy", "cargo clippy --workspace --all-targets --locked -- -D warnings", &lean)?;
    let deny = [&[("RUSTDOCFLAGS", "-D warnings")], &*lean].concat();
    step("docs", "cargo doc --workspace --no-deps --locked", &deny)?;
    step("tests", &test, &lean)?;
    let named = std::env::var_os("CARGO_TARGET_DIR");
    if std::env::var_os("CI").is_some() && named.is_none() {
        let built = root().join("target/debug");
        std::fs::remove_dir_all(&built).with_context(|| built.display().to_string())?;
    }
    peers(named.as_deref(), &lean)
}

/// What `fuzz/README.md` tells about, from fixed seeds, and every benchmark once, which has to come to what its
/// peers come to: a workspace of its own, built as a whole. `named` is the target folder of both, if one is named.
fn peers(named: Option<&OsStr>, lean: &[(&str, &str)]) -> anyhow::Result<()> {
    const ALL: &str = "--workspace --locked --profile quick --manifest-path benches/Cargo.toml";
    step("fuzzing and benchmarks, built", &format!("cargo build {ALL}"), lean)?;
    step("fuzzing and benchmarks, themselves", &format!("cargo test {ALL}"), lean)?;
    let folder = target("benches", named);
    let program = |arguments| format!("{}/quick/wasmaot-{arguments}", folder.display());
    step("fuzzing, bytes", &program("fuzz bytes --seed 1 --iterations 20000"), lean)?;
    step("fuzzing, beside other engines", &program("fuzz differential --seed 1 --time 2m"), lean)?;
    // The tests have a runtime for programs there.
    let cache = root().join(target("", named)).join("tmp/programs");
    let cache = cache.to_str().context("the workspace's path is no text")?;
    let env = [&[("WASMAOT_CACHE_DIR", cache)], lean].concat();
    step("benchmarks", &program("benches --quick"), &env)
}

/// Where cargo puts what it makes of a workspace, as seen from [`root`], where steps run.
fn target(workspace: &str, named: Option<&OsStr>) -> PathBuf {
    named.map_or_else(|| Path::new(workspace).join("target"), PathBuf::from)
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Runs a command in the folder of the workspace.
pub fn step(what: &str, command: &str, env: &[(&str, &str)]) -> anyhow::Result<()> {
    eprintln!("\n== {what}: {command}");
    let mut words = command.split_whitespace();
    let program = words.next().context("an empty command")?;
    let status = Command::new(program)
        .args(words)
        .envs(env.iter().copied())
        .current_dir(root())
        .status()
        .with_context(|| format!("cannot run `{program}`"))?;
    if !status.success() {
        bail!("{what} failed: `{command}`");
    }
    Ok(())
}

/// The command in the code block that follows the mark.
fn test_command(readme: &str) -> anyhow::Result<String> {
    let rest = readme.split_once(TEST_COMMAND_MARK);
    let (_, rest) = rest.with_context(|| format!("README.md has no {TEST_COMMAND_MARK}"))?;
    let command = rest.lines().map(str::trim).find(|line| line.starts_with("cargo "));
    Ok(command.context("README.md gives no test command behind its mark")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_command_is_the_readmes() {
        let readme = "text\n<!-- the test command -->\n```sh\ncargo test --workspace\n```\n";
        assert_eq!(test_command(readme).unwrap(), "cargo test --workspace");
        assert!(test_command("nothing").is_err());
    }

    #[test]
    fn a_target_folder_may_be_named() {
        assert_eq!(target("benches", None), Path::new("benches/target"));
        assert_eq!(target("benches", Some(OsStr::new("/t"))), Path::new("/t"));
    }
}
