//! aarch64.

use std::arch::asm;

use super::WayIn;
use crate::types::ValType;

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

/// The stack pointer.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    if cfg!(miri) {
        return 0;
    }
    let sp;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// There is no other way into functions here than the compiler's entries.
pub(crate) const fn way_in(_: &[ValType], _: &[ValType]) -> Option<WayIn> {
    None
}

/// Guests come to all functions of the host by the compiler's ways out.
pub(crate) const fn has_own_way_out(_: &[ValType], _: &[ValType]) -> bool {
    false
}

/// See [`has_own_way_out`].
macro_rules! own_way_out {
    ([$($generic:tt)*] [$($bound:tt)*] $native:expr, $params:expr) => {
        fn own_way_out<$($generic)*>() {}
    };
}
pub(crate) use own_way_out;

/// Objects for this machine do not refer to it: all their entries are the compiler's.
#[unsafe(export_name = "wasmaot_builtin_enter_int")]
pub(crate) extern "C" fn enter_int() {
    std::process::abort()
}

/// As [`enter_int`].
#[unsafe(export_name = "wasmaot_builtin_enter_float")]
pub(crate) extern "C" fn enter_float() {
    std::process::abort()
}
