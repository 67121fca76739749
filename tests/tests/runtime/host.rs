//! Functions of the host: every type there and back, what they may do with their caller, and
//! how their errors and panics reach whoever called the guest.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

/// Bits of numbers that something that is not careful would change.
const F32S: [u32; 4] = [0x7f80_0001, 0xffc0_0003, 0x8000_0000, 0x3f80_0000];
const F64S: [u64; 4] = [0x7ff0_0000_0000_0001, 0xfff8_0000_0000_0003, 1 << 63, 0x3ff0 << 48];

/// A guest passes each type's value on to the host and back.
#[test]
fn every_type_there_and_back() {
    let types = ["i32", "i64", "f32", "f64", "funcref", "externref"];
    let functions: String = types
        .iter()
        .map(|ty| {
            format!(
                r#"(import "wrap" "{ty}" (func $wrap_{ty} (param {ty}) (result {ty})))
                   (import "new" "{ty}" (func $new_{ty} (param {ty}) (result {ty})))"#
            )
        })
        .chain(types.iter().map(|ty| {
            format!(
                r#"(func (export "{ty}") (param {ty}) (result {ty} {ty})
                     (call $wrap_{ty} (local.get 0)) (call $new_{ty} (local.get 0)))"#
            )
        }))
        .collect();
    in_every_way(format!("(module {functions})"), |_, module| {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        imports
            .define("wrap", "i32", Func::wrap(&mut store, |v: i32| v))
            .define("wrap", "i64", Func::wrap(&mut store, |v: i64| v))
            .define("wrap", "f32", Func::wrap(&mut store, |v: f32| v))
            .define("wrap", "f64", Func::wrap(&mut store, |v: f64| v))
            .define("wrap", "funcref", Func::wrap(&mut store, |v: Option<Func>| v))
            .define("wrap", "externref", Func::wrap(&mut store, |v: Option<ExternRef>| v));
        for ty in ["I32", "I64", "F32", "F64", "FuncRef", "ExternRef"].map(|name| match name {
            "I32" => ValType::I32,
            "I64" => ValType::I64,
            "F32" => ValType::F32,
            "F64" => ValType::F64,
            "FuncRef" => ValType::FUNCREF,
            _ => ValType::EXTERNREF,
        }) {
            let func = Func::new(&mut store, FuncType::new([ty], [ty]), |_, params, results| {
                results[0] = params[0].clone();
                Ok::<(), Error>(())
            });
            imports.define("new", &ty.to_string(), func);
        }
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let mut both = |name, value: Val| {
            let results = call(&mut store, instance, name, &[value]).unwrap();
            <[Val; 2]>::try_from(results).unwrap()
        };
        for v in [0, 1, -1, i32::MIN, i32::MAX] {
            assert!(
                matches!(both("i32", v.into()), [Val::I32(a), Val::I32(b)] if (a, b) == (v, v))
            );
        }
        for v in [0, 1, -1, i64::MIN, i64::MAX, 1 << 32] {
            assert!(
                matches!(both("i64", v.into()), [Val::I64(a), Val::I64(b)] if (a, b) == (v, v))
            );
        }
        for v in F32S {
            let [Val::F32(a), Val::F32(b)] = both("f32", Val::F32(v)) else { panic!() };
            assert_eq!([a, b], [v, v]);
        }
        for v in F64S {
            let [Val::F64(a), Val::F64(b)] = both("f64", Val::F64(v)) else { panic!() };
            assert_eq!([a, b], [v, v]);
        }
        let func = imports.get("wrap", "i32").unwrap().func().unwrap();
        for v in [None, Some(func)] {
            let [Val::FuncRef(a), Val::FuncRef(b)] = both("funcref", v.into()) else { panic!() };
            assert_eq!([a, b], [v, v]);
        }
        let value = ExternRef::new("a value");
        let [Val::ExternRef(Some(a)), Val::ExternRef(Some(b))] =
            both("externref", value.clone().into())
        else {
            panic!()
        };
        assert!(a.ptr_eq(&value) && b.ptr_eq(&value));
        assert!(matches!(
            both("externref", Val::ExternRef(None)),
            [Val::ExternRef(None), Val::ExternRef(None)]
        ));
    });
}

type Sixteen = (
    i32,
    i64,
    f32,
    f64,
    u32,
    u64,
    f32,
    f64,
    i32,
    i64,
    f32,
    f64,
    f32,
    f64,
    i32,
    i64, //
);

const SIXTEEN: Sixteen =
    (-1, -2, 3.5, -4.5, 5, 6, 7.25, 8.25, 9, 10, 11.5, 12.5, -13.5, 14.75, -15, 16);

type First = (i32, i64, f32, f64, u32, u64, f32, f64);
type Second = (i32, i64, f32, f64, f32, f64, i32, i64);

/// Tuples compare and print up to twelve.
fn halves(all: Sixteen) -> (First, Second) {
    let (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) = all;
    ((a, b, c, d, e, f, g, h), (i, j, k, l, m, n, o, p))
}

/// Sixteen parameters and as many results, more than any machine has registers for.
#[test]
fn sixteen_parameters_and_results() {
    let types = "i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 f32 f64 i32 i64";
    let pass: String = (0..16).map(|i| format!("(local.get {i}) ")).collect();
    let guest = format!(
        r#"(module
             (type $t (func (param {types}) (result {types})))
             (import "host" "typed" (func $typed (type $t)))
             (import "host" "untyped" (func $untyped (type $t)))
             (func (export "typed") (type $t) {pass} call $typed)
             (func (export "untyped") (type $t) {pass} call $untyped)
             (func (export "both") (type $t) {pass} call $typed call $untyped call $typed)
             (func (export "through") (type $t) {pass}))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(0);
        #[rustfmt::skip]
        let typed_func = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, i32>,
             a: i32, b: i64, c: f32, d: f64, e: u32, f: u64, g: f32, h: f64,
             i: i32, j: i64, k: f32, l: f64, m: f32, n: f64, o: i32, p: i64| {
                *caller.data_mut() += 1;
                let all = (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
                assert_eq!(halves(all), halves(SIXTEEN));
                all
            },
        );
        let ty = typed_func.ty(&store);
        assert_eq!(ty.params().len(), 16);
        let untyped = Func::new(&mut store, ty, |mut caller: Caller<'_, i32>, params, results| {
            *caller.data_mut() += 100;
            results.clone_from_slice(params);
            Ok::<(), Error>(())
        });
        let mut imports = Imports::new();
        imports.define("host", "typed", typed_func).define("host", "untyped", untyped);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for (name, calls) in [("typed", 1), ("untyped", 100), ("both", 102), ("through", 0)] {
            *store.data_mut() = 0;
            let results: Sixteen = typed(&mut store, instance, name, SIXTEEN).unwrap();
            assert_eq!(halves(results), halves(SIXTEEN), "{name}");
            assert_eq!(*store.data(), calls);
        }
        // The host calls its own functions the same way.
        let results: Sixteen = untyped.typed(&store).unwrap().call(&mut store, SIXTEEN).unwrap();
        assert_eq!(halves(results), halves(SIXTEEN));
    });
}

/// Results of each number, also of several types of one number.
#[test]
fn results_of_each_number() {
    let guest = r#"(module
        (import "host" "none" (func $none))
        (import "host" "two" (func $two (result f32 i64)))
        (import "host" "three" (func $three (param i32) (result i32 f64 i32)))
        (func (export "none") (call $none))
        (func (export "two") (result i64 f32) (local f32 i64)
          (call $two) (local.set 1) (local.set 0) (local.get 1) (local.get 0))
        (func (export "three") (param i32) (result i32 f64 i32) (call $three (local.get 0)))
        (func (export "block") (param i32) (result i32)
          (local.get 0) (i32.const 2)
          (block (param i32 i32) (result i32 i32 i32) (i32.const 3))
          i32.mul i32.add))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        imports
            .define("host", "none", Func::wrap(&mut store, || ()))
            .define("host", "two", Func::wrap(&mut store, || Ok::<_, Error>((1.5f32, -7i64))))
            .define("host", "three", Func::wrap(&mut store, |n: i32| (n, f64::from(n), -n)));
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        typed::<(), ()>(&mut store, instance, "none", ()).unwrap();
        assert_eq!(typed::<(), (i64, f32)>(&mut store, instance, "two", ()).unwrap(), (-7, 1.5));
        assert_eq!(
            typed::<i32, (i32, f64, i32)>(&mut store, instance, "three", 4).unwrap(),
            (4, 4.0, -4)
        );
        assert_eq!(typed::<i32, i32>(&mut store, instance, "block", 4).unwrap(), 10);
    });
}

#[derive(Debug, PartialEq)]
struct Own(i32);

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "own error {}", self.0)
    }
}

impl StdError for Own {}

/// `fail` calls the host, which fails or panics; `nested` calls the host, which calls `fail`.
const FAILING: &str = r#"(module
    (import "host" "fail" (func $fail (param i32) (result i32)))
    (import "host" "enter" (func $enter (param i32) (result i32)))
    (global (export "after") (mut i32) (i32.const 0))
    (func (export "fail") (param i32) (result i32)
      (i32.add (call $fail (local.get 0)) (i32.const 1))
      (global.set 0 (i32.add (global.get 0) (i32.const 1))))
    (func (export "nested") (param i32) (result i32)
      (i32.add (call $enter (local.get 0)) (i32.const 10))
      (global.set 0 (i32.add (global.get 0) (i32.const 10)))))"#;

/// An instance of [`FAILING`] whose `fail` is given, typed and untyped.
fn failing(
    module: Module,
    fail: impl Fn(i32) -> Result<i32, Own> + Send + Copy + 'static,
) -> Vec<(Store<()>, Instance)> {
    let finish = |mut store: Store<()>, fail: Func| {
        let enter = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, n: i32| {
            let instance = caller.instance().unwrap();
            typed::<i32, i32>(&mut caller, instance, "fail", n)
        });
        let imports =
            Imports::new().define("host", "fail", fail).define("host", "enter", enter).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        (store, instance)
    };
    let mut wrapped = Store::new(());
    let wrap = Func::wrap(&mut wrapped, fail);
    let mut dynamic = Store::new(());
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    let new = Func::new(&mut dynamic, ty, move |_, params, results| {
        results[0] = fail(params[0].i32().unwrap())?.into();
        Ok::<(), Own>(())
    });
    vec![finish(wrapped, wrap), finish(dynamic, new)]
}

fn after(store: &Store<()>, instance: Instance) -> i32 {
    instance.get_global(store, "after").unwrap().get(store).i32().unwrap()
}

#[test]
fn errors_arrive_as_themselves() {
    in_every_way(FAILING, |_, module| {
        let fail = |n| if n < 0 { Err(Own(n)) } else { Ok(n) };
        for (mut store, instance) in failing(module, fail) {
            for name in ["fail", "nested"] {
                let error = typed::<i32, i32>(&mut store, instance, name, -5).unwrap_err();
                assert!(error.trap().is_none() && error.link().is_none());
                assert!(error.is::<Own>() && !error.is::<fmt::Error>());
                assert_eq!(error.to_string(), "own error -5");
                assert_eq!(error.downcast_ref::<Own>(), Some(&Own(-5)));
                assert_eq!(error.downcast::<Own>().unwrap(), Own(-5));
                // The guest did not go on.
                assert_eq!(after(&store, instance), 0);
            }
            assert_eq!(typed::<i32, i32>(&mut store, instance, "nested", 5).unwrap(), 16);
            assert_eq!(after(&store, instance), 11);
        }
    });
}

#[test]
fn panics_cross_guests_with_their_payload() {
    in_every_way(FAILING, |_, module| {
        let fail = |n| match n {
            -1 => panic_any(Own(-1)),
            -2 => panic!("number {n}"),
            -3 => resume_unwind(Box::new(3u8)),
            n => Ok(n),
        };
        for (mut store, instance) in failing(module, fail) {
            for name in ["fail", "nested"] {
                let mut payload = |n| {
                    let call = || typed::<i32, i32>(&mut store, instance, name, n);
                    catch_unwind(AssertUnwindSafe(call)).expect_err("a panic")
                };
                assert_eq!(payload(-1).downcast_ref(), Some(&Own(-1)));
                assert_eq!(payload(-2).downcast_ref(), Some(&"number -2".to_owned()));
                assert_eq!(payload(-3).downcast_ref(), Some(&3u8));
                assert_eq!(after(&store, instance), 0);
            }
            assert_eq!(typed::<i32, i32>(&mut store, instance, "nested", 5).unwrap(), 16);
        }
    });
}

/// What unwinds through the host's functions in between runs their destructors.
#[test]
fn panics_unwind_the_host_in_between() {
    struct OnDrop(std::sync::Arc<std::sync::atomic::AtomicU32>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let guest = r#"(module
        (import "host" "down" (func $down (param i32)))
        (func (export "f") (param i32) (call $down (local.get 0))))"#;
    in_every_way(guest, |_, module| {
        let dropped = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        let mut store = Store::new(dropped.clone());
        let down = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, std::sync::Arc<std::sync::atomic::AtomicU32>>, n: i32| {
                let _guard = OnDrop(caller.data().clone());
                if n == 0 {
                    resume_unwind(Box::new("bottom"));
                }
                let instance = caller.instance().unwrap();
                typed::<i32, ()>(&mut caller, instance, "f", n - 1)
            },
        );
        let imports = Imports::new().define("host", "down", down).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let run = || typed::<i32, ()>(&mut store, instance, "f", 4);
        let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
        assert_eq!(payload.downcast_ref(), Some(&"bottom"));
        assert_eq!(dropped.load(std::sync::atomic::Ordering::Relaxed), 5);
    });
}

/// A trap, an error and a panic one after another: none is taken for another.
#[test]
fn reasons_are_not_mixed_up() {
    let guest = r#"(module
        (import "host" "f" (func $f (param i32)))
        (func (export "f") (param i32) (call $f (local.get 0)))
        (func (export "trap") unreachable))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let f = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, n: i32| {
            let instance = caller.instance().unwrap();
            match n {
                // A trap that is caught, then an error of our own.
                0 => {
                    let inner = typed::<(), ()>(&mut caller, instance, "trap", ());
                    assert_eq!(code(inner), TrapCode::Unreachable);
                    Err(Error::new(Own(0)))
                }
                // An error that is caught, then a trap.
                1 => {
                    let inner = typed::<i32, ()>(&mut caller, instance, "f", 0);
                    assert!(inner.unwrap_err().is::<Own>());
                    typed::<(), ()>(&mut caller, instance, "trap", ())
                }
                // Both, then success.
                2 => {
                    let inner = typed::<i32, ()>(&mut caller, instance, "f", 1);
                    assert_eq!(code(inner), TrapCode::Unreachable);
                    Ok(())
                }
                // All of that, a panic that is caught, then a panic.
                _ => {
                    typed::<i32, ()>(&mut caller, instance, "f", 2)?;
                    let run = || typed::<i32, ()>(&mut caller, instance, "f", n - 1);
                    if n > 3 {
                        catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
                    }
                    resume_unwind(Box::new(n))
                }
            }
        });
        let imports = Imports::new().define("host", "f", f).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let mut f = |n| typed::<i32, ()>(&mut store, instance, "f", n);
        assert!(f(0).unwrap_err().is::<Own>());
        assert_eq!(code(f(1)), TrapCode::Unreachable);
        f(2).unwrap();
        for n in [3, 4, 5] {
            let payload = catch_unwind(AssertUnwindSafe(|| f(n))).expect_err("a panic");
            assert_eq!(payload.downcast_ref(), Some(&n));
        }
        f(2).unwrap();
    });
}

/// The host uses its data, the caller's memory and other exports, and grows the memory meanwhile.
#[test]
fn host_functions_use_their_caller() {
    let guest = r#"(module
        (import "host" "upper" (func $upper (param i32 i32) (result i32)))
        (memory (export "memory") 1 4)
        (data (i32.const 100) "shout")
        (func (export "f") (result i32)
          (call $upper (i32.const 100) (i32.const 5))
          ;; The host has put something into the page that it has added.
          (i32.load8_u (i32.const 0x10005))
          i32.add
          (i32.load8_u (i32.const 100))
          i32.add))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(String::new());
        let upper = Func::wrap(
            &mut store,
            |mut caller: Caller<'_, String>, at: u32, len: u32| -> Result<i32> {
                let memory = caller.get_export("memory").unwrap().memory().unwrap();
                let range = at as usize..(at + len) as usize;
                let (bytes, text) = memory.data_and_store_mut(&mut caller);
                text.push_str(std::str::from_utf8(&bytes[range.clone()]).unwrap());
                bytes[range].make_ascii_uppercase();
                assert_eq!(memory.grow(&mut caller, 1)?, 1);
                memory.write(&mut caller, 0x1_0005, &[7])?;
                Ok(1000)
            },
        );
        let imports = Imports::new().define("host", "upper", upper).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let result = typed::<(), i32>(&mut store, instance, "f", ()).unwrap();
        assert_eq!(result, 1000 + 7 + i32::from(b'S'));
        assert_eq!(store.data(), "shout");
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(&memory.data(&store)[100..105], b"SHOUT");
        assert_eq!(store.into_data(), "shout");
    });
}

/// The instance that calls is the caller, not the one that a function was imported through.
#[test]
fn the_caller_is_who_calls() {
    let a = r#"(module
        (import "host" "who" (func $who (result i32)))
        (global (export "id") i32 (i32.const 1))
        (table (export "table") 1 funcref)
        (elem (i32.const 0) $who)
        (export "who" (func $who))
        (func (export "f") (result i32) (call $who)))"#;
    let b = r#"(module
        (import "a" "who" (func $who (result i32)))
        (import "a" "table" (table 1 funcref))
        (global (export "id") i32 (i32.const 2))
        (func (export "f") (result i32) (call $who))
        (func (export "indirect") (result i32) (call_indirect (result i32) (i32.const 0))))"#;
    together_in_every_way([("a", a), ("b", b)], |_, [a, b]| {
        let mut store = Store::new(());
        let who = Func::wrap(&mut store, |caller: Caller<'_, ()>| match caller.instance() {
            None => 0,
            Some(instance) => {
                let id = instance.get_global(&caller, "id").unwrap();
                id.get(&caller).i32().unwrap()
            }
        });
        let mut imports = Imports::new();
        let a = Instance::new(&mut store, a, imports.define("host", "who", who)).unwrap();
        imports.instance("a", &store, a);
        let b = Instance::new(&mut store, b, &imports).unwrap();
        let mut f = |instance, name| typed::<(), i32>(&mut store, instance, name, ()).unwrap();
        assert_eq!([f(a, "f"), f(b, "f"), f(b, "indirect")], [1, 2, 2]);
        // What was imported and is exported again is still the same function.
        assert_eq!(a.get_func(&store, "who"), Some(who));
        let result = who.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap();
        assert_eq!(result, 0);
    });
}

/// Fifty levels of guest and host in turn, values of all levels being kept.
#[test]
fn fifty_levels_deep() {
    let guest = r#"(module
        (import "host" "enter" (func $enter (param i32 i64) (result i64)))
        (memory (export "memory") 1)
        (func (export "f") (param i32 i64) (result i64) (local i64 f64)
          (local.set 2 (i64.mul (local.get 1) (i64.const 3)))
          (local.set 3 (f64.convert_i32_s (local.get 0)))
          (call $enter (local.get 0) (local.get 2))
          (i64.add (local.get 2))
          (i64.add (i64.trunc_f64_s (local.get 3)))))"#;
    fn expected(n: i32, x: i64) -> i64 {
        let y = x.wrapping_mul(3);
        let inner = if n == 0 { y } else { expected(n - 1, y) };
        inner.wrapping_add(y).wrapping_add(n.into())
    }
    in_every_way(guest, |_, module| {
        let mut store = Store::new(0);
        let enter = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, n: i32, x: i64| {
            *caller.data_mut() += 1;
            if n == 0 {
                return Ok(x);
            }
            let instance = caller.instance().unwrap();
            typed::<(i32, i64), i64>(&mut caller, instance, "f", (n - 1, x))
        });
        let imports = Imports::new().define("host", "enter", enter).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for n in [0, 1, 50] {
            let result = typed::<(i32, i64), i64>(&mut store, instance, "f", (n, 5)).unwrap();
            assert_eq!(result, expected(n, 5));
        }
        assert_eq!(*store.data(), 1 + 2 + 51);
    });
}

#[test]
fn calls_that_do_not_fit_are_refused() {
    let guest = r#"(module (func (export "f") (param i32 f64) (result i64) unreachable))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let f = instance.get_func(&store, "f").unwrap();
        let ok = [Val::I32(1), Val::F64(0)];
        let mut refused = |params: &[Val], results: &mut [Val]| {
            let error = f.call(&mut store, params, results).unwrap_err();
            assert!(error.trap().is_none());
            let text = error.to_string();
            assert!(text.contains("func(i32, f64) -> i64"), "{text}");
        };
        refused(&ok[..1], &mut [Val::I64(0)]);
        refused(&ok, &mut []);
        refused(&[Val::I32(1), Val::F32(0)], &mut [Val::I64(0)]);
        refused(&[], &mut [Val::I64(0)]);
        let error = f.typed::<(i32, f64), i32>(&store).unwrap_err().to_string();
        assert!(error.contains("func(i32, f64) -> i64"), "{error}");
        assert!(error.contains("func(i32, f64) -> i32"), "{error}");

        // A dynamic function that leaves a result of another type.
        let ty = FuncType::new([], [ValType::I64]);
        let wrong = Func::new(&mut store, ty, |_, _, results: &mut [Val]| {
            results[0] = Val::I32(0);
            Ok::<(), Error>(())
        });
        let error = wrong.call(&mut store, &[], &mut [Val::I64(0)]).unwrap_err();
        assert!(error.to_string().contains("to return i64, but returned i32"), "{error}");
    });
}

/// A handle belongs to its store; with another it is refused loudly, not believed.
#[test]
fn handles_of_another_store() {
    let guest = r#"(module
        (func (export "f") (param funcref))
        (memory (export "memory") 1)
        (table (export "table") 1 funcref)
        (global (export "global") i32 (i32.const 1)))"#;
    in_every_way(guest, |_, module| {
        let (mut one, mut other) = (Store::new(()), Store::new(()));
        let instance = instance(&mut one, module);
        let func = instance.get_func(&one, "f").unwrap();
        let memory = instance.get_memory(&one, "memory").unwrap();
        let table = instance.get_table(&one, "table").unwrap();
        let global = instance.get_global(&one, "global").unwrap();
        let theirs = Func::wrap(&mut other, || ());
        fn panics<T>(what: impl FnOnce() -> T) {
            assert!(catch_unwind(AssertUnwindSafe(what)).is_err());
        }
        panics(|| func.call(&mut other, &[Val::FuncRef(None)], &mut []));
        panics(|| func.call(&mut one, &[theirs.into()], &mut []));
        panics(|| memory.data(&other).len());
        panics(|| table.get(&other, 0));
        panics(|| global.get(&other));
        panics(|| instance.get_func(&other, "f"));
        panics(|| table.set(&mut one, 0, theirs.into()));
        // And nothing has happened to the store.
        func.call(&mut one, &[func.into()], &mut []).unwrap();
    });
}
