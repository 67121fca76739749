//! YAML in, JSON out: the showcase guest.
//!
//! The parser is yaml-rust 0.4.0, which recurses once per level of nesting without a limit
//! (RUSTSEC-2018-0006). Linked into a native program, `[[[[...` ends that program: a stack overflow is
//! no panic, so nothing can catch it. Inside a guest it is a trap, and the host goes on.
//!
//! How to call it:
//!
//! 1. `p = alloc(n)`, and write n bytes of YAML at p;
//! 2. `status = yaml_to_json(p, n)`: 0 if the input was YAML, 1 if it was not;
//! 3. `dealloc(p, n)`;
//! 4. read `output_len()` bytes at `output_ptr()`: the JSON, or a sentence that tells what is wrong. They
//!    stay there until the next call of `yaml_to_json`.
//!
//! After a trap the instance's memory is in an unknown state: drop the instance, make another.

use std::alloc::Layout;
use std::cell::RefCell;

use yaml_rust::{Yaml, YamlLoader};

thread_local! {
    /// What the last call produced.
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

fn layout(len: usize) -> Layout {
    // One byte at least: the allocator must not be asked for none.
    Layout::array::<u8>(len.max(1)).expect("a length that fits the address space")
}

/// Room for `len` bytes, at the returned address; 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    // SAFETY: `layout` never has size zero.
    unsafe { std::alloc::alloc(layout(len)) }
}

/// Gives back what `alloc(len)` returned.
///
/// # Safety
/// `ptr` comes from `alloc` with the same `len`, and is given back once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(ptr: *mut u8, len: usize) {
    // SAFETY: the caller's promise is the allocator's.
    unsafe { std::alloc::dealloc(ptr, layout(len)) }
}

/// Converts `len` bytes at `ptr`. Returns 0 and leaves JSON as the output, or 1 and leaves a message.
///
/// # Safety
/// `len` bytes at `ptr` are readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn yaml_to_json(ptr: *const u8, len: usize) -> u32 {
    // SAFETY: the caller's promise.
    let input = unsafe { std::slice::from_raw_parts(ptr, len) };
    let (status, output) = match convert(input) {
        Ok(json) => (0, json),
        Err(message) => (1, message),
    };
    OUTPUT.set(output);
    status
}

/// Where the output of the last call lies.
#[unsafe(no_mangle)]
pub extern "C" fn output_ptr() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

/// How many bytes the output of the last call has.
#[unsafe(no_mangle)]
pub extern "C" fn output_len() -> usize {
    OUTPUT.with_borrow(|output| output.len())
}

fn convert(input: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(input).map_err(|error| error.to_string())?;
    let documents = YamlLoader::load_from_str(text).map_err(|error| error.to_string())?;
    let mut json = String::new();
    for document in &documents {
        write_document(&mut json, document)?;
        json.push('\n');
    }
    Ok(json)
}

/// A list or a mapping that is being written: what is left of it, and the bracket that ends it.
struct Open<'a> {
    rest: Box<dyn Iterator<Item = (Option<&'a Yaml>, &'a Yaml)> + 'a>,
    close: char,
    empty: bool,
}

/// Writes a value, one item a line. Keeps its own stack, so that nesting can exhaust only the parser's.
fn write_document(out: &mut String, document: &Yaml) -> Result<(), String> {
    let mut stack = Vec::new();
    stack.extend(write_value(out, document));
    while let Some(top) = stack.last_mut() {
        let Some((key, value)) = top.rest.next() else {
            let Open { close, empty, .. } = *top;
            stack.pop();
            if !empty {
                start_line(out, stack.len());
            }
            out.push(close);
            continue;
        };
        if !top.empty {
            out.push(',');
        }
        top.empty = false;
        start_line(out, stack.len());
        if let Some(key) = key {
            let mut text = String::new();
            if write_value(&mut text, key).is_some() {
                return Err("a list or a mapping cannot be a key in JSON".to_owned());
            }
            match key {
                Yaml::String(_) => out.push_str(&text),
                // JSON's keys are strings: any other scalar goes in quoted.
                _ => write_string(out, &text),
            }
            out.push_str(": ");
        }
        stack.extend(write_value(out, value));
    }
    Ok(())
}

/// Writes a scalar, or the opening bracket of what it returns.
fn write_value<'a>(out: &mut String, value: &'a Yaml) -> Option<Open<'a>> {
    match value {
        Yaml::Null | Yaml::BadValue | Yaml::Alias(_) => out.push_str("null"),
        Yaml::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Yaml::Integer(value) => out.push_str(&value.to_string()),
        // JSON has no word for infinity or not-a-number.
        Yaml::Real(text) => match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => out.push_str(&format!("{number:?}")),
            None => write_string(out, text),
        },
        Yaml::String(text) => write_string(out, text),
        Yaml::Array(items) => {
            out.push('[');
            let rest = Box::new(items.iter().map(|item| (None, item)));
            return Some(Open { rest, close: ']', empty: true });
        }
        Yaml::Hash(pairs) => {
            out.push('{');
            let rest = Box::new(pairs.iter().map(|(key, value)| (Some(key), value)));
            return Some(Open { rest, close: '}', empty: true });
        }
    }
    None
}

fn start_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
