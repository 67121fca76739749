//! A guest reaches nothing but its own memory and tables, whatever numbers it comes up with:
//! what is outside traps, and what is inside is its own.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number near something where mistakes are likely, or anywhere.
    fn index(&mut self, len: u64) -> u32 {
        let near = match self.below(8) {
            0 => 0,
            1 => len,
            2 => len / 2,
            3 => 1 << 31,
            4 => 1 << 32,
            5 => 1 << self.below(33),
            _ => return self.next() as u32,
        };
        near.wrapping_add(self.below(20)).wrapping_sub(10) as u32
    }
}

const ACCESSES: [(&str, &str, u64); 9] = [
    ("i32.load8_s", "i32", 1),
    ("i32.load16_u", "i32", 2),
    ("i32.load", "i32", 4),
    ("f32.load", "f32", 4),
    ("i64.load", "i64", 8),
    ("f64.load", "f64", 8),
    ("i32.store8", "i32", 1),
    ("i64.store32", "i64", 4),
    ("f64.store", "f64", 8),
];

const OFFSETS: [u64; 8] =
    [0, 1, 65_535, 131_072, 0x7fff_ffff, 0x8000_0000, 0xfffe_0000, 0xffff_ffff];

#[test]
fn memory_accesses() {
    let functions: String = ACCESSES
        .iter()
        .flat_map(|(access, ty, _)| {
            OFFSETS.iter().map(move |offset| {
                let value = format!("({ty}.const 0)");
                let (value, drop) =
                    if access.contains("store") { (&*value, "") } else { ("", "drop") };
                format!(
                    "(func (export \"{access} {offset}\") (param i32)
                       (local.get 0) {value} {access} offset={offset} {drop})\n"
                )
            })
        })
        .collect();
    let guest = format!("(module (memory 2 3) {functions})");
    in_every_way(guest, |_, module| {
        let len = 2 * 65_536;
        let mut random = Random(1);
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for (access, _, size) in ACCESSES {
            for offset in OFFSETS {
                let func = instance.get_func(&store, &format!("{access} {offset}")).unwrap();
                let func = func.typed::<u32, ()>(&store).unwrap();
                for _ in 0..100 {
                    let index = random.index(len);
                    let result = func.call(&mut store, index);
                    let inside = u64::from(index) + offset + size <= len;
                    match inside {
                        true => result.unwrap(),
                        false => assert_eq!(code(result), TrapCode::MemoryOutOfBounds),
                    }
                }
            }
        }
    });
}

#[test]
fn bulk_memory_operations() {
    let guest = r#"(module
        (memory (export "memory") 1 1)
        (data $data "0123456789abcdef")
        (func (export "fill") (param i32 i32 i32)
          (memory.fill (local.get 0) (local.get 1) (local.get 2)))
        (func (export "copy") (param i32 i32 i32)
          (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "init") (param i32 i32 i32)
          (memory.init $data (local.get 0) (local.get 1) (local.get 2))))"#;
    in_every_way(guest, |_, module| {
        let mut random = Random(2);
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        // What the memory must look like.
        let mut model = vec![0u8; 65_536];
        for _ in 0..1_500 {
            for name in ["fill", "copy", "init"] {
                let [a, b, n] = [(); 3].map(|()| random.index(65_536));
                // Rarely would three such numbers fit.
                let (b, n) = match random.below(2) {
                    0 if name == "init" => (b % 20, n % 20),
                    0 => (b, n % 70_000),
                    _ => (b, n),
                };
                let (at, from, len) = (a as usize, b as usize, n as usize);
                let source = match name {
                    "fill" => Some(vec![b as u8; if at + len <= 65_536 { len } else { 0 }]),
                    "copy" => model.get(from..from + len).map(<[u8]>::to_vec),
                    _ => b"0123456789abcdef".get(from..from + len).map(<[u8]>::to_vec),
                };
                let inside = source.filter(|_| at + len <= 65_536);
                let result = typed::<(u32, u32, u32), ()>(&mut store, instance, name, (a, b, n));
                match inside {
                    Some(bytes) => {
                        result.unwrap_or_else(|e| panic!("{name} {a:#x} {b:#x} {n:#x}: {e}"));
                        model[at..at + len].copy_from_slice(&bytes);
                    }
                    None => assert_eq!(code(result), TrapCode::MemoryOutOfBounds),
                }
            }
            assert!(memory.data(&store) == model);
        }
    });
}

#[test]
fn tables() {
    let guest = r#"(module
        (table $f (export "f") 30 40 funcref)
        (table $e (export "e") 30 externref)
        (elem $elem func $a $b $a)
        (func $a (result i32) (i32.const 1))
        (func $b (result i32) (i32.const 2))
        (func (export "get f") (param i32 i32 i32) (drop (table.get $f (local.get 0))))
        (func (export "get e") (param i32 i32 i32) (drop (table.get $e (local.get 0))))
        (func (export "set f") (param i32 i32 i32) (table.set $f (local.get 0) (ref.func $b)))
        (func (export "set e") (param i32 i32 i32)
          (table.set $e (local.get 0) (ref.null extern)))
        (func (export "fill f") (param i32 i32 i32)
          (table.fill $f (local.get 0) (ref.func $a) (local.get 2)))
        (func (export "fill e") (param i32 i32 i32)
          (table.fill $e (local.get 0) (ref.null extern) (local.get 2)))
        (func (export "copy f") (param i32 i32 i32)
          (table.copy $f $f (local.get 0) (local.get 1) (local.get 2)))
        (func (export "copy e") (param i32 i32 i32)
          (table.copy $e $e (local.get 0) (local.get 1) (local.get 2)))
        (func (export "init f") (param i32 i32 i32)
          (table.init $f $elem (local.get 0) (local.get 1) (local.get 2)))
        (func (export "grow f") (param i32) (result i32)
          (table.grow $f (ref.null func) (local.get 0)))
        (func (export "call f") (param i32) (result i32)
          (call_indirect $f (result i32) (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut random = Random(3);
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let table = instance.get_table(&store, "f").unwrap();
        let operations = ["get", "set", "fill", "copy", "init"];
        for round in 0..400 {
            for operation in operations {
                for kind in ["f", "e"] {
                    let name = format!("{operation} {kind}");
                    if name == "init e" {
                        continue;
                    }
                    let len = match kind {
                        "f" => table.len(&store),
                        _ => 30,
                    };
                    let [a, b, mut n] = [(); 3].map(|()| random.index(len));
                    if round % 2 == 0 {
                        n %= 8;
                    }
                    let params = [a, b, n].map(u64::from);
                    let fits = |start: u64, count: u64, end: u64| start + count <= end;
                    let inside = match operation {
                        "get" | "set" => params[0] < len,
                        "fill" => fits(params[0], params[2], len),
                        "copy" => {
                            fits(params[0], params[2], len) && fits(params[1], params[2], len)
                        }
                        _ => fits(params[0], params[2], len) && fits(params[1], params[2], 3),
                    };
                    let result =
                        typed::<(u32, u32, u32), ()>(&mut store, instance, &name, (a, b, n));
                    match inside {
                        true => result.unwrap(),
                        false => assert_eq!(code(result), TrapCode::TableOutOfBounds, "{name}"),
                    }
                }
            }
            let index = random.index(table.len(&store));
            let result = typed::<u32, i32>(&mut store, instance, "call f", index);
            match table.get(&store, index.into()) {
                None => assert_eq!(code(result), TrapCode::UndefinedElement),
                Some(Val::FuncRef(None)) => {
                    assert_eq!(code(result), TrapCode::UninitializedElement);
                }
                Some(_) => assert!([1, 2].contains(&result.unwrap())),
            }
            let len = table.len(&store);
            let delta = if round % 50 == 0 { 1 } else { random.index(40) };
            let grown = typed::<u32, i32>(&mut store, instance, "grow f", delta).unwrap();
            let fits = len + u64::from(delta) <= 40;
            assert_eq!(grown, if fits { len as i32 } else { -1 });
        }
    });
}

/// A new memory is zero, also where an earlier one was that others have written to, and may be
/// larger than that; a new instance starts with its image and not with another's writes.
#[test]
fn nothing_is_left_of_others() {
    let plain = r#"(module (memory (export "memory") 3 100)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let image = r#"(module (memory (export "memory") 5 100)
        (data (i32.const 8192) "image")
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let small = r#"(module (memory (export "memory") 1 1))"#;
    together_in_every_way([("plain", plain), ("image", image), ("small", small)], |_, modules| {
        for round in 0..12 {
            let module = modules[[0, 1, 0, 0, 1, 1, 2, 0, 1, 2, 1, 0][round]];
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let expect_fresh = |store: &Store<()>, from: usize| {
                let data = memory.data(store);
                let differs = data[from..].iter().position(|&byte| byte != 0);
                let allowed = (module.name() == "image" && from == 0).then_some(8192);
                assert_eq!(differs, allowed, "round {round}");
                if allowed.is_some() {
                    assert_eq!(&data[8192..8197], b"image");
                    assert!(data[8197..].iter().all(|&byte| byte == 0));
                }
            };
            expect_fresh(&store, 0);
            memory.data_mut(&mut store).fill(0xaa);
            if instance.get_func(&store, "grow").is_some() {
                let before = memory.data(&store).len();
                let pages = [0, 1, 60, 7][round % 4];
                typed::<i32, i32>(&mut store, instance, "grow", pages).unwrap();
                expect_fresh(&store, before);
                memory.data_mut(&mut store).fill(0xbb);
            }
        }
    });
}

/// Memories that lie next to each other, of instances that all write everything they can.
#[test]
fn neighbours() {
    let guest = r#"(module (memory (export "memory") 1 2)
        (func (export "fill") (param $with i32) (local $i i32)
          (loop $next
            (i32.store8 (local.get $i) (local.get $with))
            (br_if $next
              (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                        (i32.const 65536))))
          ;; And beyond.
          (i64.store (i32.const 65529) (i64.const 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let all: Vec<_> = (0..20).map(|_| instance(&mut store, module)).collect();
        for (n, &instance) in all.iter().enumerate() {
            let result = typed::<i32, ()>(&mut store, instance, "fill", n as i32);
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        }
        for (n, &instance) in all.iter().enumerate() {
            let memory = instance.get_memory(&store, "memory").unwrap();
            assert!(memory.data(&store).iter().all(|&byte| usize::from(byte) == n));
        }
    });
}
