//! 128-bit integer arithmetic on pairs of 64-bit values, the low half below the high one.
//!
//! The pairs become 128-bit values and fall apart again at once: the code generator keeps such a
//! value in two registers and knows the machine's own instructions for it (on x86-64 `add` and
//! `adc`, `sub` and `sbb`, one widening `mul`).

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::context::Context;

/// `i64.add128`.
pub fn add128(cx: &mut Context<'_, '_>) {
    let (first, second) = pop2(cx);
    let sum = cx.ins().iadd(first, second);
    push(cx, sum);
}

/// `i64.sub128`.
pub fn sub128(cx: &mut Context<'_, '_>) {
    let (first, second) = pop2(cx);
    let difference = cx.ins().isub(first, second);
    push(cx, difference);
}

/// `i64.mul_wide_s`.
pub fn mul_wide_s(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    let first = cx.ins().sextend(types::I128, first);
    let second = cx.ins().sextend(types::I128, second);
    let product = cx.ins().imul(first, second);
    push(cx, product);
}

/// `i64.mul_wide_u`.
pub fn mul_wide_u(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    let first = cx.ins().uextend(types::I128, first);
    let second = cx.ins().uextend(types::I128, second);
    let product = cx.ins().imul(first, second);
    push(cx, product);
}

/// Pops two pairs; the second was on top.
fn pop2(cx: &mut Context<'_, '_>) -> (Value, Value) {
    let second = pop(cx);
    (pop(cx), second)
}

fn pop(cx: &mut Context<'_, '_>) -> Value {
    let (low, high) = cx.pop2();
    // A carry that is added: the code generator knows that its upper half is zero.
    if cx.constant(high) == Some(0) {
        return cx.ins().uextend(types::I128, low);
    }
    cx.ins().iconcat(low, high)
}

fn push(cx: &mut Context<'_, '_>, value: Value) {
    let (low, high) = cx.ins().isplit(value);
    cx.push(low);
    cx.push(high);
}
