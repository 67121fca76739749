//! Branch hints: what they call unlikely is laid out of line.

use super::*;

/// What is added to the numbers, which tells them from those that translation makes.
const MARK: i64 = 1000;

/// Whether each of the numbers in `iconst.i32` instructions, less the mark, is in a cold block.
fn cold_numbers(code: &str) -> Vec<(i64, bool)> {
    let wat = format!(
        r#"(module (global $g (mut i32) (i32.const 0)) (func (export "f") (param i32) {code}))"#
    );
    let text = first(&wat, &config(TrapStyle::Signals));
    let mut numbers = Vec::new();
    let mut cold = false;
    for line in text.lines() {
        if line.trim_start().starts_with("block") {
            cold = line.contains(" cold:");
        } else if let Some((_, number)) = line.split_once("iconst.i32 ") {
            let number: i64 = number.parse().unwrap();
            numbers.extend((number >= MARK).then_some((number - MARK, cold)));
        }
    }
    numbers.sort_unstable();
    numbers
}

#[test]
fn hints_make_cold_what_only_unlikely_branches_lead_to() {
    let set = |number: i64| format!("(global.set $g (i32.const {}))", MARK + number);
    let [s1, s2, s3, s4] = [1, 2, 3, 4].map(set);
    let hint = |taken: bool| format!(r#"(@metadata.code.branch_hint "\0{}")"#, u8::from(taken));
    let (rare, often) = (hint(false), hint(true));
    let cold = |code: &str| {
        let cold = cold_numbers(code).into_iter().filter(|(_, cold)| *cold);
        cold.map(|(number, _)| number.to_string()).collect::<String>()
    };
    let if_ = |hint: &str| cold(&format!("{hint} (if (local.get 0) (then {s1}) (else {s2})) {s3}"));
    assert_eq!(if_(""), "");
    assert_eq!(if_(&rare), "1");
    assert_eq!(if_(&often), "2");
    // Without an `else`, and with all that is in the unlikely arm.
    assert_eq!(
        cold(&format!(
            "{rare} (if (local.get 0) (then (block {s1} (br_if 0 (local.get 0)) {s2}) (if (local.get 0) (then {s3})))) {s4}"
        )),
        "123"
    );
    assert_eq!(cold(&format!("{often} (if (local.get 0) (then {s1} (return))) {s2}")), "2");
    // Out of a block, to what comes after it.
    let br_if = |hint: &str, end: &str| {
        cold(&format!("(block {hint} (br_if 0 (local.get 0)) {s1} {end}) {s2}"))
    };
    assert_eq!(br_if("", ""), "");
    assert_eq!(br_if(&often, ""), "1");
    assert_eq!(br_if(&rare, ""), "", "the other way leads there too");
    assert_eq!(br_if(&rare, "(return)"), "2");
    // Back to the start of a loop.
    for hint in [&rare, &often] {
        assert_eq!(cold(&format!("(loop {s1} {hint} (br_if 0 (local.get 0)) {s2}) {s3}")), "");
    }
    // An unlikely loop and a table of branches in an unlikely arm.
    assert_eq!(
        cold(&format!(
            "{rare} (if (local.get 0) (then (loop {s1} (block (br_table 0 1 2 (local.get 0))) {s2}))) {s3}"
        )),
        "12"
    );
    // Elsewhere a hint means nothing.
    assert_eq!(cold(&format!("(block {s1} {rare} (br 0)) {s2}")), "");
}

#[test]
fn hints_of_every_kind_compile() {
    let hint = |taken: u8| format!(r#"(@metadata.code.branch_hint "\0{taken}")"#);
    for (one, two) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let (one, two) = (hint(one), hint(two));
        compile_everywhere(&format!(
            r#"(module (memory 1) (func (export "f") (param i32 i64) (result i64 i32)
                (local.get 1) (local.get 0)
                (block (param i64 i32) (result i64 i32)
                    {one} (br_if 0 (local.get 0))
                    (loop (param i64 i32) (result i64 i32)
                        {two} (br_if 0 (i32.load (local.get 0)))
                        {one} (if (param i64 i32) (result i64 i32) (local.get 0)
                            (then {two} (br_if 1 (local.get 0)) (br 1))
                            (else {two} (br_if 3 (i32.load8_u (local.get 0))) (unreachable)))))))"#
        ));
    }
}
