//! The ways in which a guest can be compiled. What the runtime does must not depend on them, so
//! its tests run in each; all of them are linked and loaded at once, because linking is what
//! takes the time.

use cargo_wasmaot::host_target;
use cargo_wasmaot::load::link::Linker;
use cargo_wasmaot::load::load;
use wasmaot::Module;
use wasmaot_compiler::{Artifact, Config, OptLevel, TrapStyle, compile};

/// How a guest is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// How traps come about.
    pub traps: TrapStyle,
    /// How much work was spent on speed.
    pub opt_level: OptLevel,
}

/// Every way that could make a difference.
pub const WAYS: [Way; 4] = [
    Way { traps: TrapStyle::Signals, opt_level: OptLevel::Speed },
    Way { traps: TrapStyle::Signals, opt_level: OptLevel::None },
    Way { traps: TrapStyle::Explicit, opt_level: OptLevel::Speed },
    Way { traps: TrapStyle::Explicit, opt_level: OptLevel::None },
];

impl Way {
    /// The configuration of a guest that runs here.
    pub fn config(self, name: &str) -> Config {
        let Self { traps, opt_level } = self;
        Config {
            name: Some(name.into()),
            // Objects of all ways meet in one library.
            prefix: format!("{traps:?}_{opt_level:?}_"),
            traps,
            opt_level,
            ..Config::new(host_target())
        }
    }
}

/// The CPU features of this machine by which instructions are chosen.
pub fn native_features() -> Vec<String> {
    let mut features = Vec::new();
    macro_rules! add {
        ($detected:ident: $($name:tt)*) => {
            $(if std::arch::$detected!($name) {
                features.push($name.to_owned());
            })*
        };
    }
    #[cfg(target_arch = "x86_64")]
    add!(is_x86_feature_detected: "sse3" "ssse3" "sse4.1" "sse4.2" "popcnt" "avx" "avx2" "fma"
        "bmi1" "bmi2" "lzcnt" "avx512f" "avx512dq" "avx512vl" "avx512vbmi" "avx512bitalg");
    #[cfg(target_arch = "aarch64")]
    add!(is_aarch64_feature_detected: "lse" "fp16" "dotprod" "i8mm");
    features
}

/// The binary of a guest.
///
/// # Panics
/// If the text is not that of a module.
pub fn wasm(guest: impl AsRef<[u8]>) -> Vec<u8> {
    wat::parse_bytes(guest.as_ref()).expect("the text of a module").into_owned()
}

/// Compiles a guest, binary or text.
///
/// # Panics
/// If it does not compile.
pub fn compiled(guest: impl AsRef<[u8]>, config: &Config) -> Artifact {
    compile(&wasm(guest), config).expect("a module that compiles")
}

/// Links and loads compiled guests.
///
/// # Panics
/// If that fails.
pub fn loaded(artifacts: &[Artifact]) -> Vec<Module> {
    load(artifacts, &Linker::find().expect("a linker")).expect("guests that link")
}

/// Runs a test with a guest compiled in every way.
///
/// # Panics
/// If the test does, or the guest does not compile.
pub fn in_every_way(guest: impl AsRef<[u8]>, test: impl Fn(Way, Module)) {
    together_in_every_way([("guest", guest)], |way, [module]| test(way, module));
}

/// Runs a test with a guest compiled in every way, with more options than those that ways differ in.
///
/// # Panics
/// As [`in_every_way`].
pub fn with_options_in_every_way(
    guest: impl AsRef<[u8]>,
    options: impl Fn(&mut Config),
    test: impl Fn(Way, Module),
) {
    let compile = |way: &Way| {
        let mut config = way.config("guest");
        options(&mut config);
        compiled(&guest, &config)
    };
    let artifacts: Vec<Artifact> = WAYS.iter().map(compile).collect();
    for (way, module) in WAYS.into_iter().zip(loaded(&artifacts)) {
        // Shown when the test fails.
        println!("{way:?}");
        test(way, module);
    }
}

/// Runs a test with guests, each with its name, that can meet in one store.
///
/// # Panics
/// As [`in_every_way`].
pub fn together_in_every_way<G: AsRef<[u8]>, const N: usize>(
    guests: [(&str, G); N],
    test: impl Fn(Way, [Module; N]),
) {
    let compile =
        |way: &Way| guests.each_ref().map(|(name, guest)| compiled(guest, &way.config(name)));
    let artifacts: Vec<Artifact> = WAYS.iter().flat_map(compile).collect();
    let modules = loaded(&artifacts);
    for (way, modules) in WAYS.into_iter().zip(modules.chunks(N)) {
        // Shown when the test fails.
        println!("{way:?}");
        test(way, modules.try_into().expect("as many as guests"));
    }
}
