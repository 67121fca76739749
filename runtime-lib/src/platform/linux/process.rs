//! The process as a whole: for programs that consist of a guest.

/// Prepares a process that was just started: makes sure that the three standard descriptors are
/// open, so that no file that is opened later takes the place of one, and says what becomes of
/// those who write to a closed pipe.
pub(crate) fn start_program(ignore_broken_pipes: bool) {
    let closed = libc::pollfd { fd: 0, events: 0, revents: 0 };
    let mut streams = [0, 1, 2].map(|fd| libc::pollfd { fd, ..closed });
    // SAFETY: as many descriptions as there are.
    let polled = unsafe { libc::poll(streams.as_mut_ptr(), streams.len() as libc::nfds_t, 0) };
    if polled > 0 {
        for _ in streams.iter().filter(|stream| stream.revents & libc::POLLNVAL != 0) {
            // The lowest free number is taken, which is the next one that is closed.
            // SAFETY: a C string.
            unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
        }
    }
    if ignore_broken_pipes {
        // SAFETY: no handler of ours.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    }
}

/// Ends the process with what the system takes of an exit code, whatever its other threads do.
pub(crate) fn end_program(code: i32) -> ! {
    // SAFETY: nothing of the process is used after it.
    unsafe { libc::_exit(code) }
}
