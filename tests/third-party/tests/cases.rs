//! What modules compute, against what others say they must: `vectors.json` names its sources case
//! by case, the kernels' results come from another language. Both trap styles.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wasmaot::{Error, Frame, TrapCode};
use wasmaot_third_party_tests::case::{Case, Result};
use wasmaot_third_party_tests::{Driver, checked, signals};

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests")
}

fn read(path: &str) -> String {
    let path = guests().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs all cases of all modules; fails with a list of those that came out otherwise.
fn walk(drivers: &[(&str, Driver)]) {
    let vectors: Value = serde_json::from_str(&read("third-party/vectors.json")).unwrap();
    let modules = vectors["modules"].as_array().unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for module in modules {
        let name = module["name"].as_str().unwrap();
        let Some((_, drive)) = drivers.iter().find(|(known, _)| *known == name) else {
            failures.push(format!("{name}: no driver"));
            continue;
        };
        let of = module.get("cases_of").unwrap_or(&module["name"]);
        let listed = modules.iter().find(|module| module["name"] == *of).unwrap();
        for case in listed["cases"].as_array().unwrap() {
            count += 1;
            let failure = match drive(&Case(case)) {
                Ok(value) if value == case["expected"] => continue,
                Ok(value) => format!("\n  {value}, not\n  {}", case["expected"]),
                Err(error) => format!(" {error}"),
            };
            failures.push(format!("{name}, {}:{failure}", case["what"]));
        }
    }
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
    assert_eq!((modules.len(), count), (drivers.len(), 98), "the cases are not all there");
}

#[test]
fn third_party_modules() {
    walk(signals::drivers::DRIVERS);
}

#[test]
fn third_party_modules_with_explicit_checks() {
    walk(checked::drivers::DRIVERS);
}

fn kernels(drive: fn(&str, i32) -> Result<String>) {
    let mut failures = Vec::new();
    for line in read("kernels/inputs/expected.txt").lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [name, n, expected] = words[..] else { panic!("`{line}` is not three words") };
        match drive(name, n.parse().unwrap()) {
            Ok(value) if value == expected => {}
            Ok(value) => failures.push(format!("{name}({n}) is {value}, not {expected}")),
            Err(error) => failures.push(format!("{name}({n}): {error}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn kernels_compute_the_right_thing() {
    kernels(signals::drivers::kernels::drive);
}

#[test]
fn kernels_with_explicit_checks() {
    kernels(checked::drivers::kernels::drive);
}

fn yaml(drive: fn(&[u8]) -> Result<(i32, String)>) {
    let (status, json) = drive(read("yaml-to-json/inputs/ci.yml").as_bytes()).unwrap();
    assert_eq!((status, json), (0, read("yaml-to-json/inputs/ci.json")));

    let message = "while parsing a flow sequence, expectd ',' or ']' at line 2 column 1";
    assert_eq!(drive(b"a: [1, 2").unwrap(), (1, message.to_owned()));

    // Whichever stack is smaller ends first, the guest's in its memory or the host's.
    let error = drive(&[b'['; 100_000]).unwrap_err();
    let trap = error.downcast_ref::<Error>().and_then(Error::trap).unwrap();
    assert!(matches!(trap.code(), TrapCode::StackOverflow | TrapCode::MemoryOutOfBounds), "{trap}");
    let levels = trap.frames().iter().filter_map(Frame::func_name);
    assert!(levels.filter(|name| name.contains("load_node")).count() > 10, "{trap}");

    let deep = ["[".repeat(1000), "]".repeat(1000)].concat();
    assert_eq!(drive(deep.as_bytes()).unwrap().0, 0);
}

#[test]
fn yaml_to_json() {
    yaml(signals::drivers::yaml_to_json::drive);
}

#[test]
fn yaml_to_json_with_explicit_checks() {
    yaml(checked::drivers::yaml_to_json::drive);
}
