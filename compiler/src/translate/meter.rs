//! Metering: counting fuel, and looking whether to stop. Nothing of this is there unless asked for.
//!
//! **Fuel.** What costs how much, and when it is taken off, is said at [`Config::fuel`]: a function
//! is cut into stretches, each of which runs from its start to its end unless it traps. None of
//! that depends on the machine, on optimisation or on how traps come about. (How deep calls can
//! nest does.)
//!
//! The number is in a register, as a variable of Cranelift's, and stored whenever it
//! changes, but loaded only where a function begins and behind calls: so everybody else sees what is
//! true, and a loop waits for no load. Below 0, a builtin gets more or traps; the way to it
//! changes no register, so values can stay in theirs.
//!
//! **Whether to stop** is asked at the head of each loop, and at the start of functions that call
//! others: no guest runs for long without one of the two.
//!
//! [`Config::fuel`]: crate::Config::fuel

use std::mem::offset_of;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::Variable;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::context::VmLimits;
use wasmparser::{Operator, OperatorsReader};

use super::context::Context;
use super::int::widen;
use super::{builtin, vmctx};

/// What a function needs to be metered.
pub struct Meter {
    /// Where the store's [`VmLimits`] are.
    limits: Value,
    fuel: Option<Fuel>,
    epochs: bool,
}

struct Fuel {
    /// What is left.
    left: Variable,
    /// Where a stretch begins that costs something, in the file, and how much. In ascending order.
    stretches: std::iter::Peekable<std::vec::IntoIter<(usize, i64)>>,
}

/// The binary logarithm of the bytes that cost 1.
pub const BYTES_LOG2: i64 = 6;
/// The binary logarithm of the elements that cost 1.
pub const ELEMENTS_LOG2: i64 = 3;

/// Begins a function's code, if it is to be metered.
pub fn start(cx: &mut Context<'_, '_>, code: OperatorsReader<'_>) -> wasmparser::Result<()> {
    let (fuel, epochs) = (cx.plan.fuel, cx.plan.epochs);
    if !fuel && !epochs {
        return Ok(());
    }
    let Stretches { stretches, calls } = Stretches::find(code)?;
    let limits = vmctx::limits(cx);
    let fuel = fuel.then(|| {
        let left = cx.builder.declare_var(types::I64);
        Fuel { left, stretches: stretches.into_iter().peekable() }
    });
    cx.meter = Some(Meter { limits, fuel, epochs });
    reload(cx);
    if calls {
        check(cx);
    }
    Ok(())
}

/// Before the instruction at the current place: takes off what the stretch costs that begins there.
pub fn charge(cx: &mut Context<'_, '_>) {
    let Some(Meter { fuel: Some(fuel), .. }) = &mut cx.meter else { return };
    while fuel.stretches.next_if(|&(start, _)| start < cx.offset).is_some() {}
    let Some((_, cost)) = fuel.stretches.next_if(|&(start, _)| start == cx.offset) else { return };
    if cx.stack.reachable {
        let cost = cx.ins().iconst(types::I64, cost);
        spend(cx, cost);
    }
}

/// Takes off what a length costs, of which so many (as a binary logarithm) cost 1.
pub fn charge_length(cx: &mut Context<'_, '_>, len: Value, log2: i64) {
    let Some(Meter { fuel: Some(_), .. }) = cx.meter else { return };
    let cost = match cx.constant(len).map(|len| len >> log2) {
        Some(0) => return,
        Some(cost) => cx.ins().iconst(types::I64, cost as i64),
        None => {
            let len = widen(cx, len);
            cx.ins().ushr_imm_u(len, log2)
        }
    };
    spend(cx, cost);
}

/// After a call: others have used fuel, or given some.
pub fn reload(cx: &mut Context<'_, '_>) {
    if let Some(Meter { limits, fuel: Some(Fuel { left, .. }), .. }) = cx.meter {
        let flags = vmctx::limits_flags(cx);
        let now = cx.ins().load(types::I64, flags, limits, offset_of!(VmLimits, fuel) as i32);
        cx.builder.def_var(left, now);
    }
}

fn spend(cx: &mut Context<'_, '_>, cost: Value) {
    let Some(Meter { limits, fuel: Some(Fuel { left, .. }), .. }) = cx.meter else { return };
    let before = cx.builder.use_var(left);
    let after = cx.ins().isub(before, cost);
    cx.builder.def_var(left, after);
    let flags = vmctx::limits_flags(cx);
    cx.ins().store(flags, after, limits, offset_of!(VmLimits, fuel) as i32);
    let short = cx.ins().icmp_imm_s(IntCC::SignedLessThan, after, 0);
    call_if(cx, short, Builtin::out_of_fuel);
}

/// Asks whether to stop.
pub fn check(cx: &mut Context<'_, '_>) {
    let Some(Meter { limits, epochs: true, .. }) = cx.meter else { return };
    let flags = vmctx::limits_flags(cx);
    let address = cx.ins().iadd_imm_u(limits, offset_of!(VmLimits, interrupt) as i64);
    // Of a plain load Cranelift might think that it finds what the last one found.
    let stop = cx.ins().atomic_load(types::I32, flags, address);
    call_if(cx, stop, Builtin::interrupted);
}

/// Calls a builtin out of line if a condition holds, then goes on.
fn call_if(cx: &mut Context<'_, '_>, condition: Value, what: Builtin) {
    let (cold, next) = (cx.block(&[]), cx.block(&[]));
    cx.builder.set_cold_block(cold);
    cx.ins().brif(condition, cold, &[], next, &[]);
    cx.start(cold);
    builtin::call(cx, what, &[]);
    if what == Builtin::out_of_fuel {
        reload(cx);
    }
    cx.ins().jump(next, &[]);
    cx.start(next);
}

/// What a function's code looks like to a meter.
struct Stretches {
    stretches: Vec<(usize, i64)>,
    /// Whether it calls functions.
    calls: bool,
}

/// A block that is open.
struct Open {
    is_loop: bool,
    /// The stretch that was before it.
    before: usize,
    /// Whether anything in it branches further than to it, or returns.
    left: bool,
}

impl Stretches {
    fn find(mut code: OperatorsReader<'_>) -> wasmparser::Result<Self> {
        use Operator as O;
        let mut stretches = vec![(code.original_position() as usize, 0)];
        // The stretch that the present place belongs to.
        let mut here = 0;
        let mut calls = false;
        // The function itself is no block here: a branch to it returns.
        let mut open: Vec<Open> = Vec::new();
        while !code.eof() {
            let op = code.read()?;
            let free = matches!(op, O::Nop | O::Block { .. } | O::Loop { .. } | O::Else | O::End);
            stretches[here].1 += i64::from(!free);
            // How many blocks it leaves, at most, if it branches.
            let leaves = match op {
                O::Br { relative_depth }
                | O::BrIf { relative_depth }
                | O::BrOnNull { relative_depth }
                | O::BrOnNonNull { relative_depth } => Some(relative_depth),
                O::BrTable { ref targets } => {
                    let mut furthest = targets.default();
                    for depth in targets.targets() {
                        furthest = furthest.max(depth?);
                    }
                    Some(furthest)
                }
                O::Return
                | O::ReturnCall { .. }
                | O::ReturnCallIndirect { .. }
                | O::ReturnCallRef { .. } => Some(u32::MAX),
                O::Unreachable => Some(0),
                _ => None,
            };
            if let Some(depth) = leaves {
                open.iter_mut().rev().take(depth as usize).for_each(|block| block.left = true);
            }
            calls |= matches!(
                op,
                O::Call { .. }
                    | O::CallIndirect { .. }
                    | O::CallRef { .. }
                    | O::ReturnCall { .. }
                    | O::ReturnCallIndirect { .. }
                    | O::ReturnCallRef { .. }
            );
            let begins = match op {
                O::Block { .. } | O::Loop { .. } | O::If { .. } => {
                    let is_loop = matches!(op, O::Loop { .. });
                    open.push(Open { is_loop, before: here, left: false });
                    !matches!(op, O::Block { .. })
                }
                O::Else => true,
                O::End => match open.pop() {
                    Some(Open { left: false, before, .. }) => {
                        here = before;
                        false
                    }
                    // Who comes to the end of a loop comes from above.
                    Some(Open { is_loop, .. }) => !is_loop,
                    None => false,
                },
                _ => leaves.is_some(),
            };
            if begins {
                here = stretches.len();
                stretches.push((code.original_position() as usize, 0));
            }
        }
        stretches.retain(|&(_, cost)| cost > 0);
        Ok(Self { stretches, calls })
    }
}
