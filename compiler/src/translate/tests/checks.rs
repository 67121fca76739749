//! Which accesses of memory are compared with its length, and which leave that to guard pages.

use super::*;

/// A load of the guest's memory whose fault is a trap: a load without `notrap`.
const FAULTING: &str = "= load.i32 little ";

#[test]
fn a_shared_length_is_where_all_threads_see_it() {
    let wat = |memory: &str| {
        format!(r#"(module {memory} (func (export "f") (result i32) (memory.size)))"#)
    };
    let text = first(&wat("(memory 1 2 shared)"), &config(TrapStyle::Signals));
    assert!(text.contains("atomic_load.i64"), "{text}");
    let text = first(&wat("(memory 1 2)"), &config(TrapStyle::Signals));
    assert!(!text.contains("atomic_load"), "{text}");
}

#[test]
fn a_guarded_load_is_not_checked() {
    let text = first(LOAD, &config(TrapStyle::Signals));
    assert!(text.contains(FAULTING) && text.contains(" little "), "{text}");
    assert!(!text.contains("icmp") && !text.contains("trapnz"), "{text}");
}

#[test]
fn an_unguarded_load_is_checked_and_may_not_fault() {
    let text = first(LOAD, &config(TrapStyle::Explicit));
    assert!(text.contains("icmp ugt"), "{text}");
    assert!(!text.contains(FAULTING) && text.contains("load.i32 notrap little "), "{text}");
    assert_eq!(text.matches("cold").count(), 2, "the load's and the stack's: {text}");
}

#[test]
fn an_access_beyond_the_guard_is_checked() {
    let wat = LOAD.replace("i32.load", "i32.load offset=40000000");
    let text = first(&wat, &config(TrapStyle::Signals));
    assert!(text.contains("icmp ugt") && text.contains("trapnz"), "{text}");
    // 4 GiB and 32 MiB, less the end of the access.
    let last = (4 << 30) + (32 << 20) - 40_000_004;
    assert!(text.contains(&imm(last)), "{text}");
}

#[test]
fn a_small_reservation_makes_every_access_checked() {
    let mut config = config(TrapStyle::Signals);
    config.memory = MemoryStyle { reservation: 1 << 20, guard: 1 << 16 };
    // A memory that can grow beyond it: the length counts. What is behind may fault, or, where the
    // access reaches further than the guard, nothing.
    let text = first(LOAD, &config);
    assert!(text.contains("trapnz") && text.contains(FAULTING), "{text}");
    let text = first(&LOAD.replace("i32.load", "i32.load offset=65533"), &config);
    assert!(text.contains("trapnz") && !text.contains(FAULTING), "{text}");
    // One that cannot.
    let load = LOAD.replace("(memory 1)", "(memory 1 16)");
    let text = first(&load, &config);
    // What is there counts from the start of the guard, for an access that does not reach beyond.
    assert!(text.contains(&imm(1 << 20)), "{text}");
    assert!(text.contains("trapnz") && text.contains(FAULTING), "{text}");
    // An access that does.
    let text = first(&load.replace("i32.load", "i32.load offset=100000"), &config);
    assert!(text.contains(&imm((1 << 20) + (1 << 16) - 100_004)), "{text}");
    // One that no memory of that size could satisfy.
    let text = first(&load.replace("i32.load", "i32.load offset=2000000"), &config);
    assert!(text.contains("trap heap_oob") && !text.contains("icmp"), "{text}");
}

#[test]
fn constant_addresses_inside_need_no_check() {
    let wat = LOAD.replace("(local.get 0)", "(i32.const 65532)");
    let text = first(&wat, &config(TrapStyle::Explicit));
    assert!(!text.contains("icmp ugt"), "{text}");
    let wat = LOAD.replace("(local.get 0)", "(i32.const 65533)");
    let text = first(&wat, &config(TrapStyle::Explicit));
    assert!(text.contains("icmp ugt"), "{text}");
}

/// How many bounds checks a function makes whose parameters are two addresses.
fn checks(code: &str) -> usize {
    let wat = format!("(module (memory 1 2) (func (export \"f\") (param i32 i32) {code}))");
    let text = first(&wat, &config(TrapStyle::Explicit));
    text.matches(" ugt ").count()
}

#[test]
fn a_check_that_has_been_passed_is_not_repeated() {
    let load = |offset| format!("(drop (i32.load offset={offset} (local.get 0)))");
    let (a, b) = (load(8), load(4));
    assert_eq!(checks(&format!("{a}{a}{b}")), 1);
    assert_eq!(checks(&format!("{b}{a}{b}{a}")), 2, "an access further out");
    assert_eq!(checks(&format!("{a} (local.set 0 (local.get 1)) {a}")), 2, "another index");
    assert_eq!(checks(&format!("{a} (if (local.get 1) (then {b})) ")), 1, "a branch of it");
    assert_eq!(checks(&format!("(block (br_if 0 (local.get 1)) {a}) {a}")), 2, "paths meet");
    assert_eq!(checks(&format!("(if (local.get 1) (then {a})) {a}")), 2, "paths meet");
    assert_eq!(checks(&format!("(if (local.get 1) (then {a}) (else {a}))")), 2, "either path");
    assert_eq!(checks(&format!("{a} (loop {a} (br_if 0 (local.get 1)))")), 2, "a loop begins");
    assert_eq!(checks(&format!("(block (loop {a} (br_if 1 (local.get 1)))) {a}")), 2);
    assert_eq!(checks(&format!("(loop {a} (br_if 0 (local.get 1))) {a}")), 1, "a loop ends");
}

/// The bounds checks of a function whose parameter is a 64-bit address, and how many additions
/// and subtractions they take: the load's own is one.
fn wide_checks(memory: &str, traps: TrapStyle, offsets: &[u64]) -> (usize, usize) {
    let loads = offsets.iter().map(|o| format!("(drop (i32.load offset={o} (local.get 0)))"));
    let loads: String = loads.collect();
    let wat = format!("(module (memory {memory}) (func (export \"f\") (param i64) {loads}))");
    let text = first(&wat, &config(traps));
    (text.matches(" ugt ").count(), text.matches("isub").count())
}

#[test]
fn one_check_of_a_64_bit_address_serves_all_offsets_below_the_guard() {
    use TrapStyle::{Explicit, Signals};
    let near = [0, 8, 1 << 20, (32 << 20) - 4];
    for memory in ["i64 1", "i64 1 2", "i64 2 2", "i64 1 1000000"] {
        assert_eq!(wide_checks(memory, Signals, &near), (1, 0), "{memory}");
    }
    // One that reaches beyond needs its own.
    assert_eq!(wide_checks("i64 1", Signals, &[0, (32 << 20) - 3]).0, 3);
    assert_eq!(wide_checks("i64 1 1024", Signals, &[0, (32 << 20) - 3]).0, 2);
    // Without a guard each does that reaches further; up to the least length they do not wrap.
    assert_eq!(wide_checks("i64 1", Explicit, &[65532, 0, 8]), (1, 1));
    assert_eq!(wide_checks("i64 1", Explicit, &[0, 8, 65532]), (3, 3));
    assert_eq!(wide_checks("i64 1", Explicit, &[65533]), (2, 1));
    assert_eq!(wide_checks("i64 2 2", Explicit, &[100]), (1, 0));
    // Pages of one byte have no guard.
    assert_eq!(wide_checks("i64 100000 (pagesize 1)", Signals, &[0, 8]), (2, 2));
}
