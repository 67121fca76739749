//! Integer lanes: arithmetic, shifts, comparisons, and what sums or multiplies into wider lanes.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, types};

use super::*;

unary! {
    abs: iabs;
    neg: ineg;
    popcnt: popcnt;
}

binary! {
    add: iadd;
    add_sat_s: sadd_sat;
    add_sat_u: uadd_sat;
    sub: isub;
    sub_sat_s: ssub_sat;
    sub_sat_u: usub_sat;
    mul: imul;
    min_s: smin;
    min_u: umin;
    max_s: smax;
    max_u: umax;
    avgr_u: avg_round;
    q15mulr_sat_s: sqmul_round_sat;
}

/// Shifts of all lanes by a scalar. Cranelift takes it modulo the lanes' width, as wasm does.
macro_rules! shifts {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>, shape: Type) {
                let count = cx.pop();
                let value = pop(cx, shape);
                let result = cx.ins().$ins(value, count);
                push(cx, result);
            }
        )*
    };
}

shifts! {
    shl: ishl;
    shr_s: sshr;
    shr_u: ushr;
}

/// A comparison: lanes of ones where it holds, of zeros elsewhere.
pub fn compare(cx: &mut Context<'_, '_>, shape: Type, how: IntCC) {
    let (first, second) = pop2(cx, shape);
    let result = cx.ins().icmp(how, first, second);
    push(cx, result);
}

/// `all_true`: whether no lane is 0.
pub fn all_true(cx: &mut Context<'_, '_>, shape: Type) {
    let value = pop(cx, shape);
    let result = cx.ins().vall_true(value);
    push_bool(cx, result);
}

/// `bitmask`: the highest bit of each lane.
pub fn bitmask(cx: &mut Context<'_, '_>, shape: Type) {
    let value = pop(cx, shape);
    let result = cx.ins().vhigh_bits(types::I32, value);
    cx.push(result);
}

/// How lanes of half a vector become lanes of twice the width.
macro_rules! widening {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($ins), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>, value: Value) -> Value {
                cx.ins().$ins(value)
            }
        )*
    };
}

widening! {
    low_s: swiden_low;
    high_s: swiden_high;
    low_u: uwiden_low;
    high_u: uwiden_high;
}

/// One of [`low_s`], [`high_s`], [`low_u`], [`high_u`].
pub type Widen = fn(&mut Context<'_, '_>, Value) -> Value;

/// `extend_low_…`, `extend_high_…` of lanes of the shape `from`.
pub fn extend(cx: &mut Context<'_, '_>, from: Type, widen: Widen) {
    let value = pop(cx, from);
    let result = widen(cx, value);
    push(cx, result);
}

/// `extmul_low_…`, `extmul_high_…`: products of lanes of the shape `from`, in full.
pub fn extmul(cx: &mut Context<'_, '_>, from: Type, widen: Widen) {
    let (first, second) = pop2(cx, from);
    let (first, second) = (widen(cx, first), widen(cx, second));
    let result = cx.ins().imul(first, second);
    push(cx, result);
}

/// `extadd_pairwise_…`: sums of neighbours, in full.
pub fn extadd_pairwise(cx: &mut Context<'_, '_>, from: Type, low: Widen, high: Widen) {
    let value = pop(cx, from);
    let result = pair_sums(cx, value, low, high);
    push(cx, result);
}

/// The sums of neighbouring lanes in lanes of twice the width.
pub fn pair_sums(cx: &mut Context<'_, '_>, value: Value, low: Widen, high: Widen) -> Value {
    let (low, high) = (low(cx, value), high(cx, value));
    cx.ins().iadd_pairwise(low, high)
}

/// `i32x4.dot_i16x8_s`: sums of neighbours' products.
pub fn dot(cx: &mut Context<'_, '_>) {
    let (first, second) = pop2(cx, types::I16X8);
    let (first_low, second_low) = (low_s(cx, first), low_s(cx, second));
    let low = cx.ins().imul(first_low, second_low);
    let (first_high, second_high) = (high_s(cx, first), high_s(cx, second));
    let high = cx.ins().imul(first_high, second_high);
    let result = cx.ins().iadd_pairwise(low, high);
    push(cx, result);
}
