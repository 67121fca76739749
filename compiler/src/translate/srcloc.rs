//! Where in the wasm file an instruction comes from, in the form in which Cranelift carries it
//! along: 32 bits, of which the largest number means "nowhere".
//!
//! The function's own instructions go by their offsets in the file. Code that stands in place of a
//! call goes by offsets behind the function's body: each such call has a range of as many numbers as
//! the body that is put there is long, behind the last one's. So a number tells the place in
//! the file and the calls around it, and nothing is kept for each instruction.

use cranelift_codegen::ir::SourceLoc;

use crate::index::FuncIndex;
use crate::module::Body;

/// What the locations in one function stand for.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Behind the last number in use.
    end: u32,
    inlined: Vec<Inlined>,
}

/// A call in whose place code stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The call that it is in, counted from 1 in the order of [`Origins::inlined`]; 0 for the function's
    /// own code.
    pub parent: u32,
    /// Its offset in the file.
    pub call: u32,
    /// The function whose code it is.
    pub func: FuncIndex,
    /// The number of its body's first byte.
    first: u32,
    /// Where that is in the file.
    start: u32,
}

impl Inlined {
    /// A call that is known from before.
    pub fn known(parent: u32, call: u32, func: FuncIndex) -> Self {
        Self { parent, call, func, first: 0, start: 0 }
    }
}

impl Origins {
    /// Those of a function with this body.
    pub fn new(body: &Body<'_>) -> Self {
        let end = body.offset.saturating_add(body.bytes.len()).saturating_add(1);
        Self { end: u32::try_from(end).unwrap_or(u32::MAX), inlined: Vec::new() }
    }

    /// Begins code in place of a call that stands at an offset in the file, in the code of another one
    /// or, if that is 0, the function's own: its number, or `None` if there are no more numbers
    /// for its instructions.
    pub fn inline(
        &mut self,
        parent: u32,
        call: usize,
        func: FuncIndex,
        body: &Body<'_>,
    ) -> Option<u32> {
        let (call, start) = (u32::try_from(call).ok()?, u32::try_from(body.offset).ok()?);
        let len = u32::try_from(body.bytes.len()).ok()?.checked_add(1)?;
        let first = self.end;
        self.end = first.checked_add(len)?;
        self.inlined.push(Inlined { parent, call, func, first, start });
        Some(self.inlined.len() as u32)
    }

    /// The location of the instruction at an offset in the file, in the code in place of this call.
    pub fn srcloc(&self, inlined: u32, offset: usize) -> SourceLoc {
        let call = inlined.checked_sub(1).map(|place| self.inlined[place as usize]);
        let number = call.map_or(offset as u32, |call| call.first + (offset as u32 - call.start));
        SourceLoc::new(number)
    }

    /// The call in whose place the code of a location stands, and the offset in the file; `None` for
    /// code that comes from no wasm instruction.
    pub fn find(&self, loc: SourceLoc) -> Option<(u32, u32)> {
        if loc.is_default() {
            return None;
        }
        let number = loc.bits();
        let inlined = self.inlined.partition_point(|call| call.first <= number);
        let call = inlined.checked_sub(1).map(|place| self.inlined[place]);
        let offset = call.map_or(number, |call| call.start + (number - call.first));
        Some((inlined as u32, offset))
    }

    /// Where the call stands in the function's own code in whose place, or within, the code of this call
    /// is; `None` for the function's own code.
    pub fn outermost(&self, inlined: u32) -> Option<u32> {
        let mut call = self.inlined.get(inlined.checked_sub(1)? as usize)?;
        while let Some(parent) = call.parent.checked_sub(1) {
            call = self.inlined.get(parent as usize)?;
        }
        Some(call.call)
    }

    /// All calls in whose place code stands.
    pub fn inlined(&self) -> &[Inlined] {
        &self.inlined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(offset: usize, bytes: &[u8]) -> Body<'_> {
        Body {
            bytes,
            offset,
            loop_depth: 0,
            loops: [].into(),
            uses: Box::new([]),
            names: Box::new([]),
            tail_calls: false,
            returns: true,
            hints: Box::new([]),
        }
    }

    #[test]
    fn locations_round_trip() {
        let zeros = [0; 300];
        let (own, other) = (body(1000, &zeros[..100]), body(20, &zeros));
        let mut origins = Origins::new(&own);
        assert_eq!(origins.inline(0, 1010, FuncIndex::from_u32(5), &other), Some(1));
        assert_eq!(origins.inline(1, 33, FuncIndex::from_u32(6), &own), Some(2));
        assert_eq!(origins.inline(0, 1020, FuncIndex::from_u32(5), &other), Some(3));
        for (inlined, body) in [(0, &own), (1, &other), (2, &own), (3, &other)] {
            for offset in body.offset..=body.offset + body.bytes.len() {
                let found = origins.find(origins.srcloc(inlined, offset));
                assert_eq!(found, Some((inlined, offset as u32)));
            }
        }
        assert_eq!(
            [0, 1, 2, 3].map(|inlined| origins.outermost(inlined)),
            [None, Some(1010), Some(1010), Some(1020)]
        );
        assert_eq!(origins.find(SourceLoc::default()), None);
        // What stands for no instruction.
        assert_eq!(origins.find(SourceLoc::new(0)), Some((0, 0)));
    }

    #[test]
    fn in_huge_files_there_may_be_no_more_numbers() {
        let zeros = [0; 64];
        let last = u32::MAX as usize;
        let (own, other) = (body(last - 200, &zeros), body(20, &zeros));
        let mut origins = Origins::new(&own);
        let func = FuncIndex::from_u32(1);
        assert_eq!(origins.inline(0, last - 190, func, &other), Some(1));
        assert_eq!(origins.inline(0, last - 180, func, &other), Some(2));
        assert_eq!(origins.inline(0, last - 170, func, &other), None);
        let own = body(last - 20, &zeros);
        assert_eq!(Origins::new(&own).inline(0, last - 10, func, &other), None);
    }
}
