//! Instances of modules without code, whose descriptions are written here instead of by the
//! compiler: what becomes of an instance's parts when it goes, or fails to come.
#![cfg(not(miri))]

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmaot::{bindings, *};
use wasmaot_abi::layout::{Counts, Layout};
use wasmaot_abi::module::*;
use wasmaot_abi::value::{ValKind, VmValType};

fn slice<T>(items: Vec<T>) -> VmSlice<T> {
    let items = Vec::leak(items);
    VmSlice { ptr: items.as_ptr(), len: items.len(), items: PhantomData }
}

fn text(text: &str) -> VmStr {
    slice(text.as_bytes().to_vec())
}

fn ty(kind: ExternKind, value: ValKind, min: u64) -> VmExternType {
    let func = std::ptr::null();
    VmExternType {
        kind: kind as u8,
        value: VmValType { kind: value as u8, nullable: value.is_ref().into(), func },
        mutable: 0,
        has_max: 0,
        shared: 0,
        index64: 0,
        page_size_log2: 16,
        min,
        max: 0,
        func,
    }
}

/// A module of this many globals, with a table and a memory, that imports a global if asked to.
fn module(globals: u32, imports_global: bool) -> &'static VmModule {
    let imports = if imports_global {
        let ty = ty(ExternKind::Global, ValKind::I32, 0);
        vec![VmImport { module: text("m"), name: text("g"), ty, provided: std::ptr::null() }]
    } else {
        Vec::new()
    };
    let counts = Counts {
        imported_globals: imports.len() as u32,
        tables: 1,
        memories: 1,
        globals,
        ..Counts::default()
    };
    Box::leak(Box::new(VmModule {
        abi: std::ptr::null(),
        name: text("made by hand"),
        layout: Layout::new(&counts).unwrap(),
        flags: MODULE_EXPLICIT_CHECKS,
        memory_space: Space::NONE,
        context_address: 0,
        memory_address: 0,
        imports: slice(imports),
        types: slice(Vec::new()),
        tables: slice(vec![ty(ExternKind::Table, ValKind::ExternRef, 7)]),
        memories: slice(vec![ty(ExternKind::Memory, ValKind::I32, 1)]),
        globals: slice(vec![ty(ExternKind::Global, ValKind::I32, 0); globals as usize]),
        func_refs: slice(Vec::new()),
        data: slice(Vec::new()),
        elems: slice(Vec::new()),
        images: slice(Vec::new()),
        init: None,
        start: None,
    }))
}

/// So many that allocators give a context memory of its own, and take it back when it goes.
const MANY: u32 = 1 << 20;

#[test]
fn tables_go_before_the_contexts_that_they_are_found_in() {
    let mut store = Store::new(());
    // SAFETY: it says of itself what is true, and stays.
    let instance = unsafe { bindings::instantiate(&mut store, module(MANY, false), &[]) }.unwrap();
    let table = bindings::table(&store, instance, 0);
    table.set(&mut store, 6, ExternRef::new(1).into()).unwrap();
    assert_eq!(table.grow(&mut store, 100, Val::ExternRef(None)).unwrap(), 7);
    store.collect();
    assert_eq!(store.externrefs(), 1);
    drop(store);
}

#[test]
fn an_instance_that_is_refused_leaves_nothing_behind() {
    let mut other = Store::new(());
    let ty = GlobalType::new(ValType::I32, false);
    let global = Global::new(&mut other, ty, Val::I32(7)).unwrap();
    let mut store = Store::new(());
    store.limits_mut().tables = 1;
    let import = [global.into()];
    let made = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: as above.
        unsafe { bindings::instantiate(&mut store, module(MANY, true), &import) }
    }));
    let message = *made.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.contains("another store than its own"), "{message}");
    store.collect();
    // The table of the one that failed does not count.
    // SAFETY: as above.
    unsafe { bindings::instantiate(&mut store, module(1, false), &[]) }.unwrap();
}
