//! Values of the host in guests' hands: not dropped early, wherever a guest keeps them, and not
//! kept for longer than the runtime says. Most tests collect at every chance.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

/// A number as a value of the host, counted while it lives.
struct Number {
    number: i32,
    live: Arc<AtomicIsize>,
}

impl Drop for Number {
    fn drop(&mut self) {
        // Whoever looks at a dropped one notices.
        self.number = -1;
        self.live.fetch_sub(1, Relaxed);
    }
}

/// Makes numbers, and knows how many live.
#[derive(Clone, Default)]
struct Numbers(Arc<AtomicIsize>);

impl Numbers {
    fn make(&self, number: i32) -> ExternRef {
        self.0.fetch_add(1, Relaxed);
        ExternRef::new(Number { number, live: self.0.clone() })
    }

    fn live(&self) -> isize {
        self.0.load(Relaxed)
    }
}

/// More than any test needs at a time, and with garbage not more than twice that.
const MOST: isize = 601;

/// What a reference to a number says.
fn number(value: &Option<ExternRef>) -> Option<i32> {
    value.as_ref().map(|value| value.data().downcast_ref::<Number>().expect("a number").number)
}

/// Imports for guests: `make` a number, `read` one, do `nothing` but collect, and `same`, which
/// gives back what it is given.
fn imports(store: &mut Store<Numbers>) -> Imports {
    let mut imports = Imports::new();
    let make = |caller: Caller<'_, Numbers>, n: i32| {
        let live = caller.data().live();
        assert!(live <= MOST, "{live} live");
        Some(caller.data().make(n))
    };
    let nothing = |mut caller: Caller<'_, Numbers>| {
        // Room for whatever is free by now, so that a value dropped early is overwritten.
        let filler = caller.data().make(-2);
        let func = caller.get_export("take");
        if let Some(Extern::Func(take)) = func {
            take.call(&mut caller, &[filler.into()], &mut []).expect("a call");
        }
    };
    imports
        .define("host", "make", Func::wrap(&mut *store, make))
        .define("host", "read", {
            Func::wrap(&mut *store, |v: Option<ExternRef>| number(&v).unwrap_or(0))
        })
        .define("host", "nothing", Func::wrap(&mut *store, nothing))
        .define("host", "same", Func::wrap(&mut *store, |v: Option<ExternRef>| v))
        .define("host", "three", {
            Func::wrap(&mut *store, |caller: Caller<'_, Numbers>, n: i32| {
                let make = |n| Some(caller.data().make(n));
                (make(n), n, make(n + 1), None::<ExternRef>, make(n + 2))
            })
        });
    imports
}

const IMPORTS: &str = r#"
    (import "host" "make" (func $make (param i32) (result externref)))
    (import "host" "read" (func $read (param externref) (result i32)))
    (import "host" "nothing" (func $nothing))
    (import "host" "same" (func $same (param externref) (result externref)))
    (import "host" "three" (func $three (param i32)
      (result externref i32 externref externref externref)))
    (func $take (export "take") (param externref))"#;

/// An instance of a module with [`IMPORTS`] in a store that collects at every chance.
fn stressed(module: Module) -> (Store<Numbers>, Instance) {
    let mut store = Store::new(Numbers::default());
    store.set_collect_always(true);
    let imports = imports(&mut store);
    let instance = Instance::new(&mut store, module, &imports).expect("an instance");
    (store, instance)
}

/// Functions that return a number if every value was still there when it was looked at. Each
/// keeps values in another place while others are made and collected.
const PLACES: &[(&str, i32, &str)] = &[
    (
        "local",
        5,
        r#"(local $a externref)
        (local.set $a (call $make (i32.const 5)))
        (call $nothing) (call $nothing)
        (call $read (local.get $a))"#,
    ),
    (
        "operand stack",
        12,
        r#"(local $b externref)
        (call $make (i32.const 5)) (call $make (i32.const 7))
        (call $nothing)
        (local.set $b) (call $read) (call $read (local.get $b))
        i32.add"#,
    ),
    (
        "null local",
        0,
        r#"(local $a externref)
        (call $nothing) (call $read (local.get $a))"#,
    ),
    (
        "block results",
        33,
        r#"
        (block (result externref externref)
          (call $make (i32.const 11)) (call $make (i32.const 22))
          (call $nothing)
          (br_if 0 (i32.const 1)))
        (call $nothing)
        (call $add)"#,
    ),
    (
        "if results",
        9,
        r#"(local $a externref)
        (local.set $a (call $make (i32.const 9)))
        (if (result externref) (call $read (local.get $a))
          (then (call $nothing) (local.get $a))
          (else (ref.null extern)))
        (call $nothing)
        (call $read)"#,
    ),
    (
        "loop parameters",
        55,
        r#"(local $n i32) (local $sum i32)
        (local.set $n (i32.const 10))
        (call $make (i32.const 10))
        (loop $next (param externref)
          (call $nothing)
          (call $read)
          (local.set $sum (i32.add (local.get $sum)))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (call $make (local.get $n))
          (call $nothing)
          (br_if $next (local.get $n))
          drop)
        (local.get $sum)"#,
    ),
    (
        "select",
        3,
        r#"(local $a externref) (local $b externref)
        (local.set $a (call $make (i32.const 3)))
        (local.set $b (call $make (i32.const 4)))
        (call $nothing)
        (select (result externref) (local.get $a) (local.get $b) (i32.const 1))
        (call $nothing) (call $read)"#,
    ),
    (
        "an argument of the host's",
        8,
        r#"
        (call $read (call $same (call $same (call $make (i32.const 8)))))"#,
    ),
    (
        "results of the host's",
        10 + 10 + 11 + 12,
        r#"
        (local $a externref) (local $b externref) (local $c externref) (local $n i32)
        (call $three (i32.const 10))
        (call $nothing)
        (local.set $c) (drop) (local.set $b) (local.set $n) (local.set $a)
        (call $nothing)
        (local.get $n)
        (i32.add (call $read (local.get $a)))
        (i32.add (call $read (local.get $b)))
        (i32.add (call $read (local.get $c)))"#,
    ),
    (
        "global",
        6,
        r#"
        (global.set $g (call $make (i32.const 6)))
        (call $nothing) (call $nothing)
        (call $read (global.get $g))
        (global.set $g (ref.null extern))"#,
    ),
    (
        "table.set",
        4,
        r#"
        (table.set $t (i32.const 2) (call $make (i32.const 4)))
        (call $nothing)
        (call $read (table.get $t (i32.const 2)))
        (table.set $t (i32.const 2) (ref.null extern))"#,
    ),
    (
        "table.grow",
        17 + 17,
        r#"(local $at i32)
        ;; The new elements are the only place.
        (local.set $at (table.grow $grown (call $make (i32.const 17)) (i32.const 3)))
        (call $nothing)
        (i32.add
          (call $read (table.get $grown (local.get $at)))
          (call $read (table.get $grown (i32.add (local.get $at) (i32.const 2)))))
        (table.fill $grown (i32.const 0) (ref.null extern) (table.size $grown))"#,
    ),
    (
        "table.grow in vain",
        1,
        r#"
        (table.grow $t (call $make (i32.const 1)) (i32.const 1000))
        (call $nothing)
        (i32.eq (i32.const -1))"#,
    ),
    (
        "table.grow and a local",
        18 * 2,
        r#"(local $a externref)
        (local.set $a (call $make (i32.const 18)))
        (drop (table.grow $grown (local.get $a) (i32.const 1)))
        (call $nothing)
        (i32.mul (call $read (local.get $a)) (i32.const 2))
        (table.fill $grown (i32.const 0) (ref.null extern) (table.size $grown))"#,
    ),
    (
        "table.fill",
        13,
        r#"
        (table.fill $t (i32.const 1) (call $make (i32.const 13)) (i32.const 3))
        (call $nothing)
        (call $read (table.get $t (i32.const 3)))
        (table.fill $t (i32.const 0) (ref.null extern) (i32.const 5))"#,
    ),
    (
        "table.copy",
        14,
        r#"
        (table.set $t (i32.const 0) (call $make (i32.const 14)))
        (table.copy $other $t (i32.const 1) (i32.const 0) (i32.const 1))
        (table.init $t $nulls (i32.const 0) (i32.const 0) (i32.const 2))
        (call $nothing)
        (call $read (table.get $other (i32.const 1)))
        (table.set $other (i32.const 1) (ref.null extern))"#,
    ),
    (
        "local across builtins",
        20,
        r#"(local $a externref)
        (local.set $a (call $make (i32.const 20)))
        (drop (memory.grow (i32.const 1)))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 100))
        (memory.copy (i32.const 0) (i32.const 50) (i32.const 50))
        (table.copy $t $other (i32.const 0) (i32.const 0) (i32.const 1))
        (call $nothing)
        (call $read (local.get $a))"#,
    ),
    (
        "local overwritten",
        2,
        r#"(local $a externref)
        (local.set $a (call $make (i32.const 1)))
        (call $nothing)
        (local.set $a (call $make (i32.const 2)))
        (call $nothing)
        (call $read (local.get $a))"#,
    ),
    ("recursion", 465, r#"(call $recurse (i32.const 30) (ref.null extern))"#),
    (
        "call_indirect",
        23,
        r#"
        (call_indirect $f (param externref) (result externref)
          (call $make (i32.const 23)) (i32.const 0))
        (call $nothing) (call $read)"#,
    ),
];

/// A guest with a function for each of [`PLACES`].
fn places() -> String {
    let functions: String = PLACES
        .iter()
        .map(|(name, _, body)| format!("(func (export \"{name}\") (result i32) {body})\n"))
        .collect();
    format!(
        r#"(module {IMPORTS}
             (memory 1) (global $g (mut externref) (ref.null extern))
             (table $t 5 5 externref) (table $other 5 externref) (table $grown 0 externref)
             (table $f funcref (elem $through)) (elem $nulls externref (ref.null extern) (ref.null extern))
             (func $add (param externref externref) (result i32)
               (call $nothing)
               (i32.add (call $read (local.get 0)) (call $read (local.get 1))))
             (func $through (param externref) (result externref)
               (call $nothing) (call $same (local.get 0)))
             ;; The sum of all numbers down to 1, each held by a frame.
             (func $recurse (param $n i32) (param $outer externref) (result i32)
               (local $own externref) (local $inner i32)
               (if (i32.eqz (local.get $n)) (then (call $nothing) (return (i32.const 0))))
               (local.set $own (call $make (local.get $n)))
               (local.set $inner
                 (call $recurse (i32.sub (local.get $n) (i32.const 1)) (local.get $own)))
               ;; What was given by the frame above must be there, too.
               (drop (call $read (local.get $outer)))
               (i32.add (local.get $inner) (call $read (local.get $own))))
             {functions})"#
    )
}

#[test]
fn nothing_is_dropped_early() {
    in_every_way(places(), |_, module| {
        let (mut store, instance) = stressed(module);
        for (name, expected, _) in PLACES {
            for _ in 0..3 {
                let result = typed::<(), i32>(&mut store, instance, name, ());
                assert_eq!(result.unwrap(), *expected, "{name}");
                store.collect();
                // Nor is anything kept.
                assert_eq!((store.data().live(), store.externrefs()), (0, 0), "{name}");
            }
        }
    });
}

/// Many references at once: in registers, spilled, and as arguments beyond all registers.
#[test]
fn many_at_once() {
    let n = 40;
    let list = |f: &dyn Fn(usize) -> String| (0..n).map(f).collect::<String>();
    let guest = format!(
        r#"(module {IMPORTS}
             (func $pass (param{params}) (result{params})
               (call $nothing) {gets} (call $nothing))
             (func $sum (param{params}) (result i32) (local $sum i32)
               {sums} (local.get $sum))
             (func (export "f") (result i32) {makes}
               (call $nothing) (call $pass) (call $nothing) (call $pass) (call $sum)))"#,
        params = " externref".repeat(n),
        gets = list(&|i| format!("(local.get {i})")),
        makes = list(&|i| format!("(call $make (i32.const {i}))")),
        // Each is needed until here; a weight tells them apart.
        sums = list(&|i| {
            format!(
                "(call $nothing) (local.set $sum (i32.add (local.get $sum)
                   (i32.mul (i32.const {}) (call $read (local.get {i})))))",
                i + 1
            )
        }),
    );
    in_every_way(guest, |_, module| {
        let (mut store, instance) = stressed(module);
        let expected: i32 = (0..n as i32).map(|i| i * (i + 1)).sum();
        assert_eq!(typed::<(), i32>(&mut store, instance, "f", ()).unwrap(), expected);
        store.collect();
        assert_eq!(store.data().live(), 0);
    });
}

/// References that the host passes and gets, also many.
#[test]
fn through_calls_of_the_host() {
    let n = 16;
    let types = " externref".repeat(n);
    let gets: String = (0..n).rev().map(|i| format!("(local.get {i})")).collect();
    let guest = format!(
        r#"(module {IMPORTS}
             (func (export "reverse") (param{types}) (result{types})
               (call $nothing) {gets} (call $nothing)))"#
    );
    in_every_way(guest, |_, module| {
        let (mut store, instance) = stressed(module);
        for _ in 0..5 {
            let numbers = store.data().clone();
            let params: Vec<Val> = (0..n as i32).map(|i| numbers.make(i).into()).collect();
            let results = call(&mut store, instance, "reverse", &params).unwrap();
            drop(params);
            let found = results.iter().map(|value| match value {
                Val::ExternRef(value) => number(value).unwrap(),
                _ => unreachable!(),
            });
            assert_eq!(found.collect::<Vec<_>>(), (0..n as i32).rev().collect::<Vec<_>>());
            store.collect();
            // The host's own results keep them.
            assert_eq!((numbers.live(), store.externrefs()), (n as isize, 0));
            drop(results);
            assert_eq!(numbers.live(), 0);
        }
    });
}

/// Guests of many levels, with the host in between, each hold values of their own.
#[test]
fn beneath_calls_of_the_host() {
    let guest = format!(
        r#"(module (import "host" "enter" (func $enter (param i32 externref) (result externref))) {IMPORTS}
             (func (export "f") (param $n i32) (param $given externref) (result externref)
               (local $own externref)
               (local.set $own (call $make (local.get $n)))
               (if (local.get $n)
                 (then
                   (if (i32.ne (call $read (call $enter (local.get $n) (local.get $own)))
                               (i32.sub (local.get $n) (i32.const 1)))
                     (then unreachable))))
               (call $nothing)
               (if (i32.ne (call $read (local.get $own)) (local.get $n)) (then unreachable))
               (if (i32.ne (call $read (local.get $given))
                           (i32.add (local.get $n) (i32.const 1)))
                 (then unreachable))
               (local.get $own)))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Numbers::default());
        store.set_collect_always(true);
        let mut imports = imports(&mut store);
        let enter = |mut caller: Caller<'_, Numbers>, n: i32, value: Option<ExternRef>| {
            assert_eq!(number(&value), Some(n));
            let instance = caller.instance().unwrap();
            typed::<(i32, Option<ExternRef>), Option<ExternRef>>(
                &mut caller,
                instance,
                "f",
                (n - 1, value),
            )
        };
        imports.define("host", "enter", Func::wrap(&mut store, enter));
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let given = store.data().make(21);
        let result: Option<ExternRef> =
            typed(&mut store, instance, "f", (20, Some(given))).unwrap();
        assert_eq!(number(&result), Some(20));
        drop(result);
        store.collect();
        assert_eq!(store.data().live(), 0);
    });
}

/// A reference is needed until it is used last, also while its function goes on.
#[test]
fn dropped_while_the_guest_runs() {
    let guest = r#"(module
        (import "host" "use" (func $use (param externref)))
        (import "host" "gone" (func $gone (param i32)))
        (table $t 1 externref)
        (func (export "f") (param externref)
          (call $use (local.get 0))
          (call $gone (i32.const 1))
          (table.set $t (i32.const 0) (ref.null extern))
          (call $gone (i32.const 0)))
        (func (export "put") (param externref)
          (table.set $t (i32.const 0) (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Numbers::default());
        let mut imports = Imports::new();
        imports.define("host", "use", Func::wrap(&mut store, |_: Option<ExternRef>| ()));
        store.set_collect_always(true);
        let gone = |caller: Caller<'_, Numbers>, expected: i32| {
            assert_eq!(caller.data().live(), expected as isize);
        };
        imports.define("host", "gone", Func::wrap(&mut store, gone));
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for name in ["put", "f"] {
            let value = store.data().make(1);
            typed::<Option<ExternRef>, ()>(&mut store, instance, name, Some(value)).unwrap();
        }
    });
}

/// Without being asked the runtime keeps a bounded number of values that nobody needs.
#[test]
fn garbage_is_bounded() {
    let guest = format!(
        r#"(module {IMPORTS}
             (table $t (export "table") 0 externref)
             (func (export "keep") (param externref)
               (drop (table.grow $t (local.get 0) (i32.const 1))))
             (func (export "loop") (param $n i32) (result i32)
               (loop $next
                 (drop (call $make (local.get $n)))
                 (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
               (i32.const 7)))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Numbers::default());
        let imports = imports(&mut store);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let numbers = store.data().clone();
        for kept in [0, 300] {
            for i in 0..kept {
                let value = Some(numbers.make(i));
                typed::<Option<ExternRef>, ()>(&mut store, instance, "keep", value).unwrap();
            }
            // Twice what is live, or a fixed number.
            let most = (2 * kept as isize).max(64) + 1;
            for i in 0..5_000 {
                let value = Some(numbers.make(i));
                typed::<Option<ExternRef>, ()>(&mut store, instance, "take", value).unwrap();
                assert!(numbers.live() <= most, "{} live, {kept} kept", numbers.live());
            }
            // The same in one call of the guest's.
            assert_eq!(typed::<i32, i32>(&mut store, instance, "loop", 5_000).unwrap(), 7);
            assert!(numbers.live() <= most, "{} live, {kept} kept", numbers.live());
            let table = instance.get_table(&store, "table").unwrap();
            assert_eq!(table.len(&store), kept as u64);
            for i in 0..kept {
                let Some(Val::ExternRef(value)) = table.get(&store, i as u64) else { panic!() };
                assert_eq!(number(&value), Some(i));
            }
        }
        drop(store);
        assert_eq!(numbers.live(), 0);
    });
}

/// What keeps a value: globals and tables, the guest's and the host's.
#[test]
fn globals_and_tables_keep_values() {
    let guest = r#"(module
        (import "host" "global" (global $imported (mut externref)))
        (import "host" "table" (table $shared 2 externref))
        (global $own (export "own") (mut externref) (ref.null extern))
        (global $private (mut externref) (ref.null extern))
        (table $t (export "table") 2 externref)
        (func (export "set") (param externref externref externref externref)
          (global.set $imported (local.get 0))
          (table.set $shared (i32.const 1) (local.get 1))
          (global.set $private (local.get 2))
          (table.set $t (i32.const 0) (local.get 3)))
        (func (export "get") (result externref externref externref externref)
          (global.get $imported) (table.get $shared (i32.const 1))
          (global.get $private) (table.get $t (i32.const 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Numbers::default());
        let numbers = store.data().clone();
        let ty = GlobalType::new(ValType::EXTERNREF, true);
        let global = Global::new(&mut store, ty, numbers.make(50).into()).unwrap();
        let ty = TableType::new(RefType::EXTERNREF, 2, None);
        let table = Table::new(&mut store, ty, numbers.make(60).into()).unwrap();
        let imports =
            Imports::new().define("host", "global", global).define("host", "table", table).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        store.collect();
        assert_eq!(numbers.live(), 2);
        let params: Vec<Val> = (0..4).map(|i| numbers.make(i).into()).collect();
        call(&mut store, instance, "set", &params).unwrap();
        drop(params);
        store.collect();
        // 50 is gone; one of two 60s is left.
        assert_eq!(numbers.live(), 5);
        for _ in 0..2 {
            let results = call(&mut store, instance, "get", &[]).unwrap();
            let found: Vec<_> = results
                .iter()
                .map(|value| match value {
                    Val::ExternRef(value) => number(value).unwrap(),
                    _ => unreachable!(),
                })
                .collect();
            assert_eq!(found, [0, 1, 2, 3]);
        }
        let own = instance.get_global(&store, "own").unwrap();
        own.set(&mut store, numbers.make(9).into()).unwrap();
        global.set(&mut store, Val::ExternRef(None)).unwrap();
        table.fill(&mut store, 0, Val::ExternRef(None), 2).unwrap();
        store.collect();
        // `own`, `$private` and the first element of `$t`.
        assert_eq!((numbers.live(), store.externrefs()), (3, 3));
        let Val::ExternRef(own) = own.get(&store) else { panic!() };
        assert_eq!(number(&own), Some(9));
        // Gone with the store, but for what the host still has.
        drop(store);
        assert_eq!(numbers.live(), 1);
        drop(own);
        assert_eq!(numbers.live(), 0);
    });
}

/// Values in the frames that a trap, an error or a panic cut off.
#[test]
fn after_calls_that_fail() {
    let guest = format!(
        r#"(module (import "host" "fail" (func $fail (param i32))) {IMPORTS}
             (func $f (export "f") (param $n i32) (param $how i32) (local $own externref)
               (local.set $own (call $make (local.get $n)))
               (if (local.get $n)
                 (then (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $how)))
                 (else
                   (if (local.get $how) (then (call $fail (local.get $how))))
                   unreachable))
               (drop (call $read (local.get $own)))))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Numbers::default());
        let mut imports = imports(&mut store);
        let fail = Func::wrap(&mut store, |how: i32| match how {
            1 => Err::<(), _>("an error"),
            _ => std::panic::resume_unwind(Box::new("a panic")),
        });
        imports.define("host", "fail", fail);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for always in [false, true] {
            store.set_collect_always(always);
            for how in [0, 1, 2] {
                let mut run = || typed::<(i32, i32), ()>(&mut store, instance, "f", (9, how));
                match how {
                    0 => assert_eq!(code(run()), TrapCode::Unreachable),
                    1 => assert_eq!(run().unwrap_err().to_string(), "an error"),
                    _ => _ = catch_unwind(AssertUnwindSafe(run)).unwrap_err(),
                }
                store.collect();
                assert_eq!(store.data().live(), 0);
            }
        }
    });
}

/// A value's own `drop` that panics is the value's affair: others are dropped, the guest and
/// the host go on.
#[test]
fn drops_that_panic() {
    struct Bad(Arc<AtomicUsize>);
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
            std::panic::resume_unwind(Box::new("in drop"));
        }
    }
    let guest = format!(
        r#"(module {IMPORTS}
             (func (export "f") (param externref) (result i32) (local $a externref)
               (local.set $a (call $make (i32.const 3)))
               ;; The parameter is not needed any more.
               (call $nothing)
               (call $read (local.get $a))))"#
    );
    in_every_way(guest, |_, module| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let bad = || Some(ExternRef::new(Bad(dropped.clone())));
        let (mut store, instance) = stressed(module);
        // While the guest runs.
        for n in 1..4 {
            let result = typed::<Option<ExternRef>, i32>(&mut store, instance, "f", bad());
            assert_eq!(result.unwrap(), 3);
            assert_eq!(dropped.load(Relaxed), n);
        }
        // On demand, and with the store.
        store.set_collect_always(false);
        let take = |store: &mut Store<Numbers>| {
            for _ in 0..3 {
                typed::<Option<ExternRef>, ()>(&mut *store, instance, "take", bad()).unwrap();
            }
        };
        take(&mut store);
        assert_eq!(dropped.load(Relaxed), 3);
        store.collect();
        assert_eq!(dropped.load(Relaxed), 6);
        take(&mut store);
        drop(store);
        assert_eq!(dropped.load(Relaxed), 9);
    });
}

/// A value's own `drop` that runs a guest of another store, which traps. It happens while
/// a guest is stopped by a trap of its own, which must come out.
#[test]
fn drops_that_run_guests() {
    struct Runs(Mutex<(Store<Numbers>, Instance)>, Arc<AtomicUsize>);
    impl Drop for Runs {
        fn drop(&mut self) {
            let (store, instance) = &mut *self.0.lock().unwrap();
            let result = typed::<i32, ()>(store, *instance, "trap", 2);
            assert_eq!(code(result), TrapCode::UndefinedElement);
            self.1.fetch_add(1, Relaxed);
        }
    }
    let guest = format!(
        r#"(module {IMPORTS}
             (memory 1) (table 1 funcref)
             (func (export "trap") (param i32) (call_indirect (local.get 0)))
             (func (export "fill") (param externref)
               (memory.fill (i32.const -1) (i32.const 0) (i32.const 2)))
             (func (export "grow") (param externref) (result i32)
               (memory.grow (i32.const 1))))"#
    );
    in_every_way(guest, |_, module| {
        let count = Arc::new(AtomicUsize::new(0));
        let (mut store, instance) = stressed(module);
        let value = || {
            let inner = Mutex::new(stressed(module));
            Some(ExternRef::new(Runs(inner, count.clone())))
        };
        for n in 1..4 {
            let result = typed::<Option<ExternRef>, ()>(&mut store, instance, "fill", value());
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
            store.collect();
            assert_eq!(count.load(Relaxed), 2 * n - 1);
            let result = typed::<Option<ExternRef>, i32>(&mut store, instance, "grow", value());
            assert_eq!(result.unwrap(), n as i32);
            store.collect();
            assert_eq!(count.load(Relaxed), 2 * n);
        }
    });
}

#[test]
fn identity() {
    let guest = r#"(module
        (func (export "same") (param externref) (result externref externref)
          (local.get 0) (local.get 0))
        (func (export "null") (param externref) (result i32) (ref.is_null (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let value = ExternRef::new("text".to_owned());
        let (a, b): (Option<ExternRef>, Option<ExternRef>) =
            typed(&mut store, instance, "same", Some(value.clone())).unwrap();
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!(a.ptr_eq(&value) && b.ptr_eq(&value));
        assert_eq!(a.data().downcast_ref::<String>().unwrap(), "text");
        assert!(!a.ptr_eq(&ExternRef::new("text".to_owned())));
        let mut null = |v| typed::<Option<ExternRef>, i32>(&mut store, instance, "null", v);
        assert_eq!([null(None).unwrap(), null(Some(value)).unwrap()], [1, 0]);
    });
}
