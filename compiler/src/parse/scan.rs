//! What a function's code uses: other things of the module, builtins, and proposals past 1.0.

use wasmaot_abi::builtins::Builtin;
use wasmparser::{BlockType, FunctionBody, MemArg, MemArgTarget, Operator, RefType};

use crate::index::*;
use crate::module::{Loop, Module, Use, ValKind};

/// A set of proposals past 1.0.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u32);

macro_rules! features {
    ($($name:ident = $bit:literal, $text:literal;)*) => {
        impl Features {
            $(pub const $name: Self = Self(1 << $bit);)*
            const NAMES: &[(Self, &str)] = &[$((Self::$name, $text)),*];
        }
    };
}

// In the order of their names.
features! {
    BRANCH_HINTING = 16, "branch-hinting";
    BULK_MEMORY = 0, "bulk-memory";
    CUSTOM_PAGE_SIZES = 1, "custom-page-sizes";
    EXTENDED_CONST = 2, "extended-const";
    FUNCTION_REFERENCES = 3, "function-references";
    MEMORY64 = 4, "memory64";
    MULTI_MEMORY = 5, "multi-memory";
    MULTI_VALUE = 6, "multi-value";
    MUTABLE_GLOBALS = 7, "mutable-globals";
    REFERENCE_TYPES = 8, "reference-types";
    RELAXED_SIMD = 9, "relaxed-simd";
    SATURATING_FLOAT_TO_INT = 10, "saturating-float-to-int";
    SIGN_EXTENSION = 11, "sign-extension";
    SIMD = 12, "simd";
    TAIL_CALL = 13, "tail-call";
    THREADS = 14, "threads";
    WIDE_ARITHMETIC = 15, "wide-arithmetic";
}

impl Features {
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub fn add_if(&mut self, condition: bool, other: Self) {
        if condition {
            self.add(other);
        }
    }

    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(f, _)| self.0 & f.0 != 0).map(|(_, name)| *name).collect()
    }
}

/// What a body is found to have.
pub struct Scan {
    /// As in [`Body`](crate::module::Body).
    pub uses: Box<[Use]>,
    /// As in [`Body`](crate::module::Body).
    pub loop_depth: usize,
    /// As in [`Body`](crate::module::Body).
    pub loops: Box<[Loop]>,
    /// As in [`Body`](crate::module::Body).
    pub names: Box<[u32]>,
    /// As in [`Body`](crate::module::Body).
    pub tail_calls: bool,
    /// As in [`Body`](crate::module::Body).
    pub returns: bool,
    /// The proposals that it needs.
    pub features: Features,
}

/// Looks through a body while it is found to be valid.
pub struct Scanner<'m> {
    /// The types and tables of which are known already.
    module: &'m Module<'m>,
    uses: Vec<Use>,
    loops: Loops,
    names: Vec<u32>,
    tail_calls: bool,
    exits: Exits,
    features: Features,
}

impl<'m> Scanner<'m> {
    /// Begins with the locals, which are valid.
    pub fn new(module: &'m Module<'m>, body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut features = Features::default();
        for local in body.get_locals_reader()? {
            let (_, ty) = local?;
            features.add_if(ty == wasmparser::ValType::V128, Features::SIMD);
            if let wasmparser::ValType::Ref(ty) = ty {
                features.add(Features::REFERENCE_TYPES);
                let plain = matches!(ty, RefType::FUNCREF | RefType::EXTERNREF);
                features.add_if(!plain, Features::FUNCTION_REFERENCES);
            }
        }
        let (uses, loops, names, exits) = Default::default();
        Ok(Self { module, uses, loops, names, tail_calls: false, exits, features })
    }

    /// The next instruction stands so many bytes behind the body's start.
    pub fn follow(&mut self, op: &Operator<'_>, at: u32) {
        use Operator::{Call, RefFunc, ReturnCall, ReturnCallIndirect, ReturnCallRef};
        self.exits.follow(op, self.loops.open.len());
        // Half of all are these, in which there is nothing to be found.
        if let Operator::LocalGet { .. } | Operator::I32Const { .. } | Operator::I32Add = op {
            return;
        }
        if matches!(op, Call { .. } | ReturnCall { .. } | RefFunc { .. }) {
            self.names.push(at);
        }
        self.tail_calls |=
            matches!(op, ReturnCall { .. } | ReturnCallIndirect { .. } | ReturnCallRef { .. });
        self.features.add(feature(op));
        let before = self.uses.len();
        add_uses(self.module, op, &mut self.uses);
        let calls = self.uses[before..].iter().any(|thing| {
            use Use::{Builtin, Call, CallIndirect, CallRef};
            matches!(thing, Call(_) | CallIndirect(..) | CallRef(_) | Builtin(_))
        });
        self.loops.follow(op, at, calls);
    }

    /// What has been found.
    pub fn finish(self) -> Scan {
        let Self { module: _, mut uses, loops, names, tail_calls, exits, features } = self;
        uses.sort_unstable();
        uses.dedup();
        let Loops { deepest, all, .. } = loops;
        let (uses, names) = (uses.into(), names.into());
        let (loops, returns) = (all.into(), exits.returns);
        Scan { uses, loop_depth: deepest, loops, names, tail_calls, returns, features }
    }
}

/// How a body is left.
#[derive(Default)]
struct Exits {
    returns: bool,
    /// Whether the last instruction was `unreachable`.
    trapped: bool,
}

impl Exits {
    /// An instruction in so many blocks.
    fn follow(&mut self, op: &Operator<'_>, depth: usize) {
        let trapped = std::mem::replace(&mut self.trapped, matches!(op, Operator::Unreachable));
        let leaves = |label: u32| label as usize == depth;
        self.returns |= match op {
            Operator::End => depth == 0 && !trapped,
            Operator::Br { relative_depth: label }
            | Operator::BrIf { relative_depth: label }
            | Operator::BrOnNull { relative_depth: label }
            | Operator::BrOnNonNull { relative_depth: label } => leaves(*label),
            Operator::BrTable { targets } => {
                leaves(targets.default()) || targets.targets().flatten().any(leaves)
            }
            Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => true,
            _ => false,
        };
    }
}

/// The nesting of loops.
#[derive(Default)]
struct Loops {
    open: Vec<Open>,
    depth: usize,
    deepest: usize,
    all: Vec<Loop>,
}

/// An open block, and what has been found in it.
#[derive(Default)]
struct Open {
    /// Its place among the loops, if it is one.
    which: Option<usize>,
    calls: bool,
    accesses: bool,
    sets: u128,
}

impl Loops {
    fn follow(&mut self, op: &Operator<'_>, at: u32, calls: bool) {
        if let Some(inner) = self.open.last_mut() {
            inner.calls |= calls;
            inner.accesses |= accesses(op);
        }
        match *op {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                if let Some(inner) = self.open.last_mut() {
                    inner.sets |= 1u128.checked_shl(local_index).unwrap_or(0);
                }
            }
            Operator::Loop { .. } => {
                self.open.push(Open { which: Some(self.all.len()), ..Open::default() });
                self.all.push(Loop { at, still: false, sets: 0 });
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            Operator::Block { .. } | Operator::If { .. } => self.open.push(Open::default()),
            // The last one ends the function.
            Operator::End => {
                let Some(Open { which, calls, accesses, sets }) = self.open.pop() else { return };
                if let Some(which) = which {
                    self.depth -= 1;
                    let it = &mut self.all[which];
                    (it.still, it.sets) = (accesses && !calls, sets);
                }
                if let Some(around) = self.open.last_mut() {
                    around.calls |= calls;
                    around.accesses |= accesses;
                    around.sets |= sets;
                }
            }
            _ => {}
        }
    }
}

fn add_uses(module: &Module<'_>, op: &Operator<'_>, uses: &mut Vec<Use>) {
    let read_table = |table| Use::ReadTable(TableIndex::from_u32(table));
    let write_table = |table| Use::WriteTable(TableIndex::from_u32(table));
    let shares = |memory| module.memories[MemoryIndex::from_u32(memory)].shared;
    let is_shared = |arg: MemArg| match arg.target {
        MemArgTarget::Memory(memory) => shares(memory),
        _ => false,
    };
    let by_table = |table, func, host| {
        Use::Builtin(match module.tables[TableIndex::from_u32(table)].element.kind() {
            ValKind::ExternRef => host,
            _ => func,
        })
    };
    match *op {
        Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
            uses.push(Use::Call(FuncIndex::from_u32(function_index)));
        }
        Operator::RefFunc { function_index } => {
            uses.push(Use::RefFunc(FuncIndex::from_u32(function_index)));
        }
        Operator::CallRef { type_index } | Operator::ReturnCallRef { type_index } => {
            uses.push(Use::CallRef(module.types[TypeIndex::from_u32(type_index)]));
        }
        Operator::CallIndirect { type_index, table_index }
        | Operator::ReturnCallIndirect { type_index, table_index } => {
            let sig = module.types[TypeIndex::from_u32(type_index)];
            uses.push(Use::CallIndirect(TableIndex::from_u32(table_index), sig));
        }
        Operator::GlobalGet { global_index } => {
            uses.push(Use::ReadGlobal(GlobalIndex::from_u32(global_index)));
        }
        Operator::TableGet { table } => uses.push(read_table(table)),
        Operator::TableSet { table } => uses.push(write_table(table)),
        Operator::TableCopy { dst_table, src_table } => {
            let builtin = Use::Builtin(Builtin::table_copy);
            uses.extend([read_table(src_table), write_table(dst_table), builtin]);
        }
        Operator::TableInit { elem_index, table } => {
            let elem = ElemIndex::from_u32(elem_index);
            let builtin = Use::Builtin(Builtin::table_init);
            uses.extend([Use::InitTable(elem), write_table(table), builtin]);
        }
        Operator::TableGrow { table } => {
            uses.push(write_table(table));
            uses.push(by_table(table, Builtin::table_grow_func, Builtin::table_grow_extern));
        }
        Operator::TableFill { table } => {
            uses.push(write_table(table));
            uses.push(by_table(table, Builtin::table_fill_func, Builtin::table_fill_extern));
        }
        Operator::ElemDrop { .. } => uses.push(Use::Builtin(Builtin::elem_drop)),
        Operator::MemoryInit { data_index, .. } => {
            let data = DataIndex::from_u32(data_index);
            uses.extend([Use::InitMemory(data), Use::Builtin(Builtin::memory_init)]);
        }
        Operator::DataDrop { .. } => uses.push(Use::Builtin(Builtin::data_drop)),
        // Of memories that are not shared, code knows the answer, or does it by itself.
        Operator::MemoryAtomicNotify { memarg } if is_shared(memarg) => {
            uses.push(Use::Builtin(Builtin::memory_notify));
        }
        Operator::MemoryAtomicWait32 { memarg } if is_shared(memarg) => {
            uses.push(Use::Builtin(Builtin::memory_wait32));
        }
        Operator::MemoryAtomicWait64 { memarg } if is_shared(memarg) => {
            uses.push(Use::Builtin(Builtin::memory_wait64));
        }
        Operator::MemoryGrow { .. } => uses.push(Use::Builtin(Builtin::memory_grow)),
        Operator::MemoryCopy { dst_mem, src_mem } if shares(dst_mem) || shares(src_mem) => {
            uses.push(Use::Builtin(Builtin::memory_copy));
        }
        Operator::MemoryFill { mem } if shares(mem) => {
            uses.push(Use::Builtin(Builtin::memory_fill));
        }
        _ => {}
    }
}

/// Whether an instruction accesses a memory by an index and an offset.
fn accesses(op: &Operator<'_>) -> bool {
    macro_rules! is_access {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match op {
                $(Operator::$op { .. } => concat!($($(stringify!($arg), " "),*)?),)*
                _ => "",
            }
        };
    }
    wasmparser::for_each_operator!(is_access).starts_with("memarg ")
}

/// The name of the proposal that an instruction belongs to, with underscores; `mvp` is the first
/// version of the language.
pub fn proposal(op: &Operator<'_>) -> &'static str {
    macro_rules! proposal_of {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match op {
                $(Operator::$op { .. } => stringify!($proposal),)*
                _ => "",
            }
        };
    }
    wasmparser::for_each_operator!(proposal_of)
}

/// The proposal that has to be there for an instruction.
fn feature(op: &Operator<'_>) -> Features {
    if let Operator::Block { blockty: BlockType::FuncType(_) }
    | Operator::Loop { blockty: BlockType::FuncType(_) }
    | Operator::If { blockty: BlockType::FuncType(_) } = op
    {
        return Features::MULTI_VALUE;
    }
    match proposal(op) {
        "bulk_memory" => Features::BULK_MEMORY,
        "function_references" => Features::FUNCTION_REFERENCES,
        "relaxed_simd" => Features::RELAXED_SIMD,
        "reference_types" => Features::REFERENCE_TYPES,
        "saturating_float_to_int" => Features::SATURATING_FLOAT_TO_INT,
        "sign_extension" => Features::SIGN_EXTENSION,
        "simd" => Features::SIMD,
        "tail_call" => Features::TAIL_CALL,
        "threads" => Features::THREADS,
        "wide_arithmetic" => Features::WIDE_ARITHMETIC,
        // `mvp`, and what the validator does not let pass.
        _ => Features::default(),
    }
}
