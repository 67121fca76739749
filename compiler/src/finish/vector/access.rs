//! Where in a memory a loop loads and stores.
//!
//! Accesses whose indices differ by a constant have a root in common: what else is in the index. So it is
//! known here what is next to what, and what overlaps with what has the same root; of different roots the
//! loop that is made has to find out as it begins.

use std::collections::HashMap;

use cranelift_codegen::ir::{
    Function, Inst, InstructionData, MemFlags, Opcode, Type, Value, types,
};

use super::counted::Counted;
use super::linear::Linear;
use crate::finish::has_effect;
use crate::translate::constant;
use crate::translate::vmctx::{Base, Memories, Memory};

/// How many places a loop has at most that are not at known distances from each other.
const MAX_ROOTS: usize = 6;
/// How far from each other the ends of what is accessed from one root are at most, and by how much an
/// index grows at a time.
const MAX_SPAN: i64 = 1 << 20;
/// How far from an index an access is at most, in bytes: instructions have offsets of 31 bits.
const MAX_OFFSET: i64 = 1 << 30;
const MAX_STEP: u32 = 1 << 12;
/// How many parts an address has at most.
const MAX_PARTS: usize = 8;

/// What a loop accesses.
pub struct Accesses {
    /// The memory: it is one.
    pub memory: Memory,
    /// Its start.
    pub base: Base,
    /// What indices consist of.
    pub roots: Vec<Root>,
    /// All loads and stores, in order.
    pub all: Vec<Access>,
    /// The parameters that are what a load found in the turn before.
    pub carried: HashMap<Value, Inst>,
    /// Those of an instruction.
    of: HashMap<Inst, usize>,
}

/// What is the same in the indices of several accesses.
pub struct Root {
    /// The least of the indices that are made of it.
    pub index: Linear,
    /// What the index is shifted left by.
    pub shift: u32,
    /// What the address grows by each time, in bytes.
    pub step: i64,
    /// How far below the first index that was found the least one is.
    least: i32,
    /// How far below that it is accessed as well, in bytes, if what an earlier turn has loaded is used.
    before: Option<i64>,
    /// Where the accesses begin and end, in bytes from the address that comes of `index`.
    pub reach: (i64, i64),
}

/// A load or a store.
#[derive(Clone, Copy)]
pub struct Access {
    /// Which.
    pub inst: Inst,
    /// Its root.
    pub root: usize,
    /// How far from there, in bytes.
    pub offset: i64,
    /// So many bytes.
    pub size: u32,
    /// What is loaded from it or stored there.
    pub value: Value,
    /// Whether it is stored.
    pub store: bool,
    /// What is known of it.
    pub flags: MemFlags,
}

impl Accesses {
    /// All of a loop; `None` if the loop does something else besides or its accesses are not known well enough.
    pub fn find(func: &Function, counted: &Counted, memories: &Memories) -> Option<Self> {
        let mut found: Option<Self> = None;
        let insts = func.layout.block_insts(counted.block);
        for inst in insts.filter(|&inst| inst != counted.branch) {
            let Some((address, size, value, store)) = access(func, inst)? else { continue };
            let (arg, offset, flags) = address;
            let index = Index::find(func, counted, memories, arg, offset)?;
            let offset = index.offset;
            let accesses = match &mut found {
                Some(accesses) if accesses.base == index.base => accesses,
                Some(_) => return None,
                found => found.insert(Self {
                    memory: memories.of(func, index.base)?,
                    base: index.base,
                    roots: Vec::new(),
                    all: Vec::new(),
                    carried: HashMap::new(),
                    of: HashMap::new(),
                }),
            };
            let (root, further) = accesses.root(counted, index.linear, index.shift)?;
            let access = Access { inst, root, offset: offset + further, size, value, store, flags };
            accesses.of.insert(inst, accesses.all.len());
            accesses.all.push(access);
        }
        let mut found = found?;
        found.carry(func, counted);
        found.settle()?;
        Some(found)
    }

    /// Finds what goes around: values that were loaded a turn ago. They are looked at again, where they were.
    fn carry(&mut self, func: &Function, counted: &Counted) {
        for &(param, next) in &counted.params {
            let Some(&load) = counted.inst(func, next).and_then(|inst| self.of(inst)) else {
                continue;
            };
            let overlaps = |store: &&Access| {
                store.root == load.root
                    && store.offset < load.offset + i64::from(load.size)
                    && load.offset < store.offset + i64::from(store.size)
            };
            let mut stores = self.all.iter().filter(|access| access.store).filter(overlaps);
            if stores.all(|store| counted.places[&store.inst] < counted.places[&load.inst]) {
                let root = &mut self.roots[load.root];
                // An index of the turn before the first one is the least, so that all are of use.
                root.before = Some(root.before.unwrap_or(0).max(root.step));
                self.carried.insert(param, load.inst);
            }
        }
    }

    /// The access that an instruction is.
    pub fn of(&self, inst: Inst) -> Option<&Access> {
        self.of.get(&inst).map(|&place| &self.all[place])
    }

    /// The root of an index, and how far from it that is in bytes.
    fn root(&mut self, counted: &Counted, index: Linear, shift: u32) -> Option<(usize, i64)> {
        let of = |root: &Root| root.index.terms == index.terms && root.shift == shift;
        if let Some(place) = self.roots.iter().position(of) {
            let root = &mut self.roots[place];
            let further = index.constant.wrapping_sub(root.index.constant);
            root.least = root.least.min(further);
            return Some((place, i64::from(further) << shift));
        }
        let step = counted.step(&index);
        let near = step.unsigned_abs() <= MAX_STEP && self.roots.len() < MAX_ROOTS;
        let step = i64::from(step) << shift;
        self.roots.push(Root { index, shift, step, least: 0, before: None, reach: (i64::MAX, 0) });
        near.then(|| (self.roots.len() - 1, 0))
    }

    /// Has each root be the least of its indices, so that everything is at it or behind it.
    fn settle(&mut self) -> Option<()> {
        for root in &mut self.roots {
            let before = root.before.unwrap_or(0) >> root.shift;
            root.least = root.least.checked_sub(i32::try_from(before).ok()?)?;
            root.index.constant = root.index.constant.wrapping_add(root.least);
        }
        for access in &mut self.all {
            let root = &mut self.roots[access.root];
            access.offset -= i64::from(root.least) << root.shift;
            let end = access.offset + i64::from(access.size);
            root.reach = (root.reach.0.min(access.offset), root.reach.1.max(end));
            if root.before.is_some() {
                root.reach.0 = root.reach.0.min(access.offset - root.step);
                root.reach.1 = root.reach.1.max(end - root.step);
            }
        }
        let reachable = |root: &Root| {
            let (begin, end) = root.reach;
            let near = begin >= 0 && end - begin <= MAX_SPAN && end <= MAX_OFFSET;
            near && self.memory.reaches((end + MAX_SPAN) as u64)
        };
        let moves = self.roots.iter().any(|root| root.step != 0);
        (moves && self.roots.iter().all(reachable)).then_some(())
    }
}

/// What makes an address: the memory's start, a shifted index, and an offset.
struct Index {
    base: Base,
    linear: Linear,
    shift: u32,
    offset: i64,
}

impl Index {
    fn find(
        func: &Function,
        counted: &Counted,
        memories: &Memories,
        address: Value,
        mut offset: i64,
    ) -> Option<Self> {
        let dfg = &func.dfg;
        let (mut base, mut index) = (None, None);
        let mut terms = vec![dfg.resolve_aliases(address)];
        for _ in 0..MAX_PARTS {
            let Some(term) = terms.pop() else { break };
            let data = dfg.value_def(term).inst().map(|inst| dfg.insts[inst]);
            match data {
                Some(InstructionData::Binary { opcode: Opcode::Iadd, args }) => {
                    terms.extend(args.map(|arg| dfg.resolve_aliases(arg)));
                }
                Some(InstructionData::Unary { opcode: Opcode::Uextend, arg })
                    if index.is_none() =>
                {
                    index = Some((counted.linear(func, arg)?, 0));
                }
                // Such a shift is where no bit gets lost.
                Some(InstructionData::Binary { opcode: Opcode::Ishl, args: [arg, by] })
                    if index.is_none() =>
                {
                    let by = constant(dfg, by)?;
                    let InstructionData::Unary { opcode: Opcode::Uextend, arg } =
                        dfg.insts[dfg.value_def(arg).inst()?]
                    else {
                        return None;
                    };
                    index = Some((
                        counted.linear(func, arg)?,
                        u32::try_from(by).ok().filter(|&by| by <= 3)?,
                    ));
                }
                _ => match constant(dfg, term) {
                    Some(constant) => offset = offset.checked_add(i64::try_from(constant).ok()?)?,
                    None if base.is_none() && counted.is_outside(func, term) => base = Some(term),
                    None => return None,
                },
            }
        }
        let (linear, shift) = index.unwrap_or((Linear::NOTHING, 0));
        let (base, offset) = memories.base(base, offset).filter(|_| terms.is_empty())?;
        Some(Self { base, linear, shift, offset })
    }
}

type Found = ((Value, i64, MemFlags), u32, Value, bool);

/// The address, the size and the value of a load or store, and which of both it is; nothing for what has no effect
/// and does not depend on a memory; `None` for everything else.
#[expect(clippy::option_option, reason = "not to be known is another thing than to be none")]
fn access(func: &Function, inst: Inst) -> Option<Option<Found>> {
    let dfg = &func.dfg;
    let size = |ty: Type| {
        matches!(ty, types::I32 | types::I64 | types::F32 | types::F64).then(|| ty.bytes())
    };
    Some(match dfg.insts[inst] {
        InstructionData::Load { opcode, arg, flags, offset } => {
            let value = dfg.first_result(inst);
            let ty = dfg.value_type(value);
            let size = match opcode {
                Opcode::Load => size(ty)?,
                Opcode::Uload8 | Opcode::Sload8 if ty == types::I32 => 1,
                Opcode::Uload16 | Opcode::Sload16 if ty == types::I32 => 2,
                _ => return None,
            };
            Some(((arg, i64::from(offset), flags), size, value, false))
        }
        InstructionData::Store { opcode, args: [value, arg], flags, offset } => {
            let value = dfg.resolve_aliases(value);
            let ty = dfg.value_type(value);
            let size = match opcode {
                Opcode::Store => size(ty)?,
                Opcode::Istore8 if ty == types::I32 => 1,
                Opcode::Istore16 if ty == types::I32 => 2,
                _ => return None,
            };
            Some(((arg, i64::from(offset), flags), size, value, true))
        }
        _ if has_effect(func, inst) => return None,
        _ => None,
    })
}
