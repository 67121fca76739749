//! The numbers and structures of WASI preview 1, as guests see them.

use super::Errno;

/// What a descriptor may be used for: a set of the bits below.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rights(pub(super) u64);

macro_rules! rights {
    ($($name:ident = $bit:literal,)*) => {
        impl Rights {
            $(pub(super) const $name: Self = Self(1 << $bit);)*
            pub(super) const ALL: Self = Self($(1 << $bit)|*);
        }
    };
}

rights! {
    FD_DATASYNC = 0,
    FD_READ = 1,
    FD_SEEK = 2,
    FD_FDSTAT_SET_FLAGS = 3,
    FD_SYNC = 4,
    FD_TELL = 5,
    FD_WRITE = 6,
    FD_ADVISE = 7,
    FD_ALLOCATE = 8,
    PATH_CREATE_DIRECTORY = 9,
    PATH_CREATE_FILE = 10,
    PATH_LINK_SOURCE = 11,
    PATH_LINK_TARGET = 12,
    PATH_OPEN = 13,
    FD_READDIR = 14,
    PATH_READLINK = 15,
    PATH_RENAME_SOURCE = 16,
    PATH_RENAME_TARGET = 17,
    PATH_FILESTAT_GET = 18,
    PATH_FILESTAT_SET_SIZE = 19,
    PATH_FILESTAT_SET_TIMES = 20,
    FD_FILESTAT_GET = 21,
    FD_FILESTAT_SET_SIZE = 22,
    FD_FILESTAT_SET_TIMES = 23,
    PATH_SYMLINK = 24,
    PATH_REMOVE_DIRECTORY = 25,
    PATH_UNLINK_FILE = 26,
    POLL_FD_READWRITE = 27,
    SOCK_SHUTDOWN = 28,
    SOCK_ACCEPT = 29,
}

impl Rights {
    pub(super) const NONE: Self = Self(0);

    /// What makes sense for files, and only for them.
    const FILE: Self = Self::FD_DATASYNC
        .with(Self::FD_READ)
        .with(Self::FD_SEEK)
        .with(Self::FD_FDSTAT_SET_FLAGS)
        .with(Self::FD_SYNC)
        .with(Self::FD_TELL)
        .with(Self::FD_WRITE)
        .with(Self::FD_ADVISE)
        .with(Self::FD_ALLOCATE)
        .with(Self::FD_FILESTAT_SET_SIZE)
        .with(Self::POLL_FD_READWRITE);

    /// What makes sense for sockets.
    pub(super) const SOCKET: Self = Self::FD_READ
        .with(Self::FD_WRITE)
        .with(Self::FD_FDSTAT_SET_FLAGS)
        .with(Self::FD_FILESTAT_GET)
        .with(Self::POLL_FD_READWRITE)
        .with(Self::SOCK_SHUTDOWN);

    /// What makes sense for sockets that wait for connections.
    pub(super) const LISTENER: Self = Self::SOCK_ACCEPT
        .with(Self::FD_FDSTAT_SET_FLAGS)
        .with(Self::FD_FILESTAT_GET)
        .with(Self::POLL_FD_READWRITE);

    /// What makes sense for folders. C libraries ask for `FD_READ` when they open one.
    pub(super) const FOLDER: Self = Self::ALL
        .without(Self::FILE)
        .without(Self::SOCK_ACCEPT)
        .without(Self::SOCK_SHUTDOWN)
        .with(Self::FD_SYNC)
        .with(Self::FD_DATASYNC);

    /// What makes sense for what is in folders.
    pub(super) const INHERITING: Self =
        Self::ALL.without(Self::SOCK_ACCEPT).without(Self::SOCK_SHUTDOWN);

    /// What an input can be used for.
    pub(super) const INPUT: Self = Self::FILE
        .with(Self::FD_FILESTAT_GET)
        .with(Self::FD_FILESTAT_SET_TIMES)
        .without(Self::FD_WRITE);

    /// What an output can be used for.
    pub(super) const OUTPUT: Self = Self::FILE
        .with(Self::FD_FILESTAT_GET)
        .with(Self::FD_FILESTAT_SET_TIMES)
        .without(Self::FD_READ);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Flags of a descriptor.
pub(super) mod fdflags {
    pub(in super::super) const APPEND: u32 = 1;
    pub(in super::super) const DSYNC: u32 = 2;
    pub(in super::super) const NONBLOCK: u32 = 4;
    pub(in super::super) const RSYNC: u32 = 8;
    pub(in super::super) const SYNC: u32 = 16;
    pub(in super::super) const ALL: u32 = 31;

    /// Makes sure that of these flags only those differ that an open file can change.
    pub(in super::super) fn check_change(from: u32, to: u32) -> Result<(), super::super::Errno> {
        const FIXED: u32 = DSYNC | RSYNC | SYNC;
        if (from ^ to) & FIXED == 0 { Ok(()) } else { Err(super::super::Errno::Inval) }
    }
}

/// Flags of `path_open`.
pub(super) mod oflags {
    pub(in super::super) const CREAT: u32 = 1;
    pub(in super::super) const DIRECTORY: u32 = 2;
    pub(in super::super) const EXCL: u32 = 4;
    pub(in super::super) const TRUNC: u32 = 8;
    pub(in super::super) const ALL: u32 = 15;
}

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketDgram = 5,
    SocketStream = 6,
    SymbolicLink = 7,
}

/// What there is to say about a file. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filestat {
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) filetype: Filetype,
    pub(super) links: u64,
    pub(super) size: u64,
    pub(super) accessed: u64,
    pub(super) modified: u64,
    pub(super) changed: u64,
}

impl Filestat {
    /// What there is to say about something that is no file.
    pub(super) const fn nothing(filetype: Filetype) -> Self {
        Self { dev: 0, ino: 0, filetype, links: 0, size: 0, accessed: 0, modified: 0, changed: 0 }
    }

    pub(super) fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(&self.dev.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.ino.to_le_bytes());
        bytes[16] = self.filetype as u8;
        let rest = [self.links, self.size, self.accessed, self.modified, self.changed];
        for (place, value) in bytes[24..].chunks_exact_mut(8).zip(rest) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// As `wasi_unstable` has it: the number of links had 32 bits, and stood before the size.
    pub(super) fn encode_unstable(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        bytes[..17].copy_from_slice(&self.encode()[..17]);
        let links = u32::try_from(self.links).unwrap_or(u32::MAX);
        bytes[20..24].copy_from_slice(&links.to_le_bytes());
        bytes[24..].copy_from_slice(&self.encode()[32..]);
        bytes
    }
}

/// What `fd_fdstat_get` says.
pub(super) fn encode_fdstat(
    filetype: Filetype,
    flags: u32,
    rights: Rights,
    inheriting: Rights,
) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[0] = filetype as u8;
    bytes[2..4].copy_from_slice(&(flags as u16).to_le_bytes());
    bytes[8..16].copy_from_slice(&rights.0.to_le_bytes());
    bytes[16..].copy_from_slice(&inheriting.0.to_le_bytes());
    bytes
}

/// How long the head of an entry of a folder is. Its name follows.
pub(super) const DIRENT: usize = 24;

/// Adds an entry of a folder, as `fd_readdir` gives it.
pub(super) fn push_dirent(to: &mut Vec<u8>, next: u64, ino: u64, filetype: Filetype, name: &[u8]) {
    to.extend_from_slice(&next.to_le_bytes());
    to.extend_from_slice(&ino.to_le_bytes());
    to.extend_from_slice(&(name.len() as u32).to_le_bytes());
    to.extend_from_slice(&[filetype as u8, 0, 0, 0]);
    to.extend_from_slice(name);
}

/// From where a place in a file is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Whence {
    Start,
    Here,
    End,
}

/// What a file's time becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NewTime {
    Keep,
    Now,
    At(u64),
}

/// What the times of access and modification become, by the flags of `fd_filestat_set_times`.
pub(super) fn new_times(
    accessed: u64,
    modified: u64,
    flags: u32,
) -> Result<(NewTime, NewTime), Errno> {
    let one = |time, bits: u32| match bits & 3 {
        0 => Ok(NewTime::Keep),
        1 => Ok(NewTime::At(time)),
        2 => Ok(NewTime::Now),
        _ => Err(Errno::Inval),
    };
    if flags > 15 {
        return Err(Errno::Inval);
    }
    Ok((one(accessed, flags)?, one(modified, flags >> 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits as `typenames.witx` has them, by a few landmarks.
    #[test]
    fn rights_are_numbered_as_specified() {
        assert_eq!(Rights::ALL.0, (1 << 30) - 1);
        assert_eq!((Rights::FD_WRITE.0, Rights::PATH_OPEN.0), (0x40, 0x2000));
        assert!(Rights::FOLDER.has(Rights::FD_READDIR) && !Rights::FOLDER.has(Rights::FD_READ));
    }

    /// Offsets of the fields in C: `__wasi_filestat_t` and its predecessor.
    #[test]
    fn structures_are_laid_out_as_in_c() {
        let stat = Filestat {
            dev: 1,
            ino: 2,
            filetype: Filetype::RegularFile,
            links: 3,
            size: 4,
            accessed: 5,
            modified: 6,
            changed: 7,
        };
        let (new, old) = (stat.encode(), stat.encode_unstable());
        for (at, value) in [(0, 1), (8, 2), (16, 4), (24, 3), (32, 4), (40, 5), (48, 6), (56, 7)] {
            assert_eq!(new[at], value);
        }
        for (at, value) in [(0, 1), (8, 2), (16, 4), (20, 3), (24, 4), (32, 5), (40, 6), (48, 7)] {
            assert_eq!(old[at], value);
        }
        assert_eq!(new.iter().filter(|byte| **byte != 0).count(), 8);
        assert_eq!(old.iter().filter(|byte| **byte != 0).count(), 8);
    }

    #[test]
    fn both_ways_to_set_a_time_at_once_are_refused() {
        assert_eq!(new_times(7, 8, 1 | 8), Ok((NewTime::At(7), NewTime::Now)));
        assert_eq!(new_times(7, 8, 0), Ok((NewTime::Keep, NewTime::Keep)));
        for flags in [3, 12, 15, 16] {
            assert_eq!(new_times(7, 8, flags), Err(Errno::Inval), "{flags}");
        }
    }
}
