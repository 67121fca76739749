//! What memories start with: the data segments that need no code to be applied.
//!
//! Instantiation applies segments in order and stops at the first that is out of bounds; what
//! has been written by then stays. So a segment can be in the start image only if everything
//! before it is known to succeed: then nobody can tell the difference. Neighbouring segments
//! become one image, and large images are extended to whole pages, so that they can be mapped.

use std::collections::HashSet;
use std::ops::Range;

use super::{Image, constant_offset, in_bounds};
use crate::index::*;
use crate::module::{ElemMode, Module};

/// The page size that images are aligned for.
const PAGE: u64 = 4096;
/// From this many bytes on, mapping pays.
const LARGE: u64 = 64 << 10;
/// Filling a gap of so many bytes costs no more than one more image.
const SMALL_GAP: u64 = 64;

/// The start images, and which segments are in them.
#[derive(Default)]
pub struct Images {
    /// The images, ordered by memory and offset.
    pub images: Vec<Image>,
    /// The segments in them.
    pub segments: HashSet<DataIndex>,
}

/// Makes the images of a module.
pub fn images(module: &Module<'_>) -> Images {
    let mut out = Images::default();
    let tables_fill = module.elems.values().all(|elem| match &elem.mode {
        ElemMode::Active(table, offset) => {
            in_bounds(offset, elem.items.len() as u64, module.tables[*table].min)
        }
        _ => true,
    });
    if !tables_fill {
        return out;
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (index, segment) in module.data.iter() {
        let Some((memory, offset)) = &segment.active else { continue };
        let size = module.memories[*memory].min_bytes();
        let inside = in_bounds(offset, segment.bytes.len() as u64, size);
        match constant_offset(offset) {
            Some(offset) if module.defined_memory(*memory).is_ok() && inside => {
                out.segments.insert(index);
                parts.push(Part { memory: *memory, offset, bytes: segment.bytes });
            }
            _ => break,
        }
    }
    parts.retain(|part| !part.bytes.is_empty());
    out.images = merge(module, parts);
    out
}

/// A segment's bytes.
struct Part<'a> {
    memory: MemoryIndex,
    offset: u64,
    bytes: &'a [u8],
}

/// A range that becomes an image, and the parts in it.
struct Run {
    memory: MemoryIndex,
    range: Range<u64>,
    /// How many bytes of the parts there are at most.
    data: u64,
    parts: Vec<usize>,
}

fn merge(module: &Module<'_>, parts: Vec<Part<'_>>) -> Vec<Image> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&part| (parts[part].memory, parts[part].offset));
    let mut runs: Vec<Run> = Vec::new();
    for part in order {
        let Part { memory, offset, bytes } = parts[part];
        let len = bytes.len() as u64;
        let run = Run { memory, range: offset..offset + len, data: len, parts: vec![part] };
        match runs.last_mut() {
            Some(last) if last.memory == memory && last.takes(&run) => last.append(run),
            _ => runs.push(run),
        }
    }
    whole_pages(module, runs).into_iter().map(|run| run.image(&parts)).collect()
}

/// Extends large runs to whole pages; what lies in those pages becomes part of the run.
fn whole_pages(module: &Module<'_>, runs: Vec<Run>) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    for mut run in runs {
        let size = module.memories[run.memory].min_bytes();
        run.round(size);
        while let Some(last) = out.pop_if(|last| last.overlaps(&run)) {
            let later = std::mem::replace(&mut run, last);
            run.append(later);
            run.round(size);
        }
        out.push(run);
    }
    out
}

impl Run {
    /// Whether the gap to the next run is better filled with zeros: it is less than a page, and
    /// all filling together less than the data, however many segments there are.
    fn takes(&self, next: &Self) -> bool {
        let gap = next.range.start.saturating_sub(self.range.end);
        let filled = (self.range.end - self.range.start).saturating_sub(self.data);
        gap <= SMALL_GAP || gap <= PAGE && filled + gap <= self.data + next.data
    }

    fn append(&mut self, mut next: Self) {
        self.range = self.range.start.min(next.range.start)..self.range.end.max(next.range.end);
        self.data += next.data;
        self.parts.append(&mut next.parts);
    }

    /// Extends a large run to whole pages, if the memory, of `size` bytes at least, has them: one
    /// with small pages need not.
    fn round(&mut self, size: u64) {
        let Range { start, end } = self.range;
        let rounded = start / PAGE * PAGE..end.next_multiple_of(PAGE);
        if end - start >= LARGE && rounded.end <= size {
            self.range = rounded;
        }
    }

    /// Whether it is large and consists of whole pages.
    fn is_mappable(&self) -> bool {
        let Range { start, end } = self.range;
        end - start >= LARGE && start.is_multiple_of(PAGE) && end.is_multiple_of(PAGE)
    }

    fn overlaps(&self, next: &Self) -> bool {
        self.memory == next.memory && next.range.start < self.range.end
    }

    fn image(mut self, parts: &[Part<'_>]) -> Image {
        let mut bytes = vec![0; (self.range.end - self.range.start) as usize];
        // In the module's order: where segments overlap, the later one wins.
        self.parts.sort_unstable();
        for part in self.parts.iter().map(|&part| &parts[part]) {
            let start = (part.offset - self.range.start) as usize;
            bytes[start..start + part.bytes.len()].copy_from_slice(part.bytes);
        }
        let mappable = self.is_mappable();
        Image { memory: self.memory, offset: self.range.start, bytes, mappable }
    }
}
