//! The description of the module that the runtime reads: `VmModule`, and `VmExports` apart from
//! it, so that a program which uses only the former does not keep every export alive.
//!
//! Each of the two is a pair of sections: one with addresses in it, which the loader may have to
//! relocate, and one with what is constant as it stands.

use std::mem::offset_of;

use object::write::SymbolId;
use wasmaot_abi::layout::Layout;
use wasmaot_abi::module::*;
use wasmaot_abi::value::VmValType;
use wasmaot_abi::wasi::WasiFunction;

use super::blob::{Blob, Place};
use crate::config::TrapStyle;
use crate::func_key::{FuncKey, Reference};
use crate::index::*;
use crate::module::{ConstOp, Import, Item, Module, ValType};
use crate::plan::Plan;

/// Where the things are that a description refers to.
pub trait Resolve {
    /// Something that code can refer to as well.
    fn reference(&mut self, reference: Reference) -> Place;
    /// [`ABI_SYMBOL`](wasmaot_abi::symbols::ABI_SYMBOL).
    fn abi(&mut self) -> Place;
    /// A function of WASI.
    fn wasi(&mut self, function: WasiFunction) -> Place;
    /// The bytes of an image, by its place in the plan.
    fn image(&mut self, index: usize) -> Place;
}

/// One of the two descriptions, under construction.
pub struct Description<'a> {
    module: &'a Module<'a>,
    plan: &'a Plan,
    /// What the loader relocates. The root is at its start.
    pub relocated: Blob,
    /// What is constant.
    pub constant: Blob,
    relocated_symbol: SymbolId,
    constant_symbol: SymbolId,
}

impl<'a> Description<'a> {
    /// An empty one, in sections that go by these symbols.
    pub fn new(
        module: &'a Module<'a>,
        plan: &'a Plan,
        relocated_symbol: SymbolId,
        constant_symbol: SymbolId,
    ) -> Self {
        Self {
            module,
            plan,
            relocated: Blob::default(),
            constant: Blob::default(),
            relocated_symbol,
            constant_symbol,
        }
    }

    /// Fills in the `VmModule`.
    pub fn module(&mut self, resolve: &mut dyn Resolve) {
        let (module, plan) = (self.module, self.plan);
        let root = self.relocated.reserve::<VmModule>(1);
        self.relocated.address(root + offset_of!(VmModule, abi), resolve.abi());
        self.string(root + offset_of!(VmModule, name), &plan.name);
        self.layout(root + offset_of!(VmModule, layout));
        let flags = [
            (plan.traps == TrapStyle::Explicit, MODULE_EXPLICIT_CHECKS),
            (plan.fuel, MODULE_FUEL),
            (plan.epochs, MODULE_EPOCHS),
        ];
        let flags = flags.iter().filter(|(on, _)| *on).fold(0, |flags, (_, flag)| flags | flag);
        self.relocated.u32(root + offset_of!(VmModule, flags), flags);
        let space = root + offset_of!(VmModule, memory_space);
        self.relocated.u64(space + offset_of!(Space, reservation), plan.space.reservation);
        self.relocated.u64(space + offset_of!(Space, guard), plan.space.guard);
        let address = plan.context_address.unwrap_or_default();
        self.relocated.u64(root + offset_of!(VmModule, context_address), address.into());
        let first = plan.memories.values().nth(module.imported_memories as usize);
        let address = first.and_then(|memory| memory.address).unwrap_or_default();
        self.relocated.u64(root + offset_of!(VmModule, memory_address), address.into());

        self.array::<VmImport, _>(
            root + offset_of!(VmModule, imports),
            module.imports.iter().enumerate(),
            |this, at, (place, import)| this.import(at, place, import, resolve),
        );
        self.array::<*const VmFuncType, _>(
            root + offset_of!(VmModule, types),
            plan.callable.iter(),
            |this, at, &sig| {
                this.relocated.address(at, resolve.reference(Reference::FuncType(sig)));
            },
        );
        self.array::<VmExternType, _>(
            root + offset_of!(VmModule, tables),
            module.tables.keys().skip(module.imported_tables as usize),
            |this, at, table| this.extern_type(at, Item::Table(table), resolve),
        );
        self.array::<VmExternType, _>(
            root + offset_of!(VmModule, memories),
            module.memories.keys().skip(module.imported_memories as usize),
            |this, at, memory| this.extern_type(at, Item::Memory(memory), resolve),
        );
        self.array::<VmExternType, _>(
            root + offset_of!(VmModule, globals),
            module.globals.keys().skip(module.imported_globals as usize),
            |this, at, global| this.extern_type(at, Item::Global(global), resolve),
        );
        self.array::<VmFuncRefInit, _>(
            root + offset_of!(VmModule, func_refs),
            plan.func_refs.values(),
            |this, at, &func| {
                let code = resolve.reference(Reference::Func(FuncKey::Body(func)));
                let ty = resolve.reference(Reference::FuncType(module.functions[func].sig));
                this.relocated.address(at + offset_of!(VmFuncRefInit, wasm_call), code);
                this.relocated.address(at + offset_of!(VmFuncRefInit, ty), ty);
            },
        );
        self.array::<VmSlice<u8>, _>(
            root + offset_of!(VmModule, data),
            module.data.iter(),
            |this, at, (index, segment)| {
                this.bytes(at, if plan.data[index] { segment.bytes } else { &[] });
            },
        );
        self.array::<VmElem, _>(
            root + offset_of!(VmModule, elems),
            module.elems.iter(),
            |this, at, (index, elem)| {
                let items = if plan.elems[index] { &*elem.items } else { &[] };
                this.items(at + offset_of!(VmElem, items), items);
            },
        );
        self.array::<VmImage, _>(
            root + offset_of!(VmModule, images),
            plan.images.iter().enumerate(),
            |this, at, (index, image)| {
                let memory = image.memory.as_u32() - module.imported_memories;
                let relocated = &mut this.relocated;
                relocated.u32(at + offset_of!(VmImage, memory), memory);
                relocated.u32(at + offset_of!(VmImage, mappable), image.mappable.into());
                relocated.u64(at + offset_of!(VmImage, offset), image.offset);
                let place = resolve.image(index);
                relocated.slice(at + offset_of!(VmImage, bytes), place, image.bytes.len());
            },
        );
        for (field, key, there) in [
            (offset_of!(VmModule, init), FuncKey::Init, !plan.init.is_empty()),
            (offset_of!(VmModule, start), FuncKey::Start, module.start.is_some()),
        ] {
            if there {
                self.relocated.address(root + field, resolve.reference(Reference::Func(key)));
            }
        }
    }

    /// Fills in the `VmExports`, which refers to the `VmModule` under this symbol.
    pub fn exports(&mut self, module_symbol: SymbolId, resolve: &mut dyn Resolve) {
        let (module, plan) = (self.module, self.plan);
        let root = self.relocated.reserve::<VmExports>(1);
        self.relocated.address(root + offset_of!(VmExports, module), Place(module_symbol, 0));
        self.array::<VmExport, _>(
            root + offset_of!(VmExports, exports),
            plan.exports.iter().map(|&place| &module.exports[place]),
            |this, at, export| {
                this.string(at + offset_of!(VmExport, name), export.name);
                this.extern_type(at + offset_of!(VmExport, ty), export.item, resolve);
                let (index, func_ref, code) = this.export(export.item);
                this.relocated.u32(at + offset_of!(VmExport, index), index);
                this.relocated.u32(at + offset_of!(VmExport, func_ref), func_ref);
                if let Some(code) = code {
                    let place = resolve.reference(Reference::Func(code));
                    this.relocated.address(at + offset_of!(VmExport, wasm_call), place);
                }
            },
        );
    }

    /// An export's index, function reference and code.
    fn export(&self, item: Item) -> (u32, u32, Option<FuncKey>) {
        match item {
            Item::Func(func) => {
                let func_ref = self.plan.func_ref_of.get(&func);
                let defined = !self.module.is_imported_function(func);
                (
                    func.as_u32(),
                    func_ref.map_or(NO_FUNC_REF, |func_ref| func_ref.as_u32()),
                    defined.then_some(FuncKey::Body(func)),
                )
            }
            Item::Table(table) => (table.as_u32(), NO_FUNC_REF, None),
            Item::Memory(memory) => (memory.as_u32(), NO_FUNC_REF, None),
            Item::Global(global) => (global.as_u32(), NO_FUNC_REF, None),
        }
    }

    /// Puts a slice of as many items as the iterator has, each of them by `put`.
    fn array<T, I>(
        &mut self,
        at: usize,
        items: impl Iterator<Item = I>,
        mut put: impl FnMut(&mut Self, usize, I),
    ) {
        let items: Vec<I> = items.collect();
        let start = self.relocated.reserve::<T>(items.len());
        self.relocated.slice(at, Place(self.relocated_symbol, start), items.len());
        for (index, item) in items.into_iter().enumerate() {
            put(self, start + index * size_of::<T>(), item);
        }
    }

    fn bytes(&mut self, at: usize, bytes: &[u8]) {
        let start = self.constant.append(bytes);
        self.relocated.slice(at, Place(self.constant_symbol, start), bytes.len());
    }

    fn string(&mut self, at: usize, string: &str) {
        self.bytes(at, string.as_bytes());
    }

    fn items(&mut self, at: usize, items: &[ConstOp]) {
        let start = self.constant.reserve::<u32>(items.len());
        for (index, item) in items.iter().enumerate() {
            let item = self.item(*item).encode();
            self.constant.u32(start + index * size_of::<u32>(), item);
        }
        self.relocated.slice(at, Place(self.constant_symbol, start), items.len());
    }

    fn item(&self, item: ConstOp) -> ElemItem {
        match item {
            ConstOp::RefFunc(func) if self.module.is_imported_function(func) => {
                ElemItem::ImportedFunction(func.as_u32())
            }
            ConstOp::RefFunc(func) => match self.plan.func_ref_of.get(&func) {
                Some(func_ref) => ElemItem::FuncRef(func_ref.as_u32()),
                // Nobody will see it.
                None => ElemItem::Null,
            },
            ConstOp::GlobalGet(global) => ElemItem::Global(global.as_u32()),
            _ => ElemItem::Null,
        }
    }

    fn layout(&mut self, at: usize) {
        let layout = &self.plan.layout;
        for (field, value) in [
            (offset_of!(Layout, imported_memories), layout.imported_memories),
            (offset_of!(Layout, memories), layout.memories),
            (offset_of!(Layout, imported_globals), layout.imported_globals),
            (offset_of!(Layout, globals), layout.globals),
            (offset_of!(Layout, imported_tables), layout.imported_tables),
            (offset_of!(Layout, tables), layout.tables),
            (offset_of!(Layout, imported_functions), layout.imported_functions),
            (offset_of!(Layout, func_refs), layout.func_refs),
            (offset_of!(Layout, size), layout.size),
        ] {
            self.relocated.u32(at + field, value);
        }
    }

    fn import(&mut self, at: usize, place: usize, import: &Import<'_>, resolve: &mut dyn Resolve) {
        self.string(at + offset_of!(VmImport, module), import.module);
        self.string(at + offset_of!(VmImport, name), import.name);
        self.extern_type(at + offset_of!(VmImport, ty), import.item, resolve);
        if let Some(&function) = self.plan.wasi.get(&place) {
            let provided = resolve.wasi(function);
            self.relocated.address(at + offset_of!(VmImport, provided), provided);
        }
    }

    fn extern_type(&mut self, at: usize, item: Item, resolve: &mut dyn Resolve) {
        let module = self.module;
        let relocated = &mut self.relocated;
        let mut limits = |min: u64, max: Option<u64>| {
            relocated.u64(at + offset_of!(VmExternType, min), min);
            relocated.u64(at + offset_of!(VmExternType, max), max.unwrap_or(0));
            relocated.u8(at + offset_of!(VmExternType, has_max), max.is_some().into());
        };
        let kind = match item {
            Item::Func(func) => {
                let ty = resolve.reference(Reference::FuncType(module.functions[func].sig));
                relocated.address(at + offset_of!(VmExternType, func), ty);
                ExternKind::Func
            }
            Item::Table(table) => {
                let ty = &module.tables[table];
                // What a constant one holds is no part of instances.
                let constant = self.plan.constant_tables.contains_key(&table);
                limits(if constant { 0 } else { ty.min }, ty.max);
                relocated.u8(at + offset_of!(VmExternType, index64), ty.index64.into());
                let at = at + offset_of!(VmExternType, value);
                val_type(relocated, at, ValType::Ref(ty.element), resolve);
                ExternKind::Table
            }
            Item::Memory(memory) => {
                let ty = &module.memories[memory];
                limits(ty.min, ty.max);
                relocated.u8(at + offset_of!(VmExternType, index64), ty.index64.into());
                relocated.u8(at + offset_of!(VmExternType, shared), ty.shared.into());
                relocated.u8(at + offset_of!(VmExternType, page_size_log2), ty.page_size_log2);
                ExternKind::Memory
            }
            Item::Global(global) => {
                let ty = &module.globals[global];
                relocated.u8(at + offset_of!(VmExternType, mutable), ty.mutable.into());
                val_type(relocated, at + offset_of!(VmExternType, value), ty.value, resolve);
                ExternKind::Global
            }
        };
        relocated.u8(at + offset_of!(VmExternType, kind), kind as u8);
    }
}

/// Puts a `VmValType`.
fn val_type(blob: &mut Blob, at: usize, ty: ValType, resolve: &mut dyn Resolve) {
    blob.u8(at + offset_of!(VmValType, kind), ty.kind() as u8);
    let nullable = ty.as_ref().is_some_and(|ty| ty.nullable);
    blob.u8(at + offset_of!(VmValType, nullable), nullable.into());
    if let Some(sig) = ty.concrete() {
        let func = resolve.reference(Reference::FuncType(sig));
        blob.address(at + offset_of!(VmValType, func), func);
    }
}

/// A `VmFuncType`, in a section that goes by this symbol.
pub fn func_type(
    module: &Module<'_>,
    sig: SigIndex,
    symbol: SymbolId,
    resolve: &mut dyn Resolve,
) -> Blob {
    let (ty, name) = (&module.signatures[sig], &module.signature_names[sig]);
    let mut blob = Blob::default();
    let root = blob.reserve::<VmFuncType>(1);
    for (field, key) in [
        (offset_of!(VmFuncType, enter), FuncKey::Enter(sig)),
        (offset_of!(VmFuncType, exit_native), FuncKey::ExitNative(sig)),
        (offset_of!(VmFuncType, exit_array), FuncKey::ExitArray(sig)),
    ] {
        blob.address(root + field, resolve.reference(Reference::Func(key)));
    }
    blob.u32(root + offset_of!(VmFuncType, params), ty.params.len() as u32);
    blob.u32(root + offset_of!(VmFuncType, results), ty.results.len() as u32);
    // Directly behind the head: the runtime finds them there.
    let types = blob.reserve::<VmValType>(ty.params.len() + ty.results.len());
    for (index, &ty) in ty.params.iter().chain(&ty.results).enumerate() {
        val_type(&mut blob, types + index * size_of::<VmValType>(), ty, resolve);
    }
    let text = blob.append(name.as_bytes());
    blob.slice(root + offset_of!(VmFuncType, name), Place(symbol, text), name.len());
    blob
}
