//! Calls of functions that are 128-bit multiplications in disguise, which compiled code does not
//! make: products, and what is in memory when half of one does not fit. And sums of what such functions store, with
//! something stored in between that may be where they are.

use wasmaot::*;
use wasmaot_compiler::Config;
use wasmaot_tests::ways::{in_every_way, with_options_in_every_way};

use crate::guests::*;

const PRODUCTS: &str = include_str!("../../../compiler/tests/products.wat");

fn wide(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[test]
fn products_are_right() {
    right_products(|_| {});
}

pub fn right_products(options: fn(&mut Config)) {
    const EDGES: [u64; 8] =
        [0, 1, 3, u64::MAX, u64::MAX - 1, 1 << 32, (1 << 32) - 1, 0x9e37_79b9_7f4a_7c15];
    with_options_in_every_way(PRODUCTS, options, |_, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let mut check = |name: &str, args: &[u64], expected: u128| {
            let mut params = vec![Val::I32(16)];
            params.extend(args.iter().map(|&arg| Val::I64(arg as i64)));
            call(&mut store, instance, name, &params).unwrap();
            let mut bytes = [0; 16];
            memory.read(&store, 16, &mut bytes).unwrap();
            assert_eq!(u128::from_le_bytes(bytes), expected, "{name} {args:x?}");
        };
        for a in EDGES {
            for b in EDGES {
                for c in EDGES {
                    let (first, second) = (wide(a, b), wide(c, a ^ b));
                    for name in ["low_first", "high_first"] {
                        check(name, &[a, b, c, a ^ b], first.wrapping_mul(second));
                    }
                }
                check("narrow", &[a, b], u128::from(a) * u128::from(b));
            }
        }
    });
}

#[test]
fn what_does_not_fit_traps_where_it_would() {
    products_that_do_not_fit(|_| {});
}

pub fn products_that_do_not_fit(options: fn(&mut Config)) {
    with_options_in_every_way(PRODUCTS, options, |way, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        // Only the low half fits. It is there if it has been stored before the high one.
        for (name, low) in [("low_first", 15_u64), ("high_first", 0)] {
            memory.write(&mut store, 65528, &[0; 8]).unwrap();
            let params = [65528, 3, 0, 5, 0].map(Val::I64);
            let params = [&[Val::I32(65528)], &params[1..]].concat();
            let error = call(&mut store, instance, name, &params).unwrap_err();
            assert_eq!(
                error.trap().map(Trap::code),
                Some(TrapCode::MemoryOutOfBounds),
                "{name} {way:?}"
            );
            let mut bytes = [0; 8];
            memory.read(&store, 65528, &mut bytes).unwrap();
            assert_eq!(u64::from_le_bytes(bytes), low, "{name} {way:?}");
        }
    });
}

/// How many numbers of 128 bits are stored, the last one first, and added.
const NUMBERS: u32 = 10;
/// How far from where it is told to.
const FIRST: u32 = 128;

/// A function of two places and two numbers: stores numbers at the one, adds them up, and stores each sum's low half
/// at the other. Of what is added to an index every other constant is in the instruction.
fn sums() -> String {
    let mut text = String::from(
        "(module (memory (export \"memory\") 1 1)
        (func (export \"f\") (param $to i32) (param $sums i32) (param $x i64) (param $y i64)
        (result i64 i64) (local $low i64) (local $high i64) (local $l i64)\n",
    );
    for n in (0..NUMBERS).rev() {
        let at = format!("(i32.add (local.get $to) (i32.const {}))", FIRST + 16 * n);
        text += &format!(
            "(i64.store {at} (i64.mul (local.get $x) (i64.const {})))
            (i64.store offset=8 {at} (i64.xor (local.get $y) (i64.const {n})))\n",
            2 * n + 1
        );
    }
    for n in 0..NUMBERS {
        let place = |further: u32| match (n % 2, FIRST + 16 * n + further) {
            (0, by) => format!("(i32.add (local.get $to) (i32.const {by}))"),
            (_, by) => format!("offset={by} (local.get $to)"),
        };
        text += &format!(
            "(local.set $low (i64.add
                (local.get $low) (local.tee $l (i64.load {}))))
            (local.set $high (i64.add
                (i64.add (local.get $high) (i64.load {}))
                (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get $l)))))
            (i64.store offset={} (local.get $sums) (local.get $low))\n",
            place(0),
            place(8),
            8 * n
        );
    }
    text + "(local.get $low) (local.get $high)))"
}

/// The same on bytes; nothing if it traps, with what has been stored until then.
fn model(memory: &mut [u8], to: u32, sums: u32, x: u64, y: u64) -> Option<u128> {
    fn place(memory: &mut [u8], at: u64) -> Option<&mut [u8]> {
        memory.get_mut(at as usize..at as usize + 8)
    }
    for n in (0..NUMBERS).rev() {
        let at = u64::from(to.wrapping_add(FIRST + 16 * n));
        place(memory, at)?.copy_from_slice(&x.wrapping_mul(2 * u64::from(n) + 1).to_le_bytes());
        place(memory, at + 8)?.copy_from_slice(&(y ^ u64::from(n)).to_le_bytes());
    }
    let mut sum = 0u128;
    for n in 0..NUMBERS {
        let mut load = |further: u32| {
            let at = match (n % 2, FIRST + 16 * n + further) {
                (0, by) => to.wrapping_add(by).into(),
                (_, by) => u64::from(to) + u64::from(by),
            };
            Some(u64::from_le_bytes(place(memory, at)?.try_into().unwrap()))
        };
        sum = sum.wrapping_add(wide(load(0)?, load(8)?));
        let low = sum as u64;
        place(memory, u64::from(sums) + u64::from(8 * n))?.copy_from_slice(&low.to_le_bytes());
    }
    Some(sum)
}

#[test]
fn what_is_stored_between_parts_of_a_sum_counts() {
    sums_of_what_is_stored(|_| {});
}

pub fn sums_of_what_is_stored(options: fn(&mut Config)) {
    const PAGE: u32 = 65536;
    with_options_in_every_way(sums(), options, |way, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let len = 16 * NUMBERS;
        // Inside, at the end, behind it, and around the end of all that an index can name.
        for first in [64, 1000, PAGE - len, PAGE - len + 1, PAGE, 0u32.wrapping_sub(72), 28, 0] {
            let to = first.wrapping_sub(FIRST);
            let far = [first.wrapping_add(len), first.wrapping_sub(8 * NUMBERS), 20000, PAGE - 40];
            let near = (first.saturating_sub(90)..first.saturating_add(180)).step_by(7);
            for sums in near.chain(far) {
                let (x, y) = (0x9e37_79b9_7f4a_7c15, u64::from(to ^ sums) << 40);
                let mut expected = vec![0x5a; PAGE as usize];
                memory.write(&mut store, 0, &expected).unwrap();
                let sum = model(&mut expected, to, sums, x, y);
                let params = [Val::I32(to as i32), Val::I32(sums as i32)];
                let params = [params, [Val::I64(x as i64), Val::I64(y as i64)]].concat();
                let found = call(&mut store, instance, "f", &params);
                match (sum, &found) {
                    (Some(sum), Ok(results)) => {
                        let [Val::I64(low), Val::I64(high)] = results[..] else {
                            panic!("{results:?}")
                        };
                        let found = wide(low as u64, high as u64);
                        assert_eq!(found, sum, "{to} {sums} {way:?}");
                    }
                    (None, Err(error)) => {
                        let code = error.trap().map(Trap::code);
                        assert_eq!(code, Some(TrapCode::MemoryOutOfBounds), "{to} {sums} {way:?}");
                    }
                    _ => panic!("{sum:x?} {found:?} {to} {sums} {way:?}"),
                }
                let mut bytes = vec![0; PAGE as usize];
                memory.read(&store, 0, &mut bytes).unwrap();
                assert!(bytes == expected, "{to} {sums} {way:?}");
            }
        }
    });
}

/// Low halves that high ones of other sums depend on, one of them by way of a load: not all of these can be done at once.
#[test]
fn halves_wait_for_each_other() {
    const GUEST: &str = r#"(module (memory (export "memory") 1)
        (func (export "f") (param $a i64) (param $b i64) (param $c i64) (result i64 i64 i64)
            (local $low1 i64) (local $low2 i64) (local $low3 i64) (local $word i64)
            (local.set $low3 (i64.add (local.get $a) (local.get $b)))
            (local.set $word (i64.load (i32.and (i32.wrap_i64 (local.get $low3)) (i32.const 8))))
            (local.set $low1 (i64.add (local.get $b) (local.get $c)))
            (local.set $low2 (i64.add (local.get $a) (local.get $c)))
            (i64.add
                (i64.add (i64.xor (local.get $low2) (local.get $a)) (local.get $b))
                (i64.extend_i32_u (i64.lt_u (local.get $low1) (local.get $b))))
            (i64.add
                (i64.add (local.get $word) (local.get $b))
                (i64.extend_i32_u (i64.lt_u (local.get $low2) (local.get $a))))
            (i64.add
                (i64.add (local.get $low1) (local.get $c))
                (i64.extend_i32_u (i64.lt_u (local.get $low3) (local.get $a)))))
        (data (i32.const 0) "\01\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff"))"#;
    in_every_way(GUEST, |way, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        for [a, b, c] in [[1, 2, 3], [u64::MAX, 1, 5], [8, u64::MAX, u64::MAX], [u64::MAX; 3]] {
            let params = [a, b, c].map(|value| Val::I64(value as i64));
            let found = call(&mut store, instance, "f", &params).unwrap();
            let found = found.iter().map(|value| match value {
                Val::I64(value) => *value as u64,
                other => panic!("{other:?}"),
            });
            let (low3, carry3) = a.overflowing_add(b);
            let ((low1, carry1), (low2, carry2)) = (b.overflowing_add(c), a.overflowing_add(c));
            let word = if low3 & 8 == 0 { 1 } else { u64::MAX };
            let sum = |a: u64, b: u64, carry: bool| a.wrapping_add(b).wrapping_add(carry.into());
            let expected = [sum(low2 ^ a, b, carry1), sum(word, b, carry2), sum(low1, c, carry3)];
            assert_eq!(found.collect::<Vec<u64>>(), expected, "{way:?}");
        }
    });
}
