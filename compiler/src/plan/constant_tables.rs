//! Tables that stay as they start: nobody can write them, and nobody can look at them but by calling
//! what stands there. That is what the tables of C, C++ and Rust programs are like.
//!
//! Such a table is no part of instances. It is a constant of the program, from which a call takes
//! the code and the number of its type; whose context the callee gets is known. How far apart the
//! functions of one type lie may be enough to tell what an index leads to.
//!
//! An entry has 8 bytes, and is all zero for null:
//!
//! ```text
//! i32  distance from the table's start to the code; 0 for what is never called
//! u32  number of the function's type: that of its signature, plus 1
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasmaot_abi::value::ValKind;

use super::{constant_offset, in_bounds};
use crate::index::*;
use crate::module::{ConstOp, ElemMode, Item, Module, Use};

/// The bytes of an entry.
pub const ENTRY_LEN: u32 = 8;

/// Where in an entry the number of the type stands.
pub const TYPE_OFFSET: u32 = 4;

/// As many entries as may be null: a table can be declared with millions.
const MAX_NULLS: u64 = 4096;

/// A table that stays as it starts.
#[derive(Debug)]
pub struct ConstantTable {
    /// What it holds: defined functions, or null.
    pub entries: Vec<Option<FuncIndex>>,
    /// Where functions of a type stand, in ascending order.
    places: HashMap<SigIndex, Vec<u32>>,
}

/// Where the functions of one type stand in a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Targets {
    /// The first of them.
    pub first: u32,
    /// How many entries there are from that one to the last.
    pub len: u32,
    /// Whether all these are of the type.
    pub whole: bool,
}

impl ConstantTable {
    /// Where the functions of a type stand; `None` if there is none.
    pub fn targets(&self, sig: SigIndex) -> Option<Targets> {
        let places = self.places.get(&sig)?;
        let (first, last) = (*places.first()?, *places.last()?);
        let len = last - first + 1;
        Some(Targets { first, len, whole: places.len() as u32 == len })
    }

    /// The functions of a type.
    pub fn functions(&self, sig: SigIndex) -> impl Iterator<Item = FuncIndex> + '_ {
        let places = self.places.get(&sig).into_iter().flatten();
        places.filter_map(|&place| self.entries[place as usize])
    }
}

/// The number that stands for a type in entries.
pub fn type_number(sig: SigIndex) -> u32 {
    // There are a million types at most.
    sig.as_u32() + 1
}

/// Finds them, given the wanted exports.
pub fn constant_tables(
    module: &Module<'_>,
    exports: &[usize],
) -> BTreeMap<TableIndex, ConstantTable> {
    let seen = seen(module, exports);
    let mut tables: BTreeMap<_, _> = module
        .tables
        .keys()
        .skip(module.imported_tables as usize)
        .filter(|table| !seen.contains(table))
        .filter_map(|table| Some((table, start(module, table)?)))
        .collect();
    for segment in module.elems.values() {
        let ElemMode::Active(table, offset) = &segment.mode else { continue };
        let Some(entries) = tables.get_mut(table) else { continue };
        let len = segment.items.len() as u64;
        let start =
            constant_offset(offset).filter(|_| in_bounds(offset, len, entries.len() as u64));
        let filled = start.and_then(|start| {
            let places = &mut entries[start as usize..][..segment.items.len()];
            for (place, &item) in places.iter_mut().zip(&segment.items) {
                *place = function(module, item)?;
            }
            Some(())
        });
        if filled.is_none() {
            tables.remove(table);
        }
    }
    tables.into_iter().map(|(table, entries)| (table, with_places(module, entries))).collect()
}

/// The tables that are written or looked at, or might be.
fn seen(module: &Module<'_>, exports: &[usize]) -> BTreeSet<TableIndex> {
    let mut seen = BTreeSet::new();
    for &export in exports {
        if let Item::Table(table) = module.exports[export].item {
            seen.insert(table);
        }
    }
    let bodies = module.functions.values().filter_map(|function| function.body.as_ref());
    for &thing in bodies.flat_map(|body| &body.uses) {
        match thing {
            Use::ReadTable(table) | Use::WriteTable(table) => {
                seen.insert(table);
            }
            // An active segment is dropped by what fills its table.
            Use::InitTable(elem) => {
                if let ElemMode::Active(table, _) = module.elems[elem].mode {
                    seen.insert(table);
                }
            }
            _ => {}
        }
    }
    seen
}

/// What a table has before any segment is applied; `None` if it cannot be constant.
fn start(module: &Module<'_>, table: TableIndex) -> Option<Vec<Option<FuncIndex>>> {
    let ty = &module.tables[table];
    let init =
        module.defined_table(table).ok().map(|defined| &module.table_inits[defined as usize]);
    let empty = init.is_some_and(|init| match init.as_deref() {
        None => true,
        Some(init) => matches!(init, [ConstOp::RefNull(_)]),
    });
    let segments = module.elems.values().filter_map(|segment| match segment.mode {
        ElemMode::Active(to, _) if to == table => Some(segment.items.len() as u64),
        _ => None,
    });
    let small = ty.min <= segments.sum::<u64>() + MAX_NULLS;
    let functions = ty.element.kind() == ValKind::FuncRef;
    (empty && small && functions).then(|| vec![None; ty.min as usize])
}

/// What an item leads to, or null; `None` if that is not known, or no function of this module.
fn function(module: &Module<'_>, item: ConstOp) -> Option<Option<FuncIndex>> {
    match item {
        ConstOp::RefNull(_) => Some(None),
        ConstOp::RefFunc(func) if !module.is_imported_function(func) => Some(Some(func)),
        _ => None,
    }
}

fn with_places(module: &Module<'_>, entries: Vec<Option<FuncIndex>>) -> ConstantTable {
    let mut places: HashMap<SigIndex, Vec<u32>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        if let Some(func) = entry {
            places.entry(module.functions[*func].sig).or_default().push(place as u32);
        }
    }
    ConstantTable { entries, places }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<u32> {
        let wasm = wat::parse_str(format!("(module {text})")).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let exports: Vec<_> = (0..module.exports.len()).collect();
        constant_tables(&module, &exports).keys().map(|table| table.as_u32()).collect()
    }

    #[test]
    fn what_is_only_called_through_is_constant() {
        let call = "(func $f (call_indirect (i32.const 0)))";
        assert_eq!(found(&format!("(table 1 funcref) {call}")), [0]);
        assert_eq!(found(&format!("(table 1 2 funcref) (elem (i32.const 0) $f) {call}")), [0]);
        // A segment of another table is none of its business.
        let other = "(table $t 1 1 funcref) (elem $e (table $t) (i32.const 0) func)";
        let init = "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 0))";
        assert_eq!(found(&format!("(table 1 funcref) {call} {other} (func {init})")), [0]);
    }

    #[test]
    fn what_may_change_or_be_seen_is_not() {
        let zeros = "(i32.const 0) (i32.const 0) (i32.const 0)";
        for text in [
            "(import \"m\" \"t\" (table 1 funcref))",
            "(table (export \"t\") 1 funcref)",
            "(table 1 funcref) (func (drop (table.get 0 (i32.const 0))))",
            "(table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func)))",
            "(table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 0))))",
            "(table 1 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 0)))",
            &format!("(table 1 funcref) (func (table.copy {zeros}))"),
            &format!("(table 1 funcref) (elem $e func) (func (table.init $e {zeros}))"),
            "(table 1 externref)",
            "(table 100_000 funcref)",
            "(func $f) (elem declare func $f) (table 1 (ref func) (ref.func $f))",
            // Beyond the end, at the host's will, or with what is the host's.
            "(func $f) (table 1 funcref) (elem (i32.const 0) $f $f)",
            "(import \"m\" \"g\" (global i32)) (func $f) (table 1 funcref) (elem (global.get 0) $f)",
            "(import \"m\" \"f\" (func $f)) (table 1 funcref) (elem (i32.const 0) $f)",
            "(import \"m\" \"g\" (global funcref)) (table 1 funcref)
             (elem (i32.const 0) funcref (global.get 0))",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
