//! Copying and filling, with lengths that are known: each length is code of its own.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

/// A little beyond what is done without a call.
const LONGEST: usize = 67;

const PAGE: usize = 65536;

fn guest(index: &str) -> String {
    let mut functions = String::new();
    for len in 0..=LONGEST {
        functions += &format!(
            "(func (export \"copy{len}\") (param {index} {index})
               (memory.copy (local.get 0) (local.get 1) ({index}.const {len})))
             (func (export \"fill{len}\") (param {index} i32)
               (memory.fill (local.get 0) (local.get 1) ({index}.const {len})))
             (func (export \"zero{len}\") (param {index})
               (memory.fill (local.get 0) (i32.const 0) ({index}.const {len})))"
        );
    }
    format!("(module (memory (export \"memory\") {index} 1 2) {functions})")
}

/// Fills a memory with bytes that differ from their neighbours, and hands out a copy.
fn differing(memory: Memory, store: &mut Store<()>) -> Vec<u8> {
    let bytes: Vec<u8> = (0..PAGE).map(|at| (at % 251 + at / 251) as u8).collect();
    memory.data_mut(store).copy_from_slice(&bytes);
    bytes
}

fn lengths_that_are_known<P: WasmTy>(index: &str, at: fn(usize) -> P) {
    in_every_way(guest(index), |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        for len in 0..=LONGEST {
            let name = format!("copy{len}");
            let mut bytes = differing(memory, &mut store);
            let end = PAGE - len;
            let places =
                [(100, 300), (100, 101), (101, 100), (100, 109), (109, 100), (end, 7), (7, end)];
            for (dst, src) in places {
                typed::<_, ()>(&mut store, instance, &name, (at(dst), at(src))).unwrap();
                bytes.copy_within(src..src + len, dst);
                assert_eq!(memory.data(&store), bytes, "{name} {dst} {src}");
            }
            for (dst, src) in [(end + 1, 7), (7, end + 1), (end + len + 1, 7), (7, end + len + 1)] {
                let result = typed::<_, ()>(&mut store, instance, &name, (at(dst), at(src)));
                assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{name} {dst} {src}");
                assert_eq!(memory.data(&store), bytes, "{name} {dst} {src}");
            }
        }
        for len in 0..=LONGEST {
            let (fill, zero) = (format!("fill{len}"), format!("zero{len}"));
            let mut bytes = differing(memory, &mut store);
            for (dst, value) in [(100, 0x1_23ff_u32), (PAGE - len, 0x80)] {
                typed::<_, ()>(&mut store, instance, &fill, (at(dst), value)).unwrap();
                bytes[dst..dst + len].fill(value as u8);
                assert_eq!(memory.data(&store), bytes, "{fill} {dst}");
                let dst = dst - 1;
                typed::<_, ()>(&mut store, instance, &zero, (at(dst),)).unwrap();
                bytes[dst..dst + len].fill(0);
                assert_eq!(memory.data(&store), bytes, "{zero} {dst}");
            }
            let result = typed::<_, ()>(&mut store, instance, &fill, (at(PAGE - len + 1), 1_u32));
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{fill}");
            assert_eq!(memory.data(&store), bytes, "{fill}");
        }
    });
}

#[test]
fn lengths_that_are_known_with_32_bits() {
    lengths_that_are_known("i32", |at| at as u32);
}

#[test]
fn lengths_that_are_known_with_64_bits() {
    lengths_that_are_known("i64", |at| at as u64);
}
