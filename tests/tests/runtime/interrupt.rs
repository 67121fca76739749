//! Guests that run for ever, and what ends them: a deadline, another thread, a time. A test in which
//! nothing ends a guest does not end itself, which is what a time limit on the tests is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use wasmaot::*;
use wasmaot_compiler::TrapStyle;
use wasmaot_tests::ways::{Way, compiled, in_every_way, loaded, with_options_in_every_way};

use crate::guests::*;

const SHORT: Duration = Duration::from_millis(20);

/// Runs a test with guests that look whether they are to stop.
fn looking(guest: &str, test: impl Fn(Way, Module)) {
    with_options_in_every_way(guest, |config| config.epochs = true, test);
}

/// Everything that goes on for ever, each in a manner of its own.
const FOREVER: &[&str] =
    &["loop", "loop_if", "nested", "writes", "recursion", "tail", "indirect", "table"];

const GUEST: &str = r#"(module
    (memory (export "memory") 1)
    (table funcref (elem $indirect))
    (type $none (func))
    (func (export "loop") (loop $l (br $l)))
    ;; Its condition never changes, and neither does anything in memory.
    (func (export "loop_if") (loop $l (br_if $l (i32.const 1))))
    (func (export "nested")
      (loop $a (loop $b (br_if $b (i32.load (i32.const 0)))) (br $a)))
    (func (export "writes")
      (loop $l (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (br $l)))
    ;; Never deep, always there.
    (func $halve (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $halve (i32.sub (local.get 0) (i32.const 1)))
                       (call $halve (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 1))))
    (func (export "recursion") (drop (call $halve (i32.const 1000))))
    (func $tail (export "tail") (return_call $other (i32.const 1)))
    (func $other (param i32) (return_call $tail))
    (func $indirect (export "indirect") (return_call_indirect (type $none) (i32.const 0)))
    (func (export "table") (local i32)
      (block $out
        (loop $l (local.set 0 (i32.and (i32.add (local.get 0) (i32.const 1)) (i32.const 1)))
          (br_table $l $l $out (local.get 0)))))
    (func (export "count") (param i32) (result i32) (local i32)
      (loop $l
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
      (local.get 1)))"#;

#[test]
fn another_thread_ends_whatever_runs() {
    looking(GUEST, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        // Without a limit they run.
        assert_eq!(typed::<i32, i32>(&mut store, instance, "count", 1000).unwrap(), 1000);
        for name in FOREVER {
            let handle = store.interrupt_handle();
            let ended = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::sleep(SHORT);
                    assert!(!ended.load(SeqCst), "{name} ended by itself");
                    handle.interrupt();
                });
                let trap = trap(call(&mut store, instance, name, &[]));
                ended.store(true, SeqCst);
                assert_eq!(trap.code(), TrapCode::Interrupted, "{name}");
                assert_eq!(trap.to_string().lines().next(), Some("wasm trap: interrupted"));
                let last = trap.frames().last().unwrap();
                assert!(last.wasm_offset().is_some());
            });
            // It stays so until somebody says otherwise.
            let again = typed::<i32, i32>(&mut store, instance, "count", 10);
            assert_eq!(code(again), TrapCode::Interrupted);
            store.clear_interrupt();
            assert_eq!(typed::<i32, i32>(&mut store, instance, "count", 10).unwrap(), 10);
        }
    });
}

#[test]
fn a_time_that_is_up() {
    looking(GUEST, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let start = Instant::now();
        let timer = store.interrupt_handle().interrupt_after(SHORT).unwrap();
        assert_eq!(code(call(&mut store, instance, "loop", &[])), TrapCode::Interrupted);
        assert!(start.elapsed() >= SHORT);
        drop(timer);
        store.clear_interrupt();
        // In time, nothing happens, then or later.
        let timer = store.interrupt_handle().interrupt_after(2 * SHORT).unwrap();
        typed::<i32, i32>(&mut store, instance, "count", 10).unwrap();
        drop(timer);
        let forever = store.interrupt_handle().interrupt_after(Duration::MAX).unwrap();
        thread::sleep(3 * SHORT);
        assert!(!store.interrupt_handle().is_interrupted());
        drop(forever);
    });
}

#[test]
fn deadlines_of_many_stores_by_one_clock() {
    looking(GUEST, |_, module| {
        let epoch = Epoch::new();
        let mut stores = [0, 1, 2].map(|_| Store::new(()));
        let instances = stores.each_mut().map(|store| instance(store, module));
        stores[0].set_deadline(&epoch, 2);
        stores[1].set_deadline(&epoch, 3);
        let mut state = || {
            let run = |(store, &instance)| match typed::<i32, i32>(store, instance, "count", 5) {
                Ok(5) => true,
                other => code(other) != TrapCode::Interrupted,
            };
            stores.iter_mut().zip(&instances).map(run).collect::<Vec<_>>()
        };
        assert_eq!(state(), [true, true, true]);
        epoch.advance();
        assert_eq!(state(), [true, true, true]);
        epoch.advance();
        assert_eq!(state(), [false, true, true]);
        epoch.advance();
        assert_eq!((state(), epoch.now()), (vec![false, false, true], 3));
        stores[0].set_deadline(&epoch, 1);
        stores[1].clear_deadline();
        stores[2].set_deadline(&epoch, 0);
        let mut state = || {
            let run = |(store, &instance)| typed::<i32, i32>(store, instance, "count", 5).is_ok();
            stores.iter_mut().zip(&instances).map(run).collect::<Vec<_>>()
        };
        assert_eq!(state(), [true, true, false]);
        epoch.advance();
        assert_eq!(state(), [false, true, false]);
        // What an interruption is, a deadline does not take back.
        stores[1].interrupt_handle().interrupt();
        stores[1].clear_deadline();
        let stopped = typed::<i32, i32>(&mut stores[1], instances[1], "count", 5);
        assert_eq!(code(stopped), TrapCode::Interrupted);
        // A store that is gone is no more trouble.
        stores[0].set_deadline(&epoch, 1);
        drop(stores);
        epoch.advance();
    });
}

#[test]
fn a_deadline_can_be_prolonged() {
    looking(GUEST, |_, module| {
        let epoch = Epoch::new();
        let mut store = Store::new(0);
        let instance = instance(&mut store, module);
        store.set_deadline(&epoch, 1);
        store.on_deadline(|asked| {
            *asked += 1;
            (*asked < 5).then_some(2)
        });
        let over = Arc::new(AtomicBool::new(false));
        let ticking = thread::spawn({
            let (epoch, over) = (epoch.clone(), over.clone());
            move || {
                while !over.load(SeqCst) {
                    epoch.advance();
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        let trap = trap(call(&mut store, instance, "writes", &[]));
        over.store(true, SeqCst);
        ticking.join().unwrap();
        assert_eq!((trap.code(), *store.data()), (TrapCode::Interrupted, 5));
        // 1 at first, then 2 four times.
        assert!(epoch.now() >= 9);
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_ne!(memory.data(&store)[8..12], [0; 4]);
        // An interruption is not for it to decide.
        store.clear_deadline();
        store.interrupt_handle().interrupt();
        assert_eq!(code(call(&mut store, instance, "loop", &[])), TrapCode::Interrupted);
        assert_eq!(*store.data(), 5);
    });
}

const WAITS: &str = r#"(module (memory (export "memory") 1 1 shared)
    (func (export "wait32") (param i64) (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0)))
    (func (export "wait64") (param i64) (result i32)
      (memory.atomic.wait64 (i32.const 8) (i64.const 0) (local.get 0))))"#;

/// Waits end, also those of modules that were compiled without epochs; and as they should if a
/// deadline was prolonged meanwhile.
#[test]
fn guests_that_wait() {
    in_every_way(WAITS, |_, module| {
        let mut store = Store::new(0);
        let instance = instance(&mut store, module);
        let wait = |store: &mut Store<i32>, name, timeout: i64| {
            typed::<i64, i32>(store, instance, name, timeout)
        };
        let shared = instance.get_memory(&store, "memory").unwrap();
        let shared = shared.as_shared(&store).unwrap();
        for name in ["wait32", "wait64"] {
            let timer = store.interrupt_handle().interrupt_after(SHORT).unwrap();
            let trap = trap(wait(&mut store, name, -1));
            assert_eq!((trap.code(), trap.frames().len()), (TrapCode::Interrupted, 1));
            drop(timer);
            // Nobody is left in the queue.
            assert_eq!(shared.atomic_notify(0, u32::MAX).unwrap(), 0);
            assert_eq!(shared.atomic_notify(8, u32::MAX).unwrap(), 0);
            // At once, if it was said before.
            assert_eq!(code(wait(&mut store, name, i64::MAX)), TrapCode::Interrupted);
            store.clear_interrupt();
            assert_eq!(wait(&mut store, name, 1000).unwrap(), 2);
        }
        // Asked in the midst of a wait, which then goes on.
        store.on_deadline(|asked| {
            *asked += 1;
            Some(1000)
        });
        let epoch = Epoch::new();
        store.set_deadline(&epoch, 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(SHORT);
                epoch.advance();
                while shared.atomic_notify(0, 1).unwrap() == 0 {
                    thread::yield_now();
                }
            });
            // Woken up in the end, by the other thread, which may be before it asked.
            assert_eq!(wait(&mut store, "wait32", -1).unwrap(), 0);
        });
        store.set_deadline(&epoch, 0);
        assert_eq!(wait(&mut store, "wait64", SHORT.as_nanos() as i64).unwrap(), 2);
        assert!(*store.data() >= 1);
    });
}

/// Functions of the host that block are woken up, by a function or a descriptor, and end with the trap.
#[test]
fn functions_of_the_host_that_block() {
    let guest = r#"(module (import "host" "block" (func $block))
        (func (export "run") (call $block)))"#;
    in_every_way(guest, |_, module| {
        let by_watch = |mut caller: Caller<'_, ()>| {
            let this = thread::current();
            let handle = caller.interrupt_handle();
            let watch = handle.watch(move || this.unpark());
            while !handle.is_interrupted() {
                thread::park();
            }
            drop(watch);
            caller.check_interrupt()
        };
        let by_event = |mut caller: Caller<'_, ()>| {
            let handle = caller.interrupt_handle();
            caller.check_interrupt()?;
            wait_for(handle.event()?);
            caller.check_interrupt()
        };
        let mut store = Store::new(());
        for f in [Func::wrap(&mut store, by_watch), Func::wrap(&mut store, by_event)] {
            let mut imports = Imports::new();
            imports.define("host", "block", f);
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            for _ in 0..2 {
                let timer = store.interrupt_handle().interrupt_after(SHORT).unwrap();
                let trap = trap(call(&mut store, instance, "run", &[]));
                assert_eq!(trap.code(), TrapCode::Interrupted);
                assert_eq!(trap.frames().len(), 1);
                drop(timer);
                // At once, as it is still so.
                assert_eq!(code(call(&mut store, instance, "run", &[])), TrapCode::Interrupted);
                store.clear_interrupt();
            }
        }
    });
}

/// Waits until a descriptor can be read.
fn wait_for(fd: std::os::fd::BorrowedFd<'_>) {
    use std::os::fd::AsRawFd;
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, alive.
    assert_eq!(unsafe { libc::poll(&mut poll, 1, 60_000) }, 1);
}

#[test]
fn watches_are_called_while_they_are_kept() {
    let store = Store::new(());
    let handle = store.interrupt_handle();
    let calls = Arc::new(AtomicU32::new(0));
    let watch = || {
        let calls = calls.clone();
        handle.watch(move || _ = calls.fetch_add(1, SeqCst))
    };
    let first = watch();
    let second = watch();
    assert_eq!(calls.load(SeqCst), 0);
    drop(first);
    handle.interrupt();
    assert_eq!(calls.load(SeqCst), 1);
    // One that comes late is called at once.
    let third = watch();
    assert_eq!(calls.load(SeqCst), 2);
    drop((second, third));
    handle.interrupt();
    assert_eq!(calls.load(SeqCst), 2);
    // One store's word can be passed on to another.
    let other = Store::new(());
    let theirs = other.interrupt_handle();
    let _passed_on = handle.watch(move || theirs.interrupt());
    assert!(other.interrupt_handle().is_interrupted());
}

/// A guest that is interrupted as often as can be makes no mistakes in between.
#[test]
fn interrupted_all_the_time() {
    let epochs = compiled(GUEST, &{
        let mut config = wasmaot_tests::config("guest", TrapStyle::Signals);
        config.epochs = true;
        config
    });
    let module = loaded(&[epochs])[0];
    let mut store = Store::new(());
    let instance = instance(&mut store, module);
    store.on_deadline(|_| Some(1));
    let epoch = Epoch::new();
    store.set_deadline(&epoch, 1);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                epoch.advance();
            }
        });
        for n in 1..200 {
            let counted = typed::<i32, i32>(&mut store, instance, "count", n * 100).unwrap();
            assert_eq!(counted, n * 100);
        }
        over.store(true, SeqCst);
    });
}
