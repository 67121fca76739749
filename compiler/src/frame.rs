//! How to unwind a function's frame, as plain data: what Cranelift says of a prologue, in terms of
//! call frame information (DWARF 5, 6.4). Its own form of that can neither be looked into nor be
//! kept in a file.

use cranelift_codegen::CodegenError;
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::UnwindInst;
use gimli::write::{CallFrameInstruction, Expression};
use gimli::{DW_OP_lit0, DW_OP_lit1, Register};
use target_lexicon::Architecture;

/// What holds from an instruction on; registers by their DWARF numbers, offsets in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The frame starts this far above the register it is found by.
    FrameOffset(i32),
    /// The register that the frame is found by.
    FrameRegister(u16),
    /// Where, from the frame's start, the caller's value of a register lies.
    Saved(u16, i32),
    /// How far from the frame's start the caller's value of a register is itself.
    Equals(u16, i32),
    /// Whether return addresses are signed (AArch64).
    Signed(bool),
}

/// How to unwind a frame: each rule and the offset in the code where it begins to hold.
pub type Rules = Vec<(u32, Rule)>;

/// The registers that a machine's frames are chained by.
struct Chain {
    frame_pointer: u16,
    /// The register with the return address, and where it is saved: from the saved frame pointer.
    link: Option<(u16, i32)>,
}

fn chain(isa: &dyn TargetIsa) -> Chain {
    match isa.triple().architecture {
        // System V ABI for x86-64, figure 3.36.
        Architecture::X86_64 => Chain { frame_pointer: 6, link: None },
        // DWARF for the Arm 64-bit Architecture, 4.1.
        _ => Chain { frame_pointer: 29, link: Some((30, 8)) },
    }
}

/// Makes rules of the steps of a prologue.
///
/// # Errors
/// If a register has no number: a bug.
pub fn rules(isa: &dyn TargetIsa, steps: &[(u32, UnwindInst)]) -> Result<Rules, CodegenError> {
    let chain = chain(isa);
    let number =
        |reg| isa.map_regalloc_reg_to_dwarf(reg).map_err(CodegenError::RegisterMappingError);
    // From the frame's start down to where registers are saved.
    let mut saves = 0;
    let mut rules = Rules::new();
    for (offset, step) in steps {
        let mut rule = |rule| rules.push((*offset, rule));
        match *step {
            UnwindInst::PushFrameRegs { offset_upward_to_caller_sp } => {
                let pushed = -(offset_upward_to_caller_sp as i32);
                rule(Rule::FrameOffset(-pushed));
                rule(Rule::Saved(chain.frame_pointer, pushed));
                if let Some((link, above)) = chain.link {
                    rule(Rule::Saved(link, pushed + above));
                }
            }
            UnwindInst::DefineNewFrame {
                offset_upward_to_caller_sp,
                offset_downward_to_clobbers,
            } => {
                saves = (offset_upward_to_caller_sp + offset_downward_to_clobbers) as i32;
                rule(Rule::FrameRegister(chain.frame_pointer));
            }
            // The frame is found by the frame pointer, wherever the stack pointer goes.
            UnwindInst::StackAlloc { .. } => {}
            UnwindInst::SaveReg { clobber_offset, reg } => {
                rule(Rule::Saved(number(reg.into())?, clobber_offset as i32 - saves));
            }
            UnwindInst::RegStackOffset { clobber_offset, reg } => {
                rule(Rule::Equals(number(reg.into())?, clobber_offset as i32 - saves));
            }
            UnwindInst::Aarch64SetPointerAuth { return_addresses } => {
                rule(Rule::Signed(return_addresses));
            }
        }
    }
    Ok(rules)
}

impl From<Rule> for CallFrameInstruction {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::FrameOffset(offset) => Self::CfaOffset(offset),
            Rule::FrameRegister(register) => Self::CfaRegister(Register(register)),
            Rule::Saved(register, offset) => Self::Offset(Register(register), offset),
            Rule::Equals(register, offset) => Self::ValOffset(Register(register), offset),
            Rule::Signed(signed) => {
                // A register of its own that says so (DWARF for the Arm 64-bit Architecture, 4.1).
                const RA_SIGN_STATE: Register = Register(34);
                let mut state = Expression::new();
                state.op(if signed { DW_OP_lit1 } else { DW_OP_lit0 });
                Self::ValExpression(RA_SIGN_STATE, state)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cranelift_codegen::Context;
    use cranelift_codegen::isa::unwind::UnwindInfo;
    use gimli::write::{Address, FrameDescriptionEntry};

    use super::*;
    use crate::codegen::{clif, isa};
    use crate::config::Config;
    use crate::parse::{Accepted, parse};
    use crate::plan::plan;
    use crate::target::Target;

    /// Calls, values that live across them, vectors, a frame of its own, and every trampoline.
    const GUEST: &str = r#"(module
        (import "host" "f" (func $f (param i64 f64) (result i64)))
        (memory (export "memory") 1)
        (func $many (param i64 i64 i64 i64 f64) (result i64)
            (i64.add
                (i64.add (call $f (local.get 0) (local.get 4)) (call $f (local.get 1) (local.get 4)))
                (i64.add (call $f (local.get 2) (local.get 4)) (i64.load (i32.const 8)))))
        (func (export "run") (param i64 v128) (result i64 v128)
            (call $many (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (f64.const 4))
            (local.get 1)))"#;

    #[test]
    fn rules_are_those_of_the_code_generators_own_tables() {
        let wasm = wat::parse_str(GUEST).unwrap();
        let machines: [(&str, &[&str]); 3] = [
            ("x86_64-unknown-linux-gnu", &[]),
            ("aarch64-unknown-linux-gnu", &[]),
            ("aarch64-unknown-linux-gnu", &["paca"]),
        ];
        for (triple, features) in machines {
            let mut config = Config::new(triple);
            config.cpu_features = features.iter().map(|&name| name.into()).collect();
            let target = Target::new(&config).unwrap();
            let module = parse(&wasm, Accepted::without(&[]).unwrap()).unwrap();
            let plan = plan(&module, &config).unwrap();
            let mut saved = 0;
            for &key in &plan.functions {
                let mut context = Context::new();
                let translated =
                    clif(&module, &plan, &target, key, &mut Default::default()).unwrap();
                let isa = isa(&target, key, &translated);
                context.func = translated.function;
                let code = context.compile(isa, &mut Default::default()).unwrap();
                let Some(UnwindInfo::SystemV(theirs)) = code.create_unwind_info(isa).unwrap()
                else {
                    panic!("{triple}: no tables")
                };
                let len = code.code_buffer().len() as u32;
                let mut ours = FrameDescriptionEntry::new(Address::Constant(0), len);
                for (offset, rule) in rules(isa, &code.buffer.unwind_info).unwrap() {
                    saved += usize::from(matches!(rule, Rule::Saved(..)));
                    ours.add_instruction(offset, rule.into());
                }
                assert_eq!(ours, theirs.to_fde(Address::Constant(0)), "{triple}: {key:?}");
            }
            assert!(saved > 2 * plan.functions.len(), "{triple}: entries save registers");
        }
    }
}
