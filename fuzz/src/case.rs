//! A module and what is done with it: which exported functions are called, and with what.

use anyhow::{Context, Result, ensure};
use wasmparser::{ExternalKind, Validator, WasmFeatures};

use crate::random::Random;
use crate::value::{Type, Value};

/// Most calls of one case.
const MOST_CALLS: usize = 24;

/// A call of an exported function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The export's name.
    pub name: String,
    /// What it is given.
    pub arguments: Vec<Value>,
    /// What it returns.
    pub results: Vec<Type>,
}

/// What an engine is to do.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whence the calls, the host's answers, and (unless it comes from a file) the module.
    pub seed: u64,
    /// The module.
    pub wasm: Vec<u8>,
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// The other exports, whose state can be looked at.
    pub items: Vec<(String, Item)>,
    /// The proposals that the module needs.
    pub features: WasmFeatures,
}

/// What has a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    /// A global.
    Global,
    /// A memory.
    Memory,
    /// A table.
    Table,
}

impl Case {
    /// What is done with this module, if the seed is this.
    ///
    /// # Errors
    /// If it is no valid module.
    pub fn new(seed: u64, wasm: Vec<u8>) -> Result<Self> {
        let mut random = Random::new(seed, "calls");
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let types = validator.validate_all(&wasm).context("the module is not valid")?;
        let types = types.as_ref();
        let (mut functions, mut items) = (Vec::new(), Vec::new());
        for payload in wasmparser::Parser::new(0).parse_all(&wasm) {
            let wasmparser::Payload::ExportSection(exports) = payload? else { continue };
            for export in exports {
                let export = export?;
                let name = export.name.to_owned();
                match export.kind {
                    ExternalKind::Func | ExternalKind::FuncExact => {
                        let ty = types.core_function_at(export.index);
                        let ty = types[ty].unwrap_func();
                        let has_default = |ty: &wasmparser::ValType| ty.is_defaultable();
                        if ty.params().iter().all(has_default) {
                            let types = |list: &[wasmparser::ValType]| {
                                list.iter().map(|&ty| Type::of(ty)).collect::<Vec<_>>()
                            };
                            functions.push((name, types(ty.params()), types(ty.results())));
                        }
                    }
                    ExternalKind::Global => items.push((name, Item::Global)),
                    ExternalKind::Memory => items.push((name, Item::Memory)),
                    ExternalKind::Table => items.push((name, Item::Table)),
                    ExternalKind::Tag => {}
                }
            }
        }
        let mut calls = Vec::new();
        if !functions.is_empty() {
            let many = (3 * functions.len()).min(MOST_CALLS);
            // From somewhere on, so that the first do not use up all the fuel each time.
            let first = random.below(functions.len());
            for number in 0..many {
                let (name, params, results) = &functions[(first + number) % functions.len()];
                let arguments = params.iter().map(|&ty| value(ty, &mut random)).collect();
                calls.push(Call { name: name.clone(), arguments, results: results.clone() });
            }
        }
        let features = needed(&wasm);
        ensure!(WasmFeatures::all().contains(features), "no features suffice");
        Ok(Self { seed, wasm, calls, items, features })
    }
}

/// The proposals that a valid module needs.
fn needed(wasm: &[u8]) -> WasmFeatures {
    let valid = |features| Validator::new_with_features(features).validate_all(wasm).is_ok();
    let mut needed = WasmFeatures::all();
    for flag in WasmFeatures::all().iter() {
        if valid(needed.difference(flag)) {
            needed.remove(flag);
        }
    }
    needed
}

/// A value of which programs have opinions, or any.
pub fn value(ty: Type, random: &mut Random) -> Value {
    match ty {
        Type::I32 => Value::I32(integer(random) as i32),
        Type::I64 => Value::I64(integer(random) as i64),
        Type::F32 => Value::F32(single(random)),
        Type::F64 => Value::F64(double(random)),
        Type::V128 => {
            let (low, high) = match random.below(3) {
                0 => (integer(random), integer(random)),
                1 => (double(random), double(random)),
                _ => {
                    let pair = |random: &mut Random| {
                        u64::from(single(random)) << 32 | u64::from(single(random))
                    };
                    (pair(random), pair(random))
                }
            };
            Value::V128(u128::from(high) << 64 | u128::from(low))
        }
        Type::Func => Value::Func(false),
        Type::Extern => Value::Extern((!random.one_in(3)).then(|| random.below(5) as u32)),
    }
}

fn integer(random: &mut Random) -> u64 {
    const EDGES: [u64; 16] = [
        0,
        1,
        2,
        u64::MAX,
        u64::MAX - 1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0xffff,
        0x1_0000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        i64::MAX as u64,
        i64::MIN as u64,
    ];
    match random.below(4) {
        0 => random.next(),
        1 => random.next() >> (48 + random.below(16)),
        _ => *random.pick(&EDGES),
    }
}

fn single(random: &mut Random) -> u32 {
    const EDGES: [f32; 14] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        2147483648.0,
        -2147483648.0,
        4294967296.0,
        9223372036854775808.0,
    ];
    match random.below(8) {
        // Engines differ in what they make of other NaNs.
        0 => 0x7fc0_0000,
        1 | 2 => canonical_single(random.next() as u32),
        _ => random.pick(&EDGES).to_bits(),
    }
}

fn double(random: &mut Random) -> u64 {
    const EDGES: [f64; 14] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        2147483648.0,
        -2147483649.0,
        9223372036854775808.0,
        18446744073709551616.0,
    ];
    match random.below(8) {
        0 => 0x7ff8 << 48,
        1 | 2 => {
            let bits = random.next();
            if f64::from_bits(bits).is_nan() { 0x7ff8 << 48 } else { bits }
        }
        _ => random.pick(&EDGES).to_bits(),
    }
}

fn canonical_single(bits: u32) -> u32 {
    if f32::from_bits(bits).is_nan() { 0x7fc0_0000 } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("a module's text")
    }

    #[test]
    fn calls_go_round_and_items_are_looked_at() {
        let wasm = module(
            "(module (func (export \"a\") (param i32 f64) (result i64) (i64.const 0))
               (func (export \"b\")) (memory (export \"m\") 1) (global (export \"g\") i32 (i32.const 0))
               (table (export \"t\") 1 funcref))",
        );
        let case = Case::new(3, wasm.clone()).unwrap();
        let mut names: Vec<_> = case.calls.iter().map(|call| call.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "a", "a", "b", "b", "b"]);
        let call = case.calls.iter().find(|call| call.name == "a").unwrap();
        assert!(matches!(call.arguments[..], [Value::I32(_), Value::F64(_)]));
        assert_eq!(call.results, [Type::I64]);
        let items = case.items.iter().map(|(name, item)| (name.as_str(), *item));
        let expected = [("m", Item::Memory), ("g", Item::Global), ("t", Item::Table)];
        assert_eq!(items.collect::<Vec<_>>(), expected);
        assert_eq!(Case::new(3, wasm).unwrap().calls, case.calls, "the same seed, the same calls");
    }

    #[test]
    fn needs_what_it_uses() {
        let simd = Case::new(0, module("(module (func (local v128)))")).unwrap();
        assert!(simd.features.contains(WasmFeatures::SIMD));
        assert!(!simd.features.contains(WasmFeatures::THREADS));
        assert!(Case::new(0, b"\0asm".to_vec()).is_err());
    }
}
