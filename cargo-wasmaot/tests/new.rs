//! The project that `cargo wasmaot new` makes builds and runs as made, and `cargo wasmaot build`
//! builds it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-wasmaot");

/// The folder that this workspace itself is built in, and so what the project depends on.
fn target_dir() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {err}");
    output
}

#[test]
fn a_new_project_builds_and_runs_as_made() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("hello-guest");
    succeed(Command::new(PROGRAM).arg("wasmaot").arg("new").arg(&project));
    // The versions and profiles of this workspace, so that what was built for it serves again.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let profiles = &manifest[manifest.find("[profile.dev]").unwrap()..];
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    fs::write(folder.path().join(".cargo/config.toml"), profiles).unwrap();

    // Guests are compiled by the project's build script.
    let mut build = Command::new(PROGRAM);
    build.args(["wasmaot", "build", "--offline", "--target-dir"]).arg(target_dir());
    succeed(build.current_dir(&project));

    let mut run = Command::new(env!("CARGO"));
    run.args(["run", "--quiet", "--offline", "--target-dir"]).arg(target_dir());
    let output = succeed(run.current_dir(&project));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[..3], ["   0: 0", "   1: 1", "   2: 1"], "{text}");
    assert_eq!(lines[10], "the guest reported 10 numbers");
    // The largest numbers of the sequence are known: OEIS A000045.
    assert_eq!(lines[11], "  90: 2880067194370816120");
    assert!(lines[12].starts_with("1000: wasm trap: unreachable"), "{text}");
    assert!(text.contains("fibonacci!fibonacci at 0x"), "{text}");
    assert_eq!(lines.last(), Some(&"   7: 13"));
}

#[test]
fn a_folder_that_exists_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    let output =
        Command::new(PROGRAM).arg("wasmaot").arg("new").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    assert!(String::from_utf8_lossy(&output.stderr).contains("exists already"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn without_guests_build_says_how_to_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"plain\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("lib.rs"), "").unwrap();
    let mut build = Command::new(PROGRAM);
    let output = build.args(["wasmaot", "build"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(101));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("`plain` names no guests"), "{err}");
    assert!(err.contains("[package.metadata.wasmaot.guests.NAME]"), "{err}");

    // Guests of a package without a build script of ours are left in the target folder.
    let manifest =
        format!("{manifest}[package.metadata.wasmaot.guests.adder]\npath = \"adder.wat\"\n");
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let guest = "(module (func (export \"f\") (result i32) i32.const 1))";
    fs::write(folder.path().join("adder.wat"), guest).unwrap();
    let mut build = Command::new(PROGRAM);
    succeed(build.args(["wasmaot", "build", "--offline", "-q"]).current_dir(folder.path()));
    let made = folder.path().join("target/wasmaot").join(cargo_wasmaot::host_target());
    for file in ["adder.o", "adder.rs"] {
        assert!(made.join("debug/plain").join(file).is_file(), "{file}");
    }
}
