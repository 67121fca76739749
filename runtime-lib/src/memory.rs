//! Linear memories. A memory's address space is reserved when it is made, so that it grows
//! without moving; only the part that belongs to it can be touched, and guests that check nothing
//! run into the rest.
//!
//! Reserved is what the memory can grow to by its type and the store's
//! [limit](Limits::memory_pages), which is what bounds a memory with 64-bit indices and no maximum
//! of its own; or more, if code relies on it. Where code relies on nothing and the system does not
//! have that much, half of it is tried, and so on, down to what the memory starts with. Growing
//! beyond what is reserved fails.
//!
//! A memory that an instance defines sleeps until it is used: it has its address space, but not yet the bytes
//! that it starts with, and guests' length of it is 0. Whoever asks for that length from within the runtime
//! ([`span`]) wakes it up, and so does a call into a guest of the store. Thus what nobody used takes neither
//! pages nor the time to make them what they were again.
//!
//! A memory whose pages have one byte ends anywhere, but address space becomes usable in whole
//! pages of the machine's. What is usable behind its end is zero: code compares every access to
//! such a memory with its length.

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use wasmaot_abi::context::VmMemory;
use wasmaot_abi::module::{Space, VmImage};

use crate::error::{Error, Result};
use crate::handle::{Handle, Owned};
use crate::images;
use crate::platform::{Backing, Reservation};
use crate::raw;
use crate::shared::SharedMemory;
use crate::shared::racy;
use crate::shared::waiters::Waiters;
use crate::store::{AsStore, AsStoreMut, Limits, NEVER, Sealed, StoreInner, inner, inner_mut};
use crate::types::MemoryType;

/// The granularity of address space: no machine has larger pages.
const GRAIN: u64 = 1 << 16;

/// More address space than any system gives a program.
const MOST_BYTES: u64 = 1 << 46;

/// Fewer bytes than these are sooner copied than mapped.
const LEAST_MAPPED: usize = 64 << 10;

/// What memories that the host makes have behind them, so that any module compiled with the
/// compiler's defaults can import them.
pub(crate) const HOST_SPACE: Space = Space { reservation: 4 << 30, guard: 32 << 20 };

/// A linear memory. A copyable handle; equal handles are one memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory(pub(crate) Handle<VmMemory>);

/// An access outside a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryAccessError {
    offset: u64,
    len: usize,
    size: usize,
}

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, len, size } = self;
        write!(f, "{len} bytes at {offset:#x} are not all within a memory of {size:#x} bytes")
    }
}

impl std::error::Error for MemoryAccessError {}

/// The bytes that a memory starts with: a module's images, of which those of one memory count.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    images: &'static [VmImage],
    memory: u32,
}

impl Start {
    /// None but zeros.
    pub(crate) const ZERO: Self = Self { images: &[], memory: 0 };

    /// # Safety
    /// The images are an object's.
    pub(crate) unsafe fn new(images: &'static [VmImage], memory: u32) -> Self {
        Self { images, memory }
    }

    /// Bytes, where they belong, and whether they can be mapped.
    fn parts(self) -> impl Iterator<Item = (usize, &'static [u8], bool)> {
        let mine = self.images.iter().filter(move |image| image.memory == self.memory);
        // SAFETY: what `new` was promised.
        mine.map(|image| unsafe {
            (image.offset as usize, raw::slice(image.bytes), image.mappable != 0)
        })
    }
}

/// Why there is no single instance.
#[cold]
pub(crate) fn taken(len: usize, at: usize, what: &str) -> Error {
    Error::refused(format_args!(
        "no {len:#x} bytes of address space at {at:#x}, where the guest's {what} has to be: another \
         instance of a guest that was compiled for a single one is alive, or something else of the program \
         is there"
    ))
}

/// A memory's address space, and whether it is in use.
struct Map {
    reservation: Reservation,
    /// While the memory sleeps: how long it is, and what it starts with.
    asleep: Option<(usize, Start)>,
}

/// The runtime's own data about a memory. Of a shared one it may be used on several threads at the
/// same time: then only what a lock guards and the length change.
pub(crate) struct MemoryData {
    /// What guests see: in an instance's context, or `own`.
    vm: NonNull<VmMemory>,
    #[expect(dead_code, reason = "owns what `vm` points at")]
    own: Option<Owned<VmMemory>>,
    map: Mutex<Map>,
    /// The type that it was made with.
    declared: MemoryType,
    /// Who waits for a wake-up, if the memory is shared.
    waiters: Option<Waiters>,
    /// Bytes that can ever belong to the memory or fault.
    reservation: u64,
    guard: u64,
    /// Pages that it can have at most, by its type, its address space and the limits it was made
    /// with.
    most: u64,
}

impl MemoryData {
    /// Makes a memory whose size and address guests find in `vm`, where it sleeps, or in the data itself.
    /// Code relies on the part of `space` that is of use to it, and on the address, if that is not 0.
    pub(crate) fn new(
        ty: MemoryType,
        space: Space,
        at: usize,
        limits: &Limits,
        vm: Option<NonNull<VmMemory>>,
        start: Start,
    ) -> Result<Owned<Self>> {
        let space = space.of_memory(ty.max_bytes(), ty.page_size_log2);
        let limit = limit_of(ty, limits.memory_pages);
        let declared = ty.max.unwrap_or(u64::MAX).min(ty.most_pages());
        let mut most = declared.min(limit).min(MOST_BYTES >> ty.page_size_log2);
        if ty.min > most {
            return Err(Error::refused(format_args!(
                "a {ty} may have {most} pages at most: see `Store::limits_mut`"
            )));
        }
        let len = (ty.min << ty.page_size_log2) as usize;
        let backing = start
            .parts()
            .find_map(|(offset, bytes, mappable)| backing(offset, bytes, mappable, len));
        let reservation = loop {
            let reservation = space.reservation.max(whole(most << ty.page_size_log2));
            let committed = whole(len as u64) as usize;
            let len = (reservation + space.guard) as usize;
            match Reservation::new(len, at, committed, backing) {
                Some(map) => break (map, reservation),
                // Without a promise to compiled code, less will do, too.
                None if space.reservation == 0 && most > ty.min => most = ty.min.max(most / 2),
                // Elsewhere there would be some.
                None if at != 0 && Reservation::new(len, 0, 0, None).is_some() => {
                    return Err(taken(len, at, "memory"));
                }
                None => {
                    let space = reservation + space.guard;
                    return Err(Error::refused(format_args!(
                        "no {space:#x} bytes of address space for a {ty}: see `ulimit -v`, or \
                         compile the guest with a smaller memory reservation"
                    )));
                }
            }
        };
        let (map, reservation) = reservation;
        let seen = VmMemory { base: map.base(), len: 0, owner: std::ptr::null_mut() };
        let sleeps = vm.is_some();
        let (own, vm) = match vm {
            Some(vm) => {
                // SAFETY: the place for it in a context that is being made.
                unsafe { vm.write(seen) };
                (None, vm)
            }
            None => {
                let own = Owned::new(seen);
                let vm = own.ptr();
                (Some(own), vm)
            }
        };
        let guard = space.guard;
        let waiters = ty.shared.then(Waiters::default);
        let map = Mutex::new(Map { reservation: map, asleep: Some((len, start)) });
        let data =
            Owned::new(Self { vm, own, map, declared: ty, waiters, reservation, guard, most });
        // SAFETY: alive, and written just now.
        unsafe {
            (*vm.as_ptr()).owner = data.ptr().as_ptr().cast();
            if !sleeps {
                data.ptr().as_ref().wake();
            }
        }
        Ok(data)
    }

    /// Gives a memory that sleeps what it starts with.
    #[cold]
    pub(crate) fn wake(&self) {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((len, start)) = map.asleep.take() else { return };
        for (offset, bytes, mappable) in start.parts() {
            place(&mut map.reservation, len, offset, bytes, mappable);
        }
        // SAFETY: lives as long as this.
        unsafe { atomic_len(self.vm) }.store(len, Ordering::Release);
    }

    /// What guests see of it.
    pub(crate) fn vm(&self) -> NonNull<VmMemory> {
        self.vm
    }

    pub(crate) fn base(&self) -> *mut u8 {
        // SAFETY: lives as long as this.
        unsafe { span(self.vm).0 }
    }

    pub(crate) fn len(&self) -> usize {
        // SAFETY: lives as long as this.
        let len = || unsafe { atomic_len(self.vm) }.load(Ordering::Acquire);
        match len() {
            0 => {
                let map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
                map.asleep.map_or_else(len, |(len, _)| len)
            }
            len => len,
        }
    }

    /// The length when nobody is making the memory grow: whatever pages another thread has made
    /// usable until now are within it.
    #[cold]
    pub(crate) fn len_when_grown(&self) -> usize {
        drop(self.map.lock().unwrap_or_else(PoisonError::into_inner));
        self.len()
    }

    pub(crate) fn waiters(&self) -> Option<&Waiters> {
        self.waiters.as_ref()
    }

    pub(crate) fn pages(&self) -> u64 {
        self.len() as u64 >> self.declared.page_size_log2
    }

    pub(crate) fn ty(&self) -> MemoryType {
        MemoryType { min: self.pages(), ..self.declared }
    }

    /// Why code that relies on this address space could not use the memory.
    pub(crate) fn lacks(&self, space: Space) -> Option<String> {
        if self.reservation >= space.reservation && self.guard >= space.guard {
            return None;
        }
        Some(format!(
            "{:#x} bytes of address space and {:#x} of guard behind it, not {:#x} and {:#x}",
            self.reservation, self.guard, space.reservation, space.guard
        ))
    }

    /// Adds pages, up to a limit of the store's; the former number.
    pub(crate) fn grow(&self, delta: u64, limit: u64) -> Option<u64> {
        self.wake();
        // Nothing panics with the lock, but for what is no memory of ours.
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        // Not `pages`, which may take the lock.
        // SAFETY: lives as long as this.
        let len = unsafe { atomic_len(self.vm) };
        let old = len.load(Ordering::Acquire) as u64 >> self.declared.page_size_log2;
        let new = old.checked_add(delta)?;
        if new > self.most.min(limit_of(self.declared, limit)).max(old) {
            return None;
        }
        let to = (new << self.declared.page_size_log2) as usize;
        if !map.reservation.commit(whole(to as u64) as usize) {
            return None;
        }
        // Only now: other threads may touch what they see to be there.
        len.store(to, Ordering::Release);
        Some(old)
    }
}

impl Drop for MemoryData {
    #[inline]
    fn drop(&mut self) {
        let map = self.map.get_mut().unwrap_or_else(PoisonError::into_inner);
        if map.asleep.is_some() {
            map.reservation.note_unused();
        }
    }
}

/// Writes bytes at an offset, which must be within a memory of this length, or has them from the program's file.
fn place(map: &mut Reservation, len: usize, offset: usize, bytes: &'static [u8], mappable: bool) {
    assert!(offset.checked_add(bytes.len()).is_some_and(|end| end <= len));
    if let Some(backing) = backing(offset, bytes, mappable, len)
        && (map.backing() == Some(backing) || map.back_more(backing))
    {
        return;
    }
    // SAFETY: within the memory; nobody has a reference to it now.
    unsafe {
        let to = map.base().add(offset);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
    }
    if !bytes.is_empty() {
        map.note_written(offset);
    }
}

/// Where a memory starts and how long it is now, awake if it was not. A shared one grows at any time, so nobody makes
/// a reference to a `VmMemory`.
///
/// # Safety
/// It is a live memory's.
#[inline]
pub(crate) unsafe fn span(vm: NonNull<VmMemory>) -> (*mut u8, usize) {
    // SAFETY: the caller's promise; the base never changes.
    unsafe {
        let mut len = atomic_len(vm).load(Ordering::Acquire);
        if len == 0 {
            len = wake(vm);
        }
        ((*vm.as_ptr()).base, len)
    }
}

/// Wakes a memory up if it sleeps; its length.
///
/// # Safety
/// It is a live memory's.
#[cold]
#[inline(never)]
unsafe fn wake(vm: NonNull<VmMemory>) -> usize {
    // SAFETY: the caller's promise; a memory's owner is its data.
    let data = unsafe { &*(*vm.as_ptr()).owner.cast::<MemoryData>() };
    data.wake();
    data.len()
}

#[inline]
unsafe fn atomic_len<'a>(vm: NonNull<VmMemory>) -> &'a AtomicUsize {
    // SAFETY: the caller's promise. Nobody accesses it otherwise but compiled code, by whole words.
    unsafe { AtomicUsize::from_ptr(&raw mut (*vm.as_ptr()).len) }
}

/// How many of its pages a memory may have by the store's limit.
fn limit_of(ty: MemoryType, limit: u64) -> u64 {
    u64::try_from(u128::from(limit) << 16 >> ty.page_size_log2).unwrap_or(u64::MAX)
}

/// As many bytes or more, so that they are whole pages of the machine's.
fn whole(bytes: u64) -> u64 {
    bytes.next_multiple_of(GRAIN)
}

/// Where a memory of a length can have bytes from that it starts with, if that is worth it.
fn backing(offset: usize, bytes: &'static [u8], mappable: bool, len: usize) -> Option<Backing> {
    let worth = mappable && bytes.len() >= LEAST_MAPPED && offset + bytes.len() <= len;
    if worth { images::backing(bytes, offset) } else { None }
}

impl Memory {
    /// Gives back to the system what memories of this process that are gone have left for the next ones: address space,
    /// and up to 128 MiB of pages, of which the system takes half when it needs some. For a host that has run its guests
    /// and goes on without them.
    pub fn release_kept() {
        Reservation::release_kept();
    }

    /// Makes a memory that guests can import.
    ///
    /// # Errors
    /// If the type or the store's limits allow no such memory, or the system has none left.
    pub fn new(mut store: impl AsStoreMut, ty: MemoryType) -> Result<Self> {
        let store = inner_mut(&mut store);
        ty.check().map_err(|why| Error::refused(format_args!("{why}")))?;
        store.check_memories(1)?;
        let vm = if ty.shared {
            let shared = SharedMemory::with_space(ty, HOST_SPACE, &store.limits, Start::ZERO)?;
            store.own_shared(&shared)
        } else {
            let data = MemoryData::new(ty, HOST_SPACE, 0, &store.limits, None, Start::ZERO)?;
            store.own_memory(data)
        };
        // SAFETY: the memory lives as long as the store.
        Ok(Self(unsafe { Handle::new(store.id, vm) }))
    }

    #[inline]
    pub(crate) fn data_ptr(&self, store: &StoreInner) -> NonNull<MemoryData> {
        // SAFETY: a memory's owner is its data.
        unsafe { NonNull::new_unchecked((*self.0.get(store.id).as_ptr()).owner.cast()) }
    }

    #[inline]
    fn data_in<'a>(&self, store: &'a StoreInner) -> &'a MemoryData {
        // SAFETY: the store is borrowed.
        unsafe { self.data_ptr(store).as_ref() }
    }

    /// Where the memory starts, how long it is, and whether it is shared.
    #[inline]
    fn parts(&self, store: &StoreInner) -> (NonNull<u8>, usize, bool) {
        // SAFETY: the memory lives as long as the store, which is borrowed; a base is not null.
        unsafe {
            let vm = self.0.get(store.id);
            let (base, len) = span(vm);
            (NonNull::new_unchecked(base), len, self.data_in(store).waiters.is_some())
        }
    }

    /// The memory's bytes, if they are not shared.
    #[inline]
    fn bytes(&self, store: &StoreInner) -> NonNull<[u8]> {
        let (base, len, shared) = self.parts(store);
        if shared {
            no_slices();
        }
        NonNull::slice_from_raw_parts(base, len)
    }

    /// The memory's type, its present size being the least.
    pub fn ty(&self, store: impl AsStore) -> MemoryType {
        self.data_in(inner(&store)).ty()
    }

    /// The memory's size in its pages.
    pub fn size(&self, store: impl AsStore) -> u64 {
        self.data_in(inner(&store)).pages()
    }

    /// Adds `delta` pages; the former size. The memory does not move.
    ///
    /// # Errors
    /// If the memory's type or the store's limits do not allow it, or the system has none left.
    pub fn grow(&self, mut store: impl AsStoreMut, delta: u64) -> Result<u64> {
        let store = inner_mut(&mut store);
        let data = self.data_in(store);
        data.grow(delta, store.limits.memory_pages).ok_or_else(|| {
            Error::refused(format_args!("a {} cannot grow by {delta} pages", data.ty()))
        })
    }

    /// The memory's bytes.
    ///
    /// # Panics
    /// If the memory is shared: other threads write to it meanwhile. Use [`read`](Self::read), or
    /// [`as_shared`](Self::as_shared) for atomics.
    #[inline]
    pub fn data<'a, T: 'a>(&self, store: &'a (impl AsStore<Data = T> + ?Sized)) -> &'a [u8] {
        // SAFETY: the store is borrowed; no guest runs meanwhile.
        unsafe { self.bytes(inner(store)).as_ref() }
    }

    /// The memory's bytes.
    ///
    /// # Panics
    /// If the memory is shared, as [`data`](Self::data).
    #[inline]
    pub fn data_mut<'a, T: 'a>(
        &self,
        store: &'a mut (impl AsStoreMut<Data = T> + ?Sized),
    ) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// The memory's bytes and the host's data.
    ///
    /// # Panics
    /// If the memory is shared, as [`data`](Self::data).
    #[inline]
    pub fn data_and_store_mut<'a, T: 'a>(
        &self,
        store: &'a mut (impl AsStoreMut<Data = T> + ?Sized),
    ) -> (&'a mut [u8], &'a mut T) {
        let raw = store.raw_store(Sealed);
        // SAFETY: the store is mutably borrowed; no guest runs meanwhile. Guests' memories and
        // the host's data do not overlap.
        unsafe { (self.bytes(&*raw.inner()).as_mut(), &mut *raw.data()) }
    }

    /// Some of the memory's bytes.
    ///
    /// # Errors
    /// If they are not all within it.
    ///
    /// # Panics
    /// If the memory is shared, as [`data`](Self::data).
    #[inline]
    pub fn slice<'a, T: 'a>(
        &self,
        store: &'a (impl AsStore<Data = T> + ?Sized),
        offset: u64,
        len: usize,
    ) -> Result<&'a [u8], MemoryAccessError> {
        let data = self.data(store);
        Ok(&data[range(data.len(), offset, len)?])
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// If they are not all within it; nothing is copied then.
    #[inline]
    pub fn read(
        &self,
        store: impl AsStore,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let (base, size, shared) = self.parts(inner(&store));
        let range = range(size, offset, buffer.len())?;
        // SAFETY: within the memory, which no buffer of the host's is part of; if it is not
        // shared, nobody writes to it now: the store is borrowed.
        unsafe {
            let from = base.as_ptr().add(range.start);
            if shared {
                racy::read(from, buffer);
            } else {
                from.copy_to_nonoverlapping(buffer.as_mut_ptr(), buffer.len());
            }
        }
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// If they are not all within it; nothing is copied then.
    #[inline]
    pub fn write(
        &self,
        mut store: impl AsStoreMut,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let (base, size, shared) = self.parts(inner_mut(&mut store));
        let range = range(size, offset, bytes.len())?;
        // SAFETY: within the memory; if it is not shared, nobody uses it now: the store is mutably
        // borrowed. (What is borrowed from it keeps the store borrowed.)
        unsafe {
            let to = base.as_ptr().add(range.start);
            if shared {
                racy::write(bytes, to);
            } else {
                to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
        }
        Ok(())
    }
}

#[inline]
pub(crate) fn range(
    size: usize,
    offset: u64,
    len: usize,
) -> Result<std::ops::Range<usize>, MemoryAccessError> {
    let error = MemoryAccessError { offset, len, size };
    let start = usize::try_from(offset).map_err(|_| error)?;
    let end = start.checked_add(len).filter(|&end| end <= size).ok_or(error)?;
    Ok(start..end)
}

#[cold]
#[inline(never)]
#[track_caller]
fn no_slices() -> ! {
    panic!(
        "other threads write to a shared memory, so there are no slices of it: use `read`, \
         `write` or `as_shared`"
    );
}

impl StoreInner {
    /// Refuses more memories than the limits allow.
    pub(crate) fn check_memories(&self, more: usize) -> Result<()> {
        let limit = self.limits.memories;
        if more > limit.saturating_sub(self.memories.len() + self.shared.len()) {
            return Err(Error::refused(format_args!("the store is limited to {limit} memories")));
        }
        Ok(())
    }

    pub(crate) fn own_memory(&mut self, data: Owned<MemoryData>) -> NonNull<VmMemory> {
        // SAFETY: alive.
        let vm = unsafe { data.ptr().as_ref() }.vm;
        self.memories.push(data);
        // It is to be woken up before a guest runs.
        self.ready = NEVER;
        vm
    }

    /// Wakes up the memories that sleep.
    pub(crate) fn wake_memories(&mut self) {
        let awake = std::mem::replace(&mut self.awake, self.memories.len());
        for memory in &self.memories[awake..] {
            // SAFETY: alive.
            unsafe { memory.ptr().as_ref() }.wake();
        }
    }
}
