//! Calls: direct ones, of imports, and through tables. Every call passes the callee's context
//! and the caller's.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Inst, InstBuilder, Value};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::trap_if;
use super::{table, vmctx};
use crate::config::TrapStyle;
use crate::func_key::{FuncKey, Reference};
use crate::index::{FuncIndex, SigIndex, TableIndex};

/// `call`.
pub fn direct(cx: &mut Context<'_, '_>, func: FuncIndex) {
    let sig = cx.module.functions[func].sig;
    let call = if cx.module.is_imported_function(func) {
        let (wasm_call, callee) = vmctx::imported_function(cx, func);
        through_pointer(cx, sig, wasm_call, callee)
    } else {
        let reference = Reference::Func(FuncKey::Body(func));
        let target = cx.callee(reference, |cx| cx.signature(sig));
        let args = args(cx, sig, cx.vmctx);
        cx.ins().call(target, &args)
    };
    push_results(cx, sig, call);
}

/// `call_indirect`.
pub fn indirect(cx: &mut Context<'_, '_>, table: TableIndex, sig: SigIndex) {
    let index = cx.pop();
    let element = table::element(cx, table, index, TrapCode::UndefinedElement);
    let flags = vmctx::table_flags(cx);
    let func_ref = cx.ins().load(super::types::POINTER, flags, element, 0);
    let faults = match cx.plan.traps {
        // Null is an address that faults.
        TrapStyle::Signals => Some(TrapCode::UninitializedElement),
        TrapStyle::Explicit => {
            let is_null = cx.ins().icmp_imm_u(IntCC::Equal, func_ref, 0);
            trap_if(cx, is_null, TrapCode::UninitializedElement);
            None
        }
    };
    let actual = vmctx::func_ref_type(cx, func_ref, faults);
    let expected = vmctx::func_type(cx, sig);
    let differ = cx.ins().icmp(IntCC::NotEqual, actual, expected);
    trap_if(cx, differ, TrapCode::IndirectCallTypeMismatch);
    let (wasm_call, callee) = vmctx::func_ref_target(cx, func_ref);
    let call = through_pointer(cx, sig, wasm_call, callee);
    push_results(cx, sig, call);
}

fn through_pointer(
    cx: &mut Context<'_, '_>,
    sig: SigIndex,
    wasm_call: Value,
    callee: Value,
) -> Inst {
    let args = args(cx, sig, callee);
    let signature = cx.signature(sig);
    cx.ins().call_indirect(signature, wasm_call, &args)
}

/// Pops the arguments of a call and puts the contexts before them.
fn args(cx: &mut Context<'_, '_>, sig: SigIndex, callee: Value) -> Vec<Value> {
    let count = cx.module.signatures[sig].params.len();
    let mut args = Vec::with_capacity(count + 2);
    args.extend([callee, cx.vmctx]);
    args.extend_from_slice(cx.stack.top(count));
    cx.stack.drop(count);
    args
}

fn push_results(cx: &mut Context<'_, '_>, sig: SigIndex, call: Inst) {
    let module = cx.module;
    for (place, &ty) in module.signatures[sig].results.iter().enumerate() {
        let value = cx.builder.inst_results(call)[place];
        cx.push_typed(value, ty);
    }
}
