//! Why a module could not be compiled.

use std::fmt;

/// Why a module could not be compiled. Which file it was, the caller knows.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no valid module.
    Invalid {
        /// Where in the file.
        offset: usize,
        /// What is wrong, in the validator's words.
        message: String,
    },
    /// The module is fine but needs something that is not supported.
    Unsupported {
        /// Where in the file.
        offset: usize,
        /// What it needs: the proposal's name first.
        feature: String,
        /// How far support is, and what to do instead.
        help: String,
    },
    /// The module exceeds what can be compiled (frames, contexts, tables of absurd size).
    TooLarge {
        /// Where in the file, if it is in one place.
        offset: Option<usize>,
        /// What is too large, and the limit.
        message: String,
    },
    /// The options do not fit each other, the target or the module.
    Config(String),
    /// The code generator failed: a bug of ours or of its own.
    Codegen {
        /// Which function.
        function: String,
        /// What it said.
        message: String,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Where in the file the cause is, in bytes, if it is in one place.
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Invalid { offset, .. } | Self::Unsupported { offset, .. } => Some(*offset),
            Self::TooLarge { offset, .. } => *offset,
            Self::Config(_) | Self::Codegen { .. } => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { offset, message } => {
                write!(f, "invalid module at offset {offset:#x}: {message}")
            }
            Self::Unsupported { offset, feature, help } => {
                write!(f, "unsupported at offset {offset:#x}: {feature}; {help}")
            }
            Self::TooLarge { offset: Some(offset), message } => {
                write!(f, "module too large at offset {offset:#x}: {message}")
            }
            Self::TooLarge { offset: None, message } => write!(f, "module too large: {message}"),
            Self::Config(message) => f.write_str(message),
            Self::Codegen { function, message } => {
                write!(f, "cannot generate code for {function}: {message}")
            }
        }
    }
}

impl std::error::Error for Error {}
