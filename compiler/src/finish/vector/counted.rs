//! Loops of one block that say in front of them how often they go around.

use std::collections::HashMap;

use cranelift_codegen::cursor::FuncCursor;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::condcodes::{CondCode as _, IntCC};
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types,
};

use super::linear::Linear;
use crate::finish::number;
use crate::translate::constant;

/// How many instructions a loop has at most.
const MAX_INSTS: usize = 256;

/// A loop that is one block.
pub struct Counted {
    /// The block.
    pub block: Block,
    /// Its last instruction, which goes around or leaves.
    pub branch: Inst,
    /// The others, each with its place among them.
    pub places: HashMap<Inst, usize>,
    /// The parameters, and what each is the next time around.
    pub params: Vec<(Value, Value)>,
    /// The parameters that grow by a constant, and by which.
    pub steps: HashMap<Value, i32>,
    /// How often it goes around.
    pub times: Times,
    /// How often that is at most, if it is known.
    pub most: Option<u64>,
}

/// A number of times that a loop goes around after the first time: it may do so more often.
pub struct Times {
    /// What stands where at first.
    low: Linear,
    high: Linear,
    /// What they come nearer by each time.
    by: u32,
    compared: Compared,
}

enum Compared {
    /// By all bits: it goes around until they are the same.
    Equal,
    Unsigned,
    Signed,
}

impl Counted {
    /// The loop that a block is, if it is one.
    pub fn find(func: &Function, cfg: &ControlFlowGraph, block: Block) -> Option<Self> {
        let dfg = &func.dfg;
        let branch = func.layout.last_inst(block)?;
        let InstructionData::Brif { arg, blocks, .. } = dfg.insts[branch] else { return None };
        let targets = blocks.map(|call| call.block(&dfg.value_lists));
        let back = match targets.map(|target| target == block) {
            [true, false] => 0,
            [false, true] => 1,
            _ => return None,
        };
        let insts = func.layout.block_insts(block);
        let places: HashMap<_, _> = insts.take(MAX_INSTS + 1).zip(0..).collect();
        if places.len() > MAX_INSTS {
            return None;
        }
        let next = blocks[back].args(&dfg.value_lists);
        let next = next.map(|arg| arg.as_value().map(|value| dfg.resolve_aliases(value)));
        let next: Vec<Value> = next.collect::<Option<_>>()?;
        let params: Vec<_> = dfg.block_params(block).iter().copied().zip(next).collect();
        let steps = steps(func, &params);
        let mut counted = Self {
            block,
            branch,
            places,
            params,
            steps,
            times: Times {
                low: Linear::NOTHING,
                high: Linear::NOTHING,
                by: 1,
                compared: Compared::Equal,
            },
            most: None,
        };
        counted.times = counted.times(func, dfg.resolve_aliases(arg), back == 0)?;
        let from = cfg.pred_iter(block).filter(|pred| pred.inst != branch);
        let from: Vec<Inst> = from.map(|pred| pred.inst).collect();
        if let [from] = from[..] {
            counted.most = counted.most(func, from);
        }
        Some(counted)
    }

    /// How often it goes around at most, if it is entered from a branch only.
    fn most(&self, func: &Function, from: Inst) -> Option<u64> {
        let dfg = &func.dfg;
        let entry = dfg.insts[from].branch_destination(&dfg.jump_tables, &dfg.exception_tables);
        let mut entry = entry.iter().filter(|call| call.block(&dfg.value_lists) == self.block);
        let args: Vec<_> = entry.next()?.args(&dfg.value_lists).collect();
        let first = |value: Value| {
            let place = self.params.iter().position(|&(param, _)| param == value);
            place.map_or(Some(value), |place| args[place].as_value())
        };
        // Of what is left when a loop does several of its turns at a time, say.
        let at_most = |value: Value| {
            let data = dfg.insts[dfg.value_def(first(value)?).inst()?];
            match data {
                InstructionData::Binary { opcode: Opcode::Band, args: [_, mask] } => {
                    constant(dfg, mask)
                }
                _ => constant(dfg, first(value)?),
            }
        };
        let Times { low, high, by, .. } = &self.times;
        let low = match low.terms[..] {
            [] => 0,
            [(value, 1)] => constant(dfg, first(value)?)?,
            _ => return None,
        } + low.constant as u32 as u64;
        let high = match high.terms[..] {
            [] => 0,
            [(value, 1)] => at_most(value)?,
            _ => return None,
        } + high.constant as u32 as u64;
        Some(high.checked_sub(low)? / u64::from(*by))
    }

    /// The instruction of the loop that a value comes from.
    pub fn inst(&self, func: &Function, value: Value) -> Option<Inst> {
        func.dfg.value_def(value).inst().filter(|inst| self.places.contains_key(inst))
    }

    /// Whether a value is the same all the time that the loop runs.
    pub fn is_outside(&self, func: &Function, value: Value) -> bool {
        match func.dfg.value_def(value) {
            ValueDef::Result(inst, _) => !self.places.contains_key(&inst),
            ValueDef::Param(block, _) => block != self.block,
            ValueDef::Union(..) => false,
        }
    }

    /// A value as a sum of what grows by constants and of what stays the same.
    pub fn linear(&self, func: &Function, value: Value) -> Option<Linear> {
        Linear::of(func, value, &|value| {
            self.steps.contains_key(&value) || self.is_outside(func, value)
        })
    }

    /// What a sum grows by each time around.
    pub fn step(&self, linear: &Linear) -> i32 {
        linear.step(|value| self.steps.get(&value).copied().unwrap_or(0))
    }

    fn times(&self, func: &Function, condition: Value, if_true: bool) -> Option<Times> {
        let dfg = &func.dfg;
        let compare = dfg.value_def(condition).inst().map(|inst| dfg.insts[inst]);
        let (cond, a, b) = match compare {
            Some(InstructionData::IntCompare { cond, args: [a, b], .. }) => {
                (cond, self.linear(func, a)?, self.linear(func, b)?)
            }
            _ => (IntCC::NotEqual, self.linear(func, condition)?, Linear::NOTHING),
        };
        let cond = if if_true { cond } else { cond.complement() };
        let (a_by, b_by) = (self.step(&a), self.step(&b));
        let (low, high, compared) = match cond {
            // It is what one of them comes to in the end that counts.
            IntCC::NotEqual if b_by == 0 && a_by > 0 || a_by == 0 && b_by < 0 => {
                (a, b, Compared::Equal)
            }
            IntCC::NotEqual if b_by == 0 && a_by < 0 || a_by == 0 && b_by > 0 => {
                (b, a, Compared::Equal)
            }
            IntCC::UnsignedLessThan | IntCC::UnsignedLessThanOrEqual => (a, b, Compared::Unsigned),
            IntCC::UnsignedGreaterThan | IntCC::UnsignedGreaterThanOrEqual => {
                (b, a, Compared::Unsigned)
            }
            IntCC::SignedLessThan | IntCC::SignedLessThanOrEqual => (a, b, Compared::Signed),
            IntCC::SignedGreaterThan | IntCC::SignedGreaterThanOrEqual => (b, a, Compared::Signed),
            _ => return None,
        };
        // One of them stays where it is, and the other comes nearer.
        let by = match (self.step(&low), self.step(&high)) {
            (by, 0) => by,
            (0, by) => by.checked_neg()?,
            _ => return None,
        };
        let by = u32::try_from(by).ok().filter(|&by| by > 0)?;
        Some(Times { low, high, by, compared })
    }
}

/// The parameters that grow by a constant each time around.
fn steps(func: &Function, params: &[(Value, Value)]) -> HashMap<Value, i32> {
    let step = |&(param, next): &(Value, Value)| {
        let sum = Linear::of(func, next, &|value| value == param)?;
        (sum.terms == [(param, 1)]).then_some((param, sum.constant))
    };
    params.iter().filter_map(step).collect()
}

impl Times {
    /// The number, divided by how many turns become one, a power of two; of 64 bits and signed, none if it is
    /// negative. It is what lies between the two, divided by what they come nearer by; where they come to pass
    /// each other or to be equal only after having wrapped around, that is later still.
    pub fn emit(
        &self,
        cursor: &mut FuncCursor<'_>,
        in_one: u32,
        place: impl Fn(Value) -> Value + Copy,
    ) -> Value {
        let low = self.low.emit(cursor, place);
        let high = self.high.emit(cursor, place);
        let between = match self.compared {
            Compared::Equal => {
                let between = cursor.ins().isub(high, low);
                cursor.ins().uextend(types::I64, between)
            }
            Compared::Unsigned => {
                let [low, high] = [low, high].map(|end| cursor.ins().uextend(types::I64, end));
                cursor.ins().isub(high, low)
            }
            Compared::Signed => {
                let [low, high] = [low, high].map(|end| cursor.ins().sextend(types::I64, end));
                cursor.ins().isub(high, low)
            }
        };
        let (times, by) = match self.by {
            by if by.is_power_of_two() => (between, by.trailing_zeros()),
            by => {
                let by = number(cursor, types::I64, by.into());
                (cursor.ins().sdiv(between, by), 0)
            }
        };
        match by + in_one.trailing_zeros() {
            0 => times,
            by => cursor.ins().sshr_imm_u(times, i64::from(by)),
        }
    }
}
