//! Sums: parameters that something is added to in each turn, in whichever order.

use cranelift_codegen::ir::{Function, InstructionData, Opcode, Value, types};

use super::{Lane, MAX_NODES, Node, Packer, VECTOR, Vector, range};
use crate::finish::vector::access::Accesses;
use crate::finish::vector::counted::Counted;

/// How many values a sum has at most.
const MAX_SUMMANDS: usize = 64;

/// The parameters that do not grow by constants, as sums; each with its summands.
pub(super) fn sums(
    func: &Function,
    counted: &Counted,
    accesses: &Accesses,
) -> Option<Vec<Summands>> {
    let others = counted.params.iter().filter(|(param, _)| {
        !counted.steps.contains_key(param) && !accesses.carried.contains_key(param)
    });
    others.map(|&(param, next)| sum(func, counted, param, next)).collect()
}

/// A parameter, and what is added to it in a turn.
pub(super) struct Summands {
    pub param: Value,
    pub opcode: Opcode,
    values: Vec<Value>,
    /// Whether they are added, and products of numbers of 16 bits, with signs.
    pub are_products: bool,
}

/// The numbers of 16 bits, with signs, that one of 32 bits is a product of.
fn product(func: &Function, value: Value) -> Option<[Value; 2]> {
    let dfg = &func.dfg;
    match dfg.insts[dfg.value_def(value).inst()?] {
        InstructionData::Binary { opcode: Opcode::Imul, args }
            if args.iter().all(|&arg| range::is_short(func, arg)) =>
        {
            Some(args.map(|arg| dfg.resolve_aliases(arg)))
        }
        _ => None,
    }
}

fn sum(func: &Function, counted: &Counted, param: Value, next: Value) -> Option<Summands> {
    let dfg = &func.dfg;
    let binary = |value| match dfg.insts[counted.inst(func, value)?] {
        InstructionData::Binary { opcode, args } => Some((opcode, args)),
        _ => None,
    };
    let (opcode, _) = binary(next)?;
    let (Opcode::Iadd | Opcode::Band | Opcode::Bor | Opcode::Bxor) = opcode else { return None };
    let (mut left, mut values, mut own) = (vec![next], Vec::new(), 0);
    while let Some(value) = left.pop() {
        match binary(value) {
            Some((of, args)) if of == opcode => {
                left.extend(args.iter().rev().map(|&arg| dfg.resolve_aliases(arg)));
            }
            _ if value == param && own > 0 => return None,
            _ if value == param => own += 1,
            _ => values.push(value),
        }
        if left.len() + values.len() > MAX_SUMMANDS {
            return None;
        }
    }
    let are_products = opcode == Opcode::Iadd
        && !values.is_empty()
        && values.iter().all(|&value| product(func, value).is_some());
    (own == 1).then_some(Summands { param, opcode, values, are_products })
}

impl Packer<'_> {
    /// Vectors of all summands of all turns: of those of a turn as they come, or else of one in all turns.
    pub(super) fn sum(&mut self, summands: &Summands) -> Option<Vec<Node>> {
        let dots = self.style.dots && summands.are_products;
        let ty = self.func.dfg.value_type(*summands.values.first()?);
        let (types::I32 | types::I64) = ty else { return None };
        let lane = if dots { types::I16 } else { ty };
        let lanes = (VECTOR / lane.bytes()) as usize;
        let mut summands = summands.values.clone();
        summands.sort_by_key(|&value| self.anchor(value));
        let as_they_come =
            (0..self.turns).flat_map(|turn| summands.iter().map(move |&value| (value, turn)));
        let in_all_turns =
            summands.iter().flat_map(|&value| (0..self.turns).map(move |turn| (value, turn)));
        let orders = [as_they_come.collect::<Vec<Lane>>(), in_all_turns.collect()];
        orders.iter().find_map(|all| {
            if !all.len().is_multiple_of(lanes) {
                return None;
            }
            let before = self.nodes.len();
            let all = all.chunks(lanes).map(|vector| match dots {
                true => self.dot(vector),
                false => self.pack(vector.to_vec(), ty),
            });
            let all: Option<_> = all.collect();
            if all.is_none() {
                self.nodes.truncate(before);
                self.known.retain(|_, &mut node| node < before);
            }
            all
        })
    }

    /// Products, each added to the one next to it.
    fn dot(&mut self, products: &[Lane]) -> Option<Node> {
        let mut factors = |place: usize| {
            let factor = |&(value, turn): &Lane| Some((product(self.func, value)?[place], turn));
            let factors = products.iter().map(factor).collect::<Option<_>>()?;
            self.pack(factors, types::I16)
        };
        let dot = Vector::Dot(factors(0)?, factors(1)?);
        self.push(dot, types::I32X4)
    }

    /// Where the first load is that a value is made of. So those that are alike are in order.
    fn anchor(&self, value: Value) -> Option<(usize, i64)> {
        let mut left = vec![value];
        for _ in 0..MAX_NODES {
            let Some(inst) = self.counted.inst(self.func, left.pop()?) else { continue };
            if let Some(access) = self.accesses.of(inst) {
                return Some((access.root, access.offset));
            }
            left.extend(self.func.dfg.inst_args(inst).iter().rev());
        }
        None
    }
}
