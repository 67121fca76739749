//! Traps, in both styles, and the one map between our trap codes and Cranelift's.

use cranelift_codegen::ir;
use wasmaot_abi::traps::TrapCode;

/// The code of the instruction behind a call that does not return. It is never executed and
/// stands for no trap of ours.
pub const NEVER: ir::TrapCode = ir::TrapCode::unwrap_user(250);

/// Cranelift's code for a trap. Where its own instructions can trap for that reason, it is the
/// code that they carry; else a user code with our number.
pub fn to_cranelift(code: TrapCode) -> ir::TrapCode {
    match code {
        TrapCode::MemoryOutOfBounds => ir::TrapCode::HEAP_OUT_OF_BOUNDS,
        TrapCode::IntegerDivideByZero => ir::TrapCode::INTEGER_DIVISION_BY_ZERO,
        TrapCode::IntegerOverflow => ir::TrapCode::INTEGER_OVERFLOW,
        TrapCode::BadConversionToInteger => ir::TrapCode::BAD_CONVERSION_TO_INTEGER,
        TrapCode::StackOverflow => ir::TrapCode::STACK_OVERFLOW,
        other => ir::TrapCode::unwrap_user(other as u8),
    }
}

/// The way back; `None` for a code that [`to_cranelift`] never makes, such as [`NEVER`].
pub fn from_cranelift(code: ir::TrapCode) -> Option<TrapCode> {
    TrapCode::ALL.iter().copied().find(|&ours| to_cranelift(ours) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for &code in TrapCode::ALL {
            assert_eq!(from_cranelift(to_cranelift(code)), Some(code));
        }
        assert_eq!(from_cranelift(NEVER), None);
        // Cranelift's own reasons all mean something here.
        for &code in ir::TrapCode::non_user_traps() {
            assert_eq!(from_cranelift(code).map(to_cranelift), Some(code));
        }
    }
}
