//! The lists of ranges that guests read into and write from.
//!
//! They are looked at once, before anything happens: another thread of the guest's could change
//! them meanwhile. A list can be as long as memory and its ranges can overlap; what one call does
//! is limited like the system's own calls, by the number of ranges and by the sum of their bytes,
//! so that the sum always fits a guest's number. Reading or writing less than was asked for is
//! always allowed.

use super::Errno;
use super::guest::Guest;
use crate::platform::io::{IoRange, MAX_RANGES};
use crate::shared::racy;

/// The most bytes of one call: what Linux itself keeps to.
const MAX_BYTES: usize = 0x7fff_f000;

/// Most lists are no longer than this.
const FEW: usize = 4;

/// Ranges of a guest's memory.
pub(super) struct Iovecs {
    few: [IoRange; FEW],
    many: Vec<IoRange>,
    count: usize,
}

impl Iovecs {
    /// The list that is somewhere in memory.
    ///
    /// # Errors
    /// `Fault` if it, or one of its ranges, is not all in memory.
    pub(super) fn read(guest: &Guest<'_>, at: u32, count: u32) -> Result<Self, Errno> {
        guest.check(at, count as usize * 8)?;
        let mut list = Self { few: [IoRange::EMPTY; FEW], many: Vec::new(), count: 0 };
        let mut left = MAX_BYTES;
        for i in 0..count {
            let mut entry = [0; 8];
            guest.read(at + i * 8, &mut entry)?;
            let [a, b, c, d, e, f, g, h] = entry;
            let start = u32::from_le_bytes([a, b, c, d]);
            let len = u32::from_le_bytes([e, f, g, h]) as usize;
            // Nothing lies anywhere.
            if len == 0 {
                continue;
            }
            let start = guest.range(start, len)?;
            list.push(IoRange::new(start, len.min(left)));
            left -= len.min(left);
            if left == 0 || list.count == MAX_RANGES {
                break;
            }
        }
        Ok(list)
    }

    fn push(&mut self, range: IoRange) {
        if let Some(place) = self.few.get_mut(self.count) {
            *place = range;
        } else {
            if self.many.is_empty() {
                self.many.extend_from_slice(&self.few);
            }
            self.many.push(range);
        }
        self.count += 1;
    }

    /// The ranges, none of them empty.
    pub(super) fn ranges(&self) -> &[IoRange] {
        if self.many.is_empty() { &self.few[..self.count] } else { &self.many }
    }
}

/// Ranges of a live guest's memory, for what reads and writes.
#[derive(Clone, Copy)]
pub(super) struct Ranges<'a>(pub(super) &'a [IoRange]);

impl<'a> Ranges<'a> {
    /// How many bytes they have.
    pub(super) fn len(self) -> usize {
        self.0.iter().map(IoRange::len).sum()
    }

    /// What is left of them behind so many bytes.
    pub(super) fn behind(self, mut bytes: usize) -> Vec<IoRange> {
        let mut left = Vec::with_capacity(self.0.len());
        for range in self.0 {
            let skipped = bytes.min(range.len());
            bytes -= skipped;
            if skipped < range.len() {
                let start = range.start().wrapping_add(skipped);
                left.push(IoRange::new(start, range.len() - skipped));
            }
        }
        left
    }

    /// Fills them from the start, and says how many bytes there was room for.
    pub(super) fn fill(self, mut bytes: &[u8]) -> usize {
        let mut sum = 0;
        for range in self.0 {
            let (now, later) = bytes.split_at(bytes.len().min(range.len()));
            // SAFETY: a range of the guest's memory, which does not shrink.
            unsafe { racy::write(now, range.start()) };
            sum += now.len();
            bytes = later;
        }
        sum
    }

    /// Copies what is in the range `index` from `start` on, as far as there is room.
    pub(super) fn copy_from(self, index: usize, start: usize, to: &mut [u8]) -> usize {
        let range = self.0[index];
        let len = to.len().min(range.len().saturating_sub(start));
        // SAFETY: a range of the guest's memory, which does not shrink.
        unsafe { racy::read(range.start().wrapping_add(start), &mut to[..len]) };
        len
    }

    /// Copies all that is in them.
    pub(super) fn copy_to(self, mut to: &mut [u8]) {
        for index in 0..self.0.len() {
            let len = self.copy_from(index, 0, to);
            to = &mut to[len..];
        }
    }
}
