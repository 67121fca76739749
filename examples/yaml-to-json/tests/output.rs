//! The example converts, survives the hostile input, and goes on.

use std::process::Command;

fn run(arguments: &[&str]) -> (String, String, bool) {
    let program = env!("CARGO_BIN_EXE_yaml-to-json");
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.success())
}

#[test]
fn converts_traps_and_goes_on() {
    let (stdout, stderr, success) = run(&[]);
    assert!(success, "{stderr}");
    // The answer is another program's: see guests/yaml-to-json/README.md.
    let json = include_str!("../../../guests/yaml-to-json/inputs/ci.json");
    let rest = stdout.strip_prefix(json).expect("the converted sample comes first");
    let (trap, rest) = rest.split_once("And on it goes:").expect("it goes on");
    // Which of the two comes first depends on the size of the native stack.
    let reasons = ["wasm trap: call stack exhausted", "wasm trap: out of bounds memory access"];
    assert!(reasons.iter().any(|reason| trap.contains(reason)), "{trap}");
    assert!(trap.contains("yaml_rust::parser::Parser"), "{trap}");
    assert!(rest.contains("\"alive\""), "{rest}");
}

#[test]
fn what_is_no_yaml_or_no_file_is_an_error() {
    let (_, stderr, success) = run(&["no/such/file"]);
    assert!(!success && stderr.starts_with("error: no/such/file: "), "{stderr}");
    let (_, stderr, success) = run(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken.yml")]);
    assert!(!success && stderr.contains("while parsing a flow sequence"), "{stderr}");
}
