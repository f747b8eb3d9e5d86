//! How an index maps the fields of documents: the presets, and what a source says of its fields.

mod actual;
mod declared;
mod field;
pub(super) mod lacking;
mod reference;

pub use self::actual::MappingDifference;
pub(super) use self::actual::{differences, part, type_of};
pub(super) use self::declared::named;
pub use self::field::{FieldKind, FieldSpec};

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use self::field::{code, label};
use super::Flavour;
use crate::config::{FieldType, FieldValue};

/// Characters up to which an undeclared string is an exact value beside its words.
const SHORT: u32 = 128;
/// What declared fields may take of the 1,000 that an index maps unless it is set otherwise, sub-fields counted: the others are
/// mapped as they come.
const MOST_DECLARED: usize = 800;

/// Names of fields that hold one code, if no source says otherwise.
const CODES: [&str; 15] = [
    "id", "*_id", "*Id", "*_ids", "*Ids", "uuid", "*_uuid", "guid", "*_guid", "etag", "*_hash", "checksum",
    "md5", "sha1", "sha256",
];
/// Names of fields that hold prose, if no source says otherwise.
const PROSE: [&str; 10] = [
    "body",
    "content",
    "description",
    "*_description",
    "text",
    "*_text",
    "message",
    "summary",
    "comment",
    "html",
];

/// How the fields of documents are mapped in an index that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// By what the source declares. Other strings by name and length: short ones as words and as a whole, long ones as words
    /// only, ids and codes as a whole only. Other numbers as doubles. No string becomes a date.
    #[default]
    Search,
    /// As the server does it by itself, by the first value of each field: a string that looks like a date makes a date,
    /// any other words, and a whole up to 256 characters; a whole number makes a `long`, which cuts off later fractions.
    Dynamic,
    /// As [`Preset::Search`], but strings with the sub-fields `enum`, `stem`, `prefix`, `delimiter` and `joined` that
    /// indices made in Kibana have.
    Reference,
}

impl Preset {
    const ALL: [Self; 3] = [Self::Search, Self::Dynamic, Self::Reference];

    /// Its name in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Dynamic => "dynamic",
            Self::Reference => "reference",
        }
    }

    /// What an operator should know of an index that has this preset while the settings name another.
    #[must_use]
    pub fn unlike(self, wanted: Self) -> Option<String> {
        let message = || {
            format!(
                "the index is mapped by `{self}` and stays so; `index.mapping: {wanted}` holds for a new index: \
                 sync into one and move the alias, or delete this one first"
            )
        };
        (self != wanted).then(message)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|preset| preset.name() == text);
        found.ok_or_else(|| "expected search, dynamic or reference".to_owned())
    }
}

impl FieldValue for Preset {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        String::read(value)?.parse()
    }
}

/// The mapping of a new index; `fields` count for all presets but [`Preset::Dynamic`].
pub(super) fn of_new(preset: Preset, fields: &[FieldSpec], flavour: Flavour) -> Value {
    let mut mapping = ours();
    if preset == Preset::Dynamic {
        return mapping;
    }
    mapping["date_detection"] = false.into();
    mapping["dynamic_templates"] = templates(preset).into();
    if preset == Preset::Reference {
        add(&mut mapping, [("body".to_owned(), reference::text())]);
    }
    add(&mut mapping, declared(preset, fields, flavour));
    mapping
}

/// The declared fields by their names, as many as an index has room for.
fn declared(
    preset: Preset,
    fields: &[FieldSpec],
    flavour: Flavour,
) -> impl Iterator<Item = (String, Value)> + use<> {
    let named = named(fields);
    let all = named.len();
    let mapped = named.into_iter().map(|field| (field.name, mapped(preset, field.kind, flavour)));
    let mut left = MOST_DECLARED;
    let fitting: Vec<(String, Value)> = mapped
        .take_while(|(name, field)| {
            let cost = name.split('.').count() + field["fields"].as_object().map_or(0, Map::len);
            left.checked_sub(cost).map(|rest| left = rest).is_some()
        })
        .collect();
    if fitting.len() < all {
        let left_out = all - fitting.len();
        tracing::warn!(
            all,
            left_out,
            "the source declares more fields than an index maps; the last are mapped as they come"
        );
    }
    fitting.into_iter()
}

/// What a field of that kind is mapped as.
pub(super) fn mapped(preset: Preset, kind: FieldKind, flavour: Flavour) -> Value {
    if preset == Preset::Reference && kind.is_text() { reference::text() } else { kind.mapped(flavour) }
}

/// What every content index maps.
pub(super) fn ours() -> Value {
    json!({
        "properties": {
            "id": { "type": "keyword" },
            "_timestamp": { "type": "date" },
            "_sync": { "properties": {
                "id": { "type": "long" },
                "mark": { "type": "long", "index": false },
                "scope": scope(),
            } },
            "_allow_access_control": access(),
            "body": { "type": "text" },
        },
    })
}

/// Who may read a document. Nothing is too long for it: a term that is left out of the index would leave a document
/// that seems to be for everybody.
fn access() -> Value {
    json!({ "type": "keyword", "fields": { "enum": { "type": "keyword" } } })
}

/// What is wrong with how the index maps who may read a document, if anything: every term must be found, both by
/// queries whether there are any, and by its whole in `enum` or `keyword`.
pub(super) fn wrong_access(mapping: &Value) -> Option<&'static str> {
    let field = &mapping["properties"]["_allow_access_control"];
    let is_whole = |name: &str| field["fields"][name]["type"] == "keyword";
    match field["type"].as_str() {
        Some("text" | "keyword") if field["index"] == false => Some("it is not indexed"),
        Some("keyword") if !field["ignore_above"].is_null() => {
            Some("long terms are left out (`ignore_above`)")
        }
        Some("text" | "keyword") if is_whole("enum") || is_whole("keyword") => None,
        Some("text" | "keyword") => Some("it has neither `enum` nor `keyword`"),
        _ => Some("it is no keyword"),
    }
}

/// Where a document lies.
pub(super) fn scope() -> Value {
    json!({ "type": "keyword", "index": false })
}

/// Adds fields, over those of the same name except for the ones that the sync itself needs.
fn add(mapping: &mut Value, fields: impl IntoIterator<Item = (String, Value)>) {
    let Some(properties) = mapping["properties"].as_object_mut() else { return };
    let ours = ["id", "_timestamp", "_sync", "_allow_access_control"];
    let is_free = |name: &str| !ours.contains(&name.split('.').next().unwrap_or_default());
    properties.extend(fields.into_iter().filter(|(name, _)| is_free(name)));
}

/// How undeclared fields are mapped; the first that fits counts.
fn templates(preset: Preset) -> Vec<Value> {
    let mut templates = match preset {
        Preset::Dynamic => return Vec::new(),
        Preset::Search => search_templates(),
        Preset::Reference => vec![template("data", json!({}), reference::text())],
    };
    // The server would take the first number of a field for all of them: a `long` cuts fractions off, a `float` rounds.
    templates.extend(["long", "double"].map(|detected| {
        json!({ format!("number {detected}"): { "match_mapping_type": detected, "mapping": { "type": "double" } } })
    }));
    templates
}

fn search_templates() -> Vec<Value> {
    let named = |kind: &str, names: &[&str], field: Value| -> Vec<Value> {
        let one = |name: &&str| template(&format!("{kind} {name}"), json!({ "match": name }), field.clone());
        names.iter().map(one).collect()
    };
    let mut templates = named("code", &CODES, code());
    templates.extend(named("prose", &PROSE, json!({ "type": "text" })));
    templates.push(template("string", json!({}), label(SHORT)));
    templates
}

/// A template for strings.
fn template(name: &str, mut conditions: Value, field: Value) -> Value {
    conditions["match_mapping_type"] = "string".into();
    conditions["mapping"] = field;
    Value::Object(Map::from_iter([(name.to_owned(), conditions)]))
}

/// What `index.analysis` must define for the preset, if anything.
pub(super) fn analysis(preset: Preset) -> Option<Value> {
    match preset {
        Preset::Search => Some(normalizers()),
        Preset::Reference => Some(reference::analysis()),
        Preset::Dynamic => None,
    }
}

/// The normalizer that servers have by this name as well, but theirs does not split a query into words.
fn normalizers() -> Value {
    json!({ "normalizer": { "lowercase": { "type": "custom", "filter": ["lowercase"] } } })
}

#[cfg(test)]
mod tests;
