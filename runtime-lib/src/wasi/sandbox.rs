//! Following a guest's paths below a folder, and nowhere else.
//!
//! The kernel does it where it can: `openat2` refuses a path, or a symbolic link on it, that leads
//! out of the folder, whatever others rename meanwhile. Where there is none (before Linux 5.6, or
//! behind a filter), and where it is not enough, [`locate`] goes one component at a time: each
//! folder is opened without following links, `..` goes back to the one that it was entered from,
//! and a link's text is put in place of its name. That a name is no link is never relied on: what
//! is done with it follows none. cap-std works like this, too; it is not used because it adds some
//! 30 KB to a program that opens a file, and this a tenth of that.
//!
//! Leading out of the folder is `Perm`.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};
use rustix::io::Errno as System;

use super::Errno;
use super::path::GuestPath;

/// As many symbolic links as the kernel follows.
const LINKS: usize = 40;

/// How often the kernel may say that something was renamed while it looked.
const TRIES: usize = 8;

/// Only where to find something, not what is in it.
const FOLDER: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder on the way: the one where the guest starts, or one that was opened.
pub(super) enum Place<'a> {
    Start(BorrowedFd<'a>),
    Below(OwnedFd),
}

impl Place<'_> {
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Start(fd) => *fd,
            Self::Below(fd) => fd.as_fd(),
        }
    }
}

/// Where a path leads.
pub(super) struct Located<'a> {
    pub(super) folder: Place<'a>,
    /// What it is called there, or would be. `None` if it is the folder itself.
    pub(super) name: Option<CString>,
    /// Whether it has to be a folder.
    pub(super) is_folder: bool,
}

/// Whether there is an `openat2`: not known, yes, no.
static KNOWN: AtomicU8 = AtomicU8::new(0);

fn kernel_can() -> bool {
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            let can = openat2(CWD, c".", flags, Mode::empty(), ResolveFlags::empty());
            let can = !matches!(can, Err(System::NOSYS | System::PERM));
            KNOWN.store(if can { 1 } else { 2 }, Ordering::Relaxed);
            can
        }
        known => known == 1,
    }
}

/// Opens what a path leads to, below a folder. Flags say whether a link at its end is followed.
pub(super) fn open(
    start: BorrowedFd<'_>,
    path: &GuestPath,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    open_c(start, path.c_str(), flags, mode)
}

fn open_c(start: BorrowedFd<'_>, path: &CStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(start, path, flags | OFlags::CLOEXEC, mode, resolve) {
            Ok(fd) => return Ok(fd),
            Err(System::XDEV) => return Err(Errno::Perm),
            // Something on the way was renamed, and could have been moved out.
            Err(System::AGAIN) => {}
            Err(System::INTR) => {}
            Err(System::NOSYS | System::PERM) if !kernel_can() => break,
            Err(error) => return Err(error.into()),
        }
    }
    open_slowly(start, path, flags, mode)
}

/// As [`open`], one component at a time.
fn open_slowly(
    start: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let follow =
        !flags.contains(OFlags::NOFOLLOW) && !flags.contains(OFlags::CREATE | OFlags::EXCL);
    let mut links = 0;
    loop {
        let found = locate_counting(start, path.to_bytes(), follow, &mut links)?;
        let mut flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if found.is_folder {
            if flags.contains(OFlags::CREATE) {
                return Err(Errno::IsDir);
            }
            flags |= OFlags::DIRECTORY;
        }
        let name = found.name.as_deref().unwrap_or(c".");
        match openat(found.folder.fd(), name, flags, mode) {
            // It has become a link since it was looked at.
            Err(System::LOOP) if follow && links < LINKS => links += 1,
            result => return Ok(result?),
        }
    }
}

/// The folder in which a path's last component is, and that: of one that is no link, or is one and
/// is meant itself. The component is `.` or `..` if it is so in the path.
pub(super) fn parent<'a>(
    start: BorrowedFd<'a>,
    path: &GuestPath,
) -> Result<(Place<'a>, CString, bool), Errno> {
    if path.is_absolute() {
        return Err(Errno::Perm);
    }
    let (before, name, slash) = path.split();
    let folder = if before.is_empty() {
        Place::Start(start)
    } else {
        let before = CString::new(before).map_err(|_| Errno::Inval)?;
        Place::Below(open_c(start, &before, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?)
    };
    Ok((folder, CString::new(name).map_err(|_| Errno::Inval)?, slash))
}

/// Where a path leads, one component at a time. A link at its end is followed if that is asked for
/// or a slash comes behind it.
pub(super) fn locate<'a>(
    start: BorrowedFd<'a>,
    path: &GuestPath,
    follow: bool,
) -> Result<Located<'a>, Errno> {
    locate_counting(start, path.bytes(), follow, &mut 0)
}

fn locate_counting<'a>(
    start: BorrowedFd<'a>,
    path: &[u8],
    follow: bool,
    links: &mut usize,
) -> Result<Located<'a>, Errno> {
    // What is left of the path and of links on it, the last first.
    let mut rest = Vec::new();
    let mut is_folder = push_components(&mut rest, path)?;
    let mut way: Vec<OwnedFd> = Vec::new();
    while let Some(component) = rest.pop() {
        let last = rest.is_empty();
        if component.as_bytes() == b".." {
            way.pop().ok_or(Errno::Perm)?;
            is_folder |= last;
            continue;
        }
        let here = way.last().map_or(start, |fd| fd.as_fd());
        if last && !(follow || is_folder) {
            return Ok(Located { folder: place(start, way), name: Some(component), is_folder });
        }
        // What is no link says so by `INVAL`.
        match readlinkat(here, &component, Vec::new()) {
            Ok(target) => {
                *links += 1;
                if *links > LINKS {
                    return Err(Errno::Loop);
                }
                let slash = push_components(&mut rest, target.as_bytes())?;
                is_folder |= last && slash;
            }
            Err(System::INVAL | System::NOENT) if last => {
                return Ok(Located { folder: place(start, way), name: Some(component), is_folder });
            }
            Err(System::INVAL) => {
                let next = openat(here, &component, FOLDER, Mode::empty())?;
                way.push(next);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Located { folder: place(start, way), name: None, is_folder: true })
}

fn place(start: BorrowedFd<'_>, mut way: Vec<OwnedFd>) -> Place<'_> {
    way.pop().map_or(Place::Start(start), Place::Below)
}

/// Puts a path's components on top of those that are to come after it, and says whether it ends so
/// that it has to be a folder.
fn push_components(rest: &mut Vec<CString>, path: &[u8]) -> Result<bool, Errno> {
    match path {
        [] => return Err(Errno::NoEnt),
        [b'/', ..] => return Err(Errno::Perm),
        _ => {}
    }
    let is_named = |component: &&[u8]| !component.is_empty() && *component != b".";
    for component in path.split(|byte| *byte == b'/').rev().filter(is_named) {
        rest.push(CString::new(component).map_err(|_| Errno::Inval)?);
    }
    Ok(path.ends_with(b"/") || path == b"." || path.ends_with(b"/."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// Both ways to open say the same of every path, and neither leads out.
    #[test]
    fn the_kernel_and_we_agree() {
        let outside = tempfile::tempdir().unwrap();
        let base = outside.path().join("base");
        fs::create_dir_all(base.join("dir/deep")).unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        fs::write(base.join("file"), "file").unwrap();
        fs::write(base.join("dir/inner"), "inner").unwrap();
        for (link, target) in [
            ("to_file", "file"),
            ("to_dir", "dir"),
            ("to_dir_slash", "dir/"),
            ("to_file_slash", "file/"),
            ("out", "../secret"),
            ("out_absolute", "/etc/passwd"),
            ("chain", "chain_2"),
            ("chain_2", "dir/../out"),
            ("loop", "loop"),
            ("dangling", "nothing"),
            ("dir/up", ".."),
            ("dir/up_out", "../.."),
            ("dot", "."),
            ("proc", "/proc/self/root"),
        ] {
            symlink(target, base.join(link)).unwrap();
        }
        let folder = fs::File::open(&base).unwrap();
        let heads = [
            "",
            "dir/",
            "to_dir/",
            "dir/../",
            "./",
            "dir/up/",
            "dir/up_out/",
            "dir/deep/../../../",
            "file/",
            "dot//",
            "nothing/",
            "proc/",
        ];
        let tails = [
            "file",
            "to_file",
            "to_dir",
            "to_dir/",
            "to_dir_slash",
            "to_file_slash",
            "out",
            "out/",
            "out_absolute",
            "chain",
            "loop",
            "dangling",
            "dangling/",
            "..",
            ".",
            "../..",
            "dir",
            "dir/",
            "inner",
            "secret",
            "base",
            "up",
            "up/",
            "up_out",
            "deep/..",
            "file/",
            "file/..",
            "/",
            "etc/passwd",
        ];
        let modes = [
            OFlags::RDONLY,
            OFlags::RDONLY | OFlags::NOFOLLOW,
            OFlags::PATH | OFlags::NOFOLLOW,
            OFlags::RDONLY | OFlags::DIRECTORY,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW,
        ];
        let mut opened = 0;
        for path in heads.iter().flat_map(|head| tails.map(|tail| format!("{head}{tail}"))) {
            let path = GuestPath::new(path.into_bytes()).unwrap();
            for flags in modes {
                let inode = |result: Result<OwnedFd, Errno>| {
                    result.map(|fd| rustix::fs::fstat(fd).unwrap().st_ino)
                };
                let quick = inode(open(folder.as_fd(), &path, flags, Mode::empty()));
                let slow = inode(open_slowly(folder.as_fd(), path.c_str(), flags, Mode::empty()));
                assert_eq!(quick, slow, "{:?} {flags:?}", path.c_str());
                opened += usize::from(quick.is_ok());
            }
        }
        assert!(opened > 100, "{opened}");
    }
}
