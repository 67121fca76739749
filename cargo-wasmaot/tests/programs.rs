//! Programs that `cargo wasmaot build --bin` makes of modules, run as anybody runs a program: what
//! they print, how they end, and what is said of modules that cannot become one.
//!
//! All share one cache in the workspace's target folder, so the runtime is built for them once.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The cache of all tests.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs")
}

/// A folder in which programs are made and run.
struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// `cargo wasmaot …`, with cargo's variables for this very test taken away.
    fn wasmaot(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
        command.arg("wasmaot").args(args).current_dir(&self.0);
        command.env("WASMAOT_CACHE_DIR", cache()).env_remove("CARGO_TERM_COLOR");
        command
    }

    /// Makes a program of a module's text.
    #[track_caller]
    fn program(&self, name: &str, text: &str, options: &[&str]) -> Command {
        let file = format!("{name}.wat");
        self.write(&file, text);
        let args = [&["build", "--offline", "--bin", &file, "-o", name], options].concat();
        let output = self.wasmaot(&args).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
        let mut command = Command::new(self.path(name));
        command.current_dir(&self.0);
        command
    }

    /// What is said of a module that no program can be made of.
    #[track_caller]
    fn refusal(&self, text: &str, options: &[&str]) -> String {
        self.write("refused.wat", text);
        let args = [&["build", "--offline", "--bin", "refused.wat"], options].concat();
        let output = self.wasmaot(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(101), "{output:?}");
        assert!(!self.path("refused").exists());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Ends with the length of its first argument.
const EXIT: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get"
        (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $at i32)
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $get (i32.const 8) (i32.const 1024)))
        (local.set $at (i32.load (i32.const 12)))
        (loop
            (if (i32.load8_u (local.get $at)) (then
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br 1))))
        (call $exit (i32.sub (local.get $at) (i32.load (i32.const 12))))))"#;

/// Prints what it is given: arguments, or the environment, each behind the other, with the NUL bytes
/// that end them.
fn prints(what: &str) -> String {
    let module = r#"(module
    (import "wasi_snapshot_preview1" "WHAT_sizes_get"
        (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "WHAT_get" (func $get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 4)
    (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $get (i32.const 1024) (i32.const 65536)))
        (i32.store (i32.const 0) (i32.const 65536))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    module.replace("WHAT", what)
}

/// Writes to its output until that fails, and ends with the error.
const YES: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $errno i32)
        (i32.store (i32.const 4) (i32.const 100))
        (loop
            (local.set $errno
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if 0 (i32.eqz (local.get $errno))))
        (call $exit (local.get $errno))))"#;

/// Copies its input to its output until there is none, or writing fails, and ends with the error.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read"
        (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (local $errno i32)
        (loop
            (i32.store (i32.const 0) (i32.const 64))
            (i32.store (i32.const 4) (i32.const 4096))
            (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4))
                (then (call $exit (i32.const 100))))
            (if (i32.load (i32.const 4)) (then
                (local.set $errno
                    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (if (local.get $errno) (then (call $exit (local.get $errno))))
                (br 1))))))"#;

/// Opens `file` in its first folder, with the flags that its arguments say by their number: with one,
/// as it is; with two, making it anew. Ends with the error.
const OPENS: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get"
        (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "file")
    (func (export "_start") (local $new i32)
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (local.set $new (i32.gt_u (i32.load (i32.const 0)) (i32.const 1)))
        ;; O_CREAT and O_TRUNC are 1 and 8; FD_READ and FD_WRITE are 2 and 64.
        (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4)
            (i32.mul (local.get $new) (i32.const 9))
            (select (i64.const 64) (i64.const 2) (local.get $new))
            (i64.const 0) (i32.const 0) (i32.const 8)))))"#;

#[test]
fn a_module_without_imports_is_a_program_with_no_wasi_in_it() {
    let sandbox = Sandbox::new();
    let text = "(module (func (export \"_start\")) (func (export \"other\") unreachable))";
    let mut program = sandbox.program("plain", text, &["--no-strip"]);
    let output = program.args(["--help", "--version"]).output().unwrap();
    assert_eq!((output.status.code(), out(&output), err(&output)), (Some(0), "".into(), "".into()));
    // Neither functions of WASI nor other exports of the guest.
    let bytes = fs::read(sandbox.path("plain")).unwrap();
    let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has("_start_wasm_call") && !has("wasmaot_wasi_") && !has("_other_wasm_call"));
}

#[test]
fn exit_codes_are_what_the_system_takes_of_them() {
    let sandbox = Sandbox::new();
    sandbox.program("exits", EXIT, &[]);
    // As a native `exit` has it: the lowest eight bits.
    for code in [0, 1, 2, 77, 101, 124, 125, 126, 127, 128, 134, 254, 255, 256, 257, 1000] {
        let mut program = Command::new(sandbox.path("exits"));
        let status = program.arg("x".repeat(code)).status().unwrap();
        assert_eq!(status.code(), Some((code % 256) as i32));
    }
}

#[test]
fn arguments_are_bytes_and_all_the_guests_own() {
    let sandbox = Sandbox::new();
    let mut program = sandbox.program("args", &prints("args"), &["--arg", "-x", "--arg", "a\tb\\"]);
    program.args(["--help", "", "-o"]).arg(OsStr::from_bytes(b"\xff\n\xe9"));
    let output = program.output().unwrap();
    let mut wanted = sandbox.path("args").as_os_str().as_bytes().to_vec();
    wanted.extend(b"\0-x\0a\tb\\\0--help\0\0-o\0\xff\n\xe9\0");
    let nuls = wanted.len();
    assert_eq!(output.stdout.get(..nuls), Some(&wanted[..]), "{output:?}");
}

#[test]
fn the_environment_is_what_was_granted() {
    let sandbox = Sandbox::new();
    let text = prints("environ");
    let run = |name: &str, options: &[&str]| {
        let mut program = sandbox.program(name, &text, options);
        program.env_clear().env("SECRET", "yes").env("LANG", "de");
        // A program that was not made for `run` does not look at this.
        program.env("WASMAOT_PROGRAM_OPTIONS", "env\tGIVEN\tsurely\n");
        let output = program.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        out(&output).trim_end_matches('\0').to_owned()
    };
    assert_eq!(run("nothing", &[]), "");
    assert_eq!(run("named", &["--env", "A=b=c", "--env", "LANG="]), "A=b=c\0LANG=");
    // What stands in the source of the program that is made, where values are put in.
    assert_eq!(run("marks", &["--env", "A={{imports}}{{"]), "A={{imports}}{{");
    assert_eq!(run("twice", &["--env", "A=1", "--env", "A=\t2"]), "A=\t2");
    let all = run("all", &["--inherit-env", "--env", "LANG=C"]);
    let mut all: Vec<_> = all.split('\0').collect();
    all.sort();
    assert_eq!(all, ["LANG=C", "SECRET=yes"]);
}

#[test]
fn streams_are_the_programs_own() {
    let sandbox = Sandbox::new();
    sandbox.program("cat", CAT, &[]);
    let cat = || Command::new(sandbox.path("cat"));
    // Pipes.
    let input: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
    let mut child = cat().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writes = input.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&writes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success() && output.stdout == input);
    // Files.
    fs::write(sandbox.path("in"), &input).unwrap();
    let from = fs::File::open(sandbox.path("in")).unwrap();
    let to = fs::File::create(sandbox.path("out")).unwrap();
    assert!(cat().stdin(from).stdout(to).status().unwrap().success());
    assert_eq!(fs::read(sandbox.path("out")).unwrap(), input);
    // A full device: an error of the guest's (ENOSPC is 51 in WASI).
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let from = fs::File::open(sandbox.path("in")).unwrap();
    assert_eq!(cat().stdin(from).stdout(full).status().unwrap().code(), Some(51));
    // Closed ones: nothing else takes their place.
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" <&- >&-"]).arg(sandbox.path("cat"));
    assert_eq!(shell.status().unwrap().code(), Some(0));
}

#[test]
fn folders_are_those_that_were_granted() {
    let sandbox = Sandbox::new();
    let open = |name: &str, options: &[&str], args: &[&str]| {
        let mut program = sandbox.program(name, OPENS, options);
        program.args(args).status().unwrap().code()
    };
    // BADF, as there is nothing at the descriptor; NOENT.
    assert_eq!(open("none", &[], &[]), Some(8));
    fs::create_dir(sandbox.path("data")).unwrap();
    assert_eq!(open("data.p", &["--dir", "data"], &[]), Some(44));
    // Made in the folder that the program's working folder has now, not when it was built.
    assert_eq!(open("data.p", &["--dir", "data"], &["new"]), Some(0));
    assert!(sandbox.path("data/file").is_file());
    assert_eq!(open("data.p", &["--dir", "data"], &[]), Some(0));
    assert_eq!(open("data.ro", &["--dir", "data::/:ro"], &[]), Some(0));
    let refused = open("data.ro", &["--dir", "data::/:ro"], &["new"]);
    assert!(refused.is_some_and(|code| code != 0), "{refused:?}");
    // A folder that is not there is an error before the guest runs.
    let output = sandbox.program("gone", OPENS, &["--dir", "gone::/"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("`gone`"), "{}", err(&output));
}

/// By the language that the module says it was written in.
#[test]
fn a_broken_pipe_ends_a_program_as_it_does_natively() {
    let sandbox = Sandbox::new();
    // The custom section `producers`: a field `language` with one value, of version 2024.
    let rust = YES.replacen(
        "(module",
        "(module (@custom \"producers\" \"\\01\\08language\\01\\04Rust\\042024\")",
        1,
    );
    for (name, text, signal, code) in [("c", YES, Some(13), None), ("rust", &*rust, None, Some(64))]
    {
        let mut program = sandbox.program(name, text, &[]);
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        // SIGPIPE is 13 everywhere, EPIPE is 64 in WASI.
        assert_eq!((status.signal(), status.code()), (signal, code), "{name}");
    }
}

#[test]
fn a_trap_tells_where_and_aborts() {
    let sandbox = Sandbox::new();
    let text = r#"(module $guest (memory 1)
        (func $inner (drop (i32.load (i32.const -1))))
        (func $outer (export "_start") (call $inner)))"#;
    for options in [&[][..], &["--explicit-checks"]] {
        let output = sandbox.program("traps", text, options).output().unwrap();
        assert_eq!(output.status.signal(), Some(6), "{output:?}");
        assert_eq!(out(&output), "");
        let err = err(&output);
        for words in ["error: wasm trap: out of bounds memory access", "guest!inner", "guest!outer"]
        {
            assert!(err.contains(words), "`{words}` is not in: {err}");
        }
    }
    let deep = "(module (func $f (export \"_start\") (call $f) (drop (i32.const 0))))";
    let output = sandbox.program("deep", deep, &[]).output().unwrap();
    assert_eq!(output.status.signal(), Some(6));
    assert!(err(&output).contains("call stack exhausted"), "{}", err(&output));
}

#[test]
fn memory_is_limited_when_that_was_asked_for() {
    let sandbox = Sandbox::new();
    // Ends with what growing gives, which is -1 or the former size.
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory 1) (func (export "_start") (call $exit (memory.grow (i32.const 3)))))"#;
    let code =
        |name, options: &[&str]| sandbox.program(name, text, options).status().unwrap().code();
    assert_eq!(code("free", &[]), Some(1));
    assert_eq!(code("enough", &["--max-memory", "256K"]), Some(1));
    assert_eq!(code("tight", &["--max-memory", "262143"]), Some(255));
}

/// With a loop that never ends.
#[test]
fn time_and_fuel_come_to_an_end() {
    let sandbox = Sandbox::new();
    let text = "(module $busy (func $spins (export \"_start\") (loop (br 0))))";
    let start = std::time::Instant::now();
    let output = sandbox.program("late", text, &["--timeout", "300ms"]).output().unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_millis(300));
    assert_eq!(output.status.code(), Some(124), "{output:?}");
    assert!(err(&output).contains("time of 300 ms is up"), "{}", err(&output));
    assert!(err(&output).contains("busy!spins"), "{}", err(&output));

    let output = sandbox.program("empty", text, &["--fuel", "100000"]).output().unwrap();
    assert_eq!(output.status.signal(), Some(6), "{output:?}");
    assert!(err(&output).contains("used up its 100000 units of fuel"), "{}", err(&output));
    // One that needs less than it has does not notice.
    let options = ["--timeout", "1h", "--fuel", "1000"];
    let quick = "(module (func (export \"_start\")))";
    assert_eq!(sandbox.program("quick", quick, &options).status().unwrap().code(), Some(0));
    // Counting without a limit.
    let counts = ["--fuel-metering", "--epochs"];
    assert_eq!(sandbox.program("counts", quick, &counts).status().unwrap().code(), Some(0));
}

/// As guests with threads import it.
#[test]
fn a_shared_memory_is_provided() {
    let sandbox = Sandbox::new();
    // Ends with the pages that it has, after growing by 2 if that is possible.
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "env" "memory" (memory 3 8 shared))
        (func (export "_start")
            (drop (memory.grow (i32.const 2)))
            (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
            (call $exit (memory.size))))"#;
    assert_eq!(sandbox.program("shared", text, &[]).status().unwrap().code(), Some(5));
    let mut limited = sandbox.program("limited", text, &["--max-memory", "256K"]);
    assert_eq!(limited.status().unwrap().code(), Some(3));
    let output = sandbox.program("small", text, &["--max-memory", "128K"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("its limit is 2"), "{}", err(&output));
}

/// Starts a thread with 10, 20, 30 and 40, each of which adds its number and its argument; ends with
/// the sum. What threads do else is put in.
fn threads(more: &str) -> String {
    format!(
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (import "env" "memory" (memory 1 1 shared))
        (func (export "wasi_thread_start") (param $id i32) (param $argument i32)
            {more}
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.add (local.get $id) (local.get $argument))))
            (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
            (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
        (func (export "_start") (local $n i32)
            (loop $again
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (if (i32.ne (local.get $n) (call $spawn (i32.mul (local.get $n) (i32.const 10))))
                    (then unreachable))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 4))))
            (loop $wait
                (local.set $n (i32.atomic.load (i32.const 4)))
                (if (i32.lt_u (local.get $n) (i32.const 4)) (then
                    (drop (memory.atomic.wait32 (i32.const 4) (local.get $n) (i64.const -1)))
                    (br $wait))))
            (call $exit (i32.atomic.load (i32.const 0)))))"#
    )
}

#[test]
fn threads_share_the_memory_and_the_end() {
    let sandbox = Sandbox::new();
    let status = |name: &str, more: &str| {
        let output = sandbox.program(name, &threads(more), &[]).output().unwrap();
        (output.status, err(&output))
    };
    let (ended, said) = status("sum", "");
    assert_eq!(ended.code(), Some(1 + 2 + 3 + 4 + 10 + 20 + 30 + 40), "{said}");
    // One of them ends the program, while the others and the main thread wait.
    let last = "(if (i32.eq (local.get $id) (i32.const 3)) (then ACTION))";
    let (ended, said) = status("exit", &last.replace("ACTION", "(call $exit (i32.const 77))"));
    assert_eq!(ended.code(), Some(77), "{said}");
    let (ended, said) = status("trap", &last.replace("ACTION", "unreachable"));
    assert_eq!(ended.signal(), Some(libc::SIGABRT), "{said}");
    assert!(said.contains("wasi_thread_start"), "{said}");

    // Each has a memory of its own, too.
    let text = threads("(i32.store $own (i32.const 64) (local.get $id))");
    let shared = "(memory 1 1 shared))";
    let text = text.replace(shared, &format!("{shared} (memory $own 1)"));
    let output = sandbox.program("own", &text, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1 + 2 + 3 + 4 + 10 + 20 + 30 + 40), "{output:?}");

    let without = r#"(module (import "wasi" "thread-spawn" (func (param i32) (result i32)))
        (func (export "_start")))"#;
    let said = sandbox.refusal(without, &[]);
    assert!(said.contains("exports no `wasi_thread_start`"), "{said}");
}

#[test]
fn everything_that_nobody_provides_is_told_with_who_could() {
    let sandbox = Sandbox::new();
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_reed" (func (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
        (import "wasi_unstable" "sock_accept" (func (param i32 i32 i32) (result i32)))
        (import "wasi:cli/stdout@0.2.0" "get-stdout" (func (result i32)))
        (import "env" "emscripten_memcpy_js" (func (param i32 i32 i32)))
        (import "env" "my_function" (func))
        (import "env" "memory" (memory 1))
        (import "wbg" "__wbg_log" (func (param i32)))
        (import "custom" "thing" (global i32))
        (func (export "_start")))"#;
    let err = sandbox.refusal(text, &[]);
    let wanted = [
        "refused.wat",
        "wasi_snapshot_preview1.fd_reed: func(i32) -> i32\n",
        "it has `fd_read`",
        "wasi_snapshot_preview1.fd_read: func(i32) -> i32\n",
        "WASI's `fd_read` is a func(i32, i32, i32, i32) -> i32",
        "wasi_unstable.sock_accept",
        "it is in `wasi_snapshot_preview1`",
        "component model",
        "Emscripten",
        "env.my_function: func()",
        "defined nowhere",
        "env.memory: memory of 1 or more pages",
        "--import-memory",
        "wasm-bindgen",
        "custom.thing: global i32",
        "cargo wasmaot new",
    ];
    for words in wanted {
        assert!(err.contains(words), "`{words}` is not in: {err}");
    }
    assert!(!err.contains("fd_close") && !err.contains("--stub-missing"), "{err}");
    // What is no function cannot be stubbed.
    let err = sandbox.refusal(text, &["--stub-missing"]);
    assert!(err.contains("custom.thing") && !err.contains("fd_reed"), "{err}");
}

#[test]
fn missing_functions_can_be_traps() {
    let sandbox = Sandbox::new();
    let text = r#"(module
        (import "wasi_snapshot_preview1" "args_sizes_get"
            (func $sizes (param i32 i32) (result i32)))
        (import "env" "odd \"name\"" (func $odd (param i32) (result f64)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "env" "never" (func))
        (memory 1)
        (func (export "_start")
            (drop (call $sizes (i32.const 0) (i32.const 4)))
            (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 1))
                (then (drop (call $odd (i32.const 1)))))
            (call $exit (i32.const 3))))"#;
    assert!(sandbox.refusal(text, &[]).contains("--stub-missing"));
    sandbox.write("stubs.wat", text);
    let args = ["build", "--offline", "--bin", "stubs.wat", "--stub-missing"];
    let output = sandbox.wasmaot(&args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = err(&output);
    assert!(told.contains("`env.odd \"name\"`") && told.contains("`env.never`"), "{told}");
    assert!(!told.contains("proc_exit"), "{told}");

    let program = || Command::new(sandbox.path("stubs"));
    assert_eq!(program().status().unwrap().code(), Some(3));
    let output = program().arg("more").output().unwrap();
    assert_eq!(output.status.signal(), Some(6));
    assert!(err(&output).contains("`env.odd \"name\"`"), "{}", err(&output));
}

#[test]
fn modules_that_are_no_commands_are_told_what_they_are() {
    let sandbox = Sandbox::new();
    let refused = |text: &str, words: &str| {
        let err = sandbox.refusal(text, &[]);
        assert!(err.contains(words), "`{words}` is not in: {err}");
    };
    refused("(module)", "exports no function `_start`");
    refused("(module (func (export \"_initialize\")))", "reactor");
    refused("(module (func (export \"_start\") (param i32)))", "func(i32)");
    refused("(component)", "component");
}

#[test]
fn a_program_is_written_whole_or_not_at_all() {
    let sandbox = Sandbox::new();
    sandbox.write("p.wat", "(module (func (export \"_start\")))");
    let build = |output: &str| {
        sandbox.wasmaot(&["build", "--offline", "--bin", "p.wat", "-o", output]).output().unwrap()
    };
    let output = build("no/such/p");
    assert_eq!(output.status.code(), Some(101));
    assert!(err(&output).contains("no/such/p"), "{output:?}");
    fs::create_dir(sandbox.path("taken")).unwrap();
    assert!(err(&build("taken")).contains("it is a folder"));
    let mut names: Vec<_> =
        fs::read_dir(&sandbox.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["p.wat", "taken"]);
    // One that runs is replaced; a link stays one.
    assert!(build("p").status.success());
    std::os::unix::fs::symlink("p", sandbox.path("link")).unwrap();
    assert!(build("link").status.success());
    assert!(sandbox.path("link").is_symlink());
    assert!(Command::new(sandbox.path("link")).status().unwrap().success());
}

#[test]
fn a_program_is_made_again_only_if_that_is_wanted() {
    let sandbox = Sandbox::new();
    // No other test has this one.
    sandbox.program("again", "(module (func (export \"_start\") (drop (i32.const 1234))))", &[]);
    for (option, words) in
        [(None, ["Fresh"].as_slice()), (Some("--no-cache"), &["Compiling", "Linking"])]
    {
        let mut args = vec!["build", "-v", "--offline", "--bin", "again.wat"];
        args.extend(option);
        let output = sandbox.wasmaot(&args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        for word in ["Fresh", "Compiling", "Linking"] {
            assert_eq!(err(&output).contains(word), words.contains(&word), "{word} {output:?}");
        }
    }
}

#[test]
fn a_static_program_needs_no_loader() {
    let sandbox = Sandbox::new();
    let interpreted = |name: &str, options: &[&str]| {
        assert_eq!(
            sandbox.program(name, EXIT, options).arg("abc").status().unwrap().code(),
            Some(3)
        );
        let bytes = fs::read(sandbox.path(name)).unwrap();
        let elf = object::read::elf::ElfFile64::<object::Endianness>::parse(&*bytes).unwrap();
        let headers = elf.elf_program_headers();
        headers.iter().any(|header| header.p_type.get(elf.endian()) == object::elf::PT_INTERP)
    };
    assert!(interpreted("dynamic", &[]));
    assert!(!interpreted("static", &["--static"]));
    // Traps are found there, too.
    let text = "(module (memory 1) (func (export \"_start\") (drop (i32.load (i32.const -1)))))";
    let output = sandbox.program("traps", text, &["--static"]).output().unwrap();
    assert_eq!(output.status.signal(), Some(6));
    assert!(err(&output).contains("out of bounds memory access"), "{output:?}");
}

/// Programs are the only instance of their process, if nobody wants it otherwise.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_memory_of_a_program_is_at_a_known_address() {
    let sandbox = Sandbox::new();
    let is_there = |name: &str, options: &[&str]| {
        let mut program = sandbox.program(name, CAT, options);
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        to.write_all(b"it").unwrap();
        let mut back = [0; 2];
        from.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"it");
        // It waits for more.
        let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
        drop(to);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        maps.lines().any(|line| line.starts_with("60000000-"))
    };
    assert!(is_there("default", &[]));
    assert!(is_there("static", &["--static"]));
    assert!(is_there("single", &["--single-instance", "--opt-level", "none"]));
    assert!(!is_there("any", &["--single-instance=false"]));
    assert!(!is_there("checked", &["--explicit-checks"]));
}

#[test]
fn options_for_packages_do_not_fit_modules() {
    let sandbox = Sandbox::new();
    let err = sandbox.refusal("(module (func (export \"_start\")))", &["--workspace"]);
    assert!(err.contains("--workspace is for packages"), "{err}");
    for option in [
        &["-o", "x"][..],
        &["--dir", "."],
        &["--static"],
        &["--explicit-checks"],
        &["--single-instance"],
        &["--single-instance=false"],
    ] {
        let args = [&["build", "--bin", "name"], option].concat();
        let output = sandbox.wasmaot(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(101));
        assert!(self::err(&output).contains("--output"), "{output:?}");
    }
    // Cargo's word for packages is its own.
    let output = sandbox.wasmaot(&["build", "--bin", "name"]).output().unwrap();
    assert!(self::err(&output).contains("Cargo.toml"), "{output:?}");
}
