//! Values get names of their own in loops where registers are short elsewhere.
//!
//! Register allocation gives a value and all that it is merged with (what goes around a loop, say) a register in
//! at most three pieces; where it cannot, the value lives in the frame, and each of its uses loads it. So calls
//! and crowded blocks around a small loop take registers from the loop itself. Here what such a loop uses is
//! copied in front of it, and what it makes for others is copied behind it: copies are allocated alone. A copy
//! is an addition of zero, which the mid-end is past removing, and costs an instruction for each time that the
//! loop is entered or left.
//!
//! Where registers are short is estimated from spans, the blocks from a value's definition to its last use in
//! the order in which code comes. All of this takes time in proportion to the function, whatever its loops.

use std::collections::HashMap;

use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::{EntityRef, EntitySet, SecondaryMap};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, Opcode, Value};
use cranelift_codegen::loop_analysis::{Loop, LoopAnalysis};

use super::{each_value, in_register};

/// How many values registers hold: all that can be allocated, less a few for what comes and goes in blocks.
const REGISTERS: i32 = 11;
/// How many they hold across calls.
const PRESERVED: i32 = 5;
/// How many loops around a use are asked whether the value comes from outside of them, and how many exits of
/// a loop are looked at. More than that only makes the estimate worse.
const FEW: usize = 16;

/// Gives names of their own to what loops use and make, where that may pay. Which blocks call is known.
pub fn at_loops(context: &mut Context, calls: &EntitySet<Block>) {
    if context.loop_analysis.loops().next().is_none() {
        return;
    }
    let order: Vec<Block> = context.domtree.cfg_rpo().copied().collect();
    let mut shape = Shape::new(&context.loop_analysis, calls, &order);
    let entries = shape.entries(context, &order);
    if entries.iter().all(Option::is_none) {
        return;
    }
    shape.find_spans(&context.func, &context.loop_analysis, &order);
    let tight = shape.tight(&context.func, &order);
    if tight.within(0, order.len() as u32 - 1) == 0 {
        return;
    }
    let regions = Regions::new(context, &shape, &entries, &tight, &order);
    if regions.chosen.is_empty() {
        return;
    }
    let mut split = Split { shape, tight, regions };
    split.behind(context, &order);
    split.inside(context, &order);
}

/// Where blocks, loops and values begin and end, in the order of blocks.
struct Shape {
    place: SecondaryMap<Block, u32>,
    /// First and last block.
    loops: Vec<(u32, u32)>,
    spans: SecondaryMap<Value, (u32, u32)>,
    /// Whether there is a call in the block.
    calls: Vec<bool>,
}

impl Shape {
    /// All but the spans.
    fn new(analysis: &LoopAnalysis, calls: &EntitySet<Block>, order: &[Block]) -> Self {
        let mut place = SecondaryMap::new();
        for (number, &block) in order.iter().enumerate() {
            place[block] = number as u32;
        }
        let mut loops: Vec<_> =
            analysis.loops().map(|it| (place[analysis.loop_header(it)], 0)).collect();
        for &block in order {
            if let Some(it) = analysis.innermost_loop(block) {
                loops[it.index()].1 = place[block]; // the last one stays
            }
        }
        // Outer loops come first.
        for it in analysis.loops().rev() {
            if let Some(parent) = analysis.loop_parent(it) {
                loops[parent.index()].1 = loops[parent.index()].1.max(loops[it.index()].1);
            }
        }
        let calls = order.iter().map(|&block| calls.contains(block)).collect();
        Self { place, loops, spans: SecondaryMap::new(), calls }
    }

    /// For each loop without calls that one jump leads into: that jump.
    fn entries(&self, context: &Context, order: &[Block]) -> Vec<Option<Inst>> {
        let Context { func, cfg, loop_analysis: analysis, .. } = context;
        let mut calls = vec![false; self.loops.len()];
        for (&block, &call) in order.iter().zip(&self.calls) {
            if call && let Some(it) = analysis.innermost_loop(block) {
                calls[it.index()] = true;
            }
        }
        for it in analysis.loops().rev() {
            if let Some(parent) = analysis.loop_parent(it) {
                calls[parent.index()] |= calls[it.index()];
            }
        }
        let entry = |it: Loop| {
            let (first, _) = self.loops[it.index()];
            let preds = cfg.pred_iter(analysis.loop_header(it));
            let mut outside = preds.filter(|pred| self.place[pred.block] < first);
            let pred = outside.next().filter(|_| !calls[it.index()] && outside.next().is_none())?;
            (func.dfg.insts[pred.inst].opcode() == Opcode::Jump).then_some(pred.inst)
        };
        analysis.loops().map(entry).collect()
    }

    fn find_spans(&mut self, func: &Function, analysis: &LoopAnalysis, order: &[Block]) {
        self.spans.resize(func.dfg.num_values());
        for (here, &block) in order.iter().enumerate() {
            let here = here as u32;
            for &param in func.dfg.block_params(block) {
                self.spans[param] = (here, here);
            }
            let innermost = analysis.innermost_loop(block);
            for inst in func.layout.block_insts(block) {
                each_value(func, inst, |value| {
                    let span = &mut self.spans[value];
                    if span.0 == here {
                        return;
                    }
                    let mut end = here;
                    let mut around = innermost;
                    for _ in 0..FEW {
                        let Some(it) = around.filter(|it| self.loops[it.index()].0 > span.0) else {
                            break;
                        };
                        end = self.loops[it.index()].1;
                        around = analysis.loop_parent(it);
                    }
                    span.1 = span.1.max(end);
                });
                for &result in func.dfg.inst_results(inst) {
                    self.spans[result] = (here, here);
                }
            }
        }
    }

    /// Where registers are short.
    fn tight(&self, func: &Function, order: &[Block]) -> Tight {
        let mut change = vec![(0i32, 0i32); order.len() + 2];
        for (value, &(start, end)) in self.spans.iter() {
            if start < end && in_register(func, value) {
                let (start, end) = (start as usize, end as usize);
                change[start + 1].0 += 1;
                change[end + 1].0 -= 1;
                // Across what is in the last block nobody knows.
                change[start + 1].1 += 1;
                change[end].1 -= 1;
            }
        }
        let (mut live, mut across, mut blocks) = (0, 0, 0);
        let mut before = vec![0];
        for (here, &call) in self.calls.iter().enumerate() {
            live += change[here].0;
            across += change[here].1;
            blocks += u32::from(live > REGISTERS || call && across > PRESERVED);
            before.push(blocks);
        }
        Tight { before }
    }
}

/// Where registers are short.
struct Tight {
    /// For each block, in how many that come before it.
    before: Vec<u32>,
}

impl Tight {
    /// In how many blocks from one to another.
    fn within(&self, from: u32, to: u32) -> u32 {
        if from > to { 0 } else { self.before[to as usize + 1] - self.before[from as usize] }
    }
}

/// A loop that gets names of its own.
struct Region {
    /// First and last block.
    span: (u32, u32),
    /// The jump into it.
    entry: Inst,
    /// What only it leaves for.
    exits: Vec<Block>,
}

struct Regions {
    chosen: Vec<Region>,
    /// For each block, the chosen loop that it is in.
    of: SecondaryMap<Block, Option<u32>>,
}

impl Regions {
    /// Chooses the largest loops of those with known entries in which registers are not short, if they are elsewhere.
    fn new(
        context: &Context,
        shape: &Shape,
        entries: &[Option<Inst>],
        tight: &Tight,
        order: &[Block],
    ) -> Self {
        let Context { cfg, loop_analysis: analysis, .. } = context;
        let mut chosen = Vec::new();
        let mut which: Vec<Option<u32>> = vec![None; shape.loops.len()];
        for it in analysis.loops() {
            let i = it.index();
            which[i] = analysis.loop_parent(it).and_then(|parent| which[parent.index()]);
            let span = shape.loops[i];
            if which[i].is_none()
                && tight.within(span.0, span.1) == 0
                && let Some(entry) = entries[i]
            {
                which[i] = Some(chosen.len() as u32);
                chosen.push(Region { span, entry, exits: Vec::new() });
            }
        }
        let mut of = SecondaryMap::with_capacity(context.func.dfg.num_blocks());
        for &block in order {
            of[block] = analysis.innermost_loop(block).and_then(|it: Loop| which[it.index()]);
        }
        let mut asked = SecondaryMap::with_capacity(context.func.dfg.num_blocks());
        for &block in order {
            let Some(region) = of[block] else { continue };
            for next in cfg.succ_iter(block) {
                let exits = &mut chosen[region as usize].exits;
                if of[next] == Some(region) || asked[next] == Some(region) || exits.len() == FEW {
                    continue;
                }
                asked[next] = Some(region);
                if cfg.pred_iter(next).all(|pred| of[pred.block] == Some(region)) {
                    exits.push(next);
                }
            }
        }
        Self { chosen, of }
    }
}

struct Split {
    shape: Shape,
    tight: Tight,
    regions: Regions,
}

impl Split {
    /// What a chosen loop makes is copied behind it for those who use it there.
    fn behind(&mut self, context: &mut Context, order: &[Block]) {
        let Context { func, domtree, .. } = context;
        let wanted = self.wanted(func, order);
        if wanted.is_empty() {
            return;
        }
        let Self { shape, regions, .. } = self;
        let mut copies: HashMap<(Block, Value), Value> = HashMap::new();
        for &block in order {
            let own = regions.of[block];
            replace(func, block, |func, value| {
                let region = *wanted.get(&value).filter(|&&region| Some(region) != own)?;
                let mut exits = regions.chosen[region as usize].exits.iter();
                let exit = *exits.find(|&&exit| domtree.block_dominates(exit, block))?;
                let (_, end) = shape.spans[value];
                Some(*copies.entry((exit, value)).or_insert_with(|| {
                    let first = func.layout.first_inst(exit).expect("blocks have ends");
                    let copy = copy(func, first, value);
                    shape.spans[copy] = (shape.place[exit], end);
                    copy
                }))
            });
        }
    }

    /// What chosen loops make that lives on where registers are short; and which of the loops.
    fn wanted(&self, func: &Function, order: &[Block]) -> HashMap<Value, u32> {
        let Self { shape, tight, regions } = self;
        let mut wanted = HashMap::new();
        for &block in order {
            let Some(number) = regions.of[block] else { continue };
            let (_, last) = regions.chosen[number as usize].span;
            let results =
                func.layout.block_insts(block).flat_map(|inst| func.dfg.inst_results(inst));
            for &value in func.dfg.block_params(block).iter().chain(results) {
                let (_, end) = shape.spans[value];
                if tight.within(last + 1, end) > 0 && in_register(func, value) {
                    wanted.insert(value, number);
                }
            }
        }
        wanted
    }

    /// What a chosen loop uses of others is copied in front of it.
    fn inside(&mut self, context: &mut Context, order: &[Block]) {
        let func = &mut context.func;
        let Self { shape, tight, regions } = self;
        let mut copies: HashMap<(u32, Value), Value> = HashMap::new();
        for &block in order {
            let Some(number) = regions.of[block] else { continue };
            let region = &regions.chosen[number as usize];
            replace(func, block, |func, value| {
                let (start, end) = shape.spans[value];
                let outside = tight.within(start + 1, region.span.0 - 1)
                    + tight.within(region.span.1 + 1, end);
                if start >= region.span.0 || outside == 0 || !in_register(func, value) {
                    return None;
                }
                Some(
                    *copies
                        .entry((number, value))
                        .or_insert_with(|| copy(func, region.entry, value)),
                )
            });
        }
    }
}

/// Has the instructions that a block has so far use something else.
fn replace(
    func: &mut Function,
    block: Block,
    mut with: impl FnMut(&mut Function, Value) -> Option<Value>,
) {
    let mut values = Vec::new();
    let mut next = func.layout.first_inst(block);
    while let Some(inst) = next {
        next = func.layout.next_inst(inst);
        values.clear();
        each_value(func, inst, |value| values.push(value));
        let mut changed = false;
        for value in &mut values {
            if let Some(new) = with(func, *value) {
                *value = new;
                changed = true;
            }
        }
        if changed {
            func.dfg.overwrite_inst_values(inst, values.iter().copied());
        }
    }
}

/// Adds zero to a value, in front of an instruction. Sums are hidden: otherwise this would be one of what they are
/// sums of, which would have to stay for it.
fn copy(func: &mut Function, before: Inst, value: Value) -> Value {
    let ty = func.dfg.value_type(value);
    let def = func.dfg.value_def(value).inst();
    let sum = def.is_some_and(|def| func.dfg.insts[def].opcode() == Opcode::Iadd);
    let mut cursor = FuncCursor::new(func).at_inst(before);
    let mut hidden = value;
    if sum && ty == I32 {
        let extended = cursor.ins().uextend(I64, value); // neither is an instruction of the machine's
        hidden = cursor.ins().ireduce(I32, extended);
    }
    let zero = cursor.ins().iconst(ty, 0);
    cursor.ins().iadd(hidden, zero)
}
