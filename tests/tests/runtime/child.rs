//! Runs `src/bin/scenario.rs`: what needs a process of its own, because of what it does to
//! signals, or its main thread, or because the process is to die.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A scenario by its name.
pub fn scenario(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scenario"));
    command.arg(name);
    command
}

/// A scenario under a limit of the shell's (`ulimit`). `None` if the limit cannot be set here.
pub fn limited(limit: &str, name: &str) -> Option<Command> {
    let allowed = Command::new("sh").arg("-c").arg(limit).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("skipped: `{limit}` is not allowed here");
        return None;
    }
    let scenario = scenario(name);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{limit}; exec \"$0\" \"$1\""));
    shell.arg(scenario.get_program()).args(scenario.get_args().map(OsStr::to_owned));
    Some(shell)
}

/// Runs a command for some minutes at most: what takes longer hangs, however busy the machine is.
pub fn output(mut command: Command) -> Output {
    let (stdin, pipes) = (Stdio::null(), [Stdio::piped(), Stdio::piped()]);
    let [stdout, stderr] = pipes;
    let mut child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().expect("a child");
    let end = Instant::now() + Duration::from_secs(300);
    // What scenarios write fits into a pipe.
    while child.try_wait().expect("a child of ours").is_none() {
        if Instant::now() > end {
            child.kill().expect("a child of ours");
            let output = child.wait_with_output().expect("a child of ours");
            panic!("the scenario does not end: {}", text(&output));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("a child of ours")
}

/// Everything that a child wrote.
pub fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Runs a command that must come to its end, and returns what it wrote to its standard output.
#[track_caller]
pub fn succeeded(command: Command) -> String {
    let output = output(command);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let done = output.status.success() && stdout.ends_with("done\n");
    assert!(done, "the scenario failed ({}):\n{}", output.status, text(&output));
    stdout
}
