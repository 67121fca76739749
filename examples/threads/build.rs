//! Compiles the guest.

fn main() {
    wasmaot_build::compile("primes.wat");
}
