//! Loops whose turns can be done several at a time, with vectors.
//!
//! What compilers make for wasm without vectors is often a loop that does the same to one element after
//! the other, or to some of them per turn. Where [a loop says in front of it how often it goes around](counted),
//! [accesses are at constant distances](access) and [what turns compute fits together](pack), a [loop of
//! vectors](emit) is put in front of it, and does most of its turns where nothing is outside of the memory or in the
//! way of something else. Sums of floating-point numbers stay as they are: their order matters.

mod access;
mod counted;
mod emit;
mod linear;
mod pack;

use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, Function};

use target_lexicon::Architecture;

use self::access::Accesses;
use self::counted::Counted;
use self::pack::Packing;
use crate::translate::vmctx::Memories;

/// Puts loops of vectors in front of those loops that they can take turns of; whether there are any.
pub fn vectorise(
    func: &mut Function,
    cfg: &ControlFlowGraph,
    memories: &Memories,
    architecture: Architecture,
    headers: &[Block],
) -> bool {
    let mut changed = false;
    for &block in headers {
        changed |= one(func, cfg, memories, architecture, block).is_some();
    }
    changed
}

/// Puts a loop of vectors in front of the loop that a block is, if it is one that this is worth it for.
fn one(
    func: &mut Function,
    cfg: &ControlFlowGraph,
    memories: &Memories,
    architecture: Architecture,
    block: Block,
) -> Option<()> {
    let counted = Counted::find(func, cfg, block)?;
    let accesses = Accesses::find(func, &counted, memories)?;
    let packing = Packing::find(func, &counted, &accesses, architecture)?;
    let least = packing.least()?;
    let too_few = |most: u64| most < least as u64 * packing.turns as u64;
    if counted.most.is_some_and(too_few) {
        return None;
    }
    emit::emit(func, cfg, &counted, &accesses, &packing, least);
    Some(())
}
