//! The peer: the `wasmtime` crate of the version whose code generator we share.

use anyhow::Result;
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, OptLevel,
    PoolingAllocationConfig, Store,
};

/// An engine with the defaults that its users get, and code for the same CPU features as ours.
pub fn engine() -> Result<Engine> {
    Ok(Engine::new(&config())?)
}

/// An engine that keeps memory ready for instances: its quickest way to make one.
pub fn pooling_engine() -> Result<Engine> {
    let mut config = config();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(16).total_memories(16).total_tables(16);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(Engine::new(&config)?)
}

fn config() -> Config {
    let mut config = Config::new();
    config.cranelift_opt_level(OptLevel::Speed);
    config
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
