//! Addresses begin with their index.
//!
//! Of the two registers in one of the machine's addresses the first one has a number beside it if it is `r13`, even if that
//! is none, and what is loaded from there comes a cycle later (five cycles instead of four, on Zen 5). With the start of
//! the memory in front, that would go for each turn of a walk along a list wherever `r13` is what has the start.

use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value};

/// Has a sum of these do so, if it is an address.
pub fn begin_with_index(func: &mut Function, inst: Inst, [start, index]: [Value; 2]) {
    let dfg = &mut func.dfg;
    // Of 32 bits: a carry is less.
    let is_extended = |value: Value| {
        let def = dfg.value_def(value).inst();
        def.is_some_and(|def| match dfg.insts[def] {
            InstructionData::Unary { opcode: Opcode::Uextend, arg } => dfg.value_type(arg) == I32,
            _ => false,
        })
    };
    if is_extended(index) && !is_extended(start) {
        dfg.overwrite_inst_values(inst, [index, start].into_iter());
    }
}
