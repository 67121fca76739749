//! Why a guest can stop. A row holds everything there is to say about a trap.
//!
//! To add one: add a row. Its number goes into objects, so numbers are never used again.

macro_rules! trap_codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal, $text:literal;)*) => {
        /// The reason why a guest was stopped. The number stands in the trap tables of objects.
        #[repr(u8)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum TrapCode {
            $($(#[doc = $doc])* $name = $code,)*
        }

        impl TrapCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code with this number.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What happened, in the words of the WebAssembly test suite.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

trap_codes! {
    /// `unreachable` was executed.
    Unreachable = 1, "unreachable";
    /// A memory access outside the memory's current length.
    MemoryOutOfBounds = 2, "out of bounds memory access";
    /// A table access outside the table's current length, by an instruction other than a call.
    TableOutOfBounds = 3, "out of bounds table access";
    /// `call_indirect` with an index outside its table.
    UndefinedElement = 4, "undefined element";
    /// `call_indirect` of a null reference.
    UninitializedElement = 5, "uninitialized element";
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch = 6, "indirect call type mismatch";
    /// An integer division or remainder by zero.
    IntegerDivideByZero = 7, "integer divide by zero";
    /// A signed division, or a conversion from floating point, whose result does not fit.
    IntegerOverflow = 8, "integer overflow";
    /// A conversion of NaN to an integer.
    BadConversionToInteger = 9, "invalid conversion to integer";
    /// The call stack reached its limit.
    StackOverflow = 10, "call stack exhausted";
    /// An atomic access at an address that is no multiple of its size.
    UnalignedAtomic = 11, "unaligned atomic";
    /// Waiting for other threads at a memory that is not shared with any.
    ExpectedSharedMemory = 12, "expected shared memory";
    /// `ref.as_non_null` of a null reference.
    NullReference = 13, "null reference";
    /// `call_ref` of a null reference.
    NullFunctionReference = 14, "null function reference";
    /// The guest used up the fuel that its host gave to it.
    OutOfFuel = 15, "out of fuel";
    /// The host stopped the guest: past a deadline, or from another thread.
    Interrupted = 16, "interrupted";
}

impl core::fmt::Display for TrapCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}
