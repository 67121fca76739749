//! WASI preview 1: what programs for `wasm32-wasip1` import, of the system and with nothing
//! granted that the host did not grant.
//!
//! A guest that was compiled with the option `wasi` finds the functions by itself; what they may
//! do for it says the [`WasiCtx`] of its store:
//!
//! ```
//! use wasmaot::Store;
//! use wasmaot::wasi::WasiCtx;
//!
//! let wasi = WasiCtx::builder().arg("program").env("LANG", "C").inherit_stdio().build()?;
//! let mut store = Store::new(());
//! store.set_wasi(wasi);
//! // let guest = Guest::with_store(&mut store)?;
//! # Ok::<(), wasmaot::Error>(())
//! ```
//!
//! # What holds
//!
//! - A guest has the folders, streams and sockets that it was given and what it finds below or
//!   through those; no path, link or other program's renaming leads anywhere else.
//! - A descriptor has rights, as the specification says, which a guest can give up. What was not
//!   opened for reading or writing fails as everywhere (`BadF`), what was given up with `NotCapable`.
//! - Addresses outside of memory are `Fault`, before anything has happened.
//! - Reading and writing go between the system and the guest's memory without a copy. They can do less
//!   than they were asked for.
//! - What waits ends when the store is interrupted. Two things only do not: opening a pipe that
//!   nobody has at its other end, and streams that the host itself reads or writes.
//!
//! # What a host can give
//!
//! | of | by |
//! |---|---|
//! | arguments, variables | `arg`, `args`, `env`, `inherit_env` |
//! | standard streams | `inherit_stdio`, or each by itself: inherited, any `Read` or `Write`, or [`Captured`] |
//! | folders | `folder` for one of the system's, `memory_folder` for [`MemoryFiles`]; to read, or to write, too |
//! | sockets | `socket` for any that is open; the guest accepts, sends and receives |
//! | time, random bytes | the system's, or the same in each run: `clock` with a [`Clock`], `random_seed` |
//!
//! Descriptors are numbered so: 0 to 2 for the streams, folders from 3 on, then sockets, each in the
//! order of the calls.
//!
//! `proc_exit` stops the guest with an error that [is](crate::Error::downcast_ref) an [`Exit`].

mod builder;
mod clock;
mod ctx;
mod errno;
mod functions;
mod guest;
mod host_file;
mod host_folder;
mod interrupt;
mod iovecs;
mod memory_files;
mod memory_tree;
mod object;
mod path;
pub mod program;
mod provided;
mod random;
mod sandbox;
mod socket;
mod streams;
mod table;
mod threads;
mod types;

use wasmaot_abi::wasi::{PREVIEW_1, UNSTABLE, WASI, WasiFunction};

use crate::link::Imports;
use crate::store::{AsStore, AsStoreMut, Store, inner, inner_mut};

pub use builder::{Access, WasiCtxBuilder};
pub use clock::Clock;
pub use ctx::WasiCtx;
pub use errno::Errno;
pub use memory_files::MemoryFiles;
pub use streams::Captured;
pub use threads::NewThread;

/// The error of a guest that called `proc_exit`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The code that it gave. Operating systems take less of it than 32 bits.
    pub code: u32,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the guest exited with code {}", self.code)
    }
}

impl std::error::Error for Exit {}

impl<T> Store<T> {
    /// Lets the store's guests use WASI, within what the context allows. They had better not run
    /// yet: what they have opened is in the context that they had.
    pub fn set_wasi(&mut self, wasi: WasiCtx) {
        set(self, wasi);
    }

    /// What the store's guests use WASI with.
    pub fn wasi(&self) -> Option<&WasiCtx> {
        get(self)
    }
}

/// Provides every function of WASI under its names, for modules that were not compiled with the
/// option `wasi`. A program that calls this contains all of them.
pub fn define(mut store: impl AsStoreMut, imports: &mut Imports) {
    let unstable = WasiFunction::names().map(|name| (UNSTABLE, name));
    let names = WasiFunction::names().map(|name| (PREVIEW_1, name)).chain(unstable);
    for (module, name) in names.chain([(WASI, "thread-spawn")]) {
        if let Some(function) = WasiFunction::find(module, name) {
            imports.define(module, name, provided::func(inner_mut(&mut store), function));
        }
    }
}

fn set(store: &mut impl AsStoreMut, wasi: WasiCtx) {
    inner_mut(store).wasi = Some(wasi);
}

fn get(store: &impl AsStore) -> Option<&WasiCtx> {
    inner(store).wasi.as_ref()
}
