//! Every function of the runtime that compiled code calls, by symbol.
//!
//! To add one: add a row here and a function of the same name and signature in the runtime; the
//! runtime checks its functions against the rows, so a missing or mistyped one does not compile.
//!
//! A row that takes a context is called through an exit trampoline, which records where the
//! guest left. How a row fails:
//!
//! - `never`: it does not.
//! - `status`: it returns a `u32`, 0 for success; at anything else the trampoline resumes at the
//!   innermost entry (by [`RAISE`]), and the runtime knows the reason.
//! - `negative`: it returns an `i64` that is negative if it failed, as with `status`, and else the
//!   result.
//! - `always`: it does not return.
//! - `enters`: it is no function that code calls, but the rest of a `wasm_call`, which jumps there
//!   with all parameters where they were and the address of the function's code in `rax`. For
//!   functions whose parameters all go in registers, on x86-64, where these are the same in the
//!   C convention and in the guests' own.

/// Calls a macro with the whole table: per row a doc line, the name, the parameters after the
/// context (a leading `ctx` says that there is one), the result and the way it fails.
#[macro_export]
macro_rules! for_each_builtin {
    ($mac:ident) => {
        $mac! {
            /// Grows a memory by `delta` pages; its former length in pages, or -1.
            memory_grow(ctx, memory: u32, delta: u64) -> i64, never;
            /// Copies bytes from one address to another; the ranges may overlap.
            copy_bytes(dst: usize, src: usize, len: usize) -> (), never;
            /// Sets so many bytes from an address on.
            fill_bytes(dst: usize, value: u32, len: usize) -> (), never;
            /// Copies within or between memories of which one is shared at least; traps if either range
            /// is outside.
            memory_copy(ctx, dst_memory: u32, dst: u64, src_memory: u32, src: u64, len: u64) -> u32, status;
            /// Fills a range of a shared memory; traps if it is outside.
            memory_fill(ctx, memory: u32, dst: u64, value: u32, len: u64) -> u32, status;
            /// Copies from a data segment; traps if either range is outside.
            memory_init(ctx, memory: u32, segment: u32, dst: u64, src: u32, len: u32) -> u32, status;
            /// Wakes up at most `count` who wait at an address of a shared memory, which is known to be
            /// good; how many it were.
            memory_notify(ctx, memory: u32, address: u64, count: u32) -> u32, never;
            /// Waits at an address of a shared memory, which is known to be good, for so many nanoseconds;
            /// 0 if woken up, 1 if the value is another, 2 after that time; traps if the guest is interrupted.
            memory_wait32(ctx, memory: u32, address: u64, expected: u32, timeout: i64) -> i64, negative;
            /// As `memory_wait32`, for a value of 64 bits.
            memory_wait64(ctx, memory: u32, address: u64, expected: u64, timeout: i64) -> i64, negative;
            /// Forgets a data segment.
            data_drop(ctx, segment: u32) -> (), never;
            /// Grows a table of function references; its former length, or -1.
            table_grow_func(ctx, table: u32, delta: u64, init: usize) -> i64, never;
            /// Grows a table of host references; its former length, or -1.
            table_grow_extern(ctx, table: u32, delta: u64, init: u32) -> i64, never;
            /// Fills a range of a table of function references; traps if it is outside.
            table_fill_func(ctx, table: u32, dst: u64, value: usize, len: u64) -> u32, status;
            /// Fills a range of a table of host references; traps if it is outside.
            table_fill_extern(ctx, table: u32, dst: u64, value: u32, len: u64) -> u32, status;
            /// Copies within or between tables; traps if either range is outside.
            table_copy(ctx, dst_table: u32, dst: u64, src_table: u32, src: u64, len: u64) -> u32, status;
            /// Copies from an element segment; traps if either range is outside.
            table_init(ctx, table: u32, segment: u32, dst: u64, src: u32, len: u32) -> u32, status;
            /// Forgets an element segment.
            elem_drop(ctx, segment: u32) -> (), never;
            /// Stops the guest with a trap code: how code that checks everything itself reports a trap.
            trap(ctx, code: u32) -> u32, status;
            /// Asks the host for more fuel after more was used up than there was, or traps. Called where
            /// no register of the guest's may change.
            out_of_fuel(ctx) -> u32, status;
            /// Asks the host whether to go on, or traps. Called where no register of the guest's may
            /// change.
            interrupted(ctx) -> u32, status;
            /// Resumes at the thread's innermost entry; the reason is already known. (Takes no context, so that
            /// trampolines need not keep one across the call that may fail.)
            raise() -> (), always;
            /// A `wasm_call` of a function with no result, or one that is an integer or a reference.
            enter_int() -> (), enters;
            /// A `wasm_call` of a function whose result is a floating-point number.
            enter_float() -> (), enters;
            /// `f32.ceil`, for machines without an instruction for it; so the following.
            ceil_f32(value: f32) -> f32, never;
            /// `f64.ceil`.
            ceil_f64(value: f64) -> f64, never;
            /// `f32.floor`.
            floor_f32(value: f32) -> f32, never;
            /// `f64.floor`.
            floor_f64(value: f64) -> f64, never;
            /// `f32.trunc`.
            trunc_f32(value: f32) -> f32, never;
            /// `f64.trunc`.
            trunc_f64(value: f64) -> f64, never;
            /// `f32.nearest`.
            nearest_f32(value: f32) -> f32, never;
            /// `f64.nearest`.
            nearest_f64(value: f64) -> f64, never;
            /// The instruction `pshufb`, for machines without it: bytes by their places, 0 for
            /// a place with its highest bit set.
            pshufb(bytes: Vector, places: Vector) -> Vector, never;
        }
    };
}

/// The type of a builtin's parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuiltinType {
    /// `u32`, an externref or a status.
    I32,
    /// `u64`, `i64` or a `usize` that is an address.
    I64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// [`Vector`].
    V128,
}

/// 128 bits in a vector register, as the C convention passes them. Only builtins that replace an
/// instruction pass values so; at the border with the host a `v128` is two integers.
#[cfg(target_arch = "x86_64")]
pub type Vector = core::arch::x86_64::__m128i;
/// 128 bits in a vector register, as the C convention passes them. Only builtins that replace an
/// instruction pass values so; at the border with the host a `v128` is two integers.
#[cfg(target_arch = "aarch64")]
pub type Vector = core::arch::aarch64::uint8x16_t;

/// How a builtin reports a trap; see the head of this file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fails {
    /// It does not fail.
    Never,
    /// By a result other than 0.
    Status,
    /// By a negative result.
    Negative,
    /// It does not return.
    Always,
    /// It is the rest of a `wasm_call`.
    Enters,
}

/// All that the compiler needs to know of a builtin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuiltinRow {
    /// Its name; the symbol is [`symbols::builtin`](crate::symbols::builtin) of this.
    pub name: &'static str,
    /// Whether the first parameter is the caller's context.
    pub takes_context: bool,
    /// The parameters after the context.
    pub params: &'static [BuiltinType],
    /// The result.
    pub result: Option<BuiltinType>,
    /// How it fails.
    pub fails: Fails,
}

impl Builtin {
    /// Whether compiled code calls it from checks that hardly ever fail, in the midst of loops: its
    /// exit trampoline then changes no register, so that values need not leave theirs.
    pub const fn preserves_registers(self) -> bool {
        matches!(self, Self::out_of_fuel | Self::interrupted)
    }
}

macro_rules! builtin_type {
    (u32) => {
        BuiltinType::I32
    };
    (u64) => {
        BuiltinType::I64
    };
    (i64) => {
        BuiltinType::I64
    };
    (usize) => {
        BuiltinType::I64
    };
    (f32) => {
        BuiltinType::F32
    };
    (f64) => {
        BuiltinType::F64
    };
    (Vector) => {
        BuiltinType::V128
    };
}

macro_rules! builtin_result {
    (()) => {
        None
    };
    ($ty:ident) => {
        Some(builtin_type!($ty))
    };
}

macro_rules! fails {
    (never) => {
        Fails::Never
    };
    (status) => {
        Fails::Status
    };
    (negative) => {
        Fails::Negative
    };
    (always) => {
        Fails::Always
    };
    (enters) => {
        Fails::Enters
    };
}

macro_rules! define {
    (@row $name:ident (ctx $(, $p:ident: $t:ident)*) $result:tt $fails:ident) => {
        BuiltinRow {
            name: stringify!($name), takes_context: true, params: &[$(builtin_type!($t)),*],
            result: builtin_result!($result), fails: fails!($fails),
        }
    };
    (@row $name:ident ($($p:ident: $t:ident),*) $result:tt $fails:ident) => {
        BuiltinRow {
            name: stringify!($name), takes_context: false, params: &[$(builtin_type!($t)),*],
            result: builtin_result!($result), fails: fails!($fails),
        }
    };
    ($($(#[$doc:meta])* $name:ident $params:tt -> $result:tt, $fails:ident;)*) => {
        /// A builtin.
        #[expect(non_camel_case_types, reason = "the names are those of the functions")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Builtin {
            $($(#[$doc])* $name,)*
        }

        impl Builtin {
            /// Every builtin.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The builtin's row in the table.
            pub const fn row(self) -> BuiltinRow {
                match self {
                    $(Self::$name => define!(@row $name $params $result $fails),)*
                }
            }
        }
    };
}

for_each_builtin!(define);

/// What a trampoline calls after a builtin or a function of the host failed.
pub const RAISE: Builtin = Builtin::raise;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_u32() {
        for builtin in Builtin::ALL {
            let row = builtin.row();
            if row.fails == Fails::Status {
                assert_eq!(row.result, Some(BuiltinType::I32), "{}", row.name);
            }
            if row.fails == Fails::Negative {
                assert_eq!(row.result, Some(BuiltinType::I64), "{}", row.name);
            }
            // Such a convention has no results.
            if builtin.preserves_registers() {
                assert_eq!(row.fails, Fails::Status, "{}", row.name);
            }
            let known = row.takes_context || *builtin == RAISE;
            let never = matches!(row.fails, Fails::Never | Fails::Enters);
            assert!(known || never, "{}", row.name);
        }
    }
}
