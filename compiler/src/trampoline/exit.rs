//! Ways out: from the guests' own convention to the platform's C convention.
//!
//! An exit records in the thread where the guest left, from where the runtime finds the guest's
//! frames. What it calls does not unwind through it: a native call that fails has the runtime resume
//! at the innermost entry, any other says so in its result, and the exit does it. (Functions of
//! the host that are their own way out, on x86-64, are made by the runtime.)

use cranelift_codegen::ir::condcodes::IntCC;
use wasmaot_abi::builtins::{Builtin, Fails, RAISE};
use wasmaot_abi::context::{VmContext, VmExit, VmHostContext, VmThread};

use super::*;
use crate::index::SigIndex;

/// The way out to a native call.
pub fn native(module: &Module<'_>, target: &Target, sig: SigIndex) -> ir::Function {
    let ty = &module.signatures[sig];
    build(target, FuncKey::ExitNative(sig), signature::guest(ty), |builder, params| {
        let [callee, caller, ..] = *params else { unreachable!("two contexts") };
        record_exit(builder, caller);
        let offset = offset_of!(VmHostContext, native_call) as i32;
        let code = builder.ins().load(POINTER, trusted(), callee, offset);
        let mut args = vec![callee, caller];
        args.extend(split_vectors(builder, &params[2..]));
        let slots = ty.results_in_slots().then(|| slots(builder, ty.results.len()));
        args.extend(slots);
        let signature = builder.import_signature(signature::native_call(ty, target));
        let call = builder.ins().call_indirect(signature, code, &args);
        let results = match slots {
            Some(slots) => load_slots(builder, slots, &ty.results),
            None => builder.inst_results(call).to_vec(),
        };
        builder.ins().return_(&results);
    })
}

/// The way out to an array call.
pub fn array(module: &Module<'_>, target: &Target, sig: SigIndex) -> ir::Function {
    let ty = &module.signatures[sig];
    build(target, FuncKey::ExitArray(sig), signature::guest(ty), |builder, params| {
        let [callee, caller, ref values @ ..] = *params else { unreachable!("two contexts") };
        record_exit(builder, caller);
        let offset = offset_of!(VmHostContext, array_call) as i32;
        let code = builder.ins().load(POINTER, trusted(), callee, offset);
        let len = ty.params.len().max(ty.results.len());
        let slots = slots(builder, len);
        store_slots(builder, slots, values);
        let len = builder.ins().iconst(POINTER, len as i64);
        let signature = builder.import_signature(signature::array(target));
        let call = builder.ins().call_indirect(signature, code, &[callee, caller, slots, len]);
        let success = builder.inst_results(call)[0];
        raise_if(builder, target, success, Raise::If0);
        let results = load_slots(builder, slots, &ty.results);
        builder.ins().return_(&results);
    })
}

/// The way out to a builtin.
pub fn builtin(builtin: Builtin, target: &Target) -> ir::Function {
    let signature = signature::exit_builtin(builtin);
    build(target, FuncKey::ExitBuiltin(builtin), signature, |builder, params| {
        let row = builtin.row();
        if row.takes_context {
            record_exit(builder, params[0]);
        }
        let signature = signature::builtin(builtin, target);
        let function = import(builder, Reference::Builtin(builtin), signature);
        let call = builder.ins().call(function, params);
        match row.fails {
            Fails::Never => {
                let results = builder.inst_results(call).to_vec();
                builder.ins().return_(&results);
            }
            Fails::Status => {
                let status = builder.inst_results(call)[0];
                raise_if(builder, target, status, Raise::IfNot0);
                builder.ins().return_(&[]);
            }
            Fails::Negative => {
                let result = builder.inst_results(call)[0];
                let failed = builder.ins().icmp_imm_s(IntCC::SignedLessThan, result, 0);
                raise_if(builder, target, failed, Raise::IfNot0);
                builder.ins().return_(&[result]);
            }
            Fails::Always | Fails::Enters => {
                builder.ins().trap(NEVER);
            }
        }
    })
}

/// Behind a call that does not return.
const NEVER: ir::TrapCode = crate::translate::trap::NEVER;

/// Records where the guest left, in the thread of an instance's context.
fn record_exit(builder: &mut FunctionBuilder<'_>, context: Value) {
    let offset = offset_of!(VmContext, thread) as i32;
    let thread = builder.ins().load(POINTER, trusted(), context, offset);
    // There is a frame here, from which the guest's can be found.
    let sp = builder.ins().iconst(POINTER, 0);
    let fp = builder.ins().get_frame_pointer(POINTER);
    let exit = offset_of!(VmThread, exit);
    for (value, to) in [(sp, offset_of!(VmExit, sp)), (fp, offset_of!(VmExit, fp))] {
        builder.ins().store(trusted(), value, thread, (exit + to) as i32);
    }
}

fn slots(builder: &mut FunctionBuilder<'_>, len: usize) -> Value {
    stack_slot(builder, len * size_of::<ValRaw>(), align_of::<ValRaw>())
}

/// Which outcome of a call means that it failed.
enum Raise {
    If0,
    IfNot0,
}

/// Has the runtime resume at the innermost entry if a call failed.
fn raise_if(builder: &mut FunctionBuilder<'_>, target: &Target, outcome: Value, raise: Raise) {
    let failed = builder.create_block();
    let succeeded = builder.create_block();
    builder.set_cold_block(failed);
    let (if_not_0, if_0) = match raise {
        Raise::IfNot0 => (failed, succeeded),
        Raise::If0 => (succeeded, failed),
    };
    builder.ins().brif(outcome, if_not_0, &[], if_0, &[]);
    builder.switch_to_block(failed);
    let function = import(builder, Reference::Builtin(RAISE), signature::builtin(RAISE, target));
    builder.ins().call(function, &[]);
    builder.ins().trap(NEVER);
    builder.switch_to_block(succeeded);
}
