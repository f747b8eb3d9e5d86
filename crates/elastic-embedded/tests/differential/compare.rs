//! Whether two answers say the same to a client.

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::requests::{Request, Sense};
use crate::side::{Answer, Product};

/// How far two computed numbers may lie apart, as a part of the greater.
const TOLERANCE: f64 = 1e-6;

/// What a hit must have in common with its counterpart.
const OF_HITS: [&str; 11] = [
    "_index",
    "_id",
    "_score",
    "_source",
    "_version",
    "_seq_no",
    "_primary_term",
    "_ignored",
    "sort",
    "fields",
    "highlight",
];

/// The first difference between the answers to a request; the real one's comes first.
pub(crate) fn difference(real: &Answer, ours: &Answer, request: &Request, fields: &Fields) -> Option<String> {
    let sense = request.sense(fields);
    // OpenSearch breaks on some sorts.
    if real.product == Product::OpenSearch && real.status == 500 {
        return None;
    }
    if real.is_refusal() || ours.is_refusal() {
        // Some real servers answer 500 where they should have refused, or leave out the shards that do.
        let same = (real.is_refusal() || real.skipped()) && ours.status / 100 == 4;
        return (!same).then(|| format!("status {} and {}", real.status, ours.status));
    }
    if real.lost_hits(request) {
        return None;
    }
    if sense == Sense::Whole {
        let mut body = real.body.clone();
        if let Some(members) = body.as_object_mut().filter(|_| real.product == Product::OpenSearch) {
            members.remove("_ignored");
        }
        return first("", &body, &ours.body);
    }
    let wanted = |key: &str| match key {
        "_score" => sense == Sense::Scored,
        // OpenSearch does not name what was too long.
        "_ignored" => real.product != Product::OpenSearch,
        _ => true,
    };
    let of_hits: Vec<&str> = OF_HITS.iter().copied().filter(|key| wanted(key)).collect();
    let (mut real_essence, ours) = (essence(&real.body, &of_hits), essence(&ours.body, &of_hits));
    // Where no index was looked into, nothing depends on the request.
    if real.skipped() && real.body["hits"]["max_score"] == 0.0 {
        for key in ["max_score", "total"] {
            if let Some(member) = real_essence.get_mut(key) {
                *member = ours[key].clone();
            }
        }
    }
    first("", &real_essence, &ours)
}

/// An operation that is answered differently.
#[derive(Debug, Clone)]
pub(crate) struct OddOperation {
    /// Its bulk, and its place there.
    pub(crate) place: (usize, usize),
    pub(crate) problem: String,
}

/// The first difference between the answers to bulks.
pub(crate) fn difference_of_bulks(real: &[Answer], ours: &[Answer]) -> Option<OddOperation> {
    real.iter().zip(ours).enumerate().find_map(|(bulk, (real, ours))| {
        let (real, ours) = (items(real), items(ours));
        let mut pairs = real.iter().zip(&ours).enumerate();
        let odd = pairs.find_map(|(at, (real, ours))| Some((at, first("", real, ours)?)));
        odd.map(|(at, problem)| OddOperation { place: (bulk, at), problem })
    })
}

/// What is compared of each item of a bulk.
fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().into_iter().flatten();
    let items = items.filter_map(|item| item.as_object()?.values().next());
    items.map(|item| json!([item["status"], item["result"], item["_version"]])).collect()
}

/// What is compared of an answer: hits that tie by all that they are sorted by in the order of their ids.
fn essence(body: &Value, of_hits: &[&str]) -> Value {
    let exact_scores = of_hits.contains(&"_score");
    let mut essence = json!({"count": body["count"], "aggregations": body["aggregations"]});
    let Some(hits) = body.get("hits") else { return essence };
    essence["total"] = hits["total"].clone();
    if exact_scores {
        essence["max_score"] = hits["max_score"].clone();
    }
    let mut all: Vec<Value> =
        hits["hits"].as_array().into_iter().flatten().map(|hit| of_hit(hit, of_hits)).collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let id = |hit: &Value| (text(&hit["_id"]), text(&hit["_index"]));
    let tie = |a: &Value, b: &Value| a["sort"] == b["sort"] && (!exact_scores || a["_score"] == b["_score"]);
    for run in all.chunk_by_mut(tie) {
        run.sort_by_key(id);
    }
    essence["hits"] = all.into();
    essence
}

fn of_hit(hit: &Value, wanted: &[&str]) -> Value {
    wanted.iter().filter_map(|key| Some(((*key).to_owned(), hit.get(key)?.clone()))).collect()
}

fn first(path: &str, real: &Value, ours: &Value) -> Option<String> {
    match (real, ours) {
        (Value::Object(members), Value::Object(others)) => {
            let mut names: Vec<_> = members.keys().chain(others.keys()).collect();
            names.sort_unstable();
            names.dedup();
            let at = |object: &serde_json::Map<String, Value>, name: &str| object.get(name).cloned();
            names.into_iter().find_map(|name| {
                let below = format!("{path}.{name}");
                match (at(members, name), at(others, name)) {
                    (Some(real), Some(ours)) => first(&below, &real, &ours),
                    (real, ours) => Some(format!("{below}: {real:?} and {ours:?}")),
                }
            })
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others).enumerate();
            pairs.find_map(|(at, (real, ours))| first(&format!("{path}.{at}"), real, ours))
        }
        _ if real == ours || are_close(real, ours) => None,
        _ => Some(format!("{path}: {real} and {ours}")),
    }
}

fn are_close(real: &Value, ours: &Value) -> bool {
    match (real, ours) {
        (Value::Number(real), Value::Number(ours)) if real.is_f64() && ours.is_f64() => {
            let (real, ours) = (real.as_f64().unwrap_or_default(), ours.as_f64().unwrap_or_default());
            (real - ours).abs() <= TOLERANCE * real.abs().max(ours.abs())
        }
        _ => false,
    }
}
