//! From wasm names, which can be any text, to Rust names.
//!
//! | step | values (`snake`) | types (`camel`) |
//! |---|---|---|
//! | 1. characters other than ASCII letters, digits and `_` separate words | `parse::next` → `parse_next` | `wasi:io/poll` → `WasiIoPoll` |
//! | 2. capitals start words | `parseHeader` → `parse_header` | `parseHeader` → `ParseHeader` |
//! | 3. a digit at the start gets a `_` before it | `7zip` → `_7zip` | `7zip` → `_7zip` |
//! | 4. nothing left: the kind and the index | `größe` → `gr_e`, `…` → `func_3` | `…` → `Guest` |
//! | 5. taken, also by what the bindings need themselves: `_2`, `_3`, … at the end | `A`, `a` → `a`, `a_2` | `Memory` → `Memory2` |
//! | 6. keywords: raw, or with a `_` at the end where Rust allows no raw ones | `type` → `r#type`, `self` → `self_` | |
//!
//! Underscores at the start of a name stay. What a name was made of stands in its documentation.

use std::collections::HashSet;

/// A name for a value in snake case, before steps 4 to 6; `None` if no character is of use.
pub fn snake(name: &str) -> Option<String> {
    let (underscores, words) = words(name)?;
    let text = words.join("_").to_lowercase();
    Some(start(underscores, text))
}

/// A name for a type in upper camel case, before steps 4 to 6.
pub fn camel(name: &str) -> Option<String> {
    let (_, words) = words(name)?;
    let mut text = String::new();
    for word in words {
        let (first, rest) = word.split_at(1);
        // A word all in capitals keeps only its first, so that `XML` and `parser` stay apart.
        text.push_str(&first.to_uppercase());
        text.push_str(&rest.to_lowercase());
    }
    Some(start(0, text))
}

fn start(underscores: usize, text: String) -> String {
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    format!("{}{text}", "_".repeat(underscores.max(digit.into())))
}

/// The underscores that a name starts with, and its words.
fn words(name: &str) -> Option<(usize, Vec<String>)> {
    let underscores = name.bytes().take_while(|&byte| byte == b'_').count();
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let bytes = part.as_bytes();
        let mut begin = 0;
        for i in 1..bytes.len() {
            let after_lower = !bytes[i - 1].is_ascii_uppercase();
            let before_lower = bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase);
            if bytes[i].is_ascii_uppercase() && (after_lower || before_lower) {
                words.push(part[begin..i].to_owned());
                begin = i;
            }
        }
        if begin < bytes.len() {
            words.push(part[begin..].to_owned());
        }
    }
    (!words.is_empty()).then_some((underscores, words))
}

/// A guest's name as that of a file, and of a Rust module that includes it.
pub fn file(name: &str) -> String {
    let text = snake(name).unwrap_or_else(|| "guest".into());
    if legal(&text) == text { text } else { text + "_" }
}

/// The names of one scope.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// A scope where these names are taken already.
    pub fn new(taken: &[&str]) -> Self {
        Self { taken: taken.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// A new name for a value, the nearest to the wished one that is free: steps 5 and 6.
    pub fn value(&mut self, wish: &str) -> String {
        self.take(wish, "_")
    }

    /// Likewise for a type.
    pub fn ty(&mut self, wish: &str) -> String {
        self.take(wish, "")
    }

    fn take(&mut self, wish: &str, separator: &str) -> String {
        let mut name = legal(wish);
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{wish}{separator}{number}");
            number += 1;
        }
        name
    }
}

/// A name that can stand in Rust code.
fn legal(name: &str) -> String {
    const NEVER_RAW: &[&str] = &["self", "Self", "super", "crate", "_"];
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while", "yield",
    ];
    if NEVER_RAW.contains(&name) {
        format!("{name}_")
    } else if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.into()
    }
}

/// A name as documentation shows it: between backticks, on one line, without characters that
/// cannot be seen.
pub fn shown(name: &str) -> String {
    let text: String = name
        .chars()
        .flat_map(|c| match c {
            '"' | '\'' | '\\' => vec![c],
            _ => c.escape_debug().collect(),
        })
        .collect();
    if text.is_empty() {
        "the empty name".into()
    } else if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_snake_case() {
        for (name, expected) in [
            ("add", "add"),
            ("parseHeader", "parse_header"),
            ("XMLHttpRequest", "xml_http_request"),
            ("ABC", "abc"),
            ("f32Add", "f32_add"),
            ("a::b c", "a_b_c"),
            ("a__b", "a_b"),
            ("__heap_base", "__heap_base"),
            ("_start", "_start"),
            ("trailing_", "trailing"),
            ("7zip", "_7zip"),
            ("größe", "gr_e"),
        ] {
            assert_eq!(snake(name).as_deref(), Some(expected), "{name}");
        }
        for name in ["", "_", "é", "…", " "] {
            assert_eq!(snake(name), None, "{name}");
        }
    }

    #[test]
    fn types_are_in_camel_case() {
        for (name, expected) in [
            ("env", "Env"),
            ("wasi_snapshot_preview1", "WasiSnapshotPreview1"),
            ("./foo_bg.js", "FooBgJs"),
            ("yaml-to-json", "YamlToJson"),
            ("parseHeader", "ParseHeader"),
            ("XMLParser", "XmlParser"),
            ("2d", "_2d"),
        ] {
            assert_eq!(camel(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn files_can_be_modules() {
        for (name, expected) in
            [("my-guest", "my_guest"), ("type", "type_"), ("self", "self_"), ("", "guest")]
        {
            assert_eq!(file(name), expected);
        }
    }

    #[test]
    fn names_in_a_scope_differ_and_are_no_keywords() {
        let mut scope = Scope::new(&["store"]);
        let names = ["store", "a", "a", "a_2", "type", "type", "self", "crate", "a"];
        let names: Vec<_> = names.iter().map(|name| scope.value(name)).collect();
        assert_eq!(
            names,
            ["store_2", "a", "a_2", "a_2_2", "r#type", "type_2", "self_", "crate_", "a_3"]
        );
        assert_eq!(Scope::new(&["Memory"]).ty("Memory"), "Memory2");
        assert_eq!(Scope::default().ty("Self"), "Self_");
    }

    #[test]
    fn documentation_shows_what_there_is() {
        assert_eq!(shown("a::b"), "`a::b`");
        assert_eq!(shown("größe"), "`größe`");
        assert_eq!(shown("a\nb"), "`a\\nb`");
        assert_eq!(shown("a`b"), "`` a`b ``");
        assert_eq!(shown("a\u{202e}b"), "`a\\u{202e}b`");
        assert_eq!(shown(""), "the empty name");
    }
}
