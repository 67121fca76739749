//! Collecting host values: what is marked, and when it is safe. See
//! [`externref`](crate::externref) for when it happens.

use wasmaot_abi::value::ValKind;

use crate::externref::{Marker, drop_values};
use crate::frames;
use crate::global;
use crate::global::HostGlobal;
use crate::raw::Context;
use crate::store::StoreInner;

/// Drops the host values that no guest refers to any more.
///
/// # Safety
/// The store is alive and nobody has a reference to it; no guest runs on this thread: each is in
/// a call of the host or a builtin. References that are neither in a global, nor a table, nor a
/// frame at such a call may be lost.
pub(crate) unsafe fn collect(store: *mut StoreInner) {
    let dead = {
        // SAFETY: the caller's promise; until the end of this block.
        let inner = unsafe { &mut *store };
        let StoreInner { externs, instances, tables, globals, .. } = inner;
        if externs.used() == 0 {
            return;
        }
        let dead = externs.collect(&mut |marker| {
            // SAFETY: the store's own, alive as long as it; and the caller's promise.
            unsafe {
                for instance in &*instances {
                    mark_instance((*instance.ptr().as_ptr()).context, marker);
                }
                for table in &*tables {
                    table.ptr().as_ref().mark(marker);
                }
                for global in &*globals {
                    let HostGlobal { vm, ty } = global.ptr().as_ref();
                    mark_global(vm.into(), ty.value.kind(), marker);
                }
                frames::mark(marker)
            }
        });
        inner.update_attention();
        dead
    };
    drop_values(dead);
}

fn mark_instance(context: Context, marker: &mut Marker<'_>) {
    // Imported globals are marked where they are defined.
    for (i, ty) in (0..).zip(context.module().globals()) {
        mark_global(context.global(i), crate::types::val_kind(&ty.value), marker);
    }
}

fn mark_global(
    vm: std::ptr::NonNull<wasmaot_abi::context::VmGlobal>,
    kind: ValKind,
    marker: &mut Marker<'_>,
) {
    if kind == ValKind::ExternRef {
        // SAFETY: a global of the store.
        marker.mark(unsafe { global::read(vm) }.to_u32());
    }
}
