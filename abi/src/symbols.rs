//! The names of everything in an object file. No other file spells a symbol.
//!
//! | shape | binding | what |
//! |---|---|---|
//! | `wasmaot_abi_v<N>` | runtime | the ABI's version; every module refers to it |
//! | `wasmaot_builtin_<name>` | runtime | a builtin |
//! | `wasmaot_wasi_<name>` | runtime, with `wasi` | a function of WASI, as an import |
//! | `<prefix><module>_<export>_wasm_call` | global | an exported function, typed entry |
//! | `<prefix><module>_<export>_array_call` | global | an exported function, array entry |
//! | `<prefix><module>_module` | global | the module's `VmModule` |
//! | `<prefix><module>_exports` | global | the module's `VmExports` |
//! | `wasmaot_v<N>_type_<type>` | merged | a `VmFuncType` |
//! | `wasmaot_v<N>_enter_<type>` | merged | its way in |
//! | `wasmaot_v<N>_exit_native_…`, `…_exit_array_…` | merged | its ways out |
//! | `wasmaot_v<N>_exit_builtin_<name>` | merged | the way out to a builtin |
//! | `wasm[<module>]::function[<index>]::<name>` | local | a function's body |
//! | `wasm[<module>]::<what>` | local | anything else of the module |
//!
//! `<module>` and `<export>` are wasm names made into C identifiers by [`encode_name`]: ASCII
//! letters other than `Z`, digits and underscores stand for themselves, `Z` becomes `ZZ`, every
//! other byte `Z` and two lower-case hexadecimal digits, and the empty name is a lone `Z`. In
//! `<module>` the underscore is encoded too, so the first underscore after the prefix ends the
//! module's name. [`decode_name`] is the way back.
//!
//! `<type>` is the [`type_name`] of a function type.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ABI_VERSION;
use crate::value::ValKind;

/// The symbol that only a runtime of this ABI version defines.
pub const ABI_SYMBOL: &str = "wasmaot_abi_v1";

const _: () = assert!(ABI_VERSION == 1, "rename ABI_SYMBOL and the runtime's definition");

/// The prefix of exported symbols unless the user chooses another.
pub const DEFAULT_PREFIX: &str = "wasm_";

/// The symbol of a builtin.
pub fn builtin(name: &str) -> String {
    format!("wasmaot_builtin_{name}")
}

/// The symbol of a function of WASI, by its name in [the table](crate::wasi).
pub fn wasi(name: &str) -> String {
    format!("wasmaot_wasi_{name}")
}

/// The trampoline to a builtin.
pub fn exit_builtin(name: &str) -> String {
    format!("wasmaot_v{ABI_VERSION}_exit_builtin_{name}")
}

/// A thing that exists once per function type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum PerType {
    /// The `VmFuncType`.
    Type,
    /// The way in.
    Enter,
    /// The way out to a native call.
    ExitNative,
    /// The way out to an array call.
    ExitArray,
}

/// The symbol of a thing that exists once per function type, by the type's [`type_name`].
pub fn per_type(what: PerType, type_name: &str) -> String {
    let what = match what {
        PerType::Type => "type",
        PerType::Enter => "enter",
        PerType::ExitNative => "exit_native",
        PerType::ExitArray => "exit_array",
    };
    format!("wasmaot_v{ABI_VERSION}_{what}_{type_name}")
}

/// A value type for [`type_name`]: its kind, whether it may be null if it is a reference, and if
/// that refers to functions of one type, the name of that type.
pub type TypeWords<'a> = (ValKind, bool, Option<&'a str>);

/// The name of a function type: its parameters, an underscore, its results. Equal types have
/// equal names, whatever module they stand in, and different types different ones.
///
/// Each value type is the [`letter`](ValKind::letter) of its kind, a capital one for a reference
/// that may not be null. A reference to functions of one type is `n` or, if it may not be null,
/// `N`, the length of that type's name in decimal, an underscore and the name. A name of more
/// than [`LONGEST_TYPE_NAME`] bytes is replaced by `h` and the SHA-256 of it in hexadecimal, so
/// that types of types stay short; no name begins with an `h` otherwise.
pub fn type_name<'a>(
    params: impl IntoIterator<Item = TypeWords<'a>>,
    results: impl IntoIterator<Item = TypeWords<'a>>,
) -> String {
    let mut name = String::new();
    params.into_iter().for_each(|ty| value_name(&mut name, ty));
    name.push('_');
    results.into_iter().for_each(|ty| value_name(&mut name, ty));
    name
}

fn value_name(name: &mut String, (kind, nullable, referent): TypeWords<'_>) {
    let letter = if referent.is_some() { 'n' } else { kind.letter() };
    let nullable = nullable || !kind.is_ref();
    name.push(if nullable { letter } else { letter.to_ascii_uppercase() });
    if let Some(referent) = referent {
        name.push_str(&format!("{}_{referent}", referent.len()));
    }
}

/// How long a type's name may be, in bytes, before its hash stands for it. See [`type_name`].
pub const LONGEST_TYPE_NAME: usize = 100;

/// The names of one module's symbols.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleSymbols {
    module: String,
    stem: String,
}

impl ModuleSymbols {
    /// Names for the module `module`, whose global symbols start with `prefix`, which must be a
    /// C identifier or empty.
    pub fn new(prefix: &str, module: &str) -> Self {
        let encoded = encode_name(module).replace('_', "Z5f");
        Self { module: module.into(), stem: format!("{prefix}{encoded}_") }
    }

    /// What all the module's global symbols start with, the last underscore included.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The `VmModule`. Exports' symbols end otherwise, so no export can clash with it.
    pub fn module(&self) -> String {
        format!("{}module", self.stem)
    }

    /// The `VmExports`.
    pub fn exports(&self) -> String {
        format!("{}exports", self.stem)
    }

    /// The typed entry of the exported function `export`.
    pub fn wasm_call(&self, export: &str) -> String {
        format!("{}{}_wasm_call", self.stem, encode_name(export))
    }

    /// The array entry of the exported function `export`.
    pub fn array_call(&self, export: &str) -> String {
        format!("{}{}_array_call", self.stem, encode_name(export))
    }

    /// The body of function `index`. A NUL byte in a name, which an object file cannot hold in
    /// a symbol, shows as U+2400.
    pub fn function(&self, index: u32, name: Option<&str>) -> String {
        match name {
            Some(name) => self.local(&format!("function[{index}]::{name}")),
            None => self.local(&format!("function[{index}]")),
        }
    }

    /// Anything else that only the module itself refers to.
    pub fn local(&self, what: &str) -> String {
        format!("wasm[{}]::{what}", self.module).replace('\0', "\u{2400}")
    }

    /// The exported name that a symbol of [`wasm_call`](Self::wasm_call) or
    /// [`array_call`](Self::array_call) was made of.
    pub fn export_of<'a>(&self, symbol: &'a str) -> Option<String> {
        let rest: &'a str = symbol.strip_prefix(&self.stem)?;
        let name = rest.strip_suffix("_wasm_call").or_else(|| rest.strip_suffix("_array_call"))?;
        decode_name(name)
    }
}

/// Turns any name into a C identifier's part, by the rule at the head of this file.
pub fn encode_name(name: &str) -> String {
    if name.is_empty() {
        return "Z".into();
    }
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'Z' => out.push_str("ZZ"),
            b'a'..=b'z' | b'A'..=b'Y' | b'0'..=b'9' | b'_' => out.push(byte.into()),
            _ => out.push_str(&format!("Z{byte:02x}")),
        }
    }
    out
}

/// The name that [`encode_name`] made this of; `None` if it made it of none.
pub fn decode_name(encoded: &str) -> Option<String> {
    if encoded == "Z" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'Z' => match rest.next()? {
                b'Z' => b'Z',
                high => hex_digit(high)? << 4 | hex_digit(rest.next()?)?,
            },
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_an_identifier_and_back() {
        let long = "é".repeat(150);
        for name in
            ["", "a", "Z", "ZZ", "a::b", "two words", "ünï", "_", "__", "a_b", "7", "\0", &long]
        {
            let encoded = encode_name(name);
            assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{encoded}");
            assert_eq!(decode_name(&encoded).as_deref(), Some(name));
        }
        assert_eq!(encode_name("parse_header"), "parse_header");
        assert_eq!(encode_name("a::b"), "aZ3aZ3ab");
        assert_eq!(decode_name("Zx"), None);
        assert_eq!(decode_name("Z4"), None);
    }

    #[test]
    fn modules_and_exports_do_not_run_into_each_other() {
        let a = ModuleSymbols::new("wasm_", "a");
        let ab = ModuleSymbols::new("wasm_", "a_b");
        assert_eq!(a.wasm_call("b_c"), "wasm_a_b_c_wasm_call");
        assert_eq!(ab.wasm_call("c"), "wasm_aZ5fb_c_wasm_call");
        assert_eq!(a.export_of("wasm_a_b_c_wasm_call").as_deref(), Some("b_c"));
        assert_eq!(ab.export_of("wasm_a_b_c_wasm_call"), None);
        assert_eq!(a.function(7, Some("parse_header")), "wasm[a]::function[7]::parse_header");
    }

    #[test]
    fn types_are_named_by_their_contents() {
        let i32 = (ValKind::I32, false, None);
        let funcref = |nullable, referent| (ValKind::FuncRef, nullable, referent);
        assert_eq!(type_name([], []), "_");
        assert_eq!(type_name([i32, (ValKind::V128, false, None)], [i32]), "iv_i");
        assert_eq!(type_name([funcref(true, None), funcref(false, None)], []), "rR_");
        assert_eq!(type_name([funcref(true, Some("i_i"))], [i32]), "n3_i_i_i");
        assert_eq!(type_name([funcref(false, Some("i_"))], [i32, i32]), "N2_i__ii");
    }

    #[test]
    fn the_abi_symbol_names_the_version() {
        assert_eq!(ABI_SYMBOL, format!("wasmaot_abi_v{ABI_VERSION}"));
    }
}
