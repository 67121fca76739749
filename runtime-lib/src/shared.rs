//! Shared memories: one linear memory that guests on many threads use at the same time. The
//! memory belongs to whoever has a handle, each store that uses it being one of them.
//!
//! Nothing here, and nothing that the rest of the runtime does with such a memory, makes a Rust
//! reference to its bytes: guests write to them at any time. [`racy`] copies, atomics look. The
//! length is read and written atomically, and grows only after the pages have become usable, so
//! that whoever sees a length can touch every byte below it. The base never moves.

pub(crate) mod racy;
pub(crate) mod waiters;

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};
use std::time::Duration;

use wasmaot_abi::context::VmMemory;
use wasmaot_abi::module::Space;

use crate::error::{Error, Result};
use crate::handle::{Handle, Owned};
use crate::memory::{HOST_SPACE, Memory, MemoryAccessError, MemoryData, Start, range};
use crate::store::{AsStore, AsStoreMut, Limits, StoreInner, inner, inner_mut};
use crate::types::MemoryType;
use waiters::Waiters;

/// A memory that any number of stores can use, on any number of threads, at the same time.
/// Cloning it makes another handle; the memory goes when the last handle and the last store that
/// uses it are gone.
///
/// A store's guests get it as a [`Memory`]: see [`Memory::from_shared`].
///
/// What other threads write shows at any time, so there are no slices of its bytes.
/// [`read`](Self::read) and [`write`](Self::write) copy byte by byte (as far as order goes: two
/// threads that write to the same place at once leave a mixture), and
/// [`atomic_u32`](Self::atomic_u32) and its like give real atomics, for what both sides agree on.
///
/// ```
/// use std::sync::atomic::Ordering::SeqCst;
/// use wasmaot::{MemoryType, SharedMemory};
///
/// let memory = SharedMemory::new(MemoryType::new(1, Some(4)).shared())?;
/// let same = memory.clone();
/// std::thread::spawn(move || same.atomic_u32(8).unwrap().store(7, SeqCst)).join().unwrap();
/// assert_eq!(memory.atomic_u32(8)?.load(SeqCst), 7);
/// # Ok::<(), wasmaot::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory(Arc<Shared>);

struct Shared(Owned<MemoryData>);

// SAFETY: of the data only what a lock guards changes, and the length, which is accessed
// atomically; nobody makes references to the memory's bytes but atomics.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// How a wait at an address of a shared memory ended. The numbers are those that guests get.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum WaitResult {
    /// Somebody woke the waiter up.
    Woken = 0,
    /// There was another value than the expected one.
    NotEqual = 1,
    /// Nobody did in time.
    TimedOut = 2,
}

impl SharedMemory {
    /// Makes a memory. It does not count against any store's limits.
    ///
    /// # Errors
    /// If there can be no memory of this type (a shared one needs a maximum), or the system has
    /// none left.
    pub fn new(ty: MemoryType) -> Result<Self> {
        let ty = ty.shared();
        ty.check().map_err(|why| Error::refused(format_args!("{why}")))?;
        let limits = Limits { memory_pages: u64::MAX, ..Limits::default() };
        Self::with_space(ty, HOST_SPACE, &limits, Start::ZERO)
    }

    /// Makes a memory whose bytes code of a module can rely on.
    pub(crate) fn with_space(
        ty: MemoryType,
        space: Space,
        limits: &Limits,
        start: Start,
    ) -> Result<Self> {
        debug_assert!(ty.shared);
        MemoryData::new(ty, space, 0, limits, None, start).map(|data| Self(Arc::new(Shared(data))))
    }

    pub(crate) fn data(&self) -> &MemoryData {
        // SAFETY: lives as long as the handle; it changes behind locks only.
        unsafe { self.0.0.ptr().as_ref() }
    }

    pub(crate) fn vm(&self) -> NonNull<VmMemory> {
        self.data().vm()
    }

    /// The memory's type, its present size being the least.
    pub fn ty(&self) -> MemoryType {
        self.data().ty()
    }

    /// The memory's present size in pages.
    pub fn size(&self) -> u64 {
        self.data().pages()
    }

    /// The memory's present size in bytes. It never shrinks.
    pub fn data_size(&self) -> usize {
        self.data().len()
    }

    /// Where the memory starts, for other languages and system calls. Its bytes change at any
    /// time, and those from [`data_size`](Self::data_size) on cannot be touched. The address stays
    /// good as long as there is a handle, or a store that uses the memory.
    pub fn as_ptr(&self) -> *mut u8 {
        self.data().base()
    }

    /// Adds `delta` pages; the former size. Other threads can go on meanwhile.
    ///
    /// # Errors
    /// If the memory's type does not allow it, or the system has none left.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        let refused =
            || Error::refused(format_args!("a {} cannot grow by {delta} pages", self.data().ty()));
        self.data().grow(delta, u64::MAX).ok_or_else(refused)
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// If they are not all within it; nothing is copied then.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        let at = self.at(offset, buffer.len())?;
        // SAFETY: within the memory, which no buffer of the host's is part of.
        unsafe { racy::read(at, buffer) };
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// If they are not all within it; nothing is copied then.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), MemoryAccessError> {
        let at = self.at(offset, bytes.len())?;
        // SAFETY: within the memory, which no buffer of the host's is part of.
        unsafe { racy::write(bytes, at) };
        Ok(())
    }

    /// The address of a range that is within the memory.
    fn at(&self, offset: u64, len: usize) -> Result<*mut u8, MemoryAccessError> {
        let range = range(self.data_size(), offset, len)?;
        // SAFETY: within the memory.
        Ok(unsafe { self.data().base().add(range.start) })
    }

    /// The address of an atomic within the memory.
    fn atomic<T>(&self, offset: u64) -> Result<*mut T> {
        let at = self.at(offset, size_of::<T>())?.cast::<T>();
        if at.addr().is_multiple_of(size_of::<T>()) {
            return Ok(at);
        }
        let size = size_of::<T>();
        Err(Error::refused(format_args!("no atomic of {size} bytes can be at {offset:#x}")))
    }

    /// Wakes up at most `count` of those who wait at an address, the first first; their number.
    ///
    /// # Errors
    /// If there are no aligned four bytes at the address.
    pub fn atomic_notify(&self, offset: u64, count: u32) -> Result<u32> {
        self.atomic::<u32>(offset)?;
        Ok(self.waiters().notify(offset, count))
    }

    /// Waits at an address to be [woken up](Self::atomic_notify), by the host or by a guest, if
    /// the value there is the expected one. `None` waits without an end.
    ///
    /// # Errors
    /// If there are no aligned four bytes at the address.
    pub fn atomic_wait32(
        &self,
        offset: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult> {
        let at = self.atomic_u32(offset)?;
        let wait = self.waiters().wait(offset, || waiters::is_u32(at, expected), timeout.into());
        Ok(wait.expect("nobody interrupts the host"))
    }

    /// As [`atomic_wait32`](Self::atomic_wait32), for eight bytes.
    ///
    /// # Errors
    /// If there are no aligned eight bytes at the address.
    pub fn atomic_wait64(
        &self,
        offset: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult> {
        let at = self.atomic_u64(offset)?;
        let wait = self.waiters().wait(offset, || waiters::is_u64(at, expected), timeout.into());
        Ok(wait.expect("nobody interrupts the host"))
    }

    fn waiters(&self) -> &Waiters {
        self.data().waiters().expect("the memory is shared")
    }
}

macro_rules! atomics {
    ($($name:ident: $atomic:ident of $ty:ty, $bytes:literal;)*) => {
        impl SharedMemory {
            $(
                #[doc = concat!("The ", $bytes, " at an address, to be used by several threads.")]
                ///
                /// Guests have numbers in little-endian order, atomics in the machine's.
                ///
                /// # Errors
                /// If they are not within the memory, or the address is no multiple of the size.
                pub fn $name(&self, offset: u64) -> Result<&$atomic> {
                    let at = self.atomic::<$ty>(offset)?;
                    // SAFETY: aligned and within the memory, which stays as long as the handle;
                    // there are no references to its bytes but these.
                    Ok(unsafe { $atomic::from_ptr(at) })
                }
            )*
        }
    };
}

atomics! {
    atomic_u8: AtomicU8 of u8, "byte";
    atomic_u16: AtomicU16 of u16, "two bytes";
    atomic_u32: AtomicU32 of u32, "four bytes";
    atomic_u64: AtomicU64 of u64, "eight bytes";
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?}", self.ty(), self.as_ptr())
    }
}

/// Whether they are handles of the same memory.
impl PartialEq for SharedMemory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedMemory {}

impl Memory {
    /// A shared memory as one of a store's memories, which its guests can import. The store uses
    /// the memory as long as it lives.
    pub fn from_shared(mut store: impl AsStoreMut, shared: &SharedMemory) -> Self {
        let store = inner_mut(&mut store);
        let vm = store.own_shared(shared);
        // SAFETY: the memory lives as long as the store.
        Self(unsafe { Handle::new(store.id, vm) })
    }

    /// The memory, if it is a shared one, for use by other stores and threads.
    pub fn as_shared(&self, store: impl AsStore) -> Option<SharedMemory> {
        let store = inner(&store);
        let vm = self.0.get(store.id);
        store.shared.iter().find(|shared| shared.vm() == vm).cloned()
    }
}

impl StoreInner {
    /// Keeps a shared memory as long as the store lives.
    pub(crate) fn own_shared(&mut self, shared: &SharedMemory) -> NonNull<VmMemory> {
        if !self.shared.contains(shared) {
            self.shared.push(shared.clone());
        }
        shared.vm()
    }
}
