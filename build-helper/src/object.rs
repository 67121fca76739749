//! Object files in OUT_DIR and the keys that say what they were made of, so that code is
//! generated once for a module and configuration.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmaot_compiler::Config;

use crate::error::Error;
use crate::output;

/// Says what an object was made of: the module, the configuration and the compiler.
pub fn key(wasm: &[u8], config: &Config) -> String {
    // Bindings must never meet the object of another module, however it was crafted.
    let hash = Sha256::digest(wasm);
    // The compiler is a part of this program: another program, another compiler.
    let program = std::env::current_exe().and_then(fs::metadata);
    let program = program.map(|file| (file.len(), file.modified().ok())).ok();
    format!(
        "wasmaot {}\nprogram {program:?}\nwasm {hash:x}\n{config:?}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Whether an object is there and was made of this.
pub fn is_current(object: &Path, key: &str) -> bool {
    object.is_file() && fs::read(key_path(object)).is_ok_and(|old| old == key.as_bytes())
}

/// Keeps an object. Its key is there only together with all of it.
///
/// # Errors
/// [`Error::Write`].
pub fn store(object: &Path, bytes: &[u8], key: &str) -> Result<(), Error> {
    let key_path = key_path(object);
    let _ = fs::remove_file(&key_path);
    output::write(object, bytes)?;
    output::write(&key_path, key.as_bytes())?;
    Ok(())
}

/// Removes an object that is not the right one any more.
///
/// # Errors
/// [`Error::Write`].
pub fn remove(object: &Path) -> Result<(), Error> {
    match fs::remove_file(object) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(Error::Write { path: object.into(), source })
        }
        _ => Ok(()),
    }
}

fn key_path(object: &Path) -> PathBuf {
    object.with_extension("key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fits_one_module_and_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let object = dir.path().join("a.o");
        let config = Config::new("x86_64-unknown-linux-gnu");
        let mut other = config.clone();
        other.debug_info = true;
        let key_a = key(b"a", &config);
        assert!(!is_current(&object, &key_a));
        store(&object, b"object", &key_a).unwrap();
        assert!(is_current(&object, &key(b"a", &config)));
        assert!(!is_current(&object, &key(b"b", &config)));
        assert!(!is_current(&object, &key(b"a", &other)));
        fs::remove_file(&object).unwrap();
        assert!(!is_current(&object, &key_a));
    }
}
