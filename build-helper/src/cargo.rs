//! What the build script tells cargo: the only writer of `cargo::` lines.
//!
//! Lines are collected while the work is done and written at its end, each once and in a fixed
//! order, also when the work failed: a failed script runs again anyway, but the lines of errors
//! must be the last.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::error::Error;

/// The lines of one build script.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    files: BTreeSet<PathBuf>,
    variables: BTreeSet<String>,
    folders: BTreeSet<PathBuf>,
    warnings: Vec<String>,
}

impl Lines {
    /// Run again when this file or folder changes.
    pub fn depends_on_file(&mut self, path: impl Into<PathBuf>) {
        self.files.insert(path.into());
    }

    /// Run again when this variable changes.
    pub fn depends_on_variable(&mut self, name: impl Into<String>) {
        self.variables.insert(name.into());
    }

    /// Look for libraries in a folder.
    pub fn search(&mut self, folder: impl Into<PathBuf>) {
        self.folders.insert(folder.into());
    }

    /// Tell the user something that is no reason to stop.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// What is said to cargo.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for file in &self.files {
            let _ = writeln!(out, "cargo::rerun-if-changed={}", file.display());
        }
        for name in &self.variables {
            let _ = writeln!(out, "cargo::rerun-if-env-changed={name}");
        }
        for folder in &self.folders {
            let _ = writeln!(out, "cargo::rustc-link-search=native={}", folder.display());
        }
        for warning in &self.warnings {
            for line in warning.lines() {
                let _ = writeln!(out, "cargo::warning={line}");
            }
        }
        out
    }

    /// Says it.
    pub fn print(&self) {
        print!("{}", self.render());
    }
}

/// An error as cargo shows it best: a headline, the causes and the advice below, each in a line.
pub fn render_error(error: &Error) -> String {
    let mut out = String::new();
    let text = error.to_string();
    for (i, line) in text.lines().enumerate() {
        let indent = if i == 0 { "" } else { "  " };
        let _ = writeln!(out, "cargo::error={indent}{line}");
    }
    if let Some(help) = error.help() {
        for (i, line) in help.lines().enumerate() {
            let start = if i == 0 { "  help: " } else { "        " };
            let _ = writeln!(out, "cargo::error={start}{line}");
        }
    }
    out
}

/// Tells cargo of an error and ends the process.
pub fn fail(error: &Error) -> ! {
    print!("{}", render_error(error));
    // After such lines cargo stops without printing the script's own output. Only a failed
    // cargo of a guest has said more there, which the user wants to see.
    let code = match error {
        Error::GuestBuild { stderr, .. } => {
            eprint!("{stderr}");
            1
        }
        _ => 0,
    };
    std::process::exit(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_comes_once_and_in_order() {
        let mut lines = Lines::default();
        lines.depends_on_file("b.wasm");
        lines.depends_on_file("a.wasm");
        lines.depends_on_file("b.wasm");
        lines.depends_on_variable("X");
        lines.search("/out");
        lines.warn("one\ntwo");
        assert_eq!(
            lines.render(),
            "cargo::rerun-if-changed=a.wasm\ncargo::rerun-if-changed=b.wasm\n\
             cargo::rerun-if-env-changed=X\ncargo::rustc-link-search=native=/out\n\
             cargo::warning=one\ncargo::warning=two\n"
        );
    }

    #[test]
    fn errors_are_headline_then_advice() {
        let error = Error::NotInBuildScript { variable: "OUT_DIR" };
        let text = render_error(&error);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("cargo::error=the variable `OUT_DIR`"), "{text}");
        assert!(lines[1].starts_with("cargo::error=  help: "), "{text}");
    }
}
