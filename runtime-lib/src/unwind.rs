//! The unwind tables that linkers make of all objects (`.eh_frame_hdr` and `.eh_frame`, in the
//! form of the Linux Standard Base), as an index from code addresses to functions' records. Only
//! entries under [`CIE_AUGMENTATION`] are understood: those are the compiler's. No allocation, no
//! lock: a signal handler looks here.

use wasmaot_abi::func_info::CIE_AUGMENTATION;

/// A function in the unwind tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Function {
    /// Its address.
    pub(crate) start: usize,
    /// The address of its record.
    pub(crate) record: usize,
}

/// `DW_EH_PE_sdata4 | DW_EH_PE_datarel`: the form that all linkers give the search table.
const TABLE_ENCODING: u8 = 0x3b;

/// `DW_EH_PE_omit`.
const OMIT: u8 = 0xff;

/// The function of a guest that the address is in.
///
/// # Safety
/// `header` is the address of an `.eh_frame_hdr` that a linker wrote.
pub(crate) unsafe fn find(header: usize, pc: usize) -> Option<Function> {
    // SAFETY: linkers keep to the form.
    unsafe {
        let entry = Table::new(header)?.entry(pc)?;
        parse_entry(entry, pc)
    }
}

/// Whether the table has the form that can be searched.
///
/// # Safety
/// As [`find`].
pub(crate) unsafe fn searchable(header: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { Table::new(header).is_some() }
}

/// The search table: pairs of 32-bit distances from `header`, to a function's code and to its
/// entry, sorted by the first.
struct Table {
    header: usize,
    pairs: usize,
    len: usize,
}

impl Table {
    unsafe fn new(header: usize) -> Option<Self> {
        // SAFETY: as for `find`.
        unsafe {
            let mut at = Cursor(header);
            let (version, frame, count, table) = (at.u8(), at.u8(), at.u8(), at.u8());
            if version != 1 || table != TABLE_ENCODING || count == OMIT {
                return None;
            }
            if frame != OMIT {
                at.pointer(frame)?;
            }
            let len = at.pointer(count)?;
            Some(Self { header, pairs: at.0, len })
        }
    }

    /// An address in the table, by its place among all of them.
    unsafe fn get(&self, word: usize) -> usize {
        // SAFETY: as for `find`; within the table.
        let distance = unsafe { Cursor(self.pairs + word * 4).u32() } as i32;
        self.header.wrapping_add_signed(distance as isize)
    }

    /// The entry of the last function that starts at or before `pc`.
    unsafe fn entry(&self, pc: usize) -> Option<usize> {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            // SAFETY: within the table.
            if unsafe { self.get(middle * 2) } <= pc {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // SAFETY: within the table.
        Some(unsafe { self.get(low.checked_sub(1)? * 2 + 1) })
    }
}

/// Reads a function's entry (FDE) and the head that it has in common with others (CIE).
unsafe fn parse_entry(entry: usize, pc: usize) -> Option<Function> {
    // SAFETY: as for `find`.
    unsafe {
        let mut at = Cursor(entry);
        let len = at.u32();
        if len == 0 || len == u32::MAX {
            return None;
        }
        let here = at.0;
        let common = here - at.u32() as usize;
        let encodings = parse_common(common)?;
        let start = at.pointer(encodings.code)?;
        let len = at.pointer(encodings.code & 0x0f)?;
        if !(start..start + len).contains(&pc) {
            return None;
        }
        at.uleb();
        let record = at.pointer(encodings.record)?;
        (record != 0).then_some(Function { start, record })
    }
}

struct Encodings {
    record: u8,
    code: u8,
}

/// Reads how addresses are written in the entries under a CIE, if it is one of the compiler's.
unsafe fn parse_common(common: usize) -> Option<Encodings> {
    // SAFETY: as for `find`.
    unsafe {
        let mut at = Cursor(common);
        let (_len, id, version) = (at.u32(), at.u32(), at.u8());
        if id != 0 || version != 1 && version != 3 {
            return None;
        }
        for byte in CIE_AUGMENTATION.bytes().chain([0]) {
            if at.u8() != byte {
                return None;
            }
        }
        at.uleb();
        at.uleb();
        if version == 1 {
            at.u8();
        } else {
            at.uleb();
        }
        at.uleb();
        Some(Encodings { record: at.u8(), code: at.u8() })
    }
}

/// An address to read from.
struct Cursor(usize);

impl Cursor {
    unsafe fn read<T: Copy>(&mut self) -> T {
        let ptr = std::ptr::with_exposed_provenance::<T>(self.0);
        self.0 += size_of::<T>();
        // SAFETY: what is read lies in the tables.
        unsafe { ptr.read_unaligned() }
    }

    unsafe fn u8(&mut self) -> u8 {
        // SAFETY: as for `read`.
        unsafe { self.read() }
    }

    unsafe fn u32(&mut self) -> u32 {
        // SAFETY: as for `read`.
        unsafe { self.read() }
    }

    /// Reads an unsigned LEB128 number; a signed one is passed over all the same.
    unsafe fn uleb(&mut self) -> usize {
        let mut value = 0;
        let mut shift = 0;
        loop {
            // SAFETY: as for `read`.
            let byte = unsafe { self.u8() };
            value |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }

    /// Reads an address in one of the encodings that occur (`DW_EH_PE_*`); 0 stays 0.
    #[inline(never)]
    unsafe fn pointer(&mut self, encoding: u8) -> Option<usize> {
        let here = self.0;
        // SAFETY: as for `read`.
        let value = unsafe {
            match encoding & 0x0f {
                0x00 | 0x04 | 0x0c => self.read::<u64>() as usize,
                0x01 => self.uleb(),
                0x02 => self.read::<u16>() as usize,
                0x03 => self.u32() as usize,
                0x0a => self.read::<i16>() as usize,
                0x0b => self.read::<i32>() as usize,
                _ => return None,
            }
        };
        if value == 0 {
            return Some(0);
        }
        match encoding & 0xf0 {
            0x00 => Some(value),
            0x10 => Some(here.wrapping_add(value)),
            _ => None,
        }
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::platform::find_image;

    fn lay_out(tables: &[u8]) -> usize {
        tables.as_ptr().expose_provenance()
    }

    #[test]
    fn this_programs_table_can_be_searched_and_holds_no_guests() {
        let pc = this_programs_table_can_be_searched_and_holds_no_guests as *const () as usize;
        let header = find_image(pc).unwrap().eh_frame_hdr.unwrap();
        // SAFETY: what the linker wrote.
        unsafe {
            let table = Table::new(header).unwrap();
            assert!(table.len > 100);
            for i in 1..table.len {
                assert!(table.get(i * 2 - 2) <= table.get(i * 2));
            }
            // Rust's functions have entries, under other heads than the compiler's.
            let entry = table.entry(pc).unwrap();
            let mut at = Cursor(entry);
            assert!(at.u32() > 8);
            assert_eq!(find(header, pc), None);
        }
    }

    #[test]
    fn a_functions_record_is_found() {
        // A table of two functions; the addresses are distances from where they stand.
        const CODE: i32 = 0x1000;
        const RECORD: i32 = 0x2000;
        let mut t = vec![1, 0x1b, 0x03, TABLE_ENCODING];
        t.extend([0; 4]);
        t.extend(2u32.to_le_bytes());
        let pairs = t.len();
        t.extend([0; 16]);
        let cie = t.len();
        t.extend(17u32.to_le_bytes());
        t.extend(0u32.to_le_bytes());
        t.extend(*b"\x01zLR\0\x01\x78\x10\x02\x1b\x1b\0\0");
        let mut fdes = [0; 2];
        for (i, fde) in fdes.iter_mut().enumerate() {
            *fde = t.len();
            t.extend(20u32.to_le_bytes());
            t.extend(((t.len() - cie) as u32).to_le_bytes());
            let start = CODE + 0x100 * i as i32;
            t.extend((start - t.len() as i32).to_le_bytes());
            t.extend(0x80u32.to_le_bytes());
            t.push(4);
            let record = RECORD + i as i32;
            // The second has no record.
            let distance = if i == 0 { record - t.len() as i32 } else { 0 };
            t.extend(distance.to_le_bytes());
            t.extend([0; 3]);
            let at = pairs + i * 8;
            t[at..at + 4].copy_from_slice(&start.to_le_bytes());
            t[at + 4..at + 8].copy_from_slice(&(*fde as i32).to_le_bytes());
        }
        let header = lay_out(&t);
        let code = header + CODE as usize;
        // SAFETY: laid out as linkers do.
        unsafe {
            assert!(searchable(header));
            let found = Some(Function { start: code, record: header + RECORD as usize });
            assert_eq!(find(header, code), found);
            assert_eq!(find(header, code + 0x7f), found);
            assert_eq!(find(header, code + 0x80), None);
            assert_eq!(find(header, code - 1), None);
            assert_eq!(find(header, code + 0x100), None);
        }
        t[3] = OMIT;
        // SAFETY: as above.
        assert!(!unsafe { searchable(lay_out(&t)) });
    }
}
