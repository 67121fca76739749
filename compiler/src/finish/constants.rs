//! Constants are made in the blocks that use them.
//!
//! So Cranelift means to do, but of a constant that it has made once more it makes no others: that one then lives
//! through all blocks that use it, in a register if there is one, else in the frame. Making an integer takes no more than
//! moving it from there; most become part of the instruction that uses them.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, InstructionData, Value};

use super::each_value;

/// Has each block that uses a constant of another one make it. What constants there are elsewhere is known.
pub fn where_used(func: &mut Function, constants: &SecondaryMap<Value, PackedOption<Block>>) {
    let is_far = |block: Block, value: Value| {
        constants[value].expand().is_some_and(|made_in| made_in != block)
    };
    // What constants are in the block where they were made last.
    let mut made: SecondaryMap<Value, PackedOption<Value>> = SecondaryMap::new();
    made.resize(func.dfg.num_values());
    let mut made_here: Vec<Value> = Vec::new();
    let mut values = Vec::new();
    let mut next = func.layout.entry_block();
    while let Some(block) = next {
        next = func.layout.next_block(block);
        for value in made_here.drain(..) {
            made[value] = None.into();
        }
        let mut next = func.layout.first_inst(block);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            let mut far = false;
            each_value(func, inst, |value| far |= is_far(block, value));
            if !far {
                continue;
            }
            values.clear();
            values.extend(func.dfg.inst_values(inst));
            for value in &mut values {
                if is_far(block, *value) {
                    let here = made[*value].expand().unwrap_or_else(|| {
                        let here = again(func, inst, *value);
                        made[*value] = here.into();
                        made_here.push(*value);
                        here
                    });
                    *value = here;
                }
            }
            func.dfg.overwrite_inst_values(inst, values.iter().copied());
        }
    }
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
