//! Which functions are so small that their code is put where they are called.
//!
//! They do a little arithmetic: `isdigit`, `min`, a hash's round. Nothing in them can trap, loop or
//! leave the module, so no place in them is ever seen in a trap or in a backtrace, and whoever calls
//! one has the same traps, at the same places, as if it had been called. Functions that only call
//! such functions are of the kind, too.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::Operator;

use crate::index::FuncIndex;
use crate::module::{Body, Module};
use crate::parse::scan::proposal;

/// The longest code of such a function, with that of those that it calls, in bytes.
const MAX_LEN: usize = 96;

/// The most parameters and locals: 50,000 are declared in a few bytes.
const MAX_LOCALS: usize = 16;

/// Finds them.
pub fn small(module: &Module<'_>) -> BTreeSet<FuncIndex> {
    // How long those are that have been found, with what is put into them.
    let mut lens: BTreeMap<FuncIndex, usize> = BTreeMap::new();
    // What has not been: a function's length and calls.
    let mut left: Vec<(FuncIndex, usize, Vec<FuncIndex>)> = Vec::new();
    for (func, function) in module.functions.iter() {
        let Some(body) = &function.body else { continue };
        let params = module.signatures[function.sig].params.len();
        left.extend(plain(body, params).map(|calls| (func, body.bytes.len(), calls)));
    }
    // A function that calls itself, by whatever way, is never found. Each turn finds what calls
    // those of the turn before, and that is longer: the turns are few.
    loop {
        let before = left.len();
        left.retain(|(func, own, calls)| {
            let others = calls.iter().map(|callee| lens.get(callee).copied());
            let len = others.sum::<Option<usize>>().map(|others| own + others);
            lens.extend(len.filter(|&len| len <= MAX_LEN).map(|len| (*func, len)));
            len.is_none()
        });
        if left.len() == before {
            return lens.into_keys().collect();
        }
    }
}

/// What a function calls, once for each call, if it is short and has but instructions that neither
/// trap nor loop, and calls.
fn plain(body: &Body<'_>, params: usize) -> Option<Vec<FuncIndex>> {
    if body.bytes.len() > MAX_LEN || body.loop_depth > 0 {
        return None;
    }
    let reader = body.reader();
    let mut locals = params;
    for declared in reader.get_locals_reader().ok()? {
        locals = locals.saturating_add(declared.ok()?.0 as usize);
    }
    if locals > MAX_LOCALS {
        return None;
    }
    let mut operators = reader.get_operators_reader().ok()?;
    let mut calls = Vec::new();
    while !operators.eof() {
        match operators.read().ok()? {
            Operator::Call { function_index } => calls.push(FuncIndex::from_u32(function_index)),
            operator => is_plain_operator(&operator).then_some(())?,
        }
    }
    Some(calls)
}

fn is_plain_operator(operator: &Operator<'_>) -> bool {
    use Operator as O;
    match operator {
        // Those of the first version of the language that can trap, or touch a memory.
        O::Unreachable
        | O::Loop { .. }
        | O::CallIndirect { .. }
        | O::I32Load { .. }
        | O::I64Load { .. }
        | O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. }
        | O::I32Store { .. }
        | O::I64Store { .. }
        | O::F32Store { .. }
        | O::F64Store { .. }
        | O::I32Store8 { .. }
        | O::I32Store16 { .. }
        | O::I64Store8 { .. }
        | O::I64Store16 { .. }
        | O::I64Store32 { .. }
        | O::MemorySize { .. }
        | O::MemoryGrow { .. }
        | O::I32DivS
        | O::I32DivU
        | O::I32RemS
        | O::I32RemU
        | O::I64DivS
        | O::I64DivU
        | O::I64RemS
        | O::I64RemU
        | O::I32TruncF32S
        | O::I32TruncF32U
        | O::I32TruncF64S
        | O::I32TruncF64U
        | O::I64TruncF32S
        | O::I64TruncF32U
        | O::I64TruncF64S
        | O::I64TruncF64U => false,
        _ => matches!(proposal(operator), "mvp" | "sign_extension" | "saturating_float_to_int"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(functions: &str) -> Vec<u32> {
        let text = format!(
            "(module (import \"m\" \"f\" (func $import)) (memory 1) (table 1 funcref) {functions})"
        );
        let wasm = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        small(&module).iter().map(|func| func.as_u32()).collect()
    }

    #[test]
    fn small_functions_are_found_with_those_that_call_them() {
        let is_digit = "(func $digit (param i32) (result i32)
            (i32.lt_u (i32.sub (local.get 0) (i32.const 48)) (i32.const 10)))";
        let either = "(func $either (param i32) (result i32)
            (i32.or (call $digit (local.get 0)) (call $digit (i32.const 1))))";
        assert_eq!(found(&format!("{is_digit} {either}")), [1, 2]);
        assert_eq!(found(&format!("{either} {is_digit}")), [1, 2]);
        // Too long together.
        let sixteen = "(i32.add (call $either (local.get 0))".repeat(16);
        let long =
            format!("(func (param i32) (result i32) {sixteen} (i32.const 1) {}", ")".repeat(17));
        assert_eq!(found(&format!("{is_digit} {either} {long}")), [1, 2]);
    }

    #[test]
    fn what_can_trap_loop_or_leave_is_not_small() {
        for code in [
            "unreachable",
            "(drop (i32.load (i32.const 0)))",
            "(i64.store8 (i32.const 0) (i64.const 0))",
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
            "(drop (i64.trunc_f64_s (f64.const 0)))",
            "(loop)",
            "(call $import)",
            "(call $self)",
            "(call_indirect (i32.const 0))",
            "(return_call $import)",
            "(drop (memory.grow (i32.const 0)))",
            "(drop (table.get 0 (i32.const 0)))",
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))",
        ] {
            assert!(found(&format!("(func $self {code})")).is_empty(), "{code}");
        }
        assert!(found("(func $a (call $b)) (func $b (call $a))").is_empty());
        let locals = "i64 ".repeat(17);
        assert!(found(&format!("(func (local {locals}))")).is_empty());
        assert!(found(&format!("(func (param {locals}))")).is_empty());
        assert_eq!(found("(func (drop (i32.trunc_sat_f32_s (f32.const 0))))"), [1]);
    }
}
