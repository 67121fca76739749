//! Globals: `global.get`, `global.set`.

use cranelift_codegen::ir::{
    InstBuilder, Value,
    immediates::{Ieee32, Ieee64},
    types,
};

use super::context::Context;
use super::{simd, vmctx};
use crate::index::GlobalIndex;
use crate::module::ConstOp;

/// `global.get`.
pub fn get(cx: &mut Context<'_, '_>, index: GlobalIndex) {
    let value = match constant(cx, index) {
        Some(value) => value,
        None => vmctx::load_global(cx, index),
    };
    cx.push_typed(value, cx.module.globals[index].value);
}

/// `global.set`.
pub fn set(cx: &mut Context<'_, '_>, index: GlobalIndex) {
    let value = cx.pop();
    vmctx::store_global(cx, index, value);
}

/// The value of a global that always has the same, in every instance.
fn constant(cx: &mut Context<'_, '_>, index: GlobalIndex) -> Option<Value> {
    if cx.module.globals[index].mutable {
        return None;
    }
    let defined = cx.module.defined_global(index).ok()?;
    match cx.module.global_inits[defined as usize][..] {
        [op] => number(cx, op),
        _ => None,
    }
}

/// Pushes the value of a constant instruction that is a number or a vector.
pub fn constant_op(cx: &mut Context<'_, '_>, op: ConstOp) {
    if let Some(value) = number(cx, op) {
        cx.push(value);
    }
}

fn number(cx: &mut Context<'_, '_>, op: ConstOp) -> Option<Value> {
    Some(match op {
        ConstOp::I32Const(value) => cx.ins().iconst(types::I32, i64::from(value as u32)),
        ConstOp::I64Const(value) => cx.ins().iconst(types::I64, value),
        ConstOp::F32Const(bits) => cx.ins().f32const(Ieee32::with_bits(bits)),
        ConstOp::F64Const(bits) => cx.ins().f64const(Ieee64::with_bits(bits)),
        ConstOp::V128Const(bits) => simd::constant(cx, bits.to_le_bytes()),
        _ => return None,
    })
}
