//! What can be reached from the wanted exports, the imports and the start function.
//!
//! A function is reached when reachable code calls it, or when something that can be looked at
//! refers to it. A table can be looked at if it is imported or exported or if reachable code
//! calls through it, gets from it or copies from it; a global if it is imported or exported or
//! if reachable code gets it; a passive segment if reachable code initialises a table from it.
//! (Active and declared segments are dropped before any code runs.) A call through a
//! [constant table](super::constant_tables) reaches the functions of its type there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cranelift_entity::EntitySet;
use wasmaot_abi::builtins::Builtin;

use super::constant_tables::ConstantTable;
use crate::index::*;
use crate::module::{ConstOp, ElemMode, Item, Module, Use};

/// What can be reached.
#[derive(Default)]
pub struct Reach {
    /// Defined functions whose code can run.
    pub functions: EntitySet<FuncIndex>,
    /// Defined functions that references are made to.
    pub func_refs: BTreeSet<FuncIndex>,
    /// Signatures of imports, and of calls of references and through tables that are not constant.
    pub signatures: BTreeSet<SigIndex>,
    /// Tables whose elements can be looked at.
    pub tables: EntitySet<TableIndex>,
    /// Globals that can be looked at.
    pub globals: EntitySet<GlobalIndex>,
    /// Segments that code initialises tables from.
    pub elems: EntitySet<ElemIndex>,
    /// Segments that code initialises memories from.
    pub data: EntitySet<DataIndex>,
    /// Builtins that code uses.
    pub builtins: BTreeSet<Builtin>,
}

/// Follows everything from the roots.
pub fn reach(
    module: &Module<'_>,
    exports: &[usize],
    constant: &BTreeMap<TableIndex, ConstantTable>,
) -> Reach {
    let mut walk = Walk {
        module,
        constant,
        reach: Reach::default(),
        called: BTreeSet::new(),
        active: HashMap::new(),
        next: vec![],
    };
    for (index, elem) in module.elems.iter() {
        if let ElemMode::Active(table, _) = elem.mode {
            walk.active.entry(table).or_default().push(index);
        }
    }
    for import in &module.imports {
        match import.item {
            // The embedder checks its type, whether it is called or not.
            Item::Func(func) => {
                walk.reach.signatures.insert(module.functions[func].sig);
            }
            item => walk.item(item),
        }
    }
    for &export in exports {
        walk.item(module.exports[export].item);
    }
    if let Some(start) = module.start {
        walk.function(start);
    }
    while let Some(func) = walk.next.pop() {
        let body = module.functions[func].body.as_ref();
        for &thing in body.iter().flat_map(|body| &body.uses) {
            walk.used(thing);
        }
    }
    walk.reach
}

struct Walk<'m, 'a> {
    module: &'m Module<'a>,
    constant: &'m BTreeMap<TableIndex, ConstantTable>,
    reach: Reach,
    /// The types that constant tables have been called through with.
    called: BTreeSet<(TableIndex, SigIndex)>,
    /// The active segments of each table.
    active: HashMap<TableIndex, Vec<ElemIndex>>,
    /// Functions in `reach` whose code has not been looked at yet.
    next: Vec<FuncIndex>,
}

impl Walk<'_, '_> {
    fn item(&mut self, item: Item) {
        match item {
            Item::Func(func) => self.function(func),
            Item::Table(table) => self.table(table),
            Item::Global(global) => self.global(global),
            Item::Memory(_) => {}
        }
    }

    fn used(&mut self, thing: Use) {
        match thing {
            Use::Call(func) => self.function(func),
            Use::RefFunc(func) => self.func_ref(func),
            Use::CallIndirect(table, sig) => self.call_indirect(table, sig),
            Use::CallRef(sig) => {
                self.reach.signatures.insert(sig);
            }
            Use::WriteTable(_) => {}
            Use::ReadTable(table) => self.table(table),
            Use::ReadGlobal(global) => self.global(global),
            Use::InitTable(elem) => {
                let passive = matches!(self.module.elems[elem].mode, ElemMode::Passive);
                if self.reach.elems.insert(elem) && passive {
                    self.segment(elem);
                }
            }
            Use::InitMemory(data) => {
                self.reach.data.insert(data);
            }
            Use::Builtin(builtin) => {
                self.reach.builtins.insert(builtin);
            }
        }
    }

    fn call_indirect(&mut self, table: TableIndex, sig: SigIndex) {
        match self.constant.get(&table) {
            None => {
                self.reach.signatures.insert(sig);
                self.table(table);
            }
            Some(constant) => {
                if self.called.insert((table, sig)) {
                    constant.functions(sig).for_each(|func| self.function(func));
                }
            }
        }
    }

    fn function(&mut self, func: FuncIndex) {
        if !self.module.is_imported_function(func) && self.reach.functions.insert(func) {
            self.next.push(func);
        }
    }

    fn func_ref(&mut self, func: FuncIndex) {
        if !self.module.is_imported_function(func) && self.reach.func_refs.insert(func) {
            self.function(func);
        }
    }

    fn table(&mut self, table: TableIndex) {
        if self.reach.tables.insert(table) {
            if let Ok(defined) = self.module.defined_table(table)
                && let Some(init) = &self.module.table_inits[defined as usize]
            {
                self.constants(init);
            }
            for elem in self.active.remove(&table).into_iter().flatten() {
                self.segment(elem);
            }
        }
    }

    fn global(&mut self, global: GlobalIndex) {
        if self.reach.globals.insert(global)
            && let Ok(defined) = self.module.defined_global(global)
        {
            self.constants(&self.module.global_inits[defined as usize]);
        }
    }

    fn segment(&mut self, elem: ElemIndex) {
        self.constants(&self.module.elems[elem].items);
    }

    fn constants(&mut self, ops: &[ConstOp]) {
        for op in ops {
            match *op {
                ConstOp::RefFunc(func) => self.func_ref(func),
                ConstOp::GlobalGet(global) => self.global(global),
                _ => {}
            }
        }
    }
}
