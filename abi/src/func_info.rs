//! What a compiled function says of itself: where it can trap or call, which wasm instruction
//! that was, which host references are live at a call, and its name. Encode and decode.
//!
//! Who writes: the compiler, one record per function in a read-only section of its own. Who
//! reads: the runtime, after a trap, for a backtrace, and to find live references.
//!
//! How it is found: the function's entry in `.eh_frame` carries the record's address as its
//! language-specific data, under a CIE whose augmentation is [`CIE_AUGMENTATION`]. Linkers
//! already sort those entries by address (`.eh_frame_hdr`) and drop them with the functions that
//! they drop, so there is no other table to keep anything alive.
//!
//! A record, all numbers little-endian, `uleb` and `sleb` as in DWARF:
//!
//! ```text
//! u32  MAGIC
//! i32  distance from this word to the module's name: a u32 length, then UTF-8
//! uleb function index, or INIT_INDEX
//! uleb length of the name, then the name in UTF-8 (0: none)
//! uleb the frame pointer less the stack pointer at a call, in bytes
//! uleb number of functions whose code stands in place of calls of them, then each:
//!        uleb function index
//!        uleb length of the name, then the name
//! uleb number of calls in whose place code stands, then each:
//!        uleb which of these it is in, counted from 1, earlier in the list; 0 for none
//!        uleb which of those functions was called
//!        sleb wasm offset of the call less the last one's
//! uleb number of sites, then each:
//!        uleb code offset less the last site's
//!        sleb wasm offset less the last site's
//!        u8   trap code, 0 for a return address (code offset of the instruction after the call)
//!        uleb which of the calls it is in, counted from 1; 0 for none: only if there are such calls
//! uleb number of stack maps, then each:
//!        uleb code offset (a return address) less the last map's
//!        uleb number of slots, then each: uleb offset from the stack pointer in 4-byte words
//! ```

use alloc::vec::Vec;

use crate::traps::TrapCode;

/// The first word of a record.
pub const MAGIC: u32 = u32::from_le_bytes(*b"wao2");

/// The augmentation string of the CIE under which records are found: unlike other languages'
/// entries it names language-specific data but no personality routine.
pub const CIE_AUGMENTATION: &str = "zLR";

/// The function index in the record of the code that sets globals and applies active segments,
/// which is no function of the module.
pub const INIT_INDEX: u32 = u32::MAX;

/// The offset in a record of the distance to the module's name.
pub const MODULE_NAME_OFFSET: usize = 4;

/// The length of what precedes the first `uleb`.
const FIXED_LEN: usize = 8;

/// A place in a function's code where it can trap, or to which a call returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Site {
    /// The offset from the function's start: of the trapping instruction, or of the one after
    /// the call.
    pub code_offset: u32,
    /// The offset of the wasm instruction in the module's file.
    pub wasm_offset: u32,
    /// The reason if this is where a trap happens; `None` for a return address.
    pub trap: Option<TrapCode>,
    /// Which of the [inlined calls](FuncInfo::inlined) it is in, counted from 1; 0 for the function's
    /// own code.
    pub inlined: u32,
}

/// A call in whose place the code of the function that is called stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InlinedCall<'a> {
    /// Which of the inlined calls the call is in, counted from 1, and less than its own number; 0 for
    /// the function's own code.
    pub parent: u32,
    /// The offset of the call in the module's file.
    pub wasm_offset: u32,
    /// The index of the function that is called.
    pub func_index: u32,
    /// Its name, or an empty string.
    pub name: &'a str,
}

/// A function that was running, from a backtrace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameInfo<'a> {
    /// The function's index in its module.
    pub func_index: u32,
    /// Its name, or an empty string.
    pub name: &'a str,
    /// The offset in the module's file of the instruction that traps or calls.
    pub wasm_offset: u32,
}

/// Where host references lie in a function's frame while a call is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackMap {
    /// The offset of the call's return address from the function's start.
    pub code_offset: u32,
    /// Offsets in bytes from the stack pointer at the call of the 32-bit references; multiples
    /// of 4.
    pub slots: Vec<u32>,
}

/// A record to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FuncInfo<'a> {
    /// The function's index in its module.
    pub func_index: u32,
    /// Its name, or an empty string.
    pub name: &'a str,
    /// The distance from the stack pointer to the frame pointer at calls, in bytes.
    pub frame_size: u32,
    /// The calls in whose place code stands.
    pub inlined: &'a [InlinedCall<'a>],
    /// Sites in ascending order of code offset; a trap before a return address at the same one.
    pub sites: &'a [Site],
    /// Stack maps in ascending order of code offset.
    pub stack_maps: &'a [StackMap],
}

impl FuncInfo<'_> {
    /// The record, with 0 for the distance to the module's name, which a relocation at
    /// [`MODULE_NAME_OFFSET`] fills in.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(MAGIC.to_le_bytes());
        out.extend([0; 4]);
        uleb(&mut out, self.func_index);
        uleb(&mut out, self.name.len() as u32);
        out.extend(self.name.as_bytes());
        uleb(&mut out, self.frame_size);
        self.encode_inlined(&mut out);
        uleb(&mut out, self.sites.len() as u32);
        let (mut code, mut wasm) = (0, 0);
        for site in self.sites {
            uleb(&mut out, site.code_offset - code);
            sleb(&mut out, site.wasm_offset.wrapping_sub(wasm) as i32);
            out.push(site.trap.map_or(0, |trap| trap as u8));
            if !self.inlined.is_empty() {
                uleb(&mut out, site.inlined);
            }
            (code, wasm) = (site.code_offset, site.wasm_offset);
        }
        uleb(&mut out, self.stack_maps.len() as u32);
        let mut code = 0;
        for map in self.stack_maps {
            uleb(&mut out, map.code_offset - code);
            uleb(&mut out, map.slots.len() as u32);
            for slot in &map.slots {
                uleb(&mut out, slot / 4);
            }
            code = map.code_offset;
        }
        out
    }

    fn encode_inlined(&self, out: &mut Vec<u8>) {
        // Each name once: they may be long, and the calls many.
        let mut functions: Vec<(u32, &str)> =
            self.inlined.iter().map(|call| (call.func_index, call.name)).collect();
        functions.sort_unstable();
        functions.dedup();
        uleb(out, functions.len() as u32);
        for (func_index, name) in &functions {
            uleb(out, *func_index);
            uleb(out, name.len() as u32);
            out.extend(name.as_bytes());
        }
        uleb(out, self.inlined.len() as u32);
        let mut wasm = 0;
        for call in self.inlined {
            uleb(out, call.parent);
            let function = functions.binary_search(&(call.func_index, call.name));
            uleb(out, function.unwrap_or_default() as u32);
            sleb(out, call.wasm_offset.wrapping_sub(wasm) as i32);
            wasm = call.wasm_offset;
        }
    }
}

/// A record in memory. Reading past the given bytes, which a sound record never makes happen,
/// ends whatever is being read.
#[derive(Clone, Copy, Debug)]
pub struct FuncInfoReader<'a> {
    /// The function's index in its module.
    pub func_index: u32,
    /// Its name, or an empty string.
    pub name: &'a str,
    /// The distance from the stack pointer to the frame pointer at calls, in bytes.
    pub frame_size: u32,
    /// From the functions whose code stands in place of calls.
    functions: &'a [u8],
    /// From the calls in whose place code stands.
    inlined: &'a [u8],
    /// How many there are.
    inlined_len: u32,
    /// From the sites.
    rest: &'a [u8],
}

impl<'a> FuncInfoReader<'a> {
    /// Reads the head of a record. `bytes` starts at the record and may go on behind it; `None`
    /// if it is none.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.get(..4)? != MAGIC.to_le_bytes() {
            return None;
        }
        let mut rest = bytes.get(FIXED_LEN..)?;
        let (func_index, name) = read_function(&mut rest)?;
        let frame_size = read_uleb(&mut rest)?;
        let functions = rest;
        for _ in 0..read_uleb(&mut rest)? {
            read_uleb(&mut rest)?;
            let len = read_uleb(&mut rest)? as usize;
            rest = rest.get(len..)?;
        }
        let inlined_len = read_uleb(&mut rest)?;
        let inlined = rest;
        for _ in 0..inlined_len {
            for _ in 0..3 {
                read_uleb(&mut rest)?;
            }
        }
        Some(Self { func_index, name, frame_size, functions, inlined, inlined_len, rest })
    }

    /// The sites in ascending order of code offset.
    pub fn sites(&self) -> impl Iterator<Item = Site> + 'a {
        let mut rest = self.rest;
        let mut left = read_uleb(&mut rest).unwrap_or(0);
        let has_inlined = self.inlined_len > 0;
        let (mut code, mut wasm) = (0u32, 0u32);
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let site = read_site(&mut rest, code, wasm, has_inlined)?;
            (code, wasm) = (site.code_offset, site.wasm_offset);
            Some(site)
        })
    }

    /// The site of a trap at this code offset.
    pub fn trap_at(&self, code_offset: u32) -> Option<Site> {
        self.site_at(code_offset, true)
    }

    /// The site of the call that returns to this code offset.
    pub fn call_at(&self, code_offset: u32) -> Option<Site> {
        self.site_at(code_offset, false)
    }

    #[inline(never)]
    fn site_at(&self, code_offset: u32, trap: bool) -> Option<Site> {
        self.sites().find(|site| site.code_offset == code_offset && site.trap.is_some() == trap)
    }

    /// The functions that run at a site, innermost first: those whose code stands in place of calls,
    /// and at last the function itself.
    pub fn frames(self, site: Site) -> impl Iterator<Item = FrameInfo<'a>> {
        let mut next = Some((site.inlined, site.wasm_offset));
        core::iter::from_fn(move || {
            let (number, wasm_offset) = next.take()?;
            let Some(call) = self.inlined_call(number) else {
                let Self { func_index, name, .. } = self;
                return Some(FrameInfo { func_index, name, wasm_offset });
            };
            // Whatever a record says, this ends.
            next = Some((call.parent.min(number - 1), call.wasm_offset));
            Some(FrameInfo { func_index: call.func_index, name: call.name, wasm_offset })
        })
    }

    /// One of the inlined calls, counted from 1.
    fn inlined_call(&self, number: u32) -> Option<InlinedCall<'a>> {
        if number == 0 || number > self.inlined_len {
            return None;
        }
        let mut rest = self.inlined;
        let (mut parent, mut function, mut wasm_offset) = (0, 0, 0u32);
        for _ in 0..number {
            parent = read_uleb(&mut rest)?;
            function = read_uleb(&mut rest)?;
            wasm_offset = wasm_offset.wrapping_add(read_sleb(&mut rest)? as u32);
        }
        let mut rest = self.functions;
        if function >= read_uleb(&mut rest)? {
            return None;
        }
        for _ in 0..function {
            read_function(&mut rest)?;
        }
        let (func_index, name) = read_function(&mut rest)?;
        Some(InlinedCall { parent, wasm_offset, func_index, name })
    }

    /// Calls `visit` with the offset from the stack pointer of each reference that is live at
    /// the call that returns to this code offset.
    pub fn live_at(&self, code_offset: u32, mut visit: impl FnMut(u32)) {
        let mut walk = || {
            let mut rest = self.rest;
            for _ in 0..read_uleb(&mut rest)? {
                read_site(&mut rest, 0, 0, self.inlined_len > 0)?;
            }
            let mut code = 0u32;
            for _ in 0..read_uleb(&mut rest)? {
                code = code.wrapping_add(read_uleb(&mut rest)?);
                for _ in 0..read_uleb(&mut rest)? {
                    let slot = read_uleb(&mut rest)?;
                    if code == code_offset {
                        visit(slot.wrapping_mul(4));
                    }
                }
            }
            Some(())
        };
        let _ = walk();
    }
}

/// An index and a name.
fn read_function<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a str)> {
    let func_index = read_uleb(rest)?;
    let len = read_uleb(rest)? as usize;
    let (name, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some((func_index, core::str::from_utf8(name).ok()?))
}

fn read_site(rest: &mut &[u8], code: u32, wasm: u32, has_inlined: bool) -> Option<Site> {
    let code_offset = code.wrapping_add(read_uleb(rest)?);
    let wasm_offset = wasm.wrapping_add(read_sleb(rest)? as u32);
    let trap = TrapCode::from_code(read_u8(rest)?);
    let inlined = if has_inlined { read_uleb(rest)? } else { 0 };
    Some(Site { code_offset, wasm_offset, trap, inlined })
}

fn uleb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn sleb(out: &mut Vec<u8>, mut value: i32) {
    while !(-64..64).contains(&value) {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8 & 0x7f);
}

fn read_u8(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, tail) = rest.split_first()?;
    *rest = tail;
    Some(byte)
}

fn read_uleb(rest: &mut &[u8]) -> Option<u32> {
    read_leb(rest, false).map(|value| value as u32)
}

fn read_sleb(rest: &mut &[u8]) -> Option<i32> {
    read_leb(rest, true).map(|value| value as i32)
}

/// Reads a number. Most of what reads a record is this, so there is one of it. Bits that no number here has are
/// left out.
#[inline(never)]
fn read_leb(rest: &mut &[u8], signed: bool) -> Option<u64> {
    let (mut value, mut shift) = (0, 0u32);
    let shifted = |bits: u64, shift| bits.checked_shl(shift).unwrap_or(0);
    loop {
        let byte = read_u8(rest)?;
        value |= shifted(u64::from(byte & 0x7f), shift);
        shift = shift.saturating_add(7);
        if byte & 0x80 == 0 {
            let negative = signed && byte & 0x40 != 0;
            return Some(if negative { value | shifted(u64::MAX, shift) } else { value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn site(code_offset: u32, wasm_offset: u32, trap: Option<TrapCode>) -> Site {
        Site { code_offset, wasm_offset, trap, inlined: 0 }
    }

    #[test]
    fn a_record_says_what_was_written() {
        let sites = [
            site(4, 1000, Some(TrapCode::Unreachable)),
            site(200, 70_000, None),
            site(200, 900, Some(TrapCode::MemoryOutOfBounds)),
            site(u32::MAX, 0, None),
        ];
        let maps = [
            StackMap { code_offset: 200, slots: vec![0, 24] },
            StackMap { code_offset: 70_000, slots: vec![1 << 20] },
        ];
        let info = FuncInfo {
            func_index: 300,
            name: "größe",
            frame_size: 4096,
            inlined: &[],
            sites: &sites,
            stack_maps: &maps,
        };
        let mut bytes = info.encode();
        bytes.extend([0xff; 9]);
        let read = FuncInfoReader::new(&bytes).unwrap();
        assert_eq!((read.func_index, read.name, read.frame_size), (300, "größe", 4096));
        assert!(read.sites().eq(sites));
        assert_eq!(read.trap_at(200), Some(sites[2]));
        assert_eq!(read.call_at(200), Some(sites[1]));
        assert_eq!(read.trap_at(5), None);
        let mut live = vec![];
        read.live_at(200, |slot| live.push(slot));
        read.live_at(70_000, |slot| live.push(slot));
        read.live_at(7, |slot| live.push(slot));
        assert_eq!(live, [0, 24, 1 << 20]);
        let own = FrameInfo { func_index: 300, name: "größe", wasm_offset: 900 };
        assert!(read.frames(sites[2]).eq([own]));
    }

    #[test]
    fn code_in_place_of_calls_has_frames_of_its_own() {
        let call = |parent, wasm_offset, func_index, name| InlinedCall {
            parent,
            wasm_offset,
            func_index,
            name,
        };
        let inlined = [
            call(0, 500, 7, "seven"),
            call(1, 90_000, 4, ""),
            call(0, 510, 4, ""),
            call(2, 80, 7, "seven"),
        ];
        let at = |code_offset, wasm_offset, inlined| Site {
            inlined,
            ..site(code_offset, wasm_offset, None)
        };
        let sites = [at(8, 85, 4), at(9, 700, 0), at(10, 81, 3)];
        let maps = [StackMap { code_offset: 10, slots: vec![12] }];
        let info = FuncInfo {
            func_index: 2,
            name: "two",
            frame_size: 32,
            inlined: &inlined,
            sites: &sites,
            stack_maps: &maps,
        };
        let bytes = info.encode();
        let read = FuncInfoReader::new(&bytes).unwrap();
        assert!(read.sites().eq(sites));
        let frames = |site| {
            let frames = read.frames(site);
            frames
                .map(|frame| (frame.func_index, frame.name, frame.wasm_offset))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            frames(sites[0]),
            [(7, "seven", 85), (4, "", 80), (7, "seven", 90_000), (2, "two", 500)]
        );
        assert_eq!(frames(sites[1]), [(2, "two", 700)]);
        assert_eq!(frames(sites[2]), [(4, "", 81), (2, "two", 510)]);
        // The names are there once.
        let times = bytes.windows(5).filter(|bytes| bytes == b"seven").count();
        assert_eq!(times, 1);
        let mut live = vec![];
        read.live_at(10, |slot| live.push(slot));
        assert_eq!(live, [12]);
    }

    #[test]
    fn damaged_records_end_quietly() {
        let sites = [site(1, 2, None), site(300, 4, Some(TrapCode::StackOverflow))];
        let maps = [StackMap { code_offset: 300, slots: vec![8] }];
        // In itself, which no sound record says.
        let inlined = [InlinedCall { parent: 1, wasm_offset: 3, func_index: 5, name: "g" }];
        let sites = sites.map(|site| Site { inlined: 1, ..site });
        let info = FuncInfo {
            func_index: 1,
            name: "f",
            frame_size: 16,
            inlined: &inlined,
            sites: &sites,
            stack_maps: &maps,
        };
        let bytes = info.encode();
        for len in 0..bytes.len() {
            if let Some(read) = FuncInfoReader::new(&bytes[..len]) {
                assert!(read.sites().count() <= 2);
                for site in sites {
                    assert!(read.frames(site).count() <= 2);
                }
                read.live_at(300, |_| {});
            }
        }
        assert!(FuncInfoReader::new(b"nothing here").is_none());
    }
}
