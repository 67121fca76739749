//! Guests: wasm modules that are committed beside the sources they are built from.
//!
//! They are committed so that nobody needs a wasm toolchain to build or test wasmaot; what keeps a module
//! and its sources together is `guest.lock`, a list of hashes (in the format of sha256sum) of everything
//! the module is made from and of the module itself. `build` rewrites it, `check` compares, with no
//! toolchain at all. Folders that have a SHA256SUMS instead were not built by this command: modules from
//! elsewhere, and programs in C, whose sources are recorded with them.
//!
//! To add a guest, put a package (a cdylib, with an empty `[workspace]` table) into a folder of guests/ and
//! run `cargo xtask guests build NAME`: every folder with a Cargo.toml is one. One that is not for
//! wasm32-unknown-unknown says so in its `.cargo/config.toml`.

mod build;
mod record;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::ci::root;

const USAGE: &str = "usage: cargo xtask guests build [NAME...] | cargo xtask guests check";

/// Runs `cargo xtask guests ...`.
pub fn run(arguments: &[String]) -> Result<()> {
    let root = root();
    match arguments.split_first().map(|(command, rest)| (command.as_str(), rest)) {
        Some(("build", names)) => {
            let guests = select(&root.join("guests"), names)?;
            guests.iter().try_for_each(|guest| build::build(root, guest))
        }
        Some(("check", [])) => check(&root.join("guests")),
        _ => bail!(USAGE),
    }
}

/// A guest's folder, whose name is the guest's.
struct Guest {
    name: String,
    folder: PathBuf,
}

impl Guest {
    fn module(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }

    fn record(&self) -> PathBuf {
        self.folder.join("guest.lock")
    }
}

/// All guests of the folder, in the order of their names.
fn all(folder: &Path) -> Result<Vec<Guest>> {
    let mut guests = Vec::new();
    for path in record::entries(folder)? {
        if path.join("Cargo.toml").is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            guests.push(Guest { name, folder: path });
        }
    }
    Ok(guests)
}

fn select(folder: &Path, names: &[String]) -> Result<Vec<Guest>> {
    let mut guests = all(folder)?;
    if let Some(name) = names.iter().find(|name| !guests.iter().any(|guest| &guest.name == *name)) {
        let known: Vec<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
        bail!("no guest is called `{name}`; there are: {}", known.join(", "));
    }
    guests.retain(|guest| names.is_empty() || names.contains(&guest.name));
    Ok(guests)
}

/// Fails, naming each file that is not what its record says and the command that mends it.
fn check(folder: &Path) -> Result<()> {
    let mut complaints = Vec::new();
    let mut checked = 0;
    for guest in all(folder)? {
        let mend = format!("cargo xtask guests build {}", guest.name);
        for drift in record::check_guest(&guest)? {
            complaints.push(format!("guests/{}/{drift}; mend it with: {mend}", guest.name));
        }
        checked += 1;
    }
    for foreign in record::entries(folder)? {
        if !foreign.join("SHA256SUMS").is_file() {
            continue;
        }
        let name = foreign.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mend = if foreign.join("build.sh").is_file() {
            format!("mend it with: guests/{name}/build.sh")
        } else {
            format!("take the file again from the package that guests/{name}/README.md names")
        };
        for drift in record::check_modules(&foreign)? {
            complaints.push(format!("guests/{name}/{drift}; {mend}"));
        }
        checked += 1;
    }
    if !complaints.is_empty() {
        bail!("guests and their records disagree:\n  {}", complaints.join("\n  "));
    }
    println!("guests: {checked} folders are what their records say");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn committed_guests_have_not_drifted() {
        check(&root().join("guests")).unwrap();
    }

    /// A folder with one recorded guest, `toy`.
    fn toy() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let guest = folder.path().join("toy");
        fs::create_dir_all(guest.join("src")).unwrap();
        fs::create_dir_all(guest.join("inputs")).unwrap();
        fs::write(guest.join("Cargo.toml"), "[package]").unwrap();
        fs::write(guest.join("src/lib.rs"), "// one").unwrap();
        fs::write(guest.join("README.md"), "About it.").unwrap();
        fs::write(guest.join("inputs/a.txt"), "a").unwrap();
        fs::write(guest.join("toy.wasm"), b"\0asm").unwrap();
        record::write(&all(folder.path()).unwrap()[0], "rustc 1.2.3").unwrap();
        folder
    }

    fn complaint(folder: &tempfile::TempDir) -> String {
        format!("{:#}", check(folder.path()).unwrap_err())
    }

    #[test]
    fn a_recorded_guest_passes_whatever_its_prose_and_inputs_are() {
        let folder = toy();
        fs::write(folder.path().join("toy/README.md"), "More about it.").unwrap();
        fs::write(folder.path().join("toy/inputs/b.txt"), "b").unwrap();
        check(folder.path()).unwrap();
    }

    #[test]
    fn a_changed_source_is_named_with_the_command_that_mends_it() {
        let folder = toy();
        fs::write(folder.path().join("toy/src/lib.rs"), "// two").unwrap();
        assert_eq!(
            complaint(&folder),
            "guests and their records disagree:\n  guests/toy/src/lib.rs changed since toy.wasm was built; \
             mend it with: cargo xtask guests build toy"
        );
    }

    #[test]
    fn new_files_missing_files_and_other_modules_are_drift_too() {
        let folder = toy();
        fs::write(folder.path().join("toy/src/extra.rs"), "").unwrap();
        fs::remove_file(folder.path().join("toy/Cargo.toml")).unwrap();
        fs::write(folder.path().join("toy/Cargo.toml"), "[package]").unwrap();
        assert!(complaint(&folder).contains("toy/src/extra.rs is new since toy.wasm was built"));
        fs::remove_file(folder.path().join("toy/src/extra.rs")).unwrap();
        fs::write(folder.path().join("toy/toy.wasm"), b"\0asm again").unwrap();
        assert!(complaint(&folder).contains("toy/toy.wasm is not the module that was recorded"));
        fs::remove_file(folder.path().join("toy/toy.wasm")).unwrap();
        assert!(complaint(&folder).contains("toy/toy.wasm is gone"));
        fs::remove_file(folder.path().join("toy/guest.lock")).unwrap();
        assert!(complaint(&folder).contains("toy/guest.lock is missing"));
    }

    #[test]
    fn a_damaged_record_is_an_error_that_names_the_line() {
        let folder = toy();
        fs::write(folder.path().join("toy/guest.lock"), "# built by\nnonsense\n").unwrap();
        assert!(complaint(&folder).contains("guest.lock, line 2"));
    }

    #[test]
    fn modules_from_elsewhere_are_checked_too() {
        let folder = toy();
        let foreign = folder.path().join("third-party");
        fs::create_dir_all(foreign.join("x")).unwrap();
        fs::write(foreign.join("x/x.wasm"), b"\0asm").unwrap();
        fs::write(foreign.join("SHA256SUMS"), "").unwrap();
        assert!(complaint(&folder).contains("third-party/x/x.wasm is in no record"));
    }

    #[test]
    fn sources_beside_recorded_modules_are_checked_too() {
        let folder = toy();
        let programs = folder.path().join("programs");
        fs::create_dir_all(&programs).unwrap();
        fs::write(programs.join("build.sh"), "").unwrap();
        fs::write(programs.join("x.c"), "").unwrap();
        fs::write(programs.join("SHA256SUMS"), format!("{}  x.c\n", "0".repeat(64))).unwrap();
        assert!(complaint(&folder).ends_with(
            "guests/programs/x.c is not what was recorded; mend it with: guests/programs/build.sh"
        ));
    }

    #[test]
    fn a_name_that_is_no_guest_is_refused() {
        let folder = toy();
        let error = select(folder.path(), &["tay".to_owned()]).err().unwrap();
        assert_eq!(error.to_string(), "no guest is called `tay`; there are: toy");
    }
}
