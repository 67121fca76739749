//! Every trap: its code, where it says it happened, and that all goes on afterwards.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, wasm};

use crate::guests::*;

/// An instruction that traps: its text, its operands (constant), whether it leaves a result,
/// what `wasmparser` calls it, and the code.
struct Case(&'static str, &'static [&'static str], bool, &'static str, TrapCode);

use TrapCode::*;

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case("unreachable", &[], false, "Unreachable", Unreachable),
    // The memory has one page.
    Case("i32.load", &["(i32.const 65533)"], true, "I32Load", MemoryOutOfBounds),
    Case("i64.load", &["(i32.const 65529)"], true, "I64Load", MemoryOutOfBounds),
    Case("f32.load", &["(i32.const -4)"], true, "F32Load", MemoryOutOfBounds),
    Case("f64.load", &["(i32.const -1)"], true, "F64Load", MemoryOutOfBounds),
    Case("i32.load8_u", &["(i32.const 65536)"], true, "I32Load8U", MemoryOutOfBounds),
    Case("i32.load8_s offset=65536", &["(i32.const 0)"], true, "I32Load8S", MemoryOutOfBounds),
    Case("i64.load16_s offset=65535", &["(i32.const 0)"], true, "I64Load16S", MemoryOutOfBounds),
    Case("i64.load32_u offset=4294967295", &["(i32.const -1)"], true, "I64Load32U", MemoryOutOfBounds),
    Case("i32.store", &["(i32.const 65533)", "(i32.const 1)"], false, "I32Store", MemoryOutOfBounds),
    Case("i64.store offset=4294967295", &["(i32.const 0)", "(i64.const 1)"], false, "I64Store", MemoryOutOfBounds),
    Case("f32.store", &["(i32.const 65533)", "(f32.const 1)"], false, "F32Store", MemoryOutOfBounds),
    Case("f64.store", &["(i32.const 65529)", "(f64.const 1)"], false, "F64Store", MemoryOutOfBounds),
    Case("i32.store8", &["(i32.const -1)", "(i32.const 1)"], false, "I32Store8", MemoryOutOfBounds),
    Case("i64.store16", &["(i32.const 65535)", "(i64.const 1)"], false, "I64Store16", MemoryOutOfBounds),
    Case("memory.fill", &["(i32.const 65535)", "(i32.const 0)", "(i32.const 2)"], false, "MemoryFill", MemoryOutOfBounds),
    Case("memory.copy", &["(i32.const 0)", "(i32.const 65535)", "(i32.const 2)"], false, "MemoryCopy", MemoryOutOfBounds),
    Case("memory.copy", &["(i32.const 65537)", "(i32.const 0)", "(i32.const 0)"], false, "MemoryCopy", MemoryOutOfBounds),
    Case("memory.init $data", &["(i32.const 0)", "(i32.const 3)", "(i32.const 1)"], false, "MemoryInit", MemoryOutOfBounds),
    Case("memory.init $data", &["(i32.const 65534)", "(i32.const 0)", "(i32.const 3)"], false, "MemoryInit", MemoryOutOfBounds),
    Case("i32.atomic.load", &["(i32.const 65536)"], true, "I32AtomicLoad", MemoryOutOfBounds),
    Case("i64.atomic.load8_u", &["(i32.const -1)"], true, "I64AtomicLoad8U", MemoryOutOfBounds),
    Case("i64.atomic.store", &["(i32.const 65536)", "(i64.const 1)"], false, "I64AtomicStore", MemoryOutOfBounds),
    Case("i32.atomic.rmw.add offset=4", &["(i32.const 65532)", "(i32.const 1)"], true, "I32AtomicRmwAdd", MemoryOutOfBounds),
    Case("i64.atomic.rmw32.xor_u", &["(i32.const -4)", "(i64.const 1)"], true, "I64AtomicRmw32XorU", MemoryOutOfBounds),
    Case("i32.atomic.rmw8.xchg_u", &["(i32.const 65536)", "(i32.const 1)"], true, "I32AtomicRmw8XchgU", MemoryOutOfBounds),
    Case("i32.atomic.rmw16.cmpxchg_u", &["(i32.const 65536)", "(i32.const 1)", "(i32.const 1)"], true, "I32AtomicRmw16CmpxchgU", MemoryOutOfBounds),
    Case("memory.atomic.notify", &["(i32.const 65536)", "(i32.const 1)"], true, "MemoryAtomicNotify", MemoryOutOfBounds),
    Case("memory.atomic.wait64", &["(i32.const 65536)", "(i64.const 0)", "(i64.const -1)"], true, "MemoryAtomicWait64", MemoryOutOfBounds),
    Case("memory.atomic.wait32", &["(i32.const 0)", "(i32.const 0)", "(i64.const -1)"], true, "MemoryAtomicWait32", ExpectedSharedMemory),
    Case("i64.atomic.load", &["(i32.const 4)"], true, "I64AtomicLoad", UnalignedAtomic),
    Case("i32.atomic.store16", &["(i32.const -1)", "(i32.const 1)"], false, "I32AtomicStore16", UnalignedAtomic),
    Case("i64.atomic.rmw16.sub_u offset=1", &["(i32.const 0)", "(i64.const 1)"], true, "I64AtomicRmw16SubU", UnalignedAtomic),
    Case("i64.atomic.rmw.cmpxchg", &["(i32.const 12)", "(i64.const 1)", "(i64.const 1)"], true, "I64AtomicRmwCmpxchg", UnalignedAtomic),
    Case("memory.atomic.notify", &["(i32.const 2)", "(i32.const 1)"], true, "MemoryAtomicNotify", UnalignedAtomic),
    // The tables have three and two elements.
    Case("table.get $funcs", &["(i32.const 3)"], true, "TableGet", TableOutOfBounds),
    Case("table.get $externs", &["(i32.const -1)"], true, "TableGet", TableOutOfBounds),
    Case("table.set $funcs", &["(i32.const 3)", "(ref.null func)"], false, "TableSet", TableOutOfBounds),
    Case("table.set $externs", &["(i32.const 2)", "(ref.null extern)"], false, "TableSet", TableOutOfBounds),
    Case("table.fill $funcs", &["(i32.const 2)", "(ref.null func)", "(i32.const 2)"], false, "TableFill", TableOutOfBounds),
    Case("table.fill $externs", &["(i32.const 3)", "(ref.null extern)", "(i32.const 0)"], false, "TableFill", TableOutOfBounds),
    Case("table.copy $funcs $funcs", &["(i32.const 1)", "(i32.const 0)", "(i32.const 3)"], false, "TableCopy", TableOutOfBounds),
    Case("table.init $funcs $elem", &["(i32.const 0)", "(i32.const 0)", "(i32.const 2)"], false, "TableInit", TableOutOfBounds),
    Case("call_indirect $funcs", &["(i32.const 3)"], false, "CallIndirect", UndefinedElement),
    Case("call_indirect $funcs", &["(i32.const -1)"], false, "CallIndirect", UndefinedElement),
    Case("call_indirect $funcs", &["(i32.const 1)"], false, "CallIndirect", UninitializedElement),
    Case("call_indirect $funcs (param i32)", &["(i32.const 7)", "(i32.const 0)"], false, "CallIndirect", IndirectCallTypeMismatch),
    Case("call_indirect $funcs (result i32)", &["(i32.const 0)"], true, "CallIndirect", IndirectCallTypeMismatch),
    Case("call_ref $nothing", &["(ref.null $nothing)"], false, "CallRef", NullFunctionReference),
    Case("ref.as_non_null", &["(ref.null func)"], true, "RefAsNonNull", NullReference),
    Case("ref.as_non_null", &["(ref.null extern)"], true, "RefAsNonNull", NullReference),
    Case("i32.div_s", &["(i32.const 1)", "(i32.const 0)"], true, "I32DivS", IntegerDivideByZero),
    Case("i32.div_u", &["(i32.const 1)", "(i32.const 0)"], true, "I32DivU", IntegerDivideByZero),
    Case("i32.rem_s", &["(i32.const 1)", "(i32.const 0)"], true, "I32RemS", IntegerDivideByZero),
    Case("i32.rem_u", &["(i32.const 1)", "(i32.const 0)"], true, "I32RemU", IntegerDivideByZero),
    Case("i64.div_s", &["(i64.const 1)", "(i64.const 0)"], true, "I64DivS", IntegerDivideByZero),
    Case("i64.div_u", &["(i64.const 1)", "(i64.const 0)"], true, "I64DivU", IntegerDivideByZero),
    Case("i64.rem_s", &["(i64.const 1)", "(i64.const 0)"], true, "I64RemS", IntegerDivideByZero),
    Case("i64.rem_u", &["(i64.const 1)", "(i64.const 0)"], true, "I64RemU", IntegerDivideByZero),
    Case("i32.div_s", &["(i32.const 0x80000000)", "(i32.const -1)"], true, "I32DivS", IntegerOverflow),
    Case("i64.div_s", &["(i64.const 0x8000000000000000)", "(i64.const -1)"], true, "I64DivS", IntegerOverflow),
    Case("i32.trunc_f32_s", &["(f32.const 2147483648)"], true, "I32TruncF32S", IntegerOverflow),
    Case("i32.trunc_f32_u", &["(f32.const -1)"], true, "I32TruncF32U", IntegerOverflow),
    Case("i32.trunc_f64_s", &["(f64.const -2147483649)"], true, "I32TruncF64S", IntegerOverflow),
    Case("i32.trunc_f64_u", &["(f64.const 4294967296)"], true, "I32TruncF64U", IntegerOverflow),
    Case("i64.trunc_f32_s", &["(f32.const inf)"], true, "I64TruncF32S", IntegerOverflow),
    Case("i64.trunc_f32_u", &["(f32.const -inf)"], true, "I64TruncF32U", IntegerOverflow),
    Case("i64.trunc_f64_s", &["(f64.const 9223372036854775808)"], true, "I64TruncF64S", IntegerOverflow),
    Case("i64.trunc_f64_u", &["(f64.const 18446744073709551616)"], true, "I64TruncF64U", IntegerOverflow),
    Case("i32.trunc_f32_s", &["(f32.const nan)"], true, "I32TruncF32S", BadConversionToInteger),
    Case("i32.trunc_f32_u", &["(f32.const nan)"], true, "I32TruncF32U", BadConversionToInteger),
    Case("i32.trunc_f64_s", &["(f64.const -nan)"], true, "I32TruncF64S", BadConversionToInteger),
    Case("i32.trunc_f64_u", &["(f64.const nan)"], true, "I32TruncF64U", BadConversionToInteger),
    Case("i64.trunc_f32_s", &["(f32.const nan:0x1)"], true, "I64TruncF32S", BadConversionToInteger),
    Case("i64.trunc_f32_u", &["(f32.const nan)"], true, "I64TruncF32U", BadConversionToInteger),
    Case("i64.trunc_f64_s", &["(f64.const nan)"], true, "I64TruncF64S", BadConversionToInteger),
    Case("i64.trunc_f64_u", &["(f64.const nan)"], true, "I64TruncF64U", BadConversionToInteger),
];

/// A guest with an export for each case, which calls the function `trap<n>` that traps. The
/// operands reach the instruction as constants, or as parameters, of which the compiler knows
/// nothing.
fn cases(as_params: bool) -> String {
    let mut functions = String::new();
    for (n, Case(instruction, operands, result, ..)) in CASES.iter().enumerate() {
        let ty = |operand: &str| match operand.strip_prefix("(ref.null ") {
            Some(kind) if kind.starts_with('$') => format!("(ref null {kind}"),
            Some(kind) => format!("{}ref", kind.trim_end_matches(')')),
            None => operand[1..4].to_owned(),
        };
        let params: String = operands.iter().map(|operand| format!(" {}", ty(operand))).collect();
        let inside: String = match as_params {
            true => (0..operands.len()).map(|i| format!("(local.get {i}) ")).collect(),
            false => operands.join(" "),
        };
        let outside = operands.join(" ");
        // A result that nobody uses is no reason not to trap.
        let drop = if *result { "drop" } else { "" };
        functions += &format!(
            "(func $trap{n} (param{params}) {inside} {instruction} {drop})
             (func $outer{n} (export \"{n}\") {outside} call $trap{n} nop)\n"
        );
    }
    format!(
        r#"(module
             (type $nothing (func))
             (memory 1 1)
             (table $funcs 3 3 funcref)
             (table $externs 2 externref)
             (data $data "abc")
             (elem $elem func $fine)
             (elem (table $funcs) (i32.const 0) func $fine)
             (func $fine)
             {functions}
             (func (export "fine") (result i32) (i32.const 42)))"#
    )
}

fn every_trap(as_params: bool) {
    let guest = cases(as_params);
    let wasm = wasm(&guest);
    in_every_way(&wasm, |_, module| {
        let mut store = Store::new(());
        let first = instance(&mut store, module);
        let second = instance(&mut store, module);
        for (n, Case(instruction, operands, _, operator, code)) in CASES.iter().enumerate() {
            let trap = trap(call(&mut store, first, &n.to_string(), &[]));
            let case = format!("{instruction} {operands:?}");
            assert_eq!(trap.code(), *code, "{case}");
            // `$fine` comes first.
            let (inner, outer) = (2 * n + 1, 2 * n + 2);
            let at = [offsets(&wasm, inner, operator), offsets(&wasm, outer, "Call")].concat();
            let [inner_at, outer_at] = *at else { panic!("{case}: found at {at:?}") };
            let frames: Vec<_> = trap
                .frames()
                .iter()
                .map(|frame| {
                    assert_eq!(frame.module(), "guest");
                    let name = frame.func_name().expect("a name").to_owned();
                    (frame.func_index() as usize, name, frame.wasm_offset())
                })
                .collect();
            let expected = [
                (inner, format!("trap{n}"), Some(inner_at)),
                (outer, format!("outer{n}"), Some(outer_at)),
            ];
            assert_eq!(frames, expected, "{case}");
            assert_eq!(trap.wasm_offset(), Some(inner_at), "{case}");
            assert_eq!(trap.frames_left_out(), 0);
            for instance in [first, second] {
                assert_eq!(typed::<(), i32>(&mut store, instance, "fine", ()).unwrap(), 42);
            }
        }
    });
}

#[test]
fn every_trap_of_known_operands() {
    every_trap(false);
}

#[test]
fn every_trap_of_unknown_operands() {
    every_trap(true);
}

#[test]
fn every_code_has_a_case() {
    for code in TrapCode::ALL {
        // No instruction of itself reaches a limit: `stack.rs`, `fuel.rs` and `interrupt.rs` do.
        let limit = matches!(code, StackOverflow | OutOfFuel | Interrupted);
        let covered = CASES.iter().any(|case| case.4 == *code) || limit;
        assert!(covered, "{code:?}");
    }
}

/// A store that is partly outside writes nothing.
#[test]
fn an_access_across_the_end_touches_nothing() {
    let guest = r#"(module
        (memory (export "memory") 1 2)
        (func (export "i16") (param i32) (i32.store16 (local.get 0) (i32.const -1)))
        (func (export "i32") (param i32) (i32.store (local.get 0) (i32.const -1)))
        (func (export "i64") (param i32) (i64.store (local.get 0) (i64.const -1)))
        (func (export "f64") (param i32) (f64.store (local.get 0) (f64.const -nan)))
        (func (export "fill") (param i32)
          (memory.fill (local.get 0) (i32.const 0xff) (i32.const 8)))
        (func (export "copy") (param i32)
          (memory.copy (local.get 0) (i32.const 0) (i32.const 8))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        memory.data_mut(&mut store)[..8].fill(0xff);
        for (name, size) in
            [("i16", 2), ("i32", 4), ("i64", 8), ("f64", 8), ("fill", 8), ("copy", 8)]
        {
            for start in 65536 - size + 1..65536 {
                let result = call(&mut store, instance, name, &[Val::I32(start)]);
                assert_eq!(code(result), MemoryOutOfBounds, "{name} at {start}");
            }
            let end = &memory.data(&store)[65536 - 16..];
            assert_eq!(end, [0; 16], "{name} wrote");
        }
    });
}

/// Calls go back and forth between guest and host; the backtrace has the guest's functions of
/// all levels.
#[test]
fn backtraces_reach_through_the_host() {
    let guest = r#"(module
        (import "host" "again" (func $again (param i32)))
        (func $down (export "down") (param i32)
          (if (local.get 0)
            (then (call $middle (i32.sub (local.get 0) (i32.const 1))))
            (else unreachable)))
        (func $middle (param i32) (call $again (local.get 0))))"#;
    let wasm = wasm(guest);
    in_every_way(&wasm, |_, module| {
        let mut store = Store::new(0);
        let again = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, n: i32| {
            let instance = caller.instance().expect("a guest called");
            *caller.data_mut() += 1;
            typed::<i32, ()>(caller, instance, "down", n)
        });
        let instance =
            Instance::new(&mut store, module, Imports::new().define("host", "again", again))
                .unwrap();
        let trap = trap(typed::<i32, ()>(&mut store, instance, "down", 3));
        assert_eq!(*store.data(), 3);
        assert_eq!(trap.code(), Unreachable);
        let frames: Vec<_> = trap
            .frames()
            .iter()
            .map(|frame| (frame.func_index(), frame.wasm_offset().unwrap()))
            .collect();
        let [unreachable] = *offsets(&wasm, 0, "Unreachable") else { panic!() };
        let [call_middle] = *offsets(&wasm, 0, "Call") else { panic!() };
        let [call_again] = *offsets(&wasm, 1, "Call") else { panic!() };
        let (down, middle) = ((1, call_middle), (2, call_again));
        assert_eq!(frames, [(1, unreachable), middle, down, middle, down, middle, down]);
        assert_eq!(trap.frames()[1].func_name().unwrap(), "middle");
    });
}

/// A host function that catches its guest's trap decides what becomes of it.
#[test]
fn an_inner_trap_can_be_caught() {
    let guest = r#"(module
        (import "host" "try" (func $try (result i32)))
        (func (export "outer") (result i32) (i32.add (call $try) (i32.const 1)))
        (func (export "trap") (drop (i32.div_u (i32.const 1) (i32.const 0)))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let attempt = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
            let instance = caller.instance().unwrap();
            for _ in 0..3 {
                let result = typed::<(), ()>(&mut caller, instance, "trap", ());
                assert_eq!(code(result), IntegerDivideByZero);
            }
            41
        });
        let instance =
            Instance::new(&mut store, module, Imports::new().define("host", "try", attempt))
                .unwrap();
        for _ in 0..3 {
            assert_eq!(typed::<(), i32>(&mut store, instance, "outer", ()).unwrap(), 42);
        }
    });
}

#[test]
fn a_backtrace_reads_well() {
    let guest = r#"(module $parser
        (func $parser::parse_header unreachable)
        (func (call $parser::parse_header))
        (func $_ZN6parser5parse17h0123456789abcdefE (export "parse") (call 1)))"#;
    let wasm = wasm(guest);
    in_every_way(&wasm, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let error = call(&mut store, instance, "parse", &[]).unwrap_err();
        let at = |defined, operator| offsets(&wasm, defined, operator)[0];
        let (a, b, c) = (at(0, "Unreachable"), at(1, "Call"), at(2, "Call"));
        assert_eq!(
            error.to_string(),
            format!(
                "wasm trap: unreachable\n   \
                 0: guest!parser::parse_header at {a:#x}\n   \
                 1: guest!function[1] at {b:#x}\n   \
                 2: guest!parser::parse at {c:#x}"
            )
        );
    });
}

/// Functions with the same code, which is generated once.
#[test]
fn twins_have_names_and_places_of_their_own() {
    let body = "(param i32) (result i32) (i32.div_s (i32.const 1) (call";
    let guest = format!(
        r#"(module
            (func $low (export "low") (param i32) (result i32) (loop) (local.get 0))
            (func $high (export "high") (param i32) (result i32)
                (loop) (i32.add (local.get 0) (i32.const 1)))
            (func $one (export "one") {body} $low (local.get 0))))
            (func $two (export "two") {body} $high (local.get 0)))))"#
    );
    let wasm = wasm(&guest);
    in_every_way(&wasm, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for (name, defined, zero) in [("one", 2, 0), ("two", 3, -1)] {
            let found = call(&mut store, instance, name, &[Val::I32(zero + 1)]).unwrap();
            assert_eq!(found[0].i32(), Some(1), "{way:?}");
            let error = call(&mut store, instance, name, &[Val::I32(zero)]).unwrap_err();
            let at = offsets(&wasm, defined, "I32DivS")[0];
            let expected =
                format!("wasm trap: integer divide by zero\n   0: guest!{name} at {at:#x}");
            assert_eq!(error.to_string(), expected, "{way:?}");
        }
    });
}

/// What a guest has changed until it traps stays, and locals of outer calls are untouched.
#[test]
fn what_was_done_before_a_trap_stays() {
    let guest = r#"(module
        (global $g (export "g") (mut i32) (i32.const 1))
        (memory (export "memory") 1)
        (func (export "f")
          (global.set $g (i32.const 2))
          (i32.store8 (i32.const 5) (i32.const 3))
          (drop (i32.load (i32.const -1)))
          (global.set $g (i32.const 9))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        assert_eq!(code(call(&mut store, instance, "f", &[])), MemoryOutOfBounds);
        let g = instance.get_global(&store, "g").unwrap();
        assert_eq!(g.get(&store).i32(), Some(2));
        assert_eq!(instance.get_memory(&store, "memory").unwrap().data(&store)[5], 3);
    });
}
