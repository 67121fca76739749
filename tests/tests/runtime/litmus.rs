//! What threads may see of each other: the classic litmus tests, with guests in each role. Each
//! round has places of its own. Before it, the threads wait for each other, but not for long: one
//! that does not run keeps nobody from going on.
//!
//! And what is atomic is so as a whole: sums come out exactly, locks exclude.

use std::sync::atomic::Ordering::SeqCst;

use wasmaot_tests::ways::in_every_way;

use crate::guests::*;
use crate::shared::{memory, on_threads};

/// Rounds at a time.
const ROUNDS: u32 = 4000;
/// How often.
const TIMES: u32 = 10;
/// The bytes of a round: x, y and the results, each on a cache line of its own.
const RECORD: u32 = 192;
/// Where the first round's are. At 0 it is counted who has come to which round.
const FIRST: u32 = 64;
/// How often one looks whether the others have come, too.
const PATIENCE: u32 = 300;

/// A guest whose function `run` plays one of the roles, a round after the other. In a role, `$x`
/// and `$y` are addresses, and what it puts into `$r0` and `$r1` becomes its results.
fn guest(roles: &[&str]) -> String {
    let case = |(i, role): (usize, &&str)| {
        format!(
            r#"(if (i32.eq (local.get $role) (i32.const {i})) (then
                 {role}
                 (i64.store offset={} (local.get $x) (i64.or
                   (i64.shl (i64.extend_i32_u (i32.add (local.get $r1) (i32.const 1)))
                     (i64.const 32))
                   (i64.extend_i32_u (i32.add (local.get $r0) (i32.const 1)))))))"#,
            128 + 8 * i
        )
    };
    format!(
        r#"(module (import "env" "memory" (memory 1 100 shared))
             (func (export "run") (param $role i32) (param $n i32)
               (local $x i32) (local $y i32) (local $r0 i32) (local $r1 i32)
               (local $all i32) (local $spins i32)
               (local.set $x (i32.const {FIRST}))
               (loop $again
                 (local.set $y (i32.add (local.get $x) (i32.const 64)))
                 (local.set $all (i32.add (local.get $all) (i32.const {})))
                 (local.set $spins (i32.const {PATIENCE}))
                 (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
                 (block $come (loop $wait
                   (br_if $come
                     (i32.ge_u (i32.atomic.load (i32.const 0)) (local.get $all)))
                   (br_if $wait
                     (local.tee $spins (i32.sub (local.get $spins) (i32.const 1))))))
                 {}
                 (local.set $x (i32.add (local.get $x) (i32.const {RECORD})))
                 (br_if $again
                   (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#,
        roles.len(),
        roles.iter().enumerate().map(case).collect::<String>()
    )
}

/// Runs the roles against each other; `never` gets each round's final x and y and the results of
/// each role.
fn run(roles: &[&str], never: impl Fn([u32; 2], &[[u32; 2]]) -> bool) {
    in_every_way(guest(roles), |_, module| {
        let bytes = FIRST + RECORD * ROUNDS;
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..TIMES {
            let memory = memory(u64::from(bytes).div_ceil(65536), 100);
            on_threads(module, &memory, roles.len(), |role, store, instance| {
                let params = (role as i32, ROUNDS as i32);
                typed::<(i32, i32), ()>(store, instance, "run", params).unwrap();
            });
            let mut all = vec![0; bytes as usize];
            memory.read(0, &mut all).unwrap();
            for record in all[FIRST as usize..].chunks(RECORD as usize) {
                let word = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
                let ends = [word(0), word(64)];
                let results: Vec<_> = (0..roles.len())
                    .map(|role| [0, 4].map(|at| word(128 + 8 * role + at)))
                    .collect();
                assert!(results.iter().flatten().all(|&result| result > 0), "a role did not run");
                let results: Vec<_> =
                    results.iter().map(|results| results.map(|result| result - 1)).collect();
                assert!(!never(ends, &results), "x, y: {ends:?}; results: {results:?}");
                *seen.entry((ends, results)).or_insert(0) += 1;
            }
        }
        // Shown when the test fails, and to those who want to see how often the threads meet.
        println!("{seen:?}");
    });
}

/// Whoever sees the flag sees the message, which is written and read without being atomic.
#[test]
fn message_passing() {
    let send = "(i32.store (local.get $x) (i32.const 1))
                (i32.atomic.store (local.get $y) (i32.const 1))";
    let receive = "(local.set $r0 (i32.atomic.load (local.get $y)))
                   (local.set $r1 (i32.load (local.get $x)))";
    run(&[send, receive], |_, results| results[1] == [1, 0]);
}

/// Both write, then both read: one of them sees the other's. With stores, exchanges and fences.
/// (With plain stores neither does in one round of fifty, on an x86-64 of two processors.)
#[test]
fn store_buffering() {
    let exchange = "(drop (i32.atomic.rmw.xchg (local.get $a) (i32.const 1)))
                    (local.set $r0 (i32.atomic.load (local.get $b)))";
    let store = "(i32.atomic.store (local.get $a) (i32.const 1))
                 (local.set $r0 (i32.atomic.load (local.get $b)))";
    let fence = "(i32.store (local.get $a) (i32.const 1)) (atomic.fence)
                 (local.set $r0 (i32.load (local.get $b)))";
    let narrow = "(i64.atomic.store8 (local.get $a) (i64.const 1))
                  (local.set $r0 (i32.atomic.load16_u (local.get $b)))";
    for role in [exchange, store, fence, narrow] {
        let first = role.replace("$a", "$x").replace("$b", "$y");
        let second = role.replace("$a", "$y").replace("$b", "$x");
        run(&[&first, &second], |_, results| results[0][0] == 0 && results[1][0] == 0);
    }
}

/// Both read, then both write: neither sees what comes of its own write.
#[test]
fn load_buffering() {
    let role = "(local.set $r0 (i32.atomic.load (local.get $a)))
                (i32.atomic.store (local.get $b) (i32.const 1))";
    let first = role.replace("$a", "$x").replace("$b", "$y");
    let second = role.replace("$a", "$y").replace("$b", "$x");
    run(&[&first, &second], |_, results| results[0][0] == 1 && results[1][0] == 1);
}

/// Two write; two others agree on the order.
#[test]
fn independent_reads_of_independent_writes() {
    let write = |to: &str| format!("(i32.atomic.store (local.get {to}) (i32.const 1))");
    let read = |first: &str, second: &str| {
        format!(
            "(local.set $r0 (i32.atomic.load (local.get {first})))
             (local.set $r1 (i32.atomic.load (local.get {second})))"
        )
    };
    let roles = [write("$x"), write("$y"), read("$x", "$y"), read("$y", "$x")];
    let roles = roles.each_ref().map(|role| &**role);
    run(&roles, |_, results| results[2] == [1, 0] && results[3] == [1, 0]);
}

/// Each writes both, in opposite orders: the last writes are not each other's first.
#[test]
fn two_writes_each() {
    let role = "(i32.atomic.store (local.get $a) (i32.const 1))
                (i32.atomic.store (local.get $b) (i32.const 2))";
    let first = role.replace("$a", "$x").replace("$b", "$y");
    let second = role.replace("$a", "$y").replace("$b", "$x");
    run(&[&first, &second], |ends, _| ends == [1, 1]);
}

/// One place only: nobody sees the new value and then the old one, and 64 bits at once.
#[test]
fn one_place_has_one_history() {
    let write = "(i64.atomic.store (local.get $x) (i64.const 0x100000001))
                 (i64.atomic.store (local.get $x) (i64.const 0x200000002))";
    let read = "(local.set $r0 (i32.atomic.load (local.get $x)))
                (local.set $r1 (i32.wrap_i64 (i64.shr_u (i64.atomic.load (local.get $x))
                  (i64.const 32))))";
    run(&[write, read], |_, results| results[1][0] > results[1][1]);
}

/// Additions of every width, each thread's to its own place beside the others' or to one place of
/// all, are all there in the end.
#[test]
fn no_addition_is_lost() {
    let ops = [
        ("own8", "i32.atomic.rmw8.add_u", "i32", "(local.get $i)"),
        (
            "own16",
            "i64.atomic.rmw16.add_u",
            "i64",
            "(i32.add (i32.const 16)
            (i32.shl (local.get $i) (i32.const 1)))",
        ),
        ("all8", "i64.atomic.rmw8.add_u", "i64", "(i32.const 32)"),
        ("all16", "i32.atomic.rmw16.add_u", "i32", "(i32.const 34)"),
        ("all32", "i32.atomic.rmw.add", "i32", "(i32.const 36)"),
        ("all32of64", "i64.atomic.rmw32.add_u", "i64", "(i32.const 40)"),
        ("all64", "i64.atomic.rmw.add", "i64", "(i32.const 48)"),
        ("down64", "i64.atomic.rmw.sub", "i64", "(i32.const 56)"),
    ];
    let body: String =
        ops.iter().map(|(_, op, ty, at)| format!("(drop ({op} {at} ({ty}.const 1)))")).collect();
    let guest = format!(
        r#"(module (import "env" "memory" (memory 1 1 shared))
             ;; Adds without an instruction for it.
             (func $by_cas8 (local $old i32)
               (loop $again
                 (local.set $old (i32.atomic.load8_u (i32.const 33)))
                 (br_if $again (i32.ne (local.get $old)
                   (i32.atomic.rmw8.cmpxchg_u (i32.const 33) (local.get $old)
                     (i32.add (local.get $old) (i32.const 1)))))))
             (func $by_cas64 (local $old i64)
               (loop $again
                 (local.set $old (i64.atomic.load (i32.const 64)))
                 (br_if $again (i64.ne (local.get $old)
                   (i64.atomic.rmw.cmpxchg (i32.const 64) (local.get $old)
                     (i64.add (local.get $old) (i64.const 3)))))))
             (func (export "run") (param $i i32) (param $n i32)
               (loop $again {body} (call $by_cas8) (call $by_cas64)
                 (br_if $again
                   (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#
    );
    const THREADS: u64 = 4;
    const N: u64 = 25_007;
    in_every_way(guest, |_, module| {
        let memory = memory(1, 1);
        on_threads(module, &memory, THREADS as usize, |i, store, instance| {
            typed::<(i32, i32), ()>(store, instance, "run", (i as i32, N as i32)).unwrap();
        });
        let mut bytes = [0; 72];
        memory.read(0, &mut bytes).unwrap();
        let at = |at: usize, size: usize| {
            bytes[at..at + size].iter().rev().fold(0u64, |all, &byte| all << 8 | u64::from(byte))
        };
        for i in 0..THREADS as usize {
            assert_eq!(at(i, 1), N % 256);
            assert_eq!(at(16 + 2 * i, 2), N % 65536);
        }
        let all = THREADS * N;
        assert_eq!((at(4, 8), at(12, 4), at(24, 8)), (0, 0, 0));
        assert_eq!((at(32, 1), at(33, 1), at(34, 2)), (all % 256, all % 256, all % 65536));
        assert_eq!((at(36, 4), at(40, 4), at(44, 4)), (all, all, 0));
        assert_eq!((at(48, 8), at(56, 8), at(64, 8)), (all, all.wrapping_neg(), 3 * all));
    });
}

/// Bits set, cleared and flipped by one thread each in one byte, with neighbours that others use.
#[test]
fn bits_of_one_byte() {
    let guest = r#"(module (import "env" "memory" (memory 1 1 shared))
        (func (export "run") (param $bit i32) (param $n i32) (result i32) (local $lost i32)
          (loop $again
            ;; Who sets a bit finds it clear, who clears it finds it set.
            (local.set $lost (i32.or (local.get $lost) (i32.and (local.get $bit)
              (i32.atomic.rmw8.or_u (i32.const 5) (local.get $bit)))))
            (local.set $lost (i32.or (local.get $lost) (i32.and (local.get $bit)
              (i32.xor (i32.const -1)
                (i32.atomic.rmw8.xor_u (i32.const 5) (local.get $bit))))))
            (drop (i32.atomic.rmw8.or_u (i32.const 5) (local.get $bit)))
            (local.set $lost (i32.or (local.get $lost) (i32.and (local.get $bit)
              (i32.xor (i32.const -1) (i32.atomic.rmw8.and_u (i32.const 5)
                (i32.xor (i32.const 255) (local.get $bit)))))))
            (i32.atomic.store8 (i32.add (i32.const 6) (i32.ctz (local.get $bit)))
              (local.get $n))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $lost)))"#;
    in_every_way(guest, |_, module| {
        let memory = memory(1, 1);
        let lost = on_threads(module, &memory, 4, |i, store, instance| {
            typed::<(i32, i32), i32>(store, instance, "run", (1 << i, 20_000)).unwrap()
        });
        assert_eq!(lost, [0; 4]);
        let mut bytes = [9; 6];
        memory.read(5, &mut bytes).unwrap();
        assert_eq!(bytes, [0, 1, 1, 1, 1, 0]);
    });
}

/// A lock made of compare-and-exchange, and what it guards: plain accesses, of several kinds.
#[test]
fn a_lock_guards_what_is_not_atomic() {
    let guest = r#"(module (import "env" "memory" (memory 1 1 shared))
        (func $lock
          (loop $again
            (br_if $again
              (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))))
        (func $unlock (i32.atomic.store (i32.const 0) (i32.const 0)))
        (func (export "run") (param $n i32)
          (loop $again
            (call $lock)
            (i64.store (i32.const 65) (i64.add (i64.load (i32.const 65)) (i64.const 1)))
            (f64.store (i32.const 128) (f64.add (f64.load (i32.const 128)) (f64.const 1)))
            (i32.store16 (i32.const 200) (i32.add (i32.load16_u (i32.const 200)) (i32.const 1)))
            (memory.copy (i32.const 300) (i32.const 65) (i32.const 8))
            (call $unlock)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    const N: u64 = 10_000;
    in_every_way(guest, |_, module| {
        let memory = memory(1, 1);
        on_threads(module, &memory, 4, |_, store, instance| {
            typed::<i32, ()>(store, instance, "run", N as i32).unwrap();
        });
        let (mut count, mut float, mut half, mut copy) = ([0; 8], [0; 8], [0; 2], [0; 8]);
        memory.read(65, &mut count).unwrap();
        memory.read(128, &mut float).unwrap();
        memory.read(200, &mut half).unwrap();
        memory.read(300, &mut copy).unwrap();
        assert_eq!((u64::from_le_bytes(count), u64::from_le_bytes(copy)), (4 * N, 4 * N));
        assert_eq!(f64::from_le_bytes(float), 4.0 * N as f64);
        assert_eq!(u64::from(u16::from_le_bytes(half)), 4 * N % 65536);
        assert_eq!(memory.atomic_u32(0).unwrap().load(SeqCst), 0);
    });
}
