//! Searches: query, slice, sort, pages.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answers::{Answer, error};
use super::query::{field, matches};
use super::{Kept, Manner, Root, aggregate};

type Documents = Arc<BTreeMap<String, Value>>;

/// A match with the values it is sorted by.
struct Match<'a> {
    id: &'a str,
    document: &'a Value,
    sort: Vec<Value>,
}

pub(super) fn count(documents: &Documents, query: &Value) -> usize {
    documents.iter().filter(|(_, document)| matches(query, document)).count()
}

pub(super) fn in_pit(kept: &Kept, manner: Manner, body: &Value) -> Answer {
    let id = body["pit"]["id"].as_str().unwrap_or_default();
    match kept.pits.get(id) {
        Some(documents) => search(documents, manner, body, true),
        None => (404, error("search_context_missing_exception", "no search context found")),
    }
}

pub(super) fn plain(documents: &Documents, manner: Manner, body: &Value) -> Answer {
    search(documents, manner, body, false)
}

fn search(documents: &Documents, manner: Manner, body: &Value, is_pit: bool) -> Answer {
    let size = body["size"].as_u64().unwrap_or(10);
    if let Some(refused) = excess(manner, size, &body["query"]) {
        return (400, error("illegal_argument_exception", &refused));
    }
    let mut sort = body["sort"].as_array().cloned().unwrap_or_default();
    if is_pit && manner.root != Root::OpenSearch && !sort.iter().any(|key| key.get("_shard_doc").is_some()) {
        sort.push(json!({ "_shard_doc": "asc" }));
    }
    let mut found: Vec<Match<'_>> = documents
        .iter()
        .enumerate()
        .filter(|(place, (_, document))| in_slice(*place, &body["slice"]) && asked(&body["query"], document))
        .map(|(place, (id, document))| Match { id, document, sort: values(&sort, place, document) })
        .collect();
    let order = |one: &[Value], other: &[Value]| order(&sort, one, other);
    found.sort_by(|one, other| order(&one.sort, &other.sort));
    if let Some(after) = body["search_after"].as_array() {
        assert_eq!(after.len(), sort.len(), "search_after has as many values as the sort");
        found.retain(|found| order(&found.sort, after) == Ordering::Greater);
    }
    let total = found.len();
    found.truncate(usize::try_from(size).unwrap());
    let hits: Vec<Value> = found.iter().map(|found| hit(found, body)).collect();
    let shards = json!({ "total": 1, "successful": 1, "skipped": 0, "failed": 0 });
    let mut answer = json!({ "took": 1, "timed_out": false, "_shards": shards, "hits": { "hits": hits } });
    if body["track_total_hits"] == true {
        answer["hits"]["total"] = json!({ "value": total, "relation": "eq" });
    }
    if let Some(aggregations) = body.get("aggs") {
        if manner.is_plain {
            return (400, error("parsing_exception", "unknown aggregation type [histogram]"));
        }
        let made = aggregate::answer(aggregations, (documents, &body["query"]), manner.buckets);
        let Some(made) = made else {
            return (503, error("too_many_buckets_exception", "Trying to create too many buckets."));
        };
        answer["aggregations"] = made;
    }
    (200, answer)
}

/// Why a search asks for too much.
fn excess(manner: Manner, size: u64, query: &Value) -> Option<String> {
    if size > manner.window {
        return Some(format!(
            "Result window is too large, from + size must be less than or equal to: [{}] but was [{size}]. This limit can \
             be set by changing the [index.max_result_window] index level setting.",
            manner.window
        ));
    }
    let terms = query["terms"]["_sync.id"].as_array().map_or(0, Vec::len);
    (terms > manner.terms).then(|| {
        format!(
            "The number of terms [{terms}] used in the Terms Query request has exceeded the allowed maximum of [{}]. This \
             maximum can be set by changing the [index.max_terms_count] index level setting.",
            manner.terms
        )
    })
}

/// Without a query everything is asked for.
pub(super) fn asked(query: &Value, document: &Value) -> bool {
    query.is_null() || matches(query, document)
}

fn in_slice(place: usize, slice: &Value) -> bool {
    let Some(max) = slice["max"].as_u64() else { return true };
    place as u64 % max == slice["id"].as_u64().unwrap()
}

/// A key is a name or `{name: order}`.
fn key(key: &Value) -> (&str, bool) {
    match key {
        Value::String(name) => (name, false),
        key => {
            let (name, order) = key.as_object().and_then(|key| key.iter().next()).expect("a sort key");
            (name, order == "desc")
        }
    }
}

fn values(sort: &[Value], place: usize, document: &Value) -> Vec<Value> {
    let value = |name: &str| match name {
        "_shard_doc" | "_doc" => json!(place),
        name => field(document, name).cloned().unwrap_or(json!(i64::MAX)),
    };
    sort.iter().map(|each| value(key(each).0)).collect()
}

fn order(sort: &[Value], one: &[Value], other: &[Value]) -> Ordering {
    let pairs = sort.iter().zip(one.iter().zip(other));
    let orders = pairs.map(|(each, (one, other))| {
        let order = match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_str().cmp(&other.as_str()),
        };
        if key(each).1 { order.reverse() } else { order }
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

fn hit(found: &Match<'_>, body: &Value) -> Value {
    let mut hit = Map::new();
    if body["stored_fields"] != "_none_" {
        hit.insert("_id".into(), found.id.into());
        if body["_source"] != false {
            hit.insert("_source".into(), found.document.clone());
        }
    }
    if let Some(ignored) = found.document.get("_ignored") {
        hit.insert("_ignored".into(), ignored.clone());
    }
    if !found.sort.is_empty() {
        hit.insert("sort".into(), found.sort.clone().into());
    }
    let wanted = body["docvalue_fields"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields: Map<String, Value> =
        wanted.filter_map(|name| Some((name.to_owned(), json!([field(found.document, name)?])))).collect();
    if !fields.is_empty() {
        hit.insert("fields".into(), fields.into());
    }
    hit.into()
}
