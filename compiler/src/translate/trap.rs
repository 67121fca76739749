//! Traps, in both styles, and the one map between our trap codes and Cranelift's.
//!
//! With signals a trap is an instruction that faults. With explicit checks no instruction may:
//! a trap is a call to the runtime, which does not return, in a cold block of its own, so that
//! the wasm offset in the backtrace is right.

use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::traps::TrapCode;

use super::builtin;
use super::context::Context;
use crate::config::TrapStyle;

/// The code of the instruction behind a call that does not return. It is never executed and
/// stands for no trap of ours.
pub const NEVER: ir::TrapCode = ir::TrapCode::unwrap_user(250);

/// Cranelift's code for a trap. Where its own instructions can trap for that reason, it is the
/// code that they carry; else a user code with our number.
pub fn to_cranelift(code: TrapCode) -> ir::TrapCode {
    match code {
        TrapCode::MemoryOutOfBounds => ir::TrapCode::HEAP_OUT_OF_BOUNDS,
        TrapCode::IntegerDivideByZero => ir::TrapCode::INTEGER_DIVISION_BY_ZERO,
        TrapCode::IntegerOverflow => ir::TrapCode::INTEGER_OVERFLOW,
        TrapCode::BadConversionToInteger => ir::TrapCode::BAD_CONVERSION_TO_INTEGER,
        TrapCode::StackOverflow => ir::TrapCode::STACK_OVERFLOW,
        other => ir::TrapCode::unwrap_user(other as u8),
    }
}

/// The way back; `None` for a code that [`to_cranelift`] never makes, such as [`NEVER`].
pub fn from_cranelift(code: ir::TrapCode) -> Option<TrapCode> {
    TrapCode::ALL.iter().copied().find(|&ours| to_cranelift(ours) == code)
}

/// Traps. What follows cannot be reached.
pub fn trap(cx: &mut Context<'_, '_>, code: TrapCode) {
    emit(cx, code);
    cx.stack.reachable = false;
}

/// Traps if a condition holds, that is, is not zero.
pub fn trap_if(cx: &mut Context<'_, '_>, condition: Value, code: TrapCode) {
    match cx.plan.traps {
        TrapStyle::Signals => {
            cx.ins().trapnz(condition, to_cranelift(code));
        }
        TrapStyle::Explicit => {
            let (cold, next) = (cx.block(&[]), cx.block(&[]));
            cx.ins().brif(condition, cold, &[], next, &[]);
            out_of_line(cx, cold, next, code);
        }
    }
}

/// Traps unless a condition holds.
pub fn trap_unless(cx: &mut Context<'_, '_>, condition: Value, code: TrapCode) {
    match cx.plan.traps {
        TrapStyle::Signals => {
            cx.ins().trapz(condition, to_cranelift(code));
        }
        TrapStyle::Explicit => {
            let (cold, next) = (cx.block(&[]), cx.block(&[]));
            cx.ins().brif(condition, next, &[], cold, &[]);
            out_of_line(cx, cold, next, code);
        }
    }
}

fn out_of_line(cx: &mut Context<'_, '_>, cold: ir::Block, next: ir::Block, code: TrapCode) {
    cx.builder.set_cold_block(cold);
    cx.start(cold);
    emit(cx, code);
    cx.start(next);
}

fn emit(cx: &mut Context<'_, '_>, code: TrapCode) {
    match cx.plan.traps {
        TrapStyle::Signals => {
            // Cranelift would turn a branch to a block that only traps into a conditional trap,
            // which says that it happened at the branch. No code comes of this.
            cx.ins().nop();
            cx.ins().trap(to_cranelift(code));
        }
        TrapStyle::Explicit => {
            let number = cx.ins().iconst(types::I32, i64::from(code as u8));
            builtin::call(cx, Builtin::trap, &[number]);
            cx.ins().trap(NEVER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for &code in TrapCode::ALL {
            assert_eq!(from_cranelift(to_cranelift(code)), Some(code));
        }
        assert_eq!(from_cranelift(NEVER), None);
        // Cranelift's own reasons all mean something here.
        for &code in ir::TrapCode::non_user_traps() {
            assert_eq!(from_cranelift(code).map(to_cranelift), Some(code));
        }
    }
}
