//! Imports: what fits, what does not and how that is said, and instances that use each other.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

/// Every kind of misfit at once; each is named with what was expected and what was given.
#[test]
fn all_that_does_not_fit_is_named_at_once() {
    let guest = r#"(module
        (import "env" "fine" (func (param i32)))
        (import "env" "missing" (func (param i32 i64) (result f32)))
        (import "env" "other_type" (func (param i32)))
        (import "env" "not_a_func" (func))
        (import "env" "memory" (memory 2 3))
        (import "env" "table" (table 5 externref))
        (import "env" "global" (global (mut i64)))
        (import "env" "constant" (global i32))
        (import "nowhere" "thing" (global f64))
        (import "env" "tableFunc" (table 1 2 funcref)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        let global = |store: &mut Store<()>, ty, mutable| {
            let ty = GlobalType::new(ty, mutable);
            Global::new(store, ty, Val::default_of(ty.value)).unwrap()
        };
        let table = |store: &mut Store<()>, min, max| {
            let ty = TableType::new(RefType::FUNCREF, min, max);
            Table::new(store, ty, Val::FuncRef(None)).unwrap()
        };
        imports
            .define("env", "fine", Func::wrap(&mut store, |_: i32| ()))
            .define("env", "other_type", Func::wrap(&mut store, |_: i32| 1i64))
            .define("env", "not_a_func", global(&mut store, ValType::I32, false))
            .define("env", "memory", Memory::new(&mut store, MemoryType::new(1, None)).unwrap())
            .define("env", "table", table(&mut store, 5, None))
            .define("env", "global", global(&mut store, ValType::I64, false))
            .define("env", "constant", global(&mut store, ValType::I32, true))
            .define("env", "table_func", table(&mut store, 1, Some(2)));
        let error = Instance::new(&mut store, module, &imports).unwrap_err();
        let link = error.link().expect("a link error");
        assert_eq!(link.module(), "guest");
        let found: Vec<_> = link
            .problems()
            .iter()
            .map(|p| {
                let given = p.given().map(ToString::to_string);
                (p.module(), p.name(), p.expected().to_string(), given)
            })
            .collect();
        let given = |text: &str| Some(text.to_owned());
        let expected = [
            ("env", "missing", "func(i32, i64) -> f32", None),
            ("env", "other_type", "func(i32)", given("func(i32) -> i64")),
            ("env", "not_a_func", "func()", given("constant global of i32")),
            ("env", "memory", "memory of 2 to 3 pages", given("memory of 1 or more pages")),
            (
                "env",
                "table",
                "table of externref, 5 or more elements",
                given("table of funcref, 5 or more elements"),
            ),
            ("env", "global", "mutable global of i64", given("constant global of i64")),
            ("env", "constant", "constant global of i32", given("mutable global of i32")),
            ("nowhere", "thing", "constant global of f64", None),
            ("env", "tableFunc", "table of funcref, 1 to 2 elements", None),
        ]
        .map(|(module, name, expected, given)| (module, name, expected.to_owned(), given));
        assert_eq!(found, expected);
        let text = error.to_string();
        for part in [
            "cannot link module `guest`: 9 imports do not fit",
            "`missing` from module `env`: expected func(i32, i64) -> f32, given nothing",
            "`memory` from module `env`: expected memory of 2 to 3 pages, given memory of 1 or",
            "`thing` from module `nowhere`: expected constant global of f64, given nothing",
            // What might have been meant.
            "nothing is defined for module `nowhere`, only for `env`",
            "there is a `table_func` in module `env`",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
        assert!(!text.contains("`fine`"), "{text}");
        assert!(error.trap().is_none());
    });
}

#[test]
fn a_failed_instantiation_leaves_the_store_usable() {
    let guest = r#"(module
        (import "env" "f" (func $f (result i32)))
        (memory 1) (table 3 funcref)
        (func (export "f") (result i32) (call $f)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let f = Func::wrap(&mut store, || 3);
        let wrong = Func::wrap(&mut store, || 3i64);
        let mut imports = Imports::new();
        for _ in 0..5 {
            assert!(
                Instance::new(&mut store, module, &Imports::new()).unwrap_err().link().is_some()
            );
            imports.define("env", "f", wrong);
            assert!(Instance::new(&mut store, module, &imports).unwrap_err().link().is_some());
            imports.define("env", "f", f);
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            assert_eq!(typed::<(), i32>(&mut store, instance, "f", ()).unwrap(), 3);
        }
    });
}

/// Whatever an instance exports another can import, and both use the same thing.
#[test]
fn what_another_instance_exports() {
    let owner = r#"(module
        (memory (export "memory") 1 2)
        (table (export "table") 2 funcref)
        (global $mut (export "mut") (mut i64) (i64.const 5))
        (global (export "const") f64 (f64.const 2.5))
        (func $f (export "f") (param i32) (result i32)
          (i32.add (i32.load8_u (local.get 0)) (i32.wrap_i64 (global.get $mut))))
        (func (export "set") (param i64) (global.set $mut (local.get 0)))
        (elem (i32.const 0) $f))"#;
    let user = r#"(module
        (import "owner" "memory" (memory 1))
        (import "owner" "table" (table $t 1 funcref))
        (import "owner" "mut" (global $mut (mut i64)))
        (import "owner" "const" (global $const f64))
        (import "owner" "f" (func $f (param i32) (result i32)))
        (export "f" (func $f)) (export "memory" (memory 0)) (export "table" (table 0))
        (export "mut" (global $mut))
        (func (export "same") (result i32)
          (i32.store8 (i32.const 9) (i32.const 100))
          (global.set $mut (i64.add (global.get $mut) (i64.const 1)))
          (i32.add
            (call $f (i32.const 9))
            (call_indirect $t (param i32) (result i32) (i32.const 9) (i32.const 0))))
        (func (export "const") (result f64) (global.get $const))
        (func (export "mut64") (result i64) (global.get $mut))
        (func (export "ref") (result funcref) (ref.func $f)))"#;
    together_in_every_way([("owner", owner), ("user", user)], |_, [owner, user]| {
        let mut store = Store::new(());
        let owner = instance(&mut store, owner);
        let mut imports = Imports::new();
        imports.instance("owner", &store, owner);
        let user = Instance::new(&mut store, user, &imports).unwrap();
        assert_eq!(typed::<(), i32>(&mut store, user, "same", ()).unwrap(), 2 * 106);
        assert_eq!(typed::<(), f64>(&mut store, user, "const", ()).unwrap(), 2.5);
        typed::<i64, ()>(&mut store, owner, "set", -3).unwrap();
        assert_eq!(typed::<(), i64>(&mut store, user, "mut64", ()).unwrap(), -3);
        for name in ["f", "memory", "table", "mut"] {
            let theirs = owner.get_export(&store, name).unwrap();
            assert_eq!(user.get_export(&store, name), Some(theirs), "{name}");
        }
        let f = owner.get_func(&store, "f").unwrap();
        assert_eq!(typed::<(), Option<Func>>(&mut store, user, "ref", ()).unwrap(), Some(f));
        let table = owner.get_table(&store, "table").unwrap();
        assert!(matches!(table.get(&store, 0), Some(Val::FuncRef(Some(func))) if func == f));
        let mutable = user.get_global(&store, "mut").unwrap();
        mutable.set(&mut store, Val::I64(40)).unwrap();
        assert_eq!(typed::<i32, i32>(&mut store, owner, "f", 9).unwrap(), 140);
        let constant = owner.get_global(&store, "const").unwrap();
        assert!(constant.set(&mut store, Val::F64(0)).is_err());
        assert!(mutable.set(&mut store, Val::I32(0)).is_err());
    });
}

/// Each module's functions trap and are called with their own context, along a chain of three.
#[test]
fn a_chain_of_modules() {
    let link = |from: &str| {
        format!(
            r#"(module
                 (import "{from}" "f" (func $next (param i32) (result i32)))
                 (global $g (mut i32) (i32.const 0))
                 (func (export "f") (param i32) (result i32)
                   (global.set $g (i32.add (global.get $g) (i32.const 1)))
                   (i32.add (call $next (local.get 0)) (global.get $g))))"#
        )
    };
    let last = r#"(module (func (export "f") (param i32) (result i32)
        (i32.div_u (i32.const 100) (local.get 0))))"#
        .to_owned();
    let guests = [("c", last), ("b", link("c")), ("a", link("b"))];
    together_in_every_way(guests, |_, [c, b, a]| {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        let c = Instance::new(&mut store, c, &imports).unwrap();
        imports.instance("c", &store, c);
        let b = Instance::new(&mut store, b, &imports).unwrap();
        imports.instance("b", &store, b);
        let a = Instance::new(&mut store, a, &imports).unwrap();
        let mut f = |instance, n| typed::<i32, i32>(&mut store, instance, "f", n);
        assert_eq!(f(a, 10).unwrap(), 12);
        assert_eq!(f(b, 10).unwrap(), 12);
        assert_eq!(f(a, 10).unwrap(), 10 + 2 + 3);
        let trap = trap(f(a, 0));
        let modules: Vec<_> = trap.frames().iter().map(|f| f.module().to_owned()).collect();
        assert_eq!(modules, ["c", "b", "a"]);
        assert_eq!(trap.code(), TrapCode::IntegerDivideByZero);
    });
}

#[test]
fn modules_describe_themselves() {
    let guest = r#"(module
        (import "a" "f" (func (param i32) (result i64 f32)))
        (import "" "" (memory 1 2))
        (import "é" "x y" (global (mut externref)))
        (table (export "::") 1 funcref)
        (func (export "") (param f64))
        (export "memory" (memory 0)))"#;
    in_every_way(guest, |_, module| {
        assert_eq!(module.name(), "guest");
        let imports: Vec<_> =
            module.imports().map(|i| format!("{}|{}|{}", i.module, i.name, i.ty)).collect();
        assert_eq!(
            imports,
            [
                "a|f|func(i32) -> (i64, f32)",
                "||memory of 1 to 2 pages",
                "é|x y|mutable global of externref"
            ]
        );
        let exports: Vec<_> = module.exports().map(|e| format!("{}|{}", e.name, e.ty)).collect();
        assert_eq!(
            exports,
            [
                "::|table of funcref, 1 or more elements",
                "|func(f64)",
                "memory|memory of 1 to 2 pages"
            ]
        );
    });
}
