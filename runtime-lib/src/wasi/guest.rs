//! What a function of WASI has to do with: the caller's memory and its store's context.
//!
//! Memory is accessed through addresses only, bytes being copied in and out, as other threads may
//! write to it meanwhile. Every range that a guest names is checked here.

use std::ptr::NonNull;

use super::{Errno, WasiCtx};
use crate::bindings::HostError;
use crate::host::Caller;
use crate::memory;
use crate::raw::Context;
use crate::shared::racy;
use crate::store::inner;
use wasmaot_abi::module::ExternKind;

/// Why a function does not succeed.
pub(super) enum Stop {
    /// For the guest to know.
    Errno(Errno),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

/// The guest that called.
pub(super) struct Guest<'a> {
    /// What it may do.
    pub(super) ctx: &'a WasiCtx,
    memory: NonNull<u8>,
    len: usize,
}

impl<'a> Guest<'a> {
    /// The one that called a host function.
    pub(super) fn of<T>(caller: &'a Caller<'_, T>) -> Result<Self, HostError> {
        let store = inner(caller);
        let Some(ctx) = &store.wasi else {
            return Err("a guest uses WASI, but its store has no WASI context: give it one with \
                        `Store::set_wasi`"
                .into());
        };
        let context = caller.instance().map(|instance| instance.context(store));
        let (memory, len) = context.and_then(first_memory).unwrap_or((NonNull::dangling(), 0));
        Ok(Self { ctx, memory, len })
    }

    /// The address of a range.
    ///
    /// # Errors
    /// `Fault` if it is not all in memory.
    fn range(&self, at: u32, len: usize) -> Result<*mut u8, Errno> {
        let at = at as usize;
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(Errno::Fault);
        }
        // SAFETY: it is in memory, or at its end.
        Ok(unsafe { self.memory.as_ptr().add(at) })
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
