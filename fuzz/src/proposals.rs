//! Which language is tried: one row per proposal.
//!
//! A row says what the compiler calls it, which bits of the validator's it is, how the generator
//! is told to make it, and which peers can run it. Whether it is tried, the compiler says: what
//! it has is tried. The rest, WebAssembly 2.0 and extended constant expressions, always is.

use wasm_smith::Config;
use wasmparser::WasmFeatures;

/// A proposal.
#[derive(Clone, Copy)]
pub struct Proposal {
    /// The compiler's name for it.
    pub name: &'static str,
    /// The validator's.
    pub features: WasmFeatures,
    /// How the generator is told to use it.
    pub generate: fn(&mut Config),
    /// Whether `wasmtime` can run it.
    pub wasmtime: bool,
    /// Whether `wasmi` can.
    pub wasmi: bool,
}

impl Proposal {
    /// Whether the compiler has it: it can be switched off.
    pub fn enabled(&self) -> bool {
        const EMPTY: &[u8] = b"\0asm\x01\0\0\0";
        let mut config = wasmaot_compiler::Config::new(cargo_wasmaot::host_target());
        config.without = vec![self.name.into()];
        wasmaot_compiler::describe(EMPTY, &config).is_ok()
    }
}

/// All that come after the core that is always there.
pub const PROPOSALS: &[Proposal] = &[
    Proposal {
        name: "simd",
        features: WasmFeatures::SIMD,
        generate: |config| config.simd_enabled = true,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "relaxed-simd",
        features: WasmFeatures::RELAXED_SIMD,
        generate: |config| {
            config.simd_enabled = true;
            config.relaxed_simd_enabled = true;
        },
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "tail-call",
        features: WasmFeatures::TAIL_CALL,
        generate: |config| config.tail_call_enabled = true,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "multi-memory",
        features: WasmFeatures::MULTI_MEMORY,
        generate: |config| config.max_memories = 4,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "memory64",
        features: WasmFeatures::MEMORY64,
        generate: |config| config.memory64_enabled = true,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "custom-page-sizes",
        features: WasmFeatures::CUSTOM_PAGE_SIZES,
        generate: |config| config.custom_page_sizes_enabled = true,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "wide-arithmetic",
        features: WasmFeatures::WIDE_ARITHMETIC,
        generate: |config| config.wide_arithmetic_enabled = true,
        wasmtime: true,
        wasmi: true,
    },
    Proposal {
        name: "threads",
        features: WasmFeatures::THREADS,
        generate: |config| config.threads_enabled = true,
        wasmtime: true,
        wasmi: false,
    },
];

/// What is always tried.
pub const CORE: WasmFeatures =
    WasmFeatures::WASM2.difference(WasmFeatures::SIMD).union(WasmFeatures::EXTENDED_CONST);

/// The core and the proposals of which something holds.
pub fn features(of: impl Fn(&Proposal) -> bool) -> WasmFeatures {
    let rows = PROPOSALS.iter().filter(|proposal| of(proposal));
    rows.fold(CORE, |all, proposal| all.union(proposal.features))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_enabled_has_a_peer() {
        for proposal in PROPOSALS.iter().filter(|proposal| proposal.enabled()) {
            assert!(proposal.wasmtime || proposal.wasmi, "{}", proposal.name);
        }
        assert!(features(|_| false) == CORE && CORE.contains(WasmFeatures::BULK_MEMORY));
    }
}
