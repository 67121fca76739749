//! Tail calls: as [`call`](super::call), but the callee takes the place of the caller's frame. The
//! guests' own convention lets every function be called so, whatever arguments it takes on the
//! stack, and functions of the host are reached through trampolines of that convention.

use cranelift_codegen::ir::InstBuilder;

use super::call::{self, Callee, Code};
use super::context::Context;
use crate::index::{FuncIndex, SigIndex, TableIndex};

/// `return_call`.
pub fn direct(cx: &mut Context<'_, '_>, func: FuncIndex) {
    let callee = call::function(cx, func);
    tail_call(cx, cx.module.functions[func].sig, callee);
}

/// `return_call_indirect`.
pub fn indirect(cx: &mut Context<'_, '_>, table: TableIndex, sig: SigIndex) {
    if let Some(callee) = call::element(cx, table, sig) {
        tail_call(cx, sig, callee);
    }
}

/// `return_call_ref`.
pub fn reference(cx: &mut Context<'_, '_>, sig: SigIndex) {
    let callee = call::referent(cx);
    tail_call(cx, sig, callee);
}

fn tail_call(cx: &mut Context<'_, '_>, sig: SigIndex, callee: Callee) {
    let args = call::args(cx, sig, &callee);
    match callee.code {
        Code::Own(func) => {
            cx.ins().return_call(func, &args);
        }
        Code::Pointer(code) => {
            let signature = cx.signature(sig, callee.contexts);
            cx.ins().return_call_indirect(signature, code, &args);
        }
    }
    cx.stack.reachable = false;
}
