//! Compiles WebAssembly modules into native object files with Cranelift.
//!
//! Bytes in, bytes out: this crate touches no file, no environment and no terminal, and its
//! output depends on nothing but its input. [`compile`] is the order of the work, and the order
//! of the modules below.

#![forbid(unsafe_code)]

pub mod config;
pub mod error;
mod finish;
pub mod index;

pub mod module;
mod parse;

pub mod func_key;
pub mod plan;

pub mod interface;

pub mod target;

mod trampoline;
mod translate;

mod frame;
mod passed_by;
mod place;
mod same_params;

pub mod cache;

pub mod codegen;
pub mod dump;
mod object;

pub use cache::{Store, Work};
pub use config::{CONTEXT_ADDRESS, Config, MEMORY_ADDRESS, MemoryStyle, OptLevel, TrapStyle};
pub use error::{Error, Result};
pub use interface::Interface;
pub use object::inspect::{ObjectInfo, SymbolBinding, SymbolInfo, inspect_object};

/// A compiled module.
#[derive(Debug)]
pub struct Artifact {
    /// The object file.
    pub object: Vec<u8>,
    /// What the module offers and needs.
    pub interface: Interface,
    /// How much of the machine code was generated for it.
    pub work: Work,
}

/// Compiles a module in the binary format.
///
/// Functions compile in parallel on the current rayon thread pool; the result is the same
/// whatever its size.
///
/// # Errors
/// If the module is not valid, needs what is not supported, or does not fit the options.
pub fn compile(wasm: &[u8], config: &Config) -> Result<Artifact> {
    compile_with(wasm, config, None)
}

/// As [`compile`], with machine code from the store as far as it is there. The artifact is the
/// same, but for its account of the work.
///
/// # Errors
/// As [`compile`].
pub fn compile_with(wasm: &[u8], config: &Config, store: Option<&dyn Store>) -> Result<Artifact> {
    config.check()?;
    let target = target::Target::new(config)?;
    let module = parse::parse(wasm, parse::Accepted::without(&config.without)?)?;
    let plan = plan::plan(&module, config)?;
    let interface = interface::describe(&module, &plan);
    let (functions, work) = codegen::generate(&module, &plan, &target, store)?;
    let object = object::emit(&module, &plan, &interface, &functions, &target, config)?;
    Ok(Artifact { object, interface, work })
}

/// Describes a module without generating code: enough for bindings.
///
/// # Errors
/// As [`compile`].
pub fn describe(wasm: &[u8], config: &Config) -> Result<Interface> {
    config.check()?;
    let module = parse::parse(wasm, parse::Accepted::without(&config.without)?)?;
    let plan = plan::plan(&module, config)?;
    Ok(interface::describe(&module, &plan))
}
