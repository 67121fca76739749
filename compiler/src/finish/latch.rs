//! Comparisons at the ends of loops.
//!
//! Cranelift turns `i + 1 == n` into `i == n - 1` where `n` is a constant. At the end of a loop that goes on
//! with `i + 1`, that keeps `i` alive beside it: they cannot share a register, so the way back needs a move,
//! and so a block and a jump of its own. Here such a comparison is one of what the branch passes again.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, MemFlagsData, Opcode, Value,
};

use super::number;
use crate::translate::constant;

/// Has branches on equality compare what they pass, if that is a constant's distance from what they compare.
pub fn compare_what_is_passed(func: &mut Function) {
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        let Some(branch) = func.layout.last_inst(block) else { continue };
        let Some((cond, passed, constant)) = instead(func, block, branch) else { continue };
        let ty = func.dfg.value_type(passed);
        let mut cursor = FuncCursor::new(func).at_inst(branch);
        let constant = number(&mut cursor, ty, constant);
        let compared = cursor.ins().icmp(cond, passed, constant);
        if let InstructionData::Brif { arg, .. } = &mut func.dfg.insts[branch] {
            *arg = compared;
        }
    }
}

/// How, which of the values that the branch passes, and with what to compare.
fn instead(func: &Function, block: Block, branch: Inst) -> Option<(IntCC, Value, i64)> {
    let dfg = &func.dfg;
    let InstructionData::Brif { arg, blocks, .. } = &dfg.insts[branch] else { return None };
    let InstructionData::IntCompare { cond, args: [left, right], .. } = dfg.insts[def(func, *arg)?]
    else {
        return None;
    };
    let (IntCC::Equal | IntCC::NotEqual) = cond else { return None };
    let left = dfg.resolve_aliases(left);
    let right = constant(dfg, right)? as i64;
    let passed = blocks.iter().flat_map(|call| call.args(&dfg.value_lists));
    passed.filter_map(|arg| arg.as_value()).find_map(|passed| {
        let def = def(func, passed)?;
        let InstructionData::Binary { opcode: Opcode::Iadd, args: [of, by] } = dfg.insts[def]
        else {
            return None;
        };
        let here = func.layout.inst_block(def) == Some(block) && dfg.resolve_aliases(of) == left;
        let by = constant(dfg, by).filter(|_| here)? as i64;
        Some((cond, passed, right.wrapping_add(by)))
    })
}

fn def(func: &Function, value: Value) -> Option<Inst> {
    func.dfg.value_def(value).inst()
}

/// Has branches test the `and` that they pass. Else they would test what it is made of, which then lives on
/// beside it.
pub fn test_what_is_passed(func: &mut Function) {
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        let Some(branch) = func.layout.last_inst(block) else { continue };
        let Some((tested, compared)) = tested(func, block, branch) else { continue };
        let ty = func.dfg.value_type(tested);
        let mut cursor = FuncCursor::new(func).at_inst(branch);
        // No instruction of the machine's, but not the `and` either.
        let mut condition = cursor.ins().bitcast(ty, MemFlagsData::new(), tested);
        if let Some(cond) = compared {
            condition = cursor.ins().icmp_imm_u(cond, condition, 0);
        }
        if let InstructionData::Brif { arg, .. } = &mut func.dfg.insts[branch] {
            *arg = condition;
        }
    }
}

/// The `and` of variables in this block that a branch passes on and compares with zero, and how.
fn tested(func: &Function, block: Block, branch: Inst) -> Option<(Value, Option<IntCC>)> {
    let dfg = &func.dfg;
    let InstructionData::Brif { arg, blocks, .. } = &dfg.insts[branch] else { return None };
    let (tested, compared) = match dfg.insts[def(func, *arg)?] {
        InstructionData::IntCompare { cond, args: [left, right], .. }
            if constant(dfg, right) == Some(0) =>
        {
            (left, Some(cond))
        }
        _ => (*arg, None),
    };
    let and = def(func, tested)?;
    let InstructionData::Binary { opcode: Opcode::Band, args } = dfg.insts[and] else {
        return None;
    };
    let here = func.layout.inst_block(and) == Some(block);
    let variables = args.iter().all(|&arg| constant(dfg, arg).is_none());
    let mut passed = blocks.iter().flat_map(|call| call.args(&dfg.value_lists));
    let fits = here && variables && passed.any(|arg| arg.as_value() == Some(tested));
    fits.then_some((tested, compared))
}
