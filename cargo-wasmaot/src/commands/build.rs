//! `cargo wasmaot build`: the guests that packages name in their metadata, then the packages.
//!
//! A package whose build script uses `wasmaot-build` compiles its guests itself when cargo
//! builds it. For any other (a host in C, say) the guests' archive, bindings and headers are
//! left in `<target folder>/wasmaot/<triple>/<profile>/<package>`.
//!
//! With `--bin` and the path of a module it makes a program of that instead: see [`crate::program`].

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgAction, Args};
use serde::Deserialize;
use serde_json::Value;
use wasmaot_build::{Env, Lines, MachineCode};
use wasmaot_compiler::OptLevel;

use crate::files::folder_of;
use crate::guest::{CacheOptions, CompileOptions, Guest};
use crate::program::cache::Cache;
use crate::program::grants::Grants;
use crate::program::{CargoOptions, LinkOptions, Request};
use crate::shell::{Color, Shell};

/// Compile the guests that packages name in their metadata, then build the packages; or make a
/// program of a module
///
/// The guests stand under `[package.metadata.wasmaot.guests]` in Cargo.toml. The options are
/// those of `cargo build`, and passed on to it.
///
/// With `--bin app.wasm`, a WASI command becomes one executable. It may do what the options say,
/// and all its arguments are the guest's: it has no options of its own.
#[derive(Debug, Args)]
pub struct Build {
    /// Package to build; several are possible
    #[arg(long, short, value_name = "SPEC", action = ArgAction::Append)]
    package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long)]
    workspace: bool,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// The target triple
    #[arg(long, value_name = "TRIPLE", env = "CARGO_BUILD_TARGET")]
    target: Option<String>,
    /// Folder for everything that is built
    #[arg(long, value_name = "DIRECTORY")]
    target_dir: Option<PathBuf>,
    /// Build with the profile `release`
    #[arg(long, short, conflicts_with = "profile")]
    release: bool,
    /// Build with a profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Features to activate
    #[arg(long, short = 'F', value_name = "FEATURES", action = ArgAction::Append)]
    features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    all_features: bool,
    /// Do not activate the feature `default`
    #[arg(long)]
    no_default_features: bool,
    /// Number of jobs
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Build only this binary; several are possible. The path of a module (.wasm or .wat) makes a
    /// program of that
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    bin: Vec<String>,
    /// Assert that Cargo.lock will not change
    #[arg(long)]
    locked: bool,
    /// Do not access the network
    #[arg(long)]
    offline: bool,
    /// Both of the above
    #[arg(long)]
    frozen: bool,
    /// Where to write the program that a module is made into (default: here, by the module's name)
    #[arg(long, short, value_name = "FILE", requires = "bin")]
    output: Option<PathBuf>,
    /// More options of `cargo build`
    #[arg(last = true, value_name = "OPTIONS")]
    more: Vec<OsString>,

    #[command(flatten)]
    link: LinkOptions,
    #[command(flatten)]
    grants: Grants,
    #[command(flatten)]
    cache: CacheOptions,
    #[command(flatten)]
    options: CompileOptions,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_default_members: Option<Vec<String>>,
    target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    manifest_path: PathBuf,
    #[serde(default)]
    metadata: Value,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Build {
    /// Runs the command.
    ///
    /// # Errors
    /// If there is no such package, none names guests, or a guest cannot be compiled.
    pub fn run(&self, shell: &Shell, color: Color) -> Result<ExitCode> {
        if let [module] = &self.bin[..]
            && is_module(Path::new(module))
        {
            return self.program(Path::new(module), shell);
        }
        self.only_for_packages()?;
        let metadata = self.metadata()?;
        let selected = self.selected(&metadata)?;
        let mut with_guests = selected.iter().filter(|package| has_guests(package)).peekable();
        if with_guests.peek().is_none() {
            let names: Vec<_> = selected.iter().map(|p| format!("`{}`", p.name)).collect();
            bail!(
                "{} names no guests: add to its Cargo.toml\n\n    \
                 [package.metadata.wasmaot.guests.NAME]\n    path = \"guest.wasm\"",
                names.join(", ")
            );
        }
        for package in with_guests {
            if uses_build_script(package) {
                shell.status(
                    "Guests",
                    format!("of {} are compiled by its build script", package.name),
                );
            } else {
                self.compile_guests(package, &metadata.target_directory, shell)?;
            }
        }
        self.cargo_build(shell, color)
    }

    /// Makes a program of a module.
    fn program(&self, module: &Path, shell: &Shell) -> Result<ExitCode> {
        let given = [
            (!self.package.is_empty(), "--package"),
            (self.workspace, "--workspace"),
            (self.manifest_path.is_some(), "--manifest-path"),
            (self.target_dir.is_some(), "--target-dir"),
            (self.profile.is_some(), "--profile"),
            (!self.features.is_empty(), "--features"),
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
            (!self.more.is_empty(), "what follows `--`"),
        ];
        if let Some((_, option)) = given.iter().find(|(given, _)| *given) {
            bail!("{option} is for packages: `{}` is a module", module.display());
        }
        let guest = Guest::read(module)?.cached(&self.cache, shell);
        let output = match &self.output {
            Some(output) => output.clone(),
            None => module.file_stem().unwrap_or_default().into(),
        };
        let folder = folder_of(&output);
        if output.is_dir() || !folder.is_dir() {
            bail!(
                "cannot write `{}`: {}",
                output.display(),
                if output.is_dir() { "it is a folder" } else { "there is no such folder" }
            );
        }
        // What the environment says may be meant for the guest.
        let for_guests = |target: &String| {
            target.starts_with("wasm")
                && env::var("CARGO_BUILD_TARGET").is_ok_and(|variable| variable == *target)
        };
        let target = self.target.clone().filter(|target| !for_guests(target));
        let target = target.unwrap_or_else(crate::host_target);
        let mut flags = self.network_flags();
        flags.extend(self.jobs.map(|jobs| format!("--jobs={jobs}")));
        let request = Request {
            guest: &guest,
            options: &self.grants.compile_options(&self.options),
            target: &target,
            link: &self.link,
            grants: &self.grants,
            asks_environment: false,
            cargo: &CargoOptions { flags, not_for_us: false },
            anew: self.cache.no_cache,
        };
        let program = crate::program::make(&request, &Cache::find_folder()?, shell)?;
        crate::program::copy_out(&program, &output)?;
        let bytes = std::fs::metadata(&output).map_or(0, |meta| meta.len());
        if shell.json() {
            shell.json_line(&serde_json::json!({
                "reason": "wasmaot-artifact",
                "kind": "program",
                "target": target,
                "input": module,
                "output": output,
                "bytes": bytes,
            }));
        }
        shell.status("Finished", format!("{} ({bytes} bytes)", output.display()));
        Ok(ExitCode::SUCCESS)
    }

    /// Refuses what only a module's program has.
    fn only_for_packages(&self) -> Result<()> {
        let for_modules = self.output.is_some()
            || self.link.is_given()
            || !self.grants.text().is_empty()
            || self.options.is_given();
        if for_modules {
            bail!(
                "--output, and options of programs, grants and compilation, are for programs made of \
                 a module: `--bin` must be the path of one, whose name ends in .wasm or .wat"
            );
        }
        Ok(())
    }

    fn metadata(&self) -> Result<Metadata> {
        let mut command = cargo();
        command.args(["metadata", "--format-version=1", "--no-deps"]);
        if let Some(path) = &self.manifest_path {
            command.arg("--manifest-path").arg(path);
        }
        self.network(&mut command);
        let output = command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
        if !output.status.success() {
            // Cargo's own words, without its `error: `.
            let text = String::from_utf8_lossy(&output.stderr);
            let text = text.trim();
            bail!("{}", text.strip_prefix("error: ").unwrap_or(text));
        }
        serde_json::from_slice(&output.stdout).context("cannot read the output of `cargo metadata`")
    }

    /// The packages that cargo would build.
    fn selected<'a>(&self, metadata: &'a Metadata) -> Result<Vec<&'a Package>> {
        let all = &metadata.packages;
        if !self.package.is_empty() {
            let find = |name: &String| {
                all.iter().find(|package| package.name == *name || package.id == *name).ok_or_else(
                    || {
                        let known: Vec<_> = all.iter().map(|p| format!("`{}`", p.name)).collect();
                        anyhow!(
                            "there is no package `{name}` in the workspace; it has {}",
                            known.join(", ")
                        )
                    },
                )
            };
            return self.package.iter().map(find).collect();
        }
        let default = metadata.workspace_default_members.as_ref().filter(|_| !self.workspace);
        let is_meant =
            |package: &&Package| default.is_none_or(|members| members.contains(&package.id));
        Ok(all.iter().filter(is_meant).collect())
    }

    fn compile_guests(&self, package: &Package, target_dir: &Path, shell: &Shell) -> Result<()> {
        let target = self.target.clone().unwrap_or_else(crate::host_target);
        let profile = match (&self.profile, self.release) {
            (Some(profile), _) => profile.as_str(),
            (None, true) => "release",
            (None, false) => "dev",
        };
        let target_dir = self.target_dir.as_deref().unwrap_or(target_dir);
        let folder = if profile == "dev" { "debug" } else { profile };
        let out_dir = target_dir.join("wasmaot").join(&target).join(folder).join(&package.name);
        std::fs::create_dir_all(&out_dir)
            .with_context(|| format!("cannot make the folder `{}`", out_dir.display()))?;
        let env = Env {
            out_dir: std::path::absolute(out_dir)?,
            manifest_dir: package.manifest_path.parent().unwrap_or(Path::new("")).to_owned(),
            package: package.name.clone(),
            version: package.version.clone(),
            target,
            features: Vec::new(),
            opt_level: if profile == "dev" { OptLevel::None } else { OptLevel::Speed },
            debug_info: profile == "dev",
            jobs: (self.jobs)
                .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
                .unwrap_or(1),
            makeflags: env::var("MAKEFLAGS").ok(),
            cargo: cargo_program(),
            rustc: env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from),
            cargo_flags: self.network_flags(),
            machine_code: MachineCode::Now,
            cache: self.cache.find(),
            names: env::vars_os().map(|(name, _)| name).collect(),
        };
        shell.status("Compiling", format!("guests of {}", package.name));
        let output = wasmaot_build::Build::new()
            .metadata()
            .run(&env, &mut Lines::default())
            // The error says its cause itself.
            .map_err(|error| match error.help() {
                Some(help) => anyhow!("{error}\n  help: {help}"),
                None => anyhow!("{error}"),
            })?;
        for guest in &output.guests {
            let what = if guest.compiled { "Compiled" } else { "Fresh" };
            shell.status(what, format!("{} ({})", guest.name, guest.module.display()));
            if shell.json() {
                shell.json_line(&serde_json::json!({
                    "reason": "wasmaot-artifact",
                    "kind": "object",
                    "package_id": package.id,
                    "target": env.target,
                    "input": guest.module,
                    "output": guest.object,
                    "bindings": guest.bindings,
                    "header": guest.header,
                    "library": output.library,
                    "fresh": !guest.compiled,
                    "interface": guest.interface,
                }));
            }
        }
        Ok(())
    }

    /// Hands on to cargo.
    fn cargo_build(&self, shell: &Shell, color: Color) -> Result<ExitCode> {
        let mut command = cargo();
        command.arg("build");
        self.network(&mut command);
        let mut flag = |is_set: bool, name: &str| {
            if is_set {
                command.arg(name);
            }
        };
        flag(self.workspace, "--workspace");
        flag(self.release, "--release");
        flag(self.all_features, "--all-features");
        flag(self.no_default_features, "--no-default-features");
        flag(shell.quiet(), "--quiet");
        flag(shell.verbose(), "--verbose");
        flag(shell.json(), "--message-format=json");
        command.arg("--color").arg(match color {
            Color::Auto => "auto",
            Color::Always => "always",
            Color::Never => "never",
        });
        for (name, values) in
            [("--package", &self.package), ("--features", &self.features), ("--bin", &self.bin)]
        {
            for value in values {
                command.arg(name).arg(value);
            }
        }
        if let Some(target) = &self.target {
            command.arg("--target").arg(target);
        }
        if let Some(profile) = &self.profile {
            command.arg("--profile").arg(profile);
        }
        if let Some(jobs) = self.jobs {
            command.arg("--jobs").arg(jobs.to_string());
        }
        for (name, path) in
            [("--manifest-path", &self.manifest_path), ("--target-dir", &self.target_dir)]
        {
            if let Some(path) = path {
                command.arg(name).arg(path);
            }
        }
        command.args(&self.more);
        let status = command
            .status()
            .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(101)))
    }

    /// The options about Cargo.lock and the network.
    fn network(&self, command: &mut Command) {
        command.args(self.network_flags());
    }

    fn network_flags(&self) -> Vec<String> {
        [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")]
            .into_iter()
            .filter(|(given, _)| *given)
            .map(|(_, flag)| flag.to_owned())
            .collect()
    }
}

/// Whether `--bin` means a module, not a target of a package.
fn is_module(bin: &Path) -> bool {
    bin.extension().is_some_and(|extension| extension == "wasm" || extension == "wat")
}

fn has_guests(package: &Package) -> bool {
    package.metadata.get("wasmaot").is_some()
}

/// Whether a package's own build script compiles its guests.
fn uses_build_script(package: &Package) -> bool {
    let is_helper = |dependency: &Dependency| {
        dependency.name == "wasmaot-build" && dependency.kind.as_deref() == Some("build")
    };
    package.dependencies.iter().any(is_helper)
}

/// The cargo that runs us, or the one on the `PATH`.
fn cargo_program() -> PathBuf {
    env::var_os("CARGO")
        .filter(|cargo| !cargo.is_empty())
        .map_or_else(|| "cargo".into(), Into::into)
}

fn cargo() -> Command {
    Command::new(cargo_program())
}
