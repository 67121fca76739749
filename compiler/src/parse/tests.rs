//! Facts about reading that users rely on: what is kept, what is refused, and in what words.

use super::*;
use crate::index::*;
use crate::module::*;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a test's text is right")
}

fn refusal(bytes: &[u8]) -> Error {
    parse(bytes, Default::default()).map(|_| ()).expect_err("the module should be refused")
}

/// The proposal that a module is refused for.
fn proposal(text: &str) -> String {
    match refusal(&wasm(text)) {
        Error::Unsupported { feature, offset, .. } => {
            assert!(offset >= 8, "{feature} at {offset}");
            let names = feature.split("), ").map(|name| name.split(" (").next().unwrap_or(name));
            names.collect::<Vec<_>>().join(" ")
        }
        other => panic!("{text}: {other}"),
    }
}

#[test]
fn things_have_the_types_and_places_that_the_text_gives_them() {
    let bytes = wasm(
        r#"(module $m
             (type (func (param i32) (result i64)))
             (type (func (param i32) (result i64)))
             (type (func))
             (import "env" "f" (func $imported (type 1)))
             (import "env" "g" (global i32))
             (table 2 5 funcref)
             (memory 1 3)
             (global (mut i64) (i64.const -1))
             (global funcref (ref.func 1))
             (func $named (type 0) local.get 0 call $imported)
             (func (type 2) (drop (call_indirect (type 1) (i32.const 0) (i32.const 0))))
             (start 2)
             (elem (i32.const 1) func 1)
             (data (global.get 0) "abc")
             (data "passive"))"#,
    );
    let module = parse(&bytes, Default::default()).unwrap();
    let func = FuncIndex::from_u32;
    assert_eq!(module.name, Some("m"));
    assert_eq!(module.types.len(), 3);
    assert_eq!(module.signatures.len(), 2, "equal types are one signature");
    assert_eq!(module.func_type(func(0)), module.func_type(func(1)));
    assert_eq!(module.imported_functions, 1);
    assert_eq!(module.function_names[&func(1)], "named");
    assert_eq!(module.start, Some(func(2)));
    let table = TableType { element: RefType::FUNCREF, min: 2, max: Some(5), index64: false };
    assert_eq!(module.tables.values().collect::<Vec<_>>(), [&table]);
    let memory =
        MemoryType { min: 1, max: Some(3), index64: false, shared: false, page_size_log2: 16 };
    assert_eq!(module.memories.values().collect::<Vec<_>>(), [&memory]);
    assert_eq!(module.imported_globals, 1);
    assert_eq!(module.global_inits[0], [ConstOp::I64Const(-1)]);
    assert_eq!(module.global_inits[1], [ConstOp::RefFunc(func(1))]);
    let body = module.functions[FuncIndex::from_u32(1)].body.as_ref().unwrap();
    // No locals, `local.get 0`, `call 0`, `end`.
    assert_eq!(body.bytes, [0, 0x20, 0, 0x10, 0, 0x0b]);
    assert_eq!(&bytes[body.offset..][..body.bytes.len()], body.bytes);
    assert_eq!(*body.uses, [Use::Call(func(0))]);
    let start = module.functions[func(2)].body.as_ref().unwrap();
    let sig = module.functions[func(0)].sig;
    assert_eq!(*start.uses, [Use::CallIndirect(TableIndex::from_u32(0), sig)]);
    let data: Vec<_> = module.data.values().collect();
    assert_eq!(data[0].bytes, b"abc");
    let (_, offset) = data[0].active.as_ref().unwrap();
    assert_eq!(offset[..], [ConstOp::GlobalGet(GlobalIndex::from_u32(0))]);
    assert!(data[1].active.is_none());
}

#[test]
fn constant_arithmetic_is_done_unless_a_global_decides() {
    let bytes = wasm(
        r#"(module
             (import "" "" (global i32))
             (global i32 (i32.sub (i32.const 3) (i32.mul (i32.const 5) (i32.const 2))))
             (global i64 (i64.add (i64.const 0x7fff_ffff_ffff_ffff) (i64.const 1)))
             (global i32 (i32.add (global.get 0) (i32.const 1))))"#,
    );
    let module = parse(&bytes, Default::default()).unwrap();
    assert_eq!(module.global_inits[0], [ConstOp::I32Const(-7)]);
    assert_eq!(module.global_inits[1], [ConstOp::I64Const(i64::MIN)]);
    let global = ConstOp::GlobalGet(GlobalIndex::from_u32(0));
    assert_eq!(module.global_inits[2], [global, ConstOp::I32Const(1), ConstOp::I32Add]);
    assert_eq!(module.features, ["extended-const"]);
}

#[test]
fn the_proposals_in_use_are_named() {
    for (features, text) in [
        (&[][..], r#"(module (memory 1) (data (i32.const 0) "a") (table 1 funcref) (func))"#),
        (
            &["bulk-memory"],
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
        ),
        (&["bulk-memory"], r#"(module (data "a"))"#),
        (&["multi-value"], "(module (func (result i32 i32) i32.const 0 i32.const 0))"),
        (&["mutable-globals"], r#"(module (global (export "g") (mut i32) (i32.const 0)))"#),
        (&["reference-types"], "(module (func (local externref)))"),
        (&["reference-types"], "(module (table 0 funcref) (table 0 funcref))"),
        (
            &["saturating-float-to-int"],
            "(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))",
        ),
        (&["tail-call"], "(module (func $f return_call $f))"),
        (
            &["function-references", "reference-types"],
            "(module (type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0))))",
        ),
        (&["sign-extension"], "(module (func (drop (i32.extend8_s (i32.const 0)))))"),
        (&["threads"], "(module (memory 1 1 shared))"),
        (&["threads"], "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))"),
        (&["threads"], "(module (func atomic.fence))"),
        (&["simd"], "(module (func (param v128)))"),
        (&["simd"], "(module (func (drop (v128.const i64x2 0 0))))"),
        (
            &["relaxed-simd", "simd"],
            "(module (func (param v128) (drop (f32x4.relaxed_min (local.get 0) (local.get 0)))))",
        ),
        (
            &["multi-value", "wide-arithmetic"],
            "(module (func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0))))",
        ),
        (&["multi-memory"], "(module (memory 0) (memory 0))"),
        (&["multi-memory"], r#"(module (import "" "" (memory 0)) (memory 0))"#),
        (&["memory64"], "(module (memory i64 0))"),
        (&["memory64"], "(module (table i64 0 funcref))"),
        (&["custom-page-sizes"], "(module (memory 1 (pagesize 1)))"),
        (
            &["branch-hinting"],
            r#"(module (func (@metadata.code.branch_hint "\00") (if (i32.const 1) (then))))"#,
        ),
    ] {
        assert_eq!(parse(&wasm(text), Default::default()).unwrap().features, features, "{text}");
    }
}

#[test]
fn what_is_newer_is_refused_by_the_name_of_its_proposal() {
    for (name, text) in [
        ("gc", "(module (type (struct)))"),
        ("gc", "(module (func (param anyref)))"),
        ("gc", "(module (global i32 (i32.const 0)) (global i32 (global.get 0)))"),
        ("exception-handling", "(module (tag))"),
        ("exception-handling", "(module (func (try_table)))"),
        ("exception-handling", "(module (func try end))"),
        ("gc exception-handling", "(module (type (struct)) (tag))"),
        ("stack-switching", "(module (type $f (func)) (type (cont $f)))"),
    ] {
        assert_eq!(proposal(text), name, "{text}");
    }
}

#[test]
fn what_is_switched_off_is_refused() {
    let off = |names: &[&str]| {
        Accepted::without(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    };
    let tail_call = wasm("(module (func $f return_call $f))");
    let refused = |wasm: &[u8], names| match parse(wasm, off(names).unwrap()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("accepted without {names:?}"),
    };
    let error = refused(&tail_call, &["tail-call"]);
    assert!(error.contains("tail-call (calls that replace their caller)"), "{error}");
    assert!(error.contains("switched off by an option"), "{error}");
    assert!(parse(&tail_call, off(&["multi-value"]).unwrap()).is_ok());
    // What builds on something goes with it, and says so.
    let typed = wasm("(module (func (param (ref func))))");
    assert!(refused(&typed, &["reference-types"]).contains("function-references"));
    assert!(refused(&typed, &["function-references"]).contains("function-references"));
    let error = off(&["nonsense"]).unwrap_err().to_string();
    assert!(error.contains("no proposal `nonsense`") && error.contains("tail-call"), "{error}");
}

#[test]
fn types_have_one_name_in_every_module() {
    let names = |text: &str| {
        let bytes = wasm(text);
        let module = parse(&bytes, Accepted::default()).unwrap();
        module.types.values().map(|&sig| module.signature_names[sig].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("(module (type (func (param i32)))  (type (func (param i32))))"), ["i_"; 2]);
    let a = names(
        "(module (type $t (func (param i32))) (type (func (param (ref $t)) (result (ref null $t)))))",
    );
    assert_eq!(a, ["i_", "N2_i__n2_i_"]);
    // However deep, names stay short, and tell types from each other.
    let deep = |leaf: &str| {
        let mut text = format!("(module (type $t0 (func (param {leaf})))");
        for i in 1..40 {
            let t = i - 1;
            text += &format!("(type $t{i} (func (param (ref $t{t}) (ref $t{t}))))");
        }
        names(&(text + ")"))
    };
    let (i32s, i64s) = (deep("i32"), deep("i64"));
    assert!(i32s.iter().all(|name| name.len() <= 140));
    assert!(i32s.iter().zip(&i64s).all(|(a, b)| a != b));
}

#[test]
fn a_component_is_refused_as_one() {
    let error = refusal(&wasm("(component)")).to_string();
    assert!(error.contains("offset 0x4: component-model"), "{error}");
    assert!(error.contains("build the guest as a core module"), "{error}");
}

#[test]
fn what_is_no_module_is_told_what_it_looks_like() {
    for (bytes, part) in [
        (&b""[..], "the file is empty"),
        (b"(module)", "text format"),
        (b"\n ;; a comment\n(module)", "text format"),
        (b"\x7fELF\x02", "starts with the bytes 7f 45 4c 46"),
        (b"\0as", "unexpected end"),
        (b"\0asm\x02\0\0\0", "version"),
    ] {
        let error = refusal(bytes);
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn what_is_wrong_in_any_version_is_invalid() {
    for (text, part) in [
        ("(module (func (result i32)))", "type mismatch"),
        ("(module (func (drop (f32.add (f32.const 0) (i32.const 0)))))", "type mismatch"),
        ("(module (memory 65537))", "memory size"),
        ("(module (func call 7))", "unknown function"),
        (r#"(module (func (export "a")) (func (export "a")))"#, "duplicate export name"),
        ("(module (func call 0) (memory 9 8))", "size minimum must not be greater"),
    ] {
        match refusal(&wasm(text)) {
            Error::Invalid { message, .. } => assert!(message.contains(part), "{message}"),
            other => panic!("{text}: {other}"),
        }
    }
}

#[test]
fn the_first_error_in_the_file_is_reported() {
    let good = "(func (result i32) i32.const 0)";
    let bad = "(func (result i32) i64.const 0)";
    let refused_at = |second: &str, third: &str, rest: &str| {
        let many = good.repeat(500);
        refusal(&wasm(&format!("(module {many} {bad} {many} {second} {third} {rest})"))).offset()
    };
    // More errors behind it, in bodies and in the data section, change nothing.
    let first = refused_at(good, good, "");
    assert!(first.is_some());
    let no_memory = r#"(data (i32.const 0) "no memory")"#;
    assert_eq!(refused_at(bad, bad, no_memory), first);
    assert_eq!(refused_at(good, good, no_memory), first);
}

#[test]
fn malformed_custom_sections_do_no_harm() {
    let mut bytes = wasm("(module (func))");
    let section = |bytes: &mut Vec<u8>, contents: &[u8]| {
        bytes.extend([0, contents.len() as u8 + 5, 4]);
        bytes.extend(b"name");
        bytes.extend(contents);
    };
    // A function map that names function 0, function 9, and then ends too soon.
    section(&mut bytes, &[1, 8, 3, 0, 1, b'a', 9, 1, b'b', 9]);
    section(&mut bytes, &[0xff; 9]);
    // One that names a function of the largest number there is.
    section(&mut bytes, &[1, 8, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, b'c']);
    let module = parse(&bytes, Default::default()).unwrap();
    let names: Vec<_> = module.function_names.iter().map(|(f, n)| (f.as_u32(), *n)).collect();
    assert_eq!(names, [(0, "a")]);
    assert_eq!(module.custom_sections.len(), 3);
}

/// A section `metadata.code.branch_hint` with these contents.
fn hint_section(contents: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"metadata.code.branch_hint";
    let mut section = vec![0, (1 + NAME.len() + contents.len()) as u8, NAME.len() as u8];
    section.extend(NAME);
    section.extend(contents);
    section
}

#[test]
fn branch_hints_are_those_of_their_function_at_their_place() {
    let module = r#"(module
        (import "" "" (func))
        (func (param i32) (if (local.get 0) (then)) (block (br_if 0 (local.get 0)))))"#;
    // The type, the import and the function section.
    let bytes = wasm(module);
    let code = bytes.windows(3).position(|at| at == [10, 16, 1]).expect("the code section");
    let with = |section: &[u8]| [&bytes[..code], section, &bytes[code..]].concat();
    let hints = |contents: &[u8]| {
        let bytes = with(&hint_section(contents));
        let module = parse(&bytes, Default::default()).unwrap();
        let body = module.functions[FuncIndex::from_u32(1)].body.as_ref().unwrap();
        let hint = |at: usize| body.hint(body.offset + at);
        (hint(3), hint(10), hint(4), body.hints.len())
    };
    // No locals; `local.get 0`, `if`, `end`, `block`, `local.get 0`, `br_if 0`.
    assert_eq!(bytes[code + 4..][..12], [0, 0x20, 0, 4, 0x40, 0x0b, 2, 0x40, 0x20, 0, 0x0d, 0]);
    assert_eq!(hints(&[1, 1, 2, 3, 1, 0, 10, 1, 1]), (Some(false), Some(true), None, 2));
    assert_eq!(hints(&[1, 1, 2, 3, 1, 0, 3, 1, 1]).0, Some(false), "the first counts");
    assert_eq!(hints(&[1, 1, 2, 10, 1, 1, 3, 1, 0]), (Some(false), Some(true), None, 2));
    assert_eq!(hints(&[1, 0, 1, 3, 1, 0]).3, 0, "the import's");
    assert_eq!(hints(&[1, 9, 1, 3, 1, 0]).3, 0, "no function");
    assert_eq!(hints(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 3, 1, 0]).3, 0);
    // Places where nothing is, also beyond the end of everything.
    assert_eq!(hints(&[1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0]).0, None);
    for malformed in [
        &[][..],
        &[1, 1, 2, 3, 1, 0],
        &[1, 1, 1, 3, 1, 2],
        &[1, 1, 1, 3, 2, 0, 0],
        &[1, 1, 1, 3, 1, 0, 7],
        &[0xff; 6],
    ] {
        assert_eq!(hints(malformed).3, 0, "{malformed:?}");
    }
}

#[test]
fn loops_are_still_if_they_access_memory_and_call_nothing() {
    // What each loop has in it, and whether it is still.
    for (inside, still) in [
        ("(drop (i32.load (i32.const 0)))", true),
        ("(v128.store (i32.const 0) (v128.const i64x2 0 0))", true),
        ("(block (if (i32.const 0) (then (drop (i32.load (i32.const 0))))))", true),
        ("(drop (i32.const 0))", false),
        ("(drop (i32.load (i32.const 0))) (call 0)", false),
        ("(call_indirect (i32.const 0)) (drop (i32.load (i32.const 0)))", false),
        ("(drop (i32.load (i32.const 0))) (drop (memory.grow (i32.const 0)))", false),
        ("(block (if (i32.const 0) (then (call 0)))) (drop (i32.load (i32.const 0)))", false),
    ] {
        let text = format!(
            "(module (memory 1) (table 1 funcref) (func) (func (call 0) (loop {inside}) (call 0)))"
        );
        let wasm = wat::parse_str(text).unwrap();
        let module = parse(&wasm, Default::default()).unwrap();
        let body = module.functions[FuncIndex::from_u32(1)].body.as_ref().unwrap();
        // Where the instruction stands.
        let at = body.bytes.windows(2).position(|bytes| bytes == [0x03, 0x40]).unwrap();
        assert_eq!(body.loop_at(body.offset + at).map(|it| it.still), Some(still), "{inside}");
        assert_eq!(body.loop_at(body.offset + at + 1), None, "{inside}");
    }
    // Of loops in one another each is looked at.
    let wasm = wat::parse_str(
        "(module (memory 1) (func (loop (call 0) (loop (loop (i32.store (i32.const 0) (i32.const 0)))))))",
    );
    let wasm = wasm.unwrap();
    let module = parse(&wasm, Default::default()).unwrap();
    let body = module.functions[FuncIndex::from_u32(0)].body.as_ref().unwrap();
    assert_eq!(body.loops.iter().map(|it| it.still).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn loops_know_what_they_and_those_in_them_set() {
    let text = "(module (func (param i32) (local i32 i32) FAR
        (loop (local.set 1 (local.get 0)) (block (loop (drop (local.tee 2 (local.get 1))))))
        (local.set 0 (i32.const 1)) (loop (local.set 190 (i32.const 1)) (local.set 127 (i32.const 1)))))";
    let text = text.replace("FAR", &format!("(local {})", "i32 ".repeat(200)));
    let wasm = wat::parse_str(text).unwrap();
    let module = parse(&wasm, Default::default()).unwrap();
    let body = module.functions[FuncIndex::from_u32(0)].body.as_ref().unwrap();
    let sets: Vec<u128> = body.loops.iter().map(|it| it.sets).collect();
    assert_eq!(sets, [0b110, 0b100, 1 << 127]);
}
