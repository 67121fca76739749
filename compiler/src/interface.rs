//! What a module offers and needs, in words and types: all that bindings, headers, manifests
//! and people want to know. A pure function of the module and the plan; making it costs no
//! machine code.

use serde::Serialize;

use crate::config::TrapStyle;
use crate::module::{FuncType, GlobalType, Item, MemoryType, Module, TableType};
use crate::plan::Plan;

/// The description of a module.
#[derive(Clone, Debug, Serialize)]
pub struct Interface {
    /// The module's name.
    pub name: String,
    /// The version of the ABI between its object and the runtime.
    pub abi_version: u32,
    /// The symbol of its `VmModule`.
    pub module_symbol: String,
    /// The symbol of its `VmExports`.
    pub exports_symbol: String,
    /// The function types that the types of imports and exports refer to by their places here;
    /// empty if they refer to none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<FuncType>,
    /// Proposals past 1.0 that it uses, sorted.
    pub features: Vec<String>,
    /// Whether it checks everything itself instead of relying on signals.
    pub explicit_checks: bool,
    /// Whether it counts what it does against fuel.
    pub fuel: bool,
    /// Whether it looks whether it is to stop.
    pub epochs: bool,
    /// Its imports in order.
    pub imports: Vec<Import>,
    /// Its wanted exports in order.
    pub exports: Vec<Export>,
}

/// An import.
#[derive(Clone, Debug, Serialize)]
pub struct Import {
    /// The name of the module that it is to come from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its index among the module's things of its kind.
    pub index: u32,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
    /// Where it stands in the wasm file.
    pub offset: usize,
    /// Whether the program itself provides it: [`Config::wasi`](crate::Config::wasi).
    #[serde(skip_serializing_if = "is_false")]
    pub provided: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// An export.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its index among the module's things of its kind, imported ones first.
    pub index: u32,
    /// Its type.
    #[serde(flatten)]
    pub ty: ExternType,
    /// A function's global symbols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbols: Option<FuncSymbols>,
}

/// The global symbols of an exported function.
#[derive(Clone, Debug, Serialize)]
pub struct FuncSymbols {
    /// The typed entry.
    pub wasm_call: String,
    /// The array entry.
    pub array_call: String,
}

/// The type of an import or export.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
}

/// Describes a module.
pub fn describe(module: &Module<'_>, plan: &Plan) -> Interface {
    let imports = module.imports.iter().enumerate().map(|(place, import)| {
        let (index, ty) = item(module, import.item);
        let (module, name) = (import.module.into(), import.name.into());
        let provided = plan.wasi.contains_key(&place);
        Import { module, name, index, ty, offset: import.offset, provided }
    });
    let exports = plan.exports.iter().map(|&export| {
        let export = &module.exports[export];
        let (index, ty) = item(module, export.item);
        let symbols = matches!(ty, ExternType::Func(_)).then(|| FuncSymbols {
            wasm_call: plan.symbols.wasm_call(export.name),
            array_call: plan.symbols.array_call(export.name),
        });
        Export { name: export.name.into(), index, ty, symbols }
    });
    Interface {
        name: plan.name.clone(),
        abi_version: wasmaot_abi::ABI_VERSION,
        module_symbol: plan.symbols.module(),
        exports_symbol: plan.symbols.exports(),
        types: if module.signatures.values().any(|ty| ty.concrete().next().is_some())
            || module.tables.values().any(|ty| ty.element.concrete().is_some())
            || module.globals.values().any(|ty| ty.value.concrete().is_some())
        {
            module.signatures.values().cloned().collect()
        } else {
            Vec::new()
        },
        features: module.features.iter().map(|&feature| feature.into()).collect(),
        explicit_checks: plan.traps == TrapStyle::Explicit,
        fuel: plan.fuel,
        epochs: plan.epochs,
        imports: imports.collect(),
        exports: exports.collect(),
    }
}

/// The index of a thing, and its type.
fn item(module: &Module<'_>, item: Item) -> (u32, ExternType) {
    match item {
        Item::Func(func) => (func.as_u32(), ExternType::Func(module.func_type(func).clone())),
        Item::Table(table) => (table.as_u32(), ExternType::Table(module.tables[table])),
        Item::Memory(memory) => (memory.as_u32(), ExternType::Memory(module.memories[memory])),
        Item::Global(global) => (global.as_u32(), ExternType::Global(module.globals[global])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::{RefType, ValType};
    use crate::{Config, describe};

    fn interface(wat: &str, edit: impl FnOnce(&mut Config)) -> Interface {
        let mut config = Config::new("x86_64-unknown-linux-gnu");
        edit(&mut config);
        describe(&wat::parse_str(wat).expect("a test's text is right"), &config)
            .expect("a test's module is valid")
    }

    #[test]
    fn imports_and_exports_come_with_types_and_indices() {
        let interface = interface(
            r#"(module $guest
                 (import "host" "log" (func (param i32 i64)))
                 (import "host" "memory" (memory 1 2))
                 (import "host" "table" (table 3 externref))
                 (import "host" "g" (global (mut f64)))
                 (func (export "two") (result i32 i32) i32.const 1 i32.const 2)
                 (global (export "k") i32 (i32.const 7))
                 (export "again" (memory 0)))"#,
            |_| {},
        );
        assert_eq!(interface.name, "guest");
        let types: Vec<_> = interface.imports.iter().map(|import| import.ty.clone()).collect();
        let log = FuncType { params: vec![ValType::I32, ValType::I64], results: vec![] };
        assert_eq!(types[0], ExternType::Func(log));
        let memory =
            MemoryType { min: 1, max: Some(2), index64: false, shared: false, page_size_log2: 16 };
        assert_eq!(types[1], ExternType::Memory(memory));
        let table = TableType { element: RefType::EXTERNREF, min: 3, max: None, index64: false };
        assert_eq!(types[2], ExternType::Table(table));
        let global = GlobalType { value: ValType::F64, mutable: true };
        assert_eq!(types[3], ExternType::Global(global));
        let exports: Vec<_> = interface.exports.iter().map(|e| (&*e.name, e.index)).collect();
        assert_eq!(exports, [("two", 1), ("k", 1), ("again", 0)]);
        assert_eq!(
            interface.exports[0].symbols.as_ref().map(|symbols| &*symbols.wasm_call),
            Some("wasm_guest_two_wasm_call")
        );
        assert!(interface.exports[1].symbols.is_none());
        assert_eq!(interface.features, ["multi-value", "mutable-globals", "reference-types"]);
    }

    #[test]
    fn a_name_given_by_the_user_wins() {
        let named = |name: Option<&str>| {
            interface("(module $own)", |config| config.name = name.map(str::to_owned))
        };
        assert_eq!(named(None).module_symbol, "wasm_own_module");
        assert_eq!(named(Some("other")).module_symbol, "wasm_other_module");
        assert_eq!(interface("(module)", |_| {}).name, "module");
    }
}
