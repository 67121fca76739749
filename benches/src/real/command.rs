//! A program for WASI, run from its start to its end: here, and in wasmtime with its WASI. Both get the same
//! arguments, the same folder and the same input; what they print is kept in memory.

use std::io::Cursor;
use std::path::Path;

use wasmaot::wasi::{Access, Captured, Exit, WasiCtx};
use wasmaot::{Imports, Instance, Store};
use wasmtime::error::Context as _;
use wasmtime::{Linker, Module, Result};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, I32Exit};

use super::{Program, Run};
use crate::peer::{self, Cpu};

/// What a program is started with.
#[derive(Debug)]
pub struct Command {
    /// Its arguments.
    pub args: &'static [&'static str],
    /// Its input.
    pub stdin: String,
    /// What lies in its folder, other than `out`, which it may write.
    pub files: Vec<(&'static str, String)>,
}

impl Command {
    /// One with arguments only.
    pub fn new(args: &'static [&'static str]) -> Self {
        Self { args, stdin: String::new(), files: Vec::new() }
    }

    /// Adds a file.
    pub fn file(mut self, name: &'static str, contents: String) -> Self {
        self.files.push((name, contents));
        self
    }

    /// Sets the input.
    pub fn stdin(mut self, input: String) -> Self {
        self.stdin = input;
        self
    }

    /// Puts the files where they belong.
    pub fn prepare(&self, folder: &Path) -> Result<()> {
        for (name, contents) in &self.files {
            std::fs::write(folder.join(name), contents)?;
        }
        Ok(())
    }

    /// Our way to run it.
    pub fn ours<'a>(
        &'a self,
        program: &'a Program,
        module: wasmaot::Module,
        folder: &'a Path,
    ) -> Run<'a> {
        Box::new(move || {
            let output = Captured::new();
            let wasi = WasiCtx::builder()
                .arg(program.name)
                .args(self.args.iter().copied())
                .stdin(Cursor::new(self.stdin.clone()))
                .stdout(output.clone())
                .folder(folder, "/", Access::ReadWrite)
                .build()?;
            let mut store = Store::new(());
            store.set_wasi(wasi);
            let instance = Instance::new(&mut store, module, &Imports::new())?;
            let start = instance.get_func(&store, "_start").context("it has no `_start`")?;
            match start.typed::<(), ()>(&store)?.call(&mut store, ()) {
                Err(end) if end.downcast_ref() != Some(&Exit { code: 0 }) => Err(end.into()),
                _ => Ok(output.take()),
            }
        })
    }

    /// The peer's.
    pub fn peers<'a>(&'a self, program: &'a Program, folder: &'a Path) -> Result<Run<'a>> {
        let engine = peer::engine(Cpu::Baseline)?;
        let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
        let ready = linker.instantiate_pre(&Module::new(&engine, program.wasm)?)?;
        Ok(Box::new(move || {
            let output = MemoryOutputPipe::new(usize::MAX);
            let mut builder = wasmtime_wasi::WasiCtx::builder();
            builder.arg(program.name).args(self.args);
            builder.stdin(MemoryInputPipe::new(self.stdin.clone())).stdout(output.clone());
            builder.allow_blocking_current_thread(true);
            builder.preopened_dir(folder, "/", FsPerms::ReadWrite)?;
            let mut store = wasmtime::Store::new(&engine, builder.build_p1());
            let instance = ready.instantiate(&mut store)?;
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
            match start.call(&mut store, ()) {
                Err(end) if end.downcast_ref::<I32Exit>().is_none_or(|exit| exit.0 != 0) => {
                    Err(end)
                }
                _ => Ok(output.contents().to_vec()),
            }
        }))
    }
}
