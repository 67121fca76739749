//! How values are held, and the slot that carries a value of any type across an `array_call`.

use core::fmt;

use crate::module::VmFuncType;

/// How a WebAssembly value is held: its type without what only types know of references, whether
/// they may be null and which functions they refer to (that is [`VmValType`]). The numbers are
/// those of the binary format (spec 5.3.1).
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum ValKind {
    /// 32-bit integer.
    I32 = 0x7f,
    /// 64-bit integer.
    I64 = 0x7e,
    /// IEEE 754 single precision.
    F32 = 0x7d,
    /// IEEE 754 double precision.
    F64 = 0x7c,
    /// 128-bit vector.
    V128 = 0x7b,
    /// A reference to a function, or null: in compiled code a `*mut VmFuncRef`.
    FuncRef = 0x70,
    /// An opaque reference to a value of the host, or null: in compiled code a 32-bit index
    /// into the store's table of such values, 0 for null.
    ExternRef = 0x6f,
}

impl ValKind {
    /// The kind with this number in the binary format.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x7f => Self::I32,
            0x7e => Self::I64,
            0x7d => Self::F32,
            0x7c => Self::F64,
            0x7b => Self::V128,
            0x70 => Self::FuncRef,
            0x6f => Self::ExternRef,
            _ => return None,
        })
    }

    /// The letter that stands for the kind in the names of types, for a reference that may be
    /// null; the capital letter stands for one that may not.
    pub const fn letter(self) -> char {
        match self {
            Self::I32 => 'i',
            Self::I64 => 'l',
            Self::F32 => 'f',
            Self::F64 => 'd',
            Self::V128 => 'v',
            Self::FuncRef => 'r',
            Self::ExternRef => 'e',
        }
    }

    /// Whether this is a reference.
    pub const fn is_ref(self) -> bool {
        matches!(self, Self::FuncRef | Self::ExternRef)
    }

    /// The number of bytes a value takes in a table.
    ///
    /// # Panics
    /// If it is not a reference: tables hold nothing else.
    pub const fn table_element_size(self) -> u32 {
        match self {
            Self::FuncRef => 8,
            Self::ExternRef => 4,
            _ => panic!("only references live in tables"),
        }
    }

    /// The name in the text format, of a reference that of the widest type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        }
    }
}

impl fmt::Display for ValKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a value, as objects describe it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmValType {
    /// The type of the functions that a reference refers to; null if that is any type, and for
    /// what is no reference to a function.
    pub func: *const VmFuncType,
    /// A [`ValKind`].
    pub kind: u8,
    /// Whether a reference may be null, 0 or 1.
    pub nullable: u8,
}

/// One value of any type, in 16 bytes, always little-endian: the slot of an `array_call`.
///
/// Numbers and vectors occupy the low bytes; a `funcref` is the address of a `VmFuncRef` in the low 8, an
/// `externref` an index in the low 4. Bytes that a type does not use mean nothing.
#[repr(C, align(16))]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ValRaw {
    bytes: [u8; 16],
}

/// Accessors for one reading of a slot.
macro_rules! reading {
    ($($from:ident, $to:ident: $ty:ty, $n:literal;)*) => {
        $(
            #[inline]
            #[doc = concat!("A slot whose low bytes hold this `", stringify!($ty), "`.")]
            pub const fn $from(value: $ty) -> Self {
                let mut bytes = [0; 16];
                let (low, _) = bytes.split_at_mut($n);
                low.copy_from_slice(&value.to_le_bytes());
                Self { bytes }
            }

            #[inline]
            #[doc = concat!("The low bytes of the slot as an `", stringify!($ty), "`.")]
            pub const fn $to(self) -> $ty {
                let mut low = [0; $n];
                low.copy_from_slice(self.bytes.split_at($n).0);
                <$ty>::from_le_bytes(low)
            }
        )*
    };
}

impl ValRaw {
    reading! {
        from_u32, to_u32: u32, 4;
        from_i32, to_i32: i32, 4;
        from_u64, to_u64: u64, 8;
        from_i64, to_i64: i64, 8;
        from_u128, to_u128: u128, 16;
    }

    /// A slot that holds the bits of this `f32`.
    pub const fn from_f32(value: f32) -> Self {
        Self::from_u32(value.to_bits())
    }

    /// A slot that holds the bits of this `f64`.
    pub const fn from_f64(value: f64) -> Self {
        Self::from_u64(value.to_bits())
    }

    /// The slot's low 4 bytes as an `f32`, bit for bit.
    pub const fn to_f32(self) -> f32 {
        f32::from_bits(self.to_u32())
    }

    /// The slot's low 8 bytes as an `f64`, bit for bit.
    pub const fn to_f64(self) -> f64 {
        f64::from_bits(self.to_u64())
    }
}

const _: () = assert!(size_of::<ValRaw>() == 16 && align_of::<ValRaw>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_little_endian_and_keep_nan_payloads() {
        assert_eq!(ValRaw::from_u64(0x0102).bytes[..2], [2, 1]);
        let nan = f32::from_bits(0x7fa0_1234);
        assert_eq!(ValRaw::from_f32(nan).to_u32(), 0x7fa0_1234);
        assert_eq!(ValRaw::from_f32(nan).to_f32().to_bits(), 0x7fa0_1234);
    }

    #[test]
    fn codes_round_trip() {
        for code in 0..=u8::MAX {
            if let Some(ty) = ValKind::from_code(code) {
                assert_eq!(ty as u8, code);
            }
        }
    }
}
