//! Reads what our objects say of themselves: the manifest, the symbols, the sizes.

use std::collections::BTreeMap;

use object::read::elf::ElfFile64;
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, elf};
use serde::Serialize;

use super::{MANIFEST, RECORDS};
use crate::error::{Error, Result};

/// What an object of ours says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectInfo {
    /// The manifest: the module's [`Interface`](crate::Interface), the target and sizes.
    pub manifest: serde_json::Value,
    /// The symbols in the object's order.
    pub symbols: Vec<SymbolInfo>,
    /// Bytes by what they are for.
    pub sizes: BTreeMap<&'static str, u64>,
}

/// A symbol.
#[derive(Clone, Debug, Serialize)]
pub struct SymbolInfo {
    /// Its name.
    pub name: String,
    /// How it is seen from outside.
    pub binding: SymbolBinding,
    /// Whether it is code.
    pub code: bool,
    /// Its size in bytes; 0 if it is defined elsewhere.
    pub size: u64,
}

/// How a symbol is seen from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SymbolBinding {
    /// Not at all.
    Local,
    /// By the whole program.
    Global,
    /// As one of several equal definitions, of which the linker takes one.
    Merged,
    /// It is defined elsewhere, by the runtime.
    Undefined,
}

/// Reads an object file that [`compile`](crate::compile) made.
///
/// # Errors
/// `Config` if it is none.
pub fn inspect_object(bytes: &[u8]) -> Result<ObjectInfo> {
    let not_ours = |why: &str| Error::Config(format!("this is no object of wasmaot: {why}"));
    let file = ElfFile64::<Endianness>::parse(bytes)
        .map_err(|error| not_ours(&format!("it is no 64-bit ELF file ({error})")))?;
    let manifest = file
        .section_by_name(MANIFEST)
        .ok_or_else(|| not_ours(&format!("it has no section `{MANIFEST}`; was it linked?")))?;
    let manifest = manifest.data().map_err(|error| not_ours(&error.to_string()))?;
    let manifest = serde_json::from_slice(manifest)
        .map_err(|error| not_ours(&format!("its manifest is damaged ({error})")))?;

    let mut sizes = BTreeMap::new();
    for section in file.sections() {
        let name = section.name_bytes().unwrap_or_default();
        if let Some(what) = purpose(name) {
            *sizes.entry(what).or_default() += section.size();
        }
    }
    let symbols = file.symbols().filter(|symbol| symbol.name_bytes() != Ok(b""));
    let symbols = symbols.filter_map(|symbol| {
        let kind = symbol.elf_symbol().st_type();
        if kind == elf::STT_SECTION || kind == elf::STT_FILE {
            return None;
        }
        let binding = match () {
            () if symbol.is_undefined() => SymbolBinding::Undefined,
            () if symbol.is_local() => SymbolBinding::Local,
            () if symbol.is_weak() => SymbolBinding::Merged,
            () => SymbolBinding::Global,
        };
        let name = String::from_utf8_lossy(symbol.name_bytes().ok()?).into_owned();
        let code = kind == elf::STT_FUNC;
        Some(SymbolInfo { name, binding, code, size: symbol.size() })
    });
    Ok(ObjectInfo { manifest, symbols: symbols.collect(), sizes })
}

/// What a section of ours is for; `None` if it is no part of the program.
fn purpose(name: &[u8]) -> Option<&'static str> {
    let starts = |prefix: &str| name.starts_with(prefix.as_bytes());
    Some(match () {
        () if starts(".text") => "code",
        () if starts(".rodata") => "constants",
        () if starts(".data.rel.ro") => "descriptions",
        () if starts(".eh_frame") => "unwinding",
        () if starts(RECORDS) => "records",
        () if starts(".debug") => "debugging",
        () => return None,
    })
}
