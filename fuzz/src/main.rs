//! wasmaot against other engines, and against bytes that are no modules. See `README.md`.
//!
//! | command | what |
//! |---|---|
//! | `differential` | generated modules here and in other engines: all must agree |
//! | `bytes` | bytes of all kinds to the compiler: it must neither panic nor eat all memory |
//! | `show` | what all engines say of one module |
//! | `worker`, `bytes-worker` | their child processes |

mod bytes;
mod case;
mod child;
mod compare;
mod crowded;
mod differential;
mod engines;
mod generate;
mod host;
mod loops;
mod proposals;
mod random;
mod search;
mod stats;
mod transform;
mod value;
mod wide;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

use differential::Work;
use generate::Selection;

/// Bytes of stack for whatever runs guests: more than they can use before their fuel ends, or (in `wasmi`, where some
/// instructions use some each time) their loops.
pub const STACK: usize = 512 << 20;

#[derive(Parser)]
#[command(about = "wasmaot against other engines, and against bytes that are no modules")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run generated modules here and in other engines: all must agree
    Differential {
        #[command(flatten)]
        bounds: Bounds,
        /// A proposal that every module may use much of, and no other; or `loops`, `wide` numbers or
        /// `crowded` loops
        #[arg(long)]
        only: Option<String>,
    },
    /// Give the compiler bytes that are no modules: it must neither panic nor eat all memory
    Bytes {
        #[command(flatten)]
        bounds: Bounds,
        /// Only this file, as it is
        #[arg(long)]
        file: Option<PathBuf>,
        /// Only write the first seed's input to this file
        #[arg(long)]
        write: Option<PathBuf>,
    },
    /// Show what all engines say of one module
    Show(One),
    /// Run modules and tell a parent process about it
    #[command(hide = true)]
    Worker(One),
    /// Give the compiler some inputs and tell a parent process about it
    #[command(hide = true)]
    BytesWorker {
        /// The first input's seed
        #[arg(long)]
        seed: u64,
        /// How many
        #[arg(long)]
        iterations: u64,
    },
}

#[derive(Args)]
struct Bounds {
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// When to stop: `90s`, `2m`, `1h`
    #[arg(long, value_parser = duration)]
    time: Option<Duration>,
    /// How many seeds
    #[arg(long)]
    iterations: Option<u64>,
    /// How many processes at once; default: as many as there are processors
    #[arg(long)]
    jobs: Option<usize>,
}

#[derive(Args)]
struct One {
    /// The module's seed
    #[arg(long)]
    seed: u64,
    /// How many, from this seed on
    #[arg(long, default_value_t = 1)]
    iterations: u64,
    /// The module, if it is not the seed's
    #[arg(long)]
    file: Option<PathBuf>,
    /// As for `differential`
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let run = || match arguments.command {
        Command::Differential { bounds, only } => {
            differential::run(&bounds.options()?, &selection(&only)?)
        }
        Command::Bytes { file: Some(file), .. } => bytes::show(&file),
        Command::Bytes { bounds, write: Some(file), .. } => {
            Ok(std::fs::write(file, bytes::inputs::input(bounds.seed).bytes)?)
        }
        Command::Bytes { bounds, file: None, write: None } => bytes::run(&bounds.options()?),
        Command::BytesWorker { seed, iterations } => bytes::worker::run(seed, iterations),
        Command::Show(one) => show(&one),
        Command::Worker(one) => differential::worker::run(&one.work(), &selection(&one.only)?),
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    match thread.expect("a thread").join() {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}

impl Bounds {
    fn options(&self) -> Result<search::Options> {
        let bounded = self.time.is_some() || self.iterations.is_some();
        ensure!(bounded, "say when to stop: --time or --iterations");
        Ok(search::Options {
            seed: self.seed,
            time: self.time,
            iterations: self.iterations,
            jobs: self.jobs.unwrap_or_else(|| {
                std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
            }),
        })
    }
}

fn selection(only: &Option<String>) -> Result<Selection> {
    if let Some(name) = only
        .as_ref()
        .filter(|name| ![loops::NAME, wide::NAME, crowded::NAME].contains(&name.as_str()))
    {
        let known = proposals::PROPOSALS.iter().find(|proposal| proposal.name == name);
        let proposal = known.with_context(|| format!("there is no proposal `{name}`"))?;
        ensure!(proposal.enabled(), "`{name}` is not something that the compiler has");
    }
    Ok(Selection { only: only.clone() })
}

impl One {
    fn work(&self) -> Work {
        match &self.file {
            Some(path) => Work::File(path.clone(), self.seed),
            None => Work::Seeds(self.seed, self.iterations),
        }
    }
}

fn show(one: &One) -> Result<()> {
    let wasm = match &one.file {
        Some(path) => differential::read_module(path)?,
        None => generate::module(one.seed, &selection(&one.only)?)?,
    };
    println!("{}", wasmprinter::print_bytes(&wasm)?);
    differential::worker::show(&case::Case::new(one.seed, wasm)?)
}

/// A number and a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().unwrap_or_default();
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err("say `90s`, `2m` or `1h`".into()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|error| format!("{error}"))?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        assert!(duration("5").is_err() && duration("").is_err() && duration("xs").is_err());
    }
}
