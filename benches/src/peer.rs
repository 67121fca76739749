//! The peer: the `wasmtime` crate of the version whose code generator we share.

use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, OptLevel,
    PoolingAllocationConfig, Result, Store,
};

/// What code for the peer may use of the CPU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cpu {
    /// What every machine of the architecture has, as in our objects (and in Rust programs).
    Baseline,
    /// What this machine has: the peer's default.
    This,
}

/// The peer's defaults, but for the CPU.
pub fn config(cpu: Cpu) -> Result<Config> {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::Speed);
    if cpu == Cpu::Baseline {
        config.target(TARGET)?;
    }
    Ok(config)
}

/// The machine that this program was compiled for, and that all code here is for.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// An engine that makes memory for each instance when it is wanted: the default.
pub fn engine(cpu: Cpu) -> Result<Engine> {
    Engine::new(&config(cpu)?)
}

/// An engine whose artifacts the peer's smallest runtime takes: without collector and threads.
/// The peer's WASI brings `components` with it, and artifacts have to agree.
pub fn small_engine(components: bool) -> Result<Engine> {
    let mut config = config(Cpu::Baseline)?;
    config.gc_support(false).wasm_exceptions(false).wasm_threads(false);
    config.wasm_component_model(components);
    Engine::new(&config)
}

/// An engine that keeps memory ready for instances: its quickest way to make one.
pub fn pooling_engine() -> Result<Engine> {
    let mut config = config(Cpu::Baseline)?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(16).total_memories(16).total_tables(16).table_elements(20_000);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// A module with one instance that imports at most functions given by `link`.
pub fn instantiate(
    engine: &Engine,
    wasm: &[u8],
    link: impl FnOnce(&mut Linker<()>) -> Result<()>,
) -> Result<(Store<()>, Instance)> {
    let module = Module::new(engine, wasm)?;
    let mut linker = Linker::new(engine);
    link(&mut linker)?;
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    Ok((store, instance))
}
