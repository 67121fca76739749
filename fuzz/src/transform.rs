//! What is changed in a generated module before it is used.
//!
//! - Imports get names of their own: the generator often gives the same to several, of different
//!   types, and our imports are found by their names.
//! - Nobody waits: there is only one thread, so it would be for ever.

use std::collections::HashSet;

use anyhow::{Result, anyhow};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, ImportSection, Instruction, Module};
use wasmparser::{FunctionBody, Operator};

/// Changes a valid module.
///
/// # Errors
/// If it cannot be read.
pub fn transform(wasm: Vec<u8>) -> Result<Vec<u8>> {
    if imports_have_names(&wasm)? && !waits(&wasm)? {
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

/// Whether anything waits for other threads.
fn waits(wasm: &[u8]) -> Result<bool> {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                if is_wait(&operator?) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn is_wait(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. })
}

struct Transform {
    imports: usize,
}

type Error = reencode::Error<std::convert::Infallible>;

impl Reencode for Transform {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if is_wait(&operator) {
                // No time instead of whatever there is.
                function.instruction(&Instruction::Drop);
                function.instruction(&Instruction::I64Const(0));
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

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

    #[test]
    fn nobody_waits() {
        let text = r#"(module (memory 1 1 shared) (func (result i32)
            (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"#;
        let wasm = transform(wat::parse_str(text).unwrap()).unwrap();
        let text = wasmprinter::print_bytes(&wasm).unwrap();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let expected = ["drop", "i64.const 0", "memory.atomic.wait32"];
        assert!(lines.windows(3).any(|window| window == expected), "{text}");
        wasmparser::validate(&wasm).unwrap();
    }
}
