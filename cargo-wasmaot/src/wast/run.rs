//! Executes a script's directives in order against one store.
//!
//! A directive whose module cannot be made leaves a gap where others look for its instance:
//! those are blocked by it rather than wrong themselves.

use std::collections::HashMap;

use wasmaot::{Error, Imports, Instance, Module, Store, Val};
use wasmaot_compiler::Error as CompileError;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke};

use super::modules::{Prepared, Refusal};
use super::report::{Event, Failure, Outcome, WAITED_FOR};
use super::script::Script;
use super::{Options, spectest, values};

/// Runs a script whose modules are prepared, and says what becomes of each directive.
pub fn run(
    script: &Script<'_>,
    modules: &[Option<Prepared>],
    options: &Options,
    say: &mut (dyn FnMut(Event) + Send),
) {
    let mut runner = match Runner::new() {
        Ok(runner) => runner,
        Err(error) => {
            let reason = format!("cannot provide `spectest`: {error}");
            return say(Event::Ended { line: Some(1), reason });
        }
    };
    runner.store.set_collect_always(options.collect_always);
    for (index, directive) in script.directives.iter().enumerate() {
        runner.line = script.line(index);
        let outcome = runner.directive(directive, modules[index].as_ref());
        say(Event::Outcome(match outcome {
            Ok(()) => Outcome::Passed,
            Err(Stop::Failed(failure)) => Outcome::Failed(failure),
            Err(Stop::Blocked(line)) => Outcome::Blocked(line),
        }));
    }
}

/// What a directive could do, or why not.
type Done<T = ()> = Result<T, Stop>;

/// Why a directive did not do what it should.
enum Stop {
    Failed(Failure),
    /// What it needs is not there since the directive in this line failed.
    Blocked(usize),
}

/// Why an action did not return.
enum Stopped {
    /// The guest, the linker of imports or the store said so.
    Error(Error),
    /// It could not be tried.
    Impossible(Stop),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Failed(reason.into())
    }
}

impl From<&str> for Stop {
    fn from(reason: &str) -> Self {
        Self::Failed(reason.into())
    }
}

impl From<Stop> for Stopped {
    fn from(stop: Stop) -> Self {
        Self::Impossible(stop)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Impossible(failure.into())
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Stopped {
    fn into_stop(self) -> Stop {
        match self {
            Self::Error(error) => error.to_string().into(),
            Self::Impossible(stop) => stop,
        }
    }
}

/// What directives refer to, or the line of the directive that should have made it.
type Made<T> = Result<T, usize>;

struct Runner {
    store: Store<()>,
    imports: Imports,
    /// The line of the running directive.
    line: usize,
    /// The instance that directives mean which name none.
    current: Option<Made<Instance>>,
    named: HashMap<String, Made<Instance>>,
    /// The last definition, and those with names.
    definition: Option<Made<Module>>,
    definitions: HashMap<String, Made<Module>>,
    /// The names that modules import from but whose instance was not made: by which line.
    missing: HashMap<String, usize>,
}

impl Runner {
    fn new() -> Result<Self, Error> {
        let mut store = Store::new(());
        let mut imports = Imports::new();
        spectest::define(&mut store, &mut imports)?;
        Ok(Self {
            store,
            imports,
            line: 0,
            current: None,
            named: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            missing: HashMap::new(),
        })
    }

    fn directive(&mut self, directive: &WastDirective<'_>, module: Option<&Prepared>) -> Done {
        match directive {
            WastDirective::Module(quote) => {
                let made = self.define(quote, module);
                self.instantiate(made, quote.name())
            }
            WastDirective::ModuleDefinition(quote) => self.define(quote, module).map(drop),
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = match module {
                    Some(id) => self.definitions.get(id.name()).copied(),
                    None => self.definition,
                };
                let made = match module {
                    Some(made) => made.map_err(Stop::Blocked),
                    None => Err("there is no such module definition".into()),
                };
                self.instantiate(made, *instance)
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.as_ref()).inspect_err(|stop| {
                    self.missing.insert((*name).into(), self.culprit(stop));
                })?;
                self.missing.remove(*name);
                self.imports.instance(name, &self.store, instance);
                Ok(())
            }
            WastDirective::Invoke(invoke) => {
                self.invoke(invoke).map(drop).map_err(Stopped::into_stop)
            }
            WastDirective::AssertReturn { exec, results, .. } => {
                let values = self.execute(exec, module).map_err(Stopped::into_stop)?;
                Ok(values::check(&values, results)?)
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
                match self.link(module) {
                    Ok(_) => Err(format!("it was linked; expected `{message}`").into()),
                    Err(Stopped::Error(error)) => unlinkable(&error, message),
                    Err(Stopped::Impossible(stop)) => Err(stop),
                }
            }
            WastDirective::AssertInvalid { message, .. }
            | WastDirective::AssertInvalidCustom { message, .. }
            | WastDirective::AssertMalformed { message, .. }
            | WastDirective::AssertMalformedCustom { message, .. } => refused(module, message),
            WastDirective::AssertException { exec, .. } => match self.execute(exec, module) {
                Err(Stopped::Impossible(stop)) => Err(stop),
                _ => Err(Failure::needs("exception-handling", "an exception is expected").into()),
            },
            WastDirective::AssertSuspension { .. } => {
                Err(Failure::needs("stack-switching", "a suspension is expected").into())
            }
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                Err("threads in scripts are not supported".into())
            }
        }
    }

    fn define(&mut self, quote: &QuoteWat<'_>, module: Option<&Prepared>) -> Done<Module> {
        let ready = ready(module);
        let made = ready.as_ref().map(|module| *module).map_err(|stop| self.culprit(stop));
        self.definition = Some(made);
        if let Some(id) = quote.name() {
            self.definitions.insert(id.name().into(), made);
        }
        ready
    }

    /// Makes the current instance. If that fails, what follows must not run against the one
    /// before.
    fn instantiate(&mut self, module: Done<Module>, id: Option<Id<'_>>) -> Done {
        let instance = module.and_then(|module| {
            self.link(module).map_err(|stopped| match stopped {
                Stopped::Error(error) => format!("cannot instantiate the module: {error}").into(),
                Stopped::Impossible(stop) => stop,
            })
        });
        let made = instance.as_ref().map(|instance| *instance);
        let made = made.map_err(|stop| self.culprit(stop));
        self.current = Some(made);
        if let Some(id) = id {
            self.named.insert(id.name().into(), made);
        }
        instance.map(drop)
    }

    /// Instantiates a module with what is registered.
    fn link(&mut self, module: Module) -> Result<Instance, Stopped> {
        let needs = module.imports().find_map(|import| self.missing.get(import.module));
        if let Some(&line) = needs {
            return Err(Stop::Blocked(line).into());
        }
        Ok(Instance::new(&mut self.store, module, &self.imports)?)
    }

    /// The line that is to blame for what follows.
    fn culprit(&self, stop: &Stop) -> usize {
        match stop {
            Stop::Failed(_) => self.line,
            Stop::Blocked(line) => *line,
        }
    }

    fn instance(&self, id: Option<&Id<'_>>) -> Done<Instance> {
        let made = match id {
            Some(id) => *self
                .named
                .get(id.name())
                .ok_or_else(|| format!("there is no instance `${}`", id.name()))?,
            None => self.current.ok_or("there is no instance")?,
        };
        made.map_err(Stop::Blocked)
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
                self.link(module)?;
                Ok(Vec::new())
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.as_ref())?;
                let global = instance
                    .get_global(&self.store, global)
                    .ok_or_else(|| Stop::from(format!("no global is exported as `{global}`")))?;
                Ok(vec![global.get(&mut self.store)])
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Val>, Stopped> {
        let instance = self.instance(invoke.module.as_ref())?;
        let func = instance
            .get_func(&self.store, invoke.name)
            .ok_or_else(|| Stop::from(format!("no function is exported as `{}`", invoke.name)))?;
        let args = invoke.args.iter().map(values::argument).collect::<Result<Vec<_>, _>>()?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        func.call(&mut self.store, &args, &mut results)?;
        Ok(results)
    }
}

fn ready(module: Option<&Prepared>) -> Done<Module> {
    match module {
        Some(Prepared::Ready(module)) => Ok(*module),
        Some(Prepared::Refused(refusal)) => Err(Failure {
            reason: format!("cannot compile the module: {refusal}"),
            needs: refusal.needs(),
        }
        .into()),
        Some(Prepared::Accepted) | None => Err("the module was not compiled".into()),
    }
}

fn trapped(outcome: Result<Vec<Val>, Stopped>, expected: &str) -> Done {
    match outcome {
        Ok(_) => Err(format!("it returned; expected the trap `{expected}`").into()),
        Err(Stopped::Impossible(stop)) => Err(stop),
        Err(Stopped::Error(error)) => match error.trap() {
            // Scripts may say more (`uninitialized element 2`) or less than we do.
            Some(trap) if same_message(trap.code().message(), expected) => Ok(()),
            Some(trap) => {
                Err(format!("expected the trap `{expected}`, got `{}`", trap.code()).into())
            }
            None => Err(format!("expected the trap `{expected}`, got the error: {error}").into()),
        },
    }
}

fn same_message(ours: &str, expected: &str) -> bool {
    !expected.is_empty() && (ours.starts_with(expected) || expected.starts_with(ours))
}

/// Whether an error says that imports are missing or wrong, as expected.
fn unlinkable(error: &Error, expected: &str) -> Done {
    let Some(link) = error.link() else {
        return Err(format!("expected `{expected}`, got the error: {error}").into());
    };
    // The suite's words for the two ways there are.
    let found = link.problems().iter().any(|problem| match expected {
        "unknown import" => problem.given().is_none(),
        _ => expected.starts_with("incompatible import type") && problem.given().is_some(),
    });
    if found { Ok(()) } else { Err(format!("expected `{expected}`, got: {error}").into()) }
}

/// Whether a module was refused. The words are the validator's own and are not compared. A
/// refusal for a proposal that is to come says nothing yet; one that is no part of the language
/// is as wrong as anything.
fn refused(module: Option<&Prepared>, expected: &str) -> Done {
    let Some(Prepared::Refused(refusal)) = module else {
        return Err(format!("the module was accepted; expected `{expected}`").into());
    };
    let needs = refusal.needs();
    let waits = needs.iter().any(|name| WAITED_FOR.contains(&&**name));
    match refusal {
        Refusal::Text(_) | Refusal::Invalid(_) => Ok(()),
        Refusal::Compiler(CompileError::TooLarge { .. }) => Ok(()),
        Refusal::Compiler(CompileError::Unsupported { .. }) if !waits => Ok(()),
        Refusal::Compiler(_) | Refusal::Bug(_) => {
            Err(Failure { reason: format!("expected `{expected}`, got: {refusal}"), needs }.into())
        }
    }
}
