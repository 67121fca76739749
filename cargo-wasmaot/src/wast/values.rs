//! Arguments of scripts as values, and results against what scripts expect of them.

use std::fmt::Write as _;

use wasmaot::{ExternRef, Val};
use wast::core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore};
use wast::{WastArg, WastRet};

use super::report::Failure;
use super::vectors;

/// A script's argument.
///
/// # Errors
/// If it has a type that is not supported, naming it.
pub fn argument(arg: &WastArg<'_>) -> Result<Val, Failure> {
    let WastArg::Core(arg) = arg else {
        return Err("components are not supported".into());
    };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::RefNull(ty) => match kind_of(ty)? {
            RefKind::Func => Val::FuncRef(None),
            RefKind::Extern => Val::ExternRef(None),
        },
        WastArgCore::RefExtern(number) => Val::ExternRef(Some(ExternRef::new(*number))),
        WastArgCore::V128(value) => vectors::constant(value).into(),
        WastArgCore::RefHost(_) => return Err(Failure::needs("gc", "a value of type anyref")),
    })
}

enum RefKind {
    Func,
    Extern,
}

fn kind_of(ty: &HeapType<'_>) -> Result<RefKind, Failure> {
    let unsupported = |proposal| Failure::needs(proposal, &format!("references of type {ty:?}"));
    match ty {
        // Of all types that modules define, there are references to functions only.
        HeapType::Concrete(_) => Ok(RefKind::Func),
        HeapType::Abstract {
            shared: false,
            ty: AbstractHeapType::Func | AbstractHeapType::NoFunc,
        } => Ok(RefKind::Func),
        HeapType::Abstract {
            shared: false,
            ty: AbstractHeapType::Extern | AbstractHeapType::NoExtern,
        } => Ok(RefKind::Extern),
        HeapType::Abstract { ty: AbstractHeapType::Exn | AbstractHeapType::NoExn, .. } => {
            Err(unsupported("exception-handling"))
        }
        _ => Err(unsupported("gc")),
    }
}

/// Compares results with what is expected.
///
/// # Errors
/// If they differ: both, for people.
pub fn check(results: &[Val], expected: &[WastRet<'_>]) -> Result<(), String> {
    let matches = results.len() == expected.len()
        && results.iter().zip(expected).all(|(value, expected)| match expected {
            WastRet::Core(expected) => matches(value, expected),
            _ => false,
        });
    if matches {
        return Ok(());
    }
    let list = |items: Vec<String>| match items.len() {
        0 => "nothing".to_string(),
        _ => items.join(" "),
    };
    Err(format!(
        "expected {}, got {}",
        list(expected.iter().map(show_expected).collect()),
        list(results.iter().map(show).collect())
    ))
}

fn matches(value: &Val, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (value, WastRetCore::Either(any)) => any.iter().any(|expected| matches(value, expected)),
        (Val::I32(value), WastRetCore::I32(expected)) => value == expected,
        (Val::I64(value), WastRetCore::I64(expected)) => value == expected,
        (Val::F32(bits), WastRetCore::F32(expected)) => vectors::f32(*bits, expected),
        (Val::F64(bits), WastRetCore::F64(expected)) => vectors::f64(*bits, expected),
        (Val::V128(bits), WastRetCore::V128(expected)) => {
            vectors::matches((*bits).into(), expected)
        }
        (Val::FuncRef(None) | Val::ExternRef(None), WastRetCore::RefNull(None)) => true,
        (Val::FuncRef(None), WastRetCore::RefNull(Some(ty))) => {
            matches!(kind_of(ty), Ok(RefKind::Func))
        }
        (Val::ExternRef(None), WastRetCore::RefNull(Some(ty))) => {
            matches!(kind_of(ty), Ok(RefKind::Extern))
        }
        (Val::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
        (Val::ExternRef(Some(value)), WastRetCore::RefExtern(Some(expected))) => {
            value.data().downcast_ref::<u32>() == Some(expected)
        }
        (Val::FuncRef(Some(_)), WastRetCore::RefFunc(None)) => true,
        _ => false,
    }
}

/// A value as scripts write it.
fn show(value: &Val) -> String {
    match value {
        Val::I32(value) => format!("(i32.const {value})"),
        Val::I64(value) => format!("(i64.const {value})"),
        Val::F32(bits) => format!("(f32.const {:?} = {bits:#010x})", f32::from_bits(*bits)),
        Val::F64(bits) => format!("(f64.const {:?} = {bits:#018x})", f64::from_bits(*bits)),
        Val::V128(bits) => vectors::show((*bits).into()),
        Val::FuncRef(None) => "(ref.null func)".into(),
        Val::ExternRef(None) => "(ref.null extern)".into(),
        Val::FuncRef(Some(_)) => "(ref.func)".into(),
        Val::ExternRef(Some(value)) => match value.data().downcast_ref::<u32>() {
            Some(number) => format!("(ref.extern {number})"),
            None => "(ref.extern)".into(),
        },
    }
}

fn show_expected(expected: &WastRet<'_>) -> String {
    let WastRet::Core(expected) = expected else {
        return "a component's value".into();
    };
    show_core(expected)
}

fn show_core(expected: &WastRetCore<'_>) -> String {
    let nan = |ty: &str, kind: &str| format!("({ty}.const nan:{kind})");
    match expected {
        WastRetCore::I32(value) => show(&Val::I32(*value)),
        WastRetCore::I64(value) => show(&Val::I64(*value)),
        WastRetCore::F32(NanPattern::CanonicalNan) => nan("f32", "canonical"),
        WastRetCore::F32(NanPattern::ArithmeticNan) => nan("f32", "arithmetic"),
        WastRetCore::F32(NanPattern::Value(value)) => show(&Val::F32(value.bits)),
        WastRetCore::F64(NanPattern::CanonicalNan) => nan("f64", "canonical"),
        WastRetCore::F64(NanPattern::ArithmeticNan) => nan("f64", "arithmetic"),
        WastRetCore::F64(NanPattern::Value(value)) => show(&Val::F64(value.bits)),
        WastRetCore::RefExtern(Some(number)) => format!("(ref.extern {number})"),
        WastRetCore::RefExtern(None) => "(ref.extern)".into(),
        WastRetCore::RefFunc(_) => "(ref.func)".into(),
        WastRetCore::RefNull(None) => "(ref.null)".into(),
        WastRetCore::RefNull(Some(ty)) => match kind_of(ty) {
            Ok(RefKind::Func) => "(ref.null func)".into(),
            Ok(RefKind::Extern) => "(ref.null extern)".into(),
            Err(_) => format!("(ref.null {ty:?})"),
        },
        WastRetCore::Either(any) => {
            let mut text = "(either".to_string();
            for expected in any {
                let _ = write!(text, " {}", show_core(expected));
            }
            text + ")"
        }
        other => format!("{other:?}"),
    }
}
