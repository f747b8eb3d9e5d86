//! Documents field by field.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::elastic::scan::{self, Mark};
use crate::{Error, Result};

use super::Job;
use crate::sync::draft::{Draft, stamp};
use crate::sync::pipeline::Flags;
use crate::sync::render::Rendered;
use crate::sync::report::Difference;

/// Documents compared at a time.
const BATCH: usize = 200;
/// Bytes of them, about.
const BATCH_BYTES: usize = 4 << 20;
/// Documents that are shown.
const SHOWN: usize = 10;
/// Fields that are shown of each.
const SHOWN_FIELDS: usize = 5;

/// How many documents differ in their fields, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// How many.
    pub count: u64,
    /// Id → the first fields that differ, by dotted name.
    pub first: Vec<(String, Vec<String>)>,
}

/// Where documents go that differ, and those that could not be compared.
pub(super) type Findings<'a> = (&'a mut Differing, &'a mut Difference);

/// Collects documents and compares them with the index.
pub(super) struct Deep<'a> {
    job: &'a Job<'a>,
    batch: Vec<Expected>,
    bytes: usize,
    compared: u64,
}

/// A document as the index should hold it.
pub(in crate::sync) struct Expected {
    id: String,
    hash: i64,
    fields: Map<String, Value>,
    /// False where the time is that of the first sending.
    has_time: bool,
}

impl<'a> Deep<'a> {
    pub(super) fn new(job: &'a Job<'a>) -> Self {
        Self { job, batch: Vec::new(), bytes: 0, compared: 0 }
    }

    /// Documents that were found in the index and compared.
    pub(super) fn compared(&self) -> u64 {
        self.compared
    }

    /// Takes a document in, and compares once enough are together.
    pub(super) async fn add(&mut self, document: &Rendered, found: Findings<'_>) -> Result<()> {
        let (expected, bytes) = Expected::of(self.job, &document.draft, document.mark)?;
        self.bytes += bytes;
        self.batch.push(expected);
        let is_full = self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES;
        if is_full { self.flush(found).await } else { Ok(()) }
    }

    /// Compares what is left, documents whose marks the index holds.
    pub(super) async fn flush(&mut self, (differing, not_comparable): Findings<'_>) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        let hashes: Vec<i64> = batch.iter().map(|expected| expected.hash).collect();
        let held = scan::sources(self.job.client, self.job.index, &hashes).await?;
        let mut held: HashMap<String, Value> = held.into_iter().collect();
        for expected in batch {
            let held = held.remove(&expected.id).filter(|held| held["_sync"] == expected.fields["_sync"]);
            let Some(held) = held else {
                not_comparable.add(&expected.id);
                continue;
            };
            self.compared += 1;
            let fields = expected.differing(&held);
            if !fields.is_empty() {
                differing.add(expected.id, fields);
            }
        }
        Ok(())
    }
}

impl Differing {
    fn add(&mut self, id: String, fields: Vec<String>) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push((id, fields));
        }
    }
}

impl Expected {
    /// As a draft with this mark is written, and its length in bytes.
    pub(in crate::sync) fn of(job: &Job<'_>, draft: &Draft, mark: Mark) -> Result<(Self, usize)> {
        let (mut line, now) = (Vec::new(), stamp(job.context.clock.now()));
        draft.write((&draft.id, mark), &mut line, (&now, Flags::default()));
        let fields = serde_json::from_slice(&line)
            .map_err(|error| Error::unexpected("a document is not JSON").caused_by(error))?;
        let (id, has_time) = (draft.id.clone(), draft.timestamp.is_some());
        Ok((Self { id, hash: mark.id, fields, has_time }, line.len()))
    }

    /// The first fields that differ.
    pub(in crate::sync) fn differing(&self, held: &Value) -> Vec<String> {
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
