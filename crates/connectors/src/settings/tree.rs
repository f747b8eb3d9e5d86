//! Settings as dotted keys, so that nested and dotted files are the same.

use std::collections::BTreeMap;

use connectors_core::config::nearest;
use connectors_core::{Error, Result};
use serde_json::Value;

/// Dotted key → value.
pub(super) type Flat = BTreeMap<String, Value>;

/// The leaves of a tree by their dotted paths.
pub(super) fn flatten(value: &Value) -> Flat {
    let mut flat = Flat::new();
    descend("", value, &mut flat);
    flat
}

fn descend(path: &str, value: &Value, flat: &mut Flat) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                descend(&path, value, flat);
            }
        }
        Value::Null if path.is_empty() => {}
        leaf => drop(flat.insert(path.to_owned(), leaf.clone())),
    }
}

/// Refuses a setting that stands in a file both nested and dotted.
pub(super) fn once_each(given: &Value, file: &str) -> Result<()> {
    let mut paths = Vec::new();
    list("", given, &mut paths);
    paths.sort_unstable();
    let twice: Vec<String> = paths
        .chunk_by(|one, other| one == other)
        .filter(|same| same.len() > 1)
        .map(|same| {
            format!("  {}: given twice, nested and with dots, and only one would count; leave one", same[0])
        })
        .collect();
    if twice.is_empty() { Ok(()) } else { Err(unusable(&twice.join("\n"), file)) }
}

/// The dotted paths of all leaves, each as often as it stands there.
fn list(path: &str, value: &Value, paths: &mut Vec<String>) {
    let Value::Object(fields) = value else { return paths.push(path.to_owned()) };
    for (key, value) in fields {
        list(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, paths);
    }
}

/// All settings, of which only the known ones can be set.
pub(super) struct Tree(Flat);

impl Tree {
    pub(super) fn new(defaults: Flat) -> Self {
        Self(defaults)
    }

    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    /// Takes what a file gives; all unknown keys are reported at once. A table `sources` of the file takes the
    /// place of the default one.
    pub(super) fn lay_over(&mut self, given: Flat, file: &str) -> Result<()> {
        let unknown: Vec<String> =
            given.keys().filter(|key| !self.knows(key)).map(|key| self.unknown(key)).collect();
        if !unknown.is_empty() {
            return Err(Error::config(format!("unknown settings in {file}:\n{}", unknown.join("\n"))));
        }
        if given.keys().any(|key| key.starts_with("sources.")) {
            self.0.retain(|key, _| !key.starts_with("sources."));
        }
        self.0.extend(given);
        Ok(())
    }

    /// The settings outside and inside of a table.
    pub(super) fn split(self, table: &str) -> (Flat, Flat) {
        let prefix = format!("{table}.");
        let (inside, outside): (Flat, Flat) =
            self.0.into_iter().partition(|(key, _)| key.starts_with(&prefix));
        let inside = inside.into_iter().map(|(key, value)| (key[prefix.len()..].to_owned(), value));
        (outside, inside.collect())
    }

    /// A section that is left empty counts as known.
    pub(super) fn knows(&self, key: &str) -> bool {
        let section = format!("{key}.");
        self.0.contains_key(key) || self.0.keys().any(|known| known.starts_with(&section))
    }

    fn unknown(&self, key: &str) -> String {
        let known = self.0.keys().map(String::as_str);
        match nearest(key, known) {
            Some(near) => format!("  {key}: there is no such setting; did you mean `{near}`?"),
            None => format!("  {key}: there is no such setting; config.yml in the project's root lists all"),
        }
    }
}

/// The error for settings with these problems.
pub(super) fn unusable(problems: &impl std::fmt::Display, shown: &str) -> Error {
    Error::config(format!("the settings can't be used ({shown}):\n{problems}"))
}
