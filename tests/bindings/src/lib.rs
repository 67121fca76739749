//! Guests by way of a build script and bindings, as a user has them; `tests/` uses them.
//!
//! The strictest lints that a user's crate may have are on: bindings are no reason to turn any
//! of them off.
//!
//! A function that the guest imports and nobody provides is an error of rustc, which names it:
//!
//! ```compile_fail,E0046
//! use wasmaot_bindings_tests::many::Env;
//! struct Host;
//! impl Env for Host {}
//! ```
//!
//! ```compile_fail,E0277
//! struct Host;
//! wasmaot_bindings_tests::many::Many::new(Host);
//! ```
//!
//! and so is one with another type:
//!
//! ```compile_fail,E0053
//! use wasmaot::{Caller, HostError};
//! use wasmaot_bindings_tests::hosted::Clock;
//! struct Host;
//! impl Clock for Host {
//!     fn now(_: Caller<'_, Self>) -> Result<i32, HostError> { Ok(0) }
//!     fn r#type(
//!         _: Caller<'_, Self>,
//!         a: Option<wasmaot::ExternRef>,
//!     ) -> Result<(Option<wasmaot::ExternRef>, i32), HostError> { Ok((a, 0)) }
//! }
//! ```

#![deny(warnings, missing_docs, unsafe_op_in_unsafe_fn, rustdoc::all, clippy::all)]

wasmaot::include_guest!(pub mod metered);
wasmaot::include_guest!(pub mod numbers);
wasmaot::include_guest!(pub mod slots);
wasmaot::include_guest!(pub mod reactor);
wasmaot::include_guest!(pub mod spawner);
wasmaot::include_guest!(pub mod names);
wasmaot::include_guest!(pub mod references);
wasmaot::include_guest!(pub mod empty);
wasmaot::include_guest!(pub mod many);
wasmaot::include_guest!(pub mod hosted);
wasmaot::include_guest!(pub mod memories);
wasmaot::include_guest!(pub mod shared);
wasmaot::include_guest!(pub mod typed);
wasmaot::include_guest!(pub mod narrow);
wasmaot::include_guest!(pub mod vectors);
wasmaot::include_guest!(pub mod exact);
