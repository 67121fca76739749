//! The builder: gathers guests and options.

use std::path::PathBuf;

use wasmaot_compiler::{Interface, OptLevel};

use crate::cargo::{self, Lines};
use crate::env::{self, Env};
use crate::error::Error;
use crate::guest::{self, Loaded};
use crate::metadata;
use crate::options::Options;
use crate::package::{self, Package};

/// Compiles guests in a build script.
///
/// ```no_run
/// wasmaot_build::Build::new().package("guest").exports(["parse"]).compile();
/// ```
///
/// Guests are added first to last; the options hold for all of them. What is not chosen follows
/// the build: the target and its CPU features are those of the Rust code, the effort is that of
/// the profile.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing happens before `compile`"]
pub struct Build {
    name: Option<String>,
    guests: Vec<Source>,
    from_metadata: bool,
    options: Options,
    package: PackageOptions,
}

/// What is chosen for packages, whenever they are added.
#[derive(Clone, Debug, Default)]
struct PackageOptions {
    prebuilt: Option<PathBuf>,
    target: Option<String>,
    profile: Option<String>,
    features: Vec<String>,
    no_default_features: bool,
}

/// Where a guest comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A file in the binary or the text format.
    File(PathBuf),
    /// A package that is to be built.
    Package(Package),
}

/// A guest that is to be compiled.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its name; else that of its file or package.
    pub name: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// How to compile it.
    pub options: Options,
}

/// What came of a build.
#[derive(Clone, Debug)]
pub struct Output {
    /// The guests in the order they were named.
    pub guests: Vec<GuestOutput>,
    /// The static library with the machine code of all of them, which the bindings link with;
    /// `None` if only bindings were wanted, for now.
    pub library: Option<PathBuf>,
}

/// What came of a guest.
#[derive(Clone, Debug)]
pub struct GuestOutput {
    /// Its name, which is that of its files in OUT_DIR.
    pub name: String,
    /// The module that was compiled.
    pub module: PathBuf,
    /// Whether the module was built from a package's sources just now.
    pub built: bool,
    /// What it offers and needs.
    pub interface: Interface,
    /// Its bindings.
    pub bindings: PathBuf,
    /// Its C header, if one was wanted.
    pub header: Option<PathBuf>,
    /// Its object file, unless only bindings were wanted.
    pub object: Option<PathBuf>,
    /// Whether its machine code was generated just now; else what was there already was the
    /// right one.
    pub compiled: bool,
}

impl Build {
    /// A build without guests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a module in the binary format.
    pub fn wasm(mut self, path: impl Into<PathBuf>) -> Self {
        self.guests.push(Source::File(path.into()));
        self
    }

    /// Adds a module in the text format.
    pub fn wat(self, path: impl Into<PathBuf>) -> Self {
        self.wasm(path)
    }

    /// Adds a Cargo package: by its folder or Cargo.toml, or by its name if it is in this
    /// workspace or a dependency. It is built in its release profile, unless
    /// [`guest_profile`](Self::guest_profile) says otherwise; where its wasm target is not
    /// installed, a module committed with it is used, see [`prebuilt`](Self::prebuilt).
    pub fn package(mut self, package: impl Into<String>) -> Self {
        self.guests.push(Source::Package(Package::new(package)));
        self
    }

    /// Adds the guests that `[package.metadata.wasmaot.guests]` in the package's Cargo.toml
    /// names, each with the options that stand there; see [`metadata`](crate::metadata).
    pub fn metadata(mut self) -> Self {
        self.from_metadata = true;
        self
    }

    /// The guest's name, if there is only one: that of its bindings, its type and its symbols.
    /// Else it is the name of its file or package.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What symbols start with. Else it is made of the package's name and version.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.prefix = Some(prefix.into());
        self
    }

    /// The exports that are wanted: no others are compiled.
    pub fn exports<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options.exports = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How much work to spend on fast code. Else it is as much as the profile says: none at
    /// `opt-level = 0`.
    pub fn opt_level(mut self, level: OptLevel) -> Self {
        self.options.opt_level = Some(level.into());
        self
    }

    /// Whether guests check everything themselves instead of relying on signals.
    pub fn explicit_checks(mut self, yes: bool) -> Self {
        self.options.explicit_checks = Some(yes);
        self
    }

    /// The CPU features that code may use beyond the target's baseline, by rustc's names. Else
    /// they are those that rustc may use.
    pub fn cpu_features<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options.cpu_features = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Whether every NaN that arithmetic makes is the canonical one: results are then the same on
    /// every machine, bit for bit. Default: no, which is faster.
    pub fn canonicalize_nans(mut self, yes: bool) -> Self {
        self.options.canonicalize_nans = Some(yes);
        self
    }

    /// Whether relaxed SIMD instructions give the results that the specification's deterministic
    /// profile prescribes, the same on every machine. Default: no, which is faster. The profile
    /// wants [canonical NaNs](Self::canonicalize_nans) too.
    pub fn relaxed_simd_deterministic(mut self, yes: bool) -> Self {
        self.options.relaxed_simd_deterministic = Some(yes);
        self
    }

    /// Whether the functions of WASI that the guests import are the program's own. Bindings do not
    /// ask for them; the guests' store is given a `wasmaot::wasi::WasiCtx`, and `wasmaot` is to have
    /// its feature `wasi`. Default: they are imports like any other.
    pub fn wasi(mut self, yes: bool) -> Self {
        self.options.wasi = Some(yes);
        self
    }

    /// Whether guests count what they do against fuel that the host gives to their store
    /// (`Store::set_fuel`), exactly and the same on every machine. Default: no. Such a guest can
    /// be instantiated only in a store that was given fuel.
    pub fn fuel(mut self, yes: bool) -> Self {
        self.options.fuel = Some(yes);
        self
    }

    /// Whether guests look in loops and calls whether they are to stop: past a deadline
    /// (`Store::set_deadline`) or because another thread says so (`Store::interrupt_handle`).
    /// Default: no.
    pub fn epochs(mut self, yes: bool) -> Self {
        self.options.epochs = Some(yes);
        self
    }

    /// Proposals past WebAssembly 1.0 that guests may not use, though they are supported, by the
    /// names of their repositories (`threads`, `tail-call`, …): such a guest is refused.
    pub fn without_proposals<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Self {
        self.options.without_proposals = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// How many bytes of address space each memory reserves.
    pub fn memory_reservation(mut self, bytes: u64) -> Self {
        self.options.memory_reservation = Some(bytes);
        self
    }

    /// How many bytes behind those fault.
    pub fn memory_guard(mut self, bytes: u64) -> Self {
        self.options.memory_guard = Some(bytes);
        self
    }

    /// Whether a guest needs one instance at a time only. Its memory is at an address that is known when it is
    /// compiled then, which makes code for `x86_64` faster. An instance of it is refused while there is another one, of
    /// it or of any other guest in the process for which this is so. Default: no.
    pub fn single_instance(mut self, yes: bool) -> Self {
        self.options.single_instance = Some(yes);
        self
    }

    /// Whether to emit debug information. Else it is as the profile says.
    pub fn debug_info(mut self, yes: bool) -> Self {
        self.options.debug_info = Some(yes);
        self
    }

    /// Whether to write a C header, too.
    pub fn header(mut self, yes: bool) -> Self {
        self.options.header = Some(yes);
        self
    }

    /// The module to use where a package's wasm target is not installed. Else it is
    /// `<name>.wasm` beside the package's Cargo.toml, if there is one.
    pub fn prebuilt(mut self, path: impl Into<PathBuf>) -> Self {
        self.package.prebuilt = Some(path.into());
        self
    }

    /// The wasm target of packages. Else it is `wasm32-unknown-unknown`.
    pub fn guest_target(mut self, triple: impl Into<String>) -> Self {
        self.package.target = Some(triple.into());
        self
    }

    /// The profile of packages. Else it is `release`.
    pub fn guest_profile(mut self, profile: impl Into<String>) -> Self {
        self.package.profile = Some(profile.into());
        self
    }

    /// Features of packages.
    pub fn guest_features<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.package.features.extend(names.into_iter().map(Into::into));
        self
    }

    /// Builds packages without their default features.
    pub fn guest_no_default_features(mut self) -> Self {
        self.package.no_default_features = true;
        self
    }

    /// Does it all: leaves bindings in OUT_DIR and machine code for cargo to link. If anything
    /// is wrong it says so the way cargo shows best, and ends the build.
    pub fn compile(self) -> Output {
        self.try_compile().unwrap_or_else(|error| cargo::fail(&error))
    }

    /// As [`compile`](Self::compile), but returns what is wrong.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn try_compile(self) -> Result<Output, Error> {
        let mut lines = Lines::default();
        let result = self.run(&Env::from_process()?, &mut lines);
        lines.print();
        result
    }

    /// As [`try_compile`](Self::try_compile) for a given environment; what cargo is to be told
    /// ends up in `lines`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run(self, env: &Env, lines: &mut Lines) -> Result<Output, Error> {
        for name in env::RERUN {
            lines.depends_on_variable(*name);
        }
        let mut loaded: Vec<Loaded> = Vec::new();
        for guest in self.guests(env, lines)? {
            let guest = guest::load(guest, env, lines)?;
            if let Some(other) = loaded.iter().find(|other| other.stem == guest.stem) {
                return Err(Error::Options(format!(
                    "two guests are called `{}`: `{}` and `{}`",
                    guest.name,
                    other.module.display(),
                    guest.module.display()
                )));
            }
            loaded.push(guest);
        }
        let library = guest::library_name(&loaded, env);
        let guests: Result<Vec<_>, _> =
            loaded.into_iter().map(|guest| guest::compile(guest, &library, env, lines)).collect();
        let guests = guests?;
        let library = guest::link(&guests, &library, env, lines)?;
        Ok(Output { guests, library })
    }

    fn guests(self, env: &Env, lines: &mut Lines) -> Result<Vec<Guest>, Error> {
        let mut guests = Vec::new();
        for source in self.guests {
            let source = match source {
                Source::Package(package) => Source::Package(self.package.apply(package)),
                file => file,
            };
            guests.push(Guest { name: None, source, options: self.options.clone() });
        }
        if self.from_metadata {
            lines.depends_on_file(env.manifest_dir.join("Cargo.toml"));
            for mut guest in metadata::guests(&package::own_metadata(env)?, env)? {
                guest.options = guest.options.or(&self.options);
                guests.push(guest);
            }
        }
        match (&mut guests[..], self.name) {
            ([], _) => return Err(Error::Options("no guest was named: add one".into())),
            ([guest], Some(name)) => guest.name = Some(name),
            (_, None) => {}
            (_, Some(name)) => {
                return Err(Error::Options(format!(
                    "the name `{name}` cannot be that of {} guests: use a build for each",
                    guests.len()
                )));
            }
        }
        Ok(guests)
    }
}

impl PackageOptions {
    fn apply(&self, package: Package) -> Package {
        Package {
            spec: package.spec,
            target: self.target.clone().unwrap_or(package.target),
            profile: self.profile.clone().unwrap_or(package.profile),
            features: self.features.clone(),
            default_features: !self.no_default_features,
            prebuilt: self.prebuilt.clone(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use std::path::Path;

    use super::*;

    /// The environment of a build script for a package in `/package`.
    pub fn env(out: &Path) -> Env {
        let out = out.to_owned();
        let read = move |name: &str| {
            Some(match name {
                "OUT_DIR" => out.clone().into_os_string(),
                "CARGO_MANIFEST_DIR" => "/package".into(),
                "CARGO_PKG_NAME" => "my-app".into(),
                "CARGO_PKG_VERSION" => "1.2.3".into(),
                "TARGET" => "x86_64-unknown-linux-gnu".into(),
                "CARGO" => env!("CARGO").into(),
                "RUSTC" => "rustc".into(),
                _ => return None,
            })
        };
        Env::read(read, vec![]).unwrap()
    }
}
