//! From wasm instructions to CLIF, one function at a time. This file only picks the function
//! for an operator; the families are in the files beside it.

pub mod srcloc;
pub mod trap;

use cranelift_codegen::ir;

use crate::error::Result;
use crate::index::FuncIndex;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// Translates the body of a defined function. Names in it are [`Reference`]s.
///
/// [`Reference`]: crate::func_key::Reference
///
/// # Errors
/// `Unsupported` or `TooLarge`; the module is valid, so never `Invalid`.
pub fn body(
    module: &Module<'_>,
    plan: &Plan,
    target: &Target,
    func: FuncIndex,
) -> Result<ir::Function> {
    let _ = (module, plan, target, func);
    todo!("translate")
}

/// Makes the function that sets globals and applies active segments: `plan.init` in order.
pub fn init_body(module: &Module<'_>, plan: &Plan, target: &Target) -> Result<ir::Function> {
    let _ = (module, plan, target);
    todo!("translate")
}
