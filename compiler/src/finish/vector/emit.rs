//! The loop of vectors, in front of the one it is made of.
//!
//! ```text
//! many:    how often does it go around at least? Often enough, or to the loop.
//! inside:  is all that the vectors come to inside of the memory, and apart from what is stored? Or to the loop.
//! vectors: the loop of vectors.
//! rest:    the sums of what vectors have summed up, on to the loop.
//! loop:    as it was: it goes on from there, once at least.
//! ```
//!
//! So whatever traps, or depends on what was stored by a turn before, is left to the loop as it was. That
//! everything is inside is found out with 64 bits, in which nothing wraps around. The addresses have the form
//! that all addresses have, with an index of 32 bits: no number that is wrong here leads out of a memory with guard pages.

mod nodes;

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, Function, InstBuilder, Opcode, Type, Value, types};

use super::access::{Accesses, Root};
use super::counted::Counted;
use super::pack::{Packing, Sum};
use crate::finish::number;

/// Puts the loop of vectors in front of the loop.
pub fn emit(
    func: &mut Function,
    cfg: &ControlFlowGraph,
    counted: &Counted,
    accesses: &Accesses,
    packing: &Packing,
    least: i64,
) {
    let scalar = counted.block;
    let blocks = Blocks {
        many: block(func, scalar),
        inside: block(func, scalar),
        vectors: block(func, scalar),
        rest: block(func, scalar),
    };
    let from: Vec<_> = cfg.pred_iter(scalar).filter(|pred| pred.inst != counted.branch).collect();
    for pred in from {
        let dfg = &mut func.dfg;
        let targets = dfg.insts[pred.inst]
            .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
        for target in targets {
            if target.block(&dfg.value_lists) == scalar {
                target.set_block(blocks.many, &mut dfg.value_lists);
            }
        }
    }
    let place = func.srcloc(counted.branch);
    let mut cursor = FuncCursor::new(func);
    cursor.set_srcloc(place);
    let mut emitter = Emitter {
        cursor,
        blocks,
        counted,
        accesses,
        packing,
        first: HashMap::new(),
        before: HashMap::new(),
        nodes: Vec::new(),
    };
    emitter.all(least);
}

fn block(func: &mut Function, before: Block) -> Block {
    let block = func.dfg.make_block();
    func.layout.insert_block(block, before);
    block
}

#[derive(Clone, Copy)]
struct Blocks {
    many: Block,
    inside: Block,
    vectors: Block,
    rest: Block,
}

struct Emitter<'a> {
    cursor: FuncCursor<'a>,
    blocks: Blocks,
    counted: &'a Counted,
    accesses: &'a Accesses,
    packing: &'a Packing,
    /// What the loop's parameters are at first.
    first: HashMap<Value, Value>,
    /// What of the loop's parameters was loaded a turn ago.
    before: HashMap<Value, Value>,
    /// The vectors that there are already.
    nodes: Vec<Option<Value>>,
}

/// What is done with a root.
struct Walk {
    /// The first index.
    index: Value,
    /// What it is more by after each turn of vectors, in bytes.
    step: i64,
}

impl Emitter<'_> {
    fn all(&mut self, least: i64) {
        let turns = self.many(least);
        let walks = self.inside(turns);
        let sums = self.vectors(turns, &walks);
        self.rest(turns, &sums);
    }

    /// How many turns of vectors there are; to the loop as it was if they are too few.
    fn many(&mut self, least: i64) -> Value {
        let Self { cursor, blocks, counted, first, .. } = self;
        cursor.goto_bottom(blocks.many);
        for &(param, _) in &counted.params {
            let ty = cursor.func.dfg.value_type(param);
            first.insert(param, cursor.func.dfg.append_block_param(blocks.many, ty));
        }
        let in_one = self.packing.turns as u32;
        let turns =
            counted.times.emit(cursor, in_one, |value| first.get(&value).copied().unwrap_or(value));
        let least = number(cursor, types::I64, least);
        let enough = cursor.ins().icmp(IntCC::SignedGreaterThanOrEqual, turns, least);
        let back = self.as_it_was();
        self.cursor.ins().brif(enough, self.blocks.inside, &[], self.counted.block, &back);
        turns
    }

    /// The loop's first parameters.
    fn as_it_was(&self) -> Vec<BlockArg> {
        self.counted.params.iter().map(|(param, _)| self.first[param].into()).collect()
    }

    /// Finds out whether everything is inside of the memory and apart from what is stored.
    fn inside(&mut self, turns: Value) -> Vec<Walk> {
        self.cursor.goto_bottom(self.blocks.inside);
        let len = self.accesses.memory.len(&mut self.cursor);
        let mut failed = None;
        let mut walks = Vec::new();
        let mut ranges = Vec::new();
        for root in &self.accesses.roots {
            let range = self.range(root, turns, len, &mut failed, &mut walks);
            ranges.push(range);
        }
        for (number, &(begin, end)) in ranges.iter().enumerate() {
            for (other, &(other_begin, other_end)) in ranges.iter().enumerate().skip(number + 1) {
                let stored =
                    |of| self.accesses.all.iter().any(|access| access.store && access.root == of);
                if !stored(number) && !stored(other) {
                    continue;
                }
                let before = self.cursor.ins().icmp(IntCC::UnsignedLessThan, begin, other_end);
                let behind = self.cursor.ins().icmp(IntCC::UnsignedLessThan, other_begin, end);
                let overlap = self.cursor.ins().band(before, behind);
                self.or(&mut failed, overlap);
            }
        }
        self.outside_nodes();
        let mut entry: Vec<BlockArg> = walks.iter().map(|walk| walk.index.into()).collect();
        for sum in &self.packing.sums {
            let ty = self.packing.nodes[sum.of[0]].1;
            let start = self.neutral(sum.opcode, ty);
            entry.push(start.into());
        }
        entry.extend(self.carried().map(|param| BlockArg::from(self.first[&param])));
        let back = self.as_it_was();
        let failed = failed.expect("there is at least one root");
        self.cursor.ins().brif(failed, self.counted.block, &back, self.blocks.vectors, &entry);
        walks
    }

    /// The parameters that are what was loaded a turn ago, in order.
    fn carried(&self) -> impl Iterator<Item = Value> + use<'_> {
        let params = self.counted.params.iter().map(|param| param.0);
        params.filter(|param| self.accesses.carried.contains_key(param))
    }

    fn or(&mut self, all: &mut Option<Value>, one: Value) {
        *all = Some(match *all {
            Some(all) => self.cursor.ins().bor(all, one),
            None => one,
        });
    }

    /// Where in the memory the accesses of a root begin and end.
    fn range(
        &mut self,
        root: &Root,
        turns: Value,
        len: Value,
        failed: &mut Option<Value>,
        walks: &mut Vec<Walk>,
    ) -> (Value, Value) {
        let Self { cursor, packing, first, .. } = self;
        let index = root.index.emit(cursor, |value| first.get(&value).copied().unwrap_or(value));
        let index = cursor.ins().uextend(types::I64, index);
        let index = match root.shift {
            0 => index,
            by => cursor.ins().ishl_imm_u(index, i64::from(by)),
        };
        let step = root.step * i64::from(packing.turns);
        // From the first turn to the last one of the loop as it was.
        let way = match step {
            0 => None,
            _ => {
                let by = number(cursor, types::I64, step);
                let way = cursor.ins().imul(turns, by);
                Some(sum(cursor, way, -root.step))
            }
        };
        let last = way.map_or(index, |way| cursor.ins().iadd(index, way));
        let (low, high) = if step < 0 { (last, index) } else { (index, last) };
        let end = sum(cursor, high, root.reach.1);
        let outside = cursor.ins().icmp(IntCC::UnsignedGreaterThan, end, len);
        self.or(failed, outside);
        if step < 0 {
            // An end below the start of the memory would be one of those that are far too large.
            let outside = self.cursor.ins().icmp(IntCC::UnsignedGreaterThan, low, len);
            self.or(failed, outside);
        }
        // Backwards, what is furthest down in the first turn of vectors is what its last turn comes to.
        let below = self.below(root);
        let start = sum(&mut self.cursor, index, below);
        let start = self.cursor.ins().ireduce(types::I32, start);
        walks.push(Walk { index: start, step });
        (sum(&mut self.cursor, low, root.reach.0), end)
    }

    /// How far below the first turn's index the lowest one of a turn of vectors is, in bytes: none, or negative.
    fn below(&self, root: &Root) -> i64 {
        (root.step * i64::from(self.packing.turns - 1)).min(0)
    }

    /// What does not change a sum.
    fn neutral(&mut self, opcode: Opcode, ty: Type) -> Value {
        let byte = if opcode == Opcode::Band { u8::MAX } else { 0 };
        self.bytes(ty, vec![byte; ty.bytes() as usize])
    }

    fn vectors(&mut self, turns: Value, walks: &[Walk]) -> Vec<Value> {
        let block = self.blocks.vectors;
        let mut params = Vec::new();
        for _ in walks {
            params.push(self.cursor.func.dfg.append_block_param(block, types::I32));
        }
        let first_sum = params.len();
        for sum in &self.packing.sums {
            let ty = self.packing.nodes[sum.of[0]].1;
            params.push(self.cursor.func.dfg.append_block_param(block, ty));
        }
        let first_carried = params.len();
        let carried: Vec<Value> = self.carried().collect();
        for &param in &carried {
            let ty = self.cursor.func.dfg.value_type(param);
            params.push(self.cursor.func.dfg.append_block_param(block, ty));
        }
        self.before =
            carried.iter().copied().zip(params[first_carried..].iter().copied()).collect();
        // One of the indices says when it ends.
        let counter = walks.iter().position(|walk| walk.step != 0).expect("something moves");
        self.cursor.goto_last_inst(self.blocks.inside);
        let by = number(&mut self.cursor, types::I32, walks[counter].step);
        let all = self.cursor.ins().ireduce(types::I32, turns);
        let all = self.cursor.ins().imul(all, by);
        let end = self.cursor.ins().iadd(walks[counter].index, all);
        self.cursor.goto_bottom(block);
        let addresses: Vec<Value> = params[..first_sum]
            .iter()
            .map(|&index| {
                let index = self.cursor.ins().uextend(types::I64, index);
                self.accesses.base.plus(&mut self.cursor, index)
            })
            .collect();
        for node in 0..self.packing.nodes.len() {
            if self.nodes[node].is_none() {
                let value = self.node(node, &addresses);
                self.nodes[node] = Some(value);
            }
        }
        let last: Vec<Value> = carried.iter().map(|param| self.last(*param, &addresses)).collect();
        let mut stores: Vec<_> = self.packing.stores.iter().collect();
        stores.sort_by_key(|(place, _)| self.counted.places[&place.access.inst]);
        for (place, node) in stores {
            self.store(*place, *node, &addresses);
        }
        let mut next: Vec<Value> = Vec::new();
        for (walk, &param) in walks.iter().zip(&params) {
            next.push(match walk.step {
                0 => param,
                step => {
                    let by = number(&mut self.cursor, types::I32, step);
                    self.cursor.ins().iadd(param, by)
                }
            });
        }
        for (Sum { opcode, of, .. }, &param) in self.packing.sums.iter().zip(&params[first_sum..]) {
            let mut sum = param;
            for &node in of {
                let value = self.nodes[node].expect("it has been made");
                sum = self.binary(*opcode, sum, value);
            }
            next.push(sum);
        }
        next.extend(last);
        let more = self.cursor.ins().icmp(IntCC::NotEqual, next[counter], end);
        let around: Vec<BlockArg> = next.iter().map(|&value| value.into()).collect();
        self.cursor.ins().brif(more, block, &around, self.blocks.rest, &[]);
        next.split_off(first_sum)
    }

    fn rest(&mut self, turns: Value, sums: &[Value]) {
        self.cursor.goto_bottom(self.blocks.rest);
        let done = self.cursor.ins().ireduce(types::I32, turns);
        let mut args: Vec<BlockArg> = Vec::new();
        for (param, _) in &self.counted.params {
            let first = self.first[param];
            let sum = self.packing.sums.iter().position(|sum| sum.param == *param);
            let before = self.carried().position(|carried| carried == *param);
            let value = match (sum, before) {
                (Some(number), _) => {
                    self.total(self.packing.sums[number].opcode, first, sums[number])
                }
                (None, Some(number)) => sums[self.packing.sums.len() + number],
                (None, None) => {
                    let by = self.counted.steps[param].wrapping_mul(self.packing.turns);
                    let by = number(&mut self.cursor, types::I32, by.into());
                    let by = self.cursor.ins().imul(done, by);
                    self.cursor.ins().iadd(first, by)
                }
            };
            args.push(value.into());
        }
        self.cursor.ins().jump(self.counted.block, &args);
    }

    /// What all lanes come to.
    fn total(&mut self, opcode: Opcode, first: Value, lanes: Value) -> Value {
        let count = self.cursor.func.dfg.value_type(lanes).lane_count();
        (0..count).fold(first, |sum, lane| {
            let value = self.cursor.ins().extractlane(lanes, lane as u8);
            self.binary(opcode, sum, value)
        })
    }
}

/// A value of 64 bits and a number.
fn sum(cursor: &mut FuncCursor<'_>, value: Value, by: i64) -> Value {
    match by {
        0 => value,
        _ => {
            let by = number(cursor, types::I64, by);
            cursor.ins().iadd(value, by)
        }
    }
}
