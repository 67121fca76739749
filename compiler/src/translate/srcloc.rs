//! Where in the wasm file an instruction comes from, in the form in which Cranelift carries it
//! along: [`srcloc`] writes it, whoever reads the machine code's locations uses [`offset`].

use cranelift_codegen::ir::SourceLoc;

/// The location of the wasm instruction at this offset in the file.
pub fn srcloc(offset: usize) -> SourceLoc {
    // The largest number means "nowhere"; no instruction stands so far out.
    SourceLoc::new(offset as u32)
}

/// The offset in the file that a location stands for; `None` for code that comes from no wasm
/// instruction.
pub fn offset(loc: SourceLoc) -> Option<u32> {
    (!loc.is_default()).then(|| loc.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_round_trip_and_nowhere_is_none() {
        assert_eq!(offset(srcloc(0)), Some(0));
        assert_eq!(offset(srcloc(0x1234_5678)), Some(0x1234_5678));
        assert_eq!(offset(SourceLoc::default()), None);
    }
}
