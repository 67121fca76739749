//! Compiles the guests that Cargo.toml names, and writes bindings for them.

fn main() {
    wasmaot_build::Build::new().metadata().compile();
}
