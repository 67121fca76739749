//! Waiting that something else can end. What waits for other people (a stream's other end, a
//! connection, time) waits here, so that whoever stops a guest need not wait, too.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use super::Errno;
use crate::interrupt::InterruptHandle;

/// What ends a wait early.
pub(super) struct Interrupt<'a>(&'a InterruptHandle);

impl<'a> Interrupt<'a> {
    pub(super) fn of(handle: &'a InterruptHandle) -> Self {
        Self(handle)
    }

    /// Whether the guest is to stop.
    pub(super) fn has_come(&self) -> bool {
        self.0.is_interrupted()
    }

    /// Whether anybody could say that the guest is to stop. Then nothing may wait but here.
    pub(super) fn is_possible(&self) -> bool {
        self.0.is_shared()
    }

    /// What becomes readable when the guest is to stop, if anybody could say so.
    pub(super) fn signal(&self) -> Result<Option<BorrowedFd<'_>>, Errno> {
        if !self.is_possible() {
            return Ok(None);
        }
        self.0.event().map(Some).map_err(|_| Errno::NFile)
    }

    /// Before a call that could wait: waits until it need not, if that is to be interruptible.
    ///
    /// # Errors
    /// `Intr` if the guest is to stop.
    pub(super) fn before(&self, fd: BorrowedFd<'_>, to_write: bool) -> Result<(), Errno> {
        let Some(signal) = self.signal()? else { return Ok(()) };
        let flags = if to_write { PollFlags::OUT } else { PollFlags::IN };
        let mut fds = [(signal, PollFlags::IN), (fd, flags)]
            .map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags));
        retry_on_intr(|| poll(&mut fds, None))?;
        if fds[0].revents().is_empty() { Ok(()) } else { Err(Errno::Intr) }
    }
}

/// Whether a call would not wait.
pub(super) fn would_not_wait(fd: BorrowedFd<'_>, to_write: bool) -> Result<bool, Errno> {
    let flags = if to_write { PollFlags::OUT } else { PollFlags::IN };
    let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(retry_on_intr(|| poll(&mut fds, Some(&at_once)))? != 0)
}

/// Does something until no signal interrupts it.
pub(super) fn again<T>(mut call: impl FnMut() -> Result<T, i32>) -> Result<T, Errno> {
    loop {
        match call().map_err(super::errno::from_raw) {
            Err(Errno::Intr) => {}
            result => return result,
        }
    }
}
