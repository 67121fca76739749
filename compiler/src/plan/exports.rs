//! Which exports are wanted.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::module::Module;

/// The places in [`Module::exports`] of the exports with these names, or of all, in order.
///
/// # Errors
/// `Config` if there is no export of a name, with the names that it may have been meant to be.
pub fn wanted(module: &Module<'_>, names: Option<&[String]>) -> Result<Vec<usize>> {
    let Some(names) = names else { return Ok((0..module.exports.len()).collect()) };
    let exports: HashMap<&str, usize> =
        module.exports.iter().enumerate().map(|(i, export)| (export.name, i)).collect();
    let missing: Vec<_> = names.iter().filter(|name| !exports.contains_key(&***name)).collect();
    if !missing.is_empty() {
        let lines: Vec<_> = missing.iter().map(|name| no_export(module, name)).collect();
        return Err(Error::Config(lines.join("\n")));
    }
    let wanted: HashSet<usize> = names.iter().map(|name| exports[&**name]).collect();
    Ok((0..module.exports.len()).filter(|export| wanted.contains(export)).collect())
}

fn no_export(module: &Module<'_>, name: &str) -> String {
    // More than a screenful of names helps nobody.
    const SHOWN: usize = 20;
    let names = || module.exports.iter().map(|export| export.name);
    let mut close: Vec<_> =
        names().filter_map(|export| Some((distance(name, export)?, export))).collect();
    close.sort_unstable();
    let quote = |name: &str| format!("`{name}`");
    let hint = if module.exports.is_empty() {
        "it has no exports".into()
    } else if !close.is_empty() {
        let close: Vec<_> = close.iter().take(3).map(|(_, name)| quote(name)).collect();
        format!("did you mean {}?", close.join(" or "))
    } else {
        let shown: Vec<_> = names().take(SHOWN).map(quote).collect();
        let more = module.exports.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("its exports are {}{more}", shown.join(", "))
    };
    format!("the module has no export named `{name}`: {hint}")
}

/// The number of edits between two short names that are alike; `None` if they are not.
fn distance(a: &str, b: &str) -> Option<usize> {
    let limit = (a.len().max(b.len()) / 3).max(1);
    if a.len().max(b.len()) > 64 || a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    Some(row[b.len()]).filter(|distance| *distance <= limit)
}
