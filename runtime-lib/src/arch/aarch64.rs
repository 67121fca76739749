//! aarch64.

use std::arch::asm;

/// Goes on at `pc` with these stack and frame pointers. What lies between is forgotten.
///
/// # Safety
/// There is code at `pc` that expects this, and nothing in the forgotten frames needs to be
/// dropped.
pub(crate) unsafe fn resume(sp: usize, fp: usize, pc: usize) -> ! {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "mov sp, {sp}",
            "mov x29, {fp}",
            "br {pc}",
            sp = in(reg) sp,
            fp = in(reg) fp,
            pc = in(reg) pc,
            options(noreturn),
        )
    }
}
