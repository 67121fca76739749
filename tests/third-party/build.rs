//! Compiles the modules of `guests/`: all of them twice, as anybody would and with explicit
//! checks. Our own are optimised, the others as the profile says.

use std::path::{Path, PathBuf};

use wasmaot_build::{Build, OptLevel};

/// The folders of `guests/third-party`.
const THIRD_PARTY: &[&str] = &[
    "argon2",
    "argon2-simd",
    "blake3",
    "brotli",
    "dprint-json",
    "gofmt",
    "llhttp",
    "llhttp-simd",
    "onig",
    "oxipng",
    "oxipng-parallel",
    "rollup",
    "source-map",
    "webp",
    "xxhash",
    "zstd",
];

/// Other folders of `guests`.
const OWN: &[&str] = &["kernels", "yaml-to-json"];

fn main() {
    let guests = Path::new("../../guests");
    let module = |folder: PathBuf, name: &str| folder.join(name).join(name).with_extension("wasm");
    for name in THIRD_PARTY {
        compile(Build::new().wasm(module(guests.join("third-party"), name)), name);
    }
    for name in OWN {
        let build = Build::new().wasm(module(guests.into(), name));
        compile(build.opt_level(OptLevel::Speed), name);
    }
}

/// Compiles a module, and once more under another name.
fn compile(build: Build, name: &str) {
    build.clone().compile();
    build.name(format!("checked-{name}")).explicit_checks(true).compile();
}
