//! Calls of [functions that are put in place](crate::plan::inline): their code instead.
//!
//! The function becomes a block, its parameters and locals further locals. Its instructions keep their
//! places in the file, and [`Origins`](super::srcloc::Origins) the calls around them, so traps,
//! backtraces and debug information are those of a function that was called. How much a function
//! grows so is bounded by its length.

use wasmparser::Operator;

use super::context::Context;
use super::stack::Kind;
use super::{at, control, invalid, local, operator, size};
use crate::error::Result;
use crate::index::FuncIndex;
use crate::module::Body;
use crate::plan::inline::Inline;

/// What a function may grow by, in bytes of wasm: by as much as it has, and by a fixed amount, which the
/// shortest have less of.
const ANY: usize = 512;
const SHORT: usize = 64;
const PER_BYTE: usize = 16;
/// The longest code of a function into which others are put. In long ones (an interpreter's loop, say)
/// registers are short, and what else is put there takes them from all of it.
const LARGE: usize = 4096;
/// The same for what is called from one place.
const LARGE_FOR_ONCE: usize = 2000;
/// The longest code of a small function that stands in place of calls outside of loops, too. Elsewhere
/// longer ones are not worth the time that it takes to compile them again.
const TINY: usize = 48;
/// How deep a function is put into itself.
const LEVELS: usize = 2;
/// How deep functions are put into each other: translation calls itself for each.
const DEEPEST: usize = 12;

/// How many bytes of others may be put into a function. What is put into itself is that often enough.
pub fn budget(kind: Option<&Inline>, body: &Body<'_>) -> usize {
    let own = body.bytes.len();
    let any = ANY.min(SHORT + PER_BYTE * own);
    if kind == Some(&Inline::Itself) { any } else { any + own }
}

/// The code to replace a call with, if it is to be replaced, as far as that does not depend on how much has been.
fn wanted<'t>(cx: &Context<'t, '_>, func: FuncIndex) -> Option<&'t Body<'t>> {
    let kind = cx.plan.inline.get(&func)?;
    let body_of = |func: FuncIndex| cx.module.functions[func].body.as_ref();
    let body = body_of(func)?;
    let own = cx.within.first().and_then(|&func| body_of(func)).map_or(0, |body| body.bytes.len());
    if cx.locals_in_frame || cx.within.len() > DEEPEST || own > LARGE {
        return None;
    }
    let wanted = match kind {
        Inline::Small => body.bytes.len() <= TINY || loops(cx) > 0,
        Inline::Once => !cx.is_cold() && own <= LARGE_FOR_ONCE,
        Inline::Itself => {
            let times = cx.within.iter().filter(|&&within| within == func).count();
            cx.within.first() == Some(&func) && times <= LEVELS && !cx.is_cold()
        }
    };
    wanted.then_some(body)
}

/// How many loops are around a place.
fn loops(cx: &Context<'_, '_>) -> usize {
    cx.stack.frames.iter().filter(|frame| matches!(frame.kind, Kind::Loop)).count()
}

/// Puts the code of a function in place of its call, if that is to be.
///
/// # Errors
/// As [`operator::translate`].
pub fn call(cx: &mut Context<'_, '_>, func: FuncIndex) -> Result<bool> {
    let Some(body) = wanted(cx, func) else { return Ok(false) };
    let module = cx.module;
    let Some(left) = cx.inline_budget.checked_sub(body.bytes.len()) else { return Ok(false) };
    let (parent, call) = (cx.inlined, cx.offset);
    let Some(inlined) = cx.origins.inline(parent, call, func, body) else { return Ok(false) };
    cx.inline_budget = left;
    cx.inlined_len += body.bytes.len();
    cx.loop_depth = cx.loop_depth.max(loops(cx) + body.loop_depth);

    let sig = module.functions[func].sig;
    let params = &module.signatures[sig].params;
    let args = cx.stack.top(params.len()).to_vec();
    cx.stack.drop(params.len());
    let locals = std::mem::take(&mut cx.locals);
    let own = cx.body.replace(body);
    cx.within.push(func);
    for (&ty, arg) in params.iter().zip(args) {
        local::declare(cx, ty, 1, arg);
    }
    let depth = cx.stack.frames.len();
    control::function(cx, sig);
    let mut operators = super::declare_locals(cx, body)?;
    cx.inlined = inlined;
    while cx.stack.frames.len() > depth && !cx.given_up {
        let (operator, offset) = operators.read_with_offset().map_err(invalid)?;
        at(cx, offset as usize);
        match operator {
            Operator::Return if cx.stack.reachable => {
                control::br(cx, (cx.stack.frames.len() - depth - 1) as u32);
            }
            operator => operator::translate(cx, &operator)?,
        }
        cx.given_up |= !size::is_whole(cx, body);
    }
    let used = std::mem::replace(&mut cx.locals, locals);
    local::release(cx, used);
    cx.body = own;
    cx.within.pop();
    cx.inlined = parent;
    at(cx, call);
    Ok(true)
}
