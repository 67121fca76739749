//! A host that gives its guest one function, and calls one of the guest's.

use wasmaot::{Caller, Error, HostError};

wasmaot::include_guest!(mod plugin);

struct Host;

impl plugin::Env for Host {
    fn log(_caller: Caller<'_, Self>, number: i32) -> Result<(), HostError> {
        println!("the guest says {number}");
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let mut guest = plugin::Plugin::new(Host)?;
    println!("{}", guest.add(20, 22)?);
    Ok(())
}
