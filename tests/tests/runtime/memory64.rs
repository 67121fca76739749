//! Memories and tables with 64-bit indices, several memories in a module, pages of one byte:
//! every byte up to the end and none beyond, with sums that would wrap around.

use wasmaot::*;
use wasmaot_compiler::MemoryStyle;
use wasmaot_tests::ways::{WAYS, compiled, in_every_way, loaded, together_in_every_way};

use crate::guests::*;

const PAGE: u64 = 65536;
const SIZES: [u64; 4] = [1, 2, 4, 8];

/// Offsets around everything that bounds checks tell apart: nothing, a page, the guard (32 MiB, or
/// 64 KiB below), what 32 bits and what 64 bits hold.
const OFFSETS: [u64; 14] = [
    0,
    1,
    PAGE - 8,
    PAGE - 1,
    PAGE,
    2 * PAGE,
    (32 << 20) - 8,
    (32 << 20) - 1,
    32 << 20,
    1 << 32,
    (1 << 63) - 1,
    u64::MAX - 8,
    u64::MAX - 1,
    u64::MAX,
];

/// Loads and stores of each size at a parameter plus each offset, in the memory `$m`.
fn accesses() -> String {
    let mut text = String::new();
    for offset in OFFSETS {
        for (size, ty, load, store) in [
            (1, "i32", "i32.load8_u", "i32.store8"),
            (2, "i32", "i32.load16_u", "i32.store16"),
            (4, "i32", "i32.load", "i32.store"),
            (8, "i64", "i64.load", "i64.store"),
        ] {
            text += &format!(
                r#"(func (export "load{size}+{offset}") (param i64) (result {ty})
                     ({load} $m offset={offset} (local.get 0)))
                   (func (export "store{size}+{offset}") (param i64)
                     ({store} $m offset={offset} (local.get 0) ({ty}.const -1)))"#
            );
        }
    }
    text
}

/// Indices for which something could go wrong with this offset in a memory of this length.
fn indices(offset: u64, len: u64) -> Vec<u64> {
    let ends = [
        0,
        PAGE,
        len,
        1 << 32,
        (1 << 32) + len,
        1 << 63,
        u64::MAX,
        4 << 30,
        (4 << 30) + (32 << 20),
    ];
    let mut all: Vec<u64> = ends
        .into_iter()
        // Where the sum wraps around to, too.
        .flat_map(|end: u64| [end, end.wrapping_sub(offset)])
        .flat_map(|end| (0..10).flat_map(move |d| [end.wrapping_sub(d), end.wrapping_add(d)]))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Tries every access to an instance's memory.
fn try_all(store: &mut Store<()>, instance: Instance) {
    let memory = instance.get_memory(&*store, "memory").unwrap();
    let len = memory.data(&*store).len() as u64;
    for offset in OFFSETS {
        for size in SIZES {
            let [load, stored] = ["load", "store"].map(|name| format!("{name}{size}+{offset}"));
            for index in indices(offset, len) {
                let start = u128::from(index) + u128::from(offset);
                let fits = start + u128::from(size) <= u128::from(len);
                let param = [Val::I64(index as i64)];
                let what = || format!("{size} bytes at {index:#x} + {offset:#x} of {len:#x}");
                match call(&mut *store, instance, &load, &param) {
                    Ok(value) => {
                        assert!(fits, "{}", what());
                        assert!(matches!(value[0], Val::I32(0) | Val::I64(0)), "{}", what());
                    }
                    other => {
                        assert!(!fits, "{}", what());
                        assert_eq!(code(other), TrapCode::MemoryOutOfBounds);
                    }
                }
                let result = call(&mut *store, instance, &stored, &param);
                assert_eq!(result.is_ok(), fits, "{}", what());
                let data = memory.data_mut(&mut *store);
                if fits {
                    let (start, size) = (start as usize, size as usize);
                    assert!(data[start..start + size].iter().all(|&byte| byte == 0xff));
                    data[start..start + size].fill(0);
                }
                // Near both ends nothing else has changed, nor has anything at all at the end.
                assert!(data[..64.min(len as usize)].iter().all(|&byte| byte == 0), "{}", what());
                assert!(data[(len as usize).saturating_sub(64)..].iter().all(|&byte| byte == 0));
            }
            assert!(memory.data(&*store).iter().all(|&byte| byte == 0));
        }
    }
}

/// How a memory's size can be bounded, and where that leaves its checks.
const MEMORIES: [&str; 4] = ["i64 1", "i64 1 3", "i64 2 2", "i64 1 1000000"];

#[test]
fn no_sum_of_index_and_offset_wraps() {
    for memory in MEMORIES {
        let guest = format!(r#"(module (memory $m (export "memory") {memory}) {})"#, accesses());
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            try_all(&mut store, instance);
            let memory = instance.get_memory(&store, "memory").unwrap();
            if memory.grow(&mut store, 1).is_ok() {
                try_all(&mut store, instance);
            }
        });
    }
}

/// As above, with other address space behind memories than usual, or none.
#[test]
fn no_sum_wraps_with_small_reservations() {
    for (reservation, guard) in [(0, 0), (0, PAGE), (PAGE, 0), (3 * PAGE, PAGE), (1 << 33, 0)] {
        let artifacts: Vec<_> = MEMORIES
            .iter()
            .enumerate()
            .map(|(i, memory)| {
                let mut config = WAYS[0].config(&format!("guest{i}"));
                config.memory = MemoryStyle { reservation, guard };
                let text =
                    format!(r#"(module (memory $m (export "memory") {memory}) {})"#, accesses());
                compiled(text, &config)
            })
            .collect();
        for &module in &loaded(&artifacts)[..] {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            try_all(&mut store, instance);
        }
    }
}

/// A check that has been passed serves only those accesses that it covers.
#[test]
fn later_accesses_by_the_same_index() {
    let offsets = [(32 << 20) - 4, 32 << 20, 40 << 20, PAGE - 4, PAGE, 4];
    for memory in MEMORIES {
        let mut text = String::new();
        for (a, first) in offsets.into_iter().enumerate() {
            for (b, second) in offsets.into_iter().enumerate() {
                text += &format!(
                    r#"(func (export "{a} {b}") (param i64)
                         (drop (i32.load (local.get 0)))
                         (drop (i32.load offset={first} (local.get 0)))
                         (i32.store offset={second} (local.get 0) (i32.const 7)))"#
                );
            }
        }
        in_every_way(format!(r#"(module (memory (export "memory") {memory}) {text})"#), |_, m| {
            let mut store = Store::new(());
            let instance = instance(&mut store, m);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let len = memory.data(&store).len() as u64;
            for (a, first) in offsets.into_iter().enumerate() {
                for (b, second) in offsets.into_iter().enumerate() {
                    for index in [0, len - PAGE, len - 8, len - 4, len, 1 << 40, u64::MAX - 3] {
                        let inside =
                            |offset| u128::from(index) + u128::from(offset) + 4 <= len.into();
                        let fits = inside(0) && inside(first) && inside(second);
                        let result = call(
                            &mut store,
                            instance,
                            &format!("{a} {b}"),
                            &[Val::I64(index as i64)],
                        );
                        assert_eq!(result.is_ok(), fits, "{index:#x} + {first:#x}, {second:#x}");
                        let written = memory.data(&store).iter().any(|&byte| byte != 0);
                        assert_eq!(written, fits);
                        memory.data_mut(&mut store).fill(0);
                    }
                }
            }
        });
    }
}

const GROW: &str = r#"(module
    (memory (export "memory") i64 1)
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
    (func (export "size") (result i64) (memory.size))
    (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
    (func (export "store") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
    (func (export "fill") (param i64 i32 i64)
      (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i64 i64 i64)
      (memory.copy (local.get 0) (local.get 1) (local.get 2))))"#;

/// A memory without a maximum grows to what the store allows, also beyond what 32 bits reach.
#[test]
fn growth_to_limits() {
    in_every_way(GROW, |_, module| {
        // As many pages as 32 bits address, one more, and few.
        for limit in [65536, 65537, 10] {
            let mut store = Store::new(());
            store.limits_mut().memory_pages = limit;
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let start = memory.data(&store).as_ptr();
            let grow =
                |store: &mut _, by: u64| typed::<i64, i64>(store, instance, "grow", by as i64);
            for too_much in [limit, 1 << 32, 1 << 47, 1 << 48, 1 << 63, u64::MAX - 1, u64::MAX] {
                assert_eq!(grow(&mut store, too_much).unwrap(), -1, "{too_much:#x}");
                assert!(memory.grow(&mut store, too_much).is_err());
            }
            assert_eq!(grow(&mut store, limit - 1).unwrap(), 1);
            assert_eq!(grow(&mut store, 1).unwrap(), -1);
            assert_eq!(grow(&mut store, 0).unwrap(), limit as i64);
            assert_eq!(typed::<(), i64>(&mut store, instance, "size", ()).unwrap(), limit as i64);
            assert_eq!(memory.size(&store), limit);
            assert_eq!(memory.data(&store).as_ptr(), start);
            let end = (limit * PAGE) as i64;
            typed::<(i64, i64), ()>(&mut store, instance, "store", (end - 8, -3)).unwrap();
            assert_eq!(typed::<i64, i64>(&mut store, instance, "load", end - 8).unwrap(), -3);
            assert_eq!(memory.data(&store)[end as usize - 1], 0xff);
            for beyond in [end - 7, end, end | 1 << 40, i64::MIN, -8] {
                let result = typed::<i64, i64>(&mut store, instance, "load", beyond);
                assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{beyond:#x}");
            }
        }
    });
}

/// Ranges whose ends would wrap around.
#[test]
fn bulk_operations_of_64_bits() {
    in_every_way(GROW, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        let fill = |store: &mut _, at: u64, len: u64| {
            typed::<(i64, i32, i64), ()>(store, instance, "fill", (at as i64, 7, len as i64))
        };
        let copy = |store: &mut _, to: u64, from: u64, len: u64| {
            let params = (to as i64, from as i64, len as i64);
            typed::<(i64, i64, i64), ()>(store, instance, "copy", params)
        };
        let ends = [
            0,
            1,
            PAGE - 1,
            PAGE,
            PAGE + 1,
            1 << 32,
            (1 << 32) + 1,
            1 << 63,
            u64::MAX - 1,
            u64::MAX,
        ];
        for a in ends {
            for b in ends {
                let fits = u128::from(a) + u128::from(b) <= PAGE.into();
                memory.data_mut(&mut store).fill(0);
                assert_eq!(fill(&mut store, a, b).is_ok(), fits, "{b:#x} at {a:#x}");
                let changed = memory.data(&store).iter().filter(|&&byte| byte == 7).count() as u64;
                assert_eq!(changed, if fits { b } else { 0 });
                assert_eq!(copy(&mut store, a, 0, b).is_ok(), fits, "{b:#x} to {a:#x}");
                assert_eq!(copy(&mut store, 0, a, b).is_ok(), fits, "{b:#x} from {a:#x}");
            }
        }
    });
}

/// A memory with pages of one byte ends where it ends, not where a page of the machine's does.
#[test]
fn pages_of_one_byte() {
    for (index, max) in [("i32", ""), ("i64", ""), ("i32", "5000"), ("i64", "5000")] {
        let guest = format!(
            r#"(module
                 (memory (export "memory") {index} 3 {max} (pagesize 1))
                 (data ({index}.const 1) "ab")
                 (data $passive "0123456789")
                 (func (export "load") (param {index}) (result i32) (i32.load8_u (local.get 0)))
                 (func (export "load4") (param {index}) (result i32) (i32.load (local.get 0)))
                 (func (export "store4") (param {index})
                   (i32.store (local.get 0) (i32.const 0x11111111)))
                 (func (export "size") (result {index}) (memory.size))
                 (func (export "grow") (param {index}) (result {index}) (memory.grow (local.get 0)))
                 (func (export "fill") (param {index} {index})
                   (memory.fill (local.get 0) (i32.const 9) (local.get 1)))
                 (func (export "init") (param {index} i32)
                   (memory.init $passive (local.get 0) (i32.const 0) (local.get 1))))"#
        );
        let value = |number: i64| match index {
            "i64" => Val::I64(number),
            _ => Val::I32(number as i32),
        };
        let number = |value: &Val| match *value {
            Val::I32(number) => number.into(),
            Val::I64(number) => number,
            _ => unreachable!(),
        };
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            assert_eq!(memory.data(&store), b"\0ab");
            let mut len = 3i64;
            for by in [0, 1, 1, 91, 4000, 1, 899, 3] {
                let grown = call(&mut store, instance, "grow", &[value(by)]).unwrap();
                assert_eq!(number(&grown[0]), len);
                len += by;
                let size = call(&mut store, instance, "size", &[]).unwrap();
                assert_eq!((number(&size[0]), memory.size(&store)), (len, len as u64));
                assert_eq!(memory.data(&store).len() as i64, len);
                // Whatever was written before, what is new is zero.
                assert!(memory.data(&store)[(len - by) as usize..].iter().all(|&byte| byte == 0));
                memory.data_mut(&mut store).fill(5);
                let ends = [len - 4, len - 3, len - 1, len, len + 1, 4096, 65535, 65536, -1];
                for at in ends {
                    let unsigned = if index == "i32" { u64::from(at as u32) } else { at as u64 };
                    for (name, size) in [("load", 1), ("load4", 4), ("store4", 4)] {
                        let result = call(&mut store, instance, name, &[value(at)]);
                        let fits = u128::from(unsigned) + size <= len as u128;
                        assert_eq!(result.is_ok(), fits, "{name} at {at} of {len}");
                    }
                }
                for (at, n) in [(len, 0), (len, 1), (len - 1, 1), (len - 1, 2), (len + 1, 0)] {
                    let fits = at + n <= len;
                    let result = call(&mut store, instance, "fill", &[value(at), value(n)]);
                    assert_eq!(result.is_ok(), fits, "fill {n} at {at} of {len}");
                    let result =
                        call(&mut store, instance, "init", &[value(at), Val::I32(n as i32)]);
                    assert_eq!(result.is_ok(), fits, "init {n} at {at} of {len}");
                }
            }
            assert_eq!(len, 4999);
            assert_eq!(memory.grow(&mut store, 1).unwrap(), 4999);
            assert_eq!(memory.grow(&mut store, 1).is_err(), max == "5000");
            // The limit is one of 64 KiB pages all the same.
            store.limits_mut().memory_pages = 1;
            let left = 65536 - memory.size(&store);
            let grown = call(&mut store, instance, "grow", &[value(left as i64 + 1)]).unwrap();
            assert_eq!(number(&grown[0]), -1);
            if max.is_empty() {
                call(&mut store, instance, "grow", &[value(left as i64)]).unwrap();
                assert_eq!(memory.size(&store), 65536);
            }
        });
    }
}

/// An image larger than a page of the machine's in a memory that ends with it.
#[test]
fn large_images_with_pages_of_one_byte() {
    for len in [65536, 65537, 100_000, 131_071] {
        let guest = format!(
            r#"(module (memory (export "memory") {} (pagesize 1)) (data (i32.const 3) "{}"))"#,
            len + 3,
            "x".repeat(len)
        );
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let data = memory.data(&store);
            assert_eq!(data.len(), len + 3);
            assert!(data[..3] == [0; 3] && data[3..].iter().all(|&byte| byte == b'x'));
            memory.grow(&mut store, 5000).unwrap();
            assert!(memory.data(&store)[len + 3..].iter().all(|&byte| byte == 0));
        });
    }
}

/// A module's memories are apart, whatever it does, and copies go between them.
#[test]
fn several_memories() {
    let guest = r#"(module
        (import "host" "memory" (memory $host 1 2))
        (memory $a (export "a") 1)
        (memory $b (export "b") i64 1)
        (memory $c (export "c") 100 (pagesize 1))
        (data (memory $a) (i32.const 1) "in a")
        (data (memory $b) (i64.const 2) "in b")
        (data (memory $c) (i32.const 3) "in c")
        (data (memory $host) (i32.const 4) "in the host's")
        (func (export "store a") (param i32) (i32.store8 $a (local.get 0) (i32.const 1)))
        (func (export "store b") (param i64) (i32.store8 $b (local.get 0) (i32.const 2)))
        (func (export "store c") (param i32) (i32.store8 $c (local.get 0) (i32.const 3)))
        (func (export "a to b") (param i64 i32 i32)
          (memory.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
        (func (export "b to a") (param i32 i64 i32)
          (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
        (func (export "b to b") (param i64 i64 i64)
          (memory.copy $b $b (local.get 0) (local.get 1) (local.get 2)))
        (func (export "c to host") (param i32 i32 i32)
          (memory.copy $host $c (local.get 0) (local.get 1) (local.get 2)))
        (func (export "sizes") (result i32 i64 i32 i32)
          (memory.size $a) (memory.size $b) (memory.size $c) (memory.size $host))
        (func (export "grow b") (param i64) (result i64) (memory.grow $b (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let host = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
        let imports = Imports::new().define("host", "memory", host).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|name| instance.get_memory(&store, name).unwrap());
        let all = [a, b, c, host];
        let contents = |store: &Store<()>| all.map(|memory| memory.data(store).to_vec());
        let [bytes_a, bytes_b, bytes_c, bytes_host] = contents(&store);
        assert_eq!(&bytes_a[..6], b"\0in a\0");
        assert_eq!(&bytes_b[..7], b"\0\0in b\0");
        assert_eq!((&bytes_c[..8], bytes_c.len()), (&b"\0\0\0in c\0"[..], 100));
        assert_eq!(&bytes_host[3..18], b"\0in the host's\0");
        let sizes: (i32, i64, i32, i32) = typed(&mut store, instance, "sizes", ()).unwrap();
        assert_eq!(sizes, (1, 1, 100, 1));

        // Stores anywhere reach their own memory or trap.
        for at in [0i64, 99, 100, 65535, 65536, 1 << 31, 1 << 32, 6 << 30, 8 << 30, 1 << 40, -1] {
            for (name, which) in [("store a", 0), ("store b", 1), ("store c", 2)] {
                let before = contents(&store);
                let param = if which == 1 { Val::I64(at) } else { Val::I32(at as i32) };
                let index = if which == 1 { at as u64 } else { u64::from(at as u32) };
                let fits = index < before[which].len() as u64;
                assert_eq!(call(&mut store, instance, name, &[param]).is_ok(), fits);
                let mut expected = before;
                if fits {
                    expected[which][index as usize] = which as u8 + 1;
                }
                assert!(contents(&store) == expected, "{name} at {at:#x}");
            }
        }

        // Copies, and none that is partly outside.
        typed::<(i64, i32, i32), ()>(&mut store, instance, "a to b", (65533, 1, 3)).unwrap();
        assert_eq!(&b.data(&store)[65533..], &a.data(&store)[1..4]);
        typed::<(i64, i64, i64), ()>(&mut store, instance, "b to b", (1, 65530, 6)).unwrap();
        assert_eq!(b.data(&store)[1..7], b.data(&store)[65530..].to_vec());
        typed::<(i32, i32, i32), ()>(&mut store, instance, "c to host", (65436, 0, 100)).unwrap();
        assert_eq!(&host.data(&store)[65436..], c.data(&store));
        typed::<(i32, i64, i32), ()>(&mut store, instance, "b to a", (7, 2, 4)).unwrap();
        assert_eq!(a.data(&store)[7..11], b.data(&store)[2..6].to_vec());
        let before = contents(&store);
        for (name, params) in [
            ("a to b", [Val::I64(65533), Val::I32(0), Val::I32(4)]),
            ("a to b", [Val::I64(1 << 32), Val::I32(0), Val::I32(1)]),
            ("a to b", [Val::I64(-1), Val::I32(0), Val::I32(2)]),
            ("a to b", [Val::I64(0), Val::I32(65535), Val::I32(2)]),
            ("b to a", [Val::I32(0), Val::I64(1 << 32), Val::I32(1)]),
            ("b to a", [Val::I32(-1), Val::I64(0), Val::I32(1)]),
            ("b to b", [Val::I64(0), Val::I64(0), Val::I64(1 << 32)]),
            ("b to b", [Val::I64(1), Val::I64(0), Val::I64(-1)]),
            ("c to host", [Val::I32(0), Val::I32(0), Val::I32(101)]),
            ("c to host", [Val::I32(0), Val::I32(100), Val::I32(1)]),
        ] {
            let result = call(&mut store, instance, name, &params);
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{name} {params:?}");
        }
        assert!(contents(&store) == before);

        // One grows, the others do not.
        assert_eq!(typed::<i64, i64>(&mut store, instance, "grow b", 2).unwrap(), 1);
        let sizes: (i32, i64, i32, i32) = typed(&mut store, instance, "sizes", ()).unwrap();
        assert_eq!(sizes, (1, 3, 100, 1));
    });
}

/// Indices of tables whose low 32 bits would do.
#[test]
fn tables_of_64_bits() {
    let guest = r#"(module
        (type $f (func (result i32)))
        (table $t (export "table") i64 3 10 funcref)
        (table $small 2 funcref)
        (elem (table $t) (i64.const 1) func $one $two)
        (elem $passive func $two $one)
        (func $one (result i32) (i32.const 1))
        (func $two (result i32) (i32.const 2))
        (func (export "call") (param i64) (result i32)
          (call_indirect $t (type $f) (local.get 0)))
        (func (export "get") (param i64) (result funcref) (table.get $t (local.get 0)))
        (func (export "set") (param i64) (table.set $t (local.get 0) (ref.func $one)))
        (func (export "size") (result i64) (table.size $t))
        (func (export "grow") (param i64) (result i64)
          (table.grow $t (ref.func $two) (local.get 0)))
        (func (export "fill") (param i64 i64)
          (table.fill $t (local.get 0) (ref.func $one) (local.get 1)))
        (func (export "copy") (param i64 i64 i64)
          (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
        (func (export "to small") (param i32 i64 i32)
          (table.copy $small $t (local.get 0) (local.get 1) (local.get 2)))
        (func (export "init") (param i64 i32 i32)
          (table.init $t $passive (local.get 0) (local.get 1) (local.get 2))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let table = instance.get_table(&store, "table").unwrap();
        let called = |store: &mut _, at: i64| typed::<i64, i32>(store, instance, "call", at);
        assert_eq!([1, 2].map(|at| called(&mut store, at).unwrap()), [1, 2]);
        assert_eq!(code(called(&mut store, 0)), TrapCode::UninitializedElement);
        for beyond in [3, 1 << 32, (1 << 32) + 1, i64::MIN, i64::MIN + 1, -1] {
            assert_eq!(code(called(&mut store, beyond)), TrapCode::UndefinedElement, "{beyond:#x}");
            let mut outside = |name: &str, params: &[Val]| {
                let result = call(&mut store, instance, name, params);
                assert_eq!(code(result), TrapCode::TableOutOfBounds, "{name} {params:?}");
            };
            let [at, zero, one] = [beyond, 0, 1].map(Val::I64);
            outside("get", std::slice::from_ref(&at));
            outside("set", std::slice::from_ref(&at));
            outside("fill", &[at.clone(), one.clone()]);
            outside("fill", &[one.clone(), at.clone()]);
            outside("copy", &[at.clone(), zero.clone(), one.clone()]);
            outside("copy", &[zero.clone(), at.clone(), one.clone()]);
            outside("copy", &[one.clone(), zero, at.clone()]);
            outside("init", &[at.clone(), Val::I32(0), Val::I32(1)]);
            outside("to small", &[Val::I32(0), at, Val::I32(1)]);
        }
        outside_small(&mut store, instance);
        let grow = |store: &mut _, by: i64| typed::<i64, i64>(store, instance, "grow", by).unwrap();
        for too_much in [8, 1 << 32, (1 << 32) + 1, i64::MAX, -1] {
            assert_eq!(grow(&mut store, too_much), -1, "{too_much:#x}");
        }
        assert_eq!(grow(&mut store, 7), 3);
        assert_eq!(typed::<(), i64>(&mut store, instance, "size", ()).unwrap(), 10);
        assert_eq!(called(&mut store, 9).unwrap(), 2);
        typed::<(i64, i32, i32), ()>(&mut store, instance, "init", (8, 1, 1)).unwrap();
        assert_eq!([7, 8, 9].map(|at| called(&mut store, at).unwrap()), [2, 1, 2]);
        typed::<(i64, i64), ()>(&mut store, instance, "fill", (0, 2)).unwrap();
        assert_eq!(called(&mut store, 0).unwrap(), 1);
        assert!(table.ty(&store).index64);
    });
}

fn outside_small(store: &mut Store<()>, instance: Instance) {
    let params = [Val::I32(2), Val::I64(0), Val::I32(1)];
    let result = call(&mut *store, instance, "to small", &params);
    assert_eq!(code(result), TrapCode::TableOutOfBounds);
    typed::<(i32, i64, i32), ()>(store, instance, "to small", (0, 1, 2)).unwrap();
}

/// Memories and tables are imported as what they are.
#[test]
fn index_types_and_page_sizes_are_checked_when_linking() {
    let user = r#"(module
        (import "host" "plain" (memory 1))
        (import "host" "wide" (memory i64 1))
        (import "host" "bytes" (memory 1 (pagesize 1)))
        (import "host" "table" (table i64 1 funcref)))"#;
    in_every_way(user, |_, module| {
        let mut store = Store::new(());
        let one = MemoryType::new(1, None);
        let [plain, wide, bytes] =
            [one, one.index64(), one.byte_pages()].map(|ty| Memory::new(&mut store, ty).unwrap());
        let mut table = |ty| Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
        let narrow_table = TableType::new(RefType::FUNCREF, 1, None);
        let [narrow_table, wide_table] = [narrow_table, narrow_table.index64()].map(&mut table);
        let mut imports = Imports::new();
        imports.define("host", "plain", plain).define("host", "wide", wide);
        imports.define("host", "bytes", bytes).define("host", "table", wide_table);
        Instance::new(&mut store, module, &imports).unwrap();
        imports.define("host", "plain", bytes).define("host", "wide", plain);
        imports.define("host", "bytes", wide).define("host", "table", narrow_table);
        let error = Instance::new(&mut store, module, &imports).unwrap_err().to_string();
        for line in [
            "expected memory of 1 or more pages, given memory of 1 or more pages of 1 byte",
            "expected 64-bit memory of 1 or more pages, given memory of 1 or more pages",
            "expected memory of 1 or more pages of 1 byte, given 64-bit memory of 1 or more pages",
            "expected 64-bit table of funcref, 1 or more elements, given table of funcref, 1 or more",
        ] {
            assert!(error.contains(line), "{line}\n{error}");
        }
    });
}

#[test]
fn the_host_makes_memories_of_every_type() {
    let mut store = Store::new(());
    let mut make = |ty| Memory::new(&mut store, ty).map(|memory| memory.ty(&store));
    let one = MemoryType::new(1, Some(7));
    for ty in [one, one.index64(), one.byte_pages(), one.index64().byte_pages()] {
        assert_eq!(make(ty).unwrap(), ty);
    }
    let none = |min, max| MemoryType::new(min, max);
    for ty in [
        none(0, Some(65537)),
        none(3, Some(2)),
        none(0, Some((1 << 48) + 1)).index64(),
        none(0, Some(1 << 32)).byte_pages(),
        MemoryType { page_size_log2: 12, ..one },
    ] {
        assert!(make(ty).unwrap_err().to_string().contains("there can be no "), "{ty}");
    }
    // Possible, but not allowed.
    let error = make(none(65537, None).index64()).unwrap_err().to_string();
    assert!(error.contains("may have 65536 pages at most: see `Store::limits_mut`"), "{error}");
    // Allowed, but nobody has that much.
    store.limits_mut().memory_pages = u64::MAX;
    let huge = MemoryType::new(1, None).index64();
    let memory = Memory::new(&mut store, huge).unwrap();
    assert_eq!(memory.grow(&mut store, 70_000).unwrap(), 1);
    assert!(memory.grow(&mut store, 1 << 40).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(1 << 40, None).index64()).is_err());
}

/// A 64-bit memory of another module's, in every way that both can be compiled.
#[test]
fn memories_are_shared_between_modules() {
    let owner = r#"(module (memory (export "memory") i64 1 9)
        (func (export "grow") (result i64) (memory.grow (i64.const 1))))"#;
    let user = r#"(module (import "owner" "memory" (memory $m i64 1))
        (func (export "load") (param i64) (result i32) (i32.load8_u $m (local.get 0)))
        (func (export "size") (result i64) (memory.size $m)))"#;
    together_in_every_way([("owner", owner), ("user", user)], |_, [owner, user]| {
        let mut store = Store::new(());
        let owner = instance(&mut store, owner);
        let imports = Imports::new().instance("owner", &store, owner).clone();
        let user = Instance::new(&mut store, user, &imports).unwrap();
        for pages in 1..=9 {
            assert_eq!(typed::<(), i64>(&mut store, user, "size", ()).unwrap(), pages);
            let end = pages * PAGE as i64;
            assert_eq!(typed::<i64, i32>(&mut store, user, "load", end - 1).unwrap(), 0);
            for beyond in [end, end + 1, end + (32 << 20), 1 << 33, i64::MAX, -1] {
                let result = typed::<i64, i32>(&mut store, user, "load", beyond);
                assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
            }
            let grown = typed::<(), i64>(&mut store, owner, "grow", ()).unwrap();
            assert_eq!(grown, if pages < 9 { pages } else { -1 });
        }
    });
}

/// Offsets of active segments that are computed from an imported global, with 64 bits.
#[test]
fn computed_offsets_of_64_bits() {
    let guest = r#"(module
        (import "host" "base" (global $base i64))
        (memory (export "memory") i64 1)
        (table (export "table") i64 8 funcref)
        (func $f)
        (global (export "sum") i64
          (i64.sub (i64.mul (global.get $base) (i64.const 3)) (i64.const 1)))
        (elem (offset (i64.add (global.get $base) (i64.const 1))) func $f)
        (data (offset (i64.mul (global.get $base) (i64.const 0x100))) "here"))"#;
    in_every_way(guest, |_, module| {
        for base in [4, 1 << 32, 1 << 56, -1] {
            let mut store = Store::new(());
            let ty = GlobalType::new(ValType::I64, false);
            let global = Global::new(&mut store, ty, Val::I64(base)).unwrap();
            let imports = Imports::new().define("host", "base", global).clone();
            let made = Instance::new(&mut store, module, &imports);
            // With -1 the element goes to 0, but the data cannot go to -256.
            match base {
                4 => {
                    let made = made.unwrap();
                    let memory = made.get_memory(&store, "memory").unwrap();
                    assert_eq!(&memory.data(&store)[0x3ff..0x405], b"\0here\0");
                    let table = made.get_table(&store, "table").unwrap();
                    assert!(matches!(table.get(&store, 5), Some(Val::FuncRef(Some(_)))));
                    let sum = made.get_global(&store, "sum").unwrap();
                    assert!(matches!(sum.get(&store), Val::I64(11)));
                }
                -1 => assert_eq!(code(made), TrapCode::MemoryOutOfBounds),
                _ => assert_eq!(code(made), TrapCode::TableOutOfBounds),
            }
        }
    });
}

/// Wrong or right, hints change no result.
#[test]
fn hints_change_no_result() {
    let mut text = String::new();
    for (i, (one, two)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
        let hint = |taken: u8| format!(r#"(@metadata.code.branch_hint "\0{taken}")"#);
        let (one, two) = (hint(one), hint(two));
        text += &format!(
            r#"(func (export "{i}") (param $n i32) (result i32) (local $sum i32)
                 (block $done
                   (loop $next
                     {one} (br_if $done (i32.eqz (local.get $n)))
                     {two} (if (i32.and (local.get $n) (i32.const 1))
                       (then (local.set $sum (i32.add (local.get $sum) (local.get $n))))
                       (else (local.set $sum (i32.add (local.get $sum) (i32.const 100)))))
                     (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                     {one} (br_if $next (i32.lt_u (local.get $sum) (i32.const 1000)))
                     (return (i32.const -1))))
                 (local.get $sum))"#
        );
    }
    in_every_way(format!("(module {text})"), |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for i in 0..4 {
            let mut run = |n: i32| typed::<i32, i32>(&mut store, instance, &i.to_string(), n);
            assert_eq!(run(0).unwrap(), 0);
            assert_eq!(run(1).unwrap(), 1);
            assert_eq!(run(4).unwrap(), 204);
            assert_eq!(run(100).unwrap(), -1);
        }
    });
}
