//! The dependency tables of a `Cargo.toml`, with the line of each entry.

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

/// One declared dependency.
pub(super) struct Entry<'a> {
    /// The key under which it stands.
    pub name: String,
    /// `dependencies`, `dev-dependencies` or `build-dependencies`.
    pub kind: &'static str,
    /// Its line, from 1.
    pub line: usize,
    value: DeValue<'a>,
}

impl Entry<'_> {
    /// The package that it names.
    pub(super) fn package(&self) -> &str {
        self.text("package").unwrap_or(&self.name)
    }

    /// The version that it asks for.
    pub(super) fn version(&self) -> Option<&str> {
        self.value.as_str().or_else(|| self.text("version"))
    }

    /// A key of its table that holds text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Whether a key of its table is `true`.
    pub(super) fn is(&self, key: &str) -> bool {
        self.get(key).and_then(DeValue::as_bool) == Some(true)
    }

    fn get(&self, key: &str) -> Option<&DeValue<'_>> {
        self.value.as_table()?.get(key).map(Spanned::get_ref)
    }
}

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The dependencies of a member, of all kinds and targets.
pub(super) fn dependencies(text: &str) -> Vec<Entry<'_>> {
    let root = table(text);
    let mut entries = of_tables(text, &root);
    let targets = root.get("target").and_then(|targets| targets.get_ref().as_table());
    for target in targets.into_iter().flat_map(|targets| targets.values()) {
        entries.extend(target.get_ref().as_table().map(|table| of_tables(text, table)).unwrap_or_default());
    }
    entries
}

/// The workspace's own table of versions.
pub(super) fn workspace_dependencies(text: &str) -> Vec<Entry<'_>> {
    let root = table(text);
    let workspace = root.get("workspace").and_then(|workspace| workspace.get_ref().as_table());
    workspace.map(|table| of_tables(text, table)).unwrap_or_default()
}

/// What stands at a path of keys.
pub(super) fn at(text: &str, keys: &[&str]) -> Option<Value> {
    let root = Value::Table(toml::from_str(text).ok()?);
    keys.iter().try_fold(&root, |value, key| value.get(key)).cloned()
}

// A manifest that is no TOML is cargo's to refuse, which was asked before.
fn table(text: &str) -> DeTable<'_> {
    DeTable::parse(text).map(Spanned::into_inner).unwrap_or_default()
}

fn of_tables<'a>(text: &'a str, root: &DeTable<'a>) -> Vec<Entry<'a>> {
    let tables = KINDS.into_iter().filter_map(|kind| Some((kind, root.get(kind)?.get_ref().as_table()?)));
    let entries = tables.flat_map(|(kind, table)| {
        table.iter().map(move |(key, value)| Entry {
            name: key.get_ref().to_string(),
            kind,
            line: text[..key.span().start].matches('\n').count() + 1,
            value: value.get_ref().clone(),
        })
    });
    entries.collect()
}
