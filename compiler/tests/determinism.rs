//! The same module and options give the same bytes, whatever the number of threads.

use std::path::PathBuf;

use rayon::ThreadPoolBuilder;
use wasmaot_compiler::{Config, TrapStyle, compile};

#[test]
fn objects_do_not_depend_on_the_number_of_threads() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/third-party"));
    for name in ["argon2", "llhttp", "source-map", "xxhash", "zstd"] {
        let path = folder.join(name).join(format!("{name}.wasm"));
        let wasm = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for traps in [TrapStyle::Signals, TrapStyle::Explicit] {
            let config =
                Config { traps, debug_info: true, ..Config::new("x86_64-unknown-linux-gnu") };
            let object = |threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| compile(&wasm, &config)).unwrap().object
            };
            let one = object(1);
            for threads in [2, 7] {
                assert!(one == object(threads), "{name} with {threads} threads");
            }
        }
    }
}
