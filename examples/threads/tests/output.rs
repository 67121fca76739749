//! The example prints what it should. There are 17984 primes below 200000.

use std::process::Command;

#[test]
fn counts_each_number_once() {
    let output = Command::new(env!("CARGO_BIN_EXE_threads")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "200000 numbers on 4 threads: 17984 primes below 200000\n");
    assert!(output.status.success());
}
