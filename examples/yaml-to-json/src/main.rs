//! Converts YAML to JSON with a parser that has a published bug, without its being able to harm
//! this process.
//!
//! The parser is yaml-rust 0.4.0, which recurses once per level of nesting (RUSTSEC-2018-0006):
//! some kilobytes of `[` overflow the stack, and a native program is at its end. Here the parser
//! is a guest, so that is a trap, and an `Err`.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use wasmaot::Store;

wasmaot::include_guest!(mod yaml_to_json);

use yaml_to_json::YamlToJson;

/// What is converted unless the command line names a file.
const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/yaml-to-json/inputs/ci.yml");

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let path = env::args_os().nth(1).unwrap_or_else(|| SAMPLE.into());
    let yaml = fs::read_to_string(&path)
        .map_err(|error| format!("{}: {error}", Path::new(&path).display()))?;

    let mut guest = YamlToJson::new()?;
    print!("{}", convert(&mut guest, &yaml)?);

    println!("\nNow 100000 opening brackets:\n");
    match convert(&mut guest, &"[".repeat(100_000)) {
        Ok(json) => print!("{json}"),
        Err(error) => println!("{error}"),
    }

    // Whatever the guest was doing, its memory is no longer to be relied on: take a new one.
    println!("\nAnd on it goes:\n");
    let mut guest = YamlToJson::new()?;
    print!("{}", convert(&mut guest, "{still: [alive, and, well]}")?);
    Ok(())
}

/// Converts in a guest: hands the text over in the guest's memory, and fetches the answer there.
fn convert(guest: &mut YamlToJson<Store<()>>, yaml: &str) -> Result<String, Error> {
    let len = i32::try_from(yaml.len())?;
    let input = guest.alloc(len)?;
    guest.write_memory(input as u32, yaml.as_bytes())?;
    let status = guest.yaml_to_json(input, len)?;
    guest.dealloc(input, len)?;

    let mut output = vec![0; guest.output_len()? as u32 as usize];
    let at = guest.output_ptr()? as u32;
    guest.read_memory(at, &mut output)?;
    let output = String::from_utf8(output)?;
    match status {
        0 => Ok(output),
        _ => Err(output.into()),
    }
}
