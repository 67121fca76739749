//! Nothing is left: everything that the runtime allocates is freed with its store, and what
//! happens over and over in one store does not add up. Blocks are counted per thread
//! (`allocations.rs`), mappings in a process of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::allocations::{assert_balanced, live};
use crate::child;
use crate::guests::*;

const GUEST: &str = r#"(module
    (import "host" "f" (func $f (param i32) (result i32)))
    (memory (export "memory") 1 10)
    (table $funcs (export "funcs") 1 funcref)
    (table $externs (export "externs") 1 externref)
    (global $g (export "g") (mut externref) (ref.null extern))
    (data $data "data") (elem $elem func $f)
    (data (i32.const 5) "more")
    (func (export "f") (param i32) (result i32) (call $f (local.get 0)))
    (func (export "other") (param f64))
    (func (export "work") (param externref)
      (drop (memory.grow (i32.const 2)))
      (drop (table.grow $funcs (ref.func $f) (i32.const 100)))
      (drop (table.grow $externs (local.get 0) (i32.const 100)))
      (global.set $g (local.get 0))
      (memory.init $data (i32.const 0) (i32.const 0) (i32.const 4))
      (table.init $funcs $elem (i32.const 0) (i32.const 0) (i32.const 1))
      (data.drop $data) (elem.drop $elem))
    (func $deep (export "trap") (param i32)
      (if (local.get 0)
        (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
        (else unreachable))))"#;

/// What the host function does at a number.
fn host(mut caller: Caller<'_, Vec<String>>, n: i32) -> Result<i32, String> {
    caller.data_mut().push(format!("number {n}"));
    match n {
        0 => Err("a reason".to_owned()),
        1 => std::panic::resume_unwind(Box::new("a payload".to_owned())),
        n => Ok(n),
    }
}

fn imports(store: &mut Store<Vec<String>>) -> Imports {
    let text = String::from("what a closure owns");
    let f = Func::wrap(&mut *store, move |caller: Caller<'_, Vec<String>>, n: i32| {
        assert!(!text.is_empty());
        host(caller, n)
    });
    Imports::new().define("host", "f", f).clone()
}

/// Everything that can be done with an instance.
fn use_up(store: &mut Store<Vec<String>>, instance: Instance) {
    let value = Some(ExternRef::new(vec![1, 2, 3]));
    typed::<Option<ExternRef>, ()>(&mut *store, instance, "work", value).unwrap();
    let f = |store: &mut Store<_>, n| typed::<i32, i32>(store, instance, "f", n);
    assert_eq!(f(store, 5).unwrap(), 5);
    assert_eq!(f(store, 0).unwrap_err().to_string(), "a reason");
    catch_unwind(AssertUnwindSafe(|| f(store, 1))).unwrap_err();
    for depth in [0, 5, 200] {
        let trap = trap(typed::<i32, ()>(&mut *store, instance, "trap", depth));
        assert!(trap.to_string().contains("guest!deep at 0x"), "{trap}");
    }
    instance.get_func(&*store, "other").unwrap();
    assert_eq!(instance.exports(&*store).len(), 8);
}

#[test]
fn everything_goes_with_the_store() {
    in_every_way(GUEST, |_, module| {
        assert_balanced(|| {
            let mut store = Store::new(Vec::new());
            let imports = imports(&mut store);
            for _ in 0..3 {
                let instance = Instance::new(&mut store, module, &imports).unwrap();
                use_up(&mut store, instance);
            }
            let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
            memory.grow(&mut store, 3).unwrap();
            let ty = TableType::new(RefType::EXTERNREF, 3, None);
            let table = Table::new(&mut store, ty, ExternRef::new("text").into()).unwrap();
            table.grow(&mut store, 300, ExternRef::new("more").into()).unwrap();
            let ty = GlobalType::new(ValType::EXTERNREF, false);
            Global::new(&mut store, ty, ExternRef::new("text").into()).unwrap();
            let ty = FuncType::new([ValType::I32; 20], [ValType::F64; 3]);
            Func::new(&mut store, ty, |_, _, _| Ok::<(), Error>(()));
        });
        // Or with its data.
        assert_balanced(|| {
            let mut store = Store::new(Vec::new());
            let imports = imports(&mut store);
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            use_up(&mut store, instance);
            assert_eq!(store.into_data().len(), 3);
        });
    });
}

#[test]
fn instantiations_that_fail() {
    let starts = r#"(module (import "host" "f" (func $f (param i32) (result i32)))
        (memory 1) (func $start (drop (call $f (i32.const 0)))) (start $start))"#;
    let data = r#"(module (memory 1) (table 10 funcref) (data (i32.const 65533) "data"))"#;
    let guests = [("guest", GUEST), ("starts", starts), ("data", data)];
    together_in_every_way(guests, |_, modules| {
        assert_balanced(|| {
            let mut store = Store::new(Vec::new());
            let all = imports(&mut store);
            let error = Instance::new(&mut store, modules[0], &Imports::new()).unwrap_err();
            assert!(error.to_string().contains("`f` from module `host`"));
            assert!(Instance::new(&mut store, modules[1], &all).is_err());
            assert!(Instance::new(&mut store, modules[2], &all).is_err());
            store.limits_mut().memory_pages = 0;
            assert!(Instance::new(&mut store, modules[0], &all).is_err());
            store.limits_mut().memory_pages = 10;
            store.limits_mut().table_elements = 0;
            assert!(Instance::new(&mut store, modules[0], &all).is_err());
            store.limits_mut().tables = 0;
            assert!(Instance::new(&mut store, modules[0], &all).is_err());
        });
    });
}

/// Calls that fail, over and over in one store.
#[test]
fn ten_thousand_failures() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(Vec::new());
        let imports = imports(&mut store);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let trap = instance.get_func(&store, "trap").unwrap();
        let trap = trap.typed::<i32, ()>(&store).unwrap();
        let f = instance.get_func(&store, "f").unwrap().typed::<i32, i32>(&store).unwrap();
        let mut fail = |times| {
            for n in 0..times {
                let error = trap.call(&mut store, n % 4).unwrap_err();
                assert_eq!(error.trap().unwrap().frames().len(), n as usize % 4 + 1);
                f.call(&mut store, 0).unwrap_err();
                if n % 10 == 0 {
                    let panic = || f.call(&mut store, 1);
                    catch_unwind(AssertUnwindSafe(panic)).unwrap_err();
                }
                store.data_mut().clear();
            }
        };
        fail(100);
        let before = live();
        fail(10_000);
        assert_eq!(live(), before);
    });
}

/// The memories of stores that are gone are given back.
#[test]
fn mappings() {
    child::succeeded(child::scenario("churn"));
}

/// Takes minutes, and needs valgrind:
/// `cargo test -p wasmaot-tests --test runtime -- --ignored valgrind`
#[test]
#[ignore = "needs valgrind and some minutes"]
fn valgrind_finds_nothing() {
    let scenario = child::scenario("churn");
    let mut command = std::process::Command::new("valgrind");
    command.args([
        "--quiet",
        "--leak-check=full",
        "--error-exitcode=9",
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
    ]);
    command.arg(scenario.get_program()).args(scenario.get_args());
    match command.output() {
        Err(error) => println!("skipped: cannot run valgrind: {error}"),
        Ok(output) => assert!(output.status.success(), "{}", child::text(&output)),
    }
}
