//! Entries of two instructions.
//!
//! - Typed ones: functions whose parameters all go in registers, and that have one result at most, share the
//!   rest of their way in, which the runtime has written by hand (`runtime-lib/src/arch/x86_64.rs`). It
//!   restores nothing that the function has preserved, which a `try_call` cannot know of.
//! - Those by arrays: the rest is the way into any function of the type.
//!
//! That takes a machine on which the C convention and the guests' own pass parameters in the same
//! registers: x86-64. Elsewhere, and for all other functions, [`entry`](super::entry) has the way.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::isa::CallConv;
use target_lexicon::Architecture;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::value::ValKind;

use crate::codegen::{Compiled, Relocation, RelocationTarget};
use crate::func_key::{FuncKey, Reference};
use crate::module::{FuncType, Module, ValType};
use crate::place::Place;
use crate::target::Target;

/// Registers for integers, less those for the contexts, and for floating-point numbers (System V
/// ABI for x86-64, 3.2.3).
const INTS: usize = 6 - 2;
const FLOATS: usize = 8;

/// Such an entry.
pub struct Short {
    /// The function's code.
    pub body: Reference,
    /// In which register its address is passed on.
    pub register: Register,
    /// Where it jumps.
    pub rest: Reference,
}

/// A register of x86-64 that an entry sets.
#[derive(Clone, Copy)]
pub enum Register {
    /// Of no parameter.
    Rax,
    /// The fourth parameter.
    Rcx,
}

impl Register {
    /// As assembly language has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rax => "%rax",
            Self::Rcx => "%rcx",
        }
    }

    /// The field of an instruction that names it, beside an address that is relative to the next instruction.
    fn field(self) -> u8 {
        match self {
            Self::Rax => 0x05,
            Self::Rcx => 0x0d,
        }
    }
}

/// The entry with this key, if it is such a one.
pub fn short(module: &Module<'_>, target: &Target, key: FuncKey) -> Option<Short> {
    let (FuncKey::WasmCall(func) | FuncKey::ArrayCall(func)) = key else { return None };
    let machine = target.triple.architecture == Architecture::X86_64
        && target.c_convention == CallConv::SystemV;
    if !machine || module.is_imported_function(func) {
        return None;
    }
    let (register, rest) = match key {
        FuncKey::WasmCall(_) => (Register::Rax, Reference::Builtin(rest(module.func_type(func))?)),
        _ => (Register::Rcx, Reference::Func(FuncKey::Enter(module.functions[func].sig))),
    };
    Some(Short { body: Reference::Func(FuncKey::Body(func)), register, rest })
}

/// The rest of the way into functions of a type.
fn rest(ty: &FuncType) -> Option<Builtin> {
    let [mut ints, mut floats] = [0; 2];
    for &param in &ty.params {
        *match class(param)? {
            Builtin::enter_float => &mut floats,
            _ => &mut ints,
        } += 1;
    }
    if ints > INTS || floats > FLOATS {
        return None;
    }
    match *ty.results {
        [] => Some(Builtin::enter_int),
        [result] => class(result),
        _ => None,
    }
}

/// By which kind of register a value goes.
fn class(ty: ValType) -> Option<Builtin> {
    match ty.kind() {
        ValKind::I32 | ValKind::I64 | ValKind::FuncRef | ValKind::ExternRef => {
            Some(Builtin::enter_int)
        }
        ValKind::F32 | ValKind::F64 => Some(Builtin::enter_float),
        ValKind::V128 => None,
    }
}

impl Short {
    /// The machine code.
    pub fn compiled(self, key: FuncKey) -> Compiled {
        let at = |offset, kind, reference| {
            let target = RelocationTarget::Reference(reference);
            // From the end of the field.
            Relocation { offset, kind, target, addend: -4 }
        };
        Compiled {
            key,
            // lea register, [rip + body]; jmp rest
            code: vec![0x48, 0x8d, self.register.field(), 0, 0, 0, 0, 0xe9, 0, 0, 0, 0],
            place: Place::TRAMPOLINE,
            relocations: vec![
                at(3, Reloc::X86PCRel4, self.body),
                at(8, Reloc::X86CallPCRel4, self.rest),
            ],
            // The frame is still the caller's.
            frame: Vec::new(),
            info: None,
            source: Vec::new(),
        }
    }
}
