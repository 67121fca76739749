//! Types of things that modules import and export, in words.

use wasmaot_compiler::interface::ExternType;
use wasmaot_compiler::module::{FuncType, ValType};

/// A type for people.
pub fn show_type(ty: &ExternType) -> String {
    let limits = |min: u64, max: Option<u64>| match max {
        Some(max) => format!("{min} to {max}"),
        None => format!("{min} or more"),
    };
    match ty {
        ExternType::Func(FuncType { params, results }) => {
            let list = |types: &[ValType]| {
                types.iter().map(ValType::to_string).collect::<Vec<_>>().join(", ")
            };
            match &results[..] {
                [] => format!("func({})", list(params)),
                [one] => format!("func({}) -> {one}", list(params)),
                more => format!("func({}) -> ({})", list(params), list(more)),
            }
        }
        ExternType::Table(ty) => {
            let wide = if ty.index64 { "64-bit " } else { "" };
            format!("{wide}table of {} {}", limits(ty.min, ty.max), ty.element)
        }
        ExternType::Memory(ty) => {
            let wide = if ty.index64 { "64-bit " } else { "" };
            let shared = if ty.shared { "shared " } else { "" };
            let size = if ty.page_size_log2 == 0 { " of 1 byte" } else { "" };
            format!("{wide}{shared}memory of {} pages{size}", limits(ty.min, ty.max))
        }
        ExternType::Global(ty) if ty.mutable => format!("mutable global {}", ty.value),
        ExternType::Global(ty) => format!("global {}", ty.value),
    }
}
