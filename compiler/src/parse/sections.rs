//! From validated sections to a [`Module`]. The validator has passed everything here, so that
//! an error can only mean that it knows more of the language than this file: it is reported as
//! something unsupported.

use std::collections::HashMap;

use cranelift_entity::EntityRef;
use sha2::{Digest, Sha256};
use wasmaot_abi::symbols;
use wasmparser::{
    CompositeInnerType, ElementItems, ElementKind, ExternalKind, FunctionBody, KnownCustom, Name,
    Payload, TypeRef,
};

use super::scan::{Features, Scan};
use super::types;
use super::{const_expr, hints};
use crate::error::{Error, Result};
use crate::index::*;
use crate::module::*;

/// What the reader says of something that the validator has read before.
pub fn unexpected(error: wasmparser::Error) -> Error {
    Error::Invalid { offset: error.offset() as usize, message: error.message().into() }
}

/// Reads all but the bodies.
pub fn outside(payloads: Vec<Payload<'_>>) -> Result<Builder<'_>> {
    let mut builder = Builder::default();
    for payload in payloads {
        builder.section(payload)?;
    }
    Ok(builder)
}

/// A module in the making.
#[derive(Default)]
pub struct Builder<'a> {
    /// As far as it is known.
    pub module: Module<'a>,
    /// The signatures by their names.
    sigs: HashMap<String, SigIndex>,
    features: Features,
    hints: hints::Hints,
}

impl<'a> Builder<'a> {
    fn section(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(reader) => each(reader, |_, group| self.ty(group)),
            Payload::ImportSection(reader) => {
                for import in reader.into_imports_with_offsets() {
                    let (offset, import) = import.map_err(unexpected)?;
                    self.import(offset as usize, import)?;
                }
                Ok(())
            }
            Payload::FunctionSection(reader) => each(reader, |_, ty| {
                let sig = self.module.types[TypeIndex::from_u32(ty)];
                self.module.functions.push(Function { sig, body: None });
                Ok(())
            }),
            Payload::TableSection(reader) => each(reader, |offset, table| {
                let ty = self.table_type(offset, table.ty)?;
                self.module.tables.push(ty);
                let init = match &table.init {
                    wasmparser::TableInit::RefNull => None,
                    wasmparser::TableInit::Expr(init) => Some(self.const_expr(init)?),
                };
                self.module.table_inits.push(init);
                Ok(())
            }),
            Payload::MemorySection(reader) => each(reader, |_, memory| {
                let ty = self.memory_type(memory);
                self.module.memories.push(ty);
                Ok(())
            }),
            Payload::GlobalSection(reader) => each(reader, |offset, global| {
                let ty = self.global_type(offset, global.ty)?;
                self.module.globals.push(ty);
                let init = self.const_expr(&global.init_expr)?;
                self.module.global_inits.push(init);
                Ok(())
            }),
            Payload::ExportSection(reader) => each(reader, |offset, export| {
                let index = export.index as usize;
                let item = match export.kind {
                    ExternalKind::Func => Item::Func(FuncIndex::new(index)),
                    ExternalKind::Table => Item::Table(TableIndex::new(index)),
                    ExternalKind::Memory => Item::Memory(MemoryIndex::new(index)),
                    ExternalKind::Global => {
                        let global = GlobalIndex::new(index);
                        let mutable = self.module.globals[global].mutable;
                        self.features.add_if(mutable, Features::MUTABLE_GLOBALS);
                        Item::Global(global)
                    }
                    other => return Err(unsupported(offset, format!("an export of {other:?}"))),
                };
                self.module.exports.push(Export { name: export.name, item });
                Ok(())
            }),
            Payload::StartSection { func, .. } => {
                self.module.start = Some(FuncIndex::from_u32(func));
                Ok(())
            }
            Payload::ElementSection(reader) => each(reader, |offset, elem| self.elem(offset, elem)),
            Payload::DataCountSection { .. } => {
                self.features.add(Features::BULK_MEMORY);
                Ok(())
            }
            Payload::DataSection(reader) => each(reader, |_, data| self.data(data)),
            Payload::CustomSection(reader) => {
                self.module.custom_sections.push((reader.name(), reader.data()));
                match reader.as_known() {
                    KnownCustom::Name(names) => self.names(names),
                    KnownCustom::BranchHints(section) => {
                        if let Ok(hints) = hints::read(section) {
                            self.hints = hints;
                        }
                    }
                    _ => {}
                }
                Ok(())
            }
            Payload::CodeSectionStart { unchecked_range: range, .. } => {
                self.module.code_start = range.start as usize;
                Ok(())
            }
            Payload::Version { .. } | Payload::End(_) => Ok(()),
            other => Err(unsupported(0, format!("{other:?}"))),
        }
    }

    fn ty(&mut self, group: wasmparser::RecGroup) -> Result<()> {
        for (offset, ty) in group.into_types_and_offsets() {
            let offset = offset as usize;
            let CompositeInnerType::Func(func) = ty.composite_type.inner else {
                return Err(unsupported(offset, "a type other than a function type".into()));
            };
            let types = |types: &[wasmparser::ValType]| {
                types.iter().map(|&ty| self.val_type(offset, ty)).collect::<Result<Vec<_>>>()
            };
            let ty = FuncType { params: types(func.params())?, results: types(func.results())? };
            self.features.add_if(ty.results.len() > 1, Features::MULTI_VALUE);
            for &ty in ty.params.iter().chain(&ty.results) {
                self.value_features(ty);
            }
            let sig = self.signature(ty);
            self.module.types.push(sig);
        }
        Ok(())
    }

    /// The signature that is this type, be it new or known.
    fn signature(&mut self, ty: FuncType) -> SigIndex {
        let Module { signatures, signature_names, .. } = &mut self.module;
        let value = |ty: &ValType| {
            let nullable = ty.as_ref().is_none_or(|ty| ty.nullable);
            (ty.kind(), nullable, ty.concrete().map(|sig| &*signature_names[sig]))
        };
        let mut name =
            symbols::type_name(ty.params.iter().map(value), ty.results.iter().map(value));
        if name.len() > symbols::LONGEST_TYPE_NAME {
            name = format!("h{:x}", Sha256::digest(name));
        }
        *self.sigs.entry(name).or_insert_with_key(|name| {
            signature_names.push(name.clone());
            signatures.push(ty)
        })
    }

    fn value_features(&mut self, ty: ValType) {
        self.features.add_if(ty == ValType::V128, Features::SIMD);
        if let ValType::Ref(ty) = ty {
            self.features.add(Features::REFERENCE_TYPES);
            let typed = !ty.nullable || ty.concrete().is_some();
            self.features.add_if(typed, Features::FUNCTION_REFERENCES);
        }
    }

    fn val_type(&self, offset: usize, ty: wasmparser::ValType) -> Result<ValType> {
        types::val_type(&self.module.types, ty)
            .ok_or_else(|| unsupported(offset, format!("the type {ty}")))
    }

    fn ref_type(&self, offset: usize, ty: wasmparser::RefType) -> Result<RefType> {
        types::ref_type(&self.module.types, ty)
            .ok_or_else(|| unsupported(offset, format!("the type {ty}")))
    }

    fn import(&mut self, offset: usize, import: wasmparser::Import<'a>) -> Result<()> {
        let item = match import.ty {
            TypeRef::Func(ty) => {
                self.module.imported_functions += 1;
                let sig = self.module.types[TypeIndex::from_u32(ty)];
                Item::Func(self.module.functions.push(Function { sig, body: None }))
            }
            TypeRef::Table(ty) => {
                self.module.imported_tables += 1;
                let ty = self.table_type(offset, ty)?;
                Item::Table(self.module.tables.push(ty))
            }
            TypeRef::Memory(ty) => {
                self.module.imported_memories += 1;
                let ty = self.memory_type(ty);
                Item::Memory(self.module.memories.push(ty))
            }
            TypeRef::Global(ty) => {
                self.module.imported_globals += 1;
                let ty = self.global_type(offset, ty)?;
                self.features.add_if(ty.mutable, Features::MUTABLE_GLOBALS);
                Item::Global(self.module.globals.push(ty))
            }
            other => return Err(unsupported(offset, format!("an import of {other:?}"))),
        };
        let (module, name) = (import.module, import.name);
        self.module.imports.push(Import { module, name, item, offset });
        Ok(())
    }

    fn table_type(&mut self, offset: usize, ty: wasmparser::TableType) -> Result<TableType> {
        let element = self.ref_type(offset, ty.element_type)?;
        if element != RefType::FUNCREF || !self.module.tables.is_empty() {
            self.value_features(ValType::Ref(element));
        }
        self.features.add_if(ty.table64, Features::MEMORY64);
        Ok(TableType { element, min: ty.initial, max: ty.maximum, index64: ty.table64 })
    }

    fn global_type(&mut self, offset: usize, ty: wasmparser::GlobalType) -> Result<GlobalType> {
        let value = self.val_type(offset, ty.content_type)?;
        self.value_features(value);
        Ok(GlobalType { value, mutable: ty.mutable })
    }

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> MemoryType {
        self.features.add_if(!self.module.memories.is_empty(), Features::MULTI_MEMORY);
        self.features.add_if(ty.memory64, Features::MEMORY64);
        self.features.add_if(ty.shared, Features::THREADS);
        self.features.add_if(ty.page_size_log2.is_some(), Features::CUSTOM_PAGE_SIZES);
        MemoryType {
            min: ty.initial,
            max: ty.maximum,
            index64: ty.memory64,
            shared: ty.shared,
            // The validator lets no other pass than 0 and 16.
            page_size_log2: ty.page_size_log2.unwrap_or(16) as u8,
        }
    }

    fn const_expr(&mut self, expr: &wasmparser::ConstExpr<'a>) -> Result<ConstExpr> {
        // A constant and the end take less than that, arithmetic more instructions.
        let ops = expr.get_operators_reader().into_iter().take(3).count();
        self.features.add_if(ops > 2, Features::EXTENDED_CONST);
        const_expr::read(expr)
    }

    fn elem(&mut self, offset: usize, elem: wasmparser::Element<'a>) -> Result<()> {
        let mode = match elem.kind {
            ElementKind::Passive => ElemMode::Passive,
            ElementKind::Declared => ElemMode::Declared,
            ElementKind::Active { table_index, offset_expr } => ElemMode::Active(
                TableIndex::from_u32(table_index.unwrap_or(0)),
                self.const_expr(&offset_expr)?,
            ),
        };
        let declared = matches!(mode, ElemMode::Declared);
        self.features.add_if(declared, Features::REFERENCE_TYPES);
        self.features.add_if(matches!(mode, ElemMode::Passive), Features::BULK_MEMORY);
        let mut items = Vec::new();
        let element = match elem.items {
            ElementItems::Functions(reader) => {
                each(reader, |_, func| {
                    items.push(ConstOp::RefFunc(FuncIndex::from_u32(func)));
                    Ok(())
                })?;
                RefType::FUNCREF
            }
            ElementItems::Expressions(ty, reader) => {
                self.features.add(Features::REFERENCE_TYPES);
                each(reader, |offset, expr| match const_expr::read(&expr)?[..] {
                    [item] => {
                        items.push(item);
                        Ok(())
                    }
                    _ => Err(unsupported(offset, "a computed item of an element segment".into())),
                })?;
                self.ref_type(offset, ty)?
            }
        };
        self.module.elems.push(ElemSegment { element, mode, items });
        Ok(())
    }

    fn data(&mut self, data: wasmparser::Data<'a>) -> Result<()> {
        let active = match data.kind {
            wasmparser::DataKind::Passive => {
                self.features.add(Features::BULK_MEMORY);
                None
            }
            wasmparser::DataKind::Active { memory_index, offset_expr } => {
                Some((MemoryIndex::from_u32(memory_index), self.const_expr(&offset_expr)?))
            }
        };
        self.module.data.push(DataSegment { active, bytes: data.data });
        Ok(())
    }

    /// Reads what can be read; a malformed custom section is no error (spec, appendix A.4).
    fn names(&mut self, names: wasmparser::NameSectionReader<'a>) {
        for name in names.into_iter().map_while(|name| name.ok()) {
            match name {
                Name::Module { name, .. } => self.module.name = Some(name),
                Name::Function(names) => {
                    let names = names.map_while(|naming| naming.ok());
                    // The largest number of all is no index to us, and none of a function.
                    for naming in names.filter(|naming| naming.index < u32::MAX) {
                        let func = FuncIndex::from_u32(naming.index);
                        self.module.function_names.entry(func).or_insert(naming.name);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds the bodies, of which this has been found.
    pub fn bodies(
        &mut self,
        bodies: impl Iterator<Item = FunctionBody<'a>>,
        scans: impl Iterator<Item = Scan>,
    ) {
        let imported = self.module.imported_functions as usize;
        for (index, (body, scan)) in bodies.zip(scans).enumerate() {
            let func = FuncIndex::new(imported + index);
            let Scan { uses, loop_depth, loops, names, tail_calls, returns, features } = scan;
            self.features.add(features);
            let (bytes, offset) = (body.as_bytes(), body.range().start as usize);
            let hints = hints::of_body(self.hints.remove(&func).unwrap_or_default(), offset);
            self.features.add_if(!hints.is_empty(), Features::BRANCH_HINTING);
            self.module.functions[func].body = Some(Body {
                bytes,
                offset,
                loop_depth,
                loops,
                uses,
                names,
                tail_calls,
                returns,
                hints,
            });
        }
    }

    /// The module.
    pub fn finish(self) -> Module<'a> {
        let mut module = self.module;
        let functions = &module.functions;
        module.function_names.retain(|&func, _| functions.is_valid(func));
        module.features = self.features.names();
        module
    }
}

/// Calls `f` with the offset and the value of each item of a section.
fn each<'a, T: wasmparser::FromReader<'a>>(
    reader: wasmparser::SectionLimited<'a, T>,
    mut f: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    for item in reader.into_iter_with_offsets() {
        let (offset, item) = item.map_err(unexpected)?;
        f(offset as usize, item)?;
    }
    Ok(())
}

fn unsupported(offset: usize, what: String) -> Error {
    Error::Unsupported { offset, feature: what, help: "not supported yet".into() }
}
