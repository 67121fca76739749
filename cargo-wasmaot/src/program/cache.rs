//! The cache of programs, a folder: `$WASMAOT_CACHE_DIR`, else `$XDG_CACHE_HOME/wasmaot`, else
//! `~/.cache/wasmaot`.
//!
//! | in `<version>-<checkout>/` | what |
//! |---|---|
//! | `programs/<key>` | finished programs |
//! | `package/` | the package that cargo links the next one in |
//! | `target/` | cargo's own: the runtime, built once per target |
//! | `lock` | who holds it may use the two folders before |
//!
//! Beside that is the cache of machine code, `functions/`: see [`wasmaot_build::cache`].
//!
//! A key is a hash of the module, all options and the build of wasmaot. Programs appear by being
//! renamed, so that there are no half ones, and one that is there is used without a lock. Nobody but
//! the user may be able to write to the first folder: what is in there gets to run. Everything
//! may be deleted at any time. What was not used for a month goes when something new comes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wasmaot_build::cache::{check_private, make_private, note_use, tag};

use crate::shell::Shell;

/// The variable that names the folder.
const VARIABLE: &str = wasmaot_build::cache::VARIABLE;

/// How long a program stays that nobody uses.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How old the note of its last use may be.
const NOTED: Duration = Duration::from_secs(24 * 60 * 60);

/// A key of all these.
pub fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The cache of this build of wasmaot.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// The folders for linking, which nobody else uses as long as this lives.
#[derive(Debug)]
pub struct Workshop {
    /// For the package.
    pub package: PathBuf,
    /// For cargo.
    pub target: PathBuf,
    _lock: File,
}

impl Cache {
    /// The cache by the environment; nothing is made yet.
    ///
    /// # Errors
    /// If the environment names no folder.
    pub fn find_folder() -> Result<Self> {
        let folder = wasmaot_build::cache::folder_of_process().with_context(|| {
            format!("there is no folder for the cache of programs: set ${VARIABLE} or $HOME")
        })?;
        Ok(Self { folder: folder.join(version_name()) })
    }

    fn programs(&self) -> PathBuf {
        self.folder.join("programs")
    }

    /// A finished program, unless others could have put it there.
    pub fn find(&self, key: &str) -> Option<PathBuf> {
        check_private(&self.folder).ok()?;
        let path = self.programs().join(key);
        let meta = fs::metadata(&path).ok().filter(|meta| meta.is_file() && meta.len() > 0)?;
        note_use(&path, &meta, NOTED);
        Some(path)
    }

    /// Takes a program out: it does not run.
    pub fn remove(&self, key_path: &Path) {
        let _ = fs::remove_file(key_path);
    }

    /// Makes the folders and waits until nobody else links.
    ///
    /// # Errors
    /// If they cannot be made or locked, with advice.
    pub fn lock(&self, shell: &Shell) -> Result<Workshop> {
        let failed = || {
            format!(
                "cannot write to the cache of programs, `{}`; ${VARIABLE} names another folder",
                self.folder.display()
            )
        };
        let (package, target) = (self.folder.join("package"), self.folder.join("target"));
        if let Some(root) = self.folder.parent() {
            fs::create_dir_all(root).with_context(failed)?;
            tag(root);
        }
        make_private(&self.folder).with_context(failed)?;
        check_private(&self.folder).with_context(|| {
            format!(
                "others can write to the cache of programs, `{}`: delete it, or have ${VARIABLE} \
                 name another folder",
                self.folder.display()
            )
        })?;
        for folder in [&self.programs(), &package] {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        let open = File::options().create(true).truncate(false).write(true).read(true).to_owned();
        let lock = open.open(self.folder.join("lock")).with_context(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                shell.status("Blocking", "waiting for another program to be made");
                lock.lock().with_context(failed)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
        }
        Ok(Workshop { package, target, _lock: lock })
    }

    /// Adds a program; its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&self, key: &str, built: &Path) -> Result<PathBuf> {
        self.sweep();
        let path = self.programs().join(key);
        let bytes =
            fs::read(built).with_context(|| format!("cannot read `{}`", built.display()))?;
        crate::files::write_executable(&path, &bytes)?;
        Ok(path)
    }

    /// Removes programs that nobody used for long, and what interrupted runs left.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.programs()) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).map(|time| time.elapsed());
            let keep = if entry.file_name().len() == 32 { KEPT } else { NOTED };
            if matches!(age, Ok(Ok(age)) if age > keep) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The folder for what cargo can tell apart itself: versions of wasmaot, and checkouts.
fn version_name() -> String {
    let checkout = crate::checkout::own().unwrap_or_default();
    let checkout = key(&[checkout.as_os_str().as_encoded_bytes()]);
    format!("{}-{}", env!("CARGO_PKG_VERSION"), &checkout[..8])
}

/// What tells builds of wasmaot apart: its program and the sources of its runtime, as far as their
/// files' sizes and times tell.
pub fn build_stamp() -> Vec<u8> {
    let mut stamp = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        add_stamp(&mut stamp, &program);
    }
    if let Some(checkout) = crate::checkout::own() {
        for folder in ["runtime-lib", "abi"] {
            add_stamp(&mut stamp, &checkout.join(folder).join("Cargo.toml"));
            add_stamps(&mut stamp, &checkout.join(folder).join("src"));
        }
    }
    stamp
}

fn add_stamp(stamp: &mut Vec<u8>, file: &Path) {
    let Ok(meta) = fs::metadata(file) else { return };
    let modified = meta.modified().ok();
    let time = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    stamp.extend(file.as_os_str().as_encoded_bytes());
    stamp.extend(meta.len().to_le_bytes());
    stamp.extend(time.unwrap_or_default().as_nanos().to_le_bytes());
}

fn add_stamps(stamp: &mut Vec<u8>, folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_stamps(stamp, &path);
        } else {
            add_stamp(stamp, &path);
        }
    }
}
