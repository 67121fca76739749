//! What goes around loops takes the place of what it goes on from.
//!
//! A loop that goes on with `i + 1` keeps both in one register if nothing looks at `i` once `i + 1` is there. Else the
//! way back needs a move; and a way back that is a branch's then needs a block of its own, with a jump. Cranelift computes
//! such sums anew in each block that uses them, and puts them in front of the first of their uses. Here:
//!
//! - what is computed from `i` in blocks behind its last other use is computed from `i + 1`, which is made there;
//! - what goes around comes behind the uses, in its block, of what it goes on from.
//!
//! All that moves is arithmetic. Both take time in proportion to the function.

use cranelift_codegen::Context;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value};

use super::{become_alias, each_value, number};
use crate::translate::constant;

/// How many instructions something moves past at most.
const FAR: usize = 40;
/// How many things move in a block at most.
const MANY: usize = 16;
/// How many sums with other constants are computed from what goes around. Many are parts of addresses, which
/// take them along.
const FEW: usize = 4;

/// A use of a counter.
struct Use {
    inst: Inst,
    block: Block,
    /// If it is the sum with a constant: that.
    by: Option<i64>,
}

/// What a loop's header gets, and a branch back to it adds a constant to.
struct Counter {
    value: Value,
    header: Block,
    by: i64,
    uses: Vec<Use>,
}

/// Has loops compute only once what goes around.
pub fn once(context: &mut Context) {
    let counters = counters(context);
    let mut aliases = false;
    for counter in &counters {
        aliases |= count_once(context, counter);
    }
    if aliases {
        context.func.dfg.resolve_all_aliases();
    }
}

fn counters(context: &Context) -> Vec<Counter> {
    let Context { func, domtree, loop_analysis: loops, cfg, .. } = context;
    let mut counters: Vec<Counter> = Vec::new();
    // By value; 0 is none.
    let mut numbers: SecondaryMap<Value, u32> = SecondaryMap::new();
    for it in loops.loops() {
        let header = loops.loop_header(it);
        for pred in cfg.pred_iter(header) {
            let InstructionData::Brif { blocks, .. } = &func.dfg.insts[pred.inst] else { continue };
            if !domtree.block_dominates(header, pred.block) {
                continue;
            }
            let calls = blocks.iter().filter(|call| call.block(&func.dfg.value_lists) == header);
            for call in calls {
                let args = call.args(&func.dfg.value_lists);
                for (arg, &value) in args.zip(func.dfg.block_params(header)) {
                    let def = arg.as_value().and_then(|arg| func.dfg.value_def(arg).inst());
                    if let Some(by) = def.and_then(|def| added(func, def, value))
                        && numbers[value] == 0
                    {
                        counters.push(Counter { value, header, by, uses: Vec::new() });
                        numbers[value] = counters.len() as u32;
                    }
                }
            }
        }
    }
    if counters.is_empty() {
        return counters;
    }
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            each_value(func, inst, |value| {
                if let Some(number) = (numbers[value] as usize).checked_sub(1) {
                    let by = added(func, inst, value);
                    counters[number].uses.push(Use { inst, block, by });
                }
            });
        }
    }
    counters
}

/// The constant that an instruction adds to an integer, if it does.
fn added(func: &Function, inst: Inst, value: Value) -> Option<i64> {
    match func.dfg.insts[inst] {
        InstructionData::Binary { opcode: Opcode::Iadd, args: [of, by] } if of == value => {
            constant(&func.dfg, by).map(|by| by as i64)
        }
        _ => None,
    }
}

/// Does that for one; whether anything is an alias now.
fn count_once(context: &mut Context, counter: &Counter) -> bool {
    let Context { func, domtree, .. } = context;
    let Counter { value, header, by, ref uses } = *counter;
    let (sums, others): (Vec<&Use>, Vec<&Use>) = uses.iter().partition(|it| it.by.is_some());
    // The last block that uses it for anything else, which all others lead to.
    let mut last = header;
    for it in &others {
        if domtree.block_dominates(last, it.block) {
            last = it.block;
        } else if !domtree.block_dominates(it.block, last) {
            return false;
        }
    }
    let end = func.layout.last_inst(last).expect("blocks have ends");
    // A branch compares for itself.
    let compared = condition(func, end);
    if others.iter().any(|it| it.inst == end || Some(it.inst) == compared) {
        return false;
    }
    let (here, elsewhere): (Vec<&Use>, Vec<&Use>) = sums.iter().partition(|it| it.block == last);
    let (behind, before): (Vec<&Use>, Vec<&Use>) =
        elsewhere.iter().partition(|it| domtree.block_dominates(last, it.block));
    if before.iter().any(|it| !domtree.block_dominates(it.block, last)) {
        return false;
    }
    let here = here.iter().find(|it| it.by == Some(by)).map(|it| it.inst);
    let same = behind.iter().all(|it| it.by == Some(by));
    let pays = match here {
        Some(_) => !behind.is_empty() && (same || behind.len() <= FEW),
        None => behind.len() > 1 && same,
    };
    if !pays {
        return false;
    }
    let ty = func.dfg.value_type(value);
    let next = here.map(|inst| func.dfg.first_result(inst)).unwrap_or_else(|| {
        let mut cursor = FuncCursor::new(func).at_inst(end);
        let by = number(&mut cursor, ty, by);
        cursor.ins().iadd(value, by)
    });
    let mut aliases = false;
    for it in behind {
        let more = it.by.expect("these are sums").wrapping_sub(by);
        if more == 0 {
            become_alias(func, it.inst, next);
            aliases = true;
        } else {
            let mut cursor = FuncCursor::new(func).at_inst(it.inst);
            let more = number(&mut cursor, ty, more);
            func.dfg.overwrite_inst_values(it.inst, [next, more].into_iter());
        }
    }
    aliases
}

/// The comparison that makes a branch's condition.
fn condition(func: &Function, branch: Inst) -> Option<Inst> {
    let InstructionData::Brif { arg, .. } = func.dfg.insts[branch] else { return None };
    let is_comparison = |inst: &Inst| {
        let data = func.dfg.insts[*inst];
        matches!(data, InstructionData::IntCompare { .. } | InstructionData::FloatCompare { .. })
    };
    func.dfg.value_def(arg).inst().filter(is_comparison)
}

/// Has what goes around come behind uses of what it takes the place of.
pub fn late(context: &mut Context, headers: &[Block]) {
    let Context { func, cfg, loop_analysis: loops, .. } = context;
    let mut ends: Vec<(Block, Inst)> = Vec::new();
    for &header in headers {
        ends.extend(cfg.pred_iter(header).map(|pred| (pred.block, pred.inst)));
    }
    // What leads to several headers comes once.
    ends.sort_unstable();
    ends.dedup();
    let mut moves: Vec<(Inst, Value)> = Vec::new();
    for (block, end) in ends {
        moves.clear();
        let dfg = &func.dfg;
        for call in dfg.insts[end].branch_destination(&dfg.jump_tables, &dfg.exception_tables) {
            let to = call.block(&dfg.value_lists);
            if loops.is_loop_header(to).is_none() {
                continue;
            }
            for (arg, &value) in call.args(&dfg.value_lists).zip(dfg.block_params(to)) {
                let Some(def) = arg.as_value().and_then(|arg| dfg.value_def(arg).inst()) else {
                    continue;
                };
                let fits = func.layout.inst_block(def) == Some(block)
                    && is_arithmetic(dfg.insts[def].opcode())
                    && dfg.inst_values(def).any(|of| of == value);
                if fits && moves.len() < MANY && !moves.iter().any(|&(other, _)| other == def) {
                    moves.push((def, value));
                }
            }
        }
        for &(def, value) in &moves {
            move_behind(func, def, value, end);
        }
    }
}

fn is_arithmetic(opcode: Opcode) -> bool {
    use Opcode::{Band, Bor, Bxor, Iadd, Imul, Ishl, Isub, Ushr};
    matches!(opcode, Iadd | Isub | Imul | Band | Bor | Bxor | Ishl | Ushr)
}

/// Moves an instruction to where its result is first used, if a value is used in between; with it what the
/// block's branch compares it with, which the branch does itself.
fn move_behind(func: &mut Function, def: Inst, value: Value, end: Inst) {
    let compared = condition(func, end);
    let mut with = None;
    let mut used = false;
    let mut place = def;
    for _ in 0..FAR {
        let Some(inst) = func.layout.next_inst(place).filter(|&inst| inst != end) else { break };
        let uses = |of: Inst| {
            let result = func.dfg.first_result(of);
            func.dfg.inst_values(inst).any(|value| value == result)
        };
        if Some(inst) == compared && uses(def) {
            with = compared;
        } else if uses(def) || with.is_some_and(uses) {
            break;
        }
        used |= with != Some(inst) && func.dfg.inst_values(inst).any(|it| it == value);
        place = inst;
    }
    if used {
        for inst in [Some(def), with].into_iter().flatten() {
            if place != inst {
                let behind = func.layout.next_inst(place).expect("the block's end is behind it");
                func.layout.remove_inst(inst);
                func.layout.insert_inst(inst, behind);
            }
            place = inst;
        }
    }
}
