//! Sums in loops have those terms last that are there last.
//!
//! A turn can begin before the last one has ended, with everything but what it waits for. If a sum begins with what the
//! last turn has computed, as the source may have it, all other terms are added to that in a row, and the next turn
//! waits for each of them. Terms can be added in any order; here those come first that are there first. The same goes
//! for what else can be taken in any order.
//!
//! When a value is there is estimated in cycles from the start of a turn, for loops of one block.

use std::cmp::Reverse;
use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value};

use super::{count_uses, def_in, stays};

/// The most terms of a sum, and the most places that a value goes through from turn to turn, that are looked at.
const MANY: usize = 16;
/// The most parameters of a loop.
const PARAMS: usize = 64;
/// When what depends on no turn before is there.
const EARLY: i32 = -1000;
/// How much earlier a value is there for each turn that it was there before.
const TURN: i32 = 32;

/// Does that to a function.
pub fn in_order(func: &mut Function, headers: &[Block]) {
    let mut loops: Vec<(Block, Vec<Value>)> = Vec::new();
    for &block in headers {
        loops.extend(next(func, block).map(|next| (block, next)));
    }
    if loops.is_empty() {
        return;
    }
    let mut uses = None;
    for (block, next) in loops {
        Terms::new(func, &mut uses, block, &next).reorder();
    }
}

/// What a loop of one block goes on with.
fn next(func: &Function, block: Block) -> Option<Vec<Value>> {
    let end = func.layout.last_inst(block)?;
    let InstructionData::Brif { blocks, .. } = func.dfg.insts[end] else { return None };
    let back = blocks.iter().find(|call| call.block(&func.dfg.value_lists) == block)?;
    if back.len(&func.dfg.value_lists) > PARAMS {
        return None;
    }
    let args = back.args(&func.dfg.value_lists);
    args.map(|arg| Some(func.dfg.resolve_aliases(arg.as_value()?))).collect()
}

struct Terms<'a> {
    func: &'a mut Function,
    /// How often values are used, once that was asked for.
    uses: &'a mut Option<SecondaryMap<Value, u32>>,
    block: Block,
    /// When what the loop makes is there.
    times: HashMap<Value, i32>,
}

impl<'a> Terms<'a> {
    fn new(
        func: &'a mut Function,
        uses: &'a mut Option<SecondaryMap<Value, u32>>,
        block: Block,
        next: &[Value],
    ) -> Self {
        let params = func.dfg.block_params(block);
        let start = |place| first(func, block, params, next, place);
        let times = params.iter().enumerate().map(|(place, &param)| (param, start(place)));
        let times = times.collect();
        Self { func, uses, block, times }
    }

    fn reorder(mut self) {
        let mut left = self.func.layout.first_inst(self.block);
        while let Some(inst) = left {
            left = self.func.layout.next_inst(inst);
            let dfg = &self.func.dfg;
            let time = self.after(inst);
            self.times.extend(dfg.inst_results(inst).iter().map(|&result| (result, time)));
            if time > EARLY
                && let InstructionData::Binary { opcode, .. } = dfg.insts[inst]
                && matches!(opcode, Opcode::Iadd | Opcode::Band | Opcode::Bor | Opcode::Bxor)
                && dfg.value_type(dfg.first_result(inst)).is_int()
            {
                self.sum(inst, opcode, time);
            }
        }
    }

    /// When an instruction's results are there.
    fn after(&self, inst: Inst) -> i32 {
        let dfg = &self.func.dfg;
        let opcode = dfg.insts[inst].opcode();
        let takes = match opcode {
            Opcode::Uextend | Opcode::Ireduce | Opcode::Iconst => 0,
            Opcode::Imul => 3,
            _ if opcode.can_load() => 4,
            _ => 1,
        };
        let from = dfg.inst_args(inst).iter().map(|&value| self.time(value)).max();
        later(from.unwrap_or(EARLY), takes)
    }

    fn time(&self, value: Value) -> i32 {
        self.times.get(&self.func.dfg.resolve_aliases(value)).copied().unwrap_or(EARLY)
    }

    /// Puts the terms of a sum in order, if it is there earlier then.
    fn sum(&mut self, inst: Inst, opcode: Opcode, time: i32) {
        let args = self.func.dfg.inst_args(inst);
        if !args.iter().any(|&arg| self.inner(arg, opcode).is_some()) {
            return;
        }
        self.uses.get_or_insert_with(|| count_uses(self.func));
        let mut terms = Vec::new();
        let mut inner = Vec::new();
        self.collect(inst, opcode, &mut terms, &mut inner);
        if terms.len() < 3 || terms.len() > MANY {
            return;
        }
        // What is there first comes from the end.
        terms.reverse();
        let mut left: Vec<(i32, Value)> =
            terms.into_iter().map(|term| (self.time(term), term)).collect();
        let mut times: Vec<i32> = left.iter().map(|term| term.0).collect();
        let best = loop {
            let (sum, _, _) = first_two(&mut times, |&time| time);
            if times.is_empty() {
                break sum;
            }
            times.push(sum);
        };
        if best >= time {
            return;
        }
        let srcloc = self.func.srcloc(inst);
        let mut cursor = FuncCursor::new(self.func).at_inst(inst).with_srcloc(srcloc);
        let result = cursor.func.dfg.first_result(inst);
        let ty = cursor.func.dfg.value_type(result);
        loop {
            let (time, (_, first), (_, second)) = first_two(&mut left, |term| term.0);
            if left.is_empty() {
                // What is there last is overwritten by the sum, in the machine's instruction.
                let args = [second, first];
                cursor.func.dfg.overwrite_inst_values(inst, args.into_iter());
                self.times.insert(result, time);
                break;
            }
            let (sum, dfg) = cursor.ins().Binary(opcode, ty, second, first);
            let sum = dfg.first_result(sum);
            if let Some(uses) = &mut self.uses {
                uses[sum] = 1;
            }
            self.times.insert(sum, time);
            left.push((time, sum));
        }
        for sum in inner {
            self.func.layout.remove_inst(sum);
        }
    }

    /// The instruction of the loop that a value comes from, if it is the same operation.
    fn inner(&self, value: Value, opcode: Opcode) -> Option<Inst> {
        let def = def_in(self.func, self.block, self.func.dfg.resolve_aliases(value))?;
        (self.func.dfg.insts[def].opcode() == opcode).then_some(def)
    }

    /// The terms of a sum, and the sums in it that nobody else wants.
    fn collect(&self, sum: Inst, opcode: Opcode, terms: &mut Vec<Value>, inner: &mut Vec<Inst>) {
        let dfg = &self.func.dfg;
        for &value in dfg.inst_args(sum) {
            let value = dfg.resolve_aliases(value);
            let alone = self.uses.as_ref().is_some_and(|uses| uses[value] == 1);
            match self.inner(value, opcode).filter(|_| alone) {
                Some(def) if inner.len() < MANY => {
                    inner.push(def);
                    self.collect(def, opcode, terms, inner);
                }
                _ => terms.push(value),
            }
        }
    }
}

/// Takes those two of several terms that are there first, and says when their sum is there.
fn first_two<T>(terms: &mut Vec<T>, time: impl Fn(&T) -> i32) -> (i32, T, T) {
    // Of those that are there at once, what has come last stays last: a sum grows before others begin.
    terms.sort_by_key(|term| Reverse(time(term)));
    let (Some(first), Some(second)) = (terms.pop(), terms.pop()) else {
        unreachable!("there are two terms at least")
    };
    (later(time(&second), 1), first, second)
}

/// Some cycles later; what is early stays so.
fn later(time: i32, by: i32) -> i32 {
    if time == EARLY { EARLY } else { time + by }
}

/// When a loop's parameter is there. What only grows by what stays the same is far ahead of everything else.
fn first(func: &Function, block: Block, params: &[Value], next: &[Value], place: usize) -> i32 {
    let mut place = place;
    let mut turns = 0;
    while let Some(other) = params.iter().position(|&param| param == next[place]) {
        if other == place || turns == MANY {
            return EARLY;
        }
        place = other;
        turns += 1;
    }
    let dfg = &func.dfg;
    let grows = dfg.value_def(next[place]).inst().is_some_and(|inst| match dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Iadd | Opcode::Isub, args: [of, by] } => {
            dfg.resolve_aliases(of) == params[place] && stays(func, block, by)
        }
        _ => false,
    });
    if grows { EARLY } else { -TURN * turns as i32 }
}
