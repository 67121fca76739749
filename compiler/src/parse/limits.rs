//! What is too large. The limits are those that WebAssembly engines have agreed on
//! (JavaScript API, "Implementation-defined limits") and the validator keeps; this file says so
//! in words that tell them from mistakes in the module.

use crate::error::Error;

/// What the validator says of a limit, and what that means.
const LIMITS: &[(&str, &str)] = &[
    ("function params size is out of bounds", "a function type has more than 1,000 parameters"),
    ("function returns size is out of bounds", "a function type has more than 1,000 results"),
    ("too many locals", "a function has more than 50,000 locals"),
    ("string size out of bounds", "a name is longer than 100,000 bytes"),
    ("br_table size is out of bounds", "a `br_table` has more than 7,654,321 targets"),
    ("function body size count", "a function's body is larger than 7,654,321 bytes"),
    ("number of elements is out of bounds", "an element segment has more than 10,000,000 items"),
];

/// The error as one about a limit, if it is.
pub fn too_large(error: &wasmparser::Error) -> Option<Error> {
    let message = error.message();
    let known = LIMITS.iter().find(|(start, _)| message.starts_with(start));
    let message = match known {
        Some((_, meaning)) => (*meaning).into(),
        // `types count exceeds limit of 1000000`, and so on.
        None if message.contains(" count exceeds limit of ") => {
            message.replace(" count exceeds limit of ", ": there are more than ")
        }
        None => return None,
    };
    Some(Error::TooLarge { offset: Some(error.offset() as usize), message })
}
