//! Our own kernels: functions of a number.

use super::guests::kernels::Kernels;
use crate::case::Result;

/// What a kernel returns, written as in `guests/kernels/inputs/expected.txt`.
///
/// # Errors
/// The guest's, or that there is no such kernel.
pub fn drive(name: &str, n: i32) -> Result<String> {
    let mut guest = Kernels::new()?;
    // Integers are unsigned.
    let result = match name {
        "fib" => guest.fib(n)?,
        "sieve" => guest.sieve(n)?,
        "sort" => guest.sort(n)?,
        "dispatch" => guest.dispatch(n)?,
        "blocks" => guest.blocks(n)?,
        "mandelbrot" => guest.mandelbrot(n)?,
        "sha256" => guest.sha256(n)?,
        "regex" => guest.regex(n)?,
        "words" => guest.words(n)?,
        "matmul" => return Ok(format!("{:?}", guest.matmul(n)?)),
        "nbody" => return Ok(format!("{:?}", guest.nbody(n)?)),
        "collatz" => return Ok((guest.collatz(n)? as u64).to_string()),
        "json" => return Ok((guest.json(n)? as u64).to_string()),
        other => return Err(format!("no kernel is called {other}").into()),
    };
    Ok((result as u32).to_string())
}
