//! Types of things that modules import and export, in words.

use wasmaot_compiler::interface::ExternType;
use wasmaot_compiler::module::{FuncType, ValType};

/// A type for people.
pub fn show_type(ty: &ExternType) -> String {
    let limits = |min: &u64, max: &Option<u64>| match max {
        Some(max) => format!("{min} to {max}"),
        None => format!("{min} or more"),
    };
    match ty {
        ExternType::Func(FuncType { params, results }) => {
            let list =
                |types: &[ValType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ");
            match &results[..] {
                [] => format!("func({})", list(params)),
                [one] => format!("func({}) -> {one}", list(params)),
                more => format!("func({}) -> ({})", list(params), list(more)),
            }
        }
        ExternType::Table { element, min, max } => {
            format!("table of {} {element}", limits(min, max))
        }
        ExternType::Memory { min, max } => format!("memory of {} pages", limits(min, max)),
        ExternType::Global { value, mutable: true } => format!("mutable global {value}"),
        ExternType::Global { value, mutable: false } => format!("global {value}"),
    }
}
