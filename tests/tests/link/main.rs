//! Guests linked into real hosts: each linker, each kind of program, each setting of rustc's that
//! bears on linking. `link/` has the guests' text and the hosts' sources; what they print is
//! below.
//!
//! The guests are built as a build script builds them, the runtime by cargo (once for each
//! [`Runtime`]), and the hosts by plain rustc, which is quick, with the arguments that cargo would
//! give. Everything ends up in the target folder's `tmp/link`. Linkers that are not installed are
//! left out, and named.

mod many;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use cargo_wasmaot::host_target;
use object::elf;
use object::read::elf::{Dyn, ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol};
use wasmaot_build::{Build, Env, Lines};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/link");
const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests");
const TMP: &str = env!("CARGO_TARGET_TMPDIR");

// ---- What programs are made of ----

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Linker {
    /// GNU ld.
    Bfd,
    /// The rust-lld of the toolchain, rustc's default.
    Lld,
    Mold,
}

/// The linkers that are there.
fn linkers() -> Vec<Linker> {
    let mut found = vec![Linker::Lld];
    for (linker, program) in [(Linker::Bfd, "ld.bfd"), (Linker::Mold, "mold")] {
        match Command::new(program).arg("--version").output() {
            Ok(_) => found.push(linker),
            Err(error) => left_out(&format!("{program}: {error}")),
        }
    }
    found
}

impl Linker {
    /// What makes rustc use it.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Lld => &[],
            Self::Bfd => &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=bfd"],
            Self::Mold => &["-Clinker-features=-lld", "-Clink-arg=-fuse-ld=mold"],
        }
    }

    /// Whether it says in `.comment` that it was at work.
    fn is_named_in(self, comment: &str) -> bool {
        let (lld, mold) = (comment.contains("LLD"), comment.contains("mold"));
        (lld, mold) == (self == Self::Lld, self == Self::Mold)
    }
}

/// How the runtime is built, and so the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runtime {
    /// As in cargo's development profile.
    Dev,
    /// Optimised, with the bitcode that link-time optimisation needs.
    Fast,
    /// As `Fast`, with panics that end the program.
    Abort,
}

impl Runtime {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Fast => &["-Copt-level=3"],
            Self::Abort => &["-Copt-level=3", "-Cpanic=abort"],
        }
    }

    /// The compiled runtime.
    fn library(self) -> &'static Path {
        static LIBRARIES: [OnceLock<PathBuf>; 3] = [const { OnceLock::new() }; 3];
        LIBRARIES[self as usize].get_or_init(|| self.build())
    }

    fn build(self) -> PathBuf {
        let mut command = tool("CARGO", "cargo");
        command.current_dir(SOURCES);
        command.args(["build", "--offline", "--locked", "--quiet", "--message-format=json"]);
        command.args(["--package=wasmaot", "--target-dir"]).arg(folder("runtime"));
        let mut config = vec![r#"profile.dev.debug=false"#];
        if self != Self::Dev {
            config.push("profile.dev.opt-level=3");
            config.push(r#"build.rustflags=["-Cembed-bitcode=yes"]"#);
        }
        if self == Self::Abort {
            config.push(r#"profile.dev.panic="abort""#);
        }
        command.args(config.iter().flat_map(|value| ["--config", value]));
        let output = succeed(&mut command);
        let artifacts = output.lines().filter_map(|line| serde_json::from_str(line).ok());
        let library = artifacts
            .filter(|value: &serde_json::Value| value["target"]["name"] == "wasmaot")
            .find_map(|value| value["filenames"][0].as_str().map(PathBuf::from))
            .expect("cargo names the runtime's library");
        // The next build of another kind takes the same name.
        let copy = folder("runtime").join(format!("libwasmaot-{}.rlib", self.name()));
        fs::copy(library, &copy).expect("a writable folder");
        copy
    }
}

/// The guests, as several packages' build scripts leave them.
struct Guests {
    /// What cargo would tell rustc for them.
    flags: Vec<String>,
}

fn guests() -> &'static Guests {
    static BUILT: OnceLock<Guests> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = folder("guests");
        let text = fs::read_to_string(Path::new(SOURCES).join("guest.wat")).expect("the guest");
        for (name, number) in [("a", 5), ("b", 7), ("other", 11), ("c", 13)] {
            let path = out.join(format!("{name}.wat"));
            fs::write(path, text.replace("NUMBER", &number.to_string())).expect("a file");
        }
        let app = Build::new()
            .wat(out.join("a.wat"))
            .wat(out.join("b.wat"))
            .wasm(format!("{GUESTS}/third-party/xxhash/xxhash.wasm"))
            .wasm(format!("{GUESTS}/yaml-to-json/yaml-to-json.wasm"));
        // The same name in another package; and debug information for the linkers to handle.
        let other = Build::new().wat(out.join("other.wat")).name("a").debug_info(true);
        let checked = Build::new().wat(out.join("c.wat")).explicit_checks(true);

        let mut flags = Vec::new();
        for (package, build) in [("app", app), ("other", other), ("checked", checked)] {
            flags.extend(build_script(package, build));
        }
        Guests { flags }
    })
}

/// Runs what would be the build script of a package, and returns what cargo would tell rustc.
fn build_script(package: &str, build: Build) -> Vec<String> {
    let out = folder("guests").join(package);
    fs::create_dir_all(&out).expect("a folder");
    let var = |name: &str| {
        Some(match name {
            "OUT_DIR" => out.clone().into_os_string(),
            "CARGO_MANIFEST_DIR" => SOURCES.into(),
            "CARGO_PKG_NAME" => package.into(),
            "CARGO_PKG_VERSION" => "1.0.0".into(),
            "TARGET" => host_target().into(),
            "CARGO" => "cargo".into(),
            "RUSTC" => "rustc".into(),
            "NUM_JOBS" => "2".into(),
            _ => return None,
        })
    };
    let mut lines = Lines::default();
    let env = Env::read(var, Vec::new()).expect("an environment");
    if let Err(error) = build.run(&env, &mut lines) {
        panic!("{package}: {error:?}");
    }
    let flag = |line: &str| {
        let search = line.strip_prefix("cargo::rustc-link-search=").map(|at| format!("-L{at}"));
        search.or_else(|| Some(format!("-l{}", line.strip_prefix("cargo::rustc-link-lib=")?)))
    };
    lines.render().lines().filter_map(flag).collect()
}

/// A host to be built.
#[derive(Clone)]
struct Host {
    source: &'static str,
    kind: &'static str,
    linker: Linker,
    runtime: Runtime,
    flags: Vec<String>,
}

impl Host {
    fn new(linker: Linker, runtime: Runtime, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|&flag| flag.into()).collect();
        Self { source: "host.rs", kind: "bin", linker, runtime, flags }
    }

    fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    /// A name for its file.
    fn name(&self) -> String {
        let Self { source, kind, linker, runtime, flags } = self;
        let name = format!("{source} {kind} {linker:?} {runtime:?} {}", flags.join(" "));
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
    }

    /// The command that builds it, and what it leaves.
    fn command(&self, guests: &[String]) -> (Command, PathBuf) {
        let out = folder("hosts").join(self.name());
        let of_package = |package: &str| folder("guests").join(package);
        let library = self.runtime.library();
        let mut rustc = tool("RUSTC", "rustc");
        rustc.env("OUT_DIR", of_package("app"));
        for (variable, package) in [("OTHER", "other"), ("CHECKED", "checked"), ("NEXT", "next")] {
            rustc.env(variable, of_package(package));
        }
        rustc.arg(Path::new(SOURCES).join(self.source)).arg("-o").arg(&out);
        rustc.args(["--edition=2024", "--crate-name=host", "--crate-type", self.kind]);
        if !["no_runtime.rs", "empty.rs"].contains(&self.source) {
            rustc.arg(format!("--extern=wasmaot={}", library.display()));
            let dependencies = folder("runtime").join("debug").join("deps");
            rustc.arg(format!("-Ldependency={}", dependencies.display()));
        }
        rustc.args(guests).args(self.linker.flags());
        rustc.args(self.runtime.flags()).args(&self.flags);
        (rustc, out)
    }

    /// Builds it.
    fn build(&self) -> PathBuf {
        let (mut command, out) = self.command(&guests().flags);
        succeed(&mut command);
        if self.kind != "staticlib" {
            let elf = Elf::read(&out);
            assert!(self.linker.is_named_in(&elf.comment), "{:?}: {}", self.linker, elf.comment);
            elf.check(&out);
        }
        out
    }

    /// Builds it, a program, and checks what it does.
    fn check(&self) -> Elf {
        let out = self.build();
        let text = succeed(&mut Command::new(&out));
        compare(&text, &expected(self.runtime), &self.name());
        let elf = Elf::read(&out);
        // There are many, and nobody looks at one that does what it should.
        fs::remove_file(&out).expect("it ran just now");
        elf
    }
}

/// What `host.rs` prints. The calls of guests, by the guests' text; the hashes of nothing, by
/// the published vectors.
fn expected(runtime: Runtime) -> String {
    let mut text = String::new();
    for (name, number) in [("a", 5), ("b", 7), ("other", 11), ("checked", 13)] {
        let mut say = |what: &str| text += &format!("{name}: {what}\n");
        say(&format!("I am {number}"));
        say(&format!("plus: {} {}", 10 + number, 20 + number));
        say(&format!("through: {}", 100 + number));
        say("quotient(1, 0): IntegerDivideByZero < divide < halfway < quotient");
        say("load(65533): MemoryOutOfBounds < load");
        say("deeper: StackOverflow < deeper");
        say("host error: Refused(1)");
        if runtime != Runtime::Abort {
            say("panic: Some(Refused(2))");
        }
        say("trap in a call back: IntegerDivideByZero < divide < halfway < quotient < through");
        say("quotient(7, 2): 3");
    }
    text += "a is other: false\n";
    for number in [5, 7, 11, 13] {
        let [a, b, c, d] = [1, 2, 3, 4].map(|x| x + number);
        text += &format!("apply: {a} {b} {c} {d}\n");
    }
    text += "in a thread: IntegerDivideByZero < divide < halfway < quotient\n";
    text += "xxh32: 02cc5d05\nxxh64: ef46db3751d8e999\n";
    text += "json: {\"still\":[\"alive\",\"and\",\"well\"]}\n";
    text += "a trap in yaml_rust: true\njson: [\"again\"]\n";
    text
}

// ---- What binaries have to be ----

/// What matters about a binary.
struct Elf {
    kind: elf::FileType,
    /// Whether the dynamic linker loads it.
    interpreter: bool,
    dynamic: bool,
    comment: String,
    symbols: BTreeSet<String>,
    /// Those that other binaries see.
    exported: BTreeSet<String>,
    /// What is wrong with it.
    faults: Vec<String>,
}

impl Elf {
    fn read(path: &Path) -> Self {
        let data = fs::read(path).expect("a binary");
        let file = ElfFile64::<Endianness>::parse(&*data).expect("an ELF file");
        let endian = file.endian();
        let mut faults = Vec::new();
        let mut stack = None;
        let (mut interpreter, mut has_dynamic) = (false, false);
        for header in file.elf_program_headers() {
            let (ty, flags) = (header.p_type(endian), header.p_flags(endian));
            interpreter |= ty == elf::PT_INTERP;
            if ty == elf::PT_GNU_STACK {
                stack = Some(flags);
            }
            if ty == elf::PT_LOAD && flags.contains(elf::PF_W | elf::PF_X) {
                faults.push("a segment that is writable and executable".into());
            }
            let dynamic = header.dynamic(endian, &*data).expect("a dynamic section");
            has_dynamic |= dynamic.is_some();
            for entry in dynamic.unwrap_or_default() {
                let (tag, value) = (entry.d_tag(endian), entry.d_val(endian));
                let flag = tag == elf::DT_FLAGS && value & elf::DF_TEXTREL.0 != 0;
                if flag || tag == elf::DT_TEXTREL {
                    faults.push("text relocations".into());
                }
            }
        }
        match stack {
            None => faults.push("no word on the stack".into()),
            Some(flags) if flags.contains(elf::PF_X) => faults.push("an executable stack".into()),
            Some(_) => {}
        }
        if file.section_by_name(".wasmaot.manifest").is_some() {
            faults.push("a manifest that only objects should have".into());
        }
        let comment = file.section_by_name(".comment").map(|section| section.data());
        let comment = comment.transpose().expect("a section").unwrap_or_default();
        let name = |symbol: object::read::elf::ElfSymbol64<'_, '_, Endianness>| {
            symbol.name().ok().map(str::to_owned)
        };
        Self {
            kind: file.elf_header().e_type(endian),
            interpreter,
            dynamic: has_dynamic,
            comment: String::from_utf8_lossy(comment).into_owned(),
            symbols: file.symbols().filter_map(name).collect(),
            exported: (file.dynamic_symbols().filter(|symbol| symbol.is_definition()))
                .filter_map(name)
                .collect(),
            faults,
        }
    }

    fn check(&self, path: &Path) {
        assert!(self.faults.is_empty(), "{}: {:?}", path.display(), self.faults);
    }

    /// The guests' functions that nobody calls and that are there nevertheless.
    fn unused(&self) -> Vec<&String> {
        let unused = |symbol: &&String| {
            symbol.ends_with("::unused")
                || symbol.contains("_unused_")
                || symbol.contains("_exports")
        };
        self.symbols.iter().filter(|symbol| symbol.starts_with("wasm")).filter(unused).collect()
    }
}

/// The symbols that guests need of others.
fn needed() -> BTreeSet<String> {
    guests();
    let mut needed = BTreeSet::new();
    for object in ["app/a.o", "app/yaml_to_json.o", "checked/c.o"] {
        let data = fs::read(folder("guests").join(object)).expect("an object");
        let file = object::File::parse(&*data).expect("an object");
        let undefined = file.symbols().filter(|symbol| symbol.is_undefined());
        needed.extend(undefined.filter_map(|symbol| symbol.name().ok().map(str::to_owned)));
    }
    needed.remove("");
    needed
}

// ---- Tests ----

#[test]
fn position_independent_programs() {
    for linker in linkers() {
        let elf = Host::new(linker, Runtime::Dev, &[]).check();
        assert!(elf.interpreter && elf.dynamic && elf.kind == elf::ET_DYN, "{linker:?}");
        assert!(elf.symbols.iter().any(|s| s == "wasm[a]::function[1]::plus"), "{linker:?}");
        assert_eq!(elf.unused(), Vec::<&String>::new(), "{linker:?}");
    }
}

#[test]
fn programs_at_fixed_addresses() {
    for linker in linkers() {
        let flags = ["-Crelocation-model=static"];
        let elf = Host::new(linker, Runtime::Dev, &flags).check();
        assert!(elf.interpreter && elf.dynamic && elf.kind == elf::ET_EXEC, "{linker:?}");
        assert_eq!(elf.unused(), Vec::<&String>::new(), "{linker:?}");
    }
}

#[test]
fn static_programs() {
    let found = succeed(Command::new("cc").arg("-print-file-name=libc.a"));
    if !Path::new(found.trim()).is_absolute() {
        return left_out("static programs: there is no libc.a");
    }
    for linker in linkers() {
        let crt = "-Ctarget-feature=+crt-static";
        let elf = Host::new(linker, Runtime::Dev, &[crt]).check();
        assert!(!elf.interpreter && elf.dynamic && elf.kind == elf::ET_DYN, "{linker:?}");
        let flags = [crt, "-Crelocation-model=static"];
        if linker == Linker::Mold {
            // Old versions make programs of this kind that crash before they begin.
            let empty = Host::new(linker, Runtime::Dev, &flags).source("empty.rs");
            if !run(&mut Command::new(empty.build())).status.success() {
                left_out("mold's static programs at fixed addresses: none of them runs");
                continue;
            }
        }
        let elf = Host::new(linker, Runtime::Dev, &flags).check();
        assert!(!elf.interpreter && !elf.dynamic && elf.kind == elf::ET_EXEC, "{linker:?}");
    }
}

#[test]
fn optimised_programs() {
    for linker in linkers() {
        let elf = Host::new(linker, Runtime::Abort, &[]).check();
        assert_eq!(elf.unused(), Vec::<&String>::new(), "{linker:?}");
    }
}

#[test]
fn programs_optimised_when_linked() {
    // Linkers see plain objects afterwards: any of them will do.
    let linkers = linkers();
    let last = linkers[linkers.len() - 1];
    let rows = [(Runtime::Abort, "-Clto=fat", last), (Runtime::Fast, "-Clto=thin", Linker::Lld)];
    for (runtime, lto, linker) in rows {
        let elf = Host::new(linker, runtime, &[lto, "-Copt-level=1"]).check();
        let builtin = |symbol: &&String| symbol.starts_with("wasmaot_builtin_");
        // Nothing in Rust calls them.
        assert!(elf.symbols.iter().any(|symbol| builtin(&symbol)), "{linker:?} {lto}");
        assert_eq!(elf.unused(), Vec::<&String>::new(), "{linker:?} {lto}");
    }
}

#[test]
fn stripped_programs() {
    for linker in linkers() {
        let elf = Host::new(linker, Runtime::Fast, &["-Cstrip=symbols"]).check();
        assert_eq!(elf.symbols.len(), 0, "{linker:?}");
    }
}

#[test]
fn linkers_that_keep_all_or_fold() {
    for linker in linkers() {
        let elf = Host::new(linker, Runtime::Dev, &["-Clink-arg=-Wl,--no-gc-sections"]).check();
        assert!(!elf.unused().is_empty(), "{linker:?}");
        if linker != Linker::Bfd {
            Host::new(linker, Runtime::Dev, &["-Clink-arg=-Wl,--icf=all"]).check();
        }
    }
}

#[test]
fn shared_libraries() {
    let loader = compile_c("loader.c", &[]);
    for linker in linkers() {
        let host = Host::new(linker, Runtime::Dev, &[]).kind("cdylib");
        let library = host.build();
        let elf = Elf::read(&library);
        assert!(elf.dynamic && elf.kind == elf::ET_DYN && elf.exported.contains("run"));
        assert_eq!(elf.unused(), Vec::<&String>::new(), "{linker:?}");
        let second = Host::new(linker, Runtime::Abort, &[]).kind("cdylib").build();
        let text = succeed(Command::new(&loader).args([library, second]));
        let both = expected(Runtime::Dev) + &expected(Runtime::Abort);
        compare(&text, &both, &host.name());

        // Another such library has a runtime and guests of its own, maybe of another version:
        // nothing of one may stand in for the other's.
        let needed = needed();
        assert!(needed.contains("wasmaot_abi_v1") && needed.contains("wasmaot_builtin_trap"));
        let shared: Vec<_> = elf.exported.intersection(&needed).collect();
        assert!(shared.is_empty(), "{linker:?} exports {shared:?}");
    }
}

#[test]
fn static_libraries() {
    let linker = Linker::Bfd;
    let host = Host::new(linker, Runtime::Abort, &[]).kind("staticlib");
    let library = host.build();
    let library = format!("{}", library.display());
    let program = compile_c("main.c", &[&library, "-lpthread", "-lm", "-ldl", "-lgcc_s"]);
    Elf::read(&program).check(&program);
    compare(&succeed(&mut Command::new(program)), &expected(Runtime::Abort), &host.name());
}

#[test]
fn modules_linked_by_name() {
    let mut text = String::new();
    let mut through = 1000;
    for (name, number) in [("a", 5), ("b", 7), ("a", 11), ("c", 13)] {
        through += number;
        text += &format!("{name}: 10 exports\nplus: I32({})\n", 1 + number);
        text += &format!("unused: I64({number})\nthrough: {through}\n");
    }
    for linker in linkers() {
        let program = Host::new(linker, Runtime::Dev, &[]).source("by_name.rs").build();
        compare(&succeed(&mut Command::new(&program)), &text, &format!("{linker:?}"));
        let elf = Elf::read(&program);
        let unused = elf.unused();
        assert!(unused.iter().any(|symbol| symbol.ends_with("::unused")), "{unused:?}");
    }
}

#[test]
fn objects_of_another_version_do_not_link() {
    let guest = build_script("next", Build::new().wat(folder_of_guest("b")));
    let host = Host::new(Linker::Lld, Runtime::Dev, &[]).source("one.rs");
    let (mut command, out) = host.command(&guest);
    succeed(&mut command);
    assert_eq!(succeed(&mut Command::new(out)), "8\n");

    let library = folder("guests").join("next").join("libwasmaot_next_1_0_0_b.a");
    let mut bytes = fs::read(&library).expect("the library");
    let (old, new) = (b"wasmaot_abi_v1\0", b"wasmaot_abi_v2\0");
    let places: Vec<_> = (bytes.windows(old.len()).enumerate())
        .filter_map(|(at, window)| (window == old).then_some(at))
        .collect();
    assert!(!places.is_empty(), "nothing in the object names the version");
    for at in places {
        bytes[at..][..new.len()].copy_from_slice(new);
    }
    fs::write(&library, bytes).expect("a writable library");
    for linker in linkers() {
        for kind in ["bin", "cdylib"] {
            let host = Host::new(linker, Runtime::Dev, &[]).source("one.rs").kind(kind);
            let message = host.fail(&guest);
            assert!(message.contains("wasmaot_abi_v2"), "{linker:?} {kind}: {message}");
        }
    }
}

#[test]
fn a_missing_runtime_is_named() {
    // Bindings name the library that they belong to; this host has none.
    let mut guests = guests().flags.clone();
    let files = fs::read_dir(folder("guests").join("app")).expect("what the build left");
    let mut paths = files.map(|file| file.expect("a file").path());
    let library = paths.find(|path| path.extension().is_some_and(|extension| extension == "a"));
    guests.push(format!("-Clink-arg={}", library.expect("a library").display()));
    for linker in linkers() {
        let host = Host::new(linker, Runtime::Dev, &[]).source("no_runtime.rs");
        let message = host.fail(&guests);
        assert!(message.contains("wasmaot_abi_v1"), "{linker:?}: {message}");
    }
}

#[test]
fn the_same_bytes_everywhere() {
    const CHILD: &str = "WASMAOT_TEST_COMPILES_INTO";
    let name = "the_same_bytes_everywhere";
    if let Some(out) = env::var_os(CHILD) {
        // This is one of the processes that are compared.
        let path = format!("{GUESTS}/yaml-to-json/yaml-to-json.wasm");
        let wasm = fs::read(path).expect("the guest");
        let mut config = wasmaot_compiler::Config::new("x86_64-unknown-linux-gnu");
        config.debug_info = true;
        let artifact = wasmaot_compiler::compile(&wasm, &config).expect("a guest that compiles");
        return fs::write(out, artifact.object).expect("a writable folder");
    }
    let settings = [("/", "1", "/nowhere"), (SOURCES, "7", TMP)];
    let objects = settings.map(|(cwd, threads, home)| {
        let out = folder("same").join(format!("{threads}.o"));
        let mut child = Command::new(env::current_exe().expect("a path"));
        child.args(["--exact", name]).current_dir(cwd).env(CHILD, &out);
        child.env("RAYON_NUM_THREADS", threads).env("HOME", home).env("LANG", home);
        succeed(&mut child);
        fs::read(out).expect("the object that the child left")
    });
    assert!(objects[0] == objects[1], "the objects differ");
    for path in [SOURCES, TMP, "/nowhere"] {
        let text = String::from_utf8_lossy(&objects[1]);
        assert!(!text.contains(path), "the object names {path}");
    }
}

impl Host {
    /// Fails to build it, with what the linker says.
    fn fail(&self, guests: &[String]) -> String {
        let (mut command, _) = self.command(guests);
        let output = run(&mut command);
        assert!(!output.status.success(), "{} links", self.name());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

// ---- Helpers ----

/// Says what is not tested here. Tests that pass have no other output.
fn left_out(what: &str) {
    let _ = writeln!(std::io::stderr(), "left out: {what}");
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(TMP).join("link").join(name);
    fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn folder_of_guest(name: &str) -> PathBuf {
    guests();
    folder("guests").join(format!("{name}.wat"))
}

/// A tool of the toolchain, in an environment that the outer cargo's settings are no part of.
fn tool(variable: &str, name: &str) -> Command {
    let mut command = Command::new(env::var_os(variable).unwrap_or_else(|| OsString::from(name)));
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        command.env_remove(name);
    }
    command
}

fn compile_c(source: &str, args: &[&str]) -> PathBuf {
    let out = folder("hosts").join(source.trim_end_matches(".c"));
    let mut cc = Command::new("cc");
    cc.arg(Path::new(SOURCES).join(source)).args(args).arg("-ldl").arg("-o").arg(&out);
    succeed(&mut cc);
    out
}

fn run(command: &mut Command) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("cannot run {command:?}: {error}"),
    }
}

/// Runs a command that is to succeed, for its output.
fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} failed: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// Names the first line that is not as expected.
fn compare(found: &str, expected: &str, what: &str) {
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.lines().count(), expected.lines().count(), "{what}");
}
