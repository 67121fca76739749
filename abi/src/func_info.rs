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
//! uleb number of sites, then each:
//!        uleb code offset less the last site's
//!        sleb wasm offset less the last site's
//!        u8   trap code, 0 for a return address (code offset of the instruction after the call)
//! uleb number of stack maps, then each:
//!        uleb code offset (a return address) less the last map's
//!        uleb number of slots, then each: uleb offset from the stack pointer in 4-byte words
//! ```

use alloc::vec::Vec;

use crate::traps::TrapCode;

/// The first word of a record.
pub const MAGIC: u32 = u32::from_le_bytes(*b"waot");

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
        uleb(&mut out, self.sites.len() as u32);
        let (mut code, mut wasm) = (0, 0);
        for site in self.sites {
            uleb(&mut out, site.code_offset - code);
            sleb(&mut out, site.wasm_offset.wrapping_sub(wasm) as i32);
            out.push(site.trap.map_or(0, |trap| trap as u8));
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
        let func_index = read_uleb(&mut rest)?;
        let len = read_uleb(&mut rest)? as usize;
        let name = core::str::from_utf8(rest.get(..len)?).ok()?;
        rest = &rest[len..];
        let frame_size = read_uleb(&mut rest)?;
        Some(Self { func_index, name, frame_size, rest })
    }

    /// The sites in ascending order of code offset.
    pub fn sites(&self) -> impl Iterator<Item = Site> + 'a {
        let mut rest = self.rest;
        let mut left = read_uleb(&mut rest).unwrap_or(0);
        let (mut code, mut wasm) = (0u32, 0u32);
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let site = read_site(&mut rest, code, wasm)?;
            (code, wasm) = (site.code_offset, site.wasm_offset);
            Some(site)
        })
    }

    /// The site of a trap at this code offset.
    pub fn trap_at(&self, code_offset: u32) -> Option<Site> {
        self.sites().find(|site| site.code_offset == code_offset && site.trap.is_some())
    }

    /// The wasm offset of the call that returns to this code offset.
    pub fn call_at(&self, code_offset: u32) -> Option<u32> {
        let mut sites = self.sites();
        let site = sites.find(|site| site.code_offset == code_offset && site.trap.is_none())?;
        Some(site.wasm_offset)
    }

    /// Calls `visit` with the offset from the stack pointer of each reference that is live at
    /// the call that returns to this code offset.
    pub fn live_at(&self, code_offset: u32, mut visit: impl FnMut(u32)) {
        let mut walk = || {
            let mut rest = self.rest;
            for _ in 0..read_uleb(&mut rest)? {
                read_site(&mut rest, 0, 0)?;
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

fn read_site(rest: &mut &[u8], code: u32, wasm: u32) -> Option<Site> {
    let code_offset = code.wrapping_add(read_uleb(rest)?);
    let wasm_offset = wasm.wrapping_add(read_sleb(rest)? as u32);
    let trap = TrapCode::from_code(read_u8(rest)?);
    Some(Site { code_offset, wasm_offset, trap })
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
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = read_u8(rest)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value as u32);
        }
    }
    None
}

fn read_sleb(rest: &mut &[u8]) -> Option<i32> {
    let mut value = 0i64;
    for shift in (0..35).step_by(7) {
        let byte = read_u8(rest)?;
        value |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let unused = 64 - (shift + 7);
            return Some((value << unused >> unused) as i32);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn site(code_offset: u32, wasm_offset: u32, trap: Option<TrapCode>) -> Site {
        Site { code_offset, wasm_offset, trap }
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
            sites: &sites,
            stack_maps: &maps,
        };
        let mut bytes = info.encode();
        bytes.extend([0xff; 9]);
        let read = FuncInfoReader::new(&bytes).unwrap();
        assert_eq!((read.func_index, read.name, read.frame_size), (300, "größe", 4096));
        assert!(read.sites().eq(sites));
        assert_eq!(read.trap_at(200), Some(sites[2]));
        assert_eq!(read.call_at(200), Some(70_000));
        assert_eq!(read.trap_at(5), None);
        let mut live = vec![];
        read.live_at(200, |slot| live.push(slot));
        read.live_at(70_000, |slot| live.push(slot));
        read.live_at(7, |slot| live.push(slot));
        assert_eq!(live, [0, 24, 1 << 20]);
    }

    #[test]
    fn damaged_records_end_quietly() {
        let sites = [site(1, 2, None), site(300, 4, Some(TrapCode::StackOverflow))];
        let maps = [StackMap { code_offset: 300, slots: vec![8] }];
        let info =
            FuncInfo { func_index: 1, name: "f", frame_size: 16, sites: &sites, stack_maps: &maps };
        let bytes = info.encode();
        for len in 0..bytes.len() {
            if let Some(read) = FuncInfoReader::new(&bytes[..len]) {
                assert!(read.sites().count() <= 2);
                read.live_at(300, |_| {});
            }
        }
        assert!(FuncInfoReader::new(b"nothing here").is_none());
    }
}
