//! Guests used as a user would, through bindings alone.

use wasmaot::wasi::{Errno, Exit, NewThread, WasiCtx};
use wasmaot::{
    Caller, Error, ExternRef, Func, Global, GlobalType, HostError, Imports, Instance, Memory,
    MemoryType, RefType, SharedMemory, Store, Table, TableType, TrapCode, TypedFunc, V128, Val,
    ValType,
};
use wasmaot_bindings_tests::{
    empty, exact, hosted, many, memories, metered, names, narrow, numbers, reactor, references,
    shared, spawner, typed, vectors,
};

#[test]
fn numbers_of_all_types() {
    let mut guest = numbers::Numbers::new().unwrap();
    assert_eq!(guest.add(i32::MAX, 1).unwrap(), i32::MIN);
    guest.nothing().unwrap();
    assert_eq!(guest.add_all(-3, 0.5, 1e10).unwrap(), 1e10 - 2.5);
    assert_eq!(guest.swap(-1, i64::MIN).unwrap(), (i64::MIN, -1));
    assert_eq!(guest.four(1.5).unwrap(), (1.5, 2.5, -3, -4));
    let nan = f32::from_bits(0x7fa0_1234);
    assert_eq!(guest.f32_identity(nan).unwrap().to_bits(), 0x7fa0_1234);
}

/// Parameters are found wherever the C convention puts them.
#[test]
fn a_parameter_in_every_register() {
    let mut guest = numbers::Numbers::new().unwrap();
    let sum = guest.weigh(1.0, -2, 3.0, -4, 5.0, 6.0, -7, 8.0, 9.0, -10, 11.0, 12.0).unwrap();
    // Squares, some negative.
    assert_eq!(sum, 1. - 4. + 9. - 16. + 25. + 36. - 49. + 64. + 81. - 100. + 121. + 144.);
    assert_eq!(guest.weigh_f32(0.5, -7).unwrap(), -6.5);
    // By name as well.
    type All = (f64, i32, f32, i64, f64, f32, i32, f64, f32, i64, f64, f32);
    let weigh = guest.func("weigh").unwrap().typed::<All, f64>(guest.store()).unwrap();
    let all = (1.0, -2, 3.0, -4, 5.0, 6.0, -7, 8.0, 9.0, -10, 11.0, 12.0);
    assert_eq!(weigh.call(guest.store_mut(), all).unwrap(), sum);
    let weigh = guest.func("weigh_f32").unwrap().typed::<(f32, i32), f32>(guest.store()).unwrap();
    assert_eq!(weigh.call(guest.store_mut(), (0.5, -7)).unwrap(), -6.5);
}

/// A trap gives the host the registers back that the guest's functions had in use.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_trap_restores_the_hosts_registers() {
    extern "C" fn trap(guest: &mut numbers::Numbers<Store<()>>) {
        let deep = guest.func("deep").unwrap().typed::<i64, i64>(guest.store()).unwrap();
        for error in [guest.deep(5), deep.call(guest.store_mut(), 5)] {
            assert_eq!(error.unwrap_err().trap().unwrap().code(), TrapCode::Unreachable);
        }
    }
    let mut guest = numbers::Numbers::new().unwrap();
    for _ in 0..3 {
        let mut seen = [0_u64; 5];
        // SAFETY: what the C convention preserves is said to change or put back; the rest is that
        // of a call.
        unsafe {
            std::arch::asm!(
                "push rbx", "push {seen}",
                "mov rbx, 11", "mov r12, 12", "mov r13, 13", "mov r14, 14", "mov r15, 15",
                "call {trap}",
                "pop rax",
                "mov [rax], rbx", "mov [rax + 8], r12", "mov [rax + 16], r13",
                "mov [rax + 24], r14", "mov [rax + 32], r15",
                "pop rbx",
                seen = in(reg) seen.as_mut_ptr(), trap = sym trap, in("rdi") &raw mut guest,
                out("r12") _, out("r13") _, out("r14") _, out("r15") _, clobber_abi("C"),
            );
        }
        assert_eq!(seen, [11, 12, 13, 14, 15]);
    }
}

#[test]
fn limits_that_a_build_script_asked_for() {
    let error = metered::Metered::new().unwrap_err();
    assert!(error.to_string().contains("`Store::set_fuel`"), "{error}");
    let mut store = Store::new(());
    store.set_fuel(1000);
    let mut guest = metered::Metered::with_store(&mut store).unwrap();
    assert_eq!(guest.add(1, 2).unwrap(), 3);
    // get, get, add.
    assert_eq!(store.fuel(), 997);
    let mut guest = metered::Metered::with_store(&mut store).unwrap();
    assert_eq!(guest.forever(1).unwrap_err().trap().unwrap().code(), TrapCode::OutOfFuel);
    store.set_fuel(u64::MAX);
    store.interrupt_handle().interrupt();
    let mut guest = metered::Metered::with_store(&mut store).unwrap();
    assert_eq!(guest.forever(1).unwrap_err().trap().unwrap().code(), TrapCode::Interrupted);
}

#[test]
fn more_parameters_than_registers() {
    let mut guest = numbers::Numbers::new().unwrap();
    let results = guest
        .twenty(
            1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0, 13, 14, 15.0, 16.0, 17, 18, 19.0,
            20.0,
        )
        .unwrap();
    let squares = |places: &[i64]| places.iter().map(|n| n * n).sum::<i64>();
    assert_eq!(results.0, squares(&[1, 2, 6, 10, 14, 17, 18]));
    assert_eq!(results.1, squares(&[4, 19, 20]) as f64);
}

#[test]
fn a_trap_leaves_the_guest_usable() {
    let mut guest = numbers::Numbers::new().unwrap();
    let error = guest.divide(1, 0).unwrap_err();
    assert_eq!(error.trap().unwrap().code(), TrapCode::IntegerDivideByZero);
    assert_eq!(guest.divide(7, -2).unwrap(), -3);
    // The same module with explicit checks and one export stands beside it.
    let mut narrow = narrow::Narrow::new().unwrap();
    assert_eq!(narrow.add(1, 2).unwrap(), 3);
}

#[test]
fn every_name_finds_its_function() {
    let mut guest = names::Names::new().unwrap();
    let places = [
        guest.func_0(),
        guest.r#type(),
        guest.self_(),
        guest.a_b(),
        guest.a_b_2(),
        guest.a_b_3(),
        guest.gr_e(),
        guest.func_7(),
        guest.new_2(),
        guest.store_2(),
        guest._7zip(),
        guest.line_break(),
        guest.back_tick(),
        guest.right_to_left(),
        guest.brackets_x_b(),
        guest.module_2(),
        guest.memory(),
    ];
    for (expected, place) in places.into_iter().enumerate() {
        assert_eq!(place.unwrap(), expected as i32);
    }
    assert_eq!(guest.memory_2().size(guest.store()), 1);
    assert_eq!(guest.global(), 17);
    guest.set_global_2(3);
    assert_eq!((guest.global(), guest.set_global().unwrap()), (3, 18));
}

#[test]
fn references_go_in_and_out() {
    let mut guest = references::References::new().unwrap();
    let thing = ExternRef::new(String::from("thing"));
    let back = guest.same(Some(thing.clone())).unwrap().unwrap();
    assert!(back.ptr_eq(&thing));
    assert!(guest.same(None).unwrap().is_none());

    let double = guest.double().unwrap().unwrap();
    let (function, value, number) = guest.pair(Some(thing.clone()), 5, Some(double)).unwrap();
    assert_eq!((function, number), (Some(double), 5));
    assert!(value.unwrap().ptr_eq(&thing));
    assert_eq!(guest.apply(Some(double), 21).unwrap(), 42);
    let host = Func::wrap(guest.store_mut(), |x: i32| x + 1);
    assert_eq!(guest.apply(Some(host), 21).unwrap(), 22);
    let error = guest.apply(None, 1).unwrap_err();
    assert_eq!(error.trap().unwrap().code(), TrapCode::UninitializedElement);

    guest.keep(Some(thing.clone())).unwrap();
    assert!(guest.kept().unwrap().ptr_eq(&thing));
    guest.set_kept(None);
    assert_eq!(guest.kept_is_null().unwrap(), 1);
    assert!(guest.function().is_none());
    guest.set_function(Some(double));
    assert_eq!(guest.function(), Some(double));
    assert_eq!(guest.constant(), 1.5);
    assert_eq!(guest.things().len(guest.store()), 2);
}

type Op = TypedFunc<(i32, i32), i32>;

/// Picks the function that it is given, or one that multiplies.
struct Picker;

impl typed::Ops for Picker {
    fn pick(
        caller: Caller<'_, Self>,
        a: Option<Op>,
        b: Option<ExternRef>,
    ) -> Result<Op, HostError> {
        assert!(b.is_none());
        Ok(match a {
            Some(op) => op,
            None => {
                let mut caller = caller;
                Func::wrap(&mut caller, |a: i32, b: i32| a * b).typed(&caller)?
            }
        })
    }

    fn far(_: Caller<'_, Self>, params: &[Val], results: &mut [Val]) -> Result<(), HostError> {
        assert!(matches!(params, [Val::FuncRef(None)]));
        results[0] = Val::I32(17);
        Ok(())
    }
}

#[test]
fn typed_references_are_typed_functions() {
    let mut guest = typed::Typed::new(Picker).unwrap();
    // Taken out, kept, called, put back in.
    let add: Op = guest.func("add").unwrap().typed(guest.store()).unwrap();
    assert!(guest.func("nobody").is_none());
    assert_eq!(add.call(guest.store_mut(), (2, 3)).unwrap(), 5);
    assert_eq!(guest.always(), add.func());
    assert_eq!(guest.apply(add, 20, 22).unwrap(), 42);
    let sub = Func::wrap(guest.store_mut(), |a: i32, b: i32| a - b);
    let sub: Op = sub.typed(guest.store()).unwrap();
    assert_eq!(guest.apply(sub, 20, 22).unwrap(), -2);
    assert!(guest.kept().is_none());
    assert_eq!(guest.picked(6, 7).unwrap(), 42);
    guest.set_kept(Some(sub));
    assert_eq!(guest.kept().unwrap().func(), sub.func());
    assert_eq!(guest.picked(6, 7).unwrap(), -1);
    // A function of a function.
    let maker = guest.maker().unwrap();
    let made: Option<Op> = maker.call(guest.store_mut(), sub).unwrap();
    assert_eq!(made.unwrap().func(), sub.func());
    // What no Rust type is made of goes by values.
    assert_eq!(guest.far().unwrap(), 17);
    let too_far = guest.func("too_far").unwrap();
    too_far.call(guest.store_mut(), &[Val::FuncRef(None)], &mut []).unwrap();
    let thing = ExternRef::new(1);
    assert!(guest.never_null(thing.clone()).unwrap().ptr_eq(&thing));
    let table = guest.ops();
    table.set(guest.store_mut(), 0, add.into()).unwrap();
    let wrong = Func::wrap(guest.store_mut(), || {});
    assert!(table.set(guest.store_mut(), 1, wrong.into()).is_err());
}

#[test]
fn memory_is_bounds_checked() {
    let mut guest = memories::Memories::new().unwrap();
    let mut text = [0; 5];
    guest.read_memory(16, &mut text).unwrap();
    assert_eq!(&text, b"hello");
    guest.write_memory(16, b"H").unwrap();
    assert_eq!(guest.get_byte(16).unwrap(), i32::from(b'H'));
    assert_eq!(guest.memory_data()[16..21], *b"Hello");
    guest.memory_data_mut()[65535] = 9;
    assert_eq!(guest.get_byte(65535).unwrap(), 9);
    for at in [65532, 65536, u32::MAX] {
        assert!(guest.read_memory(at, &mut text).is_err(), "{at}");
        assert!(guest.write_memory(at, &text).is_err(), "{at}");
    }
    guest.read_memory(65531, &mut text).unwrap();
    assert_eq!(guest.memory_slice(17, 4).unwrap(), b"ello");
    assert_eq!(guest.memory_slice(65536, 0).unwrap(), b"");
    assert!(guest.memory_slice(65536, 1).is_err() && guest.memory_slice(1, u32::MAX).is_err());
    let error = guest.get_byte(65536).unwrap_err();
    assert_eq!(error.trap().unwrap().code(), TrapCode::MemoryOutOfBounds);
    assert_eq!(guest.grow(1).unwrap(), 1);
    assert_eq!(guest.memory_data().len(), 2 << 16);
    guest.write_memory(65536, b"x").unwrap();
}

/// Only the owner of an instance knows where its memory is: another store's is not touched.
#[test]
#[should_panic(expected = "another store")]
fn a_memory_is_looked_for_in_its_own_store_only() {
    let mut guest = memories::Memories::new().unwrap();
    let mut other = memories::Memories::new().unwrap();
    std::mem::swap(guest.store_mut(), other.store_mut());
    _ = guest.read_memory(0, &mut [0]);
}

/// Each memory has its own accessors, with addresses of its own width.
#[test]
fn memories_of_every_type_have_accessors() {
    let mut guest = memories::Memories::new().unwrap();
    assert_eq!(guest.far_slice(65533, 3).unwrap(), b"far");
    assert!(guest.far_slice(1 << 32, 1).is_err() && guest.far_slice(65533, u64::MAX).is_err());
    guest.write_far(7, b"x").unwrap();
    assert_eq!(guest.far_byte(7).unwrap(), i32::from(b'x'));
    assert!(guest.read_far(u64::MAX, &mut [0]).is_err() && guest.far_byte(1 << 32).is_err());
    assert_eq!(guest.memory_data()[7], 0);
    let far = guest.far().ty(guest.store());
    assert_eq!(far, MemoryType::new(1, Some(2)).index64());
    assert_eq!(guest.bytes_data(), [0; 10]);
    guest.write_bytes(9, b"y").unwrap();
    assert!(guest.write_bytes(10, b"z").is_err());
    assert_eq!(guest.bytes().ty(guest.store()), MemoryType::new(10, None).byte_pages());
    assert!(guest.far_table().ty(guest.store()).index64);
}

#[test]
fn globals_have_their_types() {
    let mut guest = memories::Memories::new().unwrap();
    assert_eq!((guest.counter(), guest.limit(), guest.ratio()), (7, -9, 0.5));
    assert_eq!(guest.count().unwrap(), 8);
    guest.set_counter(-5);
    assert_eq!(guest.count().unwrap(), -4);
    guest.set_ratio(0.25);
    assert_eq!(guest.ratio(), 0.25);
    assert!(!guest.limit_global().ty(guest.store()).mutable);
    let Val::FuncRef(Some(get)) = guest.table().get(guest.store(), 1).unwrap() else {
        panic!("the element that the module put there");
    };
    let mut result = [Val::I32(0)];
    get.call(guest.store_mut(), &[Val::I32(16)], &mut result).unwrap();
    assert_eq!(result[0].i32(), Some(i32::from(b'h')));
}

/// The data of a store whose guests log.
#[derive(Default)]
struct Host {
    log: Vec<i64>,
    deep: bool,
}

#[derive(Debug)]
struct Full;

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the log is full")
    }
}

impl std::error::Error for Full {}

impl hosted::Env for Host {
    fn log(mut caller: Caller<'_, Self>, a: i32) -> Result<(), HostError> {
        if caller.data().log.len() >= 6 {
            return Err(Full.into());
        }
        caller.data_mut().log.push(a.into());
        Ok(())
    }

    fn log_2(mut caller: Caller<'_, Self>, a: i64) -> Result<(), HostError> {
        caller.data_mut().log.push(-a);
        Ok(())
    }
}

impl hosted::Clock for Host {
    fn now(mut caller: Caller<'_, Self>) -> Result<i64, HostError> {
        if !caller.data().deep {
            caller.data_mut().deep = true;
            let mut guest = hosted::Hosted::from_caller(&mut caller).ok_or("another guest")?;
            guest.log_all()?;
            return Ok(guest.now()? + 1);
        }
        Ok(41)
    }

    fn r#type(
        _: Caller<'_, Self>,
        a: Option<ExternRef>,
    ) -> Result<(Option<ExternRef>, i32), HostError> {
        let number = a.as_ref().and_then(|a| a.data().downcast_ref::<i32>()).copied();
        Ok((a, number.unwrap_or(-1)))
    }
}

impl hosted::Imports for Host {
    fn func_5(_: Caller<'_, Self>) -> Result<f32, HostError> {
        Ok(0.125)
    }
}

fn hosted() -> Result<hosted::Hosted<Store<Host>>, Error> {
    let mut store = Store::new(Host::default());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
    let table =
        Table::new(&mut store, TableType::new(RefType::FUNCREF, 4, None), Val::FuncRef(None))?;
    let table_2 =
        Table::new(&mut store, TableType::new(RefType::EXTERNREF, 1, None), Val::ExternRef(None))?;
    let offset = Global::new(&mut store, GlobalType::new(ValType::I32, false), Val::I32(64))?;
    let count = Global::new(&mut store, GlobalType::new(ValType::I64, true), Val::I64(0))?;
    let imports = hosted::HostedImports { memory, table, table_2, offset, count };
    hosted::Hosted::with_store(store, imports)
}

#[test]
fn imports_of_every_kind() {
    let mut guest = hosted().unwrap();
    guest.log_all().unwrap();
    assert_eq!(guest.store().data().log, [1, 2, -3]);
    guest.write_memory(64, &[1, 2, 0, 0]).unwrap();
    assert_eq!(guest.peek().unwrap(), 513);
    assert_eq!(guest.own_slice(8, 3).unwrap(), b"own");
    assert_eq!(guest.memory_data()[64..66], [1, 2]);
    assert_eq!(guest.nameless().unwrap(), 0.125);
    let (value, number) = guest.type_of(Some(ExternRef::new(7i32))).unwrap();
    assert_eq!((value.is_some(), number), (true, 7));
    assert_eq!(guest.type_of(None).unwrap().1, -1);
}

#[test]
fn host_to_guest_to_host_to_guest() {
    let mut guest = hosted().unwrap();
    assert_eq!(guest.now().unwrap(), 42);
    assert_eq!(guest.store().data().log, [1, 2, -3]);
}

#[test]
fn a_host_functions_error_comes_back_as_itself() {
    let mut guest = hosted().unwrap();
    guest.log_all().unwrap();
    guest.log_all().unwrap();
    let error = guest.log_all().unwrap_err();
    assert!(error.is::<Full>(), "{error}");
    let error = guest.log(1).unwrap_err();
    assert!(error.is::<Full>(), "{error}");
    guest.store_mut().data_mut().log.clear();
    guest.log(5).unwrap();
    assert_eq!(guest.store().data().log, [5]);
}

#[test]
fn wrong_imports_are_named() {
    let mut store = Store::new(Host::default());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 4, None);
    let table = Table::new(&mut store, ty, Val::FuncRef(None)).unwrap();
    let ty = GlobalType::new(ValType::I32, true);
    let offset = Global::new(&mut store, ty, Val::I32(64)).unwrap();
    let imports = hosted::HostedImports { memory, table, table_2: table, offset, count: offset };
    let error = hosted::Hosted::with_store(store, imports).unwrap_err();
    let text = error.to_string();
    for name in ["memory", "table", "offset", "count"] {
        assert!(text.contains(name), "{name} in: {text}");
    }
}

struct Adds;

impl shared::Env for Adds {
    fn add(_: Caller<'_, Self>, a: i32, b: i32) -> Result<i32, HostError> {
        Ok(a + b)
    }
}

#[test]
fn one_shared_memory_on_many_threads() {
    let memory = SharedMemory::new(MemoryType::new(1, Some(2)).shared()).unwrap();
    let instance = || {
        let mut store = Store::new(Adds);
        let ty = GlobalType::new(ValType::I32, false);
        let base = Global::new(&mut store, ty, Val::I32(100))?;
        let imports = shared::SharedImports { memory: memory.clone(), base };
        shared::Shared::with_store(store, imports)
    };
    let count = || {
        let mut guest = instance().unwrap();
        assert_eq!(guest.words(), memory);
        (0..1000).map(|_| guest.draw().unwrap()).collect::<Vec<_>>()
    };
    let mut all = std::thread::scope(|scope| {
        let threads = [scope.spawn(count), scope.spawn(count), scope.spawn(count)];
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    all.sort_unstable();
    assert!(all.into_iter().eq(100..3100));
    assert_eq!(instance().unwrap().draw().unwrap(), 3100);
}

/// Counts calls.
struct Counter(u32);

impl many::Env for Counter {
    fn many(
        mut caller: Caller<'_, Self>,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), HostError> {
        caller.data_mut().0 += 1;
        let sum: i32 = params.iter().filter_map(Val::i32).sum();
        results[0] = params[17].clone();
        results[1] = Val::I32(sum);
        Ok(())
    }
}

#[test]
fn many_parameters_for_the_host() {
    let mut guest = many::Many::new(Counter(0)).unwrap();
    let results =
        guest.forward(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0.5).unwrap();
    assert_eq!(results, (0.5, (0..17).sum::<i32>()));
    assert_eq!(guest.into_store().into_data().0, 1);
}

#[test]
fn many_instances_in_one_store_or_many() {
    let mut store = Store::new(());
    let mut a = memories::Memories::with_store(&mut store).unwrap();
    a.set_counter(100);
    let a = a.instance();
    let b = memories::Memories::with_store(&mut store).unwrap().instance();
    let c = empty::Empty::with_store(&mut store).unwrap().instance();
    assert_eq!(memories::Memories::from_instance(&mut store, a).unwrap().count().unwrap(), 101);
    assert_eq!(memories::Memories::from_instance(&mut store, b).unwrap().count().unwrap(), 8);
    assert!(memories::Memories::from_instance(&mut store, c).is_none());
    assert_eq!(memories::Memories::from_instance(&store, a).unwrap().into_store().data(), &());
}

#[test]
fn the_same_module_by_names() {
    let mut store = Store::new(());
    let module = memories::Memories::module();
    let instance = Instance::new(&mut store, module, &Imports::new()).unwrap();
    let mut guest = memories::Memories::from_instance(&mut store, instance).unwrap();
    assert_eq!(guest.count().unwrap(), 8);
    let count = instance.get_func(guest.store(), "count").unwrap();
    let count = count.typed::<(), i32>(guest.store()).unwrap();
    assert_eq!(count.call(guest.store_mut(), ()).unwrap(), 9);
}

/// What the guest of vectors imports.
struct Mixer(u32);

macro_rules! mixer {
    ($guest:ident) => {
        impl $guest::Host for Mixer {
            fn mix(caller: Caller<'_, Self>, a: V128, b: i32) -> Result<V128, HostError> {
                let by = caller.data().0;
                let b = u32::try_from(b).map_err(|_| "negative")?;
                Ok(<[u32; 4]>::from(a).map(|lane| lane * by + b).into())
            }

            fn both(
                _: Caller<'_, Self>,
                a: i64,
                b: V128,
                c: V128,
            ) -> Result<(V128, V128), HostError> {
                Ok((c, V128::from_halves(b.low(), a as u64)))
            }
        }
    };
}

mixer!(vectors);
mixer!(exact);

macro_rules! use_vectors {
    ($guest:expr) => {{
        let mut guest = $guest;
        let a = V128::from([1_u32, 2, 3, 4]);
        let b = V128::from([10_u32, 20, 30, 0xffff_ffff]);
        assert_eq!(guest.identity(b).unwrap(), b);
        assert_eq!(guest.sum(a).unwrap(), 10);
        let ones = V128::from([u32::MAX; 4]);
        assert_eq!(guest.masked(ones).unwrap(), [0xff_u32, 0xff00, 0xff_0000, 0xff00_0000].into());
        guest.set_mask(a);
        assert_eq!((guest.mask(), guest.masked(ones).unwrap()), (a, a));
        assert_eq!(<[f64; 2]>::from(guest.halves()), [0.5, -0.5]);
        let split = guest.split(100, 200, 300, a, b, 0.5, a).unwrap();
        assert_eq!(split, V128::from([612_u32, 624, 636, 607]));
        assert_eq!(guest.one_left(1, b, a).unwrap(), V128::from([8_u32, 17, 26, u32::MAX - 5]));
        let (vector, reference, seven) = guest.pair(b, Some(ExternRef::new(3_u8))).unwrap();
        assert_eq!((vector, seven), (b, 7));
        assert_eq!(reference.unwrap().data().downcast_ref::<u8>(), Some(&3));
        assert_eq!(guest.mix(a, 5).unwrap(), V128::from([8_u32, 11, 14, 17]));
        assert!(guest.mix(a, -1).unwrap_err().to_string().contains("negative"));
        let (first, second) = guest.both(9, a, b).unwrap();
        assert_eq!((first, second), (b, V128::from([1_u32, 2, 9, 0])));
        guest
    }};
}

#[test]
fn vectors_are_values_like_others() {
    use_vectors!(vectors::Vectors::new(Mixer(3)).unwrap());
}

#[test]
fn options_make_arithmetic_the_same_everywhere() {
    let mut guest = use_vectors!(exact::Exact::new(Mixer(3)).unwrap());
    let nan = f32::from_bits(0xffa0_1234);
    assert_eq!(guest.nan(nan).unwrap().to_bits(), 0x7fc0_0000);
    // With one rounding it would be the largest number.
    let [big, two] = [f32::MAX, 2.0].map(|lane| V128::from([lane; 4]));
    let sum = guest.madd(big, two, V128::from([-f32::MAX; 4])).unwrap();
    assert_eq!(<[f32; 4]>::from(sum), [f32::INFINITY; 4]);
}

/// What the reactor imports beside WASI.
struct Offset;

impl reactor::Host for Offset {
    fn offset(_: Caller<'_, Self>) -> Result<i32, HostError> {
        Ok(1000)
    }
}

#[test]
fn a_wasi_reactor() {
    let wasi = WasiCtx::builder().arg("name").arg("x").build().unwrap();
    let mut guest = reactor::Reactor::new(Offset, wasi).unwrap();
    assert_eq!(guest.ready().unwrap(), 1, "it was initialised");
    assert_eq!(guest.arguments().unwrap(), (2, 7, 1000));
    assert_eq!(guest.memory().slice(guest.store(), 1000, 7).unwrap(), b"name\0x\0");
    assert_eq!(guest.outside().unwrap(), i32::from(Errno::Fault.code()));
    let mut without = reactor::Reactor::with_store(Store::new(Offset)).unwrap();
    let error = without.arguments().unwrap_err().to_string();
    assert!(error.contains("Store::set_wasi"), "{error}");
    for code in [0, 7, u32::MAX] {
        let error = guest.leave(code as i32).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Exit { code }));
    }
}

#[test]
fn threads_that_a_guest_asks_for() {
    let memory = SharedMemory::new(MemoryType::new(1, Some(1))).unwrap();
    let imports = spawner::SpawnerImports { memory };
    let with = |wasi| {
        let mut store = Store::new(());
        store.set_wasi(wasi);
        spawner::Spawner::with_store(store, imports.clone()).unwrap()
    };
    let mut guest = with(WasiCtx::builder().build().unwrap());
    assert_eq!(guest.spawn(1).unwrap(), -i32::from(Errno::NotSup.code()), "there are none");

    let for_threads = imports.clone();
    let make = move |new: NewThread| {
        let imports = for_threads.clone();
        if new.argument() == 0 {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        let run = move || {
            let mut store = Store::new(());
            store.set_wasi(new.ctx().clone());
            let mut guest = spawner::Spawner::with_store(store, imports).unwrap();
            guest.wasi_thread_start(new.id(), new.argument()).unwrap();
        };
        std::thread::Builder::new().spawn(run).map(drop)
    };
    let mut guest = with(WasiCtx::builder().threads(make).build().unwrap());
    let count = 8;
    let n = 1000;
    let ids: Vec<_> = (0..count).map(|_| guest.spawn(n).unwrap()).collect();
    assert_eq!(ids, Vec::from_iter(1..=count));
    // Each adds its own number and a smaller one each time.
    let sum: i32 = ids.iter().map(|id| id * n + n * (n + 1) / 2).sum();
    assert_eq!(guest.join(count).unwrap(), sum);
    assert_eq!(guest.spawn(0).unwrap(), -i32::from(Errno::Again.code()));
}
