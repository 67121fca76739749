//! Line breaks as rustfmt would set them, for the few shapes that bindings consist of. A test
//! holds this against rustfmt itself over all of them.

/// The longest line.
const WIDTH: usize = 100;
/// The longest list of arguments or array elements on one line.
const SHORT: usize = 60;
/// The longest list in an attribute on one line.
const SHORT_ATTRIBUTE: usize = 70;

/// A function's head: `name(params) -> result` and a brace or semicolon.
pub fn function(indent: usize, name: &str, params: &[String], result: &str, tail: &str) -> String {
    let space = " ".repeat(indent);
    let head = format!("{space}{name}({})", params.join(", "));
    // rustfmt does not reserve a column for the semicolon, then misses it.
    if tail == ";" && head.chars().count() + result.chars().count() + 5 == WIDTH {
        return format!("{head}\n{space}-> {result};\n");
    }
    list(indent, &format!("{name}("), params, &format!(") -> {result}{tail}"), WIDTH)
}

/// `head` items `tail` on one line if the items are no longer than a limit and all of it fits,
/// else an item per line, each with a comma.
fn list(indent: usize, head: &str, items: &[String], tail: &str, limit: usize) -> String {
    let space = " ".repeat(indent);
    let inner = items.join(", ");
    let one = format!("{space}{head}{inner}{tail}\n");
    if inner.chars().count() <= limit
        && one.trim_end().chars().count() <= WIDTH
        && !inner.contains('\n')
    {
        return one;
    }
    let items: String = items.iter().map(|item| format!("{space}    {item},\n")).collect();
    format!("{space}{head}\n{items}{space}{tail}\n")
}

/// A call as an expression without a line end, to stand at `indent`.
pub fn call(indent: usize, head: &str, function: &str, args: &[String], tail: &str) -> String {
    let text = list(indent, &format!("{head}{function}("), args, &format!("){tail}"), SHORT);
    text.trim().to_owned()
}

/// `head` and an array as a statement.
pub fn array(indent: usize, head: &str, items: Vec<String>) -> String {
    list(indent, &format!("{head}["), &items, "];", SHORT)
}

/// `#[name(items)]`.
pub fn attribute(indent: usize, name: &str, items: &[String]) -> String {
    let space = " ".repeat(indent);
    let inner = items.join(", ");
    if inner.chars().count() <= SHORT_ATTRIBUTE {
        return format!("{space}#[{name}({inner})]\n");
    }
    let inner = items.join(&format!(",\n{space}    "));
    format!("{space}#[{name}(\n{space}    {inner}\n{space})]\n")
}

/// `let name = closure { function(args) };` as rustfmt breaks it.
pub fn assign(indent: usize, name: &str, closure: &str, function: &str, args: &[String]) -> String {
    let space = " ".repeat(indent);
    let inner = args.join(", ");
    let one = format!("{closure} {{ {function}({inner}) }};");
    let fits = |indent: usize| inner.len() <= SHORT && indent + one.len() <= WIDTH;
    if fits(indent + "let  = ".len() + name.len()) {
        return format!("{space}let {name} = {one}\n");
    }
    if fits(indent + 4) {
        return format!("{space}let {name} =\n{space}    {one}\n");
    }
    let call = call(indent + 4, "", function, args, "");
    format!("{space}let {name} = {closure} {{\n{space}    {call}\n{space}}};\n")
}

/// A function's signature: `name(params) -> Result<results, error>tail`.
pub fn signature(
    indent: usize,
    name: &str,
    params: &[String],
    results: &[String],
    error: &str,
    tail: &str,
) -> String {
    let value = match results {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    };
    let short = format!(") -> Result<{value}, {error}>{tail}");
    let breaks = results.len() > 1 && value.len() - 2 > SHORT;
    if !breaks && indent + short.chars().count() <= WIDTH {
        return function(indent, name, params, &format!("Result<{value}, {error}>"), tail);
    }
    let space = " ".repeat(indent);
    let tuple = list(indent + 4, "(", results, ")", SHORT);
    let tuple = tuple.trim_end();
    let params = list(indent, &format!("{name}("), params, ")", 0);
    format!("{} -> Result<\n{tuple},\n{space}    {error},\n{space}>{tail}\n", params.trim_end())
}

/// `use path::{names};`, as many names to a line as fit.
pub fn use_list(indent: usize, path: &str, names: &[String]) -> String {
    let space = " ".repeat(indent);
    match names {
        [] => return String::new(),
        [one] => return format!("{space}use {path}::{one};\n"),
        _ => {}
    }
    let one = format!("{space}use {path}::{{{}}};", names.join(", "));
    // rustfmt does not use the last column.
    if one.len() < WIDTH {
        return one + "\n";
    }
    let mut out = format!("{space}use {path}::{{\n");
    let mut line = format!("{space}   ");
    for name in names {
        if line.len() + name.len() + 2 > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = format!("{space}   ");
        }
        line.push_str(&format!(" {name},"));
    }
    format!("{out}{line}\n{space}}};\n")
}
