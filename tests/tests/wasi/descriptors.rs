//! What a guest is given and what it may do with it: rights, ranges of memory, streams, files in
//! memory, made-up clocks, and what differs in `wasi_unstable`.

use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use wasmaot::Val;
use wasmaot::wasi::{Access, Captured, Clock, Errno, MemoryFiles, WasiCtx};

use crate::calls::*;

/// A guest with a folder, which comes as well.
fn with_folder(access: Access) -> (tempfile::TempDir, Guest) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("dir")).unwrap();
    fs::write(folder.path().join("file"), "0123456789").unwrap();
    let guest = Guest::new(WasiCtx::builder().folder(folder.path(), "/", access));
    (folder, guest)
}

#[test]
fn rights_are_given_away_and_do_not_come_back() {
    let (_folder, mut guest) = with_folder(Access::ReadWrite);
    const NOT_CAPABLE: i32 = code(Errno::NotCapable);
    const SEEK: i64 = 1 << 2;
    let set = |guest: &mut Guest, fd: u32, base: i64, inheriting: i64| {
        let params = [Val::I32(fd as i32), Val::I64(base), Val::I64(inheriting)];
        guest.call("fd_fdstat_set_rights", &params)
    };
    let fd = guest.open(3, "file", 0, 0, READ).unwrap();
    // Never had it: as everywhere.
    assert_eq!(guest.write(fd, b"x"), Err(code(Errno::BadF)));
    assert_eq!(set(&mut guest, fd, READ | WRITE, 0), NOT_CAPABLE);
    assert_eq!(set(&mut guest, fd, READ | SEEK, 0), OK);
    assert_eq!(guest.read(fd, 3).unwrap(), b"012");
    assert_eq!(guest.fd("fd_sync", fd), NOT_CAPABLE);
    assert_eq!(set(&mut guest, fd, 0, 0), OK);
    assert_eq!(guest.read(fd, 3), Err(NOT_CAPABLE));
    assert_eq!(set(&mut guest, fd, READ, 0), NOT_CAPABLE);
    guest.close(fd);

    // What is opened through a folder has no more than the folder passes on.
    let dir = guest.open(3, ".", 0, DIRECTORY, 0).unwrap();
    assert_eq!(set(&mut guest, dir, 1 << 13 | 1 << 18, READ | SEEK), OK);
    assert_eq!(guest.open(dir, "file", 0, 0, WRITE), Err(NOT_CAPABLE));
    assert_eq!(guest.open(dir, "new", 0, CREAT, READ), Err(NOT_CAPABLE));
    assert_eq!(guest.open(dir, "file", 0, TRUNC, READ), Err(NOT_CAPABLE));
    assert_eq!(guest.at("path_unlink_file", dir, "file"), NOT_CAPABLE);
    assert_eq!(guest.at("path_create_directory", dir, "new"), NOT_CAPABLE);
    assert_eq!(guest.stat_at(dir, 0, "file"), OK);
    let fd = guest.open(dir, "file", 0, 0, READ).unwrap();
    assert_eq!(guest.call("fd_fdstat_get", &[Val::I32(fd as i32), Val::I32(0)]), OK);
    assert_eq!(guest.u64(8), (READ | SEEK) as u64);
    assert_eq!(guest.fd("fd_sync", fd), NOT_CAPABLE);
}

/// What a folder could be used for, had somebody asked, is `NotCapable`; what no folder is for is `BadF`.
#[test]
fn folders_are_for_what_was_asked_for() {
    let (_folder, mut guest) = with_folder(Access::ReadWrite);
    let wanted = 1 << 13 | 1 << 14;
    let dir = guest.open_with(3, "dir", 0, DIRECTORY, wanted, READ, 0).unwrap();
    let not_capable = code(Errno::NotCapable);
    for name in ["path_create_directory", "path_unlink_file", "path_remove_directory"] {
        assert_eq!(guest.at(name, dir, "x"), not_capable, "{name}");
    }
    assert_eq!(guest.stat_at(dir, 0, "x"), not_capable);
    assert_eq!(guest.set_times_at(dir, 0, "x"), not_capable);
    assert_eq!(guest.readlink(dir, "x"), not_capable);
    assert_eq!(guest.read(dir, 1), Err(code(Errno::BadF)));
    let seek = [Val::I32(dir as i32), Val::I64(0), Val::I32(0), Val::I32(0)];
    assert_eq!(guest.call("fd_seek", &seek), code(Errno::BadF));
}

#[test]
fn folders_that_are_stored_and_removed() {
    let (folder, guest) = with_folder(Access::ReadWrite);
    let files = MemoryFiles::new();
    files.write("dir/file", "text").unwrap();
    files.write(".hidden", "text").unwrap();
    fs::write(folder.path().join(".hidden"), "text").unwrap();
    fs::write(folder.path().join("dir/file"), "text").unwrap();
    let memory = Guest::new(WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite));
    for mut guest in [guest, memory] {
        assert_eq!((guest.fd("fd_sync", 3), guest.fd("fd_datasync", 3)), (OK, OK));
        // A slash means a folder, whatever the name begins with.
        assert_eq!(guest.set_times_at(3, 0, ".hidden/"), code(Errno::NotDir));
        assert_eq!(guest.set_times_at(3, 0, ".hidden"), OK);
        assert_eq!(guest.set_times_at(3, 0, "dir/."), OK);
        // It has nothing in it, and that is no error.
        let dir = guest.open(3, "dir", 0, DIRECTORY, 0).unwrap();
        assert_eq!(guest.at("path_unlink_file", 3, "dir/file"), OK);
        assert_eq!(guest.at("path_remove_directory", 3, "dir"), OK);
        let buffer = [Val::I32(DATA), Val::I32(4096), Val::I64(2), Val::I32(0)];
        let params = [&[Val::I32(dir as i32)], &buffer[..]].concat();
        assert_eq!((guest.call("fd_readdir", &params), guest.u32(0)), (OK, 0));
        assert_eq!(guest.open(dir, "new", 0, CREAT, WRITE), Err(code(Errno::NoEnt)));
    }
}

/// Flags can be asked for when opening; afterwards two of them can be changed.
#[test]
fn flags_of_descriptors() {
    let (folder, mut guest) = with_folder(Access::ReadWrite);
    let (append, nonblock, syncs) = (1, 4, 2 | 8 | 16);
    let flags = |guest: &mut Guest, fd: u32| {
        assert_eq!(guest.call("fd_fdstat_get", &[Val::I32(fd as i32), Val::I32(0)]), OK);
        i32::from(u16::from_le_bytes(guest.get(2)))
    };
    for asked in 0..32 {
        let fd = guest.open_with(3, "file", 0, 0, ALL, ALL, asked).unwrap();
        assert_eq!(flags(&mut guest, fd), asked);
        for other in [0, append, nonblock, append | nonblock] {
            let set = |guest: &mut Guest, to: i32| {
                guest.call("fd_fdstat_set_flags", &[Val::I32(fd as i32), Val::I32(to)])
            };
            let to = asked & syncs | other;
            assert_eq!(set(&mut guest, to), OK, "{asked} {other}");
            assert_eq!(flags(&mut guest, fd), to);
            assert_eq!(set(&mut guest, to ^ 2), code(Errno::Inval));
        }
        guest.close(fd);
    }
    // Appending is the system's own, so that what others write meanwhile is not lost.
    let fd = guest.open_with(3, "file", 0, 0, ALL, ALL, append).unwrap();
    fs::write(folder.path().join("file"), "longer than it was before").unwrap();
    assert_eq!(guest.write(fd, b"!"), Ok(1));
    let text = fs::read_to_string(folder.path().join("file")).unwrap();
    assert_eq!(text, "longer than it was before!");
}

#[test]
fn a_folder_to_read_is_not_changed() {
    let (folder, mut guest) = with_folder(Access::ReadOnly);
    let files = MemoryFiles::new();
    files.write("file", "0123456789").unwrap();
    files.create_folder("dir").unwrap();
    let mut memory = Guest::new(WasiCtx::builder().memory_folder(&files, "/", Access::ReadOnly));
    for guest in [&mut guest, &mut memory] {
        const PERM: i32 = code(Errno::Perm);
        for (oflags, access) in [(0, WRITE), (0, READ | WRITE), (CREAT, READ), (TRUNC, READ)] {
            assert_eq!(guest.open(3, "file", 0, oflags, access), Err(PERM));
        }
        assert_eq!(guest.open(3, "new", 0, CREAT, WRITE), Err(PERM));
        for call in ["path_create_directory", "path_remove_directory", "path_unlink_file"] {
            assert_eq!(guest.at(call, 3, "dir"), PERM, "{call}");
        }
        assert_eq!(guest.rename("file", "other"), PERM);
        assert_eq!(guest.link("file", "other"), PERM);
        assert_eq!(guest.symlink("file", "other"), PERM);
        assert_eq!(guest.set_times_at(3, 0, "file"), PERM);
        let fd = guest.open(3, "file", 0, 0, READ).unwrap();
        assert_eq!(guest.read(fd, 4).unwrap(), b"0123");
        assert_eq!(guest.call("fd_filestat_set_size", &[Val::I32(fd as i32), Val::I64(1)]), PERM);
        let times = [Val::I32(fd as i32), Val::I64(1), Val::I64(1), Val::I32(5)];
        assert_eq!(guest.call("fd_filestat_set_times", &times), PERM);
        // Nor through a folder below.
        let dir = guest.open(3, "dir", 0, DIRECTORY, READ).unwrap();
        assert_eq!(guest.open(dir, "new", 0, CREAT, WRITE), Err(PERM));
    }
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"0123456789");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(files.list(".").unwrap().len(), 2);
}

/// Lists of ranges: overlapping, many, empty, long, outside of memory.
#[test]
fn ranges_of_memory() {
    let (_folder, guest) = with_folder(Access::ReadWrite);
    let files = MemoryFiles::new();
    files.write("file", "0123456789").unwrap();
    let memory = Guest::new(WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite));
    for mut guest in [guest, memory] {
        const FAULT: i32 = code(Errno::Fault);
        let fd = guest.open(3, "file", 0, 0, READ | WRITE).unwrap() as i32;
        let seek = |guest: &mut Guest, to: i64| {
            let params = [Val::I32(fd), Val::I64(to), Val::I32(0), Val::I32(0)];
            assert_eq!(guest.call("fd_seek", &params), OK);
        };
        let place = |guest: &mut Guest| {
            assert_eq!(guest.call("fd_tell", &[Val::I32(fd), Val::I32(0)]), OK);
            guest.u64(0)
        };
        let rw = |guest: &mut Guest, call: &str, ranges: &[(i32, i32)]| {
            let [at, count] = guest.ranges(ranges);
            let errno = guest.call(call, &[Val::I32(fd), at, count, Val::I32(0)]);
            if errno == OK { Ok(guest.u32(0)) } else { Err(errno) }
        };
        // The second range begins within the first, and is filled after it.
        guest.put(DATA, &[b'-'; 12]);
        assert_eq!(rw(&mut guest, "fd_read", &[(DATA, 6), (DATA + 2, 4)]), Ok(10));
        assert_eq!(guest.bytes(DATA, 8), b"016789--");
        // Empty ranges may be anywhere, there being memory or not.
        let end = 5 << 16;
        seek(&mut guest, 0);
        assert_eq!(
            rw(&mut guest, "fd_read", &[(end, 0), (DATA, 0), (-16, 0), (end - 3, 3)]),
            Ok(3)
        );
        assert_eq!(guest.bytes(end - 3, 3), b"012");
        // Beyond it nothing may be, and nothing has happened then.
        for ranges in [
            &[(DATA, 2), (end, 1)][..],
            &[(DATA, 2), (end - 1, 2)],
            &[(DATA, 2), (-1, 2)],
            &[(DATA, 2), (DATA, -1)],
            &[(-8, 16)],
            &[(DATA, i32::MIN), (DATA, i32::MIN)],
        ] {
            seek(&mut guest, 0);
            for call in ["fd_read", "fd_write"] {
                assert_eq!(rw(&mut guest, call, ranges), Err(FAULT), "{call} {ranges:?}");
            }
            assert_eq!(place(&mut guest), 0);
        }
        // So with lists that are not in memory, and results that cannot be.
        for (at, count, result) in [
            (16, -1, 0),
            (end - 4, 1, 0),
            (-8, 2, 0),
            (16, 0x2000_0001, 0),
            (16, 1, end - 3),
            (16, 1, -1),
        ] {
            guest.ranges(&[(DATA, 2)]);
            for call in ["fd_read", "fd_write"] {
                let params = [Val::I32(fd), Val::I32(at), Val::I32(count), Val::I32(result)];
                assert_eq!(guest.call(call, &params), FAULT, "{call} {at} {count} {result}");
            }
            assert_eq!(place(&mut guest), 0);
        }
        // As many as there is room for, each the same byte: at least some are used.
        let many = vec![(DATA, 1); 4000];
        let written = rw(&mut guest, "fd_write", &many).unwrap();
        assert!((1..=4000).contains(&written), "{written}");
        assert_eq!(place(&mut guest), u64::from(written));
    }
}

/// The sum of what is to be written is more than 32 bits hold.
#[test]
fn sums_beyond_32_bits() {
    let output = Counting::default();
    let count = output.0.clone();
    let mut guest = Guest::new(WasiCtx::builder().stdout(output));
    // 16,384 times the whole memory of 5 pages are more than 5 GiB.
    let len = 5i32 << 16;
    let list: Vec<u8> =
        (0..16_384).flat_map(|_| [0i32.to_le_bytes(), len.to_le_bytes()].concat()).collect();
    guest.put(DATA, &list);
    let params = [Val::I32(1), Val::I32(DATA), Val::I32(16_384), Val::I32(0)];
    assert_eq!(guest.call("fd_write", &params), OK);
    let written = u64::from(guest.u32(0));
    assert_eq!(written, count.load(std::sync::atomic::Ordering::Relaxed));
    assert!(written > 0 && written < 1 << 31);
}

#[derive(Default)]
struct Counting(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn streams_of_the_hosts() {
    let (out, err) = (Captured::new(), Captured::new());
    let wasi = WasiCtx::builder().stdin(&b"some input"[..]).stdout(out.clone()).stderr(err.clone());
    let mut guest = Guest::new(wasi);
    assert_eq!(guest.read(0, 4).unwrap(), b"some");
    assert_eq!(guest.read(0, 100).unwrap(), b" input");
    assert_eq!(guest.read(0, 100).unwrap(), b"");
    assert_eq!(guest.write(1, b"out"), Ok(3));
    assert_eq!(guest.write(2, b"err"), Ok(3));
    assert_eq!((out.take(), err.bytes()), (b"out".to_vec(), b"err".to_vec()));
    assert_eq!(out.bytes(), b"");
    assert_eq!(guest.write(0, b"x"), Err(code(Errno::BadF)));
    assert_eq!(guest.read(1, 1), Err(code(Errno::BadF)));
    // Nobody said anything about them: there is nothing to read, and nobody listens.
    let mut guest = Guest::new(WasiCtx::builder());
    assert_eq!(guest.read(0, 4).unwrap(), b"");
    assert_eq!(guest.write(1, b"out"), Ok(3));
    assert_eq!(guest.write(3, b"out"), Err(code(Errno::BadF)));

    /// Breaks as a pipe does whose reader is gone.
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut guest = Guest::new(WasiCtx::builder().stdout(Broken));
    assert_eq!(guest.write(1, b"out"), Err(code(Errno::Pipe)));
}

#[test]
fn the_same_in_each_run() {
    let run = || {
        let clock = Clock::ticking(Duration::from_secs(1_000), Duration::from_millis(1));
        let files = MemoryFiles::new();
        let wasi = WasiCtx::builder().clock(clock).random_seed(7);
        let mut guest = Guest::new(wasi.memory_folder(&files, "/", Access::ReadWrite));
        let mut seen = Vec::new();
        for id in [0, 1, 2, 3] {
            assert_eq!(guest.call("clock_time_get", &[Val::I32(id), Val::I64(0), Val::I32(0)]), OK);
            seen.push(guest.u64(0));
        }
        assert_eq!(guest.call("random_get", &[Val::I32(0), Val::I32(16)]), OK);
        seen.extend([guest.u64(0), guest.u64(8)]);
        guest.open(3, "file", 0, CREAT, WRITE).unwrap();
        assert_eq!(guest.stat_at(3, 0, "file"), OK);
        seen.extend([guest.u64(8), guest.u64(48)]);
        seen
    };
    let first = run();
    assert_eq!(first, run());
    assert_eq!(first[..4], [1_000_000_000_000, 1_000_000, 2_000_000, 3_000_000]);
    assert_ne!(first[4], first[5]);
    let mut other = Guest::new(WasiCtx::builder().random_seed(8));
    assert_eq!(other.call("random_get", &[Val::I32(0), Val::I32(16)]), OK);
    assert_ne!(other.u64(0), first[4]);
}

#[test]
fn what_unstable_has_otherwise() {
    let (_folder, mut guest) = with_folder(Access::ReadWrite);
    let fd = guest.open(3, "file", 0, 0, READ).unwrap() as i32;
    let mut seek = |name: &str, offset, whence| {
        let params = [Val::I32(fd), Val::I64(offset), Val::I32(whence), Val::I32(0)];
        assert_eq!(guest.call(name, &params), OK);
        guest.u64(0)
    };
    // From the start, from here, from the end.
    assert_eq!([seek("fd_seek", 3, 0), seek("fd_seek", 1, 1), seek("fd_seek", -1, 2)], [3, 4, 9]);
    // From here, from the end, from the start.
    let unstable = "unstable_fd_seek";
    assert_eq!([seek(unstable, -5, 0), seek(unstable, -3, 1), seek(unstable, 2, 2)], [4, 7, 2]);
    for at in [0, 64] {
        guest.put(at, &[0xee; 64]);
    }
    assert_eq!(guest.call("unstable_fd_filestat_get", &[Val::I32(fd), Val::I32(0)]), OK);
    assert_eq!(guest.call("fd_filestat_get", &[Val::I32(fd), Val::I32(64)]), OK);
    // The number of links, then the size, the times; 56 bytes in all.
    assert_eq!((guest.u32(20), guest.u64(24)), (1, 10));
    assert_eq!((guest.u64(88), guest.u64(96)), (1, 10));
    assert_eq!(guest.bytes(32, 24), guest.bytes(104, 24));
    assert_eq!(guest.get(56), [0xee; 8]);
}

#[test]
fn numbers_of_descriptors() {
    let (_folder, mut guest) = with_folder(Access::ReadWrite);
    let fds: Vec<u32> = (0..3).map(|_| guest.open(3, "file", 0, 0, READ).unwrap()).collect();
    assert_eq!(fds, [4, 5, 6]);
    guest.close(4);
    guest.close(5);
    assert_eq!(guest.open(3, "file", 0, 0, READ), Ok(4));
    let renumber =
        |guest: &mut Guest, from, to| guest.call("fd_renumber", &[Val::I32(from), Val::I32(to)]);
    assert_eq!(renumber(&mut guest, 6, 5), code(Errno::BadF));
    assert_eq!(renumber(&mut guest, 5, 6), code(Errno::BadF));
    assert_eq!(renumber(&mut guest, 6, 6), OK);
    assert_eq!(guest.read(6, 4).unwrap(), b"0123");
    assert_eq!(renumber(&mut guest, 6, 4), OK);
    assert_eq!(guest.read(4, 4).unwrap(), b"4567");
    assert_eq!(guest.read(6, 4), Err(code(Errno::BadF)));
    assert_eq!(guest.fd("fd_close", u32::MAX), code(Errno::BadF));
}

#[test]
fn what_cannot_be_given_is_told() {
    let error = |builder: wasmaot::wasi::WasiCtxBuilder| builder.build().unwrap_err().to_string();
    let missing = error(WasiCtx::builder().folder("/nowhere/at all", "/data", Access::ReadOnly));
    assert_eq!(
        missing,
        "the folder `/nowhere/at all`, which a guest is to have as `/data`, cannot be opened: No \
         such file or directory (os error 2)"
    );
    assert!(error(WasiCtx::builder().arg("a\0b")).contains(r"the argument `a\0b`"));
    assert!(error(WasiCtx::builder().env("A=B", "")).contains("`A=B`"));
    assert!(error(WasiCtx::builder().env("", "x")).contains("``"));
    let file = fs::File::open("/dev/null").unwrap();
    assert!(error(WasiCtx::builder().socket(file)).contains("no socket"));
}

/// A file in memory can be as large as the host said, and not larger.
#[test]
fn memory_has_a_limit() {
    let files = MemoryFiles::with_limit(100_000);
    let mut guest = Guest::new(WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite));
    let fd = guest.open(3, "file", 0, CREAT, READ | WRITE).unwrap();
    let size = |guest: &mut Guest, size| {
        guest.call("fd_filestat_set_size", &[Val::I32(fd as i32), Val::I64(size)])
    };
    for too_large in [100_001, 1 << 40, -1] {
        assert_eq!(size(&mut guest, too_large), code(Errno::NoSpc), "{too_large}");
    }
    assert_eq!(size(&mut guest, 90_000), OK);
    assert_eq!(size(&mut guest, 10), OK);
    assert_eq!(size(&mut guest, 90_000), OK);
    let seek = [Val::I32(fd as i32), Val::I64(1 << 50), Val::I32(0), Val::I32(0)];
    assert_eq!(guest.call("fd_seek", &seek), OK);
    assert_eq!(guest.write(fd, b"x"), Err(code(Errno::NoSpc)));
    guest.close(fd);
    assert_eq!(guest.at("path_unlink_file", 3, "file"), OK);
    // Names count, too; and what was removed does not.
    let made =
        (0..).find(|i| guest.at("path_create_directory", 3, &format!("d{i}")) != OK).unwrap();
    assert!((100..1000).contains(&made), "{made}");
    for i in 0..made {
        assert_eq!(guest.at("path_remove_directory", 3, &format!("d{i}")), OK);
    }
    files.write("file", vec![1; 90_000]).unwrap();
    assert_eq!(files.write("other", vec![1; 90_000]), Err(Errno::NoSpc));
    // Further names of a file are no way around, and are given back as well.
    files.write("file", "text").unwrap();
    for _ in 0..2 {
        let made = (0..).find(|i| guest.link("file", &format!("l{i}")) != OK).unwrap();
        assert!((100..1000).contains(&made), "{made}");
        assert_eq!(guest.link("file", "more"), code(Errno::NoSpc));
        // Nor is renaming: one name onto another is as good as removing one.
        assert_eq!(guest.rename("l0", "moved"), OK);
        assert_eq!(guest.at("path_unlink_file", 3, "moved"), OK);
        for i in 1..made {
            assert_eq!(guest.at("path_unlink_file", 3, &format!("l{i}")), OK);
        }
    }
    files.write("other", vec![1; 90_000]).unwrap();
}

#[test]
fn captured_output_has_a_limit() {
    let output = Captured::with_limit(10);
    let mut guest = Guest::new(WasiCtx::builder().stdout(output.clone()));
    assert_eq!(guest.write(1, b"0123456"), Ok(7));
    assert_eq!(guest.write(1, b"789ab"), Ok(3));
    assert_eq!(guest.write(1, b"ab"), Err(code(Errno::NoSpc)));
    assert_eq!(output.take(), b"0123456789");
    assert_eq!(guest.write(1, b"ab"), Ok(2));
    assert_eq!(output.bytes(), b"ab");
}

/// What was removed while it is open can still be read, and takes no more part.
#[test]
fn removed_and_open() {
    let folder = tempfile::tempdir().unwrap();
    let files = MemoryFiles::new();
    let host = WasiCtx::builder().folder(folder.path(), "/", Access::ReadWrite);
    let memory = WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite);
    for wasi in [host, memory] {
        let mut guest = Guest::new(wasi);
        let fd = guest.open(3, "file", 0, CREAT, READ | WRITE).unwrap();
        guest.write(fd, b"text").unwrap();
        assert_eq!(guest.at("path_create_directory", 3, "dir"), OK);
        let dir = guest.open(3, "dir", 0, DIRECTORY, READ).unwrap();
        assert_eq!(guest.at("path_unlink_file", 3, "file"), OK);
        assert_eq!(guest.at("path_remove_directory", 3, "dir"), OK);
        let params = [Val::I32(fd as i32), Val::I64(0), Val::I32(0), Val::I32(0)];
        assert_eq!(guest.call("fd_seek", &params), OK);
        assert_eq!(guest.read(fd, 10).unwrap(), b"text");
        assert_eq!(guest.call("fd_filestat_get", &[Val::I32(fd as i32), Val::I32(0)]), OK);
        assert_eq!(guest.u64(24), 0, "links");
        assert_eq!(guest.open(dir, "new", 0, CREAT, WRITE), Err(code(Errno::NoEnt)));
        assert_eq!(guest.at("path_create_directory", dir, "new"), code(Errno::NoEnt));
    }
}

/// Folders do not come into themselves, and files not over folders.
#[test]
fn renaming() {
    let folder = tempfile::tempdir().unwrap();
    let files = MemoryFiles::new();
    let host = WasiCtx::builder().folder(folder.path(), "/", Access::ReadWrite);
    let memory = WasiCtx::builder().memory_folder(&files, "/", Access::ReadWrite);
    for wasi in [host, memory] {
        let mut guest = Guest::new(wasi);
        for dir in ["a", "a/b", "a/b/c", "empty"] {
            assert_eq!(guest.at("path_create_directory", 3, dir), OK);
        }
        for file in ["f", "g", "a/f"] {
            let fd = guest.open(3, file, 0, CREAT, WRITE).unwrap();
            guest.write(fd, file.as_bytes()).unwrap();
            guest.close(fd);
        }
        for (from, to, errno) in [
            ("a", "a/b/c/d", Errno::Inval),
            ("a", "a/b", Errno::Inval),
            ("f", "a", Errno::IsDir),
            ("a", "f", Errno::NotDir),
            ("empty", "a", Errno::NotEmpty),
            ("f/", "h", Errno::NotDir),
            ("f", "h/", Errno::NotDir),
            ("nothing", "h", Errno::NoEnt),
            ("f", "nothing/h", Errno::NoEnt),
            ("f", "g/h", Errno::NotDir),
            (".", "h", Errno::Busy),
            ("f", "a/..", Errno::Busy),
        ] {
            assert_eq!(guest.rename(from, to), code(errno), "{from} {to}");
        }
        assert_eq!(guest.rename("a", "a"), OK);
        assert_eq!(guest.rename("f", "g"), OK);
        assert_eq!(guest.rename("a/", "empty/"), OK);
        assert_eq!(guest.stat_at(3, 0, "f"), code(Errno::NoEnt));
        let fd = guest.open(3, "g", 0, 0, READ).unwrap();
        assert_eq!(guest.read(fd, 10).unwrap(), b"f");
        let fd = guest.open(3, "empty/f", 0, 0, READ).unwrap();
        assert_eq!(guest.read(fd, 10).unwrap(), b"a/f");
    }
}
