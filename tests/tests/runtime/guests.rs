//! Short ways to do what most tests do: instantiate, call, look at an error.

use wasmaot::*;
use wasmparser::{Parser, Payload};

/// An instance of a module that imports nothing.
pub fn instance(store: impl AsStoreMut, module: Module) -> Instance {
    Instance::new(store, module, &Imports::new()).expect("an instance")
}

/// Calls an export with values of any number.
pub fn call(
    mut store: impl AsStoreMut,
    instance: Instance,
    name: &str,
    params: &[Val],
) -> Result<Vec<Val>> {
    let func = instance.get_func(&store, name).unwrap_or_else(|| panic!("an export `{name}`"));
    let ty = func.ty(&store);
    // Not what is expected, so that a result that is not written is noticed.
    let junk = |ty: &ValType| match ty {
        ValType::I32 => Val::I32(-0x5a5a_5a5a),
        ValType::I64 => Val::I64(-0x5a5a_5a5a),
        ValType::F32 => Val::F32(0x5a5a_5a5a),
        ValType::F64 => Val::F64(0x5a5a_5a5a),
        &other => Val::default_of(other),
    };
    let mut results: Vec<Val> = ty.results().iter().map(junk).collect();
    func.call(&mut store, params, &mut results)?;
    Ok(results)
}

/// Calls an export whose types are known.
pub fn typed<P: WasmParams, R: WasmResults>(
    mut store: impl AsStoreMut,
    instance: Instance,
    name: &str,
    params: P,
) -> Result<R> {
    let func = instance.get_func(&store, name).unwrap_or_else(|| panic!("an export `{name}`"));
    func.typed::<P, R>(&store)?.call(&mut store, params)
}

/// The trap that a call must have ended in.
#[track_caller]
pub fn trap<T: std::fmt::Debug>(result: Result<T>) -> Trap {
    let error = result.expect_err("a trap");
    error.trap().unwrap_or_else(|| panic!("not a trap: {error}")).clone()
}

/// The code of the trap that a call must have ended in.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: Result<T>) -> TrapCode {
    trap(result).code()
}

/// The offsets in a binary of the instructions of a function that `wasmparser` calls by this
/// name. The index counts defined functions.
pub fn offsets(wasm: &[u8], defined: usize, operator: &str) -> Vec<u32> {
    let bodies = Parser::new(0).parse_all(wasm).filter_map(|payload| match payload.unwrap() {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    let body = bodies.into_iter().nth(defined).expect("a function with this index");
    let mut reader = body.get_operators_reader().unwrap();
    let mut offsets = Vec::new();
    while !reader.eof() {
        let (found, offset) = reader.read_with_offset().unwrap();
        let found = format!("{found:?}");
        if found.split([' ', '(']).next() == Some(operator) {
            offsets.push(offset as u32);
        }
    }
    offsets
}
