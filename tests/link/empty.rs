//! Tells tests/link/main.rs whether a linker's programs run at all.

fn main() {}
