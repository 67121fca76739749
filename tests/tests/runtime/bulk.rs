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

/// Constants in indices that the machine's addresses take along, as far as these reach: 2 GiB.
#[test]
fn lengths_that_are_known_behind_large_constants() {
    const BASE: u32 = 0x7fff_ffd0;
    let (mut functions, mut lens) = (String::new(), vec![]);
    for len in [1_u32, 3, 8, 17, 64] {
        for constant in [BASE, 0x7fff_ffe0, 0x7fff_fff8, 0x7fff_ffff, 0x8000_0000] {
            let index = format!(
                "(i32.add (i32.and (local.get 0) (i32.const 0x7fffffff)) (i32.const {constant}))"
            );
            let at = constant - BASE;
            functions += &format!(
                "(func (export \"fill {len} {at}\") (param i32)
                   (memory.fill {index} (i32.const 7) (i32.const {len})))
                 (func (export \"to {len} {at}\") (param i32)
                   (memory.copy {index} (i32.const 1) (i32.const {len})))
                 (func (export \"from {len} {at}\") (param i32)
                   (memory.copy (i32.const 200) {index} (i32.const {len})))"
            );
            lens.push((len as usize, at as usize));
        }
    }
    // A little more than 2 GiB.
    let guest = format!("(module (memory (export \"memory\") 32769) {functions})");
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        let base = BASE as usize;
        for &(len, at) in &lens {
            let run = |store: &mut Store<()>, name: &str| {
                typed::<u32, ()>(store, instance, &format!("{name} {len} {at}"), 4).unwrap();
            };
            let place = base + at + 4;
            let window = base..base + 256;
            let mut expected = vec![0; 256];
            memory.data_mut(&mut store)[window.clone()].fill(0);
            run(&mut store, "fill");
            expected[at + 4..][..len].fill(7);
            assert_eq!(memory.data(&store)[window.clone()], expected, "fill {len} {at}");
            for (byte, number) in memory.data_mut(&mut store)[1..=len].iter_mut().zip(1..) {
                *byte = number;
            }
            run(&mut store, "to");
            assert!(memory.data(&store)[place..][..len].iter().copied().eq(1..=len as u8));
            memory.data_mut(&mut store)[place..][..len].reverse();
            run(&mut store, "from");
            assert!(memory.data(&store)[200..][..len].iter().copied().eq((1..=len as u8).rev()));
        }
    });
}
