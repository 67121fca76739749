//! Values that need not be made again: constants, where indices lead, and what locals hold.
//!
//! Cranelift would find that they are the same, but each costs time until then. All that is remembered was made
//! on every path to the current position: where paths meet, what has been made since they parted is forgotten
//! ([`Made::back_to`]). What a block begins with comes behind all that was made in front of it; of a loop, too, and
//! who leaves one at its end comes from what is in it. But what a loop sets is something else in its next turn: that
//! is forgotten where it begins.

use cranelift_codegen::ir::{Type, Value};
use cranelift_entity::SecondaryMap;
use cranelift_frontend::Variable;

use crate::index::MemoryIndex;

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A number: its bits.
    Number(Type, u64),
    /// The sum of an index, or the front of one, and where its memory starts.
    Sum(MemoryIndex, Value),
    /// What a variable holds.
    Held(Variable),
}

/// How many are found at most, but for variables: of those with the same slot, the last one.
const SLOTS: usize = 256;

/// What has been made on every path to the current position.
#[derive(Debug)]
pub struct Made {
    /// In the order in which it was; of sums, what is to be added to them.
    all: Vec<(What, Value, u64)>,
    /// Where in it something may be.
    slots: [u32; SLOTS],
    /// The same of variables.
    variables: SecondaryMap<Variable, u32>,
}

impl Default for Made {
    fn default() -> Self {
        Self { all: Vec::new(), slots: [0; SLOTS], variables: SecondaryMap::new() }
    }
}

impl Made {
    /// How much there is.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Forgets what there was not when there was so much.
    pub fn back_to(&mut self, len: usize) {
        self.all.truncate(len);
    }

    /// What has been made for this.
    pub fn find(&mut self, what: What) -> Option<(Value, u64)> {
        let place = *self.slot(what) as usize;
        let &(made, value, further) = self.all.get(place)?;
        (made == what).then_some((value, further))
    }

    /// Remembers it.
    pub fn add(&mut self, what: What, value: Value, further: u64) {
        *self.slot(what) = self.all.len() as u32;
        self.all.push((what, value, further));
    }

    /// Forgets what a variable holds.
    pub fn forget(&mut self, variable: Variable) {
        self.variables[variable] = u32::MAX;
    }

    fn slot(&mut self, what: What) -> &mut u32 {
        let mixed = match what {
            What::Number(ty, bits) => bits ^ bits >> 13 ^ u64::from(ty.bits()) << 2,
            What::Sum(memory, index) => u64::from(index.as_u32() ^ memory.as_u32() << 6),
            What::Held(variable) => return &mut self.variables[variable],
        };
        &mut self.slots[mixed as usize % SLOTS]
    }
}
