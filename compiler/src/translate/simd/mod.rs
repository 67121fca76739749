//! Vector instructions (the SIMD and relaxed SIMD proposals).
//!
//! wasm has one vector type, Cranelift one for each shape of lanes. On the value stack, in
//! locals, globals and signatures all are [`V128`]; an instruction looks at its operands in the
//! shape that it wants ([`pop`]) and leaves its result as [`V128`] again ([`push`]). Lane 0 lies in
//! the lowest bytes on every machine: that is what the bitcasts' byte order says. They cost no
//! code.
//!
//! Nothing here asks which instructions the machine has, but `relaxed` and `shuffle`: Cranelift
//! expresses every vector operation on the baselines of both machines. What takes it a function
//! there (rounding and byte shuffles on x86-64 without SSE4.1 and SSSE3) is a builtin.
//!
//! [`operator`] picks the function for an instruction; the families are beside it. To add an
//! instruction: a line there, a function in its family.

mod convert;
mod float;
mod int;
mod lanes;
mod memory;
pub mod operator;
mod relaxed;
mod shuffle;

use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value};
use cranelift_codegen::ir::{InstructionData, Opcode, types};

use super::context::Context;

/// What every vector is outside of an instruction.
pub const V128: Type = types::I8X16;

/// A constant.
pub fn constant(cx: &mut Context<'_, '_>, bytes: [u8; 16]) -> Value {
    let data = ConstantData::from(&bytes[..]);
    let data = cx.builder.func.dfg.constants.insert(data);
    cx.ins().vconst(V128, data)
}

/// Pops a vector, as lanes of a shape.
fn pop(cx: &mut Context<'_, '_>, shape: Type) -> Value {
    let value = cx.pop();
    cast(cx, value, shape)
}

/// Pops two vectors; the second was on top.
fn pop2(cx: &mut Context<'_, '_>, shape: Type) -> (Value, Value) {
    let second = pop(cx, shape);
    (pop(cx, shape), second)
}

/// Pops three vectors; the third was on top.
fn pop3(cx: &mut Context<'_, '_>, shape: Type) -> (Value, Value, Value) {
    let third = pop(cx, shape);
    let (first, second) = pop2(cx, shape);
    (first, second, third)
}

/// Pushes a vector of any shape.
fn push(cx: &mut Context<'_, '_>, value: Value) {
    let value = cast(cx, value, V128);
    cx.push(value);
}

/// The same bits in another shape. Looks through the cast that an instruction left behind.
fn cast(cx: &mut Context<'_, '_>, value: Value, shape: Type) -> Value {
    let dfg = &cx.builder.func.dfg;
    if dfg.value_type(value) == shape {
        return value;
    }
    if let Some(inst) = dfg.value_def(value).inst()
        && let InstructionData::LoadNoOffset { opcode: Opcode::Bitcast, arg, .. } = dfg.insts[inst]
        && dfg.value_type(arg) == shape
    {
        return arg;
    }
    let little = MemFlagsData::new().with_endianness(Endianness::Little);
    cx.ins().bitcast(shape, little, value)
}

/// Pushes a condition as wasm has it.
fn push_bool(cx: &mut Context<'_, '_>, condition: Value) {
    let result = cx.ins().uextend(types::I32, condition);
    cx.push(result);
}

/// Instructions that are one of Cranelift's, of one operand in any shape.
macro_rules! unary {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($ins), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>, shape: Type) {
                let value = pop(cx, shape);
                let result = cx.ins().$ins(value);
                push(cx, result);
            }
        )*
    };
}

/// Instructions that are one of Cranelift's, of two operands in any shape.
macro_rules! binary {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($ins), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>, shape: Type) {
                let (first, second) = pop2(cx, shape);
                let result = cx.ins().$ins(first, second);
                push(cx, result);
            }
        )*
    };
}
use {binary, unary};

#[cfg(test)]
mod tests;
