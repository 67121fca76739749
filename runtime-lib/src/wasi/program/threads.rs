//! Threads of a guest that is a program (wasi-threads): each has a store and an instance of its own
//! over the memory that all share, and what ends one of them ends the program.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::{Given, Options, ended, limit, shared_memory_type};
use crate::bindings::{self, VmContext, VmModule, VmReturn};
use crate::error::Error;
use crate::link::Extern;
use crate::platform;
use crate::raw::ModuleRef;
use crate::shared::SharedMemory;
use crate::store::Store;
use crate::wasi::{NewThread, WasiCtxBuilder};

/// The export `wasi_thread_start`.
pub type ThreadStart = unsafe extern "C" fn(*mut VmContext, *mut VmContext, i32, i32) -> VmReturn;

/// What threads are made of.
#[derive(Clone, Copy, Debug)]
pub struct Threads {
    module: ModuleRef,
    start: ThreadStart,
    imports: fn(&mut Store<()>, &'static VmModule) -> Result<Vec<Extern>, Error>,
}

impl Threads {
    /// Threads of a guest.
    ///
    /// # Safety
    /// The module and the start are those of one object, and the imports of the module's types.
    pub unsafe fn new(
        module: &'static VmModule,
        start: ThreadStart,
        imports: fn(&mut Store<()>, &'static VmModule) -> Result<Vec<Extern>, Error>,
    ) -> Self {
        // SAFETY: the caller's promise.
        Self { module: unsafe { ModuleRef::new(module) }, start, imports }
    }

    /// The part for guests that ask for threads. Each has as much fuel and stack as the guest was
    /// given.
    ///
    /// # Errors
    /// None.
    pub fn part(self, ctx: WasiCtxBuilder, given: &Given<'_>) -> Result<WasiCtxBuilder, String> {
        let options = Arc::new(given.options.clone());
        // As much as the main thread has by custom.
        let stack = options.max_stack.unwrap_or(0).clamp(8 << 20, 1 << 30) as usize;
        let make = move |new: NewThread| {
            let options = options.clone();
            let run = move || {
                if let Err(error) = self.run(&new, &options) {
                    platform::end_program(ended(&error, &options));
                }
            };
            thread::Builder::new().stack_size(stack).spawn(run).map(drop)
        };
        Ok(ctx.threads(make))
    }

    fn run(self, new: &NewThread, options: &Options) -> Result<(), Error> {
        let mut store = Store::new(());
        store.set_wasi(new.ctx().clone());
        limit(&mut store, options);
        if self.module.has_fuel() {
            store.set_fuel(options.fuel.unwrap_or(u64::MAX));
        }
        let imports = (self.imports)(&mut store, self.module.0)?;
        // SAFETY: what `new` was promised.
        unsafe {
            let instance = bindings::instantiate(&mut store, self.module.0, &imports)?;
            let (id, argument) = (new.id(), new.argument());
            let start = |context| (self.start)(context, context, id, argument);
            bindings::call(&mut store, instance, start).map(drop)
        }
    }
}

/// The memory that the guest's threads share: of so many pages, and as many as its type and the
/// store's limits allow.
///
/// # Errors
/// If there is no room for it.
pub fn shared_memory(store: &mut Store<()>, min: u64, max: u64) -> Result<Extern, Error> {
    static MEMORY: Mutex<Option<SharedMemory>> = Mutex::new(None);
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let memory = match &mut *memory {
        Some(memory) => memory,
        none => none.insert(SharedMemory::new(shared_memory_type(store, min, max)?)?),
    };
    Ok(bindings::shared_memory(store, memory))
}
