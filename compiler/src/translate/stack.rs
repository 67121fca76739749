//! The value stack and the control frames (spec 3.3), and whether code is reachable. All of it
//! lies on the heap: nesting depth costs no Rust stack.
//!
//! Unreachable code is not translated: while `reachable` is false only the nesting of blocks is
//! followed, until an `else` or `end` at which code becomes reachable again.

use cranelift_codegen::ir::{Block, BlockArg, Inst, Value};

use crate::index::SigIndex;
use crate::module::{Module, ValType};

/// Values, frames, reachability.
#[derive(Debug)]
pub struct Stack {
    /// The operands.
    pub values: Vec<Value>,
    /// The blocks that are open, outermost first. Blocks in unreachable code have none.
    pub frames: Vec<Frame>,
    /// Whether the current position can be reached.
    pub reachable: bool,
    /// How many blocks are open that began in unreachable code.
    pub dead_blocks: usize,
}

/// An open block.
#[derive(Debug)]
pub struct Frame {
    /// Which instruction began it.
    pub kind: Kind,
    /// What it takes and gives.
    pub ty: BlockType,
    /// The number of operands below its parameters.
    pub height: usize,
    /// Where a branch to it leads: for a loop its start, else what follows its end.
    pub label: Block,
    /// How much had been made where it began: see [`Made`](super::made::Made).
    pub made: usize,
    /// Whether any branch leads there.
    pub branched: bool,
    /// Whether any does from where code is not cold.
    pub warm: bool,
}

/// Which instruction began a block.
#[derive(Debug)]
pub enum Kind {
    /// `block`, or the function itself.
    Block,
    /// `loop`.
    Loop,
    /// `if` before its `else`, which gets the parameters, too.
    If {
        /// Where the `else` begins.
        otherwise: Otherwise,
        /// The block's parameters.
        params: Vec<Value>,
    },
}

/// Where the `else` of an `if` begins.
#[derive(Clone, Copy, Debug)]
pub enum Otherwise {
    /// In this block.
    Block(Block),
    /// In none as long as it is not known that there is an `else`: this branch leads to the label.
    Label {
        /// The branch.
        branch: Inst,
        /// Whether it is rarely reached.
        cold: bool,
    },
}

/// The type of a block.
#[derive(Clone, Copy, Debug)]
pub enum BlockType {
    /// Neither parameters nor results.
    Empty,
    /// One result.
    Value(ValType),
    /// Those of a function type.
    Sig(SigIndex),
}

impl BlockType {
    /// What the block takes.
    pub fn params<'m>(&self, module: &'m Module<'_>) -> &'m [ValType] {
        match self {
            Self::Sig(sig) => &module.signatures[*sig].params,
            _ => &[],
        }
    }

    /// What the block gives.
    pub fn results<'m>(&'m self, module: &'m Module<'_>) -> &'m [ValType] {
        match self {
            Self::Empty => &[],
            Self::Value(ty) => std::slice::from_ref(ty),
            Self::Sig(sig) => &module.signatures[*sig].results,
        }
    }
}

impl Frame {
    /// How many operands a branch to the frame takes along.
    pub fn arity(&self, module: &Module<'_>) -> usize {
        match self.kind {
            Kind::Loop => self.ty.params(module).len(),
            _ => self.ty.results(module).len(),
        }
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self { values: Vec::new(), frames: Vec::new(), reachable: true, dead_blocks: 0 }
    }
}

impl Stack {
    /// Pops an operand.
    pub fn pop(&mut self) -> Value {
        self.values.pop().expect("a valid function never pops from an empty stack")
    }

    /// The topmost `n` operands, in the order in which they were pushed.
    pub fn top(&self, n: usize) -> &[Value] {
        &self.values[self.values.len() - n..]
    }

    /// The topmost `n` operands as a branch takes them along.
    pub fn top_args(&self, n: usize) -> Vec<BlockArg> {
        self.top(n).iter().copied().map(BlockArg::Value).collect()
    }

    /// Pops `n` operands.
    pub fn drop(&mut self, n: usize) {
        self.values.truncate(self.values.len() - n);
    }

    /// The frame that a branch of this depth leads to.
    pub fn frame(&mut self, depth: u32) -> &mut Frame {
        let place = self.frames.len() - 1 - depth as usize;
        &mut self.frames[place]
    }
}
