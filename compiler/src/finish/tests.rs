//! By the listing of a function's machine code.

use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstBuilder as _, Opcode, types};

use super::turns::SHORT;
use crate::config::{Config, MemoryStyle, OptLevel};

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

/// How often the turn of a loop stands in the code of a function. It walks along a list; `$i` counts.
fn turns(again: &str, behind: &str, opt_level: OptLevel) -> usize {
    let text = format!(
        "(module (memory 1) (func (export \"f\") (param $p i32) (param $n i32) (result i32)
           (local $i i32) (local $old i32)
           (loop $again
             (local.set $old (local.get $p))
             (local.set $p (i32.xor (i32.load (local.get $p)) (i32.const 1111)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if $again {again}))
           {behind}))"
    );
    listing(&text, opt_level).matches("$0x457").count()
}

#[test]
fn a_loop_that_searches_is_two_turns_long() {
    let count = "(local.get $i)";
    for again in ["(local.get $p)", "(i32.lt_u (local.get $p) (local.get $n))"] {
        assert_eq!(turns(again, count, OptLevel::Speed), 2, "{again}");
        assert_eq!(turns(again, count, OptLevel::SpeedAndSize), 1, "{again}");
        // Too much is known behind it.
        let both = "(i32.add (local.get $i) (local.get $old))";
        assert_eq!(turns(again, both, OptLevel::Speed), 1, "{again}");
        // Too much is done.
        let long = format!("{}{again}{}", "(i32.clz ".repeat(SHORT), ")".repeat(SHORT));
        assert_eq!(turns(&long, count, OptLevel::Speed), 1, "{again}");
    }
    // These count.
    for again in [
        "(i32.ne (local.get $i) (local.get $n))",
        "(i32.lt_s (local.get $i) (i32.const 99))",
        "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))",
    ] {
        assert_eq!(turns(again, "(local.get $p)", OptLevel::Speed), 1, "{again}");
    }
}

/// The listing of a function whose loop adds to an array, at these places, from one turn to the next.
fn sums(from: &str, to: &str, opt_level: OptLevel) -> String {
    let text = format!(
        "(module (memory 1) (func (export \"f\") (param $at i32) (param $end i32)
           (loop $again
             (i32.store {to} (local.get $at) (i32.add (i32.load {from} (local.get $at)) (i32.const 7)))
             (br_if $again (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4)))
               (local.get $end))))))"
    );
    listing(&text, opt_level)
}

#[test]
fn turns_that_do_not_depend_on_each_other_are_done_several_at_a_time() {
    for (from, to) in [("", ""), ("offset=4", ""), ("", "offset=400")] {
        let code = sums(from, to, OptLevel::Speed);
        assert!(code.contains("paddd"), "{from} {to}: {code}");
    }
    // What a turn stores the next one loads, or the one after it.
    for to in ["offset=4", "offset=8", "offset=12"] {
        let code = sums("", to, OptLevel::Speed);
        assert!(!code.contains("paddd"), "{to}: {code}");
    }
    let small = sums("", "", OptLevel::SpeedAndSize);
    assert!(!small.contains("paddd"), "{small}");
}

/// A function with a loop, counted in `$i`, that has `$p` to walk with and sums up in `$s`.
fn counted(turn: &str) -> String {
    format!(
        "(module (memory 1) (func (export \"f\") (param $p i32) (param $n i32) (result i32)
           (local $s i32) (local $t i32) (local $i i32)
           (loop $again
             {turn}
             (br_if $again
               (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
           (local.get $s)))"
    )
}

#[test]
fn loops_that_vectors_are_of_no_use_in_stay() {
    let on = "(local.set $p (i32.add (local.get $p) (i32.const 4)))";
    let compared = |ty: &str, to: u32, from: u32| {
        format!(
            "(i32.store offset={to} (local.get $p) (select (i32.const 5) (i32.const 7)
               ({ty}.eq ({ty}.load offset={from} (local.get $p)) ({ty}.const 3))))"
        )
    };
    let of_two_types = [("i32", 0, 4096), ("i64", 4, 4100), ("i32", 8, 4108), ("i32", 12, 4112)]
        .map(|(ty, to, from)| compared(ty, to, from))
        .concat()
        + &on.replace('4', "16");
    let doubled = "(local.set $t (i32.add (local.get $s) (local.get $t)))
        (local.set $s (i32.add (local.get $s) (local.get $t)))"
        .repeat(100);
    let sum_of = |load: &str| format!("(local.set $s (i32.add (local.get $s) {load}))");
    let turns = [
        of_two_types,
        doubled + &sum_of("(i32.load (local.get $p))") + on,
        sum_of("(i32.load (i32.const 100))"),
    ];
    for turn in turns {
        let code = listing(&counted(&turn), OptLevel::Speed);
        assert!(!code.contains("xmm"), "{code}");
    }
    let far = counted(&(sum_of("(i32.load offset=0x80000000 (local.get $p))") + on));
    let config = Config {
        memory: MemoryStyle { reservation: 4 << 30, guard: 8 << 30 },
        ..Config::new("x86_64-unknown-linux-gnu")
    };
    let code = crate::dump::asm(&wat::parse_str(far).unwrap(), &config).unwrap();
    assert!(!code.contains("xmm"), "{code}");
}

/// Asserts that no register is moved to another from a line with this text up to the function's end.
fn assert_no_moves(code: &str, text: &str) {
    let lines = code.lines().skip_while(|line| !line.contains(text));
    let lines: Vec<&str> = lines.take_while(|line| !line.contains("movq %rbp, %rsp")).collect();
    assert!(lines.len() > 2, "{code}");
    assert!(!lines.iter().any(|line| line.contains("movq %")), "{code}");
}

/// A loop that goes on with its number and 3, from its first block and its second one, while the product of
/// the number with itself is for behind it.
fn counting() -> Context {
    let mut func = Function::new();
    let [entry, header, second, exit] = [(); 4].map(|()| func.dfg.make_block());
    let start = func.dfg.append_block_param(entry, types::I32);
    let number = func.dfg.append_block_param(header, types::I32);
    let result = func.dfg.append_block_param(exit, types::I32);
    let mut cursor = FuncCursor::new(&mut func);
    cursor.insert_block(entry);
    cursor.ins().jump(header, &[start.into()]);
    cursor.insert_block(header);
    let three = cursor.ins().iconst(types::I32, 3);
    let next = cursor.ins().iadd(number, three);
    let condition = cursor.ins().icmp(IntCC::Equal, next, start);
    let square = cursor.ins().imul(number, number);
    cursor.ins().brif(condition, header, &[next.into()], second, &[]);
    cursor.insert_block(second);
    let three = cursor.ins().iconst(types::I32, 3);
    let next = cursor.ins().iadd(number, three);
    cursor.ins().brif(square, header, &[next.into()], exit, &[square.into()]);
    cursor.insert_block(exit);
    cursor.ins().return_(&[result]);
    let mut context = Context::for_function(func);
    context.flowgraph();
    context.compute_loop_analysis();
    context
}

/// The places of additions and products among all instructions.
fn places(context: &Context) -> (Vec<usize>, Vec<usize>) {
    let Context { func, .. } = context;
    let insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    let opcodes: Vec<Opcode> = insts.map(|inst| func.dfg.insts[inst].opcode()).collect();
    let of = |opcode| (0..opcodes.len()).filter(|&at| opcodes[at] == opcode).collect();
    (of(Opcode::Iadd), of(Opcode::Imul))
}

#[test]
fn what_goes_around_is_computed_once_and_late() {
    let mut context = counting();
    let (sums, products) = places(&context);
    assert!(sums.len() == 2 && sums[0] < products[0]);
    super::around::once(&mut context);
    let (sums, products) = places(&context);
    assert!(sums.len() == 1 && sums[0] < products[0], "{}", context.func);
    let headers = super::headers(&context);
    super::around::late(&mut context, &headers);
    let (sums, products) = places(&context);
    assert!(sums.len() == 1 && sums[0] > products[0], "{}", context.func);
}

#[test]
fn constants_are_made_where_they_are_used() {
    let mut func = Function::new();
    let blocks = [(); 3].map(|()| func.dfg.make_block());
    let mut cursor = FuncCursor::new(&mut func);
    cursor.insert_block(blocks[0]);
    let zero = cursor.ins().iconst(types::I64, 0);
    cursor.ins().brif(zero, blocks[1], &[], blocks[2], &[]);
    for block in &blocks[1..] {
        cursor.insert_block(*block);
        cursor.ins().return_(&[zero, zero]);
    }
    let constants = super::Survey::new(&func).constants;
    super::constants::where_used(&mut func, &constants);
    for block in blocks {
        let last = func.layout.last_inst(block).unwrap();
        let makers =
            func.dfg.inst_values(last).map(|value| func.dfg.value_def(value).unwrap_inst());
        let makers: Vec<_> = makers.collect();
        assert!(makers.iter().all(|&maker| func.layout.inst_block(maker) == Some(block)), "{func}");
        assert!(makers.iter().all(|&maker| maker == makers[0]), "{func}");
    }
}

#[test]
fn low_bits_of_bytes_need_no_instruction() {
    // A byte that was loaded, here or in the turn before, or a constant.
    let code = listing(
        "(module (memory 1) (func (export \"f\") (param $i i32) (result i32) (local $x i32)
           (loop $again
             (if (i32.eq (i32.and (local.get $x) (i32.const 255)) (i32.const 17)) (then (return (i32.const 1))))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (local.set $x (i32.load8_u (local.get $i)))
             (br_if $again (i32.gt_u (i32.and (local.get $x) (i32.const 255)) (i32.const 18))))
           (i32.const 2)))",
        OptLevel::Speed,
    );
    assert!(!code.contains("and"), "{code}");
    // Signed comparisons are of the number, not of a byte.
    let code = listing(
        "(module (func (export \"f\") (param $i i32) (result i32)
           (i32.lt_s (i32.and (local.get $i) (i32.const 255)) (i32.const 200))))",
        OptLevel::Speed,
    );
    assert!(code.contains("and"), "{code}");
}

#[test]
fn a_test_of_what_goes_around_looks_at_that() {
    let code = listing(
        "(module (memory 1) (func (export \"f\") (param $x i64) (result i64) (local $sum i64)
           (loop $again
             (local.set $sum (i64.add (local.get $sum) (i64.load (i32.wrap_i64 (local.get $x)))))
             (br_if $again (i64.ne (i64.const 0)
               (local.tee $x (i64.and (local.get $x) (i64.sub (local.get $x) (i64.const 1)))))))
           (local.get $sum)))",
        OptLevel::SpeedAndSize,
    );
    assert_no_moves(&code, "testq %");
}

#[test]
fn what_a_turn_has_computed_is_the_last_term() {
    let code = listing(
        "(module (memory 1) (func (export \"f\") (param $at i32) (result i32) (local $sum i32)
           (loop $again
             (local.set $sum (i32.xor (i32.const 0x5555)
               (i32.add (i32.add (i32.add (local.get $sum) (i32.load (local.get $at)))
                 (i32.load offset=4 (local.get $at))) (i32.load offset=8 (local.get $at)))))
             (br_if $again (local.tee $at (i32.sub (local.get $at) (i32.const 12)))))
           (local.get $sum)))",
        OptLevel::Speed,
    );
    // The sum comes in the register that it is returned in: it is added to once, and one operation follows.
    let turn: Vec<&str> =
        code.split("block1:").nth(1).unwrap().split("block").next().unwrap().lines().collect();
    let sum = turn.iter().filter(|line| line.contains("%eax") || line.contains("%rax"));
    assert_eq!(sum.count(), 2, "{code}");
}

#[test]
fn what_is_too_much_for_registers_is_an_operand() {
    // All numbers together change each of them.
    let each = |what: &dyn Fn(usize) -> String| (0..24).map(what).collect::<String>();
    let declared = each(&|number| format!("(local $v{number} i64)"));
    let all = (0..24).fold("(i64.const 1)".to_owned(), |all, number| {
        format!("(i64.xor {all} (local.get $v{number}))")
    });
    let next = each(&|number| {
        format!(
            "(local.set $v{number} (i64.rotl (i64.xor (local.get $all) (local.get $v{number})) (i64.const {number})))"
        )
    });
    let sum = (0..24).fold("(i64.const 0)".to_owned(), |sum, number| {
        format!("(i64.add {sum} (local.get $v{number}))")
    });
    let text = format!(
        "(module (func (export \"f\") (param $n i64) (result i64) (local $all i64) {declared}
           (local.set $v3 (local.get $n))
           (loop $again (local.set $all {all}) {next}
             (br_if $again (i64.ne (i64.const 0)
               (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
           {sum}))"
    );
    let code = listing(&text, OptLevel::Speed);
    let operand = |line: &&str| line.contains("xorq") && line.contains("(%");
    assert!(code.lines().filter(operand).count() >= 8, "{code}");
}

#[test]
fn addresses_begin_with_their_index() {
    let code = listing(
        "(module (memory 1) (func (export \"f\") (param $at i32) (result i32)
           (loop $again (br_if $again (local.tee $at (i32.load (local.get $at)))))
           (local.get $at)))",
        OptLevel::Speed,
    );
    let start = code.split_once("movq 0x40(%rdi), ").unwrap().1.lines().next().unwrap();
    assert!(code.contains(&format!(", {start}), %")), "{code}");
    assert!(!code.contains(&format!("({start},")), "{code}");
}

/// The listing of a loop that sums the squares of differences between a row of numbers and so many others, which
/// are all loaded before any square is computed.
fn distances(many: usize, opt_level: OptLevel) -> Vec<String> {
    let each =
        |text: &str| (0..many).map(|n| text.replace('N', &n.to_string())).collect::<String>();
    let sum = (0..many).rev().fold("(f32.const 0)".to_owned(), |sum, n| {
        let difference = format!("(local.tee $d (f32.sub (local.get $x{n}) (local.get $y{n})))");
        format!("(f32.add (f32.mul {difference} (local.get $d)) {sum})")
    });
    let text = format!(
        "(module (memory 1) (func (export \"f\") {params} (param $at i32) (result f32)
           (local $d f32) (local $sum f32) {locals}
           (loop $again
             {loads}
             (local.set $sum (f32.div (local.get $sum) {sum}))
             (br_if $again (local.tee $at (i32.add (local.get $at) (i32.const 1111)))))
           (local.get $sum)))",
        params = each("(param $xN f32)"),
        locals = each("(local $yN f32)"),
        loads = each("(local.set $yN (f32.load offset=N00 (local.get $at)))"),
    );
    let code = listing(&text, opt_level);
    // From the first difference to the way back.
    let lines = code.lines().skip_while(|line| !line.contains("subss"));
    let lines: Vec<_> = lines.take_while(|line| !line.contains("jnz")).map(String::from).collect();
    assert_eq!(lines.iter().filter(|line| line.contains("mulss")).count(), many, "{code}");
    lines
}

#[test]
fn what_is_loaded_for_one_instruction_is_loaded_there() {
    // Not all numbers, what is loaded and the squares are in registers at a time.
    let lines = distances(8, OptLevel::Speed);
    assert!(!lines.iter().any(|line| line.contains("%rsp")), "{lines:#?}");
    assert!(lines.iter().filter(|line| line.contains("movss")).count() >= 7, "{lines:#?}");
    // There are enough registers: the loads stay in front.
    let lines = distances(4, OptLevel::Speed);
    assert!(!lines.iter().any(|line| line.contains("movss")), "{lines:#?}");
}
