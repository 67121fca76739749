//! The modules of one script, compiled in parallel, linked into one library and loaded.

use anyhow::Result;
use rayon::prelude::*;
use wasmaot::Module;
use wasmaot_compiler::{Artifact, Config, Error, OptLevel, compile, describe};

use super::script::{Script, Source};
use super::{File, Options};
use crate::load::load;

/// What became of the module of a directive.
#[derive(Debug)]
pub enum Prepared {
    /// It can be instantiated.
    Ready(Module),
    /// It was refused.
    Refused(Refusal),
    /// It was not refused, and need not run.
    Accepted,
}

/// Why a module was refused.
#[derive(Debug)]
pub enum Refusal {
    /// It is no text of a module.
    Text(String),
    /// The compiler refused it.
    Compiler(Error),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(message) => write!(f, "not a module's text: {message}"),
            Self::Compiler(error) => error.fmt(f),
        }
    }
}

/// Compiles and loads a script's modules; the result has a place per directive.
///
/// # Errors
/// If linking or loading fails.
pub fn prepare(
    script: &Script<'_>,
    file: &File,
    options: &Options,
) -> Result<Vec<Option<Prepared>>> {
    let compiled: Vec<_> = (script.modules.par_iter().enumerate())
        .map(|(index, source)| Some(compile_one(source.as_ref()?, script, index, file, options)))
        .collect();
    let mut artifacts = Vec::new();
    let mut prepared = Vec::new();
    for outcome in compiled {
        prepared.push(match outcome {
            None => None,
            Some(Err(refusal)) => Some(Prepared::Refused(refusal)),
            Some(Ok(artifact)) => {
                artifacts.extend(artifact);
                Some(Prepared::Accepted)
            }
        });
    }
    let mut loaded = load(&artifacts, &options.linker)?.into_iter();
    for (source, outcome) in script.modules.iter().zip(&mut prepared) {
        let runs = source.as_ref().is_some_and(|source| source.runs);
        if runs && matches!(outcome, Some(Prepared::Accepted)) {
            *outcome = loaded.next().map(Prepared::Ready);
        }
    }
    Ok(prepared)
}

/// Compiles a module if it is to run, else only looks whether it is valid.
fn compile_one(
    source: &Source,
    script: &Script<'_>,
    index: usize,
    file: &File,
    options: &Options,
) -> Result<Option<Artifact>, Refusal> {
    let wasm = source.wasm.as_ref().map_err(|message| Refusal::Text(message.clone()))?;
    let stem = file.name.rsplit('/').next().unwrap_or_default();
    let config = Config {
        // Lines are for people, the directive's number makes it unique.
        name: Some(format!("{stem}:{} #{index}", script.line(index))),
        opt_level: OptLevel::Speed,
        traps: options.traps,
        ..Config::new(crate::host_target())
    };
    if source.runs {
        compile(wasm, &config).map(Some).map_err(Refusal::Compiler)
    } else {
        describe(wasm, &config).map(|_| None).map_err(Refusal::Compiler)
    }
}
