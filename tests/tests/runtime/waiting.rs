//! Waiting and waking up: what guests get for it, and that no wake-up is lost under load. A test
//! in which nothing happens any more fails instead of running for ever.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;
use crate::shared::{memory, on_threads, with_memory};

const GUEST: &str = r#"(module (import "env" "memory" (memory 1 1 shared))
    (func (export "wait32") (param i32 i32 i64) (result i32)
      (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
      (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait_offset") (param i32 i32 i64) (result i32)
      (memory.atomic.wait32 offset=1024 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
      (memory.atomic.notify (local.get 0) (local.get 1)))
    (func (export "notify_offset") (param i32 i32) (result i32)
      (memory.atomic.notify offset=1000 (local.get 0) (local.get 1)))

    ;; Takes part in handing a number from thread to thread: $n hand-overs by thread $me of $all.
    (func (export "hand_over") (param $me i32) (param $all i32) (param $n i32) (local $now i32)
      (loop $next
        (loop $again
          (local.set $now (i32.atomic.load (i32.const 64)))
          (if (i32.ne (i32.rem_u (local.get $now) (local.get $all)) (local.get $me)) (then
            (drop (memory.atomic.wait32 (i32.const 64) (local.get $now) (i64.const -1)))
            (br $again))))
        (i32.atomic.store (i32.const 64) (i32.add (local.get $now) (i32.const 1)))
        (drop (memory.atomic.notify (i32.const 64) (i32.const -1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

    ;; Passes the ball to and fro: each waits at a place of its own, for 64 bits.
    (func (export "ball") (param $mine i32) (param $other i32) (param $n i32)
      (loop $next
        (loop $again
          (if (i64.eqz (i64.atomic.load (local.get $mine))) (then
            (drop (memory.atomic.wait64 (local.get $mine) (i64.const 0) (i64.const -1)))
            (br $again))))
        (i64.atomic.store (local.get $mine) (i64.const 0))
        (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
        (i64.atomic.store (local.get $other) (i64.const 1))
        (drop (memory.atomic.notify (local.get $other) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

    ;; A lock whose waiters sleep: 0 free, 1 taken, 2 taken and somebody may wait.
    (func $lock (local $c i32)
      (if (local.tee $c (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))
        (then
          (if (i32.ne (local.get $c) (i32.const 2)) (then
            (local.set $c (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2)))))
          (block $got (loop $again
            (br_if $got (i32.eqz (local.get $c)))
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 2) (i64.const -1)))
            (local.set $c (i32.atomic.rmw.xchg (i32.const 0) (i32.const 2)))
            (br $again))))))
    (func $unlock
      (if (i32.ne (i32.atomic.rmw.sub (i32.const 0) (i32.const 1)) (i32.const 1)) (then
        (i32.atomic.store (i32.const 0) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
    (func (export "count") (param $n i32)
      (loop $again
        (call $lock)
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (call $unlock)
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

    ;; Waits for a short time, over and over, until it was woken up $n times or told to stop; how
    ;; often it was woken up.
    (func (export "sleep") (param $n i32) (result i32) (local $woken i32)
      (loop $again
        (if (i32.eqz (memory.atomic.wait32 (i32.const 128) (i32.const 0) (i64.const 20000)))
          (then (local.set $woken (i32.add (local.get $woken) (i32.const 1)))))
        (br_if $again (i32.eqz (i32.atomic.load (i32.const 192)))))
      (local.get $woken)))"#;

/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs an export on several threads, with parameters for each, until all are done. The number at
/// 64 has to change all the time.
fn watched(module: Module, memory: &SharedMemory, name: &'static str, params: &[[i32; 3]]) {
    let (done, ends) = mpsc::channel();
    // Not scoped: if they are stuck, nobody waits for them.
    for &params in params {
        let (memory, done) = (memory.clone(), done.clone());
        thread::spawn(move || {
            let mut store = Store::new(());
            let instance = with_memory(&mut store, module, &memory);
            let params = params.map(Val::I32);
            let n = instance.get_func(&store, name).unwrap().ty(&store).params().len();
            let result = call(&mut store, instance, name, &params[..n]);
            _ = done.send(result.map(drop).map_err(|error| error.to_string()));
        });
    }
    let progress = || memory.atomic_u32(64).unwrap().load(SeqCst);
    let (mut left, mut last, mut since) = (params.len(), progress(), Instant::now());
    while left > 0 {
        match ends.recv_timeout(Duration::from_millis(100)) {
            Ok(result) => {
                result.unwrap();
                left -= 1;
            }
            Err(RecvTimeoutError::Timeout) if progress() != last => {
                (last, since) = (progress(), Instant::now());
            }
            Err(error) => {
                let stuck = error == RecvTimeoutError::Disconnected || since.elapsed() > PATIENCE;
                assert!(!stuck, "{left} threads sleep at {last}: a wake-up was lost");
            }
        }
    }
}

#[test]
fn waiting_ends_as_it_should() {
    in_every_way(GUEST, |_, module| {
        let memory = memory(1, 1);
        let mut store = Store::new(());
        let instance = with_memory(&mut store, module, &memory);
        memory.write(8, &0x1_2345_6789u64.to_le_bytes()).unwrap();
        let mut wait32 = |at: i32, value: i32, timeout: i64| {
            let before = Instant::now();
            let params = (at, value, timeout);
            let result = typed::<_, i32>(&mut store, instance, "wait32", params).unwrap();
            (result, before.elapsed())
        };
        assert_eq!(wait32(8, 0x2345_6788, -1).0, 1);
        assert_eq!(wait32(8, 0x2345_6789, 0).0, 2);
        for milliseconds in [1, 30] {
            let (result, time) = wait32(8, 0x2345_6789, milliseconds * 1_000_000);
            assert_eq!(result, 2);
            assert!(time >= Duration::from_millis(milliseconds as u64));
        }
        let mut wait64 = |value: i64, timeout: i64| {
            typed::<(i32, i64, i64), i32>(&mut store, instance, "wait64", (8, value, timeout))
        };
        assert_eq!(wait64(0x2345_6789, -1).unwrap(), 1);
        assert_eq!(wait64(0x1_2345_6789, 1000).unwrap(), 2);
        assert_eq!(typed::<_, i32>(&mut store, instance, "notify", (8, -1)).unwrap(), 0);
    });
}

/// Addresses count, however they come about; so does the memory. The host takes part.
#[test]
fn who_is_woken_up() {
    in_every_way(GUEST, |_, module| {
        let (memory, other) = (memory(1, 1), memory(1, 1));
        let results = on_threads(module, &memory, 4, |i, store, instance| {
            if i < 3 {
                // With and without an end, at 1056.
                let (name, at) = [("wait32", 1056), ("wait_offset", 32), ("wait32", 1056)][i];
                let timeout = [-1, i64::MAX, -1][i];
                return typed::<_, i32>(store, instance, name, (at, 0, timeout)).unwrap();
            }
            let mut elsewhere = Store::new(());
            let there = with_memory(&mut elsewhere, module, &other);
            let mut woken = 0;
            while woken < 2 {
                let nobody = typed::<_, i32>(&mut elsewhere, there, "notify", (1056, -1)).unwrap();
                assert_eq!(nobody, 0);
                let nobody = typed::<_, i32>(&mut *store, instance, "notify", (1052, -1)).unwrap();
                assert_eq!(nobody, 0);
                assert_eq!(typed::<_, i32>(&mut *store, instance, "notify", (1056, 0)).unwrap(), 0);
                woken += typed::<_, i32>(&mut *store, instance, "notify_offset", (56, 1)).unwrap();
            }
            while memory.atomic_notify(1056, u32::MAX).unwrap() == 0 {
                thread::yield_now();
            }
            woken
        });
        assert_eq!(results, [0, 0, 0, 2]);
    });
}

/// Four threads hand a number round, all waiting at one place, two pass a ball, four sleep at a
/// lock: all of it ends, each time.
#[test]
fn no_wake_up_is_lost() {
    in_every_way(GUEST, |way, module| {
        let n = if way.opt_level == wasmaot_compiler::OptLevel::Speed { 50_000 } else { 5_000 };
        let one = memory(1, 1);
        let rounds = n / 10;
        watched(module, &one, "hand_over", &[0, 1, 2, 3].map(|me| [me, 4, rounds]));
        assert_eq!(one.atomic_u32(64).unwrap().load(SeqCst), 4 * rounds as u32);

        let two = memory(1, 1);
        two.atomic_u64(512).unwrap().store(1u64.to_le(), SeqCst);
        watched(module, &two, "ball", &[[512, 1024, n], [1024, 512, n]]);
        assert_eq!(two.atomic_u32(64).unwrap().load(SeqCst), 2 * n as u32);
        assert_eq!(two.atomic_u64(512).unwrap().load(SeqCst), 1u64.to_le());

        let three = memory(1, 1);
        watched(module, &three, "count", &[[n / 2; 3]; 4]);
        assert_eq!(three.atomic_u32(64).unwrap().load(SeqCst), 4 * (n / 2) as u32);
        assert_eq!(three.atomic_u32(0).unwrap().load(SeqCst), 0);
    });
}

/// Waiters whose time is up just when they are woken up: as many were woken up as they were told.
#[test]
fn timeouts_and_wake_ups_at_once() {
    in_every_way(GUEST, |_, module| {
        let memory = memory(1, 1);
        let counts = on_threads(module, &memory, 4, |i, store, instance| {
            if i < 3 {
                return typed::<i32, i32>(store, instance, "sleep", 0).unwrap();
            }
            let mut told = 0;
            let until = Instant::now() + Duration::from_millis(300);
            while Instant::now() < until {
                told += typed::<_, i32>(&mut *store, instance, "notify", (128, 1)).unwrap();
            }
            memory.atomic_u32(192).unwrap().store(1, SeqCst);
            told
        });
        assert_eq!(counts[0] + counts[1] + counts[2], counts[3]);
        println!("{counts:?}");
    });
}
