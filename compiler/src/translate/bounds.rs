//! All bounds checks of memory accesses. A mistake here lets a guest out: keep it short, and
//! have every change read by somebody else.
//!
//! With `index` the access's 32-bit operand, `end` its static offset plus its size, no sum below
//! can exceed 2^34:
//!
//! - A guarded memory is followed by address space such that every byte below `reach` =
//!   reservation + guard belongs to the memory or faults. An access with `index + end <= reach`
//!   therefore needs no check, and where the largest index does not reach further there is none.
//!   Otherwise `index > reach - end` traps; these are constants.
//! - Any other memory: `index + end > len` traps, `len` being the memory's current length.
//!
//! A check that code cannot get here without having passed is not repeated: one of the same
//! index in the same memory with an `end` no smaller. Memories do not shrink. What has been
//! passed is forgotten where paths meet ([`Passed::forget`]).

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::{trap, trap_if};
use super::vmctx;
use crate::index::MemoryIndex;

/// Where an access takes place that is inside its memory, or faults.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    /// An address.
    pub base: Value,
    /// The offset from it, for the instruction.
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
    let known = cx.constant(index);
    let operand = index;
    let index = cx.ins().uextend(types::I64, index);
    let end = offset + size;
    let limit = match plan.guarded {
        Some(guarded) => guarded.reservation + guarded.guard,
        None => plan.max_bytes,
    };
    // The compiler knows the answer, or it is a comparison with a constant or with the length.
    let always_inside = match plan.guarded {
        Some(_) => known.unwrap_or(u32::MAX.into()) + end <= limit,
        None => known.is_some_and(|known| known + end <= plan.min_bytes),
    };
    let never_inside = known.unwrap_or(0) + end > limit;
    let fixed = plan.guarded.is_some() || plan.min_bytes == plan.max_bytes;
    if never_inside {
        trap(cx, TrapCode::MemoryOutOfBounds);
        return None;
    } else if always_inside || cx.passed.pass(memory, operand, end) {
    } else if fixed {
        let last = (limit - end) as i64;
        let outside = cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, index, last);
        trap_if(cx, outside, TrapCode::MemoryOutOfBounds);
    } else {
        let end = cx.ins().iadd_imm_u(index, end as i64);
        let len = vmctx::memory_len(cx, memory);
        let outside = cx.ins().icmp(IntCC::UnsignedGreaterThan, end, len);
        trap_if(cx, outside, TrapCode::MemoryOutOfBounds);
    }
    let flags = vmctx::heap_flags(cx, plan.guarded.is_some());
    let base = vmctx::memory_base(cx, memory);
    let base = cx.ins().iadd(base, index);
    Some(match i32::try_from(offset) {
        Ok(offset) => Address { base, offset, flags },
        Err(_) => Address { base: cx.ins().iadd_imm_u(base, offset as i64), offset: 0, flags },
    })
}
