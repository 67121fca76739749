//! Where the parts of an instance lie whose number depends on the module: from counts to
//! offsets. The compiler computes this once per module, uses it in code, and writes it into the
//! module's description, where the runtime reads it.

use crate::context::{VmContext, VmFuncRef, VmFunctionImport, VmGlobal, VmMemory, VmTable};

/// How many of each thing a module has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Imported functions.
    pub imported_functions: u32,
    /// Imported tables.
    pub imported_tables: u32,
    /// Imported memories.
    pub imported_memories: u32,
    /// Imported globals.
    pub imported_globals: u32,
    /// Tables that the module defines.
    pub tables: u32,
    /// Memories that the module defines.
    pub memories: u32,
    /// Globals that the module defines.
    pub globals: u32,
    /// Functions that code or a segment can make references to.
    pub func_refs: u32,
}

/// Offsets in bytes from the start of the instance's context. Each array holds as many items
/// as the field of the same name in [`Counts`].
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Array of `*mut VmMemory`.
    pub imported_memories: u32,
    /// Array of [`VmMemory`].
    pub memories: u32,
    /// Array of `*mut VmGlobal`.
    pub imported_globals: u32,
    /// Array of [`VmGlobal`].
    pub globals: u32,
    /// Array of `*mut VmTable`.
    pub imported_tables: u32,
    /// Array of [`VmTable`].
    pub tables: u32,
    /// Array of [`VmFunctionImport`].
    pub imported_functions: u32,
    /// Array of [`VmFuncRef`].
    pub func_refs: u32,
    /// The size of the whole context in bytes; its alignment is that of [`VmContext`].
    pub size: u32,
}

impl Layout {
    /// Lays out a context. What is used oftenest comes first, so that offsets are short.
    /// `None` if the context would exceed 2 GiB, which code could not address.
    pub fn new(counts: &Counts) -> Option<Self> {
        let mut end = size_of::<VmContext>() as u64;
        let mut array = |count: u32, size: usize, align: u64| {
            let start = end.next_multiple_of(align);
            end = start + u64::from(count) * size as u64;
            start as u32
        };
        let layout = Self {
            imported_memories: array(counts.imported_memories, 8, 8),
            memories: array(counts.memories, size_of::<VmMemory>(), 8),
            imported_globals: array(counts.imported_globals, 8, 8),
            globals: array(counts.globals, size_of::<VmGlobal>(), 16),
            imported_tables: array(counts.imported_tables, 8, 8),
            tables: array(counts.tables, size_of::<VmTable>(), 8),
            imported_functions: array(counts.imported_functions, size_of::<VmFunctionImport>(), 8),
            func_refs: array(counts.func_refs, size_of::<VmFuncRef>(), 8),
            size: 0,
        };
        let size = end.next_multiple_of(align_of::<VmContext>() as u64);
        (size <= i32::MAX as u64).then_some(Self { size: size as u32, ..layout })
    }

    /// The offset of an imported memory's pointer.
    pub const fn imported_memory(&self, index: u32) -> u32 {
        self.imported_memories + index * 8
    }

    /// The offset of the [`VmMemory`] of a defined memory, counted among the defined ones.
    pub const fn memory(&self, index: u32) -> u32 {
        self.memories + index * size_of::<VmMemory>() as u32
    }

    /// The offset of an imported global's pointer.
    pub const fn imported_global(&self, index: u32) -> u32 {
        self.imported_globals + index * 8
    }

    /// The offset of the [`VmGlobal`] of a defined global, counted among the defined ones.
    pub const fn global(&self, index: u32) -> u32 {
        self.globals + index * size_of::<VmGlobal>() as u32
    }

    /// The offset of an imported table's pointer.
    pub const fn imported_table(&self, index: u32) -> u32 {
        self.imported_tables + index * 8
    }

    /// The offset of the [`VmTable`] of a defined table, counted among the defined ones.
    pub const fn table(&self, index: u32) -> u32 {
        self.tables + index * size_of::<VmTable>() as u32
    }

    /// The offset of the [`VmFunctionImport`] of an imported function.
    pub const fn imported_function(&self, index: u32) -> u32 {
        self.imported_functions + index * size_of::<VmFunctionImport>() as u32
    }

    /// The offset of a [`VmFuncRef`].
    pub const fn func_ref(&self, index: u32) -> u32 {
        self.func_refs + index * size_of::<VmFuncRef>() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_aligned_and_do_not_overlap() {
        let counts = Counts {
            imported_functions: 3,
            imported_tables: 1,
            imported_memories: 1,
            imported_globals: 5,
            tables: 2,
            memories: 1,
            globals: 7,
            func_refs: 11,
        };
        let l = Layout::new(&counts).unwrap();
        let mut arrays = [
            (l.imported_memories, 8),
            (l.memories, 24),
            (l.imported_globals, 5 * 8),
            (l.globals, 7 * 16),
            (l.imported_tables, 8),
            (l.tables, 2 * 24),
            (l.imported_functions, 3 * 24),
            (l.func_refs, 11 * 24),
        ];
        arrays.sort_unstable();
        let mut end = size_of::<VmContext>() as u32;
        for (start, len) in arrays {
            assert!(start >= end && start % 8 == 0);
            end = start + len;
        }
        assert!(l.size >= end && l.size.is_multiple_of(16) && l.globals.is_multiple_of(16));
    }

    #[test]
    fn a_context_too_large_to_address_is_refused() {
        let counts = Counts { globals: u32::MAX, ..Counts::default() };
        assert_eq!(Layout::new(&counts), None);
    }
}
