//! What was compiled before need not be compiled again: functions' machine code by the digest of
//! everything that it was made of.
//!
//! This crate touches no file. Whoever calls it may give it a [`Store`], in which it keeps packs:
//! one for a module and its options, with an entry per function. It gets the pack before it
//! compiles, and puts a new one if any function was not in it.
//!
//! `key` says what an entry's key is made of, and is where to look when translation begins to read
//! something new; `entry` is a compiled function as bytes; `pack` is many of those, each with a
//! checksum. What is damaged is as good as missing. Stores are trusted: who can write into one can
//! put machine code into programs.

mod bytes;
mod entry;
mod key;
mod pack;

#[cfg(test)]
mod tests;

pub use key::Key;

use self::key::Keys;
use self::pack::Pack;
use crate::codegen::Compiled;
use crate::func_key::FuncKey;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// Where packs are kept: a folder, say, or a service that a team shares. It may lose any of them at
/// any time, and may hand out bytes that were damaged; but not bytes of somebody who is not to decide
/// about the machine code of programs.
pub trait Store: Sync {
    /// What was put there by this key last, as far as is known.
    fn get(&self, key: &Key) -> Option<Vec<u8>>;

    /// Keeps bytes, in place of older ones with the same key. Failing is up to the store: nobody
    /// asks. Several processes may do this at the same time; either's bytes are good.
    fn put(&self, key: &Key, bytes: &[u8]);
}

/// How much of a module's machine code was generated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Work {
    /// Functions that were generated, trampolines included.
    pub generated: usize,
    /// Functions that were in the store.
    pub reused: usize,
}

/// A store during one compilation.
pub struct Session<'s> {
    store: &'s dyn Store,
    keys: Keys<'s>,
    pack: Pack,
}

/// A function, and what is to be kept of it.
pub struct Found {
    compiled: Compiled,
    key: Key,
    source: Source,
}

/// Where a function came from.
enum Source {
    /// The pack.
    Pack,
    /// It was made, and has these bytes. (There is no form for what emission refuses anyway.)
    Made(Option<Vec<u8>>),
}

impl<'s> Session<'s> {
    /// Gets the pack of a module.
    pub fn new(
        store: &'s dyn Store,
        module: &'s Module<'s>,
        plan: &'s Plan,
        target: &Target,
    ) -> Self {
        let keys = Keys::new(module, plan, target);
        let pack = Pack::read(store.get(&keys.pack()).unwrap_or_default());
        Self { store, keys, pack }
    }

    /// Takes a function from the pack, or else makes it.
    ///
    /// # Errors
    /// As `make`.
    pub fn find_or<E>(
        &self,
        func: FuncKey,
        make: impl FnOnce() -> Result<Compiled, E>,
    ) -> Result<Found, E> {
        let key = self.keys.function(func);
        let places = self.keys.places();
        let bytes = self.pack.find(&key);
        if let Some(compiled) = bytes.and_then(|bytes| entry::decode(bytes, func, places)) {
            return Ok(Found { compiled, key, source: Source::Pack });
        }
        let compiled = make()?;
        let source = Source::Made(entry::encode(&compiled, places));
        Ok(Found { compiled, key, source })
    }

    /// Puts a new pack if there is anything new.
    pub fn finish(self, found: Vec<Found>) -> (Vec<Compiled>, Work) {
        let made = found.iter().filter(|found| matches!(found.source, Source::Made(_))).count();
        if made > 0 {
            let entries = found.iter().filter_map(|found| match &found.source {
                Source::Pack => Some((&found.key, None)),
                Source::Made(bytes) => Some((&found.key, Some(bytes.as_deref()?))),
            });
            self.store.put(&self.keys.pack(), &self.pack.renewed(entries));
        }
        let work = Work { generated: made, reused: found.len() - made };
        (found.into_iter().map(|found| found.compiled).collect(), work)
    }
}
