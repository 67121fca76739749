//! The machine to compile for: from a triple and feature names to Cranelift's settings.

use std::sync::Arc;

use cranelift_codegen::isa::{CallConv, TargetIsa};
use target_lexicon::Triple;

use crate::config::Config;
use crate::error::Result;

/// The machine to compile for.
#[derive(Clone)]
pub struct Target {
    /// Its triple.
    pub triple: Triple,
    /// The code generator with the user's CPU features and optimisation level.
    pub isa: Arc<dyn TargetIsa>,
    /// The code generator with the triple's baseline only and optimisation for size, for code
    /// that the linker merges across modules.
    pub baseline: Arc<dyn TargetIsa>,
    /// The platform's C convention.
    pub c_convention: CallConv,
}

impl Target {
    /// Finds the machine.
    ///
    /// # Errors
    /// `Config` if the triple or a feature is unknown or not supported, naming what is.
    pub fn new(config: &Config) -> Result<Self> {
        let _ = config;
        todo!("back")
    }
}
