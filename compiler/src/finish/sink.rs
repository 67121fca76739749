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
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::ir::{Block, Function, Inst, InstructionData, Opcode, Value, ValueDef};
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis};
use wasmaot_abi::traps::TrapCode;

use super::{each_value, has_effect};
use crate::translate::trap::to_cranelift;

/// The fewest instructions of a block that can be short of registers.
pub const LONG: usize = 25;
/// The most values of one kind, integers or others, that registers suffice for.
const REGISTERS: i32 = 11;
/// The most instructions that go together.
const MANY: usize = 16;
/// What so many instructions of a block use is there for the others if it has to stay for one.
const SEVERAL: u32 = 3;

/// Does that to a function with these blocks that are [`LONG`].
pub fn to_users(context: &mut Context, long: &[Block]) {
    let Context { func, loop_analysis, .. } = context;
    let in_loop = |&block: &Block| Some((block, loop_analysis.innermost_loop(block)?));
    let blocks = long.iter().filter(|&&block| !func.layout.is_cold(block)).filter_map(in_loop);
    let mut seen = SecondaryMap::with_capacity(func.dfg.num_values());
    let crowded = |&(block, _): &(Block, Loop)| is_crowded(func, block, &mut seen);
    let crowded: Vec<_> = blocks.filter(crowded).collect();
    if crowded.is_empty() {
        return;
    }
    let mut sink = Sink {
        users: count_users(func),
        func,
        loops: loop_analysis,
        places: SecondaryMap::new(),
        used: SecondaryMap::new(),
    };
    for (block, around) in crowded {
        sink.block(block, around);
    }
}

/// Whether a block wants more values at a time than there are registers, if what comes from elsewhere stays. Of the values
/// it is noted which block has seen them last.
fn is_crowded(
    func: &Function,
    block: Block,
    seen: &mut SecondaryMap<Value, PackedOption<Block>>,
) -> bool {
    let dfg = &func.dfg;
    let kind = |value| usize::from(!dfg.value_type(value).is_int());
    // Of integers and of others.
    let (mut from_elsewhere, mut own, mut most_own) = ([0; 2], [0; 2], [0; 2]);
    let mut next = func.layout.last_inst(block);
    while let Some(inst) = next {
        next = func.layout.prev_inst(inst);
        for &result in dfg.inst_results(inst) {
            if seen[result] == block.into() && !is_constant(func, inst) {
                own[kind(result)] -= 1;
            }
        }
        each_value(func, inst, |value| {
            if seen[value] == block.into() {
                return;
            }
            seen[value] = block.into();
            match dfg.value_def(value).inst() {
                Some(def) if is_constant(func, def) => {}
                Some(def) if func.layout.inst_block(def) == Some(block) => own[kind(value)] += 1,
                _ => from_elsewhere[kind(value)] += 1,
            }
        });
        most_own = [0, 1].map(|kind| most_own[kind].max(own[kind]));
    }
    [0, 1].iter().any(|&kind| from_elsewhere[kind] + most_own[kind] > REGISTERS)
}

/// Constants are made where they are used.
fn is_constant(func: &Function, inst: Inst) -> bool {
    func.dfg.insts[inst].opcode() == Opcode::Iconst
}

/// How many instructions use each value.
fn count_users(func: &Function) -> SecondaryMap<Value, u32> {
    let (mut users, mut last) = (SecondaryMap::new(), SecondaryMap::new());
    users.resize(func.dfg.num_values());
    last.resize(func.dfg.num_values());
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
        let values = self.enter(block);
        let mut next = self.func.layout.last_inst(block);
        while let Some(inst) = next {
            self.bring_operands(inst, around);
            next = self.func.layout.prev_inst(inst);
        }
        self.leave(block, &values);
    }

    /// Finds out where everything of a block is; the values that it uses.
    fn enter(&mut self, block: Block) -> Vec<Value> {
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
        values
    }

    fn leave(&mut self, block: Block, values: &[Value]) {
        values.iter().for_each(|&value| self.used[value] = Used::default());
        for inst in self.func.layout.block_insts(block) {
            self.places[inst] = Place::default();
        }
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
            if is_constant(self.func, inst) {
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
            used.last > tree.to.now || used.here >= SEVERAL || self.stays(value, tree.around);
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
