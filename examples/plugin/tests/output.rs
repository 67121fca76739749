//! The example prints what it should, and README.md shows it as it is.

use std::process::Command;

#[test]
fn prints_what_the_guest_said_and_returned() {
    let output = Command::new(env!("CARGO_BIN_EXE_plugin-host")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "the guest says 20\nthe guest says 22\n42\n");
    assert!(output.status.success());
}

#[test]
fn the_readme_shows_this_program() {
    let readme = include_str!("../../../README.md");
    for source in [include_str!("../src/main.rs"), include_str!("../build.rs")] {
        let code = source.split_once("\n\n").unwrap().1;
        assert!(readme.contains(code), "README.md does not contain:\n{code}");
    }
}
