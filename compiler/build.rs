//! Says which compiler this is: a digest of its sources and of those it shares with the runtime,
//! so that in a checkout, too, nobody is handed code that another compiler made. See
//! `src/cache/key.rs`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says so"));
    // It tells a developer's builds from each other: no more than a checksum is needed.
    let mut digest = DefaultHasher::new();
    // A published package has no `abi` beside it; then its version says enough.
    for folder in ["src", "../abi/src"].map(|folder| root.join(folder)) {
        if folder.is_dir() {
            println!("cargo:rerun-if-changed={}", folder.display());
            add(&mut digest, &folder)?;
        }
    }
    println!("cargo:rustc-env=WASMAOT_COMPILER_SOURCES={:016x}", digest.finish());
    Ok(())
}

/// Adds the files below a folder, in the order of their names.
fn add(digest: &mut DefaultHasher, folder: &Path) -> io::Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(digest, &path)?;
        } else {
            (path.file_name(), fs::read(&path)?).hash(digest);
        }
    }
    Ok(())
}
