//! Fuel: counted by hand here, by the rules in the documentation of `Config::fuel`, and
//! the same in every way of compiling.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wasmaot::*;
use wasmaot_compiler::Config;
use wasmaot_tests::ways::{WAYS, Way, compiled, loaded, with_options_in_every_way};

use crate::guests::*;

/// Runs a test with guests that are metered.
fn metered(guest: &str, test: impl Fn(Way, Module)) {
    with_options_in_every_way(guest, |config| config.fuel = true, test);
}

/// Calls an export with so much fuel; what it used.
fn used(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    params: &[Val],
    fuel: u64,
) -> (Result<Vec<Val>>, u64) {
    store.set_fuel(fuel);
    let result = call(&mut *store, instance, name, params);
    (result, fuel - store.fuel())
}

const COUNTED: &str = r#"(module
    (memory 1)
    (table $t 20 funcref)
    (elem $e func 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
    (data $d "0123456789012345678901234567890123456789012345678901234567890123")
    ;; Nothing.
    (func (export "empty"))
    (func (export "nothing") nop (block nop (block)) nop)
    ;; 5 instructions.
    (func $straight (export "straight") (param i32) (result i32)
      i32.const 3 local.get 0 i32.mul i32.const 7 i32.add)
    ;; Before the loop 2 (const, set), in each turn 5 (get, const, sub, tee, br_if), behind it 1.
    (func $count (export "loop") (param i32) (result i32) (local $i i32)
      i32.const 0 local.set $i
      (loop $l local.get 0 i32.const 1 i32.sub local.tee 0 br_if $l)
      local.get $i)
    ;; 2 (get, if), then 2 (const, const), drop: 3, or else 1; behind 0.
    (func (export "if") (param i32) (result i32)
      local.get 0
      (if (result i32) (then i32.const 1 i32.const 2 drop) (else i32.const 1)))
    ;; Without `else`: 2, then 2.
    (func (export "if_only") (param i32)
      local.get 0 (if (then i32.const 1 drop)))
    ;; 2 (get, br_table); then by the case: 0: 3; 1: 2; default: 1.
    (func (export "table") (param i32) (result i32)
      (block $a (block $b (block $c
        local.get 0 br_table $c $b $a)
        ;; case 0: const, drop, then falls into case 1, whose stretch is its own.
        i32.const 5 drop)
        i32.const 6 drop)
      i32.const 9)
    ;; What is behind a branch is never reached and costs nothing: 2 (const, return).
    (func (export "early") (result i32)
      (block i32.const 1 return) i32.const 2 drop i32.const 3)
    ;; 1 (br), 1 behind.
    (func (export "out") (block br 0 (loop (drop (i32.const 1)) br 0) ) (drop (i32.const 1)))
    ;; 2 (get, br_if) and at the end of the outer block, which nothing leaves, 2; then 2 and 2.
    (func (export "left") (param i32)
      (block (block (br_if 1 (local.get 0)) (drop (i32.const 1))) (drop (i32.const 2)))
      (drop (i32.const 3)))
    ;; One stretch with all in it but the arms: get, load, drop; get, if; const, drop.
    (func (export "ahead") (param i32)
      (block (loop (drop (i32.load (local.get 0)))))
      (if (local.get 0) (then (drop (i32.const 1))))
      (drop (i32.const 2)))
    ;; The loop is left from within: its second stretch is not used in the last turn; 1 for the `if`'s
    ;; `return` each. 2 before; in each turn get, eqz, if: 3; then return: 1; else get, const, sub, set, br: 5.
    (func (export "return") (param i32)
      (drop (i32.const 0))
      (loop $l
        (if (i32.eqz (local.get 0)) (then return))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br $l)))
    ;; A call: 2 (const, call) and what it costs there: 5.
    (func (export "call") (result i32) i32.const 1 call $straight)
    ;; 2, each frame: 2 (get, if); then 4 (get, const, sub, call), last 0.
    (func $down (export "down") (param i32)
      local.get 0 (if (then local.get 0 i32.const 1 i32.sub call $down)))
    (func $tail (export "tail") (param i32)
      local.get 0 (if (then local.get 0 i32.const 1 i32.sub return_call $tail)))
    ;; The stretch in which it traps is used whole: 3 (get, load, drop), 2 behind.
    (func (export "load") (param i32) local.get 0 i32.load drop i32.const 1 drop)
    (func (export "div") (param i32) (result i32) i32.const 1 local.get 0 i32.div_u i32.const 1 i32.add)
    (func (export "unreachable") i32.const 1 drop unreachable)
    ;; 4 each and the length.
    (func (export "fill") (param i32) i32.const 0 i32.const 1 local.get 0 memory.fill)
    (func (export "fill_100") i32.const 0 i32.const 1 i32.const 100 memory.fill)
    (func (export "fill_1000") i32.const 0 i32.const 1 i32.const 1000 memory.fill)
    (func (export "copy") (param i32) i32.const 64 i32.const 0 local.get 0 memory.copy)
    (func (export "init") (param i32) i32.const 0 i32.const 0 local.get 0 memory.init $d)
    (func (export "table_fill") (param i32) i32.const 0 ref.null func local.get 0 table.fill $t)
    (func (export "table_copy") (param i32) i32.const 1 i32.const 0 local.get 0 table.copy $t $t)
    (func (export "table_init") (param i32) i32.const 0 i32.const 0 local.get 0 table.init $t $e)
    ;; 3, whatever grows.
    (func (export "grow") (param i32) local.get 0 memory.grow drop))"#;

#[test]
fn counts_are_as_by_hand() {
    metered(COUNTED, |_, module| {
        let mut store = Store::new(());
        store.set_fuel(0);
        let instance = instance(&mut store, module);
        let i = |n: i32| vec![Val::I32(n)];
        for (name, params, cost) in [
            ("empty", vec![], 0),
            ("nothing", vec![], 0),
            ("straight", i(4), 5),
            ("loop", i(1), 2 + 5 + 1),
            ("loop", i(1000), 2 + 5 * 1000 + 1),
            ("if", i(1), 2 + 3),
            ("if", i(0), 2 + 1),
            ("if_only", i(1), 2 + 2),
            ("if_only", i(0), 2),
            ("table", i(0), 2 + 2 + 2 + 1),
            ("table", i(1), 2 + 2 + 1),
            ("table", i(2), 2 + 1),
            ("table", i(-1), 2 + 1),
            ("early", vec![], 2),
            ("out", vec![], 1 + 2),
            ("left", i(0), 2 + 2 + 2 + 2),
            ("left", i(1), 2 + 2),
            ("ahead", i(0), 7),
            ("ahead", i(4), 7 + 2),
            ("return", i(0), 2 + 3 + 1),
            ("return", i(10), 2 + 10 * (3 + 5) + 3 + 1),
            ("call", vec![], 2 + 5),
            ("down", i(0), 2),
            ("down", i(100), 2 + 100 * 6),
            ("tail", i(0), 2),
            ("tail", i(100_000), 2 + 100_000 * 6),
            ("load", i(0), 5),
            ("div", i(1), 5),
            ("fill", i(63), 4),
            ("fill", i(64), 5),
            ("fill", i(65536), 4 + 1024),
            ("fill_100", vec![], 5),
            ("fill_1000", vec![], 4 + 15),
            ("copy", i(640), 4 + 10),
            ("init", i(64), 4 + 1),
            ("table_fill", i(17), 4 + 2),
            ("table_copy", i(7), 4),
            ("table_init", i(16), 4 + 2),
            ("grow", i(10), 3),
        ] {
            // It is just enough, and one less is not.
            let (result, fuel) = used(&mut store, instance, name, &params, 1_000_000);
            assert_eq!((result.map(|_| ()).is_ok(), fuel), (true, cost), "{name} {params:?}");
            if name != "grow" {
                used(&mut store, instance, name, &params, cost).0.unwrap();
                assert_eq!(store.fuel(), 0);
            }
            if cost > 0 {
                let (result, fuel) = used(&mut store, instance, name, &params, cost - 1);
                assert_eq!(code(result), TrapCode::OutOfFuel, "{name} {params:?}");
                assert_eq!(fuel, cost - 1);
            }
        }
        for (name, params, expected, cost) in [
            ("load", i(-1), TrapCode::MemoryOutOfBounds, 5),
            ("ahead", i(-1), TrapCode::MemoryOutOfBounds, 7),
            ("div", i(0), TrapCode::IntegerDivideByZero, 5),
            ("unreachable", vec![], TrapCode::Unreachable, 3),
            ("fill", i(1 << 20), TrapCode::MemoryOutOfBounds, 4 + (1 << 14)),
            ("table_fill", i(80), TrapCode::TableOutOfBounds, 4 + 10),
        ] {
            let (result, fuel) = used(&mut store, instance, name, &params, 1_000_000);
            assert_eq!((code(result), fuel), (expected, cost), "{name} {params:?}");
        }
    });
}

/// Nothing of a stretch happens that there was no fuel for, and topped up it happens once.
#[test]
fn a_host_tops_up() {
    let guest = r#"(module (global $n (export "n") (mut i32) (i32.const 0))
        (func (export "run") (param i32) (local f64 i64)
          (local.set 1 (f64.const 0.5)) (local.set 2 (i64.const 7))
          (loop $l
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (local.set 1 (f64.add (local.get 1) (f64.const 1)))
            (local.set 2 (i64.add (local.get 2) (i64.const 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (if (f64.ne (local.get 1) (f64.const 1000.5)) (then unreachable))
          (if (i64.ne (local.get 2) (i64.const 1007)) (then unreachable))))"#;
    metered(guest, |_, module| {
        // What was asked for, and how often it was given.
        let mut store = Store::new((0, 0));
        store.set_fuel(10);
        let instance = instance(&mut store, module);
        store.on_out_of_fuel(|(asked, given)| {
            *asked += 1;
            // Now and then less than it takes.
            let more = if *asked % 2 == 0 { 1 } else { 100 };
            *given += more;
            Some(more)
        });
        call(&mut store, instance, "run", &[Val::I32(1000)]).unwrap();
        // 4 before the loop, 4 + 4 + 4 + 5 in it, 4 twice behind it.
        let cost = 4 + 17 * 1000 + 4 + 4;
        assert_eq!(10 + store.data().1 - store.fuel(), cost);
        assert!(store.data().0 > 150);
        let n = instance.get_global(&store, "n").unwrap();
        assert!(matches!(n.get(&store), Val::I32(1000)));

        // Once there is no more, it is over, and goes on later.
        let mut left = 3;
        store.on_out_of_fuel(move |_| {
            left -= 1;
            (left >= 0).then_some(50)
        });
        store.set_fuel(0);
        let trap = trap(call(&mut store, instance, "run", &[Val::I32(1000)]));
        assert_eq!((trap.code(), store.fuel()), (TrapCode::OutOfFuel, 0));
        assert_eq!(trap.to_string().lines().next(), Some("wasm trap: out of fuel"));
        // 150 - 4 for 17 each: 8 turns.
        assert!(matches!(n.get(&store), Val::I32(1008)));
        store.on_out_of_fuel(|_| Some(u64::MAX));
        call(&mut store, instance, "run", &[Val::I32(1000)]).unwrap();
        assert!(store.fuel() > 1 << 62);
        // Zero is no more than nothing.
        store.set_fuel(0);
        store.on_out_of_fuel(|_| Some(0));
        assert_eq!(code(call(&mut store, instance, "run", &[Val::I32(1000)])), TrapCode::OutOfFuel);
    });
}

/// The function that is asked may itself panic, and host references that are only in locals at that
/// time stay.
#[test]
fn what_is_asked_may_panic_and_references_stay() {
    let guest = r#"(module
        (func (export "hold") (param externref i32) (result externref)
          (loop $l (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
          (local.get 0)))"#;
    metered(guest, |_, module| {
        let mut store = Store::new(0);
        store.set_fuel(0);
        store.set_collect_always(true);
        let instance = instance(&mut store, module);
        store.on_out_of_fuel(|asked| {
            *asked += 1;
            Some(7)
        });
        let value = Val::ExternRef(Some(ExternRef::new("kept")));
        let results = call(&mut store, instance, "hold", &[value, Val::I32(100)]).unwrap();
        let Val::ExternRef(Some(kept)) = &results[0] else { panic!("{results:?}") };
        assert_eq!(kept.data().downcast_ref::<&str>(), Some(&"kept"));
        assert!(*store.data() > 50);

        store.on_out_of_fuel(|_| panic!("no more"));
        store.set_fuel(0);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            call(&mut store, instance, "hold", &[Val::ExternRef(None), Val::I32(100)])
        }));
        assert_eq!(result.unwrap_err().downcast_ref(), Some(&"no more"));
        assert_eq!(store.fuel(), 0);
        store.set_fuel(1000);
        call(&mut store, instance, "hold", &[Val::ExternRef(None), Val::I32(100)]).unwrap();
    });
}

/// The start function counts, setting up does not, and a store without fuel takes no such module.
#[test]
fn instances() {
    let guest = r#"(module (memory 1) (data (i32.const 1000) "x")
        (table 10 funcref (ref.func 0)) (global i64 (i64.add (i64.const 1) (i64.const 2)))
        (func $start (loop $l (br_if $l (i32.const 1))))
        (start $start))"#;
    metered(guest, |_, module| {
        let mut store = Store::new(());
        let error = Instance::new(&mut store, module, &Imports::new()).unwrap_err();
        assert!(error.to_string().contains("`Store::set_fuel`"), "{error}");
        store.set_fuel(1001);
        let trap = trap(Instance::new(&mut store, module, &Imports::new()));
        assert_eq!((trap.code(), store.fuel()), (TrapCode::OutOfFuel, 0));
        assert_eq!(trap.frames().len(), 1);
    });
    let set_up = r#"(module (memory 1) (data (i32.const 1000) "x")
        (table 10 funcref (ref.func 0)) (global i64 (i64.add (i64.const 1) (i64.const 2)))
        (func (export "f")))"#;
    metered(set_up, |_, module| {
        let mut store = Store::new(());
        store.set_fuel(0);
        let instance = instance(&mut store, module);
        call(&mut store, instance, "f", &[]).unwrap();
    });
}

#[test]
fn metered_and_unmetered_modules_do_not_mix() {
    wasmaot_tests::ways::in_every_way("(module)", |_, module| {
        let mut store = Store::new(());
        store.set_fuel(5);
        let error = Instance::new(&mut store, module, &Imports::new()).unwrap_err();
        assert!(error.to_string().contains("option `fuel`"), "{error}");
    });
}

/// Recursion that does not end, with and without frames.
#[test]
fn recursion_uses_it_up() {
    let guest = r#"(module
        (func $deep (export "deep") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (call $forever)))
          (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (func $forever (export "forever") (return_call $other))
        (func $other (return_call $forever)))"#;
    metered(guest, |_, module| {
        let mut store = Store::new(());
        store.set_fuel(1_000_000);
        let instance = instance(&mut store, module);
        let trap = trap(call(&mut store, instance, "deep", &[Val::I32(1000)]));
        assert_eq!(trap.code(), TrapCode::OutOfFuel);
        assert_eq!(trap.frames().len() + trap.frames_left_out(), 1002);
        let names: Vec<_> =
            trap.frames()[..2].iter().map(|frame| frame.func_name().unwrap()).collect();
        assert!(["forever", "other"].contains(&names[0]) && names[1] == "deep", "{names:?}");
        store.set_fuel(12345);
        assert_eq!(code(call(&mut store, instance, "forever", &[])), TrapCode::OutOfFuel);
    });
}

/// Functions of the host see what is left, may take of it and give, in the midst of a guest's.
#[test]
fn functions_of_the_host_see_and_set_it() {
    let guest = r#"(module (import "host" "f" (func $f))
        (func (export "run") i32.const 1 drop call $f (block) i32.const 1 drop))"#;
    metered(guest, |_, module| {
        let mut store = Store::new(());
        store.set_fuel(100);
        let seen = Arc::new(AtomicU64::new(0));
        let f = Func::wrap(&mut store, {
            let seen = seen.clone();
            move |mut caller: Caller<'_, ()>| {
                seen.store(caller.fuel(), Relaxed);
                let left = caller.fuel() - 40;
                caller.set_fuel(left);
            }
        });
        let mut imports = Imports::new();
        imports.define("host", "f", f);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        call(&mut store, instance, "run", &[]).unwrap();
        // One stretch: const, drop, call, and behind the block const, drop.
        assert_eq!(seen.load(Relaxed), 95);
        assert_eq!(store.fuel(), 95 - 40);
    });
}

/// Programs that were made for nothing of the kind use the same in every way, and trap alike with
/// whatever they are given.
#[test]
fn it_is_the_same_in_every_way() {
    let guest = r#"(module (memory 1)
        (func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32)
          (loop $outer
            (local.set $j (i32.const 0))
            (block $done (loop $inner
              (br_if $done (i32.gt_u (local.get $j) (local.get $i)))
              (i32.store8 (local.get $j) (i32.xor (i32.load8_u (local.get $j)) (local.get $i)))
              (if (i32.and (local.get $j) (i32.const 1))
                (then (memory.fill (i32.const 100) (local.get $i) (local.get $j)))
                (else (i32.store (i32.const 4) (i32.div_u (local.get $i) (i32.sub (local.get $n) (local.get $i))))))
              (local.set $j (i32.add (local.get $j) (i32.const 3)))
              (br $inner)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $outer (i32.lt_u (local.get $i) (i32.const 200))))
          (i32.load (i32.const 0))))"#;
    let configs = WAYS.map(|way| Config { fuel: true, ..way.config("guest") });
    let artifacts: Vec<_> = configs.iter().map(|config| compiled(guest, config)).collect();
    let outcomes = loaded(&artifacts).into_iter().map(|module| {
        let mut store = Store::new(());
        store.set_fuel(0);
        let instance = instance(&mut store, module);
        let fuels = [0, 1, 10, 100, 1000, 10_000, 50_000, 1_000_000];
        let cases = fuels.into_iter().flat_map(|fuel| [50, 150, 300].map(|n| (fuel, n)));
        let run = |(fuel, n)| {
            let (result, used) = used(&mut store, instance, "run", &[Val::I32(n)], fuel);
            let result = match result {
                Ok(values) => format!("{values:?}"),
                Err(error) => format!("{:?}", error.trap().unwrap().code()),
            };
            (result, used)
        };
        cases.map(run).collect::<Vec<_>>()
    });
    let outcomes: Vec<_> = outcomes.collect();
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:#?}");
    let of = |what: &str| outcomes[0].iter().filter(|(result, ..)| result.contains(what)).count();
    assert!(of("OutOfFuel") > 5 && of("IntegerDivideByZero") > 1 && of("I32") > 0);
}
