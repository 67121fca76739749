//! What the whole-pipeline tests share: from a guest's text to a module that runs in the test's
//! own process, by way of compiler, linker and loader.

pub mod suite;
pub mod ways;

use cargo_wasmaot::host_target;
use cargo_wasmaot::load::link::Linker;
use cargo_wasmaot::load::load;
use wasmaot::Module;
use wasmaot_compiler::{Artifact, Config, TrapStyle, compile};

/// Both ways in which traps come about: what a test says of guests should hold in each.
pub const TRAP_STYLES: [TrapStyle; 2] = [TrapStyle::Signals, TrapStyle::Explicit];

/// The configuration of a guest that runs here.
pub fn config(name: &str, traps: TrapStyle) -> Config {
    Config { name: Some(name.into()), traps, ..Config::new(host_target()) }
}

/// Compiles a guest, binary or text.
///
/// # Panics
/// If it does not compile.
pub fn artifact(guest: impl AsRef<[u8]>, config: &Config) -> Artifact {
    let wasm = wat::parse_bytes(guest.as_ref()).expect("the text of a module");
    compile(&wasm, config).expect("a module that compiles")
}

/// Brings a guest into this process.
///
/// # Panics
/// If it cannot be compiled, linked or loaded.
pub fn module(guest: impl AsRef<[u8]>, traps: TrapStyle) -> Module {
    modules([("guest", guest)], traps)[0]
}

/// Brings several guests, each with its name, into this process together, so that they can
/// meet in one store.
///
/// # Panics
/// As [`module`].
pub fn modules<G: AsRef<[u8]>>(
    guests: impl IntoIterator<Item = (&'static str, G)>,
    traps: TrapStyle,
) -> Vec<Module> {
    let artifacts: Vec<_> =
        guests.into_iter().map(|(name, guest)| artifact(guest, &config(name, traps))).collect();
    load(&artifacts, &Linker::find().expect("a linker")).expect("guests that link")
}
