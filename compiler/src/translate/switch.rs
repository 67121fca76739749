//! `br_table`: how its label is found.
//!
//! Compilers to wasm put every `switch` into a table, also one that tells spaces from letters. A
//! jump through a table costs a load and a branch whose target is hard to predict, so what few
//! branches can tell apart is told apart by those:
//!
//! - as a tree, if the table falls into few runs of one label;
//! - in a chain, if all but a few runs have one label;
//! - by bits: whether the index is among those of a label is a bit of a constant;
//! - else by the table.

use std::collections::BTreeMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockCall, InstBuilder, JumpTableData, Value, types};

use super::address;
use super::context::Context;

/// Consecutive indices with one label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    /// The first index.
    start: u32,
    /// The last index.
    last: u32,
    /// The label, as branches name it.
    label: u32,
}

/// How a label is found.
#[derive(PartialEq, Eq, Debug)]
enum Shape {
    /// By halving the list of runs.
    Tree(Vec<Run>),
    /// One run after the other; else the label.
    Chain(Vec<Run>, u32),
    /// Below `start` and from `start + len` on it is `default`. Else the bit of the index less
    /// `start` is set in the mask of the label, or in none: then it is the last label.
    Bits { start: u32, len: u32, default: u32, masks: Vec<(u64, u32)>, last: u32 },
    /// By a table.
    Table,
}

/// The most runs in a tree: two branches.
const TREE: usize = 4;
/// The most runs in a chain.
const CHAIN: usize = 2;
/// The longest table that what is outside of is asked for first because its index is a difference.
const MOVED: usize = 32;
/// The most masks, of which there may be one more if the first has three quarters of the indices.
const MASKS: usize = 3;

impl Shape {
    /// The shape for a table: the labels by index, and that of all other indices.
    fn of(table: &[u32], default: u32) -> Self {
        let runs = runs(table, default);
        let chain = |label| {
            let others: Vec<Run> = runs.iter().copied().filter(|run| run.label != label).collect();
            Self::Chain(others, label)
        };
        let few = if runs.len() <= 2 * CHAIN + 1 { runs.len() } else { 0 };
        let chains = runs[..few].iter().map(|run| chain(run.label));
        let shapes = chains.chain(Self::bits(&runs, default)).chain([Self::Tree(runs.clone())]);
        let branches = |shape: &Self| match shape {
            Self::Tree(runs) if runs.len() <= TREE => runs.len().next_power_of_two().ilog2(),
            Self::Chain(runs, _) if runs.len() <= CHAIN => runs.len() as u32,
            Self::Bits { len, masks, .. }
                if masks.len() <= MASKS
                    || masks.len() == MASKS + 1 && masks[0].0.count_ones() * 4 >= len * 3 =>
            {
                masks.len() as u32 + 1
            }
            _ => u32::MAX,
        };
        let best = shapes.min_by_key(branches);
        best.filter(|shape| branches(shape) < u32::MAX).unwrap_or(Self::Table)
    }

    /// The shape by bits, if the indices with another label than `default` are few.
    fn bits(runs: &[Run], default: u32) -> Option<Self> {
        let other = |run: &&Run| run.label != default;
        let start = runs.iter().find(other)?.start;
        let len = runs.iter().rfind(other)?.last - start + 1;
        if len > 64 {
            return None;
        }
        let inside =
            runs.iter().filter(|run| run.last >= start && run.start.saturating_sub(start) < len);
        let mut masks = BTreeMap::<u32, u64>::new();
        for run in inside {
            let (low, high) = (run.start.max(start) - start, (run.last - start).min(len - 1));
            *masks.entry(run.label).or_default() |= u64::MAX >> (63 - (high - low)) << low;
        }
        let mut masks: Vec<(u64, u32)> =
            masks.into_iter().map(|(label, mask)| (mask, label)).collect();
        // What has most indices is asked for first, and what is left needs no question.
        masks.sort_by_key(|(mask, _)| std::cmp::Reverse(mask.count_ones()));
        let (_, last) = masks.pop()?;
        Some(Self::Bits { start, len, default, masks, last })
    }
}

/// All indices, in runs.
fn runs(table: &[u32], default: u32) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let entries =
        table.iter().zip(0..).map(|(&label, index)| Run { start: index, last: index, label });
    let rest = Run { start: table.len() as u32, last: u32::MAX, label: default };
    for run in entries.chain([rest]) {
        match runs.last_mut() {
            Some(before) if before.label == run.label => before.last = run.last,
            _ => runs.push(run),
        }
    }
    runs
}

/// Ends the current block with a jump to one of `blocks`, which has one for each label that the
/// table names.
pub fn switch(
    cx: &mut Context<'_, '_>,
    index: Value,
    table: &[u32],
    default: u32,
    blocks: &BTreeMap<u32, Block>,
) {
    match Shape::of(table, default) {
        Shape::Tree(runs) => tree(cx, index, &runs, blocks),
        Shape::Chain(runs, label) => {
            for run in runs {
                let inside = is_inside(cx, index, run);
                branch(cx, inside, blocks[&run.label]);
            }
            cx.ins().jump(blocks[&label], &[]);
        }
        Shape::Bits { start, len, default, masks, last } => {
            let place = cx.ins().iadd_imm_s(index, -i64::from(start));
            let outside =
                cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, place, i64::from(len));
            branch(cx, outside, blocks[&default]);
            let one = cx.ins().iconst(types::I64, 1);
            let bit = cx.ins().ishl(one, place);
            for (mask, label) in masks {
                let set = if mask.is_power_of_two() {
                    cx.ins().icmp_imm_u(IntCC::Equal, place, i64::from(mask.trailing_zeros()))
                } else {
                    let mask = cx.ins().iconst(types::I64, mask as i64);
                    cx.ins().band(mask, bit)
                };
                branch(cx, set, blocks[&label]);
            }
            cx.ins().jump(blocks[&last], &[]);
        }
        Shape::Table => {
            // Where the table has holes, or was moved to where few labels are, what is outside of
            // it is no exception: it takes a branch that can be predicted by itself.
            let moved = table.len() <= MOVED && address::sum(cx, index).is_some();
            let mut otherwise = default;
            if moved || table.contains(&default) {
                let len = i64::from(table.len() as u32);
                let outside = cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, len);
                branch(cx, outside, blocks[&default]);
                // Nothing is outside any more. Of a table's targets this one comes first, and
                // behind everything else in the code: what leaves most, out of loops as well.
                otherwise = table.iter().copied().max().unwrap_or(default);
            }
            let pool = &mut cx.builder.func.dfg.value_lists;
            let mut call = |label| BlockCall::new(blocks[label], [], pool);
            let (default, calls) = (call(&otherwise), table.iter().map(call).collect::<Vec<_>>());
            let table = cx.builder.create_jump_table(JumpTableData::new(default, &calls));
            cx.ins().br_table(index, table);
        }
    }
}

fn tree(cx: &mut Context<'_, '_>, index: Value, runs: &[Run], blocks: &BTreeMap<u32, Block>) {
    if let [run] = runs {
        cx.ins().jump(blocks[&run.label], &[]);
        return;
    }
    let (low, high) = runs.split_at(runs.len() / 2);
    let side = |cx: &mut Context<'_, '_>, runs: &[Run]| match runs {
        [run] => blocks[&run.label],
        _ => cx.block(&[]),
    };
    let (below, from) = (side(cx, low), side(cx, high));
    let is_below = cx.ins().icmp_imm_u(IntCC::UnsignedLessThan, index, i64::from(high[0].start));
    cx.ins().brif(is_below, below, &[], from, &[]);
    for (runs, block) in [(low, below), (high, from)] {
        if runs.len() > 1 {
            cx.start(block);
            tree(cx, index, runs, blocks);
        }
    }
}

/// Whether an index is in a run.
fn is_inside(cx: &mut Context<'_, '_>, index: Value, run: Run) -> Value {
    match run {
        Run { start: 0, last, .. } => {
            cx.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, index, i64::from(last))
        }
        Run { start, last: u32::MAX, .. } => {
            cx.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, index, i64::from(start))
        }
        Run { start, last, .. } if start == last => {
            cx.ins().icmp_imm_u(IntCC::Equal, index, i64::from(start))
        }
        Run { start, last, .. } => {
            let place = cx.ins().iadd_imm_s(index, -i64::from(start));
            cx.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, place, i64::from(last - start))
        }
    }
}

/// Goes to a block if a condition holds, else on.
fn branch(cx: &mut Context<'_, '_>, condition: Value, block: Block) {
    let next = cx.block(&[]);
    cx.ins().brif(condition, block, &[], next, &[]);
    cx.start(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The label that a shape finds for an index, as the code above does.
    fn label(shape: &Shape, table: &[u32], default: u32, index: u32) -> u32 {
        let inside = |run: &&Run| (run.start..=run.last).contains(&index);
        match shape {
            Shape::Tree(runs) => runs.iter().find(inside).unwrap().label,
            Shape::Chain(runs, rest) => runs.iter().find(inside).map_or(*rest, |run| run.label),
            Shape::Bits { start, len, default, masks, last } => {
                let place = index.wrapping_sub(*start);
                let set = |(mask, _): &&(u64, u32)| mask >> place & 1 == 1;
                match place >= *len {
                    true => *default,
                    false => masks.iter().find(set).map_or(*last, |(_, label)| *label),
                }
            }
            Shape::Table => table.get(index as usize).copied().unwrap_or(default),
        }
    }

    #[test]
    fn every_shape_finds_what_the_table_says() {
        let mut shapes = [0; 4];
        let mut state = 1_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for case in 0..20_000 {
            let (len, labels, run) = (random(130), 1 + random(5), 1 + random(40));
            let mut table = Vec::new();
            while table.len() < len as usize {
                let label = random(labels);
                table.extend(std::iter::repeat_n(label, 1 + random(run) as usize));
            }
            let default = random(labels + 1);
            let shape = Shape::of(&table, default);
            shapes[match &shape {
                Shape::Tree(_) => 0,
                Shape::Chain(..) => 1,
                Shape::Bits { .. } => 2,
                Shape::Table => 3,
            }] += 1;
            for index in (0..200).chain([i32::MAX as u32, 1 << 31, u32::MAX - 1, u32::MAX]) {
                let expected = table.get(index as usize).copied().unwrap_or(default);
                assert_eq!(label(&shape, &table, default, index), expected, "{case}: {table:?}");
            }
        }
        assert!(shapes.iter().all(|&count| count > 100), "{shapes:?}");
    }

    #[test]
    fn what_few_branches_tell_apart_needs_no_table() {
        // A digit or not; the end, a digit or something else; white space.
        let digits = [vec![0; 48], vec![1; 10]].concat();
        assert!(matches!(Shape::of(&digits, 0), Shape::Chain(runs, 0) if runs.len() == 1));
        let ends = [vec![2; 1], vec![0; 47], vec![1; 10]].concat();
        assert!(matches!(Shape::of(&ends, 0), Shape::Chain(..) | Shape::Tree(_)));
        let mut white = vec![0; 33];
        for space in [9, 10, 13, 32] {
            white[space] = 1;
        }
        assert!(matches!(Shape::of(&white, 0), Shape::Bits { masks, .. } if masks.len() == 1));
        // Many labels.
        assert_eq!(Shape::of(&(0..20).collect::<Vec<_>>(), 0), Shape::Table);
        // One.
        assert!(matches!(Shape::of(&[3; 9], 3), Shape::Chain(runs, 3) if runs.is_empty()));
        assert!(matches!(Shape::of(&[], 3), Shape::Chain(runs, 3) if runs.is_empty()));
    }
}
