//! Calls of functions that are 128-bit multiplications in disguise, which compiled code does not
//! make: products, and what is in memory when half of one does not fit.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

const PRODUCTS: &str = include_str!("../../../compiler/tests/products.wat");

fn wide(low: u64, high: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

#[test]
fn products_are_right() {
    const EDGES: [u64; 8] =
        [0, 1, 3, u64::MAX, u64::MAX - 1, 1 << 32, (1 << 32) - 1, 0x9e37_79b9_7f4a_7c15];
    in_every_way(PRODUCTS, |_, module| {
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
    in_every_way(PRODUCTS, |way, module| {
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
