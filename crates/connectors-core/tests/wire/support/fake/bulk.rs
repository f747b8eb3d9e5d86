//! Bulk writes, and what is in flight at the same time.

use serde_json::{Value, json};

use super::answers::{Answer, error};
use super::{Kept, Seen};
use crate::support::faults::Call;

pub(super) fn take_off(kept: &mut Kept, call: &Call) {
    kept.bulks += 1;
    kept.flying_bulks += 1;
    kept.flying_bytes += call.bytes;
    kept.most_bulks = kept.most_bulks.max(kept.flying_bulks);
    kept.most_bytes = kept.most_bytes.max(kept.flying_bytes);
    for id in &call.ids {
        if !kept.flying_ids.insert(id.clone()) {
            kept.overlaps.push(id.clone());
        }
    }
}

pub(super) fn land(kept: &mut Kept, call: &Call) {
    kept.flying_bulks -= 1;
    kept.flying_bytes -= call.bytes;
    for id in &call.ids {
        kept.flying_ids.remove(id);
    }
}

pub(super) fn answer(kept: &mut Kept, index: &str, seen: &Seen, unwanted: &[(String, u16)]) -> Answer {
    let mut items = Vec::new();
    if is_guarded(&seen.body) && !kept.indices.contains_key(index) {
        return (200, json!({ "took": 1, "errors": true, "items": not_found(&seen.body, index) }));
    }
    let mut lines = seen.body.lines();
    while let Some(line) = lines.next() {
        let Ok(action) = serde_json::from_str::<Value>(line) else {
            return (400, error("illegal_argument_exception", "Malformed action/metadata line"));
        };
        if action.get("update").is_some() {
            assert_eq!(lines.next(), Some("{\"doc\":{}}"), "an update that changes nothing");
            items.push(json!({ "update": no_alias(index) }));
            continue;
        }
        let is_delete = action.get("delete").is_some();
        let name = if is_delete { "delete" } else { "index" };
        let id = action[name]["_id"].as_str().expect("an id").to_owned();
        assert!(!id.is_empty() && id.len() <= 512, "an id that the server takes: {id}");
        let document = if is_delete { None } else { Some(lines.next().expect("a document")) };
        let status = unwanted.iter().find(|(unwanted, _)| *unwanted == id).map(|(_, status)| *status);
        let made = match status {
            Some(status) => item(&id, status),
            None => write(kept, (index, seen), (&id, document, action[name]["version"].as_u64())),
        };
        items.push(json!({ name: made }));
    }
    if seen.query.contains("refresh=true") {
        let index = kept.indices.entry(index.into()).or_default();
        index.visible = std::sync::Arc::new(index.written.clone());
    }
    let has_errors = items.iter().any(|item| item.to_string().contains("\"error\""));
    (200, json!({ "took": 1, "errors": has_errors, "items": items }))
}

/// Does one operation, and says what came of it.
fn write(
    kept: &mut Kept,
    (index, seen): (&str, &Seen),
    (id, document, version): (&str, Option<&str>, Option<u64>),
) -> Value {
    let made = document.and_then(|document| piped(kept, index, seen, document));
    let made = made.or_else(|| conflict(kept, (index, id), version));
    made.unwrap_or_else(|| item(id, apply(kept, index, id, document)))
}

/// True for a bulk that must not make the index.
fn is_guarded(body: &str) -> bool {
    body.lines().any(|line| line.contains("\"require_alias\":true"))
}

/// What a server says of each operation on an index that is not there.
fn not_found(body: &str, index: &str) -> Vec<Value> {
    let (mut items, mut lines) = (Vec::new(), body.lines());
    while let Some(line) = lines.next() {
        let name =
            ["index", "delete", "update"].into_iter().find(|name| line.starts_with(&format!("{{\"{name}\"")));
        let name = name.expect("an operation");
        if name != "delete" {
            lines.next();
        }
        let cause = error("index_not_found_exception", &format!("no such index [{index}]"))["error"].clone();
        items.push(json!({ name: { "status": 404, "error": cause } }));
    }
    items
}

fn no_alias(index: &str) -> Value {
    let reason = format!(
        "no such index [{index}] and [require_alias] request flag is [true] and [{index}] is not an alias"
    );
    json!({ "status": 404, "error": error("index_not_found_exception", &reason)["error"] })
}

/// What an ingest pipeline makes of a document that it does not let through.
fn piped(kept: &Kept, index: &str, seen: &Seen, document: &str) -> Option<Value> {
    let named = seen.query.split('&').find_map(|pair| pair.strip_prefix("pipeline="));
    let own = |name: &str| kept.indices.get(index)?.settings[name].as_str();
    let first = named.or_else(|| own("default_pipeline"));
    for name in first.into_iter().chain(own("final_pipeline")) {
        if !kept.pipelines.contains_key(name) {
            let reason = format!("pipeline with id [{name}] does not exist");
            let cause = error("illegal_argument_exception", &reason)["error"].clone();
            return Some(json!({ "status": 400, "error": cause }));
        }
    }
    first.or_else(|| own("final_pipeline"))?;
    let fields: Value = serde_json::from_str(document).unwrap();
    if fields["refuse"] == true {
        let cause = error("fail_processor_exception", "as the document wants it")["error"].clone();
        return Some(json!({ "status": 500, "error": cause }));
    }
    (fields["drop"] == true).then(|| json!({ "status": 200, "result": "noop", "_version": -3 }))
}

/// What is said of a write whose version is older than what the index holds; else the version is kept.
fn conflict(kept: &mut Kept, (index, id): (&str, &str), version: Option<u64>) -> Option<Value> {
    let versions = &mut kept.indices.entry(index.into()).or_default().versions;
    let current = versions.get(id).copied().unwrap_or(0);
    if let Some(version) = version.filter(|version| *version < current) {
        let reason = format!(
            "[{id}]: version conflict, current version [{current}] is higher than the one provided [{version}]"
        );
        let cause = error("version_conflict_engine_exception", &reason)["error"].clone();
        return Some(json!({ "_id": id, "status": 409, "error": cause }));
    }
    versions.insert(id.to_owned(), version.unwrap_or(current + 1));
    None
}

fn apply(kept: &mut Kept, index: &str, id: &str, document: Option<&str>) -> u16 {
    *kept.applied.entry(id.to_owned()).or_default() += 1;
    let written = &mut kept.indices.entry(index.into()).or_default().written;
    let Some(document) = document else {
        return if written.remove(id).is_some() { 200 } else { 404 };
    };
    match serde_json::from_str::<Value>(document) {
        Ok(document) if document.is_object() => {
            if written.insert(id.to_owned(), document).is_some() {
                200
            } else {
                201
            }
        }
        _ => 400,
    }
}

fn item(id: &str, status: u16) -> Value {
    let (kind, reason) = match status {
        200..300 | 404 => return json!({ "_id": id, "status": status }),
        429 => ("es_rejected_execution_exception", "rejected execution of primary operation"),
        400 => ("document_parsing_exception", "failed to parse field [when] of type [date]"),
        500 => ("fail_processor_exception", "the pipeline does not want it"),
        _ => ("scripted", "as the test wants it"),
    };
    json!({ "_id": id, "status": status, "error": { "type": kind, "reason": reason } })
}
