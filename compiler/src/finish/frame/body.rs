//! What there is to know of a block before it is known what of it is in the frame.

use std::collections::{HashMap, HashSet};

use cranelift_codegen::Context;
use cranelift_codegen::ir::{Block, Function, Inst, InstructionData, Value};

use crate::finish::{each_value, in_register};

/// How many instructions load a value for themselves at most, behind the loop that makes it.
const FEW: usize = 8;
/// How many parameters a block has at most, and how many values its branch passes.
const PASSED: usize = 64;

/// A block.
pub struct Body {
    pub block: Block,
    pub insts: Vec<Inst>,
    pub params: Vec<Value>,
    /// If it is a loop by itself, how it goes around.
    pub back: Option<Back>,
    /// The branches that lead into it from elsewhere.
    pub entries: Vec<Inst>,
    /// By which instruction each value is made here; parameters are not.
    pub made: HashMap<Value, usize>,
    /// Which instructions use each value that wants a register, without what is passed around.
    pub uses: HashMap<Value, Vec<usize>>,
}

/// How a block goes around.
pub struct Back {
    /// Which target of its branch that is.
    pub target: usize,
    /// What the parameters are next.
    pub next: Vec<Value>,
}

impl Body {
    /// None if it goes around in another way than by one side of a branch, or is passed or passes too much.
    pub fn new(context: &Context, block: Block) -> Option<Self> {
        let Context { func, cfg, .. } = context;
        let insts: Vec<Inst> = func.layout.block_insts(block).collect();
        let params = func.dfg.block_params(block).to_vec();
        let end = *insts.last()?;
        if params.len() > PASSED || func.dfg.inst_values(end).nth(PASSED).is_some() {
            return None;
        }
        let back = back(func, block, end);
        let entries: Vec<Inst> =
            cfg.pred_iter(block).map(|pred| pred.inst).filter(|&inst| inst != end).collect();
        if back.is_none() && cfg.pred_iter(block).any(|pred| pred.inst == end) {
            return None;
        }
        let mut made = HashMap::new();
        let mut uses: HashMap<Value, Vec<usize>> = HashMap::new();
        for (place, &inst) in insts.iter().enumerate() {
            made.extend(func.dfg.inst_results(inst).iter().map(|&value| (value, place)));
            let passed = back.as_ref().filter(|_| inst == end);
            each_wanted(func, inst, passed, |value| {
                let places = uses.entry(value).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            });
        }
        Some(Self { block, insts, params, back, entries, made, uses })
    }

    /// The place of the last instruction.
    pub fn end(&self) -> usize {
        self.insts.len() - 1
    }

    /// Whether a value is another one each time that the block is reached.
    pub fn makes(&self, value: Value) -> bool {
        self.made.contains_key(&value) || self.params.contains(&value)
    }

    /// The parameters of a loop, and what they are next.
    pub fn around(&self) -> impl Iterator<Item = (Value, Value)> + use<'_> {
        let next = self.back.iter().flat_map(|back| &back.next);
        self.params.iter().copied().zip(next.copied())
    }
}

fn back(func: &Function, block: Block, end: Inst) -> Option<Back> {
    let InstructionData::Brif { blocks, .. } = func.dfg.insts[end] else { return None };
    let pool = &func.dfg.value_lists;
    let target = match blocks.map(|call| call.block(pool) == block) {
        [true, false] => 0,
        [false, true] => 1,
        _ => return None,
    };
    let next = blocks[target].args(pool).map(|arg| arg.as_value()).collect::<Option<_>>()?;
    Some(Back { target, next })
}

/// The values that an instruction wants in registers, without what it passes around.
pub fn each_wanted(func: &Function, inst: Inst, back: Option<&Back>, mut with: impl FnMut(Value)) {
    let with = |value| {
        if in_register(func, value) {
            with(value);
        }
    };
    match (&func.dfg.insts[inst], back) {
        (InstructionData::Brif { arg, blocks, .. }, Some(back)) => {
            let args = blocks[1 - back.target].args(&func.dfg.value_lists);
            args.filter_map(|arg| arg.as_value()).chain([*arg]).for_each(with);
        }
        _ => each_value(func, inst, with),
    }
}

/// Who uses elsewhere what a block makes.
#[derive(Default)]
pub struct Users {
    of: HashMap<Value, Vec<Inst>>,
    /// What is used in loops that the block is not in.
    in_loops: HashSet<Value>,
}

impl Users {
    pub fn find(context: &Context, body: &Body) -> Self {
        let Context { func, loop_analysis, .. } = context;
        let mut users = Self::default();
        for block in func.layout.blocks().filter(|&block| block != body.block) {
            let around = loop_analysis.innermost_loop(block);
            let is_in_loop = around.is_some_and(|it| !loop_analysis.is_in_loop(body.block, it));
            for inst in func.layout.block_insts(block) {
                each_value(func, inst, |value| {
                    if body.makes(value) {
                        let of = users.of.entry(value).or_default();
                        if of.last() != Some(&inst) {
                            of.push(inst);
                        }
                        if is_in_loop {
                            users.in_loops.insert(value);
                        }
                    }
                });
            }
        }
        users
    }

    /// Whether there are any.
    pub fn are(&self, value: Value) -> bool {
        self.of.contains_key(&value)
    }

    /// Whether each may load the value for itself.
    pub fn are_few(&self, value: Value) -> bool {
        self.of(value).len() <= FEW && !self.in_loops.contains(&value)
    }

    pub fn of(&self, value: Value) -> &[Inst] {
        self.of.get(&value).map_or(&[], |users| users)
    }

    /// What is used elsewhere.
    pub fn values(&self) -> impl Iterator<Item = Value> + use<'_> {
        self.of.keys().copied()
    }
}
