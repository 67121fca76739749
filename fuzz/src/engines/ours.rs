//! What is tried: modules compiled in every mode, linked and loaded by the command line's loader.

use wasmaot::{
    Error, Extern, ExternRef, ExternType, Func, Global, HeapType, Imports, Memory, Module, Store,
    Table, TrapCode, Val, ValType,
};
use wasmaot_compiler::{Artifact, Config, MemoryStyle, OptLevel, TrapStyle, compile};

use super::{Instance, drive, engines_canonicalize};
use crate::case::{Call, Case, Item};
use crate::host::{Host, MEMORY_BYTES, Refused, TABLE_ELEMENTS, import_key};
use crate::random::Random;
use crate::value::{Outcome, Run, State, Trap, Type, Value, digest};

/// How a module is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    traps: TrapStyle,
    opt_level: OptLevel,
}

/// Every mode.
pub const MODES: [Mode; 6] = {
    const fn mode(traps: TrapStyle, opt_level: OptLevel) -> Mode {
        Mode { traps, opt_level }
    }
    [
        mode(TrapStyle::Signals, OptLevel::None),
        mode(TrapStyle::Signals, OptLevel::Speed),
        mode(TrapStyle::Signals, OptLevel::SpeedAndSize),
        mode(TrapStyle::Explicit, OptLevel::None),
        mode(TrapStyle::Explicit, OptLevel::Speed),
        mode(TrapStyle::Explicit, OptLevel::SpeedAndSize),
    ]
};

impl Mode {
    /// Its name, also in symbols.
    pub fn name(self) -> String {
        let opt_level = match self.opt_level {
            OptLevel::None => "none",
            OptLevel::Speed => "speed",
            OptLevel::SpeedAndSize => "speed_and_size",
        };
        let traps = match self.traps {
            TrapStyle::Signals => "signals",
            TrapStyle::Explicit => "explicit",
        };
        format!("ours, {traps}, {opt_level}")
    }

    /// Compiles a case's module; what else can be chosen, the seed chooses.
    ///
    /// # Errors
    /// The compiler's.
    pub fn compile(self, case: &Case) -> Result<Artifact, wasmaot_compiler::Error> {
        let mut random = Random::new(case.seed, "config");
        let mut config = Config {
            name: Some(format!("{} {}", self.name(), case.seed)),
            opt_level: self.opt_level,
            traps: self.traps,
            debug_info: random.one_in(8),
            canonicalize_nans: engines_canonicalize(case.seed),
            relaxed_simd_deterministic: true,
            fuel: is_metered(case.seed),
            epochs: Random::new(case.seed, "epochs").one_in(4),
            // Instances of all modes are made one after the other.
            single_instance: Random::new(case.seed, "single instance").one_in(3),
            ..Config::new(cargo_wasmaot::host_target())
        };
        if random.one_in(2) {
            config.cpu_features = this_machine();
        }
        let style = *random.pick(&[
            MemoryStyle::default(),
            MemoryStyle::default(),
            MemoryStyle { reservation: MEMORY_BYTES, guard: 1 << 16 },
            MemoryStyle { reservation: 1 << 20, guard: 0 },
        ]);
        if self.traps == TrapStyle::Signals {
            config.memory = style;
        }
        compile(&case.wasm, &config)
    }

    /// Runs a case's module.
    pub fn run(self, case: &Case, module: Module) -> Run {
        drive(&self.name(), case, start(case, module))
    }
}

/// The CPU features that this machine has and compilers ask for.
fn this_machine() -> Vec<String> {
    let mut features = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! detect {
            ($($feature:tt)*) => {
                $(if std::arch::is_x86_feature_detected!($feature) {
                    features.push($feature.to_owned());
                })*
            };
        }
        detect!("sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "fma" "bmi1" "bmi2" "lzcnt");
        detect!("cmpxchg16b" "avx512f" "avx512dq" "avx512vl" "avx512bitalg" "avx512vbmi");
    }
    features
}

/// Whether in the case of this seed our code counts fuel.
fn is_metered(seed: u64) -> bool {
    Random::new(seed, "fuel").one_in(4)
}

struct Ours {
    store: Store<Host>,
    instance: wasmaot::Instance,
}

fn start(case: &Case, module: Module) -> Result<Ours, Outcome> {
    let mut store = Store::new(Host::new(case.seed));
    store.limits_mut().memory_pages = MEMORY_BYTES >> 16;
    store.limits_mut().table_elements = TABLE_ELEMENTS;
    if is_metered(case.seed) {
        // Little at a time: what matters is that nothing changes where there is more of it.
        store.set_fuel(0);
        store.on_out_of_fuel(|_| Some(500));
    }
    // Whatever is wrong with references shows sooner.
    store.set_collect_always(case.seed.is_multiple_of(4));
    let imports = imports(&mut store, module).map_err(outcome)?;
    let instance = wasmaot::Instance::new(&mut store, module, &imports).map_err(outcome)?;
    Ok(Ours { store, instance })
}

fn imports(store: &mut Store<Host>, module: Module) -> Result<Imports, Error> {
    let mut imports = Imports::new();
    for import in module.imports() {
        let key = import_key(import.module, import.name);
        let item: Extern = match import.ty {
            ExternType::Func(ty) => {
                let types: Vec<_> = ty.results().iter().map(|&ty| type_of(ty)).collect();
                let func = Func::new(&mut *store, ty, move |mut caller, params, results| {
                    let params: Vec<_> = params.iter().map(from_val).collect();
                    let values = caller.data_mut().call(key, &params, &types)?;
                    for (result, value) in results.iter_mut().zip(values) {
                        *result = to_val(value);
                    }
                    Ok::<_, Refused>(())
                });
                func.into()
            }
            ExternType::Global(ty) => {
                let value = store.data().global(key, type_of(ty.value));
                Global::new(&mut *store, ty, to_val(value))?.into()
            }
            ExternType::Memory(ty) => Memory::new(&mut *store, ty)?.into(),
            ExternType::Table(ty) => {
                let null = Val::default_of(ValType::Ref(ty.element));
                Table::new(&mut *store, ty, null)?.into()
            }
        };
        imports.define(import.module, import.name, item);
    }
    Ok(imports)
}

impl Instance for Ours {
    fn call(&mut self, call: &Call) -> Outcome {
        let Some(func) = self.instance.get_func(&self.store, &call.name) else {
            return Outcome::Failed(format!("no function {:?}", call.name));
        };
        let params: Vec<_> = call.arguments.iter().map(|&value| to_val(value)).collect();
        let mut results = vec![Val::I32(0); call.results.len()];
        match func.call(&mut self.store, &params, &mut results) {
            Ok(()) => Outcome::Returned(results.iter().map(from_val).collect()),
            Err(error) => outcome(error),
        }
    }

    fn look(&mut self, name: &str, item: Item) -> Result<State, String> {
        let found = match item {
            Item::Global => self
                .instance
                .get_global(&self.store, name)
                .map(|global| State::Global(from_val(&global.get(&self.store)))),
            Item::Memory => self.instance.get_memory(&self.store, name).map(|memory| {
                let digest = match memory.as_shared(&self.store) {
                    None => digest(memory.data(&self.store)),
                    Some(shared) => {
                        let mut bytes = vec![0; shared.data_size()];
                        shared.read(0, &mut bytes).expect("all of it");
                        digest(&bytes)
                    }
                };
                State::Memory(memory.size(&self.store), digest)
            }),
            Item::Table => self.instance.get_table(&self.store, name).map(|table| {
                let element = |index| table.get(&self.store, index).expect("within the table");
                let elements = (0..table.len(&self.store)).map(|index| from_val(&element(index)));
                State::Table(elements.collect())
            }),
        };
        found.ok_or_else(|| format!("there is no {item:?} {name:?}"))
    }

    fn host(&self) -> u64 {
        self.store.data().log
    }
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) if ty.heap == HeapType::Extern => Type::Extern,
        ValType::Ref(_) => Type::Func,
    }
}

fn to_val(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits),
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(number) => Val::ExternRef(number.map(ExternRef::new)),
    }
}

fn from_val(value: &Val) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(bits) => Value::V128(*bits),
        Val::FuncRef(func) => Value::Func(func.is_some()),
        Val::ExternRef(value) => Value::Extern(value.as_ref().map(|value| {
            // Any other is not one that the host gave.
            value.data().downcast_ref::<u32>().copied().unwrap_or(u32::MAX)
        })),
    }
}

fn outcome(error: Error) -> Outcome {
    if error.is::<Refused>() {
        return Outcome::Trapped(Trap::Host);
    }
    let Some(trap) = error.trap() else { return Outcome::Failed(error.to_string()) };
    Outcome::Trapped(match trap.code() {
        TrapCode::Unreachable => Trap::Unreachable,
        TrapCode::MemoryOutOfBounds => Trap::Memory,
        TrapCode::TableOutOfBounds | TrapCode::UndefinedElement => Trap::Table,
        TrapCode::UninitializedElement => Trap::Null,
        TrapCode::IndirectCallTypeMismatch => Trap::Signature,
        TrapCode::IntegerDivideByZero => Trap::DivisionByZero,
        TrapCode::IntegerOverflow => Trap::Overflow,
        TrapCode::BadConversionToInteger => Trap::Conversion,
        TrapCode::UnalignedAtomic => Trap::Unaligned,
        TrapCode::ExpectedSharedMemory => Trap::NotShared,
        TrapCode::StackOverflow => return Outcome::Exhausted("stack".into()),
        other => return Outcome::Failed(format!("an unknown trap: {other}")),
    })
}
