//! Executes a script's directives in order against one store.

use std::collections::HashMap;

use wasmaot::{Error, Imports, Instance, Module, Store, Val};
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke};

use super::modules::{Prepared, Refusal};
use super::script::Script;
use super::{Failure, Options, Report, spectest, values};

/// Runs a script whose modules are prepared.
pub fn run(script: &Script<'_>, modules: &[Option<Prepared>], options: &Options) -> Report {
    let mut runner = match Runner::new() {
        Ok(runner) => runner,
        Err(error) => return Report::failed(1, format!("cannot provide `spectest`: {error}")),
    };
    runner.store.set_collect_always(options.collect_always);
    let mut report = Report::default();
    for (index, directive) in script.directives.iter().enumerate() {
        match runner.directive(directive, modules[index].as_ref()) {
            Ok(()) => report.passed += 1,
            Err(reason) => report.failures.push(Failure { line: script.line(index), reason }),
        }
    }
    report
}

/// What a directive could not do, or did not get.
type Outcome<T = ()> = Result<T, String>;

/// Why an action did not return.
enum Stopped {
    /// The guest, the linker of imports or the store said so.
    Error(Error),
    /// It could not be tried.
    Impossible(String),
}

impl From<String> for Stopped {
    fn from(reason: String) -> Self {
        Self::Impossible(reason)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Stopped {
    fn into_text(self) -> String {
        match self {
            Self::Error(error) => error.to_string(),
            Self::Impossible(reason) => reason,
        }
    }
}

struct Runner {
    store: Store<()>,
    imports: Imports,
    /// The instance that directives mean which name none.
    current: Option<Instance>,
    named: HashMap<String, Instance>,
    /// The last definition, and those with names.
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
}

impl Runner {
    fn new() -> Result<Self, Error> {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        spectest::define(&mut store, &mut imports)?;
        Ok(Self {
            store,
            imports,
            current: None,
            named: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
        })
    }

    fn directive(&mut self, directive: &WastDirective<'_>, module: Option<&Prepared>) -> Outcome {
        match directive {
            WastDirective::Module(quote) => self.module(quote, module),
            WastDirective::ModuleDefinition(quote) => {
                let module = ready(module)?;
                self.define(quote.name(), module);
                Ok(())
            }
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()).copied(),
                    None => self.definition,
                };
                let module = module.ok_or("there is no such module definition")?;
                self.instantiate(module, *instance)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.as_ref())?;
                self.imports.instance(name, &self.store, instance);
                Ok(())
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(invoke).map(drop).map_err(Stopped::into_text)
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec, module).map_err(Stopped::into_text)?;
                values::check(&values, results)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                let outcome = self.execute(exec, module);
                trapped(outcome, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let outcome = self.invoke(call);
                trapped(outcome, message)
            }
            WastDirective::AssertUnlinkable { message, .. } => {
                let module = ready(module)?;
                match Instance::new(&mut self.store, module, &self.imports) {
                    Ok(_) => Err(format!("it was linked; expected `{message}`")),
                    Err(error) => unlinkable(&error, message),
                }
            }
            WastDirective::AssertInvalid { message, .. }
            | WastDirective::AssertInvalidCustom { message, .. }
            | WastDirective::AssertMalformed { message, .. }
            | WastDirective::AssertMalformedCustom { message, .. } => refused(module, message),
            WastDirective::AssertException { .. } => {
                Err("unsupported: the exception-handling proposal".into())
            }
            WastDirective::AssertSuspension { .. } => {
                Err("unsupported: the stack-switching proposal".into())
            }
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                Err("unsupported: the threads proposal".into())
            }
        }
    }

    /// A module that is instantiated at once.
    fn module(&mut self, quote: &QuoteWat<'_>, module: Option<&Prepared>) -> Outcome {
        // If this fails, what follows must not run against the module before.
        self.current = None;
        let module = ready(module)?;
        self.define(quote.name(), module);
        self.instantiate(module, quote.name())
    }

    fn define(&mut self, id: Option<Id<'_>>, module: Module) {
        self.definition = Some(module);
        if let Some(id) = id {
            self.definitions.insert(id.name().into(), module);
        }
    }

    fn instantiate(&mut self, module: Module, id: Option<Id<'_>>) -> Outcome {
        self.current = None;
        if let Some(id) = id {
            self.named.remove(id.name());
        }
        let instance = Instance::new(&mut self.store, module, &self.imports)
            .map_err(|error| format!("cannot instantiate the module: {error}"))?;
        self.current = Some(instance);
        if let Some(id) = id {
            self.named.insert(id.name().into(), instance);
        }
        Ok(())
    }

    fn instance(&self, id: Option<&Id<'_>>) -> Outcome<Instance> {
        match id {
            Some(id) => self
                .named
                .get(id.name())
                .copied()
                .ok_or_else(|| format!("there is no instance `${}`", id.name())),
            None => self.current.ok_or_else(|| "there is no instance".into()),
        }
    }

    fn execute(
        &mut self,
        exec: &WastExecute<'_>,
        module: Option<&Prepared>,
    ) -> Result<Vec<Val>, Stopped> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(_) => {
                let module = ready(module)?;
                Instance::new(&mut self.store, module, &self.imports)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.as_ref())?;
                let global = instance
                    .get_global(&self.store, global)
                    .ok_or_else(|| format!("no global is exported as `{global}`"))?;
                Ok(vec![global.get(&mut self.store)])
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>, Stopped> {
        let instance = self.instance(invoke.module.as_ref())?;
        let func = instance
            .get_func(&self.store, invoke.name)
            .ok_or_else(|| format!("no function is exported as `{}`", invoke.name))?;
        let args: Vec<Val> = invoke.args.iter().map(values::argument).collect::<Outcome<_>>()?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results)
    }
}

fn ready(module: Option<&Prepared>) -> Outcome<Module> {
    match module {
        Some(Prepared::Ready(module)) => Ok(*module),
        Some(Prepared::Refused(refusal)) => Err(format!("cannot compile the module: {refusal}")),
        Some(Prepared::Accepted) | None => Err("the module was not compiled".into()),
    }
}

fn trapped(outcome: Result<Vec<Val>, Stopped>, expected: &str) -> Outcome {
    match outcome {
        Ok(_) => Err(format!("it returned; expected the trap `{expected}`")),
        Err(Stopped::Impossible(reason)) => Err(reason),
        Err(Stopped::Error(error)) => match error.trap() {
            // Scripts may say more (`uninitialized element 2`) or less than we do.
            Some(trap) if same_message(trap.code().message(), expected) => Ok(()),
            Some(trap) => Err(format!("expected the trap `{expected}`, got `{}`", trap.code())),
            None => Err(format!("expected the trap `{expected}`, got the error: {error}")),
        },
    }
}

fn same_message(ours: &str, expected: &str) -> bool {
    !expected.is_empty() && (ours.starts_with(expected) || expected.starts_with(ours))
}

/// Whether an error says that imports are missing or wrong, as expected.
fn unlinkable(error: &Error, expected: &str) -> Outcome {
    let Some(link) = error.link() else {
        return Err(format!("expected `{expected}`, got the error: {error}"));
    };
    // The suite's words for the two ways there are.
    let found = link.problems().iter().any(|problem| match expected {
        "unknown import" => problem.given().is_none(),
        _ => expected.starts_with("incompatible import type") && problem.given().is_some(),
    });
    if found { Ok(()) } else { Err(format!("expected `{expected}`, got: {error}")) }
}

/// Whether a module was refused. The words are the validator's own: only the fact is compared.
fn refused(module: Option<&Prepared>, expected: &str) -> Outcome {
    match module {
        Some(Prepared::Refused(Refusal::Compiler(
            error @ wasmaot_compiler::Error::Codegen { .. },
        ))) => Err(format!("expected `{expected}`, got a bug: {error}")),
        Some(Prepared::Refused(_)) => Ok(()),
        _ => Err(format!("the module was accepted; expected `{expected}`")),
    }
}
