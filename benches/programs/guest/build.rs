//! Compiles the guest.

fn main() {
    wasmaot_build::Build::new().wat("../add.wat").compile();
}
