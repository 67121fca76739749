//! What the figures are meant to be: a table at the end of a run of all sections, each goal with what was
//! found. Sections hand their figures over by name ([`Report::figure`]).

use crate::report::Report;

/// A goal: what, at most how much, and the figures, of which the largest counts.
struct Goal {
    what: &'static str,
    most: f64,
    unit: &'static str,
    figures: &'static [&'static str],
}

const fn ratio(what: &'static str, most: f64, figures: &'static [&'static str]) -> Goal {
    Goal { what, most, unit: "", figures }
}

const GOALS: &[Goal] = &[
    ratio(
        "guest code beside wasmtime, integers, the larger of two geometric means",
        0.80,
        &["integer, wasmtime", "real, wasmtime"],
    ),
    ratio("guest code beside wasmtime, floating point, geometric mean", 0.95, &["float, wasmtime"]),
    ratio(
        "guest code beside wasmtime, the worst program",
        1.02,
        &["integer, wasmtime, worst", "real, wasmtime, worst", "float, wasmtime, worst"],
    ),
    ratio(
        "guest code beside wasm2c and clang-19 -O3, geometric mean of all",
        1.03,
        &["all, wasm2c"],
    ),
    ratio("host to guest, two integers, beside an opaque C call", 2.0, &["to guest, C"]),
    ratio(
        "host to guest, two integers, beside wasmtime's TypedFunc",
        0.25,
        &["to guest, wasmtime"],
    ),
    ratio("guest to host, bound at build time, beside an opaque C call", 1.5, &["to host, C"]),
    ratio("an instance made and dropped, beside wasmtime's pool", 0.25, &["instance, pooling"]),
    ratio("start to first result, beside the program without a guest", 1.3, &["startup, none"]),
    Goal {
        what: "an idle instance, resident, its guest never called",
        most: 4.0,
        unit: " KiB",
        figures: &["idle plain", "idle small"],
    },
    Goal {
        what: "the runtime's code without WASI",
        most: 64.0,
        unit: " KiB",
        figures: &["runtime"],
    },
    ratio(
        "compiling with all threads, CPU time beside wasmtime's, geometric mean",
        0.9,
        &["compile"],
    ),
    ratio(
        "compiling with all threads, peak of memory beside wasmtime's, geometric mean",
        0.9,
        &["peak"],
    ),
    ratio(
        "rebuilding after a function of a large module changed, beside cold",
        0.1,
        &["rebuild quickjs, CPU", "rebuild ripgrep, CPU"],
    ),
    ratio("machine code, size beside wasmtime's, geometric mean", 0.95, &["code size"]),
];

/// Prints the table.
pub fn print(report: &mut Report) {
    report.line("\n## Goals\n");
    report.line(format!("| {:80} | {:>8} | {:>9} | {:11} |", "what", "at most", "found", ""));
    report.line(format!("|:{:-<81}|---------:|----------:|:------------|", ""));
    for Goal { what, most, unit, figures } in GOALS {
        let found = figures.iter().filter_map(|name| report.found(name)).reduce(f64::max);
        let (found, verdict) = match found {
            None => (String::new(), "not measured"),
            Some(found) if found <= *most => (format!("{found:.2}{unit}"), "reached"),
            Some(found) => (format!("{found:.2}{unit}"), "not reached"),
        };
        report.line(format!("| {what:80} | {most:>4.2}{unit:4} | {found:>9} | {verdict:11} |"));
    }
}
