//! The program whose guest, run by the peer, adds two numbers: see `program-bare`. The variable
//! `ARTIFACT` names a file that was precompiled from the same module.

use wasmtime::{Engine, Instance, Module, Result, Store};

fn main() -> Result<()> {
    let one = std::env::args().count() as i32;
    let artifact = std::env::var_os("ARTIFACT").expect("ARTIFACT names the artifact");
    let engine = Engine::default();
    // SAFETY: whoever starts this program made the file with `Engine::precompile_module`.
    let module = unsafe { Module::deserialize_file(&engine, artifact)? };
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    println!("{}", add.call(&mut store, (41, one))?);
    Ok(())
}
