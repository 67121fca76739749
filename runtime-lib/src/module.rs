//! Modules: compiled guests as the program carries them.

use wasmaot_abi::module::{VmExport, VmExports};

use crate::raw::{self, ModuleRef, TypeRef};
use crate::types::{ExportType, ImportType, ValType, extern_type};

/// A compiled guest in this program. A copyable handle.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    exports: &'static VmExports,
}

// SAFETY: the description is constant.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

impl Module {
    /// The module that an object of the compiler's describes: by its symbol
    /// `<prefix><module>_exports`.
    ///
    /// Modules whose instances are to call each other's functions through tables have to be
    /// linked into the same program or shared object: in each, a function type is known by one
    /// address, and an indirect call of a function from another is a trap for its type. Direct
    /// imports have no such condition.
    ///
    /// # Safety
    /// It is such a description, and the code and data of its object stay loaded for the rest
    /// of the program.
    pub const unsafe fn from_raw(exports: &'static VmExports) -> Self {
        Self { exports }
    }

    pub(crate) fn module(self) -> ModuleRef {
        // SAFETY: what `from_raw` was promised.
        unsafe { ModuleRef::new(&*self.exports.module) }
    }

    pub(crate) fn raw_exports(self) -> &'static [VmExport] {
        // SAFETY: what `from_raw` was promised.
        unsafe { raw::slice(self.exports.exports) }
    }

    /// The module's name.
    pub fn name(&self) -> &'static str {
        self.module().name()
    }

    /// What the module needs, in its order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'static>> + use<> {
        // SAFETY: an object's description.
        self.module().imports().iter().map(|import| unsafe {
            ImportType {
                module: raw::str(import.module),
                name: raw::str(import.name),
                ty: extern_type(&import.ty),
            }
        })
    }

    /// What the module offers, in its order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'static>> + use<> {
        // SAFETY: an object's description.
        self.raw_exports().iter().map(|export| unsafe {
            ExportType { name: raw::str(export.name), ty: extern_type(&export.ty) }
        })
    }
}

/// The modules that a store has instances of: where types of functions are found.
#[derive(Default)]
pub(crate) struct Modules(Vec<ModuleRef>);

impl Modules {
    /// Adds a module; whether it is new.
    pub(crate) fn add(&mut self, module: ModuleRef) -> bool {
        let new = !self.0.contains(&module);
        if new {
            self.0.push(module);
        }
        new
    }

    /// The address of a type.
    pub(crate) fn find_type(&self, params: &[ValType], results: &[ValType]) -> Option<TypeRef> {
        self.0.iter().find_map(|&module| find_type(module, params, results))
    }
}

/// The address of a type that a module's functions can be called by.
pub(crate) fn find_type(
    module: ModuleRef,
    params: &[ValType],
    results: &[ValType],
) -> Option<TypeRef> {
    // SAFETY: an object's types.
    let mut types = module.types().iter().map(|&ty| unsafe { TypeRef::new(ty) });
    types.find(|ty| ty.is(params, results))
}
