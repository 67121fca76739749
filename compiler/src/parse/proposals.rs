//! Which language is supported, and how a module that needs more is told so. A refused module is
//! validated again with every proposal there is. If that finds nothing wrong, the module is only
//! too new, and the proposals that it cannot do without are those that it needs.

use wasmparser::WasmFeatures;

use super::validate::validate;
use crate::error::Error;

/// The supported language: WebAssembly 2.0 without SIMD, and extended constant expressions.
pub const SUPPORTED: WasmFeatures =
    WasmFeatures::WASM2.difference(WasmFeatures::SIMD).union(WasmFeatures::EXTENDED_CONST);

/// How far support for a proposal is.
#[derive(Clone, Copy)]
enum Status {
    /// It comes next.
    Next,
    /// It comes some time.
    Later,
    /// Nobody has planned it.
    Never,
}

struct Proposal {
    /// Its flag, and those that it builds on.
    features: WasmFeatures,
    /// Its name, as its repository is called.
    name: &'static str,
    /// What it is, in a few words.
    what: &'static str,
    status: Status,
    /// What a user can do without it; may be empty.
    instead: &'static str,
}

macro_rules! proposals {
    ($($($flag:ident)|+: $name:literal, $what:literal, $status:ident, $instead:literal;)*) => {
        &[$(Proposal {
            features: WasmFeatures::empty()$(.union(WasmFeatures::$flag))+,
            name: $name,
            what: $what,
            status: Status::$status,
            instead: $instead,
        }),*]
    };
}

/// The unsupported proposals, those first that others build on.
const PROPOSALS: &[Proposal] = proposals! {
    SIMD: "simd", "128-bit vectors", Next,
        "build the guest without vector instructions (rustc: `-C target-feature=-simd128`)";
    RELAXED_SIMD | SIMD: "relaxed-simd", "vector instructions that differ between machines", Next,
        "build the guest without vector instructions (rustc: `-C target-feature=-simd128`)";
    THREADS: "threads", "shared memories and atomic instructions", Next,
        "build the guest for one thread (rustc: `-C target-feature=-atomics`)";
    TAIL_CALL: "tail-call", "calls that replace their caller", Next,
        "build the guest without tail calls (rustc: `-C target-feature=-tail-call`)";
    MULTI_MEMORY: "multi-memory", "more than one memory", Next, "";
    MEMORY64: "memory64", "64-bit memories and tables", Next, "build the guest for wasm32";
    FUNCTION_REFERENCES: "function-references", "typed function references", Next, "";
    CUSTOM_PAGE_SIZES: "custom-page-sizes", "memories with pages of another size", Next, "";
    WIDE_ARITHMETIC: "wide-arithmetic", "128-bit integer arithmetic", Next,
        "build the guest without it (rustc: `-C target-feature=-wide-arithmetic`)";
    EXCEPTIONS: "exception-handling", "tags and exceptions", Later,
        "build the guest to abort on panic or without exceptions";
    LEGACY_EXCEPTIONS | EXCEPTIONS: "exception-handling", "in its superseded legacy form", Never,
        "build the guest without exceptions";
    GC | FUNCTION_REFERENCES: "gc", "garbage-collected types", Later, "";
    COMPACT_IMPORTS: "compact-import-section", "a shorter form of imports", Later, "";
    STACK_SWITCHING | FUNCTION_REFERENCES | EXCEPTIONS: "stack-switching", "continuations",
        Never, "";
    SHARED_EVERYTHING_THREADS | THREADS | GC | FUNCTION_REFERENCES:
        "shared-everything-threads", "shared tables, globals and functions", Never, "";
    CUSTOM_DESCRIPTORS | GC | FUNCTION_REFERENCES: "custom-descriptors",
        "types with descriptors", Never, "";
};

/// Turns the validator's error with the supported language into ours.
pub fn diagnose(wasm: &[u8], error: wasmparser::Error) -> Error {
    let hint = error.missing_wasm_feature();
    let hinted = PROPOSALS.iter().position(|row| hint.is_some_and(|f| row.features.contains(f)));
    let mut needed = match validate(wasm, with(|_| true)) {
        Ok(_) => needed(wasm),
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

/// The supported language and the proposals in these places of the table.
fn with(mut included: impl FnMut(usize) -> bool) -> WasmFeatures {
    let rows = PROPOSALS.iter().enumerate().filter(|(row, _)| included(*row));
    rows.fold(SUPPORTED, |all, (_, proposal)| all.union(proposal.features))
}

/// The proposals without which a module is not valid that is valid with all of them.
fn needed(wasm: &[u8]) -> Vec<usize> {
    let mut needed: Vec<usize> = (0..PROPOSALS.len()).collect();
    for dropped in (0..PROPOSALS.len()).rev() {
        if validate(wasm, with(|row| row != dropped && needed.contains(&row))).is_ok() {
            needed.retain(|&row| row != dropped);
        }
    }
    needed
}

impl Proposal {
    fn help(&self) -> String {
        let status = match self.status {
            Status::Next => "not supported yet, but next in line",
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
