// The fixed text of generated bindings, in pieces that begin with `//=`. Words with two
// underscores around them are replaced; see src/rust.rs.

//= head
// Bindings to the WebAssembly module __NAME__, made by wasmaot-build __VERSION__.
// Do not edit: the next build writes this file anew.
//= type
/// An instance of the module __NAME__, and the store that it lives in.
///
/// The store is owned, as in `__Guest__<Store<T>>`, or borrowed, as in
/// `__Guest__<&mut Store<T>>`. Every function of the module is a method. They fail with the trap
/// that stopped the guest, or with the error of a host function that it called.
#[derive(Debug)]
pub struct __Guest__<S> {
    store: S,
    instance: Instance,
}
//= new_without_host
impl __Guest__<Store<()>> {
    /// Makes an instance in a store of its own.
    ///
    /// # Errors
    /// If there is no room for it, or the module's own start fails.
    pub fn new() -> Result<Self, Error> {
        Self::with_store(Store::new(()))
    }
}
//= new_with_host
    /// Makes an instance in a store of its own that holds `host`, whose functions the guest may
    /// call.
    ///
    /// # Errors
    /// If there is no room for it, or the module's own start fails.
    pub fn new(host: T) -> Result<Self, Error> {
        Self::with_store(Store::new(host))
    }
}
//= new_with_wasi
impl __Guest__<Store<()>> {
    /// Makes an instance in a store of its own, which may do with WASI what the context allows.
    ///
    /// # Errors
    /// If there is no room for it, or the module's own start fails.
    pub fn new(wasi: wasmaot::wasi::WasiCtx) -> Result<Self, Error> {
        let mut store = Store::new(());
        store.set_wasi(wasi);
        Self::with_store(store)
    }
}
//= new_with_host_and_wasi
    /// Makes an instance in a store of its own that holds `host`, whose functions the guest may
    /// call, and which may do with WASI what the context allows.
    ///
    /// # Errors
    /// If there is no room for it, or the module's own start fails.
    pub fn new(host: T, wasi: wasmaot::wasi::WasiCtx) -> Result<Self, Error> {
        let mut store = Store::new(host);
        store.set_wasi(wasi);
        Self::with_store(store)
    }
}
//= with_store
    /// Makes an instance in a store.
    ///
    /// # Errors
    /// If there is no room for it, or the module's own start fails.
//= with_store_and_imports
    /// Makes an instance in a store, which the imports are of, too, unless they are shared.
    ///
    /// # Errors
    /// If an import is not of the type that the module needs, if there is no room for the
    /// instance, or if the module's own start fails.
//= import_types
        // SAFETY: the symbol is that of the module's description in its object.
        let types = unsafe { bindings::ImportTypes::new(&symbols::MODULE) };
//= instantiate
        // SAFETY: the symbol is that of the module's description in its object.
        let instance = unsafe { bindings::instantiate(&mut store, &symbols::MODULE, &imports)? };
//= instantiated
        Ok(Self { store, instance })
    }
}
//= initialized
        let mut guest = Self { store, instance };
        guest.__initialize__()?;
        Ok(guest)
    }
}
//= module
impl __Guest__<()> {
    /// The module, for those who link it by names at run time. Using this keeps every export in
    /// the program; otherwise the linker drops those that are never called.
    pub fn module() -> Module {
        // SAFETY: the symbol is that of the module's exports in its object.
        unsafe { Module::from_raw(&symbols::EXPORTS) }
    }
}
//= from_caller
impl<'a, 'b, T> __Guest__<&'a mut Caller<'b, T>> {
    /// The instance that called a function of the host, for calls back into it. `None` if it is
    /// not an instance of this module.
    pub fn from_caller(caller: &'a mut Caller<'b, T>) -> Option<Self> {
        let instance = caller.instance()?;
        Self::from_instance(caller, instance)
    }
}
//= func
impl<S: AsStore> __Guest__<S> {
    /// An exported function by its name, to be kept, called by
    /// [`typed`](Func::typed), or given to another guest of the same store. Using this keeps every
    /// export in the program.
    pub fn func(&self, name: &str) -> Option<Func> {
        // SAFETY: the symbol is that of the module's exports in its object.
        unsafe { bindings::exported_func(&self.store, self.instance, &symbols::EXPORTS, name) }
    }
}
//= fixed
impl<S: AsStore> __Guest__<S> {
    /// An instance that was made otherwise, in the store that it belongs to. `None` if it is not
    /// an instance of this module.
    pub fn from_instance(store: S, instance: Instance) -> Option<Self> {
        // SAFETY: the symbol is that of the module's description in its object.
        let module = unsafe { &symbols::MODULE };
        let same = bindings::is_instance_of(&store, instance, module);
        same.then_some(Self { store, instance })
    }

    /// The instance.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// The store without this instance's methods.
    pub fn into_store(self) -> S {
        self.store
    }
}
//= exports
impl<S: AsStoreMut> __Guest__<S> {
//= memory
    /// The memory __SHOWN__: __TYPE__.
    #[inline]
    pub fn __memory__(&self) -> Memory {
        // SAFETY: the instance is of the module that the symbol is of, and this is its memory.
        unsafe { bindings::__found_memory__(&self.store, self.instance, &symbols::MODULE, __PLACE__) }
    }

    /// The bytes of the memory __SHOWN__.
    #[inline]
    pub fn __memory_data__(&self) -> &[u8] {
        self.__memory__().data(&self.store)
    }

    /// The bytes of the memory __SHOWN__.
    #[inline]
    pub fn __memory_data_mut__(&mut self) -> &mut [u8] {
        self.__memory__().data_mut(&mut self.store)
    }

    /// Some bytes of the memory __SHOWN__.
    ///
    /// # Errors
    /// If they are not all within it.
    #[inline]
    pub fn __memory_slice__(&self, at: __Address__, len: __Address__) -> Result<&[u8], MemoryAccessError> {
        self.__memory__().slice(&self.store, __at__, len as usize)
    }

    /// Copies bytes out of the memory __SHOWN__.
    ///
    /// # Errors
    /// If they are not all within it.
    #[inline]
    pub fn __read_memory__(&self, at: __Address__, to: &mut [u8]) -> Result<(), MemoryAccessError> {
        self.__memory__().read(&self.store, __at__, to)
    }

    /// Copies bytes into the memory __SHOWN__.
    ///
    /// # Errors
    /// If they are not all within it.
    #[inline]
    pub fn __write_memory__(&mut self, at: __Address__, from: &[u8]) -> Result<(), MemoryAccessError> {
        self.__memory__().write(&mut self.store, __at__, from)
    }
//= shared_memory
    /// The memory __SHOWN__, for use on other threads, too: __TYPE__.
    pub fn __memory__(&self) -> SharedMemory {
        bindings::exported_shared_memory(&self.store, self.instance, __INDEX__)
    }
//= table
    /// The table __SHOWN__: __TYPE__.
    pub fn __table__(&self) -> Table {
        bindings::table(&self.store, self.instance, __INDEX__)
    }
//= global
    /// The value of the global __SHOWN__: __TYPE__.
    pub fn __global__(&self) -> __Value__ {
        bindings::global_value(&self.store, self.instance, __INDEX__)
    }

    /// The global __SHOWN__ itself.
    pub fn __global_itself__(&self) -> Global {
        bindings::global(&self.store, self.instance, __INDEX__)
    }
//= global_alone
    /// The global __SHOWN__: __TYPE__.
    pub fn __global_itself__(&self) -> Global {
        bindings::global(&self.store, self.instance, __INDEX__)
    }
//= set_global
    /// Sets the global __SHOWN__.
    pub fn __set_global__(&mut self, value: __Value__) {
        bindings::set_global_value(&mut self.store, self.instance, __INDEX__, value);
    }
//= statics
        #[link_name = "__MODULE__"]
        pub static MODULE: VmModule;
        #[link_name = "__EXPORTS__"]
        pub static EXPORTS: VmExports;
