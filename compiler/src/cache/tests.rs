//! With a store, objects are the same as without, whatever is in the store.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Key, Store};
use crate::config::{Config, OptLevel, TrapStyle};
use crate::{Artifact, compile, compile_with};

/// Keeps everything, as a good store does.
#[derive(Default)]
struct Shelf(Mutex<HashMap<Key, Vec<u8>>>);

impl Store for Shelf {
    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &Key, bytes: &[u8]) {
        self.0.lock().unwrap().insert(*key, bytes.to_vec());
    }
}

/// Has one place, whatever the key: what is found there is mostly of something else. Nothing but
/// the keys of entries tells them apart.
#[derive(Default)]
struct OnePlace(Mutex<Option<Vec<u8>>>);

impl OnePlace {
    fn holding(pack: Vec<u8>) -> Self {
        Self(Mutex::new(Some(pack)))
    }

    fn pack(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone().unwrap()
    }
}

impl Store for OnePlace {
    fn get(&self, _: &Key) -> Option<Vec<u8>> {
        self.0.lock().unwrap().clone()
    }

    fn put(&self, _: &Key, bytes: &[u8]) {
        *self.0.lock().unwrap() = Some(bytes.to_vec());
    }
}

/// A shelf of one's own, and one for all.
#[derive(Default)]
struct Shared<'a> {
    own: Shelf,
    all: Option<&'a Shelf>,
    fetched: AtomicUsize,
}

impl Store for Shared<'_> {
    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        self.own.get(key)
    }

    fn put(&self, key: &Key, bytes: &[u8]) {
        self.own.put(key, bytes);
    }

    fn fetch(&self, key: &Key) -> Option<Vec<u8>> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        self.all?.get(key)
    }

    fn publish(&self, key: &Key, bytes: &[u8]) {
        if let Some(all) = self.all {
            all.put(key, bytes);
        }
    }
}

/// Something of everything that a compiled function can have: traps, calls of each kind, live
/// host references, builtins, vectors, constants, and instantiation's own code.
const GUEST: &str = r#"(module $guest
    (import "host" "f" (func $f (param i32) (result i32)))
    (import "host" "g" (global $g i32))
    (type $t (func (param i32) (result i32)))
    (type $u (func (param i64) (result i64)))
    (memory (export "memory") 1)
    (table $funcs 4 funcref)
    (table (export "table") 4 externref)
    (global $c i32 (i32.const 40))
    (global $v (mut i64) (i64.const 7))
    (elem (table $funcs) (i32.const 0) func $first $last $first)
    (elem (table $funcs) (global.get $g) func $first)
    (data (i32.const 8) "some bytes")
    (func $first (type $t) (i32.div_s (i32.const 100) (local.get 0)))
    (func (export "edited") (type $t) (i32.add (local.get 0) (i32.const 1)))
    (func (export "keep") (param externref i32) (result externref)
        (drop (call $f (local.get 1)))
        (table.set 1 (i32.const 0) (local.get 0))
        (local.get 0))
    (func (export "call") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (unreachable)))
        (call_indirect $funcs (type $t)
            (i32.load offset=16 (local.get 0)) (global.get $c)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "vector") (param v128 f64) (result v128 f32)
        (i8x16.swizzle (local.get 0) (f64x2.splat (f64.nearest (local.get 1))))
        (f32.demote_f64 (local.get 1)))
    (func $last (type $t)
        (loop $l (br_if $l (i64.eqz (global.get $v))))
        (i32.load (local.get 0))))"#;

fn wasm(changes: &[(&str, &str)]) -> Vec<u8> {
    let mut text = GUEST.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    wat::parse_str(text).unwrap()
}

fn config() -> Config {
    Config { debug_info: true, ..Config::new("x86_64-unknown-linux-gnu") }
}

/// Every option, changed alone.
fn configs() -> Vec<Config> {
    let mut configs = vec![config()];
    let mut add = |change: &dyn Fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        configs.push(config);
    };
    add(&|config| config.name = Some("other".into()));
    add(&|config| config.prefix = "other".into());
    add(&|config| config.target = "x86_64-unknown-linux-musl".into());
    add(&|config| config.target = "aarch64-unknown-linux-gnu".into());
    add(&|config| config.cpu_features = vec!["x86-64-v3".into()]);
    add(&|config| config.opt_level = OptLevel::None);
    add(&|config| config.opt_level = OptLevel::SpeedAndSize);
    add(&|config| config.debug_info = false);
    add(&|config| config.traps = TrapStyle::Explicit);
    add(&|config| config.memory.reservation = 1 << 20);
    add(&|config| config.memory.guard = 0);
    add(&|config| config.single_instance = true);
    add(&|config| config.canonicalize_nans = true);
    add(&|config| config.relaxed_simd_deterministic = true);
    add(&|config| config.wasi = true);
    add(&|config| config.fuel = true);
    add(&|config| config.epochs = true);
    add(&|config| config.exports = Some(vec!["edited".into()]));
    configs
}

fn compile_in(store: &dyn Store, wasm: &[u8], config: &Config) -> Artifact {
    let artifact = compile_with(wasm, config, Some(store)).unwrap();
    let plain = compile(wasm, config).unwrap();
    assert_eq!(plain.work.reused, 0);
    assert_eq!(plain.work.generated, artifact.work.generated + artifact.work.reused);
    assert!(plain.object == artifact.object, "another object: {config:?}");
    artifact
}

#[test]
fn what_is_there_is_not_generated_again() {
    let (shelf, wasm) = (Shelf::default(), wasm(&[]));
    for config in configs() {
        let cold = compile_in(&shelf, &wasm, &config).work;
        let warm = compile_in(&shelf, &wasm, &config).work;
        assert_eq!((warm.generated, warm.reused), (0, cold.generated + cold.reused), "{config:?}");
    }
}

#[test]
fn code_of_other_options_is_not_taken() {
    let (place, wasm) = (OnePlace::default(), wasm(&[]));
    let all = compile_in(&place, &wasm, &config()).work.generated;
    let first = place.pack();
    for config in configs() {
        let work = compile_in(&OnePlace::holding(first.clone()), &wasm, &config).work;
        // Names are no part of code, nor is information for debuggers; and there is no WASI here.
        let same = Config { name: None, debug_info: true, ..config.clone() };
        let same = Config { prefix: self::config().prefix, wasi: false, ..same };
        let same = format!("{same:?}") == format!("{:?}", self::config());
        assert_eq!(work.reused, if same { all } else { 0 }, "{config:?}");
    }
}

#[test]
fn a_changed_function_is_the_only_one_to_be_generated() {
    let shelf = Shelf::default();
    let before = wasm(&[]);
    // A longer constant: everything behind it moves.
    let after = wasm(&[("0) (i32.const 1))", "0) (i32.const 123456789))")]);
    assert!(before.len() < after.len());
    let all = compile_in(&shelf, &before, &config()).work.generated;
    let work = compile_in(&shelf, &after, &config()).work;
    assert_eq!((work.generated, work.reused), (1, all - 1));
    let back = compile_in(&shelf, &before, &config()).work;
    assert_eq!((back.generated, back.reused), (0, all), "going back is free");
    // Where data lies, and which functions a table starts with, concerns instantiation alone.
    let longer =
        wasm(&[("some bytes", "some more bytes"), ("func $first $last", "func $last $last")]);
    let work = compile_in(&shelf, &longer, &config()).work;
    assert_eq!((work.generated, work.reused), (1, all - 1));
    // Other bytes of data and other names touch no code.
    let others = wasm(&[("some bytes", "and others"), ("$guest", "$other")]);
    let place = OnePlace::holding(shelf.0.lock().unwrap().values().next().unwrap().clone());
    assert_eq!(compile_in(&place, &others, &config()).work.generated, 0);
}

#[test]
fn code_that_other_surroundings_made_is_not_taken() {
    let place = OnePlace::default();
    compile_in(&place, &wasm(&[]), &config());
    let pack = place.pack();
    for change in [
        ("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1 1)"),
        ("(memory (export \"memory\") 1)", "(memory (export \"memory\") 3)"),
        ("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1) (memory 1)"),
        ("(global $c i32 (i32.const 40))", "(global $c i32 (i32.const 2))"),
        ("(global $c i32", "(global $c (mut i32)"),
        ("(table $funcs 4 funcref)", "(table $funcs 5 funcref)"),
        ("(table $funcs 4 funcref)", "(table $funcs 4 4 funcref)"),
        ("func $first $last $first)", "func $first $last)"),
        ("func $first $last $first)", "func $first $first $last)"),
        ("(import \"host\" \"f\"", "(import \"host\" \"e\" (func)) (import \"host\" \"f\""),
        ("(type $u (func (param i64) (result i64)))", ""),
        ("(data (i32.const 8)", "(data (i32.const 65535)"),
        ("(elem (table $funcs) (global.get $g) func $first)", ""),
        ("(i64.const 7)", "(i64.const 8)"),
        ("(func (export \"keep\")", "(func"),
        ("\"some bytes\"", "\"more bytes than before\""),
        ("(func $last (type $t)", "(start $s) (func $s) (func $last (type $t)"),
    ] {
        compile_in(&OnePlace::holding(pack.clone()), &wasm(&[change]), &config());
    }
}

/// Whatever translation reads of other functions (to inline them, say), it is in the key.
#[test]
fn what_callers_make_of_a_changed_function_is_new() {
    let guest = |constant: u32, effect: &str| {
        let text = format!(
            "(module (memory 1) (table 1 1 funcref) (elem (i32.const 0) func $small)
                (type $t (func (param i32) (result i32)))
                (func $small (type $t) {effect} (i32.add (local.get 0) (i32.const {constant})))
                (func $once (param i32 i32) (result i32)
                    (i32.mul (call $small (local.get 0)) (local.get 1)))
                (func (export \"a\") (type $t) (call $once (i32.const 6) (local.get 0)))
                (func (export \"b\") (param i32) (result i32) (local i32)
                    (loop $l
                        (local.set 1 (call $small (local.get 1)))
                        (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
                    (local.get 1))
                (func (export \"c\") (type $t)
                    (call_indirect (type $t) (local.get 0) (i32.const 0)))
                (func (export \"d\") (type $t) (return_call $small (local.get 0))))"
        );
        wat::parse_str(text).unwrap()
    };
    let write = "(i32.store (i32.const 8) (local.get 0))";
    for config in configs() {
        if config.exports.is_none() {
            let shelf = Shelf::default();
            for (constant, effect) in [(1, ""), (2, ""), (1 << 20, ""), (1, write), (1, "(nop)")] {
                compile_in(&shelf, &guest(constant, effect), &config);
            }
        }
    }
}

/// The length of a table that one function makes grow is no constant to others.
#[test]
fn the_size_of_a_table_that_is_constant_no_longer_is_new() {
    let guest = |effect: &str| {
        let text = format!(
            "(module (table 3 funcref)
                (func (export \"size\") (result i32) (table.size 0))
                (func (export \"grow\") (result i32) {effect}))"
        );
        wat::parse_str(text).unwrap()
    };
    let (constant, grown) = ("(i32.const 0)", "(table.grow 0 (ref.null func) (i32.const 1))");
    for [first, second] in [[constant, grown], [grown, constant]] {
        let place = OnePlace::default();
        compile_in(&place, &guest(first), &config());
        compile_in(&place, &guest(second), &config());
    }
}

/// What a call through a constant table knows of it is in the key.
#[test]
fn calls_through_another_constant_table_are_new() {
    let guest = |len: u32, elements: &str, rest: &str| {
        let text = format!(
            "(module (table {len} funcref) (elem (i32.const 1) func {elements})
                (type $t (func (result i32))) (type $u (func (param i32) (result i32)))
                (func $t1 (type $t) (i32.const 1)) (func $t2 (type $t) (i32.const 2))
                (func $u1 (type $u) (local.get 0))
                (func (export \"t\") (type $u) (call_indirect (type $t) (local.get 0)))
                (func (export \"u\") (type $u)
                    (call_indirect (type $u) (i32.const 7) (local.get 0)))
                (func (export \"none\") (result i32) (i32.const 3)) {rest})"
        );
        wat::parse_str(text).unwrap()
    };
    let shelf = Shelf::default();
    compile_in(&shelf, &guest(4, "$t1 $t2 $u1", ""), &config());
    for (len, elements, rest) in [
        (5, "$t1 $t2 $u1", ""),
        (4, "$u1 $t1 $t2", ""),
        (4, "$t1 $u1 $t2", ""),
        (4, "$t1 $t2", ""),
        (4, "$u1", ""),
        (4, "$t1 $t2 $u1", "(export \"table\" (table 0))"),
    ] {
        let work = compile_in(&shelf, &guest(len, elements, rest), &config()).work;
        assert!(work.generated > 0, "{len} {elements} {rest}");
    }
    // Other functions of the same types in the same places.
    let shelf = Shelf::default();
    compile_in(&shelf, &guest(4, "$t1 $t2 $u1", ""), &config());
    let work = compile_in(&shelf, &guest(4, "$t2 $t1 $u1", ""), &config()).work;
    assert_eq!(work.generated, 0);
}

#[test]
fn a_function_is_generated_again_with_what_is_put_into_it() {
    let guest = |small: &str, other: &str| {
        let text = format!(
            "(module
                (func $small (param i32) (result i32) (i32.xor (local.get 0) (i32.const {small})))
                (func $middle (param i32) (result i32) (call $small (call $small (local.get 0))))
                (func (export \"f\") (param i32) (result i32)
                    (i32.div_u (call $middle (local.get 0)) (local.get 0)))
                (func (export \"g\") (result i32) (loop) (i32.const {other})))"
        );
        wat::parse_str(text).unwrap()
    };
    let shelf = Shelf::default();
    compile_in(&shelf, &guest("1", "1"), &config());
    assert_eq!(compile_in(&shelf, &guest("1", "2"), &config()).work.generated, 1);
    // What stands in place of all its calls is nowhere else.
    assert_eq!(compile_in(&shelf, &guest("2", "2"), &config()).work.generated, 1);
    let plain = Config { opt_level: OptLevel::None, ..config() };
    compile_in(&shelf, &guest("1", "1"), &plain);
    assert_eq!(compile_in(&shelf, &guest("2", "1"), &plain).work.generated, 1);
}

#[test]
fn functions_keep_their_code_when_others_come_and_go() {
    let guest = |before: &str, between: &str| {
        let text = format!(
            "(module (import \"host\" \"f\" (func $f)) (import \"host\" \"g\" (func $g))
                (memory 1) (table 2 funcref) (elem (i32.const 0) func $first $plain)
                (type $t (func (param i32) (result i32)))
                {before}
                (func $plain (type $t) (i32.add (local.get 0) (i32.const 3)))
                (func $first (type $t) (call $f) (i32.load (call $plain (local.get 0))))
                {between}
                (func $twin (type $t) (call $f) (i32.load (call $plain (local.get 0))))
                (func $odd (type $t)
                    (if (result i32) (local.get 0)
                        (then (call $even (i32.sub (local.get 0) (i32.const 1))))
                        (else (drop (ref.func $first)) (i32.const 0))))
                (func $even (type $t)
                    (if (result i32) (local.get 0)
                        (then (call $odd (i32.sub (local.get 0) (i32.const 1))))
                        (else (call $even (i32.load8_u (local.get 0))))))
                (func (export \"run\") (type $t)
                    (call $g)
                    (i32.add (call $first (call $twin (local.get 0)))
                        (i32.add (call $odd (local.get 0)) (call $even (local.get 0))))))"
        );
        wat::parse_str(text).unwrap()
    };
    let added = "(func $added (export \"added\") (param i32) (result i32)
        (call $plain (i32.div_u (i32.const 9) (local.get 0))))";
    for config in configs() {
        if config.exports.is_none() {
            let shelf = OnePlace::default();
            let all = compile_in(&shelf, &guest("", ""), &config).work.generated;
            for (before, between) in [(added, ""), ("", added)] {
                let work = compile_in(&shelf, &guest(before, between), &config).work;
                // The new one and its entries; the entries of those that are elsewhere, and
                // instantiation, which makes references to them.
                assert!(work.generated <= 6 && work.reused >= all - 3, "{work:?} of {all}");
            }
            // Whoever called one function calls another one of the same kind.
            let text = "(module
                (func $a (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
                (func $b (param i32) (result i32) (i32.div_u (i32.const 2) (local.get 0)))
                (func (export \"f\") (result i32)
                    (i32.add (call $a (i32.const 1)) (call $b (i32.const 2))))
                (func (export \"g\") (result i32)
                    (i32.add (call $a (i32.const 1)) (call $a (i32.const 2)))))";
            compile_in(&shelf, &wat::parse_str(text).unwrap(), &config);
            for (from, to) in
                [("call $a (i32.const 1)", "call $b (i32.const 1)"), ("1) (l", "2) (l")]
            {
                let text = text.replace(from, to);
                compile_in(&shelf, &wat::parse_str(text).unwrap(), &config);
            }
        }
    }
}

#[test]
fn hints_belong_to_a_function() {
    let guest = |hint: &str| {
        let text = format!(
            "(module (func (export \"f\") (param i32) (result i32)
                (@metadata.code.branch_hint \"{hint}\")
                (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 2)))))"
        );
        wat::parse_str(text).unwrap()
    };
    let shelf = Shelf::default();
    compile_in(&shelf, &guest("\\00"), &config());
    assert_eq!(compile_in(&shelf, &guest("\\01"), &config()).work.generated, 1);
}

#[test]
fn damage_is_found_and_mended() {
    let (place, wasm) = (OnePlace::default(), wasm(&[]));
    let plain = compile(&wasm, &config()).unwrap();
    compile_in(&place, &wasm, &config());
    let pack = place.pack();
    let mut damaged: Vec<Vec<u8>> = vec![vec![], vec![0; pack.len()], vec![0xff; pack.len()]];
    // Every kind of place: the head, rows with their three fields, bytes of entries.
    let places = (0..16 + 3 * 56).step_by(5).chain((0..pack.len()).step_by(151));
    for place in places {
        let mut flipped = pack.clone();
        flipped[place] ^= 1 << (place % 8);
        damaged.extend([flipped, pack[..place].to_vec()]);
    }
    // Rows that say too much.
    let mut many = pack.clone();
    many[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut long = pack.clone();
    long[16 + 48..16 + 56].copy_from_slice(&u64::MAX.to_le_bytes());
    damaged.extend([many, long]);
    for damaged in damaged {
        let place = OnePlace::holding(damaged);
        let artifact = compile_with(&wasm, &config(), Some(&place)).unwrap();
        assert!(artifact.object == plain.object);
        assert!(artifact.work.generated > 0);
        let mended = compile_with(&wasm, &config(), Some(&place)).unwrap();
        assert!(mended.object == plain.object);
        assert_eq!(mended.work.generated, 0);
    }
}

#[test]
fn a_pack_does_not_grow_without_end() {
    let place = OnePlace::default();
    let mut sizes = Vec::new();
    for constant in 100..140 {
        let text = format!("0) (i32.const {constant}))");
        compile_in(&place, &wasm(&[("0) (i32.const 1))", &text)]), &config());
        sizes.push(place.pack().len());
    }
    assert!(sizes[39] <= 2 * sizes[0] + 56 * 40, "{sizes:?}");
    assert!(sizes[1] > sizes[0], "the version before is kept: {sizes:?}");
}

#[test]
fn others_are_asked_where_much_is_missing() {
    let all = Shelf::default();
    let person = || Shared { all: Some(&all), ..Shared::default() };
    let asked = |person: &Shared<'_>| person.fetched.load(Ordering::Relaxed);
    let edit =
        |constant: &str| wasm(&[("0) (i32.const 1))", &format!("0) (i32.const {constant}))"))]);
    let (first, second, third) = (person(), person(), person());
    let count = compile_in(&first, &edit("1"), &config()).work.generated;
    assert_eq!(compile_in(&second, &edit("1"), &config()).work.generated, 0);
    assert_eq!((asked(&second), compile_in(&second, &edit("1"), &config()).work.generated), (1, 0));
    // It has its own now, and one function is generated more quickly than others are asked.
    assert_eq!(compile_in(&second, &edit("2"), &config()).work.generated, 1);
    assert_eq!(asked(&second), 1);
    // Both versions are for all.
    assert_eq!(compile_in(&third, &edit("1"), &config()).work.generated, 0);
    assert_eq!(compile_in(&third, &edit("2"), &config()).work.generated, 0);
    assert_eq!(asked(&third), 1);
    // What others say may be damaged.
    for bytes in all.0.lock().unwrap().values_mut() {
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
    }
    let work = compile_in(&person(), &edit("2"), &config()).work;
    assert!(work.generated > 0 && work.reused > 0 && work.generated + work.reused == count);
}

/// Functions that only ever stand in place of calls have no code of their own to miss.
#[test]
fn what_is_not_generated_is_not_missing() {
    let small = "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))".repeat(20);
    let calls: String = (0..20).map(|func| format!("(drop (call {func} (i32.const 1)))")).collect();
    let wasm = wat::parse_str(format!("(module {small} (func (export \"run\") {calls}))")).unwrap();
    let person = Shared::default();
    let first = compile_in(&person, &wasm, &config()).work;
    assert!(first.generated < 20, "{first:?}");
    assert_eq!(person.fetched.load(Ordering::Relaxed), 1);
    assert_eq!(compile_in(&person, &wasm, &config()).work.generated, 0);
    assert_eq!(person.fetched.load(Ordering::Relaxed), 1);
}

#[test]
fn many_at_a_time_get_the_same() {
    let (shelf, wasm) = (Shelf::default(), wasm(&[]));
    let plain = compile(&wasm, &config()).unwrap().object;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let found = compile_with(&wasm, &config(), Some(&shelf)).unwrap();
                    assert!(found.object == plain);
                }
            });
        }
    });
}
