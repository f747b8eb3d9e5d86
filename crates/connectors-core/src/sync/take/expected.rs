//! A document as the index should hold it, and the fields in which it differs.

use serde_json::{Map, Value};

use super::draft::{Draft, format_timestamp};
use crate::elastic::scan::Mark;
use crate::sync::job::{Flags, Job};
use crate::{Error, Result};

/// Fields that are shown of each document.
const SHOWN_FIELDS: usize = 5;

/// A document as the index should hold it.
pub(crate) struct Expected {
    pub(crate) id: String,
    pub(crate) hash: i64,
    pub(crate) fields: Map<String, Value>,
    /// False where the time is that of the first sending.
    has_time: bool,
}

impl Expected {
    /// As a draft with this mark is written, and its length in bytes.
    pub(crate) fn of(job: &Job<'_>, draft: &Draft, mark: Mark) -> Result<(Self, usize)> {
        let (mut line, now) = (Vec::new(), format_timestamp(job.context.clock.now()));
        draft.write((&draft.id, mark), &mut line, (&now, Flags::default()));
        let fields = serde_json::from_slice(&line)
            .map_err(|error| Error::unexpected("a document is not JSON").caused_by(error))?;
        let (id, has_time) = (draft.id.clone(), draft.timestamp.is_some());
        Ok((Self { id, hash: mark.id, fields, has_time }, line.len()))
    }

    /// The first fields that differ.
    pub(crate) fn differing(&self, held: &Value) -> Vec<String> {
        let none = Map::new();
        let mut fields = Vec::new();
        descend("", (&self.fields, held.as_object().unwrap_or(&none)), &mut fields);
        fields.retain(|field| self.has_time || field != "_timestamp");
        fields.truncate(SHOWN_FIELDS);
        fields
    }
}

/// Finds the leaves that differ, by dotted name.
fn descend(path: &str, (one, other): (&Map<String, Value>, &Map<String, Value>), fields: &mut Vec<String>) {
    let only_there = other.keys().filter(|name| !one.contains_key(*name));
    for name in one.keys().chain(only_there) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (one.get(name), other.get(name)) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => descend(&path, (one, other), fields),
            (one, other) if one == other => {}
            _ => fields.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_fields_that_differ_are_named() {
        let expected = |has_time| Expected {
            id: "a".into(),
            hash: 1,
            fields: json!({"_timestamp": "t", "a": 1, "b": {"c": 1, "d": [1]}, "e": null})
                .as_object()
                .cloned()
                .unwrap(),
            has_time,
        };
        let held = json!({"_timestamp": "u", "a": 1.0, "b": {"c": 1, "d": [2], "x": 0}, "y": 1});
        let all = ["_timestamp", "a", "b.d", "b.x", "e"];
        assert_eq!(expected(true).differing(&held), all);
        assert_eq!(expected(false).differing(&held), ["a", "b.d", "b.x", "e", "y"]);
        let same = Value::Object(expected(true).fields);
        assert!(expected(true).differing(&same).is_empty());
        assert_eq!(expected(false).differing(&Value::Null), ["a", "b", "e"]);
    }
}
