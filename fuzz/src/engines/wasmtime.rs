//! `wasmtime`: the same code generator, everything around it another.

use std::sync::LazyLock;

use wasmtime::{
    Config, Engine, Error, Extern, ExternRef, ExternType, Func, Global, HeapType,
    Instance as Guest, Memory, Module, Ref, RefType, Store, StoreLimits, StoreLimitsBuilder, Table,
    Val, ValType,
};

use super::{Instance, drive, engines_canonicalize};
use crate::case::{Call, Case, Item};
use crate::host::{Host, MEMORY_BYTES, Refused, TABLE_ELEMENTS, import_key, suffices};
use crate::proposals::features;
use crate::value::{Outcome, Run, State, Trap, Type, Value, digest};

/// Bytes of stack for guests, of the thread's own: see [`crate::STACK`].
const STACK: usize = 2 << 20;

/// An engine that leaves NaNs as the machine has them, and one that canonicalises them.
static ENGINES: LazyLock<[Engine; 2]> = LazyLock::new(|| [false, true].map(engine));

fn engine(canonicalize: bool) -> Engine {
    let mut config = Config::new();
    config
        .max_wasm_stack(STACK)
        .wasm_backtrace_max_frames(None)
        .relaxed_simd_deterministic(true)
        .wasm_function_references(true)
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_tail_call(true)
        .wasm_threads(true)
        .shared_memory(true)
        .cranelift_nan_canonicalization(canonicalize);
    Engine::new(&config).expect("a configuration that does not depend on anything")
}

/// Runs a case's module.
///
/// # Errors
/// If this engine cannot: why.
pub fn run(case: &Case) -> Result<Run, String> {
    suffices(features(|proposal| proposal.wasmtime), case.features)?;
    let module = Module::new(&ENGINES[usize::from(engines_canonicalize(case.seed))], &case.wasm)
        .map_err(|error| format!("{error:#}"))?;
    Ok(drive("wasmtime", case, start(case, &module)))
}

struct Data {
    host: Host,
    limits: StoreLimits,
}

struct Wasmtime {
    store: Store<Data>,
    instance: Guest,
}

fn start(case: &Case, module: &Module) -> Result<Wasmtime, Outcome> {
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES as usize)
        .table_elements(TABLE_ELEMENTS as usize)
        .build();
    let mut store = Store::new(module.engine(), Data { host: Host::new(case.seed), limits });
    store.limiter(|data| &mut data.limits);
    let imports = module
        .imports()
        .map(|import| (import_key(import.module(), import.name()), import.ty()))
        .collect::<Vec<_>>();
    let mut externs = Vec::new();
    for (key, ty) in imports {
        externs.push(import(&mut store, key, ty).map_err(outcome)?);
    }
    let instance = Guest::new(&mut store, module, &externs).map_err(outcome)?;
    Ok(Wasmtime { store, instance })
}

fn import(store: &mut Store<Data>, key: u64, ty: ExternType) -> Result<Extern, Error> {
    Ok(match ty {
        ExternType::Func(ty) => {
            let types: Vec<_> = ty.results().map(|ty| type_of(&ty)).collect();
            Func::new(&mut *store, ty, move |mut caller, params, results| {
                let params: Vec<_> = params.iter().map(|val| from_val(val, &caller)).collect();
                let values = caller.data_mut().host.call(key, &params, &types)?;
                for (result, value) in results.iter_mut().zip(values) {
                    *result = to_val(value, &mut caller)?;
                }
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let value = store.data().host.global(key, type_of(ty.content()));
            let value = to_val(value, &mut *store)?;
            Global::new(store, ty, value)?.into()
        }
        ExternType::Memory(ty) if ty.is_shared() => {
            wasmtime::SharedMemory::new(store.engine(), ty)?.into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) => {
            let null = Ref::null(ty.element().heap_type());
            Table::new(store, ty, null)?.into()
        }
        ExternType::Tag(_) => return Err(Error::msg("tags are not tried")),
    })
}

impl Instance for Wasmtime {
    fn call(&mut self, call: &Call) -> Outcome {
        let Some(func) = self.instance.get_func(&mut self.store, &call.name) else {
            return Outcome::Failed(format!("no function {:?}", call.name));
        };
        let mut params = Vec::new();
        for &argument in &call.arguments {
            match to_val(argument, &mut self.store) {
                Ok(value) => params.push(value),
                Err(error) => return Outcome::Failed(error.to_string()),
            }
        }
        let mut results = vec![Val::I32(0); call.results.len()];
        match func.call(&mut self.store, &params, &mut results) {
            Ok(()) => {
                Outcome::Returned(results.iter().map(|val| from_val(val, &self.store)).collect())
            }
            Err(error) => outcome(error),
        }
    }

    fn look(&mut self, name: &str, item: Item) -> Result<State, String> {
        let store = &mut self.store;
        match (item, self.instance.get_export(&mut *store, name)) {
            (Item::Global, Some(Extern::Global(global))) => {
                let value = global.get(&mut *store);
                Ok(State::Global(from_val(&value, store)))
            }
            (Item::Memory, Some(Extern::Memory(memory))) => {
                Ok(State::Memory(memory.size(&*store), digest(memory.data(&*store))))
            }
            (Item::Memory, Some(Extern::SharedMemory(memory))) => {
                // SAFETY: no other thread has the memory, and no guest runs.
                let bytes: Vec<u8> =
                    memory.data().iter().map(|byte| unsafe { *byte.get() }).collect();
                Ok(State::Memory(memory.size(), digest(&bytes)))
            }
            (Item::Table, Some(Extern::Table(table))) => {
                let size = table.size(&*store);
                let elements = (0..size).map(|index| {
                    let element = table.get(&mut *store, index).expect("within the table");
                    from_val(&element.into(), &*store)
                });
                Ok(State::Table(elements.collect()))
            }
            _ => Err(format!("there is no {item:?} {name:?}")),
        }
    }

    fn host(&self) -> u64 {
        self.store.data().host.log
    }
}

fn type_of(ty: &ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) if ty.matches(&RefType::new(true, HeapType::Extern)) => Type::Extern,
        ValType::Ref(_) => Type::Func,
    }
}

fn to_val(value: Value, store: impl wasmtime::AsContextMut) -> Result<Val, Error> {
    Ok(match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(None) => Val::ExternRef(None),
        Value::Extern(Some(number)) => Val::ExternRef(Some(ExternRef::new(store, number)?)),
    })
}

fn from_val<'a, T: 'static>(value: &Val, store: impl Into<wasmtime::StoreContext<'a, T>>) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(bits) => Value::V128((*bits).into()),
        Val::ExternRef(None) => Value::Extern(None),
        Val::ExternRef(Some(value)) => {
            let data = value.data(store).ok().flatten();
            let number = data.and_then(|data| data.downcast_ref::<u32>().copied());
            Value::Extern(Some(number.unwrap_or(u32::MAX)))
        }
        other => Value::Func(!matches!(other, Val::FuncRef(None))),
    }
}

fn outcome(error: Error) -> Outcome {
    if error.is::<Refused>() {
        return Outcome::Trapped(Trap::Host);
    }
    let Some(trap) = error.downcast_ref::<wasmtime::Trap>() else {
        return Outcome::Failed(format!("{error:#}"));
    };
    use wasmtime::Trap::*;
    Outcome::Trapped(match trap {
        UnreachableCodeReached => Trap::Unreachable,
        MemoryOutOfBounds => Trap::Memory,
        TableOutOfBounds => Trap::Table,
        IndirectCallToNull | NullReference => Trap::Null,
        BadSignature => Trap::Signature,
        IntegerDivisionByZero => Trap::DivisionByZero,
        IntegerOverflow => Trap::Overflow,
        BadConversionToInteger => Trap::Conversion,
        HeapMisaligned => Trap::Unaligned,
        AtomicWaitNonSharedMemory => Trap::NotShared,
        StackOverflow => return Outcome::Exhausted("stack".into()),
        other => return Outcome::Failed(format!("an unknown trap: {other}")),
    })
}
