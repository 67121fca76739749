//! The machine to compile for: from a triple and feature names to Cranelift's settings.
//!
//! To add a CPU feature: a row in `X86_64` or `AARCH64`. To add a machine: a row in
//! `MACHINES`, and its relocations in `object`.

use std::str::FromStr;
use std::sync::Arc;

use cranelift_codegen::isa::{self, CallConv, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use target_lexicon::{
    Aarch64Architecture, Architecture, BinaryFormat, Environment, OperatingSystem, Triple,
};

use crate::config::{Config, OptLevel};
use crate::error::{Error, Result};

/// The machine to compile for.
#[derive(Clone)]
pub struct Target {
    /// Its triple.
    pub triple: Triple,
    /// The code generator with the user's CPU features and optimisation level.
    pub isa: Arc<dyn TargetIsa>,
    /// The same without optimisation, for code on which that would take too long.
    pub plain: Arc<dyn TargetIsa>,
    /// The code generator with the triple's baseline only and optimisation for size, for code
    /// that the linker merges across modules.
    pub baseline: Arc<dyn TargetIsa>,
    /// What relaxed SIMD instructions do where they have the choice.
    pub relaxed: Relaxed,
    /// Whether the machine chooses bytes of a vector by one instruction.
    pub byte_shuffles: bool,
    /// The platform's C convention.
    pub c_convention: CallConv,
}

/// What relaxed SIMD instructions do where the specification leaves it to us (core 3.0,
/// "Relaxed Operations"). A choice is made once, for all instructions that it concerns. All
/// `false`: as the deterministic profile prescribes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Relaxed {
    /// Multiply and add with one rounding, not two.
    pub fused: bool,
    /// The lesser or greater of two by x86's rules: the second operand unless the first is less
    /// or greater, which it is not if either is a NaN or both are zeros.
    pub x86_min_max: bool,
    /// Signed integers out of range become the least one, as x86 converts.
    pub x86_trunc: bool,
    /// Byte shuffles, the rounding product and the dot product as SSSE3 has them.
    pub ssse3: bool,
}

impl Relaxed {
    fn new(config: &Config, triple: &Triple, isa: &dyn TargetIsa) -> Self {
        if config.relaxed_simd_deterministic {
            return Self::default();
        }
        let x86 = triple.architecture == Architecture::X86_64;
        Self {
            fused: isa.has_native_fma(),
            // Which would hand on a NaN as it is.
            x86_min_max: x86 && !config.canonicalize_nans,
            x86_trunc: x86,
            ssse3: isa.has_x86_pshufb_lowering()
                && isa.has_x86_pmulhrsw_lowering()
                && isa.has_x86_pmaddubsw_lowering(),
        }
    }
}

/// What the README's table says too.
const SUPPORTED: &str = "x86_64-*-linux-* and aarch64-*-linux-*";

/// A CPU feature by rustc's name, Cranelift's setting for it, if it has one that changes code,
/// and the features it implies.
struct Feature(&'static str, Option<&'static str>, &'static [&'static str]);

/// A kind of machine and its features.
struct Machine {
    architecture: Architecture,
    features: &'static [Feature],
}

const MACHINES: &[Machine] = &[
    Machine { architecture: Architecture::X86_64, features: X86_64 },
    Machine {
        architecture: Architecture::Aarch64(Aarch64Architecture::Aarch64),
        features: AARCH64,
    },
];

#[rustfmt::skip]
const X86_64: &[Feature] = &[
    Feature("x86-64", None, &[]),
    Feature("x86-64-v2", None, &["sse4.2", "popcnt", "cmpxchg16b"]),
    Feature("x86-64-v3", None, &["x86-64-v2", "avx2", "bmi1", "bmi2", "fma", "lzcnt"]),
    Feature("x86-64-v4", None, &["x86-64-v3", "avx512f", "avx512dq", "avx512vl"]),
    Feature("sse3", Some("has_sse3"), &[]),
    Feature("ssse3", Some("has_ssse3"), &["sse3"]),
    Feature("sse4.1", Some("has_sse41"), &["ssse3"]),
    Feature("sse4.2", Some("has_sse42"), &["sse4.1"]),
    Feature("avx", Some("has_avx"), &["sse4.2"]),
    Feature("avx2", Some("has_avx2"), &["avx"]),
    Feature("fma", Some("has_fma"), &["avx"]),
    Feature("avxvnni", Some("has_avx_vnni"), &["avx2"]),
    Feature("avx512f", Some("has_avx512f"), &["avx2", "fma"]),
    Feature("avx512bitalg", Some("has_avx512bitalg"), &["avx512f"]),
    Feature("avx512dq", Some("has_avx512dq"), &["avx512f"]),
    Feature("avx512vbmi", Some("has_avx512vbmi"), &["avx512f"]),
    Feature("avx512vl", Some("has_avx512vl"), &["avx512f"]),
    Feature("avx512vnni", Some("has_avx512vnni"), &["avx512f"]),
    Feature("popcnt", Some("has_popcnt"), &[]),
    Feature("bmi1", Some("has_bmi1"), &[]),
    Feature("bmi2", Some("has_bmi2"), &[]),
    Feature("lzcnt", Some("has_lzcnt"), &[]),
    Feature("cmpxchg16b", Some("has_cmpxchg16b"), &[]),
];

#[rustfmt::skip]
const AARCH64: &[Feature] = &[
    Feature("lse", Some("has_lse"), &[]),
    Feature("fp16", Some("has_fp16"), &[]),
    Feature("dotprod", Some("has_dotprod"), &[]),
    Feature("i8mm", Some("has_i8mm"), &[]),
    Feature("paca", Some("has_pauth"), &[]),
];

impl Target {
    /// Finds the machine.
    ///
    /// # Errors
    /// `Config` if the triple or a feature is unknown or not supported, naming what is.
    pub fn new(config: &Config) -> Result<Self> {
        let (triple, machine) = machine(&config.target)?;
        let mut enabled = Vec::new();
        for name in &config.cpu_features {
            enable(machine, name, &mut enabled)
                .map_err(|()| Error::Config(unknown_feature(&config.target, name, machine)))?;
        }
        let opt_level = match config.opt_level {
            OptLevel::None => "none",
            OptLevel::Speed => "speed",
            OptLevel::SpeedAndSize => "speed_and_size",
        };
        let isa = isa(&triple, opt_level, &enabled, config.canonicalize_nans)?;
        Ok(Self {
            relaxed: Relaxed::new(config, &triple, &*isa),
            byte_shuffles: triple.architecture != Architecture::X86_64
                || isa.has_x86_pshufb_lowering(),
            plain: self::isa(&triple, "none", &enabled, config.canonicalize_nans)?,
            isa,
            baseline: self::isa(&triple, "speed_and_size", &[], false)?,
            c_convention: CallConv::triple_default(&triple),
            triple,
        })
    }
}

/// Whether a CPU feature, by rustc's name, can be asked for on a target. Callers that pass on
/// what rustc reports (which has names for much that no generated code uses) can ask first.
pub fn knows_feature(target: &str, feature: &str) -> bool {
    machine(target).is_ok_and(|(_, machine)| find(machine, feature).is_some())
}

fn machine(name: &str) -> Result<(Triple, &'static Machine)> {
    let unsupported = |why: &str| {
        Error::Config(format!("the target `{name}` is not supported: {why}; {SUPPORTED} are"))
    };
    let triple = Triple::from_str(name).map_err(|error| unsupported(&error.to_string()))?;
    let small = matches!(triple.environment, Environment::Gnux32 | Environment::GnuIlp32);
    if small || triple.pointer_width().is_ok_and(|width| width.bits() < 64) {
        return Err(unsupported("the code generator makes code for 64-bit machines only"));
    }
    let machine = MACHINES
        .iter()
        .find(|machine| machine.architecture == triple.architecture)
        .ok_or_else(|| unsupported("there is no code generator for that machine yet"))?;
    let elf = triple.binary_format == BinaryFormat::Elf;
    if triple.operating_system != OperatingSystem::Linux || !elf {
        return Err(unsupported("there is no support for that operating system yet"));
    }
    Ok((triple, machine))
}

fn find<'a>(machine: &'a Machine, name: &str) -> Option<&'a Feature> {
    machine.features.iter().find(|feature| feature.0 == name)
}

/// Collects the settings for a feature and what it implies.
fn enable(machine: &Machine, name: &str, out: &mut Vec<&'static str>) -> Result<(), ()> {
    let Feature(_, setting, implied) = find(machine, name).ok_or(())?;
    out.extend(*setting);
    implied.iter().try_for_each(|name| enable(machine, name, out))
}

fn unknown_feature(target: &str, name: &str, machine: &Machine) -> String {
    let plain = |name: &str| name.replace(['.', '-', '_', '+'], "").to_lowercase();
    let known = machine.features.iter().map(|feature| feature.0);
    match known.clone().find(|known| plain(known) == plain(name)) {
        Some(near) => format!("unknown CPU feature `{name}` for {target}: did you mean `{near}`?"),
        None => {
            let known: Vec<_> = known.collect();
            format!(
                "unknown CPU feature `{name}` for {target}: those that change generated code are {}",
                known.join(", ")
            )
        }
    }
}

fn isa(
    triple: &Triple,
    opt_level: &str,
    features: &[&str],
    canonicalize_nans: bool,
) -> Result<Arc<dyn TargetIsa>> {
    let failed = |error: &dyn std::fmt::Display| Error::Codegen {
        function: "any function".into(),
        message: format!("the code generator refuses {triple}: {error}"),
    };
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", opt_level),
        // Everything that code refers to is linked with it and declared so ("colocated"): it is
        // reached relative to the code, which makes the code position-independent. What
        // Cranelift calls so goes through a table of addresses.
        ("is_pic", "false"),
        ("use_colocated_libcalls", "true"),
        // The runtime walks frames by their saved frame pointers.
        ("preserve_frame_pointers", "true"),
        ("unwind_info", "true"),
        // Results for which there are no registers come back in the caller's frame.
        ("enable_multi_ret_implicit_sret", "true"),
        // Every body compares its whole frame with the stack limit before it touches the frame.
        ("enable_probestack", "false"),
        // Where blocks begin, and what they lead to.
        ("machine_code_cfg_info", "true"),
        ("enable_nan_canonicalization", if canonicalize_nans { "true" } else { "false" }),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(|error| failed(&error))?;
    }
    let mut builder = isa::lookup(triple.clone()).map_err(|error| failed(&error))?;
    for feature in features {
        builder.enable(feature).map_err(|error| failed(&error))?;
    }
    builder.finish(settings::Flags::new(flags)).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86: &str = "x86_64-unknown-linux-gnu";

    fn target(triple: &str, features: &[&str]) -> Result<Target> {
        let mut config = Config::new(triple);
        config.cpu_features = features.iter().map(ToString::to_string).collect();
        Target::new(&config)
    }

    fn message(triple: &str, features: &[&str]) -> String {
        target(triple, features).err().expect("an error").to_string()
    }

    fn has(target: &Target, setting: &str) -> bool {
        let flags = target.isa.isa_flags();
        flags.iter().any(|flag| flag.name == setting && flag.as_bool() == Some(true))
    }

    #[test]
    fn linux_on_64_bits_is_supported() {
        for triple in [
            X86,
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
            "aarch64-linux-android",
        ] {
            let target = target(triple, &[]).unwrap();
            assert_eq!(target.c_convention, CallConv::SystemV);
        }
    }

    #[test]
    fn other_targets_are_refused_by_name() {
        for (triple, why) in [
            ("i686-unknown-linux-gnu", "64-bit"),
            ("x86_64-unknown-linux-gnux32", "64-bit"),
            ("thumbv7em-none-eabihf", "64-bit"),
            ("riscv64gc-unknown-linux-gnu", "machine"),
            ("aarch64_be-unknown-linux-gnu", "machine"),
            ("x86_64-pc-windows-msvc", "operating system"),
            ("aarch64-apple-darwin", "operating system"),
            ("no such thing", "not supported"),
        ] {
            let message = message(triple, &[]);
            assert!(message.contains(triple) && message.contains(why), "{message}");
            assert!(message.contains(SUPPORTED), "{message}");
        }
    }

    #[test]
    fn the_baseline_has_no_extension_and_features_imply_others() {
        let base = target(X86, &[]).unwrap();
        assert!(!has(&base, "has_sse3") && !has(&base, "has_avx"));
        let avx2 = target(X86, &["avx2"]).unwrap();
        assert!(has(&avx2, "has_avx2") && has(&avx2, "has_sse3") && !has(&avx2, "has_bmi1"));
        let in_baseline = |flag: settings::Value| flag.as_bool() == Some(true);
        assert!(!avx2.baseline.isa_flags().into_iter().any(in_baseline));
        let v3 = target(X86, &["x86-64-v3"]).unwrap();
        assert!(has(&v3, "has_popcnt") && has(&v3, "has_fma") && !has(&v3, "has_avx512f"));
        assert!(has(&target("aarch64-unknown-linux-gnu", &["lse"]).unwrap(), "has_lse"));
    }

    #[test]
    fn unknown_features_come_with_a_suggestion_or_the_list() {
        assert!(message(X86, &["sse41"]).contains("did you mean `sse4.1`?"));
        assert!(message(X86, &["neon"]).contains("bmi2"));
        assert!(message("aarch64-unknown-linux-gnu", &["avx"]).contains("lse"));
        assert!(knows_feature(X86, "avx") && !knows_feature(X86, "fxsr"));
    }

    #[test]
    fn every_feature_has_a_setting() {
        for (triple, machine) in [(X86, 0), ("aarch64-unknown-linux-gnu", 1)] {
            for feature in MACHINES[machine].features {
                target(triple, &[feature.0]).unwrap();
            }
        }
    }
}
