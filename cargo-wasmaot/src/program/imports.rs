//! Who provides what a module imports: the program itself (WASI, the memory that threads share), or
//! nobody, which is an error that says for each what it might have been, or a trap for each.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Result, bail};
use wasmaot_abi::wasi::{PREVIEW_1, UNSTABLE, WASI, WasiFunction};
use wasmaot_compiler::Interface;
use wasmaot_compiler::interface::{Export, ExternType, Import};
use wasmaot_compiler::module::{FuncType, MemoryType, ValType};

use crate::words::show_type;

/// How the imports of a module are provided.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// The parts of a context that functions of WASI look at.
    parts: BTreeSet<&'static str>,
    /// The symbol of `wasi_thread_start`, if there are threads.
    threads: Option<String>,
    /// What is not WASI's, in the module's order.
    others: Vec<Other>,
}

/// An import that is not WASI's.
#[derive(Clone, Debug)]
enum Other {
    /// A function that is a trap, by its place among all imports.
    Stub { place: usize, module: String, name: String },
    /// The memory that threads share: from so many pages to so many.
    Memory { min: u64, max: u64 },
}

/// Finds out who provides the imports.
///
/// # Errors
/// If nobody provides one, naming all such, what each is, and who could; if there are functions
/// among them which are to be stubbed, those are none.
pub fn resolve(interface: &Interface, stub_missing: bool) -> Result<Imports> {
    let mut imports = Imports::default();
    let mut missing = Vec::new();
    for (place, import) in interface.imports.iter().enumerate() {
        if import.provided
            && WasiFunction::find(&import.module, &import.name) == Some(WasiFunction::thread_spawn)
        {
            imports.threads = Some(thread_start(interface)?);
        } else if import.provided {
            imports.parts.extend(parts_of(&import.name));
        } else if stub_missing && matches!(import.ty, ExternType::Func(_)) {
            let (module, name) = (import.module.clone(), import.name.clone());
            imports.others.push(Other::Stub { place, module, name });
        } else if let Some(memory) = threads_memory(import) {
            imports.others.push(memory);
        } else {
            missing.push(import);
        }
    }
    if missing.is_empty() {
        return Ok(imports);
    }
    let mut text = String::from("nobody provides what it imports:");
    // By what there is to say, in the order of the first of each.
    let mut groups: Vec<(String, String)> = Vec::new();
    for import in &missing {
        let hint = hint(import);
        let line = format!("\n  {}.{}: {}", import.module, import.name, show_type(&import.ty));
        match groups.iter_mut().find(|(same, _)| *same == hint) {
            Some((_, lines)) => lines.push_str(&line),
            None => groups.push((hint, line)),
        }
    }
    for (hint, lines) in groups {
        let _ = write!(text, "{lines}\n      {hint}");
    }
    if missing.iter().all(|import| matches!(import.ty, ExternType::Func(_))) {
        text += "\n--stub-missing makes traps of them, for guests that never call them";
    }
    bail!(text)
}

/// The symbol of the function that threads begin with.
fn thread_start(interface: &Interface) -> Result<String> {
    const START: &str = "wasi_thread_start";
    let start = interface.exports.iter().find(|export| export.name == START);
    let ty = FuncType { params: vec![ValType::I32; 2], results: Vec::new() };
    match start {
        Some(Export { ty: ExternType::Func(found), symbols: Some(symbols), .. })
            if *found == ty =>
        {
            Ok(symbols.wasm_call.clone())
        }
        Some(start) => bail!(
            "its threads begin with `{START}`, which must be a {}, and is a {}",
            show_type(&ExternType::Func(ty)),
            show_type(&start.ty)
        ),
        None => bail!(
            "it imports `thread-spawn` from `{WASI}`, but exports no `{START}` for threads to begin \
             with"
        ),
    }
}

/// The memory that a guest with threads imports, as wasi-threads has it.
fn threads_memory(import: &Import) -> Option<Other> {
    match import.ty {
        ExternType::Memory(MemoryType {
            min,
            max: Some(max),
            shared: true,
            index64: false,
            page_size_log2: 16,
        }) if import.module == "env" && import.name == "memory" => Some(Other::Memory { min, max }),
        _ => None,
    }
}

impl Imports {
    /// The functions that are traps, as `module.name`.
    pub fn stubs(&self) -> impl Iterator<Item = String> {
        self.others.iter().filter_map(|other| match other {
            Other::Stub { module, name, .. } => Some(format!("{module}.{name}")),
            Other::Memory { .. } => None,
        })
    }

    /// The symbol of `wasi_thread_start`, if the guest asks for threads.
    pub fn threads(&self) -> Option<&str> {
        self.threads.as_deref()
    }

    /// The names in the runtime of the parts that a context needs.
    pub fn parts(&self) -> &BTreeSet<&'static str> {
        &self.parts
    }

    /// The function of `main.rs` that makes the imports that are not WASI's; empty if there are none.
    pub fn function(&self) -> String {
        if self.others.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\nfn imports(\n    store: &mut wasmaot::Store<()>,\n    module: &'static VmModule,\n) \
             -> Result<Vec<wasmaot::Extern>, wasmaot::Error> {\n    \
             // SAFETY: the module is the compiler's.\n    \
             unsafe {\n        Ok(vec![\n",
        );
        for other in &self.others {
            let _ = match other {
                Other::Stub { place, module, name } => {
                    let (module, name) = (literal(module), literal(name));
                    let call = format!("missing(store, module, {place}, ({module}, {name}))");
                    writeln!(text, "            program::{call},")
                }
                Other::Memory { min, max } => {
                    writeln!(text, "            program::shared_memory(store, {min}, {max})?,")
                }
            };
        }
        text + "        ])\n    }\n}\n"
    }
}

/// A string in Rust.
fn literal(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

/// The parts of a context that a function of WASI looks at.
fn parts_of(function: &str) -> &'static [&'static str] {
    match function {
        _ if function.starts_with("args_") => &["arguments"],
        _ if function.starts_with("environ_") => &["environment"],
        // A guest that opens nothing has no folders, but could look at those it was given.
        _ if function.starts_with("path_") || function.starts_with("fd_prestat_") => {
            &["streams", "folders"]
        }
        _ if ["fd_", "sock_", "poll_"].iter().any(|start| function.starts_with(start)) => {
            &["streams"]
        }
        _ => &[],
    }
}

/// What an import might have been, and who could provide it.
fn hint(import: &Import) -> String {
    let (module, name) = (&*import.module, &*import.name);
    let is_func = matches!(import.ty, ExternType::Func(_));
    match module {
        PREVIEW_1 | UNSTABLE | WASI => return wasi_hint(import),
        "env" => {}
        "a" if is_func => return EMSCRIPTEN.into(),
        "go" | "gojs" => {
            return "Go's JavaScript provides it: compile with GOOS=wasip1 GOARCH=wasm".into();
        }
        "wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" => {
            return WBINDGEN.into();
        }
        _ if module.starts_with("GOT.") => return DYLINK.into(),
        _ if module.starts_with("wasix_") => {
            return "it is WASIX, Wasmer's own extension of WASI: compile for wasm32-wasip1".into();
        }
        _ if module.starts_with("wasi_ephemeral_") || module.starts_with("wasi_experimental_") => {
            return "it is a proposed part of WASI that is not in preview 1, and not provided"
                .into();
        }
        _ if module.contains(':') || module.starts_with("[export]") || module == "$root" => {
            return "an interface of the component model (WASI 0.2 and later), which is not \
                    supported: compile for wasm32-wasip1"
                .into();
        }
        _ if module.ends_with("_bg.js") => return WBINDGEN.into(),
        _ => return HOST.into(),
    }
    match &import.ty {
        ExternType::Memory(ty) if !ty.shared => {
            "the guest wants its memory from outside: link it without --import-memory".into()
        }
        ExternType::Table(_) if name == "__indirect_function_table" => {
            "the guest wants its table from outside: link it without --import-table".into()
        }
        ExternType::Global(_)
            if ["__memory_base", "__table_base", "__stack_pointer"].contains(&name) =>
        {
            DYLINK.into()
        }
        ExternType::Func(_) if is_emscripten(name) => EMSCRIPTEN.into(),
        ExternType::Func(_) => "declared, but defined nowhere when the guest was linked: link the \
                                library that has it; or a host program provides it, `cargo wasmaot \
                                new` makes one"
            .into(),
        _ => HOST.into(),
    }
}

const EMSCRIPTEN: &str = "Emscripten's JavaScript provides it: compile with wasi-sdk, or link with \
                          -sSTANDALONE_WASM";
const WBINDGEN: &str = "the JavaScript of wasm-bindgen provides it: this module is for browsers; \
                        compile for wasm32-wasip1, without the features of crates that are for \
                        JavaScript";
const DYLINK: &str = "the guest is a dynamic library of WebAssembly's: link it statically";
const HOST: &str = "a host program can provide it: `cargo wasmaot new` makes one";

fn is_emscripten(name: &str) -> bool {
    const NAMES: [&str; 6] = ["abort", "__assert_fail", "__cxa_throw", "exit", "setTempRet0", "a"];
    ["emscripten_", "_emscripten_", "__syscall_", "invoke_", "_embind_", "__cxa_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || NAMES.contains(&name)
}

/// What is wrong with an import of WASI.
fn wasi_hint(import: &Import) -> String {
    let (module, name) = (&*import.module, &*import.name);
    if let Some(function) = WasiFunction::find(module, name) {
        return format!("WASI's `{name}` is a {}", show_row(function));
    }
    if module == WASI {
        return "of module `wasi` there is `thread-spawn`".into();
    }
    let nearest = WasiFunction::names()
        .filter(|known| WasiFunction::find(module, known).is_some())
        .map(|known| (distance(known, name), known))
        .min();
    match nearest {
        Some((0, known)) => format!("there is a `{known}` in `{PREVIEW_1}`"),
        Some((difference, known)) if difference <= 1 + name.len() / 4 => {
            format!("WASI has no such function; it has `{known}`")
        }
        _ if WasiFunction::find(PREVIEW_1, name).is_some() => {
            format!("it is in `{PREVIEW_1}`, not in `{module}`")
        }
        _ => "WASI preview 1 has no such function".into(),
    }
}

fn show_row(function: WasiFunction) -> String {
    let row = function.row();
    let list = |kinds: &[wasmaot_abi::value::ValKind]| {
        let words = kinds.iter().map(|kind| format!("{kind:?}").to_lowercase());
        words.collect::<Vec<_>>().join(", ")
    };
    match row.results {
        [] => format!("func({})", list(row.params)),
        results => format!("func({}) -> {}", list(row.params), list(results)),
    }
}

/// How many letters have to be added, dropped or replaced to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("fd_read", "fd_reed"), 1);
        assert_eq!(distance("same", "same"), 0);
    }
}
