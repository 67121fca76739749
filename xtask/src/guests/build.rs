//! Builds a guest, the same bytes on every machine that has the same compiler.
//!
//! The compiler is Debian's: `apt-get install --no-install-recommends rustc-web cargo-web rust-web-src lld-19`
//! (and wasi-libc for guests of WASI). Its sources of std are built along with the first guest, into
//! target/guests, where the other guests find them. GUEST_TOOLCHAIN names another folder of cargo and rustc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{Guest, record};

const PACKAGES: &str = "rustc-web cargo-web rust-web-src lld-19";

/// The line of a manifest that says that the guest is its package's tests, as `cargo test` builds them.
const TESTS: &str = "tests = true";

/// Builds one guest and rewrites its module and its record.
pub fn build(root: &Path, guest: &Guest) -> Result<()> {
    let bin = std::env::var_os("GUEST_TOOLCHAIN").map_or(PathBuf::from("/usr/bin"), PathBuf::from);
    let compiler = compiler(&bin)?;
    let mut target = root.join("target/guests");
    let artifacts = target.join("artifacts").join(&guest.name);
    if artifacts.exists() {
        fs::remove_dir_all(&artifacts)
            .with_context(|| format!("cannot empty {}", artifacts.display()))?;
    }
    let mut cargo = Command::new(bin.join("cargo"));
    cargo.args(["build", "--release", "--locked", "-Zunstable-options"]).current_dir(&guest.folder);
    let manifest = guest.folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let is_tests = manifest.lines().any(|line| line.trim() == TESTS);
    let made = if is_tests {
        cargo.args(["--tests", "-Zbuild-std=std,panic_abort,panic_unwind,test"]);
        // Cargo puts tests nowhere but here, under a name with a hash.
        let folder = artifacts.join("wasm32-wasip1/release/deps");
        target = artifacts;
        folder
    } else {
        cargo.args(["-Zbuild-std=std,panic_abort", "--artifact-dir"]).arg(&artifacts);
        artifacts
    };
    if !guest.folder.join(".cargo/config.toml").is_file() {
        cargo.args(["--target", "wasm32-unknown-unknown"]);
    }
    // Nothing of what the caller's own cargo or rustup was told may reach the guest.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let kept = matches!(&*text, "CARGO_HOME" | "CARGO_NET_OFFLINE")
            || text.starts_with("CARGO_REGISTRIES_")
            || text.starts_with("CARGO_SOURCE_");
        if !kept && (text.starts_with("CARGO") || text.starts_with("RUST")) {
            cargo.env_remove(name);
        }
    }
    let flags = flags(&guest.folder, &bin)?;
    let mut wasi = String::from("-Clink-self-contained=no -Clink-arg=-L/usr/lib/wasm32-wasi");
    if is_tests {
        // Debian's libc lacks functions for threads, which tests on one thread never call.
        wasi += " -Clink-arg=--allow-undefined";
    }
    cargo
        .env("RUSTC", bin.join("rustc"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", &flags)
        .env("CARGO_TARGET_WASM32_WASIP1_LINKER", "wasm-ld-19")
        .env(
            "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
            format!("{flags} {wasi} -Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o"),
        );
    let status =
        cargo.status().with_context(|| format!("cannot run {}", bin.join("cargo").display()))?;
    ensure!(status.success(), "guest {} did not build", guest.name);

    let built = only_module(&made)?;
    let bytes = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    refuse_paths(&bytes, root).with_context(|| format!("guest {}", guest.name))?;
    let before = fs::read(guest.module()).ok();
    fs::write(guest.module(), &bytes)
        .with_context(|| format!("cannot write {}", guest.module().display()))?;
    record::write(guest, &compiler)?;
    let change = match before {
        None => "new",
        Some(before) if before == bytes => "unchanged",
        Some(_) => "changed",
    };
    println!("guests/{0}/{0}.wasm: {1} bytes, {change}", guest.name, bytes.len());
    Ok(())
}

/// What the compiler calls itself; also the place to say how to get one.
fn compiler(bin: &Path) -> Result<String> {
    let how = || {
        format!(
            "guests need a compiler for wasm in {}: apt-get install --no-install-recommends {PACKAGES}",
            bin.display()
        )
    };
    let output = Command::new(bin.join("rustc")).arg("--version").output().with_context(how)?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || !sources(bin)?.is_dir() {
        bail!(how());
    }
    Ok(version)
}

/// Where the compiler's own sources of std lie.
fn sources(bin: &Path) -> Result<PathBuf> {
    let output = Command::new(bin.join("rustc"))
        .args(["--print", "sysroot"])
        .output()
        .context("cannot run rustc")?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Path::new(&sysroot).join("lib/rustlib/src/rust"))
}

/// Flags that keep the paths of this machine out of the module: messages of panics name source files.
fn flags(guest: &Path, bin: &Path) -> Result<String> {
    let mut flags = String::from("-Csymbol-mangling-version=v0");
    let mut remap = |from: &Path, to: &str| -> Result<()> {
        let from =
            from.to_str().context("a path that is not UTF-8 cannot be kept out of a guest")?;
        ensure!(
            !from.contains([' ', '=']),
            "guests cannot be built below `{from}`: a space or = in it"
        );
        flags.push_str(&format!(" --remap-path-prefix={from}={to}"));
        Ok(())
    };
    remap(guest, ".")?;
    remap(&sources(bin)?, "rust")?;
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir().context("no home folder, and no CARGO_HOME")?.join(".cargo"),
    };
    // Each registry unpacks its packages into a folder of its own, whose name tells about the machine. What is
    // not there yet is fetched first, so that the folder is known.
    let fetched = Command::new(bin.join("cargo"))
        .args(["fetch", "--locked", "--quiet"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("RUSTC", bin.join("rustc"))
        .current_dir(guest)
        .status();
    ensure!(fetched.is_ok_and(|status| status.success()), "cannot fetch the guest's dependencies");
    for registry in record::entries(&home.join("registry/src")).unwrap_or_default() {
        remap(&registry, "crates")?;
    }
    Ok(flags)
}

fn only_module(folder: &Path) -> Result<PathBuf> {
    let mut modules = record::entries(folder)?;
    modules.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    match modules.as_slice() {
        [module] => Ok(module.clone()),
        _ => bail!("a guest is one module; this build left {}", modules.len()),
    }
}

/// Fails if the module has the name of a folder of this machine in it.
fn refuse_paths(bytes: &[u8], root: &Path) -> Result<()> {
    let home = std::env::home_dir().unwrap_or_default();
    for path in [root, &home] {
        let Some(text) = path.to_str().filter(|text| text.len() > 1) else { continue };
        let needle = format!("{text}/");
        if bytes.windows(needle.len()).any(|window| window == needle.as_bytes()) {
            bail!("the module has a path of this machine in it: `{needle}...`");
        }
    }
    Ok(())
}
