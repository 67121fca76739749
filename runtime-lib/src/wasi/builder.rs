//! Making a context: what a guest is given, one call each. The first thing that cannot be given is
//! what `build` fails with.

use std::fmt;
use std::io::{Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::fs::{CWD, Mode, OFlags};

use super::clock::Clock;
use super::ctx::{Shared, WasiCtx};
use super::host_file::HostFile;
use super::host_folder::HostFolder;
use super::memory_files::MemoryFiles;
use super::object::Object;
use super::random::Random;
use super::socket::HostSocket;
use super::streams::{Input, Nothing, Output};
use super::table::{Descriptor, Table};
use super::threads::{NewThread, Threads};
use super::types::Rights;
use crate::error::Error;

/// What may be done with a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Nothing in it may be changed, whatever the system would allow.
    ReadOnly,
    /// All that the system allows.
    ReadWrite,
}

/// Makes a [`WasiCtx`]. Nothing is granted that is not asked for here: without a word about them
/// the input is empty, and what is written to the outputs is gone.
///
/// ```
/// use std::time::Duration;
/// use wasmaot::wasi::{Access, Captured, Clock, WasiCtx};
///
/// let folder = std::env::temp_dir();
/// let output = Captured::new();
/// let wasi = WasiCtx::builder()
///     .arg("program")
///     .args(["--verbose", "input.txt"])
///     .env("LANG", "C")
///     .stdin(&b"what is read"[..])
///     .stdout(output.clone())
///     .inherit_stderr()
///     .folder(&folder, "/tmp", Access::ReadOnly)
///     // The same in every run:
///     .clock(Clock::fixed(Duration::from_secs(1_000_000_000)))
///     .random_seed(42)
///     .build()?;
/// # Ok::<(), wasmaot::Error>(())
/// ```
#[derive(Default)]
pub struct WasiCtxBuilder {
    shared: Shared,
    streams: [Option<Arc<dyn Object>>; 3],
    folders: Vec<Descriptor>,
    sockets: Vec<Descriptor>,
    /// Files that are to have the times of the context's clock.
    clocked: Vec<MemoryFiles>,
    error: Option<Error>,
}

impl WasiCtxBuilder {
    /// Adds an argument. The first is the program's name, by custom.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<Vec<u8>>) -> Self {
        let arg = arg.into();
        self.no_zero(&arg, "the argument");
        self.shared.args.push(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<Vec<u8>>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Adds a variable to the environment, or gives it another value.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        self.no_zero(name, "the name of the variable");
        self.no_zero(value, "the value of a variable,");
        if name.is_empty() || name.contains(&b'=') {
            let name = String::from_utf8_lossy(name);
            self.fail(format_args!("`{name}` cannot be the name of an environment variable"));
        }
        let mut variable = Vec::with_capacity(name.len() + value.len() + 2);
        variable.extend_from_slice(name);
        variable.push(b'=');
        let len = variable.len();
        variable.extend_from_slice(value);
        let known = self.shared.env.iter_mut().find(|known| known.starts_with(&variable[..len]));
        match known {
            Some(known) => *known = variable,
            None => self.shared.env.push(variable),
        }
        self
    }

    /// Gives the guest the program's own environment.
    #[must_use]
    pub fn inherit_env(mut self) -> Self {
        for (name, value) in std::env::vars_os() {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            // Names that nobody could have set are left out.
            if !name.is_empty() && !name.contains(&b'=') {
                self = self.env(name, value);
            }
        }
        self
    }

    /// Lets the guest use the program's own input, output and error output.
    #[must_use]
    pub fn inherit_stdio(self) -> Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Lets the guest read the program's own input.
    #[must_use]
    pub fn inherit_stdin(self) -> Self {
        self.stream(0, HostFile::inherited(own_stream(0)))
    }

    /// Lets the guest write to the program's own output.
    #[must_use]
    pub fn inherit_stdout(self) -> Self {
        self.stream(1, HostFile::inherited(own_stream(1)))
    }

    /// Lets the guest write to the program's own error output.
    #[must_use]
    pub fn inherit_stderr(self) -> Self {
        self.stream(2, HostFile::inherited(own_stream(2)))
    }

    /// What the guest reads as its input. A slice of bytes is one, too.
    #[must_use]
    pub fn stdin(self, input: impl Read + Send + 'static) -> Self {
        self.stream(0, Input(Mutex::new(Box::new(input))))
    }

    /// Where the guest's output goes. See [`Captured`](super::Captured) for one to look at
    /// afterwards.
    #[must_use]
    pub fn stdout(self, output: impl Write + Send + 'static) -> Self {
        self.stream(1, Output(Mutex::new(Box::new(output))))
    }

    /// Where the guest's error output goes.
    #[must_use]
    pub fn stderr(self, output: impl Write + Send + 'static) -> Self {
        self.stream(2, Output(Mutex::new(Box::new(output))))
    }

    /// Gives the guest a folder of the host's, under a name of its own; often that is `/` or `.`.
    /// It is opened here and now, and is that folder whatever it is called later.
    #[must_use]
    pub fn folder(mut self, host: impl AsRef<Path>, guest: &str, access: Access) -> Self {
        let host = host.as_ref();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, host, flags, Mode::empty()) {
            Ok(fd) => {
                let folder = HostFolder::new(fd, access == Access::ReadOnly, 0);
                self.preopen(Arc::new(folder), guest);
            }
            Err(error) => {
                let error = std::io::Error::from(error);
                self.fail(format_args!(
                    "the folder `{}`, which a guest is to have as `{guest}`, cannot be opened: \
                     {error}",
                    host.display()
                ));
            }
        }
        self
    }

    /// Gives the guest a folder in memory, under a name of its own.
    #[must_use]
    pub fn memory_folder(mut self, files: &MemoryFiles, guest: &str, access: Access) -> Self {
        self.preopen(Arc::new(files.root(access == Access::ReadOnly)), guest);
        self.clocked.push(files.clone());
        self
    }

    /// Gives the guest a socket that is open: of the standard library's, for instance, or any
    /// other's descriptor. Sockets come after folders.
    #[must_use]
    pub fn socket(mut self, socket: impl Into<OwnedFd>) -> Self {
        match HostSocket::new(socket.into()) {
            Ok((socket, listens)) => {
                let (rights, inheriting) = if listens {
                    (Rights::LISTENER, Rights::SOCKET)
                } else {
                    (Rights::SOCKET, Rights::NONE)
                };
                self.sockets.push(Descriptor::new(Arc::new(socket), rights, inheriting));
            }
            Err(error) => self.fail(format_args!("a guest was to have a socket: {error}")),
        }
        self
    }

    /// What the guest's clocks show. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.shared.clock = Arc::new(clock);
        self
    }

    /// Lets the guest's random bytes be the same in each run. They are no secret then. Default:
    /// the system's.
    #[must_use]
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.shared.random = Random::Seeded(seed.into());
        self
    }

    /// Lets the guest ask for threads (`thread-spawn`). For each, `make` is to start one that makes an
    /// instance of the same module over the same shared memory, in a store of its own with
    /// [`NewThread::ctx`], and calls its `wasi_thread_start` with [`NewThread::id`] and
    /// [`NewThread::argument`]. If that fails, by an [`Exit`](super::Exit) for instance, the whole of
    /// the guest is meant. Default: there are no threads.
    ///
    /// With bindings to a guest `counter`, whose shared memory is `memory`:
    ///
    /// ```ignore
    /// let make = move |new: NewThread| {
    ///     let imports = CounterImports { memory: memory.clone() };
    ///     std::thread::Builder::new().spawn(move || {
    ///         let mut store = Store::new(());
    ///         store.set_wasi(new.ctx().clone());
    ///         let mut guest = Counter::with_store(store, imports)?;
    ///         guest.wasi_thread_start(new.id(), new.argument())
    ///     })?;
    ///     Ok(())
    /// };
    /// let wasi = WasiCtx::builder().threads(make).build()?;
    /// ```
    #[must_use]
    pub fn threads(
        mut self,
        make: impl Fn(NewThread) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.shared.threads = Threads::new(make);
        self
    }

    /// The context.
    ///
    /// # Errors
    /// If something cannot be given: a folder cannot be opened, text for the guest has a zero byte
    /// in it, or there is more of it than a guest can be told.
    pub fn build(mut self) -> Result<WasiCtx, Error> {
        for (what, texts) in [("arguments", &self.shared.args), ("variables", &self.shared.env)] {
            let bytes: u64 = texts.iter().map(|text| text.len() as u64 + 1).sum();
            if u32::try_from(bytes).is_err() {
                self.error.get_or_insert_with(|| {
                    Error::refused(format_args!("a guest's {what} have more than 4 GiB"))
                });
            }
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        for files in &self.clocked {
            files.set_clock(&self.shared.clock);
        }
        let mut table = Table::default();
        let rights = [Rights::INPUT, Rights::OUTPUT, Rights::OUTPUT];
        let streams = self.streams.into_iter().zip(rights).map(|(stream, rights)| {
            let object = stream.unwrap_or_else(|| Arc::new(Nothing));
            Descriptor::new(object, rights, Rights::NONE)
        });
        for descriptor in streams.chain(self.folders).chain(self.sockets) {
            if table.add(descriptor).is_err() {
                return Err(Error::refused(format_args!(
                    "a guest was to have too many descriptors"
                )));
            }
        }
        self.shared.table = Mutex::new(table);
        Ok(WasiCtx::new(self.shared))
    }

    fn stream(mut self, fd: usize, object: impl Object + 'static) -> Self {
        self.streams[fd] = Some(Arc::new(object));
        self
    }

    fn preopen(&mut self, folder: Arc<dyn Object>, guest: &str) {
        self.no_zero(guest.as_bytes(), "the folder");
        let descriptor = Descriptor::new(folder, Rights::FOLDER, Rights::INHERITING);
        self.folders.push(Descriptor { name: Some(guest.as_bytes().into()), ..descriptor });
    }

    fn no_zero(&mut self, text: &[u8], what: &str) {
        if text.contains(&0) {
            let text = String::from_utf8_lossy(text);
            self.fail(format_args!("{what} `{}` has a zero byte in it", text.escape_debug()));
        }
    }

    #[cold]
    fn fail(&mut self, error: fmt::Arguments<'_>) {
        if self.error.is_none() {
            self.error = Some(Error::refused(format_args!("{error}")));
        }
    }
}

/// The program's own stream.
fn own_stream(fd: i32) -> BorrowedFd<'static> {
    // SAFETY: a program has these three; if they are closed, or become something else, that is what
    // the guest finds, as the program would.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

impl fmt::Debug for WasiCtxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtxBuilder").finish_non_exhaustive()
    }
}
