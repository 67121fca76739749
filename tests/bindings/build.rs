//! Compiles the guests of this package's tests, in every way there is.

fn main() {
    wasmaot_build::compile("guests/numbers.wat");
    // With symbols whose names the version is not in.
    wasmaot_build::Build::new().wat("guests/numbers.wat").name("slots").prefix("in_").compile();
    wasmaot_build::Build::new()
        .wat("guests/names.wat")
        .wat("guests/references.wat")
        .wat("guests/empty.wat")
        .wat("guests/many.wat")
        .wat("guests/shared.wat")
        .wat("guests/typed.wat")
        .compile();
    wasmaot_build::Build::new().wat("guests/imports.wat").name("hosted").compile();
    wasmaot_build::Build::new().wat("guests/vectors.wat").compile();
    wasmaot_build::Build::new()
        .wat("guests/vectors.wat")
        .name("exact")
        .prefix("exact_")
        .explicit_checks(true)
        .canonicalize_nans(true)
        .relaxed_simd_deterministic(true)
        .compile();
    wasmaot_build::Build::new()
        .wat("guests/reactor.wat")
        .wat("guests/spawner.wat")
        .wasi(true)
        .compile();
    wasmaot_build::Build::new().wat("guests/metered.wat").fuel(true).epochs(true).compile();
    wasmaot_build::Build::new().metadata().compile();
}
