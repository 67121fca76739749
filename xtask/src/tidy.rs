//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that a machine can check.
//!
//! | rule | where |
//! |---|---|
//! | dependencies between our crates run one way | [`ARROWS`] |
//! | `unsafe` stands only on its islands | [`FORBIDDEN`] |
//! | the compiler touches no file, environment or terminal | [`FORBIDDEN`] |
//! | only `platform/` names an operating system | [`FORBIDDEN`] |

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::ci::root;

/// Which of our crates a crate may depend on, beyond itself. Tests, benches and examples may use
/// all of them.
const ARROWS: &[(&str, &[&str])] = &[
    ("abi", &[]),
    ("compiler", &["wasmaot-abi"]),
    ("runtime-lib", &["wasmaot-abi"]),
    ("build-helper", &["wasmaot-abi", "wasmaot-compiler"]),
    ("cargo-wasmaot", &["wasmaot-abi", "wasmaot-compiler", "wasmaot-build", "wasmaot"]),
];

/// A text that must not stand in the sources below a folder, other than below the exceptions.
struct Rule {
    text: &'static str,
    folder: &'static str,
    except: &'static [&'static str],
    why: &'static str,
}

const FORBIDDEN: &[Rule] = &[
    Rule { text: "std::env", folder: "compiler/src", except: &[], why: "bytes in, bytes out" },
    Rule { text: "std::fs", folder: "compiler/src", except: &[], why: "bytes in, bytes out" },
    Rule { text: "println!", folder: "compiler/src", except: &[], why: "bytes in, bytes out" },
    Rule { text: "println!", folder: "runtime-lib/src", except: &[], why: "a library is silent" },
    Rule {
        text: "libc::",
        folder: "runtime-lib/src",
        except: &["platform", "arch"],
        why: "only platform/ names an operating system",
    },
    Rule {
        text: "env::var",
        folder: "build-helper/src",
        except: &["env.rs"],
        why: "env.rs is the only reader of the environment",
    },
    Rule {
        text: "println!(\"cargo:",
        folder: "build-helper/src",
        except: &["cargo.rs"],
        why: "cargo.rs is the only writer of lines for cargo",
    },
];

/// Crates whose roots forbid `unsafe` altogether.
const SAFE: &[&str] = &["abi", "compiler", "build-helper"];

/// Checks every rule; lists every breach.
pub fn run(_arguments: &[String]) -> anyhow::Result<()> {
    let mut breaches = Vec::new();
    for (folder, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml"))?;
        for name in dependencies(&manifest) {
            if name.starts_with("wasmaot") && !allowed.contains(&name.as_str()) {
                breaches.push(format!("{folder}/Cargo.toml: must not depend on {name}"));
            }
        }
    }
    for rule in FORBIDDEN {
        for file in sources(&root().join(rule.folder))? {
            let below = file.strip_prefix(root().join(rule.folder))?;
            if rule.except.iter().any(|except| below.starts_with(except)) {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            for line in offending_lines(&text, rule.text) {
                let file = file.strip_prefix(root())?.display();
                breaches.push(format!("{file}:{line}: `{}`: {}", rule.text, rule.why));
            }
        }
    }
    for folder in SAFE {
        let lib = fs::read_to_string(root().join(folder).join("src/lib.rs"))?;
        if !lib.contains("#![forbid(unsafe_code)]") {
            breaches.push(format!("{folder}/src/lib.rs: must forbid unsafe code"));
        }
    }
    if !breaches.is_empty() {
        bail!("{} breaches of ARCHITECTURE.md:\n  {}", breaches.len(), breaches.join("\n  "));
    }
    Ok(())
}

/// Names in the `[dependencies]` tables of a manifest; development ones are free.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if inside && let Some((name, _)) = line.split_once(['.', '=']) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

/// Numbers of the lines with `text`, other than comments and test modules, which end files.
fn offending_lines(source: &str, text: &str) -> Vec<usize> {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    let lines = code.lines().enumerate();
    lines
        .filter(|(_, line)| line.contains(text) && !line.trim_start().starts_with("//"))
        .map(|(number, _)| number + 1)
        .collect()
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_dependencies_of_every_table_but_the_development_one() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\nwasmaot-abi.workspace = true\n\
                        [target.\"cfg(unix)\".dependencies]\nlibc = \"0.2\"\n\
                        [dev-dependencies]\nwat = \"1\"\n";
        assert_eq!(dependencies(manifest), ["wasmaot-abi", "libc"]);
    }

    #[test]
    fn comments_and_tests_do_not_offend() {
        let source = "// std::fs\nuse std::fs;\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(offending_lines(source, "std::fs"), [2]);
    }
}
