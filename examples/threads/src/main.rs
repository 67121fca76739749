//! Runs a guest on several threads at once. Each thread has an instance of its own; what they
//! share is the memory, in which they meet by atomic instructions.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use wasmaot::{Error, MemoryType, SharedMemory, Store};

wasmaot::include_guest!(mod primes);

use primes::{Primes, PrimesImports};

const LIMIT: u32 = 200_000;
const THREADS: usize = 4;

fn main() -> Result<(), Error> {
    let memory = SharedMemory::new(MemoryType::new(1, Some(1)).shared())?;
    let work = || {
        let imports = PrimesImports { memory: memory.clone() };
        Primes::with_store(Store::new(()), imports)?.work(LIMIT as i32)
    };
    let taken = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        results.sum::<Result<i32, Error>>()
    })?;
    let primes = memory.atomic_u32(64)?.load(SeqCst);
    println!("{taken} numbers on {THREADS} threads: {} primes below {LIMIT}", u32::from_le(primes));
    Ok(())
}
