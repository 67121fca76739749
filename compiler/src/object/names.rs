//! Which symbols an object has: from keys to the names of [`symbols`](wasmaot_abi::symbols).

use std::collections::HashMap;

use wasmaot_abi::symbols::{self, PerType};

use crate::func_key::{FuncKey, Reference};
use crate::index::{FuncIndex, SigIndex};
use crate::module::{Item, Module};
use crate::plan::Plan;

/// Finds names. It exists because of functions without a name in the name section: they go by
/// the first name they are exported under.
pub struct Names<'a> {
    module: &'a Module<'a>,
    plan: &'a Plan,
    exported: HashMap<FuncIndex, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    /// Names for one module.
    pub fn new(module: &'a Module<'a>, plan: &'a Plan) -> Self {
        let mut exported: HashMap<_, Vec<_>> = HashMap::new();
        for &place in &plan.exports {
            let export = &module.exports[place];
            if let Item::Func(func) = export.item {
                exported.entry(func).or_default().push(export.name);
            }
        }
        Self { module, plan, exported }
    }

    /// The name of a function for people, or none.
    pub fn of_wasm_function(&self, func: FuncIndex) -> Option<&'a str> {
        let named = self.module.function_names.get(&func).copied();
        named.or_else(|| self.exports(func).first().copied())
    }

    fn exports(&self, func: FuncIndex) -> &[&'a str] {
        self.exported.get(&func).map_or(&[], Vec::as_slice)
    }

    /// The symbols of a function: several for an entry that is exported under several names.
    pub fn of_function(&self, key: FuncKey) -> Vec<String> {
        let names = &self.plan.symbols;
        let per_type = |what, sig| vec![self.per_type(what, sig)];
        match key {
            FuncKey::Body(func) => {
                vec![names.function(func.as_u32(), self.of_wasm_function(func))]
            }
            FuncKey::InitBody => vec![names.local("init")],
            FuncKey::Init => vec![names.local("enter_init")],
            FuncKey::Start => vec![names.local("enter_start")],
            FuncKey::WasmCall(func) => {
                self.exports(func).iter().map(|name| names.wasm_call(name)).collect()
            }
            FuncKey::ArrayCall(func) => {
                self.exports(func).iter().map(|name| names.array_call(name)).collect()
            }
            FuncKey::Enter(sig) => per_type(PerType::Enter, sig),
            FuncKey::ExitNative(sig) => per_type(PerType::ExitNative, sig),
            FuncKey::ExitArray(sig) => per_type(PerType::ExitArray, sig),
            FuncKey::ExitBuiltin(builtin) => vec![symbols::exit_builtin(builtin.row().name)],
        }
    }

    /// The symbol of anything that exists once per type.
    pub fn per_type(&self, what: PerType, sig: SigIndex) -> String {
        symbols::per_type(what, &self.module.signature_names[sig])
    }

    /// The symbol of anything that code refers to.
    pub fn of_reference(&self, reference: Reference) -> String {
        match reference {
            Reference::Func(key) => self.of_function(key).swap_remove(0),
            Reference::Builtin(builtin) => symbols::builtin(builtin.row().name),
            Reference::FuncType(sig) => self.per_type(PerType::Type, sig),
            Reference::Table(table) => {
                self.plan.symbols.local(&format!("table[{}]", table.as_u32()))
            }
        }
    }

    /// A function in error messages.
    pub fn describe(&self, key: FuncKey) -> String {
        let mut names = self.of_function(key);
        if names.is_empty() { format!("{key:?}") } else { names.swap_remove(0) }
    }
}
