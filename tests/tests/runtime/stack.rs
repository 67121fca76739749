//! Running out of stack: a trap on every thread, whatever the functions look like and whoever
//! calls whom, and all goes on afterwards.

use std::hint::black_box;
use std::thread;

use wasmaot::*;
use wasmaot_compiler::{OptLevel, TrapStyle, compile};
use wasmaot_tests::ways::{WAYS, Way, in_every_way, loaded};

use crate::child;
use crate::guests::*;

const RECURSIVE: &str = r#"(module
    (func $forever (export "forever") (param i64) (result i64)
      (i64.add (call $forever (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
    (func $ping (export "ping") (param i32) (result i32)
      (i32.add (call $pong (local.get 0) (f64.const 1)) (i32.const 1)))
    (func $pong (param i32 f64) (result i32)
      (i32.add (call $ping (local.get 0)) (i32.const 1)))
    (table funcref (elem $indirect))
    (func $indirect (export "indirect")
      (call_indirect (i32.const 0)) (call_indirect (i32.const 0)))
    (func $to (export "to") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0))
        (then (i32.const 0))
        (else (i32.add (call $to (i32.sub (local.get 0) (i32.const 1))) (i32.const 1))))))"#;

/// Exhausts the stack in several manners and checks that nothing is amiss.
fn exhaust(module: Module) {
    let mut store = Store::new(());
    let instance = instance(&mut store, module);
    for _ in 0..3 {
        let trap = trap(call(&mut store, instance, "forever", &[Val::I64(0)]));
        assert_eq!(trap.code(), TrapCode::StackOverflow);
        let names = |frame: &Frame| frame.func_name().unwrap().to_owned();
        assert!(trap.frames().iter().map(names).all(|name| name == "forever"));
        assert!(trap.frames().len() > 10);
        assert_eq!(code(call(&mut store, instance, "ping", &[Val::I32(0)])), trap.code());
        assert_eq!(code(call(&mut store, instance, "indirect", &[])), trap.code());
        assert_eq!(typed::<i32, i32>(&mut store, instance, "to", 100).unwrap(), 100);
    }
}

#[test]
fn on_threads_with_stacks_of_all_sizes() {
    in_every_way(RECURSIVE, |way, module| {
        // With explicit checks guests leave the last 96 KiB of any stack alone.
        let small = if way.traps == TrapStyle::Explicit { 192 << 10 } else { 64 << 10 };
        for size in [small, 256 << 10, 1 << 20, 32 << 20] {
            let thread = thread::Builder::new().stack_size(size);
            thread.spawn(move || exhaust(module)).unwrap().join().unwrap();
        }
    });
}

/// How deep a guest gets that goes as deep as it can.
fn depth(store: &mut Store<()>, instance: Instance) -> usize {
    let trap = trap(call(store, instance, "forever", &[Val::I64(0)]));
    assert_eq!(trap.code(), TrapCode::StackOverflow);
    trap.frames().len() + trap.frames_left_out()
}

/// Calls a function from deeper in the stack.
#[inline(never)]
fn further_down<R>(f: impl FnOnce() -> R) -> R {
    let frame = black_box([0u8; 300 << 10]);
    let result = f();
    black_box(frame);
    result
}

#[test]
fn a_store_may_have_less_than_there_is() {
    in_every_way(RECURSIVE, |_, module| {
        let test = move || {
            let mut store = Store::new(());
            store.limits_mut().stack = 128 << 10;
            let instance = instance(&mut store, module);
            let once = depth(&mut store, instance);
            // From wherever it is called.
            let down = further_down(|| depth(&mut store, instance));
            assert!(once.abs_diff(down) < 100, "{once} and {down}");
            // Frames are all alike, so twice as much is twice as deep.
            store.limits_mut().stack = 256 << 10;
            let twice = depth(&mut store, instance);
            assert!(twice.abs_diff(2 * once) < 100, "{once} and {twice}");
            // A frame may hold several levels.
            let level = (128 << 10) / (twice - once);
            assert!((4..256).contains(&level), "{level} bytes");
            // No more than the thread has.
            store.limits_mut().stack = usize::MAX - 1;
            let all = depth(&mut store, instance);
            store.limits_mut().stack = usize::MAX;
            assert!(all.abs_diff(depth(&mut store, instance)) < 100);
            assert!(all > 3 * twice);
            store.limits_mut().stack = 0;
            let trapped = call(&mut store, instance, "to", &[Val::I32(1000)]);
            assert_eq!(code(trapped), TrapCode::StackOverflow);
            // Other stores know nothing of it, and a guest that is made later does.
            exhaust(module);
            let later = self::instance(&mut store, module);
            let trapped = call(&mut store, later, "to", &[Val::I32(1000)]);
            assert_eq!(code(trapped), TrapCode::StackOverflow);
            // On another thread it is the same.
            store.limits_mut().stack = 256 << 10;
            let other = thread::scope(|scope| {
                let depth = || depth(&mut store, instance);
                let thread = thread::Builder::new().stack_size(4 << 20);
                thread.spawn_scoped(scope, depth).unwrap().join().unwrap()
            });
            assert!(other.abs_diff(twice) < 100);
        };
        thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
    });
}

/// Guests that call the host that calls guests, and so on, have all of them together the same.
#[test]
fn calls_between_host_and_guest_count_together() {
    let guest = r#"(module (import "host" "again" (func $again (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
          (i32.add (call $again (local.get 0)) (i32.const 1))))"#;
    in_every_way(guest, |_, module| {
        let run = move |stack: usize| {
            let mut store = Store::new((None, 0));
            store.limits_mut().stack = stack;
            let again = |mut caller: Caller<'_, (Option<TypedFunc<i32, i32>>, usize)>, n: i32| {
                caller.data_mut().1 += 1;
                let run = caller.data().0.expect("it is set");
                run.call(&mut caller, n)
            };
            let mut imports = Imports::new();
            imports.define("host", "again", Func::wrap(&mut store, again));
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            let func = instance.get_func(&store, "run").unwrap();
            let func = func.typed::<i32, i32>(&store).unwrap();
            store.data_mut().0 = Some(func);
            let error = func.call(&mut store, 1).unwrap_err();
            assert_eq!(error.trap().unwrap().code(), TrapCode::StackOverflow);
            store.data().1
        };
        let test = move || {
            let (once, twice) = (run(200 << 10), run(400 << 10));
            assert!(once > 10 && twice.abs_diff(2 * once) < 10, "{once} and {twice}");
        };
        thread::Builder::new().stack_size(8 << 20).spawn(test).unwrap().join().unwrap();
    });
}

/// A stack that leaves next to nothing for guests: they trap, if only while they are initialised.
#[test]
fn on_threads_with_stacks_that_are_too_small() {
    in_every_way(RECURSIVE, |_, module| {
        let body = move || {
            let mut store = Store::new(());
            let result = Instance::new(&mut store, module, &Imports::new());
            let run = |instance| typed::<i32, i32>(&mut store, instance, "to", 1);
            match result.and_then(run) {
                // The system may give more than it is asked for.
                Ok(result) => assert_eq!(result, 1),
                Err(error) => {
                    assert_eq!(error.trap().unwrap().code(), TrapCode::StackOverflow, "{error}");
                }
            }
        };
        thread::Builder::new().stack_size(16 << 10).spawn(body).unwrap().join().unwrap();
    });
}

/// As deep as the stack allows and not less: a frame takes some tens of bytes.
#[test]
fn deep_recursion_is_possible() {
    in_every_way(RECURSIVE, |_, module| {
        let deep = move || {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            assert_eq!(typed::<i32, i32>(&mut store, instance, "to", 30_000).unwrap(), 30_000);
        };
        thread::Builder::new().stack_size(8 << 20).spawn(deep).unwrap().join().unwrap();
    });
}

#[test]
fn on_the_main_thread() {
    child::succeeded(child::scenario("exhaust_main_stack"));
}

/// The main thread has what the limit says; without a limit guests still get an end.
#[test]
fn on_the_main_thread_with_another_limit() {
    for limit in ["ulimit -s 1024", "ulimit -s 32768", "ulimit -s unlimited"] {
        if let Some(command) = child::limited(limit, "exhaust_main_stack") {
            child::succeeded(command);
        }
    }
}

#[test]
fn on_threads_that_rust_did_not_make() {
    child::succeeded(child::scenario("exhaust_foreign_thread"));
}

/// Guest and host call each other until the stack is used up; the trap goes through all of them.
#[test]
fn mutual_recursion_through_the_host() {
    let guest = r#"(module
        (import "host" "again" (func $again (param i32) (result i32)))
        (func (export "f") (param i32) (result i32)
          (i32.add (call $again (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))"#;
    in_every_way(guest, |_, module| {
        for size in [256 << 10, 2 << 20] {
            let body = move || {
                let mut store = Store::new(0);
                let again = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, n: i32| {
                    *caller.data_mut() = n;
                    let instance = caller.instance().unwrap();
                    typed::<i32, i32>(caller, instance, "f", n)
                });
                let mut imports = Imports::new();
                imports.define("host", "again", again);
                let instance = Instance::new(&mut store, module, &imports).unwrap();
                for _ in 0..2 {
                    let trap = trap(typed::<i32, i32>(&mut store, instance, "f", 0));
                    assert_eq!(trap.code(), TrapCode::StackOverflow);
                    let depth = *store.data() as usize;
                    assert!(depth > 3, "only {depth} levels");
                    // Every level of the guest is there or counted.
                    assert_eq!(trap.frames().len() + trap.frames_left_out(), depth + 1);
                }
            };
            thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap();
        }
    });
}

/// Uses this much of the stack, at least.
#[inline(never)]
fn use_stack(bytes: usize) -> usize {
    let block = [1u8; 4096];
    let rest = if bytes > block.len() { use_stack(bytes - block.len()) } else { 0 };
    rest + usize::from(black_box(&block)[bytes % 4096])
}

/// The host's functions can rely on the stack that they are promised, however deep the guest is.
#[test]
fn host_functions_have_stack_left() {
    let guest = r#"(module
        (import "host" "work" (func $work))
        (func $f (export "f") (param i32) (result i32)
          (call $work)
          (i32.add (call $f (local.get 0)) (i32.const 1))))"#;
    in_every_way(guest, |Way { .. }, module| {
        let body = move || {
            let mut store = Store::new(0);
            let work = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| {
                *caller.data_mut() += 1;
                // Unoptimised code needs some for calling at all.
                if *caller.data() % 64 == 0 {
                    use_stack(128 << 10);
                }
            });
            let imports = Imports::new().define("host", "work", work).clone();
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            let result = typed::<i32, i32>(&mut store, instance, "f", 0);
            assert_eq!(code(result), TrapCode::StackOverflow);
            assert!(*store.data() > 1000);
        };
        thread::Builder::new().stack_size(1 << 20).spawn(body).unwrap().join().unwrap();
    });
}

/// A function whose locals are all needed after a call, so that its frame holds them: they come
/// from a memory that the call may change.
fn with_locals(locals: usize) -> String {
    let load = |i| format!("(i64.load offset={} (i32.const 0))", 8 * i);
    let set: String = (0..locals)
        .map(|i| {
            let value = format!("(i64.add (local.get 0) (i64.const {i}))");
            format!("(local.set {} (i64.add {} {value}))", i + 1, load(i))
        })
        .collect();
    let sum: String = (0..locals).map(|i| format!("(local.get {}) i64.xor ", i + 1)).collect();
    format!(
        r#"(module (memory 2) (func $f (export "f") (param i64) (result i64) (local{})
             {set}
             (if (i64.ne (local.get 0) (i64.const 0))
               (then (local.set 1 (call $f (i64.sub (local.get 0) (i64.const 1))))))
             (i64.const 0) {sum}))"#,
        " i64".repeat(locals)
    )
}

/// What [`with_locals`] computes.
fn with_locals_result(locals: i64, param: i64) -> i64 {
    let mut result = 0;
    for level in 0..=param {
        let first = if level == 0 { 0 } else { result };
        result = (1..locals).fold(first, |sum, i| sum ^ (level + i));
    }
    result
}

#[test]
fn functions_with_large_frames() {
    for locals in [500, 2_500, 9_000] {
        let wasm = wat::parse_str(with_locals(locals)).unwrap();
        // The quick allocation of registers is slow at very many.
        for way in WAYS.into_iter().filter(|w| locals < 5_000 || w.opt_level == OptLevel::Speed) {
            // A frame that is too large may be refused, but not run.
            let artifact = match compile(&wasm, &way.config("guest")) {
                Ok(artifact) => artifact,
                Err(error) => {
                    assert!(locals > 8_000, "{locals} locals, {way:?}: {error}");
                    println!("{locals} locals, {way:?}: refused: {error}");
                    continue;
                }
            };
            let module = loaded(&[artifact])[0];
            for size in [256 << 10, 2 << 20] {
                let body = move || {
                    let mut store = Store::new(());
                    let instance = instance(&mut store, module);
                    let result = typed::<i64, i64>(&mut store, instance, "f", i64::MAX);
                    assert_eq!(code(result), TrapCode::StackOverflow);
                    if size > 8 * 4 * locals {
                        let result = typed::<i64, i64>(&mut store, instance, "f", 2).unwrap();
                        assert_eq!(result, with_locals_result(locals as i64, 2));
                    }
                };
                thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap();
            }
        }
    }
}

/// A thousand parameters, the most there can be, travel on the stack.
#[test]
fn functions_with_many_parameters_and_results() {
    let n = 1000;
    let types = " i64".repeat(n);
    let pass: String = (0..n).map(|i| format!("(local.get {i})")).collect();
    let zeroes = "(i64.const 1)".repeat(n);
    let sum = "i64.add ".repeat(n - 1);
    let guest = format!(
        r#"(module
             (func $f (param{types}) (result{types}) {pass} call $f)
             (func (export "forever") {zeroes} call $f {drops})
             (func $id (param{types}) (result{types}) {pass})
             (func (export "sum") (result i64) {zeroes} call $id {sum}))"#,
        drops = "drop ".repeat(n),
    );
    in_every_way(guest, |_, module| {
        for size in [256 << 10, 2 << 20] {
            let body = move || {
                let mut store = Store::new(());
                let instance = instance(&mut store, module);
                let result = typed::<(), ()>(&mut store, instance, "forever", ());
                assert_eq!(code(result), TrapCode::StackOverflow);
                assert_eq!(typed::<(), i64>(&mut store, instance, "sum", ()).unwrap(), n as i64);
            };
            thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap();
        }
    });
}
