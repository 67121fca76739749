//! What was compiled before need not be compiled again: functions' machine code by the digest of
//! everything that it was made of.
//!
//! This crate touches no file. Whoever calls it may give it a [`Store`], in which it keeps packs:
//! one for a module and its options, with an entry per function. It gets the pack before it
//! compiles, and puts a new one if any function was not in it.
//!
//! `key` and `roles` say what an entry's key is made of, and are where to look when translation begins to read
//! something new; `entry` is a compiled function as bytes; `pack` is many of those, each with a
//! checksum; `twins` are those of one module that have the same key. What is damaged is as good as missing. Stores are trusted: who can write into one can
//! put machine code into programs.

mod bytes;
mod entry;
mod key;
mod pack;
mod roles;
mod twins;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use rayon::prelude::*;

pub use key::Key;
pub use twins::Twins;

use self::entry::Places;
use self::key::Keys;
use self::pack::Pack;
use self::roles::Roles;
use crate::codegen::Compiled;
use crate::func_key::FuncKey;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// Where packs are kept: a folder, say, and a service that a team shares. It may lose any of them at
/// any time, and may hand out bytes that were damaged; but not bytes of somebody who is not to decide
/// about the machine code of programs. Failing is up to the store: nobody asks.
pub trait Store: Sync {
    /// What was put there by this key last, as far as is known.
    fn get(&self, key: &Key) -> Option<Vec<u8>>;

    /// Keeps bytes, in place of older ones with the same key. Several processes may do this at the
    /// same time; either's bytes are good.
    fn put(&self, key: &Key, bytes: &[u8]);

    /// What others have by this key. May take long: only wanted where much is to be generated else.
    fn fetch(&self, _key: &Key) -> Option<Vec<u8>> {
        None
    }

    /// Tells others: some of these bytes were generated just now.
    fn publish(&self, _key: &Key, _bytes: &[u8]) {}
}

/// Of how many functions one must be missing for others to be asked.
const WORTH_FETCHING: usize = 8;

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
    places: Places,
    /// The key of the module's pack.
    pack: Key,
    /// The keys of functions, and the parts that others play in them.
    keys: HashMap<FuncKey, (Key, Option<Roles>)>,
    /// Ours, then that of others, if they were asked.
    packs: Vec<Pack>,
}

/// A function, and what is to be kept of it.
pub struct Found {
    compiled: Compiled,
    key: Key,
    source: Source,
}

impl Found {
    /// The function.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }
}

/// Where a function came from.
enum Source {
    /// A pack, by its place.
    Pack(usize),
    /// It was made, and has these bytes. (There is no form for what emission refuses anyway.)
    Made(Option<Vec<u8>>),
}

impl<'s> Session<'s> {
    /// Gets the pack of a module.
    pub fn new(store: &'s dyn Store, module: &Module<'_>, plan: &Plan, target: &Target) -> Self {
        let keys = Keys::new(module, plan, target);
        let pack = keys.pack();
        let keys: HashMap<_, _> =
            plan.functions.par_iter().map(|&func| (func, keys.function(func))).collect();
        let mut packs = vec![Pack::read(store.get(&pack).unwrap_or_default())];
        // What is generated on demand is in no pack if nobody asked for it.
        let on_demand = plan.on_demand();
        let is_missing = |func: &FuncKey, key| !on_demand.contains(func) && !packs[0].contains(key);
        let missing = keys.iter().filter(|(func, (key, _))| is_missing(func, key)).count();
        if missing * WORTH_FETCHING > keys.len() - on_demand.len() {
            packs.extend(store.fetch(&pack).map(Pack::read));
        }
        Self { store, places: Places::new(module), pack, keys, packs }
    }

    /// Takes a function from a pack, or else makes it.
    ///
    /// # Errors
    /// As `make`.
    pub fn find_or<E>(
        &self,
        func: FuncKey,
        make: impl FnOnce() -> Result<Compiled, E>,
    ) -> Result<Found, E> {
        let (key, roles) = &self.keys[&func];
        let (key, cx) = (*key, entry::Context { places: &self.places, roles: roles.as_ref() });
        for (pack, bytes) in self.packs.iter().map(|pack| pack.find(&key)).enumerate() {
            if let Some(compiled) = bytes.and_then(|bytes| entry::decode(bytes, func, &cx)) {
                return Ok(Found { compiled, key, source: Source::Pack(pack) });
            }
        }
        let compiled = make()?;
        let source = Source::Made(entry::encode(&compiled, &cx));
        Ok(Found { compiled, key, source })
    }

    /// Puts a new pack if there is anything new.
    pub fn finish(self, found: Vec<Found>) -> (Vec<Compiled>, Work) {
        let count =
            |is: fn(&Source) -> bool| found.iter().filter(|found| is(&found.source)).count();
        let made = count(|source| matches!(source, Source::Made(_)));
        let fetched = count(|source| matches!(source, Source::Pack(1..)));
        if made + fetched > 0 {
            let entries = found.iter().filter_map(|found| {
                let entry = match &found.source {
                    Source::Pack(pack) => self.packs[*pack].entry(&found.key)?,
                    Source::Made(bytes) => pack::new_entry(&found.key, bytes.as_deref()?),
                };
                Some((&found.key, entry))
            });
            let pack = pack::renewed(entries, &self.packs);
            self.store.put(&self.pack, &pack);
            if made > 0 {
                self.store.publish(&self.pack, &pack);
            }
        }
        let work = Work { generated: made, reused: found.len() - made };
        (found.into_iter().map(|found| found.compiled).collect(), work)
    }
}
