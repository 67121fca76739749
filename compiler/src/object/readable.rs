//! Names of functions as backtraces show them: what Rust's compiler encoded is decoded here, so that programs
//! need no decoder.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// More bytes of a decoded name than these are no help to a reader. Names can be made to decode to
/// much more than they are.
const MOST: usize = 1 << 10;

/// A function's name, readable, without hashes; as it is, if it is not one of Rust's.
pub(super) fn readable(name: &str) -> Cow<'_, str> {
    let Ok(decoded) = rustc_demangle::try_demangle(name) else { return name.into() };
    let mut text = Bounded(String::new());
    match write!(text, "{decoded:#}") {
        Ok(()) => text.0.into(),
        Err(fmt::Error) => name.into(),
    }
}

/// A text that ends at [`MOST`] bytes, by an error.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > MOST {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_are_decoded_and_no_others() {
        assert_eq!(
            readable("_ZN4core9panicking5panic17h0123456789abcdefE"),
            "core::panicking::panic"
        );
        // Of the reference for this form of names, "v0".
        assert_eq!(readable("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
        for name in ["", "main", "_ZN3fooEv", "parser::parse", "_R", "_ZN"] {
            assert_eq!(readable(name), name);
        }
    }

    /// A generic function of so many types, each a tuple of the one before, twice.
    fn nested(levels: usize) -> String {
        let digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".as_bytes();
        let mut name = String::from("_RINvC1a1fTmmE");
        let mut before = "INvC1a1f".len();
        for _ in 0..levels {
            // A number in base 62, of which `_` is 0, `0_` 1 and so on.
            let (high, low) = ((before - 1) / 62, (before - 1) % 62);
            let high = if high > 0 { char::from(digits[high]).to_string() } else { String::new() };
            let reference = format!("B{high}{}_", char::from(digits[low]));
            before = name.len() - "_R".len();
            name += &format!("T{reference}{reference}E");
        }
        name + "E"
    }

    #[test]
    fn a_name_that_would_become_huge_stays_as_it_is() {
        let two = "a::f::<(u32, u32), ((u32, u32), (u32, u32))>";
        assert_eq!(readable(&nested(1)), two);
        let name = nested(40);
        assert!(rustc_demangle::try_demangle(&name).is_ok());
        assert_eq!(readable(&name), name);
    }
}
