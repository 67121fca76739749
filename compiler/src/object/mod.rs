//! From machine code to an object file.

pub(crate) mod names;

use crate::codegen::Compiled;
use crate::config::Config;
use crate::error::Result;
use crate::interface::Interface;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// Writes the object file.
pub fn emit(
    module: &Module<'_>,
    plan: &Plan,
    interface: &Interface,
    functions: &[Compiled],
    target: &Target,
    config: &Config,
) -> Result<Vec<u8>> {
    let _ = (module, plan, interface, functions, target, config);
    todo!("back")
}
