//! Programs that are WebAssembly guests. [`make`] goes from a module to an executable, in this order:
//!
//! 1. Look for the program in the [`cache`], by a key of all that it depends on.
//! 2. Describe the module, and find out who provides its [`imports`]; what nobody does is an error
//!    before anything is compiled.
//! 3. Compile it to an object.
//! 4. Have cargo build a [`package`] that links it with the runtime, and put the program into the
//!    cache.
//!
//! What a guest is granted, [`grants`] writes down for it.

pub mod cache;
pub mod grants;
pub mod imports;
pub mod package;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use wasmaot_compiler::interface::ExternType;
use wasmaot_compiler::{Config, Interface};

use crate::guest::{CompileOptions, Guest};
use crate::shell::Shell;
use cache::Cache;
use grants::Grants;

/// How a program is linked.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of programs")]
pub struct LinkOptions {
    /// Make functions that nobody provides into traps, and list them
    #[arg(long)]
    pub stub_missing: bool,

    /// Link the C library into the program, too
    #[arg(long = "static")]
    pub crt_static: bool,

    /// Keep the names of functions in the program
    #[arg(long)]
    pub no_strip: bool,
}

impl LinkOptions {
    /// Whether any was given.
    pub fn is_given(&self) -> bool {
        let Self { stub_missing, crt_static, no_strip } = self;
        *stub_missing || *crt_static || *no_strip
    }
}

/// How cargo is called.
#[derive(Clone, Debug, Default)]
pub struct CargoOptions {
    /// `--offline`, `--locked`, `--frozen`, `--jobs=N`.
    pub flags: Vec<String>,
    /// Whether flags in the environment are meant for something else, a guest.
    pub not_for_us: bool,
}

/// What program to make.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The guest.
    pub guest: &'a Guest,
    /// How it is compiled.
    pub options: &'a CompileOptions,
    /// For which machine.
    pub target: &'a str,
    /// How it is linked.
    pub link: &'a LinkOptions,
    /// What it is granted for good.
    pub grants: &'a Grants,
    /// Whether it takes grants from the environment when it runs.
    pub asks_environment: bool,
    /// How cargo is called.
    pub cargo: &'a CargoOptions,
    /// Whether it is made even if it was made before.
    pub anew: bool,
}

impl Request<'_> {
    /// The program, if it was made before and that will do.
    pub fn find(&self, cache: &Cache) -> Option<PathBuf> {
        self.find_by(&self.key(), cache)
    }

    fn find_by(&self, key: &str, cache: &Cache) -> Option<PathBuf> {
        if self.anew { None } else { cache.find(key) }
    }

    /// Whether the module is a command.
    ///
    /// # Errors
    /// If it is no module that can be compiled.
    pub fn is_command(&self) -> Result<bool> {
        let interface = wasmaot_compiler::describe(&self.guest.wasm, &self.config())
            .with_context(|| self.guest.failed())?;
        Ok(interface.exports.iter().any(|export| export.name == START))
    }

    fn config(&self) -> Config {
        let mut config = self.options.config(self.guest, self.target);
        config.wasi = true;
        // It is the only one in its process, but for threads.
        config.single_instance = self.options.single_instance.unwrap_or(true);
        config
    }

    /// What distinguishes the program from others: of everything that goes into it.
    fn key(&self) -> String {
        let Self { guest, options, target, link, grants, asks_environment, cargo: _, anew: _ } =
            self;
        let how = format!(
            "{options:?}\0{target}\0{link:?}\0{asks_environment}\0{:?}\0{:?}",
            grants.text(),
            guest.path.file_stem(),
        );
        cache::key(&[&guest.wasm, how.as_bytes(), &cache::build_stamp()])
    }
}

/// Makes a program, or finds it in the cache; its path there.
///
/// # Errors
/// If the module is no command, needs what nobody provides, or cannot be compiled; if the cache
/// cannot be written to; or if cargo or the linker fails.
pub fn make(request: &Request<'_>, cache: &Cache, shell: &Shell) -> Result<PathBuf> {
    let key = request.key();
    if let Some(program) = request.find_by(&key, cache) {
        shell.status("Fresh", request.guest.path.display());
        return Ok(program);
    }
    let guest = request.guest;
    let mut config = request.config();
    let interface =
        wasmaot_compiler::describe(&guest.wasm, &config).with_context(|| guest.failed())?;
    check_command(&interface, guest)?;
    let imports = imports::resolve(&interface, request.link.stub_missing)
        .with_context(|| format!("cannot make a program of `{}`", guest.path.display()))?;
    for stub in imports.stubs() {
        shell.note(format!("`{stub}` is a trap: nobody provides it"));
    }
    // Nothing else of the module is reachable.
    let mut exports = request.options.exports.clone().unwrap_or_default();
    exports.extend(interface.exports.iter().filter(|export| is_called(&export.name)).map(name));
    config.exports = Some(exports);

    shell.status("Compiling", format!("{} ({})", guest.path.display(), request.target));
    let limits = [(config.fuel, "fuel"), (config.epochs, "timeout")];
    let artifact = guest.compile(&config, shell)?;
    let package = package::Package {
        target: request.target,
        interface: &artifact.interface,
        imports: &imports,
        limits: limits.into_iter().filter(|(used, _)| *used).map(|(_, name)| name).collect(),
        options: request.grants.text(),
        asks_environment: request.asks_environment,
        ignores_broken_pipes: made_by_rust(&guest.wasm),
        crt_static: request.link.crt_static,
        strip: !request.link.no_strip,
        object: &artifact.object,
    };
    let folder = cache.lock(shell)?;
    if let Some(program) = request.find_by(&key, cache) {
        // Another one was quicker.
        return Ok(program);
    }
    shell.status("Linking", guest.path.display());
    let built = package.build(&folder, &key, request.cargo, shell)?;
    cache.add(&key, &built)
}

fn name(export: &wasmaot_compiler::interface::Export) -> String {
    export.name.clone()
}

/// Whether a program calls an export.
fn is_called(export: &str) -> bool {
    export == START || export == "wasi_thread_start"
}

/// What commands export.
pub const START: &str = "_start";

/// Refuses what is no command.
fn check_command(interface: &Interface, guest: &Guest) -> Result<()> {
    let path = guest.path.display();
    let export = interface.exports.iter().find(|export| export.name == START);
    match export.map(|export| &export.ty) {
        Some(ExternType::Func(ty)) if ty.params.is_empty() && ty.results.is_empty() => Ok(()),
        Some(ty) => bail!(
            "`{path}` is no program: `{START}` must be a func(), and is a {}",
            crate::words::show_type(ty)
        ),
        None if interface.exports.iter().any(|export| export.name == "_initialize") => bail!(
            "`{path}` is no program but a library (a WASI reactor: it exports `_initialize`): make \
             a host program for it, `cargo wasmaot new` shows how"
        ),
        None => bail!(
            "`{path}` is no program: it exports no function `{START}`; compile it for \
             wasm32-wasip1 with a `main`, or make a host program for it, `cargo wasmaot new` \
             shows how"
        ),
    }
}

/// Whether Rust's compiler made a module, by its section `producers`.
fn made_by_rust(wasm: &[u8]) -> bool {
    let sections = wasmparser::Parser::new(0).parse_all(wasm).filter_map(|payload| match payload {
        Ok(wasmparser::Payload::CustomSection(section)) => match section.as_known() {
            wasmparser::KnownCustom::Producers(producers) => Some(producers),
            _ => None,
        },
        _ => None,
    });
    let languages = sections
        .flat_map(|fields| fields.into_iter().flatten())
        .filter(|field| field.name == "language")
        .flat_map(|field| field.values.into_iter().flatten());
    languages.into_iter().any(|language| language.name == "Rust")
}

/// Copies a program out of the cache, so that nobody ever sees half of it.
///
/// # Errors
/// If that is not possible, naming the file.
pub fn copy_out(program: &std::path::Path, output: &std::path::Path) -> Result<()> {
    let bytes =
        fs::read(program).with_context(|| format!("cannot read `{}`", program.display()))?;
    crate::files::write_executable(output, &bytes)
}
