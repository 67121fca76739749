//! Tables: which function is which, the host's functions among them, and all that is done to
//! elements.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

fn func_at(store: &Store<()>, table: Table, index: u64) -> Option<Func> {
    match table.get(store, index) {
        Some(Val::FuncRef(func)) => func,
        other => panic!("{other:?} at {index}"),
    }
}

#[test]
fn functions_keep_their_identity() {
    let guest = r#"(module
        (table (export "table") 4 funcref)
        (elem (i32.const 0) $exported $local)
        (elem declare func $declared)
        (func $exported (export "exported") (export "again") (result i32) (i32.const 1))
        (func $local (result i32) (i32.const 2))
        (func $declared (result i32) (i32.const 3))
        (func (export "declared") (result funcref) (ref.func $declared))
        (func (export "get") (param i32) (result funcref) (table.get 0 (local.get 0)))
        (func (export "set") (param i32 funcref) (table.set 0 (local.get 0) (local.get 1)))
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
        (func (export "null") (param funcref) (result i32) (ref.is_null (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let a = instance(&mut store, module);
        let b = instance(&mut store, module);
        let exported = a.get_func(&store, "exported").unwrap();
        assert_eq!(a.get_func(&store, "again"), Some(exported));
        assert_ne!(b.get_func(&store, "exported"), Some(exported));
        let table = a.get_table(&store, "table").unwrap();
        assert_eq!(func_at(&store, table, 0), Some(exported));
        let get = |store: &mut _, i| typed::<i32, Option<Func>>(store, a, "get", i).unwrap();
        assert_eq!(get(&mut store, 0), Some(exported));
        let local = get(&mut store, 1).unwrap();
        assert_ne!(local, exported);
        assert_eq!(local.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 2);
        assert_eq!(get(&mut store, 2), None);
        let declared = typed::<(), Option<Func>>(&mut store, a, "declared", ()).unwrap();
        assert_eq!(typed::<(), Option<Func>>(&mut store, a, "declared", ()).unwrap(), declared);
        // Of another instance, by the guest and by the host.
        let other = b.get_func(&store, "exported").unwrap();
        typed::<(i32, Option<Func>), ()>(&mut store, a, "set", (2, declared)).unwrap();
        table.set(&mut store, 3, other.into()).unwrap();
        assert_eq!([get(&mut store, 2), get(&mut store, 3)], [declared, Some(other)]);
        for (i, expected) in [1, 2, 3, 1].into_iter().enumerate() {
            let result = typed::<i32, i32>(&mut store, a, "call", i as i32).unwrap();
            assert_eq!(result, expected);
        }
        table.set(&mut store, 0, Val::FuncRef(None)).unwrap();
        let result = typed::<i32, i32>(&mut store, a, "call", 0);
        assert_eq!(code(result), TrapCode::UninitializedElement);
        let mut null = |func| typed::<Option<Func>, i32>(&mut store, a, "null", func).unwrap();
        assert_eq!([null(None), null(declared)], [1, 0]);
    });
}

const CALLER: &str = r#"(module
    (import "host" "table" (table 1 funcref))
    (func (export "i32") (param i32 i32) (result i32)
      (call_indirect (param i32) (result i32) (local.get 1) (local.get 0)))
    (func (export "many") (param i32) (result f64 i64)
      (call_indirect (result f64 i64) (local.get 0)))
    (func (export "none") (param i32) (call_indirect (local.get 0))))"#;

/// The host's functions in a table, made before and after the module that calls them is known.
#[test]
fn functions_of_the_host() {
    in_every_way(CALLER, |_, module| {
        for early in [true, false] {
            let mut store = Store::new(0);
            let table = TableType::new(RefType::FUNCREF, 8, None);
            let table = Table::new(&mut store, table, Val::FuncRef(None)).unwrap();
            let imports = Imports::new().define("host", "table", table).clone();
            let mut instance = None;
            if !early {
                instance = Some(Instance::new(&mut store, module, &imports).unwrap());
            }
            let one = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, n: i32| {
                *caller.data_mut() += n;
                n * 2
            });
            let many = Func::wrap(&mut store, || (0.5f64, 7i64));
            let none = Func::new(
                &mut store,
                FuncType::new([], []),
                |mut caller: Caller<'_, i32>, _, _| {
                    *caller.data_mut() += 1;
                    Ok::<(), Error>(())
                },
            );
            // Nobody can call this one: the module does not know its type.
            let foreign = Func::wrap(&mut store, |_: f32, _: i64| 1i32);
            for (i, func) in [one, many, none, foreign].into_iter().enumerate() {
                table.set(&mut store, i as u64, func.into()).unwrap();
            }
            let instance = match instance {
                Some(instance) => instance,
                None => Instance::new(&mut store, module, &imports).unwrap(),
            };
            let store = &mut store;
            assert_eq!(
                typed::<(i32, i32), i32>(&mut *store, instance, "i32", (0, 21)).unwrap(),
                42
            );
            assert_eq!(
                typed::<i32, (f64, i64)>(&mut *store, instance, "many", 1).unwrap(),
                (0.5, 7)
            );
            typed::<i32, ()>(&mut *store, instance, "none", 2).unwrap();
            assert_eq!(*store.data(), 22);
            for i in [0, 1, 3] {
                let result = typed::<i32, ()>(&mut *store, instance, "none", i);
                assert_eq!(code(result), TrapCode::IndirectCallTypeMismatch, "{i}");
            }
            for i in [1, 2, 3] {
                let result = typed::<(i32, i32), i32>(&mut *store, instance, "i32", (i, 0));
                assert_eq!(code(result), TrapCode::IndirectCallTypeMismatch, "{i}");
            }
            let result = typed::<i32, ()>(&mut *store, instance, "none", 4);
            assert_eq!(code(result), TrapCode::UninitializedElement);
        }
    });
}

/// A host function travels through a module that never names its type to one that calls it.
#[test]
fn functions_of_the_host_through_others() {
    let carrier = r#"(module
        (table (export "table") 2 funcref)
        (func (export "put") (param funcref) (table.set 0 (i32.const 1) (local.get 0))))"#;
    together_in_every_way([("carrier", carrier), ("caller", CALLER)], |_, [carrier, caller]| {
        let mut store = Store::new(());
        let carrier = instance(&mut store, carrier);
        let func = Func::wrap(&mut store, |n: i32| n + 1);
        typed::<Option<Func>, ()>(&mut store, carrier, "put", Some(func)).unwrap();
        let mut imports = Imports::new();
        imports.instance("host", &store, carrier);
        let caller = Instance::new(&mut store, caller, &imports).unwrap();
        assert_eq!(typed::<(i32, i32), i32>(&mut store, caller, "i32", (1, 6)).unwrap(), 7);
        // And back out, the same.
        let table = carrier.get_table(&store, "table").unwrap();
        assert_eq!(func_at(&store, table, 1), Some(func));
    });
}

#[test]
fn elements_are_copied_filled_and_added() {
    let guest = r#"(module
        (table $a (export "a") 10 20 funcref)
        (table $b (export "b") 10 funcref)
        (elem $elem func $f0 $f1 $f2)
        (func $f0 (export "f0")) (func $f1 (export "f1")) (func $f2 (export "f2"))
        (func (export "init") (param i32 i32 i32)
          (table.init $a $elem (local.get 0) (local.get 1) (local.get 2)))
        (func (export "drop") (elem.drop $elem))
        (func (export "copy") (param i32 i32 i32)
          (table.copy $a $a (local.get 0) (local.get 1) (local.get 2)))
        (func (export "across") (param i32 i32 i32)
          (table.copy $b $a (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i32 i32)
          (table.fill $a (local.get 0) (ref.func $f2) (local.get 1)))
        (func (export "grow") (param i32) (result i32)
          (table.grow $a (ref.func $f1) (local.get 0)))
        (func (export "size") (result i32) (table.size $a)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let f = ["f0", "f1", "f2"].map(|name| instance.get_func(&store, name).unwrap());
        let [a, b] = ["a", "b"].map(|name| instance.get_table(&store, name).unwrap());
        // `.` for null, else the function's number.
        let show = |store: &Store<()>, table: Table| -> String {
            let at = |i| match func_at(store, table, i) {
                None => '.',
                Some(func) => {
                    let n = f.iter().position(|&f| f == func).expect("one of them");
                    char::from_digit(n as u32, 10).unwrap()
                }
            };
            (0..table.len(store)).map(at).collect()
        };
        let three = |store: &mut _, name, a: u32, b: u32, c: u32| {
            typed::<(u32, u32, u32), ()>(store, instance, name, (a, b, c))
        };
        three(&mut store, "init", 1, 0, 3).unwrap();
        assert_eq!(show(&store, a), ".012......");
        three(&mut store, "copy", 2, 1, 3).unwrap();
        assert_eq!(show(&store, a), ".0012.....");
        three(&mut store, "copy", 0, 2, 8).unwrap();
        assert_eq!(show(&store, a), "012.......");
        three(&mut store, "across", 7, 0, 3).unwrap();
        assert_eq!(show(&store, b), ".......012");
        for (name, at) in [("copy", [8, 0, 3]), ("across", [0, 9, 2]), ("init", [9, 0, 2])] {
            let result = three(&mut store, name, at[0], at[1], at[2]);
            assert_eq!(code(result), TrapCode::TableOutOfBounds, "{name}");
        }
        assert_eq!(show(&store, a), "012.......");
        assert_eq!(show(&store, b), ".......012");
        typed::<(i32, i32), ()>(&mut store, instance, "fill", (5, 2)).unwrap();
        assert_eq!(show(&store, a), "012..22...");
        let grow = |store: &mut _, n| typed::<i32, i32>(store, instance, "grow", n).unwrap();
        assert_eq!(grow(&mut store, 3), 10);
        assert_eq!(show(&store, a), "012..22...111");
        assert_eq!(grow(&mut store, 8), -1);
        assert_eq!(grow(&mut store, -1), -1);
        assert_eq!(grow(&mut store, 7), 13);
        assert_eq!(grow(&mut store, 1), -1);
        assert_eq!(typed::<(), i32>(&mut store, instance, "size", ()).unwrap(), 20);
        typed::<(), ()>(&mut store, instance, "drop", ()).unwrap();
        three(&mut store, "init", 20, 0, 0).unwrap();
        let result = three(&mut store, "init", 0, 0, 1);
        assert_eq!(code(result), TrapCode::TableOutOfBounds);

        // The same by the host.
        assert_eq!(b.grow(&mut store, 2, f[0].into()).unwrap(), 10);
        b.fill(&mut store, 0, f[2].into(), 3).unwrap();
        assert_eq!(show(&store, b), "222....01200");
        assert!(b.fill(&mut store, 10, Val::FuncRef(None), 3).is_err());
        assert!(b.fill(&mut store, u64::MAX, Val::FuncRef(None), 2).is_err());
        assert!(b.set(&mut store, 12, f[0].into()).is_err());
        assert!(b.get(&store, 12).is_none() && b.get(&store, u64::MAX).is_none());
        assert!(a.grow(&mut store, 1, Val::FuncRef(None)).is_err());
        assert_eq!(show(&store, b), "222....01200");
        assert_eq!(a.ty(&store), TableType::new(RefType::FUNCREF, 20, Some(20)));
        let error = b.set(&mut store, 0, Val::I32(0)).unwrap_err().to_string();
        assert!(error.contains("i32") && error.contains("funcref"), "{error}");
        assert!(b.grow(&mut store, 1, Val::ExternRef(None)).is_err());
    });
}

/// A table that moves when it grows, while functions in between use it.
#[test]
fn growing_while_in_use() {
    let guest = r#"(module
        (import "host" "grow" (func $grow))
        (table $t (export "table") 1 funcref)
        (elem (i32.const 0) $one)
        (func $one (result i32) (i32.const 1))
        (func (export "f") (result i32) (local i32)
          (local.set 0 (call_indirect $t (result i32) (i32.const 0)))
          (call $grow)
          (table.set $t (i32.const 999) (table.get $t (i32.const 0)))
          (drop (table.grow $t (ref.null func) (i32.const 100000)))
          (table.set $t (i32.const 100999) (table.get $t (i32.const 999)))
          (i32.add (local.get 0)
            (i32.add
              (call_indirect $t (result i32) (i32.const 999))
              (call_indirect $t (result i32) (i32.const 100999))))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let grow = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
            let table = caller.get_export("table").unwrap().table().unwrap();
            table.grow(&mut caller, 999, Val::FuncRef(None)).map(|_| ())
        });
        let imports = Imports::new().define("host", "grow", grow).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        assert_eq!(typed::<(), i32>(&mut store, instance, "f", ()).unwrap(), 3);
    });
}

/// A fixed table may be relied on to stay where it is, also if imported.
#[test]
fn shared_between_instances() {
    for (min, max) in [(3, "3"), (3, "")] {
        let owner = format!(
            r#"(module (table (export "table") {min} {max} funcref)
                 (func (export "grow") (param i32) (result i32)
                   (table.grow 0 (ref.null func) (local.get 0)))
                 (func (export "call") (param i32) (result i32)
                   (call_indirect (result i32) (local.get 0))))"#
        );
        let user = format!(
            r#"(module (import "owner" "table" (table {min} {max} funcref))
                 (global $g (mut i32) (i32.const 10))
                 (elem (i32.const 2) $f)
                 (func $f (result i32)
                   (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
                 (func (export "call") (param i32) (result i32)
                   (call_indirect (result i32) (local.get 0))))"#
        );
        together_in_every_way([("owner", owner), ("user", user)], |_, [owner, user]| {
            let mut store = Store::new(());
            let owner = instance(&mut store, owner);
            let imports = Imports::new().instance("owner", &store, owner).clone();
            let user = Instance::new(&mut store, user, &imports).unwrap();
            let grown = typed::<i32, i32>(&mut store, owner, "grow", 500).unwrap();
            assert_eq!(grown, if max.is_empty() { 3 } else { -1 });
            // The function runs in its own instance, whoever calls it.
            assert_eq!(typed::<i32, i32>(&mut store, owner, "call", 2).unwrap(), 11);
            assert_eq!(typed::<i32, i32>(&mut store, user, "call", 2).unwrap(), 12);
            for instance in [owner, user] {
                let result = typed::<i32, i32>(&mut store, instance, "call", 1);
                assert_eq!(code(result), TrapCode::UninitializedElement);
                let beyond = typed::<i32, i32>(&mut store, instance, "call", 503);
                assert_eq!(code(beyond), TrapCode::UndefinedElement);
            }
        });
    }
}
