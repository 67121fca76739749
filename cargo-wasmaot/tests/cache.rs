//! The cache of programs where there is none, or none that can be written to: what is said, and that what needs
//! no cache goes on without one.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const COMMAND: &str = "(module (func (export \"_start\")))";

/// A folder with a command and what is no command.
fn sandbox() -> TempDir {
    let sandbox = tempfile::tempdir().unwrap();
    fs::write(sandbox.path().join("command.wat"), COMMAND).unwrap();
    let other = "(module (func (export \"answer\") (result i32) (i32.const 42)))";
    fs::write(sandbox.path().join("other.wat"), other).unwrap();
    sandbox
}

/// `cargo wasmaot …`, which finds no cache unless the variables say so.
fn wasmaot(folder: &Path, args: &[&str], variables: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-wasmaot"));
    command.arg("wasmaot").args(args).current_dir(folder);
    for name in ["WASMAOT_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "CARGO_TERM_COLOR"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

/// Fails, and says what to do; nothing is left.
#[track_caller]
fn refused(folder: &Path, args: &[&str], variables: &[(&str, &Path)], words: &[&str]) {
    let output = wasmaot(folder, args, variables);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(101), "{err}");
    for words in words {
        assert!(err.contains(words), "`{words}` is not in: {err}");
    }
    assert!(!folder.join("command").exists());
}

const RUN: &[&str] = &["run", "--offline", "command.wat"];
const BUILD: &[&str] = &["build", "--offline", "--bin", "command.wat"];

#[test]
fn without_a_home_the_variables_that_would_name_a_folder_are_told() {
    let sandbox = sandbox();
    for args in [RUN, BUILD] {
        refused(sandbox.path(), args, &[], &["$WASMAOT_CACHE_DIR", "$HOME"]);
        // Empty ones name none.
        let empty = [("WASMAOT_CACHE_DIR", Path::new("")), ("HOME", Path::new(""))];
        refused(sandbox.path(), args, &empty, &["$WASMAOT_CACHE_DIR", "$HOME"]);
    }
    let output = wasmaot(sandbox.path(), &["run", "other.wat", "--invoke", "answer"], &[]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "i32: 42\n", "{:?}", output.status);
}

#[test]
fn a_cache_that_cannot_be_written_to_is_named_with_what_mends_it() {
    let sandbox = sandbox();
    // A folder in which nobody can make anything, the superuser included.
    let taken = sandbox.path().join("taken");
    fs::write(&taken, "").unwrap();
    for args in [RUN, BUILD] {
        for variable in ["WASMAOT_CACHE_DIR", "XDG_CACHE_HOME", "HOME"] {
            let path = taken.to_str().unwrap();
            let words = ["cannot write to the cache of programs", path, "$WASMAOT_CACHE_DIR"];
            refused(sandbox.path(), args, &[(variable, &taken)], &words);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_can_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    let cache = sandbox.path().join("cache");
    let variables = [("WASMAOT_CACHE_DIR", &*cache), ("PATH", Path::new(""))];
    // Without cargo there are only the folders.
    wasmaot(sandbox.path(), RUN, &variables);
    let folders = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<_> = folders.filter(|path| path.join("programs").is_dir()).collect();
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    let mode = fs::metadata(folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let words = ["others can write to the cache of programs", folder.to_str().unwrap()];
    refused(sandbox.path(), RUN, &variables, &words);
}
