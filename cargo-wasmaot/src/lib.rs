//! The command-line face of wasmaot, and what the project's tests share with it: loading
//! compiled guests into the running program ([`load`]) and running test scripts ([`wast`]).
//!
//! [`commands`] has one file per command; each parses, calls the compiler, the build helper or
//! the loader, and prints. Nothing here knows WebAssembly itself.

// Only the loader runs code that it was handed.
#![deny(unsafe_code)]

pub mod checkout;
pub mod commands;
pub mod files;
pub mod guest;
pub mod load;
pub mod program;
pub mod shell;
pub mod template;
pub mod wast;
pub mod words;

/// The target triple of the machine that this program runs on.
pub fn host_target() -> String {
    target_lexicon::HOST.to_string()
}
