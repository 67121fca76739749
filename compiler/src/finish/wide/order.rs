//! The order of a block's instructions around its sums.

use std::collections::{HashMap, VecDeque};

use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::{Block, Function, Inst, Value};

use super::sums::{Sum, has_effect};

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
    is_put: EntitySet<Inst>,
    /// The sums that wait for an instruction.
    waiting: SecondaryMap<Inst, Vec<usize>>,
    /// For how many instructions each sum waits.
    missing: Vec<usize>,
    /// The sums that wait for nothing any more.
    complete: VecDeque<usize>,
}

impl<'a> Order<'a> {
    fn new(func: &'a Function, block: Block, insts: &[Inst], sums: &[Sum]) -> Self {
        let mut order = Self {
            func,
            block,
            all: Vec::with_capacity(insts.len()),
            is_put: EntitySet::new(),
            waiting: SecondaryMap::new(),
            missing: vec![0; sums.len()],
            complete: VecDeque::new(),
        };
        let mut parts: HashMap<Value, Vec<usize>> = HashMap::new();
        let mut own: EntitySet<Inst> = EntitySet::new();
        for (number, sum) in sums.iter().enumerate() {
            own.extend(sum.insts);
            for &part in &sum.of {
                let part = func.dfg.resolve_aliases(part);
                parts.entry(part).or_default().push(number);
                if let Some(def) = order.def(part) {
                    order.wait(number, def);
                }
            }
        }
        for &inst in insts.iter().filter(|&&inst| !own.contains(inst)) {
            for value in func.dfg.inst_values(inst) {
                for &sum in parts.get(&func.dfg.resolve_aliases(value)).into_iter().flatten() {
                    order.wait(sum, inst);
                }
            }
        }
        order
    }

    fn wait(&mut self, sum: usize, inst: Inst) {
        self.waiting[inst].push(sum);
        self.missing[sum] += 1;
    }

    /// The instruction of the block that a value comes from.
    fn def(&self, value: Value) -> Option<Inst> {
        let inst = self.func.dfg.value_def(value).inst()?;
        (self.func.layout.inst_block(inst) == Some(self.block)).then_some(inst)
    }

    /// Puts an instruction behind what it depends on.
    fn put(&mut self, inst: Inst) {
        let func = self.func;
        let mut left = vec![inst];
        while let Some(&next) = left.last() {
            let missing = func.dfg.inst_values(next).find_map(|value| {
                let def = self.def(func.dfg.resolve_aliases(value))?;
                (!self.is_put.contains(def)).then_some(def)
            });
            if let Some(missing) = missing.filter(|_| !self.is_put.contains(next)) {
                assert!(!has_effect(func, missing), "an effect depends on what is behind it");
                left.push(missing);
                continue;
            }
            left.pop();
            if !self.is_put.insert(next) {
                continue;
            }
            self.all.push(next);
            for sum in std::mem::take(&mut self.waiting[next]) {
                self.missing[sum] -= 1;
                if self.missing[sum] == 0 {
                    self.complete.push_back(sum);
                }
            }
        }
    }
}
