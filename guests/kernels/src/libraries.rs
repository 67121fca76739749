//! Kernels that are mostly other people's code, as programs are: allocation, strings, hashing, automata.

use std::collections::HashMap;
use std::fmt::Write;

use regex::Regex;
use serde_json::Value;

use crate::Random;

/// JSON: writes a list of `n` records, reads it back, and returns the sum of a field plus the text's length.
#[unsafe(no_mangle)]
pub extern "C" fn json(n: u32) -> u64 {
    let mut random = Random(3);
    let mut text = String::from("[");
    for id in 0..n {
        let comma = if id == 0 { "" } else { "," };
        let score = random.next() >> 12;
        write!(text, "{comma}{{\"id\":{id},\"name\":\"user {id}\",\"score\":{score},\"tags\":[true,null,\"\\u00e9\"]}}")
            .expect("writing to a string");
    }
    text.push(']');
    let records: Value = serde_json::from_str(&text).expect("it is JSON");
    let records = records.as_array().expect("it is a list");
    let sum: u64 = records.iter().map(|record| record["score"].as_u64().unwrap_or(0)).sum();
    sum + text.len() as u64
}

/// Regular expressions: how many of `n` lines of a log a pattern finds, plus the lengths of what it captured.
#[unsafe(no_mangle)]
pub extern "C" fn regex(n: u32) -> u32 {
    let pattern =
        Regex::new(r"(?i-u)(error|warn)\w*\s+in\s+([a-z_0-9]+)\((\d+|x+)\)").expect("it is a pattern");
    let mut random = Random(4);
    let mut found = 0;
    for line in 0..n {
        let kind =
            ["info", "Error", "WARNING", "debug", "warn"][(random.next() >> 16) as usize % 5];
        let text =
            format!("2024-01-01 {line:06} {kind} in module_{}({})", line % 13, random.next() >> 20);
        let plain = text.replace(|c: char| c == '_' || c.is_ascii_digit(), "x");
        for text in [&text, &plain] {
            if let Some(captures) = pattern.captures(text) {
                found += 1 + captures.iter().flatten().map(|part| part.len() as u32).sum::<u32>();
            }
        }
    }
    found
}

/// Hashing and allocation: counts `n` random words, and returns the number of words times the highest count.
#[unsafe(no_mangle)]
pub extern "C" fn words(n: u32) -> u32 {
    let mut random = Random(5);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for _ in 0..n {
        let word = random.next() >> 20;
        *counts.entry(format!("word{:x}", word * word % 4093)).or_default() += 1;
    }
    counts.len() as u32 * counts.values().max().copied().unwrap_or(0)
}
