//! Sums of 128 bits, found by their carries.
//!
//! `low = a + b` and `high = c + d + (low < a)` become one addition of `c:a` and `d:b`. Where the parts come in
//! another order than the whole needs them it can only be done if nothing that has an effect asks for `low` before `c`
//! and `d` are known. So each value of the block knows the first effect that depends on it.

use std::collections::{HashMap, HashSet};

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value, types,
};

use crate::finish::{become_alias, def_in, has_effect};

/// How far from each other in their block the halves of a sum are at most.
const FAR: usize = 512;
/// How many instructions are looked at to find out what the high halves depend on.
const LOOKS: usize = 512;

/// A sum that has been made.
pub struct Sum {
    /// Its instructions, in order.
    pub insts: [Inst; 4],
    /// What it is of.
    pub of: Vec<Value>,
}

/// The parts of a sum.
struct Parts {
    low: Inst,
    high: Inst,
    /// What is added, low half and high half: the high half may be zero.
    terms: [(Value, Option<Value>); 2],
    /// What nobody needs then.
    unused: Vec<Inst>,
}

/// Whether one of the terms of a sum may be a carry.
pub fn is_carry_added(func: &Function, args: [Value; 2]) -> bool {
    carry(func, args).is_some()
}

/// The carry among the terms of a sum, what it is added to, the comparison, and the two that are compared, of which
/// the first would be the sum.
fn carry(func: &Function, args: [Value; 2]) -> Option<(Value, Inst, Inst, [Value; 2])> {
    let dfg = &func.dfg;
    if dfg.value_type(args[0]) != types::I64 {
        return None;
    }
    [[args[0], args[1]], [args[1], args[0]]].into_iter().find_map(|[to, carry]| {
        let extended = dfg.value_def(carry).inst()?;
        let InstructionData::Unary { opcode: Opcode::Uextend, arg } = dfg.insts[extended] else {
            return None;
        };
        let compared = dfg.value_def(arg).inst()?;
        let InstructionData::IntCompare { cond, args: [a, b], .. } = dfg.insts[compared] else {
            return None;
        };
        let sides = match cond {
            IntCC::UnsignedLessThan => [a, b],
            IntCC::UnsignedGreaterThan => [b, a],
            _ => return None,
        };
        (dfg.value_type(a) == types::I64).then_some((to, extended, compared, sides))
    })
}

/// Makes the sums that a block has. Their instructions are somewhere in it then, and others in their old order, which
/// may be behind those that use them.
pub fn find(func: &mut Function, uses: &mut SecondaryMap<Value, u32>, block: Block) -> Vec<Sum> {
    let order: Vec<Inst> = func.layout.block_insts(block).collect();
    let mut finder = Finder::new(func, uses, block, &order);
    let mut sums = Vec::new();
    for (place, high) in order.into_iter().enumerate() {
        if let Some(parts) = finder.parts(high)
            && finder.is_possible(&parts, place)
        {
            sums.push(finder.make(parts));
        }
    }
    sums
}

struct Finder<'a> {
    func: &'a mut Function,
    uses: &'a mut SecondaryMap<Value, u32>,
    block: Block,
    places: HashMap<Inst, usize>,
    /// The instructions with an effect, numbered.
    effects: HashMap<Inst, u32>,
    /// The first effect that depends on a value, if any does.
    wanted: HashMap<Value, u32>,
}

impl<'a> Finder<'a> {
    fn new(
        func: &'a mut Function,
        uses: &'a mut SecondaryMap<Value, u32>,
        block: Block,
        order: &[Inst],
    ) -> Self {
        let places = order.iter().copied().zip(0..).collect();
        let with_effect = order.iter().copied().filter(|&inst| has_effect(func, inst));
        let effects: HashMap<Inst, u32> = with_effect.zip(0..).collect();
        let mut wanted: HashMap<Value, u32> = HashMap::new();
        for inst in order.iter().rev() {
            let by = effects.get(inst).copied().or_else(|| {
                let results = func.dfg.inst_results(*inst).iter();
                results.filter_map(|result| wanted.get(result).copied()).min()
            });
            let Some(by) = by else { continue };
            for value in func.dfg.inst_values(*inst) {
                let value = func.dfg.resolve_aliases(value);
                wanted.entry(value).and_modify(|known| *known = by.min(*known)).or_insert(by);
            }
        }
        Self { func, uses, block, places, effects, wanted }
    }

    fn def(&self, value: Value) -> Option<Inst> {
        def_in(self.func, self.block, value)
    }

    /// The sum whose high half an instruction is.
    fn parts(&self, high: Inst) -> Option<Parts> {
        let dfg = &self.func.dfg;
        let InstructionData::Binary { opcode: Opcode::Iadd, args } = dfg.insts[high] else {
            return None;
        };
        let (to, extended, compared, sides) = carry(self.func, args)?;
        let [sum, term] = sides.map(|side| dfg.resolve_aliases(side));
        let low = self.def(sum)?;
        let InstructionData::Binary { opcode: Opcode::Iadd, args } = dfg.insts[low] else {
            return None;
        };
        let args = args.map(|arg| dfg.resolve_aliases(arg));
        let other = match args {
            [a, b] if a == term => b,
            [a, b] if b == term => a,
            _ => return None,
        };
        let once = |inst: Inst| self.uses[dfg.first_result(inst)] == 1;
        let mut unused = Vec::new();
        if once(extended) && self.def(dfg.first_result(extended)).is_some() {
            unused.push(extended);
            if once(compared) && self.def(dfg.first_result(compared)).is_some() {
                unused.push(compared);
            }
        }
        let to = dfg.resolve_aliases(to);
        let halves = self.def(to).filter(|&inst| once(inst)).map(|inst| (inst, dfg.insts[inst]));
        let terms = match halves {
            Some((inst, InstructionData::Binary { opcode: Opcode::Iadd, args: [a, b] })) => {
                unused.push(inst);
                let [a, b] = [a, b].map(|value| dfg.resolve_aliases(value));
                [(term, Some(a)), (other, Some(b))]
            }
            _ => [(term, Some(to)), (other, None)],
        };
        Some(Parts { low, high, terms, unused })
    }

    /// Whether the high halves can be there before anybody needs the low half of the sum, `place` being where its
    /// high half is.
    fn is_possible(&self, parts: &Parts, place: usize) -> bool {
        let dfg = &self.func.dfg;
        let sum = dfg.first_result(parts.low);
        if self.places.get(&parts.low).is_none_or(|from| place - from > FAR) {
            return false;
        }
        let before = self.wanted.get(&sum).copied().unwrap_or(u32::MAX);
        let mut left: Vec<Value> = parts.terms.iter().filter_map(|term| term.1).collect();
        let mut seen = HashSet::new();
        while let Some(value) = left.pop() {
            if value == sum || seen.len() > LOOKS {
                return false;
            }
            let Some(inst) = self.def(value) else { continue };
            match self.effects.get(&inst) {
                Some(&effect) if effect >= before => return false,
                Some(_) => {}
                None if seen.insert(inst) => {
                    left.extend(dfg.inst_values(inst).map(|value| dfg.resolve_aliases(value)));
                }
                None => {}
            }
        }
        true
    }

    fn make(&mut self, parts: Parts) -> Sum {
        let Parts { low, high, terms, unused } = parts;
        for inst in unused {
            for value in self.func.dfg.inst_values(inst) {
                self.uses[value] -= 1;
            }
            self.func.layout.remove_inst(inst);
        }
        let srcloc = self.func.srcloc(high);
        let mut cursor = FuncCursor::new(self.func).at_inst(high).with_srcloc(srcloc);
        let [first, second] = terms.map(|(low, high)| match high {
            Some(high) => cursor.ins().iconcat(low, high),
            None => cursor.ins().uextend(types::I128, low),
        });
        let sum = cursor.ins().iadd(first, second);
        let (sum_low, sum_high) = cursor.ins().isplit(sum);
        let split = self.func.dfg.value_def(sum_low).inst().expect("isplit has results");
        let [first, second, sum] = [first, second, sum]
            .map(|value| self.func.dfg.value_def(value).inst().expect("it has just been made"));
        let of: Vec<Value> =
            terms.iter().flat_map(|&(low, high)| [Some(low), high]).flatten().collect();
        for &value in &of {
            self.uses[value] += 1;
        }
        for (inst, half) in [(low, sum_low), (high, sum_high)] {
            let old = self.func.dfg.first_result(inst);
            self.uses[half] = self.uses[old];
            if let Some(&wanted) = self.wanted.get(&old) {
                self.wanted.insert(half, wanted);
            }
            become_alias(self.func, inst, half);
        }
        let wanted = [sum_low, sum_high].iter().filter_map(|half| self.wanted.get(half)).min();
        if let Some(&wanted) = wanted {
            self.want(of.clone(), wanted);
        }
        Sum { insts: [first, second, sum, split], of }
    }

    /// Notes that an effect depends on some values.
    fn want(&mut self, mut left: Vec<Value>, by: u32) {
        while let Some(value) = left.pop() {
            if self.wanted.get(&value).is_some_and(|&known| known <= by) {
                continue;
            }
            self.wanted.insert(value, by);
            if let Some(inst) = self.def(value).filter(|inst| !self.effects.contains_key(inst)) {
                let dfg = &self.func.dfg;
                left.extend(dfg.inst_values(inst).map(|value| dfg.resolve_aliases(value)));
            }
        }
    }
}
