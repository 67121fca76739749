//! What people see, in cargo's manners: results on standard output, everything else on standard
//! error; colour and progress only where a person looks, unless asked for.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use clap::ValueEnum;
use serde::Serialize;

/// `--color`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `--message-format`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum MessageFormat {
    /// For people.
    #[default]
    Human,
    /// A JSON object per line on standard output, told apart by `reason`.
    Json,
}

/// The style of a word.
#[derive(Clone, Copy, Debug)]
enum Style {
    Good,
    Bad,
    Note,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Good => "\x1b[1;32m",
            Self::Bad => "\x1b[1;31m",
            Self::Note => "\x1b[1;36m",
        }
    }
}

/// Where messages go.
#[derive(Debug)]
pub struct Shell {
    /// 0 when quiet, 1 as a rule, more with `-v`.
    verbosity: u8,
    format: MessageFormat,
    color: bool,
    /// Whether progress is shown: someone watches.
    progress: bool,
    /// The width of the progress line that is on the screen.
    line: Mutex<usize>,
}

impl Shell {
    /// A shell by its options.
    pub fn new(quiet: bool, verbose: u8, color: Color, format: MessageFormat) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            verbosity: if quiet { 0 } else { 1 + verbose },
            format,
            color: match color {
                Color::Auto => {
                    terminal && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
                }
                Color::Always => true,
                Color::Never => false,
            },
            progress: terminal && !quiet,
            line: Mutex::new(0),
        }
    }

    /// Whether results are wanted as JSON.
    pub fn json(&self) -> bool {
        self.format == MessageFormat::Json
    }

    /// Whether `-v` was given.
    pub fn verbose(&self) -> bool {
        self.verbosity > 1
    }

    /// Whether `-q` was given.
    pub fn quiet(&self) -> bool {
        self.verbosity == 0
    }

    /// Says what is being done, when someone watches or wants to know.
    pub fn status(&self, verb: &str, what: impl Display) {
        if self.progress || self.verbose() {
            self.message(&format!("{} {what}", self.paint(Style::Good, &format!("{verb:>12}"))));
        }
    }

    /// Says something that helps, unless quiet.
    pub fn note(&self, what: impl Display) {
        if !self.quiet() {
            self.message(&format!("{}: {what}", self.paint(Style::Note, "note")));
        }
    }

    /// Says what went wrong, and why.
    pub fn error(&self, error: &anyhow::Error) {
        let mut text = format!("{}: {error}", self.paint(Style::Bad, "error"));
        let mut plain = format!("error: {error}");
        let causes: Vec<_> = error.chain().skip(1).map(ToString::to_string).collect();
        if !causes.is_empty() {
            let lines = causes.iter().map(|cause| cause.replace('\n', "\n  "));
            let causes = format!("\n\nCaused by:\n  {}", lines.collect::<Vec<_>>().join("\n  "));
            text += &causes;
            plain += &causes;
        }
        if self.json() {
            // The shape of the messages that cargo passes on from rustc.
            self.json_line(&serde_json::json!({
                "reason": "compiler-message",
                "message": {
                    "level": "error",
                    "message": error.to_string(),
                    "children": causes,
                    "rendered": format!("{plain}\n"),
                },
            }));
        } else {
            self.message(&text);
        }
    }

    /// Shows how far a long job is, when someone watches.
    pub fn progress(&self, verb: &str, done: usize, all: usize) {
        if !self.progress {
            return;
        }
        const WIDTH: usize = 24;
        let filled = (WIDTH * done).checked_div(all).unwrap_or(WIDTH);
        let verb = format!("{verb:>12}");
        let text =
            format!("{verb} [{}>{}] {done}/{all}", "=".repeat(filled), " ".repeat(WIDTH - filled));
        let shown = text.replacen(&verb, &self.paint(Style::Note, &verb), 1);
        let mut line = self.line.lock().expect("nobody panics with the lock");
        *line = text.len();
        let _ = write!(io::stderr(), "\r{shown}\x1b[K");
    }

    /// Prints a result for people.
    pub fn line(&self, text: impl Display) {
        self.clear_progress();
        // Whoever closed the pipe does not want to know.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// Prints a result for programs.
    pub fn json_line(&self, value: &impl Serialize) {
        self.line(serde_json::to_string(value).unwrap_or_default());
    }

    /// Takes the progress line off the screen.
    pub fn clear_progress(&self) {
        let mut line = self.line.lock().expect("nobody panics with the lock");
        if std::mem::take(&mut *line) > 0 {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn message(&self, text: &str) {
        self.clear_progress();
        let _ = writeln!(io::stderr(), "{text}");
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.color { format!("{}{text}\x1b[0m", style.code()) } else { text.into() }
    }
}
