//! Bindings: an [`Interface`] as Rust that is pleasant to read. A pure function; the fixed text
//! is `templates/bindings.rs`, names are the business of [`names`], line breaks that of
//! [`layout`].
//!
//! A file of bindings has, in this order: a trait per module that functions are imported from, a
//! structure for imported memories, tables and globals, the type of instances with ways to make
//! one, a method per exported function, accessors for the other exports, and the symbols.

pub mod layout;
pub mod names;

use std::collections::BTreeSet;

use layout::{assign, call, function, signature, use_list};
use names::{Scope, shown};
use wasmaot_abi::value::ValKind;
use wasmaot_compiler::interface::{Export, ExternType, Import, Interface};
use wasmaot_compiler::module::{FuncType, HeapType, ValType};

/// The most parameters and results of functions that have Rust types of their own. A function
/// that has more is defined by slices of values if it is imported, and has no method if it is
/// exported and has more results.
const MOST: usize = 16;

const TEMPLATE: &str = include_str!("../templates/bindings.rs");

/// What the bindings themselves use in the scope of types.
const TAKEN_TYPES: &[&str] = &[
    "AsStore",
    "AsStoreMut",
    "Box",
    "Caller",
    "Error",
    "Extern",
    "ExternRef",
    "Func",
    "FuncType",
    "Global",
    "HostError",
    "Instance",
    "Memory",
    "MemoryAccessError",
    "Module",
    "None",
    "Option",
    "Result",
    "S",
    "Self",
    "SharedMemory",
    "Sized",
    "Some",
    "Store",
    "T",
    "Table",
    "TypedFunc",
    "V128",
    "Val",
    "ValType",
];

/// The methods that every instance has.
const TAKEN_METHODS: &[&str] = &[
    "new",
    "with_store",
    "from_caller",
    "from_instance",
    "module",
    "instance",
    "store",
    "store_mut",
    "into_store",
    "func",
];

/// The Rust bindings of a module, for a file of its own that is included in a Rust module. Linking
/// with the module's object is the business of whoever includes it.
pub fn rust_bindings(interface: &Interface) -> String {
    render(interface, None)
}

/// As [`rust_bindings`]; whoever includes the file is linked with this static library, too, if it is
/// in a folder where rustc looks for libraries.
pub fn rust_bindings_linked(interface: &Interface, library: &str) -> String {
    render(interface, Some(library))
}

fn render(interface: &Interface, library: Option<&str>) -> String {
    let bound = Bound::new(interface);
    let mut pieces = vec![bound.traits()];
    pieces.push(bound.imports_struct());
    pieces.push(bound.with_names("type"));
    pieces.push(bound.constructors());
    pieces.push(bound.with_names("module"));
    if !bound.traits.is_empty() {
        pieces.push(bound.with_names("from_caller"));
    }
    if interface.exports.iter().any(|export| matches!(export.ty, ExternType::Func(_))) {
        pieces.push(bound.with_names("func"));
    }
    pieces.push(bound.with_names("fixed"));
    pieces.push(bound.exports());
    pieces.push(bound.symbols(library));
    let body = join(pieces);
    format!("{}\n{}\n{body}", bound.with_names("head"), use_lines(&body))
}

/// A piece of the template.
fn piece(name: &str) -> &'static str {
    TEMPLATE
        .split("//= ")
        .find_map(|piece| piece.strip_prefix(name)?.strip_prefix('\n'))
        .expect("the template has every piece that is asked for")
}

/// A piece of the template with its words replaced.
fn filled(name: &str, words: &[(&str, &str)]) -> String {
    let mut text = piece(name).to_owned();
    for (word, replacement) in words {
        text = text.replace(&format!("__{word}__"), replacement);
    }
    text
}

/// Pieces with an empty line between them.
fn join(pieces: Vec<String>) -> String {
    let pieces: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
    pieces.join("\n")
}

/// The imports of what a text uses.
fn use_lines(text: &str) -> String {
    let words: BTreeSet<_> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    let candidates = TAKEN_TYPES.iter().filter(|name| {
        let prelude = ["Box", "None", "Option", "Result", "S", "Self", "Sized", "Some", "T"];
        !prelude.contains(name) && words.contains(**name)
    });
    let mut out = String::new();
    if words.contains("bindings") {
        out.push_str("use wasmaot::bindings;\n");
    }
    let names: Vec<_> = candidates.map(|name| (*name).to_owned()).collect();
    out.push_str(&use_list(0, "wasmaot", &names));
    out
}

/// The function types that typed references refer to, by their places: [`Interface::types`].
#[derive(Clone, Copy)]
struct Types<'a>(&'a [FuncType]);

impl Types<'_> {
    /// The Rust type of a value. `None` for a reference to functions that have more parameters or
    /// results than Rust has traits for, or whose type would be too long to read.
    fn rust(self, ty: ValType) -> Option<String> {
        self.rust_in(ty, 3)
    }

    fn rust_in(self, ty: ValType, depth: usize) -> Option<String> {
        let ValType::Ref(ty) = ty else { return Some(abi_type(ty).into()) };
        let referent = match ty.heap {
            HeapType::Func => "Func".to_owned(),
            HeapType::Extern => "ExternRef".to_owned(),
            HeapType::Concrete(sig) => {
                let FuncType { params, results } = &self.0[sig.as_u32() as usize];
                let list = |types: &[ValType]| {
                    let depth = depth.checked_sub(1)?;
                    let types: Option<Vec<_>> =
                        types.iter().map(|&ty| self.rust_in(ty, depth)).collect();
                    match &types.filter(|types| types.len() <= MOST)?[..] {
                        [one] => Some(one.clone()),
                        types => Some(format!("({})", types.join(", "))),
                    }
                };
                format!("TypedFunc<{}, {}>", list(params)?, list(results)?)
            }
        };
        Some(if ty.nullable { format!("Option<{referent}>") } else { referent })
    }

    /// Those of parameters or results; `None` if they are not all to be had.
    fn all(self, types: &[ValType]) -> Option<Vec<String>> {
        types.iter().map(|&ty| self.rust(ty)).collect()
    }

    /// Parameters and results of a function; `None` if there are too many of them for traits, or
    /// if they are not all to be had.
    fn of(self, ty: &FuncType) -> Option<(Vec<String>, Vec<String>)> {
        let few = ty.params.len() <= MOST && ty.results.len() <= MOST;
        few.then_some((self.all(&ty.params)?, self.all(&ty.results)?))
    }
}

/// The Rust type of a value as machine code has it.
fn abi_type(ty: ValType) -> &'static str {
    match ty.kind() {
        ValKind::I32 => "i32",
        ValKind::I64 => "i64",
        ValKind::F32 => "f32",
        ValKind::F64 => "f64",
        ValKind::V128 => "V128",
        ValKind::FuncRef => "*mut VmFuncRef",
        ValKind::ExternRef => "u32",
    }
}

/// The names of a function's parameters.
fn param_names(count: usize) -> Vec<String> {
    match u8::try_from(count) {
        Ok(count @ ..=26) => (b'a'..b'a' + count).map(|c| char::from(c).to_string()).collect(),
        _ => (0..count).map(|i| format!("p{i}")).collect(),
    }
}

/// A function's type as in the text format.
pub fn wasm_signature(ty: &FuncType) -> String {
    let list = |word: &str, types: &[ValType]| {
        let names: Vec<_> = types.iter().map(|ty| ty.to_string()).collect();
        if names.is_empty() { String::new() } else { format!(" ({word} {})", names.join(" ")) }
    };
    format!("(func{}{})", list("param", &ty.params), list("result", &ty.results))
}

/// The type of anything else, in words.
pub fn type_in_words(ty: &ExternType) -> String {
    let range = |min: u64, max: Option<u64>, what: &str| match max {
        Some(max) if max == min => format!("{min} {what}"),
        Some(max) => format!("{min} to {max} {what}"),
        None => format!("{min} or more {what}"),
    };
    match ty {
        ExternType::Func(ty) => format!("`{}`", wasm_signature(ty)),
        ExternType::Memory(ty) => {
            let wide = if ty.index64 { "64-bit, " } else { "" };
            let shared = if ty.shared { "shared, " } else { "" };
            let pages = if ty.page_size_log2 == 0 { "pages of 1 byte" } else { "pages of 64 KiB" };
            format!("{wide}{shared}{}", range(ty.min, ty.max, pages))
        }
        ExternType::Table(ty) => {
            let wide = if ty.index64 { "64-bit, " } else { "" };
            format!("{wide}{} of `{}`", range(ty.min, ty.max, "elements"), ty.element)
        }
        ExternType::Global(ty) => {
            let how = if ty.mutable { "mutable" } else { "constant" };
            format!("{how} `{}`", ty.value)
        }
    }
}

/// What clippy would say of a signature that the guest's author is responsible for.
fn allowances(indent: &str, params: &[String], results: &[String]) -> String {
    let mut out = String::new();
    // A function that takes or returns functions.
    let nested = |ty: &String| ty.matches("TypedFunc").count() > 1;
    if params.len() > 6 {
        out.push_str(&format!("{indent}#[allow(clippy::too_many_arguments)]\n"));
    }
    if results.len() > 3 || params.iter().chain(results).any(nested) {
        out.push_str(&format!("{indent}#[allow(clippy::type_complexity)]\n"));
    }
    out
}

/// An interface with a Rust name for everything in it.
struct Bound<'a> {
    interface: &'a Interface,
    /// The imports that are the host's to give, with their places in the module.
    imports: Vec<(usize, &'a Import)>,
    /// The type of instances.
    guest: String,
    /// A trait per module that functions are imported from.
    traits: Vec<Trait<'a>>,
    /// For each of them where it comes from: a function of a trait, or a field.
    places: Vec<Place>,
    /// The method of each export that is a function and the first of the accessors of another.
    methods: Vec<Vec<String>>,
}

/// The functions imported from one module.
struct Trait<'a> {
    module: &'a str,
    name: String,
    scope: Scope,
    functions: Vec<(&'a Import, String)>,
}

/// Where an import comes from.
enum Place {
    Function { of: usize, name: String },
    Field(String),
}

impl<'a> Bound<'a> {
    fn new(interface: &'a Interface) -> Self {
        let mut types = Scope::new(TAKEN_TYPES);
        let guest = types.ty(&names::camel(&interface.name).unwrap_or("Guest".into()));
        types.ty(&format!("{guest}Imports"));
        let imports = interface.imports.iter().enumerate().filter(|(_, import)| !import.provided);
        let mut bound = Self {
            interface,
            imports: imports.collect(),
            guest,
            traits: Vec::new(),
            places: Vec::new(),
            methods: Vec::new(),
        };
        let mut fields = Scope::default();
        for (_, import) in bound.imports.clone() {
            let place = match &import.ty {
                ExternType::Func(_) => bound.place_function(import, &mut types),
                _ => {
                    let wish = names::snake(&import.name)
                        .unwrap_or_else(|| format!("{}_{}", kind(&import.ty), import.index));
                    Place::Field(fields.value(&wish))
                }
            };
            bound.places.push(place);
        }
        let mut methods = Scope::new(TAKEN_METHODS);
        // Functions first: they are called most, so they keep their names.
        let mut named = vec![Vec::new(); interface.exports.len()];
        for functions in [true, false] {
            for (export, names) in interface.exports.iter().zip(&mut named) {
                if matches!(export.ty, ExternType::Func(_)) == functions {
                    *names = export_names(export, &mut methods);
                }
            }
        }
        bound.methods = named;
        bound
    }

    fn place_function(&mut self, import: &'a Import, types: &mut Scope) -> Place {
        let of = self.traits.iter().position(|known| known.module == import.module);
        let of = of.unwrap_or_else(|| {
            let name = types.ty(&names::camel(&import.module).unwrap_or("Imports".into()));
            let module = import.module.as_str();
            self.traits.push(Trait { module, name, scope: Scope::default(), functions: vec![] });
            self.traits.len() - 1
        });
        let Trait { scope, functions, .. } = &mut self.traits[of];
        // The same function may be imported twice.
        let known =
            functions.iter().find(|(known, _)| known.name == import.name && known.ty == import.ty);
        let name = match known {
            Some((_, name)) => name.clone(),
            None => {
                let wish = names::snake(&import.name);
                let name = scope.value(&wish.unwrap_or_else(|| format!("func_{}", import.index)));
                functions.push((import, name.clone()));
                name
            }
        };
        Place::Function { of, name }
    }

    /// A piece of the template with the names that hold everywhere.
    fn with_names(&self, name: &str) -> String {
        filled(
            name,
            &[
                ("NAME", &shown(&self.interface.name)),
                ("VERSION", env!("CARGO_PKG_VERSION")),
                ("Guest", &self.guest),
            ],
        )
    }

    fn traits(&self) -> String {
        join(self.traits.iter().map(|module| module.render(self.types())).collect())
    }

    fn types(&self) -> Types<'a> {
        Types(&self.interface.types)
    }

    /// Whether there are imports other than functions.
    fn has_fields(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Field(_)))
    }

    fn imports_struct(&self) -> String {
        if !self.has_fields() {
            return String::new();
        }
        let shared = self.imports.iter().any(|(_, import)| is_shared(&import.ty));
        let mut out = format!(
            "/// The memories, tables and globals that the module {} imports.\n\
             #[derive(Clone, {}Debug)]\npub struct {}Imports {{\n",
            shown(&self.interface.name),
            if shared { "" } else { "Copy, " },
            self.guest
        );
        for ((_, import), place) in self.imports.iter().zip(&self.places) {
            if let Place::Field(field) = place {
                let ty = match import.ty {
                    ExternType::Memory(ty) if ty.shared => "SharedMemory",
                    ExternType::Memory(_) => "Memory",
                    ExternType::Table(_) => "Table",
                    _ => "Global",
                };
                out.push_str(&format!(
                    "    /// {} of {}: {}.\n    pub {field}: {ty},\n",
                    shown(&import.name),
                    shown(&import.module),
                    type_in_words(&import.ty)
                ));
            }
        }
        out + "}\n"
    }

    /// The number of memories that the module imports.
    fn imported_memories(&self) -> u32 {
        let memories = self.interface.imports.iter();
        memories.filter(|import| matches!(import.ty, ExternType::Memory(_))).count() as u32
    }

    /// Whether the program itself provides functions of WASI.
    fn uses_wasi(&self) -> bool {
        self.interface.imports.iter().any(|import| import.provided)
    }

    /// The method that a WASI reactor is to be called by before all others.
    fn initialize(&self) -> Option<&str> {
        let mut exports = self.interface.exports.iter().zip(&self.methods);
        let (_, names) = exports.find(|(export, _)| {
            let ty = FuncType { params: Vec::new(), results: Vec::new() };
            export.name == "_initialize" && export.ty == ExternType::Func(ty)
        })?;
        self.uses_wasi().then_some(&*names[0])
    }

    /// The head of an `impl` whose store's data has all the functions that are imported.
    fn impl_with_host(&self, generics: &str, of: &str, data: &str) -> String {
        if self.traits.is_empty() {
            return format!("impl{generics} {}{of} {{\n", self.guest);
        }
        let bounds: String =
            self.traits.iter().map(|known| format!("    {data}: {},\n", known.name)).collect();
        format!("impl{generics} {}{of}\nwhere\n{bounds}{{\n", self.guest)
    }

    fn constructors(&self) -> String {
        let mut pieces = Vec::new();
        let wasi = self.uses_wasi();
        match (self.has_fields(), self.traits.is_empty()) {
            (true, _) => {}
            (false, true) if wasi => pieces.push(self.with_names("new_with_wasi")),
            (false, true) => pieces.push(self.with_names("new_without_host")),
            (false, false) => {
                let new = if wasi { "new_with_host_and_wasi" } else { "new_with_host" };
                let head = self.impl_with_host("<T>", "<Store<T>>", "T");
                pieces.push(head + &self.with_names(new));
            }
        }
        let mut params = vec!["mut store: S".to_owned()];
        let mut with_store = "with_store";
        if self.has_fields() {
            params.push(format!("imports: {}Imports", self.guest));
            with_store = "with_store_and_imports";
        }
        let imports = self.imports.iter().zip(&self.places).map(|((place_of, import), place)| {
            let (function, args) = match place {
                Place::Function { of, name } => {
                    let function = format!("<S::Data as {}>::{name}", self.traits[*of].name);
                    let store = "&mut store".to_owned();
                    match &import.ty {
                        ExternType::Func(ty) if self.types().of(ty).is_none() => {
                            let args = vec![store, "types".into(), place_of.to_string(), function];
                            ("bindings::host_of_many", args)
                        }
                        _ => ("bindings::host", vec![store, function]),
                    }
                }
                Place::Field(field) if is_shared(&import.ty) => {
                    let args = vec!["&mut store".to_owned(), format!("&imports.{field}")];
                    ("bindings::shared_memory", args)
                }
                Place::Field(field) => ("Extern::from", vec![format!("imports.{field}")]),
            };
            call(12, "", function, &args, "")
        });
        let untyped = |(_, import): &(usize, &Import)| match &import.ty {
            ExternType::Func(ty) => self.types().of(ty).is_none(),
            _ => false,
        };
        let types = match self.imports.iter().any(untyped) {
            true => self.with_names("import_types"),
            false => String::new(),
        };
        pieces.push(
            self.impl_with_host("<S: AsStoreMut>", "<S>", "S::Data")
                + &self.with_names(with_store)
                + &signature(4, "pub fn with_store", &params, &["Self".into()], "Error", " {")
                + &types
                + &layout::array(8, "let imports = ", imports.collect())
                + &self.with_names("instantiate")
                + &match self.initialize() {
                    Some(name) => filled("initialized", &[("initialize", name)]),
                    None => self.with_names("instantiated"),
                },
        );
        join(pieces)
    }

    fn exports(&self) -> String {
        let mut pieces = Vec::new();
        for (export, names) in self.interface.exports.iter().zip(&self.methods) {
            pieces.push(match &export.ty {
                ExternType::Func(ty) => method(export, ty, &names[0], self.types()),
                _ => accessors(export, names, self.types(), self.imported_memories()),
            });
        }
        let body = join(pieces);
        if body.is_empty() { body } else { self.with_names("exports") + &body + "}\n" }
    }

    fn symbols(&self, library: Option<&str>) -> String {
        let mut body = String::new();
        for (export, names) in self.interface.exports.iter().zip(&self.methods) {
            if let (ExternType::Func(ty), Some(symbols)) = (&export.ty, &export.symbols)
                && callable(ty, self.types()).is_some()
            {
                body.push_str(&declaration(&symbols.wasm_call, ty, &names[0]));
            }
        }
        let statics = filled(
            "statics",
            &[
                ("MODULE", &self.interface.module_symbol),
                ("EXPORTS", &self.interface.exports_symbol),
            ],
        );
        body.push_str(statics.trim_end_matches('\n'));
        let used = ["ValRaw", "VmContext", "VmExports", "VmFuncRef", "VmModule", "VmReturn"];
        let used: Vec<_> = used
            .into_iter()
            .filter(|name| body.contains(&format!(" {name}")))
            .map(str::to_owned)
            .collect();
        format!(
            "/// What the object of the module defines.\nmod symbols {{\n{}\n    \
             {}unsafe extern \"C\" {{\n{body}\n    }}\n}}\n",
            use_list(4, "wasmaot::bindings", &used),
            library.map(link_attribute).unwrap_or_default().trim_start()
        )
    }
}

/// What links whoever includes the bindings with a library. None but the objects that are
/// used, also in tests.
fn link_attribute(library: &str) -> String {
    let what = [
        format!("name = \"{library}\""),
        "kind = \"static\"".to_owned(),
        "modifiers = \"-whole-archive\"".to_owned(),
    ];
    layout::attribute(4, "link", &what) + "    "
}

impl Trait<'_> {
    fn render(&self, types: Types<'_>) -> String {
        let mut out = format!(
            "/// The functions that the guest imports from {}, for the type of the store's data.\n\
             pub trait {}: Sized + 'static {{\n",
            shown(self.module),
            self.name
        );
        let mut functions = Vec::new();
        for (import, name) in &self.functions {
            let ExternType::Func(ty) = &import.ty else { continue };
            let mut params = vec!["caller: Caller<'_, Self>".to_owned()];
            let results = match types.of(ty) {
                None => {
                    params.push("params: &[Val]".to_owned());
                    params.push("results: &mut [Val]".to_owned());
                    vec![]
                }
                Some((types, results)) => {
                    let named = param_names(ty.params.len()).into_iter().zip(types);
                    params.extend(named.map(|(name, ty)| format!("{name}: {ty}")));
                    results
                }
            };
            functions.push(format!(
                "    /// {}: `{}`\n{}{}",
                shown(&import.name),
                wasm_signature(ty),
                allowances("    ", &params, &results),
                signature(4, &format!("fn {name}"), &params, &results, "HostError", ";")
            ));
        }
        out.push_str(&join(functions));
        out + "}\n"
    }
}

/// Whether it is a memory that several threads use.
fn is_shared(ty: &ExternType) -> bool {
    matches!(ty, ExternType::Memory(ty) if ty.shared)
}

/// What a kind of thing is called.
fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Func(_) => "func",
        ExternType::Table(_) => "table",
        ExternType::Memory(_) => "memory",
        ExternType::Global(_) => "global",
    }
}

/// Takes the names of an export's methods, in the order in which the templates use them.
fn export_names(export: &Export, scope: &mut Scope) -> Vec<String> {
    let name = names::snake(&export.name)
        .unwrap_or_else(|| format!("{}_{}", kind(&export.ty), export.index));
    // Within a name, Rust wants no two underscores in a row.
    let bare = name.trim_start_matches('_');
    let wishes = match &export.ty {
        ExternType::Func(_) | ExternType::Table(_) => vec![name],
        ExternType::Memory(ty) if ty.shared => vec![name],
        ExternType::Memory(_) => vec![
            name.clone(),
            format!("{name}_data"),
            format!("{name}_data_mut"),
            format!("{name}_slice"),
            format!("read_{bare}"),
            format!("write_{bare}"),
        ],
        ExternType::Global(_) => {
            vec![name.clone(), format!("{name}_global"), format!("set_{bare}")]
        }
    };
    wishes.iter().map(|wish| scope.value(wish)).collect()
}

/// The Rust types of an export that can be a method: any number of parameters, but not of results.
fn callable(ty: &FuncType, types: Types<'_>) -> Option<(Vec<String>, Vec<String>)> {
    let few = ty.results.len() <= MOST;
    few.then_some((types.all(&ty.params)?, types.all(&ty.results)?))
}

/// The method that calls an exported function.
fn method(export: &Export, ty: &FuncType, name: &str, types: Types<'_>) -> String {
    let Some((param_types, results)) = callable(ty, types) else {
        return format!(
            "    // {}, `{}`, has no method for its results or references: call it by `func`.\n",
            shown(&export.name),
            wasm_signature(ty)
        );
    };
    let names = param_names(ty.params.len());
    let mut params = vec!["&mut self".to_owned()];
    params.extend(names.iter().zip(param_types).map(|(name, ty)| format!("{name}: {ty}")));
    let mut out = format!(
        "    /// {}: `{}`\n{}{}\n",
        shown(&export.name),
        wasm_signature(ty),
        allowances("    ", &params, &results),
        signature(4, &format!("pub fn {name}"), &params, &results, "Error", " {").trim_end()
    );
    let mut args = vec!["vm".to_owned(), "vm".to_owned()];
    // References and vectors become what machine code has of them on the way.
    for (name, &ty) in names.into_iter().zip(&ty.params) {
        match ty {
            ValType::Ref(_) => args.push(format!("bindings::pass(vm, {name})")),
            ValType::V128 => args.extend(["low", "high"].map(|half| format!("{name}.{half}()"))),
            _ => args.push(name),
        }
    }
    let many = ty.results_in_slots();
    if many {
        args.push("results".to_owned());
    }
    let closure = if many { "|vm, results| unsafe" } else { "|vm, _| unsafe" };
    out.push_str("        // SAFETY: this is the export's symbol, and these are its types.\n");
    out.push_str(&assign(8, "call", closure, &format!("symbols::{name}"), &args));
    out.push_str(
        "        // SAFETY: the instance is of the module that the symbol is of.\n        \
         unsafe { bindings::invoke(&mut self.store, self.instance, call) }\n    }\n",
    );
    out
}

/// The accessors of a memory, a table or a global.
fn accessors(
    export: &Export,
    names: &[String],
    types: Types<'_>,
    imported_memories: u32,
) -> String {
    let shown = shown(&export.name);
    let index = export.index.to_string();
    let in_words = type_in_words(&export.ty);
    let mut words = vec![("SHOWN", &*shown), ("INDEX", &index), ("TYPE", &in_words)];
    match &export.ty {
        ExternType::Func(_) => String::new(),
        ExternType::Table(_) => {
            words.push(("table", &names[0]));
            filled("table", &words)
        }
        ExternType::Memory(ty) if ty.shared => {
            words.push(("memory", &names[0]));
            filled("shared_memory", &words)
        }
        ExternType::Memory(ty) => {
            words.extend(match ty.index64 {
                true => [("Address", "u64"), ("at", "at")],
                false => [("Address", "u32"), ("at", "at.into()")],
            });
            let (found, place) = match export.index.checked_sub(imported_memories) {
                Some(defined) => ("defined_memory", defined.to_string()),
                None => ("imported_memory", index.clone()),
            };
            words.extend([("found_memory", found), ("PLACE", &place)]);
            let of = [
                "memory",
                "memory_data",
                "memory_data_mut",
                "memory_slice",
                "read_memory",
                "write_memory",
            ];
            words.extend(of.into_iter().zip(names.iter().map(|name| &**name)));
            filled("memory", &words)
        }
        ExternType::Global(ty) => {
            let Some(value) = types.rust(ty.value) else {
                return filled(
                    "global_alone",
                    &[&words[..], &[("global_itself", &names[1])]].concat(),
                );
            };
            words.push(("Value", &value));
            let of = ["global", "global_itself", "set_global"];
            words.extend(of.into_iter().zip(names.iter().map(|name| &**name)));
            let mut pieces = vec![filled("global", &words)];
            if ty.mutable {
                pieces.push(filled("set_global", &words));
            }
            join(pieces)
        }
    }
}

/// The declaration of a function's symbol.
fn declaration(symbol: &str, ty: &FuncType, name: &str) -> String {
    let mut params = vec!["callee: *mut VmContext".to_owned(), "caller: *mut VmContext".to_owned()];
    let named = param_names(ty.params.len()).into_iter().zip(&ty.params);
    for (name, &ty) in named {
        match ty {
            ValType::V128 => {
                params.extend(["low", "high"].map(|half| format!("{name}_{half}: u64")))
            }
            ty => params.push(format!("{name}: {}", abi_type(ty))),
        }
    }
    if ty.results_in_slots() {
        params.push("results: *mut ValRaw".to_owned());
    }
    let head = format!("pub fn {name}");
    format!("        #[link_name = \"{symbol}\"]\n{}", function(8, &head, &params, "VmReturn", ";"))
}
