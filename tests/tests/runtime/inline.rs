//! Functions whose code stands where they are called: as if they had been called.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

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
