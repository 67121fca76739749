//! From machine code to an object file.
//!
//! Every function has a section of its own, so that the linker drops what a program does not
//! use. What keeps what alive:
//!
//! ```text
//! <stem>module  -> init, start, functions that references are made to, types, segments, images
//! <stem>exports -> <stem>module, every exported function's body
//! <stem>..._wasm_call, ..._array_call -> the body
//! a body        -> what it calls, types it compares with, constant tables
//! a table       -> the functions there that are called
//! a type        -> its ways in and out (merged with those of other modules, in one group)
//! ```
//!
//! Records and unwind tables refer to functions but keep none alive.

mod blob;
mod debug;
mod descriptor;
mod dwarf_writer;
mod elf;
pub mod inspect;
pub(crate) mod names;
mod readable;
mod relocation;
mod source_map;
mod unwind;

use std::collections::{BTreeMap, HashMap};

use object::SymbolKind;
use object::write::SymbolId;
use serde::Serialize;
use wasmaot_abi::func_info::{FuncInfo, INIT_INDEX, InlinedCall, MODULE_NAME_OFFSET};
use wasmaot_abi::symbols::{self, ABI_SYMBOL, PerType};
use wasmaot_abi::wasi::WasiFunction;

use self::blob::Place;
use self::descriptor::{Description, Resolve};
use self::elf::{Binding, Purpose, Section, Writer};
use self::names::Names;
use self::relocation::Kind;
use self::source_map::SourceMap;
use crate::codegen::{Compiled, RelocationTarget};
use crate::config::Config;
use crate::error::Result;
use crate::func_key::{FuncKey, Reference};
use crate::index::{FuncIndex, SigIndex, TableIndex};
use crate::interface::Interface;
use crate::module::Module;
use crate::plan::Plan;
use crate::plan::constant_tables::{ENTRY_LEN, TYPE_OFFSET, type_number};
use crate::target::Target;
use crate::translate::srcloc::Inlined;

/// How long the names of what stands in place of calls in a function may be together, in bytes: as much
/// for any, and as much more for each byte of its code.
const NAMES: usize = 1024;
const NAMES_PER_BYTE: usize = 8;

/// The section of functions' records.
pub(crate) const RECORDS: &str = ".wasmaot.info";
/// The section of the manifest.
pub(crate) const MANIFEST: &str = ".wasmaot.manifest";

/// Writes the object file.
///
/// # Errors
/// `Codegen` if the code cannot be expressed in the object format: a bug.
pub fn emit(
    module: &Module<'_>,
    plan: &Plan,
    interface: &Interface,
    functions: &[Compiled],
    target: &Target,
    config: &Config,
) -> Result<Vec<u8>> {
    let mut emitter = Emitter {
        module,
        plan,
        names: Names::new(module, plan),
        writer: Writer::new(target.triple.architecture),
        code: HashMap::new(),
        types: HashMap::new(),
        tables: HashMap::new(),
        external: BTreeMap::new(),
        images: Vec::new(),
        sizes: Sizes::default(),
    };
    emitter.writer.file(&format!("{}.wasm", plan.name));
    emitter.define_functions(functions, target);
    emitter.define_types()?;
    emitter.constant_tables()?;
    emitter.relocate_functions(functions, target)?;
    emitter.images();
    emitter.descriptions()?;
    let records = emitter.records(functions)?;
    emitter.unwind_tables(functions, &records, target)?;
    if config.debug_info {
        emitter.debug_information(functions)?;
    }
    emitter.manifest(interface, target);
    emitter.writer.section(".note.GNU-stack", Purpose::Tool, false, Vec::new(), 1);
    emitter.writer.finish()
}

/// What the manifest says besides the interface: bytes of each kind of content.
#[derive(Default, Serialize)]
struct Sizes {
    functions: usize,
    code: usize,
    trampolines: usize,
    records: usize,
    unwind: usize,
    images: usize,
}

#[derive(Serialize)]
struct Manifest<'a> {
    #[serde(flatten)]
    interface: &'a Interface,
    target: String,
    sizes: &'a Sizes,
}

struct Emitter<'a> {
    module: &'a Module<'a>,
    plan: &'a Plan,
    names: Names<'a>,
    writer: Writer,
    /// The section and symbol of each function.
    code: HashMap<FuncKey, (Section, SymbolId)>,
    /// The symbol of each `VmFuncType`.
    types: HashMap<SigIndex, SymbolId>,
    /// The symbol of each constant table.
    tables: HashMap<TableIndex, SymbolId>,
    /// What the runtime defines, by name.
    external: BTreeMap<String, SymbolId>,
    /// The sections of images.
    images: Vec<SymbolId>,
    sizes: Sizes,
}

/// Whether the linker merges this with other modules'.
fn is_merged(key: FuncKey) -> bool {
    matches!(
        key,
        FuncKey::Enter(_)
            | FuncKey::ExitNative(_)
            | FuncKey::ExitArray(_)
            | FuncKey::ExitBuiltin(_)
    )
}

impl Emitter<'_> {
    fn local(&self, what: &str) -> String {
        self.plan.symbols.local(what)
    }

    fn define_functions(&mut self, functions: &[Compiled], target: &Target) {
        let trap = relocation::padding(target.triple.architecture);
        for function in functions {
            let key = function.key;
            let merged = is_merged(key);
            let binding = match key {
                FuncKey::WasmCall(_) | FuncKey::ArrayCall(_) => Binding::Global,
                _ if merged => Binding::Merged,
                _ => Binding::Local,
            };
            let names = self.names.of_function(key);
            let section_name = format!(".text.{}", names.first().map_or("", String::as_str));
            let (align, skew) = (function.place.align(), function.place.skew());
            let mut code = vec![trap; skew];
            code.extend(&function.code);
            let section = self.writer.section(&section_name, Purpose::Code, merged, code, align);
            let size = function.code.len();
            let mut define =
                |name| self.writer.define(name, binding, SymbolKind::Text, section, skew, size);
            let symbols: Vec<_> = names.into_iter().map(&mut define).collect();
            let symbol = symbols.first().copied();
            let symbol = symbol.unwrap_or_else(|| self.writer.start_of(section));
            self.code.insert(key, (section, symbol));
            if let FuncKey::ExitBuiltin(_) = key {
                self.writer.group(symbol, &[section]);
            }
            self.sizes.functions += 1;
            match function.info {
                Some(_) => self.sizes.code += size,
                None => self.sizes.trampolines += size,
            }
        }
    }

    /// The types, each in a group with its ways in and out.
    fn define_types(&mut self) -> Result<()> {
        // They refer to each other: first all of them, then their contents.
        let mut sections = Vec::with_capacity(self.plan.signatures.len());
        for &sig in &self.plan.signatures {
            let name = self.names.per_type(PerType::Type, sig);
            let writer = &mut self.writer;
            let section_name = format!(".data.rel.ro.{name}");
            let section = writer.section(&section_name, Purpose::Relocated, true, Vec::new(), 8);
            let symbol = writer.define(name, Binding::Merged, SymbolKind::Data, section, 0, 0);
            self.types.insert(sig, symbol);
            sections.push((sig, section, symbol));
        }
        for (sig, section, symbol) in sections {
            let start = self.writer.start_of(section);
            let blob = descriptor::func_type(self.module, sig, start, self);
            self.writer.resize(symbol, blob.bytes.len());
            self.writer.fill(section, blob, 8)?;
            let ways = [FuncKey::Enter(sig), FuncKey::ExitNative(sig), FuncKey::ExitArray(sig)];
            let ways =
                ways.iter().filter_map(|key| self.code.get(key)).map(|(section, _)| *section);
            let sections: Vec<_> = [section].into_iter().chain(ways).collect();
            self.writer.group(symbol, &sections);
        }
        Ok(())
    }

    fn constant_tables(&mut self) -> Result<()> {
        for (&index, table) in &self.plan.constant_tables {
            let name = self.names.of_reference(Reference::Table(index));
            let mut bytes = Vec::with_capacity(table.entries.len() * ENTRY_LEN as usize);
            // Code that is called, where it stands.
            let mut code = Vec::new();
            for entry in &table.entries {
                let called = entry.and_then(|func| self.code.get(&FuncKey::Body(func)));
                code.extend(called.map(|(_, symbol)| (bytes.len(), *symbol)));
                let number = entry.map_or(0, |func| type_number(self.module.functions[func].sig));
                bytes.extend([0; TYPE_OFFSET as usize]);
                bytes.extend(number.to_le_bytes());
            }
            let size = bytes.len();
            let section_name = format!(".rodata.{name}");
            let section = self.writer.section(&section_name, Purpose::Constant, false, bytes, 8);
            for (at, symbol) in code {
                // The distance from the table's start is that from here, and that to here.
                self.writer.relocate(section, at, Kind::Distance, symbol, at as i64)?;
            }
            let kind = SymbolKind::Data;
            let symbol = self.writer.define(name, Binding::Local, kind, section, 0, size);
            self.tables.insert(index, symbol);
        }
        Ok(())
    }

    fn relocate_functions(&mut self, functions: &[Compiled], target: &Target) -> Result<()> {
        for function in functions {
            let (section, _) = self.code[&function.key];
            let skew = function.place.skew();
            for relocation in &function.relocations {
                let (symbol, start) = match relocation.target {
                    RelocationTarget::Own => (self.writer.start_of(section), skew as i64),
                    RelocationTarget::Reference(reference) => (self.reference(reference).0, 0),
                };
                let kind = relocation::code(target.triple.architecture, relocation.kind)?;
                let at = skew + relocation.offset as usize;
                let addend = start + relocation.addend;
                self.writer.relocate_as(section, at, kind, symbol, addend)?;
            }
        }
        Ok(())
    }

    fn external(&mut self, name: String) -> SymbolId {
        if let Some(&symbol) = self.external.get(&name) {
            return symbol;
        }
        let symbol = self.writer.undefined(name.clone());
        self.external.insert(name, symbol);
        symbol
    }

    /// What memories start with: each image on pages of its own, so that it can be mapped.
    fn images(&mut self) {
        for (index, image) in self.plan.images.iter().enumerate() {
            let name = format!(".rodata.{}", self.local(&format!("image[{index}]")));
            let align = if image.mappable { 4096 } else { 16 };
            let bytes = image.bytes.clone();
            let section = self.writer.section(&name, Purpose::Constant, false, bytes, align);
            let symbol = self.local(&format!("image[{index}]"));
            let size = image.bytes.len();
            self.sizes.images += size;
            let kind = SymbolKind::Data;
            self.images.push(self.writer.define(symbol, Binding::Local, kind, section, 0, size));
        }
    }

    fn descriptions(&mut self) -> Result<()> {
        let module_name = self.plan.symbols.module();
        let exports_name = self.plan.symbols.exports();
        let module_symbol = self.description(module_name, "module", |description, resolve| {
            description.module(resolve);
        })?;
        self.description(exports_name, "exports", |description, resolve| {
            description.exports(module_symbol, resolve);
        })?;
        Ok(())
    }

    fn description(
        &mut self,
        name: String,
        what: &str,
        fill: impl FnOnce(&mut Description<'_>, &mut dyn Resolve),
    ) -> Result<SymbolId> {
        let writer = &mut self.writer;
        let relocated_name = format!(".data.rel.ro.{name}");
        let relocated = writer.section(&relocated_name, Purpose::Relocated, false, Vec::new(), 8);
        let constant_name = format!(".rodata.{name}");
        let constant = writer.section(&constant_name, Purpose::Constant, false, Vec::new(), 8);
        let symbols = [writer.start_of(relocated), writer.start_of(constant)];
        let mut description = Description::new(self.module, self.plan, symbols[0], symbols[1]);
        fill(&mut description, self);
        let writer = &mut self.writer;
        let constants = self.plan.symbols.local(&format!("{what} constants"));
        let sizes = [description.relocated.bytes.len(), description.constant.bytes.len()];
        let kind = SymbolKind::Data;
        writer.define(constants, Binding::Local, kind, constant, 0, sizes[1]);
        writer.fill(relocated, description.relocated, 8)?;
        writer.fill(constant, description.constant, 8)?;
        Ok(writer.define(name, Binding::Global, kind, relocated, 0, sizes[0]))
    }

    /// A record for each function that has one, in the functions' order.
    fn records(&mut self, functions: &[Compiled]) -> Result<Vec<Option<Section>>> {
        let name = &self.plan.name;
        let mut bytes = (name.len() as u32).to_le_bytes().to_vec();
        bytes.extend(name.as_bytes());
        let (symbol, size) = (self.local("name"), bytes.len());
        let section_name = format!(".rodata.{symbol}");
        let section = self.writer.section(&section_name, Purpose::Constant, false, bytes, 4);
        let kind = SymbolKind::Data;
        let name = self.writer.define(symbol, Binding::Local, kind, section, 0, size);
        functions.iter().map(|function| self.record(function, name)).collect()
    }

    fn record(&mut self, function: &Compiled, module_name: SymbolId) -> Result<Option<Section>> {
        let Some(info) = &function.info else { return Ok(None) };
        let (func_index, name) = match function.key {
            FuncKey::Body(func) => (func.as_u32(), self.names.of_wasm_function(func)),
            _ => (INIT_INDEX, None),
        };
        let names = self.names_within(&info.inlined, function.code.len());
        let inlined: Vec<_> = info
            .inlined
            .iter()
            .map(|call| InlinedCall {
                parent: call.parent,
                wasm_offset: call.call,
                func_index: call.func.as_u32(),
                name: &names[&call.func],
            })
            .collect();
        let record = FuncInfo {
            func_index,
            name: &readable::readable(name.unwrap_or("")),
            frame_size: info.frame_size,
            inlined: &inlined,
            sites: &info.sites,
            stack_maps: &info.stack_maps,
        };
        let (code, _) = self.code[&function.key];
        let bytes = record.encode();
        self.sizes.records += bytes.len();
        let section = self.writer.section(RECORDS, Purpose::About(code), false, bytes, 4);
        self.writer.relocate(section, MODULE_NAME_OFFSET, Kind::Distance, module_name, 0)?;
        Ok(Some(section))
    }

    /// The names of what stands in place of calls, as far as they are no longer than the code deserves: a
    /// name can have 100,000 bytes, and stands in the record of every function that has its function's code.
    fn names_within(&self, calls: &[Inlined], code_len: usize) -> BTreeMap<FuncIndex, String> {
        let mut left = NAMES + NAMES_PER_BYTE * code_len;
        let mut names = BTreeMap::new();
        for call in calls {
            names.entry(call.func).or_insert_with(|| {
                let name = self.names.of_wasm_function(call.func).unwrap_or("");
                let name = readable::readable(name);
                match left.checked_sub(name.len()) {
                    Some(rest) => {
                        left = rest;
                        name.into()
                    }
                    None => String::new(),
                }
            });
        }
        names
    }

    fn unwind_tables(
        &mut self,
        functions: &[Compiled],
        records: &[Option<Section>],
        target: &Target,
    ) -> Result<()> {
        let mut entries = Vec::with_capacity(functions.len());
        for (function, record) in functions.iter().zip(records) {
            let (code, _) = self.code[&function.key];
            let code = self.writer.start_of(code);
            let record = record.map(|section| self.writer.start_of(section));
            entries.push((function, unwind::Sections { code, record }));
        }
        let (bytes, distances) = unwind::eh_frame(&*target.isa, entries.into_iter())?;
        self.sizes.unwind = bytes.len();
        let section = self.writer.section(".eh_frame", Purpose::Constant, false, bytes, 8);
        for distance in distances {
            let unwind::Distance { at, symbol, addend } = distance;
            self.writer.relocate(section, at, Kind::Distance, symbol, addend)?;
        }
        Ok(())
    }

    fn debug_information(&mut self, functions: &[Compiled]) -> Result<()> {
        let described: Vec<_> = functions
            .iter()
            .map(|function| {
                let name = match function.key {
                    FuncKey::Body(func) => self.names.of_wasm_function(func),
                    _ => None,
                };
                let symbol = self.names.describe(function.key);
                let (section, _) = self.code[&function.key];
                debug::Function {
                    name: name.map_or_else(|| symbol.clone(), str::to_owned),
                    symbol,
                    section: self.writer.start_of(section),
                    start: function.place.skew(),
                    size: function.code.len(),
                    source: &function.source,
                }
            })
            .collect();
        let map = SourceMap::new(self.module);
        let sections = debug::sections(&self.plan.name, &described, &map)?;
        let mut written = Vec::new();
        for section in sections {
            let place = self.writer.section(section.name, Purpose::Tool, false, section.bytes, 1);
            written.push((section.name, place, section.fixups));
        }
        let starts: BTreeMap<_, _> = written
            .iter()
            .map(|(name, section, _)| (*name, self.writer.start_of(*section)))
            .collect();
        for (_, section, fixups) in written {
            for debug::Fixup { at, size, base, addend } in fixups {
                let symbol = match base {
                    debug::Base::Code(symbol) => symbol,
                    // The writer refers to no section that it has left empty.
                    debug::Base::Section(name) => starts[name],
                };
                let kind = if size == 8 { Kind::Address } else { Kind::Offset };
                self.writer.relocate(section, at, kind, symbol, addend)?;
            }
        }
        Ok(())
    }

    fn manifest(&mut self, interface: &Interface, target: &Target) {
        let target = target.triple.to_string();
        let manifest = Manifest { interface, target, sizes: &self.sizes };
        // Nothing in there can fail to serialize: names are strings, keys are names.
        let bytes = serde_json::to_vec(&manifest).unwrap_or_default();
        self.writer.section(MANIFEST, Purpose::Excluded, false, bytes, 1);
    }
}

impl Resolve for Emitter<'_> {
    fn reference(&mut self, reference: Reference) -> Place {
        let symbol = match reference {
            Reference::Func(key) => self.code.get(&key).map(|(_, symbol)| *symbol),
            Reference::FuncType(sig) => self.types.get(&sig).copied(),
            Reference::Table(table) => self.tables.get(&table).copied(),
            Reference::Builtin(_) => None,
        };
        // What the plan forgot is looked for elsewhere, in vain: the linker will name it.
        let symbol = symbol.unwrap_or_else(|| {
            let name = self.names.of_reference(reference);
            self.external(name)
        });
        Place(symbol, 0)
    }

    fn abi(&mut self) -> Place {
        Place(self.external(ABI_SYMBOL.into()), 0)
    }

    fn wasi(&mut self, function: WasiFunction) -> Place {
        Place(self.external(symbols::wasi(function.row().name)), 0)
    }

    fn image(&mut self, index: usize) -> Place {
        Place(self.images[index], 0)
    }
}
