//! A program that is a WebAssembly guest, made by cargo-wasmaot. What it does is in
//! `wasmaot::wasi::program`; this says of what and for whom.
#![no_main]

use std::ffi::{c_char, c_int};

use wasmaot::bindings::{VmContext, VmModule, VmReturn};
use wasmaot::wasi::program::{self, Program};

unsafe extern "C" {
    #[link_name = {{module}}]
    static MODULE: VmModule;
    #[link_name = {{start}}]
    fn start(callee: *mut VmContext, caller: *mut VmContext) -> VmReturn;
{{thread_start}}}
{{imports}}{{threads}}
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: the symbols are those of one object of the compiler's.
    unsafe {
        let program = Program {
            module: &MODULE,
            start,
            options: {{options}},
            asks_environment: {{asks_environment}},
            ignores_broken_pipes: {{ignores_broken_pipes}},
            parts: &[{{parts}}],
            limits: &[{{limits}}],
            imports: {{imports_name}},
        };
        program::main(&program, argc, argv)
    }
}
