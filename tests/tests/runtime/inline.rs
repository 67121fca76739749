//! Functions whose code stands where they are called: as if they had been called.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, wasm};

use crate::guests::*;

const SMALL: &str = r#"(module
    (global $calls (mut i32) (i32.const 0))
    (func $digit (param i32) (result i32)
        (i32.lt_u (i32.sub (local.get 0) (i32.const 48)) (i32.const 10)))
    ;; Returns from within, changes its parameter and has locals, which start as zero each time.
    (func $letter (param i32) (result i32) (local $zero i32) (local i64)
        (if (local.get $zero) (then (return (i32.const 99))))
        (local.set $zero (i32.const 1))
        (block
            (block
                (br_table 0 1 (i32.gt_u (local.tee 0 (i32.or (local.get 0) (i32.const 32))) (i32.const 96))))
            (return (i32.const 0)))
        (return (i32.le_u (local.get 0) (i32.const 122))))
    (func $either (param i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (result i32) (call $digit (local.get 0))
            (then (i32.const 1))
            (else (call $letter (local.get 0)))))
    ;; Two results, in the middle of other operands.
    (func $both (param i64 f64) (result f64 i64)
        (f64.neg (local.get 1)) (i64.add (local.get 0) (i64.const 1)))
    (func (export "both") (param i64 f64) (result i64 f64 i64)
        (local.get 0) (call $both (local.get 0) (local.get 1)))
    ;; The number of such bytes up to the parameter, by a loop whose locals must not be mixed up
    ;; with those of what stands in it.
    (func (export "count") (param i32) (result i32 i32) (local $i i32) (local $n i32)
        (global.set $calls (i32.const 0))
        (block $done
            (loop $next
                (br_if $done (i32.gt_u (local.get $i) (local.get 0)))
                (local.set $n (i32.add (local.get $n) (call $either (local.get $i))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br $next)))
        (local.get $n) (global.get $calls))
    ;; Nothing here is too deep, but what is called is of a kind that is put in place.
    (func $trap (export "trap") (param i32) (result i32)
        (i32.div_u (call $digit (i32.const 53)) (call $either (local.get 0))))
)"#;

#[test]
fn small_functions_behave_as_if_called() {
    in_every_way(SMALL, |way, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        let params = [Val::I64(7), Val::F64(1.5_f64.to_bits())];
        let both = call(&mut store, instance, "both", &params).unwrap();
        let [Val::I64(7), Val::F64(bits), Val::I64(8)] = both[..] else { panic!("{both:?}") };
        assert_eq!(f64::from_bits(bits), -1.5, "{way:?}");
        for last in [0, 47, 48, 60, 90, 127, 300] {
            let bytes = (0..=last)
                .filter(|&byte| u8::try_from(byte).is_ok_and(|byte| byte.is_ascii_alphanumeric()));
            let found = call(&mut store, instance, "count", &[Val::I32(last)]).unwrap();
            let [Val::I32(number), Val::I32(calls)] = found[..] else { panic!("{found:?}") };
            assert_eq!((number, calls), (bytes.count() as i32, last + 1), "{way:?} {last}");
        }
        let error = call(&mut store, instance, "trap", &[Val::I32(0)]).unwrap_err();
        let trap = error.trap().unwrap();
        assert_eq!(trap.code(), TrapCode::IntegerDivideByZero, "{way:?}");
        assert!(error.to_string().contains("trap"), "{error}");
    });
}

/// Functions that trap, call, go through tables and call themselves, deep within each other.
const LAYERS: &str = r#"(module
    (import "host" "again" (func $again (param i32 i32) (result i32)))
    (memory 1)
    (type $t (func (param i32) (result i32)))
    (table 5 funcref)
    (elem (i32.const 0) $div $load)
    (elem (i32.const 4) $other)
    (func $other (param i64))
    (func $load (param i32) (result i32) (i32.load offset=65532 (local.get 0)))
    (func $div (param i32) (result i32) (i32.div_s (i32.const -2147483648) (local.get 0)))
    (func $stop (param i32) (result i32)
        (if (i32.gt_u (local.get 0) (i32.const 2)) (then (unreachable)))
        (local.get 0))
    (func $convert (param i32) (result i32)
        (i32.trunc_f32_s (f32.div (f32.const 1) (f32.convert_i32_s (local.get 0)))))
    (func $through (param i32) (result i32)
        (call_indirect (type $t) (local.get 0) (local.get 0)))
    (func $fill (param i32) (result i32)
        (memory.fill (local.get 0) (i32.const 1) (i32.const 65530)) (i32.const 0))
    ;; The same code twice, one after the other and within.
    (func $sum (param i32) (result i32)
        (i32.add (call $stop (i32.const 1)) (call $stop (call $stop (local.get 0)))))
    (func $deep (param i32) (result i32)
        (call $sum (i32.add (call $sum (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))
    (func $recursive (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (unreachable)))
        (i32.add (call $recursive (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
    (func $host (param i32) (result i32) (call $again (local.get 0) (i32.const 5)))
    ;; Called once, with a loop and what is in it.
    (func $looped (param i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $div (local.get 0))))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br $next))
        (local.get $sum))
    (func (export "load") (param i32) (result i32) (call $load (local.get 0)))
    (func (export "div") (param i32) (result i32) (call $div (local.get 0)))
    (func (export "stop") (param i32) (result i32) (call $stop (local.get 0)))
    (func (export "convert") (param i32) (result i32) (call $convert (local.get 0)))
    (func (export "through") (param i32) (result i32) (call $through (local.get 0)))
    (func (export "fill") (param i32) (result i32) (call $fill (local.get 0)))
    (func (export "deep") (param i32) (result i32)
        (i32.add (call $deep (i32.const 1)) (call $deep (local.get 0))))
    (func (export "recursive") (param i32) (result i32) (call $recursive (local.get 0)))
    (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
    (func (export "looped") (param i32) (result i32) (call $looped (local.get 0)))
)"#;

const LAYER_CALLS: &[(&str, &[i32])] = &[
    ("load", &[0, 1, -1]),
    ("div", &[0, -1, 7]),
    ("stop", &[2, 3]),
    ("convert", &[0, 3]),
    // A call that traps; within what is called; no element, and one of another type.
    ("through", &[0, 1, 3, 4, 5, -1]),
    ("fill", &[6, 7]),
    ("deep", &[1, 3, 4, 5]),
    ("recursive", &[0, 1, 2, 3, 10, 200]),
    // Each of these calls the host, who calls back: what has this number in this list, with 5.
    ("host", &[0, 1, 2, 3, 4, 6, 7]),
    ("looped", &[3]),
];

/// What comes of every one of the calls: the result, or all that is known of the trap.
fn outcomes(module: Module) -> Vec<String> {
    let mut store = Store::new(());
    let again = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, n: i32, with: i32| {
        let instance = caller.instance().expect("a guest called");
        typed::<i32, i32>(&mut caller, instance, LAYER_CALLS[n as usize].0, with)
    });
    let instance =
        Instance::new(&mut store, module, Imports::new().define("host", "again", again)).unwrap();
    let mut outcomes = Vec::new();
    for (name, arguments) in LAYER_CALLS {
        for &argument in *arguments {
            outcomes.push(match typed::<i32, i32>(&mut store, instance, name, argument) {
                Ok(result) => format!("{name}({argument}): {result}"),
                Err(error) => {
                    let trap = error.trap().expect("a trap");
                    format!("{name}({argument}): {trap:?}\n{trap}")
                }
            });
        }
    }
    outcomes
}

#[test]
fn backtraces_do_not_tell_what_stands_in_place_of_calls() {
    let all = std::cell::RefCell::new(Vec::new());
    in_every_way(LAYERS, |_, module| all.borrow_mut().push(outcomes(module)));
    let all = all.into_inner();
    let (first, rest) = all.split_first().unwrap();
    assert_eq!(first.iter().filter(|outcome| outcome.contains("wasm trap")).count(), 28);
    for outcomes in rest {
        assert_eq!(first, outcomes);
    }
}

#[test]
fn frames_of_what_stands_in_place_of_calls() {
    let wasm = wasm(LAYERS);
    in_every_way(&wasm, |_, module| {
        let mut store = Store::new(());
        let again = Func::wrap(&mut store, |_: i32, _: i32| 0);
        let mut imports = Imports::new();
        imports.define("host", "again", again);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        // In the outer one of two, in the second call of `$deep`.
        let trap = trap(typed::<i32, i32>(&mut store, instance, "deep", 5));
        let frames = trap.frames().iter();
        let frames: Vec<_> = frames
            .map(|frame| (frame.func_name().unwrap_or_default(), frame.wasm_offset().unwrap()))
            .collect();
        let at = |defined, operator, nth| offsets(&wasm, defined, operator)[nth];
        // Without the import: `$stop` is the fourth, `$sum` the eighth, and so on.
        assert_eq!(
            frames,
            [
                ("stop", at(3, "Unreachable", 0)),
                ("sum", at(7, "Call", 1)),
                ("deep", at(8, "Call", 0)),
                ("deep", at(18, "Call", 1)),
            ]
        );
        assert_eq!(trap.wasm_offset(), Some(at(3, "Unreachable", 0)));
    });
}

/// Every level counts, whether it has a frame of its own or not.
#[test]
fn deep_recursion_is_counted() {
    in_every_way(LAYERS, |_, module| {
        let mut store = Store::new(());
        let again = Func::wrap(&mut store, |_: i32, _: i32| 0);
        let mut imports = Imports::new();
        imports.define("host", "again", again);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for depth in [60, 62, 63, 64, 65, 100, 101, 1000, 1001, 1002, 1003] {
            let trap = trap(typed::<i32, i32>(&mut store, instance, "recursive", depth));
            let levels = trap.frames().len() + trap.frames_left_out();
            assert_eq!(levels, depth as usize + 2);
            assert!(trap.frames().len() <= 64);
        }
    });
}
