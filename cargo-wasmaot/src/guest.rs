//! A guest on the command line: reading its file, and the options of its compilation.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, FromArgMatches, ValueEnum};
use wasmaot_build::Cache;
use wasmaot_compiler::{Artifact, Config, MemoryStyle, OptLevel, Store, TrapStyle, Work};

use crate::shell::Shell;

/// The options of compilation that several commands have.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Compilation options")]
pub struct CompileOptions {
    /// CPU features beyond the target's baseline, by rustc's names
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    pub cpu_features: Vec<String>,

    /// How much work to spend on the speed of the guest
    #[arg(long, short = 'O', value_name = "LEVEL", default_value = "speed")]
    pub opt_level: Level,

    /// Check everything in code and report traps by calls: needs no signal handler
    #[arg(long)]
    pub explicit_checks: bool,

    /// Bytes of address space behind the start of each memory that code may count on
    #[arg(long, value_name = "BYTES", conflicts_with = "explicit_checks")]
    pub memory_reservation: Option<u64>,

    /// Bytes of inaccessible address space behind those
    #[arg(long, value_name = "BYTES", conflicts_with = "explicit_checks")]
    pub memory_guard: Option<u64>,

    /// Compile for one instance at a time in a process, whose memory is at a known address: that makes
    /// code faster (default: in programs that are made of a module and have no threads)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true")]
    pub single_instance: Option<bool>,

    /// Make every NaN that arithmetic makes the canonical one: the same results everywhere
    #[arg(long)]
    pub canonicalize_nans: bool,

    /// Give relaxed SIMD the results of the deterministic profile: the same everywhere
    #[arg(long)]
    pub relaxed_simd_deterministic: bool,

    /// Count what the guest does against fuel that its host sets: exact, the same everywhere
    #[arg(long = "fuel-metering")]
    pub fuel: bool,

    /// Check in loops and calls whether a deadline has passed or another thread says to stop
    #[arg(long)]
    pub epochs: bool,

    /// Proposals past WebAssembly 1.0 that the module may not use (`threads`, `tail-call`, ...)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub without_proposals: Vec<String>,

    /// Take the functions of WASI from the program, which links with a runtime that has them
    #[arg(long)]
    pub wasi: bool,

    /// The exports that are wanted (default: all); nothing else is compiled
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub exports: Option<Vec<String>>,

    /// The module's name in symbols and backtraces (default: its own, or the file's)
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// What global symbols start with
    #[arg(long, value_name = "PREFIX", default_value = wasmaot_abi::symbols::DEFAULT_PREFIX)]
    pub prefix: String,

    /// Emit information for debuggers
    #[arg(long, short = 'g')]
    pub debug_info: bool,
}

/// The option about machine code that was generated before.
#[derive(Clone, Debug, Args)]
pub struct CacheOptions {
    /// Generate all machine code anew, and keep none of it for the next time
    #[arg(long)]
    pub no_cache: bool,
}

impl CacheOptions {
    /// The cache to use, if any.
    ///
    /// # Errors
    /// If the environment says what cannot be.
    pub fn find(&self) -> Result<Option<Cache>, String> {
        if self.no_cache { Ok(None) } else { Cache::from_process() }
    }
}

/// `--opt-level`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Level {
    /// Compile as fast as possible
    #[value(alias = "0")]
    None,
    /// Make fast code
    #[value(alias = "1", alias = "2", alias = "3")]
    Speed,
    /// Make fast code, small where that costs little
    #[value(alias = "s", alias = "z")]
    SpeedAndSize,
}

impl CompileOptions {
    /// Whether any was given that is not what goes without saying.
    pub fn is_given(&self) -> bool {
        let none = Self::augment_args(clap::Command::new("none")).get_matches_from(["none"]);
        let none = Self::from_arg_matches(&none).map(|options| format!("{options:?}"));
        none.ok() != Some(format!("{self:?}"))
    }

    /// The configuration for a guest and a target.
    pub fn config(&self, guest: &Guest, target: &str) -> Config {
        let memory = MemoryStyle::default();
        Config {
            name: self.name.clone().or_else(|| guest.default_name()),
            prefix: self.prefix.clone(),
            cpu_features: self.cpu_features.clone(),
            opt_level: match self.opt_level {
                Level::None => OptLevel::None,
                Level::Speed => OptLevel::Speed,
                Level::SpeedAndSize => OptLevel::SpeedAndSize,
            },
            debug_info: self.debug_info,
            traps: match self.explicit_checks {
                true => TrapStyle::Explicit,
                false => TrapStyle::Signals,
            },
            memory: MemoryStyle {
                reservation: self.memory_reservation.unwrap_or(memory.reservation),
                guard: self.memory_guard.unwrap_or(memory.guard),
            },
            single_instance: self.single_instance.unwrap_or(false),
            canonicalize_nans: self.canonicalize_nans,
            relaxed_simd_deterministic: self.relaxed_simd_deterministic,
            fuel: self.fuel,
            epochs: self.epochs,
            without: self.without_proposals.clone(),
            wasi: self.wasi,
            exports: self.exports.clone(),
            ..Config::new(target)
        }
    }
}

/// A guest that was read.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its file.
    pub path: PathBuf,
    /// The module in the binary format.
    pub wasm: Vec<u8>,
    /// Where its machine code may be found, and is kept.
    pub cache: Option<Cache>,
}

impl Guest {
    /// Reads a module in the binary or the text format.
    ///
    /// # Errors
    /// If the file cannot be read, or its text is no module's, naming the file and the place.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        if bytes.is_empty() {
            bail!("`{}` is empty: expected a WebAssembly module, binary or text", path.display());
        }
        let is_text = path.extension().is_some_and(|extension| extension == "wat")
            || (!bytes.starts_with(b"\0") && std::str::from_utf8(&bytes).is_ok());
        let wasm = if is_text {
            let wasm = wat::Parser::new().parse_bytes(Some(path), &bytes);
            wasm.with_context(|| format!("cannot read the text of `{}`", path.display()))?
                .into_owned()
        } else {
            bytes
        };
        Ok(Self { path: path.to_owned(), wasm, cache: None })
    }

    /// The same with a cache, if there is one.
    pub fn cached(self, options: &CacheOptions, shell: &Shell) -> Self {
        let cache = options.find().unwrap_or_else(|problem| {
            shell.note(problem);
            None
        });
        Self { cache, ..self }
    }

    /// Compiles the guest.
    ///
    /// # Errors
    /// As the compiler, naming the file.
    pub fn compile(&self, config: &Config, shell: &Shell) -> Result<Artifact> {
        let store = self.cache.as_ref().map(|cache| cache as &dyn Store);
        let artifact = wasmaot_compiler::compile_with(&self.wasm, config, store)
            .with_context(|| self.failed())?;
        if shell.verbose() {
            let Work { generated, reused } = artifact.work;
            shell.status("Generated", format!("{generated} functions, {reused} from the cache"));
        }
        Ok(artifact)
    }

    /// What an error about this guest starts with.
    pub fn failed(&self) -> String {
        format!("cannot compile `{}`", self.path.display())
    }

    /// The name for a module that has none of its own, from its file.
    fn default_name(&self) -> Option<String> {
        let named = wasmparser::Parser::new(0).parse_all(&self.wasm).any(|payload| {
            matches!(payload, Ok(wasmparser::Payload::CustomSection(section)) if has_name(&section))
        });
        (!named).then(|| self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
    }
}

/// Whether a custom section is a name section that names the module.
fn has_name(section: &wasmparser::CustomSectionReader<'_>) -> bool {
    let wasmparser::KnownCustom::Name(names) = section.as_known() else {
        return false;
    };
    names.into_iter().any(|name| matches!(name, Ok(wasmparser::Name::Module { .. })))
}
