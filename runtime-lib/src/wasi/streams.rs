//! Streams that are no files of the system's: nothing, what the host reads from or writes to, and
//! what it wants to look at afterwards.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Errno;
use super::interrupt::Interrupt;
use super::iovecs::Ranges;
use super::object::{Object, Ready, no_place};
use super::types::{Filestat, Filetype, Whence};

/// How much is passed on at once.
const CHUNK: usize = 8 << 10;

/// An input without anything in it, and an output that nobody looks at.
pub(super) struct Nothing;

impl Object for Nothing {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::Unknown)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        Ok(Filestat::nothing(Filetype::Unknown))
    }

    fn read(&self, _: &Interrupt<'_>, _: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        no_place(at)?;
        Ok(0)
    }

    fn write(&self, _: &Interrupt<'_>, from: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        no_place(at)?;
        Ok(from.len())
    }

    fn seek(&self, _: i64, _: Whence) -> Result<u64, Errno> {
        Err(Errno::SPipe)
    }

    fn ready(&self, to_write: bool) -> Result<Ready<'_>, Errno> {
        Ok(Ready::Now { bytes: 0, hangup: !to_write })
    }
}

/// What the host reads from for the guest.
pub(super) struct Input(pub(super) Mutex<Box<dyn Read + Send>>);

impl Object for Input {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::Unknown)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        Ok(Filestat::nothing(Filetype::Unknown))
    }

    fn read(&self, _: &Interrupt<'_>, to: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        no_place(at)?;
        let mut buffer = vec![0; to.len().min(CHUNK)];
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = loop {
            match lock(&self.0).read(&mut buffer) {
                Ok(read) => break read.min(buffer.len()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(errno(&error)),
            }
        };
        Ok(to.fill(&buffer[..read]))
    }

    fn seek(&self, _: i64, _: Whence) -> Result<u64, Errno> {
        Err(Errno::SPipe)
    }

    fn ready(&self, _: bool) -> Result<Ready<'_>, Errno> {
        Ok(Ready::Now { bytes: 1, hangup: false })
    }
}

/// What the host writes to for the guest.
pub(super) struct Output(pub(super) Mutex<Box<dyn Write + Send>>);

impl Object for Output {
    fn filetype(&self) -> Result<Filetype, Errno> {
        Ok(Filetype::Unknown)
    }

    fn stat(&self) -> Result<Filestat, Errno> {
        Ok(Filestat::nothing(Filetype::Unknown))
    }

    fn write(&self, _: &Interrupt<'_>, from: Ranges<'_>, at: Option<u64>) -> Result<usize, Errno> {
        no_place(at)?;
        let mut buffer = vec![0; from.len().min(CHUNK)];
        let mut to = lock(&self.0);
        let mut sum = 0;
        for (index, range) in from.0.iter().enumerate() {
            let mut start = 0;
            while start < range.len() {
                let len = from.copy_from(index, start, &mut buffer);
                let written = match to.write(&buffer[..len]) {
                    Ok(0) if sum == 0 => return Err(Errno::Io),
                    Ok(written) => written.min(len),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(error) if sum == 0 => return Err(errno(&error)),
                    Err(_) => 0,
                };
                if written == 0 {
                    return Ok(sum);
                }
                start += written;
                sum += written;
            }
        }
        to.flush().map_err(|error| errno(&error))?;
        Ok(sum)
    }

    fn seek(&self, _: i64, _: Whence) -> Result<u64, Errno> {
        Err(Errno::SPipe)
    }

    fn ready(&self, _: bool) -> Result<Ready<'_>, Errno> {
        Ok(Ready::Now { bytes: CHUNK as u64, hangup: false })
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn errno(error: &std::io::Error) -> Errno {
    use std::io::ErrorKind;
    match (error.raw_os_error(), error.kind()) {
        (Some(raw), _) => super::errno::from_raw(raw),
        (None, ErrorKind::BrokenPipe) => Errno::Pipe,
        (None, ErrorKind::WouldBlock) => Errno::Again,
        (None, ErrorKind::StorageFull) => Errno::NoSpc,
        _ => Errno::Io,
    }
}

/// An output that the host looks at afterwards. A copy is the same output.
///
/// ```
/// use wasmaot::wasi::{Captured, WasiCtx};
///
/// let output = Captured::new();
/// let wasi = WasiCtx::builder().stdout(output.clone()).stdin(&b"some input"[..]).build()?;
/// // ... a guest runs with it ...
/// assert_eq!(output.bytes(), b"");
/// # Ok::<(), wasmaot::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    limit: usize,
}

impl Captured {
    /// An output that nothing has been written to. It takes as much as the host has memory: for
    /// guests that could mean harm there is [`with_limit`](Self::with_limit).
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// An output that holds so many bytes at once. What is more the guest cannot write: the device is
    /// full, until somebody [takes](Self::take) what is there.
    pub fn with_limit(limit: usize) -> Self {
        Self { bytes: Arc::default(), limit }
    }

    /// All that was written until now.
    pub fn bytes(&self) -> Vec<u8> {
        lock(&self.bytes).clone()
    }

    /// All that was written since this was last called.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut lock(&self.bytes))
    }
}

impl Default for Captured {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut all = lock(&self.bytes);
        let part = &bytes[..bytes.len().min(self.limit.saturating_sub(all.len()))];
        if part.is_empty() && !bytes.is_empty() || all.try_reserve(part.len()).is_err() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        all.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
