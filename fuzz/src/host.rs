//! The host that modules import from: the same for all engines. What it answers depends on the
//! seed and on all that it was told before, so that a difference anywhere shows.

use wasmparser::WasmFeatures;

use crate::case::value;
use crate::random::Random;
use crate::value::{Type, Value, digest, mix};

/// Most bytes a memory may have.
pub const MEMORY_BYTES: u64 = 16 << 20;
/// Most elements a table may have.
pub const TABLE_ELEMENTS: u64 = 5_000;
/// How many calls the host takes before it refuses all: a guest's fuel does not count them.
const MOST_CALLS: u64 = 10_000;

/// The host's own state.
#[derive(Clone, Debug)]
pub struct Host {
    seed: u64,
    calls: u64,
    /// A digest of all calls.
    pub log: u64,
}

/// What the host's functions fail with.
#[derive(Debug)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the host refuses")
    }
}

impl std::error::Error for Refused {}

impl Host {
    /// The host of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, calls: 0, log: seed }
    }

    /// The value of an imported global.
    pub fn global(&self, import: u64, ty: Type) -> Value {
        value(ty, &mut Random::new(self.seed ^ import, "global"))
    }

    /// Answers a call of an imported function.
    ///
    /// # Errors
    /// Sometimes.
    pub fn call(
        &mut self,
        import: u64,
        arguments: &[Value],
        results: &[Type],
    ) -> Result<Vec<Value>, Refused> {
        self.calls += 1;
        self.log = mix(self.log, import);
        for argument in arguments {
            let bits = match *argument {
                Value::I32(value) => value as u32 as u128,
                Value::I64(value) => value as u64 as u128,
                Value::F32(bits) => bits.into(),
                Value::F64(bits) => bits.into(),
                Value::V128(bits) => bits,
                Value::Func(some) => some.into(),
                Value::Extern(number) => number.map_or(77, u128::from),
            };
            self.log = mix(mix(self.log, bits as u64), (bits >> 64) as u64);
        }
        let mut random = Random::new(self.log, "answer");
        if self.calls > MOST_CALLS || random.one_in(40) {
            return Err(Refused);
        }
        Ok(results.iter().map(|&ty| value(ty, &mut random)).collect())
    }
}

/// What the host calls an import: engines do not all have imports in the module's order.
pub fn import_key(module: &str, name: &str) -> u64 {
    mix(digest(module.as_bytes()), digest(name.as_bytes()))
}

/// Whether all the features that a module needs are among those of an engine.
pub fn suffices(engine: WasmFeatures, needed: WasmFeatures) -> Result<(), String> {
    let missing = needed.difference(engine);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    Err(format!("no {}", names.join(", ")))
}
