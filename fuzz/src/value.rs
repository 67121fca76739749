//! Values and what became of a run, in the words of no engine.

use std::fmt;

/// The type of a value that goes over the border: how it is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// 128-bit vector.
    V128,
    /// A reference to a function.
    Func,
    /// A reference to something of the host's.
    Extern,
}

impl Type {
    /// How a value of the module's type is held.
    pub fn of(ty: wasmparser::ValType) -> Self {
        match ty {
            wasmparser::ValType::I32 => Self::I32,
            wasmparser::ValType::I64 => Self::I64,
            wasmparser::ValType::F32 => Self::F32,
            wasmparser::ValType::F64 => Self::F64,
            wasmparser::ValType::V128 => Self::V128,
            wasmparser::ValType::Ref(ty) if ty.is_extern_ref() => Self::Extern,
            wasmparser::ValType::Ref(_) => Self::Func,
        }
    }
}

/// A value. Numbers are kept by their bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// 32-bit integer.
    I32(i32),
    /// 64-bit integer.
    I64(i64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// The bits of a vector.
    V128(u128),
    /// A reference to a function, or null. Which one, engines need not agree on how to say.
    Func(bool),
    /// The number that the host gave to its value, or null.
    Extern(Option<u32>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => write!(f, "{value}:i32"),
            Self::I64(value) => write!(f, "{value}:i64"),
            Self::F32(bits) => write!(f, "{:?}={bits:#010x}:f32", f32::from_bits(*bits)),
            Self::F64(bits) => write!(f, "{:?}={bits:#018x}:f64", f64::from_bits(*bits)),
            Self::V128(bits) => write!(f, "{bits:#034x}:v128"),
            Self::Func(false) => f.write_str("null:func"),
            Self::Func(true) => f.write_str("func"),
            Self::Extern(None) => f.write_str("null:extern"),
            Self::Extern(Some(number)) => write!(f, "{number}:extern"),
        }
    }
}

/// Why a guest was stopped. Engines that tell more apart than others are made to tell less.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trap {
    /// `unreachable`.
    Unreachable,
    /// Outside of a memory.
    Memory,
    /// Outside of a table, by any instruction.
    Table,
    /// A null where a function was wanted.
    Null,
    /// An indirect call of a function of another type.
    Signature,
    /// An integer division by zero.
    DivisionByZero,
    /// An integer result that does not fit.
    Overflow,
    /// A NaN that was to be an integer.
    Conversion,
    /// An atomic access to an address that is not a multiple of its size.
    Unaligned,
    /// Waiting at a memory that nobody shares.
    NotShared,
    /// The host's function failed, as it was told to.
    Host,
}

/// What became of a call, or of making an instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned.
    Returned(Vec<Value>),
    /// The guest was stopped by what it did.
    Trapped(Trap),
    /// Something was used up (stack, memory) of which engines need not have the same.
    Exhausted(String),
    /// An error that is none of those. No engine should have one.
    Failed(String),
}

/// What can be seen of a guest when all is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// A global's value.
    Global(Value),
    /// A memory's size in pages, and a digest of what it holds.
    Memory(u64, u64),
    /// A table's elements.
    Table(Vec<Value>),
}

/// All that an engine has to say about a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The engine.
    pub engine: String,
    /// What became of making the instance.
    pub start: Outcome,
    /// What became of the calls, in their order; none if there is no instance.
    pub calls: Vec<Outcome>,
    /// What was left; nothing if there is no instance. In the order of the exports.
    pub state: Vec<(String, State)>,
    /// A digest of how and in which order functions of the host were called.
    pub host: u64,
}

/// A digest of bytes, quick to make. Equal bytes have equal ones; different bytes different
/// ones, but for bad luck.
pub fn digest(bytes: &[u8]) -> u64 {
    let mut digest = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for &word in words {
        digest = mix(digest, u64::from_le_bytes(word));
    }
    rest.iter().fold(digest, |digest, &byte| mix(digest, byte.into()))
}

/// A digest with one more number in it.
pub fn mix(digest: u64, number: u64) -> u64 {
    (digest.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_bytes_apart() {
        let zeroes = vec![0; 65536];
        let mut changed = zeroes.clone();
        for place in [0, 7, 8, 65535] {
            changed[place] = 1;
            assert_ne!(digest(&zeroes), digest(&changed), "at {place}");
            changed[place] = 0;
        }
        assert_eq!(digest(&zeroes), digest(&changed));
        assert_ne!(digest(&zeroes), digest(&zeroes[1..]));
        assert_ne!(digest(b"\x01\0"), digest(b"\0\x01"));
    }
}
