//! Calls the guest, and is called by it.

use wasmaot::{Caller, Error, HostError};

// The bindings that build.rs wrote.
wasmaot::include_guest!(mod fibonacci);

/// What the guest can reach of this program.
#[derive(Default)]
struct App {
    lines: usize,
}

/// The functions that the guest imports from its module `host`.
impl fibonacci::Host for App {
    fn report(mut caller: Caller<'_, Self>, place: i32, number: i64) -> Result<(), HostError> {
        caller.data_mut().lines += 1;
        println!("{place:>4}: {number}");
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let mut guest = fibonacci::Fibonacci::new(App::default())?;
    guest.list(10)?;
    println!("the guest reported {} numbers", guest.store().data().lines);
    println!("  90: {}", guest.fibonacci(90)?);

    // A guest that fails does no harm: it says why, and can be called again.
    if let Err(error) = guest.fibonacci(1000) {
        println!("1000: {error}");
    }
    println!("   7: {}", guest.fibonacci(7)?);
    Ok(())
}
