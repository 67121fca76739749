//! A C header for a module.
pub fn c_header(_: &wasmaot_compiler::Interface) -> String { String::new() }
