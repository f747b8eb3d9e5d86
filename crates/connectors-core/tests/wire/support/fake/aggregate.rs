//! Histograms with a sum in each bucket, reckoned in doubles as the server does it; and terms.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::query::field;
use super::search::asked;

/// The buckets; none where they are more than one answer may have.
pub(super) fn answer(
    asked_for: &Value,
    (documents, query): (&BTreeMap<String, Value>, &Value),
    most: usize,
) -> Option<Value> {
    let (name, inner) = asked_for.as_object().and_then(|aggregations| aggregations.iter().next()).unwrap();
    if let Some(by) = inner["terms"]["field"].as_str() {
        return Some(json!({ name: { "buckets": terms(documents, (query, by)) } }));
    }
    let (sum_name, sum) = inner["aggs"].as_object().and_then(|inner| inner.iter().next()).unwrap();
    let (by, interval) =
        (text(&inner["histogram"]["field"]), inner["histogram"]["interval"].as_f64().unwrap());
    assert_eq!(inner["histogram"]["min_doc_count"], 1, "no empty buckets");
    let mut buckets: BTreeMap<i64, (u64, f64)> = BTreeMap::new();
    for document in documents.values().filter(|document| asked(query, document)) {
        let Some(id) = field(document, by).and_then(Value::as_i64) else { continue };
        let bucket = buckets.entry((id as f64 / interval).floor() as i64).or_default();
        bucket.0 += 1;
        bucket.1 += field(document, text(&sum["sum"]["field"])).and_then(Value::as_f64).unwrap_or_default();
    }
    if buckets.len() > most {
        return None;
    }
    let buckets: Vec<Value> = buckets
        .into_iter()
        .map(|(place, (count, value))| {
            json!({ "key": place as f64 * interval, "doc_count": count, sum_name: { "value": value } })
        })
        .collect();
    Some(json!({ name: { "buckets": buckets } }))
}

/// A bucket for each value.
fn terms(documents: &BTreeMap<String, Value>, (query, by): (&Value, &str)) -> Vec<Value> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for document in documents.values().filter(|document| asked(query, document)) {
        let values = field(document, by).and_then(Value::as_array).cloned().unwrap_or_default();
        values.iter().for_each(|value| *counts.entry(text(value).to_owned()).or_default() += 1);
    }
    counts.into_iter().map(|(key, count)| json!({ "key": key, "doc_count": count })).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
