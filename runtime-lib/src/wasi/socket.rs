//! Sockets, of which guests get what the host opened for them and what connects to those. Nobody
//! at the other end is an error and never a signal.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::net::{Shutdown, SocketFlags, accept_with};

use super::Errno;
use super::errno::from_raw;
use super::host_file::{self, system_flags};
use super::interrupt::{Interrupt, again};
use super::iovecs::Ranges;
use super::object::{Object, Ready, Socket, no_place};
use super::types::{Filestat, Filetype, Whence, fdflags};
use crate::platform::io::{self, Receive};

/// A socket of the guest's.
pub(super) struct HostSocket {
    fd: OwnedFd,
    filetype: Filetype,
    flags: AtomicU32,
}

impl HostSocket {
    /// A socket that the host gives, and whether it waits for connections.
    ///
    /// # Errors
    /// `NotSock` if it is none.
    pub(super) fn new(fd: OwnedFd) -> Result<(Self, bool), Errno> {
        let (packets, listens) = io::socket_kind(fd.as_fd()).map_err(from_raw)?;
        let nonblock = rustix::fs::fcntl_getfl(&fd)?.contains(rustix::fs::OFlags::NONBLOCK);
        let filetype = if packets { Filetype::SocketDgram } else { Filetype::SocketStream };
        let flags = AtomicU32::new(if nonblock { fdflags::NONBLOCK } else { 0 });
        Ok((Self { fd, filetype, flags }, listens))
    }

    fn waits(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & fdflags::NONBLOCK == 0
    }
}

impl Object for HostSocket {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(self.filetype)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        let stat = host_file::stat_of(&rustix::fs::fstat(&self.fd)?);
        Ok(Filestat { filetype: self.filetype, ..stat })
    }

    fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    fn set_flags(&self, flags: u32) -> Result<(), Errno> {
        if flags & !fdflags::NONBLOCK != 0 {
            return Err(Errno::Inval);
        }
        rustix::fs::fcntl_setfl(&self.fd, system_flags(flags))?;
        self.flags.store(flags, Ordering::Relaxed);
        Ok(())
    }

    fn read(
        &self,
        interrupt: &Interrupt<'_>,
        to: Ranges<'_>,
        at: Option<u64>,
    ) -> Result<usize, Errno> {
        no_place(at)?;
        Ok(self.receive(interrupt, to, false, false)?.0)
    }

    fn write(
        &self,
        interrupt: &Interrupt<'_>,
        from: Ranges<'_>,
        at: Option<u64>,
    ) -> Result<usize, Errno> {
        no_place(at)?;
        let careful = self.waits() && interrupt.is_possible();
        loop {
            if careful {
                interrupt.before(self.fd.as_fd(), true)?;
            }
            // SAFETY: ranges of a guest's memory.
            match again(|| unsafe { io::send(self.fd.as_fd(), from.0, careful) }) {
                Err(Errno::Again) if careful => {}
                sent => return sent,
            }
        }
    }

    fn seek(&self, _: i64, _: Whence) -> Result<u64, Errno> {
        Err(Errno::SPipe)
    }

    fn ready(&self, _: bool) -> Result<Ready<'_>, Errno> {
        Ok(Ready::Ask(self.fd.as_fd()))
    }

    fn socket(&self) -> Option<&dyn Socket> {
        Some(self)
    }
}

impl Socket for HostSocket {
    fn accept(&self, interrupt: &Interrupt<'_>, nonblock: bool) -> Result<Arc<dyn Object>, Errno> {
        if self.waits() {
            interrupt.before(self.fd.as_fd(), false)?;
        }
        let mut flags = SocketFlags::CLOEXEC;
        if nonblock {
            flags |= SocketFlags::NONBLOCK;
        }
        let fd = again(|| accept_with(&self.fd, flags).map_err(|error| error.raw_os_error()))?;
        let flags = AtomicU32::new(if nonblock { fdflags::NONBLOCK } else { 0 });
        Ok(Arc::new(Self { fd, filetype: self.filetype, flags }))
    }

    fn receive(
        &self,
        interrupt: &Interrupt<'_>,
        to: Ranges<'_>,
        peek: bool,
        all: bool,
    ) -> Result<(usize, bool), Errno> {
        if !(self.waits() && interrupt.is_possible()) {
            let how = Receive { peek, all, now: false };
            // SAFETY: ranges of a guest's memory.
            return again(|| unsafe { io::receive(self.fd.as_fd(), to.0, how) });
        }
        // Piece by piece. What is only looked at is what has come first.
        let all = all && !peek && self.filetype == Filetype::SocketStream;
        let mut done = 0;
        loop {
            match interrupt.before(self.fd.as_fd(), false) {
                // What has come is not lost.
                Err(_) if done > 0 => return Ok((done, false)),
                waited => waited?,
            }
            let how = Receive { peek, all: false, now: true };
            let rest = to.behind(done);
            // SAFETY: ranges of a guest's memory.
            match again(|| unsafe { io::receive(self.fd.as_fd(), &rest, how) }) {
                Err(Errno::Again) => {}
                Err(_) if done > 0 => return Ok((done, false)),
                Err(error) => return Err(error),
                Ok((read, cut)) => {
                    done += read;
                    if read == 0 || !all || done == to.len() {
                        return Ok((done, cut));
                    }
                }
            }
        }
    }

    fn shutdown(&self, read: bool, write: bool) -> Result<(), Errno> {
        let how = match (read, write) {
            (true, true) => Shutdown::Both,
            (true, false) => Shutdown::Read,
            (false, true) => Shutdown::Write,
            (false, false) => return Err(Errno::Inval),
        };
        Ok(rustix::net::shutdown(&self.fd, how)?)
    }
}
