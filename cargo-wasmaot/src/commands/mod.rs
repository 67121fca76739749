//! The commands, one file each. To add one: a file with its arguments and a `run`, and a row in
//! `Command`.
//!
//! Exit codes are cargo's: 0 for success, 1 for a wrong command line, 101 if the work could not
//! be done. A command that did its work with a bad outcome (a guest that trapped, a test that
//! failed) ends with 1.

pub mod build;
pub mod compile;
pub mod inspect;
pub mod new;
pub mod run;
pub mod wast;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};

use crate::shell::{Color, MessageFormat, Shell};

/// The work could not be done.
const FAILED: u8 = 101;
/// The command line is wrong.
const USAGE: u8 = 1;

/// WebAssembly guests as native objects.
#[derive(Debug, Parser)]
#[command(name = "cargo wasmaot", bin_name = "cargo wasmaot", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Print nothing but results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more of what is done
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// When to use colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "CARGO_TERM_COLOR",
        default_value = "auto"
    )]
    color: Color,

    /// How to print results and errors
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    message_format: MessageFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compile(compile::Compile),
    Build(Box<build::Build>),
    Run(run::Run),
    Inspect(inspect::Inspect),
    New(new::New),
    Wast(wast::Wast),
}

/// Runs the program with its arguments. Cargo passes the command's own name on as the first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|arg| arg == "wasmaot") {
        args.remove(1);
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let shell = Shell::new(cli.quiet, cli.verbose, cli.color, cli.message_format);
    let outcome = match &cli.command {
        Command::Compile(command) => command.run(&shell),
        Command::Build(command) => command.run(&shell, cli.color),
        Command::Run(command) => command.run(&shell),
        Command::Inspect(command) => command.run(&shell),
        Command::New(command) => command.run(&shell),
        Command::Wast(command) => command.run(&shell),
    };
    outcome.unwrap_or_else(|error| {
        shell.error(&error);
        FAILED.into()
    })
}
