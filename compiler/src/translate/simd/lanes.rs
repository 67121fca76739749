//! Lanes: constants, splats, single lanes; and the instructions that look at all 128
//! bits alike.

use cranelift_codegen::ir::{InstBuilder, Type, types};

use super::*;

/// `v128.const`.
pub fn const_(cx: &mut Context<'_, '_>, bytes: [u8; 16]) {
    let value = constant(cx, bytes);
    cx.push(value);
}

/// `splat`: every lane the operand. Of an integer for smaller lanes, the low bits.
pub fn splat(cx: &mut Context<'_, '_>, shape: Type) {
    let value = cx.pop();
    let lane = narrow(cx, value, shape);
    let result = cx.ins().splat(shape, lane);
    push(cx, result);
}

/// A lane's value from an operand: of an integer for smaller lanes, the low bits.
fn narrow(cx: &mut Context<'_, '_>, value: Value, shape: Type) -> Value {
    match shape.lane_type() {
        lane @ (types::I8 | types::I16) => cx.ins().ireduce(lane, value),
        _ => value,
    }
}

/// `extract_lane` of lanes that are values of wasm.
pub fn extract(cx: &mut Context<'_, '_>, shape: Type, lane: u8) {
    let vector = pop(cx, shape);
    let value = cx.ins().extractlane(vector, lane);
    cx.push(value);
}

/// `extract_lane_s`.
pub fn extract_s(cx: &mut Context<'_, '_>, shape: Type, lane: u8) {
    let vector = pop(cx, shape);
    let value = cx.ins().extractlane(vector, lane);
    let value = cx.ins().sextend(types::I32, value);
    cx.push(value);
}

/// `extract_lane_u`.
pub fn extract_u(cx: &mut Context<'_, '_>, shape: Type, lane: u8) {
    let vector = pop(cx, shape);
    let value = cx.ins().extractlane(vector, lane);
    let value = cx.ins().uextend(types::I32, value);
    cx.push(value);
}

/// `replace_lane`.
pub fn replace(cx: &mut Context<'_, '_>, shape: Type, lane: u8) {
    let value = cx.pop();
    let vector = pop(cx, shape);
    let value = narrow(cx, value, shape);
    let result = cx.ins().insertlane(vector, value, lane);
    push(cx, result);
}

/// `i8x16.swizzle`: bytes of the first operand by numbers in the second; 0 where there is none.
pub fn swizzle(cx: &mut Context<'_, '_>) {
    let (bytes, places) = pop2(cx, V128);
    let result = cx.ins().swizzle(bytes, places);
    push(cx, result);
}

/// `v128.not`.
pub fn not(cx: &mut Context<'_, '_>) {
    let value = pop(cx, V128);
    let result = cx.ins().bnot(value);
    push(cx, result);
}

binary! {
    and: band;
    and_not: band_not;
    or: bor;
    xor: bxor;
}

/// `v128.bitselect`: bits of the first operand where the third has a 1, else of the second.
pub fn bitselect(cx: &mut Context<'_, '_>) {
    let (first, second, mask) = pop3(cx, V128);
    let result = cx.ins().bitselect(mask, first, second);
    push(cx, result);
}

/// `v128.any_true`.
pub fn any_true(cx: &mut Context<'_, '_>) {
    let value = pop(cx, V128);
    let result = cx.ins().vany_true(value);
    push_bool(cx, result);
}
