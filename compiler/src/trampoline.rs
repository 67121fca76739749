//! The ways between host and guest.
//!
//! Ways in ([`entry`]) record where to resume if the guest traps, then call the body. Ways out
//! ([`exit`]) record where the guest left, then call the host. Both translate between the
//! guests' own convention and the platform's.

mod entry;
mod exit;
pub mod short;
pub mod signature;

use std::mem::{offset_of, size_of};

use cranelift_codegen::ir::{
    self, ExtFuncData, ExternalName, FuncRef, InstBuilder, MemFlagsData, SigRef, Signature,
    UserFuncName, Value, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use wasmaot_abi::value::ValRaw;

use self::signature::{POINTER, clif_type};
use crate::func_key::{FuncKey, Reference};
use crate::module::{Module, ValType};
use crate::plan::Plan;
use crate::target::Target;

/// Makes the trampoline with this key: any key but `Body` and `InitBody`.
pub fn trampoline(module: &Module<'_>, plan: &Plan, target: &Target, key: FuncKey) -> ir::Function {
    match key {
        FuncKey::Body(_) | FuncKey::InitBody => unreachable!("these are translated from wasm"),
        FuncKey::Init => entry::init(plan, target),
        FuncKey::Start => entry::start(module, plan, target),
        FuncKey::WasmCall(func) => entry::wasm_call(module, plan, target, func),
        FuncKey::ArrayCall(func) => entry::array_call(module, plan, target, func),
        FuncKey::Enter(sig) => entry::enter(module, plan, target, sig),
        FuncKey::ExitNative(sig) => exit::native(module, target, sig),
        FuncKey::ExitArray(sig) => exit::array(module, target, sig),
        FuncKey::ExitBuiltin(builtin) => exit::builtin(builtin, target),
    }
}

/// Makes a function; `body` gets its parameters.
fn build(
    target: &Target,
    key: FuncKey,
    signature: Signature,
    body: impl FnOnce(&mut FunctionBuilder<'_>, &[Value]),
) -> ir::Function {
    let name = UserFuncName::User(Reference::Func(key).into());
    let mut function = ir::Function::with_name_signature(name, signature);
    let mut context = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut context);
    let block = builder.create_block();
    builder.append_block_params_for_function_params(block);
    builder.switch_to_block(block);
    let params = builder.block_params(block).to_vec();
    body(&mut builder, &params);
    builder.seal_all_blocks();
    builder.finalize(target.isa.frontend_config());
    function
}

/// Memory that is there and aligned: contexts, records, the slots of calls.
fn trusted() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// Declares something to call that is linked into the same program: a direct call.
fn import(
    builder: &mut FunctionBuilder<'_>,
    reference: Reference,
    signature: Signature,
) -> FuncRef {
    let signature = builder.import_signature(signature);
    import_as(builder, reference, signature)
}

/// As [`import`], with a signature that is declared already.
fn import_as(
    builder: &mut FunctionBuilder<'_>,
    reference: Reference,
    signature: SigRef,
) -> FuncRef {
    let name = builder.func.declare_imported_user_function(reference.into());
    builder.import_function(ExtFuncData {
        name: ExternalName::user(name),
        signature,
        colocated: true,
        patchable: false,
    })
}

/// The offset of a slot in an array of [`ValRaw`]s. Arrays of parameters are short: the
/// validator limits them.
fn slot_offset(index: usize) -> i32 {
    (index * size_of::<ValRaw>()) as i32
}

/// Slots are little-endian on every machine.
fn slot_flags() -> MemFlagsData {
    trusted().with_endianness(ir::Endianness::Little)
}

/// Loads values from slots.
fn load_slots(builder: &mut FunctionBuilder<'_>, slots: Value, types: &[ValType]) -> Vec<Value> {
    let load = |(index, ty): (usize, &ValType)| {
        builder.ins().load(clif_type(*ty), slot_flags(), slots, slot_offset(index))
    };
    types.iter().enumerate().map(load).collect()
}

/// Stores values into slots.
fn store_slots(builder: &mut FunctionBuilder<'_>, slots: Value, values: &[Value]) {
    for (index, &value) in values.iter().enumerate() {
        builder.ins().store(slot_flags(), value, slots, slot_offset(index));
    }
}

/// The parameters of a native call as values of wasm, and, if there is one, the pointer behind
/// them: vectors come in two halves, the low one first.
fn join_vectors(
    builder: &mut FunctionBuilder<'_>,
    wasm: &[ValType],
    params: &[Value],
) -> (Vec<Value>, Option<Value>) {
    let mut params = params.iter().copied();
    let mut next = || params.next().expect("the signature is made from the type");
    let mut values = Vec::with_capacity(wasm.len());
    for &ty in wasm {
        let mut value = next();
        if ty == ValType::V128 {
            let low = builder.ins().scalar_to_vector(types::I64X2, value);
            let both = builder.ins().insertlane(low, next(), 1);
            value = builder.ins().bitcast(clif_type(ty), bitcast_flags(), both);
        }
        values.push(value);
    }
    (values, params.next())
}

/// Values of wasm as the parameters of a native call: see [`join_vectors`].
fn split_vectors(builder: &mut FunctionBuilder<'_>, values: &[Value]) -> Vec<Value> {
    let mut params = Vec::with_capacity(values.len());
    for &value in values {
        if builder.func.dfg.value_type(value) == clif_type(ValType::V128) {
            let both = builder.ins().bitcast(types::I64X2, bitcast_flags(), value);
            params.extend([0, 1].map(|half| builder.ins().extractlane(both, half)));
        } else {
            params.push(value);
        }
    }
    params
}

/// Lane 0 is the low one on every machine.
fn bitcast_flags() -> MemFlagsData {
    MemFlagsData::new().with_endianness(ir::Endianness::Little)
}

/// A stack slot for a number of bytes.
fn stack_slot(builder: &mut FunctionBuilder<'_>, size: usize, align: usize) -> Value {
    let slot = builder.create_sized_stack_slot(ir::StackSlotData::new(
        ir::StackSlotKind::ExplicitSlot,
        size as u32,
        align.trailing_zeros() as u8,
    ));
    builder.ins().stack_addr(POINTER, slot, 0)
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::Context;
    use wasmaot_abi::builtins::Builtin;

    use super::*;
    use crate::config::Config;

    /// A module with an imported and a defined function of each of some types.
    fn wat() -> String {
        let all = "i32 i64 f32 f64 v128 funcref externref";
        let (many_ints, many_floats) = ("i64 ".repeat(20), "f64 ".repeat(300));
        let (mut imports, mut functions) = (String::new(), String::new());
        for results in ["", "i32", "f32", "f64", "v128", "funcref", all] {
            for params in ["", all, "v128 v128 v128 v128", &many_ints, &many_floats] {
                let ty = format!("(param {params}) (result {results})");
                imports += &format!("(import \"m\" \"f\" (func {ty}))");
                functions += &format!("(func {ty} unreachable)");
            }
        }
        format!("(module {imports} {functions} (start 0))")
    }

    #[test]
    fn every_trampoline_compiles_for_every_machine() {
        let wasm = wat::parse_str(wat()).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let mut keys = vec![FuncKey::Init, FuncKey::Start];
        for func in module.functions.keys() {
            keys.extend([FuncKey::WasmCall(func), FuncKey::ArrayCall(func)]);
        }
        for sig in module.signatures.keys() {
            keys.extend([FuncKey::Enter(sig), FuncKey::ExitNative(sig), FuncKey::ExitArray(sig)]);
        }
        keys.extend(Builtin::ALL.iter().map(|&builtin| FuncKey::ExitBuiltin(builtin)));
        for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
            let config = Config::new(triple);
            let target = Target::new(&config).unwrap();
            let plan = crate::plan::plan(&module, &config).unwrap();
            for &key in &keys {
                let function = trampoline(&module, &plan, &target, key);
                let mut context = Context::for_function(function);
                context.compile(&*target.isa, &mut Default::default()).unwrap();
            }
        }
    }
}
