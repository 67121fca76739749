//! Stores: the owners of everything that guests use, and the two traits by which handles get at
//! them. While a guest runs, its store is reached again by the address in its context, so nothing
//! here keeps a Rust reference to a store across a call into a guest.

use std::any::Any;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmaot_abi::context::VmThread;

use crate::arch;
use crate::error::Error;
use crate::externref::Slab;
use crate::global::HostGlobal;
use crate::handle::{Owned, StoreId};
use crate::host::HostFuncs;
use crate::instance::InstanceData;
use crate::limits::Bounds;
use crate::memory::MemoryData;
use crate::module::Modules;
use crate::shared::SharedMemory;
use crate::table::TableData;
use crate::thread::{self, StackLimits};

/// Owns instances, their memories, tables, globals and functions, the host values they hold, and
/// data of the host's own. Everything is freed when the store is dropped, not before.
///
/// A store can be moved to another thread (if `T` can), but not be used by two at once.
///
/// Its data keep their type, lifetimes included, as the functions of the host rely on it:
///
/// ```compile_fail
/// # use wasmaot::Store;
/// fn shorten<'a>(store: Store<&'static str>) -> Store<&'a str> {
///     store
/// }
/// ```
pub struct Store<T> {
    raw: RawStore<T>,
    owned: PhantomData<StoreBox<T>>,
}

// SAFETY: a store owns what it points at, all of which may move between threads: functions of
// the host are required to be `Send`, host values are `Send + Sync`. What belongs to a thread
// (its record in the contexts) is replaced when the store is used on another.
unsafe impl<T: Send> Send for Store<T> {}

/// How much a store's guests may use. Changing it affects what is made or grown afterwards.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Pages of 64 KiB per memory, whatever the size of its own. Default: 65536, all that a 32-bit
    /// index can reach. A memory with 64-bit indices reserves as much address space as this and
    /// its type allow when it is made.
    pub memory_pages: u64,
    /// Elements per table. Default: 10 million.
    pub table_elements: u64,
    /// Bytes of the thread's stack that guests may use, counted from where the host called the first
    /// of them, functions of the host in between included. Beyond, they trap with
    /// [`TrapCode::StackOverflow`](crate::TrapCode::StackOverflow). How deep calls can nest then
    /// depends on the machine and on how guests are compiled, so it is no exact measure of anything.
    /// Default: no limit but the end of the stack. With one, calls from the host take some
    /// nanoseconds longer.
    pub stack: usize,
    /// Instances in the store. Default: no limit.
    pub instances: usize,
    /// Memories in the store, shared ones included. Default: no limit.
    pub memories: usize,
    /// Tables in the store. Default: no limit.
    pub tables: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_pages: 1 << 16,
            table_elements: 10_000_000,
            stack: usize::MAX,
            instances: usize::MAX,
            memories: usize::MAX,
            tables: usize::MAX,
        }
    }
}

/// A store in memory, at an address that does not change. The head comes first, so that its
/// address is the whole's.
#[repr(C)]
pub(crate) struct StoreBox<T> {
    head: Head,
    data: T,
}

/// What does not depend on the host's data. It has a function of its own to drop it, or else each program would
/// have all that drops its parts twice, because its kind of store is its own.
#[repr(transparent)]
struct Head(ManuallyDrop<StoreInner>);

impl Drop for Head {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: it is not used any more.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

/// Why the innermost call failed, when it was not a trap.
pub(crate) enum Failure {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

/// The part of a store that does not depend on the host's data.
pub struct StoreInner {
    /// The [id](thread::Thread::id) of the thread whose record is in the contexts; `NEVER` if
    /// [`enter`](Self::enter) has something else to do as well.
    pub(crate) ready: u64,
    /// Whether host values should be collected at the next call into or out of a guest.
    pub(crate) attention: bool,
    pub(crate) id: StoreId,
    /// The address of the whole store, for contexts.
    pub(crate) this: *mut Self,
    /// What goes into new contexts.
    pub(crate) thread: *mut VmThread,
    pub(crate) stack_limits: StackLimits,
    stack_end: usize,
    thread_id: u64,
    collect_always: bool,
    pub(crate) limits: Limits,
    pub(crate) modules: Modules,
    pub(crate) memories: Vec<Owned<MemoryData>>,
    /// How many of these, the first, are awake for sure.
    pub(crate) awake: usize,
    /// The shared memories that the store uses, its own and others'.
    pub(crate) shared: Vec<SharedMemory>,
    pub(crate) tables: Vec<Owned<TableData>>,
    pub(crate) globals: Vec<Owned<HostGlobal>>,
    // Dropped after what is looked up in their contexts to be freed.
    pub(crate) instances: Vec<Owned<InstanceData>>,
    // What may run the host's own code comes last, when all else is in order.
    pub(crate) externs: Slab,
    pub(crate) funcs: Option<Box<dyn HostFuncs>>,
    pub(crate) bounds: Bounds,
    pub(crate) failure: Option<Failure>,
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<crate::wasi::WasiCtx>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl<T> Store<T> {
    /// A store with nothing in it but the host's own data.
    pub fn new(data: T) -> Self {
        let id = StoreId::new(NEXT_ID.fetch_add(1, Ordering::Relaxed))
            .expect("2^64 stores take longer than we have");
        let inner = StoreInner {
            ready: NEVER,
            attention: false,
            id,
            this: std::ptr::null_mut(),
            thread: std::ptr::null_mut(),
            stack_limits: StackLimits::NONE,
            stack_end: 0,
            thread_id: 0,
            collect_always: false,
            limits: Limits::default(),
            bounds: Bounds::new(),
            failure: None,
            externs: Slab::new(),
            modules: Modules::default(),
            instances: Vec::new(),
            memories: Vec::new(),
            awake: 0,
            shared: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            funcs: None,
            #[cfg(feature = "wasi")]
            wasi: None,
        };
        let ptr = Box::into_raw(Box::new(StoreBox { head: Head(ManuallyDrop::new(inner)), data }));
        // SAFETY: a box's address is not null; the head comes first.
        let raw = unsafe {
            (*ptr.cast::<StoreInner>()).this = ptr.cast();
            RawStore(NonNull::new_unchecked(ptr), PhantomData)
        };
        Self { raw, owned: PhantomData }
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        AsStore::data(self)
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        AsStoreMut::data_mut(self)
    }

    /// Drops the store's instances and gives the host's data back.
    pub fn into_data(self) -> T {
        let ptr = self.raw.0.as_ptr();
        std::mem::forget(self);
        // SAFETY: the address of the box that `new` made, which is not used any more.
        let StoreBox { head, data } = *unsafe { Box::from_raw(ptr) };
        drop(head);
        data
    }

    /// How much guests may use.
    pub fn limits(&self) -> &Limits {
        &inner(self).limits
    }

    /// How much guests may use.
    pub fn limits_mut(&mut self) -> &mut Limits {
        let inner = inner_mut(self);
        inner.ready = NEVER;
        &mut inner.limits
    }

    /// Drops the host values that no guest refers to any more. See [`ExternRef`](crate::ExternRef)
    /// for when that happens by itself.
    pub fn collect(&mut self) {
        // SAFETY: the store is mutably borrowed.
        unsafe {
            let inner = self.raw.inner();
            if let Some(keeper) = (*inner).externs.keeper() {
                (keeper.collect)(inner);
            }
        }
    }

    /// The number of host values that guests refer to, or did when last looked.
    pub fn externrefs(&self) -> usize {
        inner(self).externs.used()
    }

    /// Whether to [`collect`](Self::collect) at every call into and out of a guest: slow, and
    /// good for tests.
    pub fn set_collect_always(&mut self, always: bool) {
        let inner = inner_mut(self);
        inner.collect_always = always;
        inner.update_attention();
    }
}

impl<T> std::fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl<T: Default> Default for Store<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the address of the box that `new` made, which is not used any more.
        drop(unsafe { Box::from_raw(self.raw.0.as_ptr()) });
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        // The fields go in their order after this.
        self.bounds.end(self.id.get());
    }
}

/// No thread's id, not even that of one that is not registered.
pub(crate) const NEVER: u64 = u64::MAX;

impl StoreInner {
    /// Recomputes what the quick checks at calls look at.
    pub(crate) fn update_attention(&mut self) {
        self.attention = self.collect_always || self.externs.is_due();
        let ready = !self.attention
            && self.thread_id != 0
            && self.limits.stack == usize::MAX
            && self.awake == self.memories.len();
        self.ready = if ready { self.thread_id } else { NEVER };
    }

    /// Makes the contexts name this thread.
    fn register(&mut self, thread: &thread::Thread) {
        self.thread = thread.record();
        self.stack_end = thread.stack_end();
        self.thread_id = thread.id();
        for instance in &self.instances {
            // SAFETY: the store's instances and their contexts live as long as it.
            unsafe {
                let context = (*instance.ptr().as_ptr()).context;
                (*context.as_ptr()).thread = self.thread;
            }
        }
    }

    /// Makes the contexts say how much of this thread's stack guests may use.
    fn limit_stack(&mut self, thread: &thread::Thread) {
        let mut limits = thread.stack_limits();
        if self.limits.stack != usize::MAX {
            limits = limits.not_below(thread.outermost().saturating_sub(self.limits.stack));
        }
        if limits == self.stack_limits {
            return;
        }
        self.stack_limits = limits;
        for instance in &self.instances {
            // SAFETY: the store's instances and their contexts live as long as it.
            unsafe {
                let context = (*instance.ptr().as_ptr()).context;
                (*context.as_ptr()).stack_limit = limits.of(context.module());
            }
        }
    }
}

/// Before a call into a guest: makes sure that the store's contexts name the thread, that its memories are
/// awake, and that this is the thread's stack. On one above it the guest's comparison with the limit would always succeed. (On
/// one below it always fails.)
///
/// # Panics
/// On another stack than the thread's own.
///
/// # Safety
/// The store is alive and nobody has a reference to it.
#[inline]
pub(crate) unsafe fn enter(store: *mut StoreInner) {
    // SAFETY: the caller's promise.
    let (ready, stack_end) = unsafe { ((*store).ready, (*store).stack_end) };
    if ready != thread::current_id() || arch::stack_pointer() >= stack_end {
        // SAFETY: the caller's promise.
        unsafe { enter_slowly(store) };
    }
}

#[cold]
#[inline(never)]
unsafe fn enter_slowly(store: *mut StoreInner) {
    // SAFETY: the caller's promise.
    unsafe {
        (*store).wake_memories();
        settle(store);
    }
}

/// As [`enter`], where nothing of a guest is going to look at a memory: those that sleep sleep on.
///
/// # Panics
/// As [`enter`].
///
/// # Safety
/// As [`enter`].
pub(crate) unsafe fn settle(store: *mut StoreInner) {
    thread::with_registered(|thread| {
        // SAFETY: the caller's promise.
        let inner = unsafe { &mut *store };
        if inner.thread_id != thread.id() {
            inner.register(thread);
        }
        inner.limit_stack(thread);
        inner.update_attention();
        assert!(
            arch::stack_pointer() < inner.stack_end,
            "guests run on the thread's own stack, and this is another one"
        );
    });
    // SAFETY: the caller's promise.
    unsafe { safepoint(store) };
}

/// Where host values can be collected: everything that a guest or the host still needs is in
/// globals, tables, frames at calls, or the host's own [`ExternRef`](crate::ExternRef)s.
///
/// # Safety
/// As [`collect`](crate::gc::collect).
#[inline]
pub(crate) unsafe fn safepoint(store: *mut StoreInner) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*store).attention
            && let Some(keeper) = (*store).externs.keeper()
        {
            (keeper.collect)(store);
        }
    }
}

/// A store's address. Functions of the host were made for exactly this type of data, lifetimes
/// included, so a store is not one of data that live shorter: a `*mut` is invariant.
pub struct RawStore<T>(NonNull<StoreBox<T>>, PhantomData<*mut T>);

impl<T> Clone for RawStore<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RawStore<T> {}

impl<T> RawStore<T> {
    /// The part that does not depend on `T`.
    #[inline]
    pub(crate) fn inner(self) -> *mut StoreInner {
        self.0.as_ptr().cast()
    }

    pub(crate) fn data(self) -> *mut T {
        // SAFETY: whoever has the address keeps the store alive.
        unsafe { &raw mut (*self.0.as_ptr()).data }
    }

    /// # Safety
    /// It is the address of the head of a live store with this type of data.
    #[inline]
    pub(crate) unsafe fn from_inner(inner: *mut StoreInner) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { NonNull::new_unchecked(inner.cast()) }, PhantomData)
    }
}

/// Keeps others from implementing the traits.
#[derive(Debug)]
pub struct Sealed;

/// What gives access to a store: a [`Store`], a [`Caller`](crate::Caller), a reference to either.
pub trait AsStore {
    /// The type of the host's data.
    type Data;

    #[doc(hidden)]
    fn raw_store(&self, _: Sealed) -> RawStore<Self::Data>;

    /// The host's data.
    fn data(&self) -> &Self::Data {
        // SAFETY: the store is alive and borrowed.
        unsafe { &*self.raw_store(Sealed).data() }
    }
}

/// What gives access to a store to change it.
pub trait AsStoreMut: AsStore {
    /// The host's data.
    fn data_mut(&mut self) -> &mut Self::Data {
        // SAFETY: the store is alive and mutably borrowed.
        unsafe { &mut *self.raw_store(Sealed).data() }
    }
}

impl<T> AsStore for Store<T> {
    type Data = T;

    #[inline]
    fn raw_store(&self, _: Sealed) -> RawStore<T> {
        self.raw
    }
}

impl<T> AsStoreMut for Store<T> {}

impl<S: AsStore + ?Sized> AsStore for &S {
    type Data = S::Data;

    #[inline]
    fn raw_store(&self, sealed: Sealed) -> RawStore<S::Data> {
        (**self).raw_store(sealed)
    }
}

impl<S: AsStore + ?Sized> AsStore for &mut S {
    type Data = S::Data;

    #[inline]
    fn raw_store(&self, sealed: Sealed) -> RawStore<S::Data> {
        (**self).raw_store(sealed)
    }
}

impl<S: AsStoreMut + ?Sized> AsStoreMut for &mut S {}

/// The address of the store's head.
#[inline]
pub(crate) fn inner_ptr<S: AsStore + ?Sized>(store: &S) -> *mut StoreInner {
    store.raw_store(Sealed).inner()
}

/// The store's head, for as long as the store is borrowed.
#[inline]
pub(crate) fn inner<S: AsStore + ?Sized>(store: &S) -> &StoreInner {
    // SAFETY: the store is alive and borrowed; no guest runs meanwhile.
    unsafe { &*inner_ptr(store) }
}

/// The store's head, for as long as the store is borrowed.
#[inline]
pub(crate) fn inner_mut<S: AsStoreMut + ?Sized>(store: &mut S) -> &mut StoreInner {
    // SAFETY: the store is alive and mutably borrowed; no guest runs meanwhile.
    unsafe { &mut *inner_ptr(store) }
}
