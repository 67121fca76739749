//! A driver a module. Included twice, see the crate's root; `guests` are the bindings.

mod argon2;
mod blake3;
mod brotli;
mod dprint_json;
mod gofmt;
pub mod kernels;
mod llhttp;
mod onig;
pub mod oxipng;
pub mod oxipng_parallel;
mod rollup;
mod simd;
mod source_map;
mod webp;
mod xxhash;
pub mod yaml_to_json;
mod zstd;

use super::guests;
use crate::Driver;

/// The drivers by the names that modules have in `guests/third-party/vectors.json`.
pub const DRIVERS: &[(&str, Driver)] = &[
    ("argon2", argon2::drive),
    ("argon2-simd", simd::argon2::drive),
    ("blake3", blake3::drive),
    ("brotli", brotli::drive),
    ("dprint-json", dprint_json::drive),
    ("gofmt", gofmt::drive),
    ("llhttp", llhttp::drive),
    ("llhttp-simd", simd::llhttp::drive),
    ("onig", onig::drive),
    ("oxipng", oxipng::drive),
    ("rollup", rollup::drive),
    ("source-map", source_map::drive),
    ("webp", webp::drive),
    ("xxhash", xxhash::drive),
    ("zstd", zstd::drive),
];
