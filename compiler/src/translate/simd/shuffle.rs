//! `i8x16.shuffle`: bytes of two operands by constant numbers.
//!
//! x86-64 has had an instruction for any choice of bytes of one operand since SSSE3 only. Without
//! it Cranelift knows some shuffles as instructions of SSE2, and calls a builtin for each operand
//! of any other. Of one operand many are shifts or two of those instructions; and the rest is one
//! call, not two.

use cranelift_codegen::ir::types::{I16X8, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Type};

use super::*;

/// `i8x16.shuffle`.
pub fn shuffle(cx: &mut Context<'_, '_>, lanes: [u8; 16]) {
    let (first, second) = pop2(cx, V128);
    let one = match cx.target.byte_shuffles {
        true => None,
        false => of_one(first, second, lanes),
    };
    let result = match one {
        Some((value, lanes)) => of_one_without_instruction(cx, value, lanes),
        None => plain(cx, first, second, lanes),
    };
    push(cx, result);
}

fn plain(cx: &mut Context<'_, '_>, first: Value, second: Value, lanes: [u8; 16]) -> Value {
    let mask = cx.builder.func.dfg.immediates.push(ConstantData::from(&lanes[..]));
    cx.ins().shuffle(first, second, mask)
}

/// The only operand that matters, and numbers of its bytes.
fn of_one(first: Value, second: Value, lanes: [u8; 16]) -> Option<(Value, [u8; 16])> {
    let own = lanes.map(|lane| lane % 16);
    if first == second || lanes == own {
        return Some((first, own));
    }
    lanes.iter().all(|&lane| lane >= 16).then_some((second, own))
}

fn of_one_without_instruction(cx: &mut Context<'_, '_>, value: Value, lanes: [u8; 16]) -> Value {
    if lanes == each(|place| place) {
        return value;
    }
    if is_of_groups(lanes, 4) {
        return plain(cx, value, value, lanes);
    }
    for (shape, width) in [(I16X8, 2), (I32X4, 4), (I64X2, 8)] {
        let by = lanes[0];
        if by < width && lanes == each(|place| place / width * width + (place + by) % width) {
            return rotate(cx, value, shape, 8 * i64::from(by));
        }
    }
    for width in [1, 2] {
        for half in [0, 8] {
            // Cranelift knows these by the one operand's numbers and the other's in turn.
            let pair = |place: u8| half + place / (2 * width) * width + place % width;
            if lanes == each(pair) {
                let turns = each(|place| pair(place) + place / width % 2 * 16);
                return plain(cx, value, value, turns);
            }
        }
    }
    let in_halves = |(place, &lane): (usize, &u8)| place / 8 == usize::from(lane) / 8;
    if is_of_groups(lanes, 2) && lanes.iter().enumerate().all(in_halves) {
        let part = |half: u8| each(|at| if at / 8 == half { lanes[usize::from(at)] } else { at });
        let low = plain(cx, value, value, part(0));
        return plain(cx, low, low, part(1));
    }
    let places = constant(cx, lanes);
    cx.ins().swizzle(value, places)
}

/// The numbers that a function gives for the places in the result.
fn each(lane: impl Fn(u8) -> u8) -> [u8; 16] {
    std::array::from_fn(|place| lane(place as u8))
}

/// Whether so many bytes always go together.
fn is_of_groups(lanes: [u8; 16], width: usize) -> bool {
    lanes.chunks_exact(width).all(|group| {
        usize::from(group[0]).is_multiple_of(width)
            && group.windows(2).all(|pair| pair[0] + 1 == pair[1])
    })
}

/// Lanes rotated to the right by bits.
fn rotate(cx: &mut Context<'_, '_>, value: Value, shape: Type, by: i64) -> Value {
    let value = cast(cx, value, shape);
    let low = cx.ins().ushr_imm_u(value, by);
    let high = cx.ins().ishl_imm_u(value, i64::from(shape.lane_bits()) - by);
    cx.ins().bor(low, high)
}
