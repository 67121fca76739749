//! Sockets, polling, and what ends a wait.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use wasmaot::wasi::{Access, Clock, Errno, WasiCtx};
use wasmaot::{Trap, TrapCode, Val};

use crate::calls::*;

/// Subscriptions and events.
const SUBSCRIPTIONS: i32 = 0x1000;
const EVENTS: i32 = 0x2000;

/// Something to wait for.
#[derive(Clone, Copy)]
enum Sub {
    /// A clock, how long, and whether that is a time of its.
    Clock(u32, u64, bool),
    Read(u32),
    Write(u32),
}

/// What happened: which it was, the error, whether it is a time or else, bytes, and whether the other
/// end is gone.
type Event = (u64, u16, u8, u64, u16);

impl Guest {
    fn subscribe(&mut self, subs: &[Sub]) -> [Val; 4] {
        for (index, sub) in subs.iter().enumerate() {
            let mut bytes = [0; 48];
            bytes[..8].copy_from_slice(&(index as u64 + 100).to_le_bytes());
            match *sub {
                Sub::Clock(id, timeout, absolute) => {
                    bytes[16..20].copy_from_slice(&id.to_le_bytes());
                    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
                    bytes[40] = absolute.into();
                }
                Sub::Read(fd) | Sub::Write(fd) => {
                    bytes[8] = if matches!(sub, Sub::Read(_)) { 1 } else { 2 };
                    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
                }
            }
            self.put(SUBSCRIPTIONS + index as i32 * 48, &bytes);
        }
        [Val::I32(SUBSCRIPTIONS), Val::I32(EVENTS), Val::I32(subs.len() as i32), Val::I32(0)]
    }

    fn poll(&mut self, subs: &[Sub]) -> Vec<Event> {
        let params = self.subscribe(subs);
        assert_eq!(self.call("poll_oneoff", &params), OK);
        (0..self.u32(0) as i32)
            .map(|index| {
                let at = EVENTS + index * 32;
                let short = |at| u16::from_le_bytes(self.get(at));
                let [kind] = self.get(at + 10);
                (self.u64(at) - 100, short(at + 8), kind, self.u64(at + 16), short(at + 24))
            })
            .collect()
    }

    /// Receives with flags, and returns what and the flags that came out.
    fn receive(&mut self, fd: u32, len: i32, flags: i32) -> Result<(Vec<u8>, u16), i32> {
        let [at, count] = self.ranges(&[(DATA, len)]);
        let params = [Val::I32(fd as i32), at, count, Val::I32(flags), Val::I32(0), Val::I32(4)];
        match self.call("sock_recv", &params) {
            OK => Ok((self.bytes(DATA, self.u32(0) as usize), u16::from_le_bytes(self.get(4)))),
            errno => Err(errno),
        }
    }

    fn send(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, i32> {
        self.put(DATA, bytes);
        let [at, count] = self.ranges(&[(DATA, bytes.len() as i32)]);
        match self.call("sock_send", &[Val::I32(fd as i32), at, count, Val::I32(0), Val::I32(0)]) {
            OK => Ok(self.u32(0)),
            errno => Err(errno),
        }
    }

    fn accept(&mut self, fd: u32, flags: i32) -> Result<u32, i32> {
        match self.call("sock_accept", &[Val::I32(fd as i32), Val::I32(flags), Val::I32(0)]) {
            OK => Ok(self.u32(0)),
            errno => Err(errno),
        }
    }

    fn set_flags(&mut self, fd: u32, flags: i32) -> i32 {
        self.call("fd_fdstat_set_flags", &[Val::I32(fd as i32), Val::I32(flags)])
    }
}

const NONBLOCK: i32 = 4;
const MILLISECOND: u64 = 1_000_000;

#[test]
fn a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = Guest::new(WasiCtx::builder().socket(listener));
    assert_eq!(guest.set_flags(3, NONBLOCK), OK);
    assert_eq!(guest.accept(3, 0), Err(code(Errno::Again)));
    assert_eq!(guest.accept(3, 1), Err(code(Errno::Inval)));
    assert_eq!(guest.accept(1, 0), Err(code(Errno::NotSock)));
    assert_eq!(guest.poll(&[Sub::Read(3), Sub::Clock(1, 0, false)]), [(1, 0, 0, 0, 0)]);
    let mut client = TcpStream::connect(address).unwrap();
    assert_eq!(guest.poll(&[Sub::Read(3), Sub::Clock(1, u64::MAX, false)])[0].0, 0);
    assert_eq!(guest.set_flags(3, 0), OK);
    let fd = guest.accept(3, 0).unwrap();

    // It is a stream, and nothing has come.
    assert_eq!(guest.call("fd_fdstat_get", &[Val::I32(fd as i32), Val::I32(0)]), OK);
    assert_eq!(guest.get(0), [6]);
    assert_eq!(guest.set_flags(fd, NONBLOCK), OK);
    assert_eq!(guest.receive(fd, 10, 0), Err(code(Errno::Again)));
    assert_eq!(guest.set_flags(fd, 0), OK);
    client.write_all(b"hello").unwrap();
    assert_eq!(guest.poll(&[Sub::Read(fd)]), [(0, 0, 1, 5, 0)]);
    // Looking at it leaves it there.
    assert_eq!(guest.receive(fd, 2, 1), Ok((b"he".to_vec(), 0)));
    assert_eq!(guest.receive(fd, 3, 0), Ok((b"hel".to_vec(), 0)));
    assert_eq!(guest.receive(fd, 3, 4), Err(code(Errno::Inval)));
    // All that was asked for comes, in however many pieces it was sent.
    let sender = std::thread::spawn(move || {
        for piece in ["a", "b", "c"] {
            std::thread::sleep(Duration::from_millis(5));
            client.write_all(piece.as_bytes()).unwrap();
        }
        client
    });
    assert_eq!(guest.receive(fd, 5, 2), Ok((b"loabc".to_vec(), 0)));
    let mut client = sender.join().unwrap();
    assert_eq!(guest.send(fd, b"good day"), Ok(8));
    assert_eq!(guest.write(fd, b"!"), Ok(1));
    assert_eq!(
        guest.call("sock_shutdown", &[Val::I32(fd as i32), Val::I32(0)]),
        code(Errno::Inval)
    );
    assert_eq!(guest.call("sock_shutdown", &[Val::I32(fd as i32), Val::I32(2)]), OK);
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(text, "good day!");
    // Nobody receives any more: an error, and no signal.
    assert_eq!(guest.send(fd, b"x"), Err(code(Errno::Pipe)));
    drop(client);
    assert_eq!(guest.read(fd, 5).unwrap(), b"");
    let events = guest.poll(&[Sub::Read(fd)]);
    assert_eq!((events[0].2, events[0].3, events[0].4), (1, 0, 1), "hung up");
    let seek = [Val::I32(fd as i32), Val::I64(1), Val::I32(0), Val::I32(0)];
    assert_eq!(guest.call("fd_seek", &seek), code(Errno::NotCapable));
}

#[test]
fn packets_are_cut_off() {
    let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut guest = Guest::new(WasiCtx::builder().socket(theirs));
    ours.send(b"a packet").unwrap();
    assert_eq!(guest.receive(3, 4, 0), Ok((b"a pa".to_vec(), 1)));
    ours.send(b"two").unwrap();
    assert_eq!(guest.receive(3, 4, 0), Ok((b"two".to_vec(), 0)));
    assert_eq!(guest.call("fd_filestat_get", &[Val::I32(3), Val::I32(0)]), OK);
    assert_eq!(guest.get(16), [5]);
}

#[test]
fn several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "0123456789").unwrap();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let wasi = WasiCtx::builder().folder(folder.path(), "/", Access::ReadWrite).socket(theirs);
    let mut guest = Guest::new(wasi);
    let file = guest.open(3, "file", 0, 0, READ | WRITE).unwrap();
    guest.read(file, 3).unwrap();
    // Files are always ready, what is wrong is told, and what is not ready is not.
    let bad = code(Errno::BadF) as u16;
    let all = [
        Sub::Read(file),
        Sub::Read(4),
        Sub::Write(4),
        Sub::Read(77),
        Sub::Write(0),
        Sub::Clock(1, 1 << 60, false),
    ];
    let events = guest.poll(&all);
    assert_eq!(events[0], (0, 0, 1, 7, 0));
    assert_eq!((events[1].0, events[1].1, events[1].2), (2, 0, 2));
    assert_eq!([events[2], events[3]], [(3, bad, 1, 0, 0), (4, bad, 2, 0, 0)]);
    assert_eq!(events.len(), 4);
    ours.write_all(b"xyz").unwrap();
    assert_eq!(guest.poll(&[Sub::Read(4)]), [(0, 0, 1, 3, 0)]);
    drop(ours);
    let events = guest.poll(&[Sub::Read(4)]);
    assert_eq!((events[0].3, events[0].4), (3, 1));
    // A folder is not to be waited for.
    assert_eq!(guest.poll(&[Sub::Read(3)])[0].1, bad);
    let params = guest.subscribe(&[]);
    assert_eq!(guest.call("poll_oneoff", &params), code(Errno::Inval));
    for wrong in [Sub::Clock(2, 0, false), Sub::Clock(3, 0, false), Sub::Clock(9, 0, false)] {
        let params = guest.subscribe(&[wrong]);
        assert_eq!(guest.call("poll_oneoff", &params), code(Errno::Inval));
    }
    // Events over subscriptions, and outside of memory.
    let params = guest.subscribe(&[Sub::Read(file), Sub::Write(file)]);
    let [at, _, count, happened] = params;
    assert_eq!(guest.call("poll_oneoff", &[at.clone(), at.clone(), count, happened.clone()]), OK);
    assert_eq!(
        (guest.u32(0), guest.u64(SUBSCRIPTIONS), guest.u64(SUBSCRIPTIONS + 32)),
        (2, 100, 101)
    );
    for count in [-1, i32::MAX, 1 << 20] {
        let params = [at.clone(), Val::I32(EVENTS), Val::I32(count), happened.clone()];
        assert_eq!(guest.call("poll_oneoff", &params), code(Errno::Fault), "{count}");
    }
}

#[test]
fn times() {
    let mut guest = Guest::new(WasiCtx::builder());
    let now = |guest: &mut Guest, id| {
        assert_eq!(guest.call("clock_time_get", &[Val::I32(id), Val::I64(0), Val::I32(0)]), OK);
        guest.u64(0)
    };
    for id in [0, 1] {
        for absolute in [false, true] {
            let start = Instant::now();
            let base = if absolute { now(&mut guest, id) } else { 0 };
            let events = guest.poll(&[
                Sub::Clock(id as u32, base + 1000 * MILLISECOND, absolute),
                Sub::Clock(id as u32, base + 20 * MILLISECOND, absolute),
            ]);
            let took = start.elapsed();
            assert_eq!(events, [(1, 0, 0, 0, 0)]);
            assert!(
                took >= Duration::from_millis(20) && took < Duration::from_millis(900),
                "{took:?}"
            );
        }
        // What was before is over.
        assert_eq!(guest.poll(&[Sub::Clock(id as u32, 5, true)]), [(0, 0, 0, 0, 0)]);
    }
    // The process has worked, and the clocks of it show that.
    let before = [now(&mut guest, 2), now(&mut guest, 3)];
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(30) {
        std::hint::spin_loop();
    }
    let after = [now(&mut guest, 2), now(&mut guest, 3)];
    assert!(after[0] > before[0] && after[1] > before[1]);

    // On a clock of the host's making nobody waits.
    let clock = Clock::fixed(Duration::from_secs(50));
    let mut guest = Guest::new(WasiCtx::builder().clock(clock));
    let start = Instant::now();
    let hour = 3_600_000 * MILLISECOND;
    let subs = [Sub::Clock(1, 2 * hour, false), Sub::Clock(0, hour, false)];
    assert_eq!(guest.poll(&subs), [(1, 0, 0, 0, 0)]);
    assert_eq!((now(&mut guest, 0), now(&mut guest, 1)), (50_000 * MILLISECOND + hour, hour));
    assert!(start.elapsed() < Duration::from_secs(60));
}

/// As [`poll_oneoff`](several_at_once), with the clock's identifier before what else it has.
#[test]
fn polling_in_unstable() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(b"text").unwrap();
    let mut guest = Guest::new(WasiCtx::builder().socket(theirs));
    // Two of 56 bytes: a clock that has been 1 for long, and something to read.
    guest.put(SUBSCRIPTIONS, &[0; 112]);
    guest.put(SUBSCRIPTIONS, &[7]);
    guest.put(SUBSCRIPTIONS + 16, &[0xff; 8]);
    guest.put(SUBSCRIPTIONS + 24, &[1]);
    guest.put(SUBSCRIPTIONS + 32, &[1]);
    guest.put(SUBSCRIPTIONS + 40, &[0xff; 8]);
    guest.put(SUBSCRIPTIONS + 48, &[1]);
    guest.put(SUBSCRIPTIONS + 56, &[8]);
    guest.put(SUBSCRIPTIONS + 64, &[1]);
    guest.put(SUBSCRIPTIONS + 72, &[3]);
    let params = [SUBSCRIPTIONS, EVENTS, 2, 0].map(Val::I32);
    assert_eq!(guest.call("unstable_poll_oneoff", &params), OK);
    assert_eq!(guest.u32(0), 2);
    assert_eq!((guest.u64(EVENTS), guest.u64(EVENTS + 8)), (7, 0));
    let read = (guest.u64(EVENTS + 32), guest.u64(EVENTS + 40), guest.u64(EVENTS + 48));
    assert_eq!(read, (8, 1 << 16, 4));
}

/// Pipes in folders: one reads, writes, polls them as others do, and their waits end, too.
#[test]
fn pipes() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.unwrap().success());
    let wasi = WasiCtx::builder().folder(folder.path(), "/", Access::ReadWrite);
    let mut guest = Guest::new(wasi);
    let rights = ALL;
    let pipe = guest.open_with(3, "pipe", 0, 0, rights, 0, NONBLOCK).unwrap();
    assert_eq!(guest.call("fd_filestat_get", &[Val::I32(pipe as i32), Val::I32(0)]), OK);
    assert_eq!(guest.get(16), [0], "WASI has no word for pipes");
    assert_eq!(guest.read(pipe, 5), Err(code(Errno::Again)));
    assert_eq!(guest.poll(&[Sub::Read(pipe), Sub::Write(pipe)])[0].0, 1);
    assert_eq!(guest.write(pipe, b"some text"), Ok(9));
    assert_eq!(guest.poll(&[Sub::Read(pipe)]), [(0, 0, 1, 9, 0)]);
    assert_eq!(guest.read(pipe, 100).unwrap(), b"some text");
    let seek = [Val::I32(pipe as i32), Val::I64(1), Val::I32(0), Val::I32(0)];
    assert_eq!(guest.call("fd_seek", &seek), code(Errno::SPipe));
    assert_eq!(guest.set_flags(pipe, 0), OK);
    let handle = guest.interrupt_handle();
    for call in ["fd_read", "fd_write"] {
        let timer = handle.interrupt_after(Duration::from_millis(20)).unwrap();
        let error = loop {
            let [at, count] = guest.ranges(&[(DATA, 1 << 16)]);
            let params = [Val::I32(pipe as i32), at, count, Val::I32(0)];
            match guest.try_call(call, &params) {
                Ok(errno) => assert_eq!((call, errno), ("fd_write", OK)),
                Err(error) => break error,
            }
        };
        assert_eq!(error.trap().map(Trap::code), Some(TrapCode::Interrupted), "{call}: {error}");
        drop(timer);
        guest.store.clear_interrupt();
    }
}

/// Whoever waits is woken up by an interruption.
#[test]
fn waits_end_when_interrupted() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut third, fourth) = UnixStream::pair().unwrap();
    third.write_all(b"one").unwrap();
    let wasi = WasiCtx::builder().socket(theirs).socket(listener).socket(fourth);
    let mut guest = Guest::new(wasi);
    let handle = guest.interrupt_handle();
    type Wait = fn(&mut Guest) -> Result<i32, wasmaot::Error>;
    let waits: [Wait; 8] = [
        |guest| {
            let params = guest.subscribe(&[Sub::Clock(1, u64::MAX, false)]);
            guest.try_call("poll_oneoff", &params)
        },
        |guest| {
            let params = guest.subscribe(&[Sub::Read(3), Sub::Read(4)]);
            guest.try_call("poll_oneoff", &params)
        },
        |guest| {
            let [at, count] = guest.ranges(&[(DATA, 8)]);
            guest.try_call("fd_read", &[Val::I32(3), at, count, Val::I32(0)])
        },
        |guest| {
            let [at, count] = guest.ranges(&[(DATA, 8)]);
            let rest = [Val::I32(0), Val::I32(0), Val::I32(4)];
            guest.try_call("sock_recv", &[&[Val::I32(3), at, count], &rest[..]].concat())
        },
        |guest| guest.try_call("sock_accept", &[Val::I32(4), Val::I32(0), Val::I32(0)]),
        // What was sent before is less than was asked for.
        |guest| {
            let [at, count] = guest.ranges(&[(DATA, 8)]);
            let rest = [Val::I32(2), Val::I32(0), Val::I32(4)];
            assert_eq!(
                guest.try_call(
                    "sock_recv",
                    &[&[Val::I32(5), at.clone(), count.clone()], &rest[..]].concat()
                )?,
                OK
            );
            assert_eq!((guest.u32(0), guest.bytes(DATA, 3)), (3, b"one".to_vec()));
            guest.try_call("sock_recv", &[&[Val::I32(5), at, count], &rest[..]].concat())
        },
        // Nobody reads what is written.
        |guest| loop {
            let [at, count] = guest.ranges(&[(0, 5 << 16)]);
            assert_eq!(guest.try_call("fd_write", &[Val::I32(3), at, count, Val::I32(0)])?, OK);
        },
        |guest| loop {
            let [at, count] = guest.ranges(&[(0, 5 << 16), (0, 5 << 16)]);
            assert_eq!(
                guest.try_call("sock_send", &[Val::I32(5), at, count, Val::I32(0), Val::I32(0)])?,
                OK
            );
        },
    ];
    for (index, wait) in waits.into_iter().enumerate() {
        let timer = handle.interrupt_after(Duration::from_millis(20)).unwrap();
        let start = Instant::now();
        let error = wait(&mut guest).expect_err("nothing comes");
        assert_eq!(error.trap().map(Trap::code), Some(TrapCode::Interrupted), "{index}: {error}");
        assert!(start.elapsed() < Duration::from_secs(20));
        drop(timer);
        guest.store.clear_interrupt();
    }
    // And after it everything goes on.
    (&ours).write_all(b"x").unwrap();
    assert_eq!(guest.read(3, 8).unwrap(), b"x");
}
