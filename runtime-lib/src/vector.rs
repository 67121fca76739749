//! Vectors as the host has them: 128 bits, seen as lanes of whatever type suits.

use std::fmt;

/// A value of WebAssembly's type `v128`: 128 bits that guests take for lanes of integers or
/// floating-point numbers. So can the host: arrays of lanes convert both ways, lane 0 first.
///
/// ```
/// use wasmaot::V128;
///
/// let vector = V128::from([1.0_f32, 2.0, 3.0, 4.0]);
/// assert_eq!(<[f32; 4]>::from(vector), [1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(V128::from([1_u64, 0]), V128::from(1_u128));
/// ```
///
/// Two are equal if all their bits are, NaNs included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct V128(u128);

impl V128 {
    /// From two halves of 64 bits.
    #[inline]
    pub const fn from_halves(low: u64, high: u64) -> Self {
        Self((high as u128) << 64 | low as u128)
    }

    /// The low 64 bits: the lanes that come first.
    #[inline]
    pub const fn low(self) -> u64 {
        self.0 as u64
    }

    /// The high 64 bits: the lanes that come last.
    #[inline]
    pub const fn high(self) -> u64 {
        (self.0 >> 64) as u64
    }
}

/// In hexadecimal, lane 0 last, as in the text of a number.
impl fmt::Debug for V128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V128({:#034x})", self.0)
    }
}

impl From<u128> for V128 {
    #[inline]
    fn from(bits: u128) -> Self {
        Self(bits)
    }
}

impl From<V128> for u128 {
    #[inline]
    fn from(vector: V128) -> Self {
        vector.0
    }
}

macro_rules! lanes {
    ($($lane:ty: $count:literal;)*) => {
        $(
            impl From<[$lane; $count]> for V128 {
                #[inline]
                fn from(lanes: [$lane; $count]) -> Self {
                    let mut bytes = [0; 16];
                    for (to, lane) in bytes.chunks_exact_mut(size_of::<$lane>()).zip(lanes) {
                        to.copy_from_slice(&lane.to_le_bytes());
                    }
                    Self(u128::from_le_bytes(bytes))
                }
            }

            impl From<V128> for [$lane; $count] {
                #[inline]
                fn from(vector: V128) -> Self {
                    let bytes = vector.0.to_le_bytes();
                    let mut chunks = bytes.chunks_exact(size_of::<$lane>());
                    std::array::from_fn(|_| {
                        let mut lane = [0; size_of::<$lane>()];
                        lane.copy_from_slice(chunks.next().expect("a chunk per lane"));
                        <$lane>::from_le_bytes(lane)
                    })
                }
            }
        )*
    };
}

lanes! {
    i8: 16;
    u8: 16;
    i16: 8;
    u16: 8;
    i32: 4;
    u32: 4;
    i64: 2;
    u64: 2;
    f32: 4;
    f64: 2;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_0_comes_first_in_every_shape() {
        let bytes = V128::from(std::array::from_fn::<u8, 16, _>(|place| place as u8));
        assert_eq!(<[u16; 8]>::from(bytes)[0], 0x0100);
        assert_eq!(<[i32; 4]>::from(bytes)[3], 0x0f0e_0d0c);
        assert_eq!((bytes.low(), bytes.high()), (0x0706050403020100, 0x0f0e0d0c0b0a0908));
        assert_eq!(V128::from_halves(bytes.low(), bytes.high()), bytes);
        assert_eq!(format!("{bytes:?}"), "V128(0x0f0e0d0c0b0a09080706050403020100)");
    }

    #[test]
    fn lanes_round_trip_bit_for_bit() {
        let nan = f32::from_bits(0xffa0_0001);
        let back = <[f32; 4]>::from(V128::from([nan, -0.0, 1.5, f32::INFINITY]));
        assert_eq!(back.map(f32::to_bits), [nan, -0.0, 1.5, f32::INFINITY].map(f32::to_bits));
        assert_eq!(
            <[i8; 16]>::from(V128::from([-1_i64, 0]))[..9],
            [-1, -1, -1, -1, -1, -1, -1, -1, 0]
        );
        assert_eq!(<[f64; 2]>::from(V128::from([0.5_f64, -2.0])), [0.5, -2.0]);
    }
}
