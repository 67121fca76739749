//! Where the crates of wasmaot come from that generated packages depend on: the checkout that this
//! program was built in, if it is still there, else the published ones of its version.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout that this program was built in.
pub fn own() -> Option<PathBuf> {
    at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).ok()
}

/// The root of a checkout, if the folder is one.
///
/// # Errors
/// If it is not, naming what it lacks.
pub fn at(folder: &Path) -> Result<PathBuf> {
    let folder = fs::canonicalize(folder)?;
    for crate_folder in ["runtime-lib", "build-helper"] {
        fs::metadata(folder.join(crate_folder).join("Cargo.toml"))
            .with_context(|| format!("it has no `{crate_folder}/Cargo.toml`"))?;
    }
    Ok(folder)
}

/// What a manifest says of where a crate is, as the inside of an inline table.
///
/// # Errors
/// If a path cannot be written down.
pub fn dependency(checkout: Option<&Path>, crate_folder: &str) -> Result<String> {
    Ok(match checkout {
        // A JSON string is a TOML string.
        Some(checkout) => {
            let path = checkout.join(crate_folder);
            format!("path = {}", serde_json::to_string(&path.to_string_lossy())?)
        }
        None => format!("version = \"{}\"", env!("CARGO_PKG_VERSION")),
    })
}

/// As [`dependency`], but of what is published the very version of this program: what it writes fits that one.
///
/// # Errors
/// If a path cannot be written down.
pub fn exact_dependency(checkout: Option<&Path>, crate_folder: &str) -> Result<String> {
    match checkout {
        Some(_) => dependency(checkout, crate_folder),
        None => Ok(format!("version = \"={}\"", env!("CARGO_PKG_VERSION"))),
    }
}
