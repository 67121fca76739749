//! Our objects go into any kind of program, by any linker, and work there: `link/host.c` is a
//! host with a runtime of a page that calls `link/guest.wat` in every way there is,
//! `link/host.rs` a host in Rust that shows only that it links.
//!
//! The linkers: the system's own, the one that comes with Rust, and mold where it is installed.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::elf::{Dyn as _, ElfFile64, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, elf, write};
use tempfile::TempDir;
use wasmaot_compiler::{Config, SymbolBinding, TrapStyle, compile, inspect_object};

type Elf<'a> = ElfFile64<'a, Endianness>;

const X86_64: &str = "x86_64-unknown-linux-gnu";
const AARCH64: &str = "aarch64-unknown-linux-gnu";

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/link").join(name)
}

fn object(name: &str, target: &str, edit: impl FnOnce(&mut Config)) -> Vec<u8> {
    let wasm = wat::parse_file(source(name)).unwrap();
    let mut config = Config::new(target);
    edit(&mut config);
    compile(&wasm, &config).unwrap().object
}

/// Where a linker that comes with Rust stands under the name by which gcc looks for it.
fn rust_lld() -> PathBuf {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]));
    let folder = Path::new(sysroot.trim()).join("lib/rustlib").join(X86_64).join("bin/gcc-ld");
    assert!(folder.join("ld.lld").exists(), "no linker in {}", folder.display());
    folder
}

fn linkers() -> Vec<Vec<String>> {
    let lld = format!("-B{}", rust_lld().display());
    let mut linkers = vec![vec![], vec![lld, "-fuse-ld=lld".into()]];
    if Command::new("mold").arg("--version").output().is_ok() {
        linkers.push(vec!["-fuse-ld=mold".into()]);
    }
    linkers
}

fn output(command: &mut Command) -> String {
    let result = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{command:?}: {}\n{errors}", result.status);
    String::from_utf8_lossy(&result.stdout).into_owned()
}

/// A folder with the objects of both guests and the host's, position-independent and not.
struct Workshop {
    folder: TempDir,
}

impl Workshop {
    fn new(edit: impl Fn(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["guest", "other"] {
            let object = object(&format!("{name}.wat"), X86_64, &edit);
            std::fs::write(folder.path().join(format!("{name}.o")), object).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn gcc(&self) -> Command {
        let mut gcc = Command::new("gcc");
        gcc.current_dir(self.folder.path()).args(["-O1", "-g"]);
        gcc
    }

    /// Links a program and returns it.
    fn link<S: AsRef<std::ffi::OsStr> + Debug>(&self, args: &[S]) -> Vec<u8> {
        output(self.gcc().args(["-o", "program"]).arg(source("host.c")).args(args));
        std::fs::read(self.path("program")).unwrap()
    }

    fn run(&self) {
        output(&mut Command::new(self.path("program")));
    }
}

/// What must never be in a program because of us.
fn check_program(bytes: &[u8], what: &dyn Debug) {
    let elf = Elf::parse(bytes).unwrap();
    for header in elf.elf_program_headers() {
        let flags = header.p_flags(Endianness::Little);
        if header.p_type(Endianness::Little) == elf::PT_GNU_STACK {
            assert!(!flags.contains(elf::PF_X), "executable stack: {what:?}");
        }
        let both = elf::PF_W | elf::PF_X;
        assert!(!flags.contains(both), "writable code: {what:?}");
        if let Some(entries) = header.dynamic(Endianness::Little, bytes).unwrap() {
            for entry in entries {
                let tag = entry.d_tag(Endianness::Little);
                assert_ne!(tag, elf::DT_TEXTREL, "relocations in code: {what:?}");
                if tag == elf::DT_FLAGS {
                    let flags = entry.d_val(Endianness::Little);
                    assert_eq!(flags & elf::DF_TEXTREL.0, 0, "{what:?}");
                }
            }
        }
    }
}

/// An object with a symbol, and nothing behind it, for all that an object of ours wants of the
/// runtime: enough to link with, for those who do not run the result.
fn runtime_of(bytes: &[u8]) -> Vec<u8> {
    let guest = Elf::parse(bytes).unwrap();
    let mut runtime =
        write::Object::new(object::BinaryFormat::Elf, guest.architecture(), guest.endianness());
    let text = runtime.section_id(write::StandardSection::Text);
    runtime.append_section_data(text, &[0; 16], 16);
    for symbol in guest.symbols().filter(|symbol| symbol.is_undefined()) {
        runtime.add_symbol(write::Symbol {
            name: symbol.name_bytes().unwrap().to_vec(),
            value: 0,
            size: 16,
            kind: object::SymbolKind::Text,
            scope: object::SymbolScope::Linkage,
            weak: false,
            section: write::SymbolSection::Section(text),
            flags: object::SymbolFlags::None,
        });
    }
    runtime.write().unwrap()
}

fn symbols(elf: &Elf<'_>) -> Vec<String> {
    elf.symbols().map(|symbol| symbol.name().unwrap().to_owned()).collect()
}

#[test]
fn any_linker_makes_any_kind_of_program() {
    let workshop = Workshop::new(|_| {});
    for linker in linkers() {
        for kind in [
            &["-pie", "-fPIE"][..],
            &["-no-pie", "-fno-pie"],
            &["-static", "-Wl,--eh-frame-hdr"],
            &["-static-pie", "-fPIE"],
            &["-pie", "-fPIE", "-O3", "-Wl,-z,now", "-Wl,-z,relro"],
            &["-pie", "-fPIE", "-Wl,-z,text", "-Wl,--fatal-warnings"],
        ] {
            let mut args = linker.clone();
            args.extend(["-DALL", "-DOTHER", "guest.o", "other.o"].map(String::from));
            args.extend(kind.iter().map(ToString::to_string));
            check_program(&workshop.link(&args), &args);
            workshop.run();
        }
    }
}

#[test]
fn any_kind_of_rust_program_takes_them() {
    let workshop = Workshop::new(|_| {});
    for kind in [
        &["-Cpanic=unwind"][..],
        &["-Copt-level=3", "-Clto=fat", "-Cpanic=abort", "-Ccodegen-units=1"],
        &["-Copt-level=s", "-Clto=thin", "-Cpanic=unwind", "-Cstrip=symbols"],
        &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"],
        &["-Clink-dead-code", "-Cforce-frame-pointers=yes"],
    ] {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(workshop.folder.path()).arg("--edition=2024").args(kind);
        rustc.arg("-Clink-arg=other.o").arg(source("host.rs")).args(["-o", "program"]);
        output(&mut rustc);
        check_program(&std::fs::read(workshop.path("program")).unwrap(), &kind);
        workshop.run();
    }
}

#[test]
fn guests_can_be_in_shared_libraries() {
    let workshop = Workshop::new(|_| {});
    for linker in linkers() {
        // Guests and their runtime are always in one binary: here all of the host is in it.
        let library = ["-shared", "-fPIC", "-DALL", "-DOTHER", "-o", "libguests.so"];
        let host = source("host.c");
        let mut gcc = workshop.gcc();
        gcc.args(&linker).args(library).arg(host).args(["guest.o", "other.o", "-Wl,-z,text"]);
        output(&mut gcc);
        check_program(&std::fs::read(workshop.path("libguests.so")).unwrap(), &linker);
        let program = ["-o", "program", "-L.", "-lguests", "-Wl,-rpath,$ORIGIN"];
        output(workshop.gcc().args(&linker).args(program));
        workshop.run();
    }
}

#[test]
fn guests_that_check_everything_themselves_behave_the_same() {
    let workshop = Workshop::new(|config| config.traps = TrapStyle::Explicit);
    workshop.link(&["-DALL", "-DOTHER", "guest.o", "other.o"]);
    workshop.run();
}

#[test]
fn what_is_not_used_is_dropped_with_all_that_describes_it() {
    let workshop = Workshop::new(|_| {});
    for linker in linkers() {
        let link = |extra: &[&str]| {
            let mut args = linker.clone();
            args.extend(extra.iter().map(ToString::to_string));
            args.push("guest.o".into());
            let program = workshop.link(&args);
            workshop.run();
            let elf = Elf::parse(&*program).unwrap();
            let size = |name| elf.section_by_name(name).map_or(0, |section| section.size());
            (symbols(&elf), size(".wasmaot.info"), size(".eh_frame"), size(".wasmaot.manifest"))
        };
        let (all, all_records, all_unwinding, manifest) = link(&["-DALL"]);
        let (some, some_records, some_unwinding, _) = link(&["-Wl,--gc-sections"]);
        assert_eq!(manifest, 0, "{linker:?}");

        let dropped = |name: &str| {
            assert!(all.iter().any(|symbol| symbol.contains(name)), "{name} {linker:?}");
            assert!(!some.iter().any(|symbol| symbol.contains(name)), "{name} {linker:?}");
        };
        dropped("unused_wasm_call");
        dropped("two_array_call");
        dropped("::unused");
        dropped("only_for_unused");
        dropped("wasm_guest_exports");
        // The type of `two`, which only its export has.
        dropped("wasmaot_v1_enter__id");
        assert!(some.iter().any(|symbol| symbol == "wasm[guest]::function[3]::add"), "{some:?}");
        assert!(some_records > 0 && some_records < all_records, "{linker:?}");
        assert!(some_unwinding < all_unwinding, "{linker:?}");
    }
}

#[test]
fn modules_in_one_program_share_types() {
    let workshop = Workshop::new(|_| {});
    for linker in linkers() {
        let mut args = linker;
        args.extend(["-DALL", "-DOTHER", "guest.o", "other.o"].map(String::from));
        let program = workshop.link(&args);
        let symbols = symbols(&Elf::parse(&*program).unwrap());
        for name in ["wasmaot_v1_type_ii_i", "wasmaot_v1_enter_ii_i"] {
            assert_eq!(symbols.iter().filter(|symbol| *symbol == name).count(), 1, "{name}");
        }
    }
}

#[test]
fn a_runtime_of_another_version_is_named_by_the_linker() {
    let workshop = Workshop::new(|_| {});
    for linker in linkers() {
        let mut gcc = workshop.gcc();
        gcc.args(&linker).arg("-Dwasmaot_abi_v1=wasmaot_abi_v2").arg(source("host.c"));
        let result = gcc.args(["-DALL", "guest.o", "-o", "program"]).output().unwrap();
        assert!(!result.status.success());
        let errors = String::from_utf8_lossy(&result.stderr);
        assert!(errors.contains("wasmaot_abi_v1"), "{errors}");
    }
}

#[test]
fn the_object_is_the_same_whatever_the_number_of_threads() {
    let wasm = wat::parse_file(source("guest.wat")).unwrap();
    for target in [X86_64, AARCH64] {
        let mut config = Config::new(target);
        config.debug_info = true;
        let objects: Vec<_> = [1, 2, 7]
            .iter()
            .map(|&threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| compile(&wasm, &config).unwrap().object)
            })
            .collect();
        assert!(objects[0] == objects[1] && objects[1] == objects[2], "{target}");
    }
}

#[test]
fn every_record_belongs_to_its_function() {
    for target in [X86_64, AARCH64] {
        let object = object("guest.wat", target, |_| {});
        let elf = Elf::parse(&*object).unwrap();
        let mut records = 0;
        for section in elf.sections().filter(|section| section.name() == Ok(".wasmaot.info")) {
            let header = section.elf_section_header();
            assert!(header.sh_flags(Endianness::Little).contains(elf::SHF_LINK_ORDER));
            let code = object::SectionIndex(header.sh_link(Endianness::Little) as usize);
            let code = elf.section_by_index(code).unwrap();
            let info =
                wasmaot_abi::func_info::FuncInfoReader::new(section.data().unwrap()).unwrap();
            let name = code.name().unwrap();
            match info.func_index {
                wasmaot_abi::func_info::INIT_INDEX => assert_eq!(name, ".text.wasm[guest]::init"),
                index => {
                    assert!(name.contains(&format!("function[{index}]::{}", info.name)), "{name}");
                }
            }
            assert!(info.sites().all(|site| u64::from(site.code_offset) <= code.size()));
            records += 1;
        }
        assert_eq!(records, 16);
    }
}

#[test]
fn objects_for_the_other_machine_link_too() {
    let folder = tempfile::tempdir().unwrap();
    for (name, traps) in [("signals", TrapStyle::Signals), ("explicit", TrapStyle::Explicit)] {
        let bytes = object("guest.wat", AARCH64, |config| config.traps = traps);
        let path = folder.path().join(name);
        std::fs::write(path.with_extension("runtime"), runtime_of(&bytes)).unwrap();
        std::fs::write(path.with_extension("o"), bytes).unwrap();
        // A linker checks and applies every relocation.
        let mut lld = Command::new(rust_lld().join("ld.lld"));
        lld.args(["-m", "aarch64linux", "-shared", "-z", "text", "--fatal-warnings", "-o"]);
        let files = ["so", "o", "runtime"].map(|extension| path.with_extension(extension));
        output(lld.args(files));
        let library = std::fs::read(path.with_extension("so")).unwrap();
        check_program(&library, &name);
        assert_eq!(Elf::parse(&*library).unwrap().architecture(), object::Architecture::Aarch64);
    }
}

#[test]
fn more_sections_than_16_bits_can_count() {
    use std::fmt::Write as _;
    const FUNCTIONS: usize = 23_000;
    let mut text = String::from("(module $big (elem declare func");
    (0..FUNCTIONS).for_each(|i| write!(text, " $f{i}").unwrap());
    text += ")";
    (0..FUNCTIONS).for_each(|i| write!(text, "(func $f{i} unreachable)").unwrap());
    text += "(func (export \"all\")";
    (0..FUNCTIONS).for_each(|i| write!(text, "(drop (ref.func $f{i}))").unwrap());
    text += "))";
    let mut config = Config::new(X86_64);
    config.opt_level = wasmaot_compiler::OptLevel::None;
    let object = compile(&wat::parse_str(text).unwrap(), &config).unwrap().object;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("runtime.o"), runtime_of(&object)).unwrap();
    std::fs::write(folder.path().join("big.o"), object).unwrap();
    for linker in linkers() {
        let mut gcc = Command::new("gcc");
        gcc.current_dir(folder.path()).args(linker);
        gcc.args(["-shared", "big.o", "runtime.o", "-o", "big.so"]);
        output(&mut gcc);
        let library = std::fs::read(folder.path().join("big.so")).unwrap();
        let elf = Elf::parse(&*library).unwrap();
        let bodies = elf.symbols().filter(|s| s.name().unwrap().contains("::function[")).count();
        assert_eq!(bodies, FUNCTIONS + 1);
    }
}

#[test]
fn an_object_can_be_inspected() {
    let bytes = object("guest.wat", X86_64, |_| {});
    let info = inspect_object(&bytes).unwrap();
    assert_eq!(info.manifest["name"], "guest");
    assert_eq!(info.manifest["target"], X86_64);
    assert_eq!(info.manifest["imports"][0]["name"], "log");
    let binding = |name: &str| info.symbols.iter().find(|s| s.name == name).map(|s| s.binding);
    assert_eq!(binding("wasm_guest_add_wasm_call"), Some(SymbolBinding::Global));
    assert_eq!(binding("wasm[guest]::function[3]::add"), Some(SymbolBinding::Local));
    assert_eq!(binding("wasmaot_v1_type_ii_i"), Some(SymbolBinding::Merged));
    assert_eq!(binding("wasmaot_builtin_raise"), Some(SymbolBinding::Undefined));
    let code = u64::try_from(bytes.len()).unwrap().min(info.sizes["code"]);
    assert!(code > 0 && info.sizes["unwinding"] > 0 && info.sizes["records"] > 0);

    assert!(inspect_object(b"\0asm").unwrap_err().to_string().contains("no object of wasmaot"));
    assert!(inspect_object(&bytes[..100]).is_err());
}
