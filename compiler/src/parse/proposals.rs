//! Which language is supported, and how a module that needs more is told so. A refused module is
//! validated again with every proposal there is. If that finds nothing wrong, the module is only
//! too new, and the proposals that it cannot do without are those that it needs.

use wasmparser::WasmFeatures;

use super::validate::validate;
use crate::error::{Error, Result};

/// The proposals that a module may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted(WasmFeatures);

impl Default for Accepted {
    /// All that is supported.
    fn default() -> Self {
        let on = PROPOSALS.iter().filter(|row| row.status == Status::On);
        Self(on.fold(WasmFeatures::MVP, |all, row| all | row.flag))
    }
}

impl Accepted {
    /// All that is supported but what is switched off by name, and what builds on that.
    ///
    /// # Errors
    /// `Config` if there is no such proposal.
    pub fn without(names: &[String]) -> Result<Self> {
        let mut off = WasmFeatures::empty();
        for name in names {
            let flags = PROPOSALS.iter().filter(|row| row.name == name).map(|row| row.flag);
            // What is off anyway may be switched off too.
            off |= flags.reduce(|all, flag| all | flag).ok_or_else(|| unknown(name))?;
        }
        let gone = PROPOSALS.iter().filter(|row| off.intersects(row.features()));
        Ok(Self(gone.fold(Self::default().0, |all, row| all - row.flag)))
    }

    /// For the validator.
    pub fn features(self) -> WasmFeatures {
        self.0
    }

    /// These and the proposals in these places of the table.
    fn with(self, mut included: impl FnMut(usize) -> bool) -> WasmFeatures {
        let rows = PROPOSALS.iter().enumerate().filter(|(row, _)| included(*row));
        rows.fold(self.0, |all, (_, proposal)| all | proposal.features())
    }
}

fn unknown(name: &str) -> Error {
    let known = PROPOSALS.iter().map(|row| row.name);
    let known = known.collect::<Vec<_>>().join(", ");
    Error::Config(format!("there is no proposal `{name}` to switch off: there are {known}"))
}

/// How far support for a proposal is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It is supported.
    On,
    /// It comes some time.
    Later,
    /// Nobody has planned it.
    Never,
}

struct Proposal {
    /// Its flag.
    flag: WasmFeatures,
    /// Those that it builds on.
    below: WasmFeatures,
    /// Its name, as its repository is called.
    name: &'static str,
    /// What it is, in a few words.
    what: &'static str,
    status: Status,
    /// What a user can do without it; may be empty.
    instead: &'static str,
}

macro_rules! proposals {
    ($($flag:ident $(| $below:ident)*: $name:literal, $what:literal, $status:ident, $instead:literal;)*) => {
        &[$(Proposal {
            flag: WasmFeatures::$flag,
            below: WasmFeatures::empty()$(.union(WasmFeatures::$below))*,
            name: $name,
            what: $what,
            status: Status::$status,
            instead: $instead,
        }),*]
    };
}

/// The proposals past 1.0, those first that others build on.
const PROPOSALS: &[Proposal] = proposals! {
    MUTABLE_GLOBAL: "mutable-globals", "imports and exports of globals that change", On, "";
    SATURATING_FLOAT_TO_INT: "saturating-float-to-int", "conversions that do not trap", On,
        "build the guest without it (rustc: `-C target-feature=-nontrapping-fptoint`)";
    SIGN_EXTENSION: "sign-extension", "instructions that extend signs", On,
        "build the guest without it (rustc: `-C target-feature=-sign-ext`)";
    MULTI_VALUE: "multi-value", "several results", On,
        "build the guest without it (rustc: `-C target-feature=-multivalue`)";
    BULK_MEMORY: "bulk-memory", "instructions on ranges of memories and tables", On,
        "build the guest without it (rustc: `-C target-feature=-bulk-memory`)";
    REFERENCE_TYPES: "reference-types", "references as values", On,
        "build the guest without it (rustc: `-C target-feature=-reference-types`)";
    EXTENDED_CONST: "extended-const", "arithmetic in constant expressions", On,
        "build the guest without it (rustc: `-C target-feature=-extended-const`)";
    WIDE_ARITHMETIC: "wide-arithmetic", "128-bit integer arithmetic", On,
        "build the guest without it (rustc: `-C target-feature=-wide-arithmetic`)";
    SIMD: "simd", "128-bit vectors", On,
        "build the guest without vector instructions (rustc: `-C target-feature=-simd128`)";
    RELAXED_SIMD | SIMD: "relaxed-simd", "vector instructions that differ between machines", On,
        "build the guest without vector instructions (rustc: `-C target-feature=-simd128`)";
    THREADS: "threads", "shared memories and atomic instructions", On,
        "build the guest for one thread (rustc: `-C target-feature=-atomics`)";
    TAIL_CALL: "tail-call", "calls that replace their caller", On,
        "build the guest without tail calls (rustc: `-C target-feature=-tail-call`)";
    MULTI_MEMORY: "multi-memory", "more than one memory", On, "";
    MEMORY64: "memory64", "64-bit memories and tables", On, "build the guest for wasm32";
    FUNCTION_REFERENCES | REFERENCE_TYPES: "function-references", "typed function references",
        On, "";
    CUSTOM_PAGE_SIZES: "custom-page-sizes", "memories with pages of another size", On, "";
    EXCEPTIONS: "exception-handling", "tags and exceptions", Later,
        "build the guest to abort on panic or without exceptions";
    LEGACY_EXCEPTIONS | EXCEPTIONS: "exception-handling", "in its superseded legacy form", Never,
        "build the guest without exceptions";
    GC | FUNCTION_REFERENCES | REFERENCE_TYPES: "gc", "garbage-collected types", Later, "";
    COMPACT_IMPORTS: "compact-import-section", "a shorter form of imports", Later, "";
    STACK_SWITCHING | FUNCTION_REFERENCES | REFERENCE_TYPES | EXCEPTIONS: "stack-switching",
        "continuations", Never, "";
    SHARED_EVERYTHING_THREADS | THREADS | GC | FUNCTION_REFERENCES | REFERENCE_TYPES:
        "shared-everything-threads", "shared tables, globals and functions", Never, "";
    CUSTOM_DESCRIPTORS | GC | FUNCTION_REFERENCES | REFERENCE_TYPES: "custom-descriptors",
        "types with descriptors", Never, "";
};

/// Turns the validator's error with the accepted language into ours.
pub fn diagnose(wasm: &[u8], error: wasmparser::Error, accepted: Accepted) -> Error {
    let hint = error.missing_wasm_feature();
    let hinted = PROPOSALS.iter().position(|row| hint.is_some_and(|f| row.features().contains(f)));
    let mut needed = match validate(wasm, accepted.with(|_| true)) {
        Ok(_) => needed(wasm, accepted),
        // Wrong later on, but where it is refused now it is only too new.
        Err(later) if later.offset() > error.offset() => hinted.into_iter().collect(),
        Err(_) => vec![],
    };
    // The offset belongs to this one.
    needed.sort_by_key(|&row| Some(row) != hinted);
    // Offsets in a slice fit.
    let offset = error.offset() as usize;
    let Some(&first) = needed.first() else {
        return Error::Invalid { offset, message: sentence(error.message()) };
    };
    let names = needed.iter().map(|&row| {
        let Proposal { name, what, .. } = PROPOSALS[row];
        format!("{name} ({what})")
    });
    let feature = names.collect::<Vec<_>>().join(", ");
    Error::Unsupported { offset, feature, help: PROPOSALS[first].help() }
}

/// The proposals without which a module is not valid that is valid with all of them.
fn needed(wasm: &[u8], accepted: Accepted) -> Vec<usize> {
    let mut needed: Vec<usize> = (0..PROPOSALS.len()).collect();
    for dropped in (0..PROPOSALS.len()).rev() {
        if validate(wasm, accepted.with(|row| row != dropped && needed.contains(&row))).is_ok() {
            needed.retain(|&row| row != dropped);
        }
    }
    needed
}

impl Proposal {
    /// Its flag, and those that it builds on.
    fn features(&self) -> WasmFeatures {
        self.flag.union(self.below)
    }

    fn help(&self) -> String {
        let status = match self.status {
            Status::On => "switched off by an option",
            Status::Later => "not supported yet; it comes in a later version",
            Status::Never => "not supported, and there is no plan for it",
        };
        match self.instead {
            "" => status.into(),
            instead => format!("{status}: {instead}"),
        }
    }
}

/// The validator's message on one line.
fn sentence(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
