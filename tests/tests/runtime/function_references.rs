//! Typed function references: which functions they take, from guests and from the host, and that
//! no wrong one ever gets in.

use wasmaot::*;
use wasmaot_tests::ways::{in_every_way, together_in_every_way};

use crate::guests::*;

const GUEST: &str = r#"(module
    (type $op (func (param i32 i32) (result i32)))
    (import "host" "choose" (func $choose (param (ref $op)) (result (ref null $op))))
    (global $kept (export "kept") (mut (ref null $op)) (ref.null $op))
    (global (export "constant") (ref $op) (ref.func $add))
    (table (export "table") 3 9 (ref $op) (ref.func $add))
    (elem declare func $add $sub)
    (func $add (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1)))
    (func $sub (export "sub") (param i32 i32) (result i32)
        (i32.sub (local.get 0) (local.get 1)))
    (func (export "apply") (param (ref null $op) i32 i32) (result i32)
        (call_ref $op (local.get 1) (local.get 2) (local.get 0)))
    (func (export "apply_at") (param i32 i32 i32) (result i32)
        (call_ref $op (local.get 1) (local.get 2) (table.get (local.get 0))))
    (func (export "get_sub") (result (ref $op)) (ref.func $sub))
    (func (export "chosen") (param i32 i32) (result i32)
        (call_ref $op (local.get 0) (local.get 1) (call $choose (ref.func $sub))))
    (func (export "apply_kept") (param i32 i32) (result i32)
        (call_ref $op (local.get 0) (local.get 1) (global.get $kept)))
    (func (export "must") (param funcref) (result funcref) (ref.as_non_null (local.get 0)))
    (func (export "or_else") (param (ref null $op)) (result (ref $op))
        (block (br_on_null 0 (local.get 0)) (return))
        (ref.func $add)))"#;

type Op = TypedFunc<(i32, i32), i32>;

fn guest(store: &mut Store<()>, module: Module) -> Instance {
    let mut imports = Imports::new();
    let choose = Func::wrap(&mut *store, |f: Op| Some(f));
    imports.define("host", "choose", choose);
    Instance::new(store, module, &imports).unwrap()
}

#[test]
fn functions_go_out_are_kept_and_come_back() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        let instance = guest(&mut store, module);
        let sub = typed::<(), Op>(&mut store, instance, "get_sub", ()).unwrap();
        assert_eq!(sub.call(&mut store, (9, 2)).unwrap(), 7);
        assert_eq!(instance.get_func(&store, "sub"), Some(sub.func()));
        let apply = |store: &mut Store<()>, f: Option<Op>, a, b| {
            typed::<(Option<Op>, i32, i32), i32>(store, instance, "apply", (f, a, b))
        };
        assert_eq!(apply(&mut store, Some(sub), 5, 7).unwrap(), -2);
        let trap = code(apply(&mut store, None, 5, 7));
        assert_eq!(trap, TrapCode::NullFunctionReference);
        // A function of the host.
        let mul = Func::wrap(&mut store, |a: i32, b: i32| a * b).typed(&store).unwrap();
        assert_eq!(apply(&mut store, Some(mul), 6, 7).unwrap(), 42);
        let chosen = typed::<(i32, i32), i32>(&mut store, instance, "chosen", (1, 3)).unwrap();
        assert_eq!(chosen, -2);
        let or_else = |store: &mut _, f| typed::<Option<Op>, Op>(store, instance, "or_else", f);
        assert_eq!(or_else(&mut store, Some(mul)).unwrap().func(), mul.func());
        let add = or_else(&mut store, None).unwrap();
        assert_eq!(instance.get_func(&store, "add"), Some(add.func()));
        let must =
            |store: &mut _, f| typed::<Option<Func>, Option<Func>>(store, instance, "must", f);
        assert_eq!(must(&mut store, Some(mul.func())).unwrap(), Some(mul.func()));
        assert_eq!(code(must(&mut store, None)), TrapCode::NullReference);
    });
}

#[test]
fn globals_and_tables_take_functions_of_their_type_only() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        let instance = guest(&mut store, module);
        let kept = instance.get_global(&store, "kept").unwrap();
        let apply_kept =
            |store: &mut Store<()>| typed::<(i32, i32), i32>(store, instance, "apply_kept", (8, 2));
        assert_eq!(code(apply_kept(&mut store)), TrapCode::NullFunctionReference);
        let power = Func::wrap(&mut store, |a: i32, b: i32| a.pow(b as u32));
        kept.set(&mut store, power.into()).unwrap();
        assert_eq!(apply_kept(&mut store).unwrap(), 64);
        let wrong = Func::wrap(&mut store, |a: i32| a);
        let error = kept.set(&mut store, wrong.into()).unwrap_err().to_string();
        assert!(error.contains("(ref null func(i32, i32) -> i32)"), "{error}");
        assert_eq!(apply_kept(&mut store).unwrap(), 64);
        kept.set(&mut store, Val::FuncRef(None)).unwrap();
        assert_eq!(code(apply_kept(&mut store)), TrapCode::NullFunctionReference);

        // Its elements are never null, from the start.
        let table = instance.get_table(&store, "table").unwrap();
        let apply_at = |store: &mut _, at| {
            typed::<(i32, i32, i32), i32>(store, instance, "apply_at", (at, 8, 2))
        };
        assert_eq!(apply_at(&mut store, 2).unwrap(), 10);
        table.set(&mut store, 2, power.into()).unwrap();
        assert_eq!(apply_at(&mut store, 2).unwrap(), 64);
        for bad in [Val::FuncRef(None), wrong.into(), Val::ExternRef(None)] {
            assert!(table.set(&mut store, 2, bad.clone()).is_err());
            assert!(table.grow(&mut store, 1, bad).is_err());
        }
        table.grow(&mut store, 1, power.into()).unwrap();
        assert_eq!(apply_at(&mut store, 3).unwrap(), 64);
        let constant = instance.get_global(&store, "constant").unwrap();
        let Val::FuncRef(Some(add)) = constant.get(&store) else { panic!("a function") };
        assert_eq!(instance.get_func(&store, "add"), Some(add));
    });
}

#[test]
fn calls_from_the_host_are_checked() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        let instance = guest(&mut store, module);
        let wrong = Func::wrap(&mut store, |a: i32| a);
        let apply = instance.get_func(&store, "apply").unwrap();
        let mut results = [Val::I32(0)];
        let args = [Val::from(wrong), Val::I32(1), Val::I32(2)];
        let error = apply.call(&mut store, &args, &mut results).unwrap_err().to_string();
        assert!(error.contains("func((ref null func(i32, i32) -> i32), i32, i32)"), "{error}");
        assert!(wrong.typed::<(i32, i32), i32>(&store).is_err());
        assert!(apply.typed::<(Option<Func>, i32, i32), i32>(&store).is_err());
        assert!(apply.typed::<(Op, i32, i32), i32>(&store).is_err());
        assert!(apply.typed::<(Option<TypedFunc<i32, i32>>, i32, i32), i32>(&store).is_err());
    });
}

#[test]
fn a_function_of_the_host_cannot_return_a_wrong_one() {
    in_every_way(GUEST, |_, module| {
        let mut store = Store::new(());
        // Its type is taken from the guest, its closure finds out at run time.
        let ExternType::Func(ty) = module.imports().next().unwrap().ty else {
            panic!("a function")
        };
        let choose = Func::new(&mut store, ty, |mut caller: Caller<'_, ()>, _, results| {
            results[0] = Func::wrap(&mut caller, |a: i32| a).into();
            Ok::<_, Error>(())
        });
        let mut imports = Imports::new();
        imports.define("host", "choose", choose);
        let instance = Instance::new(&mut store, module, &imports).unwrap();
        let error = typed::<(i32, i32), i32>(&mut store, instance, "chosen", (1, 3)).unwrap_err();
        assert!(error.to_string().contains("was to return (ref null func("), "{error}");
        // Nor can one with another type be linked.
        let other = Func::wrap(&mut store, |f: Option<Func>| f);
        imports.define("host", "choose", other);
        let error = Instance::new(&mut store, module, &imports).unwrap_err();
        assert!(error.link().is_some(), "{error}");
    });
}

/// Types are the same in all modules, by their contents.
#[test]
fn functions_are_handed_from_guest_to_guest() {
    let other = r#"(module
        (type $unused (func (param f64)))
        (type $operation (func (param i32 i32) (result i32)))
        (import "a" "kept" (global $kept (mut (ref null $operation))))
        (import "a" "constant" (global $constant (ref null func)))
        (import "a" "table" (table 3 (ref $operation)))
        (func $max (param i32 i32) (result i32)
            (select (local.get 0) (local.get 1) (i32.gt_s (local.get 0) (local.get 1))))
        (elem declare func $max)
        (func (export "hand_over")
            (global.set $kept (ref.func $max))
            (table.set 0 (i32.const 1) (ref.func $max)))
        (func (export "apply") (param (ref $operation) i32 i32) (result i32)
            (call_ref $operation (local.get 1) (local.get 2) (local.get 0))))"#;
    together_in_every_way([("a", GUEST), ("b", other)], |_, [a, b]| {
        let mut store = Store::new(());
        let a = guest(&mut store, a);
        let mut imports = Imports::new();
        imports.instance("a", &store, a);
        let b = Instance::new(&mut store, b, &imports).unwrap();
        typed::<(), ()>(&mut store, b, "hand_over", ()).unwrap();
        assert_eq!(typed::<(i32, i32), i32>(&mut store, a, "apply_kept", (3, 8)).unwrap(), 8);
        let at = typed::<(i32, i32, i32), i32>(&mut store, a, "apply_at", (1, 9, 8)).unwrap();
        assert_eq!(at, 9);
        let sub = typed::<(), Op>(&mut store, a, "get_sub", ()).unwrap();
        let result = typed::<(Op, i32, i32), i32>(&mut store, b, "apply", (sub, 9, 8)).unwrap();
        assert_eq!(result, 1);
    });
    // A global that changes has to be of the very type.
    let wider = r#"(module (import "a" "kept" (global (mut funcref))))"#;
    together_in_every_way([("a", GUEST), ("b", wider)], |_, [a, b]| {
        let mut store = Store::new(());
        let a = guest(&mut store, a);
        let mut imports = Imports::new();
        imports.instance("a", &store, a);
        assert!(Instance::new(&mut store, b, &imports).unwrap_err().link().is_some());
    });
}
