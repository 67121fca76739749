//! Instantiation's own code: globals and active segments, in the order of the plan.

use cranelift_codegen::ir::{InstBuilder, Value, types};
use wasmaot_abi::builtins::Builtin;

use super::context::Context;
use super::{builtin, global, int, reference, table, vmctx};
use crate::index::{DataIndex, ElemIndex};
use crate::module::{ConstOp, ElemMode, RefType, ValKind};
use crate::plan::InitStep;

/// One step.
pub fn step(cx: &mut Context<'_, '_>, step: InitStep) {
    match step {
        InitStep::Global(index) => {
            let module = cx.module;
            if let Ok(defined) = module.defined_global(index) {
                let value = evaluate(cx, &module.global_inits[defined as usize]);
                vmctx::store_global(cx, index, value);
            }
        }
        InitStep::Table(_, index) => {
            let module = cx.module;
            if let Ok(defined) = module.defined_table(index)
                && let Some(init) = &module.table_inits[defined as usize]
            {
                let value = evaluate(cx, init);
                table::fill_all(cx, index, value);
            }
        }
        InitStep::Elem(index) => {
            apply_elem(cx, index);
            table::elem_drop(cx, index);
        }
        InitStep::DropElem(index) => table::elem_drop(cx, index),
        InitStep::Data(index) => {
            apply_data(cx, index);
            super::bulk::data_drop(cx, index);
        }
    }
}

fn apply_elem(cx: &mut Context<'_, '_>, index: ElemIndex) {
    let module = cx.module;
    let segment = &module.elems[index];
    if let ElemMode::Active(table, offset) = &segment.mode {
        let table = cx.ins().iconst(types::I32, i64::from(table.as_u32()));
        copy_all(cx, Builtin::table_init, table, index.as_u32(), offset, segment.items.len());
    }
}

fn apply_data(cx: &mut Context<'_, '_>, index: DataIndex) {
    let module = cx.module;
    let segment = &module.data[index];
    if let Some((memory, offset)) = &segment.active {
        let memory = cx.ins().iconst(types::I32, i64::from(memory.as_u32()));
        copy_all(cx, Builtin::memory_init, memory, index.as_u32(), offset, segment.bytes.len());
    }
}

/// Copies a whole segment to `offset` of a table or memory.
fn copy_all(
    cx: &mut Context<'_, '_>,
    builtin: Builtin,
    to: Value,
    segment: u32,
    offset: &[ConstOp],
    len: usize,
) {
    let dst = evaluate(cx, offset);
    let dst = int::widen(cx, dst);
    let segment = cx.ins().iconst(types::I32, i64::from(segment));
    let src = cx.ins().iconst(types::I32, 0);
    let len = cx.ins().iconst(types::I32, len as i64);
    builtin::call(cx, builtin, &[to, segment, dst, src, len]);
}

/// The value of a constant expression.
fn evaluate(cx: &mut Context<'_, '_>, ops: &[ConstOp]) -> Value {
    for &op in ops {
        match op {
            ConstOp::GlobalGet(index) => global::get(cx, index),
            ConstOp::RefNull(ValKind::ExternRef) => reference::null(cx, RefType::EXTERNREF),
            ConstOp::RefNull(_) => reference::null(cx, RefType::FUNCREF),
            ConstOp::RefFunc(index) => reference::func(cx, index),
            ConstOp::I32Add | ConstOp::I64Add => int::add(cx),
            ConstOp::I32Sub | ConstOp::I64Sub => int::sub(cx),
            ConstOp::I32Mul | ConstOp::I64Mul => int::mul(cx),
            ConstOp::I32Const(_)
            | ConstOp::I64Const(_)
            | ConstOp::F32Const(_)
            | ConstOp::F64Const(_)
            | ConstOp::V128Const(_) => global::constant_op(cx, op),
        }
    }
    cx.pop()
}
