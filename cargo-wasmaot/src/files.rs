//! Files: whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file so that nobody ever sees half of it: under another name first, in the same
/// folder. The name `-` is standard output; devices and pipes are written directly.
///
/// # Errors
/// If that is not possible, naming the file. Then there is no new file, and the old one, if
/// any, is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, 0o666)
}

/// Writes a program, as [`write_whole`].
///
/// # Errors
/// As [`write_whole`].
pub fn write_executable(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, bytes, 0o777)
}

/// Writes a file that the process's mask, applied to `mode`, is for.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    if path == Path::new("-") {
        return std::io::stdout().write_all(bytes).context("cannot write to standard output");
    }
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return fs::write(path, bytes).with_context(failed);
    }
    // A link keeps pointing where it does.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wasmaot-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; the process's mask applies.
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(folder_of(&path)).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    file.persist(&path).map_err(|error| error.error).with_context(failed)?;
    Ok(())
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
