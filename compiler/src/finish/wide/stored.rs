//! What was stored in a block is not loaded again.
//!
//! Products of 128 bits are stored by the function that makes them, for its caller to load. Cranelift knows what
//! was stored last; here all stores of a block to known distances from one index are remembered.
//!
//! An access at `index + offset` that is inside of its memory, which has 32-bit indices, is at that number modulo
//! `2^32`, however much of it was added with 32 bits and how much is the instruction's offset. So two of them whose
//! distances from one value are the same modulo `2^32` are at the same place, and whether others overlap is known
//! as well. What is loaded that way has to be inside, or trap: it is inside if the whole index is what was added
//! up with 32 bits, as then the place is the one that was stored to; or if an access with the same index and no
//! smaller offset was; else the load stays, but its value is not used.
//!
//! What is stored near another value may overlap, as far as is known here. That the two are [apart](Apart) can be
//! found out by the program.

use cranelift_codegen::cursor::FuncCursor;
use cranelift_codegen::ir::{
    AliasRegion, Block, Function, Inst, InstBuilder, InstructionData, Opcode, Type, Value, types,
};

use crate::finish::{again, become_alias, number};
use crate::translate::constant;
use crate::translate::vmctx::{Base, Memories};

/// How many stores are remembered, and of how many indices how far from them has been accessed.
const MANY: usize = 64;
/// How many bytes near a value are apart from others at most.
const MAX_LEN: u32 = 4096;
/// How many constants are added to an index at most.
const LOOKS: u32 = 8;

/// What is known of a memory.
struct Known {
    /// Where it starts.
    base: Base,
    /// What accesses of memories are of, and of nothing else.
    region: Option<AliasRegion>,
    stores: Vec<(Place, Value)>,
    /// Indices, and up to where from each of them something is inside.
    inside: Vec<(Value, i64)>,
}

/// So many bytes at so many from a value, modulo `2^32`.
#[derive(Clone, Copy, PartialEq)]
pub struct Place {
    root: Option<Value>,
    from: u32,
    size: u32,
}

impl Place {
    fn may_overlap(&self, other: &Self) -> bool {
        self.root != other.root
            || other.from.wrapping_sub(self.from) < self.size
            || self.from.wrapping_sub(other.from) < other.size
    }
}

/// A load or store.
pub struct Access {
    /// Where the memory starts.
    pub base: Base,
    /// Where it is.
    pub place: Place,
    index: Value,
    /// Where it ends, from the index.
    end: i64,
    region: Option<AliasRegion>,
}

/// Two values of 32 bits, and what is accessed near them: it is known that this does not overlap, or to be found out.
#[derive(Clone, Copy)]
pub struct Apart {
    pub near: [Near; 2],
}

/// So many bytes from so many behind a value, modulo `2^32`.
#[derive(Clone, Copy)]
pub struct Near {
    pub root: Value,
    pub from: u32,
    pub len: u32,
}

impl Near {
    /// Where it begins.
    pub fn start(&self, cursor: &mut FuncCursor<'_>) -> Value {
        let from = number(cursor, types::I32, self.from.into());
        cursor.ins().iadd(self.root, from)
    }

    /// Whether a place is a part of it.
    pub fn holds(&self, place: &Place) -> bool {
        let from = place.from.wrapping_sub(self.from);
        place.root == Some(self.root) && from < self.len && place.size <= self.len - from
    }

    /// With a place as well.
    fn and(&self, place: &Place) -> Option<Self> {
        let from = i64::from(place.from.wrapping_sub(self.from) as i32);
        let (start, end) = (from.min(0), (from + i64::from(place.size)).max(self.len.into()));
        let len = u32::try_from(end - start).ok().filter(|&len| len <= MAX_LEN)?;
        Some(Self { root: self.root, from: self.from.wrapping_add(start as u32), len })
    }
}

impl Apart {
    fn are(&self, a: &Place, b: &Place) -> bool {
        let [one, other] = &self.near;
        one.holds(a) && other.holds(b) || one.holds(b) && other.holds(a)
    }
}

/// How two values would have to be apart for a block to use what it stored more often, and how much more often.
pub fn survey(func: &mut Function, memories: &Memories, block: Block) -> Option<(Apart, usize)> {
    let mut count = |may_grow| {
        let mut scan = Scan { memories, known: None, apart: None, may_grow, count: 0 };
        scan.block(func, block, false);
        scan
    };
    let apart = count(true);
    // What is assumed to be apart is remembered for longer, and other things are not, then.
    let more = apart.count.saturating_sub(count(false).count);
    Some((apart.apart?, more))
}

/// Has blocks, of which each leads to the next alone, use what they stored instead of loading that.
pub fn forward(func: &mut Function, memories: &Memories, blocks: &[Block], apart: Option<Apart>) {
    let mut scan = Scan { memories, known: None, apart, may_grow: false, count: 0 };
    for &block in blocks {
        scan.block(func, block, true);
    }
}

struct Scan<'a> {
    memories: &'a Memories,
    known: Option<Known>,
    apart: Option<Apart>,
    /// Whether to assume what would have to be.
    may_grow: bool,
    /// How many loads are none any more.
    count: usize,
}

impl Scan<'_> {
    fn block(&mut self, func: &mut Function, block: Block, change: bool) {
        let mut next = func.layout.first_inst(block);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            match func.dfg.insts[inst] {
                InstructionData::Load { opcode, .. } => {
                    let Some(access) = Access::of(func, self.memories, inst) else { continue };
                    let ty = func.dfg.value_type(func.dfg.first_result(inst));
                    let Some(known) = self.known(func, &access) else { continue };
                    let stored = known.stored(func, &access, ty).filter(|_| opcode == Opcode::Load);
                    let stays = !known.has_to_be_inside(&access);
                    known.is_inside(&access);
                    if let Some(value) = stored {
                        self.count += 1;
                        if change {
                            use_instead(func, inst, value, stays);
                        }
                    }
                }
                InstructionData::Store { opcode, args: [value, _], flags, .. } => {
                    let region = func.dfg.mem_flags[flags].alias_region();
                    let elsewhere = |known: &Known| region.is_some() && region != known.region;
                    if self.known.as_ref().is_some_and(elsewhere) {
                        continue;
                    }
                    let value = (opcode == Opcode::Store).then(|| func.dfg.resolve_aliases(value));
                    let access = Access::of(func, self.memories, inst);
                    match access.filter(|access| self.known(func, access).is_some()) {
                        Some(access) => self.store(&access, value),
                        None => self.known = None,
                    }
                }
                data => {
                    let opcode = data.opcode();
                    if opcode.can_store() || opcode.is_call() || opcode.other_side_effects() {
                        self.known = None;
                    }
                }
            }
        }
    }

    /// What is known of the memory of an access, from here on.
    fn known(&mut self, func: &Function, access: &Access) -> Option<&mut Known> {
        let &Access { base, region, .. } = access;
        if self.known.is_none() {
            self.memories.of(func, base)?;
            self.known = Some(Known { base, region, stores: Vec::new(), inside: Vec::new() });
        }
        self.known.as_mut().filter(|known| known.base == base && known.region == region)
    }

    fn store(&mut self, access: &Access, value: Option<Value>) {
        let place = access.place;
        if self.may_grow {
            self.grow(&place);
        }
        let Some(known) = &mut self.known else { return };
        let apart = self.apart;
        known.stores.retain(|(other, _)| {
            !other.may_overlap(&place) || apart.is_some_and(|apart| apart.are(other, &place))
        });
        if let Some(value) = value
            && known.stores.len() < MANY
        {
            known.stores.push((place, value));
        }
        known.is_inside(access);
    }

    /// Assumes that a place is apart from what is known near another value.
    fn grow(&mut self, place: &Place) -> Option<()> {
        let (known, root) = (self.known.as_ref()?, place.root?);
        if let Some(apart) = &mut self.apart {
            let near = apart.near.iter_mut().find(|near| near.root == root)?;
            *near = near.and(place)?;
            return Some(());
        }
        let near =
            |place: &Place| Some(Near { root: place.root?, from: place.from, len: place.size });
        let other = known.stores.iter().rev().find(|stored| stored.0.root != Some(root))?;
        let mut other = near(&other.0)?;
        for (place, _) in &known.stores {
            if place.root == Some(other.root) {
                other = other.and(place)?;
            }
        }
        self.apart = Some(Apart { near: [other, near(place)?] });
        Some(())
    }
}

/// Has a load's users use a value; whether it stays, to trap as it did.
fn use_instead(func: &mut Function, load: Inst, value: Value, stays: bool) {
    if stays {
        let again = again(func, load);
        func.layout.insert_inst(again, load);
    }
    become_alias(func, load, value);
}

impl Access {
    /// The access that an instruction is.
    pub fn of(func: &Function, memories: &Memories, inst: Inst) -> Option<Self> {
        let dfg = &func.dfg;
        let (opcode, ty, address, flags, offset) = match dfg.insts[inst] {
            InstructionData::Load { opcode, arg, flags, offset } => {
                (opcode, dfg.value_type(dfg.first_result(inst)), arg, flags, offset)
            }
            InstructionData::Store { opcode, args: [value, arg], flags, offset } => {
                (opcode, dfg.value_type(value), arg, flags, offset)
            }
            _ => return None,
        };
        let size = match opcode {
            Opcode::Load | Opcode::Store => ty.bytes(),
            Opcode::Uload8 | Opcode::Sload8 | Opcode::Istore8 => 1,
            Opcode::Uload16 | Opcode::Sload16 | Opcode::Istore16 => 2,
            Opcode::Uload32 | Opcode::Sload32 | Opcode::Istore32 => 4,
            _ => return None,
        };
        let address = dfg.resolve_aliases(address);
        let (base, wide) = match dfg.insts[dfg.value_def(address).inst()?] {
            InstructionData::Binary { opcode: Opcode::Iadd, args: [base, wide] } => {
                (Some(dfg.resolve_aliases(base)), dfg.resolve_aliases(wide))
            }
            _ => (None, address),
        };
        let (base, offset) = memories.base(base, offset.into())?;
        let InstructionData::Unary { opcode: Opcode::Uextend, arg: index } =
            dfg.insts[dfg.value_def(wide).inst()?]
        else {
            return None;
        };
        if dfg.value_type(index) != types::I32 {
            return None;
        }
        let index = dfg.resolve_aliases(index);
        let (root, further) = sum(func, index);
        let from = further.wrapping_add(u32::try_from(offset).ok()?);
        let place = Place { root, from, size };
        let region = dfg.mem_flags[flags].alias_region();
        Some(Self { base, index, place, end: offset + i64::from(size), region })
    }

    /// The instruction's offset.
    pub fn offset(&self) -> u32 {
        (self.end - i64::from(self.place.size)) as u32
    }

    /// How far the index is from the value that it is made of, modulo `2^32`.
    pub fn further(&self) -> u32 {
        self.place.from.wrapping_sub(self.offset())
    }
}

/// A number of 32 bits as the sum, which wraps around, of another and a constant, or as a constant.
fn sum(func: &Function, value: Value) -> (Option<Value>, u32) {
    let dfg = &func.dfg;
    let (mut value, mut sum) = (value, 0u32);
    for _ in 0..LOOKS {
        let Some(inst) = dfg.value_def(value).inst() else { break };
        let (of, by) = match dfg.insts[inst] {
            InstructionData::Binary { opcode: Opcode::Iadd, args: [of, by] } => {
                (of, constant(dfg, by))
            }
            InstructionData::Binary { opcode: Opcode::Isub, args: [of, by] } => {
                (of, constant(dfg, by).map(u64::wrapping_neg))
            }
            _ => break,
        };
        let Some(by) = by else { break };
        (value, sum) = (dfg.resolve_aliases(of), sum.wrapping_add(by as u32));
    }
    match constant(dfg, value) {
        Some(constant) => (None, sum.wrapping_add(constant as u32)),
        None => (Some(value), sum),
    }
}

impl Known {
    fn is_inside(&mut self, access: &Access) {
        let room = self.inside.len() < MANY;
        match self.inside.iter_mut().find(|known| known.0 == access.index) {
            Some(known) => known.1 = known.1.max(access.end),
            None if room => self.inside.push((access.index, access.end)),
            None => {}
        }
    }

    /// What was stored where an access is.
    fn stored(&self, func: &Function, access: &Access, ty: Type) -> Option<Value> {
        let &(_, value) = self.stores.iter().find(|stored| stored.0 == access.place)?;
        (func.dfg.value_type(value) == ty).then_some(value)
    }

    /// Whether an access is inside of the memory if it is where something was stored.
    fn has_to_be_inside(&self, access: &Access) -> bool {
        let whole = access.end == i64::from(access.place.size);
        let passed = self.inside.iter().find(|known| known.0 == access.index);
        whole || passed.is_some_and(|known| known.1 >= access.end)
    }
}
