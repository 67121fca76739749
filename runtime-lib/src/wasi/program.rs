//! What a program is that `cargo wasmaot build --bin` makes of a guest: from C's `main` to the exit
//! code. The program's own `main.rs` only says which guest it is, what was granted when it was made,
//! and which [`Part`]s of a context the guest can look at; the others are not linked.
//!
//! A program behaves as the same sources compiled natively do:
//!
//! - Its exit code is what the guest gave to `proc_exit`, or 0.
//! - A trap is told on standard error, with the guest's functions, and ends it by `SIGABRT`.
//! - A guest that Rust's compiler made sees a closed pipe as an error, any other dies of `SIGPIPE`.
//! - No argument is its own: all of them, `--help` too, are the guest's.
//!
//! What was granted stands in a text, a line for each: a word and its operands, separated by tabs,
//! in which `\t`, `\n`, `\r`, `\0` and `\\` stand for themselves. `Options` has the words. A
//! program that `cargo wasmaot run` made takes one more such text from the environment, in the
//! variable [`VARIABLE`], that no guest sees. Other programs do not look at it.

mod threads;

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::fmt;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use wasmaot_abi::traps::TrapCode;

use super::{Access, Exit, WasiCtx, WasiCtxBuilder};
use crate::bindings::{self, HostError, ImportTypes, VmContext, VmModule, VmReturn};
use crate::error::Error;
use crate::link::Extern;
use crate::platform;
use crate::store::Store;
use crate::types::MemoryType;

pub use threads::{ThreadStart, Threads, shared_memory};

/// The environment variable that programs made by `cargo wasmaot run` take options from.
pub const VARIABLE: &str = "WASMAOT_PROGRAM_OPTIONS";

/// The exit code of what failed before the guest ran.
const FAILED: i32 = 1;
/// The exit code of a guest whose time was up, as the command `timeout` has it.
const TIMED_OUT: i32 = 124;

/// What a program is.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The guest.
    pub module: &'static VmModule,
    /// Its export `_start`.
    pub start: unsafe extern "C" fn(*mut VmContext, *mut VmContext) -> VmReturn,
    /// What was granted when the program was made.
    pub options: &'static [u8],
    /// Whether it takes [more of them](VARIABLE) from the environment.
    pub asks_environment: bool,
    /// Whether writing to a closed pipe is an error for the guest; else it ends the program.
    pub ignores_broken_pipes: bool,
    /// What the guest can look at of its context.
    pub parts: &'static [Part],
    /// What limits it, by how it was compiled.
    pub limits: &'static [Limit],
    /// Makes the imports that WASI does not provide, in the module's order.
    pub imports: fn(&mut Store<()>, &'static VmModule) -> Result<Vec<Extern>, Error>,
}

/// Adds something to a context, of what was given to the program.
pub type Part = for<'a> fn(WasiCtxBuilder, &Given<'a>) -> Result<WasiCtxBuilder, String>;

/// Limits a store's guests, if that was asked for.
pub type Limit = fn(&mut Store<()>, &Given<'_>) -> Result<(), String>;

/// What was given to a program.
#[derive(Clone, Debug, Default)]
pub struct Given<'a> {
    /// Its arguments, its own name first.
    arguments: Vec<&'a [u8]>,
    options: Options,
}

/// What the guest of a program was granted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Options {
    /// `arg`, text: arguments before those of the command line.
    arguments: Vec<Vec<u8>>,
    /// `env`, name, value.
    environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// `dir`, `ro` or `rw`, the folder, its name for the guest.
    folders: Vec<(Access, Vec<u8>, Vec<u8>)>,
    /// `inherit-env`: the program's own environment, too.
    inherit_environment: bool,
    /// `max-memory`, bytes.
    max_memory: Option<u64>,
    /// `max-stack`, bytes.
    max_stack: Option<u64>,
    /// `fuel`, units.
    fuel: Option<u64>,
    /// `timeout`, milliseconds.
    timeout: Option<u64>,
}

/// The program's `main`.
///
/// # Safety
/// The arguments are those of C's `main`. The program's module and start are those of one object,
/// and its imports are of the module's types.
pub unsafe fn main(program: &Program, argc: c_int, argv: *const *const c_char) -> c_int {
    platform::start_program(program.ignores_broken_pipes);
    // SAFETY: C promises so many strings, for the whole program.
    let argument = |i| unsafe { CStr::from_ptr(*argv.add(i)) }.to_bytes();
    let arguments = (0..usize::try_from(argc).unwrap_or(0)).map(argument).collect();
    // SAFETY: the caller's promise.
    let code = unsafe { run(program, arguments) };
    platform::end_program(code)
}

/// Runs a program; its exit code.
///
/// # Safety
/// The program's module and start are those of one object.
unsafe fn run(program: &Program, arguments: Vec<&[u8]>) -> i32 {
    let mut given = Given { arguments, options: Options::default() };
    let mut options = given.options.read(program.options);
    if program.asks_environment
        && options.is_ok()
        && let Some(more) = std::env::var_os(VARIABLE)
    {
        options = given.options.read(more.as_bytes());
    }
    if let Err(line) = options {
        return failed(format_args!(
            "`{line}` is no option of a program: made by another version?"
        ));
    }
    let mut ctx = WasiCtx::builder();
    for part in program.parts {
        ctx = match part(ctx, &given) {
            Ok(ctx) => ctx,
            Err(error) => return failed(format_args!("{error}")),
        };
    }
    let mut store = Store::new(());
    match ctx.build() {
        Ok(ctx) => store.set_wasi(ctx),
        Err(error) => return failed(format_args!("{error}")),
    }
    limit(&mut store, &given.options);
    for limit in program.limits {
        if let Err(error) = limit(&mut store, &given) {
            return failed(format_args!("{error}"));
        }
    }
    let run = |store: &mut Store<()>| {
        let imports = (program.imports)(store, program.module)?;
        // SAFETY: the caller's promise.
        unsafe {
            let instance = bindings::instantiate(&mut *store, program.module, &imports)?;
            bindings::call(store, instance, |context| (program.start)(context, context))
        }
    };
    let code = match run(&mut store) {
        Ok(_) => 0,
        Err(error) => ended(&error, &given.options),
    };
    // The system takes everything back at once.
    std::mem::forget(store);
    code
}

/// Limits what a store's guests may use, however they were compiled.
fn limit(store: &mut Store<()>, options: &Options) {
    if let Some(bytes) = options.max_memory {
        store.limits_mut().memory_pages = bytes >> 16;
    }
    if let Some(bytes) = options.max_stack {
        store.limits_mut().stack = usize::try_from(bytes).unwrap_or(usize::MAX);
    }
}

/// The exit code of a guest that did not return.
fn ended(error: &Error, options: &Options) -> i32 {
    if let Some(Exit { code }) = error.downcast_ref() {
        return code.cast_signed();
    }
    match (error.trap().map(|trap| trap.code()), options) {
        (Some(TrapCode::Interrupted), Options { timeout: Some(time), .. }) => {
            tell(format_args!("the guest's time of {time} ms is up: {error}"));
            return TIMED_OUT;
        }
        (Some(TrapCode::OutOfFuel), Options { fuel: Some(fuel), .. }) => {
            tell(format_args!("the guest used up its {fuel} units of fuel: {error}"));
            std::process::abort();
        }
        _ => {}
    }
    if error.link().is_some() || !(error.trap().is_some() || error.is::<Missing>()) {
        return failed(format_args!("{error}"));
    }
    tell(format_args!("{error}"));
    std::process::abort()
}

fn failed(error: fmt::Arguments<'_>) -> i32 {
    tell(error);
    FAILED
}

/// Tells on standard error; if that is closed nobody wants to know.
fn tell(error: fmt::Arguments<'_>) {
    let _ = std::io::stderr().write_all(format!("error: {error}\n").as_bytes());
}

/// The part for guests that look at their arguments.
///
/// # Errors
/// None.
pub fn arguments(mut ctx: WasiCtxBuilder, given: &Given<'_>) -> Result<WasiCtxBuilder, String> {
    let (name, rest) = given.arguments.split_at(given.arguments.len().min(1));
    for &argument in name {
        ctx = ctx.arg(argument);
    }
    for argument in &given.options.arguments {
        ctx = ctx.arg(argument.clone());
    }
    for &argument in rest {
        ctx = ctx.arg(argument);
    }
    Ok(ctx)
}

/// The part for guests that look at their environment. What was given by name comes instead of
/// what was inherited.
///
/// # Errors
/// None.
pub fn environment(mut ctx: WasiCtxBuilder, given: &Given<'_>) -> Result<WasiCtxBuilder, String> {
    if given.options.inherit_environment {
        for (name, value) in std::env::vars_os() {
            let name = name.as_bytes();
            // Names that nobody could have set are left out.
            if name != VARIABLE.as_bytes() && !name.is_empty() && !name.contains(&b'=') {
                ctx = ctx.env(name, value.as_bytes());
            }
        }
    }
    for (name, value) in &given.options.environment {
        ctx = ctx.env(name, value);
    }
    Ok(ctx)
}

/// The part for guests that use descriptors.
///
/// # Errors
/// None.
pub fn streams(ctx: WasiCtxBuilder, _: &Given<'_>) -> Result<WasiCtxBuilder, String> {
    Ok(ctx.inherit_stdio())
}

/// The part for guests that use files.
///
/// # Errors
/// None: a folder that cannot be opened is one of the context's.
pub fn folders(mut ctx: WasiCtxBuilder, given: &Given<'_>) -> Result<WasiCtxBuilder, String> {
    for (access, host, guest) in &given.options.folders {
        let guest = String::from_utf8_lossy(guest);
        ctx = ctx.folder(OsStr::from_bytes(host), &guest, *access);
    }
    Ok(ctx)
}

/// The limit of guests that were compiled with fuel: how much of it.
///
/// # Errors
/// None.
pub fn fuel(store: &mut Store<()>, given: &Given<'_>) -> Result<(), String> {
    // One that counts has to have some: what nobody lives to see used up.
    store.set_fuel(given.options.fuel.unwrap_or(u64::MAX));
    Ok(())
}

/// The limit of guests that were compiled with epochs: how long they run, and block.
///
/// # Errors
/// If the system has no thread left to watch the clock.
pub fn timeout(store: &mut Store<()>, given: &Given<'_>) -> Result<(), String> {
    let Some(time) = given.options.timeout else { return Ok(()) };
    let timer = store.interrupt_handle().interrupt_after(Duration::from_millis(time));
    // It ends with the program.
    std::mem::forget(timer.map_err(|error| format!("cannot watch the time: {error}"))?);
    Ok(())
}

/// The type of the memory that a guest's threads share, within the store's limits.
fn shared_memory_type(store: &Store<()>, min: u64, max: u64) -> Result<MemoryType, Error> {
    let max = max.min(store.limits().memory_pages);
    if min > max {
        return Err(Error::refused(format_args!(
            "the guest's memory has {min} pages of 64 KiB at least, and its limit is {max}"
        )));
    }
    Ok(MemoryType::new(min, Some(max)))
}

/// The error of a guest that called a function that nobody provides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Missing {
    module: &'static str,
    name: &'static str,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest called `{}.{}`, which nobody provides", self.module, self.name)
    }
}

impl std::error::Error for Missing {}

/// A function that nobody provides, at this place among all imports of a module: who calls it
/// fails with [`Missing`].
///
/// # Safety
/// The module is a description that the compiler wrote.
///
/// # Panics
/// If there is no function at the place.
pub unsafe fn missing(
    store: &mut Store<()>,
    module: &'static VmModule,
    place: usize,
    import: (&'static str, &'static str),
) -> Extern {
    // SAFETY: the caller's promise.
    let types = unsafe { ImportTypes::new(module) };
    let (module, name) = import;
    bindings::host_of_many(store, types, place, move |_, _, _| {
        Err(HostError::from(Missing { module, name }))
    })
}

/// No imports but WASI's.
///
/// # Errors
/// None.
pub fn no_imports(_: &mut Store<()>, _: &'static VmModule) -> Result<Vec<Extern>, Error> {
    Ok(Vec::new())
}

impl Options {
    /// Adds what a text says.
    ///
    /// # Errors
    /// The line that is no option.
    fn read(&mut self, text: &[u8]) -> Result<(), String> {
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let words: Vec<_> = line.split(|&byte| byte == b'\t').map(unescape).collect();
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            match *words {
                [b"arg", text] => self.arguments.push(text.into()),
                [b"env", name, value] => self.environment.push((name.into(), value.into())),
                [b"inherit-env"] => self.inherit_environment = true,
                [b"dir", access @ (b"ro" | b"rw"), host, guest] => {
                    let access = match access {
                        b"ro" => Access::ReadOnly,
                        _ => Access::ReadWrite,
                    };
                    self.folders.push((access, host.into(), guest.into()));
                }
                [b"max-stack", bytes] if number(bytes).is_some() => self.max_stack = number(bytes),
                [b"max-memory", bytes] if number(bytes).is_some() => {
                    self.max_memory = number(bytes);
                }
                [b"fuel", units] if number(units).is_some() => self.fuel = number(units),
                [b"timeout", time] if number(time).is_some() => self.timeout = number(time),
                _ => return Err(String::from_utf8_lossy(line).into_owned()),
            }
        }
        Ok(())
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An operand as it was meant.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut bytes = word.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next() {
                Some(b't') => b'\t',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b'0') => 0,
                Some(&other) => other,
                None => b'\\',
            },
            byte => byte,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_their_text() {
        let mut options = Options::default();
        options.read(b"dir\tro\t/a\tb\nmax-stack\t7\n").unwrap();
        assert_eq!(options.folders, [(Access::ReadOnly, b"/a".to_vec(), b"b".to_vec())]);
        assert_eq!(options.max_stack, Some(7));
        assert_eq!(options.read(b"dir\tno\t/a\tb"), Err("dir\tno\t/a\tb".into()));
        let text = b"env\tA\ta\\tb\\n\\\\\xff\n\ninherit-env\narg\t\nmax-memory\t65536\n";
        options.read(text).unwrap();
        assert_eq!(options.environment, [(b"A".to_vec(), b"a\tb\n\\\xff".to_vec())]);
        assert_eq!(options.arguments, [b""]);
        assert!(options.inherit_environment);
        assert_eq!(options.max_memory, Some(65536));
        assert_eq!(options.read(b"max-memory\tx"), Err("max-memory\tx".into()));
        assert_eq!(options.read(b"fly"), Err("fly".into()));
        assert_eq!(options.read(b"env\tA"), Err("env\tA".into()));
    }
}
