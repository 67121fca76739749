//! `cargo wasmaot new`: a small project that builds and runs as made. Its files stand in
//! `templates/new`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::checkout;
use crate::files::write_whole;
use crate::shell::Shell;
use crate::template::fill;

/// Make a new project: a host program and a guest
#[derive(Debug, Args)]
pub struct New {
    /// The folder to make
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// The package's name (default: the folder's)
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Depend on the crates of a checkout of wasmaot instead of published ones (default: the
    /// checkout that this program was built in, if it is still there)
    #[arg(long, value_name = "CHECKOUT")]
    checkout: Option<PathBuf>,
}

/// The project's files. `{{…}}` is filled in in the manifest.
const FILES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../templates/new/Cargo.toml")),
    ("build.rs", include_str!("../../templates/new/build.rs")),
    ("src/main.rs", include_str!("../../templates/new/src/main.rs")),
    ("guest/fibonacci.wat", include_str!("../../templates/new/guest/fibonacci.wat")),
    (".gitignore", include_str!("../../templates/new/gitignore")),
];

impl New {
    /// Runs the command.
    ///
    /// # Errors
    /// If the folder exists, the name does not do, or something cannot be written.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let path = self.path.display();
        if self.path.exists() {
            bail!("`{path}` exists already: name a folder that does not");
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        check_name(&name)?;
        let checkout = match &self.checkout {
            Some(folder) => Some(
                checkout::at(folder)
                    .with_context(|| format!("`{}` is no checkout of wasmaot", folder.display()))?,
            ),
            None => checkout::own(),
        };
        let dependency = |folder: &str| {
            anyhow::Ok(format!("{{ {} }}", checkout::dependency(checkout.as_deref(), folder)?))
        };
        let (wasmaot, build) = (dependency("runtime-lib")?, dependency("build-helper")?);

        let made = FILES.iter().try_for_each(|(file, text)| {
            let text = match *file {
                "Cargo.toml" => {
                    fill(text, &[("name", &name), ("wasmaot", &wasmaot), ("wasmaot-build", &build)])
                }
                _ => (*text).to_owned(),
            };
            let file = self.path.join(file);
            let folder = file.parent().unwrap_or(&self.path);
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
            write_whole(&file, text.as_bytes())
        });
        if made.is_err() {
            // The folder is ours: it was not there before.
            let _ = fs::remove_dir_all(&self.path);
        }
        made?;
        shell.status("Created", format!("the project `{name}` in `{path}`"));
        shell.note(format!("try it: `cargo run --manifest-path {path}/Cargo.toml`"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Refuses what cargo would refuse as a package's name.
fn check_name(name: &str) -> Result<()> {
    let good = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !good {
        bail!(
            "`{name}` cannot be a package's name: use ASCII letters, digits, `-` and `_`, no digit \
             first; --name gives another than the folder's"
        );
    }
    Ok(())
}
