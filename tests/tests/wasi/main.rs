//! WASI, by guests that use it: compiled, linked, loaded and run in this process.

mod cases;
