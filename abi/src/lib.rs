//! What code compiled by wasmaot and the runtime library agree on, each fact stated once.
//!
//! The compiler takes offsets of the structures here with `offset_of!`; the runtime uses their
//! fields. Nothing in this crate does anything: it describes memory, names and numbers.
//!
//! | module | what it states |
//! |---|---|
//! | [`context`] | the memory that compiled code touches: instance contexts, tables, threads |
//! | [`layout`] | where the parts of an instance lie whose number depends on the module |
//! | [`module`] | the read-only description of a module that an object carries |
//! | [`value`] | value types and the 16-byte slot that carries any value |
//! | [`calls`] | the native signatures at the border between host and guest |
//! | [`builtins`] | every function of the runtime that compiled code calls |
//! | [`traps`] | why a guest can stop |
//! | [`wasi`] | every function of WASI preview 1 that the runtime has |
//! | [`symbols`] | the names of everything in an object file |
//! | [`func_info`] | what a function says of itself: traps, wasm offsets, live references |
//!
//! Every machine that Cranelift makes native code for has 64-bit pointers, so one `repr(C)`
//! structure serves host and target alike.
//!
//! Compatibility: anything that changes a structure, a signature or a meaning here raises
//! [`ABI_VERSION`]. Each module refers to [`symbols::ABI_SYMBOL`], which only the runtime of
//! the same version defines, so that a mismatch is a link error that names the version.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod builtins;
pub mod calls;
pub mod context;
pub mod func_info;
pub mod layout;
pub mod module;
pub mod symbols;
pub mod traps;
pub mod value;
pub mod wasi;

/// The version of everything in this crate; part of [`symbols::ABI_SYMBOL`].
pub const ABI_VERSION: u32 = 1;

const _: () = assert!(size_of::<*const u8>() == 8, "wasmaot needs 64-bit pointers");
