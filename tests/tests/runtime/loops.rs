//! Loops whose turns can be done several at a time: what they compute and what is in memory, wherever their
//! arrays lie (apart, overlapping, at the memory's end), by a model that does one turn after the other.

use wasmaot::*;
use wasmaot_compiler::Config;
use wasmaot_tests::ways::{in_every_way, with_options_in_every_way};

use crate::guests::*;

const PAGE: usize = 65536;

/// What a loop works on: two places in a memory, and a number.
struct Model {
    memory: Vec<u8>,
    to: u32,
    from: u32,
    number: i32,
    /// What it sums up.
    sum: i64,
    /// What it keeps from one turn to the next.
    kept: f64,
}

/// What an access outside of the memory comes to.
struct Outside;

type Turn = fn(&mut Model) -> std::result::Result<(), Outside>;

macro_rules! accesses {
    ($($load:ident $store:ident $ty:ty;)*) => {
        impl Model {
            $(
                fn $load(&self, at: u32, offset: u32) -> std::result::Result<$ty, Outside> {
                    let at = at as usize + offset as usize;
                    let bytes = self.memory.get(at..at + size_of::<$ty>()).ok_or(Outside)?;
                    Ok(<$ty>::from_le_bytes(bytes.try_into().unwrap()))
                }

                fn $store(&mut self, at: u32, value: $ty) -> std::result::Result<(), Outside> {
                    let at = at as usize;
                    let bytes = self.memory.get_mut(at..at + size_of::<$ty>()).ok_or(Outside)?;
                    bytes.copy_from_slice(&value.to_le_bytes());
                    Ok(())
                }
            )*
        }
    };
}

accesses! {
    u8 set_u8 u8;
    i16 set_i16 i16;
    i32 set_i32 i32;
    i64 set_i64 i64;
    f64 set_f64 f64;
}

/// A loop: what is done in front of it, a turn, by how much both places grow, and the same for the model.
struct Loop {
    name: &'static str,
    before: &'static str,
    turn: &'static str,
    step: i32,
    model: Turn,
}

const LOOPS: &[Loop] = &[
    Loop {
        name: "bytes of which only the low bits count",
        before: "",
        turn: "(i32.store8 (local.get $to)
            (i32.sub (i32.add (i32.load8_u (local.get $from)) (local.get $number))
                (i32.load8_s (local.get $to))))",
        step: 1,
        model: |m| {
            let new = m.u8(m.from, 0)?.wrapping_add(m.number as u8).wrapping_sub(m.u8(m.to, 0)?);
            m.set_u8(m.to, new)
        },
    },
    Loop {
        name: "bytes of which all bits count",
        before: "",
        turn: "(i32.store8 (local.get $to)
            (i32.shr_u (i32.mul (i32.load8_u (local.get $from)) (i32.const 77)) (i32.const 3)))",
        step: 1,
        model: |m| m.set_u8(m.to, ((i32::from(m.u8(m.from, 0)?) * 77) >> 3) as u8),
    },
    Loop {
        name: "shorts, signed, shifted by a parameter",
        before: "",
        turn: "(i32.store16 (local.get $to)
            (i32.shr_s (i32.load16_s (local.get $from)) (local.get $number)))",
        step: 2,
        model: |m| m.set_i16(m.to, (i32::from(m.i16(m.from, 0)?) >> (m.number & 31)) as i16),
    },
    Loop {
        name: "words, in place, with what is behind them",
        before: "",
        turn: "(i32.store (local.get $to)
            (i32.add (i32.mul (i32.load (local.get $to)) (i32.load (local.get $from)))
                (i32.load offset=4 (local.get $from))))",
        step: 4,
        model: |m| {
            let product = m.i32(m.to, 0)?.wrapping_mul(m.i32(m.from, 0)?);
            m.set_i32(m.to, product.wrapping_add(m.i32(m.from, 4)?))
        },
    },
    Loop {
        name: "the greater words",
        before: "",
        turn: "(local.set $value (i32.load (local.get $from)))
            (local.set $other (i32.load (local.get $to)))
            (i32.store (local.get $to) (select (local.get $value) (local.get $other)
                (i32.gt_s (local.get $value) (local.get $other))))",
        step: 4,
        model: |m| m.set_i32(m.to, m.i32(m.from, 0)?.max(m.i32(m.to, 0)?)),
    },
    Loop {
        name: "words, times one of two numbers by whether they are zero",
        before: "",
        turn: "(local.set $value (i32.load (local.get $from)))
            (i32.store (local.get $to) (i32.mul (local.get $value)
                (select (i32.const 8) (i32.const 16) (local.get $value))))",
        step: 4,
        model: |m| {
            let value = m.i32(m.from, 0)?;
            m.set_i32(m.to, value.wrapping_mul(if value == 0 { 16 } else { 8 }))
        },
    },
    Loop {
        name: "shorts, and one of two numbers by whether they are zero",
        before: "",
        turn: "(local.set $value (i32.load16_s (local.get $from)))
            (i32.store16 (local.get $to) (i32.add (local.get $value)
                (select (i32.const 8) (i32.const 16) (local.get $value))))",
        step: 2,
        model: |m| {
            let value = m.i16(m.from, 0)?;
            m.set_i16(m.to, value.wrapping_add(if value == 0 { 16 } else { 8 }))
        },
    },
    Loop {
        name: "two words a turn, of which one is where the turn before has stored",
        before: "",
        turn: "(i32.store offset=8 (local.get $to) (i32.add (i32.load (local.get $to)) (i32.const 3)))
            (i32.store offset=12 (local.get $to) (i32.add (i32.load offset=4 (local.get $to)) (i32.const 5)))",
        step: 8,
        model: |m| {
            m.set_i32(m.to.saturating_add(8), m.i32(m.to, 0)?.wrapping_add(3))?;
            m.set_i32(m.to.saturating_add(12), m.i32(m.to, 4)?.wrapping_add(5))
        },
    },
    Loop {
        name: "how many bytes are the same",
        before: "",
        turn: "(local.set $count (i32.add (local.get $count)
            (i32.eq (i32.load8_u (local.get $from)) (i32.load8_u (local.get $to)))))",
        step: 1,
        model: |m| {
            m.sum += i64::from(m.u8(m.from, 0)? == m.u8(m.to, 0)?);
            Ok(())
        },
    },
    Loop {
        name: "a sum of products of shorts",
        before: "",
        turn: "(local.set $count (i32.add (local.get $count)
            (i32.mul (i32.load16_s (local.get $from)) (i32.load16_s (local.get $to)))))",
        step: 2,
        model: |m| {
            let product = i32::from(m.i16(m.from, 0)?) * i32::from(m.i16(m.to, 0)?);
            m.sum = i64::from((m.sum as i32).wrapping_add(product));
            Ok(())
        },
    },
    Loop {
        name: "a sum of products of bytes, some with signs",
        before: "",
        turn: "(local.set $count (i32.add (local.get $count)
            (i32.mul (i32.load8_s (local.get $from)) (i32.load8_u (local.get $to)))))",
        step: 1,
        model: |m| {
            m.sum += i64::from(m.u8(m.from, 0)? as i8) * i64::from(m.u8(m.to, 0)?);
            Ok(())
        },
    },
    Loop {
        name: "a sum of products of shorts in the columns of a table",
        before: "",
        turn: "(local.set $count (i32.add (local.get $count)
            (i32.mul (i32.load16_s (local.get $from)) (i32.load16_s offset=4 (local.get $to)))))",
        step: 6,
        model: |m| {
            let product = i32::from(m.i16(m.from, 0)?) * i32::from(m.i16(m.to, 4)?);
            m.sum = i64::from((m.sum as i32).wrapping_add(product));
            Ok(())
        },
    },
    Loop {
        name: "a sum of squares of differences",
        before: "",
        turn: "(local.set $value
                (i32.sub (i32.load8_u (local.get $from)) (i32.load8_u (local.get $to))))
            (local.set $count (i32.add (local.get $count)
                (i32.mul (local.get $value) (local.get $value))))",
        step: 1,
        model: |m| {
            m.sum += (i64::from(m.u8(m.from, 0)?) - i64::from(m.u8(m.to, 0)?)).pow(2);
            Ok(())
        },
    },
    Loop {
        name: "bytes, or what they differ by if that is much",
        before: "",
        turn: "(local.set $value
                (i32.sub (i32.load8_u (local.get $from)) (i32.load8_u (local.get $to))))
            (local.set $other (i32.shr_s (local.get $value) (i32.const 31)))
            (local.set $other
                (i32.sub (i32.xor (local.get $value) (local.get $other)) (local.get $other)))
            (i32.store8 (local.get $to) (select (i32.load8_u (local.get $from)) (local.get $other)
                (i32.lt_u (local.get $other) (i32.const 130))))",
        step: 1,
        model: |m| {
            let (from, to) = (m.u8(m.from, 0)?, m.u8(m.to, 0)?);
            let by = from.abs_diff(to);
            m.set_u8(m.to, if by < 130 { from } else { by })
        },
    },
    Loop {
        name: "half of sums of bytes, of which some have signs",
        before: "",
        turn: "(i32.store8 (local.get $to) (i32.add
            (i32.shr_u (i32.add (i32.load8_u (local.get $from)) (i32.load8_u (local.get $to)))
                (i32.const 1))
            (i32.shr_s (i32.load8_s (local.get $from)) (i32.const 18))))",
        step: 1,
        model: |m| {
            let (from, to) = (m.u8(m.from, 0)?, m.u8(m.to, 0)?);
            let half = (u32::from(from) + u32::from(to)) >> 1;
            m.set_u8(m.to, (half as u8).wrapping_add(((from as i8) >> 7) as u8))
        },
    },
    Loop {
        name: "sums of products of shorts of which not all stay shorts, compared",
        before: "",
        turn: "(local.set $value (i32.mul (i32.load16_s (local.get $from)) (i32.const 3)))
            (i32.store16 (local.get $to) (select (local.get $value) (i32.load16_s (local.get $to))
                (i32.gt_s (local.get $value) (i32.load16_s (local.get $to)))))",
        step: 2,
        model: |m| {
            let (from, to) = (i32::from(m.i16(m.from, 0)?) * 3, i32::from(m.i16(m.to, 0)?));
            m.set_i16(m.to, from.max(to) as i16)
        },
    },
    Loop {
        name: "a sum of products of bits of products",
        before: "",
        turn: "(local.set $value
                (i32.mul (i32.load16_s (local.get $from)) (i32.load16_s (local.get $to))))
            (local.set $count (i32.add (local.get $count) (i32.mul
                (i32.and (i32.shr_s (local.get $value) (i32.const 2)) (i32.const 15))
                (i32.and (i32.shr_u (local.get $value) (i32.const 9)) (i32.const 127)))))",
        step: 2,
        model: |m| {
            let product = i32::from(m.i16(m.from, 0)?) * i32::from(m.i16(m.to, 0)?);
            m.sum += i64::from((product >> 2 & 15) * (product >> 9 & 127));
            Ok(())
        },
    },
    Loop {
        name: "a sum of products of bits of products, one of them further up",
        before: "",
        turn: "(local.set $value
                (i32.mul (i32.load16_s (local.get $from)) (i32.load16_s (local.get $to))))
            (local.set $count (i32.add (local.get $count) (i32.mul
                (i32.and (i32.shr_s (local.get $value) (i32.const 2)) (i32.const 15))
                (i32.and (i32.shr_u (local.get $value) (i32.const 10)) (i32.const 127)))))",
        step: 2,
        model: |m| {
            let product = i32::from(m.i16(m.from, 0)?) * i32::from(m.i16(m.to, 0)?);
            m.sum += i64::from((product >> 2 & 15) * (product >> 10 & 127));
            Ok(())
        },
    },
    Loop {
        name: "products of shorts, halved",
        before: "",
        turn: "(i32.store16 (local.get $to) (i32.shr_s
            (i32.mul (i32.load16_s (local.get $from)) (i32.load16_s (local.get $to))) (i32.const 1)))",
        step: 2,
        model: |m| {
            let product = i32::from(m.i16(m.from, 0)?) * i32::from(m.i16(m.to, 0)?);
            m.set_i16(m.to, (product >> 1) as i16)
        },
    },
    Loop {
        name: "the high bits of products of shorts without signs",
        before: "",
        turn: "(i32.store16 (local.get $to) (i32.shr_u
            (i32.mul (i32.load16_u (local.get $from))
                (i32.shr_u (i32.load16_u (local.get $to)) (i32.const 1))) (i32.const 13)))",
        step: 2,
        model: |m| {
            let factors = [m.i16(m.from, 0)?, m.i16(m.to, 0)?].map(|it| u32::from(it as u16));
            m.set_i16(m.to, ((factors[0] * (factors[1] >> 1)) >> 13) as i16)
        },
    },
    Loop {
        name: "all bits of long words",
        before: "",
        turn: "(local.set $sum (i64.xor (local.get $sum)
            (i64.add (i64.load (local.get $from)) (i64.load (local.get $to)))))",
        step: 8,
        model: |m| {
            m.sum ^= m.i64(m.from, 0)?.wrapping_add(m.i64(m.to, 0)?);
            Ok(())
        },
    },
    Loop {
        name: "long words, shifted",
        before: "",
        turn: "(i64.store (local.get $to)
            (i64.or (i64.load (local.get $from)) (i64.shl (i64.load (local.get $to)) (i64.const 9))))",
        step: 8,
        model: |m| m.set_i64(m.to, m.i64(m.from, 0)? | (m.i64(m.to, 0)? << 9)),
    },
    Loop {
        name: "numbers and the ones before them",
        before: "(local.set $kept (f64.const 11))",
        turn: "(local.set $next (f64.load (local.get $from)))
            (f64.store (local.get $to)
                (f64.mul (f64.add (local.get $next) (local.get $kept)) (f64.const 0.5)))
            (local.set $kept (local.get $next))",
        step: 8,
        model: |m| {
            let next = m.f64(m.from, 0)?;
            m.set_f64(m.to, (next + m.kept) * 0.5)?;
            m.kept = next;
            Ok(())
        },
    },
    Loop {
        name: "which numbers are lesser",
        before: "",
        turn: "(f64.store (local.get $to) (select (f64.const 1) (f64.const 2)
            (f64.le (f64.load (local.get $from)) (f64.load offset=8 (local.get $from)))))",
        step: 8,
        model: |m| {
            let less = m.f64(m.from, 0)? <= m.f64(m.from, 8)?;
            m.set_f64(m.to, if less { 1.0 } else { 2.0 })
        },
    },
    Loop {
        name: "words, backwards",
        before: "",
        turn: "(i32.store (local.get $to) (i32.xor (i32.load (local.get $from)) (local.get $number)))",
        step: -4,
        model: |m| m.set_i32(m.to, m.i32(m.from, 0)? ^ m.number),
    },
];

/// Whether there is another turn, by how many are left and how many there are to be.
type GoesOn = fn(i32, i32) -> bool;

/// How the turns are counted: what is asked behind a turn, in either way.
const COUNTS: [(&str, GoesOn); 4] = [
    ("(local.tee $left (i32.sub (local.get $left) (i32.const 1)))", |left, _| left != 0),
    (
        "(i32.lt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (local.get $left))",
        |left, turns| (turns.wrapping_sub(left) as u32) < turns as u32,
    ),
    (
        "(i32.le_s (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (local.get $left))",
        |left, turns| turns.wrapping_sub(left) <= turns,
    ),
    (
        "(i32.ne (local.tee $turns (i32.add (local.get $turns) (i32.const 3)))
            (i32.mul (local.get $left) (i32.const 3)))",
        |left, _| left != 0,
    ),
];

fn guest() -> String {
    let mut functions = String::new();
    for Loop { name, before, turn, step, .. } in LOOPS {
        for (number, (condition, _)) in COUNTS.iter().enumerate() {
            functions += &format!(
                "(func (export \"{name} {number}\")
                    (param $to i32) (param $from i32) (param $left i32) (param $number i32) (result i64)
                    (local $turns i32) (local $value i32) (local $other i32) (local $count i32)
                    (local $sum i64) (local $kept f64) (local $next f64)
                    {before}
                    (loop $again
                        {turn}
                        (local.set $to (i32.add (local.get $to) (i32.const {step})))
                        (local.set $from (i32.add (local.get $from) (i32.const {step})))
                        (br_if $again {condition}))
                    (i64.add (i64.extend_i32_s (local.get $count)) (local.get $sum)))\n"
            );
        }
    }
    format!("(module (memory (export \"memory\") 1) {functions})")
}

/// Bytes that make numbers of all kinds, but none that is not a number.
fn differing() -> Vec<u8> {
    let number = |at: usize| (at as f64 * 0.37 - 1000.0) * (at % 7) as f64;
    (0..PAGE / 8).flat_map(|at| number(at).to_le_bytes()).collect()
}

/// What a loop comes to, turn by turn.
fn run(
    model: &mut Model,
    Loop { turn: _, step, model: turn, .. }: &Loop,
    goes_on: GoesOn,
    turns: i32,
) -> std::result::Result<(), Outside> {
    model.kept = 11.0;
    let mut left = turns;
    loop {
        turn(model)?;
        model.to = model.to.wrapping_add_signed(*step);
        model.from = model.from.wrapping_add_signed(*step);
        left = left.wrapping_sub(1);
        if !goes_on(left, turns) {
            return Ok(());
        }
    }
}

#[test]
fn turns_do_what_they_do_one_after_the_other() {
    turns_do_what_they_do(|_| {});
}

pub fn turns_do_what_they_do(options: fn(&mut Config)) {
    const PLACES: [(u32, u32); 18] = [
        (65474, 1024),
        (4096, 20480),
        (20480, 4096),
        (8192, 8192),
        (8192, 8196),
        (8192, 8188),
        (8192, 8200),
        (8192, 8184),
        (8192, 8224),
        (8192, 8160),
        (8193, 4099),
        (0, 512),
        (512, 0),
        (65504, 1024),
        (1024, 65504),
        (65528, 65000),
        (3000, 0xffff_fff0),
        (0xffff_ffe0, 3000),
    ];
    const TURNS: [i32; 15] = [-5, 0, 1, 2, 3, 5, 8, 16, 31, 32, 33, 48, 65, 100, 300];
    with_options_in_every_way(guest(), options, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        let bytes = differing();
        let (mut done, mut trapped) = (0, 0);
        for (which, (to, from)) in LOOPS.iter().flat_map(|which| PLACES.map(|place| (which, place)))
        {
            for (number, (_, goes_on)) in COUNTS.iter().enumerate() {
                for turns in TURNS {
                    let name = format!("{} {number}", which.name);
                    let what = format!("{way:?}: {name}: {to:#x} {from:#x} {turns}");
                    let mut model =
                        Model { memory: bytes.clone(), to, from, number: 5, sum: 0, kept: 0.0 };
                    let expected = run(&mut model, which, *goes_on, turns);
                    memory.data_mut(&mut store).copy_from_slice(&bytes);
                    let args = (to as i32, from as i32, turns, 5);
                    let found = typed::<_, i64>(&mut store, instance, &name, args);
                    match expected {
                        Ok(()) => {
                            done += 1;
                            assert_eq!(found.unwrap(), model.sum, "{what}");
                        }
                        Err(Outside) => {
                            trapped += 1;
                            assert_eq!(code(found), TrapCode::MemoryOutOfBounds, "{what}");
                        }
                    }
                    assert!(memory.data(&store) == model.memory, "{what}");
                }
            }
        }
        assert!(done > 5000 && trapped > 500, "{done} {trapped}");
    });
}

/// A loop that ends by what a call or a division gives, of which another instruction might be in front.
#[test]
fn what_ends_a_loop_is_done_where_it_stands() {
    const GUEST: &str = r#"(module (memory (export "memory") 1)
        ;; Notes the first word at the end of a list; the list's length is the second word.
        (func $note (export "note") (param i32) (result i32 i32) (local $at i32)
            (loop $once
                (local.set $at (i32.load (i32.const 4)))
                (i32.store offset=64 (i32.shl (local.get $at) (i32.const 2)) (i32.load (i32.const 0)))
                (i32.store (i32.const 4) (i32.add (local.get $at) (i32.const 1)))
                (br_if $once (i32.const 0)))
            (i32.lt_u (local.get 0) (i32.const 5)) (local.get $at))
        (func (export "call") (local $i i32) (local $n i32) (local $at i32)
            (loop $again
                (call $note (local.tee $n (i32.add (local.get $i) (i32.const 1))))
                (local.set $at)
                (local.set $n)
                (i32.store (i32.const 0) (i32.add (local.get $i) (i32.const 10)))
                (i32.store offset=128 (i32.shl (local.get $i) (i32.const 2)) (local.get $at))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (local.get $n))))
        (func (export "divide") (param $by i32) (local $i i32) (local $n i32)
            (loop $again
                (local.set $n (i32.div_u (i32.add (local.get $i) (i32.const 1)) (local.get $by)))
                (i32.store (i32.const 32) (i32.add (local.get $i) (i32.const 77)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (local.get $n)))))"#;
    in_every_way(GUEST, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        typed::<_, ()>(&mut store, instance, "call", ()).unwrap();
        let found = typed::<_, ()>(&mut store, instance, "divide", 0);
        assert_eq!(code(found), TrapCode::IntegerDivideByZero, "{way:?}");
        let memory = instance.get_memory(&store, "memory").unwrap();
        let word =
            |at: usize| u32::from_le_bytes(memory.data(&store)[at..at + 4].try_into().unwrap());
        assert_eq!([0, 1, 2, 3, 4, 5].map(|n| word(64 + 4 * n)), [0, 10, 11, 12, 13, 0], "{way:?}");
        assert_eq!([1, 2, 3, 4].map(|n| word(128 + 4 * n)), [1, 2, 3, 4], "{way:?}");
        assert_eq!(word(32), 0, "{way:?}");
    });
}
