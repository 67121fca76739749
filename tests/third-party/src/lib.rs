//! Modules of real packages, driven through bindings, and what others say they must compute.
//!
//! `guests/third-party/README.md` tells how each module is called; `drivers/` has a file a module
//! that does so. Every module is compiled in both trap styles, so the drivers are here twice, each
//! time with other bindings around them. `tests/` compares what they return.
//!
//! To add a module: a name in `build.rs`, a line in both lists of bindings, a driver.

#![deny(warnings, missing_docs, unsafe_op_in_unsafe_fn, rustdoc::all, clippy::all)]

/// Imports that need do nothing: whatever they are passed, they return the same.
macro_rules! stubs {
    ($type:ty = $value:expr; $($name:ident($($param:tt),*);)*) => {
        $(fn $name(
            _: wasmaot::Caller<'_, Self>,
            $($param: i32),*
        ) -> std::result::Result<$type, wasmaot::HostError> {
            Ok($value)
        })*
    };
}

pub mod case;
pub mod checked;
pub mod signals;

use case::{Case, Result};
use serde_json::Value;

/// Makes an instance, gives it a case's input, and returns what came out in the form of the
/// case's `expected`.
pub type Driver = fn(&Case<'_>) -> Result<Value>;
