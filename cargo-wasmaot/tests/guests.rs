//! The WASI programs of guests/ as native programs: our own that try every function (guests/wasi), Rust's standard
//! library (guests/wasi-std), and SQLite, Lua, QuickJS and others (guests/programs).
//!
//! Each folder has a `cases.json`, and in `expected/` what Wasmtime prints for each case, or what was written
//! by hand from the specification; guests/wasi/expect.py tells the keys and wrote the files. Here each case runs by
//! `cargo wasmaot run` in a folder prepared alike, and standard output, standard error, the exit code and
//! the files that remain have to be the same, byte for byte. All cases of a module share one program, which the
//! first of them makes; the cache is the one of `programs.rs`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a case may take, the making of its program and of the runtime included; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// A folder of guests with its cases.
struct Guests {
    folder: PathBuf,
    cases: Vec<Value>,
    /// How each case ends: an exit code or `trap`.
    status: HashMap<String, String>,
}

impl Guests {
    fn new(folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests").join(folder);
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let cases: Value = serde_json::from_str(&read("cases.json")).unwrap();
        let status = read("expected/status.txt");
        let status = status.lines().map(|line| line.split_once(' ').unwrap());
        Self {
            cases: cases["cases"].as_array().unwrap().clone(),
            status: status.map(|(name, code)| (name.to_owned(), code.to_owned())).collect(),
            folder,
        }
    }

    /// What was expected of a stream, or of the files; nothing where there is no file.
    fn expected(&self, case: &str, kind: &str) -> Vec<u8> {
        fs::read(self.folder.join(format!("expected/{case}.{kind}"))).unwrap_or_default()
    }

    /// The bytes of a text, or of the file of `{"copy": FILE}`.
    fn bytes(&self, what: &Value) -> Vec<u8> {
        match what {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            other => fs::read(self.folder.join(text(&other["copy"]))).unwrap(),
        }
    }

    /// Makes what a case finds.
    fn prepare(&self, root: &Path, case: &Value) {
        fs::create_dir(root.join("dir")).unwrap();
        for (path, what) in case["setup"].as_object().into_iter().flatten() {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if what.is_null() {
                fs::create_dir(&path).unwrap();
            } else if let Some(target) = what["link"].as_str() {
                symlink(target, &path).unwrap();
            } else {
                fs::write(&path, self.bytes(what)).unwrap();
            }
        }
    }

    /// Runs a case. The module gets the program's name, which guests print.
    fn run(&self, root: &Path, case: &Value) -> Output {
        let program = Path::new(text(&case["program"]));
        let name = program.file_name().unwrap();
        fs::copy(self.folder.join(program).with_extension("wasm"), root.join(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
        command.args(["wasmaot", "run", "--offline", "--quiet"]).current_dir(root);
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
        command.env("WASMAOT_CACHE_DIR", cache).env_remove("CARGO_TERM_COLOR");
        match case["dirs"].as_array() {
            None => drop(command.args(["--dir", "dir::/"])),
            Some(dirs) => {
                for dir in dirs {
                    let [host, guest] = [text(&dir[0]), text(&dir[1])];
                    let how = if dir[2] == "ro" { ":ro" } else { "" };
                    command.args(["--dir", &format!("{host}::{guest}{how}")]);
                }
            }
        }
        for (name, value) in case["env"].as_object().into_iter().flatten() {
            command.args(["--env", &format!("{name}={}", text(value))]);
        }
        command.arg(name).arg("--");
        command.args(case["args"].as_array().into_iter().flatten().map(text));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdin, bytes) = (child.stdin.take().unwrap(), self.bytes(&case["stdin"]));
        let writer = thread::spawn(move || drop(stdin.write_all(&bytes)));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = [all_of(stdout), all_of(stderr)];
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > PATIENCE {
                child.kill().unwrap();
            }
            thread::sleep(Duration::from_millis(2));
        };
        writer.join().unwrap();
        let [stdout, stderr] = readers.map(|reader| reader.join().unwrap());
        Output { status, stdout, stderr }
    }

    /// What is wrong with a case, if anything.
    fn check(&self, case: &Value) -> Result<(), String> {
        let name = text(&case["name"]);
        let root = tempfile::tempdir().unwrap();
        self.prepare(root.path(), case);
        let output = self.run(root.path(), case);
        let ended = match output.status.signal() {
            Some(libc::SIGABRT) => "trap".to_owned(),
            _ => output.status.code().map_or(output.status.to_string(), |code| code.to_string()),
        };
        let mut wrong = String::new();
        if self.status[name] != ended {
            let error = String::from_utf8_lossy(&output.stderr);
            writeln!(wrong, "ended by {ended}, not {}\n{error}", self.status[name]).unwrap();
        }
        differing("stdout", &self.expected(name, "stdout"), &output.stdout, &mut wrong);
        // What is said of a trap is the runtime's business, after what the guest said.
        let stderr = if ended == "trap" { Vec::new() } else { output.stderr };
        differing("stderr", &self.expected(name, "stderr"), &stderr, &mut wrong);
        if case["files"] == true {
            let files = files(&root.path().join("dir"));
            differing("files", &self.expected(name, "files"), files.as_bytes(), &mut wrong);
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{name}: {wrong}")) }
    }
}

/// Reads a stream to its end, beside what else goes on.
fn all_of(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("cases.json has {value} where a text should be"))
}

/// Tells the lines of two texts that are not in both at the same place.
fn differing(what: &str, expected: &[u8], got: &[u8], wrong: &mut String) {
    if expected == got {
        return;
    }
    let lines = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (expected_lines, got_lines) = (lines(expected), lines(got));
    writeln!(wrong, "{what}: {} bytes, not {}", got.len(), expected.len()).unwrap();
    for index in 0..expected_lines.len().max(got_lines.len()) {
        let (left, right) = (expected_lines.get(index), got_lines.get(index));
        if left != right {
            let none = "(nothing)".to_owned();
            let (left, right) = (left.unwrap_or(&none), right.unwrap_or(&none));
            writeln!(wrong, "  line {}\n    expected {left}\n    got      {right}", index + 1)
                .unwrap();
        }
    }
}

/// A line for each file below a folder: size, hash (FNV-1a) and path.
fn files(folder: &Path) -> String {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    let mut lines = String::new();
    for (name, bytes) in found {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        writeln!(lines, "{} {hash:016x} {name}", bytes.len()).unwrap();
    }
    lines
}

/// Runs all cases of a folder. WASMAOT_CASE, where set, is part of the names of those to run.
#[track_caller]
fn all(folder: &str) {
    let guests = Guests::new(folder);
    let wanted = std::env::var("WASMAOT_CASE").unwrap_or_default();
    let cases = guests.cases.iter().filter(|case| text(&case["name"]).contains(&wanted));
    let wrong: Vec<String> = cases.filter_map(|case| guests.check(case).err()).collect();
    assert!(wrong.is_empty(), "{} cases of guests/{folder}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn our_own_programs_do_as_wasmtime_does_or_the_specification_says() {
    all("wasi");
}

#[test]
fn threads_share_memory_and_descriptors() {
    all("wasi/threads");
}

#[test]
fn the_standard_library_of_rust_works() {
    all("wasi-std/inputs");
}

#[test]
fn real_programs_print_what_they_print_elsewhere() {
    all("programs");
}

/// As cargo runs it, by `CARGO_TARGET_WASM32_WASIP1_RUNNER`. Debian's libc has no threads, hence the stubs.
#[test]
fn tests_of_a_package_run_as_cargo_runs_them() {
    let module = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../guests/wasi-libtest/wasi-libtest.wasm")
        .into_os_string();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
        command.args(["wasmaot", "run", "--offline", "--quiet", "--stub-missing"]);
        command.arg(&module).args(args).env("WASMAOT_CACHE_DIR", &cache);
        let output = command.env_remove("CARGO_TERM_COLOR").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status, text(output.stdout), text(output.stderr))
    };
    let (status, out, err) = run(&["--skip", "fails", "--skip", "error"]);
    assert_eq!(status.code(), Some(0), "{err}");
    for line in [
        "running 3 tests\n",
        "test tests::adds ... ok\n",
        "test tests::has_arguments ... ok\n",
        "test tests::is_ignored ... ignored",
        "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out;",
    ] {
        assert!(out.contains(line), "`{line}` is not in: {out}");
    }
    assert!(!out.contains("not shown"), "{out}");
    // A test that fails without a panic, which would be the end where panics abort.
    let (status, out, err) = run(&["error"]);
    assert_eq!(status.code(), Some(101), "{err}");
    assert!(out.contains("test tests::returns_an_error ... FAILED\n"), "{out}");
    assert!(out.contains("an error, not a panic"), "{out}");
    let (status, _, err) = run(&["fails", "--nocapture"]);
    assert_eq!(status.signal(), Some(libc::SIGABRT));
    assert!(err.contains("assertion `left == right` failed: arithmetic"), "{err}");
}
