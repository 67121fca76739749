//! What becomes of small functions: `clif/*.wat` in the code generator's language, `asm/*.wat`
//! in x86-64 machine code. Drop a file in; its expectation is the comment at its end, which
//! `BLESS=1 cargo test -p wasmaot-tests --test shapes` writes. Read the difference as code.
//!
//! A first line `;;! explicit` asks for explicit checks, `;;! fuel` and `;;! epochs` for those. Only
//! bodies are shown.

use std::path::Path;

use wasmaot_compiler::{Config, TrapStyle, dump};

type Dump = fn(&[u8], &Config) -> wasmaot_compiler::Result<String>;

#[test]
fn clif() {
    compare("clif", dump::clif);
}

#[test]
fn asm() {
    compare("asm", dump::asm);
}

fn compare(folder: &str, dump: Dump) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of tests")
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no tests in {}", folder.display());
    let mut different = String::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("a readable test");
        let (source, expected) = split(&text);
        let actual = render(source, dump);
        if actual == expected {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, format!("{source}{actual}")).expect("a writable test");
        } else {
            let name = path.display();
            different += &format!("\n{name}\nexpected:\n{expected}\nfound:\n{actual}");
        }
    }
    assert!(different.is_empty(), "{different}\nIf this is right, run again with BLESS=1.");
}

/// A test's source, and its expectation: the lines from the first that starts with `;; |`.
fn split(text: &str) -> (&str, &str) {
    let start = text.find("\n;; |").map_or(text.len(), |before| before + 1);
    text.split_at(start)
}

fn render(source: &str, dump: Dump) -> String {
    let wasm = wat::parse_str(source).expect("the text of a module");
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    config.name = Some("test".into());
    match source.lines().next().and_then(|line| line.strip_prefix(";;! ")) {
        Some("explicit") => config.traps = TrapStyle::Explicit,
        Some("fuel") => config.fuel = true,
        Some("epochs") => config.epochs = true,
        Some(other) => panic!("`{other}` is no option"),
        None => {}
    }
    let text = dump(&wasm, &config).expect("a module that compiles");
    let mut out = String::new();
    let mut shown = false;
    for line in text.lines() {
        // The line before each function names it: a comment, or a label. What is further in
        // says what code refers to.
        let label = || line.strip_suffix(':').filter(|label| label.contains("wasm"));
        let name = line.strip_prefix("; ").or_else(label);
        if let Some(name) = name.filter(|name| !name.starts_with(' ')) {
            shown = name.starts_with("wasm[test]::function[");
        }
        if shown {
            out += format!(";; | {line}").trim_end();
            out.push('\n');
        }
    }
    out
}
