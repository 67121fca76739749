//! Relaxed SIMD: instructions that leave a choice to the implementation, so that each can be one
//! instruction of the machine.
//!
//! The specification lists the choices (core 3.0, 4.3.5 "Relaxed Operations"); an implementation
//! makes each once, for all instructions that it concerns. [`Relaxed`](crate::target::Relaxed) says which we make: the
//! first of each list, which is what the deterministic profile prescribes, or another, where
//! that is what the machine does. Lane selection is by bits always: a machine's instruction by
//! the topmost bit, which the other choice allows, does not exist for lanes of every width.

use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};

use super::*;
use super::{convert, float, int, lanes};

/// `i8x16.relaxed_swizzle`.
pub fn swizzle(cx: &mut Context<'_, '_>) {
    if cx.target.relaxed.ssse3 {
        let (bytes, places) = pop2(cx, I8X16);
        let result = cx.ins().x86_pshufb(bytes, places);
        push(cx, result);
    } else {
        lanes::swizzle(cx);
    }
}

/// `i32x4.relaxed_trunc_f32x4_s`.
pub fn trunc_s(cx: &mut Context<'_, '_>) {
    if cx.target.relaxed.x86_trunc {
        let value = pop(cx, F32X4);
        let result = cx.ins().x86_cvtt2dq(I32X4, value);
        push(cx, result);
    } else {
        convert::trunc_sat_s(cx);
    }
}

/// `i32x4.relaxed_trunc_f64x2_s_zero`.
pub fn trunc_s_zero(cx: &mut Context<'_, '_>) {
    if cx.target.relaxed.x86_trunc {
        let value = pop(cx, F64X2);
        let wide = cx.ins().x86_cvtt2dq(I64X2, value);
        let zero = convert::zero(cx, I64X2);
        let result = cx.ins().snarrow(wide, zero);
        push(cx, result);
    } else {
        convert::trunc_sat_s_zero(cx);
    }
}

/// `relaxed_madd`: the product of the first two, and the third.
pub fn madd(cx: &mut Context<'_, '_>, shape: Type) {
    let (first, second, third) = pop3(cx, shape);
    multiply_add(cx, first, second, third);
}

/// `relaxed_nmadd`: as [`madd`], with the first negated.
pub fn nmadd(cx: &mut Context<'_, '_>, shape: Type) {
    let (first, second, third) = pop3(cx, shape);
    let first = cx.ins().fneg(first);
    multiply_add(cx, first, second, third);
}

fn multiply_add(cx: &mut Context<'_, '_>, first: Value, second: Value, third: Value) {
    let result = if cx.target.relaxed.fused {
        cx.ins().fma(first, second, third)
    } else {
        let product = cx.ins().fmul(first, second);
        cx.ins().fadd(product, third)
    };
    push(cx, result);
}

/// `relaxed_min`.
pub fn min(cx: &mut Context<'_, '_>, shape: Type) {
    if cx.target.relaxed.x86_min_max {
        let (first, second) = pop2(cx, shape);
        let result = float::lesser_or(cx, first, second);
        push(cx, result);
    } else {
        float::min(cx, shape);
    }
}

/// `relaxed_max`.
pub fn max(cx: &mut Context<'_, '_>, shape: Type) {
    if cx.target.relaxed.x86_min_max {
        let (first, second) = pop2(cx, shape);
        let result = float::greater_or(cx, first, second);
        push(cx, result);
    } else {
        float::max(cx, shape);
    }
}

/// `i16x8.relaxed_q15mulr_s`.
pub fn q15mulr_s(cx: &mut Context<'_, '_>) {
    if cx.target.relaxed.ssse3 {
        let (first, second) = pop2(cx, I16X8);
        let result = cx.ins().x86_pmulhrsw(first, second);
        push(cx, result);
    } else {
        int::q15mulr_sat_s(cx, I16X8);
    }
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`.
pub fn dot(cx: &mut Context<'_, '_>) {
    let (first, second) = pop2(cx, I8X16);
    let result = byte_dot(cx, first, second);
    push(cx, result);
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s`: sums of four products, and the third operand.
pub fn dot_add(cx: &mut Context<'_, '_>) {
    let third = pop(cx, I32X4);
    let (first, second) = pop2(cx, I8X16);
    let pairs = byte_dot(cx, first, second);
    let sums = int::pair_sums(cx, pairs, int::low_s, int::high_s);
    let result = cx.ins().iadd(sums, third);
    push(cx, result);
}

/// Saturating sums of two neighbours' products, in 16-bit lanes. The first operand's bytes are
/// signed, the second's too, or, by choice, unsigned.
fn byte_dot(cx: &mut Context<'_, '_>, first: Value, second: Value) -> Value {
    if cx.target.relaxed.ssse3 {
        // Cranelift has the signed operand first, unlike the machine.
        return cx.ins().x86_pmaddubsw(first, second);
    }
    let (first_even, first_odd) = bytes(cx, first);
    let (second_even, second_odd) = bytes(cx, second);
    let even = cx.ins().imul(first_even, second_even);
    let odd = cx.ins().imul(first_odd, second_odd);
    cx.ins().sadd_sat(even, odd)
}

/// The even and the odd bytes, sign-extended to 16 bits.
fn bytes(cx: &mut Context<'_, '_>, value: Value) -> (Value, Value) {
    let pairs = cast(cx, value, I16X8);
    let up = cx.ins().ishl_imm_u(pairs, 8);
    (cx.ins().sshr_imm_u(up, 8), cx.ins().sshr_imm_u(pairs, 8))
}
