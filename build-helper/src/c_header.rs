//! A C header for a module: an [`Interface`] as declarations for hosts in C and C++. A pure
//! function; the fixed text is `templates/module.h`.

use std::fmt::Write as _;

use wasmaot_abi::value::ValKind;
use wasmaot_compiler::interface::{ExternType, Interface};
use wasmaot_compiler::module::{FuncType, ValType};

use crate::rust::{names, type_in_words, wasm_signature};

const TEMPLATE: &str = include_str!("../templates/module.h");

/// The C header of a module.
pub fn c_header(interface: &Interface) -> String {
    let mut declarations = String::new();
    for import in &interface.imports {
        let names = format!("{} of {}", comment(&import.name), comment(&import.module));
        let _ = writeln!(declarations, "/* needs {names}: {} */", words(&import.ty));
    }
    for export in &interface.exports {
        let _ = writeln!(declarations, "\n/* {}: {} */", comment(&export.name), words(&export.ty));
        if let (ExternType::Func(ty), Some(symbols)) = (&export.ty, &export.symbols) {
            declarations.push_str(&prototype("VmReturn", &symbols.wasm_call, &typed_params(ty)));
            let params = ["VmContext *callee", "VmContext *caller", "ValRaw *values", "size_t len"];
            let params = params.map(str::to_owned);
            declarations.push_str(&prototype("bool", &symbols.array_call, &params));
        }
    }
    // Words in the template between two underscores each, as in that of the bindings.
    TEMPLATE
        .replace("__VERSION__", env!("CARGO_PKG_VERSION"))
        .replace("__ABI__", &interface.abi_version.to_string())
        .replace("__GUARD__", &format!("WASMAOT_{}_H", interface.module_symbol.to_uppercase()))
        .replace("__MODULE__", &interface.module_symbol)
        .replace("__EXPORTS__", &interface.exports_symbol)
        .replace("__NAME__", &comment(&interface.name))
        .replace("__DECLARATIONS__\n", &declarations)
}

/// A name that neither ends a comment nor seems to begin one.
fn comment(name: &str) -> String {
    names::shown(name).replace("*/", "* /").replace("/*", "/ *")
}

fn words(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => wasm_signature(ty),
        other => type_in_words(other).replace('`', ""),
    }
}

fn c_type(ty: ValType) -> &'static str {
    match ty.kind() {
        ValKind::I32 => "int32_t ",
        ValKind::I64 => "int64_t ",
        ValKind::F32 => "float ",
        ValKind::F64 => "double ",
        ValKind::V128 => unreachable!("a vector is two parameters"),
        ValKind::FuncRef => "VmFuncRef *",
        ValKind::ExternRef => "uint32_t ",
    }
}

/// The parameters of a typed entry.
fn typed_params(ty: &FuncType) -> Vec<String> {
    let mut params = vec!["VmContext *callee".to_owned(), "VmContext *caller".to_owned()];
    for (i, &ty) in ty.params.iter().enumerate() {
        match ty {
            ValType::V128 => {
                params.extend(["low", "high"].map(|half| format!("uint64_t p{i}_{half}")))
            }
            ty => params.push(format!("{}p{i}", c_type(ty))),
        }
    }
    if ty.results_in_slots() {
        params.push(format!("ValRaw results[{}]", ty.results.len()));
    }
    params
}

fn prototype(result: &str, symbol: &str, params: &[String]) -> String {
    let one = format!("{result} {symbol}({});\n", params.join(", "));
    if one.len() <= 100 {
        return one;
    }
    format!("{result} {symbol}(\n    {});\n", params.join(",\n    "))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a C compiler says of a header is what counts.
    #[test]
    fn c_and_cpp_compilers_accept_it() {
        let wat = r#"(module
            (import "env" "log" (func (param i32)))
            (import "*/" "/*" (memory 1))
            (func (export "add") (param i32 i64 f32 f64) (result i32) unreachable)
            (func (export "*/ int x;") (param funcref externref) (result i32 externref)
                unreachable)
            (func (export "") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32))
            (func (export "größe") (param i32))
            (func (export "vector") (param v128 i32) (result v128) unreachable)
            (global (export "g") (mut i32) (i32.const 1))
            (table (export "t") 1 2 funcref))"#;
        let mut config = wasmaot_compiler::Config::new("x86_64-unknown-linux-gnu");
        config.name = Some("my-guest".into());
        let wasm = wat::parse_str(wat).unwrap();
        let header = c_header(&wasmaot_compiler::describe(&wasm, &config).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("guest.h");
        std::fs::write(&path, &header).unwrap();
        let user = dir.path().join("user.c");
        let source = "#include \"guest.h\"\n#include \"guest.h\"\n\
            int32_t add(VmContext *c) {\n    \
                VmReturn r = wasm_myZ2dguest_add_wasm_call(c, c, 1, 2, 3.0f, 4.0);\n    \
                return r.status ? 0 : (int32_t)r.value;\n}\n\
            const void *roots[] = {&wasm_myZ2dguest_module, &wasm_myZ2dguest_exports};\n\
            VmReturn vector(VmContext *c, ValRaw r[1]) {\n    \
                return wasm_myZ2dguest_vector_wasm_call(c, c, 1, 0, 5, r);\n}\n\
            int sizes[sizeof(ValRaw) == 16 && sizeof(VmReturn) == 16 ? 1 : -1];\n";
        std::fs::write(&user, source).unwrap();
        let mut languages = vec![["-x", "c", "-std=c11"]];
        // A machine may have a C compiler alone, which then knows no path of the other.
        let cpp = Command::new("cc").arg("-print-prog-name=cc1plus").output().unwrap();
        if String::from_utf8_lossy(&cpp.stdout).contains('/') {
            languages.push(["-x", "c++", "-std=c++17"]);
        }
        for args in languages {
            let output = Command::new("cc")
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "-o", "/dev/null"])
                .args(args)
                .arg(&user)
                .output()
                .expect("there is a C compiler wherever Rust links");
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{text}\n{header}");
        }
    }
}
