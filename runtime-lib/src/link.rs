//! Imports: what a module is given, and whether it fits. All that does not fit is told at once.

use std::collections::BTreeMap;
use std::fmt;

use wasmaot_abi::module::{ExternKind, Space, VmImport};

use crate::error::Result;
use crate::func::Func;
use crate::global::Global;
use crate::instance::Instance;
use crate::memory::Memory;
use crate::raw::{self, ModuleRef, TypeRef};
use crate::store::{AsStore, StoreInner};
use crate::table::Table;
use crate::types::*;

/// Anything that can be imported or exported. A copyable handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
}

impl Extern {
    /// The function, if it is one.
    pub fn func(self) -> Option<Func> {
        if let Self::Func(func) = self { Some(func) } else { None }
    }

    /// The table, if it is one.
    pub fn table(self) -> Option<Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// The memory, if it is one.
    pub fn memory(self) -> Option<Memory> {
        if let Self::Memory(memory) = self { Some(memory) } else { None }
    }

    /// The global, if it is one.
    pub fn global(self) -> Option<Global> {
        if let Self::Global(global) = self { Some(global) } else { None }
    }

    /// The type, a table's or memory's present size being the least.
    pub fn ty(self, store: impl AsStore) -> ExternType {
        match self {
            Self::Func(func) => ExternType::Func(func.ty(store)),
            Self::Table(table) => ExternType::Table(table.ty(store)),
            Self::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Self::Global(global) => ExternType::Global(global.ty(store)),
        }
    }
}

macro_rules! extern_from {
    ($($name:ident)*) => {
        $(impl From<$name> for Extern {
            fn from(it: $name) -> Self {
                Self::$name(it)
            }
        })*
    };
}

extern_from!(Func Table Memory Global);

/// What modules may import, by name.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    modules: BTreeMap<Box<str>, BTreeMap<Box<str>, Extern>>,
}

impl Imports {
    /// Nothing.
    pub const fn new() -> Self {
        Self { modules: BTreeMap::new() }
    }

    /// Provides something under a name, in place of what had that name.
    pub fn define(&mut self, module: &str, name: &str, item: impl Into<Extern>) -> &mut Self {
        self.modules.entry(module.into()).or_default().insert(name.into(), item.into());
        self
    }

    /// Provides all exports of an instance under a module's name.
    pub fn instance(&mut self, module: &str, store: impl AsStore, instance: Instance) -> &mut Self {
        for export in instance.exports(&store) {
            self.define(module, export.name, export.item);
        }
        // An instance without exports is an empty module, not a missing one.
        self.modules.entry(module.into()).or_default();
        self
    }

    /// What is provided under a name.
    pub fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.modules.get(module)?.get(name).copied()
    }

    /// Everything in a module's order, or `None` where there is nothing.
    pub(crate) fn resolve(&self, module: ModuleRef) -> Vec<Option<Extern>> {
        let find = |import: &VmImport| {
            // SAFETY: an object's description.
            let (module, name) = unsafe { (raw::str(import.module), raw::str(import.name)) };
            self.get(module, name)
        };
        module.imports().iter().map(find).collect()
    }

    /// Where else something is to be had that might have been meant.
    pub(crate) fn hint(&self, module: &str, name: &str) -> Option<String> {
        let elsewhere = self.modules.iter().find(|(_, items)| items.contains_key(name));
        if let Some((other, _)) = elsewhere {
            return Some(format!("module `{other}` provides a `{name}`"));
        }
        let Some(items) = self.modules.get(module) else {
            let mut names = self.modules.keys().take(8).map(|name| format!("`{name}`"));
            let first = names.next()?;
            let names = names.fold(first, |all, name| all + ", " + &name);
            return Some(format!("nothing is defined for module `{module}`, only for {names}"));
        };
        let plain = |name: &str| name.replace(['_', '-'], "").to_lowercase();
        let similar = items.keys().find(|other| plain(other) == plain(name));
        similar.map(|other| format!("there is a `{other}` in module `{module}`"))
    }
}

/// Why a module could not be linked: every import that is missing or does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkError {
    module: &'static str,
    problems: Box<[ImportProblem]>,
}

/// An import that is missing or does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportProblem {
    module: &'static str,
    name: &'static str,
    expected: ExternType,
    given: Option<ExternType>,
    hint: Option<String>,
}

impl LinkError {
    /// The name of the module that could not be linked.
    pub fn module(&self) -> &str {
        self.module
    }

    /// Every import that is missing or does not fit, in the module's order.
    pub fn problems(&self) -> &[ImportProblem] {
        &self.problems
    }
}

impl ImportProblem {
    /// The name of the module that it is to come from.
    pub fn module(&self) -> &str {
        self.module
    }

    /// Its name there.
    pub fn name(&self) -> &str {
        self.name
    }

    /// What the importing module needs.
    pub fn expected(&self) -> &ExternType {
        &self.expected
    }

    /// What was given, if anything was.
    pub fn given(&self) -> Option<&ExternType> {
        self.given.as_ref()
    }

    /// What more there is to say.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, name, expected, given, hint } = self;
        write!(f, "`{name}` from module `{module}`: expected {expected}, ")?;
        match given {
            Some(given) => write!(f, "given {given}")?,
            None => f.write_str("given nothing")?,
        }
        match hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.problems.len();
        let what = if n == 1 { "1 import does" } else { &format!("{n} imports do") };
        write!(f, "cannot link module `{}`: {what} not fit", self.module)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for LinkError {}

/// A [`LinkError`] in an [`Error`](crate::Error). Behind a trait, so that there is one function in a program that
/// drops one, and none that shows one where there can be none.
pub(crate) trait Unlinked: fmt::Display + Send + Sync {
    fn get(&self) -> &LinkError;
}

impl Unlinked for LinkError {
    fn get(&self) -> &LinkError {
        self
    }
}

/// Where else something of this module and name might be had. A function, so that programs without
/// [`Imports`] are without this, too.
pub(crate) type Hint<'a> = dyn Fn(&str, &str) -> Option<String> + 'a;

/// Checks what a module is given, in its order.
pub(crate) fn check(
    store: &StoreInner,
    module: ModuleRef,
    given: &[Option<Extern>],
    hint_at: &Hint<'_>,
) -> Result<(), LinkError> {
    let space = module.0.memory_space;
    let mut problems = Vec::new();
    for (i, import) in module.imports().iter().enumerate() {
        let given = given.get(i).copied().flatten();
        if given.is_none() && cfg!(feature = "wasi") && !import.provided.is_null() {
            continue;
        }
        let Err(why) = fits(store, import, given, space) else { continue };
        problems.push(problem(store, import, given, why, hint_at));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(LinkError { module: module.name(), problems: problems.into() })
}

/// What is wrong with an import.
#[cold]
fn problem(
    store: &StoreInner,
    import: &VmImport,
    given: Option<Extern>,
    why: Option<String>,
    hint_at: &Hint<'_>,
) -> ImportProblem {
    // SAFETY: an object's description.
    let (module, name, expected) =
        unsafe { (raw::str(import.module), raw::str(import.name), extern_type(&import.ty)) };
    let hint = match given {
        Some(_) => why,
        None => hint_at(module, name),
    };
    let given = given.map(|item| type_of(store, item));
    ImportProblem { module, name, expected, given, hint }
}

fn type_of(store: &StoreInner, item: Extern) -> ExternType {
    // SAFETY: the store is borrowed, and so what it owns.
    unsafe {
        match item {
            Extern::Func(func) => ExternType::Func(func.ty_in(store)),
            Extern::Table(table) => ExternType::Table(table.data_ptr(store).as_ref().ty()),
            Extern::Memory(memory) => ExternType::Memory(memory.data_ptr(store).as_ref().ty()),
            Extern::Global(global) => ExternType::Global(global.type_of()),
        }
    }
}

/// Whether something can serve as an import; if not, perhaps what more there is to say.
#[inline(never)]
fn fits(
    store: &StoreInner,
    import: &VmImport,
    given: Option<Extern>,
    space: Space,
) -> Result<(), Option<String>> {
    let wanted = &import.ty;
    let ok = |fits: bool| if fits { Ok(()) } else { Err(None) };
    match (kind(wanted), given.ok_or(None)?) {
        (ExternKind::Func, Extern::Func(func)) => {
            // SAFETY: an object's description of a function.
            let wanted = unsafe { TypeRef::new(wanted.func) };
            ok(match func.host_func(store) {
                Some(host) => wanted.is(&host.params, &host.results),
                None => wanted.same(func.type_ref(store)),
            })
        }
        (ExternKind::Table, Extern::Table(table)) => {
            // SAFETY: the store is borrowed, and so what it owns.
            let given = unsafe { table.data_ptr(store).as_ref() }.ty();
            // SAFETY: an object's description.
            let wanted = unsafe { table_type(wanted) };
            ok(given.element == wanted.element
                && given.index64 == wanted.index64
                && limits_fit((given.min, given.max), (wanted.min, wanted.max)))
        }
        (ExternKind::Memory, Extern::Memory(memory)) => {
            // SAFETY: the store is borrowed, and so what it owns.
            let given = unsafe { memory.data_ptr(store).as_ref() };
            // What code relies on follows from the type that it knows.
            let space = space.of_memory(wanted.max_bytes(), wanted.page_size_log2);
            let (ty, wanted) = (given.ty(), memory_type(wanted));
            let alike = |ty: MemoryType| (ty.index64, ty.shared, ty.page_size_log2);
            ok(alike(ty) == alike(wanted))?;
            ok(limits_fit((ty.min, ty.max), (wanted.min, wanted.max)))?;
            match given.lacks(space) {
                None => Ok(()),
                Some(lacks) => Err(Some(format!(
                    "the module was compiled to rely on address space that this memory lacks: it \
                     has {lacks}; compile both modules alike"
                ))),
            }
        }
        (ExternKind::Global, Extern::Global(global)) => {
            // Panics with another store's, as the other kinds do, before anything is made.
            global.vm(store);
            // SAFETY: an object's description.
            let (given, wanted) = (global.type_of(), unsafe { global_type(wanted) });
            // What can change has to be of the very type, what cannot of a subtype (spec 3.3.9).
            ok(given == wanted
                || !given.mutable && !wanted.mutable && given.value.matches(wanted.value))
        }
        _ => Err(None),
    }
}

/// Whether limits are within what an import asks for.
fn limits_fit(given: (u64, Option<u64>), wanted: (u64, Option<u64>)) -> bool {
    given.0 >= wanted.0
        && wanted.1.is_none_or(|wanted| given.1.is_some_and(|given| given <= wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_subtypes() {
        assert!(limits_fit((1, None), (1, None)));
        assert!(limits_fit((2, Some(3)), (1, Some(3))));
        assert!(limits_fit((2, Some(3)), (1, None)));
        assert!(!limits_fit((0, None), (1, None)));
        assert!(!limits_fit((1, None), (1, Some(9))));
        assert!(!limits_fit((1, Some(10)), (1, Some(9))));
    }

    #[test]
    fn problems_read_well() {
        let problem = |given, hint: Option<&str>| ImportProblem {
            module: "env",
            name: "log",
            expected: ExternType::Memory(MemoryType::new(1, None)),
            given,
            hint: hint.map(Into::into),
        };
        let given = ExternType::Global(GlobalType::new(ValType::I32, false));
        let error = LinkError {
            module: "m",
            problems: [problem(None, None), problem(Some(given), Some("look elsewhere"))].into(),
        };
        assert_eq!(
            error.to_string(),
            "cannot link module `m`: 2 imports do not fit\n  \
             `log` from module `env`: expected memory of 1 or more pages, given nothing\n  \
             `log` from module `env`: expected memory of 1 or more pages, given constant global \
             of i32 (look elsewhere)"
        );
    }
}
