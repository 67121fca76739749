//! Builtins.
/// A function of the runtime that compiled code calls, for programs that link guests themselves.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinSymbol {
    /// Its symbol.
    pub symbol: &'static str,
    /// Its address.
    pub address: *const u8,
}

/// All functions and data of the runtime that compiled code refers to by symbol.
pub fn builtins() -> impl Iterator<Item = BuiltinSymbol> {
    todo!("builtins");
    #[allow(unreachable_code)]
    std::iter::empty()
}
