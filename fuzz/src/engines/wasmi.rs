//! `wasmi`: an interpreter, and so nothing in common with us but the specification.

use std::sync::LazyLock;

use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{
    Config, Engine, Error, Extern, ExternRef, ExternType, Func, Global, Instance as Guest, Memory,
    Module, Nullable, Ref, RefType, Store, StoreLimits, StoreLimitsBuilder, Table, TrapCode, Val,
    ValType,
};
use wasmparser::WasmFeatures;

use super::{Instance, drive, engines_canonicalize};
use crate::case::{Call, Case, Item};
use crate::host::{Host, MEMORY_BYTES, Refused, TABLE_ELEMENTS, import_key, suffices};
use crate::proposals::features;
use crate::value::{Outcome, Run, State, Trap, Type, Value, digest};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let mut config = Config::default();
    config
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(true);
    Engine::new(&config)
});

/// Runs a case's module.
///
/// # Errors
/// If this engine cannot: why.
pub fn run(case: &Case) -> Result<Run, String> {
    suffices(features(|proposal| proposal.wasmi), case.features)?;
    if engines_canonicalize(case.seed) && case.features.contains(WasmFeatures::FLOATS) {
        return Err("no canonical NaNs".into());
    }
    let module = Module::new(&ENGINE, &case.wasm).map_err(|error| error.to_string())?;
    Ok(drive("wasmi", case, start(case, &module)))
}

struct Data {
    host: Host,
    limits: StoreLimits,
}

struct Wasmi {
    store: Store<Data>,
    instance: Guest,
}

impl wasmi::errors::HostError for Refused {}

fn start(case: &Case, module: &Module) -> Result<Wasmi, Outcome> {
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES as usize)
        .table_elements(TABLE_ELEMENTS as usize)
        .build();
    let mut store = Store::new(&ENGINE, Data { host: Host::new(case.seed), limits });
    store.limiter(|data| &mut data.limits);
    let imports = module
        .imports()
        .map(|import| (import_key(import.module(), import.name()), import.ty().clone()))
        .collect::<Vec<_>>();
    let mut externs = Vec::new();
    for (key, ty) in imports {
        externs.push(import(&mut store, key, ty).map_err(outcome)?);
    }
    let instance = Guest::new(&mut store, module, &externs).map_err(outcome)?;
    Ok(Wasmi { store, instance })
}

fn import(store: &mut Store<Data>, key: u64, ty: ExternType) -> Result<Extern, Error> {
    Ok(match ty {
        ExternType::Func(ty) => {
            let types: Vec<_> = ty.results().iter().map(|&ty| type_of(ty)).collect();
            Func::new(&mut *store, ty, move |mut caller, params, results| {
                let params: Vec<_> = params.iter().map(|val| from_val(val, &caller)).collect();
                let values =
                    caller.data_mut().host.call(key, &params, &types).map_err(Error::host)?;
                for (result, value) in results.iter_mut().zip(values) {
                    *result = to_val(value, &mut caller);
                }
                Ok(())
            })
            .into()
        }
        ExternType::Global(ty) => {
            let value = store.data().host.global(key, type_of(ty.content()));
            let value = to_val(value, &mut *store);
            Global::new(store, value, ty.mutability()).into()
        }
        ExternType::Memory(ty) => Memory::new(store, ty)?.into(),
        ExternType::Table(ty) => {
            let null = match ty.element() {
                RefType::Func => Ref::Func(Nullable::Null),
                RefType::Extern => Ref::Extern(Nullable::Null),
            };
            Table::new(store, ty, null)?.into()
        }
    })
}

impl Instance for Wasmi {
    fn call(&mut self, call: &Call) -> Outcome {
        let Some(func) = self.instance.get_func(&self.store, &call.name) else {
            return Outcome::Failed(format!("no function {:?}", call.name));
        };
        let params: Vec<_> =
            call.arguments.iter().map(|&value| to_val(value, &mut self.store)).collect();
        let mut results = vec![Val::I32(0); call.results.len()];
        match func.call(&mut self.store, &params, &mut results) {
            Ok(()) => {
                Outcome::Returned(results.iter().map(|val| from_val(val, &self.store)).collect())
            }
            Err(error) => outcome(error),
        }
    }

    fn look(&mut self, name: &str, item: Item) -> Result<State, String> {
        let store = &self.store;
        match (item, self.instance.get_export(store, name)) {
            (Item::Global, Some(Extern::Global(global))) => {
                Ok(State::Global(from_val(&global.get(store), store)))
            }
            (Item::Memory, Some(Extern::Memory(memory))) => {
                Ok(State::Memory(memory.size(store), digest(memory.data(store))))
            }
            (Item::Table, Some(Extern::Table(table))) => {
                let elements = (0..table.size(store)).map(|index| {
                    from_ref(&table.get(store, index).expect("within the table"), store)
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

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        ValType::ExternRef => Type::Extern,
    }
}

fn to_val(value: Value, store: impl wasmi::AsContextMut) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(wasmi::F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(wasmi::F64::from_bits(bits)),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::Func(_) => Val::FuncRef(Nullable::Null),
        Value::Extern(None) => Val::ExternRef(Nullable::Null),
        Value::Extern(Some(number)) => Val::ExternRef(Nullable::Val(ExternRef::new(store, number))),
    }
}

fn from_val<'a, T: 'a>(value: &Val, store: impl Into<wasmi::StoreContext<'a, T>>) -> Value {
    match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(func) => Value::Func(!func.is_null()),
        Val::ExternRef(value) => from_extern(value, store),
    }
}

fn from_ref<'a, T: 'a>(value: &Ref, store: impl Into<wasmi::StoreContext<'a, T>>) -> Value {
    match value {
        Ref::Func(func) => Value::Func(!func.is_null()),
        Ref::Extern(value) => from_extern(value, store),
    }
}

fn from_extern<'a, T: 'a>(
    value: &Nullable<ExternRef>,
    store: impl Into<wasmi::StoreContext<'a, T>>,
) -> Value {
    Value::Extern(
        value
            .val()
            .map(|value| value.data(store).downcast_ref::<u32>().copied().unwrap_or(u32::MAX)),
    )
}

fn outcome(error: Error) -> Outcome {
    if error.downcast_ref::<Refused>().is_some() {
        return Outcome::Trapped(Trap::Host);
    }
    // A segment that does not fit is a trap in the specification.
    if let ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) =
        error.kind()
    {
        return Outcome::Trapped(Trap::Table);
    }
    let Some(trap) = error.as_trap_code() else { return Outcome::Failed(error.to_string()) };
    Outcome::Trapped(match trap {
        TrapCode::UnreachableCodeReached => Trap::Unreachable,
        TrapCode::MemoryOutOfBounds => Trap::Memory,
        TrapCode::TableOutOfBounds => Trap::Table,
        TrapCode::IndirectCallToNull => Trap::Null,
        TrapCode::BadSignature => Trap::Signature,
        TrapCode::IntegerDivisionByZero => Trap::DivisionByZero,
        TrapCode::IntegerOverflow => Trap::Overflow,
        TrapCode::BadConversionToInteger => Trap::Conversion,
        TrapCode::StackOverflow
        | TrapCode::OutOfFuel
        | TrapCode::GrowthOperationLimited
        | TrapCode::OutOfSystemMemory => return Outcome::Exhausted(trap.to_string()),
    })
}
