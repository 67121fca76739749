//! Why a guest could not be built, compiled or bound: what, where and what to do next.
//!
//! `Display` says what and where, the cause included; [`Error::help`] what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a guest could not be built, compiled or bound.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A variable that cargo sets for build scripts is missing.
    NotInBuildScript {
        /// Its name.
        variable: &'static str,
    },
    /// A file could not be read.
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program could not be run.
    Run {
        /// Which one.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A guest in the text format is malformed.
    Text {
        /// Which one.
        path: PathBuf,
        /// What is wrong and where, in several lines.
        message: String,
    },
    /// A guest does not compile.
    Compile {
        /// Which one.
        path: PathBuf,
        /// Why, and where in the file.
        source: wasmaot_compiler::Error,
    },
    /// The builder's options contradict each other.
    Options(String),
    /// The package's metadata is not as it should be.
    Metadata {
        /// Whose.
        manifest: PathBuf,
        /// The key, dotted.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no package of that name.
    NoPackage {
        /// The name.
        package: String,
        /// From where it was looked for.
        manifest: PathBuf,
        /// The packages that there are.
        known: Vec<String>,
    },
    /// A guest's sources cannot be compiled here.
    NoWasmTarget {
        /// The guest's package.
        package: String,
        /// The target it needs.
        target: String,
        /// The compiler that does not have it.
        rustc: PathBuf,
    },
    /// Cargo could not read a manifest.
    CargoMetadata {
        /// Which one.
        manifest: PathBuf,
        /// What cargo said.
        message: String,
    },
    /// A guest's sources do not compile.
    GuestBuild {
        /// The guest's package.
        package: String,
        /// The command that failed.
        command: String,
        /// What it said, for people to read.
        stderr: String,
    },
    /// A guest's package makes no module, or too many.
    GuestOutput {
        /// The guest's package.
        package: String,
        /// The modules that it makes.
        modules: Vec<PathBuf>,
    },
}

impl Error {
    /// What to do about it, if there is more to say than the error itself does.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotInBuildScript { .. } => "call this from a package's build.rs; elsewhere, \
                use `cargo wasmaot compile` or the crate wasmaot-compiler"
                .into(),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "relative paths start at the folder of the package's Cargo.toml".into()
            }
            Self::NoPackage { known, .. } if !known.is_empty() => {
                format!("these packages are in reach: {}", list(known))
            }
            Self::NoPackage { .. } => {
                "name a package of this workspace, or give the path of its Cargo.toml".into()
            }
            Self::NoWasmTarget { target, .. } => format!(
                "run `rustup target add {target}`, name another toolchain's folder in {}, or \
                 name a compiled module with `prebuilt`",
                crate::env::GUEST_TOOLCHAIN
            ),
            Self::GuestOutput { modules, .. } if modules.is_empty() => {
                "its Cargo.toml needs `[lib] crate-type = [\"cdylib\"]`".into()
            }
            Self::GuestOutput { .. } => {
                "compile one of them with `wasm`, or make each a package of its own".into()
            }
            Self::Compile { source: wasmaot_compiler::Error::Codegen { .. }, .. } => {
                "this is a bug in wasmaot; please report it with the module".into()
            }
            _ => return None,
        })
    }
}

/// Names for a sentence.
fn list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInBuildScript { variable } => {
                write!(
                    f,
                    "the variable `{variable}`, which cargo sets for build scripts, is missing"
                )
            }
            Self::Read { path, source } => write!(f, "cannot read `{}`: {source}", path.display()),
            Self::Write { path, source } => {
                write!(f, "cannot write `{}`: {source}", path.display())
            }
            Self::Run { program, source } => {
                write!(f, "cannot run `{}`: {source}", program.display())
            }
            Self::Text { path, message } => {
                write!(f, "cannot parse `{}`:\n{message}", path.display())
            }
            Self::Compile { path, source } => {
                write!(f, "cannot compile `{}`: {source}", path.display())
            }
            Self::Options(message) => f.write_str(message),
            Self::Metadata { manifest, key, message } => {
                write!(f, "`{key}` in `{}` {message}", manifest.display())
            }
            Self::NoPackage { package, manifest, .. } => {
                write!(f, "there is no package `{package}` in reach of `{}`", manifest.display())
            }
            Self::NoWasmTarget { package, target, rustc } => write!(
                f,
                "cannot build the guest `{package}`: `{}` has no target {target}",
                rustc.display()
            ),
            Self::CargoMetadata { manifest, message } => {
                write!(f, "cargo cannot read `{}`:\n{}", manifest.display(), message.trim_end())
            }
            Self::GuestBuild { package, command, .. } => {
                write!(f, "cannot build the guest `{package}`: `{command}` failed")
            }
            Self::GuestOutput { package, modules } if modules.is_empty() => {
                write!(f, "the guest `{package}` makes no WebAssembly module")
            }
            Self::GuestOutput { package, modules } => {
                let names: Vec<_> = modules.iter().map(|path| path.display().to_string()).collect();
                write!(f, "the guest `{package}` makes more than one module: {}", list(&names))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } | Self::Run { source, .. } => {
                Some(source)
            }
            Self::Compile { source, .. } => Some(source),
            _ => None,
        }
    }
}
