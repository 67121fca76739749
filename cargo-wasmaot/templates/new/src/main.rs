//! Calls the guest, and is called by it.

// The bindings that build.rs wrote.
include!(concat!(env!("OUT_DIR"), "/fibonacci.rs"));

fn main() {}
