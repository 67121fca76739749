//! Functions that only this module's own instances call, each by itself: direct calls lead to them, and
//! [constant tables](super::constant_tables).
//!
//! Whoever calls them has the context that they get, and no other one. So they are told one context
//! instead of two, and have a register more for their arguments. What stands in a table is called by its
//! type: either all of a type are private there, or none.

use std::collections::{BTreeMap, BTreeSet};

use super::constant_tables::ConstantTable;
use super::reach::Reach;
use crate::index::*;
use crate::module::Module;

/// Which functions are private.
#[derive(Debug, Default)]
pub struct Private {
    functions: BTreeSet<FuncIndex>,
    /// The types of which constant tables have others.
    public_in_tables: BTreeSet<SigIndex>,
}

impl Private {
    /// Finds them, given the functions that the host can call.
    pub fn find(
        module: &Module<'_>,
        reach: &Reach,
        entries: impl IntoIterator<Item = FuncIndex>,
        constant: &BTreeMap<TableIndex, ConstantTable>,
    ) -> Self {
        let entries: BTreeSet<_> = entries.into_iter().chain(module.start).collect();
        let mut functions: BTreeSet<_> = reach
            .functions
            .iter()
            .filter(|func| !entries.contains(func) && !reach.func_refs.contains(func))
            .collect();
        let sig = |func: &FuncIndex| module.functions[*func].sig;
        // What is not reached stands nowhere, and is called by nobody.
        let listed = constant.values().flat_map(|table| table.entries.iter().copied().flatten());
        let in_tables: BTreeSet<FuncIndex> =
            listed.filter(|func| reach.functions.contains(*func)).collect();
        let public = in_tables.iter().filter(|func| !functions.contains(func));
        let public_in_tables: BTreeSet<_> = public.map(sig).collect();
        for func in in_tables {
            if public_in_tables.contains(&sig(&func)) {
                functions.remove(&func);
            }
        }
        Self { functions, public_in_tables }
    }

    /// Whether a function is private.
    pub fn has(&self, func: FuncIndex) -> bool {
        self.functions.contains(&func)
    }

    /// Whether the functions of a type that stand in constant tables are.
    pub fn has_in_tables(&self, sig: SigIndex) -> bool {
        !self.public_in_tables.contains(&sig)
    }
}
