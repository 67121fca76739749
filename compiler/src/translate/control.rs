//! Control: blocks, branches, returns. See [`stack`](super::stack) for the frames.
//!
//! What a branch hint calls unlikely begins in a block that is marked cold, and so is every block
//! that begins where only cold ones lead ([`Context::block`] takes the mark from the block in
//! which it is made). Cold blocks are laid out behind all others. Of branches back to the start of
//! a loop hints are not looked at: that they are likely is what a loop is, and what follows the
//! loop is none the less run each time.

use std::collections::BTreeMap;

use cranelift_codegen::ir::{Block, InstBuilder};
use wasmaot_abi::traps::TrapCode;
use wasmparser::BrTable;

use super::context::Context;
use super::stack::{BlockType, Frame, Kind, Otherwise};
use super::trap::trap;
use super::{bounds, local, meter, switch};
use crate::index::SigIndex;

/// A function's body is a block too; its parameters are locals, not operands.
pub fn function(cx: &mut Context<'_, '_>, sig: SigIndex) {
    let ty = BlockType::Sig(sig);
    let label = cx.block(ty.results(cx.module));
    open(cx, Kind::Block, ty, label, cx.stack.values.len());
}

/// `block`.
pub fn block(cx: &mut Context<'_, '_>, ty: BlockType) {
    let label = cx.block(ty.results(cx.module));
    push(cx, Kind::Block, ty, label);
}

/// `loop`.
pub fn loop_(cx: &mut Context<'_, '_>, ty: BlockType) {
    let params = ty.params(cx.module);
    let label = cx.block(params);
    let it = cx.body.and_then(|body| body.loop_at(cx.offset)).expect("all loops are known");
    bounds::begin_loop(cx, it);
    local::begin_loop(cx, it);
    let args = cx.stack.top_args(params.len());
    cx.ins().jump(label, &args);
    push(cx, Kind::Loop, ty, label);
    // More branches to it follow: it is sealed at its end.
    cx.builder.switch_to_block(label);
    cx.passed.forget();
    replace_top(cx, label);
    meter::check(cx);
}

/// `if`.
pub fn if_(cx: &mut Context<'_, '_>, ty: BlockType) {
    let condition = cx.pop_condition();
    let (then, label) = (cx.block(&[]), cx.block(ty.results(cx.module)));
    let hint = cx.hint();
    // What has no results may have no `else`, and then needs no block for it unless that is the cold one.
    let otherwise = if matches!(ty, BlockType::Empty) && hint != Some(true) {
        let cold = cx.is_cold();
        let branch = cx.ins().brif(condition, then, &[], label, &[]);
        Otherwise::Label { branch, cold }
    } else {
        let otherwise = cx.block(&[]);
        cx.ins().brif(condition, then, &[], otherwise, &[]);
        Otherwise::Block(otherwise)
    };
    match (hint, otherwise) {
        (Some(true), Otherwise::Block(otherwise)) => cx.builder.set_cold_block(otherwise),
        (Some(false), _) => cx.builder.set_cold_block(then),
        _ => {}
    }
    cx.start(then);
    let params = cx.stack.top(ty.params(cx.module).len()).to_vec();
    push(cx, Kind::If { otherwise, params }, ty, label);
}

fn push(cx: &mut Context<'_, '_>, kind: Kind, ty: BlockType, label: Block) {
    let height = cx.stack.values.len() - ty.params(cx.module).len();
    open(cx, kind, ty, label, height);
}

fn open(cx: &mut Context<'_, '_>, kind: Kind, ty: BlockType, label: Block, height: usize) {
    let made = cx.made.len();
    cx.stack.frames.push(Frame { kind, ty, height, label, made, branched: false, warm: false });
}

/// The parameters of `block` take the place of as many operands.
fn replace_top(cx: &mut Context<'_, '_>, block: Block) {
    let params = cx.builder.block_params(block);
    let height = cx.stack.values.len() - params.len();
    cx.stack.values.truncate(height);
    cx.stack.values.extend_from_slice(params);
}

/// `else`.
pub fn else_(cx: &mut Context<'_, '_>) {
    if cx.stack.dead_blocks > 0 {
        return;
    }
    if cx.stack.reachable {
        branch(cx, 0);
    }
    let frame = cx.stack.frame(0);
    let Kind::If { otherwise, params } = std::mem::replace(&mut frame.kind, Kind::Block) else {
        unreachable!("a valid function has `else` in an `if` only")
    };
    let (height, made, label) = (frame.height, frame.made, frame.label);
    let otherwise = match otherwise {
        Otherwise::Block(block) => block,
        Otherwise::Label { branch, cold } => {
            let block = cx.builder.create_block();
            if cold {
                cx.builder.set_cold_block(block);
            }
            cx.builder.change_jump_destination(branch, label, block);
            block
        }
    };
    cx.made.back_to(made);
    cx.stack.values.truncate(height);
    cx.stack.values.extend_from_slice(&params);
    cx.stack.reachable = true;
    cx.start(otherwise);
    cx.passed.forget();
}

/// `end`.
pub fn end(cx: &mut Context<'_, '_>) {
    if cx.stack.dead_blocks > 0 {
        cx.stack.dead_blocks -= 1;
        return;
    }
    // An `if` without `else` has one that does nothing.
    let frame = cx.stack.frame(0);
    match frame.kind {
        Kind::If { otherwise: Otherwise::Block(_), .. } => else_(cx),
        Kind::If { otherwise: Otherwise::Label { cold, .. }, .. } => {
            frame.branched = true;
            frame.warm |= !cold;
        }
        _ => {}
    }
    let Some(Frame { kind, label, branched, warm, height, made, .. }) = cx.stack.frames.pop()
    else {
        unreachable!("a valid function closes each block once")
    };
    if matches!(kind, Kind::Loop) {
        cx.builder.seal_block(label);
        bounds::end_loop(cx);
    } else if branched {
        let results = cx.builder.block_params(label).len();
        let mut warm = warm;
        if cx.stack.reachable {
            let args = cx.stack.top_args(results);
            cx.ins().jump(label, &args);
            warm |= !cx.is_cold();
        }
        if !warm {
            cx.builder.set_cold_block(label);
        }
        cx.start(label);
        cx.made.back_to(made);
        cx.passed.forget();
        cx.stack.values.truncate(height);
        cx.stack.values.extend_from_slice(cx.builder.block_params(label));
        cx.stack.reachable = true;
    }
    if cx.stack.frames.is_empty() && cx.stack.reachable {
        return_(cx);
    }
}

/// A block begins in unreachable code.
pub fn dead_block(cx: &mut Context<'_, '_>) {
    cx.stack.dead_blocks += 1;
}

/// `unreachable`.
pub fn unreachable(cx: &mut Context<'_, '_>) {
    trap(cx, TrapCode::Unreachable);
}

/// `return`.
pub fn return_(cx: &mut Context<'_, '_>) {
    let count = cx.builder.func.signature.returns.len();
    let values = cx.stack.top(count).to_vec();
    cx.ins().return_(&values);
    cx.stack.reachable = false;
}

/// `br`.
pub fn br(cx: &mut Context<'_, '_>, depth: u32) {
    if depth as usize + 1 == cx.stack.frames.len() {
        return return_(cx);
    }
    branch(cx, depth);
    cx.stack.reachable = false;
}

/// `br_if`.
pub fn br_if(cx: &mut Context<'_, '_>, depth: u32) {
    let condition = cx.pop_condition();
    let back = matches!(cx.stack.frame(depth).kind, Kind::Loop);
    let hint = cx.hint().filter(|_| !back);
    let next = cx.block(&[]);
    if hint == Some(false) {
        // A stop on the way, so that the label need not be cold.
        let stop = cx.block(&[]);
        cx.builder.set_cold_block(stop);
        cx.ins().brif(condition, stop, &[], next, &[]);
        cx.start(stop);
        branch(cx, depth);
    } else {
        let (label, arity) = target(cx, depth);
        let args = cx.stack.top_args(arity);
        cx.ins().brif(condition, label, &args, next, &[]);
        if hint == Some(true) {
            cx.builder.set_cold_block(next);
        }
    }
    cx.start(next);
}

/// `br_on_null`.
pub fn br_on_null(cx: &mut Context<'_, '_>, depth: u32) {
    let reference = cx.pop();
    let (label, arity) = target(cx, depth);
    let args = cx.stack.top_args(arity);
    let next = cx.block(&[]);
    cx.ins().brif(reference, next, &[], label, &args);
    cx.start(next);
    cx.push(reference);
}

/// `br_on_non_null`: the label takes the reference along, too.
pub fn br_on_non_null(cx: &mut Context<'_, '_>, depth: u32) {
    let (label, arity) = target(cx, depth);
    let args = cx.stack.top_args(arity);
    let reference = cx.pop();
    let next = cx.block(&[]);
    cx.ins().brif(reference, label, &args, next, &[]);
    cx.start(next);
}

/// `br_table`.
pub fn br_table(cx: &mut Context<'_, '_>, table: &BrTable<'_>) -> wasmparser::Result<()> {
    let index = cx.pop();
    // Each label is reached through one block of its own, so that arguments and the values of
    // locals are passed once per label, not once per entry.
    let default = table.default();
    let labels = table.targets().collect::<wasmparser::Result<Vec<u32>>>()?;
    let mut stops = BTreeMap::new();
    for &depth in labels.iter().chain([&default]) {
        stops.entry(depth).or_insert_with(|| cx.block(&[]));
    }
    switch::switch(cx, index, &labels, default, &stops);
    for (depth, block) in stops {
        cx.start(block);
        branch(cx, depth);
    }
    cx.stack.reachable = false;
    Ok(())
}

/// Jumps to the label of a frame with the operands that it takes; leaves them on the stack.
fn branch(cx: &mut Context<'_, '_>, depth: u32) {
    let (label, arity) = target(cx, depth);
    let args = cx.stack.top_args(arity);
    cx.ins().jump(label, &args);
}

fn target(cx: &mut Context<'_, '_>, depth: u32) -> (Block, usize) {
    let (module, cold) = (cx.module, cx.is_cold());
    let frame = cx.stack.frame(depth);
    frame.branched = true;
    frame.warm |= !cold;
    (frame.label, frame.arity(module))
}
