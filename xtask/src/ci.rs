//! `cargo xtask ci`: what CI runs, in the order in which it fails fastest.
//!
//! The tests are run by the very command that README.md gives, found there, so that the two
//! cannot drift apart.
//!
//! It has to fit on small machines: [`LEAN`] keeps target folders small.

use std::path::Path;
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
    step("formatting", "cargo fmt --manifest-path fuzz/Cargo.toml --check", &[])?;
    let lean: Vec<_> =
        LEAN.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    step("tidiness", "cargo xtask tidy", &lean)?;
    step("guests", "cargo xtask guests check", &lean)?;
    step("clippy", "cargo clippy --workspace --all-targets --locked -- -D warnings", &lean)?;
    let deny = [&[("RUSTDOCFLAGS", "-D warnings")], &*lean].concat();
    step("docs", "cargo doc --workspace --no-deps --locked", &deny)?;
    step("tests", &test, &lean)?;
    fuzz(&lean)
}

/// What `fuzz/README.md` tells about, from fixed seeds: a workspace of its own.
fn fuzz(lean: &[(&str, &str)]) -> anyhow::Result<()> {
    const MANIFEST: &str = "--locked --manifest-path fuzz/Cargo.toml";
    let run = |arguments| format!("cargo run --release {MANIFEST} -- {arguments}");
    step("fuzzing, itself", &format!("cargo test --release {MANIFEST}"), lean)?;
    step("fuzzing, bytes", &run("bytes --seed 1 --iterations 20000"), lean)?;
    step("fuzzing, beside other engines", &run("differential --seed 1 --time 2m"), lean)
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
}
