//! A thin layer over the object writer: sections by what they are for, the three bindings that
//! our symbols have, and the one thing the writer has no words for (the section that a section
//! with `SHF_LINK_ORDER` belongs to).

use object::write::{
    Comdat, Object, Relocation, RelocationFlags, SectionId, Symbol, SymbolId, SymbolSection,
};
use object::{
    BinaryFormat, ComdatKind, Endianness, SectionFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
};
use target_lexicon::Architecture;

use super::blob::{Blob, Place};
use super::relocation::{self, Kind};
use crate::error::{Error, Result};

/// What a section is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Machine code.
    Code,
    /// Constants.
    Constant,
    /// Constants with addresses in them, which the loader may have to relocate.
    Relocated,
    /// Constants about the code in another section, with which they live and die.
    About(Section),
    /// For tools; not part of the program.
    Tool,
    /// For tools that read objects; linkers drop it.
    Excluded,
}

/// How a symbol is seen from outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Not at all.
    Local,
    /// By everybody.
    Global,
    /// By what is linked with it; of several definitions one is taken.
    Merged,
}

/// A section.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Section {
    id: SectionId,
    /// The place in [`Writer::sections`].
    order: usize,
}

struct State {
    relocated: bool,
    about: Option<Section>,
}

/// An object file under construction.
pub struct Writer {
    object: Object<'static>,
    architecture: Architecture,
    sections: Vec<State>,
    groups: usize,
}

impl Writer {
    /// An empty one.
    pub fn new(architecture: Architecture) -> Self {
        let machine = match architecture {
            Architecture::X86_64 => object::Architecture::X86_64,
            _ => object::Architecture::Aarch64,
        };
        let object = Object::new(BinaryFormat::Elf, machine, Endianness::Little);
        Self { object, architecture, sections: Vec::new(), groups: 0 }
    }

    /// Adds a section. `merged` says that it is in a group.
    pub fn section(
        &mut self,
        name: &str,
        purpose: Purpose,
        merged: bool,
        data: Vec<u8>,
        align: u64,
    ) -> Section {
        let (kind, mut flags) = match purpose {
            Purpose::Code => (SectionKind::Text, elf::SHF_ALLOC | elf::SHF_EXECINSTR),
            Purpose::Constant => (SectionKind::ReadOnlyData, elf::SHF_ALLOC),
            Purpose::Relocated => {
                (SectionKind::ReadOnlyDataWithRel, elf::SHF_ALLOC | elf::SHF_WRITE)
            }
            Purpose::About(_) => (SectionKind::ReadOnlyData, elf::SHF_ALLOC | elf::SHF_LINK_ORDER),
            Purpose::Tool => (SectionKind::Other, elf::SectionFlags(0)),
            Purpose::Excluded => (SectionKind::Other, elf::SHF_EXCLUDE),
        };
        if merged {
            flags |= elf::SHF_GROUP;
        }
        // A segment, which these files do not have, keeps `object` from comparing the section with all that it knows
        // to be called for: comparing two empty names costs hundreds of cycles where neither has an address.
        let id = self.object.add_section(b"none".into(), name.into(), kind);
        *self.object.section_flags_mut(id) =
            SectionFlags::Elf { sh_type: elf::SHT_PROGBITS, sh_flags: flags };
        self.object.set_section_data(id, data, align);
        let about = match purpose {
            Purpose::About(section) => Some(section),
            _ => None,
        };
        let order = self.sections.len();
        self.sections.push(State { relocated: false, about });
        Section { id, order }
    }

    /// The symbol that stands for a section's start.
    pub fn start_of(&mut self, section: Section) -> SymbolId {
        self.object.section_symbol(section.id)
    }

    /// Says how large the thing is that a symbol names.
    pub fn resize(&mut self, symbol: SymbolId, size: usize) {
        self.object.symbol_mut(symbol).size = size as u64;
    }

    /// Defines a symbol so many bytes behind a section's start.
    pub fn define(
        &mut self,
        name: String,
        binding: Binding,
        kind: SymbolKind,
        section: Section,
        at: usize,
        size: usize,
    ) -> SymbolId {
        let scope = match binding {
            Binding::Local => SymbolScope::Compilation,
            Binding::Global => SymbolScope::Dynamic,
            Binding::Merged => SymbolScope::Linkage,
        };
        self.object.add_symbol(Symbol {
            name: name.into_bytes(),
            value: at as u64,
            size: size as u64,
            kind,
            scope,
            weak: binding == Binding::Merged,
            section: SymbolSection::Section(section.id),
            flags: SymbolFlags::None,
        })
    }

    /// Declares a symbol that is defined elsewhere in what is linked. Being hidden, it can neither be
    /// missing from a shared library, nor be taken from another that is loaded.
    pub fn undefined(&mut self, name: String) -> SymbolId {
        self.object.add_symbol(Symbol {
            name: name.into_bytes(),
            value: 0,
            size: 0,
            kind: SymbolKind::Unknown,
            scope: SymbolScope::Linkage,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        })
    }

    /// Names the file that the object was made of. A NUL byte, which a symbol cannot hold, shows
    /// as U+2400.
    pub fn file(&mut self, name: &str) {
        self.object.add_file_symbol(name.replace('\0', "\u{2400}").into());
    }

    /// Makes sections live and die together, and only one of the groups of this name live.
    pub fn group(&mut self, symbol: SymbolId, sections: &[Section]) {
        self.groups += 1;
        let sections = sections.iter().map(|section| section.id).collect();
        self.object.add_comdat(Comdat { kind: ComdatKind::Any, symbol, sections });
    }

    /// Has the linker put the address of something, or a distance to it, into a section.
    pub fn relocate(
        &mut self,
        section: Section,
        at: usize,
        kind: Kind,
        symbol: SymbolId,
        addend: i64,
    ) -> Result<()> {
        let flags = relocation::data(self.architecture, kind);
        self.relocate_as(section, at, flags, symbol, addend)
    }

    /// As [`relocate`](Self::relocate), for any kind there is.
    pub fn relocate_as(
        &mut self,
        section: Section,
        at: usize,
        flags: RelocationFlags,
        symbol: SymbolId,
        addend: i64,
    ) -> Result<()> {
        self.sections[section.order].relocated = true;
        let relocation = Relocation { offset: at as u64, symbol, addend, flags };
        self.object.add_relocation(section.id, relocation).map_err(|error| failed(&error))
    }

    /// Fills a section.
    pub fn fill(&mut self, section: Section, blob: Blob, align: u64) -> Result<()> {
        self.object.set_section_data(section.id, blob.bytes, align);
        for address in blob.addresses {
            let Place(symbol, addend) = address.of;
            self.relocate(section, address.at, Kind::Address, symbol, addend as i64)?;
        }
        Ok(())
    }

    /// The file.
    pub fn finish(self) -> Result<Vec<u8>> {
        let mut bytes = self.object.write().map_err(|error| failed(&error))?;
        // The writer numbers the groups, then the sections, each relocated one's relocations
        // right behind it.
        let mut indices = Vec::with_capacity(self.sections.len());
        let mut next = 1 + self.groups;
        for section in &self.sections {
            indices.push(next);
            next += 1 + usize::from(section.relocated);
        }
        for (order, section) in self.sections.iter().enumerate() {
            if let Some(about) = section.about {
                set_link(&mut bytes, indices[order], indices[about.order]);
            }
        }
        Ok(bytes)
    }
}

/// Sets the `sh_link` of a section's header.
fn set_link(bytes: &mut [u8], section: usize, link: usize) {
    type Header = elf::SectionHeader64<Endianness>;
    const HEADERS: usize = std::mem::offset_of!(elf::FileHeader64<Endianness>, e_shoff);
    const LINK: usize = std::mem::offset_of!(Header, sh_link);
    let mut headers = [0; 8];
    headers.copy_from_slice(&bytes[HEADERS..HEADERS + 8]);
    let at = u64::from_le_bytes(headers) as usize + section * size_of::<Header>() + LINK;
    bytes[at..at + 4].copy_from_slice(&(link as u32).to_le_bytes());
}

fn failed(error: &object::write::Error) -> Error {
    Error::Codegen { function: "the object file".into(), message: error.to_string() }
}
