//! Indices of the things that a module is made of. Each space is a type of its own, so that a
//! mixed-up index does not compile. Imported things come first in their space (spec 2.5.1).

use cranelift_entity::entity_impl;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident $display:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(u32);
            entity_impl!($name, $display);
        )*
    };
}

indices! {
    /// A function, imported or defined.
    FuncIndex "func";
    /// A table.
    TableIndex "table";
    /// A memory.
    MemoryIndex "memory";
    /// A global.
    GlobalIndex "global";
    /// A type in the type section. Two may be the same type; see [`SigIndex`].
    TypeIndex "type";
    /// An element segment.
    ElemIndex "elem";
    /// A data segment.
    DataIndex "data";
    /// A function type by its content: equal types have equal indices.
    SigIndex "sig";
    /// A place in the module's array of function references.
    FuncRefIndex "funcref";
}
