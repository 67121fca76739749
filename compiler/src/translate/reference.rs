//! References: `ref.null`, `ref.is_null`, `ref.as_non_null`, `ref.func`; and `select`, `drop`, which work on any
//! value.

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::IntCC;
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::trap_unless;
use super::types::clif;
use super::vmctx;
use crate::index::FuncIndex;
use crate::module::{RefType, ValType};

/// `ref.null`. Of either type, null is 0.
pub fn null(cx: &mut Context<'_, '_>, ty: RefType) {
    let ty = ValType::Ref(ty);
    let null = cx.ins().iconst(clif(ty), 0);
    cx.push_typed(null, ty);
}

/// `ref.is_null`.
pub fn is_null(cx: &mut Context<'_, '_>) {
    let value = cx.pop();
    let is_null = cx.ins().icmp_imm_u(IntCC::Equal, value, 0);
    cx.push_comparison(is_null);
}

/// `ref.as_non_null`.
pub fn as_non_null(cx: &mut Context<'_, '_>) {
    let reference = cx.pop();
    trap_unless(cx, reference, TrapCode::NullReference);
    cx.push(reference);
}

/// `ref.func`.
pub fn func(cx: &mut Context<'_, '_>, index: FuncIndex) {
    let reference = vmctx::func_ref(cx, index);
    cx.push(reference);
}

/// `select` of numbers, or, with its type, of references.
pub fn select(cx: &mut Context<'_, '_>, ty: Option<ValType>) {
    let condition = cx.pop_condition();
    let (first, second) = cx.pop2();
    let value = cx.ins().select(condition, first, second);
    match ty {
        Some(ty) => cx.push_typed(value, ty),
        None => cx.push(value),
    }
}
