//! Values as sums.

use cranelift_codegen::cursor::FuncCursor;
use cranelift_codegen::ir::{Function, InstBuilder, InstructionData, Opcode, Value, types};

use crate::finish::number;
use crate::translate::constant;

/// How many operands, and operands of operands, are looked at.
const LOOKS: u32 = 16;
/// How many terms a sum has at most.
const MAX_TERMS: usize = 4;

/// A number of 32 bits as a sum, which wraps around: of values, each times a number, and a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Values in ascending order, none of them twice, and what each is multiplied with, which is never 0.
    pub terms: Vec<(Value, i32)>,
    /// The constant.
    pub constant: i32,
}

impl Linear {
    /// The number 0.
    pub const NOTHING: Self = Self { terms: Vec::new(), constant: 0 };

    /// A value as a sum of values that `leaf` accepts; `None` if it is not one, or too long.
    pub fn of(func: &Function, value: Value, leaf: &impl Fn(Value) -> bool) -> Option<Self> {
        of(func, value, leaf, &mut { LOOKS })
    }

    fn number(constant: i32) -> Self {
        Self { terms: Vec::new(), constant }
    }

    /// The sum of this and another, times a number.
    pub fn plus(&self, other: &Self, times: i32) -> Option<Self> {
        let mut sum = self.clone();
        sum.constant = sum.constant.wrapping_add(other.constant.wrapping_mul(times));
        for &(value, by) in &other.terms {
            let by = by.wrapping_mul(times);
            match sum.terms.binary_search_by_key(&value, |term| term.0) {
                Ok(place) => sum.terms[place].1 = sum.terms[place].1.wrapping_add(by),
                Err(place) => sum.terms.insert(place, (value, by)),
            }
        }
        sum.terms.retain(|term| term.1 != 0);
        (sum.terms.len() <= MAX_TERMS).then_some(sum)
    }

    /// The sum, times a number.
    fn times(&self, times: i32) -> Option<Self> {
        Self::NOTHING.plus(self, times)
    }

    /// What it grows by when its values do.
    pub fn step(&self, steps: impl Fn(Value) -> i32) -> i32 {
        self.terms
            .iter()
            .fold(0, |sum, &(value, by)| sum.wrapping_add(by.wrapping_mul(steps(value))))
    }

    /// The sum as a value, with others in place of its values.
    pub fn emit(&self, cursor: &mut FuncCursor<'_>, place: impl Fn(Value) -> Value) -> Value {
        let mut sum = None;
        for &(value, by) in &self.terms {
            let value = place(value);
            let term = match by {
                1 => value,
                _ if by > 0 && (by as u32).is_power_of_two() => {
                    cursor.ins().ishl_imm_u(value, i64::from(by.trailing_zeros()))
                }
                _ => {
                    let by = number(cursor, types::I32, by.into());
                    cursor.ins().imul(value, by)
                }
            };
            sum = Some(match sum {
                Some(sum) => cursor.ins().iadd(sum, term),
                None => term,
            });
        }
        let constant =
            |cursor: &mut FuncCursor<'_>| number(cursor, types::I32, self.constant.into());
        match sum {
            None => constant(cursor),
            Some(sum) if self.constant == 0 => sum,
            Some(sum) => {
                let constant = constant(cursor);
                cursor.ins().iadd(sum, constant)
            }
        }
    }
}

fn of(
    func: &Function,
    value: Value,
    leaf: &impl Fn(Value) -> bool,
    looks: &mut u32,
) -> Option<Linear> {
    *looks = looks.checked_sub(1)?;
    let dfg = &func.dfg;
    let value = dfg.resolve_aliases(value);
    let term = || leaf(value).then(|| Linear { terms: vec![(value, 1)], constant: 0 });
    if dfg.value_type(value) != types::I32 {
        return None;
    }
    if let Some(constant) = constant(dfg, value) {
        return Some(Linear::number(constant as i32));
    }
    let Some(inst) = dfg.value_def(value).inst() else { return term() };
    let InstructionData::Binary { opcode, args: [a, b] } = dfg.insts[inst] else { return term() };
    let times = constant(dfg, b);
    let sum = match (opcode, times) {
        (Opcode::Iadd, _) => {
            of(func, a, leaf, looks).and_then(|sum| sum.plus(&of(func, b, leaf, looks)?, 1))
        }
        (Opcode::Isub, _) => {
            of(func, a, leaf, looks).and_then(|sum| sum.plus(&of(func, b, leaf, looks)?, -1))
        }
        (Opcode::Imul, Some(times)) => {
            of(func, a, leaf, looks).and_then(|sum| sum.times(times as i32))
        }
        (Opcode::Ishl, Some(by)) => {
            of(func, a, leaf, looks).and_then(|sum| sum.times(1 << (by % 32)))
        }
        _ => None,
    };
    sum.or_else(term)
}
