//! The cache of machine code, a folder of files: build scripts and the command line share it.
//!
//! A file is what the compiler calls a pack. Files appear by being renamed, so that there are no
//! half ones, and nobody waits for anybody: of two processes that write the same file, the later
//! one wins, and both files are good. When they take more room than they may, those go that nobody
//! used for longest. Everything may be deleted at any time.
//!
//! What stands there ends up in programs, so the folder and its files must be this user's and
//! nobody else may be able to write to them; else there is no cache. Nor is there one where
//! something cannot be read or written: no build fails because of it.
//!
//! A team can share machine code through a store of its own: see [`Client`].

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use wasmaot_compiler::cache::{Key, Store};

mod client;

pub use client::Client;

/// The variable that names the folder of caches.
pub const VARIABLE: &str = crate::env::CACHE_DIR;
/// How many bytes a cache holds if nobody says otherwise: 1 GiB.
pub const DEFAULT_SIZE: u64 = 1 << 30;
/// What unfinished files end in.
const UNFINISHED: &str = "tmp";
/// How old the note of a file's last use may be.
const NOTED: Duration = Duration::from_secs(60 * 60);
/// How long an unfinished file stays: whoever writes one has long been done.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder of caches that the environment names, absolute: `$WASMAOT_CACHE_DIR`, or `wasmaot` in
/// `$XDG_CACHE_HOME` or `~/.cache`.
pub fn folder_of_process() -> Option<PathBuf> {
    crate::env::cache_folder(crate::env::of_process)
}

/// A number of bytes: a plain number, or one of K, M or G, each 1024 of the one before.
///
/// # Errors
/// If it is none or too large, saying so.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) => {
            let shift = match text.as_bytes()[digits.len()].to_ascii_lowercase() {
                b'k' => 10,
                b'm' => 20,
                _ => 30,
            };
            (digits, shift)
        }
        None => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a number, or one with K, M or G")?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".into())
}

/// Tells programs for backups that nothing in a folder of caches is worth keeping.
pub fn tag(root: &Path) {
    if let Ok(mut tag) = File::create_new(root.join("CACHEDIR.TAG")) {
        let _ = tag
            .write_all(b"Signature: 8a477f597d28d172789f06886806bc55\n# A cache of wasmaot's.\n");
    }
}

/// Takes note that a file of a cache is used, if the last such note is older than this.
pub fn note_use(path: &Path, meta: &Metadata, noted: Duration) {
    if meta.modified().is_ok_and(|time| older(time, noted))
        && let Ok(file) = File::open(path)
    {
        // A cache that cannot be written to serves as well.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// A cache of machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cache {
    root: PathBuf,
    folder: PathBuf,
    size: u64,
    fetch: Option<Client>,
    publish: Option<Client>,
}

impl Cache {
    /// The cache in a folder of caches, which holds up to `size` bytes. Nothing is made before
    /// something is kept.
    pub fn new(root: impl Into<PathBuf>, size: u64) -> Self {
        let root = root.into();
        Self { folder: root.join("functions"), root, size, fetch: None, publish: None }
    }

    /// The same with clients of a store that is somewhere else: where much is missing it is asked,
    /// and it is told what was generated here. Whoever can write to that store decides about machine
    /// code in programs.
    #[must_use]
    pub fn shared(self, fetch: Option<Client>, publish: Option<Client>) -> Self {
        Self { fetch, publish, ..self }
    }

    /// The cache that the environment names; `None` if it is switched off or there is no place
    /// for it.
    ///
    /// # Errors
    /// If `WASMAOT_CACHE_SIZE` is no size, saying so.
    pub fn from_process() -> Result<Option<Self>, String> {
        crate::env::cache(crate::env::of_process)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(key.to_string())
    }

    fn read(&self, key: &Key) -> io::Result<Vec<u8>> {
        let user = User::of_process(&self.folder)?;
        user.owns(&fs::metadata(&self.folder)?)?;
        let mut file = File::open(self.path(key))?;
        let meta = file.metadata()?;
        user.owns(&meta)?;
        if !meta.is_file() || meta.len() > self.size {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        file.read_to_end(&mut bytes)?;
        note_use(&self.path(key), &meta, NOTED);
        Ok(bytes)
    }

    fn write(&self, key: &Key, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() as u64 > self.size {
            return Ok(());
        }
        self.make_folder()?;
        check_private(&self.folder)?;
        let unfinished = self.folder.join(unfinished(&key.to_string()));
        let path = self.path(key);
        let written = create(&unfinished)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&unfinished, &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        self.sweep(&path)
    }

    fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&self.root)?;
        tag(&self.root);
        make_private(&self.folder)
    }

    /// Removes what was not used for longest until the rest fits, but not the file just written.
    fn sweep(&self, written: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        let mut size = 0;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            let path = entry.path();
            let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                if older(used, ABANDONED) {
                    let _ = fs::remove_file(path);
                }
                continue;
            }
            size += meta.len();
            if path != written {
                files.push((used, meta.len(), path));
            }
        }
        files.sort();
        for (_, len, path) in files {
            if size <= self.size {
                break;
            }
            // Somebody else may have been quicker.
            let _ = fs::remove_file(path);
            size -= len;
        }
        Ok(())
    }
}

impl Store for Cache {
    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        self.read(key).ok()
    }

    fn put(&self, key: &Key, bytes: &[u8]) {
        let _ = self.write(key, bytes);
    }

    fn fetch(&self, key: &Key) -> Option<Vec<u8>> {
        self.fetch.as_ref()?.get(&key.to_string(), self.size)
    }

    fn publish(&self, key: &Key, bytes: &[u8]) {
        if let Some(client) = &self.publish {
            client.put(&key.to_string(), bytes);
        }
    }
}

/// Who runs this process.
struct User {
    #[cfg(unix)]
    id: u32,
}

impl User {
    /// That of this process, who can make files in a folder: where the system does not say who it
    /// is, a new file there does.
    fn of_process(folder: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if let Ok(meta) = fs::metadata("/proc/self") {
                return Ok(Self { id: meta.uid() });
            }
            let probe = folder.join(unfinished("user"));
            let id = create(&probe).and_then(|file| file.metadata()).map(|meta| meta.uid());
            let _ = fs::remove_file(&probe);
            Ok(Self { id: id? })
        }
        #[cfg(not(unix))]
        {
            let _ = folder;
            Ok(Self {})
        }
    }

    /// Makes sure that nobody else can write to a file or folder.
    fn owns(&self, meta: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if meta.uid() != self.id || meta.mode() & 0o022 != 0 {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        let _ = meta;
        Ok(())
    }
}

/// The name of a file that no other process and no other thread writes to.
fn unfinished(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{name}.{}-{count}.{UNFINISHED}", std::process::id())
}

/// Makes a folder, unless it is there, that only this user can read and write.
///
/// # Errors
/// If it cannot be made: the one that it is to be in has to be there.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Makes sure that nobody but this user can write to a folder.
///
/// # Errors
/// `PermissionDenied` if somebody can; others if there is no such folder.
pub fn check_private(folder: &Path) -> io::Result<()> {
    User::of_process(folder)?.owns(&fs::metadata(folder)?)
}

/// Makes a file that only this user can read and write.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn older(time: SystemTime, than: Duration) -> bool {
    time.elapsed().is_ok_and(|age| age > than)
}

#[cfg(test)]
mod tests {
    use wasmaot_compiler::{Config, Work, compile, compile_with};

    use super::*;

    fn guest(constant: u32) -> Vec<u8> {
        let text = format!(
            "(module (func (export \"f\") (result i32) (i32.const {constant}))
                (func (export \"g\") (result i32) (i32.const 2)))"
        );
        wat::parse_str(text).unwrap()
    }

    fn config(name: &str) -> Config {
        Config { name: Some(name.into()), ..Config::new("x86_64-unknown-linux-gnu") }
    }

    /// Compiles with the cache; the object is always that without.
    fn work(cache: &Cache, wasm: &[u8], name: &str) -> Work {
        let config = config(name);
        let artifact = compile_with(wasm, &config, Some(cache)).unwrap();
        assert!(artifact.object == compile(wasm, &config).unwrap().object);
        artifact.work
    }

    fn files(cache: &Cache) -> Vec<PathBuf> {
        let entries = fs::read_dir(&cache.folder).into_iter().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn only_what_changed_is_generated() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("new/root"), DEFAULT_SIZE);
        let all = work(&cache, &guest(1), "a").generated;
        assert_eq!(work(&cache, &guest(1), "a"), Work { generated: 0, reused: all });
        assert_eq!(work(&cache, &guest(3), "a"), Work { generated: 1, reused: all - 1 });
        assert_eq!(files(&cache).len(), 1);
    }

    #[test]
    fn damaged_files_are_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), DEFAULT_SIZE);
        work(&cache, &guest(1), "a");
        let [file] = &files(&cache)[..] else { panic!() };
        let whole = fs::read(file).unwrap();
        for damaged in [&[][..], b"something else", &whole[..whole.len() / 2]] {
            fs::write(file, damaged).unwrap();
            assert!(work(&cache, &guest(1), "a").generated > 0);
            assert!(fs::read(file).unwrap() == whole);
        }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), DEFAULT_SIZE);
        work(&cache, &guest(1), "a");
        let [a] = &files(&cache)[..] else { panic!() };
        let room = 5 * fs::metadata(a).unwrap().len() / 2;
        let hours = |count: u64| SystemTime::now() - Duration::from_secs(3600 * count);
        let age = |path: &Path, count| {
            File::options().write(true).open(path).unwrap().set_modified(hours(count)).unwrap();
        };
        age(a, 3);
        work(&cache, &guest(1), "b");
        let b = files(&cache).into_iter().find(|path| path != a).unwrap();
        age(&b, 2);
        // Using it makes it the newer one.
        assert_eq!(work(&cache, &guest(1), "a").generated, 0);
        let bounded = Cache::new(dir.path(), room);
        work(&bounded, &guest(1), "c");
        assert!(a.exists() && !b.exists());
        assert_eq!(files(&cache).len(), 2);
        // What is larger than all the room is not kept, and nothing goes for it.
        work(&Cache::new(dir.path(), 10), &guest(1), "d");
        assert_eq!(files(&cache).len(), 2);
    }

    #[test]
    fn abandoned_files_go() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), DEFAULT_SIZE);
        work(&cache, &guest(1), "a");
        let (old, new) = (cache.folder.join("x.1-2.tmp"), cache.folder.join("y.1-2.tmp"));
        fs::write(&new, "half").unwrap();
        let file = File::create(&old).unwrap();
        file.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        work(&cache, &guest(1), "b");
        assert!(!old.exists() && new.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), DEFAULT_SIZE);
        let all = work(&cache, &guest(1), "a").generated;
        let mode = fs::metadata(&cache.folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let [file] = &files(&cache)[..] else { panic!() };
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        set(file, 0o620);
        assert_eq!(work(&cache, &guest(1), "a").generated, all);
        assert_eq!(work(&cache, &guest(1), "a").generated, 0, "it was replaced by one of ours");
        set(&cache.folder, 0o777);
        assert_eq!(work(&cache, &guest(1), "a").generated, all);
        work(&cache, &guest(1), "b");
        assert_eq!(files(&cache).len(), 1, "nothing is kept there");
    }

    #[test]
    fn where_there_can_be_none_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        for root in [file.clone(), file.join("below"), "/proc/no/such".into()] {
            let cache = Cache::new(root, DEFAULT_SIZE);
            assert!(work(&cache, &guest(1), "a").generated > 0);
            assert!(work(&cache, &guest(1), "a").generated > 0);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_one_publishes_another_fetches() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [store, here, there] = &dirs;
        let client = |program: &str| {
            Client::new(&format!("{program} {}/{{key}}", store.path().display())).unwrap()
        };
        let (fetch, publish) = (client("cat"), client("tee"));
        let here = Cache::new(here.path(), DEFAULT_SIZE).shared(None, Some(publish));
        let there = Cache::new(there.path(), DEFAULT_SIZE).shared(Some(fetch), None);
        let all = work(&here, &guest(1), "a").generated;
        assert_eq!(work(&there, &guest(1), "a"), Work { generated: 0, reused: all });
        for file in fs::read_dir(store.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        assert_eq!(work(&there, &guest(1), "a").generated, 0, "it keeps what it fetched");
        assert_eq!(work(&there, &guest(1), "b").generated, all);
        assert_eq!(fs::read_dir(store.path()).unwrap().count(), 0, "it publishes nothing");
    }

    #[test]
    fn many_at_once_share_one_folder() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), DEFAULT_SIZE);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let cache = &cache;
                scope.spawn(move || {
                    for round in 0..5 {
                        work(cache, &guest(thread * round), "a");
                    }
                });
            }
        });
        let names = files(&cache);
        assert!(names.iter().all(|path| path.extension().is_none()), "{names:?}");
    }
}
