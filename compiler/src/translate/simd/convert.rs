//! Conversions between lanes of different kinds or widths. Which pairs of instructions Cranelift
//! knows as one is part of what is written here: 64-bit integer lanes stand between some of them
//! that no machine has to make.

use cranelift_codegen::ir::types::{F32X4, F64X2, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};

use super::*;

/// `narrow_…_s`: lanes of half the width, saturating; those of the first operand come first.
pub fn narrow_s(cx: &mut Context<'_, '_>, from: Type) {
    let (first, second) = pop2(cx, from);
    let result = cx.ins().snarrow(first, second);
    push(cx, result);
}

/// `narrow_…_u`: as [`narrow_s`], of signed lanes to unsigned ones.
pub fn narrow_u(cx: &mut Context<'_, '_>, from: Type) {
    let (first, second) = pop2(cx, from);
    let result = cx.ins().unarrow(first, second);
    push(cx, result);
}

/// `i32x4.trunc_sat_f32x4_s`.
pub fn trunc_sat_s(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F32X4);
    let result = cx.ins().fcvt_to_sint_sat(I32X4, value);
    push(cx, result);
}

/// `i32x4.trunc_sat_f32x4_u`.
pub fn trunc_sat_u(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F32X4);
    let result = cx.ins().fcvt_to_uint_sat(I32X4, value);
    push(cx, result);
}

/// `i32x4.trunc_sat_f64x2_s_zero`: two lanes, and two of 0.
pub fn trunc_sat_s_zero(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F64X2);
    let wide = cx.ins().fcvt_to_sint_sat(I64X2, value);
    let zero = zero(cx, I64X2);
    let result = cx.ins().snarrow(wide, zero);
    push(cx, result);
}

/// `i32x4.trunc_sat_f64x2_u_zero`: two lanes, and two of 0.
pub fn trunc_sat_u_zero(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F64X2);
    let wide = cx.ins().fcvt_to_uint_sat(I64X2, value);
    let zero = zero(cx, I64X2);
    let result = cx.ins().uunarrow(wide, zero);
    push(cx, result);
}

/// Zeros, as the constant by which Cranelift knows a half that is all 0.
pub fn zero(cx: &mut Context<'_, '_>, shape: Type) -> Value {
    let data = ConstantData::from(&[0; 16][..]);
    let data = cx.builder.func.dfg.constants.insert(data);
    cx.ins().vconst(shape, data)
}

/// `f32x4.convert_i32x4_s`.
pub fn convert_s(cx: &mut Context<'_, '_>) {
    let value = pop(cx, I32X4);
    let result = cx.ins().fcvt_from_sint(F32X4, value);
    push(cx, result);
}

/// `f32x4.convert_i32x4_u`.
pub fn convert_u(cx: &mut Context<'_, '_>) {
    let value = pop(cx, I32X4);
    let result = cx.ins().fcvt_from_uint(F32X4, value);
    push(cx, result);
}

/// `f64x2.convert_low_i32x4_s`.
pub fn convert_low_s(cx: &mut Context<'_, '_>) {
    let value = pop(cx, I32X4);
    let wide = cx.ins().swiden_low(value);
    let result = cx.ins().fcvt_from_sint(F64X2, wide);
    push(cx, result);
}

/// `f64x2.convert_low_i32x4_u`.
pub fn convert_low_u(cx: &mut Context<'_, '_>) {
    let value = pop(cx, I32X4);
    let wide = cx.ins().uwiden_low(value);
    let result = cx.ins().fcvt_from_uint(F64X2, wide);
    push(cx, result);
}

/// `f32x4.demote_f64x2_zero`.
pub fn demote_zero(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F64X2);
    let result = cx.ins().fvdemote(value);
    push(cx, result);
}

/// `f64x2.promote_low_f32x4`.
pub fn promote_low(cx: &mut Context<'_, '_>) {
    let value = pop(cx, F32X4);
    let result = cx.ins().fvpromote_low(value);
    push(cx, result);
}
