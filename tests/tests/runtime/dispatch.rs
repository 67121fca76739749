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

/// Functions that only their module can call get another convention than those that others can call, and both
/// are called in every way.
#[test]
fn what_others_can_call_and_what_they_cannot_call_each_other() {
    let many = "(param i32 i64 f32 i32 i64 f64 i32 i32) (result i64)";
    let sum = "(i64.add (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1))
        (i64.add (i64.add (i64.extend_i32_u (local.get 3)) (local.get 4))
            (i64.add (i64.extend_i32_u (local.get 6)) (i64.extend_i32_u (local.get 7)))))";
    let args =
        "(i32.const 1) (i64.const 20) (f32.const 0) (i32.const 300) (i64.const 4000) (f64.const 0)
        (i32.const 50000) (i32.const 600000)";
    let text = format!(
        r#"(module
            (type $many (func {many})) (type $other (func {many} (result i32)))
            (global $own (mut i64) (i64.const 0))
            (func (export "own") (param i64) (global.set $own (local.get 0)))
            (table 8 funcref) (elem (i32.const 0) $in_both $only_in_table)
            (table $others 8 funcref) (elem (table $others) (i32.const 2) func $other)
            (table $seen (export "table") 2 funcref) (elem (table $seen) (i32.const 0) func $in_seen)
            (func $in_both (export "exported") (type $many)
                (i64.add (global.get $own) (i64.mul {sum} (i64.const 2))))
            (func $only_in_table (type $many) (i64.add (global.get $own) (i64.mul {sum} (i64.const 3))))
            (func $in_seen (type $many) (i64.add (global.get $own) (i64.mul {sum} (i64.const 5))))
            (func $private (type $many) (return_call $in_seen {args}))
            (func $other (type $other) (i64.add (global.get $own) {sum}) (i32.const 7))
            (func (export "run") (result i64)
                (local $all i64)
                (local.set $all (i64.add (call $in_both {args}) (call $only_in_table {args})))
                (local.set $all (i64.add (local.get $all)
                    (i64.add (call $in_seen {args}) (call $private {args}))))
                (local.set $all (i64.add (local.get $all)
                    (i64.add (call_indirect (type $many) {args} (i32.const 0))
                        (call_indirect (type $many) {args} (i32.const 1)))))
                (local.set $all (i64.add (local.get $all)
                    (call_indirect $seen (type $many) {args} (i32.const 0))))
                (call_indirect $others (type $other) {args} (i32.const 2))
                (i64.extend_i32_u)
                (i64.add)
                (i64.add (local.get $all)))
            (func (export "tail") (result i64) (return_call $private {args}))
            (func (export "tail of table") (param i32) (result i64)
                (return_call_indirect (type $many) {args} (local.get 0))))"#
    );
    const SUM: i64 = 654_321;
    in_every_way(text, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        typed::<_, ()>(&mut store, instance, "own", (11i64,)).unwrap();
        let run: i64 = typed(&mut store, instance, "run", ()).unwrap();
        assert_eq!(run, SUM * (2 + 3 + 5 + 5 + 2 + 3 + 5 + 1) + 8 * 11 + 7, "{way:?}");
        let tail: i64 = typed(&mut store, instance, "tail", ()).unwrap();
        assert_eq!(tail, SUM * 5 + 11, "{way:?}");
        for (index, times) in [(0, 2), (1, 3)] {
            let found: i64 = typed(&mut store, instance, "tail of table", (index,)).unwrap();
            assert_eq!(found, SUM * times + 11, "{way:?}");
        }
        let args = (1i32, 20i64, 0f32, 300i32, 4000i64, 0f64, 50_000i32, 600_000i32);
        let found: i64 = typed(&mut store, instance, "exported", args).unwrap();
        assert_eq!(found, SUM * 2 + 11, "{way:?}");
    });
}
