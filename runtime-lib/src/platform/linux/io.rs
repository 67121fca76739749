//! Reading and writing between the kernel and a guest's memory, by addresses: other threads may
//! access that memory meanwhile, so there are no references to it, and no copies in between.
//!
//! Errors are the system's numbers.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// A range of memory, as the system takes it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct IoRange(libc::iovec);

// SAFETY: an address and a length; what is done with them is up to unsafe code.
unsafe impl Send for IoRange {}
// SAFETY: as above.
unsafe impl Sync for IoRange {}

impl IoRange {
    /// No range.
    pub(crate) const EMPTY: Self = Self(libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 });

    /// A range from an address on.
    pub(crate) fn new(start: *mut u8, len: usize) -> Self {
        Self(libc::iovec { iov_base: start.cast(), iov_len: len })
    }

    /// Where it starts.
    pub(crate) fn start(&self) -> *mut u8 {
        self.0.iov_base.cast()
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.0.iov_len
    }
}

/// As many ranges as the system takes at once.
pub(crate) const MAX_RANGES: usize = 1024;

fn result(code: isize) -> Result<usize, i32> {
    usize::try_from(code)
        .map_err(|_| std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

fn count(ranges: &[IoRange]) -> libc::c_int {
    ranges.len().min(MAX_RANGES) as libc::c_int
}

/// Fills ranges with what there is to read, at the file's own place or at another.
///
/// # Safety
/// The ranges are live memory that may be written to.
pub(crate) unsafe fn read(
    fd: BorrowedFd<'_>,
    to: &[IoRange],
    at: Option<i64>,
) -> Result<usize, i32> {
    let (fd, ptr, count) = (fd.as_raw_fd(), to.as_ptr().cast(), count(to));
    // SAFETY: the caller's promise; a range is what the system calls one.
    result(unsafe {
        match at {
            None => libc::readv(fd, ptr, count),
            Some(at) => libc::preadv(fd, ptr, count, at),
        }
    })
}

/// Writes what is in ranges, at the file's own place or at another.
///
/// # Safety
/// The ranges are live memory.
pub(crate) unsafe fn write(
    fd: BorrowedFd<'_>,
    from: &[IoRange],
    at: Option<i64>,
) -> Result<usize, i32> {
    let (fd, ptr, count) = (fd.as_raw_fd(), from.as_ptr().cast(), count(from));
    // SAFETY: the caller's promise; a range is what the system calls one.
    result(unsafe {
        match at {
            None => libc::writev(fd, ptr, count),
            Some(at) => libc::pwritev(fd, ptr, count, at),
        }
    })
}

fn message(ranges: &[IoRange]) -> libc::msghdr {
    // SAFETY: all zeros are a message without address, data and control data.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = ranges.as_ptr().cast_mut().cast();
    message.msg_iovlen = ranges.len().min(MAX_RANGES) as _;
    message
}

/// How to receive.
#[derive(Clone, Copy, Default)]
pub(crate) struct Receive {
    /// What is there stays there.
    pub(crate) peek: bool,
    /// Waits until the ranges are full.
    pub(crate) all: bool,
    /// Does not wait at all.
    pub(crate) now: bool,
}

/// Receives from a socket, and says whether some of a message was lost.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn receive(
    fd: BorrowedFd<'_>,
    to: &[IoRange],
    how: Receive,
) -> Result<(usize, bool), i32> {
    let mut message = message(to);
    let mut flags = 0;
    for (set, flag) in
        [(how.peek, libc::MSG_PEEK), (how.all, libc::MSG_WAITALL), (how.now, libc::MSG_DONTWAIT)]
    {
        flags |= if set { flag } else { 0 };
    }
    // Descriptors that somebody sends along are not received: there is no room for them.
    // SAFETY: the caller's promise.
    let read = result(unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, flags) })?;
    Ok((read, message.msg_flags & libc::MSG_TRUNC != 0))
}

/// Sends to a socket, as much as it takes without waiting if `now` is set. Nobody at the other end is
/// an error, never a signal.
///
/// # Safety
/// As [`write`].
pub(crate) unsafe fn send(fd: BorrowedFd<'_>, from: &[IoRange], now: bool) -> Result<usize, i32> {
    let message = message(from);
    let flags = libc::MSG_NOSIGNAL | if now { libc::MSG_DONTWAIT } else { 0 };
    // SAFETY: the caller's promise.
    result(unsafe { libc::sendmsg(fd.as_raw_fd(), &message, flags) })
}

/// Fills a range with random bytes, or a part of it.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn random(to: IoRange) -> Result<usize, i32> {
    // SAFETY: the caller's promise.
    result(unsafe { libc::getrandom(to.start().cast(), to.len(), 0) })
}

/// Whether a descriptor is a terminal.
pub(crate) fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    std::io::IsTerminal::is_terminal(&fd)
}

/// Whether a socket is one of packets, and whether it waits for connections.
pub(crate) fn socket_kind(fd: BorrowedFd<'_>) -> Result<(bool, bool), i32> {
    let ask = |option| {
        let (mut value, mut len) = (0 as libc::c_int, size_of::<libc::c_int>() as libc::socklen_t);
        let place = (&raw mut value).cast();
        // SAFETY: there is room for the value.
        let code =
            unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, place, &mut len) };
        result(code as isize).map(|_| value)
    };
    Ok((ask(libc::SO_TYPE)? == libc::SOCK_DGRAM, ask(libc::SO_ACCEPTCONN)? != 0))
}
