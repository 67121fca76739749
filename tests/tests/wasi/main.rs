//! WASI, by guests that use it: compiled, linked, loaded and run in this process. What is expected
//! comes from the specification, from Wasmtime, or from what the host finds afterwards.

mod calls;
mod cases;
mod descriptors;
mod escapes;
mod soak;
mod waiting;
