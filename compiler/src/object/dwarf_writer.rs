//! Where gimli writes to: bytes, and what the linker is to fill in.

use gimli::LittleEndian;
use gimli::write::{EndianVec, RelocateWriter, Relocation};

/// A section under construction.
#[derive(Clone)]
pub struct Writer {
    /// The bytes.
    pub bytes: EndianVec<LittleEndian>,
    /// What is missing in them.
    pub relocations: Vec<Relocation>,
}

impl Default for Writer {
    fn default() -> Self {
        Self { bytes: EndianVec::new(LittleEndian), relocations: Vec::new() }
    }
}

impl RelocateWriter for Writer {
    type Writer = EndianVec<LittleEndian>;

    fn writer(&self) -> &Self::Writer {
        &self.bytes
    }

    fn writer_mut(&mut self) -> &mut Self::Writer {
        &mut self.bytes
    }

    fn relocate(&mut self, relocation: Relocation) {
        self.relocations.push(relocation);
    }
}
