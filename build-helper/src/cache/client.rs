//! A cache that is somewhere else, by a command: the client of whatever store a team has.
//!
//! `{key}` in the command is replaced by a name of 64 hexadecimal digits. One command writes what
//! is there by that name to its standard output, the other keeps its standard input:
//!
//! ```text
//! curl -sf https://cache.example/wasmaot/{key}       curl -sf -T - https://cache.example/wasmaot/{key}
//! aws s3 cp s3://bucket/wasmaot/{key} -              aws s3 cp - s3://bucket/wasmaot/{key}
//! redis-cli --raw GET wasmaot:{key}                  redis-cli -x SET wasmaot:{key}
//! ```
//!
//! There is no shell in between. A command that fails has found nothing; one that does not end in
//! time is ended, and not called again in this process.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What stands for the key.
const KEY: &str = "{key}";
/// How long a command may take.
const TIME: Duration = Duration::from_secs(30);

/// A command for one direction.
#[derive(Clone, Debug)]
pub struct Client {
    words: Vec<String>,
    time: Duration,
    /// It did not end in time.
    stuck: Arc<AtomicBool>,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl Eq for Client {}

impl Client {
    /// A client by its command line; `None` if there is no `{key}` in it.
    pub fn new(command: &str) -> Option<Self> {
        let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        let has_key = words.iter().skip(1).any(|word| word.contains(KEY));
        has_key.then(|| Self { words, time: TIME, stuck: Arc::default() })
    }

    /// What is there by a key, up to a number of bytes.
    pub fn get(&self, key: &str, limit: u64) -> Option<Vec<u8>> {
        let mut child = self.start(key, Stdio::null(), Stdio::piped())?;
        let output = child.stdout.take()?;
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let whole = output.take(limit + 1).read_to_end(&mut bytes).is_ok();
            // Nobody listens any more if it took too long.
            let _ = send.send((whole && bytes.len() as u64 <= limit).then_some(bytes));
        });
        match receive.recv_timeout(self.time) {
            Ok(Some(bytes)) => self.succeeds(child).then_some(bytes),
            Ok(None) => {
                stop(child);
                None
            }
            Err(_) => {
                self.stuck.store(true, Ordering::Relaxed);
                stop(child);
                None
            }
        }
    }

    /// Keeps bytes by a key. Returns whether that worked.
    pub fn put(&self, key: &str, bytes: &[u8]) -> bool {
        let Some(mut child) = self.start(key, Stdio::piped(), Stdio::null()) else { return false };
        let Some(mut input) = child.stdin.take() else { return false };
        let bytes = bytes.to_vec();
        let (send, receive) = mpsc::channel();
        // Others may hold the pipe after the command was ended: nobody waits for that.
        thread::spawn(move || send.send(input.write_all(&bytes).is_ok()));
        self.succeeds(child) && receive.recv_timeout(self.time).unwrap_or(false)
    }

    fn start(&self, key: &str, input: Stdio, output: Stdio) -> Option<Child> {
        if self.stuck.load(Ordering::Relaxed) {
            return None;
        }
        let mut words = self.words.iter().map(|word| word.replace(KEY, key));
        let mut command = Command::new(words.next()?);
        command.args(words).stdin(input).stdout(output).stderr(Stdio::null());
        command.spawn().ok()
    }

    /// Waits for the end, or ends it. Returns whether the command succeeded.
    fn succeeds(&self, mut child: Child) -> bool {
        let deadline = Instant::now() + self.time;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                _ => break,
            }
        }
        self.stuck.store(true, Ordering::Relaxed);
        stop(child);
        false
    }
}

fn stop(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn client(command: &str) -> Client {
        Client { time: Duration::from_secs(10), ..Client::new(command).unwrap() }
    }

    #[test]
    fn what_was_put_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let at = |command: &str| client(&format!("{command} {}/{{key}}", dir.path().display()));
        let (get, put) = (at("cat"), at("tee"));
        assert_eq!(get.get("ab", 1 << 20), None);
        // More than a pipe holds.
        let bytes: Vec<u8> = (0..200_000_u32).map(|number| (number / 3) as u8).collect();
        assert!(put.put("ab", &bytes));
        assert!(get.get("ab", bytes.len() as u64) == Some(bytes));
        assert_eq!(get.get("ab", 1000), None, "it is too large");
        assert!(get.get("ab", 1 << 20).is_some(), "that was no reason to stop asking");
    }

    #[test]
    fn a_command_that_fails_has_nothing() {
        for command in ["false {key}", "/no/such/program {key}"] {
            assert_eq!(client(command).get("ab", 100), None);
            assert!(!client(command).put("ab", &[0; 200_000]));
        }
        assert_eq!(Client::new("cat key"), None);
        assert_eq!(Client::new(""), None);
    }

    #[test]
    fn a_command_that_hangs_is_ended_and_not_called_again() {
        let hangs = |command| Client { time: Duration::from_millis(50), ..client(command) };
        // Ends by itself only long after the tests.
        let get = hangs("sleep 9999{key}");
        assert_eq!(get.get("1", 100), None);
        assert!(get.stuck.load(Ordering::Relaxed));
        assert!(get.start("1", Stdio::null(), Stdio::null()).is_none());
        assert!(!hangs("sleep 9999{key}").put("1", &[0; 200_000]));
    }
}
