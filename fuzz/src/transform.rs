//! What is changed in a generated module before it is used.
//!
//! Imports get names of their own: the generator often gives the same to several, of different
//! types, and our imports are found by their names.

use std::collections::HashSet;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ImportSection, Module};

/// Changes a valid module.
///
/// # Errors
/// If it cannot be read.
pub fn transform(wasm: Vec<u8>) -> Result<Vec<u8>> {
    if imports_have_names(&wasm)? {
        // With its peculiarities: numbers encoded at length, for example.
        return Ok(wasm);
    }
    let mut module = Module::new();
    let mut transform = Transform { imports: 0 };
    transform
        .parse_core_module(&mut module, wasmparser::Parser::new(0), &wasm)
        .map_err(|error| anyhow!("{error}"))?;
    Ok(module.finish())
}

/// Whether no two imports have the same names.
fn imports_have_names(wasm: &[u8]) -> Result<bool> {
    let mut names = HashSet::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                if !names.insert((import.module, import.name)) {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

struct Transform {
    imports: usize,
}

type Error = reencode::Error<std::convert::Infallible>;

impl Reencode for Transform {
    type Error = std::convert::Infallible;

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: wasmparser::Imports<'_>,
    ) -> Result<(), Error> {
        for import in imports {
            let (_, import) = import?;
            let name = format!("{}{}", import.name, self.imports);
            self.imports += 1;
            section.import(import.module, &name, self.entity_type(import.ty)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_have_names_of_their_own() {
        let text = r#"(module (import "m" "n" (func)) (import "m" "n" (global i32)) (func))"#;
        let wasm = transform(wat::parse_str(text).unwrap()).unwrap();
        let text = wasmprinter::print_bytes(&wasm).unwrap();
        assert!(text.contains("\"n0\"") && text.contains("\"n1\""), "{text}");
    }
}
