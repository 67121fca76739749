//! Executables and shared objects in memory, by what the dynamic linker says of them.

use std::ffi::{CStr, CString, c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::platform::{ImageInfo, Segment};

struct Search {
    address: usize,
    found: Option<ImageInfo>,
}

/// The image that an address is in.
#[cold]
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
    pub(super) file: OwnedFd,
    id: FileId,
}

/// What tells files apart: device and inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileId {
    device: (u32, u32),
    inode: u64,
}

impl FileId {
    fn of(file: &OwnedFd) -> Option<Self> {
        let mut stat = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: it is written, if the call succeeds.
        let stat = unsafe {
            if libc::fstat(file.as_raw_fd(), stat.as_mut_ptr()) != 0 {
                return None;
            }
            stat.assume_init()
        };
        let device = (libc::major(stat.st_dev), libc::minor(stat.st_dev));
        Some(Self { device, inode: stat.st_ino })
    }
}

/// Opens an image's file, if it can be had and is for sure the one in memory.
#[cold]
pub(crate) fn open_image(image: &ImageInfo) -> Option<ImageFile> {
    let file = match &*image.path {
        [] => open(c"/proc/self/exe")?,
        path => open(&CString::new(path).ok()?)?,
    };
    let id = FileId::of(&file)?;
    let maps = open(c"/proc/self/maps")?;
    let start = image.segments.first()?.memory.start;
    (mapped_at(&maps, start)? == id).then_some(ImageFile { file, id })
}

/// Opens a file for reading.
#[inline(never)]
pub(super) fn open(path: &CStr) -> Option<OwnedFd> {
    // SAFETY: a text; the descriptor is nobody else's.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
    }
}

impl ImageFile {
    /// Whether these bytes of the image are still what the file holds there: a program may close
    /// all files it does not know, and open others under their numbers; a shared object's file
    /// may be written to.
    pub(crate) fn holds(&self, bytes: &[u8], at: u64) -> bool {
        let (Some(first), Some(last)) = (bytes.first_chunk::<64>(), bytes.last_chunk::<64>())
        else {
            return false;
        };
        let holds = |chunk: &[u8; 64], at: u64| {
            let mut buffer = [0; 64];
            let to = buffer.as_mut_ptr().cast();
            let Ok(at) = libc::off_t::try_from(at) else { return false };
            // SAFETY: as many bytes as the buffer has.
            let read = unsafe { libc::pread(self.file.as_raw_fd(), to, buffer.len(), at) };
            read == 64 && buffer == *chunk
        };
        FileId::of(&self.file) == Some(self.id)
            && holds(first, at)
            && holds(last, at.saturating_add((bytes.len() - last.len()) as u64))
    }
}

/// The file that is mapped at an address by what `/proc/self/maps` says, of whose lines the beginnings are
/// read.
fn mapped_at(maps: &OwnedFd, address: usize) -> Option<FileId> {
    let (mut line, mut len) = ([0; 96], 0);
    let mut buffer = [0u8; 1024];
    loop {
        let to = buffer.as_mut_ptr().cast();
        // SAFETY: as many bytes as the buffer has.
        let read = unsafe { libc::read(maps.as_raw_fd(), to, buffer.len()) };
        for &byte in buffer.get(..usize::try_from(read).ok()?).filter(|read| !read.is_empty())? {
            if byte == b'\n' {
                if let Some(id) = file_at(&line[..len], address) {
                    return Some(id);
                }
                len = 0;
            } else if let Some(place) = line.get_mut(len) {
                *place = byte;
                len += 1;
            }
        }
    }
}

/// The file that a line names, if the address is in its range. A line:
/// `55d0c000-55d0d000 r--p 00000000 fe:01 1234   /path`.
fn file_at(line: &[u8], address: usize) -> Option<FileId> {
    let mut rest = line;
    let memory = number(&mut rest, 16, b'-')?..number(&mut rest, 16, b' ')?;
    if !memory.contains(&(address as u64)) {
        return None;
    }
    // What may be done there: four letters.
    rest = rest.get(5..)?;
    number(&mut rest, 16, b' ')?;
    let device = (number(&mut rest, 16, b':')? as u32, number(&mut rest, 16, b' ')? as u32);
    Some(FileId { device, inode: number(&mut rest, 10, b' ')? })
}

/// Takes a number and what ends it from a text.
#[inline(never)]
fn number(text: &mut &[u8], radix: u32, end: u8) -> Option<u64> {
    let mut number = 0u64;
    loop {
        let (&byte, rest) = text.split_first()?;
        *text = rest;
        if byte == end {
            return Some(number);
        }
        let digit = char::from(byte).to_digit(radix)?;
        number = number.checked_mul(radix.into())?.checked_add(digit.into())?;
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let line = b"55d0c000-55d0d000 r--p 00000000 fe:1f 1234         /a b";
        let id = FileId { device: (0xfe, 0x1f), inode: 1234 };
        assert_eq!(file_at(line, 0x55d0_c000), Some(id));
        assert_eq!(file_at(b"55d0c000-55d0d000 r--p 00000000 fe:1g 1234 ", 0x55d0_c000), None);
        assert_eq!(file_at(&line[..43], 0x55d0_c000), Some(id));
        assert_eq!(file_at(&line[..42], 0x55d0_c000), None);
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
        let other = ImageFile { file: open(c"/proc/self/maps").unwrap(), ..file };
        assert!(!other.holds(&CONSTANT, at));
    }
}
