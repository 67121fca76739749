//! Atomic accesses, and waiting for somebody else's. All are sequentially consistent, as
//! Cranelift's atomic instructions are.
//!
//! An access at an address that is no multiple of its size traps, and does so whether or not it
//! is inside the memory: the check of the alignment comes first. (The specification names no
//! order; other engines have this one.)
//!
//! Waiting and waking are the runtime's. It gets addresses that were found to be good here: by
//! the checks, or by a load that would have faulted. What is not shared has nobody waiting.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, Type, Value};
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::traps::TrapCode;
use wasmparser::{MemArg, MemArgTarget, Operator};

use super::bounds::{self, Address};
use super::builtin;
use super::context::Context;
use super::int::widen;
use super::trap::{trap, trap_if};
use crate::index::MemoryIndex;

/// Translates an instruction, if it is one of these. Returns whether it is.
#[rustfmt::skip] // A table: one line per instruction.
pub fn translate(cx: &mut Context<'_, '_>, operator: &Operator<'_>) -> bool {
    use AtomicRmwOp::{Add, And, Or, Sub, Xchg, Xor};
    use Operator::*;
    match *operator {
        AtomicFence { .. } => { cx.ins().fence(); }
        MemoryAtomicNotify { memarg } => notify(cx, memarg),
        MemoryAtomicWait32 { memarg } => wait(cx, memarg, I32),
        MemoryAtomicWait64 { memarg } => wait(cx, memarg, I64),

        I32AtomicLoad { memarg } => load(cx, memarg, I32, I32),
        I64AtomicLoad { memarg } => load(cx, memarg, I64, I64),
        I32AtomicLoad8U { memarg } => load(cx, memarg, I32, I8),
        I32AtomicLoad16U { memarg } => load(cx, memarg, I32, I16),
        I64AtomicLoad8U { memarg } => load(cx, memarg, I64, I8),
        I64AtomicLoad16U { memarg } => load(cx, memarg, I64, I16),
        I64AtomicLoad32U { memarg } => load(cx, memarg, I64, I32),

        I32AtomicStore { memarg } | I64AtomicStore32 { memarg } => store(cx, memarg, I32),
        I64AtomicStore { memarg } => store(cx, memarg, I64),
        I32AtomicStore8 { memarg } | I64AtomicStore8 { memarg } => store(cx, memarg, I8),
        I32AtomicStore16 { memarg } | I64AtomicStore16 { memarg } => store(cx, memarg, I16),

        I32AtomicRmwAdd { memarg } => rmw(cx, memarg, I32, I32, Add),
        I64AtomicRmwAdd { memarg } => rmw(cx, memarg, I64, I64, Add),
        I32AtomicRmw8AddU { memarg } => rmw(cx, memarg, I32, I8, Add),
        I32AtomicRmw16AddU { memarg } => rmw(cx, memarg, I32, I16, Add),
        I64AtomicRmw8AddU { memarg } => rmw(cx, memarg, I64, I8, Add),
        I64AtomicRmw16AddU { memarg } => rmw(cx, memarg, I64, I16, Add),
        I64AtomicRmw32AddU { memarg } => rmw(cx, memarg, I64, I32, Add),

        I32AtomicRmwSub { memarg } => rmw(cx, memarg, I32, I32, Sub),
        I64AtomicRmwSub { memarg } => rmw(cx, memarg, I64, I64, Sub),
        I32AtomicRmw8SubU { memarg } => rmw(cx, memarg, I32, I8, Sub),
        I32AtomicRmw16SubU { memarg } => rmw(cx, memarg, I32, I16, Sub),
        I64AtomicRmw8SubU { memarg } => rmw(cx, memarg, I64, I8, Sub),
        I64AtomicRmw16SubU { memarg } => rmw(cx, memarg, I64, I16, Sub),
        I64AtomicRmw32SubU { memarg } => rmw(cx, memarg, I64, I32, Sub),

        I32AtomicRmwAnd { memarg } => rmw(cx, memarg, I32, I32, And),
        I64AtomicRmwAnd { memarg } => rmw(cx, memarg, I64, I64, And),
        I32AtomicRmw8AndU { memarg } => rmw(cx, memarg, I32, I8, And),
        I32AtomicRmw16AndU { memarg } => rmw(cx, memarg, I32, I16, And),
        I64AtomicRmw8AndU { memarg } => rmw(cx, memarg, I64, I8, And),
        I64AtomicRmw16AndU { memarg } => rmw(cx, memarg, I64, I16, And),
        I64AtomicRmw32AndU { memarg } => rmw(cx, memarg, I64, I32, And),

        I32AtomicRmwOr { memarg } => rmw(cx, memarg, I32, I32, Or),
        I64AtomicRmwOr { memarg } => rmw(cx, memarg, I64, I64, Or),
        I32AtomicRmw8OrU { memarg } => rmw(cx, memarg, I32, I8, Or),
        I32AtomicRmw16OrU { memarg } => rmw(cx, memarg, I32, I16, Or),
        I64AtomicRmw8OrU { memarg } => rmw(cx, memarg, I64, I8, Or),
        I64AtomicRmw16OrU { memarg } => rmw(cx, memarg, I64, I16, Or),
        I64AtomicRmw32OrU { memarg } => rmw(cx, memarg, I64, I32, Or),

        I32AtomicRmwXor { memarg } => rmw(cx, memarg, I32, I32, Xor),
        I64AtomicRmwXor { memarg } => rmw(cx, memarg, I64, I64, Xor),
        I32AtomicRmw8XorU { memarg } => rmw(cx, memarg, I32, I8, Xor),
        I32AtomicRmw16XorU { memarg } => rmw(cx, memarg, I32, I16, Xor),
        I64AtomicRmw8XorU { memarg } => rmw(cx, memarg, I64, I8, Xor),
        I64AtomicRmw16XorU { memarg } => rmw(cx, memarg, I64, I16, Xor),
        I64AtomicRmw32XorU { memarg } => rmw(cx, memarg, I64, I32, Xor),

        I32AtomicRmwXchg { memarg } => rmw(cx, memarg, I32, I32, Xchg),
        I64AtomicRmwXchg { memarg } => rmw(cx, memarg, I64, I64, Xchg),
        I32AtomicRmw8XchgU { memarg } => rmw(cx, memarg, I32, I8, Xchg),
        I32AtomicRmw16XchgU { memarg } => rmw(cx, memarg, I32, I16, Xchg),
        I64AtomicRmw8XchgU { memarg } => rmw(cx, memarg, I64, I8, Xchg),
        I64AtomicRmw16XchgU { memarg } => rmw(cx, memarg, I64, I16, Xchg),
        I64AtomicRmw32XchgU { memarg } => rmw(cx, memarg, I64, I32, Xchg),

        I32AtomicRmwCmpxchg { memarg } => cmpxchg(cx, memarg, I32, I32),
        I64AtomicRmwCmpxchg { memarg } => cmpxchg(cx, memarg, I64, I64),
        I32AtomicRmw8CmpxchgU { memarg } => cmpxchg(cx, memarg, I32, I8),
        I32AtomicRmw16CmpxchgU { memarg } => cmpxchg(cx, memarg, I32, I16),
        I64AtomicRmw8CmpxchgU { memarg } => cmpxchg(cx, memarg, I64, I8),
        I64AtomicRmw16CmpxchgU { memarg } => cmpxchg(cx, memarg, I64, I16),
        I64AtomicRmw32CmpxchgU { memarg } => cmpxchg(cx, memarg, I64, I32),

        _ => return false,
    }
    true
}

/// Loads a value as wide as `access`, zero-extended to `ty`.
fn load(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type, access: Type) {
    let index = cx.pop();
    if let Some(Address { base, flags, .. }) = check(cx, arg, index, access) {
        let value = cx.ins().atomic_load(access, flags, base);
        push_extended(cx, value, ty);
    }
}

/// Stores the low bits, as many as `access` has.
fn store(cx: &mut Context<'_, '_>, arg: MemArg, access: Type) {
    let (index, value) = cx.pop2();
    if let Some(Address { base, flags, .. }) = check(cx, arg, index, access) {
        let value = wrap(cx, value, access);
        cx.ins().atomic_store(flags, value, base);
    }
}

/// Replaces a value by what an operation makes of it; the value before, zero-extended.
fn rmw(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type, access: Type, op: AtomicRmwOp) {
    let (index, operand) = cx.pop2();
    if let Some(Address { base, flags, .. }) = check(cx, arg, index, access) {
        let operand = wrap(cx, operand, access);
        let before = cx.ins().atomic_rmw(access, flags, op, base, operand);
        push_extended(cx, before, ty);
    }
}

/// Replaces a value if it is the expected one, of which the low bits count; the value before,
/// zero-extended.
fn cmpxchg(cx: &mut Context<'_, '_>, arg: MemArg, ty: Type, access: Type) {
    let (index, expected, replacement) = cx.pop3();
    if let Some(Address { base, flags, .. }) = check(cx, arg, index, access) {
        let expected = wrap(cx, expected, access);
        let replacement = wrap(cx, replacement, access);
        let before = cx.ins().atomic_cas(flags, base, expected, replacement);
        push_extended(cx, before, ty);
    }
}

/// `memory.atomic.wait32` and `memory.atomic.wait64`, by the type of the value.
fn wait(cx: &mut Context<'_, '_>, arg: MemArg, access: Type) {
    let (index, expected, timeout) = cx.pop3();
    let memory = target(arg);
    let Some(address) = touch(cx, arg, index, access) else { return };
    if !cx.module.memories[memory].shared {
        return trap(cx, TrapCode::ExpectedSharedMemory);
    }
    let builtin = if access == I32 { Builtin::memory_wait32 } else { Builtin::memory_wait64 };
    let memory = cx.ins().iconst(I32, i64::from(memory.as_u32()));
    let result = builtin::call(cx, builtin, &[memory, address, expected, timeout]);
    let result = result.expect("waiting has a result");
    let result = cx.ins().ireduce(I32, result);
    cx.push(result);
}

/// `memory.atomic.notify`.
fn notify(cx: &mut Context<'_, '_>, arg: MemArg) {
    let (index, count) = cx.pop2();
    let memory = target(arg);
    let Some(address) = touch(cx, arg, index, I32) else { return };
    if !cx.module.memories[memory].shared {
        let nobody = cx.ins().iconst(I32, 0);
        return cx.push(nobody);
    }
    let memory = cx.ins().iconst(I32, i64::from(memory.as_u32()));
    let woken = builtin::call(cx, Builtin::memory_notify, &[memory, address, count]);
    cx.push(woken.expect("waking has a result"));
}

/// Makes sure that an address is good, and returns where it is in the memory.
fn touch(cx: &mut Context<'_, '_>, arg: MemArg, index: Value, access: Type) -> Option<Value> {
    let Address { base, flags, .. } = check(cx, arg, index, access)?;
    // Where nothing was compared, this is what faults.
    cx.ins().atomic_load(access, flags, base);
    let index = widen(cx, index);
    Some(cx.ins().iadd_imm_u(index, arg.offset as i64))
}

/// Checks an access's alignment and bounds. The address comes without an offset, as atomic
/// instructions have none.
fn check(cx: &mut Context<'_, '_>, arg: MemArg, index: Value, access: Type) -> Option<Address> {
    let low_bits = u64::from(access.bytes()) - 1;
    let offset = arg.offset & low_bits;
    match cx.constant(index) {
        _ if low_bits == 0 => {}
        Some(known) => {
            if known.wrapping_add(offset) & low_bits != 0 {
                trap(cx, TrapCode::UnalignedAtomic);
                return None;
            }
        }
        None => {
            let address =
                if offset == 0 { index } else { cx.ins().iadd_imm_u(index, offset as i64) };
            let low = cx.ins().band_imm_u(address, low_bits as i64);
            let unaligned = cx.ins().icmp_imm_u(IntCC::NotEqual, low, 0);
            trap_if(cx, unaligned, TrapCode::UnalignedAtomic);
        }
    }
    let memory = target(arg);
    let Address { base, offset, flags } =
        bounds::check(cx, memory, index, arg.offset, access.bytes().into())?;
    let base = if offset == 0 { base } else { cx.ins().iadd_imm_s(base, i64::from(offset)) };
    Some(Address { base, offset: 0, flags })
}

fn target(arg: MemArg) -> MemoryIndex {
    let MemArgTarget::Memory(memory) = arg.target else {
        unreachable!("array accesses need the gc proposal, which the validator refuses")
    };
    MemoryIndex::from_u32(memory)
}

fn wrap(cx: &mut Context<'_, '_>, value: Value, to: Type) -> Value {
    let from = cx.builder.func.dfg.value_type(value);
    if from == to { value } else { cx.ins().ireduce(to, value) }
}

fn push_extended(cx: &mut Context<'_, '_>, value: Value, to: Type) {
    let from = cx.builder.func.dfg.value_type(value);
    let value = if from == to { value } else { cx.ins().uextend(to, value) };
    cx.push(value);
}
