//! `_id` and `_sync` of every document, by `_sync.id`.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Map, Value, json};

use super::bulk::{Operation, between};
use super::query::Query;
use crate::Result;

/// What is kept of a document.
#[derive(Debug)]
struct Kept {
    mark: i64,
    id: Box<[u8]>,
}

/// All documents.
#[derive(Debug, Default)]
pub(super) struct Marks {
    kept: BTreeMap<i64, Kept>,
}

impl Marks {
    /// Does what an operation says.
    ///
    /// # Errors
    /// When a document has no marks.
    pub(super) fn apply(&mut self, operation: &Operation<'_>) -> Result<()> {
        let Some(document) = operation.document else {
            self.kept.remove(&xxhash_rust::xxh3::xxh3_64(operation.id).cast_signed());
            return Ok(());
        };
        let sync = between(document, b"\"_sync\":", b"}").ok_or("a document without _sync")?;
        let sync: Value = serde_json::from_slice(&[sync, b"}"].concat())?;
        let number = |name: &str| sync[name].as_i64().ok_or_else(|| format!("_sync without {name}"));
        self.kept.insert(number("id")?, Kept { mark: number("mark")?, id: operation.id.into() });
        Ok(())
    }

    fn found(&self, query: &Query) -> impl Iterator<Item = (i64, &Kept)> {
        let range = self.kept.range(query.range).filter(|(id, _)| query.admits(**id));
        range.map(|(id, kept)| (*id, kept))
    }

    pub(super) fn count(&self, query: &Query) -> usize {
        if query.is_all() { self.kept.len() } else { self.found(query).count() }
    }

    /// A page, in the order of `_sync.id`, behind `search_after`, of one `slice`.
    pub(super) fn hits(&self, query: &Query, request: &Value) -> Vec<Value> {
        let mut query = query.clone();
        if let Some(after) = request["search_after"].get(0).and_then(Value::as_i64) {
            query.range.0 = Bound::Excluded(after);
        }
        let slice =
            (request["slice"]["id"].as_u64().unwrap_or(0), request["slice"]["max"].as_u64().unwrap_or(1));
        let is_in_slice = |id: i64| slice.1 < 2 || id.unsigned_abs() % slice.1 == slice.0;
        let size = request["size"].as_u64().unwrap_or(10);
        let page = self.found(&query).filter(|(id, _)| is_in_slice(*id)).take(size as usize);
        page.map(|(id, kept)| hit(id, kept, request)).collect()
    }

    /// The aggregations that are asked for, if any: histograms over `_sync.id` with sums of `_sync.mark`.
    ///
    /// # Errors
    /// Names an aggregation that is not known.
    pub(super) fn sums(&self, query: &Query, request: &Value) -> Result<Option<Value>> {
        let Some(asked) = request.get("aggs").or_else(|| request.get("aggregations")) else {
            return Ok(None);
        };
        let mut answers = Map::new();
        for (name, aggregation) in asked.as_object().into_iter().flatten() {
            let histogram = &aggregation["histogram"];
            let (Some("_sync.id"), Some(interval)) =
                (histogram["field"].as_str(), histogram["interval"].as_f64())
            else {
                return Err(format!("the sink knows no aggregation {aggregation}").into());
            };
            let below = aggregation.get("aggs").or_else(|| aggregation.get("aggregations"));
            let sum = below.and_then(Value::as_object).and_then(|below| below.keys().next());
            answers.insert(name.clone(), json!({ "buckets": self.buckets(query, interval, sum) }));
        }
        Ok(Some(answers.into()))
    }

    fn buckets(&self, query: &Query, interval: f64, sum: Option<&String>) -> Vec<Value> {
        let mut buckets: Vec<(f64, u64, f64)> = Vec::new();
        for (id, kept) in self.found(query) {
            let key = (id as f64 / interval).floor() * interval;
            match buckets.last_mut() {
                Some((last, count, marks)) if *last == key => {
                    (*count, *marks) = (*count + 1, *marks + kept.mark as f64)
                }
                _ => buckets.push((key, 1, kept.mark as f64)),
            }
        }
        let bucket = |(key, count, marks): (f64, u64, f64)| {
            let mut bucket = json!({ "key": key, "doc_count": count });
            sum.iter().for_each(|name| bucket[name.as_str()] = json!({ "value": marks }));
            bucket
        };
        buckets.into_iter().map(bucket).collect()
    }
}

/// A hit as it is asked for.
fn hit(id: i64, kept: &Kept, request: &Value) -> Value {
    let mut hit = json!({ "sort": [id, kept.mark] });
    if request["stored_fields"] != "_none_" {
        let text = [b"\"", &kept.id[..], b"\""].concat();
        hit["_id"] = serde_json::from_slice(&text).unwrap_or_default();
    }
    if request.get("docvalue_fields").is_some() || request.get("fields").is_some() {
        hit["fields"] = json!({ "_sync.id": [id], "_sync.mark": [kept.mark] });
    }
    hit
}
