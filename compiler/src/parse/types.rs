//! The reader's types as ours.

use cranelift_entity::PrimaryMap;
use wasmparser::UnpackedIndex;

use crate::index::*;
use crate::module::*;

/// A value type; `None` if it is beyond the language that we support. `types` says which
/// signature each type of the type section is.
pub fn val_type(
    types: &PrimaryMap<TypeIndex, SigIndex>,
    ty: wasmparser::ValType,
) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(ref_type(types, ty)?),
    })
}

/// A reference type, as [`val_type`].
pub fn ref_type(
    types: &PrimaryMap<TypeIndex, SigIndex>,
    ty: wasmparser::RefType,
) -> Option<RefType> {
    let heap = heap_type(types, ty.heap_type())?;
    Some(RefType { nullable: ty.is_nullable(), heap })
}

/// What a reference refers to, as [`val_type`].
pub fn heap_type(
    types: &PrimaryMap<TypeIndex, SigIndex>,
    ty: wasmparser::HeapType,
) -> Option<HeapType> {
    match ty {
        wasmparser::HeapType::FUNC => Some(HeapType::Func),
        wasmparser::HeapType::EXTERN => Some(HeapType::Extern),
        wasmparser::HeapType::Concrete(UnpackedIndex::Module(index)) => {
            types.get(TypeIndex::from_u32(index)).map(|&sig| HeapType::Concrete(sig))
        }
        _ => None,
    }
}
