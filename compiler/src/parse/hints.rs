//! Branch hints: the custom section `metadata.code.branch_hint`, which says of conditional
//! branches whether they are likely taken. Hints change where code is laid out and nothing else,
//! so what cannot be understood is not there: a section that is malformed anywhere, hints of
//! functions that are not defined, hints at places where there is no branch.

use std::collections::HashMap;

use wasmparser::BranchHintSectionReader;

use crate::index::FuncIndex;
use crate::module::Hint;

/// The hints of each function, with offsets from the start of its body.
pub type Hints = HashMap<FuncIndex, Vec<Hint>>;

/// Reads a section.
pub fn read(section: BranchHintSectionReader<'_>) -> wasmparser::Result<Hints> {
    let mut hints = Hints::new();
    for function in section {
        let function = function?;
        // The largest number of all is no index to us, and none of a function.
        if function.func == u32::MAX {
            continue;
        }
        let of_function = hints.entry(FuncIndex::from_u32(function.func)).or_default();
        for hint in function.hints {
            let hint = hint?;
            of_function.push(Hint { offset: hint.func_offset as usize, taken: hint.taken });
        }
    }
    Ok(hints)
}

/// A function's hints in ascending order, with offsets in the file. The first of several for one
/// place counts.
pub fn of_body(mut hints: Vec<Hint>, start: usize) -> Box<[Hint]> {
    hints.sort_by_key(|hint| hint.offset);
    hints.dedup_by_key(|hint| hint.offset);
    hints.iter_mut().for_each(|hint| hint.offset += start);
    hints.into()
}
