//! Calls: direct ones, of imports, through tables and through references. A call passes the
//! callee's context and the caller's, or one if these are known to be the same.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{FuncRef, Inst, InstBuilder, Value};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::trap_if;
use super::types::Contexts;
use super::{dispatch, inline, meter, table, vmctx, wide};
use crate::config::TrapStyle;
use crate::error::Result;
use crate::func_key::{FuncKey, Reference};
use crate::index::{FuncIndex, SigIndex, TableIndex};

/// What is called, with all checks passed.
pub struct Callee {
    /// Its code.
    pub code: Code,
    /// The context that it gets.
    context: Value,
    /// Whether it gets another one besides.
    pub contexts: Contexts,
}

/// The code of what is called.
#[derive(Clone, Copy)]
pub enum Code {
    /// A function of the module.
    Own(FuncRef),
    /// What is known at run time only.
    Pointer(Value),
}

/// `call`.
///
/// # Errors
/// As translation of the function that is called.
pub fn direct(cx: &mut Context<'_, '_>, func: FuncIndex) -> Result<()> {
    if let Some(&product) = cx.plan.products.get(&func) {
        wide::store_product(cx, product);
    } else if !inline::call(cx, func)? {
        let callee = function(cx, func);
        call(cx, cx.module.functions[func].sig, callee);
    }
    Ok(())
}

/// `call_indirect`.
pub fn indirect(cx: &mut Context<'_, '_>, table: TableIndex, sig: SigIndex) {
    if let Some(callee) = element(cx, table, sig) {
        call(cx, sig, callee);
    }
}

/// `call_ref`.
pub fn reference(cx: &mut Context<'_, '_>, sig: SigIndex) {
    let callee = referent(cx);
    call(cx, sig, callee);
}

/// The function with an index.
pub fn function(cx: &mut Context<'_, '_>, func: FuncIndex) -> Callee {
    if cx.module.is_imported_function(func) {
        return of_anybody(vmctx::imported_function(cx, func));
    }
    let sig = cx.module.functions[func].sig;
    let contexts = Contexts::of(cx.plan.private.has(func));
    let reference = Reference::Func(FuncKey::Body(func));
    let code = Code::Own(cx.callee(reference, |cx| cx.signature(sig, contexts)));
    Callee { code, context: cx.vmctx, contexts }
}

/// Pops an index: the function there in a table, which is of a type or traps. `None` if that
/// always traps.
pub fn element(cx: &mut Context<'_, '_>, table: TableIndex, sig: SigIndex) -> Option<Callee> {
    let index = cx.pop();
    if let Some(constant) = cx.plan.constant_tables.get(&table) {
        let code = Code::Pointer(dispatch::code(cx, table, constant, sig, index)?);
        let contexts = Contexts::of(cx.plan.private.has_in_tables(sig));
        return Some(Callee { code, context: cx.vmctx, contexts });
    }
    let element = table::element(cx, table, index, TrapCode::UndefinedElement);
    let flags = vmctx::table_flags(cx);
    let func_ref = cx.ins().load(super::types::POINTER, flags, element, 0);
    let faults = check_null(cx, func_ref, TrapCode::UninitializedElement);
    let actual = vmctx::func_ref_type(cx, func_ref, faults);
    let expected = vmctx::func_type(cx, sig);
    let differ = cx.ins().icmp(IntCC::NotEqual, actual, expected);
    trap_if(cx, differ, TrapCode::IndirectCallTypeMismatch);
    Some(of_anybody(vmctx::func_ref_target(cx, func_ref, None)))
}

/// Pops a typed reference: the function that it refers to, or a trap if it is null.
pub fn referent(cx: &mut Context<'_, '_>) -> Callee {
    let func_ref = cx.pop();
    let faults = check_null(cx, func_ref, TrapCode::NullFunctionReference);
    of_anybody(vmctx::func_ref_target(cx, func_ref, faults))
}

/// Code of another instance, maybe, and that one's context.
fn of_anybody((wasm_call, context): (Value, Value)) -> Callee {
    Callee { code: Code::Pointer(wasm_call), context, contexts: Contexts::Both }
}

/// Checks that a reference is not null. With signals the first access does, by faulting with
/// the trap code that is returned: null is an address that faults.
fn check_null(cx: &mut Context<'_, '_>, func_ref: Value, code: TrapCode) -> Option<TrapCode> {
    match cx.plan.traps {
        TrapStyle::Signals => Some(code),
        TrapStyle::Explicit => {
            let is_null = cx.ins().icmp_imm_u(IntCC::Equal, func_ref, 0);
            trap_if(cx, is_null, code);
            None
        }
    }
}

fn call(cx: &mut Context<'_, '_>, sig: SigIndex, callee: Callee) {
    let args = args(cx, sig, &callee);
    let call = match callee.code {
        Code::Own(func) => cx.ins().call(func, &args),
        Code::Pointer(code) => {
            let signature = cx.signature(sig, callee.contexts);
            cx.ins().call_indirect(signature, code, &args)
        }
    };
    push_results(cx, sig, call);
    meter::reload(cx);
}

/// Pops the arguments of a call and puts the contexts before them.
pub fn args(cx: &mut Context<'_, '_>, sig: SigIndex, callee: &Callee) -> Vec<Value> {
    let count = cx.module.signatures[sig].params.len();
    let contexts = [callee.context, cx.vmctx];
    let mut args = Vec::with_capacity(count + contexts.len());
    args.extend(&contexts[..callee.contexts.count()]);
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
