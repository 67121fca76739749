//! Constants under construction: bytes with addresses in them, which the linker fills in.
//!
//! The structures come from `abi`; where their fields lie is taken from there (`offset_of!`),
//! so that there is no second description of them.

use object::write::SymbolId;
use wasmaot_abi::module::VmSlice;

/// What an empty slice points at: nothing, but not null, and aligned for any item.
const DANGLING: u64 = 16;

/// A section's contents.
#[derive(Default)]
pub struct Blob {
    /// The bytes, zero where an address goes.
    pub bytes: Vec<u8>,
    /// The addresses, in the order of being put.
    pub addresses: Vec<Address>,
}

/// An address in a [`Blob`].
pub struct Address {
    /// Where it goes.
    pub at: usize,
    /// Of what.
    pub of: Place,
}

/// A place that addresses can refer to: a section's symbol and an offset in the section.
#[derive(Clone, Copy)]
pub struct Place(pub SymbolId, pub usize);

impl Blob {
    /// Adds zeros for `count` items of a type; where they start.
    pub fn reserve<T>(&mut self, count: usize) -> usize {
        self.reserve_bytes(count * size_of::<T>(), align_of::<T>())
    }

    fn reserve_bytes(&mut self, size: usize, align: usize) -> usize {
        let at = self.bytes.len().next_multiple_of(align);
        self.bytes.resize(at + size, 0);
        at
    }

    /// Adds bytes; where they start.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        let at = self.bytes.len();
        self.bytes.extend(bytes);
        at
    }

    /// Puts a byte.
    pub fn u8(&mut self, at: usize, value: u8) {
        self.bytes[at] = value;
    }

    /// Puts a number.
    pub fn u32(&mut self, at: usize, value: u32) {
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Puts a number.
    pub fn u64(&mut self, at: usize, value: u64) {
        self.bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// Puts an address.
    pub fn address(&mut self, at: usize, of: Place) {
        self.addresses.push(Address { at, of });
    }

    /// Puts a [`VmSlice`].
    pub fn slice(&mut self, at: usize, place: Place, len: usize) {
        let pointer = at + std::mem::offset_of!(VmSlice<u8>, ptr);
        if len == 0 {
            self.u64(pointer, DANGLING);
        } else {
            self.address(pointer, place);
        }
        self.u64(at + std::mem::offset_of!(VmSlice<u8>, len), len as u64);
    }
}
