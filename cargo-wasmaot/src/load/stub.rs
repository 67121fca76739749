//! The object that stands in for the runtime when guests are linked into a library that this
//! very program loads: it defines every symbol that compiled code wants of the runtime.
//!
//! The runtime is inside the program, whose symbols nobody exports (that would take
//! `-rdynamic`). So each builtin here is a jump through a table, and the loader fills the table
//! with the addresses once the library is there. To support another machine, add its
//! `Machine`.

use anyhow::{Context, Result, bail};
use object::write::{Object, Relocation, StandardSection, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope, elf,
};
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::symbols;

/// The symbol of the table: an address per builtin, in the order of [`Builtin::ALL`].
pub const TABLE: &str = "wasmaot_loader_builtins";

/// How to jump through the table on a kind of machine.
struct Machine {
    architecture: Architecture,
    /// The code of one jump.
    jump: &'static [u8],
    /// What in it depends on where the entry is: place, relocation, addend.
    relocations: &'static [(u64, RelocationFlags, i64)],
    /// Where the return address and the caller's frame are while it runs: the column of the
    /// return address, then instructions for the unwinder.
    unwind: (u8, &'static [u8]),
    /// A distance in 32 bits.
    distance: RelocationFlags,
}

const X86_64: Machine = Machine {
    architecture: Architecture::X86_64,
    // jmp *entry(%rip), padded
    jump: &[0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc],
    relocations: &[(2, RelocationFlags::Elf { r_type: elf::R_X86_64_PC32 }, -4)],
    // The frame's address is rsp + 8, the return address 8 below it.
    unwind: (16, &[0x0c, 7, 8, 0x90, 1]),
    distance: RelocationFlags::Elf { r_type: elf::R_X86_64_PC32 },
};

const AARCH64: Machine = Machine {
    architecture: Architecture::Aarch64,
    // adrp x16, entry; ldr x16, [x16, :lo12:entry]; br x16; udf
    jump: &[0x10, 0, 0, 0x90, 0x10, 0x02, 0x40, 0xf9, 0x00, 0x02, 0x1f, 0xd6, 0, 0, 0, 0],
    relocations: &[
        (0, RelocationFlags::Elf { r_type: elf::R_AARCH64_ADR_PREL_PG_HI21 }, 0),
        (4, RelocationFlags::Elf { r_type: elf::R_AARCH64_LDST64_ABS_LO12_NC }, 0),
    ],
    // The frame's address is sp, the return address in its register.
    unwind: (30, &[0x0c, 31, 0]),
    distance: RelocationFlags::Elf { r_type: elf::R_AARCH64_PREL32 },
};

/// Writes the object for the machine that this program runs on.
///
/// # Errors
/// If there is no stub for this machine.
pub fn object() -> Result<Vec<u8>> {
    match std::env::consts::ARCH {
        "x86_64" => write(&X86_64),
        "aarch64" => write(&AARCH64),
        other => bail!("compiled guests cannot be loaded on {other}: use x86_64 or aarch64"),
    }
}

fn write(machine: &Machine) -> Result<Vec<u8>> {
    let mut out = Object::new(BinaryFormat::Elf, machine.architecture, Endianness::Little);
    // No executable stack.
    out.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);

    let bss = out.section_id(StandardSection::UninitializedData);
    let table_size = 8 * Builtin::ALL.len() as u64;
    let table = out.append_section_bss(bss, table_size, 8);
    out.add_symbol(Symbol {
        value: table,
        size: table_size,
        ..symbol(TABLE, SymbolKind::Data, SymbolScope::Dynamic, bss)
    });
    // Jumps go through the section's own symbol: the table's could be another library's.
    let entries = out.section_symbol(bss);

    let text = out.section_id(StandardSection::Text);
    for (index, builtin) in Builtin::ALL.iter().enumerate() {
        let at = out.append_section_data(text, machine.jump, 16);
        let name = symbols::builtin(builtin.row().name);
        out.add_symbol(Symbol {
            value: at,
            size: machine.jump.len() as u64,
            ..symbol(&name, SymbolKind::Text, SymbolScope::Linkage, text)
        });
        for &(place, flags, addend) in machine.relocations {
            let entry = table as i64 + 8 * index as i64;
            let relocation =
                Relocation { offset: at + place, symbol: entries, addend: entry + addend, flags };
            out.add_relocation(text, relocation).context("cannot write the stub object")?;
        }
    }

    // Debuggers find their way through the jumps, and there is a table of unwind entries, which
    // the runtime asks for, also if the guests have no code.
    let size = out.section(text).data().len() as u32;
    let (bytes, start) = unwind(machine, size);
    let frames = out.section_id(StandardSection::EhFrame);
    let at = out.append_section_data(frames, &bytes, 8);
    let symbol_of_text = out.section_symbol(text);
    let relocation = Relocation {
        offset: at + start,
        symbol: symbol_of_text,
        addend: 0,
        flags: machine.distance,
    };
    out.add_relocation(frames, relocation).context("cannot write the stub object")?;

    let rodata = out.section_id(StandardSection::ReadOnlyData);
    let abi = out.append_section_data(rodata, &[0; 8], 8);
    out.add_symbol(Symbol {
        value: abi,
        size: 8,
        ..symbol(symbols::ABI_SYMBOL, SymbolKind::Data, SymbolScope::Linkage, rodata)
    });
    out.write().context("cannot write the stub object")
}

/// The unwind entry for code of this size, and where in it the code's address goes.
fn unwind(machine: &Machine, size: u32) -> (Vec<u8>, u64) {
    const PC_RELATIVE: u8 = 0x1b;
    let (return_address, rules) = machine.unwind;
    let mut common = vec![0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, return_address, 1, PC_RELATIVE];
    common.extend_from_slice(rules);
    let mut out = with_length(common);
    let back = out.len() as u32 + 4;
    let start = u64::from(back) + 4;
    let mut entry = back.to_le_bytes().to_vec();
    entry.extend_from_slice(&[0; 4]);
    entry.extend_from_slice(&size.to_le_bytes());
    entry.push(0);
    out.extend(with_length(entry));
    (out, start)
}

/// Pads an entry with instructions that do nothing, and puts its length before it.
fn with_length(mut entry: Vec<u8>) -> Vec<u8> {
    while !(entry.len() + 4).is_multiple_of(8) {
        entry.push(0);
    }
    let mut out = (entry.len() as u32).to_le_bytes().to_vec();
    out.extend(entry);
    out
}

fn symbol(
    name: &str,
    kind: SymbolKind,
    scope: SymbolScope,
    section: object::write::SectionId,
) -> Symbol {
    Symbol {
        name: name.into(),
        value: 0,
        size: 0,
        kind,
        scope,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    }
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSymbol as _};

    use super::*;

    #[test]
    fn every_builtin_is_defined_on_every_machine() {
        for machine in [&X86_64, &AARCH64] {
            let bytes = write(machine).unwrap();
            let file = object::File::parse(&*bytes).unwrap();
            let defined =
                |name: &str| file.symbol_by_name(name).is_some_and(|symbol| symbol.is_definition());
            for builtin in Builtin::ALL {
                assert!(defined(&symbols::builtin(builtin.row().name)));
            }
            assert!(defined(symbols::ABI_SYMBOL) && defined(TABLE));
            assert!(file.symbols().all(|symbol| !symbol.is_undefined()));
        }
    }
}
