//! Whole programs: what they weigh, and how long they take from their start to their end, the
//! first result being all they do. They lie in benches/programs and are built here, in the
//! release profile and stripped: one without a guest, one with, one with the peer.
//!
//! Where this program is not optimised either, so that nobody looks at the figures, they are those that were
//! built with it, as a workspace ([`ALONG`]): building the peer once more would take minutes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasmtime::error::Context as _;
use wasmtime::{Engine, Result, ensure};

use crate::compile;
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// The programs, and the artifact that the peer's needs.
struct Programs {
    bare: PathBuf,
    guest: PathBuf,
    peer: PathBuf,
    artifact: tempfile::NamedTempFile,
}

impl Programs {
    fn build() -> Result<Self> {
        let wasm = wat::parse_file(concat!(env!("CARGO_MANIFEST_DIR"), "/programs/add.wat"))?;
        let artifact = engine(false)?.precompile_module(&wasm)?;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), artifact)?;
        let programs = Self {
            bare: build("program-bare")?,
            guest: build("program-guest")?,
            peer: build("program-wasmtime")?,
            artifact: file,
        };
        for program in [&programs.bare, &programs.guest, &programs.peer] {
            check(program, programs.artifact.path(), b"42\n")?;
        }
        Ok(programs)
    }

    fn run(&self, program: &Path, turns: u64) {
        run(program, self.artifact.path(), turns);
    }
}

/// A program that finds the peer's artifact in its environment.
fn command(program: &Path, artifact: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("ARTIFACT", artifact);
    command
}

/// Makes sure of what a program says.
pub fn check(program: &Path, artifact: &Path, expected: &[u8]) -> Result<()> {
    let output = command(program, artifact).stderr(Stdio::inherit()).output()?;
    let (name, text) = (program.display(), expected.escape_ascii());
    ensure!(output.stdout == expected, "{name} does not say `{text}`");
    Ok(())
}

/// Runs a program, several times, one after the other.
pub fn run(program: &Path, artifact: &Path, turns: u64) {
    let mut command = command(program, artifact);
    command.stdout(Stdio::null());
    for _ in 0..turns {
        assert!(command.status().is_ok_and(|status| status.success()), "it ran before");
    }
}

/// The folder that this program was built in.
pub fn target_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().nth(2).context("the benchmarks lie in a target folder")?;
    Ok(target.to_owned())
}

/// Cargo, the one that runs this program if any does.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
}

/// Whether the programs are those that were built along with this one. All packages' wishes for the peer's
/// features then hold for each.
const ALONG: bool = cfg!(debug_assertions);

/// An engine whose artifacts the programs take.
pub fn engine(components: bool) -> Result<Engine> {
    if ALONG { peer::engine(Cpu::Baseline) } else { peer::small_engine(components) }
}

/// Builds a program; its path.
pub fn build(package: &str) -> Result<PathBuf> {
    if ALONG {
        let program = std::env::current_exe()?.with_file_name(package);
        ensure!(program.is_file(), "there is no {}: build the whole workspace", program.display());
        return Ok(program);
    }
    let target = target_folder()?;
    eprintln!("building {package}");
    let status = cargo()
        .args(["rustc", "--quiet", "--release", "--locked", "-p", package, "--target-dir"])
        .arg(&target)
        .args(["--", "-Cstrip=symbols"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    ensure!(status.success(), "cannot build {package}");
    Ok(target.join("release").join(package))
}

/// Prints the section on starting.
pub fn startup(report: &mut Report) -> Result<()> {
    report.section(
        "Start to first result",
        "A process that calls its guest once and ends, on the wall; \"none\" is the same program without a guest.",
    );
    let programs = Programs::build()?;
    let (bare, guest, peer) = (&programs.bare, &programs.guest, &programs.peer);
    let rows = [("wasmaot / none", guest, bare), ("wasmaot / wasmtime", guest, peer)];
    for (what, ours, other) in rows.into_iter().chain([("wasmtime / none", peer, bare)]) {
        let times = compare(
            Clock::Wall,
            report.effort,
            |turns| programs.run(ours, turns),
            |turns| programs.run(other, turns),
        );
        report.times(what, &times);
        if what == "wasmaot / none" {
            report.figure("startup, none", times.ratio);
        }
    }
    Ok(())
}

/// Prints the section on sizes.
pub fn size(report: &mut Report) -> Result<()> {
    report.section(
        "Size",
        "Stripped release programs; what the guest adds beside what the peer adds.",
    );
    let programs = Programs::build()?;
    let size = |path: &Path| -> Result<u64> { Ok(path.metadata()?.len()) };
    let (bare, guest, peer) =
        (size(&programs.bare)?, size(&programs.guest)?, size(&programs.peer)?);
    report.sizes("program with a guest / with wasmtime's runtime", guest, peer);
    report.sizes("runtime and guest / wasmtime's runtime", guest - bare, peer - bare);
    let code = |path: &Path| -> Result<u64> { compile::code(&std::fs::read(path)?) };
    let (bare, guest, peer) =
        (code(&programs.bare)?, code(&programs.guest)?, code(&programs.peer)?);
    report.sizes("the same, machine code only", guest - bare, peer - bare);
    report.figure("runtime", (guest - bare) as f64 / 1024.0);
    Ok(())
}
