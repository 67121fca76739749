//! What a build script does: files, lines for cargo, errors. The environment is made up, so that
//! no cargo is needed around it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use tempfile::TempDir;
use wasmaot_build::{Build, Env, Error, Lines, MachineCode, Output};

/// A package with a build script.
struct Package {
    folder: TempDir,
    variables: BTreeMap<&'static str, OsString>,
    /// Whether the build is a check.
    check: bool,
}

impl Package {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        let variables = BTreeMap::from([
            ("OUT_DIR", folder.path().join("out").into()),
            ("CARGO_MANIFEST_DIR", folder.path().into()),
            ("CARGO_PKG_NAME", "my-app".into()),
            ("CARGO_PKG_VERSION", "1.2.3".into()),
            ("TARGET", "x86_64-unknown-linux-gnu".into()),
            ("CARGO", env!("CARGO").into()),
            ("RUSTC", "rustc".into()),
            ("OPT_LEVEL", "0".into()),
            ("CARGO_CFG_TARGET_FEATURE", "fxsr,sse,sse2".into()),
        ]);
        Self { folder, variables, check: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// Runs a build; the lines for cargo, with the package's folder as `$`.
    fn run(&self, build: Build) -> (Result<Output, Error>, String) {
        let names = self.variables.keys().map(OsString::from).collect();
        let mut env = Env::read(|name| self.variables.get(name).cloned(), names).unwrap();
        if self.check {
            env.machine_code = MachineCode::Later;
        }
        let mut lines = Lines::default();
        let result = build.run(&env, &mut lines);
        let folder = self.folder.path().display().to_string();
        (result, lines.render().replace(&folder, "$"))
    }

    fn error(&self, build: Build) -> String {
        let error = self.run(build).0.expect_err("this cannot be built");
        let help = error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        format!("{error}{help}").replace(&self.folder.path().display().to_string(), "$")
    }

    /// Every file in OUT_DIR and when it was written.
    fn written(&self) -> BTreeMap<String, SystemTime> {
        let Ok(files) = fs::read_dir(self.out()) else { return BTreeMap::new() };
        let time = |file: &fs::DirEntry| file.metadata().unwrap().modified().unwrap();
        files
            .map(|file| file.unwrap())
            .map(|file| (file.file_name().into_string().unwrap(), time(&file)))
            .collect()
    }
}

const ADD: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    local.get 0 local.get 1 i32.add))"#;

#[test]
fn a_guest_becomes_bindings_and_a_library() {
    let package = Package::new(&[("guest/add-it.wat", ADD)]);
    let (output, lines) = package.run(Build::new().wat("guest/add-it.wat").header(true));
    let output = output.unwrap();
    assert_eq!(
        lines,
        "cargo::rerun-if-changed=$/guest/add-it.wat\n\
         cargo::rerun-if-env-changed=DOCS_RS\n\
         cargo::rerun-if-env-changed=WASMAOT_BINDINGS_ONLY\n\
         cargo::rustc-link-search=native=$/out\n"
    );
    let files: Vec<_> = package.written().into_keys().collect();
    assert_eq!(
        files,
        ["add_it.h", "add_it.key", "add_it.o", "add_it.rs", "libwasmaot_my_app_1_2_3_add_it.a"]
    );
    let [guest] = &output.guests[..] else { panic!("{output:?}") };
    assert_eq!(guest.name, "add-it");
    assert!(guest.compiled && !guest.built);
    let bindings = fs::read_to_string(&guest.bindings).unwrap();
    assert!(bindings.contains("pub struct AddIt<S>"), "{bindings}");
    assert!(bindings.contains("\"wasm_my_app_1_2_3_addZ2dit_add_wasm_call\""), "{bindings}");
    assert!(bindings.contains("name = \"wasmaot_my_app_1_2_3_add_it\",\n"), "{bindings}");
    let symbol = &b"wasm_my_app_1_2_3_addZ2dit_add_wasm_call"[..];
    let library = fs::read(output.library.unwrap()).unwrap();
    assert!(library.windows(symbol.len()).any(|window| window == symbol));
}

#[test]
fn a_second_run_compiles_and_writes_nothing() {
    let package = Package::new(&[("add.wat", ADD)]);
    let build = || Build::new().wasm("add.wat");
    assert!(package.run(build()).0.unwrap().guests[0].compiled);
    let before = package.written();
    assert!(!package.run(build()).0.unwrap().guests[0].compiled);
    assert_eq!(package.written(), before);

    // Another configuration or another module compiles anew.
    assert!(package.run(build().debug_info(true)).0.unwrap().guests[0].compiled);
    assert!(package.run(build()).0.unwrap().guests[0].compiled);
    fs::write(package.path("add.wat"), ADD.replace("i32.add", "i32.sub")).unwrap();
    assert!(package.run(build()).0.unwrap().guests[0].compiled);
    let after = package.written();
    assert_eq!(after["add.rs"], before["add.rs"], "the bindings are the same");
    assert_ne!(after["libwasmaot_my_app_1_2_3_add.a"], before["libwasmaot_my_app_1_2_3_add.a"]);
}

#[test]
fn many_guests_are_one_library() {
    let package = Package::new(&[("a.wat", ADD), ("b.wat", ADD)]);
    let (output, lines) = package.run(Build::new().wat("a.wat").wat("b.wat"));
    let output = output.unwrap();
    assert_eq!(output.library, Some(package.path("out/libwasmaot_my_app_1_2_3_a_and_1.a")));
    for guest in output.guests {
        let bindings = fs::read_to_string(guest.bindings).unwrap();
        assert!(bindings.contains("\"wasmaot_my_app_1_2_3_a_and_1\""), "{bindings}");
    }
    assert_eq!(lines.matches("rustc-link").count(), 1, "{lines}");
    assert_eq!(lines.matches("rerun-if-changed").count(), 2, "{lines}");
}

#[test]
fn libraries_are_the_same_everywhere() {
    let build = || {
        let package = Package::new(&[("a.wat", ADD), ("b.wat", ADD)]);
        let output = package.run(Build::new().wat("a.wat").wat("b.wat")).0.unwrap();
        fs::read(output.library.unwrap()).unwrap()
    };
    assert_eq!(build(), build());
}

#[test]
fn documentation_and_checks_need_no_machine_code() {
    let mut package = Package::new(&[("add.wat", ADD)]);
    package.variables.insert("WASMAOT_BINDINGS_ONLY", "1".into());
    let (output, lines) = package.run(Build::new().wat("add.wat"));
    assert_eq!(output.unwrap().library, None);
    assert_eq!(package.written().into_keys().collect::<Vec<_>>(), ["add.rs"]);
    assert!(!lines.contains("rustc-link"), "{lines}");
    assert!(lines.contains("cargo::warning=only bindings were made"), "{lines}");
}

#[test]
fn a_check_leaves_the_machine_code_to_the_next_build() {
    let mut package = Package::new(&[("add.wat", ADD)]);
    let check = |package: &mut Package| {
        package.check = true;
        let result = package.run(Build::new().wat("add.wat"));
        package.check = false;
        (result.0.unwrap(), result.1)
    };
    let (output, lines) = check(&mut package);
    assert_eq!(output.library, None);
    assert_eq!(package.written().into_keys().collect::<Vec<_>>(), ["add.rs"]);
    assert!(!lines.contains("rustc-link"), "{lines}");
    // Cargo runs a script again as long as a file that it depends on is missing.
    assert!(lines.contains("rerun-if-changed=$/out/add.o\n"), "{lines}");

    let (output, built) = package.run(Build::new().wat("add.wat"));
    assert!(output.unwrap().guests[0].compiled);
    assert!(!built.contains("add.o"), "{built}");
    // From then on there is no difference, until the guest changes.
    let (output, lines) = check(&mut package);
    assert!(!output.guests[0].compiled);
    assert_eq!(lines, built);
    fs::write(package.path("add.wat"), ADD.replace("i32.add", "i32.sub")).unwrap();
    let (_, lines) = check(&mut package);
    assert!(lines.contains("rerun-if-changed=$/out/add.o\n"), "{lines}");
    assert!(!package.path("out/add.o").exists());
    assert!(package.run(Build::new().wat("add.wat")).0.unwrap().guests[0].compiled);
}

/// What says where a memory has to be is in the module's description.
#[test]
fn a_guest_may_be_for_a_single_instance() {
    let guest = r#"(module (memory 1) (func (export "f") (param i32) (result i32)
        (i32.load (local.get 0))))"#;
    let manifest = "[package]\nname = \"my-app\"\nversion = \"1.2.3\"\n[workspace]
        [package.metadata.wasmaot.guests.a]\npath = \"a.wat\"\nsingle-instance = true";
    let files = [("Cargo.toml", manifest), ("src/lib.rs", ""), ("a.wat", guest)];
    let package = Package::new(&files);
    let has_address = |build: Build| {
        package.run(build).0.unwrap();
        let object = fs::read(package.path("out/a.o")).unwrap();
        object.chunks_exact(8).any(|field| field == 0x6000_0000u64.to_le_bytes())
    };
    assert!(!has_address(Build::new().wat("a.wat")));
    assert!(has_address(Build::new().wat("a.wat").single_instance(true)));
    assert!(!has_address(Build::new().wat("a.wat").single_instance(false)));
    assert!(has_address(Build::new().metadata()));
}

#[test]
fn metadata_names_guests() {
    let manifest = r#"
        [package]
        name = "my-app"
        version = "1.2.3"
        edition = "2024"
        [workspace]
        [package.metadata.wasmaot.guests.sum]
        path = "add.wat"
        exports = ["add"]
    "#;
    let package = Package::new(&[("Cargo.toml", manifest), ("src/lib.rs", ""), ("add.wat", ADD)]);
    let (output, lines) = package.run(Build::new().metadata());
    assert_eq!(output.unwrap().guests[0].name, "sum");
    assert!(lines.contains("rerun-if-changed=$/Cargo.toml\n"), "{lines}");
    assert!(lines.contains("rerun-if-changed=$/add.wat\n"), "{lines}");

    let wrong = manifest.replace("\"add\"", "\"sub\"");
    fs::write(package.path("Cargo.toml"), wrong).unwrap();
    let error = package.error(Build::new().metadata());
    assert!(error.contains("$/add.wat") && error.contains("`sub`"), "{error}");
}

#[test]
fn errors_name_the_file_and_what_to_do() {
    let package = Package::new(&[
        ("bad.wat", "(module\n  (func (export \"f\") i32.ad))"),
        ("bad.wasm", "\0asm\u{1}\0\0\0\u{b}"),
        ("text.wasm", "(module)"),
        ("type.wat", r#"(module (func (result i32) i64.const 0))"#),
        ("a/x.wat", "(module)"),
        ("b/x.wat", "(module)"),
        ("Cargo.toml", "[package]\nname = \"my-app\"\nversion = \"1.2.3\"\n[workspace]"),
        ("src/lib.rs", ""),
    ]);
    for (build, expected) in [
        (Build::new(), &["no guest was named"][..]),
        (Build::new().wasm("none.wasm"), &["cannot read `$/none.wasm`", "relative paths"]),
        (Build::new().wat("bad.wat"), &["cannot parse `$/bad.wat`", "bad.wat:2:22", "i32.ad"]),
        (Build::new().wasm("bad.wasm"), &["cannot compile `$/bad.wasm`: invalid", "offset 0x"]),
        (Build::new().wasm("text.wasm"), &["cannot compile `$/text.wasm`: invalid", "0x0"]),
        (
            Build::new().wat("type.wat"),
            &["`$/type.wat`: invalid module at offset", "type mismatch"],
        ),
        (Build::new().wat("a/x.wat").wat("b/x.wat"), &["two guests", "a/x.wat", "b/x.wat"]),
        (Build::new().wat("a/x.wat").prefix("1"), &["`1` is not a C identifier"]),
        (Build::new().wat("a/x.wat").cpu_features(["avx99"]), &["unknown CPU feature `avx99`"]),
        (Build::new().wat("a/x.wat").wat("b/x.wat").name("y"), &["`y`", "2 guests"]),
        (Build::new().metadata(), &["`package.metadata.wasmaot`", "$/Cargo.toml", "missing"]),
        (Build::new().package("none"), &["no package `none`", "`my-app`"]),
    ] {
        let error = package.error(build);
        for text in expected {
            assert!(error.contains(text), "{text:?} in: {error}");
        }
    }
    assert!(!package.written().keys().any(|name| name.ends_with(".a")), "nothing half-done");
}

#[test]
fn an_out_dir_that_cannot_be_written_is_named() {
    let mut package = Package::new(&[("add.wat", ADD), ("file", "")]);
    package.variables.insert("OUT_DIR", package.path("file/out").into());
    let error = package.error(Build::new().wat("add.wat"));
    assert!(error.contains("cannot write `$/file/out/add.rs`"), "{error}");
}

/// A toolchain for guests in shell: it says of itself what it was asked for.
#[cfg(unix)]
mod packages {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MANIFEST: &str = "[package]\nname = \"guest\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
        [lib]\ncrate-type = [\"cdylib\"]\n[workspace]";

    /// Builds by copying a module; `cargo metadata` is the real one.
    const CARGO: &str = r#"#!/bin/sh
case "$1" in
metadata) exec "$REAL_CARGO" "$@" ;;
esac
echo "$@" > "$LOG"
env >> "$LOG"
for argument; do
    case "$last" in
    --target-dir) dir=$argument ;;
    --manifest-path) manifest=$argument ;;
    esac
    last=$argument
done
if [ -e "$(dirname "$manifest")/broken" ]; then echo "error[E0001]: broken" >&2; exit 101; fi
out=$dir/wasm32-unknown-unknown/release
mkdir -p "$out"
printf '\0asm\1\0\0\0' > "$out/guest.wasm"
printf '%s: %s/src/lib.rs\n' "$out/guest.wasm" "$(dirname "$manifest")" > "$out/guest.d"
echo '{"reason":"build-script-executed"}'
echo '{"reason":"compiler-artifact","manifest_path":"'$manifest'","filenames":["'$out'/guest.wasm"]}'
"#;

    const RUSTC: &str = "#!/bin/sh\necho \"$(dirname \"$0\")/$4\"\n";

    fn package() -> Package {
        let mut package = Package::new(&[
            ("guest/Cargo.toml", MANIFEST),
            ("guest/src/lib.rs", ""),
            ("guest/Cargo.lock", ""),
            ("bin/cargo", &CARGO.replace("$REAL_CARGO", env!("CARGO"))),
            ("bin/rustc", RUSTC),
            ("bin/wasm32-unknown-unknown/libstd.rlib", ""),
        ]);
        let log = package.path("log").display().to_string();
        for tool in ["bin/cargo", "bin/rustc"] {
            let path = package.path(tool);
            let text = fs::read_to_string(&path).unwrap().replace("$LOG", &log);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        package.variables.insert("WASMAOT_GUEST_TOOLCHAIN", package.path("bin").into());
        package
    }

    #[test]
    fn a_package_is_built_where_its_target_is_installed() {
        let package = package();
        let (output, lines) = package.run(Build::new().package("guest").guest_features(["fast"]));
        let output = output.unwrap();
        assert!(output.guests[0].built);
        assert_eq!(
            lines,
            "cargo::rerun-if-changed=$/guest/Cargo.lock\n\
             cargo::rerun-if-changed=$/guest/Cargo.toml\n\
             cargo::rerun-if-changed=$/guest/src/lib.rs\n\
             cargo::rerun-if-env-changed=CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER\n\
             cargo::rerun-if-env-changed=CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS\n\
             cargo::rerun-if-env-changed=DOCS_RS\n\
             cargo::rerun-if-env-changed=WASMAOT_BINDINGS_ONLY\n\
             cargo::rerun-if-env-changed=WASMAOT_GUEST_TOOLCHAIN\n\
             cargo::rustc-link-search=native=$/out\n"
        );
        let log = fs::read_to_string(package.path("log")).unwrap();
        let folder = package.folder.path().display();
        for text in [
            "--target wasm32-unknown-unknown",
            "--profile release",
            "--features fast",
            &format!("--target-dir {folder}/out/guests/guest"),
            &format!("RUSTC={folder}/bin/rustc"),
            &format!("PWD={folder}/guest"),
        ] {
            assert!(log.contains(text), "{text} in:\n{log}");
        }
    }

    #[test]
    fn what_its_cargo_says_is_kept() {
        let package = package();
        fs::write(package.path("guest/broken"), "").unwrap();
        let error = package.run(Build::new().package("guest/Cargo.toml")).0.unwrap_err();
        let Error::GuestBuild { package, stderr, command } = error else { panic!("{error}") };
        assert_eq!((&*package, &*stderr), ("guest", "error[E0001]: broken\n"));
        assert!(command.starts_with("cargo build --manifest-path"), "{command}");
    }

    #[test]
    fn a_committed_module_serves_where_the_target_is_not_installed() {
        let package = package();
        let build = || Build::new().package("guest").guest_target("wasm32-none");
        let error = package.error(build());
        assert!(error.contains("rustup target add wasm32-none"), "{error}");
        assert!(error.contains("`guest`") && error.contains("prebuilt"), "{error}");

        fs::write(package.path("guest/guest.wasm"), b"\0asm\x01\0\0\0").unwrap();
        let (output, lines) = package.run(build());
        assert!(!output.unwrap().guests[0].built);
        assert!(
            lines.contains("cargo::warning=the target wasm32-none is not installed"),
            "{lines}"
        );
        assert!(lines.contains("rerun-if-changed=$/guest/guest.wasm\n"), "{lines}");

        fs::write(package.path("other.wasm"), b"\0asm\x01\0\0\0").unwrap();
        let (output, lines) = package.run(build().prebuilt("other.wasm"));
        assert_eq!(output.unwrap().guests[0].module, package.path("other.wasm"));
        assert!(lines.contains("rerun-if-changed=$/other.wasm\n"), "{lines}");
    }
}
