//! Compiles the guests, as any user's build script would, and leaves the very same modules for
//! the peer in OUT_DIR. Two of the modules are big and regular; they are made here. The workloads are
//! however many lie in guests/workloads; what the program has to know of them is written to `workloads.rs`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportKind, ExportSection,
    Function, FunctionSection, MemArg, MemArgTarget, MemorySection, MemoryType, Module, RefType,
    TableSection, TableType, TypeSection, ValType,
};
use wasmaot_build::{Build, OptLevel};

/// Bytes of initial data in `image.wasm`.
const IMAGE: usize = 64 << 20;
/// Functions in the table of `functions.wasm`.
const FUNCTIONS: u32 = 10_000;

/// The guests that are written here as text.
const WRITTEN: [&str; 9] =
    ["atomics", "calls", "memory64", "plain", "simd", "small", "tail_calls", "text", "touch"];
/// Those that use WASI.
const WASI: [&str; 1] = ["io"];
/// Real programs of guests/, commands and libraries.
const COMMANDS: [&str; 7] = ["bzip2", "lua", "onig-utf8", "quickjs", "ripgrep", "sqlite", "zstd"];
const LIBRARIES: [&str; 6] = [
    "third-party/brotli/brotli",
    "third-party/dprint-json/dprint-json",
    "third-party/gofmt/gofmt",
    "third-party/oxipng/oxipng",
    "third-party/rollup/rollup",
    "yaml-to-json/yaml-to-json",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for name in WRITTEN.into_iter().chain(WASI) {
        let text = format!("guests/{name}.wat");
        println!("cargo::rerun-if-changed={text}");
        write(&out, name, &wat::parse_file(&text)?)?;
    }
    write(&out, "image", &image())?;
    write(&out, "functions", &functions())?;
    println!("cargo::rerun-if-changed=../guests/kernels/kernels.wasm");
    write(&out, "kernels", &fs::read("../guests/kernels/kernels.wasm")?)?;
    println!("cargo::rerun-if-changed=build.rs");

    let wasm = |name: &str| out.join(name).with_extension("wasm");
    // Whatever the profile, it is the speed of optimised code that is compared.
    let build = || Build::new().opt_level(OptLevel::Speed);
    let modules = WRITTEN.into_iter().chain(["image", "functions", "kernels"]);
    modules.fold(build(), |build, name| build.wasm(wasm(name))).compile();
    WASI.iter().fold(build().wasi(true), |build, name| build.wasm(wasm(name))).compile();
    let explicit = build().name("kernels_explicit").explicit_checks(true);
    explicit.wasm(wasm("kernels")).compile();
    build().name("kernels_fuel").fuel(true).wasm(wasm("kernels")).compile();
    build().name("kernels_epochs").epochs(true).wasm(wasm("kernels")).compile();
    let native = build().name("simd_native").cpu_features(native_features());
    native.wasm(wasm("simd")).compile();
    let command = |name| format!("../guests/programs/{name}.wasm");
    let library = |name| format!("../guests/{name}.wasm");
    let commands = COMMANDS.map(|name| (command(name), true));
    let libraries = LIBRARIES.map(|name| (library(name), false));
    for (path, wasi) in commands.into_iter().chain(libraries) {
        let guest = || build().wasi(wasi).wasm(&path);
        let name = Path::new(&path).file_stem().and_then(|name| name.to_str());
        guest().single_instance(true).compile();
        guest().name(format!("any-{}", name.ok_or("a file without a name")?)).compile();
    }
    workloads(&out, build())
}

/// Compiles the workloads and writes a list of them.
fn workloads(out: &Path, mut build: Build) -> Result<(), Box<dyn Error>> {
    const FOLDER: &str = "../guests/workloads";
    println!("cargo::rerun-if-changed={FOLDER}");
    let (mut modules, mut rows) = (String::new(), String::new());
    for group in ["integer", "float"] {
        let mut sources: Vec<PathBuf> = fs::read_dir(format!("{FOLDER}/src/{group}"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        sources.sort();
        for source in sources {
            let name =
                source.file_stem().and_then(|name| name.to_str()).ok_or("a file without a name")?;
            let wasm = fs::canonicalize(format!("{FOLDER}/{name}.wasm"))?;
            let wasm = wasm.to_str().ok_or("a path that is no text")?;
            let source = fs::canonicalize(&source)?;
            writeln!(modules, "wasmaot::include_guest!(pub mod {name});")?;
            writeln!(
                rows,
                "Workload {{ name: {name:?}, group: {group:?}, source: {source:?}, path: {wasm:?}, \
                 wasm: include_bytes!({wasm:?}), module: {name}::{}::module }},",
                camel(name)
            )?;
            build = build.wasm(wasm);
        }
    }
    build.compile();
    let list =
        format!("{modules}\n/// All workloads.\npub const ALL: &[Workload] = &[\n{rows}];\n");
    Ok(fs::write(out.join("workloads.rs"), list)?)
}

/// The name of a type in Rust.
fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect()
}

/// The features of this machine that vector code can use: the programs run where they are built.
fn native_features() -> Vec<&'static str> {
    let mut features = Vec::new();
    macro_rules! add {
        ($($name:tt)*) => {
            $(if std::arch::is_x86_feature_detected!($name) {
                features.push($name);
            })*
        };
    }
    add!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "fma" "bmi1" "bmi2" "lzcnt"
        "avx512f" "avx512dq" "avx512vl" "avx512vbmi" "avx512bitalg");
    features
}

/// Writes a module unless it is there already.
fn write(folder: &Path, name: &str, module: &[u8]) -> std::io::Result<()> {
    let path = folder.join(name).with_extension("wasm");
    match fs::read(&path).is_ok_and(|old| old == module) {
        true => Ok(()),
        false => fs::write(path, module),
    }
}

/// A module whose memory starts full.
fn image() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: (IMAGE >> 16) as u64 + 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export("get", ExportKind::Func, 0);
    let mut code = CodeSection::new();
    let mut get = Function::new([]);
    let byte = MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };
    get.instructions().local_get(0).i32_load8_u(byte).end();
    code.function(&get);
    let mut data = DataSection::new();
    let mut state = 1_u32;
    let bytes = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 | 1
    });
    data.active(0, &ConstExpr::i32_const(0), bytes.take(IMAGE));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports);
    module.section(&code).section(&data);
    module.finish()
}

/// A module with many functions, all in its table.
fn functions() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    for index in 0..FUNCTIONS {
        functions.function(0);
        let mut body = Function::new([]);
        body.instructions().local_get(0).i32_const(index as i32).i32_xor().end();
        code.function(&body);
    }
    functions.function(1);
    let mut get = Function::new([]);
    get.instructions().local_get(1).local_get(0).call_indirect(0, 0).end();
    code.function(&get);
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: FUNCTIONS.into(),
        maximum: None,
        table64: false,
        shared: false,
    });
    let mut exports = ExportSection::new();
    exports.export("get", ExportKind::Func, FUNCTIONS);
    let mut elements = ElementSection::new();
    let all = Elements::Functions((0..FUNCTIONS).collect::<Vec<_>>().into());
    elements.active(None, &ConstExpr::i32_const(0), all);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&exports);
    module.section(&elements).section(&code);
    module.finish()
}
