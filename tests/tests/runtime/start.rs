//! Instantiation: what is initialised in which order, and what is left when it fails.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way, wasm};

use crate::guests::*;

/// Segments are written one after the other: those before the one that does not fit stay, in
/// memories and tables that others see.
#[test]
fn segments_before_one_that_does_not_fit_stay() {
    let owner = r#"(module
        (memory (export "memory") 1)
        (table (export "table") 4 funcref)
        (type $t (func (result i32)))
        (func (export "call") (param i32) (result i32)
          (call_indirect (type $t) (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;
    let data = r#"(module
        (import "owner" "memory" (memory 1))
        (data (i32.const 3) "abc")
        (data (i32.const 65534) "def")
        (data (i32.const 0) "ghi"))"#;
    let elem = r#"(module
        (import "owner" "memory" (memory 1))
        (import "owner" "table" (table 4 funcref))
        (global $g (mut i32) (i32.const 7))
        (func $f (result i32)
          (global.set $g (i32.add (global.get $g) (i32.const 1)))
          (global.get $g))
        (elem (i32.const 1) $f)
        (elem (i32.const 3) $f $f)
        (elem (i32.const 0) $f)
        (data (i32.const 9) "never"))"#;
    let guests = [("owner", owner), ("data", data), ("elem", elem)];
    together_in_every_way(guests, |_, [owner, data, elem]| {
        let mut store = Store::new(());
        let owner = instance(&mut store, owner);
        let imports = Imports::new().instance("owner", &store, owner).clone();
        let memory = owner.get_memory(&store, "memory").unwrap();

        let error = Instance::new(&mut store, data, &imports).unwrap_err();
        assert_eq!(
            error.to_string(),
            "wasm trap: out of bounds memory access\n   0: data!(initialisation)"
        );
        assert_eq!(&memory.data(&store)[..8], b"\0\0\0abc\0\0");
        assert_eq!(&memory.data(&store)[65530..], [0; 6]);

        let result = Instance::new(&mut store, elem, &imports);
        assert_eq!(code(result), TrapCode::TableOutOfBounds);
        assert_eq!(memory.data(&store)[9], 0);
        // The instance that failed lives on in its function.
        let table_call = |store: &mut Store<()>, i| typed::<i32, i32>(store, owner, "call", i);
        for expected in [8, 9] {
            assert_eq!(table_call(&mut store, 1).unwrap(), expected);
        }
        for null in [0, 2, 3] {
            assert_eq!(code(table_call(&mut store, null)), TrapCode::UninitializedElement);
        }
        assert_eq!(typed::<i32, i32>(&mut store, owner, "load", 4).unwrap(), i32::from(b'b'));
    });
}

#[test]
fn a_start_function_that_traps() {
    let owner = r#"(module (memory (export "memory") 1))"#;
    let guest = r#"(module
        (import "owner" "memory" (memory 1))
        (import "host" "seen" (func $seen (param i32)))
        (data (i32.const 0) "data")
        (func $deeper unreachable)
        (func $start
          (call $seen (i32.load8_u (i32.const 0)))
          (i32.store8 (i32.const 1) (i32.const 33))
          (call $deeper))
        (start $start))"#;
    let offset = offsets(&wasm(guest), 0, "Unreachable")[0];
    together_in_every_way([("owner", owner), ("guest", guest)], |_, [owner, module]| {
        let mut store = Store::new(Vec::new());
        let owner = instance(&mut store, owner);
        let seen = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i32>>, n: i32| {
            caller.data_mut().push(n);
        });
        let mut imports = Imports::new();
        imports.instance("owner", &store, owner).define("host", "seen", seen);
        for n in 1..3 {
            let trap = trap(Instance::new(&mut store, module, &imports));
            assert_eq!(trap.code(), TrapCode::Unreachable);
            assert_eq!(trap.wasm_offset(), Some(offset));
            let names: Vec<_> = trap.frames().iter().map(|f| f.func_name().unwrap()).collect();
            assert_eq!(names, ["deeper", "start"]);
            // The start function saw the data, and what it wrote stays.
            assert_eq!(*store.data(), vec![i32::from(b'd'); n]);
            let memory = owner.get_memory(&store, "memory").unwrap();
            assert_eq!(&memory.data(&store)[..4], b"d!ta");
        }
    });
}

#[test]
fn a_start_function_whose_host_fails() {
    let guest = r#"(module (import "host" "fail" (func $fail)) (start $fail))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(true);
        let fail = Func::wrap(&mut store, |caller: Caller<'_, bool>| match caller.data() {
            true => Err(std::io::Error::other("not today")),
            false => Ok(()),
        });
        let imports = Imports::new().define("host", "fail", fail).clone();
        let error = Instance::new(&mut store, module, &imports).unwrap_err();
        assert_eq!(error.downcast::<std::io::Error>().unwrap().to_string(), "not today");
        *store.data_mut() = false;
        Instance::new(&mut store, module, &imports).expect("a second attempt");
    });
}

/// Initialisers see imported globals, other globals and functions.
#[test]
fn initialisers() {
    let guest = r#"(module
        (import "host" "base" (global $base i32))
        (import "host" "func" (global $func funcref))
        (memory (export "memory") 1)
        (table $t (export "table") 4 funcref)
        (global (export "sum") i32
          (i32.add (i32.mul (global.get $base) (i32.const 3)) (i32.const 1)))
        (global $copy (export "copy") funcref (global.get $func))
        (global (export "own") funcref (ref.func $f))
        (func $f (export "f") (result i32) (i32.const 5))
        (data (global.get $base) "x")
        (data (i32.add (global.get $base) (i32.const 2)) "y")
        (elem (table $t) (global.get $base) funcref (global.get $func) (ref.func $f) (ref.null func)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let given = Func::wrap(&mut store, || 77);
        let base = GlobalType::new(ValType::I32, false);
        let base = Global::new(&mut store, base, Val::I32(1)).unwrap();
        let func = GlobalType::new(ValType::FUNCREF, false);
        let func = Global::new(&mut store, func, given.into()).unwrap();
        let imports =
            Imports::new().define("host", "base", base).define("host", "func", func).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let global = |name| instance.get_global(&store, name).unwrap().get(&store);
        assert_eq!(global("sum").i32(), Some(4));
        let f = instance.get_func(&store, "f").unwrap();
        assert!(matches!(global("copy"), Val::FuncRef(Some(func)) if func == given));
        assert!(matches!(global("own"), Val::FuncRef(Some(func)) if func == f));
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(&memory.data(&store)[..5], b"\0x\0y\0");
        let table = instance.get_table(&store, "table").unwrap();
        let at = |i| match table.get(&store, i) {
            Some(Val::FuncRef(func)) => func,
            other => panic!("{other:?}"),
        };
        assert_eq!([at(0), at(1), at(2), at(3)], [None, Some(given), Some(f), None]);
    });
}
