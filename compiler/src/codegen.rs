//! From CLIF to machine code, in parallel; results in key order.

use crate::error::Result;
use crate::func_key::FuncKey;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// A compiled function.
#[derive(Debug)]
pub struct Compiled {
    /// Which.
    pub key: FuncKey,
}

/// Compiles everything in `plan.functions`.
///
/// # Errors
/// The first error in key order.
pub fn generate(module: &Module<'_>, plan: &Plan, target: &Target) -> Result<Vec<Compiled>> {
    let _ = (module, plan, target);
    todo!("back")
}
