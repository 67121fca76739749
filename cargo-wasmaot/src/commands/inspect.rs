//! `cargo wasmaot inspect`: what a module or an object of ours offers, needs and weighs.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionFlags, elf};
use serde::Serialize;
use serde_json::Value;
use wasmaot_compiler::{Config, Interface};
use wasmparser::{Parser, Payload};

use crate::guest::Guest;
use crate::shell::Shell;
use crate::words::show_type;

/// The section in which our objects describe themselves.
const MANIFEST: &str = ".wasmaot.manifest";

/// Show what a module or a compiled object offers, needs and weighs
#[derive(Debug, Args)]
pub struct Inspect {
    /// A module (.wasm, .wat) or an object that wasmaot made (.o)
    #[arg(value_name = "FILE")]
    input: PathBuf,

    /// Show every symbol of an object, not only the global ones
    #[arg(long)]
    all_symbols: bool,
}

impl Inspect {
    /// Runs the command.
    ///
    /// # Errors
    /// If the file cannot be read or is neither.
    pub fn run(&self, shell: &Shell) -> Result<ExitCode> {
        let path = self.input.display();
        let bytes = fs::read(&self.input).with_context(|| format!("cannot read `{path}`"))?;
        if object::FileKind::parse(&*bytes).is_ok() {
            let report = Object::read(&bytes, self.all_symbols)
                .with_context(|| format!("cannot inspect `{path}`"))?;
            if shell.json() {
                shell.json_line(&message("object", &self.input, &report)?);
            } else {
                shell.line(format!("{path}: {}", report.text()));
            }
        } else {
            let guest = Guest::read(&self.input)?;
            let report = Module::read(&guest)?;
            if shell.json() {
                shell.json_line(&message("module", &self.input, &report)?);
            } else {
                shell.line(format!("{path}: {}", report.text()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A report as a message for programs.
fn message(kind: &str, file: &PathBuf, report: &impl Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(report)?;
    value["reason"] = "wasmaot-inspect".into();
    value["kind"] = kind.into();
    value["file"] = serde_json::to_value(file)?;
    Ok(value)
}

/// A module in the binary format.
#[derive(Debug, Serialize)]
struct Module {
    bytes: usize,
    functions: u32,
    sections: Vec<Sized>,
    interface: Interface,
}

/// Something with a name and a size.
#[derive(Debug, Serialize)]
struct Sized {
    name: String,
    bytes: u64,
}

impl Module {
    fn read(guest: &Guest) -> Result<Self> {
        let failed = || format!("cannot inspect `{}`", guest.path.display());
        let config = Config::new(crate::host_target());
        let interface = wasmaot_compiler::describe(&guest.wasm, &config).with_context(failed)?;
        let mut functions = 0;
        let mut sections = Vec::new();
        for payload in Parser::new(0).parse_all(&guest.wasm) {
            let payload = payload.with_context(failed)?;
            if let Payload::CodeSectionStart { count, .. } = payload {
                functions = count;
            }
            let name = match &payload {
                Payload::CustomSection(section) => format!("custom `{}`", section.name()),
                other => match section_name(other) {
                    Some(name) => name.into(),
                    None => continue,
                },
            };
            if let Some((_, range)) = payload.as_section() {
                sections.push(Sized { name, bytes: range.end - range.start });
            }
        }
        Ok(Self { bytes: guest.wasm.len(), functions, sections, interface })
    }

    fn text(&self) -> String {
        let mut out = Text::default();
        out.first(format!("WebAssembly module, {} bytes", self.bytes));
        out.interface(&self.interface, self.functions);
        out.sizes("sections", &self.sections);
        out.text
    }
}

/// The name of a standard section.
fn section_name(payload: &Payload<'_>) -> Option<&'static str> {
    Some(match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "data count",
        Payload::CodeSectionStart { .. } => "code",
        Payload::DataSection(_) => "data",
        _ => return None,
    })
}

/// An object that wasmaot made.
#[derive(Debug, Serialize)]
struct Object {
    bytes: usize,
    architecture: String,
    sections: Vec<Sized>,
    symbols: Vec<Symbol>,
    undefined: Vec<String>,
    /// What the object says of itself.
    manifest: Value,
}

/// A defined symbol.
#[derive(Debug, Serialize)]
struct Symbol {
    name: String,
    global: bool,
    bytes: u64,
}

impl Object {
    fn read(bytes: &[u8], all_symbols: bool) -> Result<Self> {
        let file = object::File::parse(bytes).context("not an object file that can be read")?;
        let Some(section) = file.section_by_name(MANIFEST) else {
            bail!("the object has no section `{MANIFEST}`: wasmaot did not make it");
        };
        let manifest = serde_json::from_slice(section.data()?)
            .context("the object's description of itself is damaged")?;
        let mut sections = vec![
            Sized { name: "code".into(), bytes: 0 },
            Sized { name: "read-only data".into(), bytes: 0 },
            Sized { name: "data with relocations".into(), bytes: 0 },
            Sized { name: "unwind tables".into(), bytes: 0 },
            Sized { name: "not loaded".into(), bytes: 0 },
        ];
        for section in file.sections() {
            sections[class(&section)].bytes += section.size();
        }
        let mut symbols = Vec::new();
        let mut undefined = Vec::new();
        for symbol in file.symbols() {
            let name = symbol.name().unwrap_or_default().to_owned();
            if name.is_empty() {
                continue;
            }
            let is_named_thing = matches!(
                symbol.kind(),
                object::SymbolKind::Text | object::SymbolKind::Data | object::SymbolKind::Unknown
            );
            if symbol.is_undefined() {
                undefined.push(name);
            } else if is_named_thing && (symbol.is_global() || all_symbols) {
                symbols.push(Symbol { name, global: symbol.is_global(), bytes: symbol.size() });
            }
        }
        symbols.sort_by(|a, b| (!a.global, &a.name).cmp(&(!b.global, &b.name)));
        undefined.sort();
        undefined.dedup();
        Ok(Self {
            bytes: bytes.len(),
            architecture: format!("{:?}", file.architecture()).to_lowercase(),
            sections,
            symbols,
            undefined,
            manifest,
        })
    }

    fn text(&self) -> String {
        let mut out = Text::default();
        out.first(format!(
            "object made by wasmaot for {}, {} bytes",
            self.architecture, self.bytes
        ));
        out.manifest(&self.manifest);
        let rows: Vec<_> = self
            .symbols
            .iter()
            .map(|symbol| [symbol.name.clone(), format!("{} bytes", symbol.bytes)])
            .collect();
        out.rows("symbols", &rows);
        let rows: Vec<_> =
            self.undefined.iter().map(|name| [name.clone(), String::new()]).collect();
        out.rows("needs of the runtime", &rows);
        out.sizes("sizes", &self.sections);
        out.text
    }
}

/// Which line of the table of sizes a section counts in.
fn class(section: &object::Section<'_, '_>) -> usize {
    let flags = match section.flags() {
        SectionFlags::Elf { sh_flags, .. } => sh_flags,
        _ => elf::SectionFlags(0),
    };
    let has = |flag: elf::SectionFlags| flags.0 & flag.0 != 0;
    if !has(elf::SHF_ALLOC) {
        4
    } else if has(elf::SHF_EXECINSTR) {
        0
    } else if section.name().is_ok_and(|name| name == ".eh_frame") {
        3
    } else if has(elf::SHF_WRITE) {
        2
    } else {
        1
    }
}

/// The report for people, as it grows.
#[derive(Default)]
struct Text {
    text: String,
}

impl Text {
    fn first(&mut self, line: String) {
        self.text += &line;
    }

    /// A headed table of two columns; nothing if it is empty.
    fn rows(&mut self, head: &str, rows: &[[String; 2]]) {
        if rows.is_empty() {
            return;
        }
        self.text += &format!("\n{head}:");
        let width = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0).min(60);
        for [left, right] in rows {
            let line = format!("  {left:width$}  {right}");
            self.text += &format!("\n{}", line.trim_end());
        }
    }

    fn sizes(&mut self, head: &str, sizes: &[Sized]) {
        let rows: Vec<_> = sizes
            .iter()
            .map(|sized| [sized.name.clone(), format!("{} bytes", sized.bytes)])
            .collect();
        self.rows(head, &rows);
    }

    fn interface(&mut self, interface: &Interface, functions: u32) {
        let name = ["name".into(), interface.name.clone()];
        self.rows("module", &[name, ["functions".into(), functions.to_string()]]);
        let features: Vec<_> =
            interface.features.iter().map(|name| [name.clone(), String::new()]).collect();
        self.rows("features past 1.0", &features);
        let imports: Vec<_> = (interface.imports.iter())
            .map(|import| [format!("{}.{}", import.module, import.name), show_type(&import.ty)])
            .collect();
        self.rows("imports", &imports);
        let exports: Vec<_> = (interface.exports.iter())
            .map(|export| [export.name.clone(), show_type(&export.ty)])
            .collect();
        self.rows("exports", &exports);
    }

    /// What an object says of itself, which is the interface in JSON.
    fn manifest(&mut self, manifest: &Value) {
        let manifest = manifest.get("interface").unwrap_or(manifest);
        let word = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let known: Vec<_> =
            ["name", "abi_version", "explicit_checks", "fuel", "epochs", "exports_symbol"]
                .into_iter()
                .filter_map(|key| Some([key.replace('_', " "), word(manifest.get(key)?)]))
                .collect();
        self.rows("module", &known);
        let list =
            |key: &str| manifest.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let features: Vec<_> =
            list("features").iter().map(|name| [word(name), String::new()]).collect();
        self.rows("features past 1.0", &features);
        let imports: Vec<_> = (list("imports").iter())
            .map(|import| {
                [
                    format!("{}.{}", word(&import["module"]), word(&import["name"])),
                    json_type(import),
                ]
            })
            .collect();
        self.rows("imports", &imports);
        let exports: Vec<_> = list("exports")
            .iter()
            .map(|export| [word(&export["name"]), json_type(export)])
            .collect();
        self.rows("exports", &exports);
    }
}

/// A type in the manifest, for people.
fn json_type(item: &Value) -> String {
    let list = |key: &str| {
        let types = item[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        types.collect::<Vec<_>>().join(", ")
    };
    let limits = || match item["max"].as_u64() {
        Some(max) => format!("{} to {max}", item["min"]),
        None => format!("{} or more", item["min"]),
    };
    let text = |key: &str| item[key].as_str().unwrap_or("?").to_owned();
    match item["kind"].as_str() {
        Some("func") => {
            let results = item["results"].as_array().map_or(0, Vec::len);
            match results {
                0 => format!("func({})", list("params")),
                1 => format!("func({}) -> {}", list("params"), list("results")),
                _ => format!("func({}) -> ({})", list("params"), list("results")),
            }
        }
        Some("table") => {
            let wide = if item["index64"] == true { "64-bit " } else { "" };
            format!("{wide}table of {} {}", limits(), text("element"))
        }
        Some("memory") => {
            let wide = if item["index64"] == true { "64-bit " } else { "" };
            let shared = if item["shared"] == true { "shared " } else { "" };
            let size = if item["page_size_log2"] == 0 { " of 1 byte" } else { "" };
            format!("{wide}{shared}memory of {} pages{size}", limits())
        }
        Some("global") if item["mutable"] == true => format!("mutable global {}", text("value")),
        Some("global") => format!("global {}", text("value")),
        _ => "?".into(),
    }
}
