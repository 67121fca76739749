//! Tables of references. The elements lie in one array that compiled code reads directly:
//! addresses of [`VmFuncRef`]s, or indices of host values.

use std::alloc::{self, Layout};
use std::ptr::NonNull;

use wasmaot_abi::context::{VmFuncRef, VmTable};
use wasmaot_abi::value::{ValKind, ValRaw};

use crate::error::{Error, Result};
use crate::externref::Marker;
use crate::handle::{Handle, Owned};
use crate::store::{
    AsStore, AsStoreMut, Limits, StoreInner, inner, inner_mut, inner_ptr, safepoint,
};
use crate::types::{TableType, ValType};
use crate::value::Val;

/// A table. A copyable handle; equal handles are one table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Table(pub(crate) Handle<VmTable>);

/// The runtime's own data about a table.
pub(crate) struct TableData {
    /// What guests see: in an instance's context, or `own`.
    vm: NonNull<VmTable>,
    #[expect(dead_code, reason = "owns what `vm` points at")]
    own: Option<Owned<VmTable>>,
    /// Its type, with the size that it started with.
    ty: TableType,
    /// The number of elements that there is room for.
    capacity: usize,
}

impl TableData {
    /// Makes a table of null references.
    pub(crate) fn new(
        ty: TableType,
        limits: &Limits,
        vm: Option<NonNull<VmTable>>,
    ) -> Result<Owned<Self>> {
        let most = ty.max.unwrap_or(u64::MAX).min(limits.table_elements);
        if ty.min > most {
            return Err(Error::refused(format_args!(
                "a {ty} may have {most} elements at most: see `Store::limits_mut`"
            )));
        }
        let len = ty.min as usize;
        let base = NonNull::<u64>::dangling().as_ptr().cast();
        let seen = VmTable { base, len: 0, owner: std::ptr::null_mut() };
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
        let data = Owned::new(Self { vm, own, ty, capacity: 0 });
        // SAFETY: alive, and written just now.
        unsafe {
            (*vm.as_ptr()).owner = data.ptr().as_ptr().cast();
            if !data.ptr().as_mut().reserve(len) {
                return Err(Error::refused(format_args!("no memory for a {ty}")));
            }
            // Fresh room is zero, which is null.
            (*vm.as_ptr()).len = len;
        }
        Ok(data)
    }

    fn kind(&self) -> ValKind {
        self.ty.element.kind()
    }

    pub(crate) fn len(&self) -> usize {
        // SAFETY: lives as long as this.
        unsafe { (*self.vm.as_ptr()).len }
    }

    fn base(&self) -> *mut u8 {
        // SAFETY: lives as long as this.
        unsafe { (*self.vm.as_ptr()).base }
    }

    fn element_size(&self) -> usize {
        self.kind().table_element_size() as usize
    }

    pub(crate) fn ty(&self) -> TableType {
        TableType { min: self.len() as u64, ..self.ty }
    }

    fn layout(&self, capacity: usize) -> Option<Layout> {
        Layout::from_size_align(capacity.checked_mul(self.element_size())?, 8).ok()
    }

    /// Makes room for `capacity` elements, zero where it is new.
    fn reserve(&mut self, capacity: usize) -> bool {
        if capacity <= self.capacity {
            return true;
        }
        let Some(layout) = self.layout(capacity) else { return false };
        // SAFETY: the size is not 0. The elements are copied into room that has more.
        unsafe {
            let Some(base) = NonNull::new(alloc::alloc_zeroed(layout)) else { return false };
            let old = self.base();
            std::ptr::copy_nonoverlapping(old, base.as_ptr(), self.len() * self.element_size());
            self.free();
            (*self.vm.as_ptr()).base = base.as_ptr();
        }
        self.capacity = capacity;
        true
    }

    fn free(&mut self) {
        if self.capacity > 0
            && let Some(layout) = self.layout(self.capacity)
        {
            // SAFETY: allocated with this layout.
            unsafe { alloc::dealloc(self.base(), layout) };
        }
    }

    /// The element as compiled code has it.
    pub(crate) fn get(&self, index: u64) -> Option<u64> {
        let index = usize::try_from(index).ok().filter(|&index| index < self.len())?;
        // SAFETY: the element is within the table.
        Some(unsafe {
            match self.kind() {
                ValKind::ExternRef => u64::from(*self.base().cast::<u32>().add(index)),
                _ => *self.base().cast::<u64>().add(index),
            }
        })
    }

    /// Sets elements from `start` on; `None` if they are not all within the table.
    pub(crate) fn fill(&mut self, start: u64, bits: u64, len: u64) -> Option<()> {
        let range = self.range(start, len)?;
        // SAFETY: the elements are within the table.
        unsafe {
            match self.kind() {
                ValKind::ExternRef => {
                    let base = self.base().cast::<u32>();
                    std::slice::from_raw_parts_mut(base, self.len())[range].fill(bits as u32);
                }
                _ => {
                    let base = self.base().cast::<u64>();
                    std::slice::from_raw_parts_mut(base, self.len())[range].fill(bits);
                }
            }
        }
        Some(())
    }

    /// Sets elements from `start` on; `None` if they are not all within the table.
    pub(crate) fn write(
        &mut self,
        start: u64,
        values: impl ExactSizeIterator<Item = u64>,
    ) -> Option<()> {
        let range = self.range(start, values.len() as u64)?;
        // Looked up once: for all the compiler knows, writing elements changes them.
        let (base, kind) = (self.base(), self.kind());
        for (index, bits) in range.zip(values) {
            // SAFETY: the elements are within the table.
            unsafe {
                match kind {
                    ValKind::ExternRef => *base.cast::<u32>().add(index) = bits as u32,
                    _ => *base.cast::<u64>().add(index) = bits,
                }
            }
        }
        Some(())
    }

    /// Sets elements of a table of functions from `start` on to references out of an array, the first of which
    /// is at an address; `None` if they are not all within the table.
    pub(crate) fn write_func_refs(
        &mut self,
        start: u64,
        array: u64,
        indices: &[u32],
    ) -> Option<()> {
        let range = self.range(start, indices.len() as u64)?;
        debug_assert_eq!(self.kind(), ValKind::FuncRef);
        // SAFETY: the elements are within the table.
        let elements = unsafe {
            let start = self.base().cast::<u64>().add(range.start);
            std::slice::from_raw_parts_mut(start, range.len())
        };
        for (element, &index) in elements.iter_mut().zip(indices) {
            *element = array + u64::from(index) * size_of::<VmFuncRef>() as u64;
        }
        Some(())
    }

    pub(crate) fn range(&self, start: u64, len: u64) -> Option<std::ops::Range<usize>> {
        let end = start.checked_add(len).filter(|&end| end <= self.len() as u64)?;
        Some(start as usize..end as usize)
    }

    /// Copies elements within or between tables of one element type; `None` if they are not all
    /// within them.
    ///
    /// # Safety
    /// Both are live.
    pub(crate) unsafe fn copy(
        dst: NonNull<Self>,
        dst_start: u64,
        src: NonNull<Self>,
        src_start: u64,
        len: u64,
    ) -> Option<()> {
        // SAFETY: the caller's promise; the ranges are checked; `copy` allows for overlap.
        unsafe {
            let (to, from) =
                (dst.as_ref().range(dst_start, len)?, src.as_ref().range(src_start, len)?);
            debug_assert_eq!(dst.as_ref().kind(), src.as_ref().kind());
            let size = dst.as_ref().element_size();
            std::ptr::copy(
                src.as_ref().base().add(from.start * size),
                dst.as_ref().base().add(to.start * size),
                from.len() * size,
            );
        }
        Some(())
    }

    /// Adds elements; the former number.
    pub(crate) fn grow(&mut self, delta: u64, bits: u64, limits: &Limits) -> Option<u64> {
        let old = self.len();
        let new = (old as u64).checked_add(delta)?;
        let most = self.ty.max.unwrap_or(u64::MAX).min(self.ty.most()).min(limits.table_elements);
        if new > most.max(old as u64) {
            return None;
        }
        let new = new as usize;
        if new > self.capacity && !self.reserve(new.max(self.capacity * 2).min(most as usize)) {
            return None;
        }
        // SAFETY: lives as long as this; there is room.
        unsafe { (*self.vm.as_ptr()).len = new };
        // Room that was never used is zero, which is null.
        if bits != 0 {
            self.fill(old as u64, bits, delta).expect("just added");
        }
        Some(old as u64)
    }

    /// Marks the host values in the table.
    pub(crate) fn mark(&self, marker: &mut Marker<'_>) {
        if self.kind() == ValKind::ExternRef {
            // SAFETY: the table's elements.
            let elements =
                unsafe { std::slice::from_raw_parts(self.base().cast::<u32>(), self.len()) };
            elements.iter().for_each(|&index| marker.mark(index));
        }
    }
}

impl Drop for TableData {
    #[inline]
    fn drop(&mut self) {
        self.free();
    }
}

impl Table {
    /// Makes a table that guests can import, filled with `init`.
    ///
    /// # Errors
    /// If the type or the store's limits allow no such table, `init` does not fit, or the system
    /// has no memory left.
    pub fn new(mut store: impl AsStoreMut, ty: TableType, init: Val) -> Result<Self> {
        let raw = inner_ptr(&store);
        // SAFETY: the store is mutably borrowed.
        unsafe { safepoint(raw) };
        let store = inner_mut(&mut store);
        let most = ty.max.unwrap_or(u64::MAX).min(ty.most());
        if ty.min > most || ty.max.is_some_and(|max| max > most) {
            return Err(Error::refused(format_args!(
                "there can be no {ty}: at most {most}, and no less than to start with"
            )));
        }
        check(store, &ty, &init)?;
        store.check_tables(1)?;
        let data = TableData::new(ty, &store.limits, None)?;
        let mut ptr = data.ptr();
        let vm = store.own_table(data);
        let bits = init.to_raw(store).to_u64();
        // SAFETY: alive.
        unsafe { ptr.as_mut() }.fill(0, bits, ty.min).expect("its own length");
        // SAFETY: the table lives as long as the store.
        Ok(Self(unsafe { Handle::new(store.id, vm) }))
    }

    pub(crate) fn data_ptr(&self, store: &StoreInner) -> NonNull<TableData> {
        // SAFETY: a table's owner is its data.
        unsafe { NonNull::new_unchecked((*self.0.get(store.id).as_ptr()).owner.cast()) }
    }

    fn data<'a>(&self, store: &'a StoreInner) -> &'a TableData {
        // SAFETY: the store is borrowed.
        unsafe { self.data_ptr(store).as_ref() }
    }

    /// The table's type, its present length being the least.
    pub fn ty(&self, store: impl AsStore) -> TableType {
        self.data(inner(&store)).ty()
    }

    /// The number of elements.
    pub fn len(&self, store: impl AsStore) -> u64 {
        self.data(inner(&store)).len() as u64
    }

    /// Whether there are no elements.
    pub fn is_empty(&self, store: impl AsStore) -> bool {
        self.len(store) == 0
    }

    /// The element with this index; `None` outside the table.
    pub fn get(&self, store: impl AsStore, index: u64) -> Option<Val> {
        let store = inner(&store);
        let data = self.data(store);
        let bits = data.get(index)?;
        // SAFETY: an element of a table of this type.
        Some(unsafe { Val::from_raw(ValRaw::from_u64(bits), ValType::Ref(data.ty.element), store) })
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If the index is outside the table or the value does not fit.
    pub fn set(&self, store: impl AsStoreMut, index: u64, value: Val) -> Result<()> {
        self.fill(store, index, value, 1)
    }

    /// Sets `len` elements from `start` on.
    ///
    /// # Errors
    /// If they are not all within the table or the value does not fit; nothing is set then.
    pub fn fill(&self, mut store: impl AsStoreMut, start: u64, value: Val, len: u64) -> Result<()> {
        let ty = self.ty(&store);
        check(inner(&store), &ty, &value)?;
        let fits = self.data(inner(&store)).range(start, len).is_some();
        if !fits {
            let n = ty.min;
            return Err(Error::refused(format_args!(
                "{len} elements at {start} are not all within a table of {n}"
            )));
        }
        let bits = self.pass(&mut store, &value);
        // SAFETY: the store is mutably borrowed.
        let data = unsafe { self.data_ptr(inner(&store)).as_mut() };
        data.fill(start, bits, len).expect("checked above");
        Ok(())
    }

    /// Adds `delta` elements that are `init`; the former length.
    ///
    /// # Errors
    /// If the table's type or the store's limits do not allow it, the value does not fit, or the
    /// system has no memory left.
    pub fn grow(&self, mut store: impl AsStoreMut, delta: u64, init: Val) -> Result<u64> {
        let ty = self.ty(&store);
        check(inner(&store), &ty, &init)?;
        let bits = self.pass(&mut store, &init);
        let store = inner_mut(&mut store);
        // SAFETY: the store is mutably borrowed.
        let data = unsafe { self.data_ptr(store).as_mut() };
        data.grow(delta, bits, &store.limits)
            .ok_or_else(|| Error::refused(format_args!("a {ty} cannot grow by {delta} elements")))
    }

    /// The value as compiled code has it.
    fn pass(&self, store: &mut impl AsStoreMut, value: &Val) -> u64 {
        // SAFETY: the store is mutably borrowed.
        unsafe { safepoint(inner_ptr(store)) };
        value.to_raw(inner_mut(store)).to_u64()
    }
}

fn check(store: &StoreInner, ty: &TableType, value: &Val) -> Result<()> {
    if value.fits(ValType::Ref(ty.element), store) {
        return Ok(());
    }
    Err(Error::refused(format_args!("a {} is none for a {ty}", value.ty())))
}

impl StoreInner {
    /// Refuses more tables than the limits allow.
    pub(crate) fn check_tables(&self, more: usize) -> Result<()> {
        let limit = self.limits.tables;
        if more > limit.saturating_sub(self.tables.len()) {
            return Err(Error::refused(format_args!("the store is limited to {limit} tables")));
        }
        Ok(())
    }

    pub(crate) fn own_table(&mut self, data: Owned<TableData>) -> NonNull<VmTable> {
        // SAFETY: alive.
        let vm = unsafe { data.ptr().as_ref() }.vm;
        self.tables.push(data);
        vm
    }
}
