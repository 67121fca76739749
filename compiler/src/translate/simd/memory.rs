//! Loads and stores of vectors, of parts of them, and of single lanes. Every address comes from
//! the same check as those of other accesses; any alignment will do.

use cranelift_codegen::ir::{InstBuilder, Type};
use wasmparser::MemArg;

use super::*;
use crate::translate::bounds::Address;
use crate::translate::memory::{check, load_with, store_with};

/// `v128.load`.
pub fn load(cx: &mut Context<'_, '_>, arg: MemArg) {
    load_with(cx, arg, V128, 16, |cx, ty, flags, address, offset| {
        cx.ins().load(ty, flags, address, offset)
    });
}

/// `v128.store`.
pub fn store(cx: &mut Context<'_, '_>, arg: MemArg) {
    store_with(cx, arg, 16, |cx, flags, value, address, offset| {
        cx.ins().store(flags, value, address, offset);
    });
}

/// Loads of 8 bytes whose lanes are extended to twice the width.
macro_rules! extending {
    ($($name:ident: $ins:ident;)*) => {
        $(
            #[doc = concat!("`", stringify!($name), "`.")]
            pub fn $name(cx: &mut Context<'_, '_>, arg: MemArg) {
                load_with(cx, arg, V128, 8, |cx, ty, flags, address, offset| {
                    let value = cx.ins().$ins(flags, address, offset);
                    cast(cx, value, ty)
                });
            }
        )*
    };
}

extending! {
    load8x8_s: sload8x8;
    load8x8_u: uload8x8;
    load16x4_s: sload16x4;
    load16x4_u: uload16x4;
    load32x2_s: sload32x2;
    load32x2_u: uload32x2;
}

/// `load…_splat`: every lane the value in memory.
pub fn load_splat(cx: &mut Context<'_, '_>, arg: MemArg, shape: Type) {
    load_with(cx, arg, shape, shape.lane_type().bytes(), |cx, shape, flags, address, offset| {
        let lane = cx.ins().load(shape.lane_type(), flags, address, offset);
        let value = cx.ins().splat(shape, lane);
        cast(cx, value, V128)
    });
}

/// `load32_zero`, `load64_zero`: lane 0 from memory, the others 0.
pub fn load_zero(cx: &mut Context<'_, '_>, arg: MemArg, shape: Type) {
    load_with(cx, arg, shape, shape.lane_type().bytes(), |cx, shape, flags, address, offset| {
        let lane = cx.ins().load(shape.lane_type(), flags, address, offset);
        let value = cx.ins().scalar_to_vector(shape, lane);
        cast(cx, value, V128)
    });
}

/// `load…_lane`: one lane from memory, the others from a vector.
pub fn load_lane(cx: &mut Context<'_, '_>, arg: MemArg, shape: Type, lane: u8) {
    let vector = pop(cx, shape);
    let index = cx.pop();
    let ty = shape.lane_type();
    if let Some(Address { base, offset, flags }) = check(cx, arg, index, ty.bytes()) {
        let value = cx.ins().load(ty, flags, base, offset);
        let result = cx.ins().insertlane(vector, value, lane);
        push(cx, result);
    }
}

/// `store…_lane`: one lane to memory.
pub fn store_lane(cx: &mut Context<'_, '_>, arg: MemArg, shape: Type, lane: u8) {
    let vector = pop(cx, shape);
    let index = cx.pop();
    if let Some(Address { base, offset, flags }) = check(cx, arg, index, shape.lane_type().bytes())
    {
        let value = cx.ins().extractlane(vector, lane);
        cx.ins().store(flags, value, base, offset);
    }
}
