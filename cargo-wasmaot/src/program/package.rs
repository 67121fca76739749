//! The package that a program is linked in: its manifest and its `main.rs`, whose fixed text stands in
//! `templates/program`, and the call of cargo that builds it.
//!
//! Cargo runs in the user's working folder, so that its configuration there applies: registries and
//! vendored sources, linkers, flags for the target. There is one such package, at one place, with one
//! lock file, which pins the versions of the checkout's; so cargo builds the runtime once per target.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use wasmaot_compiler::Interface;

use super::cache::Workshop;
use super::imports::Imports;
use super::{CargoOptions, START};
use crate::checkout;
use crate::files::write_whole;
use crate::shell::Shell;
use crate::template::fill;

const MANIFEST: &str = include_str!("../../templates/program/Cargo.toml");
const MAIN: &str = include_str!("../../templates/program/main.rs");
/// What `main.rs` has more for guests with threads.
const THREADS: &str = include_str!("../../templates/program/threads.rs");
const THREAD_START: &str = "    #[link_name = {{thread_start}}]
    fn thread_start(_: *mut VmContext, _: *mut VmContext, id: i32, argument: i32) -> VmReturn;
";
/// The program's name in the package.
const NAME: &str = "wasmaot-program";

/// What the package is made of.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// For which machine.
    pub target: &'a str,
    /// The module.
    pub interface: &'a Interface,
    /// Who provides its imports.
    pub imports: &'a Imports,
    /// The names in the runtime of what limits the guest, by how it was compiled.
    pub limits: Vec<&'static str>,
    /// What the guest is granted for good.
    pub options: Vec<u8>,
    /// Whether more may be granted when the program runs.
    pub asks_environment: bool,
    /// Whether the guest wants to hear of closed pipes.
    pub ignores_broken_pipes: bool,
    /// Whether the C library is linked in.
    pub crt_static: bool,
    /// Whether symbols are dropped.
    pub strip: bool,
    /// The compiled module.
    pub object: &'a [u8],
}

impl Package<'_> {
    /// Builds the program; its path, good until the next one is built.
    ///
    /// # Errors
    /// If a file cannot be written, or cargo fails; its own words come before the error.
    pub fn build(
        &self,
        workshop: &Workshop,
        key: &str,
        cargo: &CargoOptions,
        shell: &Shell,
    ) -> Result<PathBuf> {
        let folder = &workshop.package;
        let checkout = checkout::own();
        let strip = if self.strip { "true" } else { "false" };
        let runtime = checkout::exact_dependency(checkout.as_deref(), "runtime-lib")?;
        let manifest = fill(MANIFEST, &[("wasmaot", &runtime), ("strip", strip)]);
        write_whole(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        // A new file in any case: what it is linked with is new, too.
        write_whole(&folder.join("main.rs"), self.main()?.as_bytes())?;
        // Named for the program, so that cargo sees the difference.
        let object = folder.join(format!("{key}.o"));
        write_whole(&object, self.object)?;
        let outcome = self.pin(folder, checkout.as_deref(), cargo).and_then(|()| {
            let command = self.cargo_rustc(workshop, &object, cargo, shell);
            run(command, self.target, shell)
        });
        let _ = fs::remove_file(&object);
        outcome?;
        let built = workshop.target.join(self.target).join("release").join(NAME);
        if !built.is_file() {
            bail!("cargo built no program at `{}`", built.display());
        }
        Ok(built)
    }

    /// Makes the lock file, if there is none that fits: with the versions that the checkout has, if it
    /// comes from one.
    fn pin(&self, folder: &Path, checkout: Option<&Path>, cargo: &CargoOptions) -> Result<()> {
        let lock = folder.join("Cargo.lock");
        // A copy of what the present one was made of tells whether it is up to date.
        let copy = folder.join("Cargo.lock.origin");
        let origin = checkout.map(|checkout| checkout.join("Cargo.lock"));
        let origin = match origin.filter(|origin| origin.is_file()) {
            Some(origin) => {
                fs::read(&origin).with_context(|| format!("cannot read `{}`", origin.display()))?
            }
            None => Vec::new(),
        };
        if lock.is_file() && fs::read(&copy).is_ok_and(|copied| copied == origin) {
            return Ok(());
        }
        let mut command = cargo_command(cargo);
        if origin.is_empty() {
            command.arg("generate-lockfile");
        } else {
            write_whole(&lock, &origin)?;
            command.args(["update", "--workspace"]);
        }
        command.arg("--quiet").arg("--manifest-path").arg(folder.join("Cargo.toml"));
        if cargo.flags.iter().any(|flag| flag == "--offline" || flag == "--frozen") {
            command.arg("--offline");
        }
        let output = command.stdin(Stdio::null()).output().with_context(|| cannot_run(&command))?;
        if !output.status.success() {
            let _ = fs::remove_file(&lock);
            bail!(
                "cargo cannot fix the versions of the runtime's dependencies:\n{}",
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        write_whole(&copy, &origin)
    }

    fn cargo_rustc(
        &self,
        workshop: &Workshop,
        object: &Path,
        cargo: &CargoOptions,
        shell: &Shell,
    ) -> Command {
        let mut command = cargo_command(cargo);
        command.args(["rustc", "--release", "--bin", NAME, "--target", self.target]);
        command.arg("--manifest-path").arg(workshop.package.join("Cargo.toml"));
        command.arg("--target-dir").arg(&workshop.target).args(&cargo.flags);
        if !shell.verbose() {
            command.arg("--quiet");
        }
        let mut link = std::ffi::OsString::from("link-arg=");
        link.push(object);
        command.args(["--", "-C"]).arg(link);
        if self.crt_static {
            command.args(["-C", "target-feature=+crt-static"]);
        }
        command
    }

    /// The text of `main.rs`.
    fn main(&self) -> Result<String> {
        let symbol = |name: &str| format!("{name:?}");
        let start = self.interface.exports.iter().find(|export| export.name == START);
        let start = start.and_then(|export| export.symbols.as_ref());
        let start = start.with_context(|| format!("the module has no function `{START}`"))?;
        let paths = |names: &mut dyn Iterator<Item = &&str>| {
            names.map(|name| format!("program::{name}")).collect::<Vec<_>>().join(", ")
        };
        let imports = self.imports.function();
        let imports_name = if imports.is_empty() { "program::no_imports" } else { "imports" };
        let mut parts = paths(&mut self.imports.parts().iter());
        let (mut thread_start, mut threads) = (String::new(), String::new());
        if let Some(start) = self.imports.threads() {
            parts += if parts.is_empty() { "threads" } else { ", threads" };
            thread_start = fill(THREAD_START, &[("thread_start", &symbol(start))]);
            threads = fill(THREADS, &[("imports_name", imports_name)]);
        }
        let values = [
            ("module", &*symbol(&self.interface.module_symbol)),
            ("start", &symbol(&start.wasm_call)),
            ("imports_name", imports_name),
            ("asks_environment", &self.asks_environment.to_string()),
            ("ignores_broken_pipes", &self.ignores_broken_pipes.to_string()),
            ("parts", &parts),
            ("limits", &paths(&mut self.limits.iter())),
            ("options", &format!("b\"{}\"", self.options.escape_ascii())),
            ("imports", &imports),
            ("thread_start", &thread_start),
            ("threads", &threads),
        ];
        Ok(fill(MAIN, &values))
    }
}

/// Runs cargo. With `-v` it says itself what it does; else it is heard when something is wrong.
fn run(mut command: Command, target: &str, shell: &Shell) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    if !shell.verbose() {
        command.stderr(Stdio::piped());
    }
    let child = command.spawn().with_context(|| cannot_run(&command))?;
    let output = child.wait_with_output().with_context(|| cannot_run(&command))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let mut text = format!("cargo could not link the program ({})", output.status);
    if words.is_empty() {
        text += "; its own words are above";
    } else {
        text += &format!(":\n{}", words.trim_end());
    }
    if words.contains("linking with") && target != crate::host_target() {
        let variable = target.to_uppercase().replace(['-', '.'], "_");
        text += &format!(
            "\nlinking for {target} may need a linker of its own, which \
             CARGO_TARGET_{variable}_LINKER names"
        );
    }
    bail!(text)
}

fn cannot_run(command: &Command) -> String {
    format!("cannot run `{}`, which links programs", command.get_program().display())
}

/// The cargo that runs us, or the one on the `PATH`.
fn cargo_command(options: &CargoOptions) -> Command {
    let cargo = env::var_os("CARGO").filter(|cargo| !cargo.is_empty());
    let mut command = Command::new(cargo.unwrap_or_else(|| "cargo".into()));
    // What is said of the target folder, or of another target, is not meant for this package.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        command.env_remove(name);
    }
    if options.not_for_us {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
        ] {
            command.env_remove(name);
        }
    }
    command
}
