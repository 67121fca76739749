//! Calls of the runtime's builtins.

use cranelift_codegen::ir::{InstBuilder, Value};
use wasmaot_abi::builtins::Builtin;

use super::context::Context;
use super::types;
use crate::func_key::{FuncKey, Reference};

/// Calls a builtin that takes a context, through its exit trampoline. Returns its result, if that is a value: whether it
/// failed, the trampoline deals with.
pub fn call(cx: &mut Context<'_, '_>, builtin: Builtin, params: &[Value]) -> Option<Value> {
    let reference = Reference::Func(FuncKey::ExitBuiltin(builtin));
    let callee = cx.callee(reference, |cx| cx.import_signature(types::exit_builtin(builtin)));
    let mut args = Vec::with_capacity(params.len() + 1);
    args.push(cx.vmctx);
    args.extend_from_slice(params);
    let call = cx.ins().call(callee, &args);
    cx.builder.inst_results(call).first().copied()
}

/// Calls a builtin that takes no context and has no result.
pub fn call_plain(cx: &mut Context<'_, '_>, builtin: Builtin, params: &[Value]) {
    let signature = |cx: &mut Context<'_, '_>| {
        let signature = types::builtin(builtin, cx.target);
        cx.import_signature(signature)
    };
    let callee = cx.callee(Reference::Builtin(builtin), signature);
    cx.ins().call(callee, params);
}
