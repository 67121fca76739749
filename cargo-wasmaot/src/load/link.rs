//! The linker that makes a shared library of compiled guests: found on the machine, never
//! shipped.
//!
//! A C compiler knows its linker and is what Rust links with, so it comes first: `$CC`, then
//! the usual names on the `PATH`. Without one the `rust-lld` that rustup's toolchains carry
//! serves as well, because the library needs nothing of the C library. To support another
//! linker, add a row to `candidates`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The C compilers to look for on the `PATH`.
const COMPILERS: [&str; 3] = ["cc", "gcc", "clang"];
/// The linkers to look for on the `PATH` after those.
const LINKERS: [&str; 2] = ["ld.lld", "ld"];

/// A linker, found.
#[derive(Clone, Debug)]
pub struct Linker {
    program: PathBuf,
    /// What comes first on its command line.
    args: Vec<OsString>,
    /// Whether it is a compiler driver, to which linker options need `-Wl,`.
    driver: bool,
}

impl Linker {
    /// Finds the machine's linker.
    ///
    /// # Errors
    /// If there is none, naming all that was looked for.
    pub fn find() -> Result<Self> {
        if let Some(cc) = env::var_os("CC").filter(|cc| !cc.is_empty()) {
            return Self::from_cc(&cc);
        }
        if let Some(found) = candidates().next() {
            return Ok(found);
        }
        bail!(
            "no linker found: $CC is not set, none of {} is on the PATH, and `{}` has no rust-lld; \
             install a C compiler (for example gcc) or set CC",
            COMPILERS
                .iter()
                .chain(&LINKERS)
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", "),
            rustc().display(),
        )
    }

    /// The compiler that `$CC` names, which may come with arguments (`ccache gcc`).
    fn from_cc(cc: &OsStr) -> Result<Self> {
        let whole = Path::new(cc);
        let (program, args) = match (on_path(whole), cc.to_str()) {
            (Some(found), _) => (Some(found), Vec::new()),
            (None, Some(text)) => {
                let mut words = text.split_whitespace();
                let program = words.next().and_then(|word| on_path(Path::new(word)));
                (program, words.map(OsString::from).collect())
            }
            (None, None) => (None, Vec::new()),
        };
        let Some(program) = program else {
            bail!(
                "no compiler found: $CC is `{}`, which is no program on the PATH; correct or unset it",
                whole.display()
            )
        };
        Ok(Self { program, args, driver: true })
    }

    /// Links objects that need nothing but each other into a shared library.
    ///
    /// # Errors
    /// If the linker cannot be run or refuses, with what it said.
    pub fn shared_library(&self, objects: &[PathBuf], library: &Path) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        // Our own symbols are never to be taken from the program that loads the library.
        let options = ["-Bsymbolic", "--eh-frame-hdr", "-znoexecstack", "-zdefs", "-znow"];
        if self.driver {
            command.args(["-shared", "-nostdlib"]);
            command.args(options.map(|option| format!("-Wl,{option}")));
        } else {
            command.arg("-shared").args(options);
        }
        command.arg("-o").arg(library).args(objects).stdin(Stdio::null());
        let output = command
            .output()
            .with_context(|| format!("cannot run the linker `{}`", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "the linker `{}` failed ({}):\n{}",
                self.program.display(),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        Ok(())
    }
}

/// What there is to link with apart from `$CC`, best first.
fn candidates() -> impl Iterator<Item = Linker> {
    let named = |driver| {
        move |name: &&str| {
            Some(Linker { program: on_path(Path::new(name))?, args: Vec::new(), driver })
        }
    };
    (COMPILERS.iter().filter_map(named(true)))
        .chain(std::iter::once_with(rust_lld).flatten())
        .chain(LINKERS.iter().filter_map(named(false)))
}

/// The linker in the toolchain of `rustc`.
fn rust_lld() -> Option<Linker> {
    let output = Command::new(rustc()).args(["--print", "target-libdir"]).output().ok()?;
    let libdir = String::from_utf8(output.stdout).ok()?;
    let program = Path::new(libdir.trim()).parent()?.join("bin").join("rust-lld");
    let args = ["-flavor", "gnu"].map(OsString::from).to_vec();
    program.is_file().then_some(Linker { program, args, driver: false })
}

fn rustc() -> PathBuf {
    env::var_os("RUSTC").filter(|rustc| !rustc.is_empty()).unwrap_or("rustc".into()).into()
}

/// Where a program is: as the shell would find it.
fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
