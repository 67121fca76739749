//! Loops that compute with more numbers than there are registers, and with sums of several terms: what they compute,
//! by a model that does one statement after the other.

use std::fmt::Write as _;

use wasmaot::*;
use wasmaot_tests::ways::in_every_way;

use crate::guests::*;

const BYTES: usize = 65536;
const OPERATIONS: [&str; 6] = ["add", "sub", "xor", "and", "or", "mul"];

/// What is done to the numbers of a loop, by their positions.
enum Statement {
    /// A number becomes several others, one after the other by the same operation, and this constant.
    Terms { to: usize, operation: usize, terms: Vec<usize>, constant: u32 },
    /// A number becomes another one.
    Copy { to: usize, from: usize },
    /// A number becomes what is stored where another one says.
    Load { to: usize, at: usize },
    /// A number is stored where another one says.
    Store { at: usize, from: usize },
    /// A number is rotated.
    Rotate { to: usize, by: u32 },
}

/// Two loops, the one in the other, and what is done in each.
struct Program {
    bits: u32,
    numbers: usize,
    /// How many of them it returns something of. What the others are is of no turn before.
    returned: usize,
    inner: Vec<Statement>,
    outer: Vec<Statement>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }

    fn statements(&mut self, many: usize, numbers: usize) -> Vec<Statement> {
        let mut all: Vec<Statement> = (0..many).map(|_| self.statement(numbers)).collect();
        // What moves on through several places, as in the rounds of a hash.
        let first = self.below(numbers - 4);
        all.extend((first..first + 4).rev().map(|from| Statement::Copy { to: from + 1, from }));
        all
    }

    /// What each number is next, of what they are all before that, by way of as many others.
    fn round(&mut self, numbers: usize) -> Vec<Statement> {
        let operation = [0, 2][self.below(2)];
        let distance = 1 + self.below(numbers - 1);
        let terms = |to| vec![to, (to + distance) % numbers, (to + 1) % numbers];
        let next =
            |to| Statement::Terms { to: numbers + to, operation, terms: terms(to), constant: 1 };
        let back = |to| Statement::Copy { to, from: numbers + to };
        (0..numbers).map(next).chain((0..numbers).map(back)).collect()
    }

    fn statement(&mut self, numbers: usize) -> Statement {
        let [to, from] = [self.below(numbers), self.below(numbers)];
        match self.below(16) {
            0 => Statement::Copy { to, from },
            1 => Statement::Load { to, at: from },
            2 => Statement::Store { at: to, from },
            3 | 4 => Statement::Rotate { to, by: 1 + self.below(31) as u32 },
            _ => {
                let many = *[2, 2, 2, 3, 5, 9].get(self.below(6)).unwrap();
                Statement::Terms {
                    to,
                    operation: self.below(OPERATIONS.len()),
                    terms: (0..many).map(|_| self.below(numbers)).collect(),
                    constant: [0, 1, 0x9e37_79b9][self.below(3)],
                }
            }
        }
    }
}

impl Program {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let bits = [32, 64][random.below(2)];
        let numbers = 6 + random.below(26);
        let many = [8, 40, 90, 160][random.below(4)];
        let mut inner = random.statements(many, numbers);
        let mut all = numbers;
        let more = match random.below(3) {
            0 => random.round(numbers),
            1 => (0..4).map(|from| Statement::Copy { to: numbers + from, from }).collect(),
            _ => Vec::new(),
        };
        if !more.is_empty() {
            all *= 2;
            let at = random.below(many);
            inner.splice(at..at, more);
        }
        // What was before, or in between, is used behind the loop or not.
        let returned = [numbers, all][random.below(2)];
        let many = random.below(30);
        Self { bits, numbers: all, returned, inner, outer: random.statements(many, numbers) }
    }

    /// A function of the number of turns of each loop.
    fn text(&self, name: usize) -> String {
        let Self { bits, numbers, returned, inner, outer } = self;
        let mut text = format!(
            "(func (export \"{name}\") (param $m i32) (param $n i32) (result i{bits}) (local $i i32)\n"
        );
        let each = |what: &dyn Fn(usize) -> String| (0..*numbers).map(what).collect::<String>();
        text += &each(&|number| format!("(local $v{number} i{bits})"));
        text += &each(&|number| {
            format!("(local.set $v{number} (i{bits}.const {}))\n", 0x1234567 * (number + 1))
        });
        text +=
            "(loop $outer (local.set $i (local.get $n)) (if (local.get $n) (then (loop $inner\n";
        self.statements(&mut text, inner);
        text += "(br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))\n";
        self.statements(&mut text, outer);
        text += "(br_if $outer (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))\n";
        let sum = (0..*returned).fold(format!("(i{bits}.const 0)"), |sum, number| {
            format!("(i{bits}.add (i{bits}.mul {sum} (i{bits}.const 31)) (local.get $v{number}))")
        });
        text + &sum + ")\n"
    }

    fn statements(&self, text: &mut String, statements: &[Statement]) {
        let bits = self.bits;
        let address = |at: usize| match bits {
            32 => format!("(i32.and (local.get $v{at}) (i32.const 0xffc))"),
            _ => format!("(i32.and (i32.wrap_i64 (local.get $v{at})) (i32.const 0xff8))"),
        };
        for statement in statements {
            let (to, value) = match statement {
                Statement::Terms { to, operation, terms, constant } => {
                    let start = format!("(i{bits}.const {constant})");
                    let operation = OPERATIONS[*operation];
                    let value = terms.iter().fold(start, |value, term| {
                        format!("(i{bits}.{operation} {value} (local.get $v{term}))")
                    });
                    (to, value)
                }
                Statement::Copy { to, from } => (to, format!("(local.get $v{from})")),
                Statement::Load { to, at } => (to, format!("(i{bits}.load {})", address(*at))),
                Statement::Rotate { to, by } => {
                    (to, format!("(i{bits}.rotl (local.get $v{to}) (i{bits}.const {by}))"))
                }
                Statement::Store { at, from } => {
                    writeln!(text, "(i{bits}.store {} (local.get $v{from}))", address(*at))
                        .unwrap();
                    continue;
                }
            };
            writeln!(text, "(local.set $v{to} {value})").unwrap();
        }
    }

    /// What the function returns, by the model.
    fn run(&self, memory: &mut [u8], m: u32, n: u32) -> u64 {
        let mut numbers: Vec<u64> = (1..=self.numbers as u64).map(|it| 0x1234567 * it).collect();
        for _ in 0..m {
            for _ in 0..n {
                self.inner.iter().for_each(|it| self.step(it, &mut numbers, memory));
            }
            self.outer.iter().for_each(|it| self.step(it, &mut numbers, memory));
        }
        let sum = |sum: u64, number: &u64| sum.wrapping_mul(31).wrapping_add(*number);
        self.cut(numbers[..self.returned].iter().fold(0, sum))
    }

    fn cut(&self, number: u64) -> u64 {
        if self.bits == 32 { number as u32 as u64 } else { number }
    }

    fn step(&self, statement: &Statement, numbers: &mut [u64], memory: &mut [u8]) {
        let len = self.bits as usize / 8;
        let place = |at: u64| at as usize & (0x1000 - len);
        match *statement {
            Statement::Terms { to, operation, ref terms, constant } => {
                let apply = |a: u64, b: u64| match OPERATIONS[operation] {
                    "add" => a.wrapping_add(b),
                    "sub" => a.wrapping_sub(b),
                    "xor" => a ^ b,
                    "and" => a & b,
                    "or" => a | b,
                    _ => a.wrapping_mul(b),
                };
                let value = terms.iter().fold(constant.into(), |a, &term| apply(a, numbers[term]));
                numbers[to] = self.cut(value);
            }
            Statement::Copy { to, from } => numbers[to] = numbers[from],
            Statement::Load { to, at } => {
                let at = place(numbers[at]);
                let mut bytes = [0; 8];
                bytes[..len].copy_from_slice(&memory[at..at + len]);
                numbers[to] = u64::from_le_bytes(bytes);
            }
            Statement::Store { at, from } => {
                let at = place(numbers[at]);
                memory[at..at + len].copy_from_slice(&numbers[from].to_le_bytes()[..len]);
            }
            Statement::Rotate { to, by } => {
                numbers[to] = match self.bits {
                    32 => (numbers[to] as u32).rotate_left(by).into(),
                    _ => numbers[to].rotate_left(by),
                };
            }
        }
    }
}

#[test]
fn more_numbers_than_registers() {
    let programs: Vec<Program> = (0..64).map(Program::new).collect();
    let functions: String =
        programs.iter().enumerate().map(|(name, program)| program.text(name)).collect();
    let guest = format!("(module (memory (export \"memory\") 1)\n{functions})");
    in_every_way(&guest, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let memory = instance.get_memory(&store, "memory").unwrap();
        for (name, program) in programs.iter().enumerate() {
            for (m, n) in [(1, 0), (1, 1), (1, 2), (2, 1), (3, 7)] {
                let mut expected: Vec<u8> = (0..BYTES).map(|at| (at * 7 / 3) as u8).collect();
                memory.data_mut(&mut store).copy_from_slice(&expected);
                let result = program.run(&mut expected, m, n);
                let name = name.to_string();
                let turns = (m as i32, n as i32);
                let found = match program.bits {
                    32 => {
                        typed::<_, i32>(&mut store, instance, &name, turns).unwrap() as u32 as u64
                    }
                    _ => typed::<_, i64>(&mut store, instance, &name, turns).unwrap() as u64,
                };
                assert_eq!(found, result, "{way:?} {name} {turns:?}");
                assert!(memory.data(&store) == expected, "{way:?} {name} {turns:?}: the memory");
            }
        }
    });
}

/// A function with a loop of more numbers than registers: what is loaded from `$at` is used behind something else.
fn loads_before(name: &str, what: &str) -> String {
    let each = |text: &str| {
        let next = |n: usize| ((n + 1) % 16).to_string();
        let one = |n: usize| text.replace('N', &n.to_string()).replace('M', &next(n));
        (0..16).map(one).collect::<String>()
    };
    let locals = each("(local $vN i32)");
    let round =
        each("(local.set $vN (i32.xor (i32.mul (local.get $vN) (i32.const 5)) (local.get $vM)))");
    format!(
        "(func (export \"{name}\") (param $at i32) (param $n i32) (result i32)
           (local $i i32) (local $x i32) {locals}
           (loop $again
             (local.set $x (i32.load (local.get $at)))
             {round}
             {what}
             (local.set $v0 (i32.sub (local.get $v0) (local.get $x)))
             (local.set $i (i32.add (local.get $i) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $i) (i32.const 4))))
           (i32.add (local.get $v0) (local.get $v1)))\n"
    )
}

#[test]
fn what_is_loaded_first_traps_first() {
    let division = "(local.set $v1 (i32.div_u (local.get $v1) (local.get $n)))";
    let conversion = "(local.set $v1 (i32.trunc_f32_s (f32.div
        (f32.const 0) (f32.convert_i32_u (local.get $n)))))";
    let null = "(call_indirect (type $none) (local.get $n))";
    let other = "(call_indirect (type $one) (i32.const 7) (i32.eqz (local.get $n)))";
    let cases = [
        ("division", division, TrapCode::IntegerDivideByZero),
        ("conversion", conversion, TrapCode::BadConversionToInteger),
        ("null", null, TrapCode::UninitializedElement),
        ("other", other, TrapCode::IndirectCallTypeMismatch),
    ];
    let functions: String = cases.iter().map(|(name, what, _)| loads_before(name, what)).collect();
    let guest = format!(
        "(module
           (memory 1)
           (type $none (func)) (type $one (func (param i32)))
           (table (export \"table\") 2 funcref) (elem (i32.const 1) $f) (func $f)
           {functions})"
    );
    in_every_way(&guest, |way, module| {
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        for (name, _, expected) in cases {
            let mut call = |at: i32| {
                let result = typed::<_, i32>(&mut store, instance, name, (at, 0));
                code(result)
            };
            assert_eq!(call(0), expected, "{way:?} {name}");
            assert_eq!(call(-4), TrapCode::MemoryOutOfBounds, "{way:?} {name}");
        }
    });
}
