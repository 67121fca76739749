//! Picks the function for an instruction, and nothing else.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use wasmparser::Operator;

use super::context::Context;
use super::stack::BlockType;
use super::{
    atomic, bulk, call, control, convert, float, global, int, invalid, local, memory, reference,
    simd, table, tail_call, types, unsupported, wide,
};
use crate::error::Result;
use crate::index::*;
use crate::module::{ConstOp, RefType};

/// Translates one instruction.
#[rustfmt::skip] // A table: one line per instruction.
pub fn translate(cx: &mut Context<'_, '_>, operator: &Operator<'_>) -> Result<()> {
    use Operator::*;
    if !cx.stack.reachable {
        match operator {
            Block { .. } | Loop { .. } | If { .. } => control::dead_block(cx),
            Else => control::else_(cx),
            End => control::end(cx),
            _ => {}
        }
        return Ok(());
    }
    match *operator {
        Nop => {}
        Unreachable => control::unreachable(cx),
        Block { blockty } => { let ty = block_type(cx, blockty)?; control::block(cx, ty) }
        Loop { blockty } => { let ty = block_type(cx, blockty)?; control::loop_(cx, ty) }
        If { blockty } => { let ty = block_type(cx, blockty)?; control::if_(cx, ty) }
        Else => control::else_(cx),
        End => control::end(cx),
        Br { relative_depth } => control::br(cx, relative_depth),
        BrIf { relative_depth } => control::br_if(cx, relative_depth),
        BrTable { ref targets } => control::br_table(cx, targets).map_err(invalid)?,
        Return => control::return_(cx),

        Call { function_index } => call::direct(cx, FuncIndex::from_u32(function_index))?,
        CallIndirect { type_index, table_index } => {
            let sig = cx.module.types[TypeIndex::from_u32(type_index)];
            call::indirect(cx, TableIndex::from_u32(table_index), sig);
        }
        CallRef { type_index } => {
            call::reference(cx, cx.module.types[TypeIndex::from_u32(type_index)]);
        }
        ReturnCall { function_index } => {
            tail_call::direct(cx, FuncIndex::from_u32(function_index));
        }
        ReturnCallIndirect { type_index, table_index } => {
            let sig = cx.module.types[TypeIndex::from_u32(type_index)];
            tail_call::indirect(cx, TableIndex::from_u32(table_index), sig);
        }
        ReturnCallRef { type_index } => {
            tail_call::reference(cx, cx.module.types[TypeIndex::from_u32(type_index)]);
        }

        Drop => { cx.pop(); }
        Select => reference::select(cx, None),
        TypedSelect { ty } => { let ty = val_type(cx, ty)?; reference::select(cx, Some(ty)) }
        RefNull { hty } => {
            let heap = crate::parse::types::heap_type(&cx.module.types, hty);
            let heap = heap.ok_or_else(|| beyond(cx, &hty))?;
            reference::null(cx, RefType { nullable: true, heap });
        }
        RefIsNull => reference::is_null(cx),
        RefAsNonNull => reference::as_non_null(cx),
        BrOnNull { relative_depth } => control::br_on_null(cx, relative_depth),
        BrOnNonNull { relative_depth } => control::br_on_non_null(cx, relative_depth),
        RefFunc { function_index } => reference::func(cx, FuncIndex::from_u32(function_index)),

        LocalGet { local_index } => local::get(cx, local_index),
        LocalSet { local_index } => local::set(cx, local_index),
        LocalTee { local_index } => local::tee(cx, local_index),
        GlobalGet { global_index } => global::get(cx, GlobalIndex::from_u32(global_index)),
        GlobalSet { global_index } => global::set(cx, GlobalIndex::from_u32(global_index)),

        TableGet { table } => table::get(cx, TableIndex::from_u32(table)),
        TableSet { table } => table::set(cx, TableIndex::from_u32(table)),
        TableSize { table } => table::size(cx, TableIndex::from_u32(table)),
        TableGrow { table } => table::grow(cx, TableIndex::from_u32(table)),
        TableFill { table } => table::fill(cx, TableIndex::from_u32(table)),
        TableCopy { dst_table, src_table } => {
            table::copy(cx, TableIndex::from_u32(dst_table), TableIndex::from_u32(src_table));
        }
        TableInit { elem_index, table } => {
            table::init(cx, TableIndex::from_u32(table), ElemIndex::from_u32(elem_index));
        }
        ElemDrop { elem_index } => table::elem_drop(cx, ElemIndex::from_u32(elem_index)),

        I32Load { memarg } => memory::load(cx, memarg, I32),
        I64Load { memarg } => memory::load(cx, memarg, I64),
        F32Load { memarg } => memory::load(cx, memarg, F32),
        F64Load { memarg } => memory::load(cx, memarg, F64),
        I32Load8S { memarg } => memory::load8_s(cx, memarg, I32),
        I32Load8U { memarg } => memory::load8_u(cx, memarg, I32),
        I32Load16S { memarg } => memory::load16_s(cx, memarg, I32),
        I32Load16U { memarg } => memory::load16_u(cx, memarg, I32),
        I64Load8S { memarg } => memory::load8_s(cx, memarg, I64),
        I64Load8U { memarg } => memory::load8_u(cx, memarg, I64),
        I64Load16S { memarg } => memory::load16_s(cx, memarg, I64),
        I64Load16U { memarg } => memory::load16_u(cx, memarg, I64),
        I64Load32S { memarg } => memory::load32_s(cx, memarg),
        I64Load32U { memarg } => memory::load32_u(cx, memarg),
        I32Store { memarg } => memory::store(cx, memarg, I32),
        I64Store { memarg } => memory::store(cx, memarg, I64),
        F32Store { memarg } => memory::store(cx, memarg, F32),
        F64Store { memarg } => memory::store(cx, memarg, F64),
        I32Store8 { memarg } | I64Store8 { memarg } => memory::store8(cx, memarg),
        I32Store16 { memarg } | I64Store16 { memarg } => memory::store16(cx, memarg),
        I64Store32 { memarg } => memory::store32(cx, memarg),
        MemorySize { mem } => memory::size(cx, mem),
        MemoryGrow { mem } => memory::grow(cx, mem),
        MemoryCopy { dst_mem, src_mem } => bulk::copy(cx, dst_mem, src_mem),
        MemoryFill { mem } => bulk::fill(cx, mem),
        MemoryInit { data_index, mem } => bulk::init(cx, mem, data_index),
        DataDrop { data_index } => bulk::data_drop(cx, DataIndex::from_u32(data_index)),

        I32Const { value } => global::constant_op(cx, ConstOp::I32Const(value)),
        I64Const { value } => global::constant_op(cx, ConstOp::I64Const(value)),
        F32Const { value } => global::constant_op(cx, ConstOp::F32Const(value.bits())),
        F64Const { value } => global::constant_op(cx, ConstOp::F64Const(value.bits())),

        I32Eqz | I64Eqz => int::eqz(cx),
        I32Eq | I64Eq => int::compare(cx, IntCC::Equal),
        I32Ne | I64Ne => int::compare(cx, IntCC::NotEqual),
        I32LtS | I64LtS => int::compare(cx, IntCC::SignedLessThan),
        I32LtU | I64LtU => int::compare(cx, IntCC::UnsignedLessThan),
        I32GtS | I64GtS => int::compare(cx, IntCC::SignedGreaterThan),
        I32GtU | I64GtU => int::compare(cx, IntCC::UnsignedGreaterThan),
        I32LeS | I64LeS => int::compare(cx, IntCC::SignedLessThanOrEqual),
        I32LeU | I64LeU => int::compare(cx, IntCC::UnsignedLessThanOrEqual),
        I32GeS | I64GeS => int::compare(cx, IntCC::SignedGreaterThanOrEqual),
        I32GeU | I64GeU => int::compare(cx, IntCC::UnsignedGreaterThanOrEqual),
        I32Clz | I64Clz => int::clz(cx),
        I32Ctz | I64Ctz => int::ctz(cx),
        I32Popcnt | I64Popcnt => int::popcnt(cx),
        I32Add | I64Add => int::add(cx),
        I32Sub | I64Sub => int::sub(cx),
        I32Mul | I64Mul => int::mul(cx),
        I32DivS | I64DivS => int::div_s(cx),
        I32DivU | I64DivU => int::div_u(cx),
        I32RemS | I64RemS => int::rem_s(cx),
        I32RemU | I64RemU => int::rem_u(cx),
        I32And | I64And => int::and(cx),
        I32Or | I64Or => int::or(cx),
        I32Xor | I64Xor => int::xor(cx),
        I32Shl | I64Shl => int::shl(cx),
        I32ShrS | I64ShrS => int::shr_s(cx),
        I32ShrU | I64ShrU => int::shr_u(cx),
        I32Rotl | I64Rotl => int::rotl(cx),
        I32Rotr | I64Rotr => int::rotr(cx),
        I32Extend8S | I64Extend8S => int::extend(cx, I8),
        I32Extend16S | I64Extend16S => int::extend(cx, I16),
        I64Extend32S => int::extend(cx, I32),
        I64Add128 => wide::add128(cx),
        I64Sub128 => wide::sub128(cx),
        I64MulWideS => wide::mul_wide_s(cx),
        I64MulWideU => wide::mul_wide_u(cx),

        F32Eq | F64Eq => float::compare(cx, FloatCC::Equal),
        F32Ne | F64Ne => float::compare(cx, FloatCC::NotEqual),
        F32Lt | F64Lt => float::compare(cx, FloatCC::LessThan),
        F32Gt | F64Gt => float::compare(cx, FloatCC::GreaterThan),
        F32Le | F64Le => float::compare(cx, FloatCC::LessThanOrEqual),
        F32Ge | F64Ge => float::compare(cx, FloatCC::GreaterThanOrEqual),
        F32Abs | F64Abs => float::abs(cx),
        F32Neg | F64Neg => float::neg(cx),
        F32Ceil | F64Ceil => float::ceil(cx),
        F32Floor | F64Floor => float::floor(cx),
        F32Trunc | F64Trunc => float::trunc(cx),
        F32Nearest | F64Nearest => float::nearest(cx),
        F32Sqrt | F64Sqrt => float::sqrt(cx),
        F32Add | F64Add => float::add(cx),
        F32Sub | F64Sub => float::sub(cx),
        F32Mul | F64Mul => float::mul(cx),
        F32Div | F64Div => float::div(cx),
        F32Min | F64Min => float::min(cx),
        F32Max | F64Max => float::max(cx),
        F32Copysign | F64Copysign => float::copysign(cx),

        I32WrapI64 => convert::wrap(cx, I32),
        I64ExtendI32S => convert::extend_s(cx, I64),
        I64ExtendI32U => convert::extend_u(cx, I64),
        I32TruncF32S | I32TruncF64S => convert::trunc_s(cx, I32),
        I32TruncF32U | I32TruncF64U => convert::trunc_u(cx, I32),
        I64TruncF32S | I64TruncF64S => convert::trunc_s(cx, I64),
        I64TruncF32U | I64TruncF64U => convert::trunc_u(cx, I64),
        I32TruncSatF32S | I32TruncSatF64S => convert::trunc_sat_s(cx, I32),
        I32TruncSatF32U | I32TruncSatF64U => convert::trunc_sat_u(cx, I32),
        I64TruncSatF32S | I64TruncSatF64S => convert::trunc_sat_s(cx, I64),
        I64TruncSatF32U | I64TruncSatF64U => convert::trunc_sat_u(cx, I64),
        F32ConvertI32S | F32ConvertI64S => convert::convert_s(cx, F32),
        F32ConvertI32U | F32ConvertI64U => convert::convert_u(cx, F32),
        F64ConvertI32S | F64ConvertI64S => convert::convert_s(cx, F64),
        F64ConvertI32U | F64ConvertI64U => convert::convert_u(cx, F64),
        F32DemoteF64 => convert::demote(cx, F32),
        F64PromoteF32 => convert::promote(cx, F64),
        I32ReinterpretF32 => convert::reinterpret(cx, I32),
        I64ReinterpretF64 => convert::reinterpret(cx, I64),
        F32ReinterpretI32 => convert::reinterpret(cx, F32),
        F64ReinterpretI64 => convert::reinterpret(cx, F64),

        ref other => {
            if !atomic::translate(cx, other) && !simd::operator::translate(cx, other) {
                return Err(beyond(cx, other));
            }
        }
    }
    Ok(())
}

fn val_type(cx: &Context<'_, '_>, ty: wasmparser::ValType) -> Result<crate::module::ValType> {
    types::from_wasm(cx.module, ty).ok_or_else(|| beyond(cx, &ty))
}

fn block_type(cx: &Context<'_, '_>, ty: wasmparser::BlockType) -> Result<BlockType> {
    Ok(match ty {
        wasmparser::BlockType::Empty => BlockType::Empty,
        wasmparser::BlockType::Type(ty) => BlockType::Value(val_type(cx, ty)?),
        wasmparser::BlockType::FuncType(index) => {
            BlockType::Sig(cx.module.types[TypeIndex::from_u32(index)])
        }
    })
}

/// The validator lets nothing through that is not here; if it does, say so.
fn beyond(cx: &Context<'_, '_>, what: &dyn std::fmt::Debug) -> crate::error::Error {
    unsupported(cx.offset, &format!("{what:?}"))
}
