//! Guests that are Cargo packages: finds them, builds them with a cargo of their own.
//!
//! That cargo has a target folder inside OUT_DIR, so it never waits for the lock that the cargo
//! around us holds. Its environment is ours less what was meant for the package that is being
//! built, see [`is_the_hosts`]; the jobserver's variable and file descriptors stay.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::cargo::Lines;
use crate::env::Env;
use crate::error::Error;

/// The target for guests unless another is named.
pub const DEFAULT_TARGET: &str = "wasm32-unknown-unknown";
/// The profile for guests unless another is named. A guest that is not optimised is several
/// times larger and slower, which the host's profile cannot mend.
pub const DEFAULT_PROFILE: &str = "release";

/// How to build a package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Package {
    /// Its name, or the path of its Cargo.toml or folder.
    pub spec: String,
    /// Its wasm target.
    pub target: String,
    /// Its profile.
    pub profile: String,
    /// Its features.
    pub features: Vec<String>,
    /// Whether it has its default features, too.
    pub default_features: bool,
    /// A module to take where the target is not installed.
    pub prebuilt: Option<PathBuf>,
}

impl Package {
    /// A package with the defaults for everything else.
    pub fn new(spec: impl Into<String>) -> Self {
        Self {
            spec: spec.into(),
            target: DEFAULT_TARGET.into(),
            profile: DEFAULT_PROFILE.into(),
            features: Vec::new(),
            default_features: true,
            prebuilt: None,
        }
    }
}

/// A package that `cargo metadata` told of.
#[derive(Clone, Deserialize, Debug)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its Cargo.toml.
    pub manifest_path: PathBuf,
    /// Its metadata table.
    #[serde(default)]
    pub metadata: serde_json::Value,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize, Debug)]
struct Metadata {
    packages: Vec<Found>,
    workspace_root: PathBuf,
}

/// Where a package's module is, and whether its sources were compiled for it.
#[derive(Clone, Debug)]
pub struct Module {
    /// The package's name.
    pub package: String,
    /// The module.
    pub path: PathBuf,
    /// Whether it was built just now; else it is the committed one.
    pub built: bool,
}

/// Finds a package and its module, building it where that is possible.
///
/// # Errors
/// If there is no such package, or neither a way to build it nor a committed module, or if its
/// build fails.
pub fn build(package: &Package, env: &Env, lines: &mut Lines) -> Result<Module, Error> {
    let found = find(&package.spec, env)?;
    let folder = found.manifest_path.parent().unwrap_or(&env.manifest_dir).to_owned();
    lines.depends_on_variable(crate::env::GUEST_TOOLCHAIN);

    if !has_target(env, &package.target)? {
        let prebuilt = match &package.prebuilt {
            Some(path) => Some(env.resolve(path)),
            None => Some(folder.join(format!("{}.wasm", found.name))).filter(|path| path.is_file()),
        };
        let Some(path) = prebuilt else {
            return Err(Error::NoWasmTarget {
                package: found.name,
                target: package.target.clone(),
                rustc: env.rustc.clone(),
            });
        };
        lines.warn(format!(
            "the target {} is not installed, so the guest `{}` is the committed `{}`, not its \
             sources",
            package.target,
            found.name,
            path.display()
        ));
        return Ok(Module { package: found.name, path, built: false });
    }

    let target_dir = env.out_dir.join("guests").join(&found.name);
    let mut command = guest_cargo(env, &folder);
    command
        .args(["build", "--message-format=json-render-diagnostics", "--manifest-path"])
        .arg(&found.manifest_path)
        .args(["--package", &found.name, "--target", &package.target])
        .args(["--profile", &package.profile, "--target-dir"])
        .arg(&target_dir)
        .args(&env.cargo_flags);
    if !package.features.is_empty() {
        command.args(["--features", &package.features.join(",")]);
    }
    if !package.default_features {
        command.arg("--no-default-features");
    }
    let shown = format!(
        "cargo build --manifest-path {} --package {} --target {} --profile {}",
        found.manifest_path.display(),
        found.name,
        package.target,
        package.profile
    );
    let output = run(&mut command, env)?;
    if !output.status.success() {
        return Err(Error::GuestBuild {
            package: found.name,
            command: shown,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    let path = the_module(&found, &String::from_utf8_lossy(&output.stdout))?;
    depend_on_sources(&path, &target_dir, &found, env, lines)?;
    Ok(Module { package: found.name, path, built: true })
}

/// Finds a package by its name, its Cargo.toml or its folder.
///
/// # Errors
/// If there is none.
pub fn find(spec: &str, env: &Env) -> Result<Found, Error> {
    let here = env.manifest_dir.join("Cargo.toml");
    let path = env.resolve(Path::new(spec));
    let manifest = if path.is_file() && path.ends_with("Cargo.toml") {
        Some(path)
    } else {
        Some(path.join("Cargo.toml")).filter(|path| path.is_file())
    };
    if let Some(manifest) = manifest {
        let manifest = std::fs::canonicalize(&manifest)
            .map_err(|source| Error::Read { path: manifest, source })?;
        let packages = metadata(&manifest, &["--no-deps"], env)?.packages;
        let is_it = |found: &Found| {
            std::fs::canonicalize(&found.manifest_path).is_ok_and(|path| path == manifest)
        };
        return packages.into_iter().find(is_it).ok_or_else(|| Error::NoPackage {
            package: spec.into(),
            manifest,
            known: Vec::new(),
        });
    }
    let members = metadata(&here, &["--no-deps"], env)?.packages;
    let known = members.iter().map(|found| found.name.clone()).collect();
    let by_name = |packages: Vec<Found>| packages.into_iter().find(|found| found.name == spec);
    match by_name(members) {
        Some(found) => Ok(found),
        // Only a dependency can be meant; all of them cost cargo some more time.
        None => by_name(metadata(&here, &[], env)?.packages).ok_or_else(|| Error::NoPackage {
            package: spec.into(),
            manifest: here,
            known,
        }),
    }
}

/// The metadata table of the package that is being built.
///
/// # Errors
/// If cargo cannot read its Cargo.toml.
pub fn own_metadata(env: &Env) -> Result<serde_json::Value, Error> {
    Ok(find(".", env)?.metadata)
}

fn metadata(manifest: &Path, flags: &[&str], env: &Env) -> Result<Metadata, Error> {
    let folder = manifest.parent().unwrap_or(&env.manifest_dir);
    let mut command = guest_cargo(env, folder);
    command.args(["metadata", "--format-version=1", "--manifest-path"]).arg(manifest);
    command.args(flags).args(&env.cargo_flags);
    let output = run(&mut command, env)?;
    let fail = |message: String| Error::CargoMetadata { manifest: manifest.into(), message };
    if !output.status.success() {
        return Err(fail(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| fail(error.to_string()))
}

fn run(command: &mut Command, env: &Env) -> Result<std::process::Output, Error> {
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|source| Error::Run { program: env.cargo.clone(), source })
}

/// Whether guests can be compiled for a target: whether its standard library is there.
fn has_target(env: &Env, target: &str) -> Result<bool, Error> {
    let mut command = Command::new(&env.rustc);
    command.args(["--print", "target-libdir", "--target", target]).stdin(Stdio::null());
    let output =
        command.output().map_err(|source| Error::Run { program: env.rustc.clone(), source })?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let filled = std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    Ok(output.status.success() && filled)
}

/// A cargo for a guest.
fn guest_cargo(env: &Env, folder: &Path) -> Command {
    let mut command = Command::new(&env.cargo);
    // Cargo looks for configuration from its working folder upwards.
    command.current_dir(folder);
    for name in env.names.iter().filter(|name| is_the_hosts(name)) {
        command.env_remove(name);
    }
    command.env("RUSTC", &env.rustc);
    command
}

/// Whether a variable is about the package that is being built, or asks for something of the
/// cargo that builds it, and so is nothing to a guest's cargo. What says how to reach
/// registries, which compiler or linker a wasm target has, and the jobserver, is for both.
fn is_the_hosts(name: &OsStr) -> bool {
    const FOR_BOTH: &[&str] = &[
        "CARGO_HOME",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "CARGO_REGISTRY_",
        "CARGO_REGISTRIES_",
        "CARGO_SOURCE_",
        "CARGO_TARGET_WASM32_",
        "CARGO_CACHE_",
    ];
    const BUILD_SCRIPT: &[&str] = &[
        "OUT_DIR",
        "TARGET",
        "HOST",
        "NUM_JOBS",
        "OPT_LEVEL",
        "DEBUG",
        "PROFILE",
        "RUSTC",
        "RUSTDOC",
        "RUSTC_LINKER",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC_BOOTSTRAP",
        "MAKEFLAGS",
        "MFLAGS",
        "__CARGO_FIX_PLZ",
        "CLIPPY_ARGS",
        "CLIPPY_CONF_DIR",
    ];
    let Some(name) = name.to_str() else { return false };
    if FOR_BOTH.iter().any(|prefix| name.starts_with(prefix)) {
        return false;
    }
    name == "CARGO"
        || name.starts_with("CARGO_")
        || name.starts_with("DEP_")
        || BUILD_SCRIPT.contains(&name)
}

/// The module that cargo's messages tell of.
fn the_module(found: &Found, messages: &str) -> Result<PathBuf, Error> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        #[serde(default)]
        manifest_path: PathBuf,
        #[serde(default)]
        filenames: Vec<PathBuf>,
    }
    let mut modules: Vec<_> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|m| m.reason == "compiler-artifact" && m.manifest_path == found.manifest_path)
        .flat_map(|message| message.filenames)
        .filter(|path| path.extension() == Some(OsStr::new("wasm")))
        .collect();
    match modules.len() {
        1 => Ok(modules.remove(0)),
        _ => Err(Error::GuestOutput { package: found.name.clone(), modules }),
    }
}

/// Names all files that a build used, so that the next change to one of them is seen: those in
/// the file that cargo puts beside the module, and the manifests and settings around them.
fn depend_on_sources(
    module: &Path,
    target_dir: &Path,
    found: &Found,
    env: &Env,
    lines: &mut Lines,
) -> Result<(), Error> {
    let dep_info = crate::output::read(&module.with_extension("d"))?;
    let root = metadata(&found.manifest_path, &["--no-deps"], env)?.workspace_root;
    let mut folders = vec![root.as_path()];
    let sources = dep_info_files(&String::from_utf8_lossy(&dep_info));
    for file in &sources {
        if file.starts_with(target_dir) {
            continue; // a build script's output
        }
        lines.depends_on_file(file);
        if let Some(folder) = file.ancestors().skip(1).find(|dir| dir.join("Cargo.toml").is_file())
        {
            folders.push(folder);
        }
    }
    for folder in folders {
        for name in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
            let file = folder.join(name);
            if file.is_file() {
                lines.depends_on_file(file);
            }
        }
    }
    let upper = package_target_variable(module, target_dir);
    for what in ["LINKER", "RUSTFLAGS"] {
        lines.depends_on_variable(format!("CARGO_TARGET_{upper}_{what}"));
    }
    Ok(())
}

/// A target as it stands in the names of cargo's variables.
fn package_target_variable(module: &Path, target_dir: &Path) -> String {
    let relative = module.strip_prefix(target_dir).unwrap_or(module);
    let target = relative.components().next().map(|part| part.as_os_str().to_string_lossy());
    target.unwrap_or_default().to_uppercase().replace(['-', '.'], "_")
}

/// The prerequisites in a dep-info file: `target: file file…`, spaces escaped.
fn dep_info_files(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let Some((_, names)) = line.split_once(": ") else { continue };
        let mut name = String::new();
        let mut chars = names.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&' ') => name.extend(chars.next()),
                ' ' => {
                    if !name.is_empty() {
                        files.push(PathBuf::from(std::mem::take(&mut name)));
                    }
                }
                _ => name.push(c),
            }
        }
        if !name.is_empty() {
            files.push(name.into());
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_keeps_what_is_its_own() {
        let hosts = |name: &str| is_the_hosts(OsStr::new(name));
        for name in [
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_BUILD_TARGET",
            "CARGO_TARGET_DIR",
            "CARGO_PROFILE_RELEASE_LTO",
            "OUT_DIR",
            "DEP_Z_INCLUDE",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "TARGET",
            "MAKEFLAGS",
        ] {
            assert!(hosts(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "CARGO_MAKEFLAGS",
            "RUSTUP_HOME",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            "CARGO_REGISTRIES_MINE_TOKEN",
            "CC_wasm32_unknown_unknown",
            "https_proxy",
        ] {
            assert!(!hosts(name), "{name}");
        }
    }

    #[test]
    fn dep_info_has_escaped_spaces() {
        let files = dep_info_files("/out/a.wasm: /src/my\\ guest/lib.rs /src/b.rs\n");
        assert_eq!(files, [Path::new("/src/my guest/lib.rs"), Path::new("/src/b.rs")]);
    }

    #[test]
    fn a_package_makes_one_module() {
        let found = Found {
            name: "guest".into(),
            manifest_path: "/guest/Cargo.toml".into(),
            metadata: serde_json::Value::Null,
        };
        let line = |manifest: &str, file: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"{manifest}","filenames":["{file}"]}}"#
            )
        };
        let own = line("/guest/Cargo.toml", "/out/guest.wasm");
        let other = line("/dep/Cargo.toml", "/out/dep.wasm");
        let messages = format!("{other}\n{own}\nnot json\n");
        assert_eq!(the_module(&found, &messages).unwrap(), Path::new("/out/guest.wasm"));
        let error = the_module(&found, &other).unwrap_err();
        assert!(error.help().unwrap().contains("cdylib"), "{error}");
        let two = format!("{own}\n{}", line("/guest/Cargo.toml", "/out/tool.wasm"));
        let error = the_module(&found, &two).unwrap_err();
        assert!(error.to_string().contains("/out/tool.wasm"), "{error}");
    }
}
