//! The native signatures at the border between host and guest.
//!
//! Inside a module functions call each other in a convention that is nobody else's business
//! (Cranelift's `tail`, with both contexts in front unless nobody else can call a function). The border is crossed in the platform's C convention:
//!
//! | name | direction | shape |
//! |---|---|---|
//! | `wasm_call` | host to guest | callee context, caller context, then each wasm parameter by its own C type; with two results or more, or one that is a `v128`, last, a pointer to that many [`ValRaw`] slots that receive them; returns [`VmReturn`] |
//! | [`ArrayCall`] | host to guest | callee context, caller context, slots that hold the parameters and receive the results, their number |
//! | native call | guest to host | parameters as of a `wasm_call`, the callee context being a [`VmHostContext`]; returns the result by its own C type if there is one and not in a slot, else nothing |
//! | array call | guest to host | as [`ArrayCall`], the callee context being a [`VmHostContext`] |
//!
//! The C types: `i32`, `i64`, `f32`, `f64` as themselves, `funcref` as `*mut VmFuncRef`,
//! `externref` as `u32`; `v128` as two `u64`, the low half first, each a parameter of its own.
//!
//! A call that fails leaves its results undefined and the reason with the runtime: whoever
//! made the call asks the runtime of the calling store for it. A native call that fails does not
//! return: it has the runtime resume at the innermost entry, when nothing of its own is left to drop.
//!
//! On x86-64 parameters other than vectors, and one such result, lie in the same places by the C
//! convention and by the guests' own, which also preserve the same registers. (Only what of the stack holds
//! parameters guests' functions take off themselves.) There a function of the host can record itself
//! where the guest left ([`VmExit`]), and guests call it with nothing in between.
//!
//! [`VmExit`]: crate::context::VmExit
//! [`VmHostContext`]: crate::context::VmHostContext

use crate::context::VmContext;
use crate::value::ValRaw;

/// What a `wasm_call` returns: two registers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmReturn {
    /// The single result in its low bytes, floating-point numbers by their bits; undefined
    /// with no result, with results in slots, or after a failure.
    pub value: u64,
    /// 0 if the call returned, 1 if it failed.
    pub status: u64,
}

/// A call whose arguments and results lie in an array, for callers that learn a function's
/// type at run time. The array has `max(parameters, results)` slots. Returns whether the call
/// succeeded.
pub type ArrayCall = unsafe extern "C" fn(
    callee: *mut VmContext,
    caller: *mut VmContext,
    values: *mut ValRaw,
    len: usize,
) -> bool;

/// As [`ArrayCall`], for any function of one type: `wasm_call` says which, and `callee` is the
/// context that it was made for. See [`VmFuncType::enter`](crate::module::VmFuncType::enter).
pub type EnterCall = unsafe extern "C" fn(
    callee: *mut VmContext,
    caller: *mut VmContext,
    values: *mut ValRaw,
    wasm_call: *const u8,
) -> bool;

/// A function of a module that only the runtime calls: initialisation and the start function.
/// Returns whether it succeeded.
pub type PlainCall = unsafe extern "C" fn(callee: *mut VmContext, caller: *mut VmContext) -> bool;
