//! Loops of few instructions become two turns long, if what ends them is nothing that counts.
//!
//! A machine predicts branches by which ones were taken before; the fewer of these a turn has, the further back it sees, and
//! what searches, walks along a list or halves a range ends where only that tells. So such a loop is written twice: the first
//! turn goes on to the second one behind it, and only that goes back. Each turn ends with its own question still. What it
//! goes on with needs no move in between, either.

use std::ops::Range;

use cranelift_codegen::Context;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, BlockCall, Function, Inst, InstructionData, Opcode, Value};

use super::{again, each_value, stays};

/// The most instructions of such a loop, without integers' constants, and the most values that go around it.
pub const SHORT: usize = 16;

/// The most loops of a function that are written twice: what goes through all of them is one range for register
/// allocation, which takes the square of its pieces' number.
const MANY: usize = 256;

/// A loop of one block.
struct Small {
    block: Block,
    /// The branch at its end.
    end: Inst,
    /// Which of its targets is the block itself.
    back: usize,
    /// Where it goes else.
    exit: Block,
    /// What of it is used behind it; of several values, register allocation would have to keep too many together.
    out: Option<Value>,
    /// The instructions that do.
    users: Vec<Inst>,
    /// Whether it stays as it is.
    refused: bool,
}

/// Does that to a function; whether there was any such loop. What one of the blocks with these numbers leads to is a rest
/// that has no more than a few turns.
pub fn two(context: &mut Context, headers: &[Block], rests: &Range<usize>) -> bool {
    let Context { func, cfg, .. } = context;
    let mut found = Vec::new();
    for &block in headers {
        let is_rest = |block: Block| rests.contains(&(block.as_u32() as usize));
        found.extend(
            small(func, block).filter(|_| !cfg.pred_iter(block).any(|pred| is_rest(pred.block))),
        );
    }
    if found.is_empty() || found.len() > MANY {
        return false;
    }
    find_users(func, cfg, &mut found);
    found.retain(|it| !it.refused);
    // One may use what another one has made.
    for it in &found {
        pass(func, it);
    }
    for it in &found {
        write_twice(func, it);
    }
    !found.is_empty()
}

/// The loop that a block is, if it is one of these.
fn small(func: &Function, block: Block) -> Option<Small> {
    let end = func.layout.last_inst(block)?;
    let InstructionData::Brif { arg, blocks, .. } = func.dfg.insts[end] else { return None };
    let targets = blocks.map(|call| call.block(&func.dfg.value_lists));
    let back = targets.iter().position(|&target| target == block)?;
    let exit = targets[1 - back];
    if exit == block
        || func.layout.is_cold(block)
        || func.dfg.block_params(block).len() > SHORT
        || counts(func, block, &blocks[back], arg)
    {
        return None;
    }
    let mut count = 0;
    for inst in func.layout.block_insts(block) {
        let opcode = func.dfg.insts[inst].opcode();
        let mut results = func.dfg.inst_results(inst).iter();
        count += usize::from(opcode != Opcode::Iconst);
        if count > SHORT
            || opcode.is_call()
            || results.any(|&result| func.dfg.value_type(result).is_vector())
        {
            return None;
        }
    }
    Some(Small { block, end, back, exit, out: None, users: Vec::new(), refused: false })
}

/// Whether a condition at the end of a loop compares what each turn adds the same to, or what is always the same.
fn counts(func: &Function, block: Block, back: &BlockCall, condition: Value) -> bool {
    let dfg = &func.dfg;
    let stays = |value: Value| stays(func, block, value);
    // The parameter that this is a step away from.
    let of = |value: Value| match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Binary { opcode: Opcode::Iadd | Opcode::Isub, args: [of, by] }
            if stays(by) =>
        {
            Some(of)
        }
        _ => None,
    };
    let counter = |value: Value| {
        let place = dfg.block_params(block).iter().position(|&param| param == value);
        let next = place.and_then(|place| back.args(&dfg.value_lists).nth(place)?.as_value());
        next.is_some_and(|next| next == value || of(next) == Some(value))
    };
    let fits = |value: Value| stays(value) || counter(value) || of(value).is_some_and(counter);
    match dfg.value_def(condition).inst().map(|def| dfg.insts[def]) {
        Some(InstructionData::IntCompare { args, .. }) => args.into_iter().all(fits),
        _ => fits(condition),
    }
}

/// Finds who uses what loops have made behind them.
fn find_users(func: &Function, cfg: &ControlFlowGraph, found: &mut [Small]) {
    // The number of the loop that makes a value; 0 is none.
    let mut made: SecondaryMap<Value, u32> = SecondaryMap::new();
    for (it, number) in found.iter().zip(1..) {
        let results =
            func.layout.block_insts(it.block).flat_map(|inst| func.dfg.inst_results(inst));
        for &value in func.dfg.block_params(it.block).iter().chain(results) {
            made[value] = number;
        }
    }
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            each_value(func, inst, |value| {
                let it = (made[value] as usize).checked_sub(1).map(|place| &mut found[place]);
                let Some(it) = it.filter(|it| it.block != block) else { return };
                // Whatever comes behind the loop comes behind its exit. If nothing else leads there, that can be
                // given the value.
                it.refused |= it.out.is_some_and(|out| out != value)
                    || cfg.pred_iter(it.exit).nth(1).is_some();
                it.out = Some(value);
                it.users.push(inst);
            });
        }
    }
}

/// Has a loop pass what is used behind it.
fn pass(func: &mut Function, it: &Small) {
    let Some(value) = it.out else { return };
    let ty = func.dfg.value_type(value);
    let passed = func.dfg.append_block_param(it.exit, ty);
    let dfg = &mut func.dfg;
    if let InstructionData::Brif { blocks, .. } = &mut dfg.insts[it.end] {
        blocks[1 - it.back].append_argument(value, &mut dfg.value_lists);
    }
    for &inst in &it.users {
        func.dfg.map_inst_values(inst, |used| if used == value { passed } else { used });
    }
}

fn write_twice(func: &mut Function, it: &Small) {
    let InstructionData::Brif { blocks, .. } = func.dfg.insts[it.end] else { return };
    // What each value is in the second turn.
    let params = func.dfg.block_params(it.block).iter().copied();
    let args = blocks[it.back].args(&func.dfg.value_lists).filter_map(|arg| arg.as_value());
    let mut second: Vec<(Value, Value)> = params.zip(args).collect();
    let block = func.dfg.make_block();
    func.layout.insert_block_after(block, it.block);
    let mut next = func.layout.first_inst(it.block);
    while let Some(inst) = next {
        next = func.layout.next_inst(inst);
        let copy = again(func, inst);
        func.layout.append_inst(copy, block);
        func.dfg.map_inst_values(copy, |value| {
            second.iter().find(|(of, _)| *of == value).map_or(value, |&(_, copy)| copy)
        });
        let results = func.dfg.inst_results(inst).iter().zip(func.dfg.inst_results(copy));
        second.extend(results.map(|(&of, &copy)| (of, copy)));
    }
    let end = func.layout.last_inst(block).expect("it has been copied");
    leave_by_stop(func, it, end);
    leave_by_stop(func, it, it.end);
    let on = BlockCall::new(block, [], &mut func.dfg.value_lists);
    if let InstructionData::Brif { blocks, .. } = &mut func.dfg.insts[it.end] {
        blocks[it.back] = on;
    }
}

/// Gives a way out a block of its own, or else moves on it would stand between the two turns.
fn leave_by_stop(func: &mut Function, it: &Small, branch: Inst) {
    let stop = func.dfg.make_block();
    func.layout.insert_block_after(stop, it.block);
    if func.layout.is_cold(it.exit) {
        func.layout.set_cold(stop);
    }
    let way = BlockCall::new(stop, [], &mut func.dfg.value_lists);
    let InstructionData::Brif { blocks, .. } = &mut func.dfg.insts[branch] else { return };
    let destination = std::mem::replace(&mut blocks[1 - it.back], way);
    let jump = InstructionData::Jump { opcode: Opcode::Jump, destination };
    let jump = func.dfg.make_inst(jump);
    func.layout.append_inst(jump, stop);
    func.set_srcloc(jump, func.srcloc(branch));
}
