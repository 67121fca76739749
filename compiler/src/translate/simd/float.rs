//! Floating-point lanes. Cranelift's instructions have wasm's meaning, NaNs and zeros included.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Type};

use super::*;

unary! {
    abs: fabs;
    neg: fneg;
    sqrt: sqrt;
    ceil: ceil;
    floor: floor;
    trunc: trunc;
    nearest: nearest;
}

binary! {
    add: fadd;
    sub: fsub;
    mul: fmul;
    div: fdiv;
    min: fmin;
    max: fmax;
}

/// A comparison: lanes of ones where it holds, of zeros elsewhere.
pub fn compare(cx: &mut Context<'_, '_>, shape: Type, how: FloatCC) {
    let (first, second) = pop2(cx, shape);
    let result = cx.ins().fcmp(how, first, second);
    push(cx, result);
}

/// `pmin`: the second operand where it is less, else the first.
pub fn pmin(cx: &mut Context<'_, '_>, shape: Type) {
    let (first, second) = pop2(cx, shape);
    let result = lesser_or(cx, second, first);
    push(cx, result);
}

/// `pmax`: the second operand where the first is less, else the first.
pub fn pmax(cx: &mut Context<'_, '_>, shape: Type) {
    let (first, second) = pop2(cx, shape);
    let result = greater_or(cx, second, first);
    push(cx, result);
}

/// Lanes of `value` that are less than those of `other`, else those of `other`: what an x86
/// `min` does.
pub fn lesser_or(cx: &mut Context<'_, '_>, value: Value, other: Value) -> Value {
    let less = cx.ins().fcmp(FloatCC::LessThan, value, other);
    choose(cx, less, value, other)
}

/// Lanes of `value` that are greater than those of `other`, else those of `other`: what an x86
/// `max` does.
pub fn greater_or(cx: &mut Context<'_, '_>, value: Value, other: Value) -> Value {
    // In this form Cranelift knows it for that instruction.
    let greater = cx.ins().fcmp(FloatCC::LessThan, other, value);
    choose(cx, greater, value, other)
}

fn choose(cx: &mut Context<'_, '_>, mask: Value, value: Value, other: Value) -> Value {
    let shape = cx.builder.func.dfg.value_type(value);
    let mask = cast(cx, mask, shape);
    cx.ins().bitselect(mask, value, other)
}
