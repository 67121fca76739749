//! The programs in `guests/wasi` and `guests/wasi-std`, and what Wasmtime makes of them; the heads of
//! `guests/wasi/expect.py` and of `cases.json` say how a case is to be read.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wasmaot::wasi::{Access, Captured, Exit, MemoryFiles, WasiCtx};
use wasmaot::{Imports, Instance, Module, Store};
use wasmaot_compiler::TrapStyle;
use wasmaot_tests::ways::{compiled, loaded};

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Makes the folder that a case runs in.
fn prepare(root: &Path, folder: &Path, case: &Value) {
    fs::create_dir(root.join("dir")).unwrap();
    for (path, what) in case["setup"].as_object().into_iter().flatten() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match what {
            Value::Null => fs::create_dir_all(path).unwrap(),
            Value::String(text) => fs::write(path, text).unwrap(),
            _ if what["link"].is_string() => symlink(text(&what["link"]), path).unwrap(),
            _ => drop(fs::copy(folder.join(text(&what["copy"])), path).unwrap()),
        }
    }
}

/// What a case wrote to both outputs, and how it ended, in the words of `status.txt`.
fn run(
    module: Module,
    folder: &Path,
    cases: &str,
    case: &Value,
    in_memory: bool,
) -> (Vec<u8>, Vec<u8>, String) {
    let root = tempfile::tempdir().unwrap();
    prepare(root.path(), folder, case);
    let (out, err) = (Captured::new(), Captured::new());
    let program = Path::new(text(&case["program"])).file_name().unwrap();
    let stdin = case["stdin"].as_str().unwrap_or("").to_owned();
    let mut wasi = WasiCtx::builder()
        .arg(program.to_str().unwrap())
        .args(list(&case["args"]).iter().map(text))
        .stdin(std::io::Cursor::new(stdin))
        .stdout(out.clone())
        .stderr(err.clone());
    // In the order of the file, which the parser does not keep.
    let mut variables: Vec<_> = case["env"].as_object().into_iter().flatten().collect();
    variables.sort_by_key(|(name, _)| cases.find(&format!("\"{name}\": ")));
    for (name, value) in variables {
        wasi = wasi.env(name, text(value));
    }
    match list(&case["dirs"]) {
        [] if in_memory => {
            wasi = wasi.memory_folder(&MemoryFiles::new(), "/", Access::ReadWrite);
        }
        [] => wasi = wasi.folder(root.path().join("dir"), "/", Access::ReadWrite),
        folders => {
            for folder in folders {
                let read_only = list(folder).iter().any(|how| how == "ro");
                let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
                wasi = wasi.folder(root.path().join(text(&folder[0])), text(&folder[1]), access);
            }
        }
    }
    let mut store = Store::new(());
    store.set_wasi(wasi.build().unwrap());
    let mut imports = Imports::new();
    wasmaot::wasi::define(&mut store, &mut imports);
    let instance = Instance::new(&mut store, module, &imports).unwrap();
    let start = instance.get_func(&store, "_start").unwrap();
    let status = match start.call(&mut store, &[], &mut []) {
        Ok(()) => "0".to_owned(),
        Err(error) => match error.downcast_ref::<Exit>() {
            Some(exit) => exit.code.to_string(),
            None => {
                assert!(error.trap().is_some(), "{error}");
                "trap".to_owned()
            }
        },
    };
    (out.bytes(), err.bytes(), status)
}

/// Every case of a folder; with files in memory those that find none when they start.
fn all(folder: &str, in_memory: bool) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../guests").join(folder);
    let source = fs::read_to_string(folder.join("cases.json")).unwrap();
    let cases: Value = serde_json::from_str(&source).unwrap();
    let statuses = fs::read_to_string(folder.join("expected/status.txt")).unwrap();
    let mut programs: Vec<&str> =
        list(&cases["cases"]).iter().map(|case| text(&case["program"])).collect();
    programs.sort_unstable();
    programs.dedup();
    let artifacts: Vec<_> = programs
        .iter()
        .map(|program| {
            let wasm = fs::read(folder.join(format!("{program}.wasm"))).unwrap();
            let name = Path::new(program).file_name().unwrap().to_str().unwrap();
            compiled(wasm, &wasmaot_tests::config(name, TrapStyle::Signals))
        })
        .collect();
    let modules = loaded(&artifacts);
    let mut wrong = Vec::new();
    for case in list(&cases["cases"]) {
        let name = text(&case["name"]);
        if in_memory && (case["setup"].is_object() || case["dirs"].is_array()) {
            continue;
        }
        let place = programs.iter().position(|program| *program == text(&case["program"]));
        let (out, err, status) = run(modules[place.unwrap()], &folder, &source, case, in_memory);
        let expected = |kind: &str| fs::read(folder.join(format!("expected/{name}.{kind}")));
        let difference = |kind: &str, got: &[u8], wanted: &[u8]| {
            let (got, wanted) = (String::from_utf8_lossy(got), String::from_utf8_lossy(wanted));
            if got == wanted {
                return String::new();
            }
            let mut lines = format!("{name}: {kind} differs\n");
            for (got, wanted) in got.lines().zip(wanted.lines()).filter(|(a, b)| a != b).take(20) {
                lines += &format!("    got  {got}\n    want {wanted}\n");
            }
            let (a, b) = (got.lines().count(), wanted.lines().count());
            lines + &format!("    {a} lines instead of {b}\n")
        };
        let mut differences = difference("stdout", &out, &expected("stdout").unwrap());
        let wanted = statuses.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        if wanted != Some(&status) {
            differences += &format!("{name}: ended with {status}, not {wanted:?}\n");
        }
        // What is said of a trap is the host's business.
        if status != "trap" {
            differences += &difference("stderr", &err, &expected("stderr").unwrap_or_default());
        }
        if !differences.is_empty() {
            wrong.push(differences);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(list(&cases["cases"]).len() > 10);
}

#[test]
fn programs_in_c() {
    all("wasi", false);
}

#[test]
fn programs_in_c_with_files_in_memory() {
    all("wasi", true);
}

#[test]
fn rusts_standard_library() {
    all("wasi-std/inputs", false);
}

#[test]
fn rusts_standard_library_with_files_in_memory() {
    all("wasi-std/inputs", true);
}
