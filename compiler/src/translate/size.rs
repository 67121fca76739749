//! How much a function becomes in translation, so that memory and time follow from how long it is
//! and from nothing else. What code generation costs is in proportion to what is counted here.
//!
//! Two things make much of little: locals that live across many joints of control flow, for
//! which the frontend makes a value at each; and calls and blocks with hundreds of operands, in
//! two bytes. A function with too much is translated again with its locals in the frame; if that
//! is too much as well, it is refused. Functions that compilers make are far below either.

use super::context::Context;
use crate::error::{Error, Result};
use crate::module::Body;

/// What every function may become, whatever its length: 50,000 locals are declared in a few bytes.
const ANY: usize = 300_000;
/// Beyond this a function's locals go into the frame.
const FEW: usize = 20_000;
/// The same, for each byte of the body.
const FEW_PER_BYTE: usize = 16;
/// As many blocks as there are for each local: the frontend may note four bytes for each.
const JOINTS: usize = 32 << 20;
/// What a function may become for each byte of its body.
const PER_BYTE: usize = 32;

/// How a translation went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filled {
    /// All is there.
    Whole,
    /// It was given up: there is too much of it unless locals are in the frame.
    TooMuch,
}

/// Looks whether a function's translation is still within bounds.
///
/// # Errors
/// `TooLarge`, if nothing helps.
pub fn check(cx: &Context<'_, '_>, body: &Body<'_>) -> Result<Filled> {
    let len = body.bytes.len();
    if cx.given_up {
        return Ok(Filled::TooMuch);
    }
    let size = size(cx);
    if is_usual(cx, len, size) {
        return Ok(Filled::Whole);
    }
    if !cx.locals_in_frame && (cx.locals.len() > 1 || cx.inlined_len > 0) {
        return Ok(Filled::TooMuch);
    }
    if size <= ANY + PER_BYTE * len {
        return Ok(Filled::Whole);
    }
    Err(Error::TooLarge {
        offset: Some(cx.offset),
        message: format!(
            "what a function of {len} bytes does comes to more than {size} values and operands \
             here: it has too many parameters, results and blocks for its length"
        ),
    })
}

/// Whether a function's translation is within bounds, in the midst of code that is put into it.
pub fn is_whole(cx: &Context<'_, '_>, body: &Body<'_>) -> bool {
    is_usual(cx, body.bytes.len(), size(cx))
}

fn size(cx: &Context<'_, '_>) -> usize {
    let dfg = &cx.builder.func.dfg;
    dfg.num_values() + dfg.num_insts() + dfg.value_lists.capacity()
}

fn is_usual(cx: &Context<'_, '_>, len: usize, size: usize) -> bool {
    let joints = cx.locals.len().saturating_mul(cx.builder.func.dfg.num_blocks());
    size <= FEW + FEW_PER_BYTE * (len + cx.inlined_len) && joints <= JOINTS
}
