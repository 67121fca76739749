//! Shared memories: one memory, stores on many threads. What it is to a host and to a guest; how
//! it grows while others use it; what a trap on one thread is to the others.

use std::sync::Barrier;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

const PAGE: u64 = 65536;

/// A shared memory that guests import as `memory` of `env`.
pub fn memory(min: u64, max: u64) -> SharedMemory {
    SharedMemory::new(MemoryType::new(min, Some(max)).shared()).unwrap()
}

/// An instance of a guest that imports nothing but `memory` of `env`.
pub fn with_memory(store: &mut Store<()>, module: Module, memory: &SharedMemory) -> Instance {
    let memory = Memory::from_shared(&mut *store, memory);
    let imports = Imports::new().define("env", "memory", memory).clone();
    Instance::new(store, module, &imports).expect("an instance")
}

/// Runs one closure per thread, each with an instance of its own over one memory, all starting at
/// once; their results in order.
pub fn on_threads<R: Send>(
    module: Module,
    memory: &SharedMemory,
    threads: usize,
    body: impl Fn(usize, &mut Store<()>, Instance) -> R + Sync,
) -> Vec<R> {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let run = |i| {
            let (barrier, body) = (&barrier, &body);
            scope.spawn(move || {
                let mut store = Store::new(());
                let instance = with_memory(&mut store, module, memory);
                barrier.wait();
                body(i, &mut store, instance)
            })
        };
        let threads: Vec<_> = (0..threads).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A name, the type of the operand and of the result, the bytes accessed.
const WIDTHS: [(&str, &str, &str, u64); 7] = [
    ("i32", "", "", 4),
    ("i64", "", "", 8),
    ("i32", "8", "_u", 1),
    ("i32", "16", "_u", 2),
    ("i64", "8", "_u", 1),
    ("i64", "16", "_u", 2),
    ("i64", "32", "_u", 4),
];

/// A function for every atomic access, at a parameter plus an offset, named by what it does.
fn every_access(offset: u64) -> String {
    let mut guest = String::new();
    for (ty, width, u, _) in WIDTHS {
        let at = format!("offset={offset} (local.get 0)");
        guest += &format!(
            r#"(func (export "load {ty} {width}") (param i32) (result {ty})
                 ({ty}.atomic.load{width}{u} {at}))
               (func (export "store {ty} {width}") (param i32 {ty})
                 ({ty}.atomic.store{width} {at} (local.get 1)))
               (func (export "cmpxchg {ty} {width}") (param i32 {ty} {ty}) (result {ty})
                 ({ty}.atomic.rmw{width}.cmpxchg{u} {at} (local.get 1) (local.get 2)))"#
        );
        for op in ["add", "sub", "and", "or", "xor", "xchg"] {
            guest += &format!(
                r#"(func (export "{op} {ty} {width}") (param i32 {ty}) (result {ty})
                     ({ty}.atomic.rmw{width}.{op}{u} {at} (local.get 1)))"#
            );
        }
    }
    guest
}

fn bits(value: &Val) -> u64 {
    match *value {
        Val::I32(value) => u64::from(value as u32),
        Val::I64(value) => value as u64,
        _ => panic!("an integer"),
    }
}

fn value(ty: &str, bits: u64) -> Val {
    if ty == "i32" { Val::I32(bits as i32) } else { Val::I64(bits as i64) }
}

/// Every access of every width, against arithmetic on an array of bytes; in shared memories and
/// others, at each place in eight bytes, with an offset that makes the address even or odd.
#[test]
fn every_atomic_access() {
    const OPERANDS: [u64; 3] = [0x0123_4567_89ab_cdef, u64::MAX, 0x8000_8080_8080_8081];
    const BEFORE: [u64; 2] = [0xf0e1_d2c3_b4a5_9687, 0x7fff_0000_ffff_ff80];
    for (shared, offset) in [(false, 0), (true, 3)] {
        let memory = if shared { "(memory 1 2 shared)" } else { "(memory 1)" };
        let guest = format!(
            r#"(module {memory} {}
                 (func (export "set") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
                 (func (export "get") (param i32) (result i64) (i64.load (local.get 0))))"#,
            every_access(offset)
        );
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            for (ty, width, _, size) in WIDTHS {
                let mask = u64::MAX >> (64 - 8 * size);
                for place in 0..8 {
                    for (op, operands) in
                        [("load", 0), ("store", 1), ("add", 1), ("sub", 1), ("and", 1), ("or", 1)]
                            .into_iter()
                            .chain([("xor", 1), ("xchg", 1)])
                            // With the expected value, one that differs where it does not count,
                            // and another.
                            .chain([("cmpxchg", 2), ("cmpxchg", 3), ("cmpxchg", 4)])
                    {
                        let (operand, before) = (OPERANDS[place % 3], BEFORE[place % 2]);
                        let effective = 64 + place as u64;
                        let index = value("i32", effective - offset);
                        let mut params = vec![index, value(ty, operand)];
                        let shift = 8 * place as u64;
                        let old = before.checked_shr(shift as u32).unwrap() & mask;
                        if op == "cmpxchg" {
                            let difference = [0, !mask, 1][operands - 2];
                            params.insert(1, value(ty, old ^ difference));
                        }
                        params.truncate(1 + operands);
                        let set = [Val::I32(64), Val::I64(before as i64)];
                        call(&mut store, instance, "set", &set).unwrap();
                        let name = format!("{op} {ty} {width}");
                        let result = call(&mut store, instance, &name, &params);
                        if !effective.is_multiple_of(size) {
                            assert_eq!(code(result), TrapCode::UnalignedAtomic, "{name}");
                            continue;
                        }
                        let new = match op {
                            "load" => old,
                            "store" | "xchg" => operand,
                            "add" => old.wrapping_add(operand),
                            "sub" => old.wrapping_sub(operand),
                            "and" => old & operand,
                            "or" => old | operand,
                            "xor" => old ^ operand,
                            _ if operands < 4 => operand,
                            _ => old,
                        };
                        let result = result.unwrap();
                        let wanted = if op == "store" { vec![] } else { vec![old] };
                        assert_eq!(result.iter().map(bits).collect::<Vec<_>>(), wanted, "{name}");
                        let after = call(&mut store, instance, "get", &[Val::I32(64)]).unwrap();
                        let wanted = before & !(mask << shift) | (new & mask) << shift;
                        assert_eq!(bits(&after[0]), wanted, "{name} at {place}");
                    }
                }
            }
        });
    }
}

/// The alignment counts first, then the bounds; what is behind the memory is out of bounds for
/// each access, waiting and waking included.
#[test]
fn atomic_accesses_trap_in_order() {
    for offset in [0, 1, 65536] {
        for shared in ["", "2 shared"] {
            let guest = format!(
                r#"(module (memory 1 {shared}) {}
                     (func (export "wait4") (param i32) (result i32)
                       (memory.atomic.wait32 offset={offset}
                         (local.get 0) (i32.const 1) (i64.const -1)))
                     (func (export "wait8") (param i32) (result i32)
                       (memory.atomic.wait64 offset={offset}
                         (local.get 0) (i64.const 1) (i64.const -1)))
                     (func (export "notify4") (param i32) (result i32)
                       (memory.atomic.notify offset={offset} (local.get 0) (i32.const -1)))
                     (func (export "constant") (drop (i32.atomic.load (i32.const 65538))))
                     (func (export "far") (drop (i32.atomic.load (i32.const 65536)))))"#,
                every_access(offset)
            );
            in_every_way(guest, |_, module| {
                let mut store = Store::new(());
                let instance = instance(&mut store, module);
                let accesses = WIDTHS.into_iter().flat_map(|(ty, width, _, size)| {
                    let params = [vec![], vec![value(ty, 0)], vec![value(ty, 0), value(ty, 0)]];
                    ["load", "store", "add", "xchg", "cmpxchg"]
                        .into_iter()
                        .zip([0, 1, 1, 1, 2])
                        .map(move |(op, n)| (format!("{op} {ty} {width}"), size, params[n].clone()))
                });
                let waits = [("wait4", 4), ("wait8", 8), ("notify4", 4)];
                let waits = waits.map(|(name, size)| (name.to_owned(), size, vec![]));
                for (name, size, rest) in accesses.chain(waits) {
                    for effective in 65520..65536 + 16u64 {
                        let Some(index) = effective.checked_sub(offset) else { continue };
                        let mut params = vec![Val::I32(index as i32)];
                        params.extend(rest.iter().cloned());
                        let result = call(&mut store, instance, &name, &params);
                        if !effective.is_multiple_of(size) {
                            assert_eq!(code(result), TrapCode::UnalignedAtomic, "{name}");
                        } else if effective + size > PAGE {
                            assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{name}");
                        } else if name.starts_with("wait") && shared.is_empty() {
                            assert_eq!(code(result), TrapCode::ExpectedSharedMemory, "{name}");
                        } else if name.starts_with("wait") {
                            assert_eq!(bits(&result.unwrap()[0]), 1, "{name}");
                        } else if name.starts_with("notify") {
                            assert_eq!(bits(&result.unwrap()[0]), 0, "{name}");
                        } else {
                            result.unwrap();
                        }
                    }
                }
                let constant = call(&mut store, instance, "constant", &[]);
                assert_eq!(code(constant), TrapCode::UnalignedAtomic);
                let far = call(&mut store, instance, "far", &[]);
                assert_eq!(code(far), TrapCode::MemoryOutOfBounds);
            });
        }
    }
}

/// Shared memories with 64-bit indices and with pages of one byte, beside others.
#[test]
fn shared_memories_of_other_kinds() {
    let guest = r#"(module
        (memory $own 1)
        (memory $wide (export "wide") i64 1 4 shared)
        (memory $bytes (export "bytes") 100 200 shared (pagesize 1))
        (data (memory $bytes) (i32.const 90) "0123456789")
        (func (export "add") (param i64 i64) (result i64)
          (i64.atomic.rmw.add $wide offset=8 (local.get 0) (local.get 1)))
        (func (export "wait") (param i64 i64) (result i32)
          (memory.atomic.wait64 $wide offset=16 (local.get 0) (i64.const 0) (local.get 1)))
        (func (export "notify") (param i64) (result i32)
          (i32.sub (memory.atomic.notify $wide offset=0xffffffffff (local.get 0) (i32.const -1))
            (memory.atomic.notify $bytes (i32.const 24) (i32.const -1))))
        (func (export "last") (param i32) (result i32)
          (i32.atomic.rmw8.xchg_u $bytes (local.get 0) (i32.const 7)))
        (func (export "last4") (param i32) (result i32)
          (i32.atomic.load $bytes (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow $bytes (local.get 0)))
        (func (export "copy")
          (memory.copy $own $bytes (i32.const 1) (i32.const 90) (i32.const 10))
          (memory.copy $wide $own (i64.const 0) (i32.const 0) (i32.const 64))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let get = |store: &Store<()>, name| {
            instance.get_memory(store, name).unwrap().as_shared(store).unwrap()
        };
        let (wide, bytes) = (get(&store, "wide"), get(&store, "bytes"));
        assert_eq!((wide.data_size(), bytes.data_size()), (65536, 100));

        call(&mut store, instance, "copy", &[]).unwrap();
        let mut copied = [0; 12];
        wide.read(0, &mut copied).unwrap();
        assert_eq!(&copied, b"\x000123456789\0");

        let mut add = |at: i64| typed::<_, i64>(&mut store, instance, "add", (at, 5i64));
        assert_eq!((add(1000).unwrap(), add(1000).unwrap()), (0, 5));
        add(65536 - 16).unwrap();
        // 8 is added to each: beyond the end, and beyond what 64 bits hold.
        for at in [65536 - 8, 1 << 32, -8, -16, i64::MIN] {
            assert_eq!(code(add(at)), TrapCode::MemoryOutOfBounds, "{at}");
        }
        assert_eq!(code(add(-1)), TrapCode::UnalignedAtomic);
        let mut wait = |at: i64| typed::<_, i32>(&mut store, instance, "wait", (at, 1000i64));
        assert_eq!((wait(8).unwrap(), wait(992).unwrap()), (2, 1));
        assert_eq!(code(wait(-16)), TrapCode::MemoryOutOfBounds);
        let notify = typed::<_, i32>(&mut store, instance, "notify", 1i64);
        assert_eq!(code(notify), TrapCode::MemoryOutOfBounds);

        let mut last = |at: i32| typed::<_, i32>(&mut store, instance, "last", at);
        assert_eq!((last(99).unwrap(), last(99).unwrap()), (i32::from(b'9'), 7));
        assert_eq!(code(last(100)), TrapCode::MemoryOutOfBounds);
        assert_eq!(typed::<_, i32>(&mut store, instance, "grow", 3).unwrap(), 100);
        assert_eq!(bytes.size(), 103);
        for (at, fits) in [(96, true), (100, false)] {
            let result = typed::<_, i32>(&mut store, instance, "last4", at);
            assert_eq!(result.is_ok(), fits);
        }
        assert_eq!(typed::<_, i32>(&mut store, instance, "last", 102).unwrap(), 0);

        // Woken up on another thread, at the place that the guest means.
        thread::scope(|scope| {
            scope.spawn(|| while wide.atomic_notify(4016, 1).unwrap() == 0 {});
            let wait = typed::<_, i32>(&mut store, instance, "wait", (4000i64, -1i64));
            assert_eq!(wait.unwrap(), 0);
        });
    });
}

const BULK: &str = r#"(module
    (import "env" "memory" (memory 1 8 shared))
    (data "once upon a time")
    (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "init") (param i32) (memory.init 0 (local.get 0) (i32.const 0) (i32.const 16)))
    (func (export "copy") (param i32 i32 i32)
      (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32)
      (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#;

/// What one store's guest or a host writes, all others see; the size is everybody's.
#[test]
fn one_memory_of_many() {
    in_every_way(BULK, |_, module| {
        let memory = memory(1, 8);
        let mut stores: Vec<_> = (0..3)
            .map(|_| {
                let mut store = Store::new(());
                let instance = with_memory(&mut store, module, &memory);
                (store, instance)
            })
            .collect();
        memory.write(7, b"host").unwrap();
        for (store, instance) in &mut stores {
            assert_eq!(typed::<i32, i32>(store, *instance, "load", 9).unwrap(), i32::from(b's'));
        }
        let (store, instance) = &mut stores[0];
        typed::<i32, ()>(&mut *store, *instance, "init", 100).unwrap();
        typed::<(i32, i32, i32), ()>(&mut *store, *instance, "copy", (300, 100, 16)).unwrap();
        typed::<(i32, i32, i32), ()>(&mut *store, *instance, "copy", (302, 300, 200)).unwrap();
        typed::<(i32, i32, i32), ()>(&mut *store, *instance, "fill", (400, 0x33, 100)).unwrap();
        let mut bytes = [0; 20];
        memory.read(300, &mut bytes).unwrap();
        assert_eq!(&bytes, b"ononce upon a time\0\0");
        memory.read(490, &mut bytes).unwrap();
        assert_eq!(bytes, [[0x33; 10], [0; 10]].concat()[..]);
        let result = typed::<(i32, i32, i32), ()>(&mut *store, *instance, "fill", (65530, 0, 7));
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        let result = typed::<(i32, i32, i32), ()>(&mut *store, *instance, "copy", (0, 65530, 7));
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        let result = typed::<i32, ()>(&mut *store, *instance, "init", 65521);
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);

        assert_eq!(typed::<i32, i32>(&mut *store, *instance, "grow", 2).unwrap(), 1);
        assert_eq!(memory.grow(1).unwrap(), 3);
        assert_eq!((memory.size(), memory.data_size()), (4, 4 * PAGE as usize));
        assert_eq!(memory.ty(), MemoryType::new(4, Some(8)).shared());
        memory.write(4 * PAGE - 1, &[42]).unwrap();
        for (store, instance) in &mut stores {
            assert_eq!(typed::<(), i32>(&mut *store, *instance, "size", ()).unwrap(), 4);
            let last = 4 * PAGE as i32 - 1;
            assert_eq!(typed::<i32, i32>(&mut *store, *instance, "load", last).unwrap(), 42);
            let result = typed::<i32, i32>(&mut *store, *instance, "load", last + 1);
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
            assert_eq!(typed::<i32, i32>(&mut *store, *instance, "grow", 5).unwrap(), -1);
        }
        assert!(memory.grow(5).is_err());
        // The memory outlives the handle as long as a store uses it.
        drop(memory);
        let (store, instance) = &mut stores[2];
        assert_eq!(typed::<i32, i32>(&mut *store, *instance, "load", 9).unwrap(), i32::from(b's'));
    });
}

/// A module that defines a shared memory makes it when it is instantiated, with what it starts
/// with, small or large (that is, mapped), and others import it.
#[test]
fn defined_by_a_guest() {
    let large = "x".repeat(100_000);
    let guest = format!(
        r#"(module
             (memory (export "memory") 3 5 shared)
             (data (i32.const 16) "small")
             (data (i32.const 65536) "{large}")
             (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
             (func (export "atomic") (param i32) (result i32) (i32.atomic.load8_u (local.get 0)))
             (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
             (func (export "size") (result i32) (memory.size))
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#
    );
    let other = BULK.replace("1 8 shared", "3 5 shared");
    together_in_every_way([("defines", guest), ("imports", other)], |_, [defines, imports]| {
        let mut store = Store::new(());
        let first = instance(&mut store, defines);
        let exported = first.get_memory(&store, "memory").unwrap();
        let memory = exported.as_shared(&store).expect("a shared memory");
        assert_eq!(exported.ty(&store), memory.ty());
        let mut bytes = [0; 6];
        exported.read(&store, 15, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0small");
        memory.read(65536 + 99_995, &mut bytes).unwrap();
        assert_eq!(&bytes, b"xxxxx\0");
        exported.write(&mut store, 65536, b"y").unwrap();

        // Each instance has one of its own, which starts as it should.
        let second = instance(&mut store, defines);
        let other = second.get_memory(&store, "memory").unwrap();
        assert_ne!(other.as_shared(&store).unwrap(), memory);
        assert_eq!(typed::<i32, i32>(&mut store, second, "load", 65536).unwrap(), 120);
        assert_eq!(typed::<i32, i32>(&mut store, first, "load", 65536).unwrap(), 121);

        // On another thread, in another store, by import.
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut store = Store::new(());
                let here = with_memory(&mut store, imports, &memory);
                assert_eq!(typed::<i32, i32>(&mut store, here, "load", 18).unwrap(), 97);
                assert_eq!(typed::<i32, i32>(&mut store, here, "grow", 2).unwrap(), 3);
                typed::<(i32, i32), ()>(&mut store, here, "store", (5 * 65536 - 1, 9)).unwrap();
            });
        });
        assert_eq!(typed::<(), i32>(&mut store, first, "size", ()).unwrap(), 5);
        assert_eq!(typed::<i32, i32>(&mut store, first, "load", 5 * 65536 - 1).unwrap(), 9);
        assert_eq!(typed::<i32, i32>(&mut store, first, "atomic", 5 * 65536 - 1).unwrap(), 9);
        assert_eq!(typed::<i32, i32>(&mut store, first, "grow", 1).unwrap(), -1);
        assert_eq!(typed::<(), i32>(&mut store, second, "size", ()).unwrap(), 3);
        // In the same store, too, where it is the same memory.
        let again = with_memory(&mut store, imports, &memory);
        assert_eq!(typed::<i32, i32>(&mut store, again, "load", 5 * 65536 - 1).unwrap(), 9);
        assert_eq!(Memory::from_shared(&mut store, &memory), exported);
    });
}

/// Active segments are applied each time, to whatever the memory is by then.
#[test]
fn active_segments_are_applied_each_time() {
    let large = "x".repeat(70_000);
    let guest = format!(
        r#"(module (import "env" "memory" (memory 2 8 shared))
             (data (i32.const 0) "{large}") (data (i32.const 70000) "y"))"#
    );
    in_every_way(guest, |_, module| {
        let memory = memory(2, 8);
        memory.write(70_001, b"z").unwrap();
        for _ in 0..2 {
            let mut store = Store::new(());
            with_memory(&mut store, module, &memory);
            let mut bytes = [0; 3];
            memory.read(69_999, &mut bytes).unwrap();
            assert_eq!(&bytes, b"xyz");
            memory.write(69_999, b"ab").unwrap();
        }
    });
}

/// The way of compilers: whoever comes first fills the memory, the others wait for it.
#[test]
fn the_first_of_many_initialises() {
    let guest = r#"(module
        (import "env" "memory" (memory 1 8 shared))
        (data $d "the quick brown fox")
        (func $init
          (block $done (block $wait (block $first
            (br_table $first $wait $done
              (i32.atomic.rmw.cmpxchg (i32.const 1024) (i32.const 0) (i32.const 1))))
            ;; First.
            (memory.init $d (i32.const 16) (i32.const 0) (i32.const 19))
            (drop (i32.atomic.rmw.add (i32.const 1028) (i32.const 1)))
            (i32.atomic.store (i32.const 1024) (i32.const 2))
            (drop (memory.atomic.notify (i32.const 1024) (i32.const -1)))
            (br $done))
            ;; Wait.
            (drop (memory.atomic.wait32 (i32.const 1024) (i32.const 1) (i64.const -1))))
          (data.drop $d))
        (start $init)
        (func (export "check") (result i32)
          (i32.and (i32.eq (i32.load8_u (i32.const 16)) (i32.const 116))
                   (i32.eq (i32.load8_u (i32.const 34)) (i32.const 120)))))"#;
    in_every_way(guest, |_, module| {
        for _ in 0..20 {
            let memory = memory(1, 8);
            // The instances are made at the same time, too.
            thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let mut store = Store::new(());
                        let instance = with_memory(&mut store, module, &memory);
                        assert_eq!(typed::<(), i32>(&mut store, instance, "check", ()).unwrap(), 1);
                    });
                }
            });
            assert_eq!(memory.atomic_u32(1028).unwrap().load(SeqCst), 1);
        }
    });
}

/// One thread makes the memory grow; the others read and write the last bytes they see to be
/// there, and find what was written there first.
#[test]
fn growing_while_others_run() {
    let guest = r#"(module
        (import "env" "memory" (memory 1 200 shared))
        (func (export "grow") (result i32) (local $old i32)
          (local.set $old (memory.grow (i32.const 1)))
          (if (i32.ne (local.get $old) (i32.const -1)) (then
            ;; The mark of the new page.
            (i64.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8))
              (i64.const 77))))
          (local.get $old))
        ;; How often there was no mark yet; until the memory has 200 pages.
        (func (export "watch") (result i32) (local $last i32) (local $size i32) (local $n i32)
          (loop $again
            (local.set $size (memory.size))
            (local.set $last (i32.sub (i32.shl (local.get $size) (i32.const 16)) (i32.const 8)))
            (if (i64.eqz (i64.load (local.get $last)))
              (then (local.set $n (i32.add (local.get $n) (i32.const 1)))))
            (i32.store8 (i32.sub (local.get $last) (i32.const 1)) (i32.const 5))
            (drop (i32.atomic.rmw.add (i32.sub (local.get $last) (i32.const 8)) (i32.const 1)))
            (memory.fill (i32.sub (local.get $last) (i32.const 100)) (i32.const 1) (i32.const 9))
            (br_if $again (i32.lt_u (local.get $size) (i32.const 200))))
          (local.get $n))
        (func (export "beyond") (result i32) (i32.load (i32.const 13107200))))"#;
    in_every_way(guest, |_, module| {
        let memory = memory(1, 200);
        on_threads(module, &memory, 4, |i, store, instance| match i {
            0 => {
                for n in 1..200 {
                    let old = typed::<(), i32>(&mut *store, instance, "grow", ()).unwrap();
                    assert_eq!(old, n);
                    if n % 16 == 0 {
                        thread::yield_now();
                    }
                }
                assert_eq!(typed::<(), i32>(&mut *store, instance, "grow", ()).unwrap(), -1);
            }
            1 => {
                while memory.size() < 200 {
                    let result = typed::<(), i32>(&mut *store, instance, "beyond", ());
                    assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
                }
            }
            _ => _ = typed::<(), i32>(&mut *store, instance, "watch", ()).unwrap(),
        });
        for page in 2..=200 {
            let mark = memory.atomic_u64(page * PAGE - 8).unwrap().load(SeqCst);
            assert_eq!(u64::from_le(mark), 77);
        }
    });
}

/// Waiting and waking up where another thread makes the memory grow just now: out of bounds, or not.
#[test]
fn waiting_where_it_grows() {
    let guest = r#"(module
        (import "env" "memory" (memory 1 60 shared))
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "wait") (param i32) (result i32)
          (memory.atomic.wait32 (local.get 0) (i32.const 1) (i64.const -1)))
        (func (export "notify") (param i32) (result i32)
          (memory.atomic.notify (local.get 0) (i32.const 1))))"#;
    in_every_way(guest, |_, module| {
        let memory = memory(1, 60);
        on_threads(module, &memory, 3, |i, store, instance| {
            let Some(name) = [None, Some("wait"), Some("notify")][i] else {
                for _ in 1..60 {
                    typed::<(), i32>(&mut *store, instance, "grow", ()).unwrap();
                    thread::yield_now();
                }
                return;
            };
            for page in 1..60 {
                let result = loop {
                    match typed::<i32, i32>(&mut *store, instance, name, page << 16) {
                        Err(error) => {
                            let trap = error.trap().expect("a trap");
                            assert_eq!(trap.code(), TrapCode::MemoryOutOfBounds);
                        }
                        Ok(result) => break result,
                    }
                };
                assert_eq!(result, i32::from(name == "wait"));
            }
        });
    });
}

/// Many threads make it grow at once: each page is given out once.
#[test]
fn growing_at_the_same_time() {
    let guest = r#"(module (import "env" "memory" (memory 0 400 shared))
        (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#;
    in_every_way(guest, |_, module| {
        let memory = memory(0, 400);
        let grown = on_threads(module, &memory, 5, |_, store, instance| {
            let grow = || typed::<(), i32>(&mut *store, instance, "grow", ()).unwrap();
            std::iter::repeat_with(grow).take(100).collect::<Vec<_>>()
        });
        let mut pages: Vec<i32> = grown.concat();
        assert!(grown.iter().all(|pages| {
            let pages: Vec<_> = pages.iter().filter(|&&page| page >= 0).collect();
            pages.is_sorted()
        }));
        pages.sort_unstable();
        let failed = pages.iter().filter(|&&page| page == -1).count();
        assert_eq!(failed, 100);
        assert!(pages[failed..].iter().copied().eq(0..400));
    });
}

/// Threads that trap in every manner, over and over, and threads that count meanwhile.
#[test]
fn traps_are_the_own_threads() {
    let guest = r#"(module
        (import "env" "memory" (memory 1 8 shared))
        (func (export "count") (param i32)
          (loop $again
            (drop (i32.atomic.rmw.add (i32.const 64) (i32.const 1)))
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if $again (local.get 0))))
        (func (export "far") (drop (i32.load (i32.const 65534))))
        (func (export "atomic") (drop (i64.atomic.rmw.or (i32.const 65536) (i64.const 1))))
        (func (export "unaligned") (drop (i32.atomic.load (i32.const 1))))
        (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.load (i32.const 0)))))
        (func (export "unreachable") unreachable)
        (func $deep (export "deep") (call $deep)))"#;
    let kinds = [
        ("far", TrapCode::MemoryOutOfBounds),
        ("atomic", TrapCode::MemoryOutOfBounds),
        ("unaligned", TrapCode::UnalignedAtomic),
        ("divide", TrapCode::IntegerDivideByZero),
        ("unreachable", TrapCode::Unreachable),
        ("deep", TrapCode::StackOverflow),
    ];
    in_every_way(guest, |_, module| {
        let memory = memory(1, 8);
        on_threads(module, &memory, 4, |i, store, instance| {
            for round in 0..200 {
                if i < 2 {
                    typed::<i32, ()>(&mut *store, instance, "count", 1000).unwrap();
                    continue;
                }
                let (name, wanted) = kinds[(i + round) % kinds.len()];
                assert_eq!(code(typed::<(), ()>(&mut *store, instance, name, ())), wanted);
            }
        });
        assert_eq!(memory.atomic_u32(64).unwrap().load(SeqCst), 2 * 200 * 1000);
    });
}

#[test]
fn what_does_not_fit_is_told() {
    let module = |text: &str| format!(r#"(module (import "env" "memory" (memory {text})))"#);
    let guests = [("shared", module("2 4 shared")), ("own", module("2 4"))];
    together_in_every_way(guests, |_, [shared, own]| {
        let mut store = Store::new(());
        let problem = |store: &mut Store<()>, module, memory: Memory| {
            let imports = Imports::new().define("env", "memory", memory).clone();
            let error = Instance::new(store, module, &imports).expect_err("a link error");
            error.link().expect("a link error").problems()[0].to_string()
        };
        let ours = Memory::new(&mut store, MemoryType::new(2, Some(4))).unwrap();
        assert_eq!(
            problem(&mut store, shared, ours),
            "`memory` from module `env`: expected shared memory of 2 to 4 pages, given memory of \
             2 to 4 pages"
        );
        let other = Memory::from_shared(&mut store, &memory(2, 4));
        assert_eq!(
            problem(&mut store, own, other),
            "`memory` from module `env`: expected memory of 2 to 4 pages, given shared memory of \
             2 to 4 pages"
        );
        for (min, max) in [(1, 4), (2, 5)] {
            let other = Memory::from_shared(&mut store, &memory(min, max));
            problem(&mut store, shared, other);
        }
        with_memory(&mut store, shared, &memory(3, 4));
    });
}

#[test]
fn what_a_host_can_do() {
    let without_max = SharedMemory::new(MemoryType::new(1, None).shared()).unwrap_err();
    assert_eq!(
        without_max.to_string(),
        "there can be no shared memory of 1 or more pages: it needs a maximum"
    );
    assert!(SharedMemory::new(MemoryType::new(2, Some(1)).shared()).is_err());
    let memory = memory(1, 2);
    assert!(memory.write(PAGE - 3, b"four").unwrap_err().to_string().contains("4 bytes"));
    let mut last = [1; 3];
    memory.read(PAGE - 3, &mut last).unwrap();
    assert_eq!(last, [0; 3]);
    assert!(memory.atomic_u32(PAGE - 3).is_err() && memory.atomic_u32(PAGE).is_err());
    assert_eq!(memory.atomic_u64(PAGE - 8).unwrap().fetch_add(5, SeqCst), 0);
    assert!(memory.atomic_u16(1).is_err() && memory.atomic_u8(1).is_ok());

    let short = Duration::from_millis(30);
    assert_eq!(memory.atomic_wait32(8, 1, None).unwrap(), WaitResult::NotEqual);
    let before = Instant::now();
    assert_eq!(memory.atomic_wait32(8, 0, Some(short)).unwrap(), WaitResult::TimedOut);
    assert!(before.elapsed() >= short);
    assert_eq!(memory.atomic_notify(8, 1).unwrap(), 0);
    assert!(memory.atomic_wait64(12, 0, None).is_err() && memory.atomic_notify(6, 1).is_err());
    let woken = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                assert_eq!(memory.atomic_wait64(16, 0, None).unwrap(), WaitResult::Woken);
                woken.fetch_add(1, SeqCst);
            });
        }
        let mut notified = 0;
        while notified < 3 {
            notified += memory.atomic_notify(16, 1).unwrap();
        }
    });
    assert_eq!(woken.into_inner(), 3);

    // In a store, it is a memory as others are, but for slices.
    let mut store = Store::new(());
    let there = Memory::new(&mut store, MemoryType::new(1, Some(2)).shared()).unwrap();
    there.write(&mut store, 5, b"abc").unwrap();
    assert_eq!(there.grow(&mut store, 1).unwrap(), 1);
    assert_eq!(there.size(&store), 2);
    let same = there.as_shared(&store).unwrap();
    assert_eq!(u32::from_le(same.atomic_u32(4).unwrap().load(SeqCst)), 0x6362_6100);
    let slices = std::panic::AssertUnwindSafe(|| there.data(&store).len());
    let panic = std::panic::catch_unwind(slices).unwrap_err();
    let text = panic.downcast_ref::<&str>().copied().unwrap_or_default();
    assert!(text.contains("there are no slices of it"), "{text}");
    let own = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    assert!(own.as_shared(&store).is_none());
}
