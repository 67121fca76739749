//! The functions that a function's code names, by the part that they play in it instead of by their
//! indices, which are other ones as soon as a function is added to the module or removed.
//!
//! Number 0 is the function itself. The others follow in the order in which they are first named: in
//! its own code, then in that of those among them whose code is put into it, and so on. So
//! the code of two versions of a function is the same, other than for the functions that relocations
//! name, if its instructions are and functions with the same part are of the same kind.

use std::collections::HashMap;

use crate::index::FuncIndex;
use crate::module::{Body, Module};
use crate::plan::Plan;

/// Who plays which part in a function.
pub struct Roles {
    order: Vec<FuncIndex>,
    numbers: HashMap<FuncIndex, u32>,
}

/// An instruction that names a function.
pub struct Naming {
    /// Where it stands in the body.
    pub offset: usize,
    /// Whether it makes a reference, instead of calling.
    pub is_reference: bool,
    /// How many bytes the index has.
    pub len: usize,
    /// Which function.
    pub func: FuncIndex,
}

impl Roles {
    /// Those of a defined function.
    pub fn new(module: &Module<'_>, plan: &Plan, func: FuncIndex) -> Self {
        let mut roles = Self { order: vec![func], numbers: HashMap::from([(func, 0)]) };
        let mut next = 0;
        while let Some(&func) = roles.order.get(next) {
            if let Some(body) = read(module, plan, func, next == 0) {
                for naming in namings(body) {
                    roles.add(naming.func);
                }
            }
            next += 1;
        }
        roles
    }

    fn add(&mut self, func: FuncIndex) {
        let number = self.order.len() as u32;
        self.numbers.entry(func).or_insert_with(|| {
            self.order.push(func);
            number
        });
    }

    /// Everybody, in order.
    pub fn all(&self) -> &[FuncIndex] {
        &self.order
    }

    /// The number of somebody who has a part.
    pub fn number(&self, func: FuncIndex) -> Option<u32> {
        self.numbers.get(&func).copied()
    }
}

/// The body of somebody whose body translation reads: that of the function itself, and of those
/// whose code is put into it. Whoever has translation read another one says so here, too.
pub fn read<'m>(
    module: &'m Module<'_>,
    plan: &Plan,
    func: FuncIndex,
    is_itself: bool,
) -> Option<&'m Body<'m>> {
    let body = module.functions[func].body.as_ref();
    body.filter(|_| is_itself || plan.small.contains(&func))
}

/// The instructions of a valid body that name functions. Each has an opcode of one byte.
pub fn namings<'b>(body: &'b Body<'_>) -> impl Iterator<Item = Naming> + 'b {
    const REF_FUNC: u8 = 0xd2;
    body.names.iter().map(|&offset| {
        let offset = offset as usize;
        let (mut index, mut len) = (0, 0);
        for &byte in &body.bytes[offset + 1..] {
            index |= u32::from(byte & 0x7f) << (7 * len);
            len += 1;
            if byte < 0x80 {
                break;
            }
        }
        let is_reference = body.bytes[offset] == REF_FUNC;
        Naming { offset, is_reference, len, func: FuncIndex::from_u32(index) }
    })
}
