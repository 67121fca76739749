//! A WASI program, run by the peer. The variable `ARTIFACT` names a file that was precompiled from
//! its module.

use wasmtime::{Engine, Linker, Module, Result, Store};
use wasmtime_wasi::WasiCtx;

fn main() -> Result<()> {
    let artifact = std::env::var_os("ARTIFACT").expect("ARTIFACT names the artifact");
    let engine = Engine::default();
    // SAFETY: whoever starts this program made the file with `Engine::precompile_module`.
    let module = unsafe { Module::deserialize_file(&engine, artifact)? };
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
    let wasi = WasiCtx::builder().inherit_stdio().inherit_args().build_p1();
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}
