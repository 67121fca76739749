//! Modules of long loops that compute with more numbers than a machine has registers: what hashes and ciphers are made
//! of, with values that change places from turn to turn, sums of many terms, and what is used behind a loop. `wasm-smith` makes none.

use std::fmt::Write as _;

use anyhow::Result;

use crate::random::Random;

/// What `--only` calls these modules.
pub const NAME: &str = "crowded";

/// Makes the module of a seed.
///
/// # Errors
/// If the text of it is none, which is a mistake in here.
pub fn module(seed: u64) -> Result<Vec<u8>> {
    let mut random = Random::new(seed, "crowded");
    let mut text = String::from("(module (memory (export \"m\") 1 1)\n");
    for number in 0..1 + random.below(3) {
        text += &Function::new(&mut random).text(number);
    }
    Ok(wat::parse_str(text + ")\n")?)
}

struct Function<'r> {
    random: &'r mut Random,
    text: String,
    /// How many numbers it has of each type.
    numbers: [usize; 2],
}

/// The types of numbers.
const TYPES: [&str; 2] = ["i32", "i64"];

impl<'r> Function<'r> {
    fn new(random: &'r mut Random) -> Self {
        let few = 2 + random.below(6);
        let many = 8 + random.below(32);
        let numbers = *random.pick(&[[many, few], [few, many], [many / 2, many / 2]]);
        Self { random, text: String::new(), numbers }
    }

    fn say(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "    {}", line.as_ref());
    }

    fn text(mut self, number: usize) -> String {
        self.say(format!(
            "(func (export \"f{number}\") (param $a i32) (param $x i64) (result i32 i64)"
        ));
        self.say("(local $n i32) (local $m i32)");
        for (ty, many) in self.numbers.into_iter().enumerate() {
            for number in 0..many {
                self.say(format!("(local {} {})", self.name(ty, number), TYPES[ty]));
                self.say(format!("(local ${}{number} {})", ["t", "u"][ty], TYPES[ty]));
            }
        }
        for (ty, many) in self.numbers.into_iter().enumerate() {
            for number in 0..many {
                let start = self.random.next() as i32;
                let first = ["(local.get $a)", "(local.get $x)"][ty];
                let [name, ty] = [&*self.name(ty, number), TYPES[ty]];
                self.say(format!("(local.set {name} ({ty}.add ({ty}.const {start}) {first}))"));
            }
        }
        self.loops();
        for (ty, many) in self.numbers.into_iter().enumerate() {
            let name = TYPES[ty];
            let sum = (0..many).fold(format!("({name}.const 1)"), |sum, number| {
                let number = match self.random.one_in(8) {
                    true => format!("${}{number}", ["t", "u"][ty]),
                    false => self.name(ty, number),
                };
                format!("({name}.add ({name}.mul {sum} ({name}.const 31)) (local.get {number}))")
            });
            self.say(sum);
        }
        self.text + ")\n"
    }

    fn name(&self, ty: usize, number: usize) -> String {
        format!("${}{number}", ["v", "w"][ty])
    }

    /// A loop, perhaps one in another, perhaps two.
    fn loops(&mut self) {
        let outer = self.random.one_in(2);
        if outer {
            let turns = 1 + self.random.below(3);
            self.say(format!("(local.set $m (i32.const {turns}))"));
            self.say("(loop $outer");
            self.statements(12);
        }
        for _ in 0..1 + self.random.below(2) {
            self.inner();
            self.statements(4);
        }
        if outer {
            self.say("(br_if $outer (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))");
        }
    }

    fn inner(&mut self) {
        let turns = *self.random.pick(&[1, 2, 3, 8, 20]);
        let guarded = self.random.one_in(2);
        self.say(format!("(local.set $n (i32.const {turns}))"));
        if guarded {
            let number = self.any(0);
            self.say(format!("(if (i32.and (local.get {number}) (i32.const 3)) (then"));
        }
        self.say("(loop $inner");
        let long = *self.random.pick(&[10, 50, 100, 200]);
        self.statements(long);
        if self.random.one_in(2) {
            let ty = self.random.below(2);
            self.round(ty);
            self.statements(long);
        }
        for ty in 0..2 {
            if self.random.one_in(2) {
                self.change_places(ty);
            }
        }
        if self.random.one_in(4) {
            let number = self.any(0);
            self.say(format!(
                "(br_if $inner (i32.and (i32.lt_u (i32.const 3) (local.get {number}))"
            ));
            self.say(
                "(i32.lt_s (i32.const 0) (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))",
            );
        } else {
            self.say("(br_if $inner (local.tee $n (i32.sub (local.get $n) (i32.const 1))))");
        }
        self.say(if guarded { ")))" } else { ")" });
    }

    /// What each number is next, of what they all are before that. What is in between may be used behind the loop.
    fn round(&mut self, ty: usize) {
        let (many, name) = (self.numbers[ty], TYPES[ty]);
        let next = |number: usize| format!("${}{number}", ["t", "u"][ty]);
        let distance = 1 + self.random.below(many - 1);
        for to in 0..many {
            let [a, b, c] = [to, (to + distance) % many, (to + 1) % many];
            let [a, b, c] = [a, b, c].map(|number| self.name(ty, number));
            let to = next(to);
            self.say(format!("(local.set {to} ({name}.xor (local.get {a}) ({name}.add (local.get {b}) (local.get {c}))))"));
        }
        for to in 0..many {
            if self.random.one_in(8) {
                self.statement();
            }
            let (to, from) = (self.name(ty, to), next(to));
            self.say(format!("(local.set {to} (local.get {from}))"));
        }
    }

    fn change_places(&mut self, ty: usize) {
        let many = self.numbers[ty];
        let len = 1 + self.random.below(many - 1);
        let first = self.random.below(many - len);
        for number in (first..first + len).rev() {
            let (to, from) = (self.name(ty, number + 1), self.name(ty, number));
            self.say(format!("(local.set {to} (local.get {from}))"));
        }
    }

    fn statements(&mut self, most: usize) {
        for _ in 0..self.random.below(most) + most / 2 {
            self.statement();
        }
    }

    fn any(&mut self, ty: usize) -> String {
        let number = self.random.below(self.numbers[ty]);
        self.name(ty, number)
    }

    fn statement(&mut self) {
        let ty =
            usize::from(self.random.below(self.numbers[0] + self.numbers[1]) >= self.numbers[0]);
        let to = self.any(ty);
        let value = match self.random.below(24) {
            0 | 1 => format!("(local.get {})", self.any(ty)),
            2 => {
                let at = self.address();
                format!("({}.load {at})", TYPES[ty])
            }
            3 => {
                let (at, value) = (self.address(), self.any(ty));
                return self.say(format!("({}.store {at} (local.get {value}))", TYPES[ty]));
            }
            4 => match ty {
                0 => format!("(i32.wrap_i64 (local.get {}))", self.any(1)),
                _ => format!("(i64.extend_i32_u (local.get {}))", self.any(0)),
            },
            5 => {
                let (a, b, c) = (self.any(ty), self.any(ty), self.any(0));
                format!("(select (local.get {a}) (local.get {b}) (local.get {c}))")
            }
            6 if self.random.one_in(8) => {
                let (a, b) = (self.any(ty), self.any(ty));
                let ty = TYPES[ty];
                format!("({ty}.div_u (local.get {a}) ({ty}.or (local.get {b}) ({ty}.const 1)))")
            }
            _ => self.terms(ty),
        };
        self.say(format!("(local.set {to} {value})"));
    }

    /// Somewhere in the memory, rarely behind its end.
    fn address(&mut self) -> String {
        let mask = if self.random.one_in(200) { "0x1ffff" } else { "0xfff" };
        format!("(i32.and (local.get {}) (i32.const {mask}))", self.any(0))
    }

    fn terms(&mut self, ty: usize) -> String {
        let operation = *self.random.pick(&["add", "add", "xor", "and", "or", "mul", "sub"]);
        let mut value = format!("(local.get {})", self.any(ty));
        let name = TYPES[ty];
        for _ in 0..*self.random.pick(&[1, 1, 1, 2, 3, 4, 8, 20]) {
            let term = match self.random.below(8) {
                0 => format!("({name}.const {})", self.random.next() as i32),
                1 => {
                    let (term, by) = (self.any(ty), self.random.below(64));
                    format!("({name}.rotl (local.get {term}) ({name}.const {by}))")
                }
                _ => format!("(local.get {})", self.any(ty)),
            };
            value = match self.random.one_in(2) {
                true => format!("({name}.{operation} {value} {term})"),
                false => format!("({name}.{operation} {term} {value})"),
            };
        }
        value
    }
}
