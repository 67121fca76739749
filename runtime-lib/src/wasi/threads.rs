//! Threads that a guest asks for (the proposal wasi-threads): what a guest that imports
//! `thread-spawn` gets of the host.
//!
//! A thread is another instance of the same module over the same shared memory, in a store of its
//! own, whose `wasi_thread_start` is called. Which module that is, and what else it imports, the host
//! knows; so it is the host that makes a thread, and without a way to do so there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::guest::Guest;
use super::{Errno, WasiCtx};
use crate::bindings::HostError;

/// A thread that a guest asks for.
#[derive(Clone, Debug)]
pub struct NewThread {
    ctx: WasiCtx,
    id: i32,
    argument: i32,
}

impl NewThread {
    /// The context of the guest that asks, for the thread's store: its descriptors are everybody's.
    pub fn ctx(&self) -> &WasiCtx {
        &self.ctx
    }

    /// The thread's number, from 1 on: the first argument of `wasi_thread_start`.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// What the guest gave to `thread-spawn`: the second argument of `wasi_thread_start`.
    pub fn argument(&self) -> i32 {
        self.argument
    }
}

/// How threads are made.
#[derive(Default)]
pub(super) struct Threads {
    make: Option<Arc<Make>>,
    last: AtomicI32,
}

type Make = dyn Fn(NewThread) -> std::io::Result<()> + Send + Sync;

/// The greatest number of a thread.
const MOST: i32 = (1 << 29) - 1;

impl Threads {
    pub(super) fn new(
        make: impl Fn(NewThread) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { make: Some(Arc::new(make)), last: AtomicI32::new(0) }
    }

    /// A number that no other thread has had.
    fn next(&self) -> Option<i32> {
        let next = |last: i32| (last < MOST).then_some(last + 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        last.ok().and_then(next)
    }
}

/// `thread-spawn`: the thread's number, or an error's, less than 0.
pub(super) fn spawn(guest: &Guest<'_>, argument: u32) -> Result<i32, HostError> {
    let refused = |errno: Errno| Ok(-i32::from(errno.code()));
    let threads = &guest.ctx.shared().threads;
    let Some(make) = &threads.make else { return refused(Errno::NotSup) };
    let Some(id) = threads.next() else { return refused(Errno::Again) };
    let thread = NewThread { ctx: guest.ctx.clone(), id, argument: argument.cast_signed() };
    match make(thread) {
        Ok(()) => Ok(id),
        Err(_) => refused(Errno::Again),
    }
}
