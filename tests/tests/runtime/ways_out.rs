//! Ways out of guests to functions of the host: those that guests call with nothing in between, as their
//! arguments go in registers, and those that something translates for. What arrives, what becomes
//! of failures, and what the runtime knows meanwhile of the guests that called.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

#[derive(Debug, PartialEq)]
struct Failed(i32);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "failed with {}", self.0)
    }
}

impl std::error::Error for Failed {}

/// A type of functions, and how to make a function of the host that has it.
struct Shape {
    params: &'static [&'static str],
    result: &'static str,
    make: fn(&mut Store<()>) -> Func,
}

/// The sum of the first, twice the second, and so on; fails or panics by the first.
fn weigh(values: &[f64]) -> Result<f64, Failed> {
    match values[0] {
        -1.0 => Err(Failed(values.len() as i32)),
        -2.0 => panic_any(values.len()),
        _ => Ok((1..).zip(values).map(|(weight, value)| f64::from(weight) * value).sum()),
    }
}

macro_rules! shapes {
    ($(($($param:ident: $ty:ident),*) -> $result:ident;)*) => {
        [$(Shape {
            params: &[$(stringify!($ty)),*],
            result: stringify!($result),
            make: |store| Func::wrap(store, |$($param: $ty),*| -> Result<$result, Failed> {
                Ok(weigh(&[$($param as f64),*])? as $result)
            }),
        }),*]
    };
}

/// As many parameters as x86-64 has registers for (four integers beside the contexts, eight
/// floating-point numbers), one less, one more, and several, which leaves even and odd numbers of them on
/// the stack; and each kind of result.
#[rustfmt::skip]
const SHAPES: [Shape; 15] = shapes! {
    (a: i32) -> i32;
    (a: f32, b: f32) -> f32;
    (a: f64, b: i32, c: f32, d: i64) -> f64;
    (a: i64, b: i32, c: i64) -> i64;
    (a: i64, b: i32, c: i64, d: i32) -> i64;
    (a: i32, b: i64, c: i32, d: i64, e: i32) -> i64;
    (a: i32, b: i64, c: i32, d: i64, e: i32, f: i64, g: i32, h: i64) -> i64;
    (a: f64, b: f32, c: f64, d: f32, e: f64, f: f32, g: f64) -> f32;
    (a: f64, b: f32, c: f64, d: f32, e: f64, f: f32, g: f64, h: f32) -> f64;
    (a: f64, b: f32, c: f64, d: f32, e: f64, f: f32, g: f64, h: f32, i: f64) -> f64;
    (a: f64, b: i32, c: f64, d: i64, e: f32, f: i32, g: f32, h: i64, i: f64, j: f32, k: f64, l: f32) -> i32;
    (a: f64, b: i32, c: f64, d: i64, e: f32, f: i32, g: f32, h: i64, i: f64, j: f32, k: f64, l: f32, m: i32) -> i32;
    (a: f64, b: i32, c: f64, d: i64, e: f32, f: i32, g: f32, h: i64, i: f64, j: f32, k: f64, l: f32, m: f32) -> f32;
    (a: i32, b: f64, c: i64, d: f64, e: i32, f: f32, g: i64, h: f64, i: i32, j: f32, k: i64, l: f64, m: i32, n: f32, o: f64) -> f64;
    (a: i32, b: f64, c: i64, d: f64, e: i32, f: f32, g: i64, h: f64, i: i32, j: f32, k: i64, l: f64, m: f64, n: f32, o: f64, p: f32) -> i64;
};

fn value(ty: &str, number: f64) -> Val {
    match ty {
        "i32" => (number as i32).into(),
        "i64" => (number as i64).into(),
        "f32" => (number as f32).into(),
        _ => number.into(),
    }
}

fn number(value: &Val) -> f64 {
    match value {
        Val::I32(value) => f64::from(*value),
        Val::I64(value) => *value as f64,
        _ => value.f32().map_or_else(|| value.f64().expect("a number"), f64::from),
    }
}

#[test]
fn arguments_and_results_by_registers_and_beyond() {
    let mut guest = String::new();
    for (n, Shape { params, result, .. }) in SHAPES.iter().enumerate() {
        let ty = format!("(param {}) (result {result})", params.join(" "));
        guest.insert_str(0, &format!("(import \"host\" \"{n}\" (func $host{n} {ty}))"));
        // What is there is needed after the first call, too.
        let pass: String = (0..params.len()).map(|i| format!("(local.get {i})")).collect();
        let call = format!("(call $host{n} {pass})");
        guest += &format!("(func (export \"{n}\") {ty} ({result}.add {call} {call}))");
    }
    in_every_way(format!("(module {guest})"), |_, module| {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        for (n, shape) in SHAPES.iter().enumerate() {
            imports.define("host", &n.to_string(), (shape.make)(&mut store));
        }
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        // Values of the host are collected in one turn, so that functions take the other path.
        for collect in [false, true] {
            store.set_collect_always(collect);
            for (n, Shape { params, .. }) in SHAPES.iter().enumerate() {
                let mut run = |first: f64| {
                    let numbers = (0..params.len()).map(|i| first + 7.0 * i as f64);
                    let values: Vec<_> =
                        params.iter().zip(numbers).map(|(ty, n)| value(ty, n)).collect();
                    call(&mut store, instance, &n.to_string(), &values)
                };
                // Of n values: 3 n (n + 1) / 2 for the threes, and 7 times the sum of i (i + 1).
                let count = params.len();
                let once = 3 * count * (count + 1) / 2 + 7 * (count - 1) * count * (count + 1) / 3;
                assert_eq!(number(&run(3.0).unwrap()[0]), 2.0 * once as f64, "{n}");
                let error = run(-1.0).unwrap_err();
                assert_eq!(error.downcast_ref(), Some(&Failed(count as i32)), "{n}");
                let panic = catch_unwind(AssertUnwindSafe(|| run(-2.0))).unwrap_err();
                assert_eq!(panic.downcast_ref(), Some(&count), "{n}");
                assert_eq!(number(&run(3.0).unwrap()[0]), 2.0 * once as f64, "{n}");
            }
        }
    });
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

/// Notes when it is dropped.
struct OnDrop(Log, i32);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(format!("{} dropped", self.1));
    }
}

/// The names of the guest's functions that are running, innermost first, by way of a trap.
fn running<T>(caller: &mut Caller<'_, T>) -> Vec<String> {
    let instance = caller.instance().expect("a guest");
    let trap = trap(typed::<(), ()>(caller, instance, "trap", ()));
    let mut names = trap.frames().iter().map(|frame| frame.func_name().unwrap().to_owned());
    assert_eq!(names.next().as_deref(), Some("trap"));
    names.collect()
}

/// An error three levels down: what lives in each function of the host is dropped before the next
/// one sees the error, and the runtime knows again who called that one.
#[test]
fn errors_of_functions_deep_inside() {
    let guest = r#"(module
        (import "host" "descend" (func $descend (param i32) (result i32)))
        (func $top (export "top") (param i32) (result i32)
          (i32.add (call $middle (local.get 0)) (i32.const 1)))
        (func $middle (param i32) (result i32)
          (i32.add (call $descend (local.get 0)) (i32.const 1)))
        (func $trap (export "trap") unreachable))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Log::default());
        let descend = |mut caller: Caller<'_, Log>, n: i32| -> Result<i32> {
            let log = caller.data().clone();
            let _guard = OnDrop(log.clone(), n);
            if n == 0 {
                return Err(Error::new(Failed(0)));
            }
            let instance = caller.instance().unwrap();
            let result = typed::<i32, i32>(&mut caller, instance, "top", n - 1);
            let error = result.unwrap_err();
            log.add(format!("{n}: {error}"));
            assert_eq!(running(&mut caller), ["middle", "top"].repeat(4 - n as usize));
            Err(error)
        };
        let descend = Func::wrap(&mut store, descend);
        let imports = Imports::new().define("host", "descend", descend).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let error = typed::<i32, i32>(&mut store, instance, "top", 3).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Failed(0)));
        let expected = [
            "0 dropped",
            "1: failed with 0",
            "1 dropped",
            "2: failed with 0",
            "2 dropped",
            "3: failed with 0",
            "3 dropped",
        ];
        assert_eq!(*store.data().0.lock().unwrap(), expected);
    });
}

/// Whichever way a guest comes to a function of the host: the runtime knows which of the guest's
/// functions are running, and finds the values of the host in them.
#[test]
fn who_called_is_known_however_it_did() {
    let ways = [
        ("call", "(call $look (local.get 1))", false),
        ("tail", "(return_call $look (local.get 1))", true),
        ("indirect", "(call_indirect $table (type $look) (local.get 1) (i32.const 0))", false),
        (
            "indirect_tail",
            "(return_call_indirect $table (type $look) (local.get 1) (i32.const 0))",
            true,
        ),
        ("reference", "(call_ref $look (local.get 1) (ref.func $look))", false),
        (
            "many",
            "(call $many (local.get 1) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))",
            false,
        ),
        // A tail call that has more arguments on the stack than its caller has.
        (
            "many_tail",
            "(return_call $many (local.get 1) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))",
            true,
        ),
    ];
    let functions: String = ways
        .iter()
        .map(|(name, body, _)| {
            format!(
                r#"(func $by_{name} (param i32 i64) (result i64) {body})
                   (func $top_{name} (export "{name}") (param externref i64) (result i64)
                     (call $by_{name} (i32.const 1) (local.get 1))
                     (i64.add (call $read (local.get 0))))"#
            )
        })
        .collect();
    let guest = format!(
        r#"(module
             (type $look (func (param i64) (result i64)))
             (import "host" "look" (func $look (type $look)))
             (import "host" "many" (func $many (param i64 i64 i64 i64 i64) (result i64)))
             (import "host" "read" (func $read (param externref) (result i64)))
             (table $table (export "table") 1 funcref)
             (elem (table $table) (i32.const 0) func $look)
             {functions}
             (func $trap (export "trap") unreachable))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(Vec::new());
        store.set_collect_always(true);
        fn look(caller: &mut Caller<'_, Vec<String>>) {
            let names = running(caller);
            *caller.data_mut() = names;
        }
        let one = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<String>>, n: i64| {
            look(&mut caller);
            n * 2
        });
        let many = |mut caller: Caller<'_, Vec<String>>, n: i64, a: i64, b: i64, c: i64, d: i64| {
            look(&mut caller);
            n * 2 + a + b + c + d - 10
        };
        let many = Func::wrap(&mut store, many);
        let read = Func::wrap(&mut store, |value: Option<ExternRef>| {
            *value.expect("a value").data().downcast_ref::<i64>().expect("a number")
        });
        let mut imports = Imports::new();
        imports.define("host", "look", one).define("host", "many", many);
        let instance =
            Instance::new(&mut store, module, imports.define("host", "read", read)).unwrap();
        for (name, _, tail) in ways {
            // Of what the store knows, the guest has the only reference.
            let params = [ExternRef::new(1000_i64).into(), 7_i64.into()];
            let func = instance.get_func(&store, name).unwrap();
            let mut results = [Val::I64(0)];
            func.call(&mut store, &params, &mut results).unwrap();
            drop(params);
            assert_eq!(results[0].i64(), Some(1014), "{name}");
            let (own, top) = (format!("by_{name}"), format!("top_{name}"));
            let expected = if tail { vec![top] } else { vec![own, top] };
            assert_eq!(*store.data(), expected);
        }
    });
}

#[inline(never)]
fn further_out(store: &mut Store<()>, instance: Instance, name: &str) -> i64 {
    typed(store, instance, name, 70_i64).unwrap()
}

/// The platform's unwinder finds its way from a function of the host through the guest to who called
/// that, whether there are arguments on the stack or not.
#[test]
fn unwinders_go_on_through_guests() {
    let guest = r#"(module
        (import "host" "few" (func $few (param i64) (result i64)))
        (import "host" "many" (func $many (param i64 i64 i64 i64 i64) (result i64)))
        (func (export "few") (param i64) (result i64) (call $few (local.get 0)))
        (func (export "many") (param i64) (result i64)
          (call $many (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        fn seen() -> i64 {
            let names = std::backtrace::Backtrace::force_capture().to_string();
            i64::from(names.contains("further_out"))
        }
        let few = Func::wrap(&mut store, |n: i64| n + seen());
        let many = |n: i64, a: i64, b: i64, c: i64, d: i64| n + a + b + c + d - 10 + seen();
        let many = Func::wrap(&mut store, many);
        let mut imports = Imports::new();
        imports.define("host", "few", few).define("host", "many", many);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        for name in ["few", "many"] {
            assert_eq!(further_out(&mut store, instance, name), 71, "{name}");
        }
    });
}
