//! The program `cargo-wasmaot` as people and scripts meet it: what it prints, where, its exit
//! codes, and what it leaves behind when something is wrong.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Two functions and nothing imported.
const ADD: &str = r#"(module $adder
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "pair") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
    (func $fails (export "fail") (unreachable)))"#;

/// A folder outside of any Cargo project, in which the program runs.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn with(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let sandbox = Self::new();
        fs::write(sandbox.path(name), contents).unwrap();
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
        command.arg("wasmaot").current_dir(&self.folder).env_remove("CARGO_TERM_COLOR");
        command.env("WASMAOT_CACHE", "off");
        command
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.command().args(args).output().unwrap().into()
    }

    /// The names of all files.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// What came of a run.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// It worked and said nothing but results.
    #[track_caller]
    fn succeeded(self) -> String {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{self:?}");
        self.out
    }

    /// It failed with this code, and its error has all these words.
    #[track_caller]
    fn failed(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

fn add_wasm() -> Vec<u8> {
    wat::parse_str(ADD).unwrap()
}

#[test]
fn a_function_is_called_and_its_results_are_typed() {
    let sandbox = Sandbox::with("add.wat", ADD);
    assert_eq!(
        sandbox.run(&["run", "add.wat", "--invoke", "add", "2", "-3"]).succeeded(),
        "i32: -1\n"
    );
    let out = sandbox.run(&["run", "add.wat", "--invoke", "pair", "0x10", "1.5"]).succeeded();
    assert_eq!(out, "f64: 1.5\ni64: 16\n");
    let out =
        sandbox.run(&["--message-format", "json", "run", "add.wat", "--invoke", "add", "1", "1"]);
    let json: serde_json::Value = serde_json::from_str(&out.succeeded()).unwrap();
    assert_eq!(json["results"][0]["value"], "2");
}

#[test]
fn a_trap_ends_the_run_with_the_functions_name() {
    let sandbox = Sandbox::with("add.wat", ADD);
    let out = sandbox.run(&["run", "add.wat", "--invoke", "fail"]);
    out.failed(1, &["error:", "unreachable", "adder", "fails"]);
    let out = sandbox.run(&["run", "--explicit-checks", "add.wat", "--invoke", "fail"]);
    out.failed(1, &["unreachable", "fails"]);
}

#[test]
fn calls_that_do_not_fit_are_refused() {
    let sandbox = Sandbox::with("add.wat", ADD);
    let run = |args: &[&str]| sandbox.run(&[&["run", "add.wat", "--invoke"], args].concat());
    run(&["add", "1"]).failed(101, &["`add` takes 2 arguments, not 1", "func(i32, i32) -> i32"]);
    run(&["add", "1", "x"]).failed(101, &["argument 2", "i32", "`x`"]);
    run(&["add", "1", "4294967296"]).failed(101, &["argument 2", "4294967296"]);
    run(&["sub"]).failed(101, &["`sub`", "add: func(i32, i32) -> i32"]);
}

#[test]
fn imports_that_nobody_provides_are_all_named() {
    let sandbox = Sandbox::with(
        "needy.wat",
        r#"(module (import "env" "log" (func (param i32))) (import "env" "mem" (memory 1 2)))"#,
    );
    let out = sandbox.run(&["run", "needy.wat"]);
    out.failed(101, &["needy.wat", "env.log: func(i32)", "env.mem: memory of 1 to 2 pages"]);
}

#[test]
fn an_object_is_written_where_it_is_wanted() {
    let sandbox = Sandbox::with("add.wasm", add_wasm());
    assert_eq!(sandbox.run(&["compile", "add.wasm"]).succeeded(), "");
    assert_eq!(sandbox.run(&["compile", "add.wasm", "-o", "out.o"]).succeeded(), "");
    assert_eq!(sandbox.files(), ["add.o", "add.wasm", "out.o"]);
    let object = fs::read(sandbox.path("add.o")).unwrap();
    assert_eq!(object, fs::read(sandbox.path("out.o")).unwrap());
    let text = sandbox.run(&["inspect", "add.o"]).succeeded();
    for word in ["adder", "pair", "func(i64, f64) -> (f64, i64)", "wasm_adder_add_wasm_call"] {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn everything_that_can_be_emitted_comes_out() {
    let sandbox = Sandbox::with("add.wasm", add_wasm());
    for (kind, file, word) in [
        ("clif", "add.clif", "iadd"),
        ("asm", "add.s", "wasm[adder]::function[0]::add:"),
        ("bindings", "add.rs", "pub fn add(&mut self, a: i32, b: i32) -> Result<i32, Error>"),
        ("header", "add.h", "wasm_adder_add_wasm_call"),
        ("manifest", "add.json", "\"name\": \"adder\""),
    ] {
        assert_eq!(sandbox.run(&["compile", "add.wasm", "--emit", kind]).succeeded(), "");
        let text = fs::read_to_string(sandbox.path(file)).unwrap();
        assert!(text.contains(word), "`{word}` is not in: {text}");
        let out = sandbox.run(&["compile", "add.wasm", "--emit", kind, "-o", "-"]).succeeded();
        assert_eq!(out, text);
    }
    sandbox.run(&["compile", "add.wasm", "--target", "aarch64-unknown-linux-gnu"]).succeeded();
    let text = sandbox.run(&["inspect", "add.o"]).succeeded();
    assert!(text.contains("aarch64"), "{text}");
    let target = "riscv64gc-unknown-linux-gnu";
    let out = sandbox.run(&["compile", "add.wasm", "--target", target]);
    out.failed(101, &[target, "not supported", "x86_64"]);
}

#[test]
fn a_module_is_described() {
    let sandbox = Sandbox::with("add.wasm", add_wasm());
    let text = sandbox.run(&["inspect", "add.wasm"]).succeeded();
    for word in ["adder", "add", "func(i32, i32) -> i32", "multi-value", "code"] {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    let json = sandbox.run(&["inspect", "add.wasm", "--message-format", "json"]).succeeded();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["functions"], 3);
    assert_eq!(json["interface"]["exports"][0]["name"], "add");
}

#[test]
fn bad_input_is_named_and_leaves_nothing() {
    let wasm = add_wasm();
    let sandbox = Sandbox::with("cut.wasm", &wasm[..wasm.len() / 2]);
    let out = sandbox.run(&["compile", "cut.wasm", "-o", "cut.o"]);
    out.failed(101, &["error: cannot compile `cut.wasm`", "offset 0x"]);
    assert_eq!(sandbox.files(), ["cut.wasm"]);

    sandbox
        .run(&["compile", "none.wasm"])
        .failed(101, &["cannot read `none.wasm`", "No such file"]);

    fs::write(sandbox.path("bad.wat"), "(module (func (result i32)\n  (i32.cons 1)))").unwrap();
    sandbox.run(&["compile", "bad.wat"]).failed(101, &["bad.wat:2:", "i32.cons"]);

    fs::write(sandbox.path("empty.wasm"), "").unwrap();
    sandbox.run(&["compile", "empty.wasm"]).failed(101, &["`empty.wasm` is empty"]);

    fs::write(sandbox.path("text.wasm"), "hello").unwrap();
    sandbox.run(&["inspect", "text.wasm"]).failed(101, &["text.wasm"]);
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::with("add.wasm", add_wasm());
    let out = sandbox.run(&["compile", "add.wasm", "-o", "no/such/folder.o"]);
    out.failed(101, &["cannot write `no/such/folder.o`"]);
    assert_eq!(sandbox.files(), ["add.wasm"]);
    // A folder is in the way.
    fs::create_dir(sandbox.path("taken.o")).unwrap();
    sandbox.run(&["compile", "add.wasm", "-o", "taken.o"]).failed(101, &["taken.o"]);
    assert_eq!(sandbox.files(), ["add.wasm", "taken.o"]);
}

#[test]
fn without_a_linker_the_error_names_what_was_looked_for() {
    let sandbox = Sandbox::with("add.wat", ADD);
    let empty = tempfile::tempdir().unwrap();
    let mut command = sandbox.command();
    command.env("PATH", empty.path()).env_remove("CC").env_remove("RUSTC");
    let out: Outcome =
        command.args(["run", "add.wat", "--invoke", "add", "1", "2"]).output().unwrap().into();
    out.failed(101, &["no linker found", "`cc`", "`gcc`", "PATH", "rust-lld", "install"]);

    let mut command = sandbox.command();
    command.env("CC", "no-such-compiler").args(["run", "add.wat", "--invoke", "add", "1", "2"]);
    Outcome::from(command.output().unwrap()).failed(101, &["$CC is `no-such-compiler`"]);
}

#[test]
fn scripts_report_each_failure_and_end_with_the_sum() {
    let script = format!(
        "{ADD}\n(assert_return (invoke \"add\" (i32.const 1) (i32.const 2)) (i32.const 3))\n\
         (assert_return (invoke \"add\" (i32.const 1) (i32.const 2)) (i32.const 4))\n\
         (assert_trap (invoke \"fail\") \"integer overflow\")\n\
         (assert_malformed (module quote \"(func\") \"unexpected\")\n\
         (assert_invalid (module) \"anything\")\n"
    );
    let sandbox = Sandbox::with("some.wast", script);
    let first = ADD.lines().count();
    for mode in [&["wast", "some.wast"][..], &["wast", "--explicit-checks", "some.wast"]] {
        let out = sandbox.run(mode);
        assert_eq!(out.code, Some(1), "{out:?}");
        let lines: Vec<_> = out.out.lines().collect();
        assert_eq!(lines.len(), 4, "{out:?}");
        assert!(lines[0].starts_with(&format!("some.wast:{}: expected (i32.const 4)", first + 2)));
        assert!(lines[1].starts_with(&format!("some.wast:{}: expected the trap", first + 3)));
        assert!(lines[2].starts_with(&format!("some.wast:{}: the module was accepted", first + 5)));
        assert_eq!(lines[3], "3 passed, 3 failed");
    }
    fs::write(sandbox.path("good.wast"), "(module)").unwrap();
    assert_eq!(sandbox.run(&["wast", "good.wast"]).succeeded(), "1 passed, 0 failed\n");
    sandbox.run(&["wast", "none.wast"]).failed(101, &["cannot read `none.wast`"]);
}

#[test]
fn a_script_that_hangs_or_blocks_is_named_and_the_others_go_on() {
    let sandbox = Sandbox::with(
        "hangs.wast",
        "(module (func (export \"f\") (loop (br 0))))\n(invoke \"f\")\n(invoke \"f\")",
    );
    fs::write(sandbox.path("good.wast"), "(module)").unwrap();
    fs::write(
        sandbox.path("gap.wast"),
        "(module (tag (export \"t\")) (func (export \"f\")))\n(invoke \"f\")\n(module)\n",
    )
    .unwrap();
    let files = ["hangs.wast", "gap.wast", "good.wast"];
    let out = sandbox.run(&[&["wast", "--timeout", "2"][..], &files].concat());
    assert_eq!(out.code, Some(1), "{out:?}");
    let lines: Vec<_> = out.out.lines().collect();
    assert_eq!(lines.len(), 3, "{out:?}");
    assert_eq!(lines[0], "hangs.wast:2: it did not end within 2 seconds");
    assert!(lines[1].starts_with("gap.wast:1: cannot compile the module"), "{out:?}");
    assert!(lines[1].contains("exception-handling"), "{out:?}");
    assert!(lines[1].ends_with("(1 directive needs it)"), "{out:?}");
    assert_eq!(lines[2], "3 passed, 4 failed");

    let out = sandbox.run(&["wast", "gap.wast", "--message-format", "json"]);
    let lines: Vec<serde_json::Value> =
        out.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{out:?}");
    assert_eq!((&lines[0]["file"], &lines[0]["line"]), (&"gap.wast".into(), &1.into()));
    assert_eq!(lines[0]["blocks"], 1);
    assert_eq!((&lines[1]["passed"], &lines[1]["failed"]), (&1.into(), &2.into()));
}

#[test]
fn machine_code_comes_from_the_cache() {
    let sandbox = Sandbox::with("add.wat", ADD);
    // How many functions were generated, and how many were there.
    let compile = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = sandbox.command();
        command.env_remove("WASMAOT_CACHE").env("WASMAOT_CACHE_DIR", "cache");
        command.args(["compile", "add.wat", "-v"]).args(args).envs(variables.iter().copied());
        let output = Outcome::from(command.output().unwrap());
        assert_eq!(output.code, Some(0), "{output:?}");
        let line = output.err.lines().find(|line| line.contains("Generated")).unwrap();
        let numbers = line.split(' ').filter_map(|word| word.parse().ok());
        (numbers.collect::<Vec<usize>>(), fs::read(sandbox.path("add.o")).unwrap(), output.err)
    };
    let (work, object, _) = compile(&["--no-cache"], &[]);
    let all = work[0];
    assert!(all > 3 && work == [all, 0]);
    assert!(!sandbox.path("cache").exists());
    for (expected, args, variables) in [
        ([all, 0], &[][..], &[][..]),
        ([0, all], &[], &[]),
        ([all, 0], &["--no-cache"], &[]),
        ([all, 0], &[], &[("WASMAOT_CACHE", "off")]),
        ([all, 0], &[], &[("WASMAOT_CACHE_DIR", "/proc/no/such")]),
        ([all, 0], &[], &[("WASMAOT_CACHE_DIR", "add.wat")]),
        ([all, 0], &[], &[("WASMAOT_CACHE_SIZE", "10")]),
        ([0, all], &[], &[("WASMAOT_CACHE_SIZE", "1M")]),
    ] {
        let (work, found, _) = compile(args, variables);
        assert_eq!(work, expected, "{args:?} {variables:?}");
        assert!(found == object, "{args:?} {variables:?}");
    }
    // What cannot be understood is said, and is no reason to fail.
    let (work, found, err) = compile(&[], &[("WASMAOT_CACHE_SIZE", "much")]);
    assert!(work == [all, 0] && found == object);
    assert!(err.contains("WASMAOT_CACHE_SIZE") && err.contains("512M"), "{err}");
    // Of a changed module only what changed is generated.
    fs::write(sandbox.path("add.wat"), ADD.replace("i32.add (", "i32.sub (")).unwrap();
    assert_eq!(compile(&[], &[]).0, [1, all - 1]);
}

#[test]
fn typos_are_answered_with_a_suggestion() {
    let sandbox = Sandbox::new();
    sandbox.run(&["complie", "x.wasm"]).failed(1, &["complie", "compile"]);
    sandbox.run(&["compile", "--outptu", "x"]).failed(1, &["--output"]);
    let help = sandbox.run(&["--help"]).succeeded();
    for command in ["compile", "build", "run", "inspect", "new", "wast"] {
        assert!(help.contains(command), "{help}");
    }
}

#[test]
fn code_for_a_single_instance_knows_where_its_memory_is() {
    let text = "(module (memory 1) (func (export \"f\") (param i32) (result i32) (i32.load (local.get 0))))";
    let sandbox = Sandbox::with("guest.wat", text);
    let knows = |target: &str, options: &[&str]| {
        let args = ["compile", "guest.wat", "--emit", "asm", "-o", "-", "--target", target];
        sandbox.run(&[&args, options].concat()).succeeded().contains("0x60000000")
    };
    let (x86, arm) = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu");
    for (target, options, expected) in [
        (x86, &[][..], false),
        (x86, &["--single-instance"], true),
        (x86, &["--single-instance=true"], true),
        (x86, &["--single-instance=false"], false),
        // Neither is its memory where accesses are compared.
        (x86, &["--single-instance", "--explicit-checks"], false),
        (arm, &["--single-instance"], false),
    ] {
        assert_eq!(knows(target, options), expected, "{target} {options:?}");
    }
    let wrong = sandbox.run(&["compile", "guest.wat", "--single-instance=maybe"]);
    wrong.failed(1, &["'maybe'", "--single-instance", "true, false"]);
    for command in ["compile", "build", "run"] {
        let help = sandbox.run(&[command, "--help"]).succeeded();
        assert!(help.contains("--single-instance[=<BOOL>]"), "{command}: {help}");
    }
    assert_eq!(sandbox.files(), ["guest.wat"]);
}

#[test]
fn errors_for_programs_are_json() {
    let sandbox = Sandbox::new();
    let out = sandbox.run(&["compile", "none.wasm", "--message-format", "json"]);
    assert_eq!((out.code, &*out.err), (Some(101), ""));
    let json: serde_json::Value = serde_json::from_str(&out.out).unwrap();
    assert_eq!(json["reason"], "compiler-message");
    assert!(json["message"]["rendered"].as_str().unwrap().contains("none.wasm"));
}

#[test]
fn proposals_can_be_switched_off() {
    let tail = r#"(module (func $f (export "f") (param i32) (result i32)
        (if (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))))
        (i32.const 7)))"#;
    let sandbox = Sandbox::with("tail.wat", tail);
    let run = |without: &str| {
        sandbox.run(&["run", "--without-proposals", without, "tail.wat", "--invoke", "f", "3"])
    };
    assert_eq!(run("simd,threads").succeeded(), "i32: 7\n");
    let what = "tail-call (calls that replace their caller)";
    run("tail-call").failed(101, &["tail.wat", "offset 0x", what, "switched off"]);
    run("tail-cal").failed(101, &["no proposal `tail-cal`"]);
    assert_eq!(sandbox.files(), ["tail.wat"]);
}

/// Two threads over one memory: one waits for the other. A third cannot do what it should.
#[test]
fn scripts_have_threads() {
    let script = r#"(module $Mem (memory (export "shared") 1 1 shared))
(thread $waits (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "wait") (i32.const 0)))
(thread $wakes (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared)
    (func (export "wake")
      (loop (br_if 0 (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))
      (i32.store (i32.const 4) (i32.const 42))))
  (invoke "wake"))
(wait $waits)
(wait $wakes)
(assert_unlinkable (module (memory (import "mem" "shared") 1 1 shared)) "unknown import")
(register "mem" $Mem)
(module (memory (import "mem" "shared") 1 1 shared)
  (func (export "look") (result i32) (i32.load (i32.const 4))))
(assert_return (invoke "look") (i32.const 42))
"#;
    let sandbox = Sandbox::with("threads.wast", script);
    for mode in [&["wast", "threads.wast"][..], &["wast", "--explicit-checks", "threads.wast"]] {
        assert_eq!(sandbox.run(mode).succeeded(), "9 passed, 0 failed\n");
    }
    let script = "(module (memory (export \"m\") 1))\n(thread $bad\n  (module)\n  (invoke \"f\"))\n\
                  (wait $bad)\n(wait $nobody)\n(thread $bad (register \"m\" $Mem))\n";
    fs::write(sandbox.path("bad.wast"), script).unwrap();
    let out = sandbox.run(&["wast", "bad.wast"]);
    let wanted = [
        "bad.wast:5: in thread `$bad`, line 4: no function is exported as `f`",
        "bad.wast:6: there is no thread `$nobody`",
        "3 passed, 2 failed",
    ];
    assert_eq!(out.out.lines().collect::<Vec<_>>(), wanted, "{out:?}");
}
