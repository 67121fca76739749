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
use crate::plan::inline::Inline;

/// Who plays which part in a function.
pub struct Roles {
    order: Vec<FuncIndex>,
    numbers: HashMap<FuncIndex, u32>,
}

impl Roles {
    /// Those of a defined function.
    pub fn new(module: &Module<'_>, plan: &Plan, func: FuncIndex) -> Self {
        let mut roles = Self { order: vec![func], numbers: HashMap::from([(func, 0)]) };
        let mut next = 0;
        while let Some(&func) = roles.order.get(next) {
            if let Some(body) = read(module, plan, func, next == 0) {
                for naming in body.namings() {
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
    let put_in = || plan.inline.get(&func).is_some_and(|kind| *kind != Inline::Itself);
    body.filter(|_| is_itself || put_in())
}
