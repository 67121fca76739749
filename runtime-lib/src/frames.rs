//! Frames.
use crate::error::Result;
use crate::raw::ModuleRef;
use crate::trap::Trap;

pub(crate) struct Captured {}
impl Captured {
    pub(crate) const NONE: Self = Self {};
}
/// Registers the image that a module is part of.
pub(crate) fn prepare(_module: ModuleRef) -> Result<()> {
    todo!("frames")
}
pub(crate) fn take_trap() -> Option<Trap> {
    todo!("frames")
}
