//! Low bits of values that are no more than these, and comparisons of them.
//!
//! What compilers to wasm keep in a byte they cut to one, again and again: also a byte that was just loaded, or one that
//! went around a loop. Here an `and` for the low bits of what has no others is dropped; if it is compared with a number
//! then the comparison is one of bytes.

use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Function, Inst, InstBuilder, InstructionData, Opcode, Type, Value, ValueDef, types,
};

use super::addresses::begin_with_index;
use super::become_alias;
use crate::translate::constant;

/// How many branches are looked at to find out what a value is at most.
const LOOKS: usize = 64;
/// Of which of a block's parameters something is found out: to get to one takes going by those in front of it.
const FEW: usize = 256;

/// Does that to a function.
pub fn narrow(context: &mut Context) {
    let mut aliases = false;
    let mut next = context.func.layout.entry_block();
    while let Some(block) = next {
        next = context.func.layout.next_block(block);
        let mut next = context.func.layout.first_inst(block);
        while let Some(inst) = next {
            next = context.func.layout.next_inst(inst);
            match context.func.dfg.insts[inst] {
                InstructionData::Binary { opcode: Opcode::Band, .. } => {
                    let low = low_bits(&context.func, inst);
                    if let Some((of, _)) = low.filter(|&(of, low)| fits(context, of, low)) {
                        become_alias(&mut context.func, inst, of);
                        aliases = true;
                    }
                }
                // Here, because this comes by all instructions anyway.
                InstructionData::Binary { opcode: Opcode::Iadd, args } => {
                    begin_with_index(&mut context.func, inst, args);
                }
                InstructionData::IntCompare { cond, args, .. } => {
                    compare(&mut context.func, inst, cond, args);
                }
                InstructionData::Brif { arg, .. } => branch(&mut context.func, inst, arg),
                _ => {}
            }
        }
    }
    if aliases {
        context.func.dfg.resolve_all_aliases();
    }
}

/// The operand of an instruction that keeps only its low bits, and their type.
fn low_bits(func: &Function, inst: Inst) -> Option<(Value, Type)> {
    let InstructionData::Binary { opcode: Opcode::Band, args: [of, mask] } = func.dfg.insts[inst]
    else {
        return None;
    };
    let low = match constant(&func.dfg, mask)? {
        0xff => types::I8,
        0xffff => types::I16,
        _ => return None,
    };
    let of = func.dfg.resolve_aliases(of);
    let ty = func.dfg.value_type(of);
    matches!(ty, types::I32 | types::I64).then_some((of, low))
}

/// Whether all bits above these are zero. What goes around loops is if all that comes in is.
fn fits(context: &Context, value: Value, low: Type) -> bool {
    let Context { func, cfg, .. } = context;
    let dfg = &func.dfg;
    let most = u64::MAX >> (64 - low.bits());
    let mut seen = vec![value];
    let (mut at, mut looks) = (0, 0);
    while let Some(&value) = seen.get(at) {
        at += 1;
        match dfg.value_def(value) {
            ValueDef::Result(inst, _) => {
                let fits = match dfg.insts[inst] {
                    InstructionData::UnaryImm { .. } => {
                        constant(dfg, value).is_some_and(|number| number <= most)
                    }
                    InstructionData::Load { opcode: Opcode::Uload8, .. } => true,
                    InstructionData::Load { opcode: Opcode::Uload16, .. } => low.bits() >= 16,
                    InstructionData::Unary { opcode: Opcode::Uextend, arg } => {
                        dfg.value_type(arg).bits() <= low.bits()
                    }
                    InstructionData::Binary { opcode: Opcode::Band, args } => args
                        .iter()
                        .any(|&arg| constant(dfg, arg).is_some_and(|number| number <= most)),
                    _ => false,
                };
                if !fits {
                    return false;
                }
            }
            ValueDef::Param(block, place) => {
                if Some(block) == func.layout.entry_block() || place > FEW {
                    return false;
                }
                for pred in cfg.pred_iter(block) {
                    let branches = dfg.insts[pred.inst]
                        .branch_destination(&dfg.jump_tables, &dfg.exception_tables);
                    for call in branches {
                        looks += 1;
                        if looks > LOOKS {
                            return false;
                        }
                        if call.block(&dfg.value_lists) != block {
                            continue;
                        }
                        let arg = call.args(&dfg.value_lists).nth(place);
                        let Some(arg) = arg.and_then(|arg| arg.as_value()) else { return false };
                        let arg = dfg.resolve_aliases(arg);
                        if !seen.contains(&arg) {
                            seen.push(arg);
                        }
                    }
                }
            }
            ValueDef::Union(..) => return false,
        }
    }
    true
}

/// The value whose low bits another one is, and their type.
fn low_bits_in(func: &Function, value: Value) -> Option<(Value, Type)> {
    low_bits(func, func.dfg.value_def(value).inst()?)
}

/// A comparison of low bits with a constant is one of that many bits.
fn compare(func: &mut Function, inst: Inst, cond: IntCC, [left, right]: [Value; 2]) {
    use IntCC::{
        SignedGreaterThan, SignedGreaterThanOrEqual, SignedLessThan, SignedLessThanOrEqual,
    };
    if let SignedLessThan | SignedGreaterThanOrEqual | SignedGreaterThan | SignedLessThanOrEqual =
        cond
    {
        return;
    }
    let Some((of, low)) = low_bits_in(func, left) else { return };
    let most = u64::MAX >> (64 - low.bits());
    let Some(number) = constant(&func.dfg, right).filter(|&number| number <= most) else {
        return;
    };
    let mut cursor = FuncCursor::new(func).at_inst(inst);
    let left = cursor.ins().ireduce(low, of);
    let right = cursor.ins().iconst(low, number as i64);
    func.dfg.overwrite_inst_values(inst, [left, right].into_iter());
}

/// So is a branch by them.
fn branch(func: &mut Function, inst: Inst, arg: Value) {
    let Some((of, low)) = low_bits_in(func, arg) else { return };
    let condition = FuncCursor::new(func).at_inst(inst).ins().ireduce(low, of);
    if let InstructionData::Brif { arg, .. } = &mut func.dfg.insts[inst] {
        *arg = condition;
    }
}
