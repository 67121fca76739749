//! A guest's way from its source to machine code and bindings, stage by stage: [`load`],
//! [`compile`], and for all guests of a build together [`link`].

use std::path::{Path, PathBuf};

use wasmaot_compiler::Store;

use crate::archive::{self, Member};
use crate::builder::{Guest, GuestOutput, Source};
use crate::c_header::c_header;
use crate::cargo::Lines;
use crate::env::{Env, MachineCode};
use crate::error::Error;
use crate::options::{self, Options};
use crate::rust::{names, rust_bindings_linked};
use crate::{jobs, object, output, package};

/// A guest whose module was found or built.
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// The same as the name of files, and of a Rust module that includes its bindings.
    pub stem: String,
    /// Its module's file.
    pub module: PathBuf,
    built: bool,
    wasm: Vec<u8>,
    options: Options,
}

/// Finds or builds a guest's module.
///
/// # Errors
/// If there is none.
pub fn load(guest: Guest, env: &Env, lines: &mut Lines) -> Result<Loaded, Error> {
    let (module, default_name, built) = match &guest.source {
        Source::File(path) => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (env.resolve(path), stem, false)
        }
        Source::Package(package) => {
            let module = package::build(package, env, lines)?;
            (module.path, module.package, module.built)
        }
    };
    // A module that was built is no source, and newer than the start of this script.
    if !built {
        lines.depends_on_file(&module);
    }
    let name = guest.name.unwrap_or(default_name);
    let stem = names::file(&name);
    let wasm = read_module(&module)?;
    Ok(Loaded { name, stem, module, built, wasm, options: guest.options })
}

/// Reads a module, in either format.
fn read_module(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = output::read(path)?;
    if bytes.starts_with(b"\0asm") || path.extension().is_none_or(|extension| extension != "wat") {
        return Ok(bytes);
    }
    let parsed = wat::Parser::new().parse_bytes(Some(path), &bytes).map(|wasm| wasm.into_owned());
    parsed.map_err(|error| Error::Text { path: path.into(), message: error.to_string() })
}

/// The name of the library with all guests of a build: unique among all that end up in the same
/// program, for rustc looks libraries up by name.
pub fn library_name(guests: &[Loaded], env: &Env) -> String {
    let package = options::package_identifier(env);
    let stem = guests.first().map(|guest| &*guest.stem).unwrap_or_default();
    match guests.len() {
        0 | 1 => format!("wasmaot_{package}_{stem}"),
        n => format!("wasmaot_{package}_{stem}_and_{}", n - 1),
    }
}

/// Writes a guest's bindings, and its machine code, if that is wanted and not there already.
///
/// # Errors
/// If the guest does not compile.
pub fn compile(
    guest: Loaded,
    library: &str,
    env: &Env,
    lines: &mut Lines,
) -> Result<GuestOutput, Error> {
    let Loaded { name, stem, module, built, wasm, options } = guest;
    let config = options.config(&name, env);
    let compile_error = |source| Error::Compile { path: module.clone(), source };
    let object = env.out_dir.join(format!("{stem}.o"));
    let key = object::key(&wasm, &config);
    let current = object::is_current(&object, &key);
    let artifact = if env.machine_code == MachineCode::Now && !current {
        let cache = env.cache.as_ref().unwrap_or_else(|problem| {
            lines.warn(problem.clone());
            &None
        });
        let store = cache.as_ref().map(|cache| cache as &dyn Store);
        let work = || wasmaot_compiler::compile_with(&wasm, &config, store);
        Some(jobs::run(env.jobs, env.makeflags.as_deref(), work).map_err(compile_error)?)
    } else {
        None
    };
    let interface = match &artifact {
        Some(artifact) => artifact.interface.clone(),
        None => wasmaot_compiler::describe(&wasm, &config).map_err(compile_error)?,
    };

    let bindings = env.out_dir.join(format!("{stem}.rs"));
    output::write(&bindings, rust_bindings_linked(&interface, library).as_bytes())?;
    let mut header = None;
    if options.header == Some(true) {
        let path = env.out_dir.join(format!("{stem}.h"));
        output::write(&path, c_header(&interface).as_bytes())?;
        header = Some(path);
    }

    let compiled = artifact.is_some();
    let there = match &artifact {
        Some(artifact) => {
            object::store(&object, &artifact.object, &key)?;
            true
        }
        None if env.machine_code == MachineCode::Later && !current => {
            // A file that is missing makes cargo run this script again, in a build that needs it.
            object::remove(&object)?;
            lines.depends_on_file(&object);
            false
        }
        None => env.machine_code != MachineCode::Never,
    };
    let object = there.then_some(object);
    Ok(GuestOutput { name, module, built, interface, bindings, header, object, compiled })
}

/// Puts the objects into a library and tells cargo where that is. What links with it is the
/// attribute in the bindings, so that whichever target includes them gets the library: cargo
/// would give it to the package's own library target alone.
///
/// # Errors
/// [`Error::Write`].
pub fn link(
    guests: &[GuestOutput],
    name: &str,
    env: &Env,
    lines: &mut Lines,
) -> Result<Option<PathBuf>, Error> {
    let objects: Vec<_> = guests.iter().filter_map(|guest| guest.object.as_ref()).collect();
    if objects.len() < guests.len() {
        if env.machine_code == MachineCode::Never {
            lines.warn(
                "only bindings were made, no machine code: this can be checked and documented, \
                 but not linked",
            );
        }
        return Ok(None);
    }
    let mut members = Vec::new();
    for path in objects {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        members.push(Member { name, object: output::read(path)? });
    }
    let path = env.out_dir.join(format!("lib{name}.a"));
    let bytes =
        archive::archive(&members).map_err(|source| Error::Write { path: path.clone(), source })?;
    output::write(&path, &bytes)?;
    lines.search(&env.out_dir);
    Ok(Some(path))
}
