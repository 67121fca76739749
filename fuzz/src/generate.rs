//! Modules from seeds, by `wasm-smith`. Each seed has a configuration of its own (swarm testing):
//! modules that do everything a little never do anything much.

use anyhow::{Result, anyhow};
use arbitrary::{Arbitrary, Unstructured};
use wasm_smith::{Config, MemoryOffsetChoices, Module};

use crate::crowded;
use crate::engines::engines_canonicalize;
use crate::host::{MEMORY_BYTES, TABLE_ELEMENTS};
use crate::loops;
use crate::proposals::PROPOSALS;
use crate::random::Random;
use crate::transform::transform;
use crate::wide;

/// Which of the enabled proposals are tried.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Every module may use this proposal, and uses much of it; or all are about [`loops`],
    /// [`wide`] numbers, or [`crowded`] loops.
    pub only: Option<String>,
}

/// Makes the module of a seed.
///
/// # Errors
/// If the generator does not want to: the next seed will do.
pub fn module(seed: u64, selection: &Selection) -> Result<Vec<u8>> {
    let is = |name: &str, drawn: bool| selection.only.as_ref().map_or(drawn, |only| only == name);
    if is(loops::NAME, is_about_loops(seed)) {
        return loops::module(seed);
    }
    if is(wide::NAME, is_about_wide_numbers(seed)) {
        return wide::module(seed);
    }
    if is(crowded::NAME, is_crowded(seed)) {
        return crowded::module(seed);
    }
    let mut random = Random::new(seed, "module");
    let size = 256 << random.below(6);
    let config = config(seed, &mut random, selection).map_err(|error| anyhow!(error))?;
    let bytes = random.bytes(size);
    let mut module = Module::new(config, &mut Unstructured::new(&bytes))?;
    // Loops and recursion end after so many rounds, in every engine the same.
    module.ensure_termination(*random.pick(&[50, 500, 2_000]))?;
    transform(module.to_bytes())
}

/// Whether the module of a seed is one of [`loops`], if it may be any.
fn is_about_loops(seed: u64) -> bool {
    Random::new(seed, "what").one_in(8)
}

/// Whether it is one of [`wide`].
fn is_about_wide_numbers(seed: u64) -> bool {
    Random::new(seed, "what else").one_in(24)
}

/// Whether it is one of [`crowded`].
fn is_crowded(seed: u64) -> bool {
    Random::new(seed, "what crowd").one_in(24)
}

/// Makes a module of any language, perhaps with functions that are none.
///
/// # Errors
/// As [`module`].
pub fn any_module(seed: u64) -> Result<Vec<u8>> {
    let mut random = Random::new(seed, "any module");
    let size = 256 << random.below(6);
    let bytes = random.bytes(512);
    let mut config = Config::arbitrary(&mut Unstructured::new(&bytes))?;
    config.custom_page_sizes_enabled = random.one_in(2);
    config.wide_arithmetic_enabled = random.one_in(2);
    config.allow_invalid_funcs = random.one_in(4);
    config.generate_custom_sections = random.one_in(2);
    let bytes = random.bytes(size);
    Ok(Module::new(config, &mut Unstructured::new(&bytes))?.to_bytes())
}

fn config(seed: u64, random: &mut Random, selection: &Selection) -> arbitrary::Result<Config> {
    let bytes = random.bytes(512);
    let mut config = Config::arbitrary(&mut Unstructured::new(&bytes))?;

    // Small enough that hundreds go through in a minute.
    config.min_types = 1 + random.below(5);
    config.max_types = config.min_types + random.below(20);
    config.min_funcs = 1 + random.below(6);
    config.max_funcs = config.min_funcs + random.below(16);
    config.max_imports = if random.one_in(3) { 0 } else { random.below(8) };
    config.min_globals = random.below(4);
    config.max_globals = config.min_globals + random.below(12);
    config.max_instructions = 20 + random.below(400);
    config.max_element_segments = random.below(8);
    config.max_elements = random.below(60);
    config.max_data_segments = random.below(8);
    config.max_tables = random.below(4);
    config.max_memories = 1;
    config.min_memories = u32::from(!random.one_in(4));
    config.max_memory32_bytes = MEMORY_BYTES;
    config.max_memory64_bytes = MEMORY_BYTES.into();
    config.max_table_elements = TABLE_ELEMENTS;
    let &(sure, likely, never) = random.pick(&[(90, 9, 1), (100, 0, 0), (60, 30, 10)]);
    config.memory_offset_choices = MemoryOffsetChoices(sure, likely, never);
    config.max_type_size = 100;

    // What can be compared.
    config.canonicalize_nans = !engines_canonicalize(seed);
    config.export_everything = !random.one_in(4);
    config.min_exports = 1;
    config.max_exports = 20;
    config.disallow_traps = random.one_in(3);
    config.generate_custom_sections = random.one_in(8);
    if !random.one_in(3) {
        config.allowed_instructions = wasm_smith::InstructionKinds::all();
        config.allow_floats = true;
    }

    // The language: the core, and some of the proposals.
    config.simd_enabled = false;
    config.relaxed_simd_enabled = false;
    config.tail_call_enabled = false;
    config.memory64_enabled = false;
    config.custom_page_sizes_enabled = false;
    config.wide_arithmetic_enabled = false;
    config.threads_enabled = false;
    config.exceptions_enabled = false;
    config.gc_enabled = false;
    config.compact_imports_enabled = false;
    for proposal in PROPOSALS {
        // Drawn for each, so that a seed's module depends on as little as possible.
        let drawn = random.one_in(if proposal.wasmi { 2 } else { 4 });
        let wanted = selection.only.as_ref().map_or(drawn, |name| name == proposal.name);
        if wanted && proposal.enabled() {
            (proposal.generate)(&mut config);
        }
    }
    if !config.reference_types_enabled {
        config.max_tables = config.max_tables.min(1);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use wasmparser::Validator;

    use super::*;
    use crate::proposals::features;

    #[test]
    fn modules_are_valid_varied_and_the_same_for_the_same_seed() {
        let (mut made, mut sizes) = (0, std::collections::BTreeSet::new());
        for seed in 0..200 {
            let Ok(wasm) = module(seed, &Selection::default()) else { continue };
            let mut validator = Validator::new_with_features(features(|row| row.enabled()));
            validator.validate_all(&wasm).expect("valid, with what is enabled");
            assert_eq!(module(seed, &Selection::default()).unwrap(), wasm);
            made += 1;
            sizes.insert(wasm.len());
        }
        assert!(made > 150, "{made} modules from 200 seeds");
        assert!(sizes.len() > 100, "{} sizes", sizes.len());
    }
}
