//! A document as it was read, with the version that a write is conditional on.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// A document of the protocol's indices; fields that nobody here knows stay in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    /// Its id.
    pub(crate) id: String,
    /// `_seq_no` and `_primary_term` of what was read.
    pub(crate) version: (u64, u64),
    /// Its fields, nested or dotted.
    pub(crate) fields: Map<String, Value>,
}

impl Record {
    /// Reads a hit of a search or the answer to a look-up.
    pub(crate) fn from_hit(hit: &Value) -> Option<Self> {
        let number = |key: &str| hit[key].as_u64();
        Some(Self {
            id: hit["_id"].as_str()?.to_owned(),
            version: (number("_seq_no")?, number("_primary_term")?),
            fields: hit["_source"].as_object()?.clone(),
        })
    }

    /// True for a connector that the server's connector API removed: its document stays, with a mark.
    pub(crate) fn is_removed(&self) -> bool {
        self.value("deleted").as_bool() == Some(true)
    }

    /// The value at a dotted path, however the keys are written; null when it is not there.
    pub(crate) fn value(&self, path: &str) -> &Value {
        find(&self.fields, path).unwrap_or(&Value::Null)
    }

    /// As [`value`](Self::value); of a list, its first item.
    pub(crate) fn first(&self, path: &str) -> &Value {
        match self.value(path) {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            one => one,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.value(path).as_str().filter(|text| !text.is_empty())
    }

    /// A date.
    pub(crate) fn date(&self, path: &str) -> Option<DateTime<Utc>> {
        let text = self.text(path)?;
        let zoned = DateTime::parse_from_rfc3339(text).map(|date| date.to_utc());
        // Without a zone it is in UTC.
        zoned.or_else(|_| text.parse::<NaiveDateTime>().map(|date| date.and_utc())).ok()
    }

    /// A count.
    pub(crate) fn count(&self, path: &str) -> u64 {
        self.value(path).as_u64().unwrap_or(0)
    }

    /// An object, empty when it is not there.
    pub(crate) fn object(&self, path: &str) -> Map<String, Value> {
        self.value(path).as_object().cloned().unwrap_or_default()
    }
}

/// The value at a path; what is nested goes before what is dotted, a value before null.
fn find<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let nested = path.match_indices('.').filter_map(|(at, _)| {
        let below = fields.get(&path[..at])?.as_object()?;
        find(below, &path[at + 1..])
    });
    let mut found = nested.chain(fields.get(path)).collect::<Vec<_>>().into_iter();
    let first = found.next()?;
    if first.is_null() { found.find(|value| !value.is_null()).or(Some(first)) } else { Some(first) }
}

/// A date as the protocol writes it.
pub(crate) fn timestamp(date: DateTime<Utc>) -> Value {
    date.to_rfc3339_opts(SecondsFormat::Micros, false).into()
}

/// The fields of a partial document.
pub(super) fn patch(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(source: Value) -> Record {
        let hit = json!({"_id": "a", "_seq_no": 3, "_primary_term": 1, "_source": source});
        Record::from_hit(&hit).unwrap()
    }

    #[test]
    fn keys_may_be_nested_or_dotted() {
        let record = record(json!({
            "connector": {"id": "c", "sync_cursor": null}, "connector.sync_cursor": {"a": 1},
            "scheduling.full": {"enabled": true}, "a": {"b.c": 2}, "empty": "",
        }));
        assert_eq!(record.text("connector.id"), Some("c"));
        assert_eq!(record.value("connector.sync_cursor"), &json!({"a": 1}));
        assert_eq!(record.value("scheduling.full.enabled"), &json!(true));
        assert_eq!(record.count("a.b.c"), 2);
        assert_eq!((record.text("empty"), record.value("x.y").is_null()), (None, true));
        assert_eq!(record.version, (3, 1));
    }

    #[test]
    fn dates_end_in_an_offset_in_z_or_are_in_utc() {
        let record = record(json!({
            "a": "2026-11-24T12:20:21.202965+00:00", "b": "2026-11-24T12:20:21.202965Z", "c": "yesterday",
            "d": "2026-11-24T12:20:21.202965", "e": "2026-11-24T12:20:21",
        }));
        assert_eq!(record.date("d"), record.date("a"));
        assert_eq!(
            record.date("e"),
            record.date("a").map(|date| date - chrono::TimeDelta::microseconds(202_965))
        );
        assert_eq!(record.date("a"), record.date("b"));
        assert_eq!(timestamp(record.date("b").unwrap()), json!("2026-11-24T12:20:21.202965+00:00"));
        assert_eq!(record.date("c"), None);
    }

    #[test]
    fn a_hit_without_a_version_is_no_record() {
        assert_eq!(Record::from_hit(&json!({"_id": "a", "_source": {}})), None);
    }
}
