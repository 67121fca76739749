//! Guests that are compiled for a single instance: their memory is where code expects it, every byte up to the end
//! and none beyond, as fresh for each instance as any other; and there is no second one at the same time.

mod accesses;

use std::sync::{Mutex, MutexGuard, PoisonError};

use wasmaot::*;
use wasmaot_compiler::{Artifact, Config, MEMORY_ADDRESS, MemoryStyle, TrapStyle};
use wasmaot_tests::ways::{WAYS, Way, compiled, loaded, wasm, with_options_in_every_way};

use crate::child::{scenario, succeeded};
use crate::guests::*;
use crate::{loops, products, vectors};

const PAGE: u64 = 65536;

/// Held by each test here: all of them are in one process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // Another test that failed has dropped its instance.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn single(config: &mut Config) {
    config.single_instance = true;
}

/// Runs a test with a guest compiled for a single instance, in every way, while no other such test runs.
fn in_every_way(guest: impl AsRef<[u8]>, test: impl Fn(Way, Module)) {
    let _alone = alone();
    with_options_in_every_way(guest, single, test);
}

/// Whether a memory is at the address if it can be.
fn is_fixed(way: Way) -> bool {
    cfg!(target_arch = "x86_64") && way.traps == TrapStyle::Signals
}

/// The ways in which a memory is at the address.
fn fixed() -> impl Iterator<Item = Way> {
    WAYS.into_iter().filter(|way| is_fixed(*way))
}

fn artifact(guest: &str, way: Way, name: &str) -> Artifact {
    let mut config = way.config(name);
    single(&mut config);
    compiled(guest, &config)
}

fn start(store: &Store<()>, instance: Instance) -> usize {
    instance.get_memory(store, "memory").unwrap().data(store).as_ptr() as usize
}

/// Writes where it is told, and has something in its memory to begin with.
const WRITER: &str = r#"(module (memory (export "memory") 2 8)
    (data (i32.const 100) "in the beginning")
    (data (i32.const 131056) "at the very end")
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

/// Another, of another size.
const OTHER: &str = r#"(module (memory (export "memory") 5)
    (data (i32.const 70000) "of the other")
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

/// What they start with.
fn initial(which: usize) -> Vec<u8> {
    let (pages, data): (usize, &[(usize, &[u8])]) = match which {
        0 => (2, &[(100, b"in the beginning"), (131_056, b"at the very end")]),
        _ => (5, &[(70_000, b"of the other")]),
    };
    let mut bytes = vec![0; pages << 16];
    data.iter().for_each(|(at, data)| bytes[*at..][..data.len()].copy_from_slice(data));
    bytes
}

#[test]
fn one_instance_after_the_other_has_a_fresh_memory() {
    let _alone = alone();
    for way in fixed() {
        // Of two sizes, and with two amounts of address space behind them.
        let mut far = way.config("far");
        far.memory = MemoryStyle { reservation: 6 << 30, guard: 1 << 20 };
        single(&mut far);
        let artifacts =
            [artifact(WRITER, way, "writer"), artifact(OTHER, way, "other"), compiled(OTHER, &far)];
        let modules = loaded(&artifacts);
        for round in 0..60 {
            // Each after each.
            let which = [0, 0, 1, 1, 2, 2, 0, 2, 1][round % 9];
            let mut store = Store::new(());
            let instance = instance(&mut store, modules[which]);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let what = format!("{way:?}: round {round}, {which}");
            assert_eq!(start(&store, instance), MEMORY_ADDRESS as usize, "{what}");
            assert!(memory.data(&store) == initial(which), "{what}");
            if round % 4 == 3 {
                continue;
            }
            let grow = [0, 3, 2][round % 3];
            typed::<u32, i32>(&mut store, instance, "grow", grow).unwrap();
            let len = (memory.size(&store) * PAGE) as u32;
            for at in (0..len).step_by(4096 / 2).chain([0, 100, 70_000, len - 1]) {
                typed::<(u32, u32), ()>(&mut store, instance, "store", (at, 0xee)).unwrap();
                assert_eq!(typed::<u32, u32>(&mut store, instance, "load", at).unwrap(), 0xee);
            }
            let beyond = typed::<u32, u32>(&mut store, instance, "load", len);
            assert_eq!(code(beyond), TrapCode::MemoryOutOfBounds, "{what}");
        }
    }
}

/// The words that say why there is no second instance.
#[track_caller]
fn assert_refused(result: Result<Instance>) {
    let error = result.expect_err("a second instance").to_string();
    for words in ["another instance", "single one"] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_second_instance_is_refused_until_the_first_is_gone() {
    let _alone = alone();
    for way in fixed() {
        let modules = loaded(&[artifact(WRITER, way, "writer"), artifact(OTHER, way, "other")]);
        for [first_of, second_of] in [[0, 0], [0, 1], [1, 0]] {
            let (mut store, mut other) = (Store::new(()), Store::new(()));
            let first = instance(&mut store, modules[first_of]);
            typed::<(u32, u32), ()>(&mut store, first, "store", (70_000, 7)).unwrap();
            let memory = first.get_memory(&store, "memory").unwrap();
            for _ in 0..3 {
                let imports = Imports::new();
                assert_refused(Instance::new(&mut store, modules[second_of], &imports));
                assert_refused(Instance::new(&mut other, modules[second_of], &imports));
                // The one that there is goes on as if nothing had been.
                let pages = memory.size(&store) as u32;
                let end = pages << 16;
                let load = |store: &mut _, at| typed::<u32, u32>(store, first, "load", at);
                assert_eq!(load(&mut store, 70_000).unwrap(), 7);
                assert_eq!(code(load(&mut store, end)), TrapCode::MemoryOutOfBounds);
                assert_eq!(typed::<_, u32>(&mut store, first, "grow", 1u32).unwrap(), pages);
                assert_eq!(load(&mut store, end).unwrap(), 0);
            }
            drop(store);
            let second = instance(&mut other, modules[second_of]);
            let memory = second.get_memory(&other, "memory").unwrap();
            assert!(memory.data(&other) == initial(second_of));
            assert_refused(Instance::new(Store::new(()), modules[first_of], &Imports::new()));
        }
    }
}

/// One that traps when it starts is there all the same, until its store is dropped.
#[test]
fn an_instance_that_did_not_start_goes_with_its_store() {
    const GUEST: &str = r#"(module (import "host" "fails" (global $fails i32)) (memory 1)
        (func $start (i32.store (i32.const 8) (i32.load (i32.const 8)))
            (if (global.get $fails) (then unreachable)))
        (start $start))"#;
    in_every_way(GUEST, |way, module| {
        let new = |store: &mut Store<()>, fails: bool| {
            let ty = GlobalType::new(ValType::I32, false);
            let fails = Global::new(&mut *store, ty, Val::I32(fails.into())).unwrap();
            Instance::new(store, module, Imports::new().define("host", "fails", fails))
        };
        for _ in 0..3 {
            let mut store = Store::new(());
            assert_eq!(code(new(&mut store, true)), TrapCode::Unreachable);
            if is_fixed(way) {
                assert_refused(new(&mut Store::new(()), false));
            }
            drop(store);
            new(&mut Store::new(()), false).unwrap();
        }
    });
}

#[test]
fn threads_take_turns() {
    let _alone = alone();
    let Some(way) = fixed().next() else { return };
    let module = loaded(&[artifact(WRITER, way, "writer")])[0];
    let made = std::thread::scope(|scope| {
        let one = || {
            let mut made = 0;
            while made < 50 {
                let mut store = Store::new(());
                let Ok(instance) = Instance::new(&mut store, module, &Imports::new()) else {
                    std::thread::yield_now();
                    continue;
                };
                let memory = instance.get_memory(&store, "memory").unwrap();
                assert!(memory.data(&store) == initial(0));
                typed::<(u32, u32), ()>(&mut store, instance, "store", (70_000, 7)).unwrap();
                made += 1;
            }
            made
        };
        let threads = [(); 3].map(|()| scope.spawn(one));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(made, [50; 3]);
}

/// A host that has something of its own where the memory has to be.
#[test]
fn a_host_that_needs_the_address_gets_an_error() {
    if fixed().next().is_some() {
        succeeded(scenario("address_taken"));
    }
}

#[test]
fn the_host_sees_the_same_memory() {
    in_every_way(WRITER, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(start(&store, instance) == MEMORY_ADDRESS as usize, is_fixed(way), "{way:?}");
        let mut bytes = [0; 16];
        memory.read(&store, 100, &mut bytes).unwrap();
        assert_eq!(&bytes, b"in the beginning");
        memory.write(&mut store, 2 * PAGE - 2, b"xy").unwrap();
        let load = |store: &mut _, at| typed::<u32, u32>(store, instance, "load", at);
        assert_eq!(load(&mut store, 131_071).unwrap(), u32::from(b'y'));
        memory.data_mut(&mut store)[5] = 6;
        assert_eq!(load(&mut store, 5).unwrap(), 6);
        typed::<(u32, u32), ()>(&mut store, instance, "store", (4096, 77)).unwrap();
        assert_eq!(memory.data(&store)[4096], 77);
        assert!(memory.write(&mut store, 2 * PAGE - 1, b"xy").is_err());
        assert_eq!(memory.grow(&mut store, 6).unwrap(), 2);
        assert!(memory.grow(&mut store, 1).is_err());
        assert_eq!(load(&mut store, 8 * PAGE as u32 - 1).unwrap(), 0);
        assert_eq!(code(load(&mut store, 8 * PAGE as u32)), TrapCode::MemoryOutOfBounds);
        assert_eq!(start(&store, instance) == MEMORY_ADDRESS as usize, is_fixed(way), "{way:?}");
    });
}

/// What is done with a memory by its name, and an index of its type.
fn of_memory(memory: &str, index: &str) -> String {
    format!(
        r#"(func (export "store {memory}") (param {index} i64) (i64.store ${memory} offset=8 (local.get 0) (local.get 1)))
        (func (export "load {memory}") (param {index}) (result i64) (i64.load ${memory} offset=8 (local.get 0)))
        (func (export "load 16 {memory}") (result i64) (i64.load ${memory} ({index}.const 16)))
        (func (export "sum {memory}") (param {index} {index}) (result i64) (local i64)
            (loop $again
                (local.set 2 (i64.add (local.get 2) (i64.load ${memory} (local.get 0))))
                (local.set 0 ({index}.add (local.get 0) ({index}.const 8)))
                (local.set 1 ({index}.sub (local.get 1) ({index}.const 1)))
                (br_if $again ({index}.ne (local.get 1) ({index}.const 0))))
            (local.get 2))"#
    )
}

/// Several memories: the host's, the one at the address, another one.
#[test]
fn the_first_of_its_own_memories_is_at_the_address() {
    let memories = ["host", "own", "third"];
    let guest = format!(
        r#"(module (import "host" "memory" (memory $host 1 4))
            (memory $own (export "own") 1 4) (memory $third (export "third") 1 4)
            (func (export "copy") (memory.copy $own $host (i32.const 0) (i32.const 0) (i32.const 64))
                (memory.copy $third $own (i32.const 0) (i32.const 0) (i32.const 64)))
            {})"#,
        memories.map(|memory| of_memory(memory, "i32")).concat()
    );
    in_every_way(&guest, |way, module| {
        let mut store = Store::new(());
        let host = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
        let imports = Imports::new().define("host", "memory", host).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let [own, third] =
            ["own", "third"].map(|memory| instance.get_memory(&store, memory).unwrap());
        let all = [host, own, third];
        let at = all.map(|memory| memory.data(&store).as_ptr() as usize);
        let expected = [false, is_fixed(way), false];
        assert_eq!(at.map(|at| at == MEMORY_ADDRESS as usize), expected, "{way:?}");
        for (number, (name, memory)) in memories.into_iter().zip(all).enumerate() {
            let number = number as i64 + 1;
            let stored = format!("store {name}");
            for place in 0..5 {
                let params = (8 * place, number * 100 + i64::from(place));
                typed::<(i32, i64), ()>(&mut store, instance, &stored, params).unwrap();
            }
            memory.write(&mut store, PAGE - 8, &number.to_le_bytes()).unwrap();
        }
        for (number, name) in memories.into_iter().enumerate() {
            let number = number as i64 + 1;
            let load = format!("load {name}");
            let mut at = |at: i32| typed::<i32, i64>(&mut store, instance, &load, at);
            assert_eq!(at(24).unwrap(), number * 100 + 3, "{way:?}");
            assert_eq!(at(PAGE as i32 - 16).unwrap(), number, "{way:?}");
            assert_eq!(code(at(PAGE as i32 - 15)), TrapCode::MemoryOutOfBounds, "{way:?}");
            assert_eq!(code(at(-1)), TrapCode::MemoryOutOfBounds, "{way:?}");
            let known = format!("load 16 {name}");
            let known = typed::<(), i64>(&mut store, instance, &known, ());
            assert_eq!(known.unwrap(), number * 100 + 1, "{way:?}");
            let sum = format!("sum {name}");
            let sum = typed::<(i32, i32), i64>(&mut store, instance, &sum, (8, 5));
            assert_eq!(sum.unwrap(), number * 500 + 10, "{way:?}");
        }
        typed::<(), ()>(&mut store, instance, "copy", ()).unwrap();
        for memory in [own, third] {
            assert_eq!(memory.data(&store)[..64], host.data(&store)[..64], "{way:?}");
        }
    });
}

/// Of these none is at the address.
#[test]
fn other_memories_are_anywhere() {
    let defined = |memory: &str| format!("(memory $it (export \"memory\") {memory})");
    let cases = [
        (defined("i64 1 2"), "i64", false),
        (defined("1 2 shared"), "i32", true),
        (
            "(import \"host\" \"memory\" (memory $it 1 2)) (export \"memory\" (memory $it))".into(),
            "i32",
            false,
        ),
        // Beside one that is not: not the first.
        (format!("(memory i64 1 2) {}", defined("1 2")), "i32", false),
    ];
    for (memory, index, shared) in cases {
        let guest = format!("(module {memory} {})", of_memory("it", index));
        in_every_way(guest, |way, module| {
            let mut store = Store::new(());
            let mut imports = Imports::new();
            if module.imports().len() > 0 {
                let memory = Memory::new(&mut store, MemoryType::new(1, Some(2))).unwrap();
                imports.define("host", "memory", memory);
            }
            let instance = Instance::new(&mut store, module, &imports).unwrap();
            let memory = instance.get_memory(&store, "memory").unwrap();
            if !shared {
                assert_ne!(start(&store, instance), MEMORY_ADDRESS as usize, "{way:?}");
            }
            let index = |at: i64| match index {
                "i64" => Val::I64(at),
                _ => Val::I32(at as i32),
            };
            for (at, inside) in
                [(0, true), (PAGE - 16, true), (PAGE - 15, false), (u64::MAX, false)]
            {
                let at = index(at as i64);
                let stored = call(&mut store, instance, "store it", &[at.clone(), Val::I64(5)]);
                let found = call(&mut store, instance, "load it", &[at]);
                match inside {
                    true => assert_eq!((stored.is_ok(), found.unwrap()[0].i64()), (true, Some(5))),
                    false => {
                        assert_eq!(code(stored), TrapCode::MemoryOutOfBounds, "{way:?}");
                        assert_eq!(code(found), TrapCode::MemoryOutOfBounds, "{way:?}");
                    }
                }
            }
            let sum = call(&mut store, instance, "sum it", &[index(0), index(8192)]);
            assert_eq!(sum.unwrap()[0].i64(), Some(10), "{way:?}");
            let sum = call(&mut store, instance, "sum it", &[index(8), index(8192)]);
            assert_eq!(code(sum), TrapCode::MemoryOutOfBounds, "{way:?}");
            assert_eq!(memory.size(&store), 1);
        });
    }
}

/// A memory at the address that another guest, of any kind, uses.
#[test]
fn others_can_import_it() {
    const USER: &str = r#"(module (import "owner" "memory" (memory 2))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;
    let _alone = alone();
    for way in fixed() {
        let users = WAYS.map(|way| compiled(USER, &way.config("user")));
        let mut artifacts = vec![artifact(WRITER, way, "writer")];
        artifacts.extend(users);
        let modules = loaded(&artifacts);
        for &user in &modules[1..] {
            let mut store = Store::new(());
            let owner = instance(&mut store, modules[0]);
            let imports = Imports::new().instance("owner", &store, owner).clone();
            let user = Instance::new(&mut store, user, &imports).unwrap();
            typed::<(u32, u32), ()>(&mut store, user, "store", (90_000, 9)).unwrap();
            assert_eq!(typed::<u32, u32>(&mut store, owner, "load", 90_000).unwrap(), 9);
            assert_eq!(typed::<u32, u32>(&mut store, user, "load", 100).unwrap(), 105);
            let outside = typed::<u32, u32>(&mut store, user, "load", 131_072);
            assert_eq!(code(outside), TrapCode::MemoryOutOfBounds);
        }
    }
}

#[test]
fn loops_do_what_they_do_anywhere() {
    let _alone = alone();
    loops::turns_do_what_they_do(single);
}

#[test]
fn wide_numbers_are_what_they_are_anywhere() {
    let _alone = alone();
    products::right_products(single);
    products::products_that_do_not_fit(single);
    products::sums_of_what_is_stored(single);
}

#[test]
fn vectors_end_where_the_memory_does() {
    let _alone = alone();
    vectors::accesses_end_where_the_memory_does(single);
}

#[test]
fn traps_say_where_they_are() {
    const GUEST: &str = r#"(module (memory (export "memory") 1)
        (func $inner (param i32) (result i32)
            (i32.store offset=64 (local.get 0) (i32.const 1))
            (i32.load offset=0x20000000 (local.get 0)))
        (func $outer (export "outer") (param i32) (result i32)
            (drop (i32.load (i32.const 128)))
            (call $inner (local.get 0)))
        (func $divide (export "divide") (param i32) (result i32)
            (i32.div_u (i32.load (i32.const 128)) (local.get 0)))
        (func (export "fine") (param i32) (result i32)
            (i32.add (i32.load offset=64 (local.get 0)) (i32.const 41))))"#;
    let wasm = wasm(GUEST);
    in_every_way(&wasm, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for at in [0, 64, 65536, -4] {
            let found = trap(typed::<i32, i32>(&mut store, instance, "outer", at));
            assert_eq!(found.code(), TrapCode::MemoryOutOfBounds, "{way:?}");
            let stored = (0..65536).contains(&at);
            let operator = if stored { "I32Load" } else { "I32Store" };
            let inner = offsets(&wasm, 0, operator)[0];
            let outer = offsets(&wasm, 1, "Call")[0];
            let frames: Vec<_> = found
                .frames()
                .iter()
                .map(|frame| (frame.func_name().unwrap().to_owned(), frame.wasm_offset()))
                .collect();
            let expected = [("inner".to_owned(), Some(inner)), ("outer".to_owned(), Some(outer))];
            assert_eq!(frames, expected, "{way:?} {at}");
            let divided = trap(typed::<i32, i32>(&mut store, instance, "divide", 0));
            assert_eq!(divided.code(), TrapCode::IntegerDivideByZero, "{way:?}");
            assert_eq!(divided.wasm_offset(), Some(offsets(&wasm, 2, "I32DivU")[0]), "{way:?}");
            assert_eq!(typed::<i32, i32>(&mut store, instance, "fine", 0).unwrap(), 42, "{way:?}");
        }
    });
}
