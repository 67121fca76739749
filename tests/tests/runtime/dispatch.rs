//! Calls through tables that nobody can change: the same as through any other.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

/// What stands in the table: the letter of a type, or null.
const TABLE: &[Option<char>; 13] = &[
    None,
    None,
    Some('a'),
    Some('a'),
    Some('a'),
    None,
    Some('b'),
    Some('c'),
    Some('b'),
    None,
    Some('b'),
    Some('c'),
    None,
];

/// Types by letter; nothing in the table is of the last.
const TYPES: &[(char, &str)] = &[
    ('a', "(result i32)"),
    ('b', "(param i64) (result i32)"),
    ('c', "(param f32 f32) (result i32)"),
    ('d', "(param f64) (result i32)"),
];

/// A guest whose functions return their place in the table plus what a global says. `table` says how
/// the table is declared, `rest` is further code.
fn guest(table: &str, index: &str, rest: &str) -> String {
    let mut text = format!(
        "(module
           (global $own (mut i32) (i32.const 0))
           (func (export \"own\") (param i32) (global.set $own (local.get 0)))
           (table $table {table} {index} {} funcref) {rest}",
        TABLE.len()
    );
    for (letter, ty) in TYPES {
        text += &format!("(type ${letter} (func {ty}))");
        let params = match letter {
            'a' => "",
            'b' => "(i64.const 0)",
            'c' => "(f32.const 0) (f32.const 0)",
            _ => "(f64.const 0)",
        };
        for call in ["call_indirect", "return_call_indirect"] {
            text += &format!(
                "(func (export \"{call} {letter}\") (param {index}) (result i32)
                   ({call} $table (type ${letter}) {params} (local.get 0)))"
            );
        }
    }
    for (place, entry) in TABLE.iter().enumerate() {
        let Some(letter) = entry else { continue };
        text += &format!(
            "(func $f{place} (type ${letter}) (i32.add (global.get $own) (i32.const {place})))
             (elem (table $table) ({index}.const {place}) func $f{place})"
        );
    }
    text + ")"
}

fn calls<P: WasmTy>(guest: &str, at: fn(u64) -> P) {
    in_every_way(guest, |way, module| {
        let mut store = Store::new(());
        let own = [1000, 2000].map(|own| {
            let instance = instance(&mut store, module);
            typed::<i32, ()>(&mut store, instance, "own", own).unwrap();
            (instance, own)
        });
        for (letter, _) in TYPES {
            for index in (0..TABLE.len() as u64 + 2).chain([1 << 31, (1 << 32) - 1, (1 << 32) + 3])
            {
                let expected = match TABLE.get(index as usize) {
                    None => Err(TrapCode::UndefinedElement),
                    Some(None) => Err(TrapCode::UninitializedElement),
                    Some(Some(found)) if found != letter => Err(TrapCode::IndirectCallTypeMismatch),
                    Some(Some(_)) => Ok(index as i32),
                };
                if size_of::<P>() == 4 && index > u32::MAX.into() {
                    continue;
                }
                for call in ["call_indirect", "return_call_indirect"] {
                    let name = format!("{call} {letter}");
                    for (instance, own) in own {
                        let result = typed::<P, i32>(&mut store, instance, &name, at(index));
                        match expected {
                            Ok(place) => {
                                assert_eq!(result.unwrap(), own + place, "{way:?}: {name} {index}")
                            }
                            Err(reason) => {
                                assert_eq!(code(result), reason, "{way:?}: {name} {index}")
                            }
                        }
                    }
                }
            }
        }
    });
}

#[test]
fn through_a_constant_table() {
    calls(&guest("", "i32", ""), |index| index as u32);
}

#[test]
fn through_a_constant_table_of_64_bits() {
    calls(&guest("", "i64", ""), |index| index);
}

#[test]
fn through_a_table_that_others_see() {
    calls(&guest("(export \"table\")", "i32", ""), |index| index as u32);
}

#[test]
fn through_a_table_that_could_be_written() {
    let write = "(func (export \"write\") (table.set $table (i32.const 2) (ref.null func)))";
    calls(&guest("", "i32", write), |index| index as u32);
}

/// The number of a table's elements is what was declared, whether they are there at run time.
#[test]
fn the_size_of_a_constant_table() {
    let size = "(func (export \"size\") (result i32) (table.size $table))";
    in_every_way(guest("", "i32", size), |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let size = typed::<(), i32>(&mut store, instance, "size", ()).unwrap();
        assert_eq!(size as usize, TABLE.len());
    });
}

/// What a segment puts outside traps when the guest is instantiated, constant or not.
#[test]
fn segments_that_do_not_fit() {
    let guest = r#"(module
        (table 2 funcref) (elem (i32.const 1) func $f $f)
        (func $f) (func (export "call") (call_indirect (i32.const 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let result = Instance::new(&mut store, module, &Imports::new());
        assert_eq!(code(result.map(drop)), TrapCode::TableOutOfBounds);
    });
}

/// Later segments win; a segment may put null back.
#[test]
fn segments_over_segments() {
    let guest = r#"(module
        (type $t (func (result i32)))
        (table 3 funcref)
        (elem (i32.const 0) func $one $one $one)
        (elem (i32.const 1) funcref (ref.func $two) (ref.null func))
        (func $one (result i32) (i32.const 1))
        (func $two (result i32) (i32.const 2))
        (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        assert_eq!(typed::<i32, i32>(&mut store, instance, "call", 0).unwrap(), 1);
        assert_eq!(typed::<i32, i32>(&mut store, instance, "call", 1).unwrap(), 2);
        let result = typed::<i32, i32>(&mut store, instance, "call", 2);
        assert_eq!(code(result), TrapCode::UninitializedElement);
    });
}
