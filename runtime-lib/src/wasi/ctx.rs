//! What a guest may do.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::builder::WasiCtxBuilder;
use super::clock::Clock;
use super::random::Random;
use super::table::Table;
use super::threads::Threads;

/// What a store's guests can do with WASI: their arguments and environment, and the descriptors
/// that they have. A copy is the same context, not another one like it: threads of one program
/// share theirs.
#[derive(Clone)]
pub struct WasiCtx(Arc<Shared>);

#[derive(Default)]
pub(super) struct Shared {
    pub(super) args: Vec<Vec<u8>>,
    pub(super) env: Vec<Vec<u8>>,
    pub(super) clock: Arc<Clock>,
    pub(super) random: Random,
    pub(super) table: Mutex<Table>,
    pub(super) threads: Threads,
}

impl WasiCtx {
    /// A context that grants nothing yet.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::default()
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// The descriptors. Nobody waits for anything while having them.
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WasiCtx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasiCtx").finish_non_exhaustive()
    }
}
