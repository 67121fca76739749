//! What cargo and the user say by environment variables: the only reader of the environment.
//!
//! [`Env::read`] takes the variables from a function, so that tests need no process of their
//! own. To add a variable: read it there and, unless cargo itself reruns build scripts when it
//! changes, name it in [`RERUN`].

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use wasmaot_compiler::OptLevel;

use crate::cache::{self, Cache, Client};
use crate::error::Error;

/// Names a folder with the `cargo` and `rustc` that build guests.
pub const GUEST_TOOLCHAIN: &str = "WASMAOT_GUEST_TOOLCHAIN";
/// Makes bindings without machine code, for builds that are checked but never linked.
pub const BINDINGS_ONLY: &str = "WASMAOT_BINDINGS_ONLY";
/// `off` switches the [cache](crate::cache) of machine code off.
const CACHE: &str = "WASMAOT_CACHE";
/// Names the folder of caches.
pub const CACHE_DIR: &str = "WASMAOT_CACHE_DIR";
/// Says how many bytes the cache may hold.
const CACHE_SIZE: &str = "WASMAOT_CACHE_SIZE";
/// The command that fetches machine code from a shared cache.
const CACHE_FETCH: &str = "WASMAOT_CACHE_FETCH";
/// The command that publishes machine code in a shared cache.
const CACHE_PUBLISH: &str = "WASMAOT_CACHE_PUBLISH";
/// Set by docs.rs while it builds documentation, which links nothing.
const DOCS_RS: &str = "DOCS_RS";

/// The variables that decide what this crate does and that cargo does not watch by itself.
pub const RERUN: &[&str] = &[BINDINGS_ONLY, DOCS_RS];

/// Whether machine code is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MachineCode {
    /// The build links it.
    Now,
    /// The build is a check, which links nothing, but a build that does may find the results of
    /// this script and use them.
    Later,
    /// Nothing of the build will ever be linked.
    Never,
}

/// A build script's environment.
#[derive(Clone, Debug)]
pub struct Env {
    /// Where all output goes.
    pub out_dir: PathBuf,
    /// The folder of the package that is being built; relative paths start here.
    pub manifest_dir: PathBuf,
    /// That package's name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The triple it is built for.
    pub target: String,
    /// The CPU features that rustc may use there, by its names.
    pub features: Vec<String>,
    /// The profile's optimisation level.
    pub opt_level: OptLevel,
    /// Whether the profile wants debug information.
    pub debug_info: bool,
    /// How many jobs cargo runs at once.
    pub jobs: usize,
    /// How cargo hands out the right to run them.
    pub makeflags: Option<String>,
    /// The `cargo` that builds guests.
    pub cargo: PathBuf,
    /// The `rustc` that belongs to it.
    pub rustc: PathBuf,
    /// What cargo was told about lock files and the network, for the cargo that builds guests.
    pub cargo_flags: Vec<String>,
    /// Whether machine code is wanted.
    pub machine_code: MachineCode,
    /// Where machine code is kept between builds, if anywhere; or what is wrong with what the
    /// environment says about that.
    pub cache: Result<Option<Cache>, String>,
    /// The names of all variables, to tell those that are not the guest's.
    pub names: Vec<OsString>,
}

impl Env {
    /// The environment of this process.
    ///
    /// # Errors
    /// [`Error::NotInBuildScript`] if it is not a build script's.
    pub fn from_process() -> Result<Self, Error> {
        let names = std::env::vars_os().map(|(name, _)| name).collect();
        let mut env = Self::read(of_process, names)?;
        let line = parents_command_line();
        env.cargo_flags = flags(&line);
        let chosen = std::env::var_os(BINDINGS_ONLY).is_some_and(|value| !value.is_empty());
        // What is built for the machine that builds (scripts, macros) is linked in checks, too. It
        // has no debug information unless somebody asks for it; so has a release build, and
        // generating code in vain is better than none where it is needed.
        if !chosen && env.debug_info && links_nothing(&line) {
            env.machine_code = MachineCode::Later;
        }
        Ok(env)
    }

    /// The environment that `var` describes.
    ///
    /// # Errors
    /// [`Error::NotInBuildScript`] naming a variable that is missing.
    pub fn read(
        var: impl Fn(&str) -> Option<OsString>,
        names: Vec<OsString>,
    ) -> Result<Self, Error> {
        let text = |name| var(name).map(|value| value.to_string_lossy().into_owned());
        let need = |name| text(name).ok_or(Error::NotInBuildScript { variable: name });
        let need_path = |name| need(name).map(PathBuf::from);

        let (cargo, rustc) = match var(GUEST_TOOLCHAIN).filter(|dir| !dir.is_empty()) {
            Some(dir) => {
                let tool = |name: &str| {
                    Path::new(&dir).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
                };
                (tool("cargo"), tool("rustc"))
            }
            None => (need_path("CARGO")?, need_path("RUSTC")?),
        };
        Ok(Self {
            out_dir: need_path("OUT_DIR")?,
            manifest_dir: need_path("CARGO_MANIFEST_DIR")?,
            package: need("CARGO_PKG_NAME")?,
            version: need("CARGO_PKG_VERSION")?,
            target: need("TARGET")?,
            features: text("CARGO_CFG_TARGET_FEATURE")
                .unwrap_or_default()
                .split(',')
                .filter(|feature| !feature.is_empty())
                .map(str::to_owned)
                .collect(),
            opt_level: match text("OPT_LEVEL").as_deref() {
                Some("0") => OptLevel::None,
                Some("s" | "z") => OptLevel::SpeedAndSize,
                _ => OptLevel::Speed,
            },
            debug_info: text("DEBUG")
                .is_some_and(|debug| !matches!(&*debug, "false" | "0" | "none")),
            jobs: text("NUM_JOBS").and_then(|jobs| jobs.parse().ok()).unwrap_or(1),
            makeflags: ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"].into_iter().find_map(text),
            cargo,
            rustc,
            cargo_flags: Vec::new(),
            machine_code: match var(BINDINGS_ONLY) {
                Some(value) if value == "0" => MachineCode::Now,
                Some(value) if !value.is_empty() => MachineCode::Never,
                _ if var(DOCS_RS).is_some() => MachineCode::Never,
                _ => MachineCode::Now,
            },
            cache: cache(&var),
            names,
        })
    }

    /// A path as the user wrote it, from the root of the package.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.manifest_dir.join(path)
    }
}

/// A variable of this process.
pub fn of_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The cache that the environment names, if any.
pub fn cache(var: impl Fn(&str) -> Option<OsString>) -> Result<Option<Cache>, String> {
    if var(CACHE).is_some_and(|value| value == "off" || value == "0") {
        return Ok(None);
    }
    let size = match var(CACHE_SIZE).filter(|size| !size.is_empty()) {
        None => cache::DEFAULT_SIZE,
        Some(size) => size.to_str().and_then(|size| cache::bytes(size).ok()).ok_or_else(|| {
            let size = size.display();
            format!(
                "there is no cache of machine code, for {CACHE_SIZE} is `{size}`: use a number of \
                 bytes, such as `512M` or `2G`"
            )
        })?,
    };
    let client = |name: &str| {
        let command = var(name).filter(|command| !command.is_empty());
        command.map(|command| client(name, &command)).transpose()
    };
    let (fetch, publish) = (client(CACHE_FETCH)?, client(CACHE_PUBLISH)?);
    Ok(cache_folder(&var).map(|folder| Cache::new(folder, size).shared(fetch, publish)))
}

/// The client of a shared cache.
fn client(name: &str, command: &OsStr) -> Result<Client, String> {
    command.to_str().and_then(Client::new).ok_or_else(|| {
        let command = command.display();
        format!(
            "there is no cache of machine code, for {name} is `{command}`: `{{key}}` must stand in its \
             arguments, such as `curl -sf https://cache.example/{{key}}`"
        )
    })
}

/// The folder of caches by the environment, absolute; `None` if it names none.
pub fn cache_folder(var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let named = |name| var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = named(CACHE_DIR) {
        return std::path::absolute(folder).ok();
    }
    // The XDG Base Directory Specification has relative paths ignored.
    let xdg = named("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
    xdg.map(|folder| folder.join("wasmaot")).or_else(|| Some(named("HOME")?.join(".cache/wasmaot")))
}

/// The command line of the cargo that runs this script, where the system shows it: it has no
/// other way to tell what it was called for.
fn parents_command_line() -> Vec<String> {
    #[cfg(target_os = "linux")]
    let line = std::fs::read(format!("/proc/{}/cmdline", std::os::unix::process::parent_id()));
    #[cfg(not(target_os = "linux"))]
    let line = std::io::Result::Ok(Vec::new());
    let line = line.unwrap_or_default();
    line.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The flags about lock files and the network in cargo's command line.
fn flags(line: &[String]) -> Vec<String> {
    let words = line.iter().take_while(|word| *word != "--");
    let known = |word: &&String| matches!(&***word, "--locked" | "--offline" | "--frozen");
    words.filter(known).cloned().collect()
}

/// Whether a command line is that of a cargo that links none of the packages it was called for.
/// An alias or a flag that is not known here makes that false, which is always safe.
fn links_nothing(line: &[String]) -> bool {
    let Some((program, arguments)) = line.split_first() else { return false };
    let is_cargo = Path::new(program).file_stem().is_some_and(|name| name == "cargo");
    let mut arguments = arguments.iter().map(|argument| &**argument);
    let mut command = arguments.next();
    while let Some(flag) = command.filter(|word| word.starts_with('-')) {
        if matches!(flag, "--config" | "--color" | "-Z" | "-C") {
            arguments.next();
        }
        command = arguments.next();
    }
    is_cargo && matches!(command, Some("check" | "c" | "clippy" | "doc" | "d" | "rustdoc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn var(name: &str) -> Option<OsString> {
        let value = match name {
            "OUT_DIR" => "/out",
            "CARGO_MANIFEST_DIR" => "/package",
            "CARGO_PKG_NAME" => "app",
            "CARGO_PKG_VERSION" => "1.2.3",
            "TARGET" => "x86_64-unknown-linux-gnu",
            "CARGO" => "/rust/cargo",
            "RUSTC" => "/rust/rustc",
            "CARGO_CFG_TARGET_FEATURE" => "fxsr,sse,sse2",
            _ => return None,
        };
        Some(value.into())
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Env::read(|name| var(name).filter(|_| name != "OUT_DIR"), vec![]).unwrap_err();
        assert!(error.to_string().contains("`OUT_DIR`"), "{error}");
    }

    #[test]
    fn the_profile_decides() {
        let with = |opt: &'static str, debug: &'static str| {
            let read = move |name: &str| match name {
                "OPT_LEVEL" => Some(opt.into()),
                "DEBUG" => Some(debug.into()),
                _ => var(name),
            };
            let env = Env::read(read, vec![]).unwrap();
            (env.opt_level, env.debug_info)
        };
        assert_eq!(with("0", "true"), (OptLevel::None, true));
        assert_eq!(with("2", "false"), (OptLevel::Speed, false));
        assert_eq!(with("z", "1"), (OptLevel::SpeedAndSize, true));
    }

    #[test]
    fn a_toolchain_for_guests_brings_both_tools() {
        let read = |name: &str| match name {
            GUEST_TOOLCHAIN => Some("/wasm/bin".into()),
            _ => var(name),
        };
        let env = Env::read(read, vec![]).unwrap();
        assert!(env.cargo.starts_with("/wasm/bin") && env.rustc.starts_with("/wasm/bin"));
        assert_eq!(Env::read(var, vec![]).unwrap().cargo, Path::new("/rust/cargo"));
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn flags_are_those_of_cargo_itself() {
        let line = words("/bin/cargo run --locked -v --offline -- --frozen");
        assert_eq!(flags(&line), ["--locked", "--offline"]);
        assert!(flags(&[]).is_empty());
    }

    #[test]
    fn checks_are_told_from_builds() {
        for line in [
            "/bin/cargo check",
            "cargo c -p app",
            "cargo -q --color always -Zunstable-options --config a=1 check --message-format json",
            "cargo doc --no-deps",
        ] {
            assert!(links_nothing(&words(line)), "{line}");
        }
        for line in ["cargo build", "cargo test check", "cargo", "rustc check", "cargo fix", ""] {
            assert!(!links_nothing(&words(line)), "{line}");
        }
        assert!(!links_nothing(&[]));
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let with = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
            cache(|name| find(name).map(|(_, value)| value.into()))
        };
        let at = |folder: &str, size| Ok(Some(Cache::new(folder, size)));
        const GIB: u64 = 1 << 30;
        const XDG: &[(&str, &str)] = &[("HOME", "/me"), ("XDG_CACHE_HOME", "/c")];
        assert_eq!(with(&[]), Ok(None));
        assert_eq!(with(&[("HOME", "/me")]), at("/me/.cache/wasmaot", GIB));
        assert_eq!(with(XDG), at("/c/wasmaot", GIB));
        assert_eq!(with(&[("XDG_CACHE_HOME", "c")]), Ok(None));
        assert_eq!(with(&[("HOME", "/me"), ("WASMAOT_CACHE_DIR", "/d")]), at("/d", GIB));
        assert_eq!(with(&[("HOME", "/me"), ("WASMAOT_CACHE", "off")]), Ok(None));
        let sized = with(&[("WASMAOT_CACHE_DIR", "/d"), ("WASMAOT_CACHE_SIZE", "3M")]);
        assert_eq!(sized, at("/d", 3 << 20));
        let shared = Cache::new("/d", GIB).shared(None, Client::new("tee /shared/{key}"));
        let variables =
            [("WASMAOT_CACHE_DIR", "/d"), ("WASMAOT_CACHE_PUBLISH", "tee /shared/{key}")];
        assert_eq!(with(&variables), Ok(Some(shared)));
        let wrong = with(&[("HOME", "/me"), ("WASMAOT_CACHE_FETCH", "curl")]).unwrap_err();
        assert!(wrong.contains("WASMAOT_CACHE_FETCH") && wrong.contains("{key}"), "{wrong}");
        for wrong in [
            with(&[("HOME", "/me"), ("WASMAOT_CACHE_SIZE", "much")]),
            with(&[("HOME", "/me"), ("WASMAOT_CACHE_SIZE", "99999999999G")]),
        ] {
            assert!(wrong.unwrap_err().contains("WASMAOT_CACHE_SIZE"));
        }
    }

    #[test]
    fn documentation_needs_no_machine_code() {
        let set = |variable: &'static str, value: &'static str| {
            let read = move |name: &str| match name == variable {
                true => Some(value.into()),
                false => var(name),
            };
            Env::read(read, vec![]).unwrap().machine_code
        };
        assert_eq!(set(DOCS_RS, "1"), MachineCode::Never);
        assert_eq!(set(BINDINGS_ONLY, "1"), MachineCode::Never);
        assert_eq!(set(BINDINGS_ONLY, "0"), MachineCode::Now);
        assert_eq!(set("OTHER", "1"), MachineCode::Now);
    }
}
