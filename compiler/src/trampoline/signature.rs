//! The signatures of everything that is called across the border or inside a module, as
//! Cranelift states them. The shapes are those of `abi/src/calls.rs`; translation uses them too.

use cranelift_codegen::ir::{AbiParam, Signature, Type, types};
use cranelift_codegen::isa::CallConv;
use wasmaot_abi::builtins::{Builtin, BuiltinType, Fails};
use wasmaot_abi::value::ValKind;

use crate::module::{FuncType, ValType};
use crate::target::Target;

/// Addresses, on every machine.
pub const POINTER: Type = types::I64;

/// What a value of a wasm type is in compiled code.
pub fn clif_type(ty: ValType) -> Type {
    match ty.kind() {
        ValKind::I32 | ValKind::ExternRef => types::I32,
        ValKind::I64 => types::I64,
        ValKind::F32 => types::F32,
        ValKind::F64 => types::F64,
        ValKind::V128 => types::I8X16,
        ValKind::FuncRef => POINTER,
    }
}

fn signature(
    convention: CallConv,
    params: impl IntoIterator<Item = Type>,
    results: impl IntoIterator<Item = Type>,
) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params.extend(params.into_iter().map(AbiParam::new));
    signature.returns.extend(results.into_iter().map(AbiParam::new));
    signature
}

fn clif_types(types: &[ValType]) -> impl Iterator<Item = Type> {
    types.iter().copied().map(clif_type)
}

/// A function in the guests' own convention: both contexts, the wasm parameters; the results.
pub fn guest(ty: &FuncType) -> Signature {
    guests_own([POINTER, POINTER], ty)
}

/// A [private](crate::plan::private) function in that convention: with one context.
pub fn private(ty: &FuncType) -> Signature {
    guests_own([POINTER], ty)
}

fn guests_own(contexts: impl IntoIterator<Item = Type>, ty: &FuncType) -> Signature {
    let params = contexts.into_iter().chain(clif_types(&ty.params));
    signature(CallConv::Tail, params, clif_types(&ty.results))
}

/// A `wasm_call`: vectors are two integers, and two results or more, or a vector, go through a
/// pointer.
pub fn wasm_call(ty: &FuncType, target: &Target) -> Signature {
    signature(target.c_convention, native_params(ty), [types::I64, types::I64])
}

/// A native call: parameters as of a `wasm_call`.
pub fn native_call(ty: &FuncType, target: &Target) -> Signature {
    let results: &[_] = if ty.results_in_slots() { &[] } else { &ty.results };
    signature(target.c_convention, native_params(ty), clif_types(results))
}

fn native_params(ty: &FuncType) -> impl Iterator<Item = Type> {
    let results = ty.results_in_slots().then_some(POINTER);
    let params = ty.params.iter().flat_map(|&ty| match ty {
        ValType::V128 => vec![types::I64; 2],
        ty => vec![clif_type(ty)],
    });
    [POINTER, POINTER].into_iter().chain(params).chain(results)
}

/// An `ArrayCall`.
pub fn array(target: &Target) -> Signature {
    signature(target.c_convention, [POINTER; 4], [types::I8])
}

/// An `EnterCall`: an `ArrayCall` with another last parameter.
pub fn enter(target: &Target) -> Signature {
    signature(target.c_convention, [POINTER; 4], [types::I8])
}

/// A `PlainCall`.
pub fn plain(target: &Target) -> Signature {
    signature(target.c_convention, [POINTER; 2], [types::I8])
}

fn builtin_type(ty: BuiltinType) -> Type {
    match ty {
        BuiltinType::I32 => types::I32,
        BuiltinType::I64 => types::I64,
        BuiltinType::F32 => types::F32,
        BuiltinType::F64 => types::F64,
        BuiltinType::V128 => types::I8X16,
    }
}

fn builtin_params(builtin: Builtin) -> impl Iterator<Item = Type> {
    let row = builtin.row();
    row.takes_context
        .then_some(POINTER)
        .into_iter()
        .chain(row.params.iter().copied().map(builtin_type))
}

/// A builtin of the runtime.
pub fn builtin(builtin: Builtin, target: &Target) -> Signature {
    let result = builtin.row().result.map(builtin_type);
    signature(target.c_convention, builtin_params(builtin), result)
}

/// The way out to a builtin, in the guests' own convention, or one in which the way out preserves
/// all registers. A status is looked at on the way back and not passed on.
pub fn exit_builtin(builtin: Builtin) -> Signature {
    let row = builtin.row();
    let passed_on = matches!(row.fails, Fails::Never | Fails::Negative);
    let result = row.result.filter(|_| passed_on).map(builtin_type);
    let preserves = builtin.preserves_registers();
    let convention = if preserves { CallConv::PreserveAll } else { CallConv::Tail };
    signature(convention, builtin_params(builtin), result)
}
