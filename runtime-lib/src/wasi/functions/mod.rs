//! What the functions do. Each has the name and the parameters of its row in
//! [`wasmaot_abi::wasi`], and returns the number of the error, if there is one.
//!
//! They read what the guest gave them out of its memory, look whether the descriptor may be used
//! for it, and pass it on to what the descriptor stands for. Addresses for results are checked
//! before anything happens.

#![allow(clippy::too_many_arguments, reason = "they are the specification's")]

mod files;
mod paths;
mod poll;
mod process;
mod sockets;
mod table;

pub(super) use files::*;
pub(super) use paths::*;
pub(super) use poll::*;
pub(super) use process::*;
pub(super) use sockets::*;
pub(super) use table::*;

use super::Errno;

type Result<T = (), E = Errno> = std::result::Result<T, E>;
