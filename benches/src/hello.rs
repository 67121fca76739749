//! A WASI program beside the same sources compiled natively, and beside the peer: what it weighs, and
//! how long it takes from its start to its end. The sources are in benches/hello.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::measure::{Clock, compare};
use crate::programs;
use crate::report::Report;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hello");

/// The programs, and the artifact that the peer's needs.
struct Hello {
    ours: PathBuf,
    c: PathBuf,
    rust: PathBuf,
    peer: PathBuf,
    artifact: PathBuf,
    _folder: tempfile::TempDir,
}

impl Hello {
    fn build() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = |name: &str| folder.path().join(name);
        let (wasm, artifact) = (format!("{FOLDER}/hello.wasm"), place("hello.cwasm"));
        let engine = programs::engine(true)?;
        std::fs::write(&artifact, engine.precompile_module(&std::fs::read(&wasm)?)?)?;
        let hello = Self {
            ours: made(&wasm, &place("ours"))?,
            c: compiled("cc", &["-O2", "-s"], "hello.c", &place("c"))?,
            rust: compiled(
                "rustc",
                &["-O", "-Cstrip=symbols", "-Cpanic=abort"],
                "hello.rs",
                &place("rust"),
            )?,
            peer: programs::build("program-wasmtime-wasi")?,
            artifact,
            _folder: folder,
        };
        for program in [&hello.ours, &hello.c, &hello.rust, &hello.peer] {
            programs::check(program, &hello.artifact, b"hello, world\n")?;
        }
        Ok(hello)
    }

    fn run(&self, program: &Path, turns: u64) {
        programs::run(program, &self.artifact, turns);
    }
}

/// Makes a program as anybody does.
fn made(wasm: &str, program: &Path) -> Result<PathBuf> {
    let path = program.to_str().context("a path that is text")?;
    let build = ["cargo-wasmaot", "wasmaot", "build", "--offline", "--quiet", "--bin"];
    let args = build.into_iter().chain([wasm, "-o", path]);
    let code = cargo_wasmaot::commands::main(args.map(Into::into));
    ensure!(code == ExitCode::SUCCESS, "cannot make a program of {wasm}");
    Ok(program.into())
}

fn compiled(compiler: &str, options: &[&str], source: &str, program: &Path) -> Result<PathBuf> {
    let mut command = Command::new(compiler);
    command.args(options).arg(Path::new(FOLDER).join(source)).arg("-o").arg(program);
    ensure!(command.status()?.success(), "{compiler} cannot compile {source}");
    Ok(program.into())
}

/// Prints the sections.
pub fn run(report: &mut Report) -> Result<()> {
    let hello = Hello::build()?;
    let ours = &hello.ours;
    let others = [
        ("the same C natively", &hello.c),
        ("native Rust", &hello.rust),
        ("wasmtime, compiled before", &hello.peer),
    ];
    report.section(
        "Hello, world: start to end",
        "A WASI program in C, made by `cargo wasmaot build --bin`, as a process, on the wall.",
    );
    for (what, other) in others {
        let times = compare(
            Clock::Wall,
            report.effort,
            |turns| hello.run(ours, turns),
            |turns| hello.run(other, turns),
        );
        report.times(&format!("wasmaot / {what}"), &times);
    }
    report.section("Hello, world: size", "The same programs, stripped.");
    let size = |path: &Path| -> Result<u64> { Ok(path.metadata()?.len()) };
    for (what, other) in others {
        report.sizes(&format!("wasmaot / {what}"), size(ours)?, size(other)?);
    }
    Ok(())
}
