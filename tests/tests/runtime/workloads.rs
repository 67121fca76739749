//! The programs of guests/workloads come to what the same C comes to natively, in every way to compile them.
//! The native programs are made here, by the machine's C compiler; `expected.txt`, which another compiler
//! made, has to agree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use cargo_wasmaot::load::link::Linker;
use cargo_wasmaot::load::load;
use wasmaot::*;
use wasmaot_compiler::compile;
use wasmaot_tests::ways::WAYS;

use crate::guests::{instance, typed};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/workloads");

/// A program: its name, its source, its arguments and results.
struct Workload {
    name: String,
    source: PathBuf,
    cases: Vec<(u32, u64)>,
}

fn workloads() -> Vec<Workload> {
    let expected = std::fs::read_to_string(format!("{FOLDER}/expected.txt")).unwrap();
    let mut cases: BTreeMap<&str, Vec<(u32, u64)>> = BTreeMap::new();
    for line in expected.lines() {
        let [name, n, result] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("expected.txt: {line}");
        };
        cases.entry(name).or_default().push((n.parse().unwrap(), result.parse().unwrap()));
    }
    let mut workloads = Vec::new();
    for group in ["integer", "float"] {
        for entry in std::fs::read_dir(format!("{FOLDER}/src/{group}")).unwrap() {
            let source = entry.unwrap().path();
            let name = source.file_stem().unwrap().to_str().unwrap().to_owned();
            let cases = cases.remove(&*name).unwrap_or_else(|| panic!("{name} has no cases"));
            workloads.push(Workload { name, source, cases });
        }
    }
    assert!(cases.is_empty(), "cases of no program: {cases:?}");
    workloads
}

impl Workload {
    /// What the native program comes to, made in this folder.
    fn natively(&self, folder: &Path) -> Vec<u64> {
        let program = folder.join(&self.name);
        let cc = std::env::var_os("CC").unwrap_or("cc".into());
        let made = Command::new(cc)
            .args(["-O1", "-w", "-ffp-contract=off", "-include"])
            .arg(format!("{FOLDER}/src/print.h"))
            .arg(&self.source)
            .args(["-lm", "-o"])
            .arg(&program)
            .status();
        assert!(made.expect("a C compiler").success(), "{}", self.name);
        let run = |&(n, _): &(u32, u64)| {
            let output = Command::new(&program).arg(n.to_string()).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
        };
        self.cases.iter().map(run).collect()
    }

    fn wasm(&self) -> Vec<u8> {
        std::fs::read(format!("{FOLDER}/{}.wasm", self.name)).unwrap()
    }
}

/// Does something for each of many, on several threads.
fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let part = items.len().div_ceil(4).max(1);
        let work = &work;
        let parts = items.chunks(part);
        let threads: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn every_program_comes_to_what_it_comes_to_natively() {
    let workloads = workloads();
    let folder = tempfile::tempdir().unwrap();
    let natively = each(&workloads, |workload| workload.natively(folder.path()));
    for (workload, natively) in workloads.iter().zip(&natively) {
        let expected: Vec<u64> = workload.cases.iter().map(|&(_, result)| result).collect();
        assert_eq!(*natively, expected, "{}: expected.txt", workload.name);
    }
    let all: Vec<_> = WAYS
        .iter()
        .flat_map(|&way| workloads.iter().map(move |workload| (way, workload)))
        .collect();
    let artifacts = each(&all, |(way, workload)| {
        compile(&workload.wasm(), &way.config(&workload.name)).expect("a program that compiles")
    });
    let modules = load(&artifacts, &Linker::find().unwrap()).unwrap();
    for ((way, workload), module) in all.iter().zip(modules) {
        // The larger input once; the smaller in each way, and again after that.
        let large = *way == WAYS[0];
        let mut store = Store::new(());
        let instance = instance(&mut store, module);
        let cases = workload.cases.iter().take(if large { 2 } else { 1 });
        for &(n, expected) in cases.clone().chain(cases) {
            let result: i64 = typed(&mut store, instance, "run", n as i32).unwrap();
            assert_eq!(result as u64, expected, "{} of {n}, {way:?}", workload.name);
        }
    }
}
