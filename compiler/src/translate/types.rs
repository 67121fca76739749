//! Types and signatures: wasm's as Cranelift's. Trampolines and bodies share most of them.

use cranelift_codegen::ir::{ArgumentPurpose, Signature};
use wasmaot_abi::value::ValKind;

use crate::module::{FuncType, Module, ValType};
use crate::parse::types::val_type;
pub use crate::trampoline::signature::{POINTER, builtin, clif_type as clif, exit_builtin};
use crate::trampoline::signature::{guest, private};

/// Whether values of a type are host references that the runtime must find while a call is
/// under way.
pub fn needs_stack_map(ty: ValType) -> bool {
    ty.kind() == ValKind::ExternRef
}

/// The reader's value type as ours; `None` if it is beyond the language that we support.
pub fn from_wasm(module: &Module<'_>, ty: wasmparser::ValType) -> Option<ValType> {
    val_type(&module.types, ty)
}

/// Which contexts a function gets in front of its wasm parameters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Contexts {
    /// Its own, and its caller's.
    Both,
    /// Its own: it is [private](crate::plan::private).
    Own,
}

impl Contexts {
    /// Those of a function if it is private, or is not.
    pub fn of(private: bool) -> Self {
        if private { Self::Own } else { Self::Both }
    }

    /// How many.
    pub fn count(self) -> usize {
        match self {
            Self::Both => 2,
            Self::Own => 1,
        }
    }
}

/// The signature of a body: contexts, then what wasm says.
pub fn body(ty: &FuncType, contexts: Contexts) -> Signature {
    let mut signature = match contexts {
        Contexts::Both => guest(ty),
        Contexts::Own => private(ty),
    };
    // The purpose lets Cranelift's stack check find the context.
    signature.params[0].purpose = ArgumentPurpose::VMContext;
    signature
}

/// The signature of [`InitBody`](crate::func_key::FuncKey::InitBody).
pub fn init_body() -> Signature {
    body(&FuncType { params: Vec::new(), results: Vec::new() }, Contexts::Both)
}
