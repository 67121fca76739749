//! Constant expressions (spec 3.3.10), evaluated as far as they can be before there is an
//! instance: completely, unless they read an imported global.

use wasmparser::Operator;

use crate::error::{Error, Result};
use crate::index::*;
use crate::module::{ConstExpr, ConstOp, ValKind};

/// Reads a valid constant expression.
pub fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut ops = Vec::with_capacity(1);
    for item in expr.get_operators_reader().into_iter_with_offsets() {
        let (op, offset) = item.map_err(super::sections::unexpected)?;
        ops.push(match op {
            Operator::I32Const { value } => ConstOp::I32Const(value),
            Operator::I64Const { value } => ConstOp::I64Const(value),
            Operator::F32Const { value } => ConstOp::F32Const(value.bits()),
            Operator::F64Const { value } => ConstOp::F64Const(value.bits()),
            Operator::V128Const { value } => ConstOp::V128Const(value.into()),
            Operator::GlobalGet { global_index } => {
                ConstOp::GlobalGet(GlobalIndex::from_u32(global_index))
            }
            Operator::RefNull { hty } => ConstOp::RefNull(match hty {
                wasmparser::HeapType::FUNC | wasmparser::HeapType::Concrete(_) => ValKind::FuncRef,
                wasmparser::HeapType::EXTERN => ValKind::ExternRef,
                _ => return Err(unsupported(&op, offset)),
            }),
            Operator::RefFunc { function_index } => {
                ConstOp::RefFunc(FuncIndex::from_u32(function_index))
            }
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            Operator::End => continue,
            _ => return Err(unsupported(&op, offset)),
        });
    }
    Ok(match evaluate(&ops) {
        Some(value) => vec![value],
        None => ops,
    })
}

fn unsupported(op: &Operator<'_>, offset: u64) -> Error {
    Error::Unsupported {
        offset: offset as usize,
        feature: format!("{op:?} in a constant expression"),
        help: "not supported yet".into(),
    }
}

/// The value of an expression that reads no global.
fn evaluate(ops: &[ConstOp]) -> Option<ConstOp> {
    let mut stack = Vec::new();
    for &op in ops {
        let value = match op {
            ConstOp::GlobalGet(_) => return None,
            ConstOp::I32Add | ConstOp::I32Sub | ConstOp::I32Mul => {
                let (Some(ConstOp::I32Const(b)), Some(ConstOp::I32Const(a))) =
                    (stack.pop(), stack.pop())
                else {
                    return None;
                };
                ConstOp::I32Const(match op {
                    ConstOp::I32Add => a.wrapping_add(b),
                    ConstOp::I32Sub => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                })
            }
            ConstOp::I64Add | ConstOp::I64Sub | ConstOp::I64Mul => {
                let (Some(ConstOp::I64Const(b)), Some(ConstOp::I64Const(a))) =
                    (stack.pop(), stack.pop())
                else {
                    return None;
                };
                ConstOp::I64Const(match op {
                    ConstOp::I64Add => a.wrapping_add(b),
                    ConstOp::I64Sub => a.wrapping_sub(b),
                    _ => a.wrapping_mul(b),
                })
            }
            constant => constant,
        };
        stack.push(value);
    }
    stack.pop()
}
