//! What several turns of a loop compute, as vectors.
//!
//! It begins with what the turns leave behind: what they store next to each other, and sums. What each of
//! the values in a vector is made of has to be of one kind, down to what is loaded from one place after the
//! other, to constants, and to what is the same all the time.

mod range;
mod short;
mod sums;

use std::collections::HashMap;
use std::mem;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Function, InstructionData, Opcode, Type, Value, types};
use target_lexicon::Architecture;

use self::sums::Summands;
use super::access::{Access, Accesses};
use super::counted::Counted;
use crate::translate::constant;

/// How many vectors and operations on them a loop has at most.
const MAX_NODES: usize = 128;
/// The bytes of a vector.
const VECTOR: u32 = 16;
/// How many turns can become one at most.
const MAX_TURNS: i32 = VECTOR as i32;

/// A value in one of the turns that become one.
type Lane = (Value, i32);

/// The number of a vector.
pub type Node = usize;

/// What becomes of a loop.
pub struct Packing {
    /// How many turns become one.
    pub turns: i32,
    /// The vectors, each behind those it is made of, with their types.
    pub nodes: Vec<(Vector, Type)>,
    /// What is stored, in order.
    pub stores: Vec<(Place, Node)>,
    /// The sums: a parameter, what it is combined by, and what with.
    pub sums: Vec<Sum>,
}

/// A parameter that values are added to.
pub struct Sum {
    /// Which.
    pub param: Value,
    /// How: an operation for which order makes no difference.
    pub opcode: Opcode,
    /// Vectors of those values.
    pub of: Vec<Node>,
}

/// Where a vector is in memory.
#[derive(Clone, Copy)]
pub struct Place {
    /// An access that is a part of this.
    pub access: Access,
    /// How far from the root, in bytes.
    pub offset: i64,
}

/// A vector, or an operation on some.
pub enum Vector {
    /// The same value in each lane, or its low bits.
    Splat(Value),
    /// The same constant in each lane: its bits.
    Constant(u64),
    /// What is next to each other in memory. Whether to extend it with its sign, if at all.
    Load(Place, Option<bool>),
    /// A vector, with what a parameter is in one of the lanes.
    Insert(Node, Value, u8),
    /// What is at one place, in each lane.
    LoadSplat(Place),
    /// What is at several places, each so far from its root, in bytes.
    Gather(Access, Vec<i64>),
    Unary(Opcode, Node),
    Binary(Opcode, Node, Node),
    /// The product of numbers of 16 bits, with signs, in lanes of 32; whether both can be negative: the first can.
    Product(Node, Node, bool),
    /// Of lanes of 16 bits, with signs, the products of 32, and of each two of them the sum.
    Dot(Node, Node),
    /// By as much in each lane.
    Shift(Opcode, Node, Amount),
    /// Ones where it is true.
    Compare(Condition, Node, Node),
    /// Where it is true the second, elsewhere the third.
    Select(Node, Node, Node),
    /// The number 1 where it is true, else 0.
    Truth(Node),
}

impl Vector {
    /// How many instructions fewer this is than what it stands for, about.
    fn saved(&self, ty: Type) -> i64 {
        let lanes = i64::from(ty.lane_count());
        let (scalar, vector) = match self {
            Self::Splat(_) | Self::Constant(_) => (0, 0),
            Self::Gather(..) => (lanes, lanes),
            Self::Binary(Opcode::Imul, ..) if ty == types::I32X4 => (lanes, 7),
            Self::Product(.., both) => (lanes, 1 + i64::from(*both)),
            Self::Dot(..) => (3 * lanes, 1),
            _ => (lanes, 1),
        };
        scalar - vector
    }
}

/// What lanes are shifted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    Constant(u64),
    Value(Value),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    Int(IntCC),
    Float(FloatCC),
}

impl Packing {
    /// How many turns a loop of vectors has to take at least to be worth finding out whether it can; `None` if it
    /// hardly ever is.
    pub fn least(&self) -> Option<i64> {
        const LEAST_SAVED: i64 = 5;
        const FINDING_OUT: i64 = 40;
        let saved = self.saved();
        (saved >= LEAST_SAVED).then(|| (FINDING_OUT / saved).max(2))
    }

    /// How many instructions fewer a turn of vectors takes than the turns it stands for, about.
    fn saved(&self) -> i64 {
        const AROUND: i64 = 3;
        let nodes: i64 = self.nodes.iter().map(|(vector, ty)| vector.saved(*ty)).sum();
        let lanes = |&(_, node): &(Place, Node)| i64::from(self.nodes[node].1.lane_count());
        let stores: i64 = self.stores.iter().map(|store| lanes(store) - 1).sum();
        nodes + stores + AROUND * i64::from(self.turns - 1)
    }

    /// Finds one in which as few turns as possible become one.
    pub fn find(
        func: &Function,
        counted: &Counted,
        accesses: &Accesses,
        architecture: Architecture,
    ) -> Option<Self> {
        let sums = sums::sums(func, counted, accesses)?;
        if sums.is_empty() && !accesses.all.iter().any(|access| access.store) {
            return None;
        }
        let by_pairs = architecture == Architecture::X86_64;
        let dots = sums.iter().any(|sum| sum.are_products);
        for dots in [true, false].into_iter().skip(usize::from(!dots)) {
            for width in Width::all(accesses) {
                let mut turns = 1;
                while turns <= MAX_TURNS {
                    let (nodes, known) = (Vec::new(), HashMap::new());
                    let style = Style { width, dots, by_pairs };
                    let packer = Packer { func, counted, accesses, turns, style, nodes, known };
                    if let Some(packing) = packer.all(&sums) {
                        return Some(packing);
                    }
                    turns *= 2;
                }
            }
        }
        None
    }
}

/// How vectors are made, where there is more than one way.
#[derive(Clone, Copy)]
struct Style {
    width: Width,
    /// Sums of products of 16 bits are of two at a time.
    dots: bool,
    /// So are products of 16 bits that nothing is added to: multiplying 32 takes longer.
    by_pairs: bool,
}

/// With how many bits is computed what is stored with fewer.
#[derive(Clone, Copy, PartialEq)]
enum Width {
    /// With as few, which often can be done.
    Least,
    /// With 16 at least.
    Short,
    /// With all.
    Whole,
}

impl Width {
    /// Those that make a difference.
    fn all(accesses: &Accesses) -> impl Iterator<Item = Self> {
        let stores = accesses.all.iter().filter(|access| access.store);
        let least = stores.map(|store| store.size).min().unwrap_or(VECTOR);
        let different = [true, least == 1, least <= 2];
        let all = [Self::Least, Self::Short, Self::Whole].into_iter().zip(different);
        all.filter_map(|(width, different)| different.then_some(width))
    }
}

struct Packer<'a> {
    func: &'a Function,
    counted: &'a Counted,
    accesses: &'a Accesses,
    turns: i32,
    style: Style,
    nodes: Vec<(Vector, Type)>,
    known: HashMap<(Vec<Lane>, Type), Node>,
}

impl Packer<'_> {
    /// All that is stored and summed up.
    fn all(mut self, sums: &[Summands]) -> Option<Packing> {
        let stores = self.stores()?;
        let sums = sums
            .iter()
            .map(|sum| Some(Sum { param: sum.param, opcode: sum.opcode, of: self.sum(sum)? }));
        let sums = sums.collect::<Option<_>>()?;
        Some(Packing { turns: self.turns, nodes: self.nodes, stores, sums })
    }

    /// How far from its root an access is in one of the turns.
    fn offset(&self, access: &Access, turn: i32) -> i64 {
        access.offset + self.accesses.roots[access.root].step * i64::from(turn)
    }

    /// All stores as such of vectors, in the order in which the first ones of them come.
    fn stores(&mut self) -> Option<Vec<(Place, Node)>> {
        let mut packed = Vec::new();
        for root in 0..self.accesses.roots.len() {
            let stores =
                self.accesses.all.iter().filter(|access| access.store && access.root == root);
            let turns = self.turns;
            let all = stores.flat_map(|store| (0..turns).map(move |turn| (store, turn)));
            let mut all: Vec<_> =
                all.map(|(store, turn)| (self.offset(store, turn), turn, store)).collect();
            let Some(&(_, _, first)) = all.first() else { continue };
            all.sort_by_key(|&(offset, ..)| offset);
            self.can_move(&all)?;
            let value = self.func.dfg.value_type(first.value);
            let lane = match first.size {
                1 if self.style.width == Width::Least => types::I8,
                1 | 2 if self.style.width != Width::Whole => types::I16,
                _ => value,
            };
            let lanes = (VECTOR / lane.bytes()) as usize;
            let same = all.iter().all(|(.., store)| {
                store.size == first.size && self.func.dfg.value_type(store.value) == value
            });
            if !same || !all.len().is_multiple_of(lanes) {
                return None;
            }
            for vector in all.chunks(lanes) {
                let next =
                    |pair: &[(i64, i32, &Access)]| pair[0].0 + i64::from(first.size) == pair[1].0;
                if !vector.windows(2).all(next) {
                    return None;
                }
                let node = self.pack(
                    vector.iter().map(|&(_, turn, store)| (store.value, turn)).collect(),
                    lane,
                )?;
                packed.push((Place { access: *vector[0].2, offset: vector[0].0 }, node));
            }
        }
        Some(packed)
    }

    /// Whether stores of one root, in the order of where they are, can be done behind all loads.
    fn can_move(&self, stores: &[(i64, i32, &Access)]) -> Option<()> {
        let overlap = |a: i64, a_size: u32, b: i64, b_size: u32| {
            a < b + i64::from(b_size) && b < a + i64::from(a_size)
        };
        for pair in stores.windows(2) {
            if overlap(pair[0].0, pair[0].2.size, pair[1].0, pair[1].2.size) {
                return None;
            }
        }
        let when = |turn: i32, access: &Access| (turn, self.counted.places[&access.inst]);
        let root = stores.first()?.2.root;
        for load in self.accesses.all.iter().filter(|access| !access.store && access.root == root) {
            for turn in 0..self.turns {
                let offset = self.offset(load, turn);
                let near =
                    stores.partition_point(|store| store.0 + i64::from(store.2.size) <= offset);
                for &(at, of, store) in &stores[near..] {
                    if !overlap(at, store.size, offset, load.size) {
                        break;
                    }
                    if when(of, store) < when(turn, load) {
                        return None;
                    }
                }
            }
        }
        Some(())
    }

    fn pack(&mut self, lanes: Vec<Lane>, ty: Type) -> Option<Node> {
        if let Some(&node) = self.known.get(&(lanes.clone(), ty)) {
            return Some(node);
        }
        let of = |&(value, _): &Lane| self.func.dfg.value_type(value);
        if lanes.iter().any(|lane| of(lane) != of(&lanes[0])) {
            return None;
        }
        let vector = self.vector(&lanes, ty)?;
        let count = lanes.len() as u32;
        let node = self.push(vector, ty.by(count)?)?;
        self.known.insert((lanes, ty), node);
        Some(node)
    }

    fn push(&mut self, vector: Vector, ty: Type) -> Option<Node> {
        let new = self.nodes.len();
        self.nodes.push((vector, ty));
        (new < MAX_NODES).then_some(new)
    }

    fn vector(&mut self, lanes: &[Lane], ty: Type) -> Option<Vector> {
        let (func, counted) = (self.func, self.counted);
        let dfg = &func.dfg;
        let (value, _) = lanes[0];
        let narrow = dfg.value_type(value) != ty;
        let constants = |value| bits(func, value);
        if let Some(first) = constants(value) {
            let same = lanes.iter().all(|&(lane, _)| constants(lane) == Some(first));
            return same.then_some(Vector::Constant(first & u64::MAX >> (64 - ty.bits())));
        }
        if counted.is_outside(func, value) {
            return lanes.iter().all(|lane| lane.0 == value).then_some(Vector::Splat(value));
        }
        if lanes.iter().any(|(value, _)| self.accesses.carried.contains_key(value)) {
            return self.carried(lanes, ty);
        }
        let inst = counted.inst(func, value)?;
        if let Some(&access) = self.accesses.of(inst) {
            return self.load(lanes, ty, access);
        }
        let data = dfg.insts[inst];
        let mut all = Vec::with_capacity(lanes.len());
        for &(value, turn) in lanes {
            let data = dfg.insts[counted.inst(func, value)?];
            all.push((data, turn));
        }
        let args = |place: usize| {
            let arg = |&(data, turn): &(InstructionData, i32)| {
                let args = match data {
                    InstructionData::Unary { arg, .. } => [arg; 3],
                    InstructionData::Binary { args: [a, b], .. }
                    | InstructionData::IntCompare { args: [a, b], .. }
                    | InstructionData::FloatCompare { args: [a, b], .. } => [a, b, b],
                    InstructionData::Ternary { args, .. } => args,
                    _ => return None,
                };
                Some((dfg.resolve_aliases(args[place]), turn))
            };
            all.iter().map(arg).collect::<Option<Vec<Lane>>>()
        };
        if !all.iter().all(|(other, _)| same_kind(&data, other)) {
            return None;
        }
        if narrow && ty == types::I16 {
            if short::looks_at_all(data.opcode()) {
                return self.short(data.opcode(), args);
            }
            if let Some(field) = self.field(lanes) {
                return self.cut_out(field);
            }
        }
        let vector = match data {
            InstructionData::Unary { opcode: Opcode::Uextend, arg } if ty == types::I32 => {
                // A comparison's result as a number.
                let (Some(inst), types::I8) = (counted.inst(func, arg), dfg.value_type(arg)) else {
                    return None;
                };
                let (InstructionData::IntCompare { .. } | InstructionData::FloatCompare { .. }) =
                    dfg.insts[inst]
                else {
                    return None;
                };
                Vector::Truth(self.compare(args(0)?, ty)?)
            }
            InstructionData::Unary { opcode, .. } if is_unary(opcode, ty) => {
                Vector::Unary(opcode, self.pack(args(0)?, ty)?)
            }
            InstructionData::Binary { opcode, args: [_, by] } if is_shift(opcode) && !narrow => {
                let by = match constant(dfg, by) {
                    Some(by) => Amount::Constant(by % u64::from(ty.bits())),
                    None if counted.is_outside(func, by) => Amount::Value(dfg.resolve_aliases(by)),
                    None => return None,
                };
                let same = args(1)?.iter().all(|&(value, _)| match by {
                    Amount::Constant(by) => {
                        constant(dfg, value).map(|value| value % u64::from(ty.bits())) == Some(by)
                    }
                    Amount::Value(by) => by == value,
                });
                let shifts = ty == types::I32 || ty == types::I64 && opcode != Opcode::Sshr;
                if !same || !shifts {
                    return None;
                }
                Vector::Shift(opcode, self.pack(args(0)?, ty)?, by)
            }
            InstructionData::Binary { opcode: Opcode::Imul, .. }
                if ty == types::I32 && !narrow && self.style.by_pairs =>
            {
                self.product(args(0)?, args(1)?)?
            }
            InstructionData::Binary { opcode, .. } if is_binary(opcode, ty, narrow) => {
                Vector::Binary(opcode, self.pack(args(0)?, ty)?, self.pack(args(1)?, ty)?)
            }
            InstructionData::Ternary { opcode: Opcode::Select, .. }
                if (!narrow || ty == types::I16) && ty != types::I64 =>
            {
                let condition = self.compare(args(0)?, ty)?;
                Vector::Select(condition, self.pack(args(1)?, ty)?, self.pack(args(2)?, ty)?)
            }
            _ => return None,
        };
        Some(vector)
    }

    /// Products of 32 bits, which it is best to have of 16.
    fn product(&mut self, mut a: Vec<Lane>, mut b: Vec<Lane>) -> Option<Vector> {
        let short = self.are_short(&a) && self.are_short(&b);
        let natural = [&a, &b].map(|lanes| self.are_natural(lanes));
        if natural == [true, false] {
            mem::swap(&mut a, &mut b);
        }
        let both = natural == [false, false];
        let (a, b) = (self.pack(a, types::I32)?, self.pack(b, types::I32)?);
        Some(match short {
            true => Vector::Product(a, b, both),
            false => Vector::Binary(Opcode::Imul, a, b),
        })
    }

    /// Comparisons whose results choose between values of as many bits.
    fn compare(&mut self, lanes: Vec<Lane>, ty: Type) -> Option<Node> {
        let (func, counted) = (self.func, self.counted);
        let dfg = &func.dfg;
        let comparison = |&(value, turn): &Lane| {
            Some(match dfg.insts[counted.inst(func, value)?] {
                InstructionData::IntCompare { cond, args, .. } => {
                    (Condition::Int(cond), args, turn)
                }
                InstructionData::FloatCompare { cond, args, .. } => {
                    (Condition::Float(cond), args, turn)
                }
                _ => return None,
            })
        };
        let all: Vec<_> = lanes.iter().map(comparison).collect::<Option<_>>()?;
        if let Some(&node) = self.known.get(&(lanes.clone(), ty)) {
            return Some(node);
        }
        let (condition, [first, _], _) = all[0];
        let mut of = dfg.value_type(first);
        let sides = [0, 1].map(|place: usize| {
            let side = all.iter().map(|(_, args, turn)| (dfg.resolve_aliases(args[place]), *turn));
            side.collect::<Vec<Lane>>()
        });
        if (of, ty) == (types::I32, types::I16) && sides.iter().all(|side| self.are_short(side)) {
            of = ty;
        }
        let compares = of.bits() == ty.bits() && of != types::I64;
        if !compares || all.iter().any(|(other, ..)| *other != condition) {
            return None;
        }
        let [a, b] = sides.map(|side| self.pack(side, of));
        let shape = Type::int_with_byte_size(of.bytes() as u16)?.by(lanes.len() as u32)?;
        let node = self.push(Vector::Compare(condition, a?, b?), shape)?;
        self.known.insert((lanes, ty), node);
        Some(node)
    }

    /// What was loaded a turn ago: in the first turn it is the parameter, whatever that is at first.
    fn carried(&mut self, lanes: &[Lane], ty: Type) -> Option<Vector> {
        let mut param = None;
        let mut loads = Vec::with_capacity(lanes.len());
        for (lane, &(value, turn)) in lanes.iter().enumerate() {
            match self.accesses.carried.get(&value) {
                Some(&load) => {
                    loads.push((self.func.dfg.first_result(load), turn - 1));
                    if turn == 0 && param.replace((value, lane as u8)).is_some() {
                        return None;
                    }
                }
                None => loads.push((value, turn)),
            }
        }
        let first = *self.accesses.of(self.counted.inst(self.func, loads[0].0)?)?;
        let load = self.load(&loads, ty, first)?;
        let Some((param, lane)) = param else { return Some(load) };
        let load = self.push(load, ty.by(lanes.len() as u32)?)?;
        Some(Vector::Insert(load, param, lane))
    }

    fn load(&self, lanes: &[Lane], ty: Type, first: Access) -> Option<Vector> {
        let (func, counted) = (self.func, self.counted);
        let opcode = func.dfg.insts[first.inst].opcode();
        let offset = |&(value, turn): &Lane| {
            let inst = counted.inst(func, value)?;
            let access = self.accesses.of(inst)?;
            let alike = access.root == first.root && func.dfg.insts[inst].opcode() == opcode;
            alike.then(|| self.offset(access, turn))
        };
        let offsets: Vec<i64> = lanes.iter().map(offset).collect::<Option<_>>()?;
        let place = Place { access: first, offset: offsets[0] };
        let whole = first.size == ty.bytes();
        if whole && offsets.iter().all(|&offset| offset == offsets[0]) {
            return (opcode == Opcode::Load).then_some(Vector::LoadSplat(place));
        }
        if !offsets.windows(2).all(|pair| pair[0] + i64::from(first.size) == pair[1]) {
            let gather = whole && ty == types::I16;
            return gather.then_some(Vector::Gather(first, offsets));
        }
        // With as many bits as are loaded it makes no difference how they would be extended.
        let extend = match opcode {
            _ if whole => None,
            Opcode::Sload8 if matches!(ty, types::I16 | types::I32) => Some(true),
            Opcode::Uload8 if matches!(ty, types::I16 | types::I32) => Some(false),
            Opcode::Sload16 if ty == types::I32 => Some(true),
            Opcode::Uload16 if ty == types::I32 => Some(false),
            _ => return None,
        };
        Some(Vector::Load(place, extend))
    }
}

/// The bits of a constant.
fn bits(func: &Function, value: Value) -> Option<u64> {
    match func.dfg.insts[func.dfg.value_def(value).inst()?] {
        InstructionData::UnaryIeee32 { imm, .. } => Some(imm.bits().into()),
        InstructionData::UnaryIeee64 { imm, .. } => Some(imm.bits()),
        _ => constant(&func.dfg, value),
    }
}

/// Whether two instructions do the same to their operands.
fn same_kind(a: &InstructionData, b: &InstructionData) -> bool {
    let condition = |data: &InstructionData| match *data {
        InstructionData::IntCompare { cond, .. } => Some(Condition::Int(cond)),
        InstructionData::FloatCompare { cond, .. } => Some(Condition::Float(cond)),
        _ => None,
    };
    a.opcode() == b.opcode() && condition(a) == condition(b)
}

fn is_unary(opcode: Opcode, ty: Type) -> bool {
    match opcode {
        Opcode::Bnot => ty.is_int(),
        Opcode::Ineg => ty == types::I32 || ty == types::I64,
        Opcode::Iabs => ty == types::I32,
        Opcode::Fneg | Opcode::Fabs | Opcode::Sqrt => ty.is_float(),
        _ => false,
    }
}

/// What does the same to the low bits of its operands, whatever the others are, if that is what is wanted.
fn is_binary(opcode: Opcode, ty: Type, narrow: bool) -> bool {
    match opcode {
        Opcode::Iadd | Opcode::Isub | Opcode::Band | Opcode::Bor | Opcode::Bxor => ty.is_int(),
        Opcode::Imul => ty == types::I16 || ty == types::I32,
        Opcode::Smin | Opcode::Smax | Opcode::Umin | Opcode::Umax => ty == types::I32 && !narrow,
        Opcode::Fadd | Opcode::Fsub | Opcode::Fmul | Opcode::Fdiv => ty.is_float(),
        _ => false,
    }
}

fn is_shift(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Ishl | Opcode::Ushr | Opcode::Sshr)
}
