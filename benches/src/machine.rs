//! What the figures were measured on.

use std::fs;
use std::process::Command;

use crate::native::Tool;

/// A line that names the machine and the versions compared.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown CPU", |(_, name)| name);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let tools = [Tool::Clang, Tool::Gcc, Tool::Wasm2c].map(|tool| tool.version());
    let tools: Vec<String> = tools.into_iter().flatten().collect();
    format!(
        "{cpu}, {threads} threads, load {load}, Linux {}; wasmaot {} of commit {} beside wasmtime {}; {}; {}",
        kernel.trim(),
        env!("CARGO_PKG_VERSION"),
        commit(),
        peer_version(),
        output("rustc", &["--version"]),
        tools.join("; ")
    )
}

/// The commit of the sources, and whether they are as committed.
fn commit() -> String {
    const HERE: &str = env!("CARGO_MANIFEST_DIR");
    let changed = output("git", &["-C", HERE, "status", "--porcelain", "--untracked-files=no"]);
    let commit = output("git", &["-C", HERE, "rev-parse", "--short=12", "HEAD"]);
    format!("{commit}{}", if changed.is_empty() { "" } else { " with changes" })
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
