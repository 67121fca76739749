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
//! that it was made of, and is not generated again for the same key. Where only some of a guest's
//! functions changed, the others' machine code comes from a [cache], which all build scripts of a
//! user and `cargo wasmaot` share; nothing is different for it but the time that builds take.
//!
//! Checks and documentation (`cargo check`, `clippy`, `doc`, and rust-analyzer, which calls the
//! first) need bindings, but link nothing, so no machine code is generated for them; the next build
//! does it. Cargo tells a build script nothing of this, so the script looks at the command
//! line of the cargo that runs it, on Linux. What follows from that:
//!
//! - Between a change of the guest and the next build, each check runs the build script again (which
//!   only reads and validates the module) and checks the package again.
//! - With a profile without debug information, as the release profile, and elsewhere than on Linux,
//!   checks generate machine code, once per change.
//! - A guest that runs on the building machine, in a procedural macro or a build script, is needed in
//!   checks, too. Cargo builds such packages without debug information, by which they are told.
//!   Where that is not so (`build-override.debug` is set, or the package is an ordinary dependency
//!   at the same time), set `WASMAOT_BINDINGS_ONLY=0`.
//!
//! On docs.rs and with `WASMAOT_BINDINGS_ONLY=1` there is never any machine code.
//!
//! # Environment
//!
//! | variable | what |
//! |---|---|
//! | `WASMAOT_GUEST_TOOLCHAIN` | a folder with the `cargo` and `rustc` that build guests; else those of the build |
//! | `WASMAOT_BINDINGS_ONLY` | `1`: make bindings without machine code; `0`: generate machine code in checks, too |
//! | `WASMAOT_CACHE` | `off`: no cache of machine code |
//! | `WASMAOT_CACHE_DIR` | the folder of caches; else `wasmaot` in `$XDG_CACHE_HOME` or `~/.cache` |
//! | `WASMAOT_CACHE_SIZE` | how many bytes the cache of machine code may hold (`512M`, `2G`); else `1G` |
//! | `WASMAOT_CACHE_FETCH`, `WASMAOT_CACHE_PUBLISH` | commands that share machine code with others, such as `curl -sf https://cache.example/{key}` and `curl -sf -T - https://cache.example/{key}`: see [`cache::Client`] |

#![forbid(unsafe_code)]

mod archive;
mod builder;
mod c_header;
pub mod cache;
mod cargo;
mod env;
mod error;
mod guest;
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
pub use cache::Cache;
pub use cargo::Lines;
pub use env::{Env, MachineCode};
pub use error::Error;
pub use options::Options;
pub use package::Package;
pub use rust::{rust_bindings, rust_bindings_linked};
pub use wasmaot_compiler::{Interface, OptLevel};

/// Compiles a module, in the binary or the text format, in a build script: leaves bindings in
/// OUT_DIR, in a file of the module's name, and machine code for cargo to link. If anything is
/// wrong it says so the way cargo shows best, and ends the build. For all else there is
/// [`Build`].
pub fn compile(path: impl Into<PathBuf>) -> Output {
    Build::new().wasm(path).compile()
}
