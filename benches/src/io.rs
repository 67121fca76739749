//! Files by way of WASI, beside wasmtime's WASI and beside the same system calls made natively.
//! All three work in folders of their own that start alike.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use wasmaot::Store;
use wasmaot::wasi::{Access, WasiCtx};
use wasmtime::{Result, ensure};

use crate::guests;
use crate::guests::io::Io;
use crate::measure::{Clock, compare};
use crate::peer::{self, Cpu};
use crate::report::Report;

/// Bytes of the file.
const SIZE: usize = 1 << 20;
/// Files in the folder.
const FILES: usize = 500;
/// Bytes in a block.
const BLOCKS: [i32; 2] = [64 << 10, 4 << 10];

/// Who does the work.
trait Worker {
    fn read(&mut self, turns: u64, block: i32) -> u64;
    fn write(&mut self, turns: u64, block: i32) -> u64;
    fn pread(&mut self, turns: u64) -> u64;
    fn open(&mut self, turns: u64);
    fn stat(&mut self, turns: u64) -> u64;
    fn readdir(&mut self, turns: u64) -> u64;
    fn time(&mut self, turns: u64);
}

/// A folder to work in.
fn folder() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("data"), vec![7; SIZE])?;
    fs::create_dir(folder.path().join("folder"))?;
    for number in 0..FILES {
        fs::write(folder.path().join(format!("folder/file number {number}")), "")?;
    }
    Ok(folder)
}

struct Ours(Io<Store<()>>);

impl Ours {
    fn new(folder: &Path) -> Result<Self> {
        let wasi = WasiCtx::builder().folder(folder, "/", Access::ReadWrite).build()?;
        Ok(Self(Io::new(wasi)?))
    }
}

impl Worker for Ours {
    fn read(&mut self, turns: u64, block: i32) -> u64 {
        self.0.read(turns as i64, block).expect("no trap") as u64
    }
    fn write(&mut self, turns: u64, block: i32) -> u64 {
        self.0.write(turns as i64, block).expect("no trap") as u64
    }
    fn pread(&mut self, turns: u64) -> u64 {
        self.0.pread(turns as i64).expect("no trap") as u64
    }
    fn open(&mut self, turns: u64) {
        self.0.open(turns as i64).expect("no trap");
    }
    fn stat(&mut self, turns: u64) -> u64 {
        self.0.stat(turns as i64).expect("no trap") as u64
    }
    fn readdir(&mut self, turns: u64) -> u64 {
        self.0.readdir(turns as i64).expect("no trap") as u64
    }
    fn time(&mut self, turns: u64) {
        self.0.time(turns as i64).expect("no trap");
    }
}

struct Wasmtime {
    store: wasmtime::Store<wasmtime_wasi::p1::WasiP1Ctx>,
    instance: wasmtime::Instance,
}

impl Wasmtime {
    fn new(folder: &Path) -> Result<Self> {
        use wasmtime_wasi::{FsPerms, WasiCtx};

        let engine = peer::engine(Cpu::Baseline)?;
        let mut linker = wasmtime::Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
        let mut builder = WasiCtx::builder();
        // System calls on the calling thread, as everybody else's.
        builder.allow_blocking_current_thread(true);
        builder.preopened_dir(folder, "/", FsPerms::ReadWrite)?;
        let mut store = wasmtime::Store::new(&engine, builder.build_p1());
        let module = wasmtime::Module::new(&engine, guests::IO)?;
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Self { store, instance })
    }

    fn call<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
        &mut self,
        name: &str,
        args: P,
    ) -> R {
        let func = self.instance.get_typed_func::<P, R>(&mut self.store, name);
        func.expect("an export").call(&mut self.store, args).expect("no trap")
    }
}

impl Worker for Wasmtime {
    fn read(&mut self, turns: u64, block: i32) -> u64 {
        self.call::<_, i64>("read", (turns as i64, block)) as u64
    }
    fn write(&mut self, turns: u64, block: i32) -> u64 {
        self.call::<_, i64>("write", (turns as i64, block)) as u64
    }
    fn pread(&mut self, turns: u64) -> u64 {
        self.call::<_, i64>("pread", turns as i64) as u64
    }
    fn open(&mut self, turns: u64) {
        self.call("open", turns as i64)
    }
    fn stat(&mut self, turns: u64) -> u64 {
        self.call::<_, i64>("stat", turns as i64) as u64
    }
    fn readdir(&mut self, turns: u64) -> u64 {
        self.call::<_, i64>("readdir", turns as i64) as u64
    }
    fn time(&mut self, turns: u64) {
        self.call("time", turns as i64)
    }
}

/// A native program: its folder, and a buffer.
struct Native<'a>(&'a Path, Vec<u8>);

impl Worker for Native<'_> {
    fn read(&mut self, turns: u64, block: i32) -> u64 {
        let mut file = File::open(self.0.join("data")).expect("a file");
        let mut sum = 0;
        for _ in 0..turns {
            file.seek(SeekFrom::Start(0)).expect("a place");
            loop {
                match file.read(&mut self.1[..block as usize]).expect("bytes") {
                    0 => break,
                    bytes => sum += bytes as u64,
                }
            }
        }
        sum
    }
    fn write(&mut self, turns: u64, block: i32) -> u64 {
        let mut file = File::create(self.0.join("out")).expect("a file");
        let mut sum = 0;
        for _ in 0..turns {
            file.seek(SeekFrom::Start(0)).expect("a place");
            let mut left = SIZE;
            while left > 0 {
                let written = file.write(&self.1[..block as usize]).expect("room");
                left -= written;
                sum += written as u64;
            }
        }
        sum
    }
    fn pread(&mut self, turns: u64) -> u64 {
        let file = File::open(self.0.join("data")).expect("a file");
        let place = |turn: u64| (turn & 1023) << 10;
        let read = |turn| file.read_at(&mut self.1[..1024], place(turn)).expect("bytes") as u64;
        (1..=turns).rev().map(read).sum()
    }
    fn open(&mut self, turns: u64) {
        for _ in 0..turns {
            File::open(self.0.join("data")).expect("a file");
        }
    }
    fn stat(&mut self, turns: u64) -> u64 {
        let len = |_| fs::metadata(self.0.join("data")).expect("a file").len();
        (0..turns).map(len).sum()
    }
    fn readdir(&mut self, turns: u64) -> u64 {
        let name =
            |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name().len();
        let list = || fs::read_dir(self.0.join("folder")).expect("a folder").map(name);
        // `.` and `..` are not told of.
        (0..turns).map(|_| list().sum::<usize>() as u64 + 3).sum()
    }
    fn time(&mut self, turns: u64) {
        for _ in 0..turns {
            std::hint::black_box(std::time::Instant::now());
        }
    }
}

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let folders = [folder()?, folder()?, folder()?];
    let mut ours = Ours::new(folders[0].path())?;
    let mut wasmtime = Wasmtime::new(folders[1].path())?;
    let mut native = Native(folders[2].path(), vec![7; BLOCKS[0] as usize]);
    agree(&mut [&mut ours, &mut wasmtime, &mut native])?;
    section(report, "wasmtime's WASI", &mut ours, &mut wasmtime);
    section(report, "native code", &mut ours, &mut native);
    Ok(())
}

/// Makes sure that all do the same.
fn agree(workers: &mut [&mut dyn Worker; 3]) -> Result<()> {
    let mut results = workers.iter_mut().map(|worker| {
        let block = BLOCKS[1];
        [
            worker.read(2, block),
            worker.write(2, block),
            worker.pread(5),
            worker.stat(3),
            worker.readdir(2),
        ]
    });
    let first = results.next();
    let size = SIZE as u64;
    ensure!(first.is_some_and(|first| first[..4] == [2 * size, 2 * size, 5 << 10, 3 * size]));
    ensure!(results.all(|result| Some(result) == first), "the peers do something else");
    Ok(())
}

fn section(report: &mut Report, other: &str, ours: &mut Ours, theirs: &mut dyn Worker) {
    report.section(
        &format!("Files, beside {other}"),
        "A file of 1 MiB as a whole; a kilobyte of it; a folder of 500 files as a whole.",
    );
    let mut row = |what: &str, work: &dyn Fn(&mut dyn Worker, u64)| {
        let times = compare(
            Clock::Thread,
            report.effort,
            |turns| work(ours, turns),
            |turns| work(theirs, turns),
        );
        report.times(what, &times);
    };
    for block in BLOCKS {
        let kib = block >> 10;
        row(&format!("read, blocks of {kib} KiB"), &|worker, n| _ = worker.read(n, block));
        row(&format!("write, blocks of {kib} KiB"), &|worker, n| _ = worker.write(n, block));
    }
    row("read 1 KiB somewhere", &|worker, n| _ = worker.pread(n));
    row("open and close", &|worker, n| worker.open(n));
    row("ask for size and times", &|worker, n| _ = worker.stat(n));
    row("list a folder", &|worker, n| _ = worker.readdir(n));
    row("look at the clock", &|worker, n| worker.time(n));
    report.mean("geometric mean");
}
