//! The order of a block's instructions around its sums.

use std::collections::{HashMap, HashSet, VecDeque};

use cranelift_codegen::ir::{Block, Function, Inst, Value};

use super::sums::Sum;
use crate::finish::{def_in, has_effect};

/// Puts a block's instructions in order again: those with effects as they were, a sum as soon as what it is of is
/// there and nobody else needs that any more, everything else in front of what first needs it.
///
/// # Panics
/// If an effect depends on one behind it, which [`find`](super::sums::find) sees to that none does.
pub fn arrange(func: &mut Function, block: Block, sums: &[Sum]) {
    let insts: Vec<Inst> = func.layout.block_insts(block).collect();
    let mut order = Order::new(func, block, &insts, sums);
    let (&end, others) = insts.split_last().expect("a block has a terminator");
    for &inst in others.iter().filter(|&&inst| has_effect(func, inst)) {
        order.put(inst);
        while let Some(sum) = order.complete.pop_front() {
            order.put(*sums[sum].insts.last().expect("it has some"));
        }
    }
    for &inst in others {
        order.put(inst);
    }
    order.put(end);
    let all = order.all;
    for inst in insts {
        func.layout.remove_inst(inst);
    }
    for inst in all {
        func.layout.append_inst(inst, block);
    }
}

struct Order<'a> {
    func: &'a Function,
    block: Block,
    /// What has been put so far.
    all: Vec<Inst>,
    is_put: HashSet<Inst>,
    /// The instructions of sums.
    own: HashSet<Inst>,
    /// What sums are of.
    parts: HashMap<Value, Part>,
    /// How many of its parts each sum waits for.
    missing: Vec<usize>,
    /// The sums that wait for nothing any more.
    complete: VecDeque<usize>,
}

/// What sums are of.
#[derive(Default)]
struct Part {
    /// Whose.
    sums: Vec<usize>,
    /// How many instructions that make or use it, and are no sums, have not been put.
    left: usize,
}

impl<'a> Order<'a> {
    fn new(func: &'a Function, block: Block, insts: &[Inst], sums: &[Sum]) -> Self {
        let own: HashSet<Inst> = sums.iter().flat_map(|sum| sum.insts).collect();
        let mut parts: HashMap<Value, Part> = HashMap::new();
        for (number, sum) in sums.iter().enumerate() {
            for &value in &sum.of {
                let part = parts.entry(func.dfg.resolve_aliases(value)).or_default();
                if part.sums.last() != Some(&number) {
                    part.sums.push(number);
                }
            }
        }
        for &inst in insts {
            each_part(func, &own, inst, |value| {
                if let Some(part) = parts.get_mut(&value) {
                    part.left += 1;
                }
            });
        }
        let mut missing = vec![0; sums.len()];
        for part in parts.values().filter(|part| part.left > 0) {
            part.sums.iter().for_each(|&sum| missing[sum] += 1);
        }
        let (all, is_put) = (Vec::with_capacity(insts.len()), HashSet::with_capacity(insts.len()));
        Self { func, block, all, is_put, own, parts, missing, complete: VecDeque::new() }
    }

    /// Puts an instruction behind what it depends on.
    fn put(&mut self, inst: Inst) {
        let func = self.func;
        let mut left = vec![inst];
        while let Some(&next) = left.last() {
            let missing = func.dfg.inst_values(next).find_map(|value| {
                let def = def_in(func, self.block, func.dfg.resolve_aliases(value))?;
                (!self.is_put.contains(&def)).then_some(def)
            });
            if let Some(missing) = missing.filter(|_| !self.is_put.contains(&next)) {
                assert!(!has_effect(func, missing), "an effect depends on what is behind it");
                left.push(missing);
                continue;
            }
            left.pop();
            if !self.is_put.insert(next) {
                continue;
            }
            self.all.push(next);
            let Self { parts, missing, complete, .. } = self;
            each_part(func, &self.own, next, |value| {
                let Some(part) = parts.get_mut(&value) else { return };
                part.left -= 1;
                if part.left == 0 {
                    for &sum in &part.sums {
                        missing[sum] -= 1;
                        if missing[sum] == 0 {
                            complete.push_back(sum);
                        }
                    }
                }
            });
        }
    }
}

/// What an instruction makes, and uses if it is not one of a sum: as often as it does.
fn each_part(func: &Function, own: &HashSet<Inst>, inst: Inst, mut each: impl FnMut(Value)) {
    func.dfg.inst_results(inst).iter().for_each(|&result| each(result));
    if !own.contains(&inst) {
        func.dfg.inst_values(inst).for_each(|value| each(func.dfg.resolve_aliases(value)));
    }
}
