//! From bytes to a valid [`Module`]: the only reader of the binary format.
//!
//! `validate` lets the validator see everything and keeps the sections; `sections` makes the
//! module of them; `scan` looks for what the code uses as it is validated; `hints` reads branch hints. If
//! the validator refuses, `limits` and `proposals` find out whether the module is wrong, or only
//! too large or newer than what is supported.
//! To support one more proposal: set it to `On` in the table in `proposals`, and teach `sections`
//! and `scan` what it brings.

mod const_expr;
mod hints;
mod limits;
mod proposals;
pub mod scan;
mod sections;
pub mod types;
mod validate;

use self::validate::Outside;
use crate::error::{Error, Result};
use crate::module::Module;

pub use proposals::Accepted;

/// Reads and validates a module, function bodies included (in parallel). It may use `accepted`.
///
/// # Errors
/// `Invalid`, `Unsupported` or `TooLarge`, with the offset.
pub fn parse(wasm: &[u8], accepted: Accepted) -> Result<Module<'_>> {
    check_header(wasm)?;
    let Outside { payloads, functions, end } = validate::outside(wasm, accepted.features());
    let refuse = |error| {
        limits::too_large(&error).unwrap_or_else(|| proposals::diagnose(wasm, error, accepted))
    };
    // What is wrong in a body comes before what is wrong, or not supported, elsewhere.
    let builder = end.as_ref().ok().map(|()| sections::outside(payloads));
    let known = builder.as_ref().and_then(|builder| Some(&builder.as_ref().ok()?.module));
    let scans = validate::bodies(&functions, known).map_err(refuse)?;
    end.map_err(refuse)?;
    let mut builder = builder.transpose()?.unwrap_or_default();
    let bodies = functions.into_iter().map(|(_, body)| body);
    builder.bodies(bodies, scans.into_iter().flatten());
    Ok(builder.finish())
}

/// Refuses what is no core module at all, saying what it looks like instead. A header that is
/// only cut off is left to the validator.
fn check_header(wasm: &[u8]) -> Result<()> {
    const MAGIC: &[u8] = b"\0asm";
    let invalid = |message: String| Err(Error::Invalid { offset: 0, message });
    if wasm.is_empty() {
        return invalid("the file is empty".into());
    }
    if !MAGIC.starts_with(&wasm[..wasm.len().min(4)]) {
        let text = wasm.trim_ascii_start();
        if text.starts_with(b"(") || text.starts_with(b";;") {
            return invalid(
                "this is WebAssembly's text format, and a binary is needed: translate it first, \
                 for example with `wasm-tools parse` or `wat2wasm`"
                    .into(),
            );
        }
        let start: Vec<_> = wasm.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        return invalid(format!(
            "this is not a WebAssembly module: it starts with the bytes {} instead of 00 61 73 6d",
            start.join(" ")
        ));
    }
    // Core modules are layer 0, components layer 1 (component-model, Binary.md).
    if wasm.get(6..8) == Some(&[1, 0]) {
        return Err(Error::Unsupported {
            offset: 4,
            feature: "component-model (the file is a component, not a core module)".into(),
            help: "components are not supported yet: build the guest as a core module, for \
                   example for the target wasm32-unknown-unknown"
                .into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
