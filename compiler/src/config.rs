//! What the user chooses. Resolved once, before any work, into a [`Target`](crate::target::Target)
//! and a plan per memory; nothing later asks for options.

use crate::error::{Error, Result};

/// The options of one compilation.
#[derive(Clone, Debug)]
pub struct Config {
    /// The module's name in symbols and backtraces. Default: the one in its name section, or
    /// `module`.
    pub name: Option<String>,
    /// What global symbols start with: a C identifier or empty.
    pub prefix: String,
    /// The target triple, as rustc spells it.
    pub target: String,
    /// CPU features beyond the target's baseline, by rustc's names (`avx2`, `bmi1`, …).
    pub cpu_features: Vec<String>,
    /// How much work to spend on speed.
    pub opt_level: OptLevel,
    /// Whether to emit debug information for debuggers.
    pub debug_info: bool,
    /// How traps come about.
    pub traps: TrapStyle,
    /// How much address space code may expect behind the start of each memory. Only with
    /// [`TrapStyle::Signals`].
    pub memory: MemoryStyle,
    /// Whether there is only one instance in a process at a time, of all modules for which this is so. Then its
    /// context and the first memory that the module defines are at known addresses
    /// ([`CONTEXT_ADDRESS`], [`MEMORY_ADDRESS`]), so that code needs no registers for them. Only code for `x86_64` makes
    /// use of it, and only of a memory that has 32-bit indices and a whole reservation and is not shared; and no module
    /// that starts threads by WASI, of which each has an instance.
    pub single_instance: bool,
    /// The names of proposals that a module may not use, though they are supported.
    pub without: Vec<String>,
    /// Whether every NaN that arithmetic makes is the canonical one, so that results are the same
    /// on every machine, bit for bit.
    pub canonicalize_nans: bool,
    /// Whether relaxed SIMD gives the results that the deterministic profile of the
    /// specification prescribes, the same on every machine, instead of the fastest allowed.
    pub relaxed_simd_deterministic: bool,
    /// Whether the functions of WASI that the module imports are the program's own: then nobody gives
    /// them to an instance, and the program links with a runtime that has the feature `wasi`.
    pub wasi: bool,
    /// Whether code counts what it does against the fuel of its store, and asks for more when that
    /// is used up: exactly, and the same on every machine, however it is compiled.
    ///
    /// Every instruction costs 1, but `nop`, `block`, `loop`, `else` and `end`, which cost nothing.
    /// What works on a range costs more, by its length: `memory.copy`, `memory.fill` and
    /// `memory.init` 1 for each 64 bytes, `table.copy`, `table.fill` and `table.init` 1 for each 8
    /// elements, rounded down. Growing costs no more than any instruction: how far a guest can grow is
    /// limited in other ways. Setting up globals, tables and memories when an instance is made is
    /// free; the start function is not. So there is no way to go on without an end that costs
    /// nothing: it takes a branch or a call.
    ///
    /// It is taken off before a straight stretch of instructions begins, for all of it, so a trap in
    /// its midst takes nothing back. A stretch begins at the start of a function, at `loop`, in each
    /// arm of an `if`, and behind every instruction that branches, returns or traps. Behind the `end`
    /// of a block, loop or `if` that nothing in it leaves in another way (by branching further out
    /// or returning), the stretch that was before the block goes on; else a new one begins, but
    /// not behind that of a loop. The length of a range is taken off before the instruction.
    pub fuel: bool,
    /// Whether code looks at each loop header, and where functions that call others begin, whether
    /// it is to stop: past a deadline, or because another thread says so.
    pub epochs: bool,
    /// The exports that are wanted; the others do not exist. `None`: all.
    pub exports: Option<Vec<String>>,
}

/// How much work to spend on speed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OptLevel {
    /// As fast as possible to compile.
    None,
    /// Fast code.
    #[default]
    Speed,
    /// Fast code, small where that costs little.
    SpeedAndSize,
}

/// How traps come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrapStyle {
    /// Faulting instructions, which the runtime's signal handler turns into traps.
    #[default]
    Signals,
    /// Explicit checks everywhere, and a call to the runtime: no signal handler is needed.
    Explicit,
}

/// How much address space there is behind the start of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryStyle {
    /// Bytes that belong to the memory or fault: a multiple of 64 KiB.
    pub reservation: u64,
    /// Bytes behind those that fault: a multiple of 64 KiB.
    pub guard: u64,
}

/// Where the context of a [single instance](Config::single_instance) is, if it has no more than [`CONTEXT_BYTES`].
pub const CONTEXT_ADDRESS: u32 = MEMORY_ADDRESS - CONTEXT_BYTES;
/// The longest of these.
pub const CONTEXT_BYTES: u32 = 16 << 20;
/// Where the memory of a [single instance](Config::single_instance) starts. Offsets of up to 512 MiB can be
/// added to it in the machine's instructions. Below it is room for programs that are not loaded just anywhere, and
/// for what they allocate behind themselves.
pub const MEMORY_ADDRESS: u32 = 0x6000_0000;

impl Default for MemoryStyle {
    /// The whole range of a 32-bit index, and 32 MiB for the offsets in instructions.
    fn default() -> Self {
        Self { reservation: 4 << 30, guard: 32 << 20 }
    }
}

impl Config {
    /// The defaults for a target triple.
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            name: None,
            prefix: wasmaot_abi::symbols::DEFAULT_PREFIX.into(),
            target: target.into(),
            cpu_features: Vec::new(),
            opt_level: OptLevel::default(),
            debug_info: false,
            traps: TrapStyle::default(),
            memory: MemoryStyle::default(),
            single_instance: false,
            without: Vec::new(),
            canonicalize_nans: false,
            relaxed_simd_deterministic: false,
            wasi: false,
            fuel: false,
            epochs: false,
            exports: None,
        }
    }

    /// Refuses options that make no sense by themselves.
    ///
    /// # Errors
    /// [`Error::Config`] naming the option.
    pub fn check(&self) -> Result<()> {
        let prefix_ok = self.prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !self.prefix.starts_with(|c: char| c.is_ascii_digit());
        if !prefix_ok {
            let prefix = &self.prefix;
            return Err(Error::Config(format!(
                "the symbol prefix `{prefix}` is not a C identifier: use letters, digits and \
                 underscores, no digit first"
            )));
        }
        const PAGE: u64 = 64 << 10;
        let MemoryStyle { reservation, guard } = self.memory;
        if reservation % PAGE != 0 || guard % PAGE != 0 {
            return Err(Error::Config(format!(
                "memory reservation ({reservation} bytes) and guard ({guard} bytes) must be \
                 multiples of 65536"
            )));
        }
        if reservation > 1 << 40 || guard > 1 << 40 {
            return Err(Error::Config("memory reservation and guard may be 1 TiB at most".into()));
        }
        Ok(())
    }
}
