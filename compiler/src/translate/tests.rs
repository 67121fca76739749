//! Small modules through translation in both trap styles, for both machines, and past
//! Cranelift's verifier; and what the CLIF of some essential shapes has and has not.

mod checks;
mod hints;

use cranelift_codegen::verify_function;

use super::*;
use crate::config::{Config, MemoryStyle, OptLevel};
use crate::index::FuncIndex;
use crate::{codegen, parse, plan};

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

const LOAD: &str =
    r#"(module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))"#;

fn config(traps: TrapStyle) -> Config {
    let mut config = Config::new(X86);
    config.traps = traps;
    config.opt_level = OptLevel::None;
    config
}

/// Translates everything in a module and verifies it; the text of each function.
fn translate(wat: &str, config: &Config) -> Vec<String> {
    let wasm = wat::parse_str(wat).unwrap();
    let module = parse::parse(&wasm, Default::default()).unwrap();
    let plan = plan::plan(&module, config).unwrap();
    let target = Target::new(config).unwrap();
    let mut texts = Vec::new();
    let paper = &mut Paper::default();
    for key in &plan.functions {
        let func = match *key {
            FuncKey::Body(func) => body(&module, &plan, &target, func, paper).unwrap(),
            FuncKey::InitBody => init_body(&module, &plan, &target, paper).unwrap(),
            _ => continue,
        };
        let func = func.function;
        if let Err(errors) = verify_function(&func, &*target.isa) {
            panic!("{}\n{errors}", func.display());
        }
        texts.push(func.display().to_string());
    }
    texts
}

/// The text of a module's first function.
fn first(wat: &str, config: &Config) -> String {
    translate(wat, config).swap_remove(0)
}

/// Compiles a module in every way that makes a difference.
fn compile_everywhere(wat: &str) {
    let wasm = wat::parse_str(wat).unwrap();
    let module = parse::parse(&wasm, Default::default()).unwrap();
    for traps in [TrapStyle::Signals, TrapStyle::Explicit] {
        for triple in [X86, ARM] {
            for opt_level in [OptLevel::None, OptLevel::Speed] {
                for metered in [false, true] {
                    let (fuel, epochs) = (metered, metered);
                    let target = triple.into();
                    let config = Config { target, opt_level, fuel, epochs, ..config(traps) };
                    let plan = plan::plan(&module, &config).unwrap();
                    let target = Target::new(&config).unwrap();
                    codegen::generate(&module, &plan, &target, None).unwrap();
                }
            }
        }
    }
}

/// An exported function for each instruction: its operands are parameters, `results` what
/// it gives.
fn instructions(list: &[(&str, &str, &str)]) -> String {
    let mut wat = String::from("(module (memory 1) (table 1 funcref)\n");
    for (number, (ops, params, result)) in list.iter().enumerate() {
        for op in ops.split(',') {
            let mut gets = String::new();
            for place in 0..params.split_whitespace().count() {
                gets += &format!("(local.get {place})");
            }
            let result =
                if result.is_empty() { String::new() } else { format!("(result {result})") };
            let name = format!("{number} {op}");
            wat += &format!("(func (export {name:?}) (param {params}) {result} {gets} {op})\n");
        }
    }
    wat + ")"
}

#[test]
fn every_numeric_instruction() {
    let mut list = Vec::new();
    let int2 = "add,sub,mul,div_s,div_u,rem_s,rem_u,and,or,xor,shl,shr_s,shr_u,rotl,rotr";
    let int_compare = "eq,ne,lt_s,lt_u,gt_s,gt_u,le_s,le_u,ge_s,ge_u";
    let float1 = "abs,neg,ceil,floor,trunc,nearest,sqrt";
    let float2 = "add,sub,mul,div,min,max,copysign";
    let prefix = |ty: &str, ops: &str| {
        ops.split(',').map(|op| format!("{ty}.{op}")).collect::<Vec<_>>().join(",")
    };
    for ty in ["i32", "i64"] {
        list.push((prefix(ty, int2), format!("{ty} {ty}"), ty));
        list.push((prefix(ty, int_compare), format!("{ty} {ty}"), "i32"));
        list.push((prefix(ty, "clz,ctz,popcnt,extend8_s,extend16_s"), ty.into(), ty));
        list.push((prefix(ty, "eqz"), ty.into(), "i32"));
    }
    list.push(("i64.extend32_s".into(), "i64".into(), "i64"));
    for ty in ["f32", "f64"] {
        list.push((prefix(ty, float1), ty.into(), ty));
        list.push((prefix(ty, float2), format!("{ty} {ty}"), ty));
        list.push((prefix(ty, "eq,ne,lt,gt,le,ge"), format!("{ty} {ty}"), "i32"));
        for to in ["i32", "i64"] {
            for how in ["trunc_", "trunc_sat_"] {
                let ops = format!("{to}.{how}{ty}_s,{to}.{how}{ty}_u");
                list.push((ops, ty.into(), to));
            }
            list.push((format!("{ty}.convert_{to}_s,{ty}.convert_{to}_u"), to.into(), ty));
        }
    }
    list.push(("i64.add128,i64.sub128".into(), "i64 i64 i64 i64".into(), "i64 i64"));
    list.push(("i64.mul_wide_s,i64.mul_wide_u".into(), "i64 i64".into(), "i64 i64"));
    list.push(("i32.wrap_i64".into(), "i64".into(), "i32"));
    list.push(("i64.extend_i32_s,i64.extend_i32_u".into(), "i32".into(), "i64"));
    list.push(("f32.demote_f64".into(), "f64".into(), "f32"));
    list.push(("f64.promote_f32".into(), "f32".into(), "f64"));
    for (ty, other) in [("i32", "f32"), ("i64", "f64"), ("f32", "i32"), ("f64", "i64")] {
        list.push((format!("{ty}.reinterpret_{other}"), other.into(), ty));
    }
    let list: Vec<_> = list.iter().map(|(ops, p, r)| (ops.as_str(), p.as_str(), *r)).collect();
    compile_everywhere(&instructions(&list));
}

#[test]
fn every_memory_instruction() {
    let mut list = Vec::new();
    for (ty, loads, stores) in [
        ("i32", "load,load8_s,load8_u,load16_s,load16_u", "store,store8,store16"),
        (
            "i64",
            "load,load8_s,load8_u,load16_s,load16_u,load32_s,load32_u",
            "store,store8,store16,store32",
        ),
        ("f32", "load", "store"),
        ("f64", "load", "store"),
    ] {
        for offset in ["", " offset=100", " offset=3000000000", " offset=4294967295"] {
            let ops = |ops: &str| {
                ops.split(',').map(|op| format!("{ty}.{op}{offset}")).collect::<Vec<_>>().join(",")
            };
            list.push((ops(loads), "i32".to_owned(), ty));
            list.push((ops(stores), format!("i32 {ty}"), ""));
        }
    }
    list.push(("memory.size".into(), String::new(), "i32"));
    list.push(("memory.grow".into(), "i32".into(), "i32"));
    list.push(("memory.copy,memory.fill".into(), "i32 i32 i32".into(), ""));
    let list: Vec<_> = list.iter().map(|(ops, p, r)| (ops.as_str(), p.as_str(), *r)).collect();
    compile_everywhere(&instructions(&list));
}

#[test]
fn tables_references_and_segments() {
    compile_everywhere(
        r#"(module
            (import "a" "f" (func $f (param i32) (result i32)))
            (import "a" "t" (table $it 1 externref))
            (import "a" "m" (memory 1))
            (import "a" "g" (global $ig (mut externref)))
            (import "a" "h" (global $ih i32))
            (table $t 2 10 funcref)
            (table $fixed 4 4 funcref)
            (table $e 2 externref)
            (global $g (mut externref) (ref.null extern))
            (global $r funcref (ref.func $f))
            (global $own (mut funcref) (ref.func $own))
            (global $i (mut i64) (i64.mul (i64.add (i64.const 2) (i64.const 3)) (i64.const 4)))
            (global $k i32 (i32.const 7))
            (global $d f64 (f64.const 1.5))
            (elem $active (table $t) (i32.const 0) func $f $own)
            (elem $late (table $fixed) (global.get $ih) func $own)
            (elem $passive func $f $own)
            (elem declare func $own)
            (data $data (global.get $ih) "hello")
            (data $more "passive")
            (func $own (export "own") (param i32) (result i32)
                (call $f (i32.add (local.get 0) (global.get $k))))
            (func (export "indirect") (param i32) (result i32)
                (i32.add
                    (call_indirect $t (param i32) (result i32) (local.get 0) (local.get 0))
                    (call_indirect $fixed (param i32) (result i32) (local.get 0) (local.get 0))))
            (func (export "externs") (param $x externref) (param $n i32) (result externref)
                (local $y externref)
                (table.set $e (local.get $n) (local.get $x))
                (table.set $it (local.get $n) (local.get $x))
                (global.set $g (table.get $e (i32.const 0)))
                (global.set $ig (global.get $g))
                (loop $again
                    (local.set $y
                        (select (result externref)
                            (local.get $x) (global.get $ig) (local.get $n)))
                    (br_if $again (ref.is_null (local.get $y))))
                (drop (table.grow $e (local.get $y) (local.get $n)))
                (table.fill $e (i32.const 0) (local.get $y) (local.get $n))
                (table.copy $e $it (i32.const 0) (i32.const 0) (local.get $n))
                (if (result externref) (local.get $n)
                    (then (local.get $x)) (else (ref.null extern))))
            (func (export "funcs") (param $n i32) (result funcref i32 f64)
                (drop (table.grow $t (global.get $r) (local.get $n)))
                (table.fill $t (i32.const 0) (ref.func $own) (local.get $n))
                (table.init $t $passive (i32.const 0) (i32.const 0) (local.get $n))
                (elem.drop $passive)
                (memory.init $more (i32.const 0) (i32.const 0) (local.get $n))
                (data.drop $more)
                (global.set $i (i64.const -1))
                (global.set $own (ref.null func))
                (table.get $t (local.get $n))
                (i32.add (table.size $t) (table.size $fixed))
                (global.get $d)))"#,
    );
}

#[test]
fn control_flow_of_every_kind() {
    compile_everywhere(
        r#"(module
            (func (export "values") (param i32 i64) (result i64 i32)
                (local.get 1) (local.get 0)
                (block (param i64 i32) (result i64 i32)
                    (br_if 0 (local.get 0))
                    (loop (param i64 i32) (result i64 i32)
                        (br_if 0 (local.get 0))
                        (if (param i64 i32) (result i64 i32) (local.get 0)
                            (then (br 1))
                            (else (br 3))))))
            (func (export "no else") (param i32) (result i32)
                (local.get 0)
                (if (param i32) (result i32) (local.get 0) (then (i32.const 1) (i32.add))))
            (func (export "dead") (param i32) (result i32)
                (block (unreachable) (block (br 0)) (loop (br 0)) (if (then (nop)) (else (nop))))
                (block $a (result i32)
                    (return (i32.const 1))
                    (br_table 0 1 0 (i32.add))
                    (if (result i32) (then (i32.const 2)) (else (unreachable)))))
            (func (export "if ends dead") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (return (i32.const 1))) (else (unreachable))))
            (func (export "table") (param i32) (result i32)
                (block $a (result i32) (block $b (result i32) (block $c (result i32)
                    (br_table $a $b $c $b 3 $a (i32.const 9) (local.get 0)))
                    (i32.const 1) (i32.add)) (i32.const 2) (i32.add)))
            (func (export "loop table") (param i32)
                (loop $l (block $b (br_table $l $b $l (local.get 0)))))
            (func (export "forever") (loop (br 0)))
            (func (export "return in loop") (result i32) (loop (result i32) (return (i32.const 1))))
            (func (export "empty if") (param i32) (if (local.get 0) (then) (else)))
            (func (export "condition") (param i64) (result i32)
                (if (result i32) (i64.eqz (local.get 0))
                    (then (i32.const 1)) (else (i32.const 2)))))"#,
    );
}

#[test]
fn many_results_and_parameters() {
    let types = "i32 i64 f32 f64 ".repeat(6);
    let gets: String = (0..24).map(|place| format!("(local.get {place})")).collect();
    compile_everywhere(&format!(
        "(module (func $f (export \"f\") (param {types}) (result {types}) {gets} (call $f)))"
    ));
}

#[test]
fn absurd_sizes() {
    let locals = "i64 ".repeat(10_000);
    compile_everywhere(&format!("(module (func (export \"locals\") (local {locals})))"));
    let depth = 2_000;
    let deep = format!("{}{}", "(block ".repeat(depth), ")".repeat(depth));
    compile_everywhere(&format!("(module (func (export \"deep\") {deep}))"));
    let deep = format!("{}{}", "loop\n".repeat(50_000), "end\n".repeat(50_000));
    translate(&format!("(module (func (export \"deep\") {deep}))"), &config(TrapStyle::Signals));
}

#[test]
fn every_atomic_instruction() {
    let mut list = vec![
        ("atomic.fence".to_owned(), String::new(), ""),
        ("memory.atomic.notify".to_owned(), "i32 i32".to_owned(), "i32"),
        ("memory.atomic.wait32".to_owned(), "i32 i32 i64".to_owned(), "i32"),
        ("memory.atomic.wait64".to_owned(), "i32 i64 i64".to_owned(), "i32"),
    ];
    for (ty, widths) in [("i32", &["", "8", "16"][..]), ("i64", &["", "8", "16", "32"])] {
        for width in widths {
            for offset in ["", " offset=100", " offset=4294967295"] {
                let u = if width.is_empty() { "" } else { "_u" };
                list.push((format!("{ty}.atomic.load{width}{u}{offset}"), "i32".into(), ty));
                list.push((format!("{ty}.atomic.store{width}{offset}"), format!("i32 {ty}"), ""));
                for op in ["add", "sub", "and", "or", "xor", "xchg"] {
                    let op = format!("{ty}.atomic.rmw{width}.{op}{u}{offset}");
                    list.push((op, format!("i32 {ty}"), ty));
                }
                let op = format!("{ty}.atomic.rmw{width}.cmpxchg{u}{offset}");
                list.push((op, format!("i32 {ty} {ty}"), ty));
            }
        }
    }
    let list: Vec<_> = list.iter().map(|(ops, p, r)| (ops.as_str(), p.as_str(), *r)).collect();
    let wat = instructions(&list);
    compile_everywhere(&wat);
    for memory in ["(memory 1 2 shared)", r#"(import "" "" (memory 1 1 shared))"#] {
        compile_everywhere(&wat.replace("(memory 1)", memory));
    }
}

#[test]
fn an_indirect_call_checks_bounds_and_type() {
    let wat = r#"(module (table (export "t") 8 8 funcref) (func (export "f") (param i32)
        (call_indirect (local.get 0))))"#;
    let text = first(wat, &config(TrapStyle::Signals));
    let code = |code| trap::to_cranelift(code).to_string();
    assert!(text.contains(&format!("trapnz v5, {}", code(TrapCode::UndefinedElement))), "{text}");
    assert!(text.contains(&code(TrapCode::IndirectCallTypeMismatch)), "{text}");
    let null = format!("load.i64 {} aligned", code(TrapCode::UninitializedElement));
    assert!(text.contains(&null), "{text}");
    assert_eq!(text.matches("call_indirect").count(), 1, "{text}");
}

/// A number as it stands in CLIF.
fn imm(number: i64) -> String {
    ir::immediates::Imm64::new(number).to_string()
}

#[test]
fn only_trap_sites_that_cannot_be_reached_are_left_with_explicit_checks() {
    let wat = r#"(module (table 1 funcref) (memory 1) (func (export "f") (param i32 f64)
        (call_indirect (i32.div_s (local.get 0) (i32.load (local.get 0))))
        (drop (i64.trunc_f64_s (local.get 1)))
        (unreachable)))"#;
    let text = first(wat, &config(TrapStyle::Explicit));
    assert!(!text.contains("trapnz") && !text.contains("trapz"), "{text}");
    for line in text.lines().filter(|line| line.contains(" trap ")) {
        assert!(line.ends_with(&trap::NEVER.to_string()), "{text}");
    }
    assert!(!text.contains("fcvt_to_sint.i64"), "{text}");
}

#[test]
fn every_instruction_knows_where_it_comes_from() {
    let wasm = wat::parse_str(LOAD).unwrap();
    let config = config(TrapStyle::Signals);
    let module = parse::parse(&wasm, Default::default()).unwrap();
    let plan = plan::plan(&module, &config).unwrap();
    let (target, first) = (Target::new(&config).unwrap(), FuncIndex::from_u32(0));
    let func = body(&module, &plan, &target, first, &mut Paper::default());
    let Translated { function: func, origins, .. } = func.unwrap();
    let block = func.layout.entry_block().unwrap();
    let code = module.functions[FuncIndex::from_u32(0)].body.as_ref().unwrap();
    let end = (code.offset + code.bytes.len()) as u32;
    for inst in func.layout.block_insts(block) {
        let (0, offset) = origins.find(func.srcloc(inst)).unwrap() else { panic!("{inst}") };
        assert!((code.offset as u32..end).contains(&offset));
    }
}

#[test]
fn memories_and_tables_of_every_type() {
    let mut code = String::new();
    for (memory, index) in [("$a", "i64"), ("$b", "i64"), ("$c", "i32"), ("$d", "i64")] {
        for offset in ["", "offset=100", "offset=40000000", "offset=4294967295"] {
            code += &format!("(i32.store {memory} {offset} ({index}.const 7) (i32.const 1))");
            code += &format!("(drop (i64.load8_s {memory} {offset} (local.get ${index})))");
        }
        code += &format!(
            "(drop (memory.grow {memory} (memory.size {memory})))
             (memory.fill {memory} (local.get ${index}) (i32.const 1) (local.get ${index}))
             (memory.init {memory} $data (local.get ${index}) (i32.const 0) (i32.const 1))"
        );
    }
    code += "(i32.store $a offset=18446744073709551612 (local.get $i64) (i32.const 1))";
    compile_everywhere(&format!(
        r#"(module
            (memory $a i64 1) (memory $b i64 2 2) (memory $c 10 (pagesize 1))
            (memory $d i64 0 9 (pagesize 1))
            (table $t i64 3 funcref) (table $u 3 funcref)
            (data $data "x") (elem $elem func 0)
            (func (export "memories") (param $i32 i32) (param $i64 i64) {code})
            (func (export "copies") (param $i32 i32) (param $i64 i64)
                (memory.copy $a $b (local.get $i64) (local.get $i64) (local.get $i64))
                (memory.copy $a $c (local.get $i64) (local.get $i32) (local.get $i32))
                (memory.copy $c $a (local.get $i32) (local.get $i64) (local.get $i32))
                (table.copy $t $u (local.get $i64) (local.get $i32) (local.get $i32))
                (table.init $t $elem (local.get $i64) (i32.const 0) (i32.const 1))
                (table.fill $t (local.get $i64) (ref.null func) (local.get $i64))
                (table.set $t (local.get $i64) (table.get $t (table.size $t)))
                (drop (table.grow $t (ref.null func) (local.get $i64)))
                (call_indirect $t (local.get $i64))))"#
    ));
}

/// A function with so many locals of a type, which are all changed between as many joints of
/// control flow.
fn many_locals(ty: &str, locals: usize, joints: usize) -> String {
    let sets: String = (0..locals)
        .map(|local| format!("(local.set {local} (call $next)) (br_if 0 (i32.eqz (i32.const 1)))"))
        .collect();
    let loops = "(loop (br_if 0 (i32.eqz (i32.const 0)))".repeat(joints);
    format!(
        r#"(module (import "" "" (func $next (result {ty})))
             (func (export "f") (local {}) {sets} {loops} {} {}))"#,
        format!("{ty} ").repeat(locals),
        (0..locals).map(|local| format!("(drop (local.get {local}))")).collect::<String>(),
        ")".repeat(joints)
    )
}

#[test]
fn locals_that_would_become_too_many_values_are_in_the_frame() {
    let slots = |ty: &str, count: usize| {
        let text = first(&many_locals(ty, count, count), &config(TrapStyle::Signals));
        text.matches("explicit_slot").count()
    };
    assert_eq!(slots("i64", 10), 0);
    assert_eq!(slots("i64", 800), 800);
    assert_eq!(slots("externref", 400), 0, "the runtime looks for references elsewhere");
}

#[test]
fn a_short_function_that_becomes_too_much_is_refused() {
    let module = |calls: usize| {
        let types = "i32 ".repeat(900);
        let text = format!(
            r#"(module (type $all (func (param {types}) (result {types})))
                 (import "" "" (func $f (type $all)))
                 (func (export "f") (type $all) {} {}))"#,
            (0..900).map(|local| format!("(local.get {local})")).collect::<String>(),
            "call $f ".repeat(calls)
        );
        crate::compile(
            &wat::parse_str(text).expect("a test's text is right"),
            &config(TrapStyle::Signals),
        )
    };
    assert!(module(10).is_ok());
    let error = module(1000).expect_err("it is too much").to_string();
    assert!(error.contains("module too large at offset 0x"), "{error}");
    assert!(error.contains("too many parameters, results and blocks for its length"), "{error}");
}

#[test]
fn a_long_name_does_not_stand_in_the_record_of_everybody_who_has_its_functions_code() {
    let name = "n".repeat(50_000);
    let callers = |name: &str| {
        let callers = "(func (export \"\") (param i32) (if (local.get 0) (then (call 0))))";
        let callers = (0..200).map(|index| callers.replacen("\"\"", &format!("\"{index}\""), 1));
        let text = format!("(module (func ${name} unreachable) {})", callers.collect::<String>());
        let wasm = wat::parse_str(text).unwrap();
        crate::compile(&wasm, &Config::new("x86_64-unknown-linux-gnu")).unwrap().object.len()
    };
    let (long, short) = (callers(&name), callers("n"));
    // In symbols and in the record of the function itself, if it is there at all.
    assert!(long < short + 4 * name.len(), "{long} bytes with the name, {short} with a short one");
}
