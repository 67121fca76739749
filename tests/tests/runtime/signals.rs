//! Signals: what is a guest's trap becomes one, everything else goes where it would have gone.
//! The scenarios, each in a process of its own, are in `src/bin/scenario.rs`.

use std::os::unix::process::ExitStatusExt;

use crate::child::{output, scenario, succeeded, text};

/// Signals by their numbers on Linux.
const SIGILL: i32 = 4;
const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

/// Runs a scenario that a signal must end. What it wrote.
#[track_caller]
fn killed(name: &str, signal: i32) -> String {
    let output = output(scenario(name));
    let text = text(&output);
    assert_eq!(output.status.signal(), Some(signal), "{}\n{text}", output.status);
    assert!(!text.contains("panicked") && !text.ends_with("done\n"), "{text}");
    text
}

#[test]
fn a_handler_that_was_there_before_gets_what_is_not_ours() {
    succeeded(scenario("handler_before"));
}

#[test]
fn a_handler_installed_later_that_chains() {
    succeeded(scenario("handler_after_that_chains"));
}

#[test]
fn a_handler_installed_later_that_asks() {
    succeeded(scenario("handler_after_that_asks"));
}

#[test]
fn handlers_with_other_flags() {
    succeeded(scenario("handler_of_old_style"));
    assert_eq!(killed("handler_for_once", SIGSEGV), "once\n");
}

#[test]
fn faults_of_the_program_still_kill_it() {
    for name in ["foreign_fault", "foreign_fault_by_default", "foreign_fault_ignored"] {
        killed(name, SIGSEGV);
    }
    killed("foreign_illegal_instruction", SIGILL);
}

#[test]
fn signals_that_somebody_sends_are_no_traps() {
    killed("sent_to_itself", SIGILL);
    succeeded(scenario("sent_while_a_guest_runs"));
}

#[test]
fn rust_still_reports_that_the_host_ran_out_of_stack() {
    for name in ["host_recursion", "host_recursion_below_a_guest"] {
        let text = killed(name, SIGABRT);
        assert!(text.contains("has overflowed its stack"), "{text}");
    }
}

#[test]
fn guests_with_explicit_checks_leave_signals_alone() {
    succeeded(scenario("explicit_installs_nothing"));
}

#[test]
fn traps_leave_no_signal_blocked() {
    succeeded(scenario("mask_after_traps"));
}
