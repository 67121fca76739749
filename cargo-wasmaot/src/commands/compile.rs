//! `cargo wasmaot compile`: one module into an object, or into a description of what it would be.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use wasmaot_compiler::{Config, Interface};

use crate::files::write_whole;
use crate::guest::{CacheOptions, CompileOptions, Guest};
use crate::shell::Shell;

/// Compile a module into a native object file
#[derive(Debug, Args)]
pub struct Compile {
    /// The module, binary (.wasm) or text (.wat)
    #[arg(value_name = "WASM")]
    input: PathBuf,

    /// Where to write; `-` is standard output (default: the input's name with the kind's ending)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// What to write
    #[arg(long, value_name = "KIND", default_value = "object")]
    emit: Emit,

    /// The target triple (default: this machine's)
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,

    #[command(flatten)]
    cache: CacheOptions,
    #[command(flatten)]
    options: CompileOptions,
}

/// What to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Emit {
    /// A native object file
    Object,
    /// Cranelift's intermediate language, before code generation
    Clif,
    /// Machine code as text
    Asm,
    /// Typed Rust bindings
    Bindings,
    /// A C header
    Header,
    /// A description of imports and exports in JSON
    Manifest,
}

impl Emit {
    /// The ending of the files.
    const fn extension(self) -> &'static str {
        match self {
            Self::Object => "o",
            Self::Clif => "clif",
            Self::Asm => "s",
            Self::Bindings => "rs",
            Self::Header => "h",
            Self::Manifest => "json",
        }
    }

    /// The kind's name on the command line.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Compile {
    /// Runs the command.
    ///
    /// # Errors
    /// If the module cannot be read or compiled, or the output not be written.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let guest = Guest::read(&self.input)?.cached(&self.cache, shell);
        let target = self.target.clone().unwrap_or_else(crate::host_target);
        let config = self.options.config(&guest, &target);
        let output = self.output.clone().unwrap_or_else(|| {
            Path::new(self.input.file_name().unwrap_or_default())
                .with_extension(self.emit.extension())
        });
        shell.status("Compiling", format!("{} ({target})", self.input.display()));
        let (bytes, interface) = self.emit(&guest, &config, shell)?;
        write_whole(&output, &bytes)?;
        if shell.json() {
            shell.json_line(&serde_json::json!({
                "reason": "wasmaot-artifact",
                "kind": self.emit.name(),
                "target": target,
                "input": self.input,
                "output": output,
                "bytes": bytes.len(),
                "interface": interface,
            }));
        }
        shell.status("Finished", format!("{} ({} bytes)", output.display(), bytes.len()));
        Ok(ExitCode::SUCCESS)
    }

    /// What is to be written, and the module's description.
    fn emit(&self, guest: &Guest, config: &Config, shell: &Shell) -> Result<(Vec<u8>, Interface)> {
        let describe =
            || wasmaot_compiler::describe(&guest.wasm, config).with_context(|| guest.failed());
        Ok(match self.emit {
            Emit::Object => {
                let artifact = guest.compile(config, shell)?;
                (artifact.object, artifact.interface)
            }
            Emit::Manifest => {
                let interface = describe()?;
                let mut text = serde_json::to_vec_pretty(&interface)?;
                text.push(b'\n');
                (text, interface)
            }
            Emit::Clif | Emit::Asm => {
                let dump = match self.emit {
                    Emit::Clif => wasmaot_compiler::dump::clif,
                    _ => wasmaot_compiler::dump::asm,
                };
                let text = dump(&guest.wasm, config).with_context(|| guest.failed())?;
                (text.into_bytes(), describe()?)
            }
            Emit::Bindings => {
                let interface = describe()?;
                (wasmaot_build::rust_bindings(&interface).into_bytes(), interface)
            }
            Emit::Header => {
                let interface = describe()?;
                (wasmaot_build::c_header(&interface).into_bytes(), interface)
            }
        })
    }
}
