//! As many threads as cargo allows: a rayon pool whose workers wait for tokens of cargo's
//! jobserver.
//!
//! A build script may always run one thread; for each more it takes a byte out of a pipe that
//! cargo shares with all its children, and puts it back. The pipe is opened anew through `/proc`,
//! so that waiting for a byte does not block and needs neither a signal nor unsafe code. Where
//! there is no such thing the one thread does all the work.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where the tokens are.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Jobserver {
    read: PathBuf,
    write: PathBuf,
}

/// How long a worker sleeps before it asks for a token again.
const PATIENCE: Duration = Duration::from_millis(5);

/// Runs `work` with a rayon pool of `jobs` workers at most, each but the first with a token.
pub fn run<R: Send>(jobs: usize, makeflags: Option<&str>, work: impl FnOnce() -> R + Send) -> R {
    let server = makeflags.and_then(Jobserver::parse);
    let jobs = if server.is_some() { jobs.max(1) } else { 1 };
    let finished = AtomicBool::new(false);
    let tokens = Mutex::new(());
    std::thread::scope(|scope| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(jobs).spawn_handler(|thread| {
            let (server, finished, tokens) = (server.clone(), &finished, &tokens);
            std::thread::Builder::new()
                // Translation of deeply nested code recurses.
                .stack_size(16 << 20)
                .spawn_scoped(scope, move || {
                    let token = match &server {
                        Some(server) if thread.index() != 0 => server.wait(finished, tokens),
                        _ => None,
                    };
                    thread.run();
                    drop(token);
                })
                .map(drop)
        });
        let _finish = Finish(&finished);
        match builder.build() {
            // Dropping the pool is what ends its workers.
            Ok(pool) => pool.install(work),
            Err(_) => work(),
        }
    })
}

impl Jobserver {
    /// Finds the tokens in `MAKEFLAGS`.
    fn parse(makeflags: &str) -> Option<Self> {
        let auth = makeflags
            .split_ascii_whitespace()
            .filter_map(|word| {
                word.strip_prefix("--jobserver-auth=")
                    .or_else(|| word.strip_prefix("--jobserver-fds="))
            })
            .next_back()?;
        if let Some(path) = auth.strip_prefix("fifo:") {
            return Some(Self { read: path.into(), write: path.into() });
        }
        if !cfg!(target_os = "linux") {
            return None;
        }
        let (read, write) = auth.split_once(',')?;
        let path =
            |fd: &str| Some(PathBuf::from(format!("/proc/self/fd/{}", fd.parse::<u32>().ok()?)));
        Some(Self { read: path(read)?, write: path(write)? })
    }

    /// Waits for a token, until all the work is done.
    fn wait(&self, finished: &AtomicBool, one_at_a_time: &Mutex<()>) -> Option<Token> {
        let mut read = open_nonblocking(&self.read).ok()?;
        let write = File::options().write(true).open(&self.write).ok()?;
        while !finished.load(Ordering::Acquire) {
            {
                let _turn = one_at_a_time.lock();
                let mut byte = [0];
                if let Ok(1) = read.read(&mut byte) {
                    return Some(Token { write, byte });
                }
            }
            std::thread::sleep(PATIENCE);
        }
        None
    }
}

#[cfg(unix)]
fn open_nonblocking(path: &std::path::Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_nonblocking(_: &std::path::Path) -> std::io::Result<File> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Ends the wait for tokens, also when the work panics.
struct Finish<'a>(&'a AtomicBool);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The right to run a thread, given back when dropped.
struct Token {
    write: File,
    byte: [u8; 1],
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = self.write.write_all(&self.byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makeflags_are_understood() {
        let parse = |flags| Jobserver::parse(flags).map(|server| server.read);
        assert_eq!(parse("-j --jobserver-auth=fifo:/tmp/x"), Some("/tmp/x".into()));
        assert_eq!(parse("-j8"), None);
        assert_eq!(parse("--jobserver-auth=a,b"), None);
        if cfg!(target_os = "linux") {
            let pipe = "-j --jobserver-fds=6,7 --jobserver-auth=8,9";
            assert_eq!(parse(pipe), Some("/proc/self/fd/8".into()));
        }
    }

    #[test]
    fn no_jobserver_means_one_thread() {
        assert_eq!(run(8, None, rayon::current_num_threads), 1);
    }

    /// As many workers as tokens and one more run at once, and every token comes back.
    #[cfg(target_os = "linux")]
    #[test]
    fn workers_take_tokens_and_give_them_back() {
        use std::sync::atomic::AtomicUsize;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut fifo = File::options().read(true).write(true).open(&path).unwrap();
        fifo.write_all(b"ab").unwrap();
        let flags = format!("--jobserver-auth=fifo:{}", path.display());

        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        run(8, Some(&flags), || {
            rayon::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(|_| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(10));
                        now.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
        });
        assert_eq!(most.into_inner(), 3, "two tokens and the one that is always there");
        let mut back = [0; 2];
        fifo.read_exact(&mut back).unwrap();
        back.sort();
        assert_eq!(&back, b"ab");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_panic_ends_the_wait() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let _fifo = File::options().read(true).write(true).open(&path).unwrap();
        let flags = format!("--jobserver-auth=fifo:{}", path.display());
        let result = std::panic::catch_unwind(|| run(2, Some(&flags), || panic!("on purpose")));
        assert!(result.is_err());
    }
}
