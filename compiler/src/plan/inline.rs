//! Which functions' code stands in place of calls of them.
//!
//! A call costs more than its instructions: most of what the caller keeps in registers goes to the
//! stack, and what is called saves the rest. Compilers to wasm have put most of what is worth it in place
//! already; three kinds are left that gain more than they cost (benches/EXPERIMENTS.md has the figures):
//!
//! - what is small: little more than the call itself, or without calls of its own and called in a loop;
//! - what is called from one place only: then the code is there once, as before;
//! - what calls itself and is small: as deep as two levels.
//!
//! Whatever a function does, traps and backtraces are as if it had been called: its record tells
//! ([`func_info`](wasmaot_abi::func_info)). Only one that ends with a tail call is never put in
//! place, for it gives up its frame, nor one that ends with `unreachable` however it goes: it is run once at most.
//!
//! Functions are looked at from the bottom of the call graph to its top: the length of one is known
//! with all that is put into it. Each is looked at once, and only if it is short.

use std::collections::{BTreeMap, HashMap};

use super::constant_tables::ConstantTable;
use super::reach::Reach;
use crate::index::{FuncIndex, TableIndex};
use crate::module::{Body, Item, Module};

/// The longest code of a small function that calls no other, in bytes, and of any small function with
/// what is put into it.
const SMALL: usize = 96;
/// The longest code of a small function that calls others.
const WRAPPER: usize = 24;
/// The longest code of a function that is called from one place, with what is put into it.
const ONCE: usize = 600;
/// The longest code of a function that is put into itself.
const ITSELF: usize = 200;
/// The most parameters and locals: 50,000 are declared in a few bytes.
const MAX_LOCALS: usize = 16;

/// Of which calls a function's code stands in place, as long as the caller may grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Of all.
    Small,
    /// Of the only one.
    Once,
    /// Of those in its own code.
    Itself,
}

/// Finds them.
pub fn inline(
    module: &Module<'_>,
    reach: &Reach,
    exports: &[usize],
    constant: &BTreeMap<TableIndex, ConstantTable>,
) -> BTreeMap<FuncIndex, Inline> {
    let mut strata = Strata {
        module,
        namings: namings(module, reach, exports, constant),
        visits: HashMap::new(),
        found: BTreeMap::new(),
    };
    for func in reach.functions.iter() {
        strata.visit(func);
    }
    strata.found
}

/// How often each function is named: by calls in reachable code, and by whatever else, which counts
/// as several.
fn namings(
    module: &Module<'_>,
    reach: &Reach,
    exports: &[usize],
    constant: &BTreeMap<TableIndex, ConstantTable>,
) -> HashMap<FuncIndex, u32> {
    const SEVERAL: u32 = 2;
    let mut namings: HashMap<FuncIndex, u32> = HashMap::new();
    let mut add = |func, times| *namings.entry(func).or_default() += times;
    let bodies = reach.functions.iter().filter_map(|func| module.functions[func].body.as_ref());
    bodies.flat_map(Body::namings).for_each(|naming| add(naming.func, 1));
    reach.func_refs.iter().for_each(|&func| add(func, SEVERAL));
    module.start.iter().for_each(|&func| add(func, SEVERAL));
    let entries = constant.values().flat_map(|table| table.entries.iter().flatten());
    entries.for_each(|&func| add(func, SEVERAL));
    for &export in exports {
        if let Item::Func(func) = module.exports[export].item {
            add(func, SEVERAL);
        }
    }
    namings
}

/// A walk over the call graph, callees first.
struct Strata<'m, 'a> {
    module: &'m Module<'a>,
    namings: HashMap<FuncIndex, u32>,
    visits: HashMap<FuncIndex, Visit>,
    found: BTreeMap<FuncIndex, Inline>,
}

/// How far the walk is with a function.
#[derive(Clone, Copy)]
enum Visit {
    /// What it calls comes first. Whether it is called from there, by itself or by way of others.
    Open { by_itself: bool, by_others: bool },
    /// It is done. How long it is with what is put into it.
    Done(usize),
}

/// A function whose callees are being looked at.
struct Step {
    func: FuncIndex,
    /// The length of its code.
    len: usize,
    /// What it calls, once for each call.
    calls: Vec<FuncIndex>,
    /// The next one of these.
    next: usize,
}

impl Strata<'_, '_> {
    fn visit(&mut self, func: FuncIndex) {
        let mut open = Vec::new();
        open.extend(self.open(func));
        while let Some(step) = open.last_mut() {
            let Some(&callee) = step.calls.get(step.next) else {
                self.close(step);
                open.pop();
                continue;
            };
            step.next += 1;
            match self.visits.get_mut(&callee) {
                Some(Visit::Open { by_itself, .. }) if callee == step.func => *by_itself = true,
                Some(Visit::Open { by_others, .. }) => *by_others = true,
                Some(Visit::Done(_)) => {}
                None => open.extend(self.open(callee)),
            }
        }
    }

    /// Begins with a function that nobody has looked at yet, if there is anything to look at.
    fn open(&mut self, func: FuncIndex) -> Option<Step> {
        if self.visits.contains_key(&func) {
            return None;
        }
        let function = &self.module.functions[func];
        let params = self.module.signatures[function.sig].params.len();
        let step = function.body.as_ref().and_then(|body| {
            Some(Step { func, len: body.bytes.len(), calls: calls(body, params)?, next: 0 })
        });
        let visit = match step {
            Some(_) => Visit::Open { by_itself: false, by_others: false },
            None => Visit::Done(0),
        };
        self.visits.insert(func, visit);
        step
    }

    /// Decides about a function whose callees are done.
    fn close(&mut self, step: &Step) {
        let &Step { func, len: own, ref calls, .. } = step;
        let put_in = |callee: &FuncIndex| match (self.found.get(callee), self.visits.get(callee)) {
            (Some(Inline::Small | Inline::Once), Some(&Visit::Done(len))) => Some(len),
            _ => None,
        };
        let len = own + calls.iter().filter_map(put_in).sum::<usize>();
        let calls_others = calls.iter().any(|callee| put_in(callee).is_none());
        let has_loops =
            self.module.functions[func].body.as_ref().is_none_or(|body| body.loop_depth > 0);
        let small = if calls_others { WRAPPER } else { SMALL };
        let kind = match self.visits.get(&func) {
            // What calls each other is put into each other nowhere: that would have no end.
            Some(Visit::Open { by_others: true, .. }) => None,
            Some(Visit::Open { by_itself: true, .. }) => (own <= ITSELF).then_some(Inline::Itself),
            _ if !has_loops && own <= small && len <= SMALL => Some(Inline::Small),
            _ if len <= ONCE && self.namings.get(&func) == Some(&1) => Some(Inline::Once),
            _ => None,
        };
        self.found.extend(kind.map(|kind| (func, kind)));
        self.visits.insert(func, Visit::Done(len));
    }
}

/// What a function calls, if it is short, has few locals, and can and should be put in place.
fn calls(body: &Body<'_>, params: usize) -> Option<Vec<FuncIndex>> {
    if body.bytes.len() > ONCE || body.tail_calls || !body.returns {
        return None;
    }
    let mut locals = params;
    for declared in body.reader().get_locals_reader().ok()? {
        locals = locals.saturating_add(declared.ok()?.0 as usize);
    }
    let calls = body.namings().filter(|naming| !naming.is_reference).map(|naming| naming.func);
    (locals <= MAX_LOCALS).then(|| calls.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// What is found in these functions, of which number 0 is an import.
    fn found(functions: &str) -> Vec<(u32, Inline)> {
        let text = format!(
            "(module (import \"m\" \"f\" (func $import)) (memory 1) (table 1 funcref)
                (type $t (func)) {functions})"
        );
        let wasm = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let config = Config::new("x86_64-unknown-linux-gnu");
        let plan = crate::plan::plan(&module, &config).unwrap();
        plan.inline.iter().map(|(func, kind)| (func.as_u32(), *kind)).collect()
    }

    /// A function that calls one twice, so that it is not called once.
    const USER: &str = "(func (export \"user\") (drop (call 1 (i32.const 1)))
        (drop (call 1 (i32.const 2))) (drop (call 2 (i32.const 1))) (drop (call 2 (i32.const 2)))
        (loop))";

    #[test]
    fn small_functions_are_found_with_those_that_call_them() {
        use Inline::Small;
        let is_digit = "(func $digit (param i32) (result i32)
            (i32.lt_u (i32.load8_u (i32.sub (local.get 0) (i32.const 48))) (i32.const 10)))";
        let either = "(func $either (param i32) (result i32)
            (i32.or (call $digit (local.get 0)) (call $digit (i32.const 1))))";
        let both = [(1, Small), (2, Small)];
        assert_eq!(found(&format!("{is_digit} {either} {USER}")), both);
        assert_eq!(found(&format!("{either} {is_digit} {USER}")), both);
        // Too long together.
        let sixteen = "(i32.add (call $either (local.get 0))".repeat(16);
        let long = format!(
            "(func $long (export \"long\") (param i32) (result i32) {sixteen} (i32.const 1) {})",
            ")".repeat(16)
        );
        assert_eq!(found(&format!("{is_digit} {either} {USER} {long}")), both);
    }

    #[test]
    fn what_calls_others_has_to_be_smaller() {
        let found = |more: usize| {
            let nops = "(nop)".repeat(more);
            let wrapper =
                format!("(func (param i32) (result i32) {nops} (call $import) (i32.const 1))");
            found(&format!("{wrapper} {wrapper} {USER}"))
        };
        assert_eq!(found(1), [(1, Inline::Small), (2, Inline::Small)]);
        assert_eq!(found(WRAPPER), []);
    }

    #[test]
    fn what_is_called_from_one_place_may_be_longer() {
        let guest = |len: usize, rest: &str| {
            let nops = "(nop)".repeat(len);
            found(&format!(
                "(func $once (loop $l {nops} (br_if $l (i32.load (i32.const 0)))))
                (func (export \"run\") (call $once) (loop)) {rest}"
            ))
        };
        assert_eq!(guest(500, ""), [(1, Inline::Once)]);
        assert_eq!(guest(ONCE, ""), []);
        for rest in [
            "(func (export \"other\") (loop (call $once)))",
            "(export \"once\" (func $once))",
            "(elem (i32.const 0) $once) (func (export \"f\") (call_indirect (i32.const 0)) (loop))",
            "(elem (i32.const 0) $once) (export \"table\" (table 0))",
            "(start $once)",
        ] {
            assert_eq!(guest(500, rest), [], "{rest}");
        }
        // Who is not there calls nobody.
        assert_eq!(guest(500, "(func (call $once))"), [(1, Inline::Once)]);
    }

    #[test]
    fn recursion_has_an_end() {
        use Inline::{Itself, Small};
        let itself = "(func $itself (export \"f\") (param i32) (call $itself (local.get 0)))";
        assert_eq!(found(itself), [(1, Itself)]);
        assert_eq!(
            found(&itself.replace("(call", &format!("{} (call", "(nop)".repeat(ITSELF)))),
            []
        );
        // Of those who call each other, one has no end; the other one is put into it.
        let (a, b, c) = (
            "(func $a (export \"a\") (call $b))",
            "(func $b (export \"b\") (call $c))",
            "(func $c (export \"c\") (call $a) (call $c))",
        );
        let all = [found(&format!("{a}{b}{c}")), found(&format!("{c}{b}{a}"))];
        assert_eq!(all[0], [(2, Small), (3, Itself)]);
        assert_eq!(all[1], [(2, Small), (3, Small)]);
    }

    #[test]
    fn what_cannot_or_should_not_be_put_in_place() {
        let locals = "i64 ".repeat(MAX_LOCALS + 1);
        for function in [
            "(func $f (return_call $import))".to_owned(),
            "(func $f (return_call_indirect (i32.const 0)))".into(),
            "(func $f (return_call_ref $t (ref.null $t)))".into(),
            format!("(func $f (local {locals}))"),
            // They never return.
            "(func $f (call $import) unreachable)".into(),
            "(func $f (block (br_if 0 (i32.const 0))) unreachable)".into(),
            "(func $f (loop (br_if 0 (i32.const 0))) unreachable)".into(),
        ] {
            let user = "(func (export \"user\") (call $f) (call $f) (loop))";
            assert_eq!(found(&format!("{function}{user}")), [], "{function}");
        }
        // They may.
        for code in [
            "(br_if 0 (i32.const 0)) unreachable",
            "(block (br_if 1 (i32.const 0))) unreachable",
            "(block (br_table 0 1 (i32.const 0))) unreachable",
            "(block (br_table 1 0 (i32.const 0))) unreachable",
            "(block (return)) unreachable",
            "(block unreachable)",
            "(block (br_if 0 (i32.const 0)) unreachable)",
        ] {
            let user = "(func (export \"user\") (call $f) (call $f) (loop))";
            assert_eq!(found(&format!("(func $f {code}){user}")), [(1, Inline::Small)], "{code}");
        }
    }
}
