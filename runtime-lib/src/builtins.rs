//! The functions that compiled code calls by symbol. The table in
//! [`wasmaot_abi::builtins`] is turned into the C functions; each calls the function of its name in
//! [`body`], with the row's signature, so a missing or mistyped one does not compile.
//!
//! Compiled code of this ABI calls them with its own context and indices of its own module, which
//! is what their `unsafe` blocks rely on. They run no code of the host's but `drop` of host
//! values and the hooks in [`limits`](crate::limits), whose panics are caught; should one panic nevertheless, the program stops, as in
//! every `extern "C"` function.

use wasmaot_abi::ABI_VERSION;
use wasmaot_abi::context::VmContext;

use crate::raw::Context;
use crate::store::safepoint;

/// A function of the runtime that compiled code calls, for programs that link guests themselves.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinSymbol {
    /// Its symbol.
    pub symbol: &'static str,
    /// Its address.
    pub address: *const u8,
}

/// What every object refers to: only the runtime of this ABI's version defines it.
#[unsafe(no_mangle)]
pub static wasmaot_abi_v1: u32 = ABI_VERSION;

macro_rules! define {
    (@result ()) => { () };
    (@result $ty:ident) => { $ty };
    (@symbol $name:ident) => { concat!("wasmaot_builtin_", stringify!($name)) };
    // What failed is reported first of all: nothing of the host's may run in between.
    (@safepoint $store:expr, $status:ident, status) => {
        if $status == 0 {
            safepoint($store);
        }
    };
    (@safepoint $store:expr, $result:ident, negative) => {
        if $result >= 0 {
            safepoint($store);
        }
    };
    (@safepoint $store:expr, $result:ident, $fails:ident) => { safepoint($store) };
    // These are in a machine's own words.
    (@one $name:ident () () enters) => { use crate::arch::$name; };
    (@one $name:ident (ctx $(, $p:ident: $t:ident)*) $result:tt $fails:ident) => {
        #[unsafe(export_name = concat!("wasmaot_builtin_", stringify!($name)))]
        #[allow(unreachable_code, unused_variables, clippy::diverging_sub_expression)]
        unsafe extern "C" fn $name(
            context: *mut VmContext $(, $p: $t)*
        ) -> define!(@result $result) {
            // SAFETY: compiled code passes its own context; see the head of this file. What it
            // passed and gets is in a table or no host value.
            unsafe {
                let context = Context::new(std::ptr::NonNull::new_unchecked(context));
                let result: define!(@result $result) = body::$name(context $(, $p)*);
                define!(@safepoint context.store(), result, $fails);
                result
            }
        }
    };
    (@one $name:ident ($($p:ident: $t:ident),*) $result:tt $fails:ident) => {
        #[unsafe(export_name = concat!("wasmaot_builtin_", stringify!($name)))]
        #[allow(improper_ctypes_definitions, reason = "vectors go in registers, by the C convention")]
        extern "C" fn $name($($p: $t),*) -> define!(@result $result) {
            body::$name($($p),*)
        }
    };
    ($($(#[$doc:meta])* $name:ident $params:tt -> $result:tt, $fails:ident;)*) => {
        mod symbols {
            use wasmaot_abi::builtins::Vector;

            use super::*;

            $(define!(@one $name $params $result $fails);)*

            pub(super) fn all() -> impl Iterator<Item = BuiltinSymbol> {
                [
                    $(BuiltinSymbol {
                        symbol: define!(@symbol $name),
                        address: $name as *const u8,
                    },)*
                ]
                .into_iter()
            }
        }
    };
}

wasmaot_abi::for_each_builtin!(define);

/// All functions and data of the runtime that compiled code refers to by symbol.
pub fn builtins() -> impl Iterator<Item = BuiltinSymbol> {
    let abi = BuiltinSymbol {
        symbol: wasmaot_abi::symbols::ABI_SYMBOL,
        address: (&raw const wasmaot_abi_v1).cast(),
    };
    symbols::all().chain([abi])
}

/// What the builtins do.
mod body {
    use std::mem::transmute;
    use std::ptr::NonNull;
    use std::sync::atomic::{AtomicU32, AtomicU64};

    use wasmaot_abi::builtins::Vector;
    use wasmaot_abi::module::ElemItem;
    use wasmaot_abi::traps::TrapCode;

    use crate::instance::InstanceData;
    use crate::memory::{MemoryData, span};
    use crate::raw::Context;
    use crate::shared::waiters::{Wait, Waiters, is_u32, is_u64};
    use crate::shared::{WaitResult, racy};
    use crate::table::TableData;
    use crate::{frames, global, limits, thread};

    /// The status of what succeeded if there is something, or else of this trap.
    fn or_trap(done: Option<()>, code: TrapCode) -> u32 {
        match done {
            Some(()) => 0,
            None => trapped(code),
        }
    }

    #[cold]
    fn trapped(code: TrapCode) -> u32 {
        // SAFETY: a guest called a builtin.
        unsafe { frames::capture_in_builtin(code) };
        1
    }

    fn memory(context: Context, index: u32) -> NonNull<MemoryData> {
        // SAFETY: an index of the module's; a memory's owner is its data.
        unsafe { NonNull::new_unchecked((*context.any_memory(index).as_ptr()).owner.cast()) }
    }

    fn table(context: Context, index: u32) -> NonNull<TableData> {
        // SAFETY: an index of the module's; a table's owner is its data.
        unsafe { NonNull::new_unchecked((*context.any_table(index).as_ptr()).owner.cast()) }
    }

    fn instance<'a>(context: Context) -> &'a mut InstanceData {
        // SAFETY: nobody else has a reference to it while a guest runs.
        unsafe { &mut *context.instance() }
    }

    /// A range of a memory.
    struct Range {
        start: *mut u8,
        /// Whether other threads access it, too.
        shared: bool,
    }

    /// A range of a memory, if it is within it.
    fn range(context: Context, index: u32, start: u64, len: u64) -> Option<Range> {
        // SAFETY: an index of the module's.
        let (base, mut size) = unsafe { span(context.any_memory(index)) };
        // SAFETY: the memory is alive, and what changes of it when shared is behind locks.
        let memory = unsafe { memory(context, index).as_ref() };
        let shared = memory.waiters().is_some();
        let end = start.checked_add(len)?;
        if shared && end > size as u64 {
            // The guest may have accessed it already, without a comparison.
            size = memory.len_when_grown();
        }
        if end > size as u64 {
            return None;
        }
        // SAFETY: within the memory.
        Some(Range { start: unsafe { base.add(start as usize) }, shared })
    }

    pub(super) fn memory_grow(context: Context, index: u32, delta: u64) -> i64 {
        // SAFETY: both are alive, and nobody has them to change while a guest runs.
        let (memory, store) = unsafe { (memory(context, index).as_ref(), &*context.store()) };
        memory.grow(delta, store.limits.memory_pages).map_or(-1, |old| old as i64)
    }

    pub(super) fn memory_copy(
        context: Context,
        dst_memory: u32,
        dst: u64,
        src_memory: u32,
        src: u64,
        len: u64,
    ) -> u32 {
        let copy = || {
            let to = range(context, dst_memory, dst, len)?;
            let from = range(context, src_memory, src, len)?;
            // SAFETY: both are within memories; they may overlap.
            unsafe { racy::copy(from.start, to.start, len as usize) };
            Some(())
        };
        or_trap(copy(), TrapCode::MemoryOutOfBounds)
    }

    pub(super) fn memory_fill(context: Context, index: u32, dst: u64, value: u32, len: u64) -> u32 {
        let fill = || {
            let to = range(context, index, dst, len)?;
            // SAFETY: within the memory.
            unsafe { racy::fill(to.start, value as u8, len as usize) };
            Some(())
        };
        or_trap(fill(), TrapCode::MemoryOutOfBounds)
    }

    pub(super) fn memory_init(
        context: Context,
        index: u32,
        segment: u32,
        dst: u64,
        src: u32,
        len: u32,
    ) -> u32 {
        let init = || {
            let segment = instance(context).data_segment(segment);
            let from = segment.get(src as usize..)?.get(..len as usize)?;
            let to = range(context, index, dst, len.into())?;
            // SAFETY: the range is within the memory, which no segment is part of.
            unsafe {
                if to.shared {
                    racy::write(from, to.start);
                } else {
                    std::ptr::copy_nonoverlapping(from.as_ptr(), to.start, from.len());
                }
            }
            Some(())
        };
        or_trap(init(), TrapCode::MemoryOutOfBounds)
    }

    /// The waiters of a shared memory, and the address of what compiled code has found to be
    /// within it and aligned.
    fn waiters<'a, T>(context: Context, index: u32, address: u64) -> (&'a Waiters, *mut T) {
        let at = range(context, index, address, size_of::<T>() as u64);
        let at = at.expect("compiled code checks addresses").start.cast::<T>();
        assert!(at.is_aligned(), "compiled code checks alignments");
        // SAFETY: the memory is alive as long as a guest of its store runs, and what changes of
        // it is behind locks.
        let waiters = unsafe { memory(context, index).as_ref() }.waiters();
        (waiters.expect("compiled code waits at shared memories only"), at)
    }

    /// Waits until something comes of it or the guest is to stop. A guest that may go on after all
    /// waits anew.
    fn wait(context: Context, timeout: i64, body: impl Fn(Wait<'_>) -> Option<WaitResult>) -> i64 {
        let store = context.store();
        // SAFETY: the store is alive; the handle is its own, too.
        let interrupt = unsafe { (*store).bounds.handle.clone() };
        let wait = Wait::new(timeout, &interrupt);
        loop {
            if let Some(result) = body(wait) {
                return result as i64;
            }
            // SAFETY: a guest of the store called a builtin.
            unsafe {
                if let Err(ended) = limits::interrupted(store) {
                    limits::report(store, ended);
                    return -1;
                }
            }
        }
    }

    pub(super) fn memory_notify(context: Context, index: u32, address: u64, count: u32) -> u32 {
        let (waiters, _) = waiters::<u32>(context, index, address);
        waiters.notify(address, count)
    }

    pub(super) fn memory_wait32(
        context: Context,
        index: u32,
        address: u64,
        expected: u32,
        timeout: i64,
    ) -> i64 {
        let (waiters, at) = waiters(context, index, address);
        // SAFETY: aligned and within the memory, to which there are no other references.
        let at = unsafe { AtomicU32::from_ptr(at) };
        wait(context, timeout, |wait| waiters.wait(address, || is_u32(at, expected), wait))
    }

    pub(super) fn memory_wait64(
        context: Context,
        index: u32,
        address: u64,
        expected: u64,
        timeout: i64,
    ) -> i64 {
        let (waiters, at) = waiters(context, index, address);
        // SAFETY: as above.
        let at = unsafe { AtomicU64::from_ptr(at) };
        wait(context, timeout, |wait| waiters.wait(address, || is_u64(at, expected), wait))
    }

    pub(super) fn data_drop(context: Context, segment: u32) {
        instance(context).drop_data(segment);
    }

    fn table_grow(context: Context, index: u32, delta: u64, bits: u64) -> i64 {
        // SAFETY: nobody else has a reference to these while a guest runs.
        let (table, store) = unsafe { (table(context, index).as_mut(), &*context.store()) };
        table.grow(delta, bits, &store.limits).map_or(-1, |old| old as i64)
    }

    pub(super) fn table_grow_func(context: Context, index: u32, delta: u64, init: usize) -> i64 {
        table_grow(context, index, delta, init as u64)
    }

    pub(super) fn table_grow_extern(context: Context, index: u32, delta: u64, init: u32) -> i64 {
        table_grow(context, index, delta, init.into())
    }

    fn table_fill(context: Context, index: u32, dst: u64, bits: u64, len: u64) -> u32 {
        // SAFETY: nobody else has a reference to it while a guest runs.
        let done = unsafe { table(context, index).as_mut() }.fill(dst, bits, len);
        or_trap(done, TrapCode::TableOutOfBounds)
    }

    pub(super) fn table_fill_func(
        context: Context,
        index: u32,
        dst: u64,
        value: usize,
        len: u64,
    ) -> u32 {
        table_fill(context, index, dst, value as u64, len)
    }

    pub(super) fn table_fill_extern(
        context: Context,
        index: u32,
        dst: u64,
        value: u32,
        len: u64,
    ) -> u32 {
        table_fill(context, index, dst, value.into(), len)
    }

    pub(super) fn table_copy(
        context: Context,
        dst_table: u32,
        dst: u64,
        src_table: u32,
        src: u64,
        len: u64,
    ) -> u32 {
        let (to, from) = (table(context, dst_table), table(context, src_table));
        // SAFETY: both are live, and of one type: the module is valid.
        let done = unsafe { TableData::copy(to, dst, from, src, len) };
        or_trap(done, TrapCode::TableOutOfBounds)
    }

    pub(super) fn table_init(
        context: Context,
        index: u32,
        segment: u32,
        dst: u64,
        src: u32,
        len: u32,
    ) -> u32 {
        let init = || {
            let segment = instance(context).elem_segment(segment);
            let items = segment.get(src as usize..)?.get(..len as usize)?;
            // SAFETY: nobody else has a reference to it while a guest runs.
            let table = unsafe { table(context, index).as_mut() };
            if !items.is_empty() && ElemItem::are_func_refs(items) {
                let func_refs = context.func_refs().as_ptr().expose_provenance();
                return table.write_func_refs(dst, func_refs as u64, items);
            }
            let items = items.iter().map(|&item| item_bits(context, ElemItem::decode(item)));
            table.write(dst, items)
        };
        or_trap(init(), TrapCode::TableOutOfBounds)
    }

    /// A segment's item as compiled code has it.
    fn item_bits(context: Context, item: ElemItem) -> u64 {
        match item {
            ElemItem::Null => 0,
            ElemItem::FuncRef(index) => context.func_ref(index).as_ptr().expose_provenance() as u64,
            ElemItem::ImportedFunction(index) => {
                // SAFETY: set when the instance was made.
                let func_ref = unsafe { (*context.imported_function(index).as_ptr()).func_ref };
                func_ref.expose_provenance() as u64
            }
            // SAFETY: an index of the module's.
            ElemItem::Global(index) => unsafe { global::read(context.any_global(index)).to_u64() },
        }
    }

    pub(super) fn elem_drop(context: Context, segment: u32) {
        instance(context).drop_elem(segment);
    }

    pub(super) fn trap(_context: Context, code: u32) -> u32 {
        let code = u8::try_from(code).ok().and_then(TrapCode::from_code);
        trapped(code.expect("compiled code traps with codes of the table"))
    }

    /// The status of what ended the guest or did not.
    fn or_ended(context: Context, result: Result<(), limits::Ended>) -> u32 {
        match result {
            Ok(()) => 0,
            Err(ended) => {
                // SAFETY: a guest of the store called a builtin.
                unsafe { limits::report(context.store(), ended) };
                1
            }
        }
    }

    pub(super) fn out_of_fuel(context: Context) -> u32 {
        // SAFETY: a guest called: the store is at our disposal.
        or_ended(context, unsafe { limits::refuel(context.store()) })
    }

    pub(super) fn interrupted(context: Context) -> u32 {
        // SAFETY: a guest called: the store is at our disposal.
        or_ended(context, unsafe { limits::interrupted(context.store()) })
    }

    pub(super) fn raise() -> ! {
        // SAFETY: a guest runs, so there is an entry; the trampoline that called us has nothing to
        // drop.
        unsafe { thread::raise() }
    }

    pub(super) fn copy_bytes(dst: usize, src: usize, len: usize) {
        // SAFETY: compiled code has found both ranges to be within memories that are not shared.
        unsafe { std::ptr::copy(src as *const u8, dst as *mut u8, len) }
    }

    pub(super) fn fill_bytes(dst: usize, value: u32, len: usize) {
        // SAFETY: as above.
        unsafe { std::ptr::write_bytes(dst as *mut u8, value as u8, len) }
    }

    pub(super) fn ceil_f32(value: f32) -> f32 {
        quiet_f32(value, value.ceil())
    }

    pub(super) fn ceil_f64(value: f64) -> f64 {
        quiet_f64(value, value.ceil())
    }

    pub(super) fn floor_f32(value: f32) -> f32 {
        quiet_f32(value, value.floor())
    }

    pub(super) fn floor_f64(value: f64) -> f64 {
        quiet_f64(value, value.floor())
    }

    pub(super) fn trunc_f32(value: f32) -> f32 {
        quiet_f32(value, value.trunc())
    }

    pub(super) fn trunc_f64(value: f64) -> f64 {
        quiet_f64(value, value.trunc())
    }

    pub(super) fn nearest_f32(value: f32) -> f32 {
        quiet_f32(value, value.round_ties_even())
    }

    pub(super) fn nearest_f64(value: f64) -> f64 {
        quiet_f64(value, value.round_ties_even())
    }

    pub(super) fn pshufb(bytes: Vector, places: Vector) -> Vector {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("ssse3") {
            // SAFETY: the machine has the instruction, if the guest did not know.
            return unsafe { pshufb_ssse3(bytes, places) };
        }
        // SAFETY: 16 bytes, each of any value, either way.
        let lanes = |vector| unsafe { transmute::<Vector, [u8; 16]>(vector) };
        let (bytes, places) = (lanes(bytes), lanes(places));
        let picked = places.map(|place| match place {
            0x80.. => 0,
            _ => bytes[usize::from(place & 15)],
        });
        // SAFETY: as before.
        unsafe { transmute::<[u8; 16], Vector>(picked) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "ssse3")]
    fn pshufb_ssse3(bytes: Vector, places: Vector) -> Vector {
        core::arch::x86_64::_mm_shuffle_epi8(bytes, places)
    }

    /// The result of rounding, or for a NaN the NaN itself made quiet, which the functions of
    /// the system's library leave as it is.
    fn quiet_f32(value: f32, rounded: f32) -> f32 {
        if value.is_nan() { f32::from_bits(value.to_bits() | 1 << 22) } else { rounded }
    }

    /// As [`quiet_f32`].
    fn quiet_f64(value: f64, rounded: f64) -> f64 {
        if value.is_nan() { f64::from_bits(value.to_bits() | 1 << 51) } else { rounded }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmaot_abi::builtins::Builtin;

    #[test]
    fn symbols_are_those_of_the_table() {
        let symbols: Vec<_> = builtins().map(|builtin| builtin.symbol).collect();
        let rows = Builtin::ALL.iter().map(|b| wasmaot_abi::symbols::builtin(b.row().name));
        let wanted: Vec<_> = rows.chain([wasmaot_abi::symbols::ABI_SYMBOL.into()]).collect();
        assert_eq!(symbols, wanted);
    }
}
