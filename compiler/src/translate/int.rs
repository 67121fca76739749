//! Integer instructions, of either width: the operands bring their type along.

use cranelift_codegen::ir::condcodes::{CondCode as _, IntCC};
use cranelift_codegen::ir::{InstBuilder, InstructionData, Type, Value, types};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::trap_if;
use crate::config::TrapStyle;

/// Instructions that are one of Cranelift's, of one operand.
macro_rules! unary {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($ins), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>) {
                let value = cx.pop();
                let result = cx.ins().$ins(value);
                cx.push(result);
            }
        )*
    };
}
pub(super) use unary;

/// Instructions that are one of Cranelift's, of two operands.
macro_rules! binary {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($ins), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>) {
                let (first, second) = cx.pop2();
                let result = cx.ins().$ins(first, second);
                cx.push(result);
            }
        )*
    };
}
pub(super) use binary;

unary! {
    clz: clz;
    ctz: ctz;
    popcnt: popcnt;
}

// Cranelift takes shift counts modulo the width, as wasm does.
binary! {
    add: iadd;
    sub: isub;
    mul: imul;
    and: band;
    or: bor;
    xor: bxor;
    shl: ishl;
    shr_s: sshr;
    shr_u: ushr;
    rotl: rotl;
    rotr: rotr;
}

/// An index or a length, of 32 or 64 bits, as a 64-bit number.
pub fn widen(cx: &mut Context<'_, '_>, value: Value) -> Value {
    match cx.builder.func.dfg.value_type(value) {
        types::I64 => value,
        _ => cx.ins().uextend(types::I64, value),
    }
}

/// A 64-bit number as an index or a length of the type that a memory or table has.
pub fn narrow(cx: &mut Context<'_, '_>, value: Value, index64: bool) -> Value {
    if index64 { value } else { cx.ins().ireduce(types::I32, value) }
}

/// A comparison.
pub fn compare(cx: &mut Context<'_, '_>, how: IntCC) {
    let (first, second) = cx.pop2();
    let result = cx.ins().icmp(how, first, second);
    cx.push_comparison(result);
}

/// `eqz`.
pub fn eqz(cx: &mut Context<'_, '_>) {
    let value = cx.pop();
    let dfg = &cx.builder.func.dfg;
    let ty = dfg.value_type(value);
    let result = match dfg.value_def(value).inst().map(|inst| dfg.insts[inst]) {
        // The opposite of what was compared just now.
        Some(InstructionData::IntCompare { cond, args: [a, b], .. }) if ty == types::I8 => {
            cx.ins().icmp(cond.complement(), a, b)
        }
        Some(InstructionData::FloatCompare { cond, args: [a, b], .. }) if ty == types::I8 => {
            cx.ins().fcmp(cond.complement(), a, b)
        }
        _ => {
            let zero = cx.number(ty, 0);
            cx.ins().icmp(IntCC::Equal, value, zero)
        }
    };
    cx.push_comparison(result);
}

/// `extend8_s` and the like: the low bits, as many as `from` has, sign-extended.
pub fn extend(cx: &mut Context<'_, '_>, from: Type) {
    let value = cx.pop();
    let ty = cx.builder.func.dfg.value_type(value);
    let low = cx.ins().ireduce(from, value);
    let result = cx.ins().sextend(ty, low);
    cx.push(result);
}

/// `div_s`.
pub fn div_s(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    check_divisor(cx, second);
    check_quotient(cx, first, second);
    let result = cx.ins().sdiv(first, second);
    cx.push(result);
}

/// `div_u`.
pub fn div_u(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    check_divisor(cx, second);
    let result = cx.ins().udiv(first, second);
    cx.push(result);
}

/// `rem_s`. (The remainder by -1 is 0 in Cranelift too.)
pub fn rem_s(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    check_divisor(cx, second);
    let result = cx.ins().srem(first, second);
    cx.push(result);
}

/// `rem_u`.
pub fn rem_u(cx: &mut Context<'_, '_>) {
    let (first, second) = cx.pop2();
    check_divisor(cx, second);
    let result = cx.ins().urem(first, second);
    cx.push(result);
}

/// Division traps by itself, except where no instruction may.
fn check_divisor(cx: &mut Context<'_, '_>, divisor: Value) {
    let known = cx.constant(divisor).is_some_and(|divisor| divisor != 0);
    if cx.plan.traps == TrapStyle::Explicit && !known {
        let is_zero = cx.ins().icmp_imm_u(IntCC::Equal, divisor, 0);
        trap_if(cx, is_zero, TrapCode::IntegerDivideByZero);
    }
}

/// The least number divided by -1 is too large.
fn check_quotient(cx: &mut Context<'_, '_>, dividend: Value, divisor: Value) {
    let bits = cx.builder.func.dfg.value_type(divisor).bits();
    let minus_one = u64::MAX >> (64 - bits);
    let known = cx.constant(divisor).is_some_and(|divisor| divisor != minus_one);
    if cx.plan.traps == TrapStyle::Explicit && !known {
        let by_minus_one = cx.ins().icmp_imm_s(IntCC::Equal, divisor, -1);
        let least = cx.ins().icmp_imm_s(IntCC::Equal, dividend, i64::MIN >> (64 - bits));
        let overflows = cx.ins().band(by_minus_one, least);
        trap_if(cx, overflows, TrapCode::IntegerOverflow);
    }
}
