//! Modules about loops that a compiler can do several turns of at a time: each of their functions is a loop
//! or two over arrays in a memory, without calls and conditions. `wasm-smith` hardly ever makes one.
//!
//! What such a compiler can get wrong is what is varied: arrays that overlap, begin or end next to the
//! memory's end or far behind it, go forwards, backwards or stay; turns that use what others have stored; all
//! ways to count. Nothing uses fuel: a loop ends by its condition or by leaving the memory, as something in
//! each of them moves; those that shall leave it begin near its end, for `wasmi` needs stack for some instructions
//! each time that it gets to them. [`expr`] makes what is stored and added up.

mod expr;

use std::fmt::Write as _;

use anyhow::Result;

use crate::engines::engines_canonicalize;
use crate::random::Random;
use expr::{ELEMENTS, Element, Expr};

/// What `--only` calls these modules.
pub const NAME: &str = "loops";

/// The parameters of every function, whatever it uses of them, and what is set from them and changes.
const HEAD: &str = "(param $a i32) (param $b i32) (param $c i32) (param $n i32)
    (param $x i32) (param $y i64) (param $z f32) (param $w f64)
    (result i32 i64 i32 i32 i32 i32)
    (local $i i32) (local $end i32) (local $again i32) (local $s i32) (local $t i64)
    (local $ki32 i32) (local $ki64 i64) (local $kf32 f32) (local $kf64 f64)
    (local $vi32 i32) (local $vi64 i64) (local $vf32 f32) (local $vf64 f64)";

/// Functions that fill the first page, as loops of one array do: with any bits, or with small numbers.
const FILLS: &str = r#"
  (func $fill_bits (local $p i32) (local $r i32)
    (loop
      (i32.store (local.get $p) (local.tee $r
        (i32.add (i32.mul (local.get $r) (i32.const 1664525)) (i32.const 1013904223))))
      (br_if 0 (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 65536)))))
  (func $fill_few (local $p i32)
    (loop
      (i32.store (local.get $p) (i32.and (i32.shr_u (local.get $p) (i32.const 3)) (i32.const 3)))
      (br_if 0 (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 65536)))))
  (func $fill_f32 (local $p i32)
    (loop
      (f32.store (local.get $p) (f32.convert_i32_s
        (i32.sub (i32.and (i32.mul (local.get $p) (i32.const 7)) (i32.const 124)) (i32.const 40))))
      (br_if 0 (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 65536)))))
  (func $fill_f64 (local $p i32)
    (loop
      (f64.store (local.get $p) (f64.convert_i32_s
        (i32.sub (i32.and (i32.mul (local.get $p) (i32.const 7)) (i32.const 120)) (i32.const 40))))
      (br_if 0 (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 8))) (i32.const 65536)))))
"#;

/// Makes the module of a seed.
///
/// # Errors
/// If the text of it is none, which is a mistake in here.
pub fn module(seed: u64) -> Result<Vec<u8>> {
    Ok(wat::parse_str(text(seed))?)
}

fn text(seed: u64) -> String {
    let mut random = Random::new(seed, "loops");
    let (pages, limits) = *random.pick(&[(1, "1"), (1, "1"), (1, "1 1"), (1, "1 3"), (2, "2 2")]);
    let grows = random.one_in(6);
    let end = if grows { None } else { Some(pages << 16) };
    let mut text = String::from("(module\n");
    match random.one_in(8) {
        true => writeln!(text, "  (memory (export \"m\") (import \"e\" \"m\") {limits})"),
        false => writeln!(text, "  (memory (export \"m\") {limits})"),
    }
    .expect("strings take everything");
    text += FILLS;
    for number in 0..2 + random.below(6) {
        text += &function(&mut random, number, engines_canonicalize(seed), end);
    }
    if grows {
        text += "  (func (export \"grow\") (result i32) (memory.grow (i32.const 1)))\n";
    }
    text + ")\n"
}

fn function(random: &mut Random, number: usize, canonical: bool, end: Option<i64>) -> String {
    let element = *random.pick(&ELEMENTS);
    let fill = match element.ty {
        "f32" => "$fill_f32",
        "f64" => "$fill_f64",
        _ => *random.pick(&["$fill_bits", "$fill_bits", "$fill_few"]),
    };
    let mut text = format!("  (func (export \"f{number}\") {HEAD}\n    (call {fill})\n");
    let loops = 1 + usize::from(random.one_in(4));
    let nested = random.one_in(8);
    if nested {
        text += "    (loop $outer\n";
    }
    for _ in 0..loops {
        text += &Loop::new(random, element, canonical, end).text();
    }
    if nested {
        text += "    (br_if $outer (i32.lt_u
      (local.tee $again (i32.add (local.get $again) (i32.const 1))) (i32.const 3))))\n";
    }
    text + "    (local.get $s) (local.get $t) (local.get $i) (local.get $a) (local.get $b) (local.get $c))\n"
}

/// How the places of an array are found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// A pointer that grows.
    Pointer,
    /// Its start and the counter, times the size of an element.
    Scaled,
    /// The same with a counter of bytes.
    Bytes,
    /// It stays.
    Still,
}

/// An array: the local that says where it begins, and the distance of what is accessed from there.
#[derive(Clone, Copy)]
struct Array {
    local: &'static str,
    walk: Walk,
    bias: i64,
    step: i64,
}

/// A loop in the making.
struct Loop<'r> {
    random: &'r mut Random,
    element: Element,
    /// Whether the engines, not the code, are to make all NaNs alike.
    canonical: bool,
    /// From where on arrays begin, if it is to go on until it leaves the memory.
    leaves: Option<i64>,
    arrays: Vec<Array>,
    /// What the counter grows by, and how many elements a turn is about.
    step: i64,
    unrolled: usize,
    /// Whether it is to be one of those that are surely made for vectors.
    plain: bool,
    /// Whether anything that moves is accessed.
    moves: bool,
    text: String,
}

impl<'r> Loop<'r> {
    fn new(random: &'r mut Random, element: Element, canonical: bool, end: Option<i64>) -> Self {
        let unrolled = *random.pick(&[1, 1, 1, 2, 2, 3, 4, 4, 8]);
        let size = i64::from(element.size);
        let backwards = random.one_in(4);
        let sign = if backwards { -1 } else { 1 };
        // Where a counter is an index, it goes along; else it goes as it likes.
        let walks = *random.pick(&[
            [Walk::Pointer; 3],
            [Walk::Pointer, Walk::Pointer, Walk::Still],
            [Walk::Scaled; 3],
            [Walk::Scaled, Walk::Pointer, Walk::Scaled],
            [Walk::Bytes; 3],
            [Walk::Bytes, Walk::Pointer, Walk::Still],
        ]);
        let turn = unrolled as i64;
        let step = match walks[0] {
            Walk::Scaled => sign * turn,
            Walk::Bytes => sign * turn * size,
            _ => *random.pick(&[1, 1, -1, -1, 2, 3, 4, -4, 5, 8, 24]),
        };
        let step = if random.one_in(20) { step + sign } else { step };
        let step = if step == 0 { 1 } else { step };
        let mut arrays = Vec::new();
        for (local, walk) in ["$a", "$b", "$c"].into_iter().zip(walks) {
            let mut by = sign * turn * size;
            match random.below(24) {
                0 => by *= 2,
                // From row to row, say.
                4 => by *= *random.pick(&[2, 3, 5, 16, 64]),
                1 => by += 1,
                2 => by = -by,
                3 => by += size,
                _ => {}
            }
            let by = if by == 0 { size } else { by };
            let bias = *random.pick(&[0, 0, 0, 64, 16, 8, 1, 1024, -8, -64]);
            arrays.push(Array { local, walk, bias, step: by });
        }
        arrays.truncate(*random.pick(&[1, 2, 2, 2, 3, 3]));
        let plain = !random.one_in(6);
        // Upwards, as most go, it is not far from there.
        let leaves =
            end.filter(|_| random.one_in(6)).map(|end| if backwards { 0 } else { end - 0x1000 });
        let (moves, text) = (false, String::new());
        Self { random, element, canonical, leaves, arrays, step, unrolled, plain, moves, text }
    }

    fn say(&mut self, line: impl AsRef<str>) {
        self.text += "      ";
        self.text += line.as_ref();
        self.text += "\n";
    }

    fn text(mut self) -> String {
        self.starts();
        let condition = self.count();
        self.say("(loop");
        self.body();
        for array in self.arrays.clone() {
            if array.walk == Walk::Pointer {
                let Array { local, step, .. } = array;
                let (how, by) = if self.random.one_in(2) { ("add", step) } else { ("sub", -step) };
                self.say(format!(
                    "(local.set {local} (i32.{how} (local.get {local}) (i32.const {by})))"
                ));
            }
        }
        self.say(format!("(br_if 0 {condition}))"));
        self.text
    }

    /// Where arrays begin.
    fn starts(&mut self) {
        for (number, array) in self.arrays.clone().into_iter().enumerate() {
            let local = array.local;
            let masked = |mask: u32, then: i64| {
                let masked = format!("(i32.and (local.get {local}) (i32.const {mask}))");
                format!("(i32.add {masked} (i32.const {then}))")
            };
            let middle = i64::from(self.element.size) * self.random.below(4000) as i64;
            let near = *self.random.pick(&[0, 1, 4, 8, 16, 20, 64, -4, -8, -1, -16, -32, 256]);
            let start = match self.random.below(16) {
                _ if self.leaves.is_some() => masked(0xfff, self.leaves.unwrap_or(0)),
                0 => "(i32.const 0)".into(),
                1 => format!("(i32.const {near})"),
                2 => masked(0x3ff, 0xfc00),
                3 => masked(0xff, 0xff00 + near),
                4 => continue,
                5..=8 if number > 0 => {
                    // So near by chance, which a compiler does not see; or as it does.
                    let mask = *self.random.pick(&[0, 0, 3, 4, 15, 31, 60, 127]);
                    let further = format!("(i32.and (local.get $x) (i32.const {mask}))");
                    let further = format!("(i32.add {further} (i32.const {near}))");
                    format!("(i32.add (local.get $a) {further})")
                }
                9 => masked(0x3fff, near),
                _ => masked(0x3ff8, 0x1000 + middle),
            };
            self.say(format!("(local.set {local} {start})"));
        }
        if self.random.one_in(2) {
            let sum = *self.random.pick(&["(local.get $x)", "(i32.const -1)", "(i32.const 0)"]);
            self.say(format!("(local.set $s {sum})"));
            self.say("(local.set $t (local.get $y))");
        }
    }

    /// Sets the counter and its end; the condition to go around again, which counts as well.
    fn count(&mut self) -> String {
        let by = self.step;
        let few = self.random.below(80) as i64;
        // How many turns there are to be, about.
        let turns = match self.random.below(10) {
            0..6 if self.leaves.is_some() => "(i32.const 0x7fffffff)".into(),
            _ if self.leaves.is_some() => "(local.get $n)".into(),
            0 => format!("(i32.const {few})"),
            1 => format!("(i32.and (local.get $n) (i32.const {}))", 0xfff),
            _ => format!("(i32.add (i32.and (local.get $n) (i32.const 127)) (i32.const {few}))"),
        };
        let indexed = self.arrays.iter().any(|it| matches!(it.walk, Walk::Scaled | Walk::Bytes));
        let pointer = self.arrays.iter().find(|it| it.walk == Walk::Pointer).copied();
        let (what, by) = match pointer {
            Some(array) if self.random.one_in(3) => (array.local, array.step),
            _ => ("$i", by),
        };
        let start = match what == "$i" {
            false => format!("(local.get {what})"),
            true if by < 0 && indexed => {
                format!("(i32.mul {turns} (i32.const {}))", -by)
            }
            true => match self.random.below(5) {
                0 => "(local.get $x)".into(),
                1 => "(i32.const 1)".into(),
                2 => format!("(i32.const {})", -by * (few + 9)),
                _ => "(i32.const 0)".into(),
            },
        };
        if what == "$i" {
            self.say(format!("(local.set $i {start})"));
        }
        let end = match by < 0 && what == "$i" && indexed {
            true => "(i32.const 0)".into(),
            false => format!("(i32.add (local.get {what}) (i32.mul {turns} (i32.const {by})))"),
        };
        let end = if self.random.one_in(16) { turns } else { end };
        self.say(format!("(local.set $end {end})"));
        if what != "$i" && indexed {
            // It is what is accessed that moves.
            self.say("(local.set $i (i32.const 0))");
        }
        let other = match what {
            "$i" => String::new(),
            _ => {
                let by = self.step;
                format!("(local.set $i (i32.add (local.get $i) (i32.const {by})))")
            }
        };
        let next = match what {
            "$i" => format!("(local.tee $i (i32.add (local.get $i) (i32.const {by})))"),
            _ => format!("(local.get {what})"),
        };
        let next = match self.random.below(6) {
            // The value before the step.
            0 => format!("(i32.sub {next} (i32.const {by}))"),
            1 => format!("(i32.add {next} (i32.const {}))", self.random.below(9)),
            _ => next,
        };
        let operators: &[&str] = match by < 0 {
            false => &["ne", "ne", "ne", "lt_u", "lt_s", "le_u", "le_s", "lt_u"],
            true => &["ne", "ne", "ne", "gt_u", "gt_s", "ge_u", "ge_s", "gt_s"],
        };
        let end = "(local.get $end)";
        let condition = match self.random.below(8) {
            0 => format!("(i32.eqz (i32.eq {next} {end}))"),
            1 => format!("(i32.sub {next} {end})"),
            2 => {
                let swapped = if by < 0 { ["lt_u", "lt_s"] } else { ["gt_u", "gt_s"] };
                format!("(i32.{} {end} {next})", self.random.pick(&swapped))
            }
            3 => {
                let not = if by < 0 { ["le_u", "lt_s"] } else { ["ge_u", "gt_s"] };
                format!("(i32.eqz (i32.{} {next} {end}))", self.random.pick(&not))
            }
            _ => format!("(i32.{} {next} {end})", self.random.pick(operators)),
        };
        format!("{other} {condition}").trim().to_owned()
    }

    /// What is done to the elements.
    fn body(&mut self) {
        let ty = self.element.ty;
        let carried = self.random.one_in(if self.plain { 10 } else { 3 });
        let kind = self.random.below(8);
        let (store, sum) = (kind != 0 && kind != 1, kind <= 2 && !self.element.is_float());
        let to = self.random.below(self.arrays.len());
        let deltas = if self.plain { [0; 6] } else { [0, 0, 0, 1, -1, 4] };
        let delta = *self.random.pick(&deltas);
        let expr = Expr::new(self, 3, carried);
        let summand = match ty == "i32" && self.element.size < 4 && self.random.one_in(3) {
            true => Expr::product(self, carried),
            false => Expr::new(self, 2, carried),
        };
        let adds = *self.random.pick(&["add", "add", "add", "and", "or", "xor"]);
        let shape = if self.plain { 4 } else { self.random.below(8) };
        let mut turns: Vec<usize> = (0..self.unrolled).collect();
        if self.random.one_in(6) {
            for place in (1..turns.len()).rev() {
                turns.swap(place, self.random.below(place + 1));
            }
        }
        for turn in turns {
            // Now and then one of them is not like the others.
            let expr = match !self.plain && self.random.one_in(12) {
                true => Expr::new(self, 2, carried),
                false => expr.clone(),
            };
            if store {
                let mut value = expr.text(self, turn);
                if self.element.is_float() && !self.canonical {
                    self.say(format!("(local.set $v{ty} {value})"));
                    value = format!(
                        "(select (local.get $v{ty}) ({ty}.const nan) ({ty}.eq (local.get $v{ty}) (local.get $v{ty})))"
                    );
                }
                let (address, offset) = self.place(to, turn, delta, self.element.size);
                let store = self.element.store;
                self.say(format!("({store} {offset} {address} {value})"));
            }
            if sum {
                let value = summand.text(self, turn);
                let total = if ty == "i64" { "$t" } else { "$s" };
                let old = format!("(local.get {total})");
                let adds = if shape == 7 && turn == 1 { "sub" } else { adds };
                let new = match shape {
                    0 => format!("({ty}.{adds} {value} {old})"),
                    1 => format!("({ty}.{adds} ({ty}.{adds} {old} {value}) ({ty}.const 3))"),
                    2 => format!("({ty}.mul ({ty}.{adds} {old} {value}) ({ty}.const 3))"),
                    _ => format!("({ty}.{adds} {old} {value})"),
                };
                self.say(format!("(local.set {total} {new})"));
            }
            if carried {
                let (array, delta) = (self.random.below(self.arrays.len()), self.random.below(2));
                let array = if self.random.one_in(4) { array } else { 0 };
                let delta = if self.random.one_in(4) { delta } else { 0 };
                let load = self.load(array, turn, delta as i64, self.element);
                self.say(format!("(local.set $k{ty} {load})"));
            }
        }
        if !self.moves {
            // Or it might go on nearly for ever.
            let load = self.load(0, 0, 0, self.element);
            self.say(format!("(local.set $v{ty} {load})"));
        }
    }

    /// A load from an array, so many elements from the turn's.
    fn load(&mut self, array: usize, turn: usize, delta: i64, element: Element) -> String {
        let (address, offset) = self.place(array, turn, delta, self.element.size);
        format!("({} {offset} {address})", element.load)
    }

    /// An address and an offset.
    fn place(&mut self, array: usize, turn: usize, delta: i64, size: u32) -> (String, String) {
        let Array { local, walk, bias, .. } = self.arrays[array];
        self.moves |= walk != Walk::Still;
        let further = bias + (turn as i64 + delta) * i64::from(size);
        let address = match walk {
            Walk::Pointer | Walk::Still => format!("(local.get {local})"),
            Walk::Scaled if size > 1 => format!(
                "(i32.add (local.get {local}) (i32.shl (local.get $i) (i32.const {})))",
                size.trailing_zeros()
            ),
            Walk::Scaled | Walk::Bytes => format!("(i32.add (local.get {local}) (local.get $i))"),
        };
        match further >= 0 && !self.random.one_in(4) {
            true => (address, format!("offset={further}")),
            false => (format!("(i32.add {address} (i32.const {further}))"), String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_valid_varied_and_the_same_for_the_same_seed() {
        let mut sizes = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let wasm = module(seed).expect("a module's text");
            wasmparser::validate(&wasm).expect("valid");
            assert_eq!(module(seed).unwrap(), wasm);
            sizes.insert(wasm.len());
        }
        assert!(sizes.len() > 100, "{} sizes", sizes.len());
    }
}
