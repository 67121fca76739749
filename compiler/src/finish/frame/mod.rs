//! Long blocks in loops that compute with more numbers than there are registers keep some of them in the frame.
//!
//! Register allocation would do that too, but there each use of what is in the frame is a load into a register of its
//! own, and what goes around a loop is in a register or in the frame as a whole. Many of the machine's instructions
//! take an operand from memory: [a plan](plan) says which ones do so, and what goes around a loop
//! of one block in the frame, where it is wanted only here and there. [Then](apply) there are loads and stores for that, which
//! leave as many values as there are registers.

mod apply;
mod body;
mod plan;

use std::cmp::Reverse;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{Block, Function, Opcode};
use cranelift_codegen::loop_analysis::LoopAnalysis;

use self::body::{Body, Users};
use self::plan::Plan;

/// The fewest instructions of such a block, and the most, without integers' constants.
const LONG: usize = 64;
const TOO_LONG: usize = 4096;
/// The most blocks of a function that are looked at so closely that it takes time in proportion to the function.
const MANY: usize = 8;

/// Does that to a function, of which these blocks are long enough for something; whether there was any such block.
pub fn keep(context: &mut Context, long: &[Block]) -> bool {
    let Context { func, loop_analysis, .. } = context;
    let is_long = |&block: &Block| is_long(func, loop_analysis, block);
    let mut blocks: Vec<Block> = long.iter().copied().filter(is_long).collect();
    if blocks.is_empty() {
        return false;
    }
    blocks.sort_by_key(|&block| Reverse(level(loop_analysis, block)));
    let mut changed = false;
    // Few blocks are crowded; who uses what of them elsewhere is asked for those only.
    let crowded = blocks.into_iter().filter_map(|block| {
        let body = Body::new(context, block)?;
        Plan::new(&context.func, &body, &Users::default()).pays().then_some(block)
    });
    let crowded: Vec<Block> = crowded.take(MANY).collect();
    for block in crowded {
        changed |= one(context, block).is_some();
    }
    changed
}

/// Whether a block is one of these, if it has too many numbers.
fn is_long(func: &Function, loops: &LoopAnalysis, block: Block) -> bool {
    if loops.innermost_loop(block).is_none() || func.layout.is_cold(block) {
        return false;
    }
    let mut count = 0;
    for inst in func.layout.block_insts(block) {
        let opcode = func.dfg.insts[inst].opcode();
        // Calls leave nothing in registers.
        if opcode.is_call() {
            return false;
        }
        count += usize::from(opcode != Opcode::Iconst);
    }
    (LONG..=TOO_LONG).contains(&count)
}

/// How many loops are around a block.
fn level(loops: &LoopAnalysis, block: Block) -> usize {
    let mut around = loops.innermost_loop(block);
    let mut count = 0;
    while let Some(it) = around {
        around = loops.loop_parent(it);
        count += 1;
    }
    count
}

fn one(context: &mut Context, block: Block) -> Option<()> {
    let body = Body::new(context, block)?;
    let users = Users::find(context, &body);
    let plan = Plan::new(&context.func, &body, &users);
    plan.pays().then(|| apply::apply(&mut context.func, &body, &users, &plan))
}
