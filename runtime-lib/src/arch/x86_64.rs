//! x86-64.

use std::arch::{asm, naked_asm};
use std::mem::offset_of;

use wasmaot_abi::context::{VmContext, VmEntry, VmExit, VmThread};

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
            "mov rsp, {sp}",
            "mov rbp, {fp}",
            "jmp {pc}",
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
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Ways into a guest's function whose parameters all go in registers and that has one result at
/// most: what the compiler's entries for other functions do (`compiler/src/trampoline/entry.rs`),
/// but with nothing restored that the function has preserved. Where parameters lie is the same in
/// the C convention and in the guests' own, so they are not touched.
///
/// `$code` leaves the function's address in `rax`; `$result` puts the result's bits there.
macro_rules! entry {
    ($(#[$meta:meta])* $name:ident [$($code:literal)*] [$($result:literal)*]) => {
        $(#[$meta])*
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name() {
            naked_asm!(
                // Of the section that the function has to itself, so nothing stands in front.
                ".p2align 6",
                ".cfi_startproc",
                $($code,)*
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                // For the host, if the call is given up: no register of a guest's is preserved then.
                "push rbx",
                "push r12",
                "push r13",
                "push r14",
                "push r15",
                ".cfi_offset rbx, -24",
                ".cfi_offset r12, -32",
                ".cfi_offset r13, -40",
                ".cfi_offset r14, -48",
                ".cfi_offset r15, -56",
                // The record, which also leaves the stack aligned.
                "sub rsp, {size}",
                "mov rbx, [rdi + {thread}]",
                "mov r10, [rbx + {innermost}]",
                "lea r11, [rip + 4f]",
                "mov [rsp + {outer}], r10",
                "mov [rsp + {handler}], r11",
                "mov [rsp + {sp}], rsp",
                "mov [rsp + {fp}], rbp",
                "test r10, r10",
                "jnz 3f",
                "2:",
                "mov [rbx + {innermost}], rsp",
                // A no-operation of four bytes, so that what is returned to begins a line of the cache.
                ".byte 0x0f, 0x1f, 0x40, 0x00",
                "call rax",
                // A constant, so that the next call need not wait for what this one had read.
                "cmp qword ptr [rsp + {outer}], 0",
                "jne 5f",
                "mov qword ptr [rbx + {innermost}], 0",
                "6:",
                "xor edx, edx",
                $($result,)*
                "mov rbx, [rbp - 8]",
                ".cfi_remember_state",
                "leave",
                ".cfi_def_cfa rsp, 8",
                "ret",
                ".cfi_restore_state",
                // There is a call around this one: its state comes back afterwards.
                "3:",
                "mov r10, [rbx + {exit_sp}]",
                "mov r11, [rbx + {exit_fp}]",
                "mov [rsp + {outer_exit_sp}], r10",
                "mov [rsp + {outer_exit_fp}], r11",
                "jmp 2b",
                "5:",
                "mov r10, [rsp + {outer}]",
                "mov [rbx + {innermost}], r10",
                "mov r10, [rsp + {outer_exit_sp}]",
                "mov r11, [rsp + {outer_exit_fp}]",
                "mov [rbx + {exit_sp}], r10",
                "mov [rbx + {exit_fp}], r11",
                "jmp 6b",
                // Given up, and unlinked by whoever resumes here.
                "4:",
                "mov edx, 1",
                "mov r15, [rbp - 40]",
                "mov r14, [rbp - 32]",
                "mov r13, [rbp - 24]",
                "mov r12, [rbp - 16]",
                "mov rbx, [rbp - 8]",
                "leave",
                ".cfi_def_cfa rsp, 8",
                "ret",
                ".cfi_endproc",
                size = const RECORD,
                thread = const offset_of!(VmContext, thread),
                innermost = const offset_of!(VmThread, entry),
                exit_sp = const offset_of!(VmThread, exit) + offset_of!(VmExit, sp),
                exit_fp = const offset_of!(VmThread, exit) + offset_of!(VmExit, fp),
                outer = const offset_of!(VmEntry, outer),
                outer_exit_sp = const offset_of!(VmEntry, outer_exit) + offset_of!(VmExit, sp),
                outer_exit_fp = const offset_of!(VmEntry, outer_exit) + offset_of!(VmExit, fp),
                handler = const offset_of!(VmEntry, handler),
                sp = const offset_of!(VmEntry, sp),
                fp = const offset_of!(VmEntry, fp),
            )
        }
    };
}

/// The bytes that a record takes up: with five registers above it, the stack is aligned.
const RECORD: usize = (size_of::<VmEntry>() + 5 * 8).next_multiple_of(16) - 5 * 8;

entry! {
    /// For results that are integers or references, and for none.
    #[unsafe(export_name = "wasmaot_builtin_enter_int")]
    enter_int [] []
}
entry! {
    /// For results that are floating-point numbers.
    #[unsafe(export_name = "wasmaot_builtin_enter_float")]
    enter_float [] ["movq rax, xmm0"]
}

// For the host itself, which has the code in the place of the caller: that is the callee, too.
entry! {
    /// As [`enter_int`].
    call_int ["mov rax, rsi" "mov rsi, rdi"] []
}
entry! {
    /// As [`enter_float`].
    call_float ["mov rax, rsi" "mov rsi, rdi"] ["movq rax, xmm0"]
}

/// The way into functions of a type, if there is one here: it is called with the function's
/// context, its code and the parameters, and returns as a `wasm_call`.
pub(crate) const fn way_in(params: &[ValType], results: &[ValType]) -> Option<WayIn> {
    if !matches!(words_on_stack(params), Some(0)) {
        return None;
    }
    match results {
        [] | [ValType::I32 | ValType::I64 | ValType::Ref(_)] => Some(call_int),
        [ValType::F32 | ValType::F64] => Some(call_float),
        _ => None,
    }
}

/// How many words of parameters, behind two addresses, do not go in registers; nothing if there is a vector.
const fn words_on_stack(params: &[ValType]) -> Option<usize> {
    // System V ABI, 3.2.3.
    let (mut ints, mut floats) = (6 - 2, 8);
    let mut words = 0;
    let mut i = 0;
    while i < params.len() {
        let left = match params[i] {
            ValType::I32 | ValType::I64 | ValType::Ref(_) => &mut ints,
            ValType::F32 | ValType::F64 => &mut floats,
            ValType::V128 => return None,
        };
        match *left {
            0 => words += 1,
            _ => *left -= 1,
        }
        i += 1;
    }
    Some(words)
}

/// Whether functions of the host that have this type are their own way out: guests pass their
/// parameters and result where the C convention says.
pub(crate) const fn has_own_way_out(params: &[ValType], results: &[ValType]) -> bool {
    words_on_stack(params).is_some() && !matches!(results, [ValType::V128] | [_, _, ..])
}

/// What a function with these parameters takes off the stack by the guests' convention, in bytes,
/// and how many of these hold arguments.
pub(crate) const fn taken_off_stack(params: &[ValType]) -> (usize, usize) {
    match words_on_stack(params) {
        Some(words) => ((words * 8).next_multiple_of(16), words * 8),
        None => (0, 0),
    }
}

/// The way out of guests into a native call, `own_way_out`: records where the guest left, in the
/// thread of the caller's context. If all arguments are in registers, the rest is the native call's,
/// which so returns to the guest. If some are on the stack, it is called with another copy of
/// them, because guests' functions take their arguments off the stack, and C's do not.
macro_rules! own_way_out {
    ([$($generic:tt)*] [$($bound:tt)*] $native:expr, $params:expr) => {
        /// As a guest calls it.
        #[unsafe(naked)]
        unsafe extern "C" fn own_way_out<$($generic)*>()
        where
            $($bound)*
        {
            use std::mem::offset_of;

            use wasmaot_abi::context::{VmContext, VmExit, VmThread};

            std::arch::naked_asm!(
                // Of the section that the function has to itself, so nothing stands in front.
                ".p2align 5",
                ".cfi_startproc",
                "mov rax, [rsi + {thread}]",
                "mov [rax + {exit_sp}], rsp",
                "mov [rax + {exit_fp}], rbp",
                ".if {taken} == 0",
                "jmp {native}",
                ".else",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                ".if {taken} != {arguments}",
                "push rax",
                ".endif",
                // The last one first. Each is as far away as the one before.
                ".rept {arguments} / 8",
                "push qword ptr [rsp + {taken} + 8]",
                ".endr",
                "call {native}",
                "leave",
                ".cfi_def_cfa rsp, 8",
                "ret {taken}",
                ".endif",
                ".cfi_endproc",
                thread = const offset_of!(VmContext, thread),
                exit_sp = const offset_of!(VmThread, exit) + offset_of!(VmExit, sp),
                exit_fp = const offset_of!(VmThread, exit) + offset_of!(VmExit, fp),
                taken = const $crate::arch::taken_off_stack($params).0,
                arguments = const $crate::arch::taken_off_stack($params).1,
                native = sym $native,
            )
        }
    };
}
pub(crate) use own_way_out;
