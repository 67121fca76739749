//! What can be done without a guest: stores, handles, memories, tables, globals, functions of the
//! host called by the host.

use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmaot::*;

fn is<T: Send + Sync>() {}

#[test]
fn what_may_move_between_threads() {
    fn moves<T: Send>() {}
    moves::<Store<u32>>();
    is::<Func>();
    is::<Memory>();
    is::<Instance>();
    is::<ExternRef>();
    is::<Error>();
    is::<Module>();
    is::<SharedMemory>();
}

#[test]
fn what_outlives_a_panic() {
    fn outlives<T: UnwindSafe + RefUnwindSafe>() {}
    outlives::<SharedMemory>();
    outlives::<Memory>();
    outlives::<Instance>();
    outlives::<Module>();
}

#[test]
fn functions_of_the_host() {
    let mut store = Store::new(10);
    let add = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, a: i32, b: u64| {
        assert!(caller.instance().is_none());
        *caller.data_mut() += 1;
        (b, f64::from(a) + 0.5)
    });
    assert_eq!(add.ty(&store).to_string(), "func(i32, i64) -> (i64, f64)");
    let typed = add.typed::<(i32, u64), (u64, f64)>(&store).unwrap();
    assert_eq!(typed.call(&mut store, (-3, u64::MAX)).unwrap(), (u64::MAX, -2.5));
    assert_eq!(*store.data(), 11);

    let mut results = [Val::I32(0), Val::I32(0)];
    add.call(&mut store, &[Val::I32(1), Val::I64(2)], &mut results).unwrap();
    assert_eq!((results[0].i64(), results[1].f64()), (Some(2), Some(1.5)));
    let error = add.call(&mut store, &[Val::I64(1)], &mut []).unwrap_err();
    assert!(error.to_string().contains("func(i32, i64) -> (i64, f64)"), "{error}");
    assert!(add.typed::<i32, ()>(&store).is_err());

    let identity = Func::wrap(&mut store, |f: Option<Func>| f);
    let identity = identity.typed::<Option<Func>, Option<Func>>(&store).unwrap();
    assert_eq!(identity.call(&mut store, Some(add)).unwrap(), Some(add));
    assert_eq!(identity.call(&mut store, None).unwrap(), None);
}

#[test]
fn many_parameters_and_none() {
    let mut store = Store::new(());
    let f = Func::wrap(
        &mut store,
        |a: i32,
         b: f32,
         c: i64,
         d: f64,
         e: i32,
         f: f32,
         g: i64,
         h: f64,
         i: i32,
         j: f32,
         k: i64,
         l: f64,
         m: i32,
         n: f32,
         o: i64,
         p: f64| { (a + e + i + m, b + f + j + n, c + g + k + o, d + h + l + p) },
    );
    let params: Vec<Val> = (0..16)
        .map(|i| match i % 4 {
            0 => Val::I32(i),
            1 => Val::from(i as f32),
            2 => Val::I64(i.into()),
            _ => Val::from(f64::from(i)),
        })
        .collect();
    let mut results = vec![Val::I32(0); 4];
    f.call(&mut store, &params, &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(4 + 8 + 12));
    assert_eq!(results[1].f32(), Some(1. + 5. + 9. + 13.));
    assert_eq!(results[2].i64(), Some(2 + 6 + 10 + 14));
    assert_eq!(results[3].f64(), Some(3. + 7. + 11. + 15.));
    let nothing = Func::wrap(&mut store, || {});
    nothing.typed::<(), ()>(&store).unwrap().call(&mut store, ()).unwrap();
}

#[test]
fn errors_and_panics_of_the_host() {
    let mut store = Store::new(());
    let fails = Func::wrap(&mut store, || -> Result<i32, std::io::Error> {
        Err(std::io::Error::other("x"))
    });
    let error = fails.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    assert!(error.is::<std::io::Error>());

    // Through another function of the host, it is still itself.
    let outer = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
        fails.call(&mut caller, &[], &mut [Val::I32(0)])
    });
    let error = outer.call(&mut store, &[], &mut []).unwrap_err();
    assert_eq!(error.downcast::<std::io::Error>().unwrap().to_string(), "x");

    let text = Func::new(&mut store, FuncType::new([], []), |_, _, _| Err("just words"));
    assert_eq!(text.call(&mut store, &[], &mut []).unwrap_err().to_string(), "just words");

    let panics = Func::wrap(&mut store, || -> () { panic!("on purpose") });
    let payload = catch_unwind(AssertUnwindSafe(|| panics.call(&mut store, &[], &mut [])));
    assert_eq!(payload.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
    assert!(text.call(&mut store, &[], &mut []).is_err());
}

#[test]
fn dynamic_functions_are_checked() {
    let mut store = Store::new(2);
    let ty = FuncType::new([ValType::I32], [ValType::I32, ValType::EXTERNREF]);
    let f = Func::new(&mut store, ty, |caller, params, results| -> Result<()> {
        let n = params[0].i32().unwrap();
        assert_eq!(results.len(), 2);
        if n == 0 {
            results[0] = Val::I64(0);
        } else {
            results[0] = Val::I32(n * *caller.data());
            results[1] = Val::from(ExternRef::new(n));
        }
        Ok(())
    });
    let mut results = [Val::I32(0), Val::I32(0)];
    f.call(&mut store, &[Val::I32(4)], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(8));
    let Val::ExternRef(Some(value)) = &results[1] else { panic!("{:?}", results[1]) };
    assert_eq!(value.data().downcast_ref(), Some(&4));
    let error = f.call(&mut store, &[Val::I32(0)], &mut results).unwrap_err();
    assert!(error.to_string().contains("was to return i32, but returned i64"), "{error}");
}

#[test]
fn closures_are_dropped_with_the_store() {
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let count = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(Counts(count.clone()));
    let captured = Counts(count.clone());
    Func::wrap(&mut store, move || _ = &captured);
    let captured = Counts(count.clone());
    let ty = FuncType::new([], []);
    Func::new(&mut store, ty, move |_, _, _| -> Result<(), Error> {
        _ = &captured;
        Ok(())
    });
    let ty = TableType::new(RefType::EXTERNREF, 2, None);
    let table = Table::new(&mut store, ty, Val::ExternRef(None)).unwrap();
    table.set(&mut store, 1, ExternRef::new(Counts(count.clone())).into()).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 0);
    let data = store.into_data();
    assert_eq!(count.load(Ordering::Relaxed), 3);
    drop(data);
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

#[test]
#[cfg_attr(miri, ignore = "reserves address space")]
fn memories() {
    let mut store = Store::new(5);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    assert_eq!(memory.size(&store), 1);
    let before = memory.data(&store).as_ptr();
    memory.write(&mut store, 65_534, &[1, 2]).unwrap();
    let error = memory.write(&mut store, 65_535, &[1, 2]).unwrap_err();
    assert_eq!(error.to_string(), "2 bytes at 0xffff are not all within a memory of 0x10000 bytes");
    assert!(memory.write(&mut store, u64::MAX, &[1]).is_err());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert_eq!(memory.data(&store).as_ptr(), before);
    let mut bytes = [9; 4];
    memory.read(&store, 65_533, &mut bytes).unwrap();
    assert_eq!(bytes, [0, 1, 2, 0]);
    assert!(memory.grow(&mut store, 2).is_err());
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!(memory.ty(&store), MemoryType::new(2, Some(3)));
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[0] = *data;
    assert_eq!(memory.data(&store)[0], 5);

    store.limits_mut().memory_pages = 4;
    assert!(Memory::new(&mut store, MemoryType::new(5, None)).is_err());
    let free = Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
    assert!(free.data(&store).is_empty());
    assert_eq!(free.grow(&mut store, 4).unwrap(), 0);
    assert!(free.grow(&mut store, 1).is_err());
    store.limits_mut().memories = 2;
    let error = Memory::new(&mut store, MemoryType::new(0, None)).unwrap_err();
    assert!(error.to_string().contains("limited to 2 memories"), "{error}");
    for ty in [MemoryType::new(2, Some(1)), MemoryType::new(0, Some(65_537))] {
        assert!(Memory::new(&mut store, ty).is_err());
    }
}

#[test]
fn tables() {
    let mut store = Store::new(());
    let f = Func::wrap(&mut store, || {});
    let ty = TableType::new(RefType::FUNCREF, 2, Some(5));
    let table = Table::new(&mut store, ty, f.into()).unwrap();
    let func = |store: &Store<()>, i| match table.get(store, i) {
        Some(Val::FuncRef(func)) => func,
        other => panic!("{other:?}"),
    };
    assert_eq!(func(&store, 1), Some(f));
    assert!(table.get(&store, 2).is_none());
    assert_eq!(table.grow(&mut store, 2, Val::FuncRef(None)).unwrap(), 2);
    assert_eq!((func(&store, 0), func(&store, 2)), (Some(f), None));
    table.set(&mut store, 3, f.into()).unwrap();
    assert_eq!(func(&store, 3), Some(f));
    assert!(table.set(&mut store, 4, f.into()).is_err());
    assert!(table.set(&mut store, 0, Val::ExternRef(None)).is_err());
    assert!(table.grow(&mut store, 2, Val::FuncRef(None)).is_err());
    assert!(table.fill(&mut store, 3, f.into(), 2).is_err());
    assert_eq!(table.ty(&store), TableType::new(RefType::FUNCREF, 4, Some(5)));
    store.limits_mut().table_elements = 100;
    let ty = TableType::new(RefType::EXTERNREF, 101, None);
    assert!(Table::new(&mut store, ty, Val::ExternRef(None)).is_err());
}

#[test]
fn globals() {
    let mut store = Store::new(());
    let ty = GlobalType::new(ValType::F32, true);
    let global = Global::new(&mut store, ty, 1.5f32.into()).unwrap();
    assert_eq!(global.get(&store).f32(), Some(1.5));
    global.set(&mut store, 2.5f32.into()).unwrap();
    assert_eq!(global.get(&store).f32(), Some(2.5));
    assert!(global.set(&mut store, Val::I32(0)).is_err());
    let ty = GlobalType::new(ValType::I64, false);
    let global = Global::new(&mut store, ty, Val::I64(-1)).unwrap();
    assert!(global.set(&mut store, Val::I64(0)).is_err());
    assert_eq!(global.get(&store).i64(), Some(-1));
    assert!(Global::new(&mut store, ty, Val::I32(0)).is_err());
}

#[test]
fn host_values_live_as_long_as_they_are_referred_to() {
    let mut store = Store::new(());
    let ty = GlobalType::new(ValType::EXTERNREF, true);
    let value = Arc::new(7);
    let global = Global::new(&mut store, ty, ExternRef::new(value.clone()).into()).unwrap();
    let ty = TableType::new(RefType::EXTERNREF, 3, None);
    let table = Table::new(&mut store, ty, Val::ExternRef(None)).unwrap();
    let held = global.get(&store);
    table.set(&mut store, 2, held).unwrap();
    store.collect();
    assert_eq!((Arc::strong_count(&value), store.externrefs()), (2, 2));
    global.set(&mut store, Val::ExternRef(None)).unwrap();
    store.collect();
    assert_eq!((Arc::strong_count(&value), store.externrefs()), (2, 1));
    table.set(&mut store, 2, Val::ExternRef(None)).unwrap();
    assert_eq!(Arc::strong_count(&value), 2);
    store.collect();
    assert_eq!((Arc::strong_count(&value), store.externrefs()), (1, 0));

    // Without being asked, too.
    for i in 0..1000 {
        table.set(&mut store, 0, ExternRef::new(i).into()).unwrap();
        assert!(store.externrefs() <= 64);
    }
    store.set_collect_always(true);
    for i in 0..3 {
        table.set(&mut store, 0, ExternRef::new(i).into()).unwrap();
        assert!(store.externrefs() <= 2);
    }
}

#[test]
#[should_panic(expected = "another store than its own")]
fn handles_know_their_store() {
    let mut one = Store::new(());
    let other = Store::new(());
    let ty = GlobalType::new(ValType::I64, false);
    let global = Global::new(&mut one, ty, Val::I64(-1)).unwrap();
    global.get(&other);
}

#[test]
fn a_parameter_that_panics_when_dropped_is_a_panic_of_the_function() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let mut store = Store::new(());
    // Then the parameter is the last reference that is left.
    store.set_collect_always(true);
    let ty = FuncType::new([ValType::EXTERNREF], []);
    let f =
        Func::new(
            &mut store,
            ty,
            |_: Caller<'_, ()>, _: &[Val], _: &mut [Val]| Ok::<(), Error>(()),
        );
    let f = f.typed::<Option<ExternRef>, ()>(&store).unwrap();
    let call = AssertUnwindSafe(|| f.call(&mut store, Some(ExternRef::new(Bad))));
    let panic = catch_unwind(call).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "on purpose");
    f.call(&mut store, None).unwrap();
}

#[test]
fn a_store_moves_between_threads() {
    let mut store = Store::new(0);
    let f = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| {
        *caller.data_mut() += 1;
    });
    let f = f.typed::<(), ()>(&store).unwrap();
    f.call(&mut store, ()).unwrap();
    let mut store = std::thread::spawn(move || {
        f.call(&mut store, ()).unwrap();
        store
    })
    .join()
    .unwrap();
    f.call(&mut store, ()).unwrap();
    assert_eq!(store.into_data(), 3);
}
