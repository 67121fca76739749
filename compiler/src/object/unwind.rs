//! `.eh_frame`: how to walk through the frames of compiled code, for debuggers, profilers, the
//! platform's unwinder and our runtime, which also finds each function's record here (see
//! `abi/src/func_info.rs`).
//!
//! All addresses are distances, so nothing needs relocating at load time. Functions are referred
//! to by their sections: when the linker drops a section, or takes another object's copy of a
//! merged one, it drops the entry too.

use cranelift_codegen::isa::TargetIsa;
use gimli::write::{
    Address, CommonInformationEntry, EhFrame, FrameDescriptionEntry, FrameTable, RelocationTarget,
};
use gimli::{DW_EH_PE_pcrel, DW_EH_PE_sdata4, DwEhPe};
use object::write::SymbolId;
use wasmaot_abi::func_info::CIE_AUGMENTATION;

use super::dwarf_writer::Writer;
use crate::codegen::Compiled;
use crate::error::{Error, Result};

/// The sections of a function: the symbols of its code's and, if it has one, its record's.
pub struct Sections {
    /// Of the code.
    pub code: SymbolId,
    /// Of the record.
    pub record: Option<SymbolId>,
}

/// A distance in the finished section: where it goes, and to what.
pub struct Distance {
    /// Where.
    pub at: usize,
    /// The start of which section.
    pub symbol: SymbolId,
    /// Bytes behind that.
    pub addend: i64,
}

/// Makes the section.
///
/// # Errors
/// If a function's unwind information cannot be written: a bug.
pub fn eh_frame<'a>(
    isa: &dyn TargetIsa,
    functions: impl Iterator<Item = (&'a Compiled, Sections)>,
) -> Result<(Vec<u8>, Vec<Distance>)> {
    let failed = |message: String| Error::Codegen { function: "unwind tables".into(), message };
    let base = isa.create_systemv_cie().ok_or_else(|| failed("no entry for the machine".into()))?;
    let mut table = FrameTable::default();
    let plain = table.add_cie(with_encodings(base.clone(), false));
    let recorded = table.add_cie(with_encodings(base, true));
    // gimli knows symbols by number.
    let mut symbols = Vec::new();
    let mut address = |symbol, addend| {
        symbols.push(symbol);
        Address::Symbol { symbol: symbols.len() - 1, addend }
    };
    for (function, sections) in functions {
        let len = function.code.len() as u32;
        let start = function.place.skew() as i64;
        let mut entry = FrameDescriptionEntry::new(address(sections.code, start), len);
        for &(offset, rule) in &function.frame {
            entry.add_instruction(offset, rule.into());
        }
        entry.lsda = sections.record.map(|record| address(record, 0));
        table.add_fde(if entry.lsda.is_some() { recorded } else { plain }, entry);
    }
    let mut section = EhFrame(Writer::default());
    table.write_eh_frame(&mut section).map_err(|error| failed(error.to_string()))?;
    let Writer { bytes, relocations } = section.0;
    let distances = relocations
        .into_iter()
        .map(|relocation| match relocation.target {
            RelocationTarget::Symbol(symbol) if relocation.eh_pe == Some(ENCODING) => {
                let symbol = symbols[symbol];
                Ok(Distance { at: relocation.offset, symbol, addend: relocation.addend })
            }
            _ => Err(failed(format!("unexpected {relocation:?}"))),
        })
        .collect::<Result<_>>()?;
    Ok((bytes.into_vec(), distances))
}

/// A distance in 4 bytes.
const ENCODING: DwEhPe = DwEhPe(DW_EH_PE_pcrel.0 | DW_EH_PE_sdata4.0);

fn with_encodings(mut entry: CommonInformationEntry, recorded: bool) -> CommonInformationEntry {
    // The augmentation that the writer makes of these is "zR" or this one.
    const { assert!(matches!(CIE_AUGMENTATION.as_bytes(), b"zLR")) };
    entry.fde_address_encoding = ENCODING;
    entry.lsda_encoding = recorded.then_some(ENCODING);
    entry
}
