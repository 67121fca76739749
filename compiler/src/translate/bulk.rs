//! The bulk instructions of memories: `memory.copy`, `memory.fill`, `memory.init`, `data.drop`.
//!
//! Copying and filling are checked here and done by a plain C function, which needs to know
//! nothing of the guest and leaves most registers alone; a few bytes, where their number is
//! known, are loaded and stored right here. What concerns shared memories the runtime does, as
//! others access them meanwhile.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use wasmaot_abi::builtins::Builtin;

use super::bounds::{self, Address};
use super::context::Context;
use super::int::widen;
use super::{builtin, meter};
use crate::index::{DataIndex, MemoryIndex};

/// The most bytes that are copied or filled without a call: four of the largest registers.
const MAX_INLINE: u64 = 64;

/// `memory.copy`.
pub fn copy(cx: &mut Context<'_, '_>, dst_memory: u32, src_memory: u32) {
    let (dst, src, len) = cx.pop3();
    meter::charge_length(cx, len, meter::BYTES_LOG2);
    let [to, from] = [dst_memory, src_memory].map(MemoryIndex::from_u32);
    if cx.module.memories[to].shared || cx.module.memories[from].shared {
        let dst_memory = cx.ins().iconst(types::I32, i64::from(dst_memory));
        let src_memory = cx.ins().iconst(types::I32, i64::from(src_memory));
        let [dst, src, len] = [dst, src, len].map(|value| widen(cx, value));
        builtin::call(cx, Builtin::memory_copy, &[dst_memory, dst, src_memory, src, len]);
    } else if let Some(bytes) = few(cx, len) {
        copy_few(cx, (to, dst), (from, src), bytes);
    } else {
        let len = widen(cx, len);
        let dst = bounds::check_range(cx, to, dst, len);
        let src = bounds::check_range(cx, from, src, len);
        builtin::call_plain(cx, Builtin::copy_bytes, &[dst, src, len]);
    }
}

/// `memory.fill`.
pub fn fill(cx: &mut Context<'_, '_>, memory: u32) {
    let (dst, value, len) = cx.pop3();
    meter::charge_length(cx, len, meter::BYTES_LOG2);
    let to = MemoryIndex::from_u32(memory);
    if cx.module.memories[to].shared {
        let memory = cx.ins().iconst(types::I32, i64::from(memory));
        let [dst, len] = [dst, len].map(|value| widen(cx, value));
        builtin::call(cx, Builtin::memory_fill, &[memory, dst, value, len]);
    } else if let Some(bytes) = few(cx, len) {
        fill_few(cx, to, dst, value, bytes);
    } else {
        let len = widen(cx, len);
        let dst = bounds::check_range(cx, to, dst, len);
        builtin::call_plain(cx, Builtin::fill_bytes, &[dst, value, len]);
    }
}

/// A length that is known, and small; what is done to no bytes at all still has to be checked.
fn few(cx: &Context<'_, '_>, len: Value) -> Option<u64> {
    cx.constant(len).filter(|len| (1..=MAX_INLINE).contains(len))
}

/// Everything is loaded before anything is stored, as the ranges may overlap.
fn copy_few(
    cx: &mut Context<'_, '_>,
    (to, dst): (MemoryIndex, Value),
    (from, src): (MemoryIndex, Value),
    len: u64,
) {
    let Some(dst) = bounds::check(cx, to, dst, 0, len) else { return };
    let Some(src) = bounds::check(cx, from, src, 0, len) else { return };
    let pieces = pieces(len);
    let load = |&(at, ty): &(u64, Type)| cx.ins().load(ty, src.flags, src.base, behind(src, at));
    let values: Vec<_> = pieces.iter().map(load).collect();
    for (&(at, _), value) in pieces.iter().zip(values) {
        cx.ins().store(dst.flags, value, dst.base, behind(dst, at));
    }
}

fn fill_few(cx: &mut Context<'_, '_>, memory: MemoryIndex, dst: Value, value: Value, len: u64) {
    let Some(dst) = bounds::check(cx, memory, dst, 0, len) else { return };
    let byte = cx.ins().ireduce(types::I8, value);
    let byte_of_64 = cx.ins().uextend(types::I64, byte);
    let eight = cx.ins().imul_imm_u(byte_of_64, 0x0101_0101_0101_0101);
    for (at, ty) in pieces(len) {
        let value = match ty {
            types::I8X16 => cx.ins().splat(ty, byte),
            types::I64 => eight,
            _ => cx.ins().ireduce(ty, eight),
        };
        cx.ins().store(dst.flags, value, dst.base, behind(dst, at));
    }
}

/// The displacement of an access some bytes behind the start of one that has been checked, and whose end
/// is within reach of a displacement as well.
fn behind(address: Address, at: u64) -> i32 {
    let at = i32::try_from(at).ok().and_then(|at| address.offset.checked_add(at));
    at.expect("the whole access has displacements")
}

/// Pieces that make up so many bytes, with where they start. The last bytes are in the first
/// piece: if the range ends outside of its memory, that faults before another byte is stored.
/// Pieces can overlap.
fn pieces(len: u64) -> Vec<(u64, Type)> {
    let largest = |ty: &Type| u64::from(ty.bytes()) <= len;
    let sizes = [types::I8X16, types::I64, types::I32, types::I16, types::I8];
    let ty = sizes.into_iter().find(largest).expect("there is a byte at least");
    let size = u64::from(ty.bytes());
    let mut pieces = vec![(len - size, ty)];
    let whole = (len - 1) / size;
    pieces.extend((0..whole).rev().map(|piece| (piece * size, ty)));
    pieces
}

/// `memory.init`.
pub fn init(cx: &mut Context<'_, '_>, memory: u32, segment: u32) {
    let (dst, src, len) = cx.pop3();
    meter::charge_length(cx, len, meter::BYTES_LOG2);
    let memory = cx.ins().iconst(types::I32, i64::from(memory));
    let segment = cx.ins().iconst(types::I32, i64::from(segment));
    let dst = widen(cx, dst);
    builtin::call(cx, Builtin::memory_init, &[memory, segment, dst, src, len]);
}

/// `data.drop`.
pub fn data_drop(cx: &mut Context<'_, '_>, segment: DataIndex) {
    let segment = cx.ins().iconst(types::I32, i64::from(segment.as_u32()));
    builtin::call(cx, Builtin::data_drop, &[segment]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_bytes_and_none_besides() {
        for len in 1..=MAX_INLINE {
            let pieces = pieces(len);
            let mut bytes = [false; MAX_INLINE as usize];
            for &(at, ty) in &pieces {
                bytes[at as usize..][..ty.bytes() as usize].fill(true);
            }
            assert!(bytes.iter().enumerate().all(|(at, &is)| is == ((at as u64) < len)), "{len}");
            assert!(pieces.is_sorted_by(|(a, _), (b, _)| a > b), "{len}");
            assert_eq!(pieces[0].0 + u64::from(pieces[0].1.bytes()), len);
        }
    }
}
