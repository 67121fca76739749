//! From compiled objects to modules that run in this program: write them and the [`stub`] down,
//! [`link`] all of them into one shared library, load it as a [`library`].
//!
//! Modules that are to meet in one store must be loaded together: it is the linker that makes
//! one function type of the copies that modules bring.

pub mod library;
pub mod link;
pub mod stub;

use std::fs;

use anyhow::{Context, Result, ensure};
use wasmaot::Module;
use wasmaot_compiler::Artifact;

use library::Library;
use link::Linker;

/// Links and loads compiled modules; the result is in the order of the argument. The modules
/// must be compiled for the machine that this program runs on, under different names.
///
/// # Errors
/// If no linker is found, or it fails, or the system refuses to load the result.
pub fn load(artifacts: &[Artifact], linker: &Linker) -> Result<Vec<Module>> {
    if artifacts.is_empty() {
        return Ok(Vec::new());
    }
    let mut symbols: Vec<_> = artifacts.iter().map(|a| &a.interface.exports_symbol).collect();
    symbols.sort();
    let clash = symbols.windows(2).find(|pair| pair[0] == pair[1]);
    ensure!(clash.is_none(), "two modules have the same name: both define `{}`", symbols[0]);

    let folder = tempfile::Builder::new()
        .prefix("wasmaot-")
        .tempdir()
        .context("cannot make a temporary folder for objects")?;
    let write = |name: String, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
        anyhow::Ok(path)
    };
    let mut objects = vec![write("stub.o".into(), &stub::object()?)?];
    for (index, artifact) in artifacts.iter().enumerate() {
        objects.push(write(format!("{index}.o"), &artifact.object)?);
    }
    let path = folder.path().join("guests.so");
    linker.shared_library(&objects, &path)?;
    // The files may go once they are mapped.
    let library = Library::open(&path)?;
    artifacts.iter().map(|artifact| library.module(&artifact.interface.exports_symbol)).collect()
}
