//! Executes a script's directives in order against one store.
//!
//! A script can start threads. Each has directives and a store of its own, and of its parent's
//! instances the shared memories that one of them exports. What a thread could not do is the
//! failure of the directive that waits for it.
//!
//! A directive whose module cannot be made leaves a gap where others look for its instance:
//! those are blocked by it rather than wrong themselves.

use std::collections::HashMap;
use std::ops::Range;
use std::thread::{self, Scope, ScopedJoinHandle};

use wasmaot::{Error, Imports, Instance, Memory, Module, SharedMemory, Store, Val};
use wasmaot_compiler::Error as CompileError;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke, WastThread};

use super::modules::{Prepared, Refusal};
use super::report::{Event, Failure, Outcome, WAITED_FOR};
use super::script::Script;
use super::{Options, STACK, panic_text, spectest, values};

/// Runs a script whose modules are prepared, and says what becomes of each directive.
pub fn run(
    script: &Script<'_>,
    modules: &[Option<Prepared>],
    options: &Options,
    say: &mut (dyn FnMut(Event) + Send),
) {
    thread::scope(|scope| {
        let mut runner = match Runner::new(Work { script, modules, options, scope }) {
            Ok(runner) => runner,
            Err(reason) => return say(Event::Ended { line: Some(1), reason }),
        };
        for index in script.own() {
            say(Event::Outcome(match runner.run(index) {
                Ok(()) => Outcome::Passed,
                Err(Stop::Failed(failure)) => Outcome::Failed(failure),
                Err(Stop::Blocked(line)) => Outcome::Blocked(line),
            }));
        }
    });
}

/// What all threads of a script have.
#[derive(Clone, Copy)]
struct Work<'s, 'e> {
    script: &'e Script<'e>,
    modules: &'e [Option<Prepared>],
    options: &'e Options,
    scope: &'s Scope<'s, 'e>,
}

/// A thread of a script; what it could not do.
type Thread<'s> = ScopedJoinHandle<'s, Result<(), String>>;

/// The shared memories that an instance exports.
type Memories = Vec<(&'static str, SharedMemory)>;

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

struct Runner<'s, 'e> {
    work: Work<'s, 'e>,
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
    /// The threads that run, by name.
    threads: HashMap<String, Thread<'s>>,
    /// What a thread has of its parent's instances, by name.
    inherited: HashMap<String, Memories>,
}

impl<'s, 'e> Runner<'s, 'e> {
    fn new(work: Work<'s, 'e>) -> Result<Self, String> {
        let mut store = Store::new(());
        store.set_collect_always(work.options.collect_always);
        let mut imports = Imports::new();
        spectest::define(&mut store, &mut imports)
            .map_err(|error| format!("cannot provide `spectest`: {error}"))?;
        Ok(Self {
            work,
            store,
            imports,
            line: 0,
            current: None,
            named: HashMap::new(),
            definition: None,
            definitions: HashMap::new(),
            missing: HashMap::new(),
            threads: HashMap::new(),
            inherited: HashMap::new(),
        })
    }

    fn run(&mut self, index: usize) -> Done {
        let Work { script, modules, .. } = self.work;
        self.line = script.line(index);
        let module = modules[index].as_ref();
        match &script.directives[index] {
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
                if let Some(id) = module
                    && let Some(memories) = self.inherited.get(id.name())
                {
                    for (export, memory) in memories {
                        let memory = Memory::from_shared(&mut self.store, memory);
                        self.imports.define(name, export, memory);
                    }
                    return Ok(());
                }
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
            WastDirective::Thread(thread) => self.start(thread, script.body(index)),
            WastDirective::Wait { thread, .. } => self.wait(thread),
        }
    }

    /// Starts a thread.
    fn start(&mut self, thread: &WastThread<'_>, body: Range<usize>) -> Done {
        let mut inherited = HashMap::new();
        if let Some(id) = &thread.shared_module {
            let exports = self.instance(Some(id))?.exports(&self.store).into_iter();
            let memories = exports.filter_map(|export| {
                Some((export.name, export.item.memory()?.as_shared(&self.store)?))
            });
            inherited.insert(id.name().to_owned(), memories.collect());
        }
        let work = self.work;
        let run = move || {
            let mut runner = Runner { inherited, ..Runner::new(work)? };
            for index in body {
                runner.run(index).map_err(|stop| match stop {
                    Stop::Failed(failure) => format!("line {}: {}", runner.line, failure.reason),
                    Stop::Blocked(line) => format!("line {}: blocked by {line}", runner.line),
                })?;
            }
            Ok(())
        };
        let started = thread::Builder::new().stack_size(STACK).spawn_scoped(work.scope, run);
        let started = started.map_err(|error| format!("cannot start a thread: {error}"))?;
        self.threads.insert(thread.name.name().into(), started);
        Ok(())
    }

    /// Waits until a thread has ended.
    fn wait(&mut self, id: &Id<'_>) -> Done {
        let name = id.name();
        let thread = self.threads.remove(name);
        let thread = thread.ok_or_else(|| format!("there is no thread `${name}`"))?;
        match thread.join() {
            Ok(done) => Ok(done.map_err(|reason| format!("in thread `${name}`, {reason}"))?),
            Err(panic) => Err(format!("a bug in wasmaot: {}", panic_text(&*panic)).into()),
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
