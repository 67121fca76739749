//! Which source line a wasm instruction came from, by the debug information that the module
//! carries in custom sections. Debug information promises nothing: whatever cannot be read is
//! passed over.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;

use gimli::read::{AttributeValue, Dwarf, EndianSlice, LineProgramHeader, UnitRef};
use gimli::{ColumnType, LittleEndian};

use crate::module::Module;

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// A place in a source file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which file, by its place in [`SourceMap::files`].
    pub file: usize,
    /// Counted from 1; 0 if there is none in particular.
    pub line: u64,
    /// Counted from 1; 0 for the whole line.
    pub column: u64,
}

/// Source lines by offset in the wasm file.
#[derive(Debug, Default)]
pub struct SourceMap {
    /// The paths of the source files, as the guest's compiler stated them.
    pub files: Vec<String>,
    /// From where on which line holds, in ascending order of offset. `None`: none.
    rows: Vec<(u64, Option<Line>)>,
}

impl SourceMap {
    /// Reads what a module says.
    pub fn new(module: &Module<'_>) -> Self {
        let section = |id: gimli::SectionId| {
            let named = module.custom_sections.iter().find(|(name, _)| *name == id.name());
            let bytes = named.map_or(&[][..], |(_, bytes)| bytes);
            Ok::<_, Infallible>(EndianSlice::new(bytes, LittleEndian))
        };
        let Ok(dwarf) = Dwarf::load(section);
        let bodies = module.functions.values().filter_map(|function| function.body.as_ref());
        let first = bodies.map(|body| body.offset).next().unwrap_or(0);
        let start = module.code_start as u64;
        let mut map =
            Builder { start, first: (first as u64).saturating_sub(start), ..Builder::default() };
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            if let Ok(unit) = dwarf.unit(header) {
                // What is right before something that is wrong, is right.
                let _ = map.unit(unit.unit_ref(&dwarf));
            }
        }
        map.finish()
    }

    /// The line of the instruction at an offset in the wasm file.
    pub fn find(&self, offset: u32) -> Option<Line> {
        let end = self.rows.partition_point(|(start, _)| *start <= u64::from(offset));
        self.rows[..end].last().and_then(|(_, line)| *line)
    }
}

#[derive(Default)]
struct Builder {
    /// Where the code section starts in the file.
    start: u64,
    /// The address of the first function. The linker of the guest gives the functions that it
    /// dropped lower ones, or such as are behind all.
    first: u64,
    files: Vec<String>,
    file_of: HashMap<String, usize>,
    sequences: Vec<Vec<(u64, Option<Line>)>>,
    /// Several units can share a program.
    seen: BTreeSet<usize>,
}

impl Builder {
    fn unit<'a>(&mut self, unit: UnitRef<'_, Reader<'a>>) -> gimli::Result<()> {
        let Some(program) = unit.line_program.clone() else { return Ok(()) };
        if !self.seen.insert(program.header().offset().0) {
            return Ok(());
        }
        let mut rows = program.rows();
        let mut sequence = Vec::new();
        // Files of this program, so that each path is put together once.
        let mut files = HashMap::new();
        while let Some((header, row)) = rows.next_row()? {
            let address = row.address();
            if row.end_sequence() {
                sequence.push((address, None));
                let sequence = std::mem::take(&mut sequence);
                if sequence[0].0 >= self.first {
                    self.sequences.push(sequence);
                }
                continue;
            }
            let index = row.file_index();
            let file = match files.get(&index) {
                Some(&file) => file,
                None => {
                    let file = self.file(unit, header, index);
                    files.insert(index, file);
                    file
                }
            };
            // Nonsense is not to overflow when distances between lines are computed.
            let sane = |number: u64| number.min(u32::MAX.into());
            let column = match row.column() {
                ColumnType::LeftEdge => 0,
                ColumnType::Column(column) => sane(column.get()),
            };
            let line = row.line().map_or(0, |line| sane(line.get()));
            sequence.push((address, file.map(|file| Line { file, line, column })));
        }
        Ok(())
    }

    /// The place of a file in `files`.
    fn file<'a>(
        &mut self,
        unit: UnitRef<'_, Reader<'a>>,
        header: &LineProgramHeader<Reader<'a>>,
        index: u64,
    ) -> Option<usize> {
        let file = header.file(index)?;
        let text = |value: AttributeValue<Reader<'a>>| {
            let text = unit.attr_string(value).ok()?;
            Some(text.to_string_lossy().replace('\0', "\u{2400}"))
        };
        let mut path = text(file.path_name())?;
        let mut folders = [
            file.directory(header).and_then(text),
            unit.comp_dir.map(|dir| dir.to_string_lossy().into_owned()),
        ]
        .into_iter()
        .flatten();
        while !path.starts_with('/') {
            let Some(folder) = folders.next() else { break };
            if !folder.is_empty() {
                path = format!("{}/{path}", folder.trim_end_matches('/'));
            }
        }
        if path.is_empty() {
            return None;
        }
        let files = &mut self.files;
        Some(*self.file_of.entry(path).or_insert_with_key(|path| {
            files.push(path.clone());
            files.len() - 1
        }))
    }

    fn finish(mut self) -> SourceMap {
        self.sequences.sort_by_key(|sequence| sequence[0].0);
        let mut rows: Vec<(u64, Option<Line>)> = Vec::new();
        for (address, line) in self.sequences.into_iter().flatten() {
            let offset = address.saturating_add(self.start);
            match rows.last_mut() {
                // Of several rows for one place the last one holds.
                Some(last) if last.0 == offset => last.1 = line,
                // Sequences that overlap make no sense.
                Some(last) if last.0 > offset => {}
                _ => rows.push((offset, line)),
            }
        }
        SourceMap { files: self.files, rows }
    }
}
