//! Ways in: from the platform's C convention to the guests' own.
//!
//! An entry links a [`VmEntry`] into its thread before it calls and unlinks it when the call has
//! returned. To give a call up, the runtime unlinks the record, sets the stack and frame pointers
//! from it and jumps to its handler: the exceptional successor of the `try_call` here.
//! Nothing else is needed, as a call in the `tail` convention preserves no register, so
//! whatever the entry needs afterwards it has on its stack, the registers of its own caller
//! included.

use cranelift_codegen::ir::{BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem};
use wasmaot_abi::context::{VmContext, VmEntry, VmExit, VmFunctionImport, VmThread};

use super::*;
use crate::index::{FuncIndex, SigIndex};
use crate::module::FuncType;

/// What an entry calls.
enum Callee {
    /// A function that is compiled here.
    Direct(FuncKey),
    /// An imported function of the instance, by its index.
    Import(FuncIndex),
    /// An address.
    Indirect(Value),
}

impl Callee {
    fn of(module: &Module<'_>, func: FuncIndex) -> Self {
        match module.is_imported_function(func) {
            true => Self::Import(func),
            false => Self::Direct(FuncKey::Body(func)),
        }
    }
}

/// The typed entry of a function.
pub fn wasm_call(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    func: FuncIndex,
) -> ir::Function {
    let ty = module.func_type(func);
    build(target, FuncKey::WasmCall(func), signature::wasm_call(ty, target), |builder, params| {
        let (contexts, values) = params.split_at(2);
        let (values, results_to) = join_vectors(builder, &ty.params, values);
        let callee = Callee::of(module, func);
        let contexts = [contexts[0], contexts[1]];
        let results = call(builder, plan, ty, callee, contexts, &values, |builder| {
            let failed = builder.ins().iconst(types::I64, 1);
            builder.ins().return_(&[failed, failed]);
        });
        let value = match (results_to, &*results) {
            (Some(slots), results) => {
                store_slots(builder, slots, results);
                builder.ins().iconst(types::I64, 0)
            }
            (None, &[result]) => to_bits(builder, result),
            (None, _) => builder.ins().iconst(types::I64, 0),
        };
        let ok = builder.ins().iconst(types::I64, 0);
        builder.ins().return_(&[value, ok]);
    })
}

/// The array entry of a function.
pub fn array_call(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    func: FuncIndex,
) -> ir::Function {
    let ty = module.func_type(func);
    build(target, FuncKey::ArrayCall(func), signature::array(target), |builder, params| {
        let &[callee, caller, slots, _len] = params else { unreachable!("four parameters") };
        let callee_is = Callee::of(module, func);
        through_slots(builder, plan, ty, callee_is, [callee, caller], slots);
    })
}

/// The way into any function of a type.
pub fn enter(module: &Module<'_>, plan: &Plan, target: &Target, sig: SigIndex) -> ir::Function {
    let ty = &module.signatures[sig];
    build(target, FuncKey::Enter(sig), signature::enter(target), |builder, params| {
        let &[callee, caller, slots, code] = params else { unreachable!("four parameters") };
        through_slots(builder, plan, ty, Callee::Indirect(code), [callee, caller], slots);
    })
}

/// The way to the code that sets globals and applies active segments.
pub fn init(plan: &Plan, target: &Target) -> ir::Function {
    plain(plan, target, FuncKey::Init, Callee::Direct(FuncKey::InitBody))
}

/// The way to the start function.
pub fn start(module: &Module<'_>, plan: &Plan, target: &Target) -> ir::Function {
    let Some(func) = module.start else { unreachable!("only modules with one have a way to it") };
    plain(plan, target, FuncKey::Start, Callee::of(module, func))
}

fn plain(plan: &Plan, target: &Target, key: FuncKey, callee: Callee) -> ir::Function {
    let ty = FuncType { params: Vec::new(), results: Vec::new() };
    build(target, key, signature::plain(target), |builder, params| {
        let &[callee_context, caller] = params else { unreachable!("two parameters") };
        let contexts = [callee_context, caller];
        call(builder, plan, &ty, callee, contexts, &[], |builder| return_whether(builder, false));
        return_whether(builder, true);
    })
}

fn through_slots(
    builder: &mut FunctionBuilder<'_>,
    plan: &Plan,
    ty: &FuncType,
    callee: Callee,
    contexts: [Value; 2],
    slots: Value,
) {
    let values = load_slots(builder, slots, &ty.params);
    let results = call(builder, plan, ty, callee, contexts, &values, |builder| {
        return_whether(builder, false)
    });
    store_slots(builder, slots, &results);
    return_whether(builder, true);
}

fn return_whether(builder: &mut FunctionBuilder<'_>, success: bool) {
    let value = builder.ins().iconst(types::I8, i64::from(success));
    builder.ins().return_(&[value]);
}

/// A value as the bits of a 64-bit integer, zero-extended.
fn to_bits(builder: &mut FunctionBuilder<'_>, value: Value) -> Value {
    let flags = MemFlagsData::new();
    let value = match builder.func.dfg.value_type(value) {
        types::F32 => builder.ins().bitcast(types::I32, flags, value),
        types::F64 => builder.ins().bitcast(types::I64, flags, value),
        _ => value,
    };
    match builder.func.dfg.value_type(value) {
        types::I32 => builder.ins().uextend(types::I64, value),
        _ => value,
    }
}

/// Calls the guest. `give_up` fills the block for a call that was given up; the builder is then
/// where the call has returned these results. In both places the record has been unlinked.
fn call(
    builder: &mut FunctionBuilder<'_>,
    plan: &Plan,
    ty: &FuncType,
    callee: Callee,
    [callee_context, caller]: [Value; 2],
    values: &[Value],
    give_up: impl FnOnce(&mut FunctionBuilder<'_>),
) -> Vec<Value> {
    let nested = builder.create_block();
    // The block of the call is named by the handler's address, which the first block cannot be.
    let calling = builder.create_block();
    let returned = builder.create_block();
    let failed = builder.create_block();
    builder.set_cold_block(nested);
    builder.set_cold_block(failed);

    let thread_offset = offset_of!(VmContext, thread) as i32;
    let thread = builder.ins().load(POINTER, trusted(), callee_context, thread_offset);
    let entry = stack_slot(builder, size_of::<VmEntry>(), align_of::<VmEntry>());
    let outer = copy(builder, (thread, INNERMOST), (entry, OUTER));
    builder.ins().brif(outer, nested, &[], calling, &[]);
    builder.switch_to_block(nested);
    copy_exit(builder, (thread, EXIT), (entry, OUTER_EXIT));
    builder.ins().jump(calling, &[]);

    builder.switch_to_block(calling);
    let handler = builder.ins().get_exception_handler_address(POINTER, calling, 0);
    let sp = builder.ins().get_stack_pointer(POINTER);
    let fp = builder.ins().get_frame_pointer(POINTER);
    for (value, to) in [
        (handler, offset_of!(VmEntry, handler)),
        (sp, offset_of!(VmEntry, sp)),
        (fp, offset_of!(VmEntry, fp)),
    ] {
        builder.ins().store(trusted(), value, entry, to as i32);
    }
    builder.ins().store(trusted(), entry, thread, INNERMOST);

    let signature = builder.import_signature(signature::guest(ty));
    let table = exception_table(builder, signature, returned, failed, ty);
    let mut args = vec![callee_context, caller];
    args.extend(values);
    match callee {
        Callee::Direct(key) => {
            let function = import_as(builder, Reference::Func(key), signature);
            builder.ins().try_call(function, &args, table);
        }
        Callee::Indirect(code) => {
            builder.ins().try_call_indirect(code, &args, table);
        }
        Callee::Import(func) => {
            let import = plan.layout.imported_function(func.as_u32()) as i32;
            let mut field = |offset: usize| {
                let offset = import + offset as i32;
                builder.ins().load(POINTER, trusted(), callee_context, offset)
            };
            let code = field(offset_of!(VmFunctionImport, wasm_call));
            // What is called sees the instance that imports it as its caller, as it would if
            // that instance's own code called it.
            args[1] = callee_context;
            args[0] = field(offset_of!(VmFunctionImport, callee));
            builder.ins().try_call_indirect(code, &args, table);
        }
    }

    builder.switch_to_block(failed);
    give_up(builder);
    builder.switch_to_block(returned);
    unlink(builder, thread, entry);
    builder.block_params(returned).to_vec()
}

/// Takes the record out of its thread. What the outermost call leaves is a constant, so that the
/// next call need not wait for what this one had read and kept; and no guest's frame is left that
/// the thread's record could be of.
fn unlink(builder: &mut FunctionBuilder<'_>, thread: Value, entry: Value) {
    let (nested, outermost) = (builder.create_block(), builder.create_block());
    let unlinked = builder.create_block();
    builder.set_cold_block(nested);
    let outer = builder.ins().load(POINTER, trusted(), entry, OUTER);
    builder.ins().brif(outer, nested, &[], outermost, &[]);
    builder.switch_to_block(nested);
    builder.ins().store(trusted(), outer, thread, INNERMOST);
    copy_exit(builder, (entry, OUTER_EXIT), (thread, EXIT));
    builder.ins().jump(unlinked, &[]);
    builder.switch_to_block(outermost);
    let none = builder.ins().iconst(POINTER, 0);
    builder.ins().store(trusted(), none, thread, INNERMOST);
    builder.ins().jump(unlinked, &[]);
    builder.switch_to_block(unlinked);
}

/// Copies a field of one structure into one of another; what it holds.
fn copy(builder: &mut FunctionBuilder<'_>, from: (Value, i32), to: (Value, i32)) -> Value {
    let value = builder.ins().load(POINTER, trusted(), from.0, from.1);
    builder.ins().store(trusted(), value, to.0, to.1);
    value
}

/// Copies a record of where a guest left.
fn copy_exit(builder: &mut FunctionBuilder<'_>, from: (Value, i32), to: (Value, i32)) {
    for field in [offset_of!(VmExit, sp), offset_of!(VmExit, fp)].map(|offset| offset as i32) {
        copy(builder, (from.0, from.1 + field), (to.0, to.1 + field));
    }
}

// What an entry takes over from its thread, if there is another around it, and gives back.
const INNERMOST: i32 = offset_of!(VmThread, entry) as i32;
const OUTER: i32 = offset_of!(VmEntry, outer) as i32;
const EXIT: i32 = offset_of!(VmThread, exit) as i32;
const OUTER_EXIT: i32 = offset_of!(VmEntry, outer_exit) as i32;

/// Where a call goes on: with its results in the parameters of `returned`, or in `failed`.
fn exception_table(
    builder: &mut FunctionBuilder<'_>,
    signature: SigRef,
    returned: ir::Block,
    failed: ir::Block,
    ty: &FuncType,
) -> ir::ExceptionTable {
    for result in &ty.results {
        builder.append_block_param(returned, clif_type(*result));
    }
    let results = (0..ty.results.len() as u32).map(BlockArg::TryCallRet);
    let pool = &mut builder.func.dfg.value_lists;
    let returned = BlockCall::new(returned, results, pool);
    let failed = BlockCall::new(failed, [], pool);
    let table = ExceptionTableData::new(signature, returned, [ExceptionTableItem::Default(failed)]);
    builder.func.dfg.exception_tables.push(table)
}
