//! The options of a query, in the spelling of the shell (`allowDiskUse`) or of PyMongo (`allow_disk_use`).

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bson::{Bson, Document};
use mongodb::options::{AggregateOptions, FindOptions};
use serde_json::{Map, Value};

use super::extended::to_bson;
use super::problems::Problems;

/// Options that are accepted and do nothing, and why.
const WITHOUT_EFFECT: [(&str, &str); 8] = [
    ("batchSize", "the size of replies follows from the size of the documents"),
    ("noCursorTimeout", "a cursor that the server has closed is opened again where the listing was"),
    ("cursorType", "a listing has an end"),
    ("allowPartialResults", "what a missing shard holds would be deleted from the index"),
    ("returnKey", "documents are read, and not their keys in an index"),
    ("showRecordId", "the place of a document on disk is no field of it"),
    ("oplogReplay", "servers ignore it"),
    ("maxAwaitTimeMS", "a listing does not wait for more"),
];

const MAX_TIME: &str = "maxTimeMS";

/// Options of a query that change which documents there are, or in which order they come.
const SELECTING: [&str; 4] = ["collation", "let", "max", "min"];

/// The object with its keys in the spelling of the shell, and without options that have no effect.
pub(super) fn shell_spelling(
    place: &str,
    object: &Map<String, Value>,
    problems: &mut Problems,
) -> Map<String, Value> {
    let mut spelt = Map::new();
    for (name, value) in object {
        let key = camel_case(name);
        if let Some((name, reason)) = WITHOUT_EFFECT.iter().find(|(without, _)| *without == key) {
            report(name, reason);
        } else if value.is_null() {
            // As PyMongo's own defaults.
        } else if spelt.insert(key.clone(), value.clone()).is_some() {
            problems.add::<()>(&format!("{place}.{key}"), "is given twice, in two spellings");
        }
    }
    spelt
}

/// `max_time_ms` → `maxTimeMS`; a name without underscores as it is.
fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    if first.is_empty() {
        return name.to_owned();
    }
    parts.fold(first, |spelt, part| match part {
        "ms" => spelt + "MS",
        part => {
            let mut letters = part.chars();
            let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
            spelt + &initial.into_iter().chain(letters).collect::<String>()
        }
    })
}

/// Logs once in a process that an option does nothing.
fn report(option: &'static str, reason: &str) {
    if is_first(option) {
        tracing::info!(option, reason, "an option of the advanced rules has no effect here");
    }
}

/// Whether this is the first time in the process that the option is met.
fn is_first(option: &'static str) -> bool {
    static MET: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    MET.lock().unwrap_or_else(PoisonError::into_inner).insert(option)
}

/// What PyMongo takes for an object whose keys have an order: a list of names, a list of pairs, or a name.
pub(super) fn in_order(value: &Value) -> Option<Document> {
    let pair = |item: &Value| match item {
        Value::String(name) => Some((name.clone(), Bson::Int32(1))),
        Value::Array(pair) => match pair.as_slice() {
            [Value::String(name), direction] => Some((name.clone(), to_bson(direction).ok()?)),
            _ => None,
        },
        _ => None,
    };
    match value {
        Value::String(_) => pair(value).map(|pair| Document::from_iter([pair])),
        Value::Array(items) if !items.is_empty() => items.iter().map(pair).collect(),
        _ => None,
    }
}

/// The options of a query; a hint is the name of an index, or its keys.
pub(super) fn document(place: &str, given: Map<String, Value>, problems: &mut Problems) -> Document {
    let keys = given.get("hint").filter(|hint| hint.is_array()).and_then(in_order);
    let mut document = problems.document(place, Some(&given.into())).unwrap_or_default();
    if let Some(keys) = keys {
        document.insert("hint", keys);
    }
    document
}

/// The entries of these names.
pub(super) fn among(rule: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let entry = |name: &&str| rule.get_key_value(*name).map(|(name, value)| (name.clone(), value.clone()));
    names.iter().filter_map(entry).collect()
}

/// The options of an `aggregate` as the driver takes them.
///
/// # Errors
/// What one of them says that can't be read.
pub(crate) fn of_aggregate(options: &Document) -> Result<AggregateOptions, String> {
    bson::deserialize_from_document(options.clone()).map_err(|error| error.to_string())
}

/// The options of a `find` as the driver takes them.
///
/// # Errors
/// What one of them says that can't be read.
pub(crate) fn of_find(options: &Document) -> Result<FindOptions, String> {
    let mut rest = options.clone();
    let limit = rest.remove(MAX_TIME);
    let mut options: FindOptions =
        bson::deserialize_from_document(rest).map_err(|error| error.to_string())?;
    options.max_time = match limit {
        None => None,
        Some(Bson::Int32(limit)) if limit >= 0 => Some(Duration::from_millis(limit.unsigned_abs().into())),
        Some(Bson::Int64(limit)) if limit >= 0 => Some(Duration::from_millis(limit.unsigned_abs())),
        Some(other) => return Err(format!("{MAX_TIME}: {other}: must be a whole number of milliseconds")),
    };
    Ok(options)
}

/// Whether a query with these options takes each document or not by itself, and as its filter says.
pub(super) fn are_plain(options: &Document) -> bool {
    !SELECTING.iter().any(|name| options.contains_key(name))
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    #[test]
    fn both_spellings_are_one_option() {
        for (given, spelt) in [
            ("allow_disk_use", "allowDiskUse"),
            ("allowDiskUse", "allowDiskUse"),
            ("max_time_ms", "maxTimeMS"),
            ("maxTimeMS", "maxTimeMS"),
            ("no_cursor_timeout", "noCursorTimeout"),
            ("let", "let"),
            ("_id", "_id"),
            ("", ""),
        ] {
            assert_eq!(camel_case(given), spelt);
        }
    }

    #[test]
    fn options_without_effect_are_accepted_in_both_spellings_and_reported_once() {
        let mut problems = Problems::default();
        for (shell, pymongo) in [
            ("batchSize", "batch_size"),
            ("noCursorTimeout", "no_cursor_timeout"),
            ("cursorType", "cursor_type"),
            ("allowPartialResults", "allow_partial_results"),
            ("returnKey", "return_key"),
            ("showRecordId", "show_record_id"),
            ("oplogReplay", "oplog_replay"),
            ("maxAwaitTimeMS", "max_await_time_ms"),
        ] {
            for name in [shell, pymongo] {
                let given = Map::from_iter([(name.to_owned(), json!(1)), ("let".to_owned(), json!({}))]);
                let spelt = shell_spelling("find", &given, &mut problems);
                assert_eq!(Value::Object(spelt), json!({"let": {}}), "{name}");
            }
            assert!(!is_first(shell), "{shell} was reported");
        }
        assert!(problems.is_empty());
        assert!(is_first("an option of this test") && !is_first("an option of this test"));
    }

    #[test]
    fn lists_of_names_and_pairs_are_objects() {
        for (given, wanted) in [
            (json!(["a", "b.c"]), Some(doc! {"a": 1, "b.c": 1})),
            (json!([["b", -1], ["a", 1]]), Some(doc! {"b": -1, "a": 1})),
            (json!("a"), Some(doc! {"a": 1})),
            (json!({"a": 0}), None),
            (json!([]), None),
            (json!([7]), None),
            (json!([["a"]]), None),
        ] {
            assert_eq!(in_order(&given), wanted, "{given}");
        }
    }
}
