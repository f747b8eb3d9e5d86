//! How an index maps the fields of documents: the presets, and what a source says of its fields.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::{FieldType, FieldValue};

/// Characters up to which a string nobody declared is an exact value beside its words.
const SHORT: u32 = 128;
/// The same for one that a source declares as a label.
const LABEL: u32 = 1024;
/// Characters up to which a code is indexed: at 4 bytes each they fit the 32,766 bytes of a term.
const CODE: u32 = 8191;

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

/// What the strings of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One word that is looked for as a whole, in any case: an id, a state, an extension. No white space.
    /// Facets show it in lower case.
    Code,
    /// A name or title: found by its words, and sorted, filtered and counted as a whole (`FIELD.keyword`).
    Label,
    /// Text that is found by its words and nothing else.
    Prose,
}

/// What a source says of its fields: dotted name and kind.
pub type Fields<'a> = &'a [(&'a str, FieldKind)];

/// How the strings of documents are mapped in an index that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// By what the source declares, else by name and length: short strings as words and as a whole, long ones as
    /// words only, ids and codes as a whole only.
    #[default]
    Search,
    /// As the server does it by itself: every string as words, and as a whole up to 256 characters.
    Dynamic,
    /// With the sub-fields `enum`, `stem`, `prefix`, `delimiter` and `joined` that indices made in Kibana have.
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
        let told = || {
            format!(
                "the index is mapped by `{self}` and stays so; `index.mapping: {wanted}` holds for a new index: \
                 sync into one and move the alias, or delete this one first"
            )
        };
        (self != wanted).then(told)
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

/// The mapping of a new index; `fields` count for [`Preset::Search`] alone.
pub(super) fn of_new(preset: Preset, fields: Fields<'_>) -> Value {
    let mut mapping = ours();
    match preset {
        Preset::Dynamic => {}
        Preset::Search => {
            mapping["dynamic_templates"] = search_templates();
            let declared = fields.iter().map(|(name, kind)| ((*name).to_owned(), declared(*kind)));
            add(&mut mapping, declared);
        }
        Preset::Reference => {
            mapping["dynamic_templates"] = json!([template("data", json!({}), reference_text())]);
            add(&mut mapping, [("body".to_owned(), reference_text())]);
        }
    }
    mapping
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

fn declared(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Code => code(),
        FieldKind::Label => label(LABEL),
        FieldKind::Prose => json!({ "type": "text" }),
    }
}

/// Whole and in any case, also as one word of several in a query.
fn code() -> Value {
    json!({
        "type": "keyword", "ignore_above": CODE, "normalizer": "lowercase", "split_queries_on_whitespace": true,
    })
}

fn label(longest: u32) -> Value {
    json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": longest } } })
}

/// The first that fits counts.
fn search_templates() -> Value {
    let named = |kind: &str, names: &[&str], field: Value| -> Vec<Value> {
        let one = |name: &&str| template(&format!("{kind} {name}"), json!({ "match": name }), field.clone());
        names.iter().map(one).collect()
    };
    let mut templates = named("code", &CODES, code());
    templates.extend(named("prose", &PROSE, json!({ "type": "text" })));
    templates.push(template("string", json!({}), label(SHORT)));
    templates.into()
}

/// A template for strings.
fn template(name: &str, mut conditions: Value, field: Value) -> Value {
    conditions["match_mapping_type"] = "string".into();
    conditions["mapping"] = field;
    Value::Object(Map::from_iter([(name.to_owned(), conditions)]))
}

fn reference_text() -> Value {
    json!({
        "type": "text", "analyzer": "iq_text_base", "index_options": "freqs",
        "fields": {
            "enum": { "type": "keyword", "ignore_above": 2048 },
            "stem": { "type": "text", "analyzer": "iq_text_stem" },
            "prefix": {
                "type": "text", "analyzer": "i_prefix", "search_analyzer": "q_prefix", "index_options": "docs",
            },
            "delimiter": { "type": "text", "analyzer": "iq_text_delimiter", "index_options": "freqs" },
            "joined": {
                "type": "text", "analyzer": "i_text_bigram", "search_analyzer": "q_text_bigram",
                "index_options": "freqs",
            },
        },
    })
}

/// What `index.analysis` must define for the preset, if anything.
pub(super) fn analysis(preset: Preset) -> Option<Value> {
    match preset {
        Preset::Search => Some(normalizers()),
        Preset::Reference => Some(json!({ "filter": filters(), "analyzer": analyzers() })),
        Preset::Dynamic => None,
    }
}

/// The normalizer that servers have by this name as well, but theirs does not split a query into words.
fn normalizers() -> Value {
    json!({ "normalizer": { "lowercase": { "type": "custom", "filter": ["lowercase"] } } })
}

fn analyzers() -> Value {
    let analyzer = |tokenizer: &str, more: &[&str]| {
        let folded = ["cjk_width", "lowercase", "asciifolding"];
        let filters: Vec<&str> = match more {
            ["delimiter", rest @ ..] => [&["delimiter"], &folded[..], rest].concat(),
            rest => [&folded[..], rest].concat(),
        };
        json!({ "type": "custom", "tokenizer": tokenizer, "filter": filters })
    };
    json!({
        "iq_text_base": analyzer("standard", &["en-stop-words-filter"]),
        "iq_text_stem": analyzer("standard", &["en-stop-words-filter", "en-stem-filter"]),
        "iq_text_delimiter": analyzer("whitespace", &["delimiter", "en-stop-words-filter", "en-stem-filter"]),
        "i_prefix": analyzer("standard", &["front_ngram"]),
        "q_prefix": analyzer("standard", &[]),
        "i_text_bigram": analyzer("standard", &["en-stem-filter", "bigram_joiner", "bigram_max_size"]),
        "q_text_bigram": analyzer("standard", &["en-stem-filter", "bigram_joiner_unigrams", "bigram_max_size"]),
    })
}

fn filters() -> Value {
    let joined = |unigrams: bool| {
        json!({
            "type": "shingle", "max_shingle_size": 2, "token_separator": "", "output_unigrams": unigrams,
        })
    };
    json!({
        "front_ngram": { "type": "edge_ngram", "min_gram": 1, "max_gram": 12 },
        "bigram_joiner": joined(false),
        "bigram_joiner_unigrams": joined(true),
        "bigram_max_size": { "type": "length", "min": 0, "max": 16 },
        "en-stop-words-filter": { "type": "stop", "stopwords": "_english_" },
        "en-stem-filter": { "type": "stemmer", "name": "light_english" },
        "delimiter": {
            "type": "word_delimiter_graph", "generate_word_parts": true, "generate_number_parts": true,
            "catenate_words": true, "catenate_numbers": true, "catenate_all": true, "preserve_original": false,
            "split_on_case_change": true, "split_on_numerics": true, "stem_english_possessive": true,
        },
    })
}

#[cfg(test)]
mod tests;
