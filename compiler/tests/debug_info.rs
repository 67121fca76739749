//! Debug information in objects: functions by name and, where the guest says where its
//! instructions came from, source lines. Read back by gimli after a linker has been over it.

use std::borrow::Cow;
use std::process::Command;

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use wasmaot_compiler::{Config, compile};
use wasmparser::{Parser, Payload};

const GUEST: &str = r#"(module $guest
    (func $dropped (export "dropped") (param i32) (result i32) (i32.eqz (local.get 0)))
    ;; Called twice and with a loop, so that it is there.
    (func $quotient (param i32 i32) (result i32) (loop) (i32.div_s (local.get 0) (local.get 1)))
    (func (export "run") (param i32 i32) (result i32)
      (i32.add (call $in_place (local.get 1))
        (call $quotient (local.get 0) (call $quotient (local.get 0) (local.get 1)))))
    (func $in_place (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))"#;

/// Where each function's instructions start, counted from the start of the code section.
fn functions(wasm: &[u8]) -> Vec<std::ops::Range<u64>> {
    let (mut start, mut out) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::CodeSectionStart { unchecked_range, .. } => start = unchecked_range.start,
            Payload::CodeSectionEntry(body) => {
                let reader = body.get_operators_reader().unwrap();
                out.push(reader.original_position() - start..body.range().end - start);
            }
            _ => {}
        }
    }
    out
}

/// Appends custom sections with a line per function: 10, 20, …
fn with_lines(mut wasm: Vec<u8>, version: u16) -> Vec<u8> {
    let encoding = Encoding { format: Format::Dwarf32, version, address_size: 4 };
    let text = |text: &str| LineString::String(text.as_bytes().to_vec());
    let mut lines = LineProgram::new(
        encoding,
        LineEncoding::default(),
        text("/build"),
        None,
        text("guest.rs"),
        None,
    );
    let folder = lines.add_directory(text("src"));
    let file = lines.add_file(text("guest.rs"), folder, None);
    // What the guest's linker dropped.
    lines.begin_sequence(Some(Address::Constant(0)));
    lines.row().file = file;
    lines.row().line = 999;
    lines.generate_row();
    lines.end_sequence(1 << 20);
    for (index, range) in functions(&wasm).into_iter().enumerate() {
        lines.begin_sequence(Some(Address::Constant(range.start)));
        lines.row().file = file;
        lines.row().line = 10 * (index as u64 + 1);
        lines.row().column = 7;
        lines.generate_row();
        lines.end_sequence(range.end - range.start);
    }
    let mut dwarf = DwarfUnit::new(encoding);
    dwarf.unit.line_program = lines;
    let root = dwarf.unit.root();
    let name = AttributeValue::String(b"guest.rs".to_vec());
    dwarf.unit.get_mut(root).set(gimli::DW_AT_name, name);
    let folder = AttributeValue::String(b"/build".to_vec());
    dwarf.unit.get_mut(root).set(gimli::DW_AT_comp_dir, folder);
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    dwarf.write(&mut sections).unwrap();
    sections
        .for_each(|id, section| {
            append(&mut wasm, id.name(), section.slice());
            Ok::<_, ()>(())
        })
        .unwrap();
    wasm
}

fn append(wasm: &mut Vec<u8>, name: &str, contents: &[u8]) {
    let leb = |mut value: usize| {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    };
    let mut body = leb(name.len());
    body.extend(name.as_bytes());
    body.extend(contents);
    wasm.push(0);
    wasm.extend(leb(body.len()));
    wasm.extend(body);
}

fn config() -> Config {
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    config.debug_info = true;
    config
}

/// Links an object into a library that keeps `run` only, and returns it.
fn link(object: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guest.o"), object).unwrap();
    std::fs::write(
        folder.path().join("exported"),
        "{ global: wasm_guest_run_wasm_call; local: *; };",
    )
    .unwrap();
    // The rest of the entry is the runtime's.
    const REST: &str = "wasmaot_builtin_enter_int";
    let rest = format!(".globl {REST}\n{REST}: ret\n.section .note.GNU-stack\n");
    std::fs::write(folder.path().join("rest.s"), rest).unwrap();
    let mut gcc = Command::new("gcc");
    gcc.current_dir(folder.path()).args(["-shared", "guest.o", "rest.s", "-o", "guest.so"]);
    gcc.args(["-Wl,--gc-sections", "-Wl,--version-script=exported", "-Wl,--fatal-warnings"]);
    let result = gcc.output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    std::fs::read(folder.path().join("guest.so")).unwrap()
}

/// All that debug information says: functions by name with their addresses, and lines by
/// address: file, line, column.
type Said = (Vec<(String, u64)>, Vec<(u64, String, u64, u64)>);

fn read(program: &[u8]) -> Said {
    let file = object::File::parse(program).unwrap();
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, object::Error> {
        let section = file.section_by_name(id.name());
        section.map_or(Ok(Cow::default()), |section| section.uncompressed_data())
    };
    let sections = gimli::DwarfSections::load(load).unwrap();
    let dwarf = sections.borrow(|section| gimli::EndianSlice::new(section, LittleEndian));
    let (mut functions, mut lines) = (Vec::new(), Vec::new());
    let mut units = dwarf.units();
    while let Some(header) = units.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let unit = unit.unit_ref(&dwarf);
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            if entry.tag() == gimli::DW_TAG_subprogram {
                let name = entry.attr_value(gimli::DW_AT_name).unwrap();
                let name = unit.attr_string(name).unwrap().to_string_lossy().into_owned();
                let start = entry.attr_value(gimli::DW_AT_low_pc).unwrap();
                let start = unit.attr_address(start).unwrap().unwrap();
                functions.push((name, start));
            }
        }
        let Some(program) = unit.line_program.clone() else { continue };
        let mut rows = program.rows();
        while let Some((header, row)) = rows.next_row().unwrap() {
            let file = row.file(header).unwrap();
            let path = unit.attr_string(file.path_name()).unwrap().to_string_lossy().into_owned();
            let column = match row.column() {
                gimli::ColumnType::LeftEdge => 0,
                gimli::ColumnType::Column(column) => column.get(),
            };
            if !row.end_sequence() {
                lines.push((row.address(), path, row.line().map_or(0, |l| l.get()), column));
            }
        }
    }
    (functions, lines)
}

#[test]
fn functions_have_names_and_lines() {
    for version in [4, 5] {
        let wasm = with_lines(wat::parse_str(GUEST).unwrap(), version);
        let program = link(&compile(&wasm, &config()).unwrap().object);
        let file = object::File::parse(&*program).unwrap();
        let address = |name: &str| {
            let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
            symbol.unwrap_or_else(|| panic!("no symbol {name}")).address()
        };
        let (functions, lines) = read(&program);
        for (name, symbol, line) in [
            ("quotient", "wasm[guest]::function[1]::quotient", 20),
            ("run", "wasm[guest]::function[2]::run", 30),
        ] {
            let address = address(symbol);
            assert!(functions.contains(&(name.into(), address)), "{functions:x?}");
            let row = (address, "/build/src/guest.rs".into(), line, 7);
            assert!(lines.contains(&row), "version {version}: {lines:x?}");
        }
        assert!(lines.iter().all(|(_, _, line, _)| *line != 999), "{lines:x?}");
        // Code in place of a call has its own lines.
        assert!(lines.iter().any(|(at, _, line, _)| *at > 0x100 && *line == 40), "{lines:x?}");
        assert!(!functions.iter().any(|(name, _)| name == "in_place"), "{functions:x?}");
        // The dropped function's address is nowhere, not some other function's.
        let run = address("wasm[guest]::function[2]::run");
        let dropped = functions.iter().find(|(name, _)| name == "dropped").unwrap();
        assert!(dropped.1 < 0x100 && run > 0x100, "{functions:x?}");
    }
}

#[test]
fn without_lines_there_are_names() {
    let program = link(&compile(&wat::parse_str(GUEST).unwrap(), &config()).unwrap().object);
    let (functions, lines) = read(&program);
    assert!(functions.iter().any(|(name, address)| name == "quotient" && *address > 0x100));
    assert!(lines.is_empty());
}

#[test]
fn damaged_debug_information_does_no_harm() {
    let good = with_lines(wat::parse_str(GUEST).unwrap(), 5);
    let plain = wat::parse_str(GUEST).unwrap().len();
    let mut compiled = 0;
    for at in (plain..good.len()).step_by(3) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        // A damaged section header makes the module invalid.
        compiled += usize::from(compile(&bad, &config()).is_ok());
    }
    assert!(compiled > 50, "{compiled}");
}

#[test]
fn nothing_is_said_without_being_asked() {
    let wasm = with_lines(wat::parse_str(GUEST).unwrap(), 5);
    let mut config = config();
    config.debug_info = false;
    let object = compile(&wasm, &config).unwrap().object;
    let file = object::File::parse(&*object).unwrap();
    assert!(file.sections().all(|section| !section.name().unwrap().contains("debug")));
}
