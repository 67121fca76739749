//! Small computations for benchmarks, one export each: `name(n) -> result`.
//!
//! Each stresses one thing: calls, memory, floating point, integer arithmetic, indirect calls, or a mixture as
//! real programs have it. Each returns a number that depends on all of its work, so that nothing can be
//! left out, and that another program can compute. To add one, write a function here and a row in README.md
//! and inputs/expected.txt. The work is the same on every call: nothing is kept between calls.

mod libraries;
mod numeric;

/// Random numbers that every language gets alike: a linear congruential generator modulo 2^32.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1664525).wrapping_add(1013904223);
        self.0
    }
}

/// Calls: the Fibonacci number of `n`, by two recursive calls.
#[unsafe(no_mangle)]
pub extern "C" fn fib(n: u32) -> u32 {
    if n < 2 { n } else { fib(n - 1).wrapping_add(fib(n - 2)) }
}

/// Bytes in memory: how many primes lie below `n`, by the sieve of Eratosthenes.
#[unsafe(no_mangle)]
pub extern "C" fn sieve(n: u32) -> u32 {
    let mut composite = vec![false; n as usize];
    let mut primes = 0;
    for i in 2..n as usize {
        if composite[i] {
            continue;
        }
        primes += 1;
        // An address has 32 bits here: the square of a large prime does not fit.
        let Some(square) = i.checked_mul(i) else { continue };
        for multiple in (square..n as usize).step_by(i) {
            composite[multiple] = true;
        }
    }
    primes
}

/// Comparisons and moves: sorts `n` random numbers and returns the sum of each times its place, modulo 2^32.
#[unsafe(no_mangle)]
pub extern "C" fn sort(n: u32) -> u32 {
    let mut random = Random(1);
    let mut numbers: Vec<u32> = (0..n).map(|_| random.next()).collect();
    numbers.sort_unstable();
    (0..n).zip(numbers).fold(0, |sum, (place, number)| sum.wrapping_add(place.wrapping_mul(number)))
}

/// A step of [`dispatch`].
type Step = fn(u32) -> u32;

/// Indirect calls: feeds a number through `n` functions, each chosen by the number that came out before.
#[unsafe(no_mangle)]
pub extern "C" fn dispatch(n: u32) -> u32 {
    const STEPS: [Step; 4] =
        [|x| x.wrapping_mul(5).wrapping_add(1), |x| x ^ (x >> 3), |x| x.rotate_left(7), |x| !x];
    // Hidden from the optimiser, which would turn the table into branches.
    let steps = std::hint::black_box(&STEPS);
    (0..n).fold(1, |x, i| steps[(x >> 5 & 3) as usize](x.wrapping_add(i)))
}

/// Bulk memory: moves overlapping blocks of up to 64 KiB `n` times, and returns the sum of all bytes.
#[unsafe(no_mangle)]
pub extern "C" fn blocks(n: u32) -> u32 {
    let mut bytes: Vec<u8> = (0..1 << 17).map(|i: u32| (i * 7 >> 2) as u8).collect();
    let mut random = Random(2);
    for _ in 0..n {
        let from = (random.next() >> 16) as usize;
        let to = (random.next() >> 16) as usize;
        let length = (random.next() >> 16) as usize;
        bytes.copy_within(from..from + length, to);
        bytes[to] = bytes[to].wrapping_add(1);
    }
    bytes.iter().map(|&byte| u32::from(byte)).sum()
}
