//! README.md's example, which is to be what stands here.

use wasmaot::{Caller, Error, HostError};

wasmaot::include_guest!(mod plugin);

struct Host;

impl plugin::Env for Host {
    fn log(_caller: Caller<'_, Self>, number: i32) -> Result<(), HostError> {
        println!("the guest says {number}");
        Ok(())
    }
}

fn run() -> Result<(), Error> {
    let mut guest = plugin::Plugin::new(Host)?;
    println!("{}", guest.add(20, 22)?);
    assert_eq!(guest.add(20, 22)?, 42);
    Ok(())
}

#[test]
fn the_example_runs() {
    run().unwrap();
}

/// The example's lines stand here, too.
#[test]
fn the_example_is_this_one() {
    let readme = include_str!("../../../README.md");
    let (_, rest) =
        readme.split_once("use wasmaot::{Caller, Error, HostError};\n").expect("the example");
    let (example, _) = rest.split_once("```").expect("the example's end");
    let here = include_str!("readme.rs");
    for line in example.lines().filter(|line| *line != "fn main() -> Result<(), Error> {") {
        assert!(here.contains(line), "README.md's example has another `{line}`");
    }
}
