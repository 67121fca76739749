//! Tail calls: that they take no stack however many there are, whoever is called and with
//! whatever arguments, and that hosts, traps and collections find their way through them.

use wasmaot::*;
use wasmaot_compiler::OptLevel;
use wasmaot_tests::ways::{Way, in_every_way, together_in_every_way};

use crate::guests::*;

/// How many calls, one after the other: a hundred million where code is fast. Without tail calls a
/// few ten thousand exhaust a stack.
fn hops(way: Way) -> i64 {
    match way.opt_level {
        OptLevel::None => 2_000_000,
        _ => 100_000_000,
    }
}

#[test]
fn a_hundred_million_calls_take_no_stack() {
    let guest = r#"(module
        (type $hop (func (param i64) (result i64)))
        (table funcref (elem $through_table))
        (global $next (mut (ref null $hop)) (ref.null $hop))
        (elem declare func $direct)
        (func $done (param i64) (result i64) (local.get 0))
        (func $direct (export "direct") (param i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return_call $done (i64.const 7))))
            (return_call $direct (i64.sub (local.get 0) (i64.const 1))))
        (func $through_table (export "through_table") (param i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return_call $done (i64.const 8))))
            (return_call_indirect (type $hop)
                (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))
        (func $by_reference (export "by_reference") (param i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return_call $done (i64.const 9))))
            (global.set $next (ref.func $by_reference))
            (return_call_ref $hop (i64.sub (local.get 0) (i64.const 1)) (global.get $next)))
        (elem declare func $by_reference))"#;
    in_every_way(guest, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for (name, result) in [("direct", 7), ("through_table", 8), ("by_reference", 9)] {
            let func = instance.get_func(&store, name).unwrap().typed::<i64, i64>(&store).unwrap();
            assert_eq!(func.call(&mut store, hops(way)).unwrap(), result, "{name}");
        }
    });
}

/// Two modules that call each other, one through an import, the other through a table, with more
/// arguments than there are registers, and not the same number of them.
#[test]
fn modules_call_each_other_with_many_arguments() {
    let many = "i64 ".repeat(20);
    let pass = |n: usize| (1..=n).map(|i| format!("(local.get {i})")).collect::<String>();
    let there = format!(
        r#"(module
        (import "back" "hop" (func $back (param i64 {many} f64 f64) (result i64)))
        (table (import "there" "table") 1 funcref)
        (elem (i32.const 0) $hop)
        (func $hop (export "hop") (param i64 {many}) (result i64)
            (if (i64.eqz (local.get 0))
                (then (return (i64.add (local.get 1) (local.get 20)))))
            (return_call $back (i64.sub (local.get 0) (i64.const 1)) {}
                (f64.const 1) (f64.const 2))))"#,
        pass(20)
    );
    let back = format!(
        r#"(module
        (table (import "there" "table") 1 funcref)
        (type $hop (func (param i64 {many}) (result i64)))
        (func (export "hop") (param i64 {many} f64 f64) (result i64)
            (if (f64.ne (f64.sub (local.get 22) (local.get 21)) (f64.const 1))
                (then (unreachable)))
            (if (i64.le_s (local.get 0) (i64.const 0)) (then (return (i64.const -1))))
            (return_call_indirect (type $hop)
                (i64.sub (local.get 0) (i64.const 1)) {} (i32.const 0))))"#,
        pass(20)
    );
    // Each needs the other: the table comes first, and is filled when both are there.
    let first = r#"(module (table (export "table") 1 funcref))"#;
    together_in_every_way(
        [("first", first), ("back", &back), ("there", &there)],
        |way, [first, back, there]| {
            let mut store = Store::new(());
            let mut imports = Imports::new();
            let first = Instance::new(&mut store, first, &imports).unwrap();
            imports.instance("there", &store, first);
            let back = Instance::new(&mut store, back, &imports).unwrap();
            imports.instance("back", &store, back);
            let there = Instance::new(&mut store, there, &imports).unwrap();
            let func = there.get_func(&store, "hop").unwrap();
            let mut args = vec![Val::I64(hops(way) / 10)];
            args.extend((1..=20).map(|i| Val::I64(i * 1000)));
            let mut results = [Val::I64(0)];
            func.call(&mut store, &args, &mut results).unwrap();
            assert_eq!(results[0].i64(), Some(21_000));
        },
    );
}

/// A function of the host in the place of the guest's: it sees who called, its errors and panics
/// come back, and what the guest held on its stack is found by the collector.
#[test]
fn functions_of_the_host_are_called_so_too() {
    let guest = r#"(module
        (import "host" "f" (func $f (param externref i32) (result i32)))
        (func (export "f") (param externref i32) (result i32)
            (return_call $f (local.get 0) (local.get 1)))
        (func $inner (param externref i32) (result i32)
            (return_call $f (ref.null extern) (local.get 1)))
        (func (export "kept") (param externref i32) (result externref i32)
            (local.get 0) (call $inner (local.get 0) (local.get 1))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(0);
        store.set_collect_always(true);
        let mut imports = Imports::new();
        let f = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, i32>, thing: Option<ExternRef>, how: i32| {
                *caller.data_mut() += 1;
                assert!(caller.instance().is_some());
                match how {
                    0 => Err("refused"),
                    _ => Ok(how + i32::from(thing.is_some())),
                }
            },
        );
        imports.define("host", "f", f);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let thing = || Some(ExternRef::new("thing"));
        let call = |store: &mut _, how| {
            typed::<(Option<ExternRef>, i32), i32>(store, instance, "f", (thing(), how))
        };
        assert_eq!(call(&mut store, 5).unwrap(), 6);
        assert!(call(&mut store, 0).unwrap_err().to_string().contains("refused"));
        let (kept, n) = typed::<(Option<ExternRef>, i32), (Option<ExternRef>, i32)>(
            &mut store,
            instance,
            "kept",
            (thing(), 5),
        )
        .unwrap();
        assert_eq!((kept.unwrap().data().downcast_ref::<&str>(), n), (Some(&"thing"), 5));
        assert_eq!(*store.data(), 3);
    });
}

/// The frames of functions that were left by a tail call are not in the backtrace, those that
/// called them are.
#[test]
fn a_backtrace_has_the_frames_that_are_left() {
    let guest = r#"(module
        (func $traps (unreachable))
        (func $leaves (return_call $traps))
        (func $stays (call $leaves))
        (func $outermost (export "run") (return_call $stays)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let trap = trap(typed::<(), ()>(&mut store, instance, "run", ()));
        let names: Vec<_> = trap.frames().iter().map(|frame| frame.func_index()).collect();
        assert_eq!(names, [0, 2]);
    });
}
