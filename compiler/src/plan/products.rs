//! Which functions of a module are 128-bit multiplications in disguise.
//!
//! Without the wide-arithmetic proposal, compilers to wasm multiply 128-bit integers by calling a
//! function that puts the product together from 32-bit halves: `__multi3`, of LLVM's compiler-rt
//! or of Rust's compiler-builtins. Cryptography spends its time there. The machine has an
//! instruction for it.
//!
//! Such a function is recognised by what it does, not by its name: its code, which has no
//! branches, is evaluated with symbols for its parameters, and what it stores must be, up to the
//! order of operands, one of two formulas that are known to be the product. With `m = 2^32`,
//! `a = a1*m + a0` and `b = b1*m + b0` the low halves of the factors, the formulas differ in how
//! they carry `a1*b0 + a0*b1` over:
//!
//! - as a sum that may wrap, and two comparisons that tell whether something did;
//! - `a1*b0` first, added to the upper half of `a0*b0` (less than `m^2` since `a1*b0` is at most
//!   `(m-1)^2`), and then `a0*b1`, added to the lower half of that sum.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use wasmparser::{MemArg, MemArgTarget, Operator};

use crate::index::FuncIndex;
use crate::module::{Body, FuncType, Module, ValType};

/// A function of an address and four 64-bit integers that stores the product of two 128-bit
/// integers, each given as its low and high half, in memory 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Product {
    /// Whether it stores the high half before the low one: which of them has been stored can be
    /// seen if the other traps.
    pub high_first: bool,
}

/// The longest code that is looked at, in bytes. What is sought has about a hundred.
const MAX_LEN: usize = 400;

/// Finds all of them.
pub fn products(module: &Module<'_>) -> BTreeMap<FuncIndex, Product> {
    let is_candidate = |ty: &FuncType| {
        use ValType::{I32, I64};
        ty.params == [I32, I64, I64, I64, I64] && ty.results.is_empty()
    };
    let small = module.memories.values().next().is_some_and(|memory| !memory.index64);
    let formulas: LazyCell<Vec<[Expr; 2]>> = LazyCell::new(formulas);
    let functions = module.functions.iter().filter(|_| small);
    let found = functions.filter_map(|(index, function)| {
        let body = function.body.as_ref().filter(|body| body.bytes.len() <= MAX_LEN)?;
        is_candidate(&module.signatures[function.sig]).then_some(())?;
        Some((index, product(body, &formulas)?))
    });
    found.collect()
}

/// An expression of 64 bits, or its lower 32 where the operators say so. Equal expressions are
/// built equal: operands that can change places are sorted, sums are flat.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Expr {
    Param(u32),
    Const(u64),
    Sum(Vec<Expr>),
    Mul(Box<[Expr; 2]>),
    And(Box<[Expr; 2]>),
    Or(Box<[Expr; 2]>),
    Shl(Box<[Expr; 2]>),
    Shr(Box<[Expr; 2]>),
    /// 1 if the first is less than the second, both unsigned, else 0.
    Less(Box<[Expr; 2]>),
}

fn sorted(a: Expr, b: Expr) -> Box<[Expr; 2]> {
    let mut both = [a, b];
    both.sort();
    Box::new(both)
}

fn mul(a: Expr, b: Expr) -> Expr {
    Expr::Mul(sorted(a, b))
}

fn and(a: Expr, b: Expr) -> Expr {
    Expr::And(sorted(a, b))
}

fn or(a: Expr, b: Expr) -> Expr {
    Expr::Or(sorted(a, b))
}

fn shl(a: Expr, b: Expr) -> Expr {
    Expr::Shl(Box::new([a, b]))
}

fn shr(a: Expr, b: Expr) -> Expr {
    Expr::Shr(Box::new([a, b]))
}

fn less(a: Expr, b: Expr) -> Expr {
    Expr::Less(Box::new([a, b]))
}

fn sum(terms: impl IntoIterator<Item = Expr>) -> Expr {
    let mut flat = Vec::new();
    for term in terms {
        match term {
            Expr::Sum(terms) => flat.extend(terms),
            term => flat.push(term),
        }
    }
    flat.sort();
    Expr::Sum(flat)
}

/// What a body stores: 8 bytes each at offsets from its first parameter.
type Stores = Vec<(u64, Expr)>;

fn product(body: &Body<'_>, formulas: &[[Expr; 2]]) -> Option<Product> {
    let stores = evaluate(body)?;
    let [(first, _), (second, _)] = *stores else { return None };
    let high_first = match (first, second) {
        (0, 8) => false,
        (8, 0) => true,
        _ => return None,
    };
    let (low, high) = match high_first {
        true => (&stores[1].1, &stores[0].1),
        false => (&stores[0].1, &stores[1].1),
    };
    let known = formulas.iter().any(|formula| formula == &[low.clone(), high.clone()]);
    known.then_some(Product { high_first })
}

/// Evaluates code without branches. `None` if there is anything in it that no formula has.
fn evaluate(body: &Body<'_>) -> Option<Stores> {
    let mut locals: Vec<Expr> = (0..5).map(Expr::Param).collect();
    let mut declared = body.reader().get_locals_reader().ok()?;
    for _ in 0..declared.get_count() {
        let (count, _) = declared.read().ok()?;
        // A bound against absurd numbers of locals.
        let count = usize::try_from(count).ok().filter(|&count| count <= MAX_LEN)?;
        locals.extend(std::iter::repeat_n(Expr::Const(0), count));
    }
    let mut operators = wasmparser::OperatorsReader::new(declared.get_binary_reader());
    let (mut stack, mut stores) = (Vec::<Expr>::new(), Vec::new());
    // Sharing doubles what is written out with each reuse; what is sought stays far below this.
    let mut budget = 4000_usize;
    loop {
        let operator = operators.read().ok()?;
        let mut pop2 = || {
            let second = stack.pop()?;
            Some((stack.pop()?, second))
        };
        let made = match operator {
            Operator::LocalGet { local_index } => locals.get(local_index as usize)?.clone(),
            Operator::LocalTee { local_index } => {
                let value = stack.pop()?;
                *locals.get_mut(local_index as usize)? = value.clone();
                value
            }
            Operator::LocalSet { local_index } => {
                *locals.get_mut(local_index as usize)? = stack.pop()?;
                continue;
            }
            Operator::I64Const { value } => Expr::Const(value as u64),
            Operator::I64Mul => pop2().map(|(a, b)| mul(a, b))?,
            Operator::I64Add => pop2().map(|(a, b)| sum([a, b]))?,
            Operator::I64And => pop2().map(|(a, b)| and(a, b))?,
            Operator::I64Or => pop2().map(|(a, b)| or(a, b))?,
            Operator::I64Shl => pop2().map(|(a, b)| shl(a, b))?,
            Operator::I64ShrU => pop2().map(|(a, b)| shr(a, b))?,
            Operator::I64LtU => pop2().map(|(a, b)| less(a, b))?,
            // The only values of 32 bits are the address and what comparisons give.
            Operator::I64ExtendI32U => {
                stack.pop().filter(|value| matches!(value, Expr::Less(_)))?
            }
            Operator::I64Store { memarg: MemArg { offset, target, .. } } => {
                let (address, value) = pop2()?;
                let expected = address == Expr::Param(0) && target == MemArgTarget::Memory(0);
                expected.then(|| stores.push((offset, value)))?;
                continue;
            }
            Operator::End => return operators.eof().then_some(stores),
            _ => return None,
        };
        budget = budget.checked_sub(size(&made))?;
        stack.push(made);
    }
}

/// The number of nodes, with everything shared counted as often as it occurs.
fn size(expr: &Expr) -> usize {
    match expr {
        Expr::Param(_) | Expr::Const(_) => 1,
        Expr::Sum(terms) => terms.iter().map(size).sum(),
        Expr::Mul(two)
        | Expr::And(two)
        | Expr::Or(two)
        | Expr::Shl(two)
        | Expr::Shr(two)
        | Expr::Less(two) => 1 + size(&two[0]) + size(&two[1]),
    }
}

/// The known ways to compute the low and the high half of the product.
fn formulas() -> Vec<[Expr; 2]> {
    let c = Expr::Const;
    let [a_low, a_high, b_low, b_high] = [1, 2, 3, 4].map(Expr::Param);
    let lower = |x: &Expr| and(x.clone(), c(0xffff_ffff));
    let upper = |x: &Expr| shr(x.clone(), c(32));
    let (a0, a1, b0, b1) = (lower(&a_low), upper(&a_low), lower(&b_low), upper(&b_low));
    let p00 = mul(a0.clone(), b0.clone());
    let p11 = mul(a1.clone(), b1.clone());
    let crossed = [mul(a1, b0), mul(a0, b1)];
    let outer = [mul(a_high, b_low), mul(a_low, b_high)];
    let mut formulas = Vec::new();
    for (one, other) in [(0, 1), (1, 0)].map(|(i, j)| (crossed[i].clone(), crossed[j].clone())) {
        let middle = sum([one.clone(), other.clone()]);
        let low = sum([p00.clone(), shl(middle.clone(), c(32))]);
        let carried = or(shl(less(middle.clone(), one.clone()), c(32)), upper(&middle));
        let wrapped = less(low.clone(), p00.clone());
        let high = sum([p11.clone(), carried, wrapped].into_iter().chain(outer.clone()));
        formulas.push([low, high]);

        let with_one = sum([upper(&p00), one]);
        let with_both = sum([lower(&with_one), other]);
        let low = or(shl(with_both.clone(), c(32)), lower(&p00));
        let carried = [upper(&with_one), upper(&with_both)];
        let high = sum([p11.clone()].into_iter().chain(carried).chain(outer.clone()));
        formulas.push([low, high]);
    }
    formulas
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of an expression.
    fn value(expr: &Expr, params: &[u64; 5]) -> u64 {
        let two = |two: &[Expr; 2]| (value(&two[0], params), value(&two[1], params));
        match expr {
            Expr::Param(index) => params[*index as usize],
            Expr::Const(value) => *value,
            Expr::Sum(terms) => {
                terms.iter().map(|term| value(term, params)).fold(0, u64::wrapping_add)
            }
            Expr::Mul(of) => two(of).0.wrapping_mul(two(of).1),
            Expr::And(of) => two(of).0 & two(of).1,
            Expr::Or(of) => two(of).0 | two(of).1,
            Expr::Shl(of) => two(of).0 << (two(of).1 & 63),
            Expr::Shr(of) => two(of).0 >> (two(of).1 & 63),
            Expr::Less(of) => u64::from(two(of).0 < two(of).1),
        }
    }

    #[test]
    fn the_formulas_are_the_product() {
        let mut state = 1_u64;
        let edges = [0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 32, (1 << 32) - 1, 1 << 63];
        for _ in 0..20_000 {
            let mut random = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let choice = (state >> 60) as usize;
                if choice < edges.len() { edges[choice] } else { state.rotate_left(29) }
            };
            let params = [0, random(), random(), random(), random()];
            let wide = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
            let product = wide(params[1], params[2]).wrapping_mul(wide(params[3], params[4]));
            for [low, high] in formulas() {
                assert_eq!(wide(value(&low, &params), value(&high, &params)), product);
            }
        }
    }

    /// The functions that are found, and whether they store the high half first.
    fn found(text: &str) -> Vec<(u32, bool)> {
        let wasm = wat::parse_str(text).unwrap();
        let module = crate::parse::parse(&wasm, Default::default()).unwrap();
        let found = products(&module).into_iter();
        found.map(|(func, product)| (func.as_u32(), product.high_first)).collect()
    }

    #[test]
    fn both_ways_are_found_and_nothing_else() {
        let text = include_str!("../../tests/products.wat");
        assert_eq!(found(text), [(0, false), (1, true)]);
        let second = text.find("(func $high_first").unwrap();
        for (from, to) in [
            ("i64.mul", "i64.add"),
            ("offset=8", "offset=16"),
            ("4294967295", "4294967294"),
            ("i64.const 32", "i64.const 31"),
            ("local.get 4", "local.get 3"),
            ("i64.shr_u", "i64.shr_s"),
            ("i64.add", "i64.or"),
            ("store (local.get 0)", "store (i32.const 0)"),
        ] {
            let first = text.replacen(from, to, 1);
            assert_eq!(found(&first), [(1, true)], "{from}");
            let (head, tail) = text.split_at(second);
            assert_eq!(
                found(&(head.to_owned() + &tail.replacen(from, to, 1))),
                [(0, false)],
                "{from}"
            );
        }
    }

    /// What the Rust compiler's library has is found under its name.
    #[test]
    fn the_one_of_a_real_program_is_found() {
        let wasm = include_bytes!("../../../guests/yaml-to-json/yaml-to-json.wasm");
        let module = crate::parse::parse(wasm, Default::default()).unwrap();
        let found: Vec<_> =
            products(&module).keys().map(|func| module.function_names[func]).collect();
        assert_eq!(found, ["__multi3"]);
    }

    #[test]
    fn code_that_grows_when_written_out_is_let_be() {
        let doubling = "local.get 1 local.get 1 i64.add local.set 1 ".repeat(40);
        let params = "(param i32 i64 i64 i64 i64)";
        assert_eq!(found(&format!("(module (memory 1) (func {params} {doubling}))")), []);
    }
}
