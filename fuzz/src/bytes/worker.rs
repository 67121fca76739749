//! A child process: gives inputs to the compiler, in one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use anyhow::Result;
use wasmaot_compiler::{Config, Error, OptLevel, TrapStyle, compile, describe};

use super::{alloc, inputs, limit};
use crate::child::{Finding, Said};
use crate::differential::worker::words;
use crate::random::Random;
use crate::stats::Stats;

/// Inputs above this are mostly described only.
const LARGE: usize = 100 << 10;

/// Tries the inputs of some seeds.
///
/// # Errors
/// Not for findings.
pub fn run(seed: u64, iterations: u64) -> Result<()> {
    // A panic is a finding, and its words are in it.
    std::panic::set_hook(Box::new(|_| {}));
    let mut stats = Stats::default();
    for seed in seed..seed + iterations {
        Said::At(format!("seed {seed}")).say();
        let input = inputs::input(seed);
        stats.count("inputs");
        stats.count(format!("inputs: {}", input.kind));
        let mut random = Random::new(seed, "compiler");
        let config = config(
            *random.pick(&[TrapStyle::Signals, TrapStyle::Explicit]),
            *random.pick(&[OptLevel::None, OptLevel::None, OptLevel::Speed]),
            random.one_in(2) || input.kind == "custom sections",
        );
        try_one(seed, &input.bytes, &config, false, &mut stats);
        if input.bytes.len() < LARGE || random.one_in(40) {
            try_one(seed, &input.bytes, &config, true, &mut stats);
        }
    }
    Said::Stats(stats).say();
    Ok(())
}

/// Tries an input in all ways.
pub fn everything(seed: u64, bytes: &[u8], stats: &mut Stats) {
    for traps in [TrapStyle::Signals, TrapStyle::Explicit] {
        for opt_level in [OptLevel::None, OptLevel::Speed] {
            for debug_info in [false, true] {
                let config = config(traps, opt_level, debug_info);
                try_one(seed, bytes, &config, true, stats);
            }
        }
    }
}

fn config(traps: TrapStyle, opt_level: OptLevel, debug_info: bool) -> Config {
    Config { traps, opt_level, debug_info, ..Config::new(cargo_wasmaot::host_target()) }
}

/// Describes or compiles an input, and says what is wrong with that.
fn try_one(seed: u64, bytes: &[u8], config: &Config, whole: bool, stats: &mut Stats) {
    let found = |what| Said::Found(Finding { seed, what }).say();
    let start = Instant::now();
    let (outcome, peak) = alloc::peak_of(|| {
        catch_unwind(AssertUnwindSafe(|| {
            if whole { compile(bytes, config).map(drop) } else { describe(bytes, config).map(drop) }
        }))
    });
    let verb = if whole { "compiled" } else { "described" };
    match outcome {
        Ok(Ok(())) => stats.count(format!("{verb}: yes")),
        Ok(Err(Error::Codegen { function, message })) => {
            found(format!("no code for {function}: {message}"));
        }
        Ok(Err(error)) => stats.count(format!("{verb}: no, {}", kind(&error))),
        Err(panic) => found(format!("the compiler panics: {}", words(&*panic))),
    }
    if peak > limit(bytes.len()) {
        found(format!("{peak} bytes of memory for an input of {}", bytes.len()));
    }
    stats.most("most memory, in KiB", (peak >> 10) as u64, seed);
    let beyond = peak.saturating_sub(64 << 20);
    stats.most("most memory beyond 64 MiB per byte", (beyond / bytes.len().max(1)) as u64, seed);
    if bytes.len() > 4096 {
        stats.most("most memory per byte", (peak / bytes.len()) as u64, seed);
    }
    let took = start.elapsed();
    stats.most("longest, in ms", took.as_millis() as u64, seed);
    let per_byte = took.as_nanos() as u64 / bytes.len().max(1000) as u64;
    stats.most("longest per byte, in ns", per_byte, seed);
}

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Invalid { .. } => "invalid",
        Error::Unsupported { .. } => "unsupported",
        Error::TooLarge { .. } => "too large",
        Error::Config(_) => "options",
        _ => "something else",
    }
}
