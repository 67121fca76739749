//! The descriptors of a context: numbers, and what they stand for. Whoever uses one takes what it
//! stands for out of the table, so nothing waits while others need the table, and a descriptor
//! that is closed meanwhile is only forgotten.

use std::sync::Arc;

use super::Errno;
use super::object::Object;
use super::types::Rights;

/// More descriptors than this a guest does not get, whatever the system allows.
const MOST: usize = 1 << 20;

/// What a number stands for.
#[derive(Clone)]
pub(super) struct Descriptor {
    pub(super) object: Arc<dyn Object>,
    /// What it may be used for.
    pub(super) rights: Rights,
    /// What those may be used for that are opened through it.
    pub(super) inheriting: Rights,
    /// What it could be used for when it was opened.
    pub(super) opened: Rights,
    /// The name under which the guest was given it.
    pub(super) name: Option<Arc<[u8]>>,
}

impl Descriptor {
    pub(super) fn new(object: Arc<dyn Object>, rights: Rights, inheriting: Rights) -> Self {
        Self { object, rights, inheriting, opened: rights, name: None }
    }

    /// Whether it may be used for something.
    ///
    /// # Errors
    /// `NotCapable` if that was not asked for, or given up; `BadF`, as everywhere, for reading or
    /// writing what was not opened for it, and for files' matters with a folder.
    pub(super) fn need(&self, rights: Rights) -> Result<(), Errno> {
        let missing = rights.without(self.rights);
        if missing == Rights::NONE {
            return Ok(());
        }
        let access = Rights::FD_READ.with(Rights::FD_WRITE);
        let never = missing.without(self.opened);
        let wrong = never.both(access) != Rights::NONE
            || never.without(Rights::FOLDER) != Rights::NONE && self.object.folder().is_some();
        Err(if wrong { Errno::BadF } else { Errno::NotCapable })
    }
}

/// All descriptors of a context.
#[derive(Default)]
pub(super) struct Table {
    slots: Vec<Option<Descriptor>>,
    /// All below are in use.
    used: usize,
}

impl Table {
    /// What a number stands for.
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::BadF)
    }

    /// What a number stands for.
    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.slots.get_mut(fd as usize).and_then(Option::as_mut).ok_or(Errno::BadF)
    }

    /// Gives something the lowest number that is free.
    pub(super) fn add(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.slots[self.used..].iter().position(Option::is_none);
        let fd = free.map_or(self.slots.len(), |at| self.used + at);
        if fd == self.slots.len() {
            if fd == MOST {
                return Err(Errno::MFile);
            }
            self.slots.push(None);
        }
        self.slots[fd] = Some(descriptor);
        self.used = fd + 1;
        Ok(fd as u32)
    }

    /// Forgets a number. Whoever gets what it stood for drops it when the table is free again.
    pub(super) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = self.slots.get_mut(fd as usize).ok_or(Errno::BadF)?;
        let descriptor = slot.take().ok_or(Errno::BadF)?;
        self.used = self.used.min(fd as usize);
        Ok(descriptor)
    }

    /// Gives what `from` stands for the number `to`, and returns what had that.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(to)?;
        self.get(from)?;
        if from == to {
            return Ok(None);
        }
        let moved = self.remove(from)?;
        Ok(std::mem::replace(self.get_mut(to)?, moved).into())
    }
}
