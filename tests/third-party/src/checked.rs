//! The same modules with explicit checks.

/// Bindings under the names that they have without explicit checks.
mod guests {
    macro_rules! guests {
        ($($checked:ident as $name:ident: $Checked:ident as $Name:ident;)*) => {
            $(
                wasmaot::include_guest!(mod $checked);
                pub mod $name {
                    #[allow(unused_imports, reason = "some have no more than their type")]
                    pub use super::$checked::*;
                    pub use super::$checked::$Checked as $Name;
                }
            )*
        };
    }
    guests! {
        checked_argon2 as argon2: CheckedArgon2 as Argon2;
        checked_argon2_simd as argon2_simd: CheckedArgon2Simd as Argon2Simd;
        checked_blake3 as blake3: CheckedBlake3 as Blake3;
        checked_brotli as brotli: CheckedBrotli as Brotli;
        checked_dprint_json as dprint_json: CheckedDprintJson as DprintJson;
        checked_gofmt as gofmt: CheckedGofmt as Gofmt;
        checked_kernels as kernels: CheckedKernels as Kernels;
        checked_llhttp as llhttp: CheckedLlhttp as Llhttp;
        checked_llhttp_simd as llhttp_simd: CheckedLlhttpSimd as LlhttpSimd;
        checked_onig as onig: CheckedOnig as Onig;
        checked_oxipng as oxipng: CheckedOxipng as Oxipng;
        checked_rollup as rollup: CheckedRollup as Rollup;
        checked_source_map as source_map: CheckedSourceMap as SourceMap;
        checked_webp as webp: CheckedWebp as Webp;
        checked_xxhash as xxhash: CheckedXxhash as Xxhash;
        checked_yaml_to_json as yaml_to_json: CheckedYamlToJson as YamlToJson;
        checked_zstd as zstd: CheckedZstd as Zstd;
    }

    wasmaot::include_guest!(mod checked_oxipng_parallel);
    pub mod oxipng_parallel {
        pub use super::checked_oxipng_parallel::*;
        pub use super::checked_oxipng_parallel::{
            CheckedOxipngParallel as OxipngParallel,
            CheckedOxipngParallelImports as OxipngParallelImports,
        };
    }
}

#[allow(clippy::duplicate_mod, reason = "the same drivers, around other bindings")]
#[path = "drivers/mod.rs"]
pub mod drivers;
