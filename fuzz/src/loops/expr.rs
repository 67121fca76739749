//! What the loops store and add up: trees over what they load, constants and parameters, the same for
//! each of the elements of a turn but for where it loads, with now and then a slip.

use super::Loop;
use crate::random::Random;

/// What an array consists of.
#[derive(Clone, Copy)]
pub struct Element {
    /// The type of its values.
    pub ty: &'static str,
    /// Their bytes in memory.
    pub size: u32,
    /// The instruction that loads one.
    pub load: &'static str,
    /// The one that stores one.
    pub store: &'static str,
}

const fn element(ty: &'static str, size: u32, load: &'static str, store: &'static str) -> Element {
    Element { ty, size, load, store }
}

/// All kinds, those oftener that are often met.
pub const ELEMENTS: [Element; 15] = [
    element("i32", 1, "i32.load8_u", "i32.store8"),
    element("i32", 1, "i32.load8_u", "i32.store8"),
    element("i32", 1, "i32.load8_s", "i32.store8"),
    element("i32", 2, "i32.load16_u", "i32.store16"),
    element("i32", 2, "i32.load16_s", "i32.store16"),
    element("i32", 2, "i32.load16_s", "i32.store"),
    element("i32", 4, "i32.load", "i32.store"),
    element("i32", 4, "i32.load", "i32.store"),
    element("i32", 4, "i32.load", "i32.store8"),
    element("i64", 8, "i64.load", "i64.store"),
    element("i64", 8, "i64.load", "i64.store"),
    element("i64", 4, "i64.load32_u", "i64.store32"),
    element("f32", 4, "f32.load", "f32.store"),
    element("f32", 4, "f32.load", "f32.store"),
    element("f64", 8, "f64.load", "f64.store"),
];

impl Element {
    pub fn is_float(&self) -> bool {
        self.ty.starts_with('f')
    }
}

/// A tree.
#[derive(Clone)]
pub enum Expr {
    /// From which array, how many elements further, as what.
    Load(usize, i64, Element),
    /// A constant or a local.
    Leaf(String),
    Unary(&'static str, &'static str, Box<Self>),
    Binary(&'static str, &'static str, Box<[Self; 2]>),
    /// Which, for which element; what is compared, and what is chosen from. Without a choice: as a number.
    Compare(Vec<Comparison>, Option<Box<[Self; 2]>>),
    /// The first or the second, by whether the third is a number other than zero.
    Choose(Box<[Self; 3]>),
}

/// An instruction, and its operands.
type Comparison = (String, Box<[Expr; 2]>);

impl Expr {
    /// A tree no higher than this, of the loop's type; whether it may use what was loaded a turn ago.
    pub fn new(of: &mut Loop<'_>, height: u32, carried: bool) -> Self {
        let element = of.element;
        if height == 0 || of.random.one_in(6) {
            return Self::leaf(of, element, carried);
        }
        let ty = element.ty;
        let sub = |of: &mut Loop<'_>| {
            let height = if of.random.one_in(3) { height - 1 } else { 0 };
            Self::new(of, height, carried)
        };
        match of.random.below(12) {
            11 if ty == "i32" => {
                let condition =
                    if of.random.one_in(2) { sub(of) } else { Self::leaf(of, element, carried) };
                // It is another operand as well, now and then.
                let other = if of.random.one_in(2) { condition.clone() } else { sub(of) };
                let chosen = Self::Choose(Box::new([sub(of), sub(of), condition]));
                let operator = *of.random.pick(&["add", "mul", "xor"]);
                Self::Binary(ty, operator, Box::new([chosen, other]))
            }
            10 if !element.is_float() => match of.random.one_in(2) {
                true => Self::absolute(ty, sub(of)),
                false => Self::field(of, carried),
            },
            0 => {
                let of_ints = ["eqz", "extend8_s"];
                let of_floats = ["neg", "abs", "sqrt", "neg", "abs"];
                match (element.is_float(), ty) {
                    (true, _) => {
                        let operator = *of.random.pick(&of_floats);
                        Self::Unary(ty, operator, Box::new(sub(of)))
                    }
                    (false, "i32") if of.random.one_in(2) => {
                        let operator = *of.random.pick(&of_ints);
                        Self::Unary(ty, operator, Box::new(sub(of)))
                    }
                    (false, _) => {
                        let leaf = of.random.pick(&["0", "-1"]);
                        let leaf = Self::Leaf(format!("({ty}.const {leaf})"));
                        let operator = *of.random.pick(&["sub", "xor"]);
                        Self::Binary(ty, operator, Box::new([leaf, sub(of)]))
                    }
                }
            }
            1 | 2 => {
                let (most, least) = (sub(of), sub(of));
                let comparisons = Self::comparisons(of, &most, &least, carried);
                // Minima and maxima are such choices too.
                let choice = match of.random.below(4) {
                    0 => [most, least],
                    1 => [least, most],
                    _ => [sub(of), sub(of)],
                };
                Self::Compare(comparisons, Some(Box::new(choice)))
            }
            3 if ty == "i32" => {
                let (a, b) = (sub(of), sub(of));
                Self::Compare(Self::comparisons(of, &a, &b, carried), None)
            }
            3 | 4 if !element.is_float() => {
                let operators = ["shl", "shr_u", "shr_s", "shl", "shr_u", "rotl"];
                let many = if of.plain { 3 } else { operators.len() };
                let operator = *of.random.pick(&operators[..many]);
                let by = *of.random.pick(&["1", "3", "7", "8", "15", "24", "31", "32", "63", "-1"]);
                let by = match of.random.one_in(4) {
                    true => Self::leaf_of_parameter(ty),
                    false => Self::Leaf(format!("({ty}.const {by})")),
                };
                Self::Binary(ty, operator, Box::new([sub(of), by]))
            }
            _ => {
                let operators: &[&str] = match element.is_float() {
                    true => &["add", "sub", "mul", "div", "add", "mul"],
                    false => &["add", "add", "sub", "mul", "and", "or", "xor"],
                };
                let operator = *of.random.pick(operators);
                Self::Binary(ty, operator, Box::new([sub(of), sub(of)]))
            }
        }
    }

    /// What a number is without its sign.
    fn absolute(ty: &'static str, value: Self) -> Self {
        let bits = if ty == "i32" { 31 } else { 63 };
        let by = Self::Leaf(format!("({ty}.const {bits})"));
        let sign = Self::Binary(ty, "shr_s", Box::new([value.clone(), by]));
        let flipped = Self::Binary(ty, "xor", Box::new([value, sign.clone()]));
        Self::Binary(ty, "sub", Box::new([flipped, sign]))
    }

    /// Some bits of a product.
    fn field(of: &mut Loop<'_>, carried: bool) -> Self {
        let ty = of.element.ty;
        let constant = |number: usize| Self::Leaf(format!("({ty}.const {number})"));
        let by = constant(of.random.below(18));
        let mask = constant((2 << of.random.below(12)) - 1);
        let shift = *of.random.pick(&["shr_u", "shr_s"]);
        let shifted = Self::Binary(ty, shift, Box::new([Self::product(of, carried), by]));
        Self::Binary(ty, "and", Box::new([shifted, mask]))
    }

    /// A product of what fits in half as many bits, nearly always.
    pub fn product(of: &mut Loop<'_>, carried: bool) -> Self {
        let ty = of.element.ty;
        let factors = [(); 2].map(|()| {
            let leaf = Self::leaf(of, of.element, carried);
            match of.random.below(6) {
                0 => {
                    let masks = ["15", "0x7fff", "0xffff", "255"];
                    let mask = Self::Leaf(format!("({ty}.const {})", of.random.pick(&masks)));
                    Self::Binary(ty, "and", Box::new([leaf, mask]))
                }
                1 => Self::Binary(ty, "sub", Box::new([leaf, Self::leaf(of, of.element, carried)])),
                _ => leaf,
            }
        });
        Self::Binary(ty, "mul", Box::new(factors))
    }

    /// What is compared, for one element after the other: nearly always the same.
    fn comparisons(of: &mut Loop<'_>, a: &Self, b: &Self, carried: bool) -> Vec<Comparison> {
        let mut all = vec![of.compare(of.element.ty, a.clone(), b.clone())];
        let slips = if of.random.one_in(if of.plain { 24 } else { 6 }) {
            1 + of.random.below(3)
        } else {
            0
        };
        for _ in 0..slips {
            let other = match of.random.one_in(3) {
                true => of.element,
                false => ELEMENTS[of.random.below(ELEMENTS.len())],
            };
            let operands =
                [(); 2].map(|()| Self::leaf(of, other, carried && other.ty == of.element.ty));
            let [a, b] = operands;
            // The same way to compare, of other types.
            let same = all[0].0.split_once('.').map(|it| it.1.to_owned()).unwrap_or_default();
            let plain = same.split('_').next().unwrap_or_default().to_owned();
            let how = match (other.is_float(), of.element.is_float()) {
                (true, false) => plain,
                (false, true) if !["eq", "ne"].contains(&plain.as_str()) => format!("{plain}_s"),
                _ => same,
            };
            all.push((format!("{}.{how}", other.ty), Box::new([a, b])));
        }
        all
    }

    fn leaf(of: &mut Loop<'_>, element: Element, carried: bool) -> Self {
        let ty = element.ty;
        match of.random.below(12) {
            0 | 1 => {
                let constants: &[&str] = match element.is_float() {
                    true => &["0", "1", "-2.5", "3", "0.5", "-0"],
                    false => {
                        &["0", "1", "2", "3", "7", "-1", "255", "127", "0x7fff", "-32768", "1000"]
                    }
                };
                Self::Leaf(format!("({ty}.const {})", of.random.pick(constants)))
            }
            2 => Self::leaf_of_parameter(ty),
            3 | 4 if carried => Self::Leaf(format!("(local.get $k{ty})")),
            _ => {
                let array = of.random.below(of.arrays.len());
                let deltas = if of.plain { [0; 6] } else { [0, 0, 1, -1, 4, -4] };
                let delta = *of.random.pick(&deltas);
                Self::Load(array, delta, element)
            }
        }
    }

    fn leaf_of_parameter(ty: &str) -> Self {
        let local = match ty {
            "i32" => "$x",
            "i64" => "$y",
            "f32" => "$z",
            _ => "$w",
        };
        Self::Leaf(format!("(local.get {local})"))
    }

    /// Its text, for one of a turn's elements.
    pub fn text(&self, of: &mut Loop<'_>, turn: usize) -> String {
        match self {
            Self::Load(array, delta, element) => of.load(*array, turn, *delta, *element),
            Self::Leaf(text) => text.clone(),
            Self::Unary(ty, operator, value) => {
                format!("({ty}.{operator} {})", value.text(of, turn))
            }
            Self::Binary(ty, operator, values) => {
                let [a, b] = values.each_ref().map(|value| value.text(of, turn));
                format!("({ty}.{operator} {a} {b})")
            }
            Self::Choose(values) => {
                let [a, b, condition] = values.each_ref().map(|value| value.text(of, turn));
                format!("(select {a} {b} {condition})")
            }
            Self::Compare(all, choice) => {
                let (operator, values) = &all[turn % all.len()];
                let [a, b] = values.each_ref().map(|value| value.text(of, turn));
                let condition = format!("({operator} {a} {b})");
                match choice {
                    None => condition,
                    Some(choice) => {
                        let [a, b] = choice.each_ref().map(|value| value.text(of, turn));
                        format!("(select {a} {b} {condition})")
                    }
                }
            }
        }
    }
}

impl Loop<'_> {
    fn compare(&mut self, ty: &str, a: Expr, b: Expr) -> Comparison {
        let random: &mut Random = self.random;
        let operators: &[&str] = match ty.starts_with('f') {
            true => &["eq", "ne", "lt", "gt", "le", "ge"],
            false => &["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"],
        };
        (format!("{ty}.{}", random.pick(operators)), Box::new([a, b]))
    }
}
