//! The modules of one script, compiled in parallel, linked into one library and loaded.

use std::panic::catch_unwind;

use anyhow::Result;
use rayon::prelude::*;
use wasmaot::Module;
use wasmaot_compiler::{Artifact, Config, Error, compile, describe};

use super::script::{Script, Source};
use super::{File, Options, panic_text};
use crate::load::link::Linker;
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
    /// It is not valid.
    Invalid(Error),
    /// It cannot be compiled, though it may be valid.
    Compiler(Error),
    /// The compiler panicked.
    Bug(String),
}

impl Refusal {
    /// The proposals without which the module cannot be compiled.
    pub fn needs(&self) -> Vec<String> {
        let Self::Compiler(Error::Unsupported { feature, .. }) = self else {
            return Vec::new();
        };
        // `name (what it is), name (what it is)`
        let names = feature.split(", ").filter_map(|one| one.split_whitespace().next());
        names.map(str::to_owned).collect()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { .. } => Self::Invalid(error),
            other => Self::Compiler(other),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(message) => write!(f, "not a module's text: {message}"),
            Self::Invalid(error) | Self::Compiler(error) => error.fmt(f),
            Self::Bug(message) => write!(f, "a bug in wasmaot: {message}"),
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
    linker: &Linker,
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
    let mut loaded = load(&artifacts, linker)?.into_iter();
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
        opt_level: options.opt_level(),
        traps: options.traps(),
        without: options.without.clone(),
        cpu_features: options.cpu_features.clone(),
        ..Config::new(crate::host_target())
    };
    // One bug must not hide what becomes of the other modules.
    catch_unwind(|| match source.runs {
        true => Ok(Some(compile(wasm, &config)?)),
        false => Ok(describe(wasm, &config).map(|_| None)?),
    })
    .unwrap_or_else(|panic| Err(Refusal::Bug(panic_text(&*panic).into())))
}
