//! `cargo xtask bless`: rewrites what tests expect by what they find. Read the difference as code.
//!
//! To add a test that can be blessed: let it rewrite its files if `BLESS` is in the environment,
//! and name it here.

use crate::ci::step;

/// The tests that can be blessed.
const TESTS: &[&str] = &["shapes", "spec"];

/// Runs them.
pub fn run(_arguments: &[String]) -> anyhow::Result<()> {
    let tests: String = TESTS.iter().map(|name| format!(" --test {name}")).collect();
    step("bless", &format!("cargo test --workspace --locked{tests}"), &[("BLESS", "1")])
}
