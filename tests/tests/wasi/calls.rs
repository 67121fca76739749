//! A guest that does nothing but pass calls on to WASI: each function of it is an export, and the
//! host puts what it needs into memory.

use std::fmt::Write as _;
use std::sync::OnceLock;

use wasmaot::wasi::{Errno, WasiCtx, WasiCtxBuilder};
use wasmaot::{Error, Imports, Instance, InterruptHandle, Memory, Module, Store, Val};
use wasmaot_abi::value::ValKind;
use wasmaot_abi::wasi::{PREVIEW_1, UNSTABLE, WasiFunction};
use wasmaot_compiler::TrapStyle;

/// No error.
pub const OK: i32 = 0;
/// Follows links.
pub const FOLLOW: i32 = 1;
/// Flags of `path_open`.
pub const CREAT: i32 = 1;
pub const DIRECTORY: i32 = 2;
pub const EXCL: i32 = 4;
pub const TRUNC: i32 = 8;
/// Rights to read and to write.
pub const READ: i64 = 1 << 1;
pub const WRITE: i64 = 1 << 6;
/// All rights of files and folders.
pub const ALL: i64 = (1 << 28) - 1;
/// Where paths are put; results are below.
const PATH: u32 = 0x1_0000;
const OTHER_PATH: u32 = 0x2_0000;
/// Where data are.
pub const DATA: i32 = 0x3_0000;

fn kind(kind: ValKind) -> &'static str {
    if kind == ValKind::I64 { "i64" } else { "i32" }
}

fn module() -> Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    *MODULE.get_or_init(|| {
        let (mut imports, mut functions) = (String::new(), String::new());
        let names = WasiFunction::names().map(|name| (PREVIEW_1, "", name));
        let unstable = ["fd_seek", "fd_filestat_get", "path_filestat_get", "poll_oneoff"];
        for (from, prefix, name) in names.chain(unstable.map(|name| (UNSTABLE, "unstable_", name)))
        {
            let row = WasiFunction::find(from, name).unwrap().row();
            let params: Vec<_> = row.params.iter().map(|param| kind(*param)).collect();
            let results: Vec<_> = row.results.iter().map(|result| kind(*result)).collect();
            let (params, results) = (params.join(" "), results.join(" "));
            let ty = format!("(param {params}) (result {results})");
            let own = format!("{prefix}{name}");
            writeln!(imports, r#"(import "{from}" "{name}" (func ${own} {ty}))"#).unwrap();
            let gets: String = (0..row.params.len()).map(|i| format!("(local.get {i})")).collect();
            writeln!(functions, r#"(func (export "{own}") {ty} (call ${own} {gets}))"#).unwrap();
        }
        let text = format!(r#"(module {imports} (memory (export "memory") 5) {functions})"#);
        wasmaot_tests::module(text, TrapStyle::Signals)
    })
}

/// A guest that does as it is told.
pub struct Guest {
    pub store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    pub fn new(wasi: WasiCtxBuilder) -> Self {
        Self::with(wasi.build().unwrap())
    }

    pub fn with(wasi: WasiCtx) -> Self {
        let mut store = Store::new(());
        store.set_wasi(wasi);
        let mut imports = Imports::new();
        wasmaot::wasi::define(&mut store, &mut imports);
        let instance = Instance::new(&mut store, module(), &imports).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        Self { store, instance, memory }
    }

    pub fn put(&mut self, at: i32, bytes: &[u8]) {
        self.memory.write(&mut self.store, at as u64, bytes).unwrap();
    }

    pub fn get<const N: usize>(&self, at: i32) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory.read(&self.store, at as u64, &mut bytes).unwrap();
        bytes
    }

    pub fn bytes(&self, at: i32, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.memory.read(&self.store, at as u64, &mut bytes).unwrap();
        bytes
    }

    pub fn u32(&self, at: i32) -> u32 {
        u32::from_le_bytes(self.get(at))
    }

    pub fn u64(&self, at: i32) -> u64 {
        u64::from_le_bytes(self.get(at))
    }

    /// Calls a function of WASI.
    pub fn try_call(&mut self, name: &str, params: &[Val]) -> Result<i32, Error> {
        let func = self.instance.get_func(&self.store, name).unwrap();
        let mut results = [Val::I32(-1)];
        func.call(&mut self.store, params, &mut results)?;
        let [Val::I32(errno)] = results else { panic!("{results:?}") };
        Ok(errno)
    }

    /// Calls a function of WASI, and returns its error.
    pub fn call(&mut self, name: &str, params: &[Val]) -> i32 {
        self.try_call(name, params).unwrap()
    }

    fn path(&mut self, path: &str) -> [Val; 2] {
        self.path_at(PATH, path)
    }

    fn path_at(&mut self, at: u32, path: &str) -> [Val; 2] {
        self.put(at as i32, path.as_bytes());
        [Val::I32(at as i32), Val::I32(path.len() as i32)]
    }

    /// `path_open` with all rights that one can have, and these two as they are said.
    pub fn open(
        &mut self,
        fd: u32,
        path: &str,
        flags: i32,
        oflags: i32,
        access: i64,
    ) -> Result<u32, i32> {
        let rights = ALL & !(READ | WRITE) | access;
        self.open_with(fd, path, flags, oflags, rights, ALL, 0)
    }

    #[expect(clippy::too_many_arguments, reason = "they are the function's")]
    pub fn open_with(
        &mut self,
        fd: u32,
        path: &str,
        flags: i32,
        oflags: i32,
        rights: i64,
        inheriting: i64,
        fdflags: i32,
    ) -> Result<u32, i32> {
        let [at, len] = self.path(path);
        let errno = self.call(
            "path_open",
            &[
                Val::I32(fd as i32),
                Val::I32(flags),
                at,
                len,
                Val::I32(oflags),
                Val::I64(rights),
                Val::I64(inheriting),
                Val::I32(fdflags),
                Val::I32(0),
            ],
        );
        if errno == OK { Ok(self.u32(0)) } else { Err(errno) }
    }

    /// A function of a descriptor and a path.
    pub fn at(&mut self, name: &str, fd: u32, path: &str) -> i32 {
        let [at, len] = self.path(path);
        self.call(name, &[Val::I32(fd as i32), at, len])
    }

    /// `path_filestat_get`; the structure is at 0.
    pub fn stat_at(&mut self, fd: u32, flags: i32, path: &str) -> i32 {
        let [at, len] = self.path(path);
        let params = [Val::I32(fd as i32), Val::I32(flags), at, len, Val::I32(0)];
        self.call("path_filestat_get", &params)
    }

    pub fn set_times_at(&mut self, fd: u32, flags: i32, path: &str) -> i32 {
        let [at, len] = self.path(path);
        let times = [Val::I64(1), Val::I64(1), Val::I32(5)];
        let params = [Val::I32(fd as i32), Val::I32(flags), at, len];
        self.call("path_filestat_set_times", &[&params[..], &times].concat())
    }

    pub fn rename(&mut self, path: &str, new: &str) -> i32 {
        let [at, len] = self.path(path);
        let [new_at, new_len] = self.path_at(OTHER_PATH, new);
        self.call("path_rename", &[Val::I32(3), at, len, Val::I32(3), new_at, new_len])
    }

    pub fn link(&mut self, path: &str, new: &str) -> i32 {
        let [at, len] = self.path(path);
        let [new_at, new_len] = self.path_at(OTHER_PATH, new);
        let params = [Val::I32(3), Val::I32(0), at, len, Val::I32(3), new_at, new_len];
        self.call("path_link", &params)
    }

    pub fn symlink(&mut self, target: &str, path: &str) -> i32 {
        let [at, len] = self.path(target);
        let [new_at, new_len] = self.path_at(OTHER_PATH, path);
        self.call("path_symlink", &[at, len, Val::I32(3), new_at, new_len])
    }

    pub fn readlink(&mut self, fd: u32, path: &str) -> i32 {
        let [at, len] = self.path(path);
        let buffer = [Val::I32(DATA), Val::I32(100), Val::I32(0)];
        self.call("path_readlink", &[&[Val::I32(fd as i32), at, len], &buffer[..]].concat())
    }

    /// A list of ranges at 16, and the parameters that name it.
    pub fn ranges(&mut self, ranges: &[(i32, i32)]) -> [Val; 2] {
        for (index, (start, len)) in ranges.iter().enumerate() {
            let at = 16 + index as i32 * 8;
            self.put(at, &start.to_le_bytes());
            self.put(at + 4, &len.to_le_bytes());
        }
        [Val::I32(16), Val::I32(ranges.len() as i32)]
    }

    /// Reads, and returns what.
    pub fn read(&mut self, fd: u32, len: i32) -> Result<Vec<u8>, i32> {
        let [at, count] = self.ranges(&[(DATA, len)]);
        match self.call("fd_read", &[Val::I32(fd as i32), at, count, Val::I32(0)]) {
            OK => Ok(self.bytes(DATA, self.u32(0) as usize)),
            errno => Err(errno),
        }
    }

    pub fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, i32> {
        self.put(DATA, bytes);
        let [at, count] = self.ranges(&[(DATA, bytes.len() as i32)]);
        match self.call("fd_write", &[Val::I32(fd as i32), at, count, Val::I32(0)]) {
            OK => Ok(self.u32(0)),
            errno => Err(errno),
        }
    }

    pub fn fd(&mut self, name: &str, fd: u32) -> i32 {
        self.call(name, &[Val::I32(fd as i32)])
    }

    pub fn close(&mut self, fd: u32) {
        assert_eq!(self.fd("fd_close", fd), OK);
    }

    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.store.interrupt_handle()
    }
}

/// The number of an error.
pub const fn code(errno: Errno) -> i32 {
    errno.code() as i32
}
