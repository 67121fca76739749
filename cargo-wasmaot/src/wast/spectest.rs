//! The module `spectest` that the suite's scripts import from: functions that print (here:
//! keep silent), a global of each number type, a table and memories.

use wasmaot::{
    Error, Func, Global, GlobalType, Imports, Memory, MemoryType, RefType, Store, Table, TableType,
    Val, ValType,
};

/// Adds the module to what can be imported.
///
/// # Errors
/// If the table or the memory cannot be had.
pub fn define(store: &mut Store<()>, imports: &mut Imports) -> Result<(), Error> {
    const NAME: &str = "spectest";
    imports
        .define(NAME, "print", Func::wrap(&mut *store, || {}))
        .define(NAME, "print_i32", Func::wrap(&mut *store, |_: i32| {}))
        .define(NAME, "print_i64", Func::wrap(&mut *store, |_: i64| {}))
        .define(NAME, "print_f32", Func::wrap(&mut *store, |_: f32| {}))
        .define(NAME, "print_f64", Func::wrap(&mut *store, |_: f64| {}))
        .define(NAME, "print_i32_f32", Func::wrap(&mut *store, |_: i32, _: f32| {}))
        .define(NAME, "print_f64_f64", Func::wrap(&mut *store, |_: f64, _: f64| {}));

    let globals = [
        ("global_i32", ValType::I32, Val::I32(666)),
        ("global_i64", ValType::I64, Val::I64(666)),
        ("global_f32", ValType::F32, Val::F32(666.6_f32.to_bits())),
        ("global_f64", ValType::F64, Val::F64(666.6_f64.to_bits())),
    ];
    for (name, value, init) in globals {
        let global = Global::new(&mut *store, GlobalType { value, mutable: false }, init)?;
        imports.define(NAME, name, global);
    }

    let ty = TableType::new(RefType::FUNCREF, 10, Some(20));
    imports.define(NAME, "table", Table::new(&mut *store, ty, Val::FuncRef(None))?);
    let ty = MemoryType::new(1, Some(2));
    imports.define(NAME, "memory", Memory::new(&mut *store, ty)?);
    imports.define(NAME, "shared_memory", Memory::new(&mut *store, ty.shared())?);
    Ok(())
}
