//! Random bytes: the system's, or a sequence that the host starts, for runs that can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Errno;
use super::guest::Guest;
use super::interrupt::again;
use crate::platform::io::{self, IoRange};
use crate::shared::racy;

/// Where random bytes come from.
#[derive(Debug, Default)]
pub(super) enum Random {
    #[default]
    System,
    /// A sequence, and where it is.
    Seeded(AtomicU64),
}

/// What the system gives at once, so that nobody waits for long.
const CHUNK: usize = 1 << 20;

impl Random {
    /// Fills a range of memory.
    pub(super) fn fill(&self, guest: &Guest<'_>, at: u32, len: u32) -> Result<(), Errno> {
        let start = guest.range(at, len as usize)?;
        let mut done = 0;
        while done < len as usize {
            let (start, left) = (start.wrapping_add(done), len as usize - done);
            done += match self {
                Self::System => {
                    let part = IoRange::new(start, left.min(CHUNK));
                    // SAFETY: a range of the guest's memory.
                    again(|| unsafe { io::random(part) })?
                }
                Self::Seeded(state) => {
                    let bytes = next(state).to_le_bytes();
                    let part = &bytes[..left.min(bytes.len())];
                    // SAFETY: a range of the guest's memory.
                    unsafe { racy::write(part, start) };
                    part.len()
                }
            };
        }
        Ok(())
    }
}

/// The next number of Steele, Lea and Flood's SplitMix64: of good quality, and no secret.
fn next(state: &AtomicU64) -> u64 {
    const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut z = state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers from 1234567, as published with other implementations of the generator.
    #[test]
    fn the_sequence_is_the_published_one() {
        let state = AtomicU64::new(1_234_567);
        let numbers = [next(&state), next(&state), next(&state)];
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
