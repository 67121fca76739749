//! Bad and absurd input: whatever the bytes are, the answer is a module or an error that says
//! where and why, soon and without a panic.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use wasmaot_compiler::{Config, Error, OptLevel, compile, describe};

/// Far more than any input here needs, on a slow machine too; far less than a hang.
const PATIENCE: Duration = Duration::from_secs(60);

fn config() -> Config {
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    config.opt_level = OptLevel::None;
    config
}

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a test's text is right")
}

/// A real module of the repository's collection.
fn third_party(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/third-party"));
    let path = folder.join(name).join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Small modules that use every section and many instructions.
fn small_modules() -> Vec<Vec<u8>> {
    let full = r#"(module $full
        (type $t (func (param i32) (result i32)))
        (import "env" "f" (func $f (type $t)))
        (import "env" "g" (global $g i32))
        (table $funcs (export "funcs") 4 8 funcref)
        (table $hosts 2 externref)
        (memory (export "memory") 1 2)
        (global $counter (mut i64) (i64.const 5))
        (global $ref funcref (ref.func $double))
        (func $double (export "double") (param $x i32) (result i32) (local f32 f64 externref)
          (block $out (result i32)
            (loop $again
              (br_if $again (i32.eqz (local.get $x)))
              (br_table $again $again (local.get $x)))
            unreachable))
        (func $indirect (export "indirect") (param i32) (result i32 i32)
          (call_indirect $funcs (type $t) (local.get 0) (i32.const 1))
          (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.load8_s offset=9 (i32.const 0)))))
        (func $start
          (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
          (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1))
          (table.init $funcs $items (i32.const 0) (i32.const 0) (i32.const 1))
          (data.drop $passive) (elem.drop $items)
          (table.set $hosts (i32.const 0) (ref.null extern))
          (global.set $counter (i64.extend_i32_u (i32.trunc_sat_f32_s (f32.const 1.5)))))
        (start $start)
        (elem (i32.const 0) $double $f)
        (elem $items funcref (ref.func $indirect) (ref.null func))
        (elem declare func $start)
        (data (i32.const 16) "hello")
        (data (offset (i32.add (global.get $g) (i32.const 4))) "there")
        (data $passive "passive"))"#;
    vec![wasm(full), third_party("xxhash")]
}

/// Asks for everything that can be asked of a module, and checks the manners of a refusal.
fn ask(bytes: &[u8], what: &str, mut ask: impl FnMut(&[u8]) -> Result<(), Error>) -> bool {
    let start = Instant::now();
    let answer = ask(bytes);
    let took = start.elapsed();
    assert!(took < PATIENCE, "{what}: took {took:?}");
    let Err(error) = answer else { return true };
    let text = error.to_string();
    match &error {
        Error::Invalid { offset, message } => {
            assert!(*offset <= bytes.len(), "{what}: {text}");
            assert!(!message.is_empty(), "{what}: {text}");
        }
        Error::Unsupported { offset, feature, help } => {
            assert!(*offset <= bytes.len(), "{what}: {text}");
            assert!(!feature.is_empty() && !help.is_empty(), "{what}: {text}");
        }
        Error::TooLarge { message, .. } => assert!(!message.is_empty(), "{what}: {text}"),
        other => panic!("{what}: {other}"),
    }
    false
}

fn compiles(bytes: &[u8]) -> Result<(), Error> {
    compile(bytes, &config()).map(drop)
}

fn describes(bytes: &[u8]) -> Result<(), Error> {
    describe(bytes, &config()).map(drop)
}

/// A generator of the numbers of a test: xorshift, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Changes a few bytes: bits flip, bytes become extreme, go, come, or are taken from elsewhere.
fn mutate(module: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = module.to_vec();
    for _ in 0..=numbers.below(3) {
        // Never the magic number: that is tested elsewhere, and nothing behind it would be.
        let at = 8 + numbers.below(bytes.len() - 8);
        match numbers.below(6) {
            0 | 1 => bytes[at] ^= 1 << numbers.below(8),
            2 => bytes[at] = [0, 1, 0x40, 0x7f, 0x80, 0xff][numbers.below(6)],
            3 => drop(bytes.remove(at)),
            4 => bytes.insert(at, numbers.below(256) as u8),
            _ => bytes[at] = bytes[8 + numbers.below(bytes.len() - 8)],
        }
    }
    bytes
}

#[test]
fn every_prefix_is_refused_or_a_module() {
    for module in small_modules() {
        assert!(ask(&module, "whole module", describes));
        let mut accepted = 0;
        for len in 0..module.len() {
            accepted += usize::from(ask(&module[..len], &format!("{len} bytes"), describes));
        }
        // Only at the end of a section can a prefix be a module.
        assert!((1..=12).contains(&accepted), "{accepted} prefixes are modules");
    }
}

#[test]
fn mutated_modules_are_refused_or_compiled() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut modules = vec![(small_modules(), 3000)];
    modules.push((["argon2", "source-map", "llhttp"].map(third_party).into(), 300));
    let mut outcomes = [0; 2];
    for (modules, count) in modules {
        for (which, module) in modules.iter().enumerate() {
            for round in 0..count {
                let bytes = mutate(module, &mut numbers);
                let what = format!("module {which} of {} bytes, round {round}", module.len());
                let accepted = ask(&bytes, &what, describes);
                outcomes[usize::from(accepted)] += 1;
                if accepted && round % 4 == 0 {
                    assert!(ask(&bytes, &what, compiles), "{what}: described but not compiled");
                }
            }
        }
    }
    assert!(outcomes.iter().all(|&count| count > 500), "one-sided mutations: {outcomes:?}");
}

/// A section: its number, the size of its contents, the contents.
fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![id];
    leb(contents.len() as u64, &mut out);
    out.extend(contents);
    out
}

fn leb(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

const HEADER: &[u8] = b"\0asm\x01\0\0\0";

#[test]
fn counts_without_contents_are_refused_at_once() {
    for id in 1..=12 {
        for count in [1000, 1_000_000, 50_000_000, u64::from(u32::MAX)] {
            let mut contents = Vec::new();
            leb(count, &mut contents);
            let bytes = [HEADER, &section(id, &contents)].concat();
            // Sections of a single number hold nothing else: the start and the data count.
            let start = Instant::now();
            let error = describes(&bytes).expect_err("something is missing").to_string();
            assert!(error.contains("offset 0x"), "section {id}, {count}: {error}");
            assert!(start.elapsed() < Duration::from_secs(5), "section {id}, {count}");
        }
    }
}

/// Modules of absurd size that are fine all the same.
fn absurd_but_valid() -> Vec<(&'static str, Vec<u8>)> {
    let repeat = |text: &str, count: usize| text.repeat(count);
    let mut many = r#"(module (table (export "t") 100000 funcref)"#.to_owned();
    for index in 0..100_000 {
        let _ = write!(many, "(func (result i32) i32.const {index})");
    }
    many.push_str("(elem (i32.const 0) func");
    for index in 0..100_000 {
        let _ = write!(many, " {index}");
    }
    let name = "n".repeat(100_000);
    // All of them live at once.
    let mut locals = format!("(param i64) (result i64) (local {})", "i64 ".repeat(10_000));
    for index in 1..=10_000 {
        let _ =
            write!(locals, "(local.set {index} (i64.add (local.get {}) (local.get 0)))", index - 1);
    }
    locals.push_str("local.get 0");
    for index in 1..=10_000 {
        let _ = write!(locals, " local.get {index} i64.xor");
    }
    let body = |text: &str| wasm(&format!(r#"(module (func (export "f") {text}))"#));
    vec![
        ("a memory of 4 GiB", wasm("(module (memory (export \"m\") 65536 65536))")),
        ("a table of 4 billion", wasm("(module (table (export \"t\") 0xffff_ffff funcref))")),
        (
            "a million targets",
            body(&format!("(param i32) (br_table {} (local.get 0))", repeat("0 ", 1_000_000))),
        ),
        ("10,000 locals", body(&locals)),
        (
            "50,000 nested blocks",
            body(&format!("{} {}", repeat("block ", 50_000), repeat("end ", 50_000))),
        ),
        (
            "20,000 nested ifs",
            body(&format!("{} {}", repeat("i32.const 1 if ", 20_000), repeat("end ", 20_000))),
        ),
        ("100,000 functions", wasm(&format!("{many}))"))),
        ("a long name", wasm(&format!(r#"(module (func (export "{name}")))"#))),
        ("1,000 parameters", body(&format!("(param {})", repeat("f64 ", 1_000)))),
        (
            "1,000 results",
            body(&format!("(result {}) {}", repeat("i32 ", 1_000), repeat("i32.const 1 ", 1_000))),
        ),
        (
            "a deep operand stack",
            body(&format!(
                "(result i32) {} {}",
                repeat("i32.const 1 ", 10_000),
                repeat("i32.add ", 9_999)
            )),
        ),
        (
            "small functions that become many values",
            wasm(&format!(
                r#"(module (type $r (func (result {results})))
                    (func $small {blocks} (return) {ends} (return))
                    (func (export "f") {calls}))"#,
                results = repeat("i32 ", 1_000),
                blocks = repeat("(block (type $r) ", 28),
                ends = repeat(")", 28),
                calls = repeat("(call $small)", 400),
            )),
        ),
        (
            "5,000 calls of a small function behind 5,000 blocks",
            wasm(&format!(
                r#"(module (func $small (param i32) (local i32 i32 i32 i32))
                    (func (export "f") {} {}))"#,
                repeat("(block (br 0))", 5_000),
                repeat("(call $small (i32.const 1))", 5_000),
            )),
        ),
        (
            "functions that call each other, 10,000 deep",
            wasm(&format!(
                r#"(module {} (func (export "f") (call 0)))"#,
                (1..=10_000).map(|next| format!("(func (call {next}))")).collect::<String>(),
            )),
        ),
        (
            "twice as many calls at each of 40 levels",
            wasm(&format!(
                r#"(module {} (func unreachable) (func (export "f") (call 0)))"#,
                (1..=40)
                    .map(|next| format!("(func (call {next}) (call {next}))"))
                    .collect::<String>(),
            )),
        ),
        (
            "a function that calls itself 50 times with 30 values",
            wasm(&format!(
                r#"(module (type $t (func (param {values}) (result {values})))
                    (func $f (export "f") (type $t) {} {}))"#,
                (0..30).map(|local| format!("(local.get {local})")).collect::<String>(),
                repeat("(call $f)", 50),
                values = repeat("i64 ", 30),
            )),
        ),
        (
            "10,000 locals that are set behind 10,000 blocks",
            body(&format!(
                "(local {}) {} {}",
                repeat("i32 ", 10_000),
                repeat("(block (br 0))", 10_000),
                (0..10_000)
                    .map(|local| format!("(local.set {local} (i32.const 1))"))
                    .collect::<String>(),
            )),
        ),
        (
            "a long constant expression",
            wasm(&format!(
                "(module (global i32 i32.const 0 {}))",
                repeat("i32.const 1 i32.add ", 100_000)
            )),
        ),
    ]
}

#[test]
fn absurd_sizes_are_compiled() {
    for (what, bytes) in absurd_but_valid() {
        assert!(ask(&bytes, what, describes), "{what}");
        assert!(ask(&bytes, what, compiles), "{what}");
    }
}

#[test]
fn more_than_the_limits_is_refused_with_place_and_cause() {
    let body = |text: &str| wasm(&format!(r#"(module (func (export "f") {text}))"#));
    let cases = [
        ("memory size must be at most", wasm("(module (memory 65537))")),
        ("more than 50,000 locals", body(&format!("(local {})", "i32 ".repeat(50_001)))),
        ("more than 1,000 parameters", body(&format!("(param {})", "i32 ".repeat(1_001)))),
        (
            "more than 1,000 results",
            body(&format!("(result {}) unreachable", "i32 ".repeat(1_001))),
        ),
        (
            "a name is longer than 100,000 bytes",
            wasm(&format!(r#"(module (func (export "{}")))"#, "n".repeat(100_001))),
        ),
        ("a function's body is larger than", body(&"nop ".repeat(8_000_000))),
        (
            "there are more than 100000",
            wasm(&format!("(module {})", r#"(data "")"#.repeat(100_001))),
        ),
    ];
    for (part, bytes) in cases {
        let error = describes(&bytes).expect_err(part).to_string();
        assert!(error.contains("at offset 0x") && error.contains(part), "{part}: {error}");
    }
}

#[test]
fn any_name_will_do() {
    let names = ["", "\\00", "a\\00b", "two words", "\\22\\5c", "\\e2\\98\\83", "-", "/..", "$@#"];
    for name in names {
        let bytes = wasm(&format!(
            r#"(module (@name "{name}")
                 (import "{name}" "{name}" (func (@name "{name}1")))
                 (func (@name "{name}") (export "{name}") unreachable))"#
        ));
        assert!(ask(&bytes, name, compiles), "{name:?}");
        let mut config = config();
        config.name = Some(name.replace("\\00", "\0"));
        compile(&bytes, &config).unwrap_or_else(|error| panic!("{name:?}: {error}"));
    }
}
