//! Types and signatures: wasm's as Cranelift's. Trampolines and bodies share most of them.

use cranelift_codegen::ir::{ArgumentPurpose, Signature};
use wasmaot_abi::value::ValKind;

use crate::module::{FuncType, Module, ValType};
use crate::parse::types::val_type;
use crate::trampoline::signature::guest;
pub use crate::trampoline::signature::{POINTER, builtin, clif_type as clif, exit_builtin};

/// Whether values of a type are host references that the runtime must find while a call is
/// under way.
pub fn needs_stack_map(ty: ValType) -> bool {
    ty.kind() == ValKind::ExternRef
}

/// The reader's value type as ours; `None` if it is beyond the language that we support.
pub fn from_wasm(module: &Module<'_>, ty: wasmparser::ValType) -> Option<ValType> {
    val_type(&module.types, ty)
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
