//! What Rust's standard library makes of WASI: a part for each first argument, which prints what is the same on
//! every machine.

mod files;

use std::collections::HashMap;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, process, thread};

fn main() -> ExitCode {
    let part = env::args().nth(1).unwrap_or_default();
    match part.as_str() {
        "env" => environment(),
        "files" => files::files().unwrap(),
        "directories" => files::directories().unwrap(),
        "removing" => files::removing().unwrap(),
        "time" => time(),
        "lines" => lines(),
        "sum" => sum(),
        "random" => random(),
        "exit" => process::exit(7),
        "code" => return ExitCode::from(9),
        "abort" => process::abort(),
        "panic" => panic!("at the {}", "disco"),
        "index" => {
            let list: Vec<String> = env::args().collect();
            println!("{}", list[list.len() * 1000]);
        }
        "stderr" => {
            eprintln!("to stderr");
            println!("to stdout");
            eprint!("no newline");
            print!("none either");
        }
        "broken" => return broken(),
        other => {
            eprintln!("no such part: {other:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn environment() {
    println!("{:?}", env::args().skip(1).collect::<Vec<_>>());
    let mut variables: Vec<_> = env::vars().collect();
    variables.sort();
    println!("{variables:?}");
    println!("{:?} {:?}", env::var("WASI_TEST"), env::var("NO_SUCH_VARIABLE"));
    // The program's own copy can be changed.
    // SAFETY: there is one thread.
    unsafe { env::set_var("WASI_TEST", "changed") };
    println!("{:?}", env::var("WASI_TEST"));
    // SAFETY: as before.
    unsafe { env::remove_var("WASI_TEST") };
    println!("{:?}", env::var("WASI_TEST"));
    println!("{:?}", io::stdin().is_terminal());
}

fn time() {
    let start = Instant::now();
    let wall = SystemTime::now();
    thread::sleep(Duration::from_millis(30));
    let slept = start.elapsed();
    println!("slept long enough: {}", slept >= Duration::from_millis(30));
    println!("and not for ever: {}", slept < Duration::from_secs(20));
    println!("wall clock went on: {}", wall.elapsed().is_ok_and(|time| time >= Duration::from_millis(20)));
    let since = wall.duration_since(UNIX_EPOCH).unwrap();
    println!("after 2020: {}", since > Duration::from_secs(1_577_836_800));
}

/// Numbers the lines of standard input.
fn lines() {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (number, line) in io::stdin().lock().lines().enumerate() {
        match line {
            Ok(line) => writeln!(out, "{:>4} {line}", number + 1).unwrap(),
            Err(error) => writeln!(out, "{:>4} error: {:?}", number + 1, error.kind()).unwrap(),
        }
    }
}

/// The length of standard input and a checksum (FNV-1a) of it.
fn sum() {
    let mut bytes = Vec::new();
    let length = io::stdin().lock().read_to_end(&mut bytes).unwrap();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    println!("{length} {hash:016x}");
}

/// Hash tables are seeded at random, and must not show it.
fn random() {
    let mut words = HashMap::new();
    for number in 0..10_000u32 {
        *words.entry(format!("word {}", number % 977)).or_insert(0u64) += u64::from(number);
    }
    let mut list: Vec<_> = words.into_iter().collect();
    list.sort();
    println!("{} {:?} {:?}", list.len(), list[0], list[976]);
}

/// Writes until that fails.
fn broken() -> ExitCode {
    let line = [b'y'; 1024];
    let mut out = io::stdout().lock();
    for written in 0..100_000u32 {
        if let Err(error) = out.write_all(&line) {
            eprintln!("{:?}, early: {}", error.kind(), written < 10_000);
            return ExitCode::from(3);
        }
    }
    ExitCode::SUCCESS
}
