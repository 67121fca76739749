//! The smallest host of tests/link/main.rs: one guest, one typed call.

use wasmaot::{Caller, HostError};

mod b {
    include!(concat!(env!("NEXT"), "/b.rs"));
}

struct Host;

impl b::Host for Host {
    fn call(_: Caller<'_, Self>, x: i32) -> Result<i32, HostError> {
        Ok(x)
    }
}

/// What a program of another language calls.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    main();
}

/// Programs begin here.
pub fn main() {
    let mut guest = b::B::new(Host).expect("an instance");
    println!("{}", guest.plus(1).expect("a sum"));
}
