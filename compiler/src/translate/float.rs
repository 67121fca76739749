//! Floating-point instructions, of either width: the operands bring their type along.
//!
//! Cranelift's have wasm's meaning, `fmin` and `fmax` of NaNs and zeros included. Rounding is a
//! call of a builtin where the machine has no instruction for it.

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::FloatCC;

use super::context::Context;
use super::int::{binary, unary};

unary! {
    abs: fabs;
    neg: fneg;
    ceil: ceil;
    floor: floor;
    trunc: trunc;
    nearest: nearest;
    sqrt: sqrt;
}

binary! {
    add: fadd;
    sub: fsub;
    mul: fmul;
    div: fdiv;
    min: fmin;
    max: fmax;
    copysign: fcopysign;
}

/// A comparison.
pub fn compare(cx: &mut Context<'_, '_>, how: FloatCC) {
    let (first, second) = cx.pop2();
    let result = cx.ins().fcmp(how, first, second);
    cx.push_comparison(result);
}
