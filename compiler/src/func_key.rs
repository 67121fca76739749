//! Names for everything that is compiled or referred to by code, and their form as Cranelift's
//! external names. [`symbols`](wasmaot_abi::symbols) turns them into text.

use cranelift_codegen::ir::UserExternalName;
use cranelift_entity::EntityRef;
use wasmaot_abi::builtins::Builtin;

use crate::index::{FuncIndex, SigIndex, TableIndex};

/// A function to compile.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum FuncKey {
    /// A defined function's body, in the guests' own convention.
    Body(FuncIndex),
    /// The code that sets globals and applies active segments, in the guests' own convention:
    /// contexts only, no result.
    InitBody,
    /// The way to that; a `PlainCall`.
    Init,
    /// The way to the start function; a `PlainCall`.
    Start,
    /// The typed entry of an exported function: `wasm_call`.
    WasmCall(FuncIndex),
    /// The array entry of an exported function: `array_call`.
    ArrayCall(FuncIndex),
    /// The way into any function of a type: an `EnterCall`.
    Enter(SigIndex),
    /// The way out to a function of the host of a type: a native call.
    ExitNative(SigIndex),
    /// The way out to a function of the host of a type: an array call.
    ExitArray(SigIndex),
    /// The way out to a builtin.
    ExitBuiltin(Builtin),
}

/// What code can refer to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reference {
    /// A function that is compiled here.
    Func(FuncKey),
    /// A builtin of the runtime itself, in the platform's C convention.
    Builtin(Builtin),
    /// The `VmFuncType` of a signature, by its address.
    FuncType(SigIndex),
    /// A constant table, by its address.
    Table(TableIndex),
}

const BODY: u32 = 0;
const INIT_BODY: u32 = 1;
const INIT: u32 = 2;
const START: u32 = 3;
const WASM_CALL: u32 = 4;
const ARRAY_CALL: u32 = 5;
const ENTER: u32 = 6;
const EXIT_NATIVE: u32 = 7;
const EXIT_ARRAY: u32 = 8;
const EXIT_BUILTIN: u32 = 9;
const BUILTIN: u32 = 10;
const FUNC_TYPE: u32 = 11;
const TABLE: u32 = 12;

impl From<Reference> for UserExternalName {
    fn from(reference: Reference) -> Self {
        let (namespace, index) = match reference {
            Reference::Func(FuncKey::Body(func)) => (BODY, func.as_u32()),
            Reference::Func(FuncKey::InitBody) => (INIT_BODY, 0),
            Reference::Func(FuncKey::Init) => (INIT, 0),
            Reference::Func(FuncKey::Start) => (START, 0),
            Reference::Func(FuncKey::WasmCall(func)) => (WASM_CALL, func.as_u32()),
            Reference::Func(FuncKey::ArrayCall(func)) => (ARRAY_CALL, func.as_u32()),
            Reference::Func(FuncKey::Enter(sig)) => (ENTER, sig.as_u32()),
            Reference::Func(FuncKey::ExitNative(sig)) => (EXIT_NATIVE, sig.as_u32()),
            Reference::Func(FuncKey::ExitArray(sig)) => (EXIT_ARRAY, sig.as_u32()),
            Reference::Func(FuncKey::ExitBuiltin(builtin)) => (EXIT_BUILTIN, builtin as u32),
            Reference::Builtin(builtin) => (BUILTIN, builtin as u32),
            Reference::FuncType(sig) => (FUNC_TYPE, sig.as_u32()),
            Reference::Table(table) => (TABLE, table.as_u32()),
        };
        Self { namespace, index }
    }
}

impl Reference {
    /// What a name of ours stands for.
    ///
    /// # Panics
    /// If the name is none that a [`Reference`] was made into.
    pub fn from_name(name: &UserExternalName) -> Self {
        Self::find(name).unwrap_or_else(|| unreachable!("no reference has the name {name:?}"))
    }

    /// What a name stands for, if it is one of ours.
    pub fn find(name: &UserExternalName) -> Option<Self> {
        let index = name.index;
        let func = || FuncIndex::new(index as usize);
        let sig = || SigIndex::new(index as usize);
        let builtin = || Builtin::ALL.get(index as usize).copied();
        Some(match name.namespace {
            BODY => Self::Func(FuncKey::Body(func())),
            INIT_BODY => Self::Func(FuncKey::InitBody),
            INIT => Self::Func(FuncKey::Init),
            START => Self::Func(FuncKey::Start),
            WASM_CALL => Self::Func(FuncKey::WasmCall(func())),
            ARRAY_CALL => Self::Func(FuncKey::ArrayCall(func())),
            ENTER => Self::Func(FuncKey::Enter(sig())),
            EXIT_NATIVE => Self::Func(FuncKey::ExitNative(sig())),
            EXIT_ARRAY => Self::Func(FuncKey::ExitArray(sig())),
            EXIT_BUILTIN => Self::Func(FuncKey::ExitBuiltin(builtin()?)),
            BUILTIN => Self::Builtin(builtin()?),
            FUNC_TYPE => Self::FuncType(sig()),
            TABLE => Self::Table(TableIndex::new(index as usize)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_round_trip() {
        let func = FuncIndex::from_u32(7);
        let sig = SigIndex::from_u32(9);
        let mut all = vec![
            Reference::Func(FuncKey::Body(func)),
            Reference::Func(FuncKey::InitBody),
            Reference::Func(FuncKey::Init),
            Reference::Func(FuncKey::Start),
            Reference::Func(FuncKey::WasmCall(func)),
            Reference::Func(FuncKey::ArrayCall(func)),
            Reference::Func(FuncKey::Enter(sig)),
            Reference::Func(FuncKey::ExitNative(sig)),
            Reference::Func(FuncKey::ExitArray(sig)),
            Reference::FuncType(sig),
        ];
        for &builtin in Builtin::ALL {
            all.push(Reference::Func(FuncKey::ExitBuiltin(builtin)));
            all.push(Reference::Builtin(builtin));
        }
        for reference in all {
            assert_eq!(Reference::from_name(&reference.into()), reference);
        }
    }
}
