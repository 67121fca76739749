//! Types and signatures: wasm's as Cranelift's. Trampolines and bodies share most of them.

use cranelift_codegen::ir::{ArgumentPurpose, Signature};
use wasmaot_abi::value::ValType;

use crate::module::FuncType;
use crate::trampoline::signature::guest;
pub use crate::trampoline::signature::{POINTER, clif_type as clif, exit_builtin};

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
    let mut signature = guest(ty);
    // The purpose lets Cranelift's stack check find the context.
    signature.params[0].purpose = ArgumentPurpose::VMContext;
    signature
}

/// The signature of [`InitBody`](crate::func_key::FuncKey::InitBody).
pub fn init_body() -> Signature {
    body(&FuncType { params: Vec::new(), results: Vec::new() })
}
