//! Calls through [constant tables](crate::plan::constant_tables).
//!
//! If the functions of a type stand side by side, an index among theirs is all it takes. Otherwise
//! the index is compared with the table's length and the number of the type with the entry's. Why
//! a call traps is found out where nobody comes by otherwise.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::int::widen;
use super::trap::{trap, trap_if};
use super::vmctx;
use crate::index::{SigIndex, TableIndex};
use crate::plan::constant_tables::{ConstantTable, ENTRY_LEN, TYPE_OFFSET, Targets, type_number};

/// The code to call for an index, which leads to a function of a type or traps. `None` if it
/// always traps: then what follows cannot be reached.
pub fn code(
    cx: &mut Context<'_, '_>,
    table: TableIndex,
    constant: &ConstantTable,
    sig: SigIndex,
    index: Value,
) -> Option<Value> {
    let index = widen(cx, index);
    let start = vmctx::constant_table(cx, table);
    let len = constant.entries.len();
    let targets = constant.targets(sig);
    let whole = targets.is_some_and(|targets| targets.whole);
    if !whole {
        trap_outside(cx, index, len);
    }
    let expected = match targets {
        None => {
            trap_type(cx, start, index);
            return None;
        }
        Some(Targets { first, len: among, whole: true }) => {
            let place = cx.ins().iadd_imm_s(index, -i64::from(first));
            cx.ins().icmp_imm_u(IntCC::UnsignedLessThan, place, i64::from(among))
        }
        Some(_) => {
            let actual = type_at(cx, start, index);
            cx.ins().icmp_imm_u(IntCC::Equal, actual, i64::from(type_number(sig)))
        }
    };
    let (cold, next) = (cx.block(&[]), cx.block(&[]));
    cx.builder.set_cold_block(cold);
    cx.ins().brif(expected, next, &[], cold, &[]);
    cx.start(cold);
    if whole {
        trap_outside(cx, index, len);
    }
    trap_type(cx, start, index);
    cx.stack.reachable = true;
    cx.start(next);
    let entry = entry(cx, start, index);
    let distance = cx.ins().sload32(flags(), entry, 0);
    Some(cx.ins().iadd(start, distance))
}

fn trap_outside(cx: &mut Context<'_, '_>, index: Value, len: usize) {
    let outside = cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, len as i64);
    trap_if(cx, outside, TrapCode::UndefinedElement);
}

/// Traps because of the type of what stands at an index.
fn trap_type(cx: &mut Context<'_, '_>, start: Value, index: Value) {
    let actual = type_at(cx, start, index);
    let null = cx.ins().icmp_imm_u(IntCC::Equal, actual, 0);
    trap_if(cx, null, TrapCode::UninitializedElement);
    trap(cx, TrapCode::IndirectCallTypeMismatch);
}

/// The number of the type of what stands at an index, which is inside.
fn type_at(cx: &mut Context<'_, '_>, start: Value, index: Value) -> Value {
    let entry = entry(cx, start, index);
    cx.ins().load(types::I32, flags(), entry, TYPE_OFFSET as i32)
}

fn entry(cx: &mut Context<'_, '_>, start: Value, index: Value) -> Value {
    let offset = cx.ins().ishl_imm_u(index, i64::from(ENTRY_LEN.trailing_zeros()));
    cx.ins().iadd(start, offset)
}

/// Constant, but not before the index has been found to be inside.
fn flags() -> MemFlagsData {
    MemFlagsData::trusted().with_readonly()
}
