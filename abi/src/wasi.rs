//! Every function of WASI preview 1: its name, parameters and result.
//!
//! A module that was compiled with WASI refers to those that it imports by symbol, and the runtime
//! defines them under its feature `wasi`. So a program contains the functions that its guest
//! imports and no others, and a runtime without the feature is an error of the linker's, by name.
//!
//! Three modules provide them: `wasi_snapshot_preview1`; `wasi_unstable`, its predecessor, of
//! which most functions are the same (the others have rows of their own here, `unstable_…`); and
//! `wasi`, which has `thread-spawn`.

use crate::value::ValKind;

/// Calls a macro with the whole table: per row a doc line, the name, the parameters and the result:
/// `errno`; `never`, for a function that has no result and does not return; or `thread`, a thread's
/// number or less than 0.
#[macro_export]
macro_rules! for_each_wasi_function {
    ($mac:ident) => {
        $mac! {
            /// Puts the arguments into memory: their addresses, and their bytes.
            args_get(argv: u32, argv_buf: u32) -> errno;
            /// The number of arguments, and of bytes that they need.
            args_sizes_get(argc: u32, argv_buf_size: u32) -> errno;
            /// Puts the environment into memory: the variables' addresses, and their bytes.
            environ_get(environ: u32, environ_buf: u32) -> errno;
            /// The number of variables, and of bytes that they need.
            environ_sizes_get(environc: u32, environ_buf_size: u32) -> errno;
            /// The resolution of a clock, in nanoseconds.
            clock_res_get(id: u32, resolution: u32) -> errno;
            /// The time of a clock, in nanoseconds.
            clock_time_get(id: u32, precision: u64, time: u32) -> errno;
            /// Says how a part of a file will be used.
            fd_advise(fd: u32, offset: u64, len: u64, advice: u32) -> errno;
            /// Makes sure that there is room for a part of a file.
            fd_allocate(fd: u32, offset: u64, len: u64) -> errno;
            /// Closes a descriptor.
            fd_close(fd: u32) -> errno;
            /// Waits until a file's data are stored.
            fd_datasync(fd: u32) -> errno;
            /// What a descriptor is, and may do.
            fd_fdstat_get(fd: u32, stat: u32) -> errno;
            /// Changes a descriptor's flags.
            fd_fdstat_set_flags(fd: u32, flags: u32) -> errno;
            /// Takes rights from a descriptor.
            fd_fdstat_set_rights(fd: u32, rights_base: u64, rights_inheriting: u64) -> errno;
            /// What a file is.
            fd_filestat_get(fd: u32, stat: u32) -> errno;
            /// Changes a file's length.
            fd_filestat_set_size(fd: u32, size: u64) -> errno;
            /// Changes a file's times.
            fd_filestat_set_times(fd: u32, atim: u64, mtim: u64, flags: u32) -> errno;
            /// Reads at a place.
            fd_pread(fd: u32, iovs: u32, iovs_len: u32, offset: u64, read: u32) -> errno;
            /// What a descriptor of the host's is.
            fd_prestat_get(fd: u32, prestat: u32) -> errno;
            /// The name of a folder of the host's.
            fd_prestat_dir_name(fd: u32, path: u32, path_len: u32) -> errno;
            /// Writes at a place.
            fd_pwrite(fd: u32, iovs: u32, iovs_len: u32, offset: u64, written: u32) -> errno;
            /// Reads.
            fd_read(fd: u32, iovs: u32, iovs_len: u32, read: u32) -> errno;
            /// Reads entries of a folder, from a cookie on.
            fd_readdir(fd: u32, buf: u32, buf_len: u32, cookie: u64, used: u32) -> errno;
            /// Gives a descriptor another's number.
            fd_renumber(fd: u32, to: u32) -> errno;
            /// Moves the place of a file where to read and write.
            fd_seek(fd: u32, offset: u64, whence: u32, place: u32) -> errno;
            /// Waits until a file is stored.
            fd_sync(fd: u32) -> errno;
            /// The place of a file where to read and write.
            fd_tell(fd: u32, place: u32) -> errno;
            /// Writes.
            fd_write(fd: u32, iovs: u32, iovs_len: u32, written: u32) -> errno;
            /// Makes a folder.
            path_create_directory(fd: u32, path: u32, path_len: u32) -> errno;
            /// What a file is.
            path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32) -> errno;
            /// Changes a file's times.
            path_filestat_set_times(fd: u32, flags: u32, path: u32, path_len: u32, atim: u64, mtim: u64, fst_flags: u32) -> errno;
            /// Makes a hard link.
            path_link(old_fd: u32, old_flags: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32) -> errno;
            /// Opens a file or folder.
            path_open(fd: u32, dirflags: u32, path: u32, path_len: u32, oflags: u32, rights_base: u64, rights_inheriting: u64, fdflags: u32, opened: u32) -> errno;
            /// What a symbolic link says.
            path_readlink(fd: u32, path: u32, path_len: u32, buf: u32, buf_len: u32, used: u32) -> errno;
            /// Removes a folder.
            path_remove_directory(fd: u32, path: u32, path_len: u32) -> errno;
            /// Renames a file or folder.
            path_rename(old_fd: u32, old_path: u32, old_path_len: u32, new_fd: u32, new_path: u32, new_path_len: u32) -> errno;
            /// Makes a symbolic link.
            path_symlink(old_path: u32, old_path_len: u32, fd: u32, new_path: u32, new_path_len: u32) -> errno;
            /// Removes a file.
            path_unlink_file(fd: u32, path: u32, path_len: u32) -> errno;
            /// Waits for the first of several things.
            poll_oneoff(subscriptions: u32, events: u32, count: u32, happened: u32) -> errno;
            /// Ends the program.
            proc_exit(code: u32) -> never;
            /// Sends the program a signal.
            proc_raise(signal: u32) -> errno;
            /// Lets others run.
            sched_yield() -> errno;
            /// Random bytes.
            random_get(buf: u32, buf_len: u32) -> errno;
            /// Accepts a connection.
            sock_accept(fd: u32, flags: u32, accepted: u32) -> errno;
            /// Receives.
            sock_recv(fd: u32, iovs: u32, iovs_len: u32, flags: u32, received: u32, out_flags: u32) -> errno;
            /// Sends.
            sock_send(fd: u32, iovs: u32, iovs_len: u32, flags: u32, sent: u32) -> errno;
            /// Ends one or both directions of a connection.
            sock_shutdown(fd: u32, how: u32) -> errno;
            /// `fd_seek`, with another order of the ways.
            unstable_fd_seek(fd: u32, offset: u64, whence: u32, place: u32) -> errno;
            /// `fd_filestat_get`, with 32 bits for the number of links.
            unstable_fd_filestat_get(fd: u32, stat: u32) -> errno;
            /// `path_filestat_get`, with 32 bits for the number of links.
            unstable_path_filestat_get(fd: u32, flags: u32, path: u32, path_len: u32, stat: u32) -> errno;
            /// `poll_oneoff`, with more in a subscription to a clock.
            unstable_poll_oneoff(subscriptions: u32, events: u32, count: u32, happened: u32) -> errno;
            /// Runs the module's `wasi_thread_start` on another thread.
            thread_spawn(argument: u32) -> thread;
        }
    };
}

/// What the program provides under `wasi_snapshot_preview1`.
pub const PREVIEW_1: &str = "wasi_snapshot_preview1";
/// What the program provides under `wasi_unstable`.
pub const UNSTABLE: &str = "wasi_unstable";
/// Where `thread-spawn` is.
pub const WASI: &str = "wasi";

/// The type of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WasiRow {
    /// Its name in the table; the symbol is [`symbols::wasi`](crate::symbols::wasi) of this.
    pub name: &'static str,
    /// The parameters.
    pub params: &'static [ValKind],
    /// The result.
    pub results: &'static [ValKind],
}

macro_rules! kind {
    (u32) => {
        ValKind::I32
    };
    (u64) => {
        ValKind::I64
    };
}

macro_rules! results {
    (never) => {
        &[]
    };
    ($kind:ident) => {
        &[ValKind::I32]
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident($($param:ident: $ty:ident),*) -> $result:ident;)*) => {
        /// A function of WASI.
        #[expect(non_camel_case_types, reason = "the names are those of the functions")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum WasiFunction {
            $($(#[$doc])* $name,)*
        }

        impl WasiFunction {
            /// Every function.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The function's row in the table.
            pub const fn row(self) -> WasiRow {
                match self {
                    $(Self::$name => WasiRow {
                        name: stringify!($name),
                        params: &[$(kind!($ty)),*],
                        results: results!($result),
                    },)*
                }
            }
        }
    };
}

for_each_wasi_function!(define);

/// What rows of [`UNSTABLE`]'s own start with.
const UNSTABLE_ONLY: &str = "unstable_";

impl WasiFunction {
    /// The function that a module imports by this name, whatever its type.
    pub fn find(module: &str, name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        match module {
            WASI => (name == "thread-spawn").then_some(Self::thread_spawn),
            PREVIEW_1 => {
                all.find(|function| function.is_of_preview_1() && function.row().name == name)
            }
            // It had no `sock_accept`.
            UNSTABLE if name != "sock_accept" => {
                let own =
                    |function: &Self| function.row().name.strip_prefix(UNSTABLE_ONLY) == Some(name);
                all.find(own).or_else(|| Self::find(PREVIEW_1, name))
            }
            _ => None,
        }
    }

    /// The names that [`PREVIEW_1`] has.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL
            .iter()
            .filter(|function| function.is_of_preview_1())
            .map(|function| function.row().name)
    }

    fn is_of_preview_1(self) -> bool {
        self != Self::thread_spawn && !self.row().name.starts_with(UNSTABLE_ONLY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_where_they_are() {
        use WasiFunction as F;
        assert_eq!(F::find(PREVIEW_1, "fd_seek"), Some(F::fd_seek));
        assert_eq!(F::find(UNSTABLE, "fd_seek"), Some(F::unstable_fd_seek));
        assert_eq!(F::find(UNSTABLE, "fd_read"), Some(F::fd_read));
        assert_eq!(F::find(UNSTABLE, "sock_accept"), None);
        assert_eq!(F::find(PREVIEW_1, "sock_accept"), Some(F::sock_accept));
        assert_eq!(F::find(WASI, "thread-spawn"), Some(F::thread_spawn));
        for name in ["thread_spawn", "unstable_fd_seek", "", "fd_reed"] {
            assert_eq!(F::find(PREVIEW_1, name), None, "{name}");
        }
        assert_eq!(F::find("env", "fd_read"), None);
    }

    #[test]
    fn what_differs_has_the_same_type_in_both() {
        for name in WasiFunction::names() {
            let Some(old) = WasiFunction::find(UNSTABLE, name) else { continue };
            let new = WasiFunction::find(PREVIEW_1, name).expect("it has the name").row();
            assert_eq!((old.row().params, old.row().results), (new.params, new.results), "{name}");
        }
        assert_eq!(WasiFunction::names().count(), 46);
    }
}
