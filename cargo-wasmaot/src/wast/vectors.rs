//! Vectors in scripts: as arguments, and as results with a pattern per lane.

use wasmaot::V128;
use wast::core::{NanPattern, V128Const, V128Pattern};
use wast::token::{F32, F64};

/// A script's vector.
pub fn constant(value: &V128Const) -> V128 {
    V128::from(value.to_le_bytes())
}

/// Whether a vector is what a script expects.
pub fn matches(vector: V128, expected: &V128Pattern) -> bool {
    match expected {
        V128Pattern::I8x16(lanes) => <[i8; 16]>::from(vector) == *lanes,
        V128Pattern::I16x8(lanes) => <[i16; 8]>::from(vector) == *lanes,
        V128Pattern::I32x4(lanes) => <[i32; 4]>::from(vector) == *lanes,
        V128Pattern::I64x2(lanes) => <[i64; 2]>::from(vector) == *lanes,
        V128Pattern::F32x4(lanes) => {
            <[u32; 4]>::from(vector).iter().zip(lanes).all(|(&lane, expected)| f32(lane, expected))
        }
        V128Pattern::F64x2(lanes) => {
            <[u64; 2]>::from(vector).iter().zip(lanes).all(|(&lane, expected)| f64(lane, expected))
        }
    }
}

/// Whether the bits of an `f32` are what a script expects.
pub fn f32(bits: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

/// Whether the bits of an `f64` are what a script expects.
pub fn f64(bits: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

/// A vector as scripts write it.
pub fn show(vector: V128) -> String {
    let lanes = <[u32; 4]>::from(vector).map(|lane| format!("{lane:#010x}"));
    format!("(v128.const i32x4 {})", lanes.join(" "))
}
