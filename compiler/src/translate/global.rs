//! Globals: `global.get`, `global.set`.

use cranelift_codegen::ir::{Value, types};

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
        ConstOp::I32Const(value) => cx.number(types::I32, u64::from(value as u32)),
        ConstOp::I64Const(value) => cx.number(types::I64, value as u64),
        ConstOp::F32Const(bits) => cx.number(types::F32, bits.into()),
        ConstOp::F64Const(bits) => cx.number(types::F64, bits),
        ConstOp::V128Const(bits) => simd::constant(cx, bits.to_le_bytes()),
        _ => return None,
    })
}
