//! The program `cargo-wasmaot`, which cargo runs for `cargo wasmaot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_wasmaot::commands::main(std::env::args_os())
}
