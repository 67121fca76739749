//! Numbers of 32 bits of which 16 are computed.
//!
//! For most operations the low bits of what comes out depend on the low bits of what goes in alone. Where they do
//! not, here is what it takes: numbers that [are](range::is_short) of 16 bits with their signs, or bits that are cut
//! out of the low 16.

use cranelift_codegen::ir::{InstructionData, Opcode, Value, types};

use super::{Amount, Lane, Packer, VECTOR, Vector, range};
use crate::translate::constant;

/// Whether an operation depends on more than the low bits of its operands.
pub(super) fn looks_at_all(opcode: Opcode) -> bool {
    use Opcode::{Iabs, Smax, Smin, Sshr, Ushr};
    matches!(opcode, Iabs | Smax | Smin | Sshr | Ushr)
}

impl Packer<'_> {
    pub(super) fn are_short(&self, lanes: &[Lane]) -> bool {
        lanes.iter().all(|&(value, _)| range::is_short(self.func, value))
    }

    pub(super) fn are_natural(&self, lanes: &[Lane]) -> bool {
        lanes.iter().all(|&(value, _)| range::is_natural(self.func, value))
    }

    /// One of those operations, with these operands in each lane.
    pub(super) fn short(
        &mut self,
        opcode: Opcode,
        args: impl Fn(usize) -> Option<Vec<Lane>>,
    ) -> Option<Vector> {
        let ty = types::I16;
        let first = args(0)?;
        if !self.are_short(&first) {
            return None;
        }
        Some(match opcode {
            Opcode::Iabs => Vector::Unary(opcode, self.pack(first, ty)?),
            Opcode::Smin | Opcode::Smax => {
                let second = args(1)?;
                if !self.are_short(&second) {
                    return None;
                }
                Vector::Binary(opcode, self.pack(first, ty)?, self.pack(second, ty)?)
            }
            Opcode::Ushr | Opcode::Sshr => {
                let by = |&(value, _): &Lane| Some(constant(&self.func.dfg, value)? % 32);
                let by: Vec<u64> = args(1)?.iter().map(by).collect::<Option<_>>()?;
                if by.iter().any(|&it| it != by[0])
                    || opcode == Opcode::Ushr && !self.are_natural(&first)
                {
                    return None;
                }
                // Nothing but the sign is left of them then, or would be.
                let by = by[0].min(u64::from(ty.bits()) - 1);
                Vector::Shift(opcode, self.pack(first, ty)?, Amount::Constant(by))
            }
            _ => return None,
        })
    }

    /// As many bits at the same place of each lane, all among the low 16: what they are cut out of, by how much that is
    /// shifted right, and the mask.
    pub(super) fn field(&self, lanes: &[Lane]) -> Option<(Vec<Lane>, u64, Vec<Lane>)> {
        let (func, counted) = (self.func, self.counted);
        let dfg = &func.dfg;
        let binary =
            |value: Value, expected: &[Opcode]| match dfg.insts[counted.inst(func, value)?] {
                InstructionData::Binary { opcode, args } if expected.contains(&opcode) => {
                    Some(args.map(|arg| dfg.resolve_aliases(arg)))
                }
                _ => None,
            };
        let (mut of, mut masks, mut place) = (Vec::new(), Vec::new(), None);
        for &(value, turn) in lanes {
            let [shifted, mask] = binary(value, &[Opcode::Band])?;
            let [from, by] = binary(shifted, &[Opcode::Ushr, Opcode::Sshr])?;
            let (by, bits) = (constant(dfg, by)? % 32, constant(dfg, mask)?);
            let end = by + u64::from(u64::BITS - bits.leading_zeros());
            if end > types::I16.bits().into() || *place.get_or_insert((by, bits)) != (by, bits) {
                return None;
            }
            of.push((from, turn));
            masks.push((mask, turn));
        }
        Some((of, place?.0, masks))
    }

    /// The vector of these.
    pub(super) fn cut_out(
        &mut self,
        (of, by, masks): (Vec<Lane>, u64, Vec<Lane>),
    ) -> Option<Vector> {
        let of = self.pack(of, types::I16)?;
        let masks = self.pack(masks, types::I16)?;
        let ty = types::I16.by(VECTOR / types::I16.bytes())?;
        let shifted = self.push(Vector::Shift(Opcode::Ushr, of, Amount::Constant(by)), ty)?;
        Some(Vector::Binary(Opcode::Band, shifted, masks))
    }
}
