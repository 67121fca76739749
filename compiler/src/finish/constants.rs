//! Constants are made in the blocks that use them.
//!
//! So Cranelift means to do, but of a constant that it has made once more it makes no others: that one then lives
//! through all blocks that use it, in a register if there is one, else in the frame. Making an integer takes no more than
//! moving it from there; most become part of the instruction that uses them.

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value};

use super::each_value;

/// Has each block that uses a constant of another one make it.
pub fn where_used(func: &mut Function) {
    // By constant, the last block that made it, and what it is there.
    let mut made: HashMap<Value, (Block, Value)> = HashMap::new();
    let mut values = Vec::new();
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        let mut next = func.layout.first_inst(block);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            let mut far = false;
            each_value(func, inst, |value| far |= is_far(func, block, value));
            if !far {
                continue;
            }
            values.clear();
            values.extend(func.dfg.inst_values(inst));
            for value in &mut values {
                if is_far(func, block, *value) {
                    let known = made.get(value).filter(|(of, _)| *of == block);
                    let here = known.map(|&(_, here)| here);
                    let here = here.unwrap_or_else(|| again(func, inst, *value));
                    made.insert(*value, (block, here));
                    *value = here;
                }
            }
            func.dfg.overwrite_inst_values(inst, values.iter().copied());
        }
    }
}

/// Whether this is an integer's constant that another block makes.
fn is_far(func: &Function, block: Block, value: Value) -> bool {
    func.dfg.value_def(value).inst().is_some_and(|def| {
        func.dfg.insts[def].opcode() == Opcode::Iconst && func.layout.inst_block(def) != Some(block)
    })
}

/// Makes a constant once more, in front of an instruction.
fn again(func: &mut Function, before: Inst, value: Value) -> Value {
    let def = func.dfg.value_def(value).inst().expect("constants are results");
    let InstructionData::UnaryImm { imm, .. } = func.dfg.insts[def] else {
        unreachable!("integers' constants have this form")
    };
    let ty = func.dfg.value_type(value);
    FuncCursor::new(func).at_inst(before).ins().iconst(ty, imm)
}
