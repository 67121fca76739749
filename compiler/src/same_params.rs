//! Parameters of blocks that are the same value wherever the blocks are entered from become that value.
//!
//! Cranelift's own step for this looks at every instruction, and keeps what it finds in hash tables; it is one
//! hundredth of all that compiling takes. This one looks at the ends of blocks. What comes out is the same.

use cranelift_codegen::Context;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, DataFlowGraph, Inst, Value};

/// What is known of a value that a block is entered with.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Known {
    /// It is no parameter.
    #[default]
    Itself,
    /// No way in has been looked at.
    Nothing,
    /// It is this one, which is no parameter.
    Only(Value),
    /// One of several.
    Many,
}

/// A way into a block that has parameters.
struct Way {
    branch: Inst,
    /// Its place among those of the branch.
    number: usize,
    to: Block,
    /// Where in the list of all arguments its own begin.
    args: usize,
}

/// Has those parameters become aliases of what they are, and removes them. The tree of dominators is there.
pub fn remove(context: &mut Context) {
    let Context { func, domtree, .. } = context;
    let dfg = &func.dfg;
    let (mut ways, mut all_args) = (Vec::new(), Vec::new());
    let mut known: SecondaryMap<Value, Known> = SecondaryMap::new();
    known.resize(dfg.num_values());
    for &block in domtree.cfg_rpo() {
        let Some(branch) = func.layout.last_inst(block) else { continue };
        for (number, call) in destinations(dfg, branch).iter().enumerate() {
            if call.len(&dfg.value_lists) > 0 {
                let to = call.block(&dfg.value_lists);
                ways.push(Way { branch, number, to, args: all_args.len() });
                let args = call.args(&dfg.value_lists);
                all_args.extend(args.map(|arg| arg.as_value().map(|arg| dfg.resolve_aliases(arg))));
                for &param in dfg.block_params(to) {
                    known[param] = Known::Nothing;
                }
            }
        }
    }
    let mut changed = !ways.is_empty();
    while std::mem::take(&mut changed) {
        for way in &ways {
            for (&param, arg) in dfg.block_params(way.to).iter().zip(&all_args[way.args..]) {
                let arg = arg.map_or(Known::Many, |arg| match known[arg] {
                    Known::Itself => Known::Only(arg),
                    other => other,
                });
                let joined = match (known[param], arg) {
                    (before, Known::Nothing) => before,
                    (Known::Nothing, arg) => arg,
                    (before, arg) if before == arg => before,
                    _ => Known::Many,
                };
                changed |= joined != known[param];
                known[param] = joined;
            }
        }
    }
    let is_same = |value: &Value| matches!(known[*value], Known::Only(_));
    ways.retain(|way| func.dfg.block_params(way.to).iter().any(is_same));
    for way in &ways {
        let dfg = &mut func.dfg;
        let params = dfg.block_params(way.to).iter();
        let call = destinations(dfg, way.branch)[way.number];
        let args = params.zip(call.args(&dfg.value_lists)).filter(|(param, _)| !is_same(param));
        let args: Vec<BlockArg> = args.map(|(_, arg)| arg).collect();
        let call = BlockCall::new(way.to, args, &mut dfg.value_lists);
        dfg.insts[way.branch]
            .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables)[way.number] =
            call;
    }
    for way in ways {
        let params = func.dfg.block_params(way.to).to_vec();
        // From the last one on, as those behind one that goes move up.
        for param in params.into_iter().rev() {
            if let Known::Only(value) = known[param] {
                func.dfg.remove_block_param(param);
                func.dfg.change_to_alias(param, value);
            }
        }
    }
}

/// Where the last instruction of a block may lead.
pub fn destinations(dfg: &DataFlowGraph, branch: Inst) -> &[BlockCall] {
    dfg.insts[branch].branch_destination(&dfg.jump_tables, &dfg.exception_tables)
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, types};
    use cranelift_codegen::settings;

    use super::*;

    /// A loop of two blocks that change two parameters with each other, which are the same unless others come in, and
    /// one that is another number each time.
    fn func(others: bool) -> Function {
        let mut func = Function::new();
        func.signature.params.extend([AbiParam::new(types::I32); 2]);
        func.signature.returns.extend([AbiParam::new(types::I32); 3]);
        let [entry, header, second, exit] = [(); 4].map(|()| func.dfg.make_block());
        let [start, other] = [(); 2].map(|()| func.dfg.append_block_param(entry, types::I32));
        let mut params = |block| [(); 3].map(|()| func.dfg.append_block_param(block, types::I32));
        let ([a, b, c], [d, e, f], results) = (params(header), params(second), params(exit));
        let mut cursor = FuncCursor::new(&mut func);
        let args = |args: [Value; 3]| args.map(BlockArg::from);
        cursor.insert_block(entry);
        let first = if others { other } else { start };
        cursor.ins().brif(other, header, &args([start, first, start]), exit, &args([start; 3]));
        cursor.insert_block(header);
        cursor.ins().jump(second, &args([b, a, c]));
        cursor.insert_block(second);
        let next = cursor.ins().iadd(f, d);
        cursor.ins().brif(next, header, &args([d, e, next]), exit, &args([e, start, next]));
        cursor.insert_block(exit);
        cursor.ins().return_(&results);
        func
    }

    #[test]
    fn what_is_always_the_same_is_found_as_cranelift_does() {
        for (others, left) in [(false, [1, 1, 1]), (true, [3, 3, 2])] {
            let [mut own, mut theirs] = [(); 2].map(|()| Context::for_function(func(others)));
            let flags = settings::Flags::new(settings::builder());
            for context in [&mut own, &mut theirs] {
                context.flowgraph();
            }
            remove(&mut own);
            theirs.remove_constant_phis(&flags).unwrap();
            for context in [&mut own, &mut theirs] {
                context.func.dfg.resolve_all_aliases();
            }
            assert_eq!(own.func.to_string(), theirs.func.to_string());
            let blocks = own.func.layout.blocks().skip(1);
            let params = blocks.map(|block| own.func.dfg.block_params(block).len());
            assert_eq!(params.collect::<Vec<_>>(), left, "{}", own.func);
        }
    }
}
