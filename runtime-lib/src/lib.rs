//! The runtime library of wasmaot: what a program links with to run guests that were compiled
//! ahead of time. It makes instances, keeps their memories and tables, turns faults into
//! [`Trap`]s and calls the functions that the program gives to its guests. It never sees wasm,
//! compiles nothing and makes no memory executable.
//!
//! Most programs use the bindings that `wasmaot-build` writes for a guest; they are a thin layer
//! over what is here:
//!
//! - A [`Store`] owns instances and all that belongs to them, and the host's own data for them.
//! - A [`Module`] is a compiled guest; an [`Instance`] is one that was given its [`Imports`].
//! - [`Func`], [`Memory`], [`Table`] and [`Global`] are what instances import and export: small
//!   copyable handles, used together with the store they belong to. (With another store's, they
//!   panic.)
//! - [`ExternRef`] is any value of the host's that guests can hold.
//! - [`Error`] says why something failed: a [`Trap`], a [`LinkError`], or a host function's own
//!   error as itself.
//!
//! # Limits
//!
//! | what | how | beyond |
//! |---|---|---|
//! | memories, tables, instances | [`Limits`] | refused; `memory.grow` and `table.grow` are -1 |
//! | stack | [`Limits::stack`] | [`TrapCode::StackOverflow`] |
//! | instructions | fuel: [`Store::set_fuel`], [`Store::on_out_of_fuel`] | [`TrapCode::OutOfFuel`] |
//! | time | [`Store::set_deadline`], [`InterruptHandle::interrupt_after`] | [`TrapCode::Interrupted`] |
//! | whatever the host says | [`InterruptHandle::interrupt`] | [`TrapCode::Interrupted`] |
//!
//! Fuel counts, and time ends what computes, in guests that were compiled with the options `fuel` and
//! `epochs`; waits of guests end in any case.
//!
//! # Cargo features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `std` | yes | needed, for now |
//! | `signals` | yes | runs modules that trap by faults (the compiler's default). The first such module that is instantiated installs handlers for SIGSEGV, SIGBUS, SIGILL and SIGFPE; see [`signals`] |
//! | `wasi` | no | [WASI](wasi), for guests that were compiled with it |
//!
//! # Threads and stacks
//!
//! A store can be moved to another thread between calls; many threads can each use their own.
//! What guests on different threads have in common is a [`SharedMemory`], which any number of
//! stores can use at the same time. A guest that waits there keeps its thread until somebody wakes
//! it up, its time is up, or it is interrupted.
//!
//! Guests run on the thread's own stack and may use it up to 256 KiB before its end (half of a
//! stack smaller than 512 KiB; with explicit checks never the last 96 KiB), which is what functions
//! of the host, called by a guest, can rely on. Beyond, a guest traps with
//! [`TrapCode::StackOverflow`]. [`Limits::stack`] gives them less. Code that runs threads of its own making on other stacks
//! (coroutines) has to call guests on the thread's real one: elsewhere calls panic, or trap at once.

#[cfg(not(feature = "std"))]
compile_error!("wasmaot needs its feature `std`");

mod arch;
pub mod bindings;
mod builtins;
mod error;
mod externref;
mod frames;
mod func;
mod gc;
mod global;
mod handle;
mod host;
mod images;
mod instance;
mod interrupt;
mod limits;
mod link;
mod memory;
mod module;
mod platform;
mod raw;
mod shared;
#[cfg(feature = "signals")]
pub mod signals;
mod store;
mod table;
mod thread;
mod trap;
mod types;
mod unwind;
mod value;
mod vector;
#[cfg(feature = "wasi")]
pub mod wasi;

pub use bindings::HostError;
pub use error::{Error, Result};
pub use externref::ExternRef;
pub use func::Func;
pub use func::typed::TypedFunc;
pub use func::wrap::{HostResult, IntoFunc};
pub use global::Global;
pub use host::Caller;
pub use instance::{Export, Instance};
pub use interrupt::{Epoch, InterruptHandle, Timer, Watch};
pub use link::{Extern, ImportProblem, Imports, LinkError};
pub use memory::{Memory, MemoryAccessError};
pub use module::Module;
pub use shared::{SharedMemory, WaitResult};
pub use store::{AsStore, AsStoreMut, Limits, Store};
pub use table::Table;
pub use trap::{Frame, Trap};
pub use types::{
    ConcreteFuncType, ExportType, ExternType, FuncType, GlobalType, HeapType, ImportType,
    MemoryType, RefType, TableType, ValType,
};
pub use value::{Val, WasmParams, WasmResults, WasmTy};
pub use vector::V128;
pub use wasmaot_abi::traps::TrapCode;
