//! Locals: `local.get`, `local.set`, `local.tee`. Parameters are the first of them.

use cranelift_codegen::ir::{InstBuilder, Value};

use super::context::Context;
use super::simd;
use super::types::{clif, needs_stack_map};
use crate::module::ValType;

/// Adds `count` locals of a type that start as `value`.
pub fn declare(cx: &mut Context<'_, '_>, ty: ValType, count: u32, value: Value) {
    for _ in 0..count {
        let local = cx.builder.declare_var(clif(ty));
        if needs_stack_map(ty) {
            cx.builder.declare_var_needs_stack_map(local);
        }
        cx.builder.def_var(local, value);
        cx.locals.push(local);
    }
}

/// The value that locals of a type start with.
pub fn zero(cx: &mut Context<'_, '_>, ty: ValType) -> Value {
    match ty {
        ValType::F32 => cx.ins().f32const(0.0),
        ValType::F64 => cx.ins().f64const(0.0),
        ValType::V128 => simd::constant(cx, [0; 16]),
        _ => cx.ins().iconst(clif(ty), 0),
    }
}

/// `local.get`.
pub fn get(cx: &mut Context<'_, '_>, index: u32) {
    let value = cx.builder.use_var(cx.locals[index as usize]);
    cx.push(value);
}

/// `local.set`.
pub fn set(cx: &mut Context<'_, '_>, index: u32) {
    let value = cx.pop();
    cx.builder.def_var(cx.locals[index as usize], value);
}

/// `local.tee`.
pub fn tee(cx: &mut Context<'_, '_>, index: u32) {
    set(cx, index);
    get(cx, index);
}
