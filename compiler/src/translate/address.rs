//! Addresses from 32-bit indices, by what is known of their bits.
//!
//! wasm adds and shifts indices with 32 bits, where sums wrap around; the machine's addresses have
//! 64 and can take a constant and a scale along. Both are the same wherever the sum, or the shifted
//! index, cannot exceed 32 bits. Whether that is so follows from what the operands are: a byte that
//! was loaded, the result of an `and`. The address is the same number either way, so bounds checks
//! know nothing of this.

use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Value, types};

use super::context::Context;
use super::int::widen;

/// How many operands, and operands of operands, are looked at.
const LOOKS: u32 = 8;

/// The largest scale that addresses take along, as a power of two.
const MAX_SCALE: u64 = 3;

/// A 32-bit index as the sum of a 64-bit value and a constant.
pub fn split(cx: &mut Context<'_, '_>, index: Value) -> (Value, u64) {
    let (index, constant) = match sum(cx, index) {
        Some((term, constant)) if bound(cx, term) + constant <= u32::MAX.into() => (term, constant),
        _ => (index, 0),
    };
    let wide = match shifted(cx, index) {
        Some((value, by @ 1..=MAX_SCALE)) if bound(cx, value) << by <= u32::MAX.into() => {
            let value = widen(cx, value);
            cx.ins().ishl_imm_u(value, by as i64)
        }
        _ => widen(cx, index),
    };
    (wide, constant)
}

/// A value that is the sum of another and a constant.
pub fn sum(cx: &Context<'_, '_>, value: Value) -> Option<(Value, u64)> {
    let [a, b] = binary(cx, value, Opcode::Iadd)?;
    match (cx.constant(a), cx.constant(b)) {
        (_, Some(constant)) => Some((a, constant)),
        (Some(constant), _) => Some((b, constant)),
        _ => None,
    }
}

/// A value that is another one shifted left by a constant.
fn shifted(cx: &Context<'_, '_>, value: Value) -> Option<(Value, u64)> {
    let [value, by] = binary(cx, value, Opcode::Ishl)?;
    Some((value, cx.constant(by)? % 32))
}

/// The operands of the instruction that a value comes from, if it is this one.
fn binary(cx: &Context<'_, '_>, value: Value, expected: Opcode) -> Option<[Value; 2]> {
    let dfg = &cx.builder.func.dfg;
    match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Binary { opcode, args } if opcode == expected => Some(args),
        _ => None,
    }
}

/// A number, of 32 bits at most, that a value of as many bits or fewer is never greater than.
fn bound(cx: &Context<'_, '_>, value: Value) -> u64 {
    at_most(cx, value, &mut { LOOKS })
}

/// As [`bound`], with so many looks left to be taken.
fn at_most(cx: &Context<'_, '_>, value: Value, looks: &mut u32) -> u64 {
    let dfg = &cx.builder.func.dfg;
    let ty = dfg.value_type(value);
    let any = match ty {
        types::I8 => u8::MAX.into(),
        types::I16 => u16::MAX.into(),
        _ => u64::from(u32::MAX),
    };
    // Finding what a value is takes a step for each loop that it went through.
    let Some(left) = looks.checked_sub(1) else { return any };
    *looks = left;
    let Some(inst) = dfg.value_def(value).inst() else { return any };
    let mut of = |value| at_most(cx, value, looks);
    let shift = |value| cx.constant(value).map(|by| by % u64::from(ty.bits()));
    let bound = match dfg.insts[inst] {
        InstructionData::UnaryImm { .. } => cx.constant(value),
        InstructionData::IntCompare { .. } => Some(1),
        InstructionData::Load { opcode: Opcode::Uload8, .. } => Some(u8::MAX.into()),
        InstructionData::Load { opcode: Opcode::Uload16, .. } => Some(u16::MAX.into()),
        InstructionData::Unary { opcode: Opcode::Uextend, arg } => Some(of(arg)),
        InstructionData::Binary { opcode, args: [a, b] } => match opcode {
            Opcode::Band => Some(of(a).min(of(b))),
            // No bit above the highest of both.
            Opcode::Bor | Opcode::Bxor => Some(ones_up_to(of(a).max(of(b)))),
            Opcode::Iadd => Some(of(a) + of(b)),
            Opcode::Ishl => shift(b).map(|by| of(a) << by),
            Opcode::Ushr => shift(b).map(|by| of(a) >> by),
            _ => None,
        },
        _ => None,
    };
    // What may wrap around says nothing.
    bound.filter(|&bound| bound <= any).unwrap_or(any)
}

fn ones_up_to(value: u64) -> u64 {
    u64::MAX.checked_shr(value.leading_zeros()).unwrap_or(0)
}
