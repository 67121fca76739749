//! Blocks that do nothing but jump on to where nobody else leads are passed by.
//!
//! Each label of a `br_table` is led to by a block of its own, in which arguments for it would be passed; where there
//! are none, and nothing else branches to the label, that block is one too many for all that follows.

use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::ir::function::FunctionStencil;
use cranelift_codegen::ir::{Block, Function, InstructionData, Opcode};

use crate::same_params::destinations;

/// Has those who lead to such blocks lead to where these do.
pub fn pass_by(func: &mut Function) {
    // How many branches lead to a block; from two on it does not matter.
    let mut led: SecondaryMap<Block, u8> = SecondaryMap::new();
    led.resize(func.dfg.num_blocks());
    let mut jumps = Vec::new();
    for block in func.layout.blocks() {
        let Some(branch) = func.layout.last_inst(block) else { continue };
        let dfg = &func.dfg;
        for call in destinations(dfg, branch) {
            let led = &mut led[call.block(&dfg.value_lists)];
            *led = led.saturating_add(1);
        }
        if !func.layout.is_cold(block)
            && let InstructionData::Jump { opcode: Opcode::Jump, destination } = &dfg.insts[branch]
            && destination.len(&dfg.value_lists) == 0
            && func.layout.first_inst(block) == Some(branch)
            && dfg.block_params(block).is_empty()
        {
            jumps.push((block, destination.block(&dfg.value_lists)));
        }
    }
    let entry = func.layout.entry_block();
    jumps.retain(|&(block, to)| Some(block) != entry && led[to] == 1 && to != block);
    if jumps.is_empty() {
        return;
    }
    let mut instead: SecondaryMap<Block, PackedOption<Block>> = SecondaryMap::new();
    instead.resize(func.dfg.num_blocks());
    for &(block, to) in &jumps {
        instead[block] = to.into();
    }
    // Some jump on to another one of these. Where all of them lead is the same from then on; what goes in circles,
    // where nobody comes, leads to itself.
    let mut passed = Vec::new();
    for &(block, mut to) in &jumps {
        passed.push(block);
        while let Some(next) = instead[to].expand().filter(|&next| next != to)
            && to != block
        {
            passed.push(to);
            to = next;
        }
        for block in passed.drain(..) {
            instead[block] = to.into();
        }
    }
    let FunctionStencil { dfg, layout, .. } = &mut func.stencil;
    for (block, _) in jumps {
        let jump = layout.first_inst(block).expect("it jumps");
        layout.remove_inst(jump);
        layout.remove_block(block);
    }
    for block in layout.blocks() {
        let Some(branch) = layout.last_inst(block) else { continue };
        for call in dfg.insts[branch]
            .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables)
        {
            if let Some(to) = instead[call.block(&dfg.value_lists)].expand() {
                call.set_block(to, &mut dfg.value_lists);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{AbiParam, BlockCall, InstBuilder, JumpTableData, types};

    use super::*;

    /// A table that leads to these blocks in turn, each of which jumps to the one of `to` at the same place, if there is
    /// any, and returns otherwise. Who leads where, by the blocks' numbers, the table's first.
    fn passed_by(table: &[usize], to: &[Option<usize>], cold: &[usize]) -> Vec<Vec<usize>> {
        let mut func = Function::new();
        func.signature.params.push(AbiParam::new(types::I32));
        let entry = func.dfg.make_block();
        let index = func.dfg.append_block_param(entry, types::I32);
        let blocks: Vec<Block> = to.iter().map(|_| func.dfg.make_block()).collect();
        let pool = &mut func.dfg.value_lists;
        let calls: Vec<_> =
            table.iter().map(|&label| BlockCall::new(blocks[label], [], pool)).collect();
        let table = func.dfg.jump_tables.push(JumpTableData::new(calls[0], &calls[1..]));
        let mut cursor = FuncCursor::new(&mut func);
        cursor.insert_block(entry);
        cursor.ins().br_table(index, table);
        for (&block, to) in blocks.iter().zip(to) {
            cursor.insert_block(block);
            match to {
                Some(to) => cursor.ins().jump(blocks[*to], &[]),
                None => cursor.ins().return_(&[]),
            };
        }
        for &block in cold {
            func.layout.set_cold(blocks[block]);
        }
        pass_by(&mut func);
        let leads = |block| {
            let dfg = &func.dfg;
            let calls = destinations(dfg, func.layout.last_inst(block).unwrap());
            calls.iter().map(|call| call.block(&dfg.value_lists).as_u32() as usize - 1).collect()
        };
        func.layout.blocks().map(leads).collect()
    }

    #[test]
    fn what_only_jumps_on_to_where_nobody_else_leads_is_passed_by() {
        // Two of the table's labels lead to the same block.
        let to = [Some(4), Some(5), Some(5), Some(6), None, None, Some(7), None];
        let left = passed_by(&[0, 1, 2, 0, 3], &to, &[]);
        let table = vec![4, 1, 2, 4, 7];
        assert_eq!(left, [table, vec![5], vec![5], vec![], vec![], vec![]]);
    }

    #[test]
    fn a_cold_block_stays_on_the_way() {
        let left = passed_by(&[0, 1], &[Some(2), Some(3), None, None], &[0]);
        assert_eq!(left, [vec![0, 3], vec![2], vec![], vec![]]);
    }

    #[test]
    fn circles_have_an_end() {
        // Nobody comes to the first one.
        let left = passed_by(&[2], &[Some(1), Some(0), Some(3), Some(2)], &[]);
        assert_eq!(left, [vec![3], vec![3]]);
        assert_eq!(passed_by(&[0], &[Some(0)], &[]), [vec![0], vec![0]]);
        // Many in a row, whichever way they lie.
        const MANY: usize = 100_000;
        let on = (1..=MANY).map(Some).chain([None]).collect::<Vec<_>>();
        assert_eq!(passed_by(&[0], &on, &[]), [vec![MANY], vec![]]);
        let back = [None].into_iter().chain((0..MANY).map(Some)).collect::<Vec<_>>();
        assert_eq!(passed_by(&[MANY], &back, &[]), [vec![0], vec![]]);
    }
}
