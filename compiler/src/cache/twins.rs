//! Functions of one module that are the same but for whom they name: one of them is generated, the others are what an
//! [entry](super::entry) of that one says when it is read as theirs. Each keeps its symbol, name and places in the file.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use super::entry::{self, Places};
use super::key::{self, Key};
use super::roles::Roles;
use crate::codegen::Compiled;
use crate::func_key::FuncKey;
use crate::index::FuncIndex;
use crate::module::Module;
use crate::plan::Plan;

/// The twins in a module.
pub struct Twins {
    places: Places,
    /// For each that has an elder twin: that one, the first of its kind.
    elders: HashMap<FuncKey, FuncKey>,
    /// The parts that others play in either.
    roles: HashMap<FuncKey, Roles>,
}

impl Twins {
    /// Finds them among those that are generated in any case.
    pub fn find(module: &Module<'_>, plan: &Plan) -> Self {
        let on_demand = plan.on_demand();
        // Few have the same bytes as any other. Only these are looked at closely.
        let mut alike: HashMap<u64, Vec<FuncIndex>> = HashMap::new();
        for key in plan.functions.iter().filter(|key| !on_demand.contains(key)) {
            if let FuncKey::Body(func) = *key
                && let Some(bytes) = bytes(module, func)
            {
                alike.entry(bytes).or_default().push(func);
            }
        }
        let (mut elders, mut all_roles) = (HashMap::new(), HashMap::new());
        for group in alike.into_values().filter(|group| group.len() > 1) {
            let mut firsts: HashMap<Key, FuncKey> = HashMap::new();
            for func in group {
                let own = FuncKey::Body(func);
                let (key, roles) = key::body(module, plan, func);
                all_roles.insert(own, roles);
                let first = *firsts.entry(key).or_insert(own);
                if first != own {
                    elders.insert(own, first);
                }
            }
        }
        let places = if elders.is_empty() { Places::default() } else { Places::new(module) };
        Self { places, elders, roles: all_roles }
    }

    /// The twin of a function that is generated in place of it, if it has one.
    pub fn elder(&self, key: FuncKey) -> Option<FuncKey> {
        self.elders.get(&key).copied()
    }

    /// What a function is, by its elder twin. (There may be no form for that.)
    pub fn younger(&self, elder: &Compiled, key: FuncKey) -> Option<Compiled> {
        let [theirs, own] = [elder.key, key]
            .map(|key| entry::Context { places: &self.places, roles: self.roles.get(&key) });
        entry::decode(&entry::encode(elder, &theirs)?, key, &own)
    }
}

/// A hash of a body's bytes, without those that name functions.
fn bytes(module: &Module<'_>, func: FuncIndex) -> Option<u64> {
    let body = module.functions[func].body.as_ref()?;
    let mut hasher = DefaultHasher::new();
    body.nameless().for_each(|bytes| hasher.write(bytes));
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::{self, RelocationTarget};
    use crate::config::Config;
    use crate::func_key::Reference;
    use crate::target::Target;

    /// What is generated of a module, by the functions' indices, and who has which elder twin.
    fn generate(text: &str) -> (Vec<Compiled>, Vec<(u32, u32)>) {
        let wasm = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let config = Config { debug_info: true, ..Config::new("x86_64-unknown-linux-gnu") };
        let (plan, target) =
            (crate::plan::plan(&module, &config).unwrap(), Target::new(&config).unwrap());
        let twins = Twins::find(&module, &plan);
        let number = |key| match key {
            FuncKey::Body(func) => func.as_u32(),
            other => panic!("{other:?} has no body"),
        };
        let mut elders: Vec<_> =
            twins.elders.iter().map(|(&own, &elder)| (number(own), number(elder))).collect();
        elders.sort_unstable();
        let (all, work) = codegen::generate(&module, &plan, &target, None).unwrap();
        assert_eq!((all.len(), work.generated), (plan.functions.len(), all.len()));
        (all, elders)
    }

    fn body(all: &[Compiled], number: u32) -> &Compiled {
        let key = FuncKey::Body(FuncIndex::from_u32(number));
        all.iter().find(|compiled| compiled.key == key).unwrap()
    }

    const GUEST: &str = r#"(module
        (import "m" "f" (func $import (param i32) (result i32)))
        (memory 1)
        (func $one (export "one") (param i32) (result i32)
            (loop $l (br_if $l (i32.load (local.get 0))))
            (i32.div_s (i32.const 1) (call $other (local.get 0))))
        (func $other (export "other") (param i32) (result i32)
            (loop $l (br_if $l (i32.load8_u (local.get 0)))) (call $one (local.get 0)))
        (func $two (export "two") (param i32) (result i32)
            (loop $l (br_if $l (i32.load (local.get 0))))
            (i32.div_s (i32.const 1) (call $one (local.get 0))))
        (func (export "number") (param i32) (result i32)
            (loop $l (br_if $l (i32.load (local.get 0))))
            (i32.div_s (i32.const 2) (call $one (local.get 0))))
        (func (export "itself") (param i32) (result i32)
            (loop $l (br_if $l (i32.load (local.get 0))))
            (i32.div_s (i32.const 1) (call 5 (local.get 0))))
        (func (export "out") (param i32) (result i32)
            (loop $l (br_if $l (i32.load (local.get 0))))
            (i32.div_s (i32.const 1) (call $import (local.get 0)))))"#;

    #[test]
    fn twins_differ_in_whom_they_name_and_where_they_stand() {
        let (all, elders) = generate(GUEST);
        assert_eq!(elders, [(3, 1)]);
        let (one, two) = (body(&all, 1), body(&all, 3));
        assert_eq!((&one.code, one.place, &one.frame), (&two.code, two.place, &two.frame));
        let callee = |of: &Compiled| {
            of.relocations.iter().find_map(|relocation| match relocation.target {
                RelocationTarget::Reference(Reference::Func(FuncKey::Body(func))) => {
                    Some(func.as_u32())
                }
                _ => None,
            })
        };
        assert_eq!((callee(one), callee(two)), (Some(2), Some(1)));
        // All that says where it comes from is as far behind as the body is.
        let places = |of: &Compiled| {
            let sites = of.info.as_ref().unwrap().sites.iter();
            let sites = sites.map(|site| (site.code_offset, site.wasm_offset));
            sites.chain(of.source.iter().map(|&(start, _, at)| (start, at))).collect::<Vec<_>>()
        };
        let (one, two) = (places(one), places(two));
        assert!(one.len() > 6 && one.len() == two.len(), "{one:?} {two:?}");
        let behind = two[0].1 - one[0].1;
        assert!(behind > 0);
        let moved: Vec<_> = one.iter().map(|&(code, at)| (code, at + behind)).collect();
        assert_eq!(moved, two);
    }

    #[test]
    fn what_is_generated_only_if_somebody_asks_has_no_twin() {
        // They stand in place of their calls.
        let text = r#"(module
            (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func $b (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func (export "f") (param i32) (result i32)
                (i32.mul (call $a (call $a (local.get 0))) (call $b (call $b (local.get 0))))))"#;
        let wasm = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let config = Config::new("x86_64-unknown-linux-gnu");
        let plan = crate::plan::plan(&module, &config).unwrap();
        assert!(Twins::find(&module, &plan).elders.is_empty());
    }
}
