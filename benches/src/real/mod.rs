//! Real programs: commands and libraries that many people use, doing what they do for them, beside wasmtime with
//! the same CPU features. The modules are those of guests/, as other compilers made them; what they come to here
//! has to be what they come to there, byte for byte. (That it is what the native programs come to, is tested:
//! `cases.json` of guests/programs, `vectors.json` of guests/third-party.)
//!
//! To add one, add a row to [`programs`], and its module to `COMMANDS` or `LIBRARIES` in build.rs. `--only NAME,...` takes some.

mod command;
mod inputs;
mod library;

use std::path::Path;

use wasmaot::Module;
use wasmtime::error::Context as _;
use wasmtime::{Result, bail, ensure};

use crate::measure::{Clock, Effort, compare};
use crate::report::Report;
use command::Command;
use library::Work;

/// A program.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The module.
    pub wasm: &'static [u8],
    /// Our code for it: for a single instance, and for any number.
    pub modules: [fn() -> Module; 2],
    /// What it is to do.
    job: Job,
}

/// What a program does.
enum Job {
    Command(Command),
    Library(Work, Vec<u8>),
}

/// Runs a program; what it came to.
type Run<'a> = Box<dyn FnMut() -> Result<Vec<u8>> + 'a>;

/// Our code for single instances.
mod guests {
    wasmaot::include_guest!(pub mod brotli);
    wasmaot::include_guest!(pub mod bzip2);
    wasmaot::include_guest!(pub mod dprint_json);
    wasmaot::include_guest!(pub mod gofmt);
    wasmaot::include_guest!(pub mod lua);
    wasmaot::include_guest!(pub mod onig_utf8);
    wasmaot::include_guest!(pub mod oxipng);
    wasmaot::include_guest!(pub mod quickjs);
    wasmaot::include_guest!(pub mod ripgrep);
    wasmaot::include_guest!(pub mod rollup);
    wasmaot::include_guest!(pub mod sqlite);
    wasmaot::include_guest!(pub mod yaml_to_json);
    wasmaot::include_guest!(pub mod zstd);
}

/// Our code for any number of instances.
mod any {
    wasmaot::include_guest!(pub mod any_brotli);
    wasmaot::include_guest!(pub mod any_bzip2);
    wasmaot::include_guest!(pub mod any_dprint_json);
    wasmaot::include_guest!(pub mod any_gofmt);
    wasmaot::include_guest!(pub mod any_lua);
    wasmaot::include_guest!(pub mod any_onig_utf8);
    wasmaot::include_guest!(pub mod any_oxipng);
    wasmaot::include_guest!(pub mod any_quickjs);
    wasmaot::include_guest!(pub mod any_ripgrep);
    wasmaot::include_guest!(pub mod any_rollup);
    wasmaot::include_guest!(pub mod any_sqlite);
    wasmaot::include_guest!(pub mod any_yaml_to_json);
    wasmaot::include_guest!(pub mod any_zstd);
}

/// Pixels in a row of the picture.
const PICTURE: i32 = 240;

/// What is searched: words of some kinds beside each other.
const SEARCH: &[&str] = &[
    "-j1",
    "--no-config",
    "-n",
    "-i",
    r"(\w+ing|th[aeiou]\w*) (of|and|\w{9,})[,.]?\s+[a-m]\w+",
    "in",
];

/// The programs.
fn programs() -> Vec<Program> {
    let mut all = Vec::new();
    macro_rules! program {
        ($name:literal, $module:ident::$type:ident, $any:ident::$any_type:ident, $path:literal, $job:expr) => {
            all.push(Program {
                name: $name,
                wasm: include_bytes!(concat!("../../../guests/", $path, ".wasm")),
                modules: [guests::$module::$type::module, any::$any::$any_type::module],
                job: $job,
            });
        };
    }
    let script = include_str!("../../real/script.lua");
    let job = Command::new(&["script.lua"]).file("script.lua", script.into());
    program!("lua", lua::Lua, any_lua::AnyLua, "programs/lua", Job::Command(job));
    let script = include_str!("../../real/script.js");
    let job = Command::new(&["script.js"]).file("script.js", script.into());
    program!(
        "quickjs",
        quickjs::Quickjs,
        any_quickjs::AnyQuickjs,
        "programs/quickjs",
        Job::Command(job)
    );
    let job = Command::new(&[":memory:"]).stdin(include_str!("../../real/script.sql").into());
    program!("sqlite", sqlite::Sqlite, any_sqlite::AnySqlite, "programs/sqlite", Job::Command(job));
    let job = Command::new(&["-9"]).stdin(inputs::prose(500_000));
    program!("bzip2", bzip2::Bzip2, any_bzip2::AnyBzip2, "programs/bzip2", Job::Command(job));
    let job = Command::new(&["12", "in", "out"]).file("in", inputs::prose(600_000));
    program!("zstd", zstd::Zstd, any_zstd::AnyZstd, "programs/zstd", Job::Command(job));
    let job = Command::new(SEARCH).file("in", inputs::prose(4_000_000));
    program!(
        "ripgrep",
        ripgrep::Ripgrep,
        any_ripgrep::AnyRipgrep,
        "programs/ripgrep",
        Job::Command(job)
    );
    let job = Command::new(&[]);
    program!(
        "onig-utf8",
        onig_utf8::OnigUtf8,
        any_onig_utf8::AnyOnigUtf8,
        "programs/onig-utf8",
        Job::Command(job)
    );
    macro_rules! library {
        ($name:literal, $module:ident::$type:ident, $any:ident::$any_type:ident, $path:literal, $input:expr) => {
            program!(
                $name,
                $module::$type,
                $any::$any_type,
                $path,
                Job::Library(library::$module, $input.into())
            );
        };
    }
    let json = inputs::json(2000);
    library!(
        "dprint-json",
        dprint_json::DprintJson,
        any_dprint_json::AnyDprintJson,
        "third-party/dprint-json/dprint-json",
        json
    );
    let go = inputs::go(300);
    library!("gofmt", gofmt::Gofmt, any_gofmt::AnyGofmt, "third-party/gofmt/gofmt", go);
    let javascript = inputs::javascript(600);
    library!(
        "rollup",
        rollup::Rollup,
        any_rollup::AnyRollup,
        "third-party/rollup/rollup",
        javascript
    );
    let prose = inputs::prose(60_000);
    library!("brotli", brotli::Brotli, any_brotli::AnyBrotli, "third-party/brotli/brotli", prose);
    let picture = inputs::picture(PICTURE as u32, 180);
    library!("oxipng", oxipng::Oxipng, any_oxipng::AnyOxipng, "third-party/oxipng/oxipng", picture);
    let yaml = inputs::yaml(2500);
    library!(
        "yaml-to-json",
        yaml_to_json::YamlToJson,
        any_yaml_to_json::AnyYamlToJson,
        "yaml-to-json/yaml-to-json",
        yaml
    );
    all
}

/// Prints the section.
pub fn run(report: &mut Report) -> Result<()> {
    let only = report.options.only.clone();
    let programs = programs();
    if let Some(unknown) =
        only.iter().find(|name| programs.iter().all(|program| program.name != **name))
    {
        let known: Vec<&str> = programs.iter().map(|program| program.name).collect();
        bail!("no real program is called `{unknown}`; there are {}", known.join(", "));
    }
    report.matrix(
        "Real programs",
        "Commands and libraries, from an instance's making to its end: our time over wasmtime's with the same CPU \
         features (the baseline), and quartiles. Compiled for a single instance at a time, as programs are that \
         `wasmaot build --bin` makes; and for any number of them.",
        &["wasmtime", "any number"],
    );
    for program in programs {
        if only.is_empty() || only.iter().any(|name| name == program.name) {
            row(report, &program).with_context(|| program.name.to_owned())?;
        }
    }
    report.summary("real");
    Ok(())
}

fn row(report: &mut Report, program: &Program) -> Result<()> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [our_folder, peers_folder] = folders.each_ref().map(|folder| folder.path());
    let [single, any] = program.modules.map(|module| module());
    let ([mut single, mut any], mut peers) = match &program.job {
        Job::Command(command) => {
            command.prepare(our_folder)?;
            command.prepare(peers_folder)?;
            let ours = [single, any].map(|module| command.ours(program, module, our_folder));
            (ours, command.peers(program, peers_folder)?)
        }
        Job::Library(work, input) => {
            let ours = [single, any].map(|module| library::ours(module, *work, input));
            (ours, library::peers(program, *work, input)?)
        }
    };
    let result = [peers()?, out(peers_folder)].concat();
    ensure!(!result.is_empty(), "it came to nothing");
    for ours in [&mut single, &mut any] {
        ensure!(result == [ours()?, out(our_folder)].concat(), "wasmtime comes to something else");
    }
    // A turn takes longer than a round has to.
    let effort = Effort { rounds: report.effort.rounds.div_ceil(2), ..report.effort };
    let turns =
        |run: &mut Run<'_>, turns| (0..turns).for_each(|_| drop(run().expect("it ran before")));
    let times = [single, any].map(|mut ours| {
        // Each begins with nothing.
        wasmaot::Memory::release_kept();
        compare(Clock::Thread, effort, |n| turns(&mut ours, n), |n| turns(&mut peers, n))
    });
    report.row(program.name, &times);
    Ok(())
}

/// What a command has written to its file, if anything.
fn out(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("out")).unwrap_or_default()
}
