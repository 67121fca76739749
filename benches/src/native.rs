//! Peers that a C compiler makes: a workload's own sources, and what wasm2c makes of its module, each a shared
//! library that is loaded here. They are built when they are wanted, in a temporary folder; where a tool is not
//! installed there is no such peer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libloading::Library;
use wasmtime::error::Context as _;
use wasmtime::{Result, ensure};

use crate::programs;
use crate::workloads::Workload;

/// A way to make a shared library of a workload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// The sources, by clang.
    Clang,
    /// The sources, by gcc.
    Gcc,
    /// The module, by wasm2c and clang.
    Wasm2c,
}

/// A function of a library, and the library.
pub struct Native {
    run: extern "C" fn(u32) -> u64,
    _library: Library,
}

/// Options of all: positions do not matter, roots set no `errno`, and nothing is contracted, since
/// WebAssembly rounds every operation.
const OPTIONS: [&str; 6] =
    ["-shared", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-ffp-contract=off", "-w"];
/// Where wasm2c's package has its runtime.
const RUNTIME: &str = "/usr/share/wabt/wasm2c";
/// What turns the functions that wasm2c writes into the one that is called. Memory is reserved with its guard,
/// and accesses carry no check; the handler for faults is left out, since none happen and the process has others.
const GLUE: &str = r#"
#include "workload.h"
__attribute__((visibility("default"))) unsigned long long run(unsigned n) {
    static Z_workload_instance_t instance;
    static int ready;
    if (!ready) {
        Z_workload_init_module();
        Z_workload_instantiate(&instance);
        ready = 1;
    }
    return Z_workloadZ_run(&instance, n);
}
"#;

impl Tool {
    /// The version of what it runs, or nothing if that is not installed.
    pub fn version(self) -> Option<String> {
        let first = |program: &str| {
            let output =
                Command::new(program).arg("--version").stderr(Stdio::null()).output().ok()?;
            let text = String::from_utf8_lossy(&output.stdout);
            Some(text.lines().next()?.trim().to_owned())
        };
        match self {
            Self::Clang => first("clang-19"),
            Self::Gcc => first("gcc"),
            Self::Wasm2c => {
                let wasm2c = first("wasm2c").filter(|_| Path::new(RUNTIME).is_dir())?;
                Some(format!("wasm2c {wasm2c}, {}", first("clang-19")?))
            }
        }
    }

    /// Makes the workload's library in a folder.
    pub fn build(self, workload: &Workload, folder: &Path) -> Result<PathBuf> {
        let library = folder.join(format!("{}-{self:?}.so", workload.name));
        let mut command = match self {
            Self::Clang => compiler("clang-19", "-O3"),
            Self::Gcc => compiler("gcc", "-O2"),
            Self::Wasm2c => {
                let folder = folder.join(workload.name);
                fs::create_dir(&folder)?;
                let c = folder.join("workload.c");
                let mut wasm2c = Command::new("wasm2c");
                run(wasm2c.args([workload.path, "-n", "workload", "-o"]).arg(&c))?;
                fs::write(folder.join("glue.c"), GLUE)?;
                let mut command = compiler("clang-19", "-O3");
                command.arg("-DNDEBUG").arg(format!("-I{RUNTIME}"));
                command.arg(c).arg(folder.join("glue.c")).arg(format!("{RUNTIME}/wasm-rt-impl.c"));
                command
            }
        };
        if self != Self::Wasm2c {
            command.arg(workload.source);
        }
        run(command.arg("-o").arg(&library).arg("-lm"))?;
        Ok(library)
    }
}

fn compiler(name: &str, level: &str) -> Command {
    let mut command = Command::new(name);
    command.arg(level).args(OPTIONS);
    command
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {said}");
    Ok(())
}

/// The kernels of guests/kernels, compiled natively by cargo.
pub struct Kernels(Library);

impl Kernels {
    /// Compiles and loads them.
    pub fn build() -> Result<Self> {
        const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/kernels/Cargo.toml");
        let target = programs::target_folder()?.join("kernels-natively");
        eprintln!("building the kernels natively");
        let mut cargo = programs::cargo();
        cargo.args(["build", "--quiet", "--release", "--locked", "--manifest-path", MANIFEST]);
        run(cargo.arg("--target-dir").arg(&target))?;
        // SAFETY: the library was made just now from sources of this repository; it has no constructors.
        let library = unsafe { Library::new(target.join("release/libkernels.so")) }?;
        Ok(Self(library))
    }

    /// Runs a kernel whose result is an integer of 32 bits.
    pub fn i32(&self, name: &str, n: u32) -> Result<u32> {
        // SAFETY: the caller knows the type from the module made of the same sources.
        let kernel = unsafe { self.0.get::<extern "C" fn(u32) -> u32>(name.as_bytes()) }?;
        Ok(kernel(n))
    }

    /// Runs a kernel whose result is an integer of 64 bits.
    pub fn i64(&self, name: &str, n: u32) -> Result<u64> {
        // SAFETY: as above.
        let kernel = unsafe { self.0.get::<extern "C" fn(u32) -> u64>(name.as_bytes()) }?;
        Ok(kernel(n))
    }

    /// Runs a kernel whose result is a floating-point number.
    pub fn f64(&self, name: &str, n: u32) -> Result<f64> {
        // SAFETY: as above.
        let kernel = unsafe { self.0.get::<extern "C" fn(u32) -> f64>(name.as_bytes()) }?;
        Ok(kernel(n))
    }
}

impl Native {
    /// Loads a library that [`Tool::build`] made.
    pub fn load(library: &Path) -> Result<Self> {
        // SAFETY: the library was made just now from sources of this repository; it has no constructors.
        let library = unsafe { Library::new(library) }?;
        // SAFETY: every workload defines `run` with this type, and so does the glue.
        let run = unsafe { library.get::<extern "C" fn(u32) -> u64>(b"run\0") };
        let run = *run?;
        Ok(Self { run, _library: library })
    }

    /// Runs the workload.
    pub fn run(&mut self, n: u32) -> u64 {
        (self.run)(n)
    }
}
