//! Ways to spoil a module.

use wasmparser::{Parser, Payload};

use crate::random::Random;

/// What goes into the place of a byte, or is put between bytes.
const EDGES: &[&[u8]] = &[
    &[0],
    &[1],
    &[0x7f],
    &[0x80],
    &[0xff],
    &[0x40],
    &[0x0b],
    // Numbers at the edges of 32 bits, and one that is longer than it may be.
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
];

/// Changes some bytes.
pub fn bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    let most = if random.one_in(4) { 30 } else { 3 };
    for _ in 0..1 + random.below(most) {
        if bytes.is_empty() {
            bytes.push(random.next() as u8);
        }
        let at = random.below(bytes.len());
        let len = (1 + random.below(8)).min(bytes.len() - at);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => drop(bytes.splice(at..at + len, random.pick(EDGES).iter().copied())),
            3 => drop(bytes.splice(at..at, random.pick(EDGES).iter().copied())),
            4 => drop(bytes.drain(at..at + len)),
            _ => {
                let copy = bytes[at..at + len].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
        }
    }
}

/// The head of one and the tail of another.
pub fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    bytes.truncate(random.below(bytes.len() + 1));
    bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
}

/// A section: its number and what is in it.
type Section = (u8, Vec<u8>);

/// The sections of a module, as far as they can be read.
fn split(module: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(payload) = payload else { break };
        if let Some((number, range)) = payload.as_section()
            && let Some(bytes) = module.get(range.start as usize..range.end as usize)
        {
            sections.push((number, bytes.to_vec()));
        }
        if let Payload::End(_) = payload {
            break;
        }
    }
    sections
}

fn join(sections: &[Section]) -> Vec<u8> {
    let mut module = wasm_encoder::Module::new();
    for (id, data) in sections {
        module.section(&wasm_encoder::RawSection { id: *id, data });
    }
    module.finish()
}

/// Changes what is in a section, keeping its frame; drops, doubles or moves it.
pub fn sections(module: &[u8], random: &mut Random) -> Vec<u8> {
    let mut sections = split(module);
    for _ in 0..1 + random.below(2) {
        if sections.is_empty() {
            break;
        }
        let at = random.below(sections.len());
        match random.below(8) {
            0 => drop(sections.remove(at)),
            1 => sections.insert(at, sections[at].clone()),
            2 => {
                let other = random.below(sections.len());
                sections.swap(at, other);
            }
            3 => sections[at].0 = random.below(16) as u8,
            _ => bytes(&mut sections[at].1, random),
        }
    }
    join(&sections)
}

/// The custom sections that mean something to somebody.
const NAMES: &[&str] = &[
    "name",
    "producers",
    "target_features",
    "metadata.code.branch_hint",
    "dylink.0",
    "linking",
    "reloc.CODE",
    "sourceMappingURL",
    "external_debug_info",
    "build_id",
    ".debug_info",
    ".debug_abbrev",
    ".debug_line",
    ".debug_str",
    ".debug_line_str",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_loc",
    ".debug_loclists",
    ".debug_aranges",
    ".debug_types",
    ".debug_frame",
    "",
];

/// Spoils only custom sections: what they are in stays valid.
pub fn custom_sections(module: &[u8], random: &mut Random) -> Vec<u8> {
    let mut sections = split(module);
    for _ in 0..random.below(3) {
        let name = random.pick(NAMES);
        let mut section = vec![name.len() as u8];
        section.extend_from_slice(name.as_bytes());
        let len = random.below(200);
        section.extend(content(name, len, random));
        let at = random.below(sections.len() + 1);
        sections.insert(at, (0, section));
    }
    for (_, section) in sections.iter_mut().filter(|section| section.0 == 0) {
        let name = 1 + usize::from(section.first().copied().unwrap_or_default());
        if random.one_in(3) || name > section.len() || name > 100 {
            continue;
        }
        let mut content = section.split_off(name);
        if random.one_in(6) {
            content.truncate(random.below(content.len() + 1));
        } else {
            bytes(&mut content, random);
        }
        section.extend(content);
    }
    join(&sections)
}

/// Something like what stands in a section of that name.
fn content(name: &str, len: usize, random: &mut Random) -> Vec<u8> {
    let small = |random: &mut Random| random.below(6) as u8;
    match name {
        // Functions and, for each, places with a hint.
        "metadata.code.branch_hint" => {
            let functions = small(random);
            let mut content = vec![functions];
            for _ in 0..functions {
                let hints = small(random);
                content.extend([small(random), hints]);
                for _ in 0..hints {
                    content.extend([random.below(60) as u8, 1, random.below(3) as u8]);
                }
            }
            content
        }
        // Subsections: maps from numbers to names.
        "name" => {
            let mut content = Vec::new();
            for _ in 0..1 + small(random) {
                let names = small(random);
                let mut map = vec![names];
                for index in 0..names {
                    let len = 1 + usize::from(small(random));
                    let name = random.bytes(len);
                    map.extend([index, name.len() as u8]);
                    map.extend(name.iter().map(|byte| byte & 0x7f));
                }
                content.extend([random.below(12) as u8, map.len() as u8]);
                content.extend(map);
            }
            content
        }
        _ => random.bytes(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_sections_leave_the_module_valid() {
        let text =
            "(module $m (memory 1) (func $f (export \"f\") (local $x i32) (local.get 0) drop))";
        let module = wat::parse_str(text).unwrap();
        assert_eq!(join(&split(&module)), module);
        let mut changed = 0;
        for seed in 0..200 {
            let spoiled = custom_sections(&module, &mut Random::new(seed, "test"));
            wasmparser::validate(&spoiled).unwrap();
            changed += usize::from(spoiled != module);
        }
        assert!(changed > 100, "{changed}");
    }
}
