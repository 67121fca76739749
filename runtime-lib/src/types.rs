//! Types of the things that modules import and export, as users see and write them. The
//! descriptions in objects ([`wasmaot_abi::module`]) are turned into these on demand only.

use std::fmt;

use wasmaot_abi::module::{self, ExternKind, VmExternType};
use wasmaot_abi::value::{ValKind, VmValType};

use crate::raw::TypeRef;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference.
    Ref(RefType),
}

/// The type of a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether it may be null.
    pub nullable: bool,
    /// What it refers to.
    pub heap: HeapType,
}

/// What a reference refers to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Any function.
    Func,
    /// A value of the host.
    Extern,
    /// A function of this type.
    Concrete(ConcreteFuncType),
}

/// The type of the functions that a typed reference refers to: as a guest states it, or as that of
/// a [`TypedFunc`](crate::TypedFunc). Two are equal if the types are, wherever they come from.
#[derive(Clone, Copy)]
pub struct ConcreteFuncType(pub(crate) Concrete);

/// Where a type is stated.
#[derive(Clone, Copy)]
pub(crate) enum Concrete {
    /// In an object.
    Guest(TypeRef),
    /// In Rust: parameters and results.
    Rust(&'static [ValType], &'static [ValType]),
}

// SAFETY: a type in an object is constant.
unsafe impl Send for ConcreteFuncType {}
// SAFETY: as above.
unsafe impl Sync for ConcreteFuncType {}

impl ConcreteFuncType {
    /// The type written out, one step: types that it refers to in turn are such again.
    pub fn ty(self) -> FuncType {
        match self.0 {
            Concrete::Guest(ty) => func_type(ty),
            Concrete::Rust(params, results) => {
                FuncType::new(params.iter().copied(), results.iter().copied())
            }
        }
    }
}

impl PartialEq for ConcreteFuncType {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Concrete::Guest(a), Concrete::Guest(b)) => a.same(b),
            (Concrete::Rust(p, r), Concrete::Rust(q, s)) => (p, r) == (q, s),
            (Concrete::Guest(guest), Concrete::Rust(params, results))
            | (Concrete::Rust(params, results), Concrete::Guest(guest)) => {
                guest.is(params, results)
            }
        }
    }
}

impl Eq for ConcreteFuncType {}

impl std::hash::Hash for ConcreteFuncType {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.ty().hash(state);
    }
}

impl fmt::Debug for ConcreteFuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ty())
    }
}

impl ValType {
    /// `funcref`: a reference to any function, or null.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`: a reference to a value of the host, or null.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);

    pub(crate) const fn kind(self) -> ValKind {
        match self {
            Self::I32 => ValKind::I32,
            Self::I64 => ValKind::I64,
            Self::F32 => ValKind::F32,
            Self::F64 => ValKind::F64,
            Self::V128 => ValKind::V128,
            Self::Ref(ty) => ty.kind(),
        }
    }

    /// Whether every value of this type is one of the other (spec 3.3).
    pub fn matches(self, other: Self) -> bool {
        match (self, other) {
            (Self::Ref(a), Self::Ref(b)) => a.matches(b),
            (a, b) => a == b,
        }
    }
}

impl RefType {
    /// `funcref`.
    pub const FUNCREF: Self = Self { nullable: true, heap: HeapType::Func };
    /// `externref`.
    pub const EXTERNREF: Self = Self { nullable: true, heap: HeapType::Extern };

    pub(crate) const fn kind(self) -> ValKind {
        match self.heap {
            HeapType::Func | HeapType::Concrete(_) => ValKind::FuncRef,
            HeapType::Extern => ValKind::ExternRef,
        }
    }

    /// Whether every reference of this type is one of the other (spec 3.3).
    pub fn matches(self, other: Self) -> bool {
        let heap = self.heap == other.heap
            || matches!((self.heap, other.heap), (HeapType::Concrete(_), HeapType::Func));
        heap && (other.nullable || !self.nullable)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ref(ty) => ty.fmt(f),
            number => f.write_str(number.kind().name()),
        }
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "null " } else { "" };
        match self.heap {
            HeapType::Concrete(ty) => write!(f, "(ref {null}{})", ty.ty()),
            _ if self.nullable => f.write_str(self.kind().name()),
            HeapType::Func => f.write_str("(ref func)"),
            HeapType::Extern => f.write_str("(ref extern)"),
        }
    }
}

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

/// The type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// Pages to start with.
    pub min: u64,
    /// Most pages.
    pub max: Option<u64>,
    /// Whether it is indexed with 64 bits instead of 32.
    pub index64: bool,
    /// Whether it is shared between threads.
    pub shared: bool,
    /// The binary logarithm of the size of a page in bytes: 16 or 0.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The type of a memory of `min` pages of 64 KiB that may grow to `max`, for one thread and
    /// indexed with 32 bits.
    pub const fn new(min: u64, max: Option<u64>) -> Self {
        Self { min, max, index64: false, shared: false, page_size_log2: 16 }
    }

    /// This type, shared between threads. It needs a maximum.
    pub const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// This type, indexed with 64 bits.
    pub const fn index64(self) -> Self {
        Self { index64: true, ..self }
    }

    /// This type, with pages of one byte: `min` and `max` are in bytes then.
    pub const fn byte_pages(self) -> Self {
        Self { page_size_log2: 0, ..self }
    }

    /// The size of a page in bytes.
    pub const fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// The bytes that it can have at most by its type; `u64::MAX` if that is more.
    pub(crate) const fn max_bytes(&self) -> u64 {
        module::max_bytes(self.max, self.index64, self.page_size_log2)
    }

    /// The pages that any memory with such an index and such pages can have (spec 3.2.5): of
    /// those of one byte one fewer than there are indices.
    pub(crate) const fn most_pages(&self) -> u64 {
        let largest = if self.index64 { u64::MAX } else { u32::MAX as u64 };
        match self.page_size_log2 {
            0 => largest,
            log2 => (largest >> log2) + 1,
        }
    }

    /// Refuses what can be no memory's type.
    pub(crate) fn check(&self) -> Result<(), String> {
        let most = self.most_pages();
        if !matches!(self.page_size_log2, 0 | 16) {
            return Err(format!("there can be no {self}: a page has 1 or 65536 bytes"));
        }
        if self.min.max(self.max.unwrap_or(0)) > most || self.max.is_some_and(|max| max < self.min)
        {
            return Err(format!(
                "there can be no {self}: at most {most}, and no less than to start with"
            ));
        }
        if self.shared && self.max.is_none() {
            return Err(format!("there can be no {self}: it needs a maximum"));
        }
        Ok(())
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.index64 { "64-bit " } else { "" })?;
        f.write_str(if self.shared { "shared " } else { "" })?;
        f.write_str("memory of ")?;
        write_limits(f, self.min, self.max)?;
        match self.page_size_log2 {
            16 => f.write_str(" pages"),
            0 => f.write_str(" pages of 1 byte"),
            log2 => write!(f, " pages of 2^{log2} bytes"),
        }
    }
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// What it holds.
    pub element: RefType,
    /// Elements to start with.
    pub min: u64,
    /// Most elements.
    pub max: Option<u64>,
    /// Whether it is indexed with 64 bits instead of 32.
    pub index64: bool,
}

impl TableType {
    /// The type of a table of `min` elements that may grow to `max`.
    pub const fn new(element: RefType, min: u64, max: Option<u64>) -> Self {
        Self { element, min, max, index64: false }
    }

    /// This type, indexed with 64 bits.
    pub const fn index64(self) -> Self {
        Self { index64: true, ..self }
    }
}

impl TableType {
    /// The elements that any table with such an index can have (spec 3.2.4).
    pub(crate) const fn most(&self) -> u64 {
        if self.index64 { u64::MAX } else { u32::MAX as u64 }
    }
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.index64 { "64-bit " } else { "" })?;
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

/// How a value is held, by the number in an object's description. Objects hold no other numbers.
pub(crate) fn val_kind(ty: &VmValType) -> ValKind {
    ValKind::from_code(ty.kind).expect("the compiler writes numbers of value types")
}

/// # Safety
/// The description is one of an object's.
pub(crate) unsafe fn val_type(ty: &VmValType) -> ValType {
    match val_kind(ty) {
        ValKind::I32 => ValType::I32,
        ValKind::I64 => ValType::I64,
        ValKind::F32 => ValType::F32,
        ValKind::F64 => ValType::F64,
        ValKind::V128 => ValType::V128,
        // SAFETY: the caller's promise.
        ValKind::FuncRef | ValKind::ExternRef => ValType::Ref(unsafe { ref_type(ty) }),
    }
}

/// # Safety
/// The description is one of an object's, of a reference type.
pub(crate) unsafe fn ref_type(ty: &VmValType) -> RefType {
    let heap = match val_kind(ty) {
        ValKind::ExternRef => HeapType::Extern,
        _ if ty.func.is_null() => HeapType::Func,
        _ => {
            // SAFETY: an object's description points at an object's type.
            let ty = unsafe { TypeRef::new(ty.func) };
            HeapType::Concrete(ConcreteFuncType(Concrete::Guest(ty)))
        }
    };
    RefType { nullable: ty.nullable != 0, heap }
}

fn max(ty: &VmExternType) -> Option<u64> {
    (ty.has_max != 0).then_some(ty.max)
}

/// # Safety
/// The description is one of an object's.
pub(crate) unsafe fn table_type(ty: &VmExternType) -> TableType {
    // SAFETY: the caller's promise.
    let element = unsafe { ref_type(&ty.value) };
    TableType { element, min: ty.min, max: max(ty), index64: ty.index64 != 0 }
}

pub(crate) fn memory_type(ty: &VmExternType) -> MemoryType {
    MemoryType {
        min: ty.min,
        max: max(ty),
        index64: ty.index64 != 0,
        shared: ty.shared != 0,
        page_size_log2: ty.page_size_log2,
    }
}

/// # Safety
/// The description is one of an object's.
pub(crate) unsafe fn global_type(ty: &VmExternType) -> GlobalType {
    // SAFETY: the caller's promise.
    GlobalType::new(unsafe { val_type(&ty.value) }, ty.mutable != 0)
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
        // SAFETY: the caller's promise.
        ExternKind::Table => ExternType::Table(unsafe { table_type(ty) }),
        ExternKind::Memory => ExternType::Memory(memory_type(ty)),
        // SAFETY: the caller's promise.
        ExternKind::Global => ExternType::Global(unsafe { global_type(ty) }),
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
            text(ExternType::Func(FuncType::new([], [I32, ValType::EXTERNREF]))),
            "func() -> (i32, externref)"
        );
        assert_eq!(text(ExternType::Memory(MemoryType::new(1, Some(2)))), "memory of 1 to 2 pages");
        assert_eq!(
            text(ExternType::Table(TableType::new(RefType::FUNCREF, 3, None))),
            "table of funcref, 3 or more elements"
        );
        assert_eq!(text(ExternType::Global(GlobalType::new(F32, true))), "mutable global of f32");
    }
}
