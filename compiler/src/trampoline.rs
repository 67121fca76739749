//! The ways between host and guest.

use cranelift_codegen::ir;

use crate::func_key::FuncKey;
use crate::module::Module;
use crate::plan::Plan;
use crate::target::Target;

/// Makes the trampoline with this key: any key but `Body` and `InitBody`.
pub fn trampoline(module: &Module<'_>, plan: &Plan, target: &Target, key: FuncKey) -> ir::Function {
    let _ = (module, plan, target, key);
    todo!("back")
}
