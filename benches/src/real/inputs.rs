//! What the real programs are given: made here, the same in each run, and like what people have.

use std::fmt::Write as _;

/// Numbers that look random and are not.
#[derive(Debug)]
struct Numbers(u32);

impl Numbers {
    /// The next, below a bound.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % bound
    }

    /// One of several, the first ones oftener.
    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let count = all.len() as u32;
        all[self.below(count).min(self.below(count)) as usize]
    }
}

const WORDS: [&str; 60] = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "that",
    "is",
    "was",
    "it",
    "for",
    "with",
    "as",
    "on",
    "his",
    "be",
    "at",
    "by",
    "had",
    "not",
    "are",
    "but",
    "from",
    "or",
    "have",
    "they",
    "which",
    "one",
    "were",
    "all",
    "there",
    "would",
    "their",
    "morning",
    "river",
    "house",
    "thought",
    "looking",
    "window",
    "through",
    "between",
    "nothing",
    "remember",
    "evening",
    "mountain",
    "running",
    "question",
    "answer",
    "children",
    "without",
    "already",
    "something",
    "standing",
    "garden",
    "silence",
    "letters",
    "working",
    "another",
    "beginning",
    "understanding",
];

/// English, as far as a table of words goes: sentences in lines of some eighty characters.
pub fn prose(bytes: usize) -> String {
    let mut numbers = Numbers(1);
    let (mut text, mut column, mut first) = (String::with_capacity(bytes + 100), 0, true);
    while text.len() < bytes {
        let word = numbers.one_of(&WORDS);
        let start = text.len();
        match first {
            true => text.extend(word[..1].to_uppercase().chars().chain(word[1..].chars())),
            false => text.push_str(word),
        }
        first = numbers.below(11) == 0;
        text.push_str(match numbers.below(9) {
            _ if first => ".",
            0 => ",",
            _ => "",
        });
        column += text.len() - start + 1;
        text.push(if column > 80 { '\n' } else { ' ' });
        column = if column > 80 { 0 } else { column };
    }
    text
}

/// Orders of a shop, not laid out.
pub fn json(records: u32) -> String {
    let mut numbers = Numbers(2);
    let mut text = String::from("{\"orders\":[");
    for id in 0..records {
        let comma = if id == 0 { "" } else { "," };
        let (name, city) = (numbers.one_of(&WORDS), numbers.one_of(&WORDS));
        write!(
            text,
            "{comma}{{\"id\":{id},\"customer\":{{\"name\":\"{name} \\u00e9 {city}\",\"since\":{},\"vip\":{}}},\"lines\":[",
            1990 + numbers.below(35),
            numbers.below(2) == 0
        )
        .expect("a string");
        for line in 0..1 + numbers.below(4) {
            let comma = if line == 0 { "" } else { ", " };
            let (good, pieces) = (numbers.one_of(&WORDS), numbers.below(90));
            let cents = numbers.below(100_000);
            write!(
                text,
                "{comma}{{ \"good\" : \"{good}\",\"pieces\":{pieces}, \"price\":{}.{:02},\"note\":null}}",
                cents / 100,
                cents % 100
            )
            .expect("a string");
        }
        text.push_str("]}");
    }
    text + "]}"
}

/// The same in YAML.
pub fn yaml(records: u32) -> String {
    let mut numbers = Numbers(3);
    let mut text = String::from("orders:\n");
    for id in 0..records {
        let (name, city) = (numbers.one_of(&WORDS), numbers.one_of(&WORDS));
        let (since, pieces) = (1990 + numbers.below(35), numbers.below(90));
        let cents = numbers.below(100_000);
        write!(
            text,
            "  - id: {id}\n    customer:\n      name: \"{name} of {city}\"\n      since: {since}\n    lines:\n      \
             - {{ good: {city}, pieces: {pieces} }}\n      - good: '{name}'\n        price: {}.{:02}\n    \
             note: >\n      {name} and {city}\n      in two lines\n",
            cents / 100,
            cents % 100
        )
        .expect("a string");
    }
    text
}

/// A program in Go, laid out badly.
pub fn go(functions: u32) -> String {
    let mut numbers = Numbers(4);
    let mut text = String::from(
        "package main\nimport (\"fmt\"\n\"strings\"\n)\ntype Item struct{Name string `json:\"name\"`\nPieces int\nNext *Item}\n",
    );
    for index in 0..functions {
        let (a, b) = (numbers.below(1000), numbers.below(1000));
        let word = numbers.one_of(&WORDS[30..]);
        write!(
            text,
            "// {word}{index} does something with items.\nfunc {word}{index}(items []*Item,limit int)(sum int,err error){{\n\
             for i,item:=range items{{if item==nil||item.Pieces>limit{{continue}}\n\
             switch {{case i%{}==0:sum+=item.Pieces*{a}\ncase strings.HasPrefix(item.Name,\"{word}\"):sum-= {b}   // {word}\n\
             default:sum^=i<<2|{a}&^{b}}}\n\
             defer func(){{if r:=recover();r!=nil{{err=fmt.Errorf(\"%d: %v\",i,r)}}}}()\n}}\n\
             m:=map[string][]int{{\"{word}\":{{{a},{b}}},\"x\":nil}}\nfor len(m[\"x\"])<3{{m[\"x\"]=append(m[\"x\"],len(m)-sum)}}\n\
             return sum,nil}}\n",
            2 + a % 5
        )
        .expect("a string");
    }
    text
}

/// A module in JavaScript.
pub fn javascript(functions: u32) -> String {
    let mut numbers = Numbers(5);
    let mut text = String::from("import { base as root, other } from './base.js';\n");
    for index in 0..functions {
        let (a, b) = (numbers.below(1000), numbers.below(1000));
        let word = numbers.one_of(&WORDS[30..]);
        write!(
            text,
            "/** {word} {index}. */\nexport async function {word}{index}({{ items = [], limit = {a} }}, ...rest) {{\n  \
             const found = items.filter((item) => item?.pieces > limit && !/^{word}\\d+/u.test(item.name));\n  \
             for (const [key, value] of Object.entries(root)) {{\n    if (value === {b}) continue;\n    \
             found.push({{ key, [`${{key}}-{word}`]: value ** 2, get size() {{ return rest.length ?? {a}; }} }});\n  }}\n  \
             try {{ await other(found, rest); }} catch ({{ message }}) {{ throw new Error(`{word}: ${{message}}`); }}\n  \
             return found.length ? found.map(({{ key: k, ...more }}) => ({{ k, ...more }})) : null;\n}}\n\
             export class {}{index} extends root {{\n  #state = new Map([[\"{word}\", {b}]]);\n  static count = 0;\n  \
             constructor(x, y) {{ super(x); this.y = y < {a} ? -y : y >>> 1; {}{index}.count += 1; }}\n  \
             *[Symbol.iterator]() {{ yield* this.#state; }}\n}}\n",
            capital(word),
            capital(word)
        )
        .expect("a string");
    }
    text
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// A picture, four bytes a pixel: a sky, hills, and some noise on them.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut numbers = Numbers(6);
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let hill = height / 2 + (x * x / 97 + x * 3) % (height / 4 + 1);
            let noise = (numbers.below(8) == 0) as u32 * numbers.below(12);
            let [r, g, b] = match y > hill {
                true => [40 + noise, 120 - y * 60 / height + noise, 30],
                false => [90 + y * 100 / height, 140 + y * 80 / height, 230],
            };
            pixels.extend([r as u8, g as u8, b as u8, 255]);
        }
    }
    pixels
}
