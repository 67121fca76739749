//! Memories that nobody has used yet get what they start with only when somebody does. Nobody can tell:
//! whoever is the first to look, guest or host, by whatever way, sees a memory that was there all along.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

const PAGE: usize = 65536;

/// Where the guest's data are, and what.
const DATA: [(usize, &[u8]); 2] = [(100, b"the first"), (2 * PAGE - 4, b"last")];

const GUEST: &str = r#"(module
    (memory (export "memory") 2 4)
    (data (i32.const 100) "the first")
    (data (i32.const 131068) "last")
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "copy") (memory.copy (i32.const 0) (i32.const 100) (i32.const 9))))"#;

/// What the memory of [`GUEST`] starts with.
fn model() -> Vec<u8> {
    let mut bytes = vec![0; 2 * PAGE];
    DATA.iter().for_each(|(at, data)| bytes[*at..][..data.len()].copy_from_slice(data));
    bytes
}

type Use = fn(&mut Store<()>, Instance, Memory);

/// Ways to be the first.
const USES: [(&str, Use); 14] = [
    ("nobody", |_, _, _| {}),
    ("data", |store, _, memory| assert_eq!(memory.data(store), model())),
    ("data_mut", |store, _, memory| memory.data_mut(store)[7] = 9),
    ("both", |store, _, memory| memory.data_and_store_mut(store).0[7] = 9),
    ("slice", |store, _, memory| assert_eq!(memory.slice(store, 100, 9).unwrap(), DATA[0].1)),
    ("read", |store, _, memory| {
        let mut bytes = [0; 4];
        memory.read(store, 2 * PAGE as u64 - 4, &mut bytes).unwrap();
        assert_eq!(bytes, DATA[1].1);
    }),
    ("write", |store, _, memory| memory.write(store, 5 * 4096, b"written").unwrap()),
    ("outside", |store, _, memory| {
        assert!(memory.write(store, 2 * PAGE as u64 - 3, b"last").is_err());
    }),
    ("size", |store, _, memory| assert_eq!(memory.size(store), 2)),
    ("grow", |store, _, memory| assert_eq!(memory.grow(store, 1).unwrap(), 2)),
    ("load", |store, instance, _| {
        assert_eq!(typed::<u32, u32>(store, instance, "load", 100).unwrap(), u32::from(b't'));
    }),
    ("store", |store, instance, _| {
        typed::<(u32, u32), ()>(store, instance, "store", (3 * 4096, 1)).unwrap();
    }),
    ("memory.grow", |store, instance, _| {
        assert_eq!(typed::<(), u32>(store, instance, "grow", ()).unwrap(), 2);
    }),
    ("memory.copy", |store, instance, _| {
        typed::<(), ()>(store, instance, "copy", ()).unwrap();
    }),
];

/// One after the other, so that each instance may get what the one before leaves; often enough that every
/// way of making pages what they were is taken.
#[test]
fn whoever_is_first_sees_what_it_starts_with() {
    in_every_way(GUEST, |_, module| {
        for round in 0..4 {
            for (first, (name, used)) in USES.iter().enumerate() {
                println!("{name} in round {round}");
                let mut store = Store::new(());
                let instance = instance(&mut store, module);
                let memory = instance.get_memory(&store, "memory").unwrap();
                used(&mut store, instance, memory);
                // And the next instance.
                let (name, used) = USES[(first + round) % USES.len()];
                println!("then {name}");
                drop(store);
                let mut store = Store::new(());
                let instance = self::instance(&mut store, module);
                let memory = instance.get_memory(&store, "memory").unwrap();
                assert_eq!(memory.ty(&store), MemoryType::new(2, Some(4)));
                if round % 2 == 0 {
                    assert!(memory.data(&store) == model());
                }
                used(&mut store, instance, memory);
                let last = typed::<u32, u32>(&mut store, instance, "load", 2 * PAGE as u32 - 1);
                assert_eq!(last.unwrap(), u32::from(b't'));
            }
        }
    });
}

/// A guest that is under way comes to instances that are made meanwhile without a call of the host's.
#[test]
fn guests_under_way_find_new_instances_awake() {
    let outer = r#"(module
        (import "host" "make" (func $make))
        (type $load (func (param i32) (result i32)))
        (table (export "table") 1 funcref)
        (func (export "run") (param i32) (result i32)
          (call $make)
          (call_indirect (type $load) (local.get 0) (i32.const 0))))"#;
    together_in_every_way([("outer", outer), ("inner", GUEST)], |_, [outer, inner]| {
        let mut store = Store::new(None::<Table>);
        let make = Func::wrap(&mut store, move |mut caller: Caller<'_, Option<Table>>| {
            let instance = instance(&mut caller, inner);
            let load = instance.get_func(&caller, "load").unwrap();
            let table = caller.data().unwrap();
            table.set(&mut caller, 0, Val::FuncRef(Some(load)))
        });
        let imports = Imports::new().define("host", "make", make).clone();
        let outer = Instance::new(&mut store, outer, &imports).unwrap();
        *store.data_mut() = outer.get_table(&store, "table");
        for (at, data) in DATA {
            let loaded = typed::<u32, u32>(&mut store, outer, "run", at as u32).unwrap();
            assert_eq!(loaded, u32::from(data[0]));
        }
    });
}

/// Segments that code applies to a memory that sleeps: another instance's, and the module's own.
#[test]
fn segments_go_where_a_memory_sleeps() {
    let user = r#"(module
        (import "owner" "memory" (memory 2))
        (import "owner" "at" (global $at i32))
        (memory (export "own") 1)
        (data (global.get $at) "")
        (data (global.get $at) "user's")
        (data (memory 1) (global.get $at) "its own"))"#;
    let owner = r#"(module
        (memory (export "memory") 2)
        (global (export "at") i32 (i32.const 50000))
        (data (i32.const 49998) "the owner's"))"#;
    let beyond = r#"(module
        (import "owner" "memory" (memory 2))
        (data (i32.const 131072) "")
        (data (i32.const 131071) "ab"))"#;
    let guests = [("owner", owner), ("user", user), ("beyond", beyond)];
    together_in_every_way(guests, |_, [owner, user, beyond]| {
        let mut store = Store::new(());
        let owner = instance(&mut store, owner);
        let imports = Imports::new().instance("owner", &store, owner).clone();
        let user = Instance::new(&mut store, user, &imports).unwrap();
        let result = Instance::new(&mut store, beyond, &imports);
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        let (shared, own) = ("memory", "own");
        let shared = owner.get_memory(&store, shared).unwrap();
        assert_eq!(shared.slice(&store, 49_998, 12).unwrap(), b"thuser'sr's\0");
        assert_eq!(shared.data(&store)[2 * PAGE - 2..], [0, 0]);
        let own = user.get_memory(&store, own).unwrap();
        assert_eq!(own.slice(&store, 49_999, 9).unwrap(), b"\0its own\0");
    });
}

/// A start function's instance, and those whose functions it calls.
#[test]
fn start_functions_find_memories_awake() {
    let starter = r#"(module
        (import "guest" "load" (func $load (param i32) (result i32)))
        (import "guest" "memory" (memory $theirs 2))
        (memory $own 1)
        (data (memory $own) (i32.const 6) "x")
        (global (export "sum") (mut i32) (i32.const 0))
        (func $start
          (global.set 0 (i32.add
            (call $load (i32.const 100))
            (i32.add
              (i32.load8_u $theirs (i32.const 131069))
              (i32.load8_u $own (i32.const 6))))))
        (start $start))"#;
    together_in_every_way([("guest", GUEST), ("starter", starter)], |_, [guest, starter]| {
        let mut store = Store::new(());
        let guest = instance(&mut store, guest);
        let imports = Imports::new().instance("guest", &store, guest).clone();
        let starter = Instance::new(&mut store, starter, &imports).unwrap();
        let sum = starter.get_global(&store, "sum").unwrap().get(&store);
        assert!(
            matches!(sum, Val::I32(n) if n == i32::from(b't') + i32::from(b'a') + i32::from(b'x'))
        );
    });
}

/// What instances on several threads leave behind goes to instances on any of them.
#[test]
fn what_comes_and_goes_on_several_threads_is_as_if_new() {
    in_every_way(GUEST, |_, module| {
        let model = &model();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for round in 0..60 {
                        let mut store = Store::new(());
                        let mut all = [(); 3].map(|()| {
                            let instance = instance(&mut store, module);
                            (instance, instance.get_memory(&store, "memory").unwrap())
                        });
                        for (number, (instance, memory)) in all.iter_mut().enumerate() {
                            // Some are used, by guests or the host, in few places or in many; some grow.
                            let round = round * 3 + number;
                            if round % 4 == 0 {
                                continue;
                            }
                            assert!(memory.data(&store) == model);
                            if round % 5 == 0 {
                                let old = typed::<(), u32>(&mut store, *instance, "grow", ());
                                assert_eq!(old.unwrap(), 2);
                                assert!(memory.data(&store)[2 * PAGE..].iter().all(|&b| b == 0));
                            }
                            let bytes = memory.data_mut(&mut store);
                            let places = bytes.iter_mut().skip(thread * 100 + round);
                            places.step_by([4096, 65_536, 1][round % 3]).for_each(|b| *b = 0xee);
                        }
                    }
                });
            }
        });
    });
}

/// Length 0, which sleeping memories seem to have, is also that of some that are awake.
#[test]
fn memories_of_no_pages_grow() {
    let guest = r#"(module
        (memory (export "memory") 0 2)
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;
    in_every_way(guest, |_, module| {
        for first in 0..4 {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            match first {
                0 => assert_eq!(memory.size(&store), 0),
                1 => assert!(memory.data(&store).is_empty()),
                2 => assert!(memory.write(&mut store, 0, b"x").is_err()),
                _ => {}
            }
            assert_eq!(memory.grow(&mut store, 0).unwrap(), 0);
            assert_eq!(memory.grow(&mut store, 1).unwrap(), 0);
            assert_eq!(typed::<(), u32>(&mut store, instance, "grow", ()).unwrap(), 1);
            assert!(memory.data(&store) == [0; 2 * PAGE]);
            memory.data_mut(&mut store).fill(1);
        }
    });
}
