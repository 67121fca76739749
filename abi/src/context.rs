//! The memory that compiled code touches. The runtime makes and owns all of it.
//!
//! An instance's context is a [`VmContext`] followed by arrays whose lengths depend on the
//! module; [`layout`](crate::layout) says where they lie.

use core::ffi::c_void;
use core::sync::atomic::{AtomicI64, AtomicU32};

use crate::calls::ArrayCall;
use crate::module::{VmFuncType, VmModule};

/// The head of an instance's context, which compiled code gets as its first parameter.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmContext {
    /// [`MAGIC_INSTANCE`]; tells an instance from a [`VmHostContext`].
    pub magic: u64,
    /// The runtime's store that the instance belongs to; compiled code does not look inside.
    pub store: *mut c_void,
    /// The thread that may run the store's code now.
    pub thread: *mut VmThread,
    /// The lowest stack address that guest code may use on that thread: a function whose frame
    /// would reach below it traps. A copy per instance saves compiled code a load per call.
    pub stack_limit: usize,
    /// What bounds the running of the store's guests. Never changes.
    pub limits: *const VmLimits,
    /// What the instance was made from.
    pub module: *const VmModule,
    /// The runtime's own data about the instance; compiled code does not look inside.
    pub instance: *mut c_void,
}

/// The context of a function that the host provides; the place of a [`VmContext`] in its calls.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmHostContext {
    /// [`MAGIC_HOST`].
    pub magic: u64,
    /// The runtime's store that the function belongs to.
    pub store: *mut c_void,
    /// The function in the convention of a native call (see [`calls`](crate::calls)), if its
    /// type was known when the host was compiled; else null, and `array_call` serves. A function
    /// that is its own way out needs neither.
    pub native_call: *const u8,
    /// The function as an array call.
    pub array_call: ArrayCall,
    /// The closure's data.
    pub data: *mut c_void,
}

/// [`VmContext::magic`].
pub const MAGIC_INSTANCE: u64 = u64::from_le_bytes(*b"wasmaot\x01");
/// [`VmHostContext::magic`].
pub const MAGIC_HOST: u64 = u64::from_le_bytes(*b"wasmhost");

/// What compiled code records about the thread it runs on, for traps, backtraces and finding
/// live references. One per thread, at an address that does not change while the thread lives.
#[repr(C)]
#[derive(Debug)]
pub struct VmThread {
    /// The innermost call from host to guest, or null.
    pub entry: *mut VmEntry,
    /// Where the guest last left for the host or a builtin. Meaningful while such a call is under
    /// way.
    pub exit: VmExit,
}

/// Where a guest left for the host or a builtin: the frame that is returned to.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VmExit {
    /// The address of the word on the stack that holds the return address; or 0 if the way out made
    /// a frame of its own.
    pub sp: usize,
    /// The guest's frame pointer; or that of the way out, where the word at it is the guest's, the word
    /// above it the return address.
    pub fp: usize,
}

/// What bounds the running of a store's guests, at an address that does not change while the
/// store lives. Only code that was compiled to look at it does.
#[repr(C)]
#[derive(Debug, Default)]
pub struct VmLimits {
    /// What is left to the guests. Code takes off what a straight stretch of instructions costs
    /// before it begins; if that leaves less than nothing, it calls the builtin `out_of_fuel`.
    /// Belongs to the thread that runs the guests, whose code accesses it as a plain number.
    pub fuel: AtomicI64,
    /// Not 0 if code is to call the builtin `interrupted`. Other threads write it at any time.
    pub interrupt: AtomicU32,
}

/// One call from host to guest, in the frame of the entry that made it: where a trap resumes.
///
/// To resume: take the record out of its thread, whose `entry` becomes `outer` and, if that is
/// not null, whose `exit` becomes `outer_exit`; set the stack pointer to `sp`, the frame
/// pointer to `fp`, and jump to `handler`. The handler restores every register that the C
/// convention preserves, and returns failure.
#[repr(C)]
#[derive(Debug)]
pub struct VmEntry {
    /// The call from host to guest around this one, or null.
    pub outer: *mut VmEntry,
    /// The value of [`VmThread::exit`] when this call was made; undefined if there is no outer
    /// one.
    pub outer_exit: VmExit,
    /// Where to resume.
    pub handler: usize,
    /// The stack pointer to resume with.
    pub sp: usize,
    /// The entry's own frame pointer: guest frames end where a frame's saved one equals it.
    pub fp: usize,
}

/// A reference to a function: what a non-null `funcref` points at. Lives as long as its store.
#[repr(C)]
#[derive(Debug)]
pub struct VmFuncRef {
    /// The function in the guests' own convention. For a function of the host: its own way out, if
    /// the runtime has made one, or the exit
    /// trampoline [`VmFuncType::exit_native`] or [`VmFuncType::exit_array`]; null until a
    /// module of the store has one for its type.
    pub wasm_call: *const u8,
    /// The function's type: one address per type and program, so that comparing addresses
    /// compares types. Null as long as `wasm_call` is.
    pub ty: *const VmFuncType,
    /// The first argument of every call.
    pub callee: *mut VmContext,
}

/// An imported function, in the importing instance's context.
#[repr(C)]
#[derive(Debug)]
pub struct VmFunctionImport {
    /// [`VmFuncRef::wasm_call`].
    pub wasm_call: *const u8,
    /// [`VmFuncRef::callee`].
    pub callee: *mut VmContext,
    /// The function's reference.
    pub func_ref: *mut VmFuncRef,
}

/// A linear memory, in the context of the instance that defines it or in the host's keeping;
/// an importing instance holds a pointer to this.
///
/// A shared memory is always in the host's keeping, because instances on other threads look at
/// its length. The context of an instance that defines one has the same `base` here, no `len`,
/// and as `owner` the address of the `VmMemory` itself.
#[repr(C)]
#[derive(Debug)]
pub struct VmMemory {
    /// Where the memory starts. Never changes while an instance can see the memory.
    pub base: *mut u8,
    /// Its current length in bytes. Never shrinks. That of a shared memory changes at any time;
    /// every byte below it can be accessed.
    pub len: usize,
    /// The runtime's own data about the memory; compiled code does not look inside.
    pub owner: *mut c_void,
}

/// A table, in the context of the instance that defines it or in the host's keeping; an
/// importing instance holds a pointer to this.
#[repr(C)]
#[derive(Debug)]
pub struct VmTable {
    /// The elements: `*mut VmFuncRef` or 32-bit indices of host values.
    /// See [`ValKind::table_element_size`](crate::value::ValKind::table_element_size).
    /// Changes when the table grows.
    pub base: *mut u8,
    /// The number of elements.
    pub len: usize,
    /// The runtime's own data about the table; compiled code does not look inside.
    pub owner: *mut c_void,
}

/// A global: its value as in a [`ValRaw`](crate::value::ValRaw) slot, but in the byte order of
/// the machine.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VmGlobal {
    /// The value.
    pub bytes: [u8; 16],
}
