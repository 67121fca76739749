//! `cargo wasmaot run`: compiles a module, brings it into this program and calls it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use wasmaot::{Error, ExternRef, Func, Imports, Instance, Store, Val};
use wasmaot_compiler::Interface;
use wasmaot_compiler::interface::ExternType;
use wasmaot_compiler::module::{FuncType, HeapType, RefType, ValType};

use crate::guest::{CompileOptions, Guest};
use crate::load::link::Linker;
use crate::load::load;
use crate::shell::Shell;
use crate::words::show_type;

/// Compile a module and call one of its functions
///
/// Without `--invoke`, the start function runs, then the export `_start` if there is one. The
/// module must not import anything.
#[derive(Debug, Args)]
pub struct Run {
    /// The module, binary (.wasm) or text (.wat)
    #[arg(value_name = "WASM")]
    input: PathBuf,

    /// The exported function to call; what follows are its arguments
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,

    /// The arguments: numbers, decimal or hexadecimal; for references `null`, or any text for a
    /// reference to a value of the host
    #[arg(
        value_name = "ARGS",
        requires = "invoke",
        allow_hyphen_values = true,
        trailing_var_arg = true
    )]
    args: Vec<String>,

    #[command(flatten)]
    options: CompileOptions,
}

impl Run {
    /// Runs the command.
    ///
    /// # Errors
    /// If the module cannot be compiled, linked or loaded, or the function not be called.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let guest = Guest::read(&self.input)?;
        let config = self.options.config(&guest, &crate::host_target());
        // What is wrong with the call is known without compiling anything.
        let interface =
            wasmaot_compiler::describe(&guest.wasm, &config).with_context(|| guest.failed())?;
        nothing_imported(&interface, &guest)?;
        let call = match &self.invoke {
            Some(name) => Some((name.as_str(), arguments(&interface, name, &self.args)?)),
            None => find_func(&interface, "_start").map(|_| ("_start", Vec::new())),
        };
        let linker = Linker::find()?;
        shell.status("Compiling", self.input.display());
        let artifact = guest.compile(&config)?;
        let modules = load(&[artifact], &linker)?;
        shell.status("Running", self.input.display());

        let mut store = Store::new(());
        let instance = match Instance::new(&mut store, modules[0], &Imports::new()) {
            Ok(instance) => instance,
            Err(error) => return stopped(shell, error),
        };
        let Some((name, args)) = call else {
            if interface.exports.iter().any(|export| matches!(export.ty, ExternType::Func(_))) {
                let names = functions(&interface);
                shell.note(format!(
                    "the module has no `_start`; to call a function, --invoke one of:\n{names}"
                ));
            }
            return Ok(ExitCode::SUCCESS);
        };
        let func = instance
            .get_func(&store, name)
            .with_context(|| format!("the compiled module has no function `{name}`"))?;
        match call_func(&mut store, func, &args) {
            Ok(results) => {
                print_results(shell, name, &results);
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => stopped(shell, error),
        }
    }
}

/// Refuses a module with imports, naming all of them.
fn nothing_imported(interface: &Interface, guest: &Guest) -> Result<()> {
    if interface.imports.is_empty() {
        return Ok(());
    }
    let mut list = String::new();
    for import in &interface.imports {
        list += &format!("\n  {}.{}: {}", import.module, import.name, show_type(&import.ty));
    }
    bail!(
        "`{}` imports what nobody provides here:{list}\n\
         a host program can provide it: `cargo wasmaot new` makes one",
        guest.path.display()
    )
}

fn find_func<'a>(interface: &'a Interface, name: &str) -> Option<&'a FuncType> {
    interface.exports.iter().find_map(|export| match &export.ty {
        ExternType::Func(ty) if export.name == name => Some(ty),
        _ => None,
    })
}

/// The exported functions, a line each.
fn functions(interface: &Interface) -> String {
    let lines = interface.exports.iter().filter_map(|export| match &export.ty {
        ExternType::Func(_) => Some(format!("  {}: {}", export.name, show_type(&export.ty))),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The arguments by the types of the parameters.
fn arguments(interface: &Interface, name: &str, args: &[String]) -> Result<Vec<Val>> {
    let Some(ty) = find_func(interface, name) else {
        let names = functions(interface);
        if names.is_empty() {
            bail!("no function is exported as `{name}`: the module exports none");
        }
        bail!("no function is exported as `{name}`; the module exports\n{names}");
    };
    if ty.params.len() != args.len() {
        bail!(
            "`{name}` takes {} arguments, not {}: it is a {}",
            ty.params.len(),
            args.len(),
            show_type(&ExternType::Func(ty.clone()))
        );
    }
    let parsed = ty.params.iter().zip(args).enumerate().map(|(index, (&ty, text))| {
        argument(ty, text).with_context(|| {
            format!("argument {} of `{name}` must be an {ty}, which `{text}` is not", index + 1)
        })
    });
    parsed.collect()
}

fn argument(ty: ValType, text: &str) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(integer(text, 32)? as i32),
        ValType::I64 => Val::I64(integer(text, 64)? as i64),
        ValType::F32 => Val::F32(text.parse::<f32>().ok()?.to_bits()),
        ValType::F64 => Val::F64(text.parse::<f64>().ok()?.to_bits()),
        ValType::V128 => Val::V128(integer(text, 128)?),
        ValType::Ref(ty) if text == "null" => match ty {
            RefType { nullable: false, .. } => return None,
            RefType { heap: HeapType::Extern, .. } => Val::ExternRef(None),
            _ => Val::FuncRef(None),
        },
        ValType::Ref(RefType { heap: HeapType::Extern, .. }) => {
            Val::ExternRef(Some(ExternRef::new(text.to_owned())))
        }
        ValType::Ref(_) => return None,
    })
}

/// A number that fits into so many bits, signed or unsigned, by its bits.
fn integer(text: &str, bits: u32) -> Option<u128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let digits = digits.replace('_', "");
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u128::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<u128>().ok()?,
    };
    let all = u128::MAX >> (128 - bits);
    let limit = if negative { 1 << (bits - 1) } else { all };
    (value <= limit).then_some(if negative { value.wrapping_neg() & all } else { value })
}

fn call_func(store: &mut Store<()>, func: Func, args: &[Val]) -> Result<Vec<Val>, Error> {
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, args, &mut results)?;
    Ok(results)
}

fn print_results(shell: &Shell, name: &str, results: &[Val]) {
    if shell.json() {
        let json = |value| {
            let (ty, text) = show_value(value);
            serde_json::json!({ "type": ty, "value": text })
        };
        let values: Vec<_> = results.iter().map(json).collect();
        shell.json_line(&serde_json::json!({
            "reason": "wasmaot-results", "function": name, "results": values,
        }));
        return;
    }
    for value in results {
        let (ty, text) = show_value(value);
        shell.line(format!("{ty}: {text}"));
    }
}

/// A value's type and text.
fn show_value(value: &Val) -> (&'static str, String) {
    match value {
        Val::I32(value) => ("i32", value.to_string()),
        Val::I64(value) => ("i64", value.to_string()),
        Val::F32(bits) => ("f32", float(f32::from_bits(*bits))),
        Val::F64(bits) => ("f64", float(f64::from_bits(*bits))),
        Val::V128(bits) => ("v128", format!("{bits:#034x}")),
        Val::FuncRef(None) => ("funcref", "null".into()),
        Val::FuncRef(Some(_)) => ("funcref", "a function".into()),
        Val::ExternRef(None) => ("externref", "null".into()),
        Val::ExternRef(Some(value)) => match value.data().downcast_ref::<String>() {
            Some(text) => ("externref", text.clone()),
            None => ("externref", "a value of the host".into()),
        },
    }
}

/// A number in the shortest form that reads back as the same number.
fn float(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

/// Says why the guest was stopped, which is the outcome of a run like any other; whatever else
/// went wrong is an error of this command.
fn stopped(shell: &Shell, error: Error) -> Result<ExitCode> {
    if error.trap().is_none() {
        return Err(anyhow!("cannot run the guest: {error}"));
    }
    shell.error(&anyhow!("the guest was stopped: {error}"));
    Ok(ExitCode::from(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_signed_or_unsigned_and_fit() {
        assert_eq!(integer("4294967295", 32), Some(0xffff_ffff));
        assert_eq!(integer("4294967296", 32), None);
        assert_eq!(integer("-2147483648", 32).map(|bits| bits as i32), Some(i32::MIN));
        assert_eq!(integer("-2147483649", 32), None);
        assert_eq!(integer("0xff_ff", 32), Some(0xffff));
        assert_eq!(integer("18446744073709551615", 64), Some(u64::MAX.into()));
        assert_eq!(integer("-9223372036854775808", 64), Some(1 << 63));
        assert_eq!(integer("1.5", 32), None);
        assert_eq!(integer("", 64), None);
    }
}
