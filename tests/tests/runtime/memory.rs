//! Memories: every byte up to the end and none beyond, growing, images, sharing.

use cargo_wasmaot::load::library::Library;
use cargo_wasmaot::load::link::Linker;
use cargo_wasmaot::load::stub;
use wasmaot::*;
use wasmaot_compiler::{MemoryStyle, TrapStyle};
use wasmaot_tests::ways::{WAYS, compiled, in_every_way, loaded, together_in_every_way};

use crate::guests::*;

const PAGE: u64 = 65536;

/// Loads and stores of each size, at a parameter plus an offset.
fn accesses(offset: u64) -> String {
    let access = |name: &str, ty: &str, load: &str, store: &str| {
        format!(
            r#"(func (export "load{name}") (param i32) (result {ty})
                 ({load} offset={offset} (local.get 0)))
               (func (export "store{name}") (param i32 {ty})
                 ({store} offset={offset} (local.get 0) (local.get 1)))"#
        )
    };
    [
        access("1", "i32", "i32.load8_u", "i32.store8"),
        access("2", "i32", "i32.load16_u", "i32.store16"),
        access("4", "i32", "i32.load", "i32.store"),
        access("8", "i64", "i64.load", "i64.store"),
    ]
    .concat()
}

const SIZES: [u64; 4] = [1, 2, 4, 8];

/// Around the exact end of a memory that grows, with and without a static offset.
#[test]
fn the_exact_end() {
    for offset in [0, 1, 65535, 131072] {
        let guest = format!(
            r#"(module (memory (export "memory") 1 5) {}
                 (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
            accesses(offset)
        );
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            for pages in 1..=5u64 {
                assert_eq!(memory.size(&store), pages);
                let end = pages * PAGE;
                for size in SIZES {
                    let params = |effective: u64| {
                        let index = effective.checked_sub(offset)? as u32;
                        let value = if size == 8 { 0i64.into() } else { 0i32.into() };
                        Some([index.into(), value])
                    };
                    let [load, stored] = ["load", "store"].map(|name| format!("{name}{size}"));
                    let Some(inside) = params(end - size) else { continue };
                    memory.data_mut(&mut store).fill(0x11);
                    let value = match call(&mut store, instance, &load, &inside[..1]).unwrap()[0] {
                        Val::I32(v) => v as u64,
                        Val::I64(v) => v as u64,
                        _ => unreachable!(),
                    };
                    assert_eq!(value, 0x1111_1111_1111_1111 >> (64 - 8 * size));
                    call(&mut store, instance, &stored, &inside).unwrap();
                    let check = |store: &Store<()>| {
                        let (rest, last) = memory.data(store).split_at((end - size) as usize);
                        assert!(last.len() == size as usize && last.iter().all(|&byte| byte == 0));
                        assert!(rest.iter().all(|&byte| byte == 0x11));
                    };
                    check(&store);
                    for beyond in (end - size + 1..end + 2).filter_map(params) {
                        let result = call(&mut store, instance, &load, &beyond[..1]);
                        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
                        let result = call(&mut store, instance, &stored, &beyond);
                        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
                    }
                    check(&store);
                }
                if pages < 5 {
                    let grown = typed::<(), i32>(&mut store, instance, "grow", ()).unwrap();
                    assert_eq!(grown as u64, pages);
                    assert!(memory.data(&store)[end as usize..].iter().all(|&byte| byte == 0));
                }
            }
            assert_eq!(typed::<(), i32>(&mut store, instance, "grow", ()).unwrap(), -1);
        });
    }
}

/// Indices and offsets whose sum goes beyond what an index can reach.
#[test]
fn far_beyond_the_end() {
    let offsets = [0, 1, 0xffff, 0x7fff_fff8, 0x8000_0000, 0xffff_fff7, 0xffff_ffff];
    for offset in offsets {
        let guest = format!("(module (memory 1) {})", accesses(offset));
        in_every_way(guest, |_, module| {
            let mut store = Store::new(());
            let instance = instance(&mut store, module);
            let indices =
                [0u32, 1, 0xfff8, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8]
                    .into_iter()
                    .chain(0xffff_fff0..=0xffff_ffff);
            for index in indices {
                for size in SIZES {
                    let fits = u64::from(index) + offset + size <= PAGE;
                    let value = if size == 8 { 0i64.into() } else { 0i32.into() };
                    for (name, params) in
                        [("load", vec![index.into()]), ("store", vec![index.into(), value])]
                    {
                        let result = call(&mut store, instance, &format!("{name}{size}"), &params);
                        match result {
                            Ok(_) => assert!(fits, "{name}{size} at {index:#x} + {offset:#x}"),
                            other => {
                                assert!(!fits, "{name}{size} at {index:#x} + {offset:#x}");
                                assert_eq!(code(other), TrapCode::MemoryOutOfBounds);
                            }
                        }
                    }
                }
            }
        });
    }
}

/// A memory of all that an index can reach.
#[test]
fn the_largest_memory() {
    let guest = format!(
        r#"(module (memory (export "memory") 65535) {}
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
        accesses(0)
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let grow = |store: &mut _, n| typed::<i32, i32>(store, instance, "grow", n).unwrap();
        assert_eq!(grow(&mut store, 2), -1);
        assert_eq!(grow(&mut store, 1), 65535);
        assert_eq!(grow(&mut store, 1), -1);
        assert_eq!(grow(&mut store, -1), -1);
        assert_eq!(grow(&mut store, 0), 65536);
        let last = 0xffff_fff8u32 as i32;
        typed::<(i32, i64), ()>(&mut store, instance, "store8", (last, -3)).unwrap();
        assert_eq!(typed::<i32, i64>(&mut store, instance, "load8", last).unwrap(), -3);
        for (name, index) in [("load8", -7), ("load4", -3), ("load2", -1)] {
            let result = call(&mut store, instance, name, &[Val::I32(index)]);
            assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        }
        assert_eq!(typed::<i32, i32>(&mut store, instance, "load1", -1).unwrap(), 0xff);
        let memory = instance.get_memory(&store, "memory").unwrap();
        assert_eq!(memory.data(&store).len(), 1 << 32);
        let mut bytes = [0; 8];
        memory.read(&store, (1 << 32) - 8, &mut bytes).unwrap();
        assert_eq!(i64::from_le_bytes(bytes), -3);
    });
}

#[test]
fn growing_does_not_move() {
    let guest = r#"(module
        (import "host" "grow" (func $grow))
        (memory (export "memory") 1 10)
        (func (export "f") (param i32) (result i32)
          (i32.store (local.get 0) (i32.const 1234))
          (drop (memory.grow (i32.const 2)))
          (call $grow)
          (i32.load (local.get 0)))
        (func (export "size") (result i32) (memory.size)))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let grow = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| {
            let memory = caller.get_export("memory").unwrap().memory().unwrap();
            memory.grow(&mut caller, 3).map(|_| ())
        });
        let imports = Imports::new().define("host", "grow", grow).clone();
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let start = memory.data(&store).as_ptr();
        assert_eq!(typed::<i32, i32>(&mut store, instance, "f", 500).unwrap(), 1234);
        assert_eq!(memory.data(&store).as_ptr(), start);
        assert_eq!(memory.size(&store), 6);
        assert_eq!(typed::<(), i32>(&mut store, instance, "size", ()).unwrap(), 6);
        assert_eq!(memory.ty(&store), MemoryType::new(6, Some(10)));
        memory.grow(&mut store, 4).unwrap();
        let error = memory.grow(&mut store, 1).unwrap_err().to_string();
        assert!(error.contains("memory of 10 to 10 pages cannot grow by 1"), "{error}");
        assert!(memory.grow(&mut store, u64::MAX).is_err());
    });
}

#[test]
fn the_host_reads_and_writes() {
    let guest = r#"(module
        (memory (export "memory") 1)
        (func (export "sum") (param i32) (result i64)
          (i64.add (i64.load (local.get 0)) (i64.load32_s offset=8 (local.get 0)))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        memory.write(&mut store, 33, &1_000_000_007i64.to_le_bytes()).unwrap();
        memory.write(&mut store, 41, &(-7i32).to_le_bytes()).unwrap();
        assert_eq!(typed::<i32, i64>(&mut store, instance, "sum", 33).unwrap(), 1_000_000_000);

        let mut buffer = [0xee; 4];
        memory.read(&store, PAGE - 4, &mut buffer).unwrap();
        assert_eq!(buffer, [0; 4]);
        memory.read(&store, PAGE, &mut []).unwrap();
        memory.write(&mut store, PAGE, &[]).unwrap();
        for offset in [PAGE - 3, PAGE, PAGE + 1, 1 << 32, u64::MAX - 1, u64::MAX] {
            let mut buffer = [0xee; 4];
            let error = memory.read(&store, offset, &mut buffer).unwrap_err();
            assert_eq!(buffer, [0xee; 4]);
            assert_eq!(
                error.to_string(),
                format!("4 bytes at {offset:#x} are not all within a memory of 0x10000 bytes")
            );
            assert_eq!(memory.write(&mut store, offset, &[1; 4]), Err(error));
        }
        assert_eq!(memory.data(&store)[PAGE as usize - 3..], [0; 3]);
    });
}

/// Two instances and the host share a memory of the host's.
#[test]
fn a_shared_memory() {
    let guest = r#"(module
        (import "host" "memory" (memory 1 4))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
        (func (export "grow") (result i32) (memory.grow (i32.const 1)))
        (func (export "size") (result i32) (memory.size))
        (func (export "fill") (param i32 i32 i32)
          (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let memory = Memory::new(&mut store, MemoryType::new(2, Some(3))).unwrap();
        let imports = Imports::new().define("host", "memory", memory).clone();
        let one = Instance::new(&mut store, module, &imports).unwrap();
        let two = Instance::new(&mut store, module, &imports).unwrap();
        let load = |store: &mut _, at: u32| typed::<u32, i32>(store, two, "load", at);
        typed::<(i32, i32), ()>(&mut store, one, "store", (70_000, 5)).unwrap();
        assert_eq!(load(&mut store, 70_000).unwrap(), 5);
        memory.write(&mut store, 70_001, &[6]).unwrap();
        assert_eq!(load(&mut store, 70_001).unwrap(), 6);
        assert_eq!(code(load(&mut store, 131_072)), TrapCode::MemoryOutOfBounds);
        assert_eq!(typed::<(), i32>(&mut store, one, "grow", ()).unwrap(), 2);
        // The other instance sees it at once.
        assert_eq!(typed::<(), i32>(&mut store, two, "size", ()).unwrap(), 3);
        assert_eq!(load(&mut store, 131_072).unwrap(), 0);
        typed::<(u32, i32, u32), ()>(&mut store, two, "fill", (131_072, 9, 65_536)).unwrap();
        assert_eq!(memory.data(&store)[196_607], 9);
        // The host's own maximum counts, not the importer's.
        assert_eq!(typed::<(), i32>(&mut store, one, "grow", ()).unwrap(), -1);
    });
}

/// A memory with less address space behind it than a module's code relies on is refused.
#[test]
fn memories_compiled_otherwise() {
    let owner = r#"(module (memory (export "memory") 1 2))"#;
    let user = r#"(module (import "owner" "memory" (memory 1))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#;
    let small = MemoryStyle { reservation: 1 << 20, guard: 1 << 16 };
    for [owner_way, user_way] in
        WAYS.iter().flat_map(|&a| WAYS.iter().map(move |&b| [a, b])).collect::<Vec<_>>()
    {
        for small_owner in [false, true] {
            let mut config = owner_way.config("owner");
            if small_owner {
                config.memory = small;
            }
            let artifacts = [compiled(owner, &config), compiled(user, &user_way.config("user"))];
            let [owner, user] = *loaded(&artifacts) else { panic!() };
            let mut store = Store::new(());
            let owner = instance(&mut store, owner);
            let imports = Imports::new().instance("owner", &store, owner).clone();
            let result = Instance::new(&mut store, user, &imports);
            let owner_guards = owner_way.traps == TrapStyle::Signals && !small_owner;
            if user_way.traps == TrapStyle::Signals && !owner_guards {
                let error = result.unwrap_err();
                let [problem] = error.link().unwrap().problems() else { panic!() };
                let hint = problem.hint().unwrap();
                assert!(hint.contains("address space"), "{hint}");
                continue;
            }
            let user = result.unwrap();
            for (index, fits) in [(0, true), (65532, true), (65533, false), (-4, false)] {
                let result = typed::<i32, i32>(&mut store, user, "load", index);
                match fits {
                    true => assert_eq!(result.unwrap(), 0),
                    false => assert_eq!(code(result), TrapCode::MemoryOutOfBounds),
                }
            }
        }
    }
}

/// Code that checks, for less address space than an index can reach.
#[test]
fn small_reservations() {
    let guest = format!(
        r#"(module (memory (export "memory") 1 40) {}
             (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#,
        accesses(8)
    );
    let styles =
        [(0, 0), (0, 1 << 16), (1 << 16, 0), (1 << 20, 1 << 20), (4 << 30, 0), (1 << 33, 0)];
    for (reservation, guard) in styles {
        let mut config = WAYS[0].config("guest");
        config.memory = MemoryStyle { reservation, guard };
        let module = loaded(&[compiled(&guest, &config)])[0];
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for (grow, pages) in [(0, 1), (2, 3), (30, 33), (7, 40)] {
            let old = typed::<i32, i32>(&mut store, instance, "grow", grow).unwrap();
            assert_eq!(old, pages - grow, "{reservation:#x} + {guard:#x}");
            let end = i64::from(pages) << 16;
            for size in SIZES {
                for distance in [-1, 0, 1, 65536, 1 << 20, 1 << 21, 3 << 30] {
                    let index = (end - 8 - size as i64 + distance) as u32 as i32;
                    let result =
                        call(&mut store, instance, &format!("load{size}"), &[Val::I32(index)]);
                    match distance <= 0 {
                        true => drop(result.unwrap()),
                        false => assert_eq!(code(result), TrapCode::MemoryOutOfBounds),
                    }
                }
            }
        }
    }
}

/// Where a guest's file can be had, its image is mapped and not copied; memories behave alike.
#[test]
fn images_are_mapped_from_files() {
    let guest = format!(
        r#"(module (memory (export "memory") 2 4)
             (data (i32.const 0) "{}")
             (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 0))))"#,
        "x".repeat(100_000)
    );
    let folder = tempfile::tempdir().unwrap();
    for way in WAYS {
        let artifact = compiled(&guest, &way.config("guest"));
        let path = |name: &str| folder.path().join(format!("{way:?} {name}").replace(' ', "_"));
        let objects = [path("guest.o"), path("stub.o")];
        std::fs::write(&objects[0], &artifact.object).unwrap();
        std::fs::write(&objects[1], stub::object().unwrap()).unwrap();
        let library = path("guest.so");
        Linker::find().unwrap().shared_library(&objects, &library).unwrap();
        let file = std::fs::read(&library).unwrap();
        let module = Library::open(&library).unwrap();
        let module = module.module(&artifact.interface.exports_symbol).unwrap();
        let mut store = Store::new(());
        for _ in 0..3 {
            let instance = instance(&mut store, module);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let data = memory.data(&store);
            assert!(data[..100_000].iter().all(|&byte| byte == b'x'));
            assert!(data[100_000..].iter().all(|&byte| byte == 0));
            let start = format!("{:x}-", data.as_ptr().addr());
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let mapping = maps.lines().find(|line| line.starts_with(&start)).unwrap();
            // Some file systems do not say which file it is; then it is copied.
            println!("{mapping}");
            assert!(mapping.contains(" rw-p "), "{mapping}");
            for at in [0, 4096, 99_999, 100_000, 131_071] {
                typed::<i32, ()>(&mut store, instance, "store", at).unwrap();
                assert_eq!(memory.data(&store)[at as usize], 0);
            }
            assert_eq!(memory.grow(&mut store, 2).unwrap(), 2);
            memory.data_mut(&mut store)[1..].fill(9);
        }
        drop(store);
        // Nothing of that went into the file.
        assert!(std::fs::read(&library).unwrap() == file);
    }
}

/// Stores that follow one another may get the same address space, with other images mapped there
/// or none; nothing of a former one shows.
#[test]
fn images_mapped_one_after_the_other() {
    let guest = |byte: char, len: usize| {
        let text = byte.to_string().repeat(len);
        format!(r#"(module (memory (export "memory") 3 6) (data (i32.const 4096) "{text}"))"#)
    };
    let guests = [('a', 150_000), ('b', 20_000), ('c', 0), ('d', 70_000)];
    let names = ["a", "b", "c", "d"];
    let folder = tempfile::tempdir().unwrap();
    for way in WAYS {
        let path = |name: &str| folder.path().join(format!("{way:?} {name}").replace(' ', "_"));
        let mut objects = vec![path("stub.o")];
        std::fs::write(&objects[0], stub::object().unwrap()).unwrap();
        let mut symbols = Vec::new();
        for ((byte, len), name) in guests.into_iter().zip(names) {
            let artifact = compiled(guest(byte, len), &way.config(name));
            objects.push(path(name));
            std::fs::write(path(name), &artifact.object).unwrap();
            symbols.push(artifact.interface.exports_symbol);
        }
        let library = path("guests.so");
        Linker::find().unwrap().shared_library(&objects, &library).unwrap();
        let library = Library::open(&library).unwrap();
        let modules: Vec<_> = symbols.iter().map(|name| library.module(name).unwrap()).collect();
        for round in 0..40 {
            // Each after each.
            let which = [0, 0, 1, 1, 2, 2, 3, 3, 0, 2, 0, 3, 1, 3, 2, 1, 0][round % 17];
            let (byte, len) = guests[which];
            let mut store = Store::new(());
            let instance = instance(&mut store, modules[which]);
            let memory = instance.get_memory(&store, "memory").unwrap();
            let is_fresh = |i: usize, found: u8| {
                let inside = (4096..4096 + len).contains(&i);
                found == if inside { byte as u8 } else { 0 }
            };
            let wrong = memory.data(&store).iter().enumerate().position(|(i, &b)| !is_fresh(i, b));
            assert_eq!(wrong, None, "round {round}, guest {which}");
            // Only here and there, or everywhere.
            match round % 3 {
                0 => memory.data_mut(&mut store).fill(0xee),
                1 => memory.data_mut(&mut store)[5_000] = 0xee,
                _ => _ = memory.grow(&mut store, 3).unwrap(),
            }
            if round % 4 == 0 {
                _ = memory.grow(&mut store, 1);
                *memory.data_mut(&mut store).last_mut().unwrap() = 0xdd;
            }
        }
    }
}

/// A large image: every instance starts from it, and writes of one are not seen by others.
#[test]
fn images_are_copied_on_write() {
    const SIZE: usize = 3 << 20;
    // Bytes that are not zero anywhere, and not the same on every page.
    let byte = |i: usize| (i % 251) as u8 + 1;
    let mut text = String::with_capacity(4 * SIZE);
    for i in 0..SIZE {
        let hex = byte(i);
        text.push('\\');
        text.push(char::from_digit((hex >> 4).into(), 16).unwrap());
        text.push(char::from_digit((hex & 15).into(), 16).unwrap());
    }
    let guest = format!(
        r#"(module (memory (export "memory") 60)
             (data (i32.const 65531) "{text}")
             (data (i32.const 10) "first") (data (i32.const 12) "RST")
             (data (i32.const 3932150) "end")
             (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
             (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"#
    );
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let fresh = |store: &mut Store<()>| {
            let instance = instance(&mut *store, module);
            let memory = instance.get_memory(&*store, "memory").unwrap();
            let data = memory.data(&*store);
            assert_eq!(data.len(), 60 << 16);
            assert_eq!(&data[..16], b"\0\0\0\0\0\0\0\0\0\0fiRST\0");
            assert!(data[16..65531].iter().all(|&b| b == 0));
            let image = &data[65531..65531 + SIZE];
            assert!(image.iter().enumerate().all(|(i, &b)| b == byte(i)));
            assert!(data[65531 + SIZE..3932150].iter().all(|&b| b == 0));
            assert_eq!(&data[3932150..3932154], b"end\0");
            (instance, memory)
        };
        let (one, memory_one) = fresh(&mut store);
        let (two, memory_two) = fresh(&mut store);
        for at in [0, 65531, 70_000, 65530 + SIZE, 65531 + SIZE, (60 << 16) - 1] {
            typed::<(i32, i32), ()>(&mut store, one, "store", (at as i32, 0)).unwrap();
            memory_two.data_mut(&mut store)[at] = 255;
            let one = typed::<i32, i32>(&mut store, one, "load", at as i32).unwrap();
            let two = typed::<i32, i32>(&mut store, two, "load", at as i32).unwrap();
            assert_eq!([one, two], [0, 255]);
        }
        memory_one.data_mut(&mut store).fill(1);
        // Others, also in other stores, still start afresh.
        fresh(&mut store);
        fresh(&mut Store::new(()));
    });
}

#[test]
fn bulk_operations() {
    let guest = r#"(module
        (memory (export "memory") 1)
        (data $data "0123456789")
        (func (export "init") (param i32 i32 i32)
          (memory.init $data (local.get 0) (local.get 1) (local.get 2)))
        (func (export "drop") (data.drop $data))
        (func (export "copy") (param i32 i32 i32)
          (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i32 i32 i32)
          (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#;
    in_every_way(guest, |_, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        let run = |store: &mut Store<()>, name, a: u32, b: u32, c: u32| {
            typed::<(u32, u32, u32), ()>(store, instance, name, (a, b, c))
        };
        run(&mut store, "init", 4, 2, 5).unwrap();
        assert_eq!(&memory.data(&store)[3..10], b"\x0023456\0");
        // Overlapping, both ways.
        run(&mut store, "copy", 6, 4, 5).unwrap();
        assert_eq!(&memory.data(&store)[4..12], b"2323456\0");
        run(&mut store, "copy", 4, 6, 5).unwrap();
        assert_eq!(&memory.data(&store)[4..12], b"2345656\0");
        // Only the low byte counts.
        run(&mut store, "fill", 5, 0x1_2341, 3).unwrap();
        assert_eq!(&memory.data(&store)[4..12], b"2AAA656\0");
        // Nothing at the very end is fine, nothing beyond is not.
        for (name, end) in [("copy", 65536), ("fill", 65536), ("init", 65536)] {
            run(&mut store, name, end, 0, 0).unwrap();
            let beyond = run(&mut store, name, end + 1, 0, 0);
            assert_eq!(code(beyond), TrapCode::MemoryOutOfBounds, "{name}");
        }
        run(&mut store, "init", 0, 10, 0).unwrap();
        assert_eq!(code(run(&mut store, "init", 0, 11, 0)), TrapCode::MemoryOutOfBounds);
        let result = run(&mut store, "copy", 0, u32::MAX, u32::MAX);
        assert_eq!(code(result), TrapCode::MemoryOutOfBounds);
        typed::<(), ()>(&mut store, instance, "drop", ()).unwrap();
        run(&mut store, "init", 65536, 0, 0).unwrap();
        assert_eq!(code(run(&mut store, "init", 0, 0, 1)), TrapCode::MemoryOutOfBounds);
        assert_eq!(code(run(&mut store, "init", 0, 1, 0)), TrapCode::MemoryOutOfBounds);
    });
}

/// The segment that one instance drops is still there for another.
#[test]
fn segments_are_an_instances_own() {
    let guest = r#"(module
        (memory (export "memory") 1)
        (table (export "table") 1 funcref)
        (func $f (result i32) (i32.const 8))
        (data $data "x") (elem $elem func $f)
        (func (export "drop") (data.drop $data) (elem.drop $elem))
        (func (export "init")
          (memory.init $data (i32.const 0) (i32.const 0) (i32.const 1))
          (table.init $elem (i32.const 0) (i32.const 0) (i32.const 1))))"#;
    together_in_every_way([("guest", guest)], |_, [module]| {
        let mut store = Store::new(());
        let one = instance(&mut store, module);
        let two = instance(&mut store, module);
        typed::<(), ()>(&mut store, one, "drop", ()).unwrap();
        typed::<(), ()>(&mut store, two, "init", ()).unwrap();
        assert_eq!(code(typed::<(), ()>(&mut store, one, "init", ())), TrapCode::MemoryOutOfBounds);
        let table = two.get_table(&store, "table").unwrap();
        assert!(matches!(table.get(&store, 0), Some(Val::FuncRef(Some(_)))));
    });
}

/// A loop in which nothing is called, in one that grows the memory: by itself, by a call, or not.
fn loops(index: &str) -> String {
    let grow = |how: &str| {
        format!(
            r#"(func (export "{how}") (param $turns i32) (param $beyond {index}) (result i32)
                 (local $turn i32) (local $at {index}) (local $read i32)
                 (loop $outer
                   ;; The last four bytes of the memory, and as many more as the caller says.
                   (local.set $at ({index}.sub ({index}.mul (memory.size) ({index}.const 65536))
                                               ({index}.const 4)))
                   (loop $inner
                     (local.set $read (i32.add (local.get $read) (i32.load8_u (local.get $at))))
                     (local.set $at ({index}.add (local.get $at) ({index}.const 1)))
                     (br_if $inner ({index}.lt_u (local.get $at)
                       ({index}.add (local.get $beyond)
                                    ({index}.mul (memory.size) ({index}.const 65536))))))
                   (if (i32.eqz (local.get $turn)) (then (nop)))
                   {}
                   (i32.store8 ({index}.sub ({index}.mul (memory.size) ({index}.const 65536))
                                            ({index}.const 1)) (i32.const 1))
                   (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
                   (br_if $outer (i32.lt_u (local.get $turn) (local.get $turns))))
                 (local.get $read))"#,
            match how {
                "grows" => format!("(drop (memory.grow ({index}.const 1)))"),
                "calls" => "(call $grow)".into(),
                _ => String::new(),
            }
        )
    };
    let index_type = if index == "i64" { "i64" } else { "" };
    format!(
        r#"(module (memory (export "memory") {index_type} 1 100)
             (func $grow (drop (memory.grow ({index}.const 1)))) {})"#,
        ["grows", "calls", "stays"].map(grow).concat()
    )
}

/// Loops find the length that the memory has when they begin, however it came to it.
#[test]
fn loops_end_at_the_end_that_the_memory_has_by_then() {
    for index in ["i32", "i64"] {
        in_every_way(loops(index), |_, module| {
            for (how, grown) in [("grows", 3), ("calls", 3), ("stays", 0)] {
                let mut store = Store::new(());
                let instance = instance(&mut store, module);
                let memory = instance.get_memory(&store, "memory").unwrap();
                let beyond = |n: i32| match index {
                    "i64" => Val::from(i64::from(n)),
                    _ => Val::from(n),
                };
                // The last byte is 1 from the second turn on.
                let all = call(&mut store, instance, how, &[3.into(), beyond(0)]).unwrap();
                assert_eq!(all[0].i32(), Some(2), "{how}");
                assert_eq!(memory.size(&store), 1 + grown, "{how}");
                let result = call(&mut store, instance, how, &[1.into(), beyond(1)]);
                assert_eq!(code(result), TrapCode::MemoryOutOfBounds, "{how}");
                assert_eq!(memory.size(&store), 1 + grown, "{how}");
            }
        });
    }
}
