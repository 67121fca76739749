//! Threads: each with stores of its own, and stores that go from one to another.

use std::sync::{Arc, Barrier};
use std::thread;

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

const GUEST: &str = r#"(module
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (memory (export "memory") 1 4)
    (global $g (mut externref) (ref.null extern))
    (data (i32.const 100) "data")
    (func (export "add") (param i32 i32) (result i32)
      (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
      (call $add (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func $forever (export "forever") (param i32) (result i32)
      (i32.add (call $forever (i32.const 0)) (i32.const 1)))
    (func (export "swap") (param externref) (result externref)
      (global.get $g) (global.set $g (local.get 0))))"#;

fn set_up(module: Module) -> (Store<u32>, Instance) {
    let mut store = Store::new(0);
    let add = Func::wrap(&mut store, |mut caller: Caller<'_, u32>, a: i32, b: i32| {
        *caller.data_mut() += 1;
        a + b
    });
    let imports = Imports::new().define("host", "add", add).clone();
    let instance = Instance::new(&mut store, module, &imports).unwrap();
    (store, instance)
}

/// Uses an instance in all manners; `n` times so far.
fn exercise(store: &mut Store<u32>, instance: Instance, n: i32) {
    let sum = typed::<(i32, i32), i32>(&mut *store, instance, "add", (n, 1000)).unwrap();
    assert_eq!(sum, n + 1000);
    let load = |store: &mut Store<u32>, at| typed::<i32, i32>(store, instance, "load", at);
    assert_eq!(load(store, 0).unwrap(), n + 1);
    assert_eq!(*store.data(), n as u32 + 1);
    assert_eq!(load(store, 102).unwrap(), i32::from(b't'));
    assert_eq!(code(load(store, 65_536)), TrapCode::MemoryOutOfBounds);
    let overflow = trap(typed::<i32, i32>(&mut *store, instance, "forever", 0));
    assert_eq!(overflow.code(), TrapCode::StackOverflow);
    let value = Some(ExternRef::new(n));
    let former: Option<ExternRef> = typed(&mut *store, instance, "swap", value).unwrap();
    let former = former.map(|value| *value.data().downcast_ref::<i32>().unwrap());
    assert_eq!(former, (n > 0).then_some(n - 1));
}

fn on_a_thread<R: Send>(stack: usize, body: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(stack);
        thread.spawn_scoped(scope, body).unwrap().join().unwrap()
    })
}

/// All start at once, so that what happens once per program happens to several at a time.
#[test]
fn each_with_stores_of_its_own() {
    in_every_way(GUEST, |_, module| {
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|i| {
                let barrier = barrier.clone();
                let stack = if i % 2 == 0 { 256 << 10 } else { 1 << 20 };
                let body = move || {
                    barrier.wait();
                    let mut stores: Vec<_> = (0..3).map(|_| set_up(module)).collect();
                    for n in 0..20 {
                        for (store, instance) in &mut stores {
                            exercise(store, *instance, n);
                        }
                    }
                };
                thread::Builder::new().stack_size(stack).spawn(body).unwrap()
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A store goes from thread to thread, whose stacks lie elsewhere and are of other sizes; most
/// threads have ended by the next, so that what belongs to them is at the same addresses again.
#[test]
fn a_store_that_moves() {
    in_every_way(GUEST, |_, module| {
        let (mut store, instance) = set_up(module);
        let mut n = 0;
        for round in 0..15 {
            for stack in [2 << 20, 256 << 10, 128 << 10, 8 << 20] {
                on_a_thread(stack, || exercise(&mut store, instance, n));
                n += 1;
            }
            if round % 3 == 0 {
                exercise(&mut store, instance, n);
                n += 1;
            }
        }
    });
}

/// While one store's guest runs on a thread, it uses another store that has come from elsewhere,
/// with more instances made on each thread.
#[test]
fn stores_within_stores() {
    let guest = r#"(module
        (import "host" "deeper" (func $deeper (param i32) (result i32)))
        (func (export "f") (param i32) (result i32)
          (i32.add (call $deeper (local.get 0)) (i32.const 1)))
        (func (export "trap") unreachable))"#;
    type Inner = Option<Box<(Store<Level>, Instance)>>;
    struct Level(Inner);
    fn level(module: Module, inner: Inner) -> (Store<Level>, Instance) {
        let mut store = Store::new(Level(inner));
        let deeper = Func::wrap(&mut store, |mut caller: Caller<'_, Level>, n: i32| {
            let Some(inner) = &mut caller.data_mut().0 else { return Ok(n) };
            let (store, instance) = &mut **inner;
            let result = typed::<(), ()>(&mut *store, *instance, "trap", ());
            assert_eq!(code(result), TrapCode::Unreachable);
            typed::<i32, i32>(store, *instance, "f", n)
        });
        let imports = Imports::new().define("host", "deeper", deeper).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        (store, instance)
    }
    in_every_way(guest, |_, module| {
        let innermost = on_a_thread(1 << 20, || level(module, None));
        let middle = on_a_thread(256 << 10, || level(module, Some(Box::new(innermost))));
        let (mut store, instance) = level(module, Some(Box::new(middle)));
        for _ in 0..3 {
            assert_eq!(typed::<i32, i32>(&mut store, instance, "f", 5).unwrap(), 8);
            on_a_thread(256 << 10, || {
                assert_eq!(typed::<i32, i32>(&mut store, instance, "f", 6).unwrap(), 9);
            });
        }
    });
}

#[test]
fn a_thousand_stores() {
    in_every_way(GUEST, |_, module| {
        let mut stores: Vec<_> = (0..1_000).map(|_| set_up(module)).collect();
        let (half, rest) = stores.split_at_mut(500);
        let run = |stores: &mut [(Store<u32>, Instance)]| {
            for (store, instance) in stores {
                let sum = typed::<(i32, i32), i32>(&mut *store, *instance, "add", (1, 2));
                assert_eq!(sum.unwrap(), 3);
                let result = typed::<i32, i32>(&mut *store, *instance, "load", -1);
                assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| run(half));
            run(rest);
        });
        for (store, instance) in stores {
            let memory = instance.get_memory(&store, "memory").unwrap();
            assert_eq!((memory.data(&store)[0], store.into_data()), (1, 1));
        }
    });
}
