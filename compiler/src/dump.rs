//! A module's functions as text, for tests and for people who want to know what became of their
//! code. Made the same way as the object, function by function, in the same order.

use std::fmt::Write as _;

use cranelift_codegen::Context;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::func_key::FuncKey;
use crate::module::Module;
use crate::object::names::Names;
use crate::plan::{self, Plan};
use crate::target::Target;
use crate::{codegen, parse};

/// The intermediate language of every function that would be compiled, before the code
/// generator's own optimisations. Each is headed by a comment with its symbols.
///
/// # Errors
/// As [`compile`](crate::compile).
pub fn clif(wasm: &[u8], config: &Config) -> Result<String> {
    each(wasm, config, |out, names, module, plan, target, key| {
        let function = codegen::clif(module, plan, target, key)?;
        for name in names {
            let _ = writeln!(out, "; {name}");
        }
        let _ = writeln!(out, "{}", function.display());
        Ok(())
    })
}

/// The machine code of every function as the code generator lists it: the target's
/// instructions, with its own names for what the linker fills in.
///
/// # Errors
/// As [`compile`](crate::compile).
pub fn asm(wasm: &[u8], config: &Config) -> Result<String> {
    each(wasm, config, |out, names, module, plan, target, key| {
        let mut context = Context::for_function(codegen::clif(module, plan, target, key)?);
        context.set_disasm(true);
        let compiled = context.compile(codegen::isa(target, key), &mut Default::default());
        let code = compiled.map_err(|error| Error::Codegen {
            function: names.join(", "),
            message: error.inner.to_string(),
        })?;
        // Without the notes for unwind tables, which are no instructions.
        let lines = code.vcode.as_deref().unwrap_or_default().lines();
        let lines = lines.filter(|line| !line.trim_start().starts_with("unwind "));
        for name in names {
            let _ = writeln!(out, "{name}:");
        }
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        out.push('\n');
        Ok(())
    })
}

/// Writes every function of a module by `write`, which gets its symbols first.
fn each(
    wasm: &[u8],
    config: &Config,
    write: impl Fn(&mut String, &[String], &Module<'_>, &Plan, &Target, FuncKey) -> Result<()>,
) -> Result<String> {
    config.check()?;
    let target = Target::new(config)?;
    let module = parse::parse(wasm)?;
    let plan = plan::plan(&module, config)?;
    let names = Names::new(&module, &plan);
    let mut out = String::new();
    for &key in &plan.functions {
        write(&mut out, &names.of_function(key), &module, &plan, &target, key)?;
    }
    Ok(out)
}
