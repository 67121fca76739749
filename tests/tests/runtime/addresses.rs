//! Indices made by sums and shifts, which wrap around at 32 bits: what is loaded is what stands at
//! the index that the specification says, whatever the machine's addresses can take along.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

/// An index in terms of the parameter: as text and as Rust.
type Case = (&'static str, fn(u32) -> u32);

const CASES: &[Case] = &[
    ("(i32.add (i32.and (local.get 0) (i32.const 255)) (i32.const 1056))", |x| (x & 255) + 1056),
    (
        "(i32.add (i32.const 1056) (i32.shl (i32.and (local.get 0) (i32.const 255)) (i32.const 2)))",
        |x| (x & 255) * 4 + 1056,
    ),
    ("(i32.shl (i32.and (local.get 0) (i32.const 8191)) (i32.const 3))", |x| (x & 8191) * 8),
    // What is shifted out is gone.
    ("(i32.shl (local.get 0) (i32.const 3))", |x| x.wrapping_mul(8)),
    ("(i32.shl (i32.and (local.get 0) (i32.const 0x3fffffff)) (i32.const 3))", |x| {
        (x & 0x3fff_ffff) << 3
    }),
    ("(i32.shl (i32.shr_u (local.get 0) (i32.const 2)) (i32.const 3))", |x| (x >> 2) << 3),
    ("(i32.shl (i32.shr_u (local.get 0) (i32.const 3)) (i32.const 35))", |x| (x >> 3) << 3),
    // Sums that wrap around, and that just do not.
    ("(i32.add (local.get 0) (i32.const 16))", |x| x.wrapping_add(16)),
    ("(i32.add (local.get 0) (i32.const -16))", |x| x.wrapping_sub(16)),
    ("(i32.add (i32.and (local.get 0) (i32.const 15)) (i32.const -15))", |x| {
        (x & 15).wrapping_sub(15)
    }),
    ("(i32.add (i32.and (local.get 0) (i32.const 15)) (i32.const -16))", |x| {
        (x & 15).wrapping_sub(16)
    }),
    ("(i32.add (i32.shr_u (local.get 0) (i32.const 1)) (i32.const 0x80000000))", |x| {
        (x >> 1).wrapping_add(0x8000_0000)
    }),
    ("(i32.add (i32.shr_u (local.get 0) (i32.const 1)) (i32.const 0x80000001))", |x| {
        (x >> 1).wrapping_add(0x8000_0001)
    }),
    (
        "(i32.add (i32.xor (i32.and (local.get 0) (i32.const 4096)) (i32.const 255)) (i32.const 100))",
        |x| ((x & 4096) ^ 255) + 100,
    ),
    (
        "(i32.add (i32.or (i32.and (local.get 0) (i32.const 0x80000000)) (i32.const 1)) (i32.const 0x7fffffff))",
        |x| ((x & 0x8000_0000) | 1).wrapping_add(0x7fff_ffff),
    ),
    ("(i32.add (i32.eqz (local.get 0)) (i32.const -1))", |x| u32::from(x == 0).wrapping_sub(1)),
    ("(i32.add (i32.load8_u (i32.and (local.get 0) (i32.const 1023))) (i32.const 300))", |x| {
        u32::from(byte(x & 1023)) + 300
    }),
    ("(i32.add (i32.load8_s (i32.and (local.get 0) (i32.const 1023))) (i32.const 300))", |x| {
        (byte(x & 1023) as i8 as u32).wrapping_add(300)
    }),
    (
        "(i32.add (i32.add (i32.and (local.get 0) (i32.const 63)) (i32.and (local.get 0) (i32.const 192))) (i32.const 9))",
        |x| (x & 63) + (x & 192) + 9,
    ),
];

/// What stands in memory at an index below 65536.
fn byte(index: u32) -> u8 {
    (index.wrapping_mul(2_654_435_761) >> 13) as u8
}

const PARAMETERS: [u32; 17] = [
    0,
    1,
    15,
    16,
    31,
    255,
    1000,
    4096,
    65_535,
    65_536,
    1 << 29,
    (1 << 30) - 1,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff0,
    u32::MAX - 1,
    u32::MAX,
];

#[test]
fn indices_wrap_around_where_they_should() {
    let mut text = "(module (memory (export \"memory\") 1)".to_owned();
    for (number, (index, _)) in CASES.iter().enumerate() {
        for offset in [0, 8] {
            text += &format!(
                "(func (export \"{number} {offset}\") (param i32) (result i32)
                    (i32.load8_u offset={offset} {index}))"
            );
        }
    }
    text += ")";
    in_every_way(&text, |way, module| {
        let mut store = Store::new(());
        let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let bytes: Vec<u8> = (0..65_536).map(byte).collect();
        memory.write(&mut store, 0, &bytes).unwrap();
        let mut trapped = 0;
        for (number, (text, index)) in CASES.iter().enumerate() {
            for (offset, x) in [0, 8].into_iter().flat_map(|o| PARAMETERS.map(|x| (o, x))) {
                let name = format!("{number} {offset}");
                let found = call(&mut store, instance, &name, &[Val::I32(x as i32)]);
                let at = u64::from(index(x)) + offset;
                let what = format!("{way:?}: {text} of {x:#x}");
                match bytes.get(at as usize) {
                    Some(&expected) => {
                        let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
                        let [Val::I32(found)] = found[..] else { panic!("{found:?}") };
                        assert_eq!(found, i32::from(expected), "{what}");
                    }
                    None => {
                        trapped += 1;
                        let error = found.expect_err(&what);
                        let code = error.trap().map(Trap::code);
                        assert_eq!(code, Some(TrapCode::MemoryOutOfBounds), "{what}");
                    }
                }
            }
        }
        assert!(trapped > 100, "{trapped}");
    });
}
