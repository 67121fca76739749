//! Nothing is left behind: guests come and go in one process, and what the system has given it stays
//! the same. `WASMAOT_SOAK=100000 cargo test --workspace --test wasi soak` is the full run.

use std::fs;

use wasmaot::Val;
use wasmaot::wasi::{Access, Captured, MemoryFiles, WasiCtx};

use crate::calls::*;

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

/// Memory in use, in KiB.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A program's life: it uses what it has, and leaves much of it open.
fn live(folder: &std::path::Path, round: usize) {
    let output = Captured::new();
    let files = MemoryFiles::new();
    files.write("a/b", "text").unwrap();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let wasi = WasiCtx::builder()
        .args(["soak", "x"])
        .inherit_stdin()
        .stdout(output.clone())
        .folder(folder, "/", Access::ReadWrite)
        .memory_folder(&files, "/memory", Access::ReadWrite)
        .socket(theirs);
    let mut guest = Guest::new(wasi);
    let name = format!("file-{}", round % 10);
    let fd = guest.open(3, &name, 0, CREAT | TRUNC, READ | WRITE).unwrap();
    guest.write(fd, b"some text").unwrap();
    guest.open(3, ".", 0, DIRECTORY, READ).unwrap();
    guest.open(4, "a/b", 0, 0, READ).unwrap();
    guest.open(4, "c", 0, CREAT, WRITE).unwrap();
    let buffer = [Val::I32(3), Val::I32(DATA), Val::I32(4096), Val::I64(0), Val::I32(0)];
    assert_eq!(guest.call("fd_readdir", &buffer), OK);
    guest.write(1, b"out").unwrap();
    guest.write(5, b"sent").unwrap();
    drop(ours);
    assert_eq!(output.bytes(), b"out");
}

/// Not with other tests beside it: they open and close, too.
#[test]
#[ignore = "counts what the process has, so it runs alone: see the head of the file"]
fn soak() {
    run(std::env::var("WASMAOT_SOAK").map_or(100_000, |rounds| rounds.parse().unwrap()));
}

/// The same in a process of its own, for a moment.
#[test]
fn a_short_soak() {
    let mut program = std::process::Command::new(std::env::current_exe().unwrap());
    program.args(["--ignored", "--exact", "soak::soak"]);
    if std::env::var_os("WASMAOT_SOAK").is_none() {
        program.env("WASMAOT_SOAK", "500");
    }
    let output = program.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn run(rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let warm = (rounds / 10).max(100);
    (0..warm).for_each(|round| live(folder.path(), round));
    let (fds, maps, memory) = (descriptors(), mappings(), resident());
    (0..rounds).for_each(|round| live(folder.path(), round));
    println!("{fds} descriptors, {maps} mappings, {memory} KiB");
    println!("{} descriptors, {} mappings, {} KiB", descriptors(), mappings(), resident());
    assert_eq!(descriptors(), fds);
    assert!(mappings() <= maps + 4, "{} mappings, at first {maps}", mappings());
    // A leak of a page each would be rounds * 4 KiB; the allocator may come to need some more.
    assert!(resident() < memory + 1024, "{} KiB, at first {memory}", resident());
}
