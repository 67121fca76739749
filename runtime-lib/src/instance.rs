//! Instances: a module's context in a store, made in the order that the specification gives.

use std::alloc::{self, Layout};
use std::collections::BTreeMap;
use std::ptr::NonNull;

use wasmaot_abi::calls::PlainCall;
use wasmaot_abi::context::*;
use wasmaot_abi::module::*;

use crate::error::{Error, Result};
use crate::frames;
use crate::func::Func;
use crate::global::Global;
use crate::handle::{Handle, Owned};
#[cfg(feature = "wasi")]
use crate::host::HostFunc;
use crate::host::{resolve, take_failure};
use crate::link::{self, Extern, Imports};
use crate::memory::{Memory, MemoryData, Start, taken};
use crate::module::Module;
use crate::platform::Reservation;
use crate::raw::{self, Context, ModuleRef, TypeRef};
use crate::shared::SharedMemory;
use crate::store::{AsStore, AsStoreMut, StoreInner, enter, inner, inner_mut, inner_ptr, settle};
use crate::table::{Table, TableData};
use crate::types::{global_type, kind, memory_type, table_type};

/// An instance of a module. A copyable handle; equal handles are one instance.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Instance(pub(crate) Handle<VmContext>);

/// An export of an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Export {
    /// Its name.
    pub name: &'static str,
    /// The thing.
    pub item: Extern,
}

/// The runtime's own data about an instance.
pub(crate) struct InstanceData {
    pub(crate) context: Context,
    /// What it is in, where its address is known.
    place: Option<Reservation>,
    /// The number of imports of each kind.
    pub(crate) imported: [u32; 4],
    exports: Option<Module>,
    /// References to exported functions that the module itself makes none to, if any was asked for.
    func_refs: Option<Box<dyn FuncRefs>>,
    dropped_data: BitSet,
    dropped_elems: BitSet,
}

/// References by functions' indices. Behind a trait, so that programs that look up no exports by name are
/// without maps.
trait FuncRefs {
    /// The reference with this index, made if there is none.
    fn get(&mut self, index: u32, func_ref: VmFuncRef) -> NonNull<VmFuncRef>;
}

impl FuncRefs for BTreeMap<u32, Owned<VmFuncRef>> {
    fn get(&mut self, index: u32, func_ref: VmFuncRef) -> NonNull<VmFuncRef> {
        self.entry(index).or_insert_with(|| Owned::new(func_ref)).ptr()
    }
}

impl Default for Box<dyn FuncRefs> {
    fn default() -> Self {
        Box::new(BTreeMap::new())
    }
}

/// Which segments are dropped.
#[derive(Default)]
struct BitSet(Vec<u64>);

impl BitSet {
    fn insert(&mut self, index: u32) {
        let word = (index / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % 64);
    }

    fn contains(&self, index: u32) -> bool {
        self.0.get((index / 64) as usize).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }
}

/// There is one: the compiler lays contexts out below 2 GiB.
fn context_layout(module: ModuleRef) -> Option<Layout> {
    Layout::from_size_align(module.layout().size as usize, align_of::<VmContext>()).ok()
}

impl InstanceData {
    /// An instance with a context that is all zero but for its head. The references to functions
    /// are yet to be written.
    fn new(
        store: &mut StoreInner,
        module: ModuleRef,
        exports: Option<Module>,
    ) -> Result<Owned<Self>> {
        let mut place = None;
        let context = match module.0.context_address as usize {
            // SAFETY: the size is not 0: a context has a head.
            0 => context_layout(module).map(|layout| unsafe { alloc::alloc(layout) }),
            at => {
                let len = (module.layout().size as usize).next_multiple_of(1 << 16);
                let Some(new) = Reservation::new(len, at, len, None) else {
                    return Err(taken(len, at, "context"));
                };
                Some(place.insert(new).base())
            }
        };
        let Some(context) = context.and_then(|context| NonNull::new(context.cast())) else {
            return Err(Error::refused(format_args!("no memory for an instance")));
        };
        let data = Owned::new(Self {
            // SAFETY: the head follows at once.
            context: unsafe { Context::new(context) },
            place,
            imported: module.imported(),
            exports,
            func_refs: None,
            dropped_data: BitSet::default(),
            dropped_elems: BitSet::default(),
        });
        let head = VmContext {
            magic: MAGIC_INSTANCE,
            store: store.this.cast(),
            thread: store.thread,
            stack_limit: store.stack_limits.of(module),
            limits: store.bounds.handle.limits(),
            module: module.0,
            instance: data.ptr().as_ptr().cast(),
        };
        // All but the references to functions, which come last and are written in any case, has to
        // be zero.
        let rest = module.layout().func_refs as usize;
        // SAFETY: fresh and large enough.
        unsafe {
            context.cast::<u8>().write_bytes(0, rest);
            context.write(head);
        }
        Ok(data)
    }

    /// The bytes of a data segment that are left.
    pub(crate) fn data_segment(&self, index: u32) -> &'static [u8] {
        if self.dropped_data.contains(index) {
            return &[];
        }
        let segment = self.context.module().data().get(index as usize);
        // SAFETY: an object's segment.
        segment.map_or(&[], |&segment| unsafe { raw::slice(segment) })
    }

    pub(crate) fn drop_data(&mut self, index: u32) {
        self.dropped_data.insert(index);
    }

    /// The items of an element segment that are left.
    pub(crate) fn elem_segment(&self, index: u32) -> &'static [u32] {
        if self.dropped_elems.contains(index) {
            return &[];
        }
        let segment = self.context.module().elems().get(index as usize);
        // SAFETY: an object's segment.
        segment.map_or(&[], |segment| unsafe { raw::slice(segment.items) })
    }

    pub(crate) fn drop_elem(&mut self, index: u32) {
        self.dropped_elems.insert(index);
    }

    /// The reference that an export of a function is known by.
    fn exported_func(&mut self, export: &VmExport) -> NonNull<VmFuncRef> {
        if export.func_ref != NO_FUNC_REF {
            return self.context.func_ref(export.func_ref);
        }
        if export.index < self.imported[ExternKind::Func as usize] {
            let import = self.context.imported_function(export.index);
            // SAFETY: set when the instance was made.
            return unsafe { NonNull::new_unchecked((*import.as_ptr()).func_ref) };
        }
        let callee = self.context.as_ptr();
        let func_ref = VmFuncRef { wasm_call: export.wasm_call, ty: export.ty.func, callee };
        self.func_refs.get_or_insert_default().get(export.index, func_ref)
    }
}

impl Drop for InstanceData {
    #[inline]
    fn drop(&mut self) {
        if self.place.is_none()
            && let Some(layout) = context_layout(self.context.module())
        {
            // SAFETY: allocated with this layout.
            unsafe { alloc::dealloc(self.context.as_ptr().cast(), layout) };
        }
    }
}

impl Instance {
    /// Makes an instance and runs the module's start function.
    ///
    /// # Errors
    /// A [`LinkError`](crate::LinkError) that names every import that is missing or does not fit;
    /// a refusal if the store's limits or the system do not allow it; a trap or a host function's
    /// error while the module initialised itself, what it wrote until then being written.
    ///
    /// # Panics
    /// If something imported is of another store; and if a host function that the start function
    /// called panicked.
    pub fn new(store: impl AsStoreMut, module: Module, imports: &Imports) -> Result<Self> {
        let raw = module.module();
        let given = imports.resolve(raw);
        instantiate(store, raw, Some(module), &given, &|module, name| imports.hint(module, name))
    }

    fn data<'a>(&self, store: &'a StoreInner) -> &'a InstanceData {
        // SAFETY: the instance lives as long as the store, which is borrowed.
        unsafe { &*self.context(store).instance() }
    }

    #[inline]
    pub(crate) fn context(&self, store: &StoreInner) -> Context {
        // SAFETY: the instance lives as long as the store.
        unsafe { Context::new(self.0.get(store.id)) }
    }

    /// The exports in the module's order. None, if the instance was made by bindings, which know
    /// the exports at compile time.
    pub fn exports(&self, store: impl AsStore) -> Vec<Export> {
        let store = inner(&store);
        let Some(module) = self.data(store).exports else { return Vec::new() };
        let export = |export: &VmExport| Export {
            // SAFETY: an object's description.
            name: unsafe { raw::str(export.name) },
            item: self.item(store, export),
        };
        module.raw_exports().iter().map(export).collect()
    }

    fn item(&self, store: &StoreInner, export: &VmExport) -> Extern {
        match kind(&export.ty) {
            ExternKind::Func => {
                // SAFETY: the store is not shared between threads, and nobody else has a
                // reference to the instance's data now.
                unsafe {
                    let data = self.context(store).instance();
                    let func = (*data).exported_func(export);
                    Extern::Func(Func(Handle::new(store.id, func)))
                }
            }
            ExternKind::Table => Extern::Table(self.table(store, export.index)),
            ExternKind::Memory => Extern::Memory(self.memory(store, export.index)),
            ExternKind::Global => Extern::Global(self.global(store, export.index)),
        }
    }

    /// The memory with this index in the module, which must be in range.
    pub(crate) fn memory(&self, store: &StoreInner, index: u32) -> Memory {
        // SAFETY: the instance's memories live as long as the store.
        Memory(unsafe { Handle::new(store.id, self.context(store).any_memory(index)) })
    }

    /// The table with this index in the module, which must be in range.
    pub(crate) fn table(&self, store: &StoreInner, index: u32) -> Table {
        // SAFETY: the instance's tables live as long as the store.
        Table(unsafe { Handle::new(store.id, self.context(store).any_table(index)) })
    }

    /// The global with this index in the module, which must be in range.
    pub(crate) fn global(&self, store: &StoreInner, index: u32) -> Global {
        let context = self.context(store);
        let module = context.module();
        let ty = match index.checked_sub(context.imported(ExternKind::Global)) {
            Some(defined) => &module.globals()[defined as usize],
            None => {
                let import = module.import_of(ExternKind::Global, index);
                &import.expect("an index in range").ty
            }
        };
        // SAFETY: the instance's globals live as long as the store.
        unsafe { Global::from_vm(store, context.any_global(index), global_type(ty)) }
    }

    /// The function that the module exports by this name.
    ///
    /// # Safety
    /// The instance is of the module.
    pub(crate) unsafe fn exported_func(
        &self,
        store: &StoreInner,
        module: Module,
        name: &str,
    ) -> Option<Func> {
        // SAFETY: an object's description.
        let named = |export: &&VmExport| unsafe { raw::str(export.name) } == name;
        self.item(store, module.raw_exports().iter().find(named)?).func()
    }

    /// The export with this name.
    pub fn get_export(&self, store: impl AsStore, name: &str) -> Option<Extern> {
        let store = inner(&store);
        let exports = self.data(store).exports?.raw_exports();
        // SAFETY: an object's description.
        let export = exports.iter().find(|export| unsafe { raw::str(export.name) } == name)?;
        Some(self.item(store, export))
    }

    /// The exported function with this name.
    pub fn get_func(&self, store: impl AsStore, name: &str) -> Option<Func> {
        self.get_export(store, name)?.func()
    }

    /// The exported memory with this name.
    pub fn get_memory(&self, store: impl AsStore, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.memory()
    }

    /// The exported table with this name.
    pub fn get_table(&self, store: impl AsStore, name: &str) -> Option<Table> {
        self.get_export(store, name)?.table()
    }

    /// The exported global with this name.
    pub fn get_global(&self, store: impl AsStore, name: &str) -> Option<Global> {
        self.get_export(store, name)?.global()
    }
}

/// Makes an instance of a module that is given its imports in its order.
pub(crate) fn instantiate(
    mut store: impl AsStoreMut,
    module: ModuleRef,
    exports: Option<Module>,
    given: &[Option<Extern>],
    hint_at: &link::Hint<'_>,
) -> Result<Instance> {
    let raw = inner_ptr(&store);
    // SAFETY: the store is mutably borrowed.
    unsafe { settle(raw) };
    frames::prepare(module)?;
    let context = {
        let store = inner_mut(&mut store);
        link::check(store, module, given, hint_at)?;
        store.bounds.check(module)?;
        let context = make(store, module, exports, given)?;
        // SAFETY: the thread's record, as the store has settled on it.
        if !unsafe { (*store.thread).entry }.is_null() {
            // Guests that are under way need no call of the host's to come to the instance.
            store.wake_memories();
        }
        context
    };
    // From here on tables of others may refer to the instance, so it stays, whatever happens.
    if let Some(init) = module.0.init {
        // What this writes to memories goes through builtins, which wake them up.
        run(raw, context, init)?;
    }
    if let Some(start) = module.0.start {
        // SAFETY: the store is mutably borrowed.
        unsafe { enter(raw) };
        run(raw, context, start)?;
    }
    // SAFETY: the instance lives as long as the store.
    Ok(Instance(unsafe { Handle::new(inner(&store).id, context.as_non_null()) }))
}

fn run(store: *mut StoreInner, context: Context, step: PlainCall) -> Result<()> {
    // SAFETY: the module's own step with its own context; the store was entered.
    let ok = unsafe { step(context.as_ptr(), context.as_ptr()) };
    if ok { Ok(()) } else { Err(take_failure(store)) }
}

/// Makes an instance up to where its own code runs.
fn make(
    store: &mut StoreInner,
    module: ModuleRef,
    exports: Option<Module>,
    given: &[Option<Extern>],
) -> Result<Context> {
    let limit = store.limits.instances;
    if store.instances.len() >= limit {
        return Err(Error::refused(format_args!("the store is limited to {limit} instances")));
    }
    store.check_memories(module.memories().len())?;
    store.check_tables(module.tables().len())?;
    let data = InstanceData::new(store, module, exports)?;
    // SAFETY: alive.
    let context = unsafe { data.ptr().as_ref() }.context;
    // Before all that has its place in the context, and so must not live longer.
    store.instances.push(data);
    let before = [store.memories.len(), store.shared.len(), store.tables.len()];
    if let Err(error) = define(store, module, context) {
        let [memories, shared, tables] = before;
        store.memories.truncate(memories);
        store.shared.truncate(shared);
        store.tables.truncate(tables);
        store.instances.pop();
        return Err(error);
    }
    // Nothing can fail any more.
    let func_refs = context.func_refs();
    for (i, init) in module.func_refs().iter().enumerate() {
        let func_ref =
            VmFuncRef { wasm_call: init.wasm_call, ty: init.ty, callee: context.as_ptr() };
        // SAFETY: its place in the context.
        unsafe { func_refs.add(i).write(func_ref) };
    }
    let mut next = [0; 4];
    for (import, item) in module.imports().iter().zip(given) {
        let place = &mut next[kind(&import.ty) as usize];
        // SAFETY: an object's import.
        let item = item.or_else(|| unsafe { provided(store, import) });
        bind(store, context, import, *place, item.expect("imports were checked"));
        *place += 1;
    }
    // What is imported has its type by now, without a search.
    if store.modules.add(module)
        && let Some(funcs) = &mut store.funcs
    {
        funcs.resolve(module);
    }
    Ok(context)
}

/// Makes the memories and tables that a module defines.
fn define(store: &mut StoreInner, module: ModuleRef, context: Context) -> Result<()> {
    let space = module.0.memory_space;
    for (i, ty) in (0..).zip(module.memories()) {
        let vm = context.memory(i);
        // SAFETY: an object's images.
        let start = unsafe { Start::new(module.images(), i) };
        let (ty, limits) = (memory_type(ty), &store.limits);
        if ty.shared {
            let memory = SharedMemory::with_space(ty, space, limits, start)?;
            let owner = store.own_shared(&memory).as_ptr().cast();
            // SAFETY: its place in the context.
            unsafe { vm.write(VmMemory { base: memory.as_ptr(), len: 0, owner }) };
        } else {
            let at = if i == 0 { module.0.memory_address as usize } else { 0 };
            let memory = MemoryData::new(ty, space, at, limits, Some(vm), start)?;
            store.own_memory(memory);
        }
    }
    for (i, ty) in (0..).zip(module.tables()) {
        // SAFETY: an object's description.
        let ty = unsafe { table_type(ty) };
        let table = TableData::new(ty, &store.limits, Some(context.table(i)))?;
        store.own_table(table);
    }
    Ok(())
}

/// What the program itself provides for an import, if anything.
///
/// # Safety
/// It is an import of an object's.
#[cfg_attr(not(feature = "wasi"), expect(unused, reason = "WASI is all that is provided"))]
unsafe fn provided(store: &mut StoreInner, import: &VmImport) -> Option<Extern> {
    #[cfg(feature = "wasi")]
    if !import.provided.is_null() {
        // SAFETY: the caller's promise; it is a function.
        unsafe {
            let func = HostFunc::provided(store, import.provided.cast());
            return Some(Extern::Func(Func(Handle::new(store.id, func))));
        }
    }
    None
}

/// Puts an import into its place in the context.
#[inline(never)]
fn bind(store: &mut StoreInner, context: Context, import: &VmImport, index: u32, item: Extern) {
    // SAFETY: the places are in the context; what is imported lives as long as the store.
    unsafe {
        match item {
            Extern::Func(func) => {
                let func_ref = func.0.get(store.id);
                if (*func_ref.as_ptr()).wasm_call.is_null() {
                    // A function of the host, of a type that only imports have.
                    let host = (*func_ref.as_ptr()).callee;
                    let host = NonNull::new_unchecked(host).cast();
                    resolve(host, TypeRef::new(import.ty.func));
                }
                let VmFuncRef { wasm_call, callee, .. } = func_ref.read();
                let import = VmFunctionImport { wasm_call, callee, func_ref: func_ref.as_ptr() };
                context.imported_function(index).write(import);
            }
            Extern::Table(table) => {
                context.imported_table(index).write(table.0.get(store.id).as_ptr());
            }
            Extern::Memory(memory) => {
                context.imported_memory(index).write(memory.0.get(store.id).as_ptr());
            }
            Extern::Global(global) => {
                context.imported_global(index).write(global.vm(store).as_ptr());
            }
        }
    }
}
