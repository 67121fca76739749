//! Which language is supported, and how a module that needs more is told so. To find the
//! proposal that a refused module needs, it is validated again with one more proposal at a
//! time: the one that gets past the place of the error is it.

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

/// The unsupported proposals, those first that others build on: the first that helps is named.
const PROPOSALS: &[Proposal] = proposals! {
    SIMD: "simd", "128-bit vectors", Next,
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
    MEMORY_CONTROL: "memory-control", "discarding of memory", Never, "";
    ACQUIRE_RELEASE_ATOMICS | THREADS: "acquire-release-atomics", "weaker atomics", Never, "";
    CUSTOM_DESCRIPTORS | GC | FUNCTION_REFERENCES: "custom-descriptors",
        "types with descriptors", Never, "";
    MULTIBYTE_ARRAY_ACCESS | GC | FUNCTION_REFERENCES: "multibyte-array-access",
        "wide access to arrays of bytes", Never, "";
};

/// Turns the validator's error with the supported language into ours.
pub fn diagnose(wasm: &[u8], error: wasmparser::Error) -> Error {
    let offset = error.offset();
    let helps = |features: WasmFeatures| match validate(wasm, SUPPORTED.union(features)) {
        Ok(_) => true,
        Err(later) => later.offset() > offset,
    };
    let newer = || {
        if !helps(WasmFeatures::all()) {
            return None;
        }
        let hint = error.missing_wasm_feature();
        let hinted = PROPOSALS.iter().find(|row| hint.is_some_and(|f| row.features.contains(f)));
        let helpful = || PROPOSALS.iter().find(|row| helps(row.features));
        hinted.filter(|row| helps(row.features)).or_else(helpful).or(hinted)
    };
    // Offsets in a slice fit.
    let offset = offset as usize;
    match newer() {
        Some(proposal) => proposal.unsupported(offset),
        None => Error::Invalid { offset, message: sentence(error.message()) },
    }
}

impl Proposal {
    fn unsupported(&self, offset: usize) -> Error {
        let status = match self.status {
            Status::Next => "not supported yet, but next in line",
            Status::Later => "not supported yet; it comes in a later version",
            Status::Never => "not supported, and there is no plan for it",
        };
        let help = match self.instead {
            "" => status.into(),
            instead => format!("{status}: {instead}"),
        };
        Error::Unsupported { offset, feature: format!("{} ({})", self.name, self.what), help }
    }
}

/// The validator's message on one line.
fn sentence(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
