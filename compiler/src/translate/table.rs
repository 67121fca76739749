//! Tables: access, growth, and the bulk instructions.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::traps::TrapCode;
use wasmaot_abi::value::ValKind;

use super::context::Context;
use super::int::{narrow, widen};
use super::trap::trap_if;
use super::types::clif;
use super::{builtin, meter, vmctx};
use crate::index::{ElemIndex, TableIndex};
use crate::module::ValType;

/// The address of an element; traps with `outside` if there is none at this index.
pub fn element(
    cx: &mut Context<'_, '_>,
    table: TableIndex,
    index: Value,
    outside: TrapCode,
) -> Value {
    let index = widen(cx, index);
    let len = vmctx::table_len(cx, table);
    let too_large = cx.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
    trap_if(cx, too_large, outside);
    let size = cx.module.tables[table].element.kind().table_element_size();
    let offset = cx.ins().ishl_imm_u(index, i64::from(size.trailing_zeros()));
    let base = vmctx::table_base(cx, table);
    cx.ins().iadd(base, offset)
}

/// `table.get`.
pub fn get(cx: &mut Context<'_, '_>, table: TableIndex) {
    let index = cx.pop();
    let ty = ValType::Ref(cx.module.tables[table].element);
    let address = element(cx, table, index, TrapCode::TableOutOfBounds);
    let flags = vmctx::table_flags(cx);
    let value = cx.ins().load(clif(ty), flags, address, 0);
    cx.push_typed(value, ty);
}

/// `table.set`.
pub fn set(cx: &mut Context<'_, '_>, table: TableIndex) {
    let (index, value) = cx.pop2();
    let address = element(cx, table, index, TrapCode::TableOutOfBounds);
    let flags = vmctx::table_flags(cx);
    cx.ins().store(flags, value, address, 0);
}

/// `table.size`.
pub fn size(cx: &mut Context<'_, '_>, table: TableIndex) {
    let len = vmctx::table_len(cx, table);
    let len = narrow(cx, len, cx.module.tables[table].index64);
    cx.push(len);
}

/// `table.grow`.
pub fn grow(cx: &mut Context<'_, '_>, table: TableIndex) {
    let (value, delta) = cx.pop2();
    let index64 = cx.module.tables[table].index64;
    let builtin = match cx.module.tables[table].element.kind() {
        ValKind::FuncRef => Builtin::table_grow_func,
        _ => Builtin::table_grow_extern,
    };
    let table = number(cx, table.as_u32());
    let delta = widen(cx, delta);
    let former = builtin::call(cx, builtin, &[table, delta, value]);
    let former = former.expect("growing a table has a result");
    let former = narrow(cx, former, index64);
    cx.push(former);
}

/// `table.fill`.
pub fn fill(cx: &mut Context<'_, '_>, table: TableIndex) {
    let (dst, value, len) = cx.pop3();
    meter::charge_length(cx, len, meter::ELEMENTS_LOG2);
    let dst = widen(cx, dst);
    let len = widen(cx, len);
    fill_range(cx, table, dst, value, len);
}

/// Fills a table as long as it is at first.
pub fn fill_all(cx: &mut Context<'_, '_>, table: TableIndex, value: Value) {
    let len = cx.module.tables[table].min;
    let (dst, len) = (cx.ins().iconst(types::I64, 0), cx.ins().iconst(types::I64, len as i64));
    fill_range(cx, table, dst, value, len);
}

fn fill_range(cx: &mut Context<'_, '_>, table: TableIndex, dst: Value, value: Value, len: Value) {
    let builtin = match cx.module.tables[table].element.kind() {
        ValKind::FuncRef => Builtin::table_fill_func,
        _ => Builtin::table_fill_extern,
    };
    let table = number(cx, table.as_u32());
    builtin::call(cx, builtin, &[table, dst, value, len]);
}

/// `table.copy`.
pub fn copy(cx: &mut Context<'_, '_>, dst_table: TableIndex, src_table: TableIndex) {
    let (dst, src, len) = cx.pop3();
    meter::charge_length(cx, len, meter::ELEMENTS_LOG2);
    let dst_table = number(cx, dst_table.as_u32());
    let dst = widen(cx, dst);
    let src_table = number(cx, src_table.as_u32());
    let src = widen(cx, src);
    let len = widen(cx, len);
    builtin::call(cx, Builtin::table_copy, &[dst_table, dst, src_table, src, len]);
}

/// `table.init`.
pub fn init(cx: &mut Context<'_, '_>, table: TableIndex, segment: ElemIndex) {
    let (dst, src, len) = cx.pop3();
    meter::charge_length(cx, len, meter::ELEMENTS_LOG2);
    let table = number(cx, table.as_u32());
    let segment = number(cx, segment.as_u32());
    let dst = widen(cx, dst);
    builtin::call(cx, Builtin::table_init, &[table, segment, dst, src, len]);
}

/// `elem.drop`.
pub fn elem_drop(cx: &mut Context<'_, '_>, segment: ElemIndex) {
    let segment = number(cx, segment.as_u32());
    builtin::call(cx, Builtin::elem_drop, &[segment]);
}

fn number(cx: &mut Context<'_, '_>, number: u32) -> Value {
    cx.ins().iconst(types::I32, i64::from(number))
}
