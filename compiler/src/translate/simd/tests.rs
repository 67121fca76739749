//! Every vector instruction through Cranelift, for both machines, in every trap style and
//! optimisation level, with and without the machines' newer instructions; and what relaxed ones
//! become. What they compute is for the official suite to say.

use std::collections::BTreeSet;

use crate::codegen;
use crate::config::{Config, OptLevel, TrapStyle};
use crate::func_key::FuncKey;
use crate::module::Module;
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

/// The lanes of a shape, in instructions' names and as an operand.
const SHAPES: &[(&str, &str, u32)] = &[
    ("i8x16", "i32", 16),
    ("i16x8", "i32", 8),
    ("i32x4", "i32", 4),
    ("i64x2", "i64", 2),
    ("f32x4", "f32", 4),
    ("f64x2", "f64", 2),
];

/// All vector instructions: with their immediates, their operands, their result.
fn instructions() -> Vec<(String, Vec<&'static str>, &'static str)> {
    let mut all = Vec::new();
    let mut add = |names: &str, params: &[&'static str], result| {
        for name in names.split_whitespace() {
            all.push((name.replace('~', " "), params.to_vec(), result));
        }
    };
    let (v, vv, vvv) = (&["v128"][..], &["v128"; 2][..], &["v128"; 3][..]);
    add("v128.not", v, "v128");
    add("v128.and v128.andnot v128.or v128.xor i8x16.swizzle", vv, "v128");
    add("i8x16.shuffle~0~31~2~29~4~27~6~25~8~23~10~21~12~19~14~17", vv, "v128");
    add("v128.bitselect", vvv, "v128");
    add("v128.any_true", v, "i32");
    add("v128.const~i32x4~1~2~3~4", &[], "v128");
    for &(shape, lane, lanes) in SHAPES {
        add(&format!("{shape}.splat"), &[lane], "v128");
        add(&format!("{shape}.replace_lane~{}", lanes - 1), &["v128", lane], "v128");
        let extract: &[&str] = if lanes >= 8 { &["_s", "_u"] } else { &[""] };
        for sign in extract {
            add(&format!("{shape}.extract_lane{sign}~{}", lanes - 1), v, lane);
        }
        let mut of = |names: &str, params: &[&'static str], result| {
            for name in names.split_whitespace() {
                add(&format!("{shape}.{name}"), params, result);
            }
        };
        of("eq ne", vv, "v128");
        of("abs neg", v, "v128");
        of("add sub", vv, "v128");
        if shape.starts_with('f') {
            of("lt gt le ge mul div min max pmin pmax relaxed_min relaxed_max", vv, "v128");
            of("sqrt ceil floor trunc nearest", v, "v128");
            of("relaxed_madd relaxed_nmadd", vvv, "v128");
            continue;
        }
        of("lt_s gt_s le_s ge_s", vv, "v128");
        of("shl shr_s shr_u", &["v128", "i32"], "v128");
        of("all_true bitmask", v, "i32");
        of("relaxed_laneselect", vvv, "v128");
        if lanes != 2 {
            of("lt_u gt_u le_u ge_u min_s min_u max_s max_u", vv, "v128");
        }
        if lanes != 16 {
            of("mul", vv, "v128");
        }
        if lanes >= 8 {
            of("add_sat_s add_sat_u sub_sat_s sub_sat_u avgr_u", vv, "v128");
        }
    }
    add("i8x16.popcnt", v, "v128");
    add("i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s i32x4.dot_i16x8_s", vv, "v128");
    add("i8x16.relaxed_swizzle i16x8.relaxed_dot_i8x16_i7x16_s", vv, "v128");
    add("i32x4.relaxed_dot_i8x16_i7x16_add_s", vvv, "v128");
    for (to, from) in [("i16x8", "i8x16"), ("i32x4", "i16x8"), ("i64x2", "i32x4")] {
        for sign in ["s", "u"] {
            if to != "i64x2" {
                add(&format!("{to}.extadd_pairwise_{from}_{sign}"), v, "v128");
                add(&format!("{from}.narrow_{to}_{sign}"), vv, "v128");
            }
            for half in ["low", "high"] {
                add(&format!("{to}.extend_{half}_{from}_{sign}"), v, "v128");
                add(&format!("{to}.extmul_{half}_{from}_{sign}"), vv, "v128");
            }
        }
    }
    for sign in ["s", "u"] {
        for how in ["trunc_sat", "relaxed_trunc"] {
            add(&format!("i32x4.{how}_f32x4_{sign} i32x4.{how}_f64x2_{sign}_zero"), v, "v128");
        }
        add(&format!("f32x4.convert_i32x4_{sign} f64x2.convert_low_i32x4_{sign}"), v, "v128");
        let loads = "v128.load8x8_ v128.load16x4_ v128.load32x2_";
        for load in loads.split_whitespace() {
            add(&format!("{load}{sign}"), &["i32"], "v128");
        }
    }
    add("f32x4.demote_f64x2_zero f64x2.promote_low_f32x4", v, "v128");
    add("v128.load v128.load32_zero v128.load64_zero", &["i32"], "v128");
    add("v128.store", &["i32", "v128"], "");
    for bits in [8, 16, 32, 64] {
        let last = 128 / bits - 1;
        add(&format!("v128.load{bits}_splat"), &["i32"], "v128");
        add(&format!("v128.load{bits}_lane~{last}"), &["i32", "v128"], "v128");
        add(&format!("v128.store{bits}_lane~{last}"), &["i32", "v128"], "");
    }
    all
}

#[test]
fn the_list_has_every_vector_instruction() {
    let all = instructions();
    let names: BTreeSet<_> =
        all.iter().map(|(text, ..)| text.split(' ').next().unwrap().to_owned()).collect();
    let relaxed = names.iter().filter(|name| name.contains(".relaxed_")).count();
    // What the two proposals say that they add.
    assert_eq!((all.len() - relaxed, relaxed), (236, 20));
    assert_eq!(names.len(), all.len());
}

/// An exported function for each instruction.
fn module_of_all() -> String {
    let mut wat = String::from("(module (memory 1)\n");
    for (text, params, result) in instructions() {
        let gets: String = (0..params.len()).map(|place| format!("(local.get {place})")).collect();
        let params = params.join(" ");
        wat += &format!(
            "(func (export \"{text}\") (param {params}) (result {result}) {gets} {text})\n"
        );
    }
    wat + ")"
}

fn compile(module: &Module<'_>, config: &Config) {
    let plan = plan::plan(module, config).unwrap();
    let target = Target::new(config).unwrap();
    codegen::generate(module, &plan, &target).unwrap();
}

#[test]
fn every_instruction_compiles_on_every_machine() {
    let wasm = wat::parse_str(module_of_all()).unwrap();
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
    codegen::clif(&module, &plan, &target, *body).unwrap().display().to_string()
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
    for (text, params, _) in instructions() {
        if !text.contains(".relaxed_") {
            continue;
        }
        let clif_on = |triple: &str, features: &[&str]| {
            let mut config = Config::new(triple);
            config.cpu_features = features.iter().map(|&name| name.to_owned()).collect();
            config.relaxed_simd_deterministic = true;
            clif(&text, params.len(), &config)
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
