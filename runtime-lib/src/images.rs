//! The images (the program, shared objects) that hold guests: found once per image, when the
//! first module in it is instantiated, and kept for the rest of the program in a list that only
//! grows, so that a signal handler can walk it at any time.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use wasmaot_abi::func_info::{FuncInfoReader, MODULE_NAME_OFFSET};

use crate::platform::{self, Backing, ImageFile, ImageInfo, Segment};
use crate::unwind;

/// An image that holds guests.
pub(crate) struct Image {
    info: ImageInfo,
    next: *const Image,
    file: OnceLock<Option<ImageFile>>,
}

// SAFETY: nothing in it changes but what may change at any time.
unsafe impl Sync for Image {}

static IMAGES: AtomicPtr<Image> = AtomicPtr::new(ptr::null_mut());

/// The images that are known.
fn all() -> impl Iterator<Item = &'static Image> {
    let mut next = IMAGES.load(Ordering::Acquire).cast_const();
    std::iter::from_fn(move || {
        // SAFETY: null or an image, which is never freed.
        let image = unsafe { next.as_ref() }?;
        next = image.next;
        Some(image)
    })
}

/// The known image that an address is in.
#[inline(never)]
pub(crate) fn find(address: usize) -> Option<&'static Image> {
    all().find(|image| image.segment(address).is_some())
}

/// Makes the image known that an address is in.
pub(crate) fn register(address: usize) -> Option<&'static Image> {
    if let Some(image) = find(address) {
        return Some(image);
    }
    let mut info = platform::find_image(address)?;
    // SAFETY: the linker wrote it.
    info.eh_frame_hdr = info.eh_frame_hdr.filter(|&header| unsafe { unwind::searchable(header) });
    // Two threads may add the same image, which does no harm.
    let image = Box::leak(Box::new(Image { info, next: ptr::null(), file: OnceLock::new() }));
    let mut next = IMAGES.load(Ordering::Acquire);
    loop {
        image.next = next;
        match IMAGES.compare_exchange(next, image, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Some(image),
            Err(newer) => next = newer,
        }
    }
}

impl Image {
    fn segment(&self, address: usize) -> Option<&Segment> {
        self.info.segments.iter().find(|segment| segment.memory.contains(&address))
    }

    /// Whether functions' records can be found.
    #[cfg(any(feature = "signals", test))]
    pub(crate) fn has_records(&self) -> bool {
        self.info.eh_frame_hdr.is_some()
    }

    /// The image's file and where in it bytes of the image are, if the file can be had. Whether they still are,
    /// [`ImageFile::holds`] tells.
    fn file_of(&'static self, bytes: &[u8]) -> Option<(&'static ImageFile, u64)> {
        let start = bytes.as_ptr().addr();
        let segment = self.segment(start)?;
        let within = start - segment.memory.start;
        if within + bytes.len() > segment.from_file {
            return None;
        }
        let file = self.file.get_or_init(|| platform::open_image(&self.info)).as_ref()?;
        Some((file, segment.offset + within as u64))
    }
}

/// Where a memory can have these bytes from that it starts with at an offset, if not by copying
/// them.
#[inline(never)]
pub(crate) fn backing(bytes: &'static [u8], offset: usize) -> Option<Backing> {
    let (file, at) = find(bytes.as_ptr().addr())?.file_of(bytes)?;
    Some(Backing { file, at, offset, bytes })
}

/// A function of a guest.
pub(crate) struct Function {
    /// Its address.
    pub(crate) start: usize,
    /// What it says of itself.
    pub(crate) info: FuncInfoReader<'static>,
    record: &'static [u8],
}

/// The function of a guest that an address is in. Safe in signal handlers.
pub(crate) fn function_at(pc: usize) -> Option<Function> {
    let image = find(pc)?;
    if !image.segment(pc)?.executable {
        return None;
    }
    // SAFETY: the linker wrote it; the image stays loaded.
    let found = unsafe { unwind::find(image.info.eh_frame_hdr?, pc) }?;
    let record = bytes_from(image, found.record)?;
    let info = FuncInfoReader::new(record)?;
    Some(Function { start: found.start, info, record })
}

/// An image's bytes from an address on.
fn bytes_from(image: &'static Image, address: usize) -> Option<&'static [u8]> {
    let segment = image.segment(address)?;
    let start = ptr::with_exposed_provenance(address);
    // SAFETY: a read-only part of an image that stays loaded.
    Some(unsafe { std::slice::from_raw_parts(start, segment.memory.end - address) })
}

impl Function {
    /// The name of the function's module.
    pub(crate) fn module_name(&self) -> Option<&'static str> {
        let field = self.record.get(MODULE_NAME_OFFSET..)?;
        let distance = i32::from_le_bytes(*field.first_chunk()?);
        let address = field.as_ptr().addr().wrapping_add_signed(distance as isize);
        let bytes = bytes_from(find(address)?, address)?;
        let (len, bytes) = bytes.split_first_chunk()?;
        let name = bytes.get(..u32::from_le_bytes(*len) as usize)?;
        std::str::from_utf8(name).ok()
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_registered_once() {
        static HERE: u64 = 7;
        let address = (&raw const HERE).addr();
        let image = register(address).unwrap();
        assert!(image.has_records());
        assert!(ptr::eq(register(address).unwrap(), image));
        assert!(find(64).is_none() && register(64).is_none());
        // The test program holds no guest.
        assert!(function_at(an_image_is_registered_once as *const () as usize).is_none());
    }
}
