//! What a function of WASI has to do with: the caller's memory and its store's context.
//!
//! Memory is accessed through addresses only, bytes being copied in and out, as other threads may
//! write to it meanwhile. Every range that a guest names is checked here.

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;

use super::interrupt::Interrupt;
use super::object::Object;
use super::types::Rights;
use super::{Errno, WasiCtx};
use crate::bindings::HostError;
use crate::host::Caller;
use crate::memory;
use crate::raw::Context;
use crate::shared::racy;
use crate::store::inner;
use wasmaot_abi::module::ExternKind;

/// The guest that called.
pub(super) struct Guest<'a> {
    /// What it may do.
    pub(super) ctx: &'a WasiCtx,
    /// What ends its waits.
    pub(super) interrupt: Interrupt<'a>,
    /// When it began to wait, by the monotonic clock.
    pub(super) began: Cell<Option<u64>>,
    memory: NonNull<u8>,
    len: usize,
}

impl<'a> Guest<'a> {
    /// The one that called a host function.
    pub(super) fn of<T>(caller: &'a Caller<'_, T>, began: Option<u64>) -> Result<Self, HostError> {
        let store = inner(caller);
        let Some(ctx) = &store.wasi else {
            return Err("a guest uses WASI, but its store has no WASI context: give it one with \
                        `Store::set_wasi`"
                .into());
        };
        let context = caller.instance().map(|instance| instance.context(store));
        let (memory, len) = context.and_then(first_memory).unwrap_or((NonNull::dangling(), 0));
        let interrupt = Interrupt::of(&store.bounds.handle);
        Ok(Self { ctx, interrupt, began: Cell::new(began), memory, len })
    }

    /// The address of a range.
    ///
    /// # Errors
    /// `Fault` if it is not all in memory.
    pub(super) fn range(&self, at: u32, len: usize) -> Result<*mut u8, Errno> {
        let at = at as usize;
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(Errno::Fault);
        }
        // SAFETY: it is in memory, or at its end.
        Ok(unsafe { self.memory.as_ptr().add(at) })
    }

    /// Whether a range is all in memory: before something is done that cannot be undone.
    pub(super) fn check(&self, at: u32, len: usize) -> Result<(), Errno> {
        self.range(at, len).map(drop)
    }

    /// What a descriptor stands for, if it may be used for that.
    pub(super) fn object(&self, fd: u32, rights: Rights) -> Result<Arc<dyn Object>, Errno> {
        let table = self.ctx.table();
        let descriptor = table.get(fd)?;
        descriptor.need(rights)?;
        Ok(descriptor.object.clone())
    }

    /// What a descriptor stands for, if that is a folder and may be used so.
    ///
    /// # Errors
    /// `BadF` if it is none.
    pub(super) fn folder(&self, fd: u32, rights: Rights) -> Result<Arc<dyn Object>, Errno> {
        let table = self.ctx.table();
        let descriptor = table.get(fd)?;
        if descriptor.object.folder().is_none() {
            return Err(Errno::BadF);
        }
        descriptor.need(rights)?;
        Ok(descriptor.object.clone())
    }

    /// Copies bytes into memory.
    pub(super) fn write(&self, at: u32, bytes: &[u8]) -> Result<(), Errno> {
        let to = self.range(at, bytes.len())?;
        // SAFETY: a range of the guest's memory, which does not shrink.
        unsafe { racy::write(bytes, to) };
        Ok(())
    }

    /// Copies bytes out of memory.
    pub(super) fn read(&self, at: u32, bytes: &mut [u8]) -> Result<(), Errno> {
        let from = self.range(at, bytes.len())?;
        // SAFETY: a range of the guest's memory, which does not shrink.
        unsafe { racy::read(from, bytes) };
        Ok(())
    }

    /// A number in memory.
    pub(super) fn u32(&self, at: u32) -> Result<u32, Errno> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// A number in memory.
    pub(super) fn u64(&self, at: u32) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Puts a number into memory.
    pub(super) fn set_u32(&self, at: u32, value: u32) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }

    /// Puts a number into memory.
    pub(super) fn set_u64(&self, at: u32, value: u64) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }
}

/// The memory of a module that has one.
fn first_memory(context: Context) -> Option<(NonNull<u8>, usize)> {
    let defined = context.module().memories().len();
    if context.imported(ExternKind::Memory) as usize + defined == 0 {
        return None;
    }
    // SAFETY: the instance's memory lives as long as its store.
    let (base, len) = unsafe { memory::span(context.any_memory(0)) };
    Some((NonNull::new(base)?, len))
}
