//! What can be chosen for a guest, by the builder or in a Cargo.toml: one structure for both.
//! What is not chosen comes from the [`Env`].

use serde::Deserialize;
use wasmaot_compiler::{Config, MemoryStyle, OptLevel, TrapStyle, target};

use crate::env::Env;

/// Choices for a guest's machine code. To add one: a field here, a line in [`Options::or`] and
/// [`Options::config`], and a method of `Build`.
#[derive(Clone, Default, Deserialize, Debug)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// [`Config::prefix`].
    pub prefix: Option<String>,
    /// [`Config::exports`].
    pub exports: Option<Vec<String>>,
    /// [`Config::opt_level`].
    pub opt_level: Option<Opt>,
    /// [`Config::traps`]: whether all checks are explicit.
    pub explicit_checks: Option<bool>,
    /// [`Config::cpu_features`].
    pub cpu_features: Option<Vec<String>>,
    /// [`MemoryStyle::reservation`], in bytes.
    pub memory_reservation: Option<u64>,
    /// [`MemoryStyle::guard`], in bytes.
    pub memory_guard: Option<u64>,
    /// [`Config::single_instance`].
    pub single_instance: Option<bool>,
    /// [`Config::canonicalize_nans`].
    pub canonicalize_nans: Option<bool>,
    /// [`Config::relaxed_simd_deterministic`].
    pub relaxed_simd_deterministic: Option<bool>,
    /// [`Config::fuel`].
    pub fuel: Option<bool>,
    /// [`Config::epochs`].
    pub epochs: Option<bool>,
    /// [`Config::without`].
    pub without_proposals: Option<Vec<String>>,
    /// [`Config::wasi`].
    pub wasi: Option<bool>,
    /// [`Config::debug_info`].
    pub debug_info: Option<bool>,
    /// Whether to write a C header, too.
    pub header: Option<bool>,
}

/// [`OptLevel`] by the names that a Cargo.toml uses.
#[derive(Clone, Copy, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Opt {
    /// [`OptLevel::None`].
    None,
    /// [`OptLevel::Speed`].
    Speed,
    /// [`OptLevel::SpeedAndSize`].
    SpeedAndSize,
}

impl From<OptLevel> for Opt {
    fn from(level: OptLevel) -> Self {
        match level {
            OptLevel::None => Self::None,
            OptLevel::Speed => Self::Speed,
            OptLevel::SpeedAndSize => Self::SpeedAndSize,
        }
    }
}

impl From<Opt> for OptLevel {
    fn from(level: Opt) -> Self {
        match level {
            Opt::None => Self::None,
            Opt::Speed => Self::Speed,
            Opt::SpeedAndSize => Self::SpeedAndSize,
        }
    }
}

impl Options {
    /// These choices, and where there are none, those of `other`.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            prefix: self.prefix.or_else(|| other.prefix.clone()),
            exports: self.exports.or_else(|| other.exports.clone()),
            opt_level: self.opt_level.or(other.opt_level),
            explicit_checks: self.explicit_checks.or(other.explicit_checks),
            cpu_features: self.cpu_features.or_else(|| other.cpu_features.clone()),
            memory_reservation: self.memory_reservation.or(other.memory_reservation),
            memory_guard: self.memory_guard.or(other.memory_guard),
            single_instance: self.single_instance.or(other.single_instance),
            canonicalize_nans: self.canonicalize_nans.or(other.canonicalize_nans),
            relaxed_simd_deterministic: self
                .relaxed_simd_deterministic
                .or(other.relaxed_simd_deterministic),
            fuel: self.fuel.or(other.fuel),
            epochs: self.epochs.or(other.epochs),
            without_proposals: self.without_proposals.or_else(|| other.without_proposals.clone()),
            wasi: self.wasi.or(other.wasi),
            debug_info: self.debug_info.or(other.debug_info),
            header: self.header.or(other.header),
        }
    }

    /// The compiler's configuration for the guest `name`.
    pub fn config(&self, name: &str, env: &Env) -> Config {
        let mut config = Config::new(env.target.clone());
        config.name = Some(name.into());
        config.prefix = self.prefix.clone().unwrap_or_else(|| default_prefix(env));
        // rustc names much that code generated from wasm never uses.
        config.cpu_features = self.cpu_features.clone().unwrap_or_else(|| {
            let known = |feature: &&String| target::knows_feature(&env.target, feature);
            env.features.iter().filter(known).cloned().collect()
        });
        config.opt_level = self.opt_level.map_or(env.opt_level, OptLevel::from);
        config.debug_info = self.debug_info.unwrap_or(env.debug_info);
        if self.explicit_checks == Some(true) {
            config.traps = TrapStyle::Explicit;
        }
        let default = MemoryStyle::default();
        config.memory = MemoryStyle {
            reservation: self.memory_reservation.unwrap_or(default.reservation),
            guard: self.memory_guard.unwrap_or(default.guard),
        };
        config.single_instance = self.single_instance.unwrap_or(false);
        config.canonicalize_nans = self.canonicalize_nans.unwrap_or(false);
        config.relaxed_simd_deterministic = self.relaxed_simd_deterministic.unwrap_or(false);
        config.fuel = self.fuel.unwrap_or(false);
        config.epochs = self.epochs.unwrap_or(false);
        config.without = self.without_proposals.clone().unwrap_or_default();
        config.wasi = self.wasi.unwrap_or(false);
        config.exports = self.exports.clone();
        config
    }
}

/// A prefix that no other package's guests have. Two archives that define the same symbol link
/// without a word, and one of the guests would run in place of the other.
fn default_prefix(env: &Env) -> String {
    format!("{}{}_", wasmaot_abi::symbols::DEFAULT_PREFIX, package_identifier(env))
}

/// The package's name and version as a C identifier.
pub fn package_identifier(env: &Env) -> String {
    let text = format!("{}_{}", env.package, env.version);
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
