//! A block twice, for when what it stores may be where it has stored before.
//!
//! ```text
//! block: up to where the two values are known; do accesses near them overlap, or wrap around? To the one or the other.
//! same:  the rest, as it was.
//! rest:  the rest, in which they do not.
//! ```
//!
//! Where what is near a value does not wrap around, all of it is at constants from one address.

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value, types,
};

use super::stored::{Access, Apart, Near};
use crate::finish::{again, count_uses, def_in, number};
use crate::translate::vmctx::Memories;

/// How many instructions more there may be for each load less.
const LONGER: usize = 32;
/// How many loads less are worth it.
pub const LEAST: usize = 8;

/// Has a block find out whether values are apart, which saves so many loads, if it can and is not too long; the rest,
/// if they are.
pub fn split(
    func: &mut Function,
    memories: &Memories,
    block: Block,
    apart: &Apart,
    saved: usize,
) -> Option<Block> {
    let first = start(func, block, apart)?;
    let mut insts = Vec::new();
    let mut next = Some(first);
    while let Some(inst) = next {
        next = func.layout.next_inst(inst);
        insts.push(inst);
        if insts.len() > saved * LONGER {
            return None;
        }
    }
    if !can_be_again(func, &insts) {
        return None;
    }
    let rest = func.dfg.make_block();
    func.layout.split_block(rest, first);
    let same = all_again(func, &insts);
    let srcloc = func.srcloc(first);
    let mut cursor = FuncCursor::new(func).at_bottom(block).with_srcloc(srcloc);
    // They overlap if the one begins less than its length in front of the other, or less than the other's behind it.
    let [one, other] = apart.near;
    let between = cursor.ins().isub(one.root, other.root);
    let further = one.from.wrapping_sub(other.from).wrapping_add(one.len - 1);
    let further = number(&mut cursor, types::I32, further.into());
    let between = cursor.ins().iadd(between, further);
    let both = number(&mut cursor, types::I32, i64::from(one.len + other.len - 1));
    let overlap = cursor.ins().icmp(IntCC::UnsignedLessThan, between, both);
    let start = one.start(&mut cursor);
    let last = number(&mut cursor, types::I32, -i64::from(one.len));
    let wrap = cursor.ins().icmp(IntCC::UnsignedGreaterThan, start, last);
    let either = cursor.ins().bor(overlap, wrap);
    cursor.ins().brif(either, same, &[], rest, &[]);
    at_constants(func, memories, rest, &one);
    Some(rest)
}

/// Has accesses near a value be at constants from one address: they do not wrap around.
fn at_constants(func: &mut Function, memories: &Memories, block: Block, near: &Near) {
    let mut known = None;
    let mut next = func.layout.first_inst(block);
    while let Some(inst) = next {
        next = func.layout.next_inst(inst);
        let Some(access) = Access::of(func, memories, inst) else { continue };
        let index = access.further().wrapping_sub(near.from);
        if !near.holds(&access.place) || index > near.len {
            continue;
        }
        let (base, address) = *known.get_or_insert_with(|| {
            let srcloc = func.srcloc(inst);
            let mut cursor = FuncCursor::new(func).at_inst(inst).with_srcloc(srcloc);
            let start = near.start(&mut cursor);
            let start = cursor.ins().uextend(types::I64, start);
            (access.base, access.base.plus(&mut cursor, start))
        });
        if base != access.base {
            continue;
        }
        let further = Offset32::new((index + access.offset()) as i32);
        match &mut func.dfg.insts[inst] {
            InstructionData::Load { arg, offset, .. }
            | InstructionData::Store { args: [_, arg], offset, .. } => {
                (*arg, *offset) = (address, further);
            }
            _ => unreachable!("an access is a load or a store"),
        }
    }
}

/// The first instruction of a block that both values come before.
fn start(func: &Function, block: Block, apart: &Apart) -> Option<Inst> {
    let own = |near: &Near| def_in(func, block, near.root);
    let mut missing: Vec<Inst> = apart.near.iter().filter_map(own).collect();
    func.layout.block_insts(block).find(|inst| {
        let complete = missing.is_empty();
        missing.retain(|own| own != inst);
        complete
    })
}

/// Whether instructions can be had again: nothing of them is used elsewhere, and all of them is known.
fn can_be_again(func: &Function, insts: &[Inst]) -> bool {
    let dfg = &func.dfg;
    let uses = count_uses(func);
    let mut own: HashMap<Value, u32> = HashMap::new();
    for &inst in insts {
        for value in dfg.inst_values(inst) {
            *own.entry(dfg.resolve_aliases(value)).or_default() += 1;
        }
    }
    insts.iter().all(|&inst| {
        let opcode = dfg.insts[inst].opcode();
        let ends = matches!(opcode, Opcode::Jump | Opcode::Brif | Opcode::Return | Opcode::Trap);
        let known = if opcode.is_terminator() { ends } else { !opcode.is_call() };
        let mut results = dfg.inst_results(inst).iter();
        known && results.all(|result| uses[*result] == own.get(result).copied().unwrap_or(0))
    })
}

/// Has instructions again, in a block of their own that is seldom reached.
fn all_again(func: &mut Function, insts: &[Inst]) -> Block {
    let block = func.dfg.make_block();
    func.layout.append_block(block);
    func.layout.set_cold(block);
    let mut values: HashMap<Value, Value> = HashMap::new();
    for &inst in insts {
        let copy = again(func, inst);
        func.layout.append_inst(copy, block);
        let all: Vec<Value> = func.dfg.inst_values(copy).collect();
        let all = all.into_iter().map(|value| func.dfg.resolve_aliases(value));
        let all: Vec<Value> =
            all.map(|value| values.get(&value).copied().unwrap_or(value)).collect();
        func.dfg.overwrite_inst_values(copy, all.into_iter());
        let results = func.dfg.inst_results(inst).iter().copied();
        values.extend(results.zip(func.dfg.inst_results(copy).iter().copied()));
    }
    block
}
