//! The text of bindings: formatted as rustfmt would, whatever the names and types.

use std::io::Write;
use std::process::{Command, Stdio};

use wasmaot_build::{Interface, rust_bindings, rust_bindings_linked};
use wasmaot_compiler::{Config, describe};

fn interface(name: &str, wat: &str) -> Interface {
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    config.name = Some(name.into());
    let wasm = wat::parse_str(wat).expect("a test's text is right");
    describe(&wasm, &config).expect("a test's module is valid")
}

/// Whether there is a rustfmt: a toolchain can do without, but not one that develops wasmaot.
fn has_rustfmt() -> bool {
    let there = Command::new("rustfmt").arg("--version").output();
    there.is_ok_and(|output| output.status.success())
}

/// What rustfmt makes of a text, with its own defaults.
fn rustfmt(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rustfmt.toml"), "").unwrap();
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is part of the toolchain");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "rustfmt cannot read:\n{text}");
    String::from_utf8(output.stdout).unwrap()
}

fn check(name: &str, wat: &str) -> String {
    let interface = interface(name, wat);
    check_text(rust_bindings_linked(&interface, "short"));
    check_text(rust_bindings_linked(&interface, "a_name_of_more_than_fourteen_characters"));
    check_text(rust_bindings(&interface))
}

fn check_text(text: String) -> String {
    if !has_rustfmt() {
        return text;
    }
    let formatted = rustfmt(&text);
    for (i, (ours, theirs)) in text.lines().zip(formatted.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {} of:\n{text}", i + 1);
    }
    assert_eq!(text, formatted);
    text
}

#[test]
fn every_number_of_parameters_and_results() {
    const TYPES: [&str; 7] = ["i32", "i64", "f32", "f64", "v128", "funcref", "externref"];
    for long in [false, true] {
        let mut imports = String::new();
        let mut exports = String::new();
        for params in 0..=20 {
            for results in 0..=17 {
                let list = |n: usize| -> String {
                    (0..n).map(|i| TYPES[(i * 5 + params) % 7]).collect::<Vec<_>>().join(" ")
                };
                let mut name = format!("f{params}_{results}");
                if long {
                    name.push_str(&"_x".repeat((params * 7 + results * 3) % 25));
                }
                let ty = format!("(param {}) (result {})", list(params), list(results));
                imports.push_str(&format!("(import \"env\" \"{name}\" (func {ty}))\n"));
                exports.push_str(&format!("(func (export \"{name}\") {ty} unreachable)\n"));
            }
        }
        check("plugin", &format!("(module {imports} {exports})"));
    }
}

#[test]
fn every_kind_of_module() {
    for (imports, exports) in [
        ("", ""),
        (r#"(import "env" "log" (func (param i32)))"#, ""),
        (r#"(import "a" "f" (func)) (import "b" "f" (func)) (import "b" "g" (func))"#, ""),
        (r#"(import "env" "memory" (memory 1))"#, r#"(export "memory" (memory 0))"#),
        (
            r#"(import "env" "memory" (memory 1 2 shared)) (import "env" "f" (func))"#,
            r#"(export "memory" (memory 0))"#,
        ),
        ("", r#"(memory (export "a_name_of_more_than_a_few_characters") 1 2 shared)"#),
        (
            r#"(import "env" "t" (table 1 2 funcref)) (import "env" "g" (global (mut i64)))
               (import "env" "f" (func (result i32)))"#,
            r#"(table (export "table") 3 externref) (global (export "g") f32 (f32.const 1))
               (export "f" (func 0)) (global (export "h") (mut externref) (ref.null extern))"#,
        ),
        (
            "",
            r#"(memory (export "memory") 1 1) (func (export "add") (param i32) (result i32) local.get 0)"#,
        ),
    ] {
        for name in ["plugin", "a-rather-long-name-of-a-module", "memory", ""] {
            check(name, &format!("(module {imports} {exports})"));
        }
    }
}

#[test]
fn names_of_every_kind() {
    let names = [
        "",
        "é",
        "…",
        "type",
        "self",
        "crate",
        "a::b",
        "a b",
        "a_b",
        "aB",
        "A",
        "a",
        "new",
        "store",
        "7zip",
        "Größe",
        "line\\nbreak",
        "back`tick",
        "\\u{202e}",
        "__heap_base",
        "_",
    ];
    let list = |what: &str| -> String {
        names.iter().map(|name| what.replace('#', &format!("\"{name}\""))).collect()
    };
    let text = check(
        "self",
        &format!(
            "(module {} {} {})",
            list("(import \"env\" # (func (param i32)))"),
            list("(import # \"f\" (func (param i32)))"),
            list("(func (export #) (param i32) (result i32) unreachable)")
        ),
    );
    for expected in [
        "pub fn r#type(&mut self, a: i32) -> Result<i32, Error>",
        "pub fn self_(",
        "pub fn new_2(",
        "pub fn _7zip(",
        "pub fn a_b_3(",
        "fn func_0(caller: Caller<'_, Self>, a: i32) -> Result<(), HostError>;",
        "/// `line\\nbreak`:",
        "/// the empty name:",
    ] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
}
