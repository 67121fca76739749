//! From Cranelift's kinds of relocation to those of the object format.

use cranelift_codegen::binemit::Reloc;
use object::elf;
use object::write::RelocationFlags;
use target_lexicon::Architecture;

use crate::error::{Error, Result};

/// What the files of this folder need to relocate themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An address, 8 bytes.
    Address,
    /// A distance from the place itself, 4 bytes.
    Distance,
    /// An offset in a section for tools, 4 bytes.
    Offset,
}

/// The relocation for data.
pub fn data(architecture: Architecture, kind: Kind) -> RelocationFlags {
    let x86_64 = architecture == Architecture::X86_64;
    let r_type = match kind {
        Kind::Address if x86_64 => elf::R_X86_64_64,
        Kind::Distance if x86_64 => elf::R_X86_64_PC32,
        Kind::Offset if x86_64 => elf::R_X86_64_32,
        Kind::Address => elf::R_AARCH64_ABS64,
        Kind::Distance => elf::R_AARCH64_PREL32,
        Kind::Offset => elf::R_AARCH64_ABS32,
    };
    RelocationFlags::Elf { r_type }
}

/// What stands between functions: nothing that can be run.
pub fn padding(architecture: Architecture) -> u8 {
    match architecture {
        Architecture::X86_64 => 0xcc, // int3
        _ => 0,                       // udf
    }
}

/// The relocation for code. There are none for addresses, which would have to be relocated when
/// the program is loaded.
///
/// # Errors
/// If code asks for what is not expected of it.
pub fn code(architecture: Architecture, kind: Reloc) -> Result<RelocationFlags> {
    let r_type = match (architecture, kind) {
        (Architecture::X86_64, kind) => match kind {
            Reloc::X86PCRel4 => elf::R_X86_64_PC32,
            // If the callee turns out to be in another shared library, the linker makes a stub.
            Reloc::X86CallPCRel4 | Reloc::X86CallPLTRel4 => elf::R_X86_64_PLT32,
            _ => return Err(unexpected(kind)),
        },
        (Architecture::Aarch64(_), kind) => match kind {
            Reloc::Arm64Call => elf::R_AARCH64_CALL26,
            Reloc::Aarch64AdrPrelPgHi21 => elf::R_AARCH64_ADR_PREL_PG_HI21,
            Reloc::Aarch64AddAbsLo12Nc => elf::R_AARCH64_ADD_ABS_LO12_NC,
            _ => return Err(unexpected(kind)),
        },
        _ => return Err(unexpected(kind)),
    };
    Ok(RelocationFlags::Elf { r_type })
}

fn unexpected(kind: Reloc) -> Error {
    Error::Codegen {
        function: "a function".into(),
        message: format!("its code has a relocation of the unexpected kind {kind:?}"),
    }
}
