//! What vectors become: instructions in the loop of vectors and in front of it.

use cranelift_codegen::cursor::Cursor;
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::{
    ConstantData, Endianness, InstBuilder, MemFlagsData, Opcode, Type, Value, types,
};

use super::Emitter;
use crate::finish::number;
use crate::finish::vector::pack::{Amount, Condition, Node, Place, Vector};

impl Emitter<'_> {
    pub(super) fn bytes(&mut self, ty: Type, bytes: Vec<u8>) -> Value {
        let constant = self.cursor.func.dfg.constants.insert(ConstantData::from(bytes));
        self.cursor.ins().vconst(ty, constant)
    }

    /// The vectors that are the same in all turns.
    pub(super) fn outside_nodes(&mut self) {
        for (vector, ty) in &self.packing.nodes {
            let value = match *vector {
                Vector::Constant(bits) => Some(self.constant(bits, *ty)),
                Vector::Splat(value) => Some(self.splat(value, *ty)),
                _ => None,
            };
            self.nodes.push(value);
        }
    }

    pub(super) fn constant(&mut self, bits: u64, ty: Type) -> Value {
        let lane = &bits.to_le_bytes()[..ty.lane_type().bytes() as usize];
        self.bytes(ty, lane.repeat(ty.lane_count() as usize))
    }

    pub(super) fn splat(&mut self, value: Value, ty: Type) -> Value {
        let value = self.low_bits(value, ty.lane_type());
        self.cursor.ins().splat(ty, value)
    }

    /// A value, or as many of its low bits as a lane has.
    pub(super) fn low_bits(&mut self, value: Value, lane: Type) -> Value {
        match self.cursor.func.dfg.value_type(value) == lane {
            true => value,
            false => self.cursor.ins().ireduce(lane, value),
        }
    }

    pub(super) fn binary(&mut self, opcode: Opcode, a: Value, b: Value) -> Value {
        let ty = self.cursor.func.dfg.value_type(a);
        let (inst, dfg) = self.cursor.ins().Binary(opcode, ty, a, b);
        dfg.first_result(inst)
    }

    pub(super) fn node(&mut self, node: Node, addresses: &[Value]) -> Value {
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
            Vector::Gather(access, ref offsets) => {
                let mut all = None;
                for (lane, &offset) in (0..).zip(offsets) {
                    let (address, flags, offset) = self.at(Place { access, offset }, addresses);
                    let value = self.cursor.ins().load(ty.lane_type(), flags, address, offset);
                    all = Some(match all {
                        Some(all) => self.cursor.ins().insertlane(all, value, lane),
                        None => self.cursor.ins().scalar_to_vector(ty, value),
                    });
                }
                all.expect("a vector has lanes")
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
            Vector::Product(a, b, both) => {
                let (a, mut b) = (of(self, a), of(self, b));
                if both {
                    let low = self.constant(u16::MAX.into(), ty);
                    b = self.cursor.ins().band(b, low);
                }
                // Of each two the second one is a zero, of the second factor at least.
                let [a, b] = [a, b].map(|factor| self.cast(factor, types::I16X8));
                self.dot(a, b)
            }
            Vector::Dot(a, b) => {
                let (a, b) = (of(self, a), of(self, b));
                self.dot(a, b)
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

    /// As Cranelift knows it.
    fn dot(&mut self, a: Value, b: Value) -> Value {
        let [low_a, low_b] = [a, b].map(|factor| self.cursor.ins().swiden_low(factor));
        let [high_a, high_b] = [a, b].map(|factor| self.cursor.ins().swiden_high(factor));
        let low = self.cursor.ins().imul(low_a, low_b);
        let high = self.cursor.ins().imul(high_a, high_b);
        self.cursor.ins().iadd_pairwise(low, high)
    }

    pub(super) fn cast(&mut self, value: Value, ty: Type) -> Value {
        if self.cursor.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.cursor.ins().bitcast(ty, flags, value)
    }

    /// An address, what is known of accesses there, and the offset.
    pub(super) fn at(
        &mut self,
        place: Place,
        addresses: &[Value],
    ) -> (Value, MemFlagsData, Offset32) {
        let access = place.access;
        self.cursor.set_srcloc(self.cursor.func.srcloc(access.inst));
        let root = &self.accesses.roots[access.root];
        let offset = place.offset - self.below(root);
        let offset = i32::try_from(offset).expect("everything is near its root");
        let flags = self.cursor.func.dfg.mem_flags[access.flags];
        (addresses[access.root], flags, offset.into())
    }

    pub(super) fn load(
        &mut self,
        place: Place,
        extend: Option<bool>,
        ty: Type,
        addresses: &[Value],
    ) -> Value {
        let (address, flags, offset) = self.at(place, addresses);
        let ins = self.cursor.ins();
        match (place.access.size, extend) {
            (_, None) => ins.load(ty, flags, address, offset),
            (2, Some(true)) => ins.sload16x4(flags, address, offset),
            (2, Some(false)) => ins.uload16x4(flags, address, offset),
            (_, Some(true)) if ty == types::I16X8 => ins.sload8x8(flags, address, offset),
            (_, Some(false)) if ty == types::I16X8 => ins.uload8x8(flags, address, offset),
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
    pub(super) fn last(&mut self, param: Value, addresses: &[Value]) -> Value {
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

    pub(super) fn store(&mut self, place: Place, node: Node, addresses: &[Value]) {
        let (address, flags, offset) = self.at(place, addresses);
        let mut value = self.nodes[node].expect("it has been made");
        let ty = self.cursor.func.dfg.value_type(value);
        let unused = 8 * (ty.lane_type().bytes() - place.access.size);
        if unused > 0 {
            // The low bits of each lane, as what a narrowing that saturates leaves alone.
            let by = number(&mut self.cursor, types::I32, unused.into());
            value = self.cursor.ins().ishl(value, by);
            value = self.cursor.ins().sshr(value, by);
            for _ in 0..(ty.lane_type().bytes() / place.access.size).trailing_zeros() {
                value = self.cursor.ins().snarrow(value, value);
            }
            let stored = place.access.size * ty.lane_count();
            let part = if stored == 8 { types::I64X2 } else { types::I32X4 };
            value = self.cast(value, part);
            value = self.cursor.ins().extractlane(value, 0);
        }
        self.cursor.ins().store(flags, value, address, offset);
    }
}
