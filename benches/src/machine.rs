//! What the figures were measured on.

use std::fs;
use std::process::Command;

/// A line that names the machine and the versions compared.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown CPU", |(_, name)| name);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cpu}, {threads} threads, load {load}, Linux {}; wasmaot {} beside wasmtime {}; {}",
        kernel.trim(),
        env!("CARGO_PKG_VERSION"),
        peer_version(),
        output("rustc", &["--version"])
    )
}

/// The peer's version, as locked.
fn peer_version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let version = lock.split_once("name = \"wasmtime\"\nversion = \"");
    version.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("of unknown version")
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("no {program}"))
}
