//! Many entries in one run of bytes, for stores where few large things are faster than many small
//! ones.
//!
//! ```text
//! magic, number of entries
//! per entry: key (32 bytes), checksum of key and bytes (16), length (8)
//! the entries' bytes, in the same order
//! ```
//!
//! An entry that its checksum does not fit is not there; damage elsewhere in a pack does not
//! concern it. A new pack has what its build used, then, as long as they are not more than that, other
//! entries of the old one: whoever goes back and forth between two versions finds both.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::key::Key;

/// Ends in the number of the format.
const MAGIC: &[u8; 8] = b"wasmaot\x01";
const HEAD: usize = 16;
const CHECKSUM: usize = 16;
const ROW: usize = 32 + CHECKSUM + 8;

/// An entry: its checksum and its bytes.
pub type Entry<'a> = ([u8; CHECKSUM], &'a [u8]);

/// A pack that was read.
#[derive(Default)]
pub struct Pack {
    bytes: Vec<u8>,
    entries: HashMap<Key, ([u8; CHECKSUM], Range<usize>)>,
    /// In the pack's order.
    order: Vec<Key>,
}

impl Pack {
    /// Reads what there is to be read. Entries are looked at only when somebody wants them.
    pub fn read(bytes: Vec<u8>) -> Self {
        let mut pack = Self::default();
        let Some((rows, mut start)) = rows(&bytes) else { return pack };
        for row in rows {
            let key = Key(array(row, 0));
            let len = usize::try_from(u64::from_le_bytes(array(row, ROW - 8)));
            let end = len.ok().and_then(|len| start.checked_add(len));
            // Where one length is wrong, nobody knows where the next entry starts.
            let Some(end) = end.filter(|&end| end <= bytes.len()) else { break };
            if pack.entries.insert(key, (array(row, 32), start..end)).is_none() {
                pack.order.push(key);
            }
            start = end;
        }
        pack.bytes = bytes;
        pack
    }

    /// An entry's bytes, if they are there and not damaged.
    pub fn find(&self, key: &Key) -> Option<&[u8]> {
        let (stored, bytes) = self.entry(key)?;
        (checksum(key, bytes) == stored).then_some(bytes)
    }

    /// Whether there is an entry, damaged or not.
    pub fn contains(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    /// An entry as it is, damaged or not.
    pub fn entry(&self, key: &Key) -> Option<Entry<'_>> {
        let (checksum, range) = self.entries.get(key)?;
        Some((*checksum, &self.bytes[range.clone()]))
    }
}

/// An entry of these bytes.
pub fn new_entry<'a>(key: &Key, bytes: &'a [u8]) -> Entry<'a> {
    (checksum(key, bytes), bytes)
}

/// A pack of entries that were used, in this order, then of others.
pub fn renewed<'a>(
    used: impl Iterator<Item = (&'a Key, Entry<'a>)>,
    others: &'a [Pack],
) -> Vec<u8> {
    let mut taken = HashSet::new();
    // Functions that are the same have one entry.
    let mut entries: Vec<_> = used.filter(|(key, _)| taken.insert(**key)).collect();
    let mut room: usize = entries.iter().map(|(_, (_, bytes))| bytes.len()).sum();
    for (pack, key) in others.iter().flat_map(|pack| pack.order.iter().map(move |key| (pack, key)))
    {
        let Some(entry) = pack.entry(key).filter(|_| taken.insert(*key)) else { continue };
        let Some(left) = room.checked_sub(entry.1.len()) else { break };
        room = left;
        entries.push((key, entry));
    }
    write(&entries)
}

/// The rows of a pack, and where entries start.
fn rows(bytes: &[u8]) -> Option<(impl Iterator<Item = &[u8]>, usize)> {
    let head = bytes.get(..HEAD).filter(|head| head.starts_with(MAGIC))?;
    let count = usize::try_from(u64::from_le_bytes(array(head, 8))).ok()?;
    let start = count.checked_mul(ROW)?.checked_add(HEAD)?;
    Some((bytes.get(HEAD..start)?.chunks_exact(ROW), start))
}

fn write(entries: &[(&Key, Entry<'_>)]) -> Vec<u8> {
    let size: usize = entries.iter().map(|(_, (_, bytes))| ROW + bytes.len()).sum();
    let mut pack = Vec::with_capacity(HEAD + size);
    pack.extend(MAGIC);
    pack.extend((entries.len() as u64).to_le_bytes());
    for (key, (checksum, bytes)) in entries {
        pack.extend(key.0);
        pack.extend(checksum);
        pack.extend((bytes.len() as u64).to_le_bytes());
    }
    for (_, (_, bytes)) in entries {
        pack.extend(*bytes);
    }
    pack
}

/// A checksum of an entry in its place: nothing else's bytes fit it.
fn checksum(key: &Key, bytes: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::new().chain_update(key.0).chain_update(bytes).finalize();
    array(&digest, 0)
}

/// As many bytes as there are in an array, from a place where there are that many.
fn array<const N: usize>(bytes: &[u8], start: usize) -> [u8; N] {
    bytes[start..start + N].try_into().expect("the range is as long as the array")
}
