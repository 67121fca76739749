//! Executables and shared objects in memory, by what the dynamic linker says of them.

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::platform::{ImageInfo, Segment};

struct Search {
    address: usize,
    found: Option<ImageInfo>,
}

/// The image that an address is in.
pub(crate) fn find_image(address: usize) -> Option<ImageInfo> {
    let mut search = Search { address, found: None };
    // SAFETY: `visit` keeps to what `dl_iterate_phdr` asks of it.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    search: *mut c_void,
) -> c_int {
    // SAFETY: valid for the time of the call.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: as above.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) };
    let address =
        |header: &libc::Elf64_Phdr| (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
    let segments = || {
        headers.iter().filter(|header| header.p_type == libc::PT_LOAD).map(|header| {
            let start = address(header);
            Segment {
                memory: start..start + header.p_memsz as usize,
                offset: header.p_offset,
                from_file: header.p_filesz as usize,
                executable: header.p_flags & libc::PF_X != 0,
            }
        })
    };
    if !segments().any(|segment| segment.memory.contains(&search.address)) {
        return 0;
    }
    let eh_frame_hdr = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME);
    let path = match info.dlpi_name.is_null() {
        true => &[],
        // SAFETY: as above.
        false => unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes(),
    };
    search.found = Some(ImageInfo {
        segments: segments().collect(),
        eh_frame_hdr: eh_frame_hdr.map(address),
        path: path.into(),
    });
    1
}

/// An image's file, kept open.
#[derive(Debug)]
pub(crate) struct ImageFile {
    pub(super) file: File,
    id: (u64, u64),
}

/// Opens an image's file, if it can be had and is for sure the one in memory.
pub(crate) fn open_image(image: &ImageInfo) -> Option<ImageFile> {
    let path = match &*image.path {
        [] => OsStr::new("/proc/self/exe"),
        path => OsStr::from_bytes(path),
    };
    let file = File::open(path).ok()?;
    let meta = file.metadata().ok()?;
    let maps = std::fs::read("/proc/self/maps").ok()?;
    let start = image.segments.first()?.memory.start;
    let (dev, inode) = maps.split(|&byte| byte == b'\n').find_map(|line| file_at(line, start))?;
    let same = dev == (libc::major(meta.dev()), libc::minor(meta.dev())) && inode == meta.ino();
    same.then(|| ImageFile { file, id: (meta.dev(), meta.ino()) })
}

impl ImageFile {
    /// Whether these bytes of the image are still what the file holds there: a program may close
    /// all files it does not know, and open others under their numbers; a shared object's file
    /// may be written to.
    pub(crate) fn holds(&self, bytes: &[u8], at: u64) -> bool {
        let id = self.file.metadata().map(|meta| (meta.dev(), meta.ino()));
        let (Some(first), Some(last)) = (bytes.first_chunk::<64>(), bytes.last_chunk::<64>())
        else {
            return false;
        };
        let read = |at| {
            let mut buffer = [0; 64];
            self.file.read_exact_at(&mut buffer, at).map(|()| buffer)
        };
        id.is_ok_and(|id| id == self.id)
            && read(at).is_ok_and(|read| read == *first)
            && read(at + (bytes.len() - last.len()) as u64).is_ok_and(|read| read == *last)
    }
}

/// The device and inode that a line of `/proc/self/maps` names, if the address is in its range.
/// A line: `55d0c000-55d0d000 r--p 00000000 fe:01 1234   /path`.
fn file_at(line: &[u8], address: usize) -> Option<((u32, u32), u64)> {
    let line = std::str::from_utf8(line.get(..80).unwrap_or(line)).ok()?;
    let mut fields = line.split_ascii_whitespace();
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let (start, end) = fields.next()?.split_once('-')?;
    if !(hex(start)?..hex(end)?).contains(&(address as u64)) {
        return None;
    }
    let (major, minor) = fields.nth(2)?.split_once(':')?;
    let inode = fields.next()?.parse().ok()?;
    Some(((hex(major)? as u32, hex(minor)? as u32), inode))
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let line = b"55d0c000-55d0d000 r--p 00000000 fe:1f 1234         /a b";
        assert_eq!(file_at(line, 0x55d0_c000), Some(((0xfe, 0x1f), 1234)));
        assert_eq!(file_at(line, 0x55d0_d000), None);
        assert_eq!(file_at(b"", 0), None);
    }

    #[test]
    fn the_program_is_found_and_its_file_holds_what_is_in_memory() {
        static CONSTANT: [u8; 80] = [0x9f; 80];
        let address = CONSTANT.as_ptr().addr();
        let image = find_image(address).unwrap();
        assert!(image.eh_frame_hdr.is_some());
        assert!(image.segments.iter().any(|segment| segment.executable));
        assert!(find_image(16).is_none());
        // Some file systems report other numbers in the list of mappings; then there is no file.
        let Some(file) = open_image(&image) else { return };
        let segment = image.segments.iter().find(|s| s.memory.contains(&address)).unwrap();
        let at = segment.offset + (address - segment.memory.start) as u64;
        assert!(file.holds(&CONSTANT, at));
        assert!(!file.holds(&CONSTANT, at + 1) && !file.holds(&CONSTANT, u64::MAX));
        assert!(!file.holds(&CONSTANT[..63], at));
        let other = ImageFile { file: File::open("/proc/self/maps").unwrap(), ..file };
        assert!(!other.holds(&CONSTANT, at));
    }
}
