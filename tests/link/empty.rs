//! Tells tests/link.rs whether a linker's programs run at all.

fn main() {}
