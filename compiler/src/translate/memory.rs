//! Memories: loads and stores, `memory.size` and `memory.grow`.

use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use wasmaot_abi::builtins::Builtin;
use wasmparser::{MemArg, MemArgTarget};

use super::bounds::{self, Address};
use super::context::Context;
use super::int::{narrow, widen};
use super::{builtin, vmctx};
use crate::index::MemoryIndex;

/// How a load instruction that extends is appended.
pub type Load = fn(&mut Context<'_, '_>, Type, MemFlagsData, Value, i32) -> Value;

/// How a store instruction is appended.
pub type Store = fn(&mut Context<'_, '_>, MemFlagsData, Value, Value, i32);

/// A load of a whole value of type `ty`.
pub fn load(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type) {
    load_with(cx, arg, ty, ty.bytes(), |cx, ty, flags, address, offset| {
        cx.ins().load(ty, flags, address, offset)
    });
}

/// A store of a whole value of type `ty`.
pub fn store(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type) {
    store_with(cx, arg, ty.bytes(), |cx, flags, value, address, offset| {
        cx.ins().store(flags, value, address, offset);
    });
}

/// A load of `size` bytes.
pub fn load_with(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type, size: u32, load: Load) {
    let index = cx.pop();
    if let Some(Address { base, offset, flags }) = check(cx, arg, index, size) {
        let value = load(cx, ty, flags, base, offset);
        cx.push(value);
    }
}

/// A store of `size` bytes.
pub fn store_with(cx: &mut Context<'_, '_>, arg: MemArg, size: u32, store: Store) {
    let (index, value) = cx.pop2();
    if let Some(Address { base, offset, flags }) = check(cx, arg, index, size) {
        store(cx, flags, value, base, offset);
    }
}

/// Checks an access of `size` bytes; `None` if it is always outside.
pub fn check(cx: &mut Context<'_, '_>, arg: MemArg, index: Value, size: u32) -> Option<Address> {
    let MemArgTarget::Memory(memory) = arg.target else {
        unreachable!("array accesses need the gc proposal, which the validator refuses")
    };
    bounds::check(cx, MemoryIndex::from_u32(memory), index, arg.offset, size.into())
}

/// Loads that extend: name, instruction, bytes.
macro_rules! loads {
    ($($(#[$doc:meta])* $name:ident: $ins:ident, $size:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type) {
                load_with(cx, arg, ty, $size, |cx, ty, flags, address, offset| {
                    cx.ins().$ins(ty, flags, address, offset)
                });
            }
        )*
    };
}

loads! {
    /// A byte, sign-extended.
    load8_s: sload8, 1;
    /// A byte, zero-extended.
    load8_u: uload8, 1;
    /// 16 bits, sign-extended.
    load16_s: sload16, 2;
    /// 16 bits, zero-extended.
    load16_u: uload16, 2;
}

/// 32 bits, sign-extended to 64.
pub fn load32_s(cx: &mut Context<'_, '_>, arg: MemArg) {
    load_with(cx, arg, types::I64, 4, |cx, _, flags, address, offset| {
        cx.ins().sload32(flags, address, offset)
    });
}

/// 32 bits, zero-extended to 64.
pub fn load32_u(cx: &mut Context<'_, '_>, arg: MemArg) {
    load_with(cx, arg, types::I64, 4, |cx, _, flags, address, offset| {
        cx.ins().uload32(flags, address, offset)
    });
}

/// Stores that truncate: name, instruction, bytes.
macro_rules! stores {
    ($($(#[$doc:meta])* $name:ident: $ins:ident, $size:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(cx: &mut Context<'_, '_>, arg: MemArg) {
                store_with(cx, arg, $size, |cx, flags, value, address, offset| {
                    cx.ins().$ins(flags, value, address, offset);
                });
            }
        )*
    };
}

stores! {
    /// The low byte.
    store8: istore8, 1;
    /// The low 16 bits.
    store16: istore16, 2;
    /// The low 32 bits of 64.
    store32: istore32, 4;
}

/// `memory.size`.
pub fn size(cx: &mut Context<'_, '_>, memory: u32) {
    let memory = MemoryIndex::from_u32(memory);
    let plan = cx.plan.memories[memory];
    let len = vmctx::memory_len_now(cx, memory);
    let pages = cx.ins().ushr_imm_u(len, i64::from(plan.page_size_log2));
    let pages = narrow(cx, pages, plan.index64);
    cx.push(pages);
}

/// `memory.grow`.
pub fn grow(cx: &mut Context<'_, '_>, memory: u32) {
    let delta = cx.pop();
    let index64 = cx.plan.memories[MemoryIndex::from_u32(memory)].index64;
    let memory = cx.ins().iconst(types::I32, i64::from(memory));
    let delta = widen(cx, delta);
    let former = builtin::call(cx, Builtin::memory_grow, &[memory, delta]);
    let former = former.expect("memory_grow has a result");
    let former = narrow(cx, former, index64);
    cx.push(former);
}
