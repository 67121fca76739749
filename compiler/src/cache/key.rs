//! Keys: digests of all that machine code is made of.
//!
//! A function's key is made of
//! - which compiler this is: its version, its sources and Cranelift's version;
//! - its [surroundings](surroundings): everything in the module, the plan and the target that
//!   translation of any function can look at, other than bodies; and, for the function that sets
//!   globals and applies segments, [what only that looks at](initial);
//! - of a function with a body: that body, the [parts](super::roles) that others play in it, what
//!   translation sees of each of those, and the [bodies that it reads](super::roles::read);
//! - of others: which it is.
//!
//! Where things lie in the file is in no key: a function that moved is still the same. Nor are
//! indices of functions with bodies, names, and the bytes of data segments.
//!
//! Rather too much than too little stands here. The lists of fields below are whole, so that a
//! field that is added to `Module`, `Plan` or `Target` does not compile before somebody has said
//! whether translation sees it.

use std::fmt::{self, Debug, Write};

use cranelift_codegen::ir::UserExternalName;
use cranelift_codegen::isa::TargetIsa;
use sha2::{Digest, Sha256};

use super::roles::{self, Roles};
use crate::func_key::{FuncKey, Reference};
use crate::index::FuncIndex;
use crate::module::{Body, ConstOp, DataSegment, ElemSegment, Function, Import, Module, Use};
use crate::plan::Plan;
use crate::target::Target;

/// A key: a digest, which [`Display`](fmt::Display) writes in hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key(pub(super) [u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The keys of one module and its options.
pub struct Keys<'m> {
    module: &'m Module<'m>,
    plan: &'m Plan,
    pack: Key,
    surroundings: Key,
    initial: Key,
}

impl<'m> Keys<'m> {
    /// Looks at everything other than bodies.
    pub fn new(module: &'m Module<'m>, plan: &'m Plan, target: &Target) -> Self {
        Self {
            module,
            plan,
            pack: pack(module, plan, target),
            surroundings: surroundings(module, plan, target),
            initial: initial(module, plan),
        }
    }

    /// The key of the pack: the same whenever the module is likely to be another version of the
    /// same one.
    pub fn pack(&self) -> Key {
        self.pack
    }

    /// The key of a function, and, if it has a body, the parts that others play in it.
    pub fn function(&self, func: FuncKey) -> (Key, Option<Roles>) {
        let mut digest = Digester::new("function");
        digest.bytes(&self.surroundings.0);
        let roles = match func {
            FuncKey::Body(func) => Some(bodies(self.module, self.plan, func, &mut digest)),
            _ => {
                digest.func_key(func);
                None
            }
        };
        match func {
            FuncKey::InitBody => digest.bytes(&self.initial.0),
            FuncKey::Start => digest.debug(&self.module.start),
            FuncKey::WasmCall(func) | FuncKey::ArrayCall(func) => {
                digest.number(self.module.functions[func].sig.as_u32().into());
            }
            _ => {}
        }
        (digest.finish(), roles)
    }
}

/// What tells a function with a body from others of its module: the same for those whose code is the same, but for the
/// functions that play the parts in them.
pub fn body(module: &Module<'_>, plan: &Plan, func: FuncIndex) -> (Key, Roles) {
    let mut digest = Digester::new("body");
    let roles = bodies(module, plan, func, &mut digest);
    (digest.finish(), roles)
}

/// All that translation sees of the functions that play a part in one.
fn bodies(module: &Module<'_>, plan: &Plan, func: FuncIndex, digest: &mut Digester) -> Roles {
    let roles = Roles::new(module, plan, func);
    digest.number(roles.all().len() as u64);
    for (number, &func) in roles.all().iter().enumerate() {
        let Function { sig, body: _ } = &module.functions[func];
        let import = module.is_imported_function(func).then_some(func);
        let body = roles::read(module, plan, func, number == 0);
        let (product, inline) = (plan.products.get(&func), plan.inline.get(&func));
        let private = plan.private.has(func);
        digest.debug(&(import, sig, product, inline, private, body.is_some()));
        if let Some(body) = body {
            digest.body(plan, body, &roles);
        }
    }
    roles
}

fn compiler(digest: &mut Digester) {
    digest.bytes(env!("CARGO_PKG_VERSION").as_bytes());
    digest.bytes(env!("WASMAOT_COMPILER_SOURCES").as_bytes());
    digest.number(wasmaot_abi::ABI_VERSION.into());
    digest.bytes(cranelift_codegen::VERSION.as_bytes());
}

/// What a module and its options are called, rather than what they are.
fn pack(module: &Module<'_>, plan: &Plan, target: &Target) -> Key {
    let mut digest = Digester::new("pack");
    compiler(&mut digest);
    digest.target(target);
    digest.debug(&(&plan.name, &plan.symbols, plan.traps, plan.fuel, plan.epochs, plan.space));
    for &export in &plan.exports {
        digest.bytes(module.exports[export].name.as_bytes());
    }
    digest.finish()
}

/// Everything that translation can look at, other than bodies.
fn surroundings(module: &Module<'_>, plan: &Plan, target: &Target) -> Key {
    let mut digest = Digester::new("surroundings");
    compiler(&mut digest);
    digest.target(target);
    digest.module(module);
    digest.plan(plan);
    digest.finish()
}

/// What only instantiation looks at, and changes with most edits: where data and functions lie.
fn initial(module: &Module<'_>, plan: &Plan) -> Key {
    let mut digest = Digester::new("initial");
    digest.debug(&(&module.table_inits, &module.global_inits, &plan.init));
    digest.numbers(plan.func_refs.values().map(|func| func.as_u32()));
    for elem in module.elems.values() {
        let ElemSegment { element, mode, items } = elem;
        digest.debug(&(element, mode, items.len()));
        for item in items {
            match item {
                ConstOp::RefFunc(func) => digest.number(func.as_u32().into()),
                other => digest.debug(other),
            }
        }
    }
    for DataSegment { active, bytes } in module.data.values() {
        digest.debug(&(active, bytes.len()));
    }
    digest.finish()
}

/// Takes in values, each in a form that no other value has.
struct Digester(Sha256);

impl Digester {
    fn new(kind: &str) -> Self {
        let mut digester = Self(Sha256::new());
        digester.bytes(kind.as_bytes());
        digester
    }

    fn finish(self) -> Key {
        Key(self.0.finalize().into())
    }

    fn number(&mut self, value: u64) {
        self.0.update(value.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    fn numbers(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        let mut bytes = Vec::with_capacity(4 * values.len());
        values.for_each(|value| bytes.extend(value.to_le_bytes()));
        self.bytes(&bytes);
    }

    /// A value that says all of itself for debugging.
    fn debug(&mut self, value: &impl Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("strings take everything");
        self.bytes(text.as_bytes());
    }

    fn func_key(&mut self, key: FuncKey) {
        let name = UserExternalName::from(Reference::Func(key));
        self.number(name.namespace.into());
        self.number(name.index.into());
    }

    fn body(&mut self, plan: &Plan, body: &Body<'_>, roles: &Roles) {
        // What it uses, and its loops, stand in its bytes, but not what it may know of a table.
        let Body {
            bytes,
            offset,
            loop_depth: _,
            loops: _,
            uses,
            names,
            tail_calls: _,
            returns: _,
            hints,
        } = body;
        // The bytes without indices of functions; what they name, and where.
        let mut rest = Vec::with_capacity(bytes.len());
        body.nameless().for_each(|bytes| rest.extend(bytes));
        let mut named = Vec::with_capacity(2 * names.len());
        for naming in body.namings() {
            // Behind an index of another length places in the file are others.
            named.extend([naming.offset as u32 + 1, naming.len as u32]);
            named.push(roles.number(naming.func).expect("who is named has a part"));
            if naming.is_reference {
                let place = plan.func_ref_of.get(&naming.func);
                named.push(place.map_or(u32::MAX, |place| place.as_u32()));
            }
        }
        self.numbers(named.into_iter());
        self.bytes(&rest);
        for thing in uses {
            if let Use::CallIndirect(table, sig) = thing {
                let constant = plan.constant_tables.get(table);
                let private = plan.private.has_in_tables(*sig);
                self.debug(
                    &constant.map(|table| (table.entries.len(), table.targets(*sig), private)),
                );
            }
        }
        self.number(hints.len() as u64);
        for hint in hints {
            self.number(hint.offset.wrapping_sub(*offset) as u64);
            self.number(hint.taken.into());
        }
    }

    fn target(&mut self, target: &Target) {
        let Target { triple, isa, plain, baseline, relaxed, byte_shuffles, c_convention } = target;
        self.bytes(triple.to_string().as_bytes());
        self.isa(&**isa);
        self.isa(&**plain);
        self.isa(&**baseline);
        self.debug(&(relaxed, byte_shuffles, c_convention));
    }

    fn isa(&mut self, isa: &dyn TargetIsa) {
        self.bytes(isa.name().as_bytes());
        self.bytes(isa.flags().to_string().as_bytes());
        for value in isa.isa_flags() {
            self.bytes(value.to_string().as_bytes());
        }
    }

    fn module(&mut self, module: &Module<'_>) {
        let Module {
            name: _,
            types,
            signatures,
            signature_names: _,
            imports,
            // Each is in the keys of those in which it plays a part.
            functions: _,
            imported_functions,
            tables,
            // Only instantiation looks at it.
            table_inits: _,
            imported_tables,
            memories,
            imported_memories,
            globals,
            imported_globals,
            global_inits,
            // What depends on who is exported stands in the plan.
            exports: _,
            // Only instantiation looks at these.
            start: _,
            elems: _,
            data: _,
            function_names: _,
            features: _,
            custom_sections: _,
            code_start: _,
        } = module;
        self.numbers(types.values().map(|sig| sig.as_u32()));
        self.debug(signatures);
        for import in imports {
            let Import { module, name, item, offset: _ } = import;
            self.debug(&(module, name, item));
        }
        self.debug(&(imported_functions, imported_tables, imported_memories, imported_globals));
        self.debug(&(tables, memories, globals));
        for (global, init) in globals.values().skip(*imported_globals as usize).zip(global_inits) {
            // What can be set starts as something, which only instantiation looks at.
            if !global.mutable {
                self.debug(init);
            }
        }
    }

    fn plan(&mut self, plan: &Plan) {
        let Plan {
            name: _,
            symbols: _,
            layout,
            context_address,
            traps,
            fuel,
            epochs,
            space,
            memories,
            // What is there, and what is told the runtime, but nothing that code depends on.
            exports: _,
            callable: _,
            signatures: _,
            functions: _,
            data: _,
            elems: _,
            // In the keys of those that make references.
            func_refs: _,
            func_ref_of: _,
            wasi,
            // What stands there is in the keys of those that call through them.
            constant_tables,
            // In the keys of those in which the functions play a part.
            products: _,
            inline: _,
            private: _,
            images: _,
            // Only instantiation looks at it.
            init: _,
        } = plan;
        self.debug(&(layout, context_address, traps, fuel, epochs, space, memories));
        self.debug(wasi);
        self.numbers(constant_tables.keys().map(|table| table.as_u32()));
    }
}
