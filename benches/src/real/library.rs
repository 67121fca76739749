//! A library, called from the host: an instance, its work, its end; here and in wasmtime. Both are driven by
//! the same code, by names and without types, which is little beside the work.
//!
//! What the modules import is there for failures and for JavaScript's sake: functions that return zeroes, but
//! for [`UNDEFINED`].

use wasmaot::{ExternType, Func, Imports, Instance, Memory, Store, Val};
use wasmtime::error::Context as _;
use wasmtime::{Linker, Result, bail, ensure};

use super::{Program, Run};
use crate::peer::{self, Cpu};

/// The import that says whether options are left out, which they are.
const UNDEFINED: &str = "__wbindgen_is_undefined";

/// An instance.
pub trait Guest {
    /// Calls an export with integers; what it returns, or zero.
    fn call(&mut self, name: &str, args: &[i32]) -> Result<i32>;
    /// Bytes of its memory.
    fn read(&mut self, at: i32, len: i32) -> Result<Vec<u8>>;
    /// Writes to its memory.
    fn write(&mut self, at: i32, bytes: &[u8]) -> Result<()>;
}

/// What an instance is for.
pub type Work = fn(&mut dyn Guest, &[u8]) -> Result<Vec<u8>>;

/// Our way to run it.
pub fn ours(module: wasmaot::Module, work: Work, input: &[u8]) -> Run<'_> {
    Box::new(move || {
        let (mut store, mut imports) = (Store::new(()), Imports::new());
        for import in module.imports() {
            let ExternType::Func(ty) = import.ty else { bail!("it imports {}", import.name) };
            let undefined = import.name == UNDEFINED;
            let func = Func::new(&mut store, ty, move |_, _, results| {
                if undefined {
                    results[0] = Val::I32(1);
                }
                Ok::<_, wasmaot::Error>(())
            });
            imports.define(import.module, import.name, func);
        }
        let instance = Instance::new(&mut store, module, &imports)?;
        let memory = instance.get_memory(&store, "memory").context("its memory")?;
        work(&mut Ours { store, instance, memory }, input)
    })
}

/// The peer's.
pub fn peers<'a>(program: &'a Program, work: Work, input: &'a [u8]) -> Result<Run<'a>> {
    let engine = peer::engine(Cpu::Baseline)?;
    let module = wasmtime::Module::new(&engine, program.wasm)?;
    let mut linker = Linker::new(&engine);
    for import in module.imports() {
        let wasmtime::ExternType::Func(ty) = import.ty() else {
            bail!("it imports {}", import.name())
        };
        let undefined = import.name() == UNDEFINED;
        linker.func_new(import.module(), import.name(), ty.clone(), move |_, _, results| {
            for (result, ty) in results.iter_mut().zip(ty.results()) {
                *result = wasmtime::Val::default_for_ty(&ty).context("a type with a zero")?;
            }
            if undefined {
                results[0] = wasmtime::Val::I32(1);
            }
            Ok(())
        })?;
    }
    let ready = linker.instantiate_pre(&module)?;
    Ok(Box::new(move || {
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = ready.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").context("its memory")?;
        work(&mut Peers { store, instance, memory }, input)
    }))
}

struct Ours {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest for Ours {
    fn call(&mut self, name: &str, args: &[i32]) -> Result<i32> {
        let func = self.instance.get_func(&self.store, name).with_context(|| name.to_owned())?;
        let args: Vec<Val> = args.iter().map(|&value| Val::I32(value)).collect();
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results).with_context(|| name.to_owned())?;
        Ok(match results[..] {
            [Val::I32(result)] => result,
            _ => 0,
        })
    }

    fn read(&mut self, at: i32, len: i32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len as u32 as usize];
        self.memory.read(&self.store, u64::from(at as u32), &mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, at: i32, bytes: &[u8]) -> Result<()> {
        Ok(self.memory.write(&mut self.store, u64::from(at as u32), bytes)?)
    }
}

struct Peers {
    store: wasmtime::Store<()>,
    instance: wasmtime::Instance,
    memory: wasmtime::Memory,
}

impl Guest for Peers {
    fn call(&mut self, name: &str, args: &[i32]) -> Result<i32> {
        let func =
            self.instance.get_func(&mut self.store, name).with_context(|| name.to_owned())?;
        let args: Vec<_> = args.iter().map(|&value| wasmtime::Val::I32(value)).collect();
        let mut results = vec![wasmtime::Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results).with_context(|| name.to_owned())?;
        Ok(match results[..] {
            [wasmtime::Val::I32(result)] => result,
            _ => 0,
        })
    }

    fn read(&mut self, at: i32, len: i32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len as u32 as usize];
        self.memory.read(&self.store, at as u32 as usize, &mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, at: i32, bytes: &[u8]) -> Result<()> {
        Ok(self.memory.write(&mut self.store, at as u32 as usize, bytes)?)
    }
}

/// Puts bytes where the guest has made room; where that is.
fn put(guest: &mut dyn Guest, at: i32, bytes: &[u8]) -> Result<i32> {
    guest.write(at, bytes)?;
    Ok(at)
}

/// The bytes that two words tell of: where, and how many.
fn answer(guest: &mut dyn Guest, at: i32) -> Result<Vec<u8>> {
    let words = guest.read(at, 8)?;
    let word =
        |at: usize| i32::from_le_bytes([words[at], words[at + 1], words[at + 2], words[at + 3]]);
    guest.read(word(0), word(4))
}

/// Lays JSON out.
pub fn dprint_json(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    let send = |guest: &mut dyn Guest, bytes: &[u8]| {
        let at = guest.call("clear_shared_bytes", &[bytes.len() as i32])?;
        put(guest, at, bytes)
    };
    send(guest, br#"{"global":{"lineWidth":100},"plugin":{}}"#)?;
    guest.call("register_config", &[1])?;
    send(guest, b"orders.json")?;
    guest.call("set_file_path", &[])?;
    send(guest, input)?;
    let status = guest.call("format", &[1])?;
    ensure!(status == 1, "it did not lay the text out, but said {status}");
    let len = guest.call("get_formatted_text", &[])?;
    let at = guest.call("get_shared_bytes_ptr", &[])?;
    guest.read(at, len)
}

/// Lays Go out.
pub fn gofmt(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    guest.call("_initialize", &[])?;
    let at = guest.call("alloc", &[input.len() as i32])?;
    put(guest, at, input)?;
    let status = guest.call("format", &[])?;
    let (at, len) = (guest.call("output_ptr", &[])?, guest.call("output_len", &[])?);
    let output = guest.read(at, len)?;
    ensure!(status == 1, "{}", String::from_utf8_lossy(&output));
    Ok(output)
}

/// Parses YAML, and writes JSON.
pub fn yaml_to_json(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    let len = input.len() as i32;
    let at = guest.call("alloc", &[len])?;
    put(guest, at, input)?;
    let status = guest.call("yaml_to_json", &[at, len])?;
    let (at, len) = (guest.call("output_ptr", &[])?, guest.call("output_len", &[])?);
    let output = guest.read(at, len)?;
    ensure!(status == 0, "{}", String::from_utf8_lossy(&output));
    Ok(output)
}

/// Parses JavaScript.
pub fn rollup(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    guest.call("__wbindgen_start", &[])?;
    let to = guest.call("__wbindgen_add_to_stack_pointer", &[-16])?;
    let len = input.len() as i32;
    let at = guest.call("__wbindgen_export2", &[len, 1])?;
    put(guest, at, input)?;
    guest.call("parse", &[to, at, len, 0, 0, 0])?;
    answer(guest, to)
}

/// Compresses as well as it can.
pub fn brotli(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    let to = guest.call("__wbindgen_add_to_stack_pointer", &[-16])?;
    let len = input.len() as i32;
    let at = guest.call("__wbindgen_malloc", &[len])?;
    put(guest, at, input)?;
    guest.call("compress", &[to, at, len, 0])?;
    let failed = guest.read(to + 12, 4)?;
    ensure!(failed == [0; 4], "it failed");
    answer(guest, to)
}

/// Makes a small PNG of a picture.
pub fn oxipng(guest: &mut dyn Guest, input: &[u8]) -> Result<Vec<u8>> {
    let to = guest.call("__wbindgen_add_to_stack_pointer", &[-16])?;
    let len = input.len() as i32;
    let at = guest.call("__wbindgen_malloc", &[len, 1])?;
    put(guest, at, input)?;
    let width = super::PICTURE;
    guest.call("optimise_raw", &[to, at, len, width, len / 4 / width, 2, 0, 0])?;
    answer(guest, to)
}
