//! 128-bit integer arithmetic on pairs of 64-bit values, the low half below the high one.
//!
//! The pairs become 128-bit values and fall apart again at once: the code generator keeps such a
//! value in two registers and knows the machine's own instructions for it (on x86-64 `add` and
//! `adc`, `sub` and `sbb`, one widening `mul`).

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::bounds;
use super::context::Context;
use crate::index::MemoryIndex;
use crate::plan::products::Product;

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

/// A call of a function that is a multiplication: see [`products`](crate::plan::products).
pub fn store_product(cx: &mut Context<'_, '_>, product: Product) {
    let (second_low, second_high) = cx.pop2();
    let (first_low, first_high) = cx.pop2();
    let address = cx.pop();
    let wide = [first_low, second_low].map(|half| cx.ins().uextend(types::I128, half));
    let inner = cx.ins().imul(wide[0], wide[1]);
    let (low, high) = cx.ins().isplit(inner);
    let mut high = high;
    for (low, other_high) in [(first_low, second_high), (second_low, first_high)] {
        if cx.constant(other_high) != Some(0) {
            let outer = cx.ins().imul(low, other_high);
            high = cx.ins().iadd(high, outer);
        }
    }
    let mut halves = [(0, low), (8, high)];
    if product.high_first {
        halves.reverse();
    }
    for (offset, half) in halves {
        let memory = MemoryIndex::from_u32(0);
        let Some(place) = bounds::check(cx, memory, address, offset, 8) else { return };
        cx.ins().store(place.flags, half, place.base, place.offset);
    }
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
