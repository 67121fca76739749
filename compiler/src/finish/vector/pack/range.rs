//! Between which numbers a value of 32 bits is.

use cranelift_codegen::ir::{Function, InstructionData, Opcode, Value, types};

use crate::translate::constant;

/// How many operands, and operands of operands, are looked at.
const LOOKS: u32 = 16;

/// The least and the greatest that a number, with its sign, can be.
type Range = (i32, i32);

/// Whether a value of 32 bits is one of 16 with its sign.
pub(super) fn is_short(func: &Function, value: Value) -> bool {
    range(func, value)
        .is_some_and(|(least, most)| least >= i16::MIN.into() && most <= i16::MAX.into())
}

/// Whether a value of 32 bits is not negative.
pub(super) fn is_natural(func: &Function, value: Value) -> bool {
    range(func, value).is_some_and(|(least, _)| least >= 0)
}

fn range(func: &Function, value: Value) -> Option<Range> {
    of(func, value, &mut { LOOKS })
}

fn of(func: &Function, value: Value, looks: &mut u32) -> Option<Range> {
    *looks = looks.checked_sub(1)?;
    let dfg = &func.dfg;
    if dfg.value_type(value) != types::I32 {
        return None;
    }
    if let Some(constant) = constant(dfg, value) {
        return Some((constant as i32, constant as i32));
    }
    match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Load { opcode, .. } => match opcode {
            Opcode::Sload8 => Some((i8::MIN.into(), i8::MAX.into())),
            Opcode::Uload8 => Some((0, u8::MAX.into())),
            Opcode::Sload16 => Some((i16::MIN.into(), i16::MAX.into())),
            Opcode::Uload16 => Some((0, u16::MAX.into())),
            _ => None,
        },
        InstructionData::Binary { opcode, args: [a, b] } => match (opcode, constant(dfg, b)) {
            (Opcode::Band, Some(mask)) if mask as i32 >= 0 => Some((0, mask as i32)),
            (Opcode::Ushr, Some(by)) => match (of(func, a, looks), by % 32) {
                (Some((0.., most)), by) => Some((0, most >> by)),
                (range, 0) => range,
                (_, by) => Some((0, i32::MAX >> (by - 1))),
            },
            (Opcode::Sshr, Some(by)) => {
                let (least, most) = of(func, a, looks).unwrap_or((i32::MIN, i32::MAX));
                Some((least >> (by % 32), most >> (by % 32)))
            }
            (Opcode::Iadd, _) => {
                let (a, b) = (of(func, a, looks)?, of(func, b, looks)?);
                Some((a.0.checked_add(b.0)?, a.1.checked_add(b.1)?))
            }
            (Opcode::Isub, _) if let Some(value) = absolute(func, [a, b]) => {
                let (least, most) = of(func, value, looks)?;
                Some((0, most.max(least.checked_neg()?)))
            }
            (Opcode::Isub, _) => {
                let (a, b) = (of(func, a, looks)?, of(func, b, looks)?);
                Some((a.0.checked_sub(b.1)?, a.1.checked_sub(b.0)?))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The number of which a difference is the absolute value, as `(number ^ sign) - sign`.
fn absolute(func: &Function, [a, b]: [Value; 2]) -> Option<Value> {
    let dfg = &func.dfg;
    let binary = |value| match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Binary { opcode, args } => {
            Some((opcode, args.map(|arg| dfg.resolve_aliases(arg))))
        }
        _ => None,
    };
    let b = dfg.resolve_aliases(b);
    let (Opcode::Bxor, [value, sign]) = binary(a)? else { return None };
    let (Opcode::Sshr, [of, by]) = binary(b)? else { return None };
    (sign == b && of == value && constant(dfg, by) == Some(31)).then_some(value)
}
