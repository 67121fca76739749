//! The commands of the developers of wasmaot: `cargo xtask NAME`.
//!
//! Each command is a module and a row of [`COMMANDS`]: its name, its function, a sentence. To add one, write
//! the module and the row; the list that `cargo xtask` prints, and the dispatch, come from the table.

mod bless;
mod ci;
mod guests;
mod size;
mod tidy;

use std::process::ExitCode;

/// A row of the table of commands.
struct Command {
    name: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
    says: &'static str,
}

const COMMANDS: &[Command] = &[
    Command { name: "ci", run: ci::run, says: "everything that CI runs" },
    Command {
        name: "bless",
        run: bless::run,
        says: "rewrite what tests expect by what they find: generated code, what of the suite waits, README's table",
    },
    Command { name: "tidy", run: tidy::run, says: "check the rules of ARCHITECTURE.md" },
    Command {
        name: "guests",
        run: guests::run,
        says: "build: rebuild the .wasm files under guests/; check: tell which of them drifted from their sources",
    },
    Command { name: "size", run: size::run, says: "what the smallest program with a guest weighs" },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", list());
        return ExitCode::SUCCESS;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", list());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("error: `{name}` is no command\n\n{}", list());
        return ExitCode::from(2);
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> String {
    let mut text = String::from("Usage: cargo xtask COMMAND [ARGUMENTS]\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<8} {}\n", command.name, command.says));
    }
    text
}
