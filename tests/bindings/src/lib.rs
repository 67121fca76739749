//! Guests by way of a build script and bindings, as a user has them; `tests/` uses them.
//!
//! The strictest lints that a user's crate may have are on: bindings are no reason to turn any
//! of them off.

#![deny(warnings, missing_docs, unsafe_op_in_unsafe_fn, rustdoc::all, clippy::all)]

wasmaot::include_guest!(pub mod numbers);
wasmaot::include_guest!(pub mod names);
wasmaot::include_guest!(pub mod references);
wasmaot::include_guest!(pub mod empty);
wasmaot::include_guest!(pub mod many);
wasmaot::include_guest!(pub mod hosted);
wasmaot::include_guest!(pub mod memories);
wasmaot::include_guest!(pub mod narrow);
