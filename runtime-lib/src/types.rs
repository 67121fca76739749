//! Types of the things that modules import and export, as users see and write them. The
//! descriptions in objects ([`wasmaot_abi::module`]) are turned into these on demand only.

use std::fmt;

use wasmaot_abi::module::{ExternKind, VmExternType};
use wasmaot_abi::value::ValType;

use crate::raw::TypeRef;

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FuncType {
    params: Box<[ValType]>,
    results: Box<[ValType]>,
}

impl FuncType {
    /// A type from its parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Self {
        Self { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }

    /// The parameters' types.
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// The results' types.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_func(f, &self.params, &self.results)
    }
}

fn write_func(f: &mut fmt::Formatter<'_>, params: &[ValType], results: &[ValType]) -> fmt::Result {
    let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
        f.write_str("(")?;
        for (i, ty) in types.iter().enumerate() {
            write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(")")
    };
    f.write_str("func")?;
    list(f, params)?;
    match results {
        [] => Ok(()),
        [one] => write!(f, " -> {one}"),
        many => {
            f.write_str(" -> ")?;
            list(f, many)
        }
    }
}

fn write_limits(f: &mut fmt::Formatter<'_>, min: u64, max: Option<u64>) -> fmt::Result {
    match max {
        Some(max) => write!(f, "{min} to {max}"),
        None => write!(f, "{min} or more"),
    }
}

/// The type of a memory, in pages of 64 KiB.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Pages to start with.
    pub min: u64,
    /// Most pages.
    pub max: Option<u64>,
}

impl MemoryType {
    /// The type of a memory of `min` pages that may grow to `max`.
    pub const fn new(min: u64, max: Option<u64>) -> Self {
        Self { min, max }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory of ")?;
        write_limits(f, self.min, self.max)?;
        f.write_str(" pages")
    }
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// What it holds: a reference type.
    pub element: ValType,
    /// Elements to start with.
    pub min: u64,
    /// Most elements.
    pub max: Option<u64>,
}

impl TableType {
    /// The type of a table of `min` elements that may grow to `max`.
    pub const fn new(element: ValType, min: u64, max: Option<u64>) -> Self {
        Self { element, min, max }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table of {}, ", self.element)?;
        write_limits(f, self.min, self.max)?;
        f.write_str(" elements")
    }
}

/// The type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// The type of its value.
    pub value: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

impl GlobalType {
    /// The type of a global that holds a `value`.
    pub const fn new(value: ValType, mutable: bool) -> Self {
        Self { value, mutable }
    }
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.mutable { "mutable" } else { "constant" };
        write!(f, "{how} global of {}", self.value)
    }
}

/// The type of anything that can be imported or exported.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => ty.fmt(f),
            Self::Table(ty) => ty.fmt(f),
            Self::Memory(ty) => ty.fmt(f),
            Self::Global(ty) => ty.fmt(f),
        }
    }
}

/// What a module needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportType<'a> {
    /// The name of the module that it is to come from.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// Its type.
    pub ty: ExternType,
}

/// What a module offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportType<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub ty: ExternType,
}

/// The number of an object's description as a type. Objects hold no other numbers.
pub(crate) fn val_type(code: u8) -> ValType {
    ValType::from_code(code).expect("the compiler writes numbers of value types")
}

fn max(ty: &VmExternType) -> Option<u64> {
    (ty.has_max != 0).then_some(ty.max)
}

pub(crate) fn table_type(ty: &VmExternType) -> TableType {
    TableType::new(val_type(ty.val_type), ty.min, max(ty))
}

pub(crate) fn memory_type(ty: &VmExternType) -> MemoryType {
    MemoryType::new(ty.min, max(ty))
}

pub(crate) fn global_type(ty: &VmExternType) -> GlobalType {
    GlobalType::new(val_type(ty.val_type), ty.mutable != 0)
}

pub(crate) fn func_type(ty: TypeRef) -> FuncType {
    FuncType::new(ty.params(), ty.results())
}

pub(crate) fn kind(ty: &VmExternType) -> ExternKind {
    ExternKind::from_code(ty.kind).expect("the compiler writes numbers of kinds")
}

/// # Safety
/// The description is one of an object's.
pub(crate) unsafe fn extern_type(ty: &VmExternType) -> ExternType {
    match kind(ty) {
        // SAFETY: an object's description of a function points at its type.
        ExternKind::Func => ExternType::Func(func_type(unsafe { TypeRef::new(ty.func) })),
        ExternKind::Table => ExternType::Table(table_type(ty)),
        ExternKind::Memory => ExternType::Memory(memory_type(ty)),
        ExternKind::Global => ExternType::Global(global_type(ty)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValType::*;

    #[test]
    fn types_read_well() {
        let text = |ty: ExternType| ty.to_string();
        assert_eq!(text(ExternType::Func(FuncType::new([], []))), "func()");
        assert_eq!(
            text(ExternType::Func(FuncType::new([I32, F64], [I64]))),
            "func(i32, f64) -> i64"
        );
        assert_eq!(
            text(ExternType::Func(FuncType::new([], [I32, ExternRef]))),
            "func() -> (i32, externref)"
        );
        assert_eq!(text(ExternType::Memory(MemoryType::new(1, Some(2)))), "memory of 1 to 2 pages");
        assert_eq!(
            text(ExternType::Table(TableType::new(FuncRef, 3, None))),
            "table of funcref, 3 or more elements"
        );
        assert_eq!(text(ExternType::Global(GlobalType::new(F32, true))), "mutable global of f32");
    }
}
