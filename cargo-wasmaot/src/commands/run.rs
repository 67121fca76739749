//! `cargo wasmaot run`: makes a program of a WASI command, in the cache, and becomes it; or brings a
//! module without imports into this program and calls one of its functions.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use wasmaot::{Error, ExternRef, Func, Imports, Instance, Store, Val};
use wasmaot_compiler::Interface;
use wasmaot_compiler::interface::ExternType;
use wasmaot_compiler::module::{FuncType, HeapType, RefType, ValType};

use crate::guest::{CacheOptions, CompileOptions, Guest};
use crate::load::link::Linker;
use crate::load::load;
use crate::program::cache::Cache;
use crate::program::grants::Grants;
use crate::program::{CargoOptions, LinkOptions, Request, START};
use crate::shell::Shell;
use crate::words::show_type;

/// Run a WASI command, or call a function of a module
///
/// A command (a module that exports `_start`) becomes a program, which is kept in a cache, and runs
/// in place of this one: its exit code and signals are the guest's. All that follows the module are
/// the guest's arguments; a `--` in between is dropped.
///
/// As a runner for cargo: CARGO_TARGET_WASM32_WASIP1_RUNNER="cargo wasmaot run --dir ." makes `cargo
/// run` and `cargo test` of a crate for wasm32-wasip1 run natively.
///
/// Of a module without imports that is no command, `--invoke NAME` calls a function with what
/// follows the module: numbers, decimal or hexadecimal; for references `null`, or any text for a
/// reference to a value of the host. Without it only the start function runs.
#[derive(Debug, Args)]
#[command(override_usage = "cargo wasmaot run [OPTIONS] <WASM> [ARGS]...")]
pub struct Run {
    /// The exported function to call; what follows the module are its arguments
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,

    /// The module, binary (.wasm) or text (.wat), and the arguments
    #[arg(value_name = "WASM", required = true, num_args = 1.., trailing_var_arg = true)]
    command: Vec<OsString>,

    /// Assert that Cargo.lock of the program's package will not change
    #[arg(long)]
    locked: bool,
    /// Do not access the network
    #[arg(long)]
    offline: bool,
    /// Both of the above
    #[arg(long)]
    frozen: bool,

    #[command(flatten)]
    link: LinkOptions,
    #[command(flatten)]
    grants: Grants,
    #[command(flatten)]
    cache: CacheOptions,
    #[command(flatten)]
    options: CompileOptions,
}

impl Run {
    /// Runs the command.
    ///
    /// # Errors
    /// If the module cannot be compiled, linked or loaded, or the function not be called.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let (input, args) = self.command.split_first().context("no module was named")?;
        let guest = Guest::read(Path::new(input))?.cached(&self.cache, shell);
        if self.invoke.is_none()
            && let Some(failed) = self.become_program(&guest, args, shell)?
        {
            return Err(failed);
        }
        self.call(&guest, args, shell)
    }

    /// Becomes the guest's program. Returns if that was not possible, saying why, or if it is no
    /// command.
    fn become_program(
        &self,
        guest: &Guest,
        args: &[OsString],
        shell: &Shell,
    ) -> Result<Option<anyhow::Error>> {
        let flags =
            [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")];
        let flags = flags.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag.to_owned());
        let cargo = CargoOptions { flags: flags.collect(), not_for_us: true };
        let target = crate::host_target();
        let request = Request {
            guest,
            options: &self.grants.compile_options(&self.options),
            target: &target,
            link: &self.link,
            // Those of this run are not part of the program.
            grants: &Grants::default(),
            asks_environment: true,
            cargo: &cargo,
            anew: self.cache.no_cache,
        };
        let cache = Cache::find_folder();
        let made = cache.as_ref().ok().and_then(|cache| request.find(cache));
        if made.is_none() && !request.is_command()? {
            return Ok(None);
        }
        let cache = cache?;
        let program = match made {
            Some(program) => program,
            None => crate::program::make(&request, &cache, shell)?,
        };
        let error = self.exec(&program, args);
        // What is there does not run, so it is not what we put there.
        cache.remove(&program);
        let again = crate::program::make(&request, &cache, shell)?;
        let retried = self.exec(&again, args);
        Ok(Some(
            anyhow!("{retried} (before: {error})")
                .context(format!("cannot run the program `{}`", again.display())),
        ))
    }

    /// Becomes a program; returns if that failed.
    fn exec(&self, program: &Path, args: &[OsString]) -> std::io::Error {
        let args = match args {
            [dashes, rest @ ..] if dashes == "--" => rest,
            all => all,
        };
        let mut command = Command::new(program);
        command.arg0(&self.command[0]).args(args);
        command.env(wasmaot::wasi::program::VARIABLE, OsString::from_vec(self.grants.text()));
        command.exec()
    }

    /// Calls a function of a module that imports nothing.
    fn call(&self, guest: &Guest, args: &[OsString], shell: &Shell) -> Result<ExitCode> {
        let (invoke, args) = match (&self.invoke, args) {
            (Some(name), args) => (Some(name.clone()), args),
            (None, [option, name, args @ ..]) if option == "--invoke" => (Some(text(name)?), args),
            (None, args) => (None, args),
        };
        let args = args.iter().map(text).collect::<Result<Vec<_>>>()?;
        let input = &guest.path;
        let config = self.options.config(guest, &crate::host_target());
        // What is wrong with the call is known without compiling anything.
        let interface =
            wasmaot_compiler::describe(&guest.wasm, &config).with_context(|| guest.failed())?;
        nothing_imported(&interface, guest)?;
        let call = match &invoke {
            Some(name) => Some((name.as_str(), arguments(&interface, name, &args)?)),
            None if !args.is_empty() => bail!(
                "`{}` is no command (it exports no `{START}`) that could take arguments; --invoke \
                 names a function to call",
                input.display()
            ),
            None => None,
        };
        let linker = Linker::find()?;
        shell.status("Compiling", input.display());
        let artifact = guest.compile(&config, shell)?;
        let modules = load(&[artifact], &linker)?;
        shell.status("Running", input.display());

        let mut store = Store::new(());
        let instance = match Instance::new(&mut store, modules[0], &Imports::new()) {
            Ok(instance) => instance,
            Err(error) => return stopped(shell, error),
        };
        let Some((name, args)) = call else {
            if interface.exports.iter().any(|export| matches!(export.ty, ExternType::Func(_))) {
                let names = functions(&interface);
                shell.note(format!(
                    "the module has no `{START}`; to call a function, --invoke one of:\n{names}"
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

/// An argument of a function.
fn text(arg: &OsString) -> Result<String> {
    arg.to_str()
        .map(str::to_owned)
        .with_context(|| format!("`{}` is not UTF-8, and so no argument", arg.display()))
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
