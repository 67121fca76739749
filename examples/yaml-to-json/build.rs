//! Compiles the guest: from source where Rust's target for it is installed, else from the module
//! that is committed beside the source.

fn main() {
    wasmaot_build::Build::new().package("../../guests/yaml-to-json").compile();
}
