//! The smallest host in Rust: enough to see that a Rust program's link takes our objects.

use std::ffi::c_void;

#[repr(C)]
struct Returned {
    value: u64,
    status: u64,
}

unsafe extern "C" {
    fn wasm_other_add_wasm_call(
        callee: *const Context,
        caller: *const Context,
        a: u32,
        b: u32,
    ) -> Returned;
}

#[repr(C, align(16))]
struct Context {
    magic: u64,
    store: *const c_void,
    thread: *const [usize; 2],
    stack_limit: usize,
    rest: [usize; 64],
}

#[unsafe(no_mangle)]
static wasmaot_abi_v1: u8 = 0;
#[unsafe(no_mangle)]
extern "C" fn wasmaot_builtin_raise() {}
#[unsafe(no_mangle)]
extern "C" fn wasmaot_builtin_table_init(_: *const c_void) {}
#[unsafe(no_mangle)]
extern "C" fn wasmaot_builtin_elem_drop(_: *const c_void) {}

// The rest of typed entries: the code to call is in rax.
std::arch::global_asm!(
    ".globl wasmaot_builtin_enter_int",
    "wasmaot_builtin_enter_int:",
    "push rbp",
    "call rax",
    "xor edx, edx",
    "pop rbp",
    "ret",
);

fn main() {
    let thread = [0; 2];
    let context = Context {
        magic: 0,
        store: std::ptr::null(),
        thread: &thread,
        stack_limit: 0,
        rest: [0; 64],
    };
    // SAFETY: the context is all that the function looks at.
    let returned = unsafe { wasm_other_add_wasm_call(&context, &context, 40, 2) };
    assert_eq!((returned.value, returned.status), (42, 0));
}
