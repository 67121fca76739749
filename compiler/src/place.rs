//! Where a function lies in memory, so that its loops lie well.
//!
//! Machines fetch code by lines of 64 bytes, so many a cycle (AMD's Zen 5 two). Instructions that
//! are run in one go are fetched in as many pieces as they have lines: a small loop that goes on
//! in the next line where it need not takes up to a cycle more per turn, and so does a comparison
//! that is in another line than its branch. The code generator has no say in where a loop is in its
//! function; where the function starts is ours to choose. Of the 64 places it gets one where lines
//! end as seldom as possible within blocks that run often. What that gave: `benches/EXPERIMENTS.md`.
//!
//! How often a block runs is guessed from the blocks as they lie there: an edge back to where a
//! block starts makes a loop of what is between, a loop has eight turns, and branches within it go
//! each way equally often.

use cranelift_codegen::CompiledCode;
use cranelift_codegen::isa::TargetIsa;
use target_lexicon::Architecture;

/// Bytes that are fetched together.
const LINE: u32 = 64;
/// The largest number that an address must be a multiple of: whoever asks for more is not us.
const MOST_ALIGNED: u64 = 4096;
/// A loop of more bytes is little concerned with where it lies.
const LARGE: u32 = 4 * LINE;
/// How often a function runs.
const ONCE: u64 = 1 << 16;
/// How many turns a loop has, as a power of two.
const TURNS: usize = 3;
/// What is in more loops than this runs as often as if it were in so many.
const DEEP: usize = 5;
/// A loop of more than two lines that keeps the machine as busy as it can be is slower if it begins in so many of a
/// line's first bytes.
const FIRST: u32 = 14;
/// By how many cycles.
const SLOWER: u64 = 2;
/// A comparison and the branch behind it, in bytes, less one.
const FUSED: u32 = 8;

/// Where a function starts: so many bytes behind a multiple of something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    align: u32,
    skew: u32,
}

impl Place {
    /// Of code between the host and guests, in which little time is spent.
    pub const TRAMPOLINE: Self = Self { align: 16, skew: 0 };

    /// `None` if there is no such place, or if nothing is put at such ones.
    pub fn new(align: u64, skew: u64) -> Option<Self> {
        let valid = align.is_power_of_two() && align <= MOST_ALIGNED && skew < align;
        let place = Self { align: u32::try_from(align).ok()?, skew: u32::try_from(skew).ok()? };
        valid.then_some(place)
    }

    /// The best one for code that was generated with `machine_code_cfg_info`.
    pub fn of(code: &CompiledCode, isa: &dyn TargetIsa) -> Self {
        let step = code.buffer.alignment;
        let usual = Self { align: isa.function_alignment().preferred.max(step), skew: 0 };
        if isa.triple().architecture != Architecture::X86_64 || usual.align > LINE {
            return usual;
        }
        let len = code.buffer.data().len() as u32;
        let ends = line_ends(&code.bb_starts, &code.bb_edges, len);
        if ends.iter().all(|&cost| cost == 0) {
            return usual;
        }
        // What the code itself aligns stays aligned.
        let skews = (0..LINE).step_by(step.max(1) as usize);
        let skew = skews.min_by_key(|&skew| ends[((LINE - skew) % LINE) as usize]).unwrap_or(0);
        Self { align: LINE, skew }
    }

    /// What it is behind a multiple of: a power of two.
    pub fn align(self) -> u64 {
        self.align.into()
    }

    /// How many bytes behind that.
    pub fn skew(self) -> usize {
        self.skew as usize
    }
}

/// How often the machine comes to the end of a line in a loop, if lines end so many bytes, and
/// whole lines more, behind the start of the code. The blocks are in ascending order, and so are
/// the edges, by the blocks they come from.
fn line_ends(starts: &[u32], mut edges: &[(u32, u32)], len: u32) -> [u64; LINE as usize] {
    let mut ends = Ends([0; LINE as usize + 1]);
    let loops = loops(starts, edges, len);
    if loops.is_empty() {
        return ends.sums();
    }
    let mut loops = loops.into_iter().peekable();
    let mut around: Vec<(u32, u32)> = Vec::new();
    let mut turns = vec![0; starts.len()];
    turns[0] = ONCE;
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(len);
        around.retain(|&(_, end)| end > start);
        while let Some(found) = loops.next_if(|&(at, _)| at <= start) {
            around.push(found);
            turns[index] <<= TURNS;
        }
        let often = most(turns[index], around.len());
        // The innermost began last.
        let inner = around.last().copied();
        let stays = |to: u32| inner.is_none_or(|(start, end)| (start..end).contains(&to));

        let (from, rest) = edges.split_at(edges.partition_point(|&(from, _)| from <= start));
        edges = rest;
        let staying = from.iter().filter(|&&(_, to)| stays(to)).count() as u64;
        let mut through = 0;
        for &(_, to) in from.iter().filter(|&&(_, to)| to > start) {
            let part = match stays(to) {
                true => often / staying,
                false if staying == 0 => often / from.len() as u64,
                false => often >> TURNS,
            };
            if let Ok(to) = starts.binary_search(&to) {
                turns[to] = most(turns[to] + part, DEEP);
            }
            through += if to == end && stays(to) { part } else { 0 };
        }

        let Some((loop_start, loop_end)) = inner else { continue };
        let weight = if loop_end - loop_start <= LARGE { often } else { often >> TURNS };
        // Between its instructions.
        let inside = (end - start).saturating_sub(1);
        let fused = inside.min(FUSED);
        ends.add(start + 1, inside.min(LINE), weight);
        ends.add(end - fused, fused, weight / 2);
        ends.add(end, 1, through.min(weight));
        if start == loop_start && (2 * LINE..LARGE).contains(&(loop_end - loop_start)) {
            ends.add(start + LINE - FIRST + 1, FIRST, SLOWER * weight);
        }
    }
    ends.sums()
}

/// What it costs if lines end so many bytes, and whole lines more, behind the start of the code: what each costs more
/// than the one before.
struct Ends([u64; LINE as usize + 1]);

impl Ends {
    /// Adds a cost to as many as there are in a line, or less.
    fn add(&mut self, from: u32, count: u32, cost: u64) {
        let from = (from % LINE) as usize;
        let behind = from + count as usize;
        let Self(changes) = self;
        let mut change = |at: usize, by: u64| changes[at] = changes[at].wrapping_add(by);
        change(from, cost);
        if behind > LINE as usize {
            change(0, cost);
            change(behind - LINE as usize, cost.wrapping_neg());
        } else {
            change(behind, cost.wrapping_neg());
        }
    }

    /// The costs themselves.
    fn sums(self) -> [u64; LINE as usize] {
        let mut sum = 0_u64;
        std::array::from_fn(|at| {
            sum = sum.wrapping_add(self.0[at]);
            sum
        })
    }
}

/// A number of times, as far as so many loops can account for it.
fn most(times: u64, loops: usize) -> u64 {
    times.min(ONCE << (TURNS * loops.min(DEEP)))
}

/// The loops, as where they start and end, in ascending order.
fn loops(starts: &[u32], edges: &[(u32, u32)], len: u32) -> Vec<(u32, u32)> {
    let back = edges.iter().filter(|(from, to)| to <= from);
    let mut loops: Vec<_> = back
        .map(|&(from, to)| {
            let behind = starts.partition_point(|&start| start <= from);
            (to, starts.get(behind).copied().unwrap_or(len))
        })
        .collect();
    // Of the edges to one place the one from farthest.
    loops.sort_unstable_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
    loops.dedup_by_key(|&mut (start, _)| start);
    loops
}

#[cfg(test)]
mod tests;
