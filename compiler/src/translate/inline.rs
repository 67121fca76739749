//! Calls of [small functions](crate::plan::small): their code instead.
//!
//! The function becomes a block, its parameters and locals further locals, and all of it comes from
//! the place of the call, as traps and debug information see it. How much a function grows so is
//! bounded by its length.

use wasmparser::Operator;

use super::context::Context;
use super::{control, invalid, local, operator};
use crate::error::Result;
use crate::index::FuncIndex;
use crate::module::Body;

/// What any function may grow by, in bytes of wasm.
const ANY: usize = 512;

/// How many bytes of other functions may be put into one.
pub fn budget(body: &Body<'_>) -> usize {
    ANY + body.bytes.len()
}

/// Puts the code of a function in place of its call, if that is to be.
///
/// # Errors
/// As [`operator::translate`].
pub fn call(cx: &mut Context<'_, '_>, func: FuncIndex) -> Result<bool> {
    if !cx.plan.small.contains(&func) || cx.locals_in_frame {
        return Ok(false);
    }
    let module = cx.module;
    let body = module.functions[func].body.as_ref().expect("only defined functions are small");
    let Some(left) = cx.inline_budget.checked_sub(body.bytes.len()) else { return Ok(false) };
    cx.inline_budget = left;

    let sig = module.functions[func].sig;
    let params = &module.signatures[sig].params;
    let args = cx.stack.top(params.len()).to_vec();
    cx.stack.drop(params.len());
    let locals = std::mem::take(&mut cx.locals);
    // Its hints stand at places of its own.
    let own = cx.body.take();
    for (&ty, arg) in params.iter().zip(args) {
        local::declare(cx, ty, 1, arg);
    }
    let depth = cx.stack.frames.len();
    control::function(cx, sig);
    let mut operators = super::declare_locals(cx, body)?;
    while cx.stack.frames.len() > depth {
        match operators.read().map_err(invalid)? {
            Operator::Return if cx.stack.reachable => {
                control::br(cx, (cx.stack.frames.len() - depth - 1) as u32);
            }
            operator => operator::translate(cx, &operator)?,
        }
    }
    let used = std::mem::replace(&mut cx.locals, locals);
    local::release(cx, used);
    cx.body = own;
    Ok(true)
}
