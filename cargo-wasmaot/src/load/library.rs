//! A shared library of compiled guests, brought into this program: the one place of this crate
//! that runs code it was handed.

#![allow(unsafe_code, reason = "loading code is what this file does")]

use std::ffi::{CStr, CString, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasmaot::Module;
use wasmaot_abi::builtins::Builtin;
use wasmaot_abi::module::VmExports;
use wasmaot_abi::symbols;

use super::stub;

/// A loaded library. It stays for as long as the program lives: instances refer to it, and so
/// may traps that outlive them.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    handle: *mut c_void,
}

impl Library {
    /// Loads a library that [`link`](super::link) made, and fills in the runtime's addresses.
    ///
    /// # Errors
    /// If the system refuses to load it, with its reason.
    pub fn open(path: &Path) -> Result<Self> {
        let name = CString::new(path.as_os_str().as_bytes()).context("NUL byte in a path")?;
        // SAFETY: the name is a C string. The library was linked by us of objects from our
        // compiler and of our stub: it has no constructors.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            bail!("cannot load the compiled guest `{}`: {}", path.display(), last_error());
        }
        let library = Self { handle };
        let table = library.symbol(stub::TABLE)?.cast::<*const u8>();
        for (index, builtin) in Builtin::ALL.iter().enumerate() {
            let name = builtin.row().name;
            let address = builtin_address(name)
                .with_context(|| format!("the runtime has no builtin `{name}`"))?;
            // SAFETY: the stub made the table as long as `Builtin::ALL`, and none of the
            // library's code has run yet that could read it.
            unsafe { table.add(index).write(address) };
        }
        Ok(library)
    }

    /// The module whose `VmExports` has this symbol.
    ///
    /// # Errors
    /// If there is no such symbol.
    pub fn module(&self, exports_symbol: &str) -> Result<Module> {
        let exports = self.symbol(exports_symbol)?.cast::<VmExports>();
        // SAFETY: a symbol of this name is a `VmExports` of an object from our compiler, linked
        // with the ABI version of the runtime in this program; libraries are never unloaded.
        Ok(unsafe { Module::from_raw(&*exports) })
    }

    fn symbol(&self, name: &str) -> Result<*mut c_void> {
        let c_name = CString::new(name).context("NUL byte in a symbol")?;
        // SAFETY: the handle is a loaded library's and the name a C string.
        let address = unsafe { libc::dlsym(self.handle, c_name.as_ptr()) };
        if address.is_null() {
            bail!("the compiled guest has no symbol `{name}`");
        }
        Ok(address)
    }
}

fn builtin_address(name: &str) -> Option<*const u8> {
    let wanted = symbols::builtin(name);
    Some(wasmaot::bindings::builtins().find(|builtin| builtin.symbol == wanted)?.address)
}

/// What the dynamic linker said last.
fn last_error() -> String {
    // SAFETY: the text belongs to this thread until its next call, and is copied.
    let error = unsafe { libc::dlerror() };
    if error.is_null() {
        return "for an unknown reason".into();
    }
    // SAFETY: not null, so a C string.
    unsafe { CStr::from_ptr(error) }.to_string_lossy().into_owned()
}
