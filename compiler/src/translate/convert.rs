//! Conversions between number types.

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};
use wasmaot_abi::traps::TrapCode;

use super::context::Context;
use super::trap::{trap_if, trap_unless};
use crate::config::TrapStyle;

/// Conversions that are one of Cranelift's instructions.
macro_rules! conversions {
    ($($(#[$doc:meta])* $name:ident: $ins:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(cx: &mut Context<'_, '_>, to: Type) {
                let value = cx.pop();
                let result = cx.ins().$ins(to, value);
                cx.push(result);
            }
        )*
    };
}

conversions! {
    /// `i32.wrap_i64`.
    wrap: ireduce;
    /// `i64.extend_i32_s`.
    extend_s: sextend;
    /// `i64.extend_i32_u`.
    extend_u: uextend;
    /// `convert_i32_s`, `convert_i64_s`.
    convert_s: fcvt_from_sint;
    /// `convert_i32_u`, `convert_i64_u`.
    convert_u: fcvt_from_uint;
    /// `f32.demote_f64`.
    demote: fdemote;
    /// `f64.promote_f32`.
    promote: fpromote;
    /// `trunc_sat_f32_s`, `trunc_sat_f64_s`.
    trunc_sat_s: fcvt_to_sint_sat;
    /// `trunc_sat_f32_u`, `trunc_sat_f64_u`.
    trunc_sat_u: fcvt_to_uint_sat;
}

/// The reinterpretations.
pub fn reinterpret(cx: &mut Context<'_, '_>, to: Type) {
    let value = cx.pop();
    let result = cx.ins().bitcast(to, MemFlagsData::new(), value);
    cx.push(result);
}

/// `trunc_f32_s`, `trunc_f64_s`.
pub fn trunc_s(cx: &mut Context<'_, '_>, to: Type) {
    let value = cx.pop();
    let result = match cx.plan.traps {
        TrapStyle::Signals => cx.ins().fcvt_to_sint(to, value),
        TrapStyle::Explicit => {
            check_range(cx, value, to, true);
            cx.ins().fcvt_to_sint_sat(to, value)
        }
    };
    cx.push(result);
}

/// `trunc_f32_u`, `trunc_f64_u`.
pub fn trunc_u(cx: &mut Context<'_, '_>, to: Type) {
    let value = cx.pop();
    let result = match cx.plan.traps {
        TrapStyle::Signals => cx.ins().fcvt_to_uint(to, value),
        TrapStyle::Explicit => {
            check_range(cx, value, to, false);
            cx.ins().fcvt_to_uint_sat(to, value)
        }
    };
    cx.push(result);
}

/// Traps if a number, rounded towards zero, does not fit an integer type.
fn check_range(cx: &mut Context<'_, '_>, value: Value, to: Type, signed: bool) {
    let not_a_number = cx.ins().fcmp(FloatCC::Unordered, value, value);
    trap_if(cx, not_a_number, TrapCode::BadConversionToInteger);

    let from = cx.builder.func.dfg.value_type(value);
    let (above, lower, upper) = range(from, to.bits(), signed);
    let (lower, upper) = match from {
        types::F32 => (cx.ins().f32const(lower as f32), cx.ins().f32const(upper as f32)),
        _ => (cx.ins().f64const(lower), cx.ins().f64const(upper)),
    };
    let high_enough = cx.ins().fcmp(above, value, lower);
    trap_unless(cx, high_enough, TrapCode::IntegerOverflow);
    let low_enough = cx.ins().fcmp(FloatCC::LessThan, value, upper);
    trap_unless(cx, low_enough, TrapCode::IntegerOverflow);
}

/// What fits: how to compare with the lower bound, that bound, and the upper bound, which is
/// excluded. Both are exact in the type `from`.
fn range(from: Type, bits: u32, signed: bool) -> (FloatCC, f64, f64) {
    let power = |exponent: u32| (1u128 << exponent) as f64;
    if !signed {
        return (FloatCC::GreaterThan, -1.0, power(bits));
    }
    let (least, upper) = (-power(bits - 1), power(bits - 1));
    // Where the type can express the least integer less 1, fractions between them fit too.
    let mantissa = if from == types::F32 { 24 } else { 53 };
    if bits <= mantissa {
        (FloatCC::GreaterThan, least - 1.0, upper)
    } else {
        (FloatCC::GreaterThanOrEqual, least, upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rust's own conversion of the truncated number saturates: what it leaves unchanged fits.
    #[test]
    fn ranges_are_what_rust_says_fits() {
        fn fits(value: f64, bits: u32, signed: bool) -> bool {
            let whole = value.trunc();
            let back = match (bits, signed) {
                (32, true) => i128::from(whole as i32),
                (32, false) => i128::from(whole as u32),
                (64, true) => i128::from(whole as i64),
                _ => i128::from(whole as u64),
            };
            // The largest values saturate to something that rounds to the same float again.
            back as f64 == whole && whole < (1u128 << (bits - u32::from(signed))) as f64
        }
        let neighbours_f64 = |x: f64| [x.next_down(), x, x.next_up()];
        let neighbours_f32 = |x: f64| {
            let x = x as f32;
            [x.next_down(), x, x.next_up()].map(f64::from)
        };
        for bits in [32, 64] {
            for signed in [true, false] {
                let edge = (1u128 << (bits - u32::from(signed))) as f64;
                for edge in [-edge - 1.0, -edge, -1.0, -0.0, 1.0, edge - 1.0, edge] {
                    let samples =
                        [(types::F64, neighbours_f64(edge)), (types::F32, neighbours_f32(edge))];
                    for (from, values) in samples {
                        let (above, lower, upper) = range(from, bits, signed);
                        for value in values {
                            let high = match above {
                                FloatCC::GreaterThan => value > lower,
                                _ => value >= lower,
                            };
                            let inside = high && value < upper;
                            assert_eq!(
                                inside,
                                fits(value, bits, signed),
                                "{value:e} {from} {bits}"
                            );
                        }
                    }
                }
            }
        }
    }
}
