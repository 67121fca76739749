//! Copying to, from and within memory that other threads write to meanwhile.
//!
//! To Rust such an access is sound if it is atomic, so bytes are loaded and stored as atomics
//! without an order, eight at a time where both sides are aligned alike; on x86-64 longer ranges
//! go by the machine's own instruction for it, which the compiler takes for any code that
//! accesses bytes one by one. What is the host's own is accessed as usual.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// The way to access one side of a copy.
trait Side {
    unsafe fn byte(at: *const u8) -> u8;
    unsafe fn set_byte(at: *mut u8, value: u8);
    unsafe fn word(at: *const u8) -> u64;
    unsafe fn set_word(at: *mut u8, value: u64);
}

/// Memory that others access, too.
struct Racy;

/// The host's own.
struct Own;

// SAFETY throughout: callers pass addresses of live bytes, aligned for words.
impl Side for Racy {
    unsafe fn byte(at: *const u8) -> u8 {
        // SAFETY: as above.
        unsafe { AtomicU8::from_ptr(at.cast_mut()) }.load(Relaxed)
    }
    unsafe fn set_byte(at: *mut u8, value: u8) {
        // SAFETY: as above.
        unsafe { AtomicU8::from_ptr(at) }.store(value, Relaxed);
    }
    unsafe fn word(at: *const u8) -> u64 {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(at.cast_mut().cast()) }.load(Relaxed)
    }
    unsafe fn set_word(at: *mut u8, value: u64) {
        // SAFETY: as above.
        unsafe { AtomicU64::from_ptr(at.cast()) }.store(value, Relaxed);
    }
}

impl Side for Own {
    unsafe fn byte(at: *const u8) -> u8 {
        // SAFETY: as above.
        unsafe { at.read() }
    }
    unsafe fn set_byte(at: *mut u8, value: u8) {
        // SAFETY: as above.
        unsafe { at.write(value) };
    }
    unsafe fn word(at: *const u8) -> u64 {
        // SAFETY: as above.
        unsafe { at.cast::<u64>().read() }
    }
    unsafe fn set_word(at: *mut u8, value: u64) {
        // SAFETY: as above.
        unsafe { at.cast::<u64>().write(value) };
    }
}

const WORD: usize = size_of::<u64>();

/// Fewer bytes than these are not worth the instruction that copies many.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const MANY: usize = 64;

/// Copies upwards. The ranges may overlap if `to` is below `from`.
unsafe fn upwards<From: Side, To: Side>(from: *const u8, to: *mut u8, len: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if len >= MANY {
        // SAFETY: the caller's promise; the direction flag is clear between functions.
        unsafe {
            std::arch::asm!(
                "rep movsb",
                inout("rcx") len => _, inout("rsi") from => _, inout("rdi") to => _,
                options(nostack, preserves_flags),
            );
        }
        return;
    }
    let words = (from.addr() ^ to.addr()).is_multiple_of(WORD);
    let mut i = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while i < len {
            let (from, to) = (from.add(i), to.add(i));
            if words && len - i >= WORD && from.addr().is_multiple_of(WORD) {
                To::set_word(to, From::word(from));
                i += WORD;
            } else {
                To::set_byte(to, From::byte(from));
                i += 1;
            }
        }
    }
}

/// Copies within shared memory, or between two memories.
///
/// # Safety
/// Both ranges are live memory of guests, and may overlap.
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    let distance = to.addr().wrapping_sub(from.addr());
    if distance == 0 {
        return;
    }
    // What would be overwritten before it is read is copied from the end, in blocks that do not
    // reach what they come from.
    let block = if distance < len { distance } else { len };
    let mut left = len;
    while left > 0 {
        let part = left.min(block);
        left -= part;
        // SAFETY: the caller's promise.
        unsafe { upwards::<Racy, Racy>(from.add(left), to.add(left), part) };
    }
}

/// Copies out of shared memory.
///
/// # Safety
/// So many bytes are live memory of a guest.
pub(crate) unsafe fn read(from: *const u8, to: &mut [u8]) {
    // SAFETY: the caller's promise.
    unsafe { upwards::<Racy, Own>(from, to.as_mut_ptr(), to.len()) };
}

/// Copies into shared memory.
///
/// # Safety
/// So many bytes are live memory of a guest.
pub(crate) unsafe fn write(from: &[u8], to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { upwards::<Own, Racy>(from.as_ptr(), to, from.len()) };
}

/// Fills shared memory.
///
/// # Safety
/// So many bytes are live memory of a guest.
pub(crate) unsafe fn fill(to: *mut u8, value: u8, len: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if len >= MANY {
        // SAFETY: the caller's promise; the direction flag is clear between functions.
        unsafe {
            std::arch::asm!(
                "rep stosb",
                inout("rcx") len => _, inout("rdi") to => _, in("al") value,
                options(nostack, preserves_flags),
            );
        }
        return;
    }
    let word = u64::from_ne_bytes([value; WORD]);
    let mut i = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while i < len {
            let to = to.add(i);
            if len - i >= WORD && to.addr().is_multiple_of(WORD) {
                Racy::set_word(to, word);
                i += WORD;
            } else {
                Racy::set_byte(to, value);
                i += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Vec<u8> {
        (0..400u32).map(|i| (i * 7 % 251) as u8).collect()
    }

    /// Every way in which two ranges can lie, against what slices do.
    #[test]
    fn copies_as_slices_do() {
        let lengths = [0, 1, 7, 8, 9, 63, 64, 65, 130];
        let places = [0, 1, 7, 8, 16, 65, 100, 131];
        for len in lengths {
            for from in places {
                for to in places {
                    let (mut ours, mut wanted) = (start(), start());
                    let base = ours.as_mut_ptr();
                    // SAFETY: within the vector.
                    unsafe { copy(base.add(from), base.add(to), len) };
                    wanted.copy_within(from..from + len, to);
                    assert_eq!(ours, wanted, "{len} from {from} to {to}");
                }
                let (mut memory, mut out) = (start(), vec![0; len]);
                // SAFETY: within the vector.
                unsafe { read(memory.as_ptr().add(from), &mut out) };
                assert_eq!(out, start()[from..from + len]);
                // SAFETY: as above.
                unsafe { write(&vec![0xee; len], memory.as_mut_ptr().add(from)) };
                let mut wanted = start();
                wanted[from..from + len].fill(0xee);
                assert_eq!(memory, wanted);
                // SAFETY: as above.
                unsafe { fill(memory.as_mut_ptr().add(from), 0x11, len) };
                wanted[from..from + len].fill(0x11);
                assert_eq!(memory, wanted);
            }
        }
    }
}
