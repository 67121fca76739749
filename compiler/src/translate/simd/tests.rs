//! Every vector instruction through Cranelift, for both machines, in every trap style and
//! optimisation level, with and without the machines' newer instructions; and what relaxed ones
//! become. What they compute is for the official suite to say.

use std::collections::BTreeSet;

use crate::codegen;
use crate::config::{Config, OptLevel, TrapStyle};
use crate::func_key::FuncKey;
use crate::module::{Export, Item, Module};
use crate::parse;
use crate::plan;
use crate::target::Target;

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// The sets of features by which Cranelift chooses instructions for vectors.
const MACHINES: &[(&str, &[&str])] = &[
    (X86, &[]),
    (X86, &["ssse3"]),
    (X86, &["sse4.1"]),
    (X86, &["x86-64-v2"]),
    (X86, &["avx"]),
    (X86, &["x86-64-v3"]),
    (X86, &["x86-64-v4", "avx512vbmi", "avx512bitalg"]),
    (ARM, &[]),
];

/// A function for each instruction, exported by its name, with its operands as parameters.
const EVERY: &str = include_str!("../../../tests/vectors.wat");

#[test]
fn the_list_has_every_vector_instruction() {
    let wasm = wat::parse_str(EVERY).unwrap();
    let module = parse::parse(&wasm, Default::default()).unwrap();
    let is_func = |export: &&Export<'_>| matches!(export.item, Item::Func(_));
    let names: BTreeSet<_> = module.exports.iter().filter(is_func).map(|e| e.name).collect();
    let relaxed = names.iter().filter(|name| name.contains(".relaxed_")).count();
    // As many as the two proposals say that they add.
    assert_eq!((names.len() - relaxed, relaxed), (236, 20));
    for name in names {
        assert!(EVERY.contains(&format!("({name} ")), "{name}");
    }
}

fn compile(module: &Module<'_>, config: &Config) {
    let plan = plan::plan(module, config).unwrap();
    let target = Target::new(config).unwrap();
    codegen::generate(module, &plan, &target, None).unwrap();
}

#[test]
fn every_instruction_compiles_on_every_machine() {
    let wasm = wat::parse_str(EVERY).unwrap();
    let module = parse::parse(&wasm, Default::default()).unwrap();
    for &(triple, features) in MACHINES {
        let mut config = Config::new(triple);
        config.cpu_features = features.iter().map(|&name| name.to_owned()).collect();
        for traps in [TrapStyle::Signals, TrapStyle::Explicit] {
            for opt_level in [OptLevel::None, OptLevel::Speed] {
                compile(&module, &Config { traps, opt_level, ..config.clone() });
            }
        }
        let exact = Config { relaxed_simd_deterministic: true, ..config.clone() };
        compile(&module, &exact);
        compile(&module, &Config { canonicalize_nans: true, ..config });
    }
}

/// The CLIF of a function with vectors as operands.
fn clif(text: &str, operands: usize, config: &Config) -> String {
    let gets: String = (0..operands).map(|place| format!("(local.get {place})")).collect();
    let params = "v128 ".repeat(operands);
    let wat =
        format!("(module (func (export \"f\") (param {params}) (result v128) {gets} {text}))");
    let wasm = wat::parse_str(wat).unwrap();
    let module = parse::parse(&wasm, Default::default()).unwrap();
    let plan = plan::plan(&module, config).unwrap();
    let target = Target::new(config).unwrap();
    let body = plan.functions.iter().find(|key| matches!(key, FuncKey::Body(_))).unwrap();
    let paper = &mut Default::default();
    codegen::clif(&module, &plan, &target, *body, paper).unwrap().function.display().to_string()
}

#[test]
fn relaxed_instructions_are_single_ones_where_the_machine_has_them() {
    let x86 = Config::new(X86);
    let v3 = Config { cpu_features: vec!["x86-64-v3".into()], ..x86.clone() };
    let arm = Config::new(ARM);
    let madd = |config| clif("f32x4.relaxed_madd", 3, config).contains(" fma ");
    assert_eq!([madd(&x86), madd(&v3), madd(&arm)], [false, true, true]);
    let swizzle = |config| clif("i8x16.relaxed_swizzle", 2, config).contains(" x86_pshufb ");
    assert_eq!([swizzle(&x86), swizzle(&v3), swizzle(&arm)], [false, true, false]);
    let min = |config| clif("f64x2.relaxed_min", 2, config).contains(" fmin ");
    assert_eq!([min(&x86), min(&v3), min(&arm)], [false, false, true]);
}

#[test]
fn in_deterministic_mode_every_machine_does_the_same() {
    for line in EVERY.lines() {
        if !line.contains("(export") || !line.contains(".relaxed_") {
            continue;
        }
        let text = line.split('"').nth(1).unwrap();
        let operands = line.split(" (result").next().unwrap().matches("v128").count();
        let clif_on = |triple: &str, features: &[&str]| {
            let mut config = Config::new(triple);
            config.cpu_features = features.iter().map(|&name| name.to_owned()).collect();
            config.relaxed_simd_deterministic = true;
            clif(text, operands, &config)
        };
        let base = clif_on(X86, &[]);
        assert!(!base.contains("x86_") && !base.contains(" fma "), "{base}");
        assert_eq!(base, clif_on(X86, &["x86-64-v3"]));
        assert_eq!(base, clif_on(ARM, &[]));
    }
}

#[test]
fn a_cast_back_is_no_cast() {
    // The operands of the last one are what the others left and a parameter.
    let text = "(f32x4.add) (f32x4.mul (local.get 1)) (f32x4.sub (local.get 1))";
    let text = clif(text, 2, &Config::new(X86));
    let into = text.matches("= bitcast.f32x4").count();
    let back = text.matches("= bitcast.i8x16").count();
    assert_eq!((into, back), (4, 3), "{text}");
}
