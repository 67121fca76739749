//! A module's functions as text, for tests and for people who want to know what became of their
//! code. Made the same way as the object, function by function, in the same order.

use std::fmt::Write as _;

use cranelift_codegen::ir;

use crate::codegen::Workshop;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::func_key::{FuncKey, Reference};
use crate::module::Module;
use crate::object::names::Names;
use crate::plan::{self, Plan};
use crate::target::Target;
use crate::trampoline::short::{Short, short};
use crate::translate::Paper;
use crate::translate::vmctx::Memories;
use crate::{codegen, parse};

/// The intermediate language of every function that would be compiled (and of those that would only be
/// if their code did not stand in place of all calls), before the code generator's own optimisations. Each is
/// headed by a comment with its symbols, and with those that its short names stand for.
///
/// # Errors
/// As [`compile`](crate::compile).
pub fn clif(wasm: &[u8], config: &Config) -> Result<String> {
    each(wasm, config, |out, names, module, plan, target, key| {
        for name in names.of_function(key) {
            let _ = writeln!(out, "; {name}");
        }
        if let Some(Short { body, rest, .. }) = short(module, target, key) {
            let [body, rest] = [body, rest].map(|reference| names.of_reference(reference));
            let _ = writeln!(out, ";   goes on at {rest}, which calls {body}\n");
            return Ok(());
        }
        let function = codegen::clif(module, plan, target, key, &mut Paper::default())?.function;
        for name in function.params.user_named_funcs().values() {
            let symbol = names.of_reference(Reference::from_name(name));
            let _ = writeln!(out, ";   {name} is {symbol}");
        }
        let _ = writeln!(out, "{}", function.display());
        Ok(())
    })
}

/// The machine code of every function as the code generator lists it: the target's
/// instructions.
///
/// # Errors
/// As [`compile`](crate::compile).
pub fn asm(wasm: &[u8], config: &Config) -> Result<String> {
    each(wasm, config, |out, names, module, plan, target, key| {
        if let Some(Short { body, register, rest }) = short(module, target, key) {
            for name in names.of_function(key) {
                let _ = writeln!(out, "{name}:");
            }
            let [body, rest] = [body, rest].map(|reference| names.of_reference(reference));
            let register = register.name();
            let _ = writeln!(out, "  leaq {body}(%rip), {register}\n  jmp {rest}\n");
            return Ok(());
        }
        let translated = codegen::clif(module, plan, target, key, &mut Paper::default())?;
        let isa = codegen::isa(target, key, &translated);
        let mut workshop = Workshop::new();
        workshop.context.func = translated.function;
        workshop.context.set_disasm(true);
        let code = workshop.lower(key, isa, &Memories::new(module, plan)).map_err(|error| {
            Error::Codegen { function: names.describe(key), message: error.to_string() }
        })?;
        let listing = code.vcode.as_deref();
        // Without the notes for unwind tables, which are no instructions.
        let lines = listing.unwrap_or_default().lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with("unwind "));
        for name in names.of_function(key) {
            let _ = writeln!(out, "{name}:");
        }
        for line in lines {
            name(out, line, &workshop.context.func, names);
            out.push('\n');
        }
        out.push('\n');
        Ok(())
    })
}

/// Writes a line of a listing, with symbols for the code generator's numbers of them.
fn name(out: &mut String, mut line: &str, function: &ir::Function, names: &Names<'_>) {
    const NUMBERED: &str = "userextname";
    while let Some(at) = line.find(NUMBERED) {
        let (before, rest) = (&line[..at], &line[at + NUMBERED.len()..]);
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let index = rest[..digits].parse().map(ir::UserExternalNameRef::from_u32);
        let known = index.ok().and_then(|index| function.params.user_named_funcs().get(index));
        let (number, after) = rest.split_at(digits);
        // Calls write more around it.
        let wrapped = before.strip_suffix("User(").zip(after.strip_prefix(')'));
        match (known, wrapped) {
            (Some(name), wrapped) => {
                let (before, after) = wrapped.unwrap_or((before, after));
                out.push_str(before);
                out.push_str(&names.of_reference(Reference::from_name(name)));
                line = after;
            }
            (None, _) => {
                let _ = write!(out, "{before}{NUMBERED}{number}");
                line = after;
            }
        }
    }
    out.push_str(line);
}

/// Writes every function of a module by `write`.
fn each(
    wasm: &[u8],
    config: &Config,
    write: impl Fn(&mut String, &Names<'_>, &Module<'_>, &Plan, &Target, FuncKey) -> Result<()>,
) -> Result<String> {
    config.check()?;
    let target = Target::new(config)?;
    let module = parse::parse(wasm, parse::Accepted::without(&config.without)?)?;
    let plan = plan::plan(&module, config)?;
    let names = Names::new(&module, &plan);
    let mut out = String::new();
    for &key in &plan.functions {
        write(&mut out, &names, &module, &plan, &target, key)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: &str = r#"(module $m
        (import "host" "f" (func $f))
        (table (export "table") 1 funcref)
        (func $callee (loop (call $f)))
        (func (export "run") (call $callee) (call $callee) (call_indirect (i32.const 0))))"#;

    #[test]
    fn listings_name_what_code_refers_to() {
        let wasm = wat::parse_str(GUEST).unwrap();
        for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
            let config = Config::new(target);
            let (clif, asm) = (clif(&wasm, &config).unwrap(), asm(&wasm, &config).unwrap());
            for listing in [clif, asm.clone()] {
                assert!(listing.contains("wasm[m]::function[2]::run"), "{listing}");
                assert!(listing.contains("wasmaot_v1_type__"), "{listing}");
            }
            let body = asm.split("\n\n").find(|body| body.contains("::run:\n")).unwrap();
            // For the other machine Cranelift's listing says nothing of what is called.
            let named = body.contains(" wasm[m]::function[1]::callee");
            assert!(named || !target.starts_with("x86_64"), "{body}");
            assert!(!asm.contains("userextname"), "{asm}");
        }
    }
}
