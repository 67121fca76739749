//! The build.rs face of wasmaot: finds or builds WebAssembly guests, compiles them to native
//! code for cargo to link, and writes typed bindings.
//!
//! ```no_run
//! // In build.rs:
//! wasmaot_build::compile("guest.wasm");
//! ```
//!
//! ```ignore
//! // In src/main.rs:
//! wasmaot::include_guest!(mod guest);
//!
//! fn main() -> Result<(), wasmaot::Error> {
//!     let mut guest = guest::Guest::new()?;
//!     println!("{}", guest.add(2, 3)?);
//!     Ok(())
//! }
//! ```
//!
//! [`Build`] has the options, and guests that are Cargo packages or that the package's Cargo.toml
//! names.
//!
//! # When work is done
//!
//! Cargo runs a build script once per change of what it depends on: the module or the guest's
//! sources, and the few variables that matter. Machine code is kept in OUT_DIR with a key of all
//! that it was made of, and is not generated again for the same key.
//!
//! A build script is not told whether it runs for `cargo check` or `cargo build`, and the two share
//! its output, so whichever comes first generates the machine code, once. Documentation on docs.rs
//! gets bindings alone; so does any build with `WASMAOT_BINDINGS_ONLY=1`, for checks that are
//! never linked (set it in rust-analyzer's `cargo.extraEnv` together with a target folder of its
//! own, or in a CI job that only checks).
//!
//! # Environment
//!
//! | variable | what |
//! |---|---|
//! | `WASMAOT_GUEST_TOOLCHAIN` | a folder with the `cargo` and `rustc` that build guests; else those of the build |
//! | `WASMAOT_BINDINGS_ONLY` | makes bindings without machine code |

#![forbid(unsafe_code)]

mod archive;
mod builder;
mod c_header;
mod cargo;
mod env;
mod error;
mod jobs;
pub mod metadata;
mod object;
mod options;
mod output;
mod package;
mod rust;

use std::path::PathBuf;

pub use builder::{Build, Guest, GuestOutput, Output, Source};
pub use c_header::c_header;
pub use cargo::Lines;
pub use env::Env;
pub use error::Error;
pub use options::Options;
pub use package::Package;
pub use rust::rust_bindings;
pub use wasmaot_compiler::{Interface, OptLevel};

/// Compiles a module, in the binary or the text format, in a build script: leaves bindings in
/// OUT_DIR, in a file of the module's name, and machine code for cargo to link. If anything is
/// wrong it says so the way cargo shows best, and ends the build. For all else there is
/// [`Build`].
pub fn compile(path: impl Into<PathBuf>) -> Output {
    Build::new().wasm(path).compile()
}
