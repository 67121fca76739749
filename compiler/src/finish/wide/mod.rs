//! Numbers of 128 bits, of which wasm knows the halves.
//!
//! Compilers to wasm add them half by half, with a comparison for the carry: here that becomes the machine's own
//! addition of two words. Products are [stored](stored) in front of it by the function that makes them; where it
//! takes knowing that something else is not stored over them, [blocks are there twice](apart). The [sums](sums) are
//! [made as soon](order) as what they are of is there.

mod apart;
mod order;
mod stored;
mod sums;

use cranelift_codegen::ir::{Block, Function};

pub use self::sums::is_carry_added;

use super::count_uses;
use crate::translate::vmctx::Memories;

/// For how many blocks of a function is tried whether they can be there twice, which takes a look at all of it.
const FEW: usize = 4;

/// Has the machine add numbers of 128 bits in blocks that [may](is_carry_added) do so, with code that may be longer for
/// it or not; whether there are other blocks than before.
pub fn add(
    func: &mut Function,
    memories: &Memories,
    may_be_longer: bool,
    blocks: Vec<Block>,
) -> bool {
    let (mut tries, mut changed, mut all) = (0, false, Vec::new());
    for block in blocks {
        let surveyed = (may_be_longer && tries < FEW)
            .then(|| stored::survey(func, memories, block))
            .flatten()
            .filter(|(_, saved)| *saved >= apart::LEAST);
        tries += usize::from(surveyed.is_some());
        let rest = surveyed.and_then(|(apart, saved)| {
            Some((apart, apart::split(func, memories, block, &apart, saved)?))
        });
        changed |= rest.is_some();
        let (apart, rest) = rest.unzip();
        let here: Vec<Block> = [Some(block), rest].into_iter().flatten().collect();
        stored::forward(func, memories, &here, apart);
        all.extend(here);
    }
    func.dfg.resolve_all_aliases();
    let mut uses = count_uses(func);
    for block in all {
        let sums = sums::find(func, &mut uses, block);
        if !sums.is_empty() {
            order::arrange(func, block, &sums);
        }
    }
    func.dfg.resolve_all_aliases();
    changed
}
