//! What is computed for one instruction is computed right in front of it, in loops that are short of registers.
//!
//! Loads stay where wasm has them, and a sum of products, say, may have all of its loads first, then all products, and
//! the additions behind them: each of these values is in a register meanwhile, or is stored and loaded again. Here an
//! instruction goes to its only user, with what is computed for it alone, unless something else would have to stay in a register
//! for that. Of two operands the one that takes more to compute comes first.
//!
//! Loads go by other loads only: which of several that trap does so first may change, but not how, nor what has happened before.

use std::cmp::Reverse;

use cranelift_codegen::Context;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, Function, Inst, InstructionData, Opcode, Value, ValueDef};
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis};
use wasmaot_abi::traps::TrapCode;

use super::{each_value, has_effect};
use crate::translate::trap::to_cranelift;

/// The fewest instructions of a block that can be short of registers.
const LONG: usize = 24;
/// The most values of one kind, integers or others, that registers suffice for.
const REGISTERS: i32 = 11;
/// The most instructions that go together.
const MANY: usize = 16;
/// What so many instructions of a block use is there for the others if it has to stay for one.
const SEVERAL: u32 = 3;

/// Does that to a function.
pub fn to_users(context: &mut Context) {
    let Context { func, loop_analysis, .. } = context;
    let long = |block: Block| {
        let around = loop_analysis.innermost_loop(block)?;
        let is_long = func.layout.block_insts(block).nth(LONG).is_some();
        (is_long && !func.layout.is_cold(block)).then_some((block, around))
    };
    let blocks: Vec<(Block, Loop)> = func.layout.blocks().filter_map(long).collect();
    if blocks.is_empty() {
        return;
    }
    let users = count_users(func);
    let mut sink = Sink {
        func,
        loops: loop_analysis,
        users,
        places: SecondaryMap::new(),
        used: SecondaryMap::new(),
    };
    for (block, around) in blocks {
        sink.block(block, around);
    }
}

/// How many instructions use each value.
fn count_users(func: &Function) -> SecondaryMap<Value, u32> {
    let mut users = SecondaryMap::with_capacity(func.dfg.num_values());
    let mut last = SecondaryMap::with_capacity(func.dfg.num_values());
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            each_value(func, inst, |value| {
                if last[value] != Some(inst) {
                    last[value] = Some(inst);
                    users[value] += 1;
                }
            });
        }
    }
    users
}

/// Where an instruction of the block is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Which one it was at first; none is 0.
    number: u32,
    /// In front of which one of those it is now, if it is not itself there.
    now: u32,
    /// How many that loads do not go by are in front of it.
    epoch: u32,
}

/// Who uses a value in the block.
#[derive(Clone, Copy, Default)]
struct Used {
    /// The last one's number.
    last: u32,
    /// How many.
    here: u32,
}

struct Sink<'a> {
    func: &'a mut Function,
    loops: &'a LoopAnalysis,
    users: SecondaryMap<Value, u32>,
    /// Of the block's instructions.
    places: SecondaryMap<Inst, Place>,
    used: SecondaryMap<Value, Used>,
}

impl Sink<'_> {
    fn block(&mut self, block: Block, around: Loop) {
        let (end, values) = self.enter(block);
        if self.is_crowded(&values, end, around) {
            let mut next = self.func.layout.last_inst(block);
            while let Some(inst) = next {
                self.bring_operands(inst, around);
                next = self.func.layout.prev_inst(inst);
            }
        }
        values.into_iter().for_each(|value| self.used[value] = Used::default());
        for inst in self.func.layout.block_insts(block) {
            self.places[inst] = Place::default();
        }
    }

    /// Finds out where everything of a block is; the end, and the values that it uses.
    fn enter(&mut self, block: Block) -> (u32, Vec<Value>) {
        let mut place = Place::default();
        let mut values = Vec::new();
        for inst in self.func.layout.block_insts(block) {
            place.number += 1;
            place.now = place.number;
            if has_effect(self.func, inst) && !is_load(self.func, inst) {
                place.epoch += 1;
            }
            self.places[inst] = place;
            let used = &mut self.used;
            each_value(self.func, inst, |value| {
                let used = &mut used[value];
                if used.here == 0 {
                    values.push(value);
                }
                if used.last != place.number {
                    *used = Used { last: place.number, here: used.here + 1 };
                }
            });
        }
        (place.number, values)
    }

    /// Whether more of these values are wanted at a time than there are registers.
    fn is_crowded(&self, values: &[Value], end: u32, around: Loop) -> bool {
        let dfg = &self.func.dfg;
        // What begins and ends at each place, of integers and of others.
        let mut changes = vec![[0; 2]; end as usize + 1];
        for &value in values {
            let inst = dfg.value_def(value).inst();
            if inst.is_some_and(|inst| dfg.insts[inst].opcode() == Opcode::Iconst) {
                continue;
            }
            let kind = usize::from(!dfg.value_type(value).is_int());
            let made = inst.map_or(0, |inst| self.places[inst].number);
            let last = if self.stays(value, around) { end } else { self.used[value].last };
            changes[made as usize][kind] += 1;
            changes[last as usize][kind] -= 1;
        }
        let mut wanted = [0; 2];
        changes.iter().any(|change| {
            wanted = [0, 1].map(|kind| wanted[kind] + change[kind]);
            wanted.iter().any(|&wanted| wanted > REGISTERS)
        })
    }

    /// Whether a value is wanted behind the block, or in the next turn.
    fn stays(&self, value: Value, around: Loop) -> bool {
        let made = match self.func.dfg.value_def(value) {
            ValueDef::Result(inst, _) => self.func.layout.inst_block(inst),
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Union(..) => None,
        };
        self.users[value] > self.used[value].here
            || made.is_some_and(|made| !self.loops.is_in_loop(made, around))
    }

    /// Moves what is computed for an instruction only in front of it.
    fn bring_operands(&mut self, user: Inst, around: Loop) {
        // What is passed to blocks is computed where it is: it may have to be in the register of what it replaces.
        if self.func.dfg.insts[user].opcode().is_terminator() {
            return;
        }
        let to = self.places[user];
        let computed = |&value: &Value| {
            let mut tree = Tree { to, around, insts: Vec::new() };
            (self.grow(&mut tree, value).is_some() && !tree.insts.is_empty()).then_some(tree.insts)
        };
        let args = self.func.dfg.inst_args(user);
        let mut operands: Vec<Vec<Inst>> = args.iter().filter_map(computed).collect();
        operands.sort_by_key(|insts| Reverse(insts.len()));
        for mut insts in operands {
            insts.sort_by_key(|&inst| self.places[inst].number);
            for inst in insts {
                self.func.layout.remove_inst(inst);
                self.func.layout.insert_inst(inst, user);
                self.places[inst] = Place { number: self.places[inst].number, ..to };
                for &arg in self.func.dfg.inst_args(inst) {
                    let used = &mut self.used[arg];
                    used.last = used.last.max(to.now);
                }
            }
        }
    }

    /// Adds to a tree what a value is computed by; none if that should stay where it is.
    fn grow(&self, tree: &mut Tree, value: Value) -> Option<()> {
        let dfg = &self.func.dfg;
        let used = self.used[value];
        if let Some(inst) = dfg.value_def(value).inst() {
            if dfg.insts[inst].opcode() == Opcode::Iconst {
                return Some(());
            }
            if self.users[value] == 1 && self.can_go(inst, tree.to) {
                if !tree.insts.contains(&inst) {
                    if tree.insts.len() == MANY {
                        return None;
                    }
                    tree.insts.push(inst);
                }
                return dfg.inst_args(inst).iter().try_for_each(|&arg| self.grow(tree, arg));
            }
        }
        let is_there =
            used.last > tree.to.number || used.here >= SEVERAL || self.stays(value, tree.around);
        is_there.then_some(())
    }

    /// Whether an instruction is of the block and may be at that place, behind its own.
    fn can_go(&self, inst: Inst, to: Place) -> bool {
        let place = self.places[inst];
        place.number != 0
            && self.func.dfg.inst_results(inst).len() == 1
            && match is_load(self.func, inst) {
                true => place.epoch == to.epoch,
                false => !has_effect(self.func, inst),
            }
    }
}

/// What is computed for an instruction.
struct Tree {
    to: Place,
    around: Loop,
    insts: Vec<Inst>,
}

/// Whether an instruction is a load that others of the kind can go by: if it traps, they would as well.
fn is_load(func: &Function, inst: Inst) -> bool {
    let InstructionData::Load { flags, .. } = func.dfg.insts[inst] else { return false };
    let code = func.dfg.mem_flags[flags].trap_code();
    code.is_none_or(|code| code == to_cranelift(TrapCode::MemoryOutOfBounds))
}
