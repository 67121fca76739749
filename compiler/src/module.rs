//! A module as plain data: what `parse` makes and everything after it reads.
//! It borrows code and data bytes from the file.

use std::collections::HashMap;
use std::fmt;

use cranelift_entity::PrimaryMap;
use serde::Serialize;
use wasmaot_abi::builtins::Builtin;
pub use wasmaot_abi::module::ExternKind;
pub use wasmaot_abi::value::ValKind;
use wasmparser::{BinaryReader, FunctionBody};

use crate::index::*;

/// A valid module.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// The module's name in its name section.
    pub name: Option<&'a str>,
    /// The type section; each type by its content.
    pub types: PrimaryMap<TypeIndex, SigIndex>,
    /// Each distinct function type once, in order of first occurrence.
    pub signatures: PrimaryMap<SigIndex, FuncType>,
    /// The [name](wasmaot_abi::symbols::type_name) of each, which is the same in every module.
    pub signature_names: PrimaryMap<SigIndex, String>,
    /// The imports in the module's order.
    pub imports: Vec<Import<'a>>,
    /// All functions; the first [`imported_functions`](Self::imported_functions) are imported.
    pub functions: PrimaryMap<FuncIndex, Function<'a>>,
    /// How many functions are imported.
    pub imported_functions: u32,
    /// All tables.
    pub tables: PrimaryMap<TableIndex, TableType>,
    /// What the elements of the defined tables start with, in order; null if nothing is said.
    pub table_inits: Vec<Option<ConstExpr>>,
    /// How many tables are imported.
    pub imported_tables: u32,
    /// All memories.
    pub memories: PrimaryMap<MemoryIndex, MemoryType>,
    /// How many memories are imported.
    pub imported_memories: u32,
    /// All globals.
    pub globals: PrimaryMap<GlobalIndex, GlobalType>,
    /// How many globals are imported.
    pub imported_globals: u32,
    /// What the defined globals start with, in order.
    pub global_inits: Vec<ConstExpr>,
    /// The exports in the module's order.
    pub exports: Vec<Export<'a>>,
    /// The start function.
    pub start: Option<FuncIndex>,
    /// The element segments.
    pub elems: PrimaryMap<ElemIndex, ElemSegment>,
    /// The data segments.
    pub data: PrimaryMap<DataIndex, DataSegment<'a>>,
    /// Function names of the name section. Names of functions that are not there are dropped.
    pub function_names: HashMap<FuncIndex, &'a str>,
    /// The proposals past 1.0 that the module uses, by name, sorted: for people to read.
    pub features: Vec<&'static str>,
    /// The custom sections: their names and contents.
    pub custom_sections: Vec<(&'a str, &'a [u8])>,
    /// Where the contents of the code section start in the file: what debug information counts
    /// addresses from.
    pub code_start: usize,
}

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
    Concrete(SigIndex),
}

impl ValType {
    /// `funcref`: a reference to any function, or null.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`: a reference to a value of the host, or null.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);

    /// How its values are held.
    pub const fn kind(self) -> ValKind {
        match self {
            Self::I32 => ValKind::I32,
            Self::I64 => ValKind::I64,
            Self::F32 => ValKind::F32,
            Self::F64 => ValKind::F64,
            Self::V128 => ValKind::V128,
            Self::Ref(ty) => ty.kind(),
        }
    }

    /// The type of a reference, if it is one.
    pub const fn as_ref(self) -> Option<RefType> {
        if let Self::Ref(ty) = self { Some(ty) } else { None }
    }

    /// The function type that it refers to, if it does.
    pub fn concrete(self) -> Option<SigIndex> {
        self.as_ref().and_then(RefType::concrete)
    }
}

impl RefType {
    /// `funcref`.
    pub const FUNCREF: Self = Self { nullable: true, heap: HeapType::Func };
    /// `externref`.
    pub const EXTERNREF: Self = Self { nullable: true, heap: HeapType::Extern };

    /// How its values are held.
    pub const fn kind(self) -> ValKind {
        match self.heap {
            HeapType::Func | HeapType::Concrete(_) => ValKind::FuncRef,
            HeapType::Extern => ValKind::ExternRef,
        }
    }

    /// The function type that it refers to, if it does.
    pub fn concrete(self) -> Option<SigIndex> {
        if let HeapType::Concrete(sig) = self.heap { Some(sig) } else { None }
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

/// As in the text format; a function type by its place among the module's signatures.
impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = if self.nullable { "null " } else { "" };
        match self.heap {
            HeapType::Concrete(sig) => write!(f, "(ref {null}{})", sig.as_u32()),
            _ if self.nullable => f.write_str(self.kind().name()),
            HeapType::Func => f.write_str("(ref func)"),
            HeapType::Extern => f.write_str("(ref extern)"),
        }
    }
}

macro_rules! serialize_as_text {
    ($($ty:ty)*) => {
        $(impl Serialize for $ty {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        })*
    };
}

serialize_as_text!(ValType RefType);

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct FuncType {
    /// The parameters.
    pub params: Vec<ValType>,
    /// The results.
    pub results: Vec<ValType>,
}

impl FuncType {
    /// Whether a native call's results come through a pointer: if they are several, or a vector.
    pub fn results_in_slots(&self) -> bool {
        matches!(*self.results, [ValType::V128] | [_, _, ..])
    }

    /// The function types that it refers to.
    pub fn concrete(&self) -> impl Iterator<Item = SigIndex> {
        self.params.iter().chain(&self.results).filter_map(|ty| ty.concrete())
    }
}

/// A function, imported or defined.
#[derive(Clone, Debug)]
pub struct Function<'a> {
    /// Its type.
    pub sig: SigIndex,
    /// Its code; `None` if it is imported.
    pub body: Option<Body<'a>>,
}

/// A defined function's code: locals and instructions, as in the code section.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where they start in the file.
    pub offset: usize,
    /// How many loops are within each other at most.
    pub loop_depth: usize,
    /// Its loops, in the order in which they begin.
    pub loops: Box<[Loop]>,
    /// What the code refers to, each thing once, in ascending order.
    pub uses: Box<[Use]>,
    /// Where instructions stand that name a function by its index, from the body's start, in
    /// ascending order: `call`, `return_call` and `ref.func`.
    pub names: Box<[u32]>,
    /// Whether there is a tail call in it.
    pub tail_calls: bool,
    /// Whether it can return, for all that is known without looking at conditions: what only ends with `unreachable`
    /// cannot.
    pub returns: bool,
    /// What is said of its branches, in ascending order of their places.
    pub hints: Box<[Hint]>,
}

/// A loop, with all that is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loop {
    /// Where it stands, from the body's start.
    pub at: u32,
    /// Whether it accesses memory while no memory can grow, nothing being called.
    pub still: bool,
    /// Which of the [first locals](Self::FEW) it sets, by bits.
    pub sets: u128,
}

impl Loop {
    /// How many locals have a bit.
    pub const FEW: u32 = u128::BITS;
}

/// An instruction that names a function.
pub struct Naming {
    /// Where it stands in the body.
    pub offset: usize,
    /// Whether it makes a reference, instead of calling.
    pub is_reference: bool,
    /// How many bytes the index has.
    pub len: usize,
    /// Which function.
    pub func: FuncIndex,
}

/// Says which way a conditional branch mostly goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hint {
    /// Where the branch stands in the file.
    pub offset: usize,
    /// Whether it is likely taken (`br_if`) or its condition true (`if`), or unlikely.
    pub taken: bool,
}

impl<'a> Body<'a> {
    /// A reader of the code: of the locals, then of the instructions.
    pub fn reader(&self) -> FunctionBody<'a> {
        FunctionBody::new(BinaryReader::new(self.bytes, self.offset as u64))
    }

    /// The instructions that name functions. Each has an opcode of one byte.
    pub fn namings(&self) -> impl Iterator<Item = Naming> {
        const REF_FUNC: u8 = 0xd2;
        self.names.iter().map(|&offset| {
            let offset = offset as usize;
            let (mut index, mut len) = (0, 0);
            for &byte in &self.bytes[offset + 1..] {
                index |= u32::from(byte & 0x7f) << (7 * len);
                len += 1;
                if byte < 0x80 {
                    break;
                }
            }
            let is_reference = self.bytes[offset] == REF_FUNC;
            Naming { offset, is_reference, len, func: FuncIndex::from_u32(index) }
        })
    }

    /// The body without the functions' indices of [`namings`](Self::namings): what is in front of each, and behind the last.
    pub fn nameless(&self) -> impl Iterator<Item = &'a [u8]> {
        let bytes = self.bytes;
        let indices = self.namings().map(|Naming { offset, len, .. }| (offset + 1, len));
        indices.chain([(bytes.len(), 0)]).scan(0, move |start, (end, len)| {
            Some(&bytes[std::mem::replace(start, end + len)..end])
        })
    }

    /// The loop that stands at this offset in the file.
    pub fn loop_at(&self, offset: usize) -> Option<&Loop> {
        let at = u32::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.loops.binary_search_by_key(&at, |it| it.at).ok().map(|place| &self.loops[place])
    }

    /// Whether the branch that stands at this offset in the file is likely taken, if that is said.
    pub fn hint(&self, offset: usize) -> Option<bool> {
        let found = self.hints.binary_search_by_key(&offset, |hint| hint.offset);
        found.ok().map(|place| self.hints[place].taken)
    }
}

/// A thing that a function's code refers to, as far as it matters to what must be there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    /// `call`.
    Call(FuncIndex),
    /// `ref.func`.
    RefFunc(FuncIndex),
    /// The table and type of a `call_indirect`.
    CallIndirect(TableIndex, SigIndex),
    /// The type of a `call_ref`.
    CallRef(SigIndex),
    /// An instruction that can show what stands in the table, other than by calling it.
    ReadTable(TableIndex),
    /// An instruction that changes the table.
    WriteTable(TableIndex),
    /// `global.get`.
    ReadGlobal(GlobalIndex),
    /// `table.init`.
    InitTable(ElemIndex),
    /// `memory.init`.
    InitMemory(DataIndex),
    /// An instruction that the runtime carries out.
    Builtin(Builtin),
}

/// A table's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct TableType {
    /// What it holds.
    pub element: RefType,
    /// The number of elements to start with.
    pub min: u64,
    /// The most elements it may have.
    pub max: Option<u64>,
    /// Whether it is indexed with 64 bits.
    pub index64: bool,
}

/// A memory's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct MemoryType {
    /// The number of pages to start with.
    pub min: u64,
    /// The most pages it may have.
    pub max: Option<u64>,
    /// Whether it is indexed with 64 bits.
    pub index64: bool,
    /// Whether it is shared between threads.
    pub shared: bool,
    /// The binary logarithm of the size of a page in bytes: 16 or 0.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The size to start with in bytes; a valid memory's fits.
    pub const fn min_bytes(&self) -> u64 {
        self.min.saturating_mul(1 << self.page_size_log2)
    }

    /// The bytes that it can have at most by its type: `u64::MAX` if as many as 64 bits address.
    pub const fn max_bytes(&self) -> u64 {
        wasmaot_abi::module::max_bytes(self.max, self.index64, self.page_size_log2)
    }
}

/// A global's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct GlobalType {
    /// The type of the value.
    pub value: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// An import. The thing itself has the next index of its kind.
#[derive(Clone, Debug)]
pub struct Import<'a> {
    /// The name of the module that it is to come from.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// What it is.
    pub item: Item,
    /// Where the import stands in the file.
    pub offset: usize,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub item: Item,
}

/// One of the things that can be imported or exported, by its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// A function.
    Func(FuncIndex),
    /// A table.
    Table(TableIndex),
    /// A memory.
    Memory(MemoryIndex),
    /// A global.
    Global(GlobalIndex),
}

/// A constant expression (spec 3.3.10): a postfix program on values. One that reads no global is
/// a single instruction; `parse` does the arithmetic.
pub type ConstExpr = Vec<ConstOp>;

/// One instruction of a constant expression. Numbers by their bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConstOp {
    /// `i32.const`.
    I32Const(i32),
    /// `i64.const`.
    I64Const(i64),
    /// `f32.const`.
    F32Const(u32),
    /// `f64.const`.
    F64Const(u64),
    /// `v128.const`.
    V128Const(u128),
    /// `global.get`.
    GlobalGet(GlobalIndex),
    /// `ref.null`, of any type.
    RefNull(ValKind),
    /// `ref.func`.
    RefFunc(FuncIndex),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct ElemSegment {
    /// The type of its items.
    pub element: RefType,
    /// When its items go where.
    pub mode: ElemMode,
    /// The items. Each is one `ref.null`, `ref.func` or `global.get`.
    pub items: Vec<ConstOp>,
}

/// When the items of an element segment go where.
#[derive(Clone, Debug)]
pub enum ElemMode {
    /// When code says so.
    Passive,
    /// At instantiation.
    Active(TableIndex, ConstExpr),
    /// Never: the segment declares which functions are referred to.
    Declared,
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct DataSegment<'a> {
    /// At instantiation to this address, or, if `None`, when code says so.
    pub active: Option<(MemoryIndex, ConstExpr)>,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl Module<'_> {
    /// The signature of a function.
    pub fn func_type(&self, func: FuncIndex) -> &FuncType {
        &self.signatures[self.functions[func].sig]
    }

    /// Whether a function is imported.
    pub fn is_imported_function(&self, func: FuncIndex) -> bool {
        func.as_u32() < self.imported_functions
    }

    /// A memory's place among the defined ones, or `Err` with its place among the imported ones.
    pub fn defined_memory(&self, memory: MemoryIndex) -> Result<u32, u32> {
        defined(memory.as_u32(), self.imported_memories)
    }

    /// A table's place among the defined ones, or `Err` with its place among the imported ones.
    pub fn defined_table(&self, table: TableIndex) -> Result<u32, u32> {
        defined(table.as_u32(), self.imported_tables)
    }

    /// A global's place among the defined ones, or `Err` with its place among the imported ones.
    pub fn defined_global(&self, global: GlobalIndex) -> Result<u32, u32> {
        defined(global.as_u32(), self.imported_globals)
    }
}

fn defined(index: u32, imported: u32) -> Result<u32, u32> {
    index.checked_sub(imported).ok_or(index)
}
