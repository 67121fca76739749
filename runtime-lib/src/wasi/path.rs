//! Paths that guests give: copied out of memory before anybody looks at them, text without a zero
//! byte, and with one at the end, as the system wants it.

use std::ffi::CStr;

use super::Errno;
use super::guest::Guest;

/// One more than the longest path has bytes, as everywhere on Linux.
const TOO_LONG: u32 = 4096;

/// A path of a guest's. It has at least a byte.
#[derive(Debug)]
pub(super) struct GuestPath(Vec<u8>);

impl GuestPath {
    /// The path that lies somewhere in memory.
    ///
    /// # Errors
    /// `Fault` where there is no memory, `IlSeq` if it is not UTF-8, `Inval` if it has a zero byte,
    /// `NoEnt` if it is empty.
    pub(super) fn read(guest: &Guest<'_>, at: u32, len: u32) -> Result<Self, Errno> {
        if len >= TOO_LONG {
            guest.check(at, len as usize)?;
            return Err(Errno::NameTooLong);
        }
        let mut bytes = Vec::with_capacity(len as usize + 1);
        bytes.resize(len as usize, 0);
        guest.read(at, &mut bytes)?;
        Self::new(bytes)
    }

    /// See [`read`](Self::read).
    pub(super) fn new(mut bytes: Vec<u8>) -> Result<Self, Errno> {
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Errno::IlSeq);
        }
        if bytes.is_empty() {
            return Err(Errno::NoEnt);
        }
        if bytes.contains(&0) {
            return Err(Errno::Inval);
        }
        bytes.push(0);
        Ok(Self(bytes))
    }

    /// For the system.
    pub(super) fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or(c"")
    }

    /// The bytes, without the zero.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - 1]
    }

    /// Whether it starts at the root of everything, where no guest can be.
    pub(super) fn is_absolute(&self) -> bool {
        self.0[0] == b'/'
    }

    /// What comes before the last component, that component, and whether a slash follows it: then
    /// it is to be a folder. The component is empty if there are slashes only.
    pub(super) fn split(&self) -> (&[u8], &[u8], bool) {
        let bytes = self.bytes();
        let end = bytes.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
        let start = bytes[..end].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        (&bytes[..start], &bytes[start..end], end < bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let split = |text: &str| {
            let path = GuestPath::new(text.into()).expect("a path");
            let (before, name, slash) = path.split();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            (text(before), text(name), slash)
        };
        let want = |a: &str, b: &str, slash| (a.to_owned(), b.to_owned(), slash);
        assert_eq!(split("a"), want("", "a", false));
        assert_eq!(split("a/"), want("", "a", true));
        assert_eq!(split("a/b"), want("a/", "b", false));
        assert_eq!(split("a//b///"), want("a//", "b", true));
        assert_eq!(split("/"), want("", "", true));
        assert_eq!(split("../x"), want("../", "x", false));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let error = |bytes: &[u8]| GuestPath::new(bytes.to_vec()).err();
        assert_eq!(error(b""), Some(Errno::NoEnt));
        assert_eq!(error(b"a\0b"), Some(Errno::Inval));
        assert_eq!(error(b"a\xff"), Some(Errno::IlSeq));
        assert_eq!(error("ä".as_bytes()), None);
    }
}
