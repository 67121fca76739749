//! Every load and store, and bulk instructions, in a memory at a known address that grows.

use wasmaot::*;
use wasmaot_compiler::MEMORY_ADDRESS;
use wasmaot_tests::ways::{compiled, loaded, wasm};

use super::{PAGE, alone, fixed, in_every_way, single, start};
use crate::guests::*;

/// A load or a store: its name, the type of its value, how many bytes, and whether they have a sign.
type Op = (&'static str, &'static str, usize, bool);

const OPS: [Op; 27] = [
    ("i32.load8_s", "i32", 1, true),
    ("i32.load8_u", "i32", 1, false),
    ("i32.load16_s", "i32", 2, true),
    ("i32.load16_u", "i32", 2, false),
    ("i32.load", "i32", 4, false),
    ("i64.load8_s", "i64", 1, true),
    ("i64.load8_u", "i64", 1, false),
    ("i64.load16_s", "i64", 2, true),
    ("i64.load16_u", "i64", 2, false),
    ("i64.load32_s", "i64", 4, true),
    ("i64.load32_u", "i64", 4, false),
    ("i64.load", "i64", 8, false),
    ("f32.load", "f32", 4, false),
    ("f64.load", "f64", 8, false),
    ("v128.load", "v128", 16, false),
    ("v128.load32_zero", "v128", 4, false),
    ("v128.load64_zero", "v128", 8, false),
    ("i32.store8", "i32", 1, false),
    ("i32.store16", "i32", 2, false),
    ("i32.store", "i32", 4, false),
    ("i64.store8", "i64", 1, false),
    ("i64.store16", "i64", 2, false),
    ("i64.store32", "i64", 4, false),
    ("i64.store", "i64", 8, false),
    ("f32.store", "f32", 4, false),
    ("f64.store", "f64", 8, false),
    ("v128.store", "v128", 16, false),
];

/// Around what an instruction can add to the address, and what an index can reach.
const OFFSETS: [u64; 10] = [
    0,
    24,
    PAGE - 8,
    (512 << 20) - 16,
    (512 << 20) - 8,
    512 << 20,
    (512 << 20) + 1,
    (1 << 32) - MEMORY_ADDRESS as u64 - 8,
    (1 << 32) - MEMORY_ADDRESS as u64,
    (1 << 32) - 1,
];

/// What an access is at, beside its offset.
#[derive(Clone, Copy, Debug)]
enum Index {
    /// The parameter.
    Param,
    /// The parameter and 24.
    Sum,
    /// This one.
    Known(u32),
}

impl Index {
    fn text(self) -> String {
        match self {
            Self::Param => "(local.get 0)".into(),
            Self::Sum => "(i32.add (local.get 0) (i32.const 24))".into(),
            Self::Known(index) => format!("(i32.const {index})"),
        }
    }

    /// Parameters for which it is near these, if any are.
    fn params(self, wanted: impl Iterator<Item = u32>) -> Vec<u32> {
        match self {
            Self::Param => wanted.collect(),
            Self::Sum => wanted.map(|index| index.wrapping_sub(24)).collect(),
            Self::Known(_) => vec![0],
        }
    }

    fn of(self, param: u32) -> u32 {
        match self {
            Self::Param => param,
            Self::Sum => param.wrapping_add(24),
            Self::Known(index) => index,
        }
    }
}

/// All pairs of an index and an offset.
fn places() -> Vec<(Index, u64)> {
    let both = |offset| [(Index::Param, offset), (Index::Sum, offset)];
    let mut places: Vec<_> = OFFSETS.into_iter().flat_map(both).collect();
    let far = u32::MAX - MEMORY_ADDRESS;
    for known in [0, 65532, 0x1fff_fff8, 0x2000_0000, far, 0xffff_fff0, 0xffff_ffff] {
        let offsets = [0, 8, 512 << 20, (1 << 32) - 1];
        places.extend(offsets.map(|offset| (Index::Known(known), offset)));
    }
    places
}

const BYTES: [u8; 16] = *b"\x91\xa2\xb3\xc4\xd5\xe6\xf7\x89\x9a\xab\xbc\xcd\xde\xef\xf1\x8f";

/// A value of a type, from its lowest bytes.
fn value(ty: &str, bytes: [u8; 16]) -> Val {
    let bits = u128::from_le_bytes(bytes);
    match ty {
        "i32" => Val::I32(bits as i32),
        "i64" => Val::I64(bits as i64),
        "f32" => Val::F32(bits as u32),
        "f64" => Val::F64(bits as u64),
        _ => Val::V128(bits),
    }
}

/// What a load of these bytes gives.
fn extended(bytes: &[u8], signed: bool) -> [u8; 16] {
    let negative = signed && bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut all = [if negative { 0xff } else { 0 }; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    all
}

fn all_accesses(places: &[(Index, u64)]) -> String {
    let mut text = String::from(
        r#"(module (memory (export "memory") 1)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))"#,
    );
    for (number, (index, offset)) in places.iter().enumerate() {
        let index = index.text();
        for (name, ty, ..) in OPS {
            text += &match name.contains("load") {
                true => format!(
                    r#"(func (export "{name} {number}") (param i32) (result {ty})
                        ({name} offset={offset} {index}))"#
                ),
                false => format!(
                    r#"(func (export "{name} {number}") (param i32 {ty})
                        ({name} offset={offset} {index} (local.get 1)))"#
                ),
            };
        }
    }
    text + ")"
}

/// Does an access, and says whether it was inside.
fn access(store: &mut Store<()>, instance: Instance, op: Op, number: usize, param: u32, at: u64) {
    let (name, ty, size, signed) = op;
    let memory = instance.get_memory(&*store, "memory").unwrap();
    let len = memory.size(&*store) * PAGE;
    let fits = at + size as u64 <= len;
    let what = || format!("{name} {number} of {param:#x}: {at:#x} of {len:#x}");
    let (loads, export) = (name.contains("load"), format!("{name} {number}"));
    let mut params = vec![Val::from(param)];
    if !loads {
        params.push(value(ty, BYTES));
    } else if fits {
        memory.write(&mut *store, at, &BYTES[..size]).unwrap();
    }
    let result = call(&mut *store, instance, &export, &params);
    if fits {
        let result = result.unwrap_or_else(|error| panic!("{}: {error}", what()));
        if loads {
            let expected = value(ty, extended(&BYTES[..size], signed));
            assert_eq!(format!("{:?}", result[0]), format!("{expected:?}"), "{}", what());
        }
        // What is around it has not changed.
        let first = at.saturating_sub(16);
        let mut found = vec![0; (at + size as u64 + 16).min(len) as usize - first as usize];
        memory.read(&*store, first, &mut found).unwrap();
        let mut expected = vec![0; found.len()];
        expected[(at - first) as usize..][..size].copy_from_slice(&BYTES[..size]);
        assert_eq!(found, expected, "{}", what());
        memory.write(&mut *store, at, &[0; 16][..size]).unwrap();
    } else {
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{}", what());
        let mut end = [0; 16];
        memory.read(&*store, len - 16, &mut end).unwrap();
        assert_eq!(end, [0; 16], "{}", what());
    }
}

#[test]
fn every_access_is_inside_or_traps() {
    let _alone = alone();
    let places = places();
    let guest = wasm(all_accesses(&places));
    for way in fixed() {
        let mut config = way.config("guest");
        single(&mut config);
        let module = loaded(&[compiled(&guest, &config)])[0];
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        // One page, enough for the offsets of 512 MiB and some bytes more, nearly all, all.
        for pages in [1, 8193, 65535, 65536] {
            let size = instance.get_memory(&store, "memory").unwrap().size(&store);
            let grown =
                typed::<u32, u32>(&mut store, instance, "grow", (pages - size) as u32).unwrap();
            assert_eq!(u64::from(grown), size);
            let len = pages * PAGE;
            for (number, (index, offset)) in places.iter().enumerate() {
                for op in OPS {
                    let last = len - op.2 as u64;
                    let wanted = [0, *offset, last, last + 1, len - 1, len, (1 << 32) + offset - 1]
                        .into_iter()
                        .filter_map(|at| at.checked_sub(*offset)?.try_into().ok());
                    for param in index.params(wanted) {
                        let at = u64::from(index.of(param)) + offset;
                        access(&mut store, instance, op, number, param, at);
                    }
                }
            }
        }
        assert_eq!(start(&store, instance), MEMORY_ADDRESS as usize);
    }
}

#[test]
fn bulk_instructions_are_inside_or_trap() {
    const GUEST: &str = r#"(module (memory (export "memory") 1 3)
        (data $data "0123456789abcdef")
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "fill") (param i32 i32 i32)
            (memory.fill (local.get 0) (local.get 1) (local.get 2)))
        (func (export "copy") (param i32 i32 i32)
            (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "init") (param i32 i32 i32)
            (memory.init $data (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill 8") (param i32 i32 i32)
            (memory.fill (local.get 0) (local.get 1) (i32.const 8)))
        (func (export "copy 8") (param i32 i32 i32)
            (memory.copy (local.get 0) (local.get 1) (i32.const 8)))
        (func (export "init 8") (param i32 i32 i32)
            (memory.init $data (local.get 0) (local.get 1) (i32.const 8))))"#;
    const DATA: &[u8] = b"0123456789abcdef";
    in_every_way(GUEST, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        for pages in 1..=3 {
            let end = (pages * PAGE) as u32;
            let mut model: Vec<u8> = (0..end).map(|at| (at % 251) as u8).collect();
            memory.write(&mut store, 0, &model).unwrap();
            let at = [0, 3, 4090, end - 16, end - 8, end - 7, end - 1, end, end + 1, u32::MAX];
            for (name, fixed) in
                ["fill", "copy", "init"].into_iter().flat_map(|name| [(name, false), (name, true)])
            {
                for to in at {
                    for from in at.into_iter().chain([8, 9]) {
                        for len in [0, 1, 8, 16, 5000, u32::MAX] {
                            if fixed && len != 8 {
                                continue;
                            }
                            let export = if fixed { format!("{name} 8") } else { name.into() };
                            let inside = |at: u32, of: usize| {
                                let at = at as usize;
                                (at + len as usize <= of).then(|| at..at + len as usize)
                            };
                            let to_range = inside(to, model.len());
                            let done = match (name, to_range) {
                                (_, None) => false,
                                ("fill", Some(to)) => {
                                    model[to].fill(from as u8);
                                    true
                                }
                                ("copy", Some(to)) => match inside(from, model.len()) {
                                    Some(from) => {
                                        model.copy_within(from, to.start);
                                        true
                                    }
                                    None => false,
                                },
                                (_, Some(to)) => match inside(from, DATA.len()) {
                                    Some(from) => {
                                        model[to].copy_from_slice(&DATA[from]);
                                        true
                                    }
                                    None => false,
                                },
                            };
                            let params = [to, from, len].map(Val::from);
                            let result = call(&mut store, instance, &export, &params);
                            let what = format!("{way:?}: {export} {to:#x} {from:#x} {len}");
                            match result {
                                Ok(_) => assert!(done, "{what}"),
                                other => {
                                    assert!(!done, "{what}");
                                    assert_eq!(code(other), TrapCode::MemoryOutOfBounds, "{what}");
                                }
                            }
                        }
                    }
                }
                assert!(memory.data(&store) == model, "{way:?}: {name}");
            }
            let grown = typed::<(), i32>(&mut store, instance, "grow", ()).unwrap();
            assert_eq!(grown, if pages < 3 { pages as i32 } else { -1 });
        }
    });
}
