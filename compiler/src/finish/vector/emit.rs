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

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{
    Block, BlockArg, ConstantData, Endianness, Function, InstBuilder, MemFlagsData, Opcode, Type,
    Value, types,
};

use super::access::{Accesses, Root};
use super::counted::Counted;
use super::pack::{Amount, Condition, Node, Packing, Place, Sum, Vector};
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

    fn bytes(&mut self, ty: Type, bytes: Vec<u8>) -> Value {
        let constant = self.cursor.func.dfg.constants.insert(ConstantData::from(bytes));
        self.cursor.ins().vconst(ty, constant)
    }

    /// The vectors that are the same in all turns.
    fn outside_nodes(&mut self) {
        for (vector, ty) in &self.packing.nodes {
            let value = match *vector {
                Vector::Constant(bits) => Some(self.constant(bits, *ty)),
                Vector::Splat(value) => Some(self.splat(value, *ty)),
                _ => None,
            };
            self.nodes.push(value);
        }
    }

    fn constant(&mut self, bits: u64, ty: Type) -> Value {
        let lane = &bits.to_le_bytes()[..ty.lane_type().bytes() as usize];
        self.bytes(ty, lane.repeat(ty.lane_count() as usize))
    }

    fn splat(&mut self, value: Value, ty: Type) -> Value {
        let value = self.low_bits(value, ty.lane_type());
        self.cursor.ins().splat(ty, value)
    }

    /// A value, or as many of its low bits as a lane has.
    fn low_bits(&mut self, value: Value, lane: Type) -> Value {
        match self.cursor.func.dfg.value_type(value) == lane {
            true => value,
            false => self.cursor.ins().ireduce(lane, value),
        }
    }

    /// The loop of vectors; what it has summed up.
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
                self.cursor.ins().iadd(self.accesses.base, index)
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

    fn binary(&mut self, opcode: Opcode, a: Value, b: Value) -> Value {
        let ty = self.cursor.func.dfg.value_type(a);
        let (inst, dfg) = self.cursor.ins().Binary(opcode, ty, a, b);
        dfg.first_result(inst)
    }

    fn node(&mut self, node: Node, addresses: &[Value]) -> Value {
        let (vector, ty) = &self.packing.nodes[node];
        let ty = *ty;
        let of = |emitter: &Self, node: Node| {
            emitter.nodes[node].expect("made before what is made of it")
        };
        match *vector {
            Vector::Constant(_) | Vector::Splat(_) => unreachable!("made in front of the loop"),
            Vector::Load(place, extend) => self.load(place, extend, ty, addresses),
            Vector::Insert(load, param, lane) => {
                let load = of(self, load);
                let value = self.low_bits(self.before[&param], ty.lane_type());
                self.cursor.ins().insertlane(load, value, lane)
            }
            Vector::LoadSplat(place) => {
                let (address, flags, offset) = self.at(place, addresses);
                let value = self.cursor.ins().load(ty.lane_type(), flags, address, offset);
                self.cursor.ins().splat(ty, value)
            }
            Vector::Unary(opcode, a) => {
                let a = of(self, a);
                let (inst, dfg) = self.cursor.ins().Unary(opcode, ty, a);
                dfg.first_result(inst)
            }
            Vector::Binary(opcode, a, b) => {
                let (a, b) = (of(self, a), of(self, b));
                self.binary(opcode, a, b)
            }
            Vector::Shift(opcode, a, by) => {
                let a = of(self, a);
                let by = match by {
                    Amount::Constant(by) => number(&mut self.cursor, types::I32, by as i64),
                    Amount::Value(value) => value,
                };
                self.binary(opcode, a, by)
            }
            Vector::Compare(condition, a, b) => {
                let (a, b) = (of(self, a), of(self, b));
                match condition {
                    Condition::Int(cond) => self.cursor.ins().icmp(cond, a, b),
                    Condition::Float(cond) => {
                        // Cranelift's comparison would take what is loaded from memory itself, wherever that
                        // is, which x86-64 without AVX allows at multiples of 16 only.
                        let [a, b] = [a, b].map(|value| {
                            let of = self.cursor.func.dfg.value_type(value);
                            let bits = self.cast(value, ty);
                            self.cast(bits, of)
                        });
                        self.cursor.ins().fcmp(cond, a, b)
                    }
                }
            }
            Vector::Select(condition, a, b) => {
                let (condition, a, b) = (of(self, condition), of(self, a), of(self, b));
                let condition = self.cast(condition, ty);
                self.cursor.ins().bitselect(condition, a, b)
            }
            Vector::Truth(condition) => {
                let condition = of(self, condition);
                let condition = self.cast(condition, ty);
                let one = self.constant(1, ty);
                self.cursor.ins().band(condition, one)
            }
        }
    }

    fn cast(&mut self, value: Value, ty: Type) -> Value {
        if self.cursor.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.cursor.ins().bitcast(ty, flags, value)
    }

    /// An address, what is known of accesses there, and the offset.
    fn at(&mut self, place: Place, addresses: &[Value]) -> (Value, MemFlagsData, Offset32) {
        let access = place.access;
        self.cursor.set_srcloc(self.cursor.func.srcloc(access.inst));
        let root = &self.accesses.roots[access.root];
        let offset = place.offset - self.below(root);
        let offset = i32::try_from(offset).expect("everything is near its root");
        let flags = self.cursor.func.dfg.mem_flags[access.flags];
        (addresses[access.root], flags, offset.into())
    }

    fn load(&mut self, place: Place, extend: Option<bool>, ty: Type, addresses: &[Value]) -> Value {
        let (address, flags, offset) = self.at(place, addresses);
        let ins = self.cursor.ins();
        match (place.access.size, extend) {
            (_, None) => ins.load(ty, flags, address, offset),
            (2, Some(true)) => ins.sload16x4(flags, address, offset),
            (2, Some(false)) => ins.uload16x4(flags, address, offset),
            (_, Some(signed)) => {
                let bytes = ins.load(types::I32, flags, address, offset);
                let bytes = self.cursor.ins().scalar_to_vector(types::I32X4, bytes);
                let bytes = self.cast(bytes, types::I8X16);
                let widen = |emitter: &mut Self, value| match signed {
                    true => emitter.cursor.ins().swiden_low(value),
                    false => emitter.cursor.ins().uwiden_low(value),
                };
                let shorts = widen(self, bytes);
                widen(self, shorts)
            }
        }
    }

    /// What a load finds in the last turn.
    fn last(&mut self, param: Value, addresses: &[Value]) -> Value {
        let inst = self.accesses.carried[&param];
        let access = *self.accesses.of(inst).expect("it is a load");
        let step = self.accesses.roots[access.root].step;
        let place =
            Place { access, offset: access.offset + step * i64::from(self.packing.turns - 1) };
        let (address, _, offset) = self.at(place, addresses);
        let opcode = self.cursor.func.dfg.insts[inst].opcode();
        let ty = self.cursor.func.dfg.value_type(param);
        let (inst, dfg) = self.cursor.ins().Load(opcode, ty, access.flags, offset, address);
        dfg.first_result(inst)
    }

    fn store(&mut self, place: Place, node: Node, addresses: &[Value]) {
        let (address, flags, offset) = self.at(place, addresses);
        let mut value = self.nodes[node].expect("it has been made");
        let ty = self.cursor.func.dfg.value_type(value);
        let unused = 8 * (ty.lane_type().bytes() - place.access.size);
        if unused > 0 {
            // The low bits of each lane, as what a narrowing that saturates leaves alone.
            let by = number(&mut self.cursor, types::I32, unused.into());
            value = self.cursor.ins().ishl(value, by);
            value = self.cursor.ins().sshr(value, by);
            value = self.cursor.ins().snarrow(value, value);
            let part = if place.access.size == 2 {
                types::I64X2
            } else {
                value = self.cursor.ins().snarrow(value, value);
                types::I32X4
            };
            value = self.cast(value, part);
            value = self.cursor.ins().extractlane(value, 0);
        }
        self.cursor.ins().store(flags, value, address, offset);
    }

    /// On to the loop as it was, with what the vectors have come to.
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
