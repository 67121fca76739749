//! One look at all instructions of a function, for what several parts of [finishing](super) ask for.

use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::{Block, Function, InstructionData, Opcode, Value};

use super::{sink, wide};

/// What there is in a function.
pub struct Survey {
    /// The blocks with calls.
    pub calls: EntitySet<Block>,
    /// The blocks with an instruction that may add a carry, in order.
    pub carries: Vec<Block>,
    /// Of integers' constants, which block makes them.
    pub constants: SecondaryMap<Value, PackedOption<Block>>,
    /// The blocks of so many instructions that they [can be short of registers](sink::LONG), in order.
    pub long: Vec<Block>,
}

impl Survey {
    /// Looks at a function.
    pub fn new(func: &Function) -> Self {
        let (mut carries, mut long) = (Vec::new(), Vec::new());
        let mut calls = EntitySet::with_capacity(func.dfg.num_blocks());
        let mut constants = SecondaryMap::new();
        constants.resize(func.dfg.num_values());
        for block in func.layout.blocks() {
            let (mut has_carry, mut has_call, mut len) = (false, false, 0);
            let mut next = func.layout.first_inst(block);
            while let Some(inst) = next {
                next = func.layout.next_inst(inst);
                len += 1;
                match &func.dfg.insts[inst] {
                    InstructionData::UnaryImm { opcode: Opcode::Iconst, .. } => {
                        constants[func.dfg.first_result(inst)] = block.into();
                    }
                    InstructionData::Binary { opcode: Opcode::Iadd, args } => {
                        has_carry = has_carry || wide::is_carry_added(func, *args);
                    }
                    InstructionData::Call { .. }
                    | InstructionData::CallIndirect { .. }
                    | InstructionData::TryCall { .. }
                    | InstructionData::TryCallIndirect { .. } => has_call = true,
                    _ => {}
                }
            }
            if has_call {
                calls.insert(block);
            }
            if has_carry {
                carries.push(block);
            }
            if len >= sink::LONG {
                long.push(block);
            }
        }
        Self { calls, carries, constants, long }
    }
}
