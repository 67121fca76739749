//! Debug information: names and extents of functions and, if the module says where its
//! instructions came from, source lines. One unit per module.
//!
//! Like the unwind tables it refers to functions by their sections, whose addresses of dropped
//! ones linkers set to nowhere.

use gimli::write::{
    Address, AttributeValue, DwarfUnit, Expression, FileId, LineProgram, LineString, Range,
    RangeList, Relocation, RelocationTarget, Sections,
};
use gimli::{Encoding, Format, LineEncoding, SectionId};
use object::write::SymbolId;

use super::dwarf_writer::Writer;
use super::source_map::SourceMap;
use crate::error::{Error, Result};

/// A function to describe.
pub struct Function<'a> {
    /// Its name for people.
    pub name: String,
    /// Its symbol.
    pub symbol: String,
    /// The symbol of its section.
    pub section: SymbolId,
    /// Where in the section it starts.
    pub start: usize,
    /// Its size in bytes.
    pub size: usize,
    /// Where its code came from: start and end in the code, offset in the wasm file.
    pub source: &'a [(u32, u32, u32)],
}

/// A section with what is to be relocated in it.
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// Its contents.
    pub bytes: Vec<u8>,
    /// Addresses and offsets in it.
    pub fixups: Vec<Fixup>,
}

/// A number that the linker fills in.
pub struct Fixup {
    /// Where it goes.
    pub at: usize,
    /// Its size in bytes, 4 or 8.
    pub size: u8,
    /// What it counts from.
    pub base: Base,
    /// Bytes from there.
    pub addend: i64,
}

/// What a [`Fixup`] counts from.
pub enum Base {
    /// A function.
    Code(SymbolId),
    /// The start of another of these sections.
    Section(&'static str),
}

/// Makes the sections.
///
/// # Errors
/// If the information cannot be written: a bug.
pub fn sections(module: &str, functions: &[Function<'_>], map: &SourceMap) -> Result<Vec<Section>> {
    let encoding = Encoding { format: Format::Dwarf32, version: 5, address_size: 8 };
    let mut dwarf = DwarfUnit::new(encoding);
    let mut symbols = Vec::new();
    let addresses: Vec<_> = functions
        .iter()
        .map(|function| {
            symbols.push(function.section);
            Address::Symbol { symbol: symbols.len() - 1, addend: function.start as i64 }
        })
        .collect();

    let file = format!("{}.wasm", plain(module.strip_suffix(".wasm").unwrap_or(module)));
    let source = LineString::String(file.clone().into_bytes());
    let folder = LineString::String(b".".to_vec());
    let mut lines = LineProgram::new(encoding, LineEncoding::default(), folder, None, source, None);
    let directory = lines.default_directory();
    let files: Vec<FileId> = map
        .files
        .iter()
        .map(|path| lines.add_file(LineString::String(path.as_bytes().to_vec()), directory, None))
        .collect();

    let root = dwarf.unit.root();
    let mut set = |entry, name, value| dwarf.unit.get_mut(entry).set(name, value);
    let text = |text: &str| AttributeValue::String(plain(text).into_bytes());
    set(root, gimli::DW_AT_producer, text(concat!("wasmaot ", env!("CARGO_PKG_VERSION"))));
    set(root, gimli::DW_AT_name, text(&file));
    set(root, gimli::DW_AT_comp_dir, text("."));
    set(root, gimli::DW_AT_language, AttributeValue::Language(gimli::DW_LANG_C11));
    set(root, gimli::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
    let extents = functions
        .iter()
        .zip(&addresses)
        .map(|(function, &begin)| Range::StartLength { begin, length: function.size as u64 });
    let ranges = dwarf.unit.ranges.add(RangeList(extents.collect()));
    let mut set = |entry, name, value| dwarf.unit.get_mut(entry).set(name, value);
    set(root, gimli::DW_AT_ranges, AttributeValue::RangeListRef(ranges));

    for (function, &address) in functions.iter().zip(&addresses) {
        let entry = dwarf.unit.add(root, gimli::DW_TAG_subprogram);
        let entry = dwarf.unit.get_mut(entry);
        let mut frame = Expression::new();
        frame.op(gimli::DW_OP_call_frame_cfa);
        entry.set(gimli::DW_AT_name, text(&function.name));
        entry.set(gimli::DW_AT_linkage_name, text(&function.symbol));
        entry.set(gimli::DW_AT_low_pc, AttributeValue::Address(address));
        entry.set(gimli::DW_AT_high_pc, AttributeValue::Udata(function.size as u64));
        entry.set(gimli::DW_AT_frame_base, AttributeValue::Exprloc(frame));
        entry.set(gimli::DW_AT_external, AttributeValue::Flag(false));
        write_lines(&mut lines, function, address, map, &files);
    }
    dwarf.unit.line_program = lines;

    let mut out = Sections::new(Writer::default());
    dwarf.write(&mut out).map_err(|error| failed(error.to_string()))?;
    let mut sections = Vec::new();
    out.for_each(|id, writer: &Writer| {
        if !writer.bytes.slice().is_empty() {
            sections.push(section(id, writer, &symbols)?);
        }
        Ok(())
    })?;
    Ok(sections)
}

/// The lines of one function, if any are known.
fn write_lines(
    lines: &mut LineProgram,
    function: &Function<'_>,
    address: Address,
    map: &SourceMap,
    files: &[FileId],
) {
    let known = function.source.iter();
    let mut known = known.filter_map(|&(start, _, wasm)| Some((start, map.find(wasm)?))).peekable();
    if known.peek().is_none() {
        return;
    }
    lines.begin_sequence(Some(address));
    let mut last = None;
    for (start, line) in known {
        if last == Some(line) {
            continue;
        }
        // What precedes the first instruction belongs to it.
        lines.row().address_offset = if last.is_none() { 0 } else { start.into() };
        lines.row().file = files[line.file];
        lines.row().line = line.line;
        lines.row().column = line.column;
        lines.generate_row();
        last = Some(line);
    }
    lines.end_sequence(function.size as u64);
}

/// Strings end at the first zero byte.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

fn section(id: SectionId, writer: &Writer, symbols: &[SymbolId]) -> Result<Section> {
    let fixups = writer.relocations.iter().map(|relocation| {
        let base = match relocation.target {
            RelocationTarget::Symbol(symbol) => Base::Code(symbols[symbol]),
            RelocationTarget::Section(id) => Base::Section(id.name()),
        };
        let Relocation { offset, size, addend, .. } = *relocation;
        Fixup { at: offset, size, base, addend }
    });
    Ok(Section { name: id.name(), bytes: writer.bytes.slice().to_vec(), fixups: fixups.collect() })
}

fn failed(message: String) -> Error {
    Error::Codegen { function: "debug information".into(), message }
}
