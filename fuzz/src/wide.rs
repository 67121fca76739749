//! Modules about numbers of 128 bits as compilers to wasm have them: products that a function stores, halves that are
//! added with a comparison for the carry, and all that is stored and loaded in between. `wasm-smith` makes none.
//!
//! What a compiler can get wrong is what is varied: what is stored near one value may be where something near another
//! one is, wrap around, or be outside; halves come in any order, and some of them are needed before others are there.

use std::fmt::Write as _;

use anyhow::Result;

use crate::random::Random;

/// What `--only` calls these modules.
pub const NAME: &str = "wide";

/// The product of two numbers of 64 bits, as compilers have it, and something that stores where it is told to.
const FUNCTIONS: &str = "
  (func $product (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64 i64)
    (local.set 5 (i64.and (local.get 1) (i64.const 4294967295)))
    (local.set 6 (i64.shr_u (local.get 1) (i64.const 32)))
    (local.set 7 (i64.and (i64.const 4294967295) (local.get 3)))
    (local.set 8 (i64.shr_u (local.get 3) (i64.const 32)))
    (local.set 9 (i64.mul (local.get 7) (local.get 5)))
    (local.set 10 (i64.mul (local.get 6) (local.get 7)))
    (local.set 5 (i64.add (local.get 10) (i64.mul (local.get 5) (local.get 8))))
    (i64.store (local.get 0)
      (local.tee 11 (i64.add (local.get 9) (i64.shl (local.get 5) (i64.const 32)))))
    (i64.store offset=8 (local.get 0) (i64.add
      (i64.add
        (i64.extend_i32_u (i64.lt_u (local.get 11) (local.get 9)))
        (i64.or
          (i64.shr_u (local.get 5) (i64.const 32))
          (i64.shl (i64.extend_i32_u (i64.lt_u (local.get 5) (local.get 10))) (i64.const 32))))
      (i64.add (i64.mul (local.get 6) (local.get 8))
        (i64.add (i64.mul (local.get 2) (local.get 3)) (i64.mul (local.get 4) (local.get 1)))))))
  (func $other (param i32) (if (i32.and (local.get 0) (i32.const 64)) (then
    (i64.store (i32.and (local.get 0) (i32.const 0xfff8)) (i64.const 7)))))
";
/// How many numbers a function has.
const NUMBERS: usize = 8;
/// The pointers of a function.
const POINTERS: [&str; 3] = ["$p", "$q", "$r"];

/// Makes the module of a seed.
///
/// # Errors
/// If the text of it is none, which is a mistake in here.
pub fn module(seed: u64) -> Result<Vec<u8>> {
    Ok(wat::parse_str(text(seed))?)
}

fn text(seed: u64) -> String {
    let mut random = Random::new(seed, "wide");
    let limits = *random.pick(&["1", "1 1", "1 3", "2 2"]);
    let mut text = match random.one_in(8) {
        true => format!("(module (memory (export \"m\") (import \"e\" \"m\") {limits})"),
        false => format!("(module (memory (export \"m\") {limits})"),
    };
    text += FUNCTIONS;
    for number in 0..2 + random.below(4) {
        text += &Function::new(&mut random).text(number);
    }
    text + ")\n"
}

struct Function<'r> {
    random: &'r mut Random,
    text: String,
    /// How far from the first pointer something was stored.
    stored: Vec<i64>,
}

impl<'r> Function<'r> {
    fn new(random: &'r mut Random) -> Self {
        Self { random, text: String::new(), stored: Vec::new() }
    }

    fn say(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "    {}", line.as_ref());
    }

    fn text(mut self, number: usize) -> String {
        self.say(format!("(func (export \"f{number}\") (param $a i32) (param $b i32)"));
        self.say("(param $x i64) (param $y i64) (result i64 i64 i64 i64)");
        self.say("(local $p i32) (local $q i32) (local $r i32)");
        for number in 0..NUMBERS {
            self.say(format!("(local $v{number} i64)"));
        }
        self.pointers();
        self.say("(local.set $v0 (local.get $x)) (local.set $v1 (local.get $y))");
        self.say("(local.set $v2 (i64.mul (local.get $x) (i64.const -7046029254386353131)))");
        let many = 4 + self.random.below(24);
        for _ in 0..many {
            self.product_or_store();
        }
        for _ in 0..many + self.random.below(40) {
            self.statement();
        }
        self.say("(local.get $v0) (local.get $v1) (local.get $v2) (local.get $v3))");
        self.text
    }

    /// Places in the memory, at its end, behind it, near each other, or far away.
    fn pointers(&mut self) {
        let near = *self.random.pick(&[0, 8, 16, 64, -8, 128, 4, -64, 400, 4096]);
        let p = match self.random.below(16) {
            0 => "(i32.or (local.get $a) (i32.const 0xffffff00))".into(),
            1 => format!("(i32.const {near})"),
            2 => "(i32.add (i32.and (local.get $a) (i32.const 0x1ff)) (i32.const 0xfe00))".into(),
            3 => "(local.get $a)".into(),
            _ => "(i32.add (i32.and (local.get $a) (i32.const 0x3ff8)) (i32.const 1024))".into(),
        };
        let q = match self.random.below(16) {
            0 => "(i32.or (local.get $b) (i32.const 0xffffff00))".into(),
            1..=3 => format!("(i32.add (local.get $p) (i32.const {near}))"),
            4 | 5 => "(i32.add (local.get $p) (i32.and (local.get $b) (i32.const 0x1f8)))".into(),
            6 | 7 => "(i32.sub (local.get $p) (i32.and (local.get $b) (i32.const 0x1f8)))".into(),
            8 => "(local.get $b)".into(),
            _ => "(i32.add (i32.and (local.get $b) (i32.const 0x3ff8)) (i32.const 0x6000))".into(),
        };
        let r = match self.random.below(8) {
            0 => "(local.get $b)",
            _ => "(i32.and (local.get $b) (i32.const 0x7fff))",
        };
        for (pointer, value) in [("$p", p.as_str()), ("$q", q.as_str()), ("$r", r)] {
            self.say(format!("(local.set {pointer} {value})"));
        }
    }

    fn number(&mut self) -> String {
        match self.random.below(12) {
            0 => "(i64.const 0)".into(),
            1 => "(i64.const -1)".into(),
            2 => format!("(i64.const {})", self.random.next() as i64),
            _ => format!("(local.get $v{})", self.random.below(NUMBERS)),
        }
    }

    /// The text of a place so far from a pointer: what is added to it, and the instruction's offset.
    fn place(&mut self, pointer: &str, from: i64) -> (String, i64) {
        let offset = match self.random.below(3) {
            0 => from.max(0),
            1 => (8 * self.random.below(4) as i64).min(from.max(0)),
            _ => 0,
        };
        let add = from - offset;
        let index = match add {
            0 => format!("(local.get {pointer})"),
            _ if self.random.one_in(3) => {
                format!("(i32.sub (local.get {pointer}) (i32.const {}))", -add)
            }
            _ => format!("(i32.add (local.get {pointer}) (i32.const {add}))"),
        };
        (index, offset)
    }

    fn from(&mut self) -> i64 {
        let wild = self.random.one_in(12);
        8 * (self.random.below(24) as i64 - 4) + if wild { self.random.below(8) as i64 } else { 0 }
    }

    fn product_or_store(&mut self) {
        let from = self.from();
        self.stored.push(from);
        if self.random.one_in(2) {
            self.store("$p", from);
            return;
        }
        let (a, b) = (self.number(), self.number());
        let (place, _) = match self.random.one_in(2) {
            true => (format!("(i32.add (local.get $p) (i32.const {from}))"), 0),
            false => (format!("(i32.sub (local.get $p) (i32.const {}))", -from), 0),
        };
        self.stored.push(from + 8);
        self.say(format!("(call $product {place} {a} (i64.const 0) {b} (i64.const 0))"));
    }

    fn store(&mut self, pointer: &str, from: i64) {
        let (place, offset) = self.place(pointer, from);
        let value = self.number();
        let store = match self.random.below(16) {
            0 => "i64.store8",
            1 => "i64.store32",
            _ => "i64.store",
        };
        self.say(format!("({store} offset={offset} {place} {value})"));
    }

    fn load(&mut self) -> String {
        let random = self.random.one_in(8) || self.stored.is_empty();
        let from = if random { self.from() } else { *self.random.pick(&self.stored) };
        let pointer = if self.random.one_in(6) { *self.random.pick(&POINTERS) } else { "$p" };
        let (mut place, offset) = self.place(pointer, from);
        if self.random.one_in(8) {
            let number = self.number();
            place = format!("(i32.and (i32.wrap_i64 {number}) (i32.const 0x7fff))");
        }
        let load = if self.random.one_in(24) { "i64.load32_u" } else { "i64.load" };
        format!("({load} offset={offset} {place})")
    }

    /// A variable, or what is loaded.
    fn term(&mut self) -> String {
        if self.random.one_in(2) { self.load() } else { self.number() }
    }

    fn statement(&mut self) {
        let to = self.random.below(NUMBERS);
        match self.random.below(20) {
            0..=2 => {
                let load = self.load();
                self.say(format!("(local.set $v{to} {load})"));
            }
            3..=5 => {
                let pointer = *self.random.pick(&["$q", "$q", "$q", "$q", "$p", "$r"]);
                let from = self.from().max(0);
                self.store(pointer, from);
            }
            6 => {
                let (how, value) =
                    (*self.random.pick(&["xor", "mul", "shr_u", "sub"]), self.number());
                self.say(format!("(local.set $v{to} (i64.{how} (local.get $v{to}) {value}))"));
            }
            7 if self.random.one_in(8) => self.say("(call $other (local.get $b))"),
            7 if self.random.one_in(4) => {
                self.say(format!("(if (i64.eqz (local.get $v{to})) (then (return"));
                self.say("(local.get $v1) (local.get $v2) (local.get $v3) (local.get $v4))))");
            }
            _ => self.sum(),
        }
    }

    /// Halves of a sum.
    fn sum(&mut self) {
        let (low, high) = (self.random.below(NUMBERS), self.random.below(NUMBERS));
        let (a, b) = (self.random.below(NUMBERS), self.term());
        self.say(format!("(local.set $v{low} (i64.add (local.get $v{a}) {b}))"));
        if self.random.one_in(6) {
            self.statement();
        }
        // What it is compared with is not what was added any more if that was the same local.
        let with = if self.random.one_in(8) { self.number() } else { format!("(local.get $v{a})") };
        let carry = match self.random.below(4) {
            0 => format!("(i64.gt_u {with} (local.get $v{low}))"),
            _ => format!("(i64.lt_u (local.get $v{low}) {with})"),
        };
        let carry = format!("(i64.extend_i32_u {carry})");
        let (c, d) = (self.term(), self.term());
        let sum = match self.random.below(6) {
            0 => format!("(i64.add {c} {carry})"),
            1 => format!("(i64.add {carry} (i64.add {c} {d}))"),
            2 => format!("(i64.add (i64.add {c} {carry}) {d})"),
            _ => format!("(i64.add (i64.add {c} {d}) {carry})"),
        };
        self.say(format!("(local.set $v{high} {sum})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_valid_and_have_what_they_are_about() {
        let mut sums = 0;
        for seed in 0..100 {
            let wasm = module(seed).expect("a text");
            wasmparser::validate(&wasm).expect("valid");
            sums += text(seed).matches("i64.extend_i32_u").count();
        }
        assert!(sums > 1000, "{sums} sums");
    }
}
