//! All bounds checks of memory accesses. A mistake here lets a guest out: keep it short, and
//! have every change read by somebody else.
//!
//! An access is to `size` bytes at `index + offset`: the operand, of 32 or 64 bits and unsigned,
//! and the number in the instruction. It is inside if `index + end <= len`, with
//! `end = offset + size` and `len` the memory's current length, all without wrapping around. Code
//! computes with 64 bits; why nothing below wraps:
//!
//! - An `end` beyond 64 bits is outside of every memory, and so is an access whose least possible
//!   `index + end` (the index may be known) is more than the memory can ever reach. These only
//!   trap, so that from here on `end` is no more than that. What is known here is added with a
//!   check for overflow.
//! - A memory with a reservation is followed by address space such that every byte below
//!   `reach = reservation + guard` belongs to it or faults; both are 2^40 at most (see
//!   [`Config::check`](crate::config::Config::check)). An access with `index + end <= reach`
//!   needs no check, and where the largest index does not reach further there is none. Otherwise
//!   `index > reach - end` traps. If `end <= guard`, `index > reservation` does as well: what
//!   passes has `index + end <= reservation + guard`.
//! - Any other memory is checked against `len`. Behind its end are `guard` bytes that fault, so if
//!   `end <= guard`, `index > len` traps: what passes has `index + end <= len + guard`. Else the
//!   access must be inside. A 32-bit index: `index + end > len` traps; an offset has 32 bits as
//!   well, so the sum is below 2^34. A 64-bit index: `index > len - end` traps, after `end > len`
//!   has, unless `end` is no more than the least length that the memory can have. If the length
//!   cannot change, it is as much as the memory can reach, hence no less than `end`.
//!
//! Where no check is needed, a 32-bit index may become a sum of 64 bits ([`address`]): that is the
//! same number, so all of the above holds for it.
//!
//! A memory's start that is known is a part of the instruction's offset, or of the address if both are too much for that:
//! the sum is the same.
//!
//! Ranges of bulk instructions are always checked against `len`, which is the length of the very
//! moment: these do not rely on faults.
//!
//! A check that code cannot get here without having passed is not repeated: one of the same
//! index in the same memory with an `end` no smaller, where one for an `end` up to `guard` serves
//! all of these. Memories do not shrink. What has been passed is forgotten where paths meet
//! ([`Passed::forget`]).
//!
//! In a loop that calls nothing a memory of one thread keeps its length: that is loaded in front of
//! the outermost such loop, for all that is in it ([`Still`]). Were it ever out of date it would be too
//! little.

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmaot_abi::module::Space;
use wasmaot_abi::traps::TrapCode;

use super::address;
use super::context::Context;
use super::int::widen;
use super::made::What;
use super::trap::{trap, trap_if};
use super::vmctx;
use crate::index::MemoryIndex;
use crate::module::Loop;

/// Where an access takes place that is inside its memory, or faults.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// An address.
    pub base: Value,
    /// The offset from it, for the instruction. What is added to it for a part of the access stays below 2^31.
    pub offset: i32,
    /// What the access may assume.
    pub flags: MemFlagsData,
}

/// The checks passed on every path to the current position: the largest `end` for each index
/// and memory.
#[derive(Debug, Default)]
pub struct Passed {
    /// With the era in which each was passed.
    ends: HashMap<(MemoryIndex, Value), (u32, u64)>,
    era: u32,
}

impl Passed {
    /// Another path leads here too: begins a new era.
    pub fn forget(&mut self) {
        self.era += 1;
    }

    /// Whether a check has been passed; from here on it has.
    fn pass(&mut self, memory: MemoryIndex, index: Value, end: u64) -> bool {
        let passed = self.ends.entry((memory, index)).or_insert((self.era, 0));
        if passed.0 == self.era && passed.1 >= end {
            return true;
        }
        *passed = (self.era, end);
        false
    }
}

/// The loop around the current position in which no memory grows.
#[derive(Debug)]
pub struct Still {
    /// How many blocks are open around it.
    depth: usize,
    /// The length of the first memory.
    len: Value,
}

/// A loop is about to begin.
pub fn begin_loop(cx: &mut Context<'_, '_>, it: &Loop) {
    let first = MemoryIndex::from_u32(0);
    // Code of the host's may run at the checks of what is metered.
    if !it.still || cx.still.is_some() || cx.meter.is_some() || cx.module.memories[first].shared {
        return;
    }
    let plan = cx.plan.memories[first];
    if plan.space.reservation == 0 && plan.fixed_len().is_none() {
        let len = vmctx::memory_len(cx, first);
        cx.still = Some(Still { depth: cx.stack.frames.len(), len });
    }
}

/// A loop has ended; what was open around it is still open.
pub fn end_loop(cx: &mut Context<'_, '_>) {
    let depth = cx.stack.frames.len();
    cx.still.take_if(|still| still.depth == depth);
}

/// The length that an access is compared with.
fn current_len(cx: &mut Context<'_, '_>, memory: MemoryIndex) -> Value {
    match cx.still {
        Some(Still { len, .. }) if memory.as_u32() == 0 => len,
        _ => vmctx::memory_len(cx, memory),
    }
}

/// Checks an access of `size` bytes at `index + offset`. `None` if it is always outside: then
/// the code that follows cannot be reached.
pub fn check(
    cx: &mut Context<'_, '_>,
    memory: MemoryIndex,
    index: Value,
    offset: u64,
    size: u64,
) -> Option<Address> {
    let plan = cx.plan.memories[memory];
    let Space { reservation, guard } = plan.space;
    let reserved = reservation > 0;
    let farthest = if reserved { reservation + guard } else { plan.max_bytes };
    let known = cx.constant(index);
    let within = |index: u64, end: u64, bytes: u64| {
        index.checked_add(end).is_some_and(|reached| reached <= bytes)
    };
    let end = offset.checked_add(size);
    let Some(end) = end.filter(|&end| within(known.unwrap_or(0), end, farthest)) else {
        trap(cx, TrapCode::MemoryOutOfBounds);
        return None;
    };
    let largest = if plan.index64 { u64::MAX } else { u32::MAX.into() };
    let always = match reserved {
        true => within(known.unwrap_or(largest), end, farthest),
        false => known.is_some_and(|known| within(known, end, plan.min_bytes)),
    };
    let near = end <= guard;
    let passed = always || cx.passed.pass(memory, index, end.max(if near { guard } else { 0 }));
    let mut wide = None;
    if !passed {
        let index = *wide.insert(widen(cx, index));
        let outside = match reserved {
            true => {
                let last = if near { reservation } else { farthest - end };
                cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, index, last as i64)
            }
            false => is_outside(cx, memory, index, end),
        };
        trap_if(cx, outside, TrapCode::MemoryOutOfBounds);
    }
    let flags = vmctx::heap_flags(cx, reserved || near && !always);
    let (base, further) = sum(cx, memory, index, wide);
    let offset = offset + further;
    Some(match (i32::try_from(offset), i32::try_from(offset + size)) {
        (Ok(offset), Ok(_)) => Address { base, offset, flags },
        _ => Address { base: cx.ins().iadd_imm_u(base, offset as i64), offset: 0, flags },
    })
}

/// Where an index leads, of which the 64 bits are known if they have just been compared.
fn sum(
    cx: &mut Context<'_, '_>,
    memory: MemoryIndex,
    index: Value,
    wide: Option<Value>,
) -> (Value, u64) {
    let what = What::Sum(memory, index);
    if let Some(known) = cx.made.find(what) {
        return known;
    }
    let plan = cx.plan.memories[memory];
    let (address, further) = match wide {
        Some(wide) => (wide, 0),
        // The same sum, as the machine adds it.
        None if plan.space.reservation > 0 && !plan.index64 => address::split(cx, index),
        None => (widen(cx, index), 0),
    };
    let (sum, further) = match (plan.address, cx.constant(index)) {
        // What a block has of these in a register is one number.
        (Some(start), Some(index)) => (cx.ins().iconst(types::I64, i64::from(start)), index),
        // The instruction adds it.
        (Some(start), None) => (address, further + u64::from(start)),
        (None, _) => {
            let base = vmctx::memory_base(cx, memory);
            (cx.ins().iadd(base, address), further)
        }
    };
    cx.made.add(what, sum, further);
    (sum, further)
}

/// Checks a range of so many bytes, all of which have to be inside, though there be none; its
/// address. The length has 64 bits. Sums of 32-bit numbers do not wrap around; else the start is
/// compared with what the length leaves, once that is no more than there is.
pub fn check_range(
    cx: &mut Context<'_, '_>,
    memory: MemoryIndex,
    start: Value,
    len: Value,
) -> Value {
    const GREATER: IntCC = IntCC::UnsignedGreaterThan;
    let start = widen(cx, start);
    let there = vmctx::memory_len(cx, memory);
    let outside = if cx.plan.memories[memory].index64 {
        let too_long = cx.ins().icmp(GREATER, len, there);
        trap_if(cx, too_long, TrapCode::MemoryOutOfBounds);
        let last = cx.ins().isub(there, len);
        cx.ins().icmp(GREATER, start, last)
    } else {
        let end = cx.ins().iadd(start, len);
        cx.ins().icmp(GREATER, end, there)
    };
    trap_if(cx, outside, TrapCode::MemoryOutOfBounds);
    let base = vmctx::memory_base(cx, memory);
    cx.ins().iadd(base, start)
}

/// Whether an access is outside of a memory that is checked against its length, which can be
/// `end` at least. One that faults need not be.
fn is_outside(cx: &mut Context<'_, '_>, memory: MemoryIndex, index: Value, end: u64) -> Value {
    const GREATER: IntCC = IntCC::UnsignedGreaterThan;
    let plan = cx.plan.memories[memory];
    let near = end <= plan.space.guard;
    if let Some(len) = plan.fixed_len() {
        let last = if near { len } else { len - end };
        return cx.ins().icmp_imm_u(GREATER, index, last as i64);
    }
    let len = current_len(cx, memory);
    if near {
        return cx.ins().icmp(GREATER, index, len);
    }
    if !plan.index64 {
        let reached = cx.ins().iadd_imm_u(index, end as i64);
        return cx.ins().icmp(GREATER, reached, len);
    }
    let end_value = cx.ins().iconst(types::I64, end as i64);
    if end > plan.min_bytes {
        let too_far = cx.ins().icmp(GREATER, end_value, len);
        trap_if(cx, too_far, TrapCode::MemoryOutOfBounds);
    }
    let last = cx.ins().isub(len, end_value);
    cx.ins().icmp(GREATER, index, last)
}
