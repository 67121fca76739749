//! Guests that a Cargo.toml names:
//!
//! ```toml
//! [package.metadata.wasmaot]               # defaults for every guest below
//! opt-level = "speed"
//!
//! [package.metadata.wasmaot.guests.plugin]
//! path = "guest/plugin.wasm"               # or .wat
//!
//! [package.metadata.wasmaot.guests.parser]
//! package = "guest/parser"                 # a folder, a Cargo.toml, or a package's name
//! prebuilt = "guest/parser/parser.wasm"
//! exports = ["parse"]
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::builder::{Guest, Source};
use crate::env::Env;
use crate::error::Error;
use crate::options::Options;
use crate::package::Package;

const TABLE: &str = "package.metadata.wasmaot";

/// The keys of a guest's table that say where it comes from; the others are [`Options`].
#[derive(Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
struct From {
    path: Option<PathBuf>,
    package: Option<String>,
    prebuilt: Option<PathBuf>,
    target: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    features: Vec<String>,
    default_features: Option<bool>,
}

const FROM: &[&str] =
    &["path", "package", "prebuilt", "target", "profile", "features", "default-features"];

/// The guests that the metadata of the package that is being built names, by name.
///
/// # Errors
/// [`Error::Metadata`] naming the key.
pub fn guests(metadata: &Value, env: &Env) -> Result<Vec<Guest>, Error> {
    let fail = |key: String, message: String| Error::Metadata {
        manifest: env.manifest_dir.join("Cargo.toml"),
        key,
        message,
    };
    let Some(Value::Object(table)) = metadata.get("wasmaot") else {
        return Err(fail(TABLE.into(), "is missing".into()));
    };
    let mut defaults = table.clone();
    let Some(guests) = defaults.remove("guests") else {
        return Err(fail(format!("{TABLE}.guests"), "is missing".into()));
    };
    let defaults: Options =
        read(defaults).map_err(|(key, message)| fail(format!("{TABLE}.{key}"), message))?;
    let guests: BTreeMap<String, Value> = serde_json::from_value(guests)
        .map_err(|error| fail(format!("{TABLE}.guests"), format!("is wrong: {error}")))?;
    if guests.is_empty() {
        return Err(fail(format!("{TABLE}.guests"), "names no guest".into()));
    }
    guests
        .into_iter()
        .map(|(name, value)| {
            guest(&name, value, &defaults)
                .map_err(|(key, message)| fail(format!("{TABLE}.guests.{name}{key}"), message))
        })
        .collect()
}

/// Reads a table. An error comes with the key it is about.
fn read<T: DeserializeOwned>(table: Map<String, Value>) -> Result<T, (String, String)> {
    for (key, value) in &table {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<T>(Value::Object(alone)) {
            return Err((key.clone(), format!("is wrong: {error}")));
        }
    }
    serde_json::from_value(Value::Object(table)).map_err(|error| (String::new(), error.to_string()))
}

fn guest(name: &str, value: Value, defaults: &Options) -> Result<Guest, (String, String)> {
    let Value::Object(table) = value else {
        return Err((String::new(), "is not a table".into()));
    };
    let (from, options) = table.into_iter().partition(|(key, _)| FROM.contains(&&**key));
    let below = |(key, message)| (format!(".{key}"), message);
    let options = read::<Options>(options).map_err(below)?.or(defaults);
    let source = source(read(from).map_err(below)?).map_err(|text| (String::new(), text))?;
    Ok(Guest { name: Some(name.into()), source, options })
}

/// Where a guest comes from.
fn source(from: From) -> Result<Source, String> {
    Ok(match (from.path, from.package) {
        (Some(_), Some(_)) => return Err("has both `path` and `package`: keep one".into()),
        (None, None) => return Err("says not where the guest is: add `path` or `package`".into()),
        (Some(path), None) => {
            let package_only = from.prebuilt.is_some()
                || from.target.is_some()
                || from.profile.is_some()
                || from.default_features.is_some()
                || !from.features.is_empty();
            if package_only {
                let keys = "`prebuilt`, `target`, `profile`, `features` and `default-features`";
                return Err(format!("has `path`, but {keys} are for a `package`"));
            }
            Source::File(path)
        }
        (None, Some(spec)) => {
            let default = Package::new(spec);
            Source::Package(Package {
                target: from.target.unwrap_or(default.target),
                profile: from.profile.unwrap_or(default.profile),
                features: from.features,
                default_features: from.default_features.unwrap_or(true),
                prebuilt: from.prebuilt,
                spec: default.spec,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builder::tests::env;

    fn names(metadata: &Value) -> Result<Vec<Guest>, String> {
        let env = env(std::path::Path::new("/out"));
        guests(metadata, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn guests_have_their_own_options_or_those_of_all() {
        let guests = names(&json!({"wasmaot": {
            "prefix": "p_", "header": true,
            "guests": {
                "b": {"path": "b.wasm", "prefix": "q_"},
                "a": {"package": "a", "profile": "dev", "features": ["x"], "exports": ["f"]},
            },
        }}))
        .unwrap();
        let [a, b] = &guests[..] else { panic!("{guests:?}") };
        assert_eq!((a.name.as_deref(), b.name.as_deref()), (Some("a"), Some("b")));
        let Source::Package(package) = &a.source else { panic!("{a:?}") };
        assert_eq!((&*package.profile, &*package.features[0]), ("dev", "x"));
        assert_eq!(a.options.prefix.as_deref(), Some("p_"));
        assert_eq!(a.options.exports.as_deref(), Some(&["f".to_owned()][..]));
        assert_eq!((b.options.prefix.as_deref(), b.options.header), (Some("q_"), Some(true)));
    }

    #[test]
    fn guests_are_for_single_instances_or_not() {
        let env = env(std::path::Path::new("/out"));
        let single = |metadata: &Value| -> Vec<bool> {
            let guests = guests(metadata, &env).unwrap();
            guests.iter().map(|guest| guest.options.config("it", &env).single_instance).collect()
        };
        let metadata = json!({"wasmaot": {
            "guests": {"a": {"path": "a"}, "b": {"path": "b", "single-instance": true}},
        }});
        assert_eq!(single(&metadata), [false, true]);
        let metadata = json!({"wasmaot": {
            "single-instance": true,
            "guests": {"a": {"path": "a"}, "b": {"path": "b", "single-instance": false}},
        }});
        assert_eq!(single(&metadata), [true, false]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        for (metadata, expected) in [
            (json!({}), "`package.metadata.wasmaot` in `/package/Cargo.toml` is missing"),
            (json!({"wasmaot": {}}), "`package.metadata.wasmaot.guests` "),
            (json!({"wasmaot": {"guests": {}}}), "names no guest"),
            (json!({"wasmaot": {"guests": {"a": 1}}}), "wasmaot.guests.a` "),
            (json!({"wasmaot": {"guests": {"a": {}}}}), "add `path` or `package`"),
            (json!({"wasmaot": {"guests": {"a": {"path": "a", "package": "a"}}}}), "keep one"),
            (json!({"wasmaot": {"guests": {"a": {"path": "a", "profile": "dev"}}}}), "`package`"),
            (json!({"wasmaot": {"guests": {"a": {"path": "a", "opt": 1}}}}), "unknown field `opt`"),
            (
                json!({"wasmaot": {"opt-level": 3, "guests": {}}}),
                "`package.metadata.wasmaot.opt-level`",
            ),
            (json!({"wasmaot": {"guests": {"a": {"package": 1}}}}), "guests.a.package` "),
            (json!({"wasmaot": {"guests": {"a": {"header": 1}}}}), "guests.a.header` "),
            (
                json!({"wasmaot": {"single-instance": "yes", "guests": {}}}),
                "`package.metadata.wasmaot.single-instance` ",
            ),
        ] {
            let error = names(&metadata).unwrap_err();
            assert!(error.contains(expected), "{error} should contain {expected}");
        }
    }
}
