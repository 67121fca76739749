//! Which target of a branch comes first.
//!
//! Cranelift puts blocks in an order in which what the first target leads to comes last, and its register
//! allocation takes whatever stands between a loop's start and the last jump back for a part of the loop. What
//! leaves more loops is therefore to be the first target: then it stands behind them.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::{CondCode as _, IntCC};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Value};
use cranelift_codegen::loop_analysis::LoopAnalysis;

/// Has branches in loops name first what leaves more of them; whether any did not.
pub fn come_first(func: &mut Function, loops: &LoopAnalysis) -> bool {
    let mut changed = false;
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        if loops.innermost_loop(block).is_none() {
            continue;
        }
        let Some(branch) = func.layout.last_inst(block) else { continue };
        let InstructionData::Brif { arg, blocks, .. } = func.dfg.insts[branch] else { continue };
        let targets = blocks.map(|call| call.block(&func.dfg.value_lists));
        // A loop that is about to be entered counts no more than the one that the branch is in. Only
        // numbers are compared: nests can be so deep that walking through them takes too long.
        let level = |block| loops.loop_level(block).level();
        let [first, second] = targets.map(|target| level(target).min(level(block)));
        // Where a way back comes makes no difference.
        let back = loops.is_loop_header(targets[0]).is_some() && level(targets[0]) <= level(block);
        if first > second && !back {
            let inverse = inverse(func, branch, arg);
            if let InstructionData::Brif { arg, blocks, .. } = &mut func.dfg.insts[branch] {
                *arg = inverse;
                blocks.swap(0, 1);
                changed = true;
            }
        }
    }
    changed
}

/// What is true where a condition is not, in front of a branch.
fn inverse(func: &mut Function, branch: Inst, condition: Value) -> Value {
    let def = func.dfg.value_def(condition).inst().map(|def| func.dfg.insts[def]);
    let mut cursor = FuncCursor::new(func).at_inst(branch);
    match def {
        Some(InstructionData::IntCompare { cond, args: [a, b], .. }) => {
            cursor.ins().icmp(cond.complement(), a, b)
        }
        Some(InstructionData::FloatCompare { cond, args: [a, b], .. }) => {
            cursor.ins().fcmp(cond.complement(), a, b)
        }
        _ => cursor.ins().icmp_imm_u(IntCC::Equal, condition, 0),
    }
}
