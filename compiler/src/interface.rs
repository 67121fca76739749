//! What a module offers and needs, in words and types: all that bindings, headers, manifests
//! and people want to know. A pure function of the module and the plan; making it costs no
//! machine code.

use serde::Serialize;
use wasmaot_abi::value::ValType;

use crate::module::{FuncType, Module};
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
    /// Proposals past 1.0 that it uses, sorted.
    pub features: Vec<String>,
    /// Whether it checks everything itself instead of relying on signals.
    pub explicit_checks: bool,
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
    Table {
        /// What it holds.
        #[serde(serialize_with = "name")]
        element: ValType,
        /// Elements to start with.
        min: u64,
        /// Most elements.
        max: Option<u64>,
    },
    /// A memory.
    Memory {
        /// 64 KiB pages to start with.
        min: u64,
        /// Most pages.
        max: Option<u64>,
    },
    /// A global.
    Global {
        /// The type of its value.
        #[serde(serialize_with = "name")]
        value: ValType,
        /// Whether it can be set.
        mutable: bool,
    },
}

fn name<S: serde::Serializer>(ty: &ValType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(ty.name())
}

/// Describes a module.
pub fn describe(module: &Module<'_>, plan: &Plan) -> Interface {
    let _ = (module, plan);
    todo!("front")
}
