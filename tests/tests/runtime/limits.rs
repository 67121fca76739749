//! Limits that the embedder sets: refused with a reason when something is made, -1 when a guest
//! asks for more.

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

const GUEST: &str = r#"(module
    (memory (export "memory") 2)
    (table (export "table") 5 externref)
    (func (export "memory_grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table_grow") (param i32) (result i32)
      (table.grow 0 (ref.null extern) (local.get 0))))"#;

#[test]
fn growth() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        store.limits_mut().memory_pages = 10;
        store.limits_mut().table_elements = 20;
        let instance = instance(&mut store, module);
        let grow = |store: &mut Store<()>, what, n| {
            typed::<i32, i32>(store, instance, &format!("{what}_grow"), n).unwrap()
        };
        for (what, least, most) in [("memory", 2, 10), ("table", 5, 20)] {
            assert_eq!(grow(&mut store, what, most), -1);
            assert_eq!(grow(&mut store, what, most - least), least);
            assert_eq!(grow(&mut store, what, 1), -1);
            assert_eq!(grow(&mut store, what, 0), most);
        }
        let memory = instance.get_memory(&store, "memory").unwrap();
        let table = instance.get_table(&store, "table").unwrap();
        assert!(memory.grow(&mut store, 1).is_err());
        assert!(table.grow(&mut store, 1, Val::ExternRef(None)).is_err());
        // Less than there is already: nothing more, and nothing is lost.
        store.limits_mut().memory_pages = 1;
        store.limits_mut().table_elements = 1;
        assert_eq!(grow(&mut store, "memory", 1), -1);
        assert_eq!(grow(&mut store, "table", 1), -1);
        assert_eq!(grow(&mut store, "memory", 0), 10);
        assert_eq!(grow(&mut store, "table", 0), 20);
        assert_eq!(memory.data(&store).len(), 10 << 16);
        store.limits_mut().table_elements = 30;
        assert_eq!(grow(&mut store, "table", 10), 20);
    });
}

#[test]
fn sizes_to_start_with() {
    in_every_way(GUEST, |_, module| {
        let new = |change: fn(&mut Limits)| {
            let mut store = Store::new(());
            change(store.limits_mut());
            Instance::new(&mut store, module, &Imports::new()).map(|_| ())
        };
        let refused = |change, parts: [&str; 2]| {
            let error = new(change).unwrap_err();
            assert!(error.trap().is_none() && error.link().is_none());
            let text = error.to_string();
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        };
        refused(|limits| limits.memory_pages = 1, ["memory of 2 or more pages", "1 pages at most"]);
        refused(
            |limits| limits.table_elements = 4,
            ["table of externref, 5 or more elements", "4 elements at most"],
        );
        refused(|limits| limits.memories = 0, ["limited to", "0 memories"]);
        refused(|limits| limits.tables = 0, ["limited to", "0 tables"]);
        refused(|limits| limits.instances = 0, ["limited to", "0 instances"]);
        let exactly = |limits: &mut Limits| {
            limits.memory_pages = 2;
            limits.table_elements = 5;
            (limits.memories, limits.tables, limits.instances) = (1, 1, 1);
        };
        new(exactly).unwrap();

        // A refused instance does not count.
        let mut store = Store::new(());
        store.limits_mut().instances = 2;
        for expected in [true, true, false, false] {
            let result = Instance::new(&mut store, module, &Imports::new());
            assert_eq!(result.is_ok(), expected);
        }
        store.limits_mut().instances = 3;
        store.limits_mut().tables = 2;
        assert!(Instance::new(&mut store, module, &Imports::new()).is_err());
        store.limits_mut().tables = 3;
        instance(&mut store, module);
    });
}

/// The last table is too large, when all else is there already.
#[test]
fn what_could_be_made_in_part_counts_for_nothing() {
    const GUEST: &str = r#"(module
        (memory 1) (memory 1 1 shared) (table 5 funcref) (table 9 externref))"#;
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        let limits = store.limits_mut();
        (limits.instances, limits.memories, limits.tables) = (1, 2, 2);
        limits.table_elements = 8;
        for _ in 0..3 {
            let error = Instance::new(&mut store, module, &Imports::new()).unwrap_err();
            assert!(error.to_string().contains("8 elements at most"), "{error}");
        }
        store.limits_mut().table_elements = 9;
        Instance::new(&mut store, module, &Imports::new()).unwrap();
        assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_err());
    });
}

#[test]
fn what_the_host_makes() {
    let mut store = Store::new(());
    store.limits_mut().memory_pages = 4;
    store.limits_mut().memories = 1;
    assert!(Memory::new(&mut store, MemoryType::new(5, None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(3, Some(2))).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(65537, None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(0, Some(65537))).is_err());
    let memory = Memory::new(&mut store, MemoryType::new(4, None)).unwrap();
    assert!(memory.grow(&mut store, 1).is_err());
    let error = Memory::new(&mut store, MemoryType::new(1, None)).unwrap_err().to_string();
    assert!(error.contains("limited to 1 memories"), "{error}");

    store.limits_mut().tables = 1;
    let null = Val::FuncRef(None);
    let ty = |element, min, max| TableType::new(element, min, max);
    let funcs = RefType::FUNCREF;
    assert!(Table::new(&mut store, ty(funcs, 2, Some(1)), null.clone()).is_err());
    assert!(Table::new(&mut store, ty(funcs, 1, None), Val::ExternRef(None)).is_err());
    assert!(Table::new(&mut store, ty(funcs, u64::MAX, None), null.clone()).is_err());
    Table::new(&mut store, ty(funcs, 1, None), null.clone()).unwrap();
    assert!(Table::new(&mut store, ty(funcs, 1, None), null).is_err());

    let ty = GlobalType::new(ValType::F32, false);
    assert!(Global::new(&mut store, ty, Val::F64(0)).is_err());
}
