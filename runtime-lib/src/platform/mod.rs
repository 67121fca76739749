//! OS.
use std::ops::Range;
use wasmaot_abi::module::VmImage;
pub(crate) struct Reservation {}
impl Reservation {
    pub(crate) fn new(_len: usize) -> Option<Self> {
        todo!()
    }
    pub(crate) fn commit(&self, _from: usize, _to: usize) -> bool {
        todo!()
    }
    pub(crate) fn base(&self) -> *mut u8 {
        todo!()
    }
}
pub(crate) unsafe fn place_image(_map: &Reservation, _offset: usize, _image: &VmImage) {
    todo!()
}
pub(crate) fn stack_bounds() -> Range<usize> {
    todo!()
}
