//! The engines, and what is asked of each.
//!
//! An engine is a file that implements [`Instance`] and says how one comes about; [`drive`] does
//! the same with every instance.

pub mod ours;
pub mod wasmi;
pub mod wasmtime;

use crate::case::{Call, Case, Item};
use crate::random::Random;
use crate::value::{Outcome, Run, State};

/// Whether in the case of this seed the engines are asked to canonicalise NaNs (those that can).
/// Otherwise the module does, by its own instructions.
pub fn engines_canonicalize(seed: u64) -> bool {
    Random::new(seed, "NaNs").one_in(3)
}

/// An instance of a case's module.
pub trait Instance {
    /// Calls an exported function.
    fn call(&mut self, call: &Call) -> Outcome;

    /// What an export is like now.
    ///
    /// # Errors
    /// If there is no such export, or it is of a kind that it should not be.
    fn look(&mut self, name: &str, item: Item) -> Result<State, String>;

    /// The digest of the calls that the host got.
    fn host(&self) -> u64;
}

/// Does with an instance what is to be done with it. If there is none: because of this.
pub fn drive<I: Instance>(engine: &str, case: &Case, instance: Result<I, Outcome>) -> Run {
    let engine = engine.to_owned();
    let mut instance = match instance {
        Ok(instance) => instance,
        Err(start) => {
            return Run { engine, start, calls: Vec::new(), state: Vec::new(), host: 0 };
        }
    };
    let mut run = Run {
        engine,
        start: Outcome::Returned(Vec::new()),
        calls: case.calls.iter().map(|call| instance.call(call)).collect(),
        state: Vec::new(),
        host: 0,
    };
    for (name, item) in &case.items {
        match instance.look(name, *item) {
            Ok(state) => run.state.push((name.clone(), state)),
            Err(error) => run.start = Outcome::Failed(error),
        }
    }
    run.host = instance.host();
    run
}
