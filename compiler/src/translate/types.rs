//! Types and signatures: wasm's as Cranelift's. Trampolines use the same ones.

use cranelift_codegen::ir::{AbiParam, ArgumentPurpose, Signature, Type, types};
use cranelift_codegen::isa::CallConv;
use wasmaot_abi::builtins::{BuiltinRow, BuiltinType, Fails};
use wasmaot_abi::value::ValType;

use crate::module::FuncType;

/// What addresses and contexts are. Every machine that Cranelift knows natively is a 64-bit one.
pub const POINTER: Type = types::I64;

/// A value type in machine code.
pub fn clif(ty: ValType) -> Type {
    match ty {
        ValType::I32 => types::I32,
        ValType::I64 => types::I64,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::FuncRef => POINTER,
        ValType::ExternRef => types::I32,
    }
}

/// Whether values of a type are host references that the runtime must find while a call is
/// under way.
pub fn needs_stack_map(ty: ValType) -> bool {
    ty == ValType::ExternRef
}

/// wasmparser's value type as ours; `None` if it is beyond the language that we support.
pub fn from_wasm(ty: wasmparser::ValType) -> Option<ValType> {
    Some(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::Ref(wasmparser::RefType::FUNCREF) => ValType::FuncRef,
        wasmparser::ValType::Ref(wasmparser::RefType::EXTERNREF) => ValType::ExternRef,
        _ => return None,
    })
}

/// The signature of a body: callee context, caller context, then what wasm says.
pub fn body(ty: &FuncType) -> Signature {
    let mut signature = contexts();
    signature.params.extend(ty.params.iter().map(|&ty| AbiParam::new(clif(ty))));
    signature.returns.extend(ty.results.iter().map(|&ty| AbiParam::new(clif(ty))));
    signature
}

/// The signature of [`InitBody`](crate::func_key::FuncKey::InitBody).
pub fn contexts() -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    // The purpose lets Cranelift's stack check find the context.
    signature.params.push(AbiParam::special(POINTER, ArgumentPurpose::VMContext));
    signature.params.push(AbiParam::new(POINTER));
    signature
}

/// The signature of the way out to a builtin: the context, then the builtin's parameters. A
/// status is not returned, for the way out returns only if it is 0.
pub fn exit_builtin(row: &BuiltinRow) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::new(POINTER));
    signature.params.extend(row.params.iter().map(|&ty| AbiParam::new(builtin(ty))));
    if row.fails == Fails::Never {
        signature.returns.extend(row.result.iter().map(|&ty| AbiParam::new(builtin(ty))));
    }
    signature
}

/// The type of a builtin's parameter or result.
pub fn builtin(ty: BuiltinType) -> Type {
    match ty {
        BuiltinType::I32 => types::I32,
        BuiltinType::I64 => types::I64,
        BuiltinType::F32 => types::F32,
        BuiltinType::F64 => types::F64,
    }
}
