//! Modules whose traps are signals, as anybody would compile them.

mod guests {
    wasmaot::include_guest!(pub mod argon2);
    wasmaot::include_guest!(pub mod argon2_simd);
    wasmaot::include_guest!(pub mod blake3);
    wasmaot::include_guest!(pub mod brotli);
    wasmaot::include_guest!(pub mod dprint_json);
    wasmaot::include_guest!(pub mod gofmt);
    wasmaot::include_guest!(pub mod kernels);
    wasmaot::include_guest!(pub mod llhttp);
    wasmaot::include_guest!(pub mod llhttp_simd);
    wasmaot::include_guest!(pub mod onig);
    wasmaot::include_guest!(pub mod oxipng);
    wasmaot::include_guest!(pub mod oxipng_parallel);
    wasmaot::include_guest!(pub mod rollup);
    wasmaot::include_guest!(pub mod source_map);
    wasmaot::include_guest!(pub mod webp);
    wasmaot::include_guest!(pub mod xxhash);
    wasmaot::include_guest!(pub mod yaml_to_json);
    wasmaot::include_guest!(pub mod zstd);
}

#[path = "drivers/mod.rs"]
pub mod drivers;
