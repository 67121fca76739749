//! By the listing of a function's machine code.

use crate::config::{Config, OptLevel};

/// The listing of a module's only function.
fn listing(text: &str, opt_level: OptLevel) -> String {
    let wasm = wat::parse_str(text).unwrap();
    let config = Config::new("x86_64-unknown-linux-gnu");
    crate::dump::asm(&wasm, &Config { opt_level, ..config }).unwrap()
}

#[test]
fn the_end_of_a_loop_compares_what_goes_around() {
    // The bytes are read so that the loop is not empty.
    let code = listing(
        "(module (memory 1) (func (export \"f\") (result i32) (local $i i32) (local $sum i32)
           (loop $again
             (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
             (br_if $again
               (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 3))) (i32.const 3000))))
           (local.get $sum)))",
        OptLevel::Speed,
    );
    assert!(code.contains("$0xbb8"), "{code}"); // 3000, not the 2997 that it was before
    assert!(!code.contains("$0xbb5"), "{code}");
}

#[test]
fn what_leaves_a_loop_stands_behind_it() {
    let text = "(module (memory 1) (func (export \"f\") (param $at i32) (result i32)
        (loop $again
          (if (i32.load8_u (local.get $at))
            (then
              (local.set $at (i32.xor (local.get $at) (i32.const 1111)))
              (br $again))))
        (i32.mul (local.get $at) (i32.const 2222))))";
    let code = listing(text, OptLevel::Speed);
    let place = |number: &str| code.find(number).unwrap_or_else(|| panic!("no {number}: {code}"));
    assert!(place("$0x457") < place("$0x8ae"), "{code}"); // 1111 and 2222
}

#[test]
fn a_loop_between_calls_works_on_registers() {
    // Six values live across all calls, with the context more than registers do.
    let each = |text: &str| (0..6).map(|n| text.replace('N', &n.to_string())).collect::<String>();
    let text = format!(
        "(module
           (import \"\" \"g\" (func $g (result i32)))
           (import \"\" \"h\" (func $h (param i32)))
           (memory 1)
           (func (export \"f\") (local $i i32) {locals}
             {made}
             (loop $again
               (i32.store
                 (i32.add (local.get $i) (local.get $v0))
                 (i32.xor (local.get $i) (local.get $v1)))
               (local.set $i (i32.add (local.get $i) (i32.const 1111)))
               (br_if $again (i32.lt_u (local.get $i) (local.get $v2))))
             (if (call $g) (then {used}))
             {used}
             (call $h (local.get $i))))",
        locals = each("(local $vN i32)"),
        made = each("(local.set $vN (call $g))"),
        used = each("(call $h (local.get $vN))"),
    );
    let code = listing(&text, OptLevel::Speed);
    // From the addition to the way back.
    let lines = code.lines().skip_while(|line| !line.contains("0x457"));
    let lines: Vec<&str> = lines.take_while(|line| !line.contains("jmp")).collect();
    assert!(lines.len() > 2, "{code}");
    assert!(!lines.iter().any(|line| line.contains("%rsp")), "{code}");
}
