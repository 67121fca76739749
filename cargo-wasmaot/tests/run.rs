//! `cargo wasmaot run`: it becomes the guest's program, keeps it, and serves cargo as a runner.
//!
//! The cache is the one of `programs.rs`, so the runtime is built once for both.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Prints its arguments and then its environment, each with a NUL byte behind it, and exits with the
/// number of arguments.
const SHOW: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get"
        (func $env_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 4)
    (func (export "_start")
        (drop (call $sizes (i32.const 8) (i32.const 4)))
        (drop (call $args (i32.const 1024) (i32.const 65536)))
        (i32.store (i32.const 0) (i32.const 65536))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
        (drop (call $env_sizes (i32.const 12) (i32.const 4)))
        (drop (call $env (i32.const 1024) (i32.const 65536)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
        (call $exit (i32.load (i32.const 8)))))"#;

/// A folder with a module, in which it is run.
struct Sandbox(TempDir);

impl Sandbox {
    fn with(name: &str, text: &str) -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        fs::write(sandbox.0.path().join(name), text).unwrap();
        sandbox
    }

    /// `cargo wasmaot run …`.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
        command.args(["wasmaot", "run", "--offline"]).args(args).current_dir(&self.0);
        command.env("WASMAOT_CACHE_DIR", cache).env_remove("CARGO_TERM_COLOR");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The same without anything that could make a program.
    fn run_made(&self, args: &[&str]) -> Output {
        let mut command = self.command(args);
        command.env("CARGO", "/no/such/cargo").env("PATH", "").output().unwrap()
    }
}

/// A module that no other test has, so that its program cannot be in the cache.
fn unique(text: &str, what: &str) -> String {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let custom = format!("(module (@custom \"{what}\" \"{}\")", time.as_nanos());
    text.replacen("(module", &custom, 1)
}

#[test]
fn all_that_follows_the_module_is_the_guests() {
    let sandbox = Sandbox::with("show.wat", SHOW);
    let mut command = sandbox.command(&["./show.wat", "--invoke", "--help", "-q"]);
    let output = command.arg(OsStr::from_bytes(b"\xff")).output().unwrap();
    assert_eq!(output.stdout, b"./show.wat\0--invoke\0--help\0-q\0\xff\0", "{output:?}");
    assert_eq!((output.status.code(), &*output.stderr), (Some(5), &b""[..]));
    // One `--` is ours, any other is not.
    let output = sandbox.run(&["show.wat", "--", "a", "--", "b"]);
    assert_eq!(output.stdout, b"show.wat\0a\0--\0b\0", "{output:?}");
}

/// Grants are of a run, not of the program: one serves all.
#[test]
fn grants_are_those_of_the_run() {
    let sandbox = Sandbox::with("show.wat", SHOW);
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.arg("show.wat").env("INHERITED", "yes");
        // What somebody put there before is not taken for ours, nor seen.
        command.env("WASMAOT_PROGRAM_OPTIONS", "env\tFORGED\tyes\n");
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(run(&[]), ["show.wat"]);
    assert_eq!(run(&["--env", "A=b\nc", "--arg", "x"]), ["show.wat", "x", "A=b\nc"]);
    let all = run(&["--inherit-env"]);
    assert!(all.iter().any(|word| word == "INHERITED=yes"), "{all:?}");
    assert!(!all.iter().any(|word| word.starts_with("WASMAOT_PROGRAM_OPTIONS")), "{all:?}");
}

#[test]
fn the_second_run_needs_nothing_but_the_cache() {
    let sandbox = Sandbox::with("once.wat", &unique(SHOW, "second"));
    let output = sandbox.run_made(&["once.wat"]);
    assert_eq!(output.status.code(), Some(101));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("/no/such/cargo"), "{err}");

    assert_eq!(sandbox.run(&["once.wat", "x"]).status.code(), Some(2));
    let output = sandbox.run_made(&["--env", "A=b", "once.wat"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b"once.wat\0A=b\0"[..]));
    // Other options of compilation are another program.
    assert_eq!(sandbox.run_made(&["--explicit-checks", "once.wat"]).status.code(), Some(101));
}

#[test]
fn a_program_that_was_damaged_is_made_again() {
    let text = unique("(module (func (export \"_start\") (loop (br 0))))", "damaged");
    let sandbox = Sandbox::with("loops.wat", &text);
    let program = {
        let mut child = sandbox.command(&["loops.wat"]).spawn().unwrap();
        let exe = PathBuf::from(format!("/proc/{}/exe", child.id()));
        let program = loop {
            assert!(child.try_wait().unwrap().is_none(), "the guest does not end");
            let program = fs::read_link(&exe).unwrap();
            if program.starts_with(env!("CARGO_TARGET_TMPDIR")) {
                break program;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        // A signal is the guest's, as it is of any program.
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        program
    };
    for damage in ["", "not a program"] {
        fs::remove_file(&program).unwrap();
        fs::write(&program, damage).unwrap();
        let mut child = sandbox.command(&["loops.wat"]).spawn().unwrap();
        while fs::metadata(&program).is_ok_and(|meta| meta.len() < 1000) {
            assert!(child.try_wait().unwrap().is_none(), "the guest does not end");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::with("show.wat", SHOW);
    let mut command = sandbox.command(&["show.wat"]);
    let output = command.env("WASMAOT_CACHE_DIR", "/proc/no/such").output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("/proc/no/such") && err.contains("$WASMAOT_CACHE_DIR"), "{err}");
    let mut command = sandbox.command(&["show.wat"]);
    for variable in ["WASMAOT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("set $WASMAOT_CACHE_DIR or $HOME"), "{err}");
}

/// Different programs at the same time, and one twice: nobody gets another's.
#[test]
fn many_are_made_at_once() {
    let sandboxes: Vec<_> = [10, 20, 30, 30]
        .map(|code| {
            let text = format!(
                "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
                   (memory 1) (func (export \"_start\") (call $exit (i32.const {code}))))"
            );
            (code, Sandbox::with("exits.wat", &unique(&text, "many")))
        })
        .into_iter()
        .collect();
    let children: Vec<_> = sandboxes
        .iter()
        .map(|(code, sandbox)| {
            let mut command = sandbox.command(&["exits.wat"]);
            (code, command.stderr(Stdio::piped()).spawn().unwrap())
        })
        .collect();
    for (code, child) in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(*code), "{output:?}");
    }
}

/// As cargo calls a runner: the program's path, then its arguments, `--` or not; with variables that
/// are meant for the crate that is tested.
#[test]
fn it_serves_cargo_as_a_runner() {
    let text = unique(SHOW, "runner");
    let sandbox = Sandbox::with("tests-0123456789abcdef.wasm", &text);
    let module = sandbox.0.path().join("tests-0123456789abcdef.wasm");
    let mut command = sandbox.command(&[]);
    command.arg(&module).args(["--test-threads=1", "--exact", "a::b"]);
    let command = command
        .env("CARGO_BUILD_TARGET", "wasm32-wasip1")
        .env("CARGO_TARGET_DIR", "target")
        .env("CARGO_MANIFEST_DIR", sandbox.0.path())
        .env("RUSTFLAGS", "-C target-feature=+simd128 --cfg wrong=");
    let output = command.output().unwrap();
    let wanted = format!("{}\0--test-threads=1\0--exact\0a::b\0", module.display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), wanted, "{output:?}");
    assert_eq!(output.status.code(), Some(4));
    assert!(!sandbox.0.path().join("target").exists());
}

#[test]
fn a_module_that_is_no_command_takes_no_arguments() {
    let sandbox = Sandbox::with("lib.wat", "(module (func (export \"f\") (param i32)))");
    let output = sandbox.run(&["lib.wat", "x"]);
    assert_eq!(output.status.code(), Some(101));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("no command") && err.contains("--invoke"), "{err}");
}
