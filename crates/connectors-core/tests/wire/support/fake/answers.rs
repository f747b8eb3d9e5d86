//! Which request is answered how.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Index, Kept, Manner, Root, Seen, bulk, filter, search};

pub(super) type Answer = (u16, Value);

pub(super) fn error(kind: &str, reason: &str) -> Value {
    json!({ "error": { "type": kind, "reason": reason } })
}

pub(super) fn reply((status, answer): Answer, retry_after: Option<u64>) -> Response {
    let mut builder = Response::builder().status(status).header("content-type", "application/json");
    if let Some(seconds) = retry_after {
        builder = builder.header("retry-after", seconds);
    }
    builder.body(Body::from(answer.to_string())).unwrap()
}

/// Half of the answer, then a broken connection.
pub(super) fn cut_off((status, answer): Answer) -> Response {
    let text = answer.to_string();
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let pieces = futures::stream::iter([Ok(half), Err(broken)]);
    Response::builder().status(status).body(Body::from_stream(pieces)).unwrap()
}

/// Half of the answer, framed as a whole one.
pub(super) fn shortened((status, answer): Answer) -> Response {
    let text = answer.to_string();
    Response::builder().status(status).body(Body::from(text[..text.len() / 2].to_owned())).unwrap()
}

/// Ends the task of this connection, and so the connection, without a word.
pub(super) fn drop_connection() -> ! {
    std::panic::resume_unwind(Box::new("dropped"))
}

pub(super) fn answer(kept: &mut Kept, manner: Manner, seen: &Seen, unwanted: &[(String, u16)]) -> Answer {
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let path: Vec<&str> = seen.path.trim_matches('/').split('/').collect();
    let is_opensearch = manner.root == Root::OpenSearch;
    let (status, answer) = match (seen.method.as_str(), &path[..]) {
        ("GET", [""]) => root(manner.root),
        ("GET", ["_nodes", "_local"]) => nodes(manner.root),
        (_, [index, "_bulk"]) => bulk::answer(kept, index, seen, unwanted),
        ("POST", [index, "_pit"]) if !is_opensearch => open_pit(kept, index, "id"),
        ("POST", [index, "_search", "point_in_time"]) if is_opensearch => open_pit(kept, index, "pit_id"),
        ("DELETE", ["_pit"]) if !is_opensearch => close_pit(kept, &body["id"]),
        ("DELETE", ["_search", "point_in_time"]) if is_opensearch => close_pit(kept, &body["pit_id"][0]),
        ("GET", ["_alias", name]) => aliases(kept, name),
        ("GET", ["_ingest", "pipeline", name]) => match kept.pipelines.get(*name) {
            Some(definition) => (200, json!({ *name: definition })),
            None => (404, json!({})),
        },
        ("POST", ["_search"]) => search::in_pit(kept, manner, &body),
        (method, [name, rest @ ..]) => match lacks(manner, &body) {
            Some(refused) => refused,
            None => on_index(kept, manner, (method, name, rest), &body),
        },
        _ => (400, error("illegal_argument_exception", "no handler found")),
    };
    (status, if status < 300 { filter::apply(answer, &seen.query) } else { answer })
}

fn on_index(kept: &mut Kept, manner: Manner, request: (&str, &str, &[&str]), body: &Value) -> Answer {
    let (method, name, rest) = request;
    if (method, rest) == ("PUT", &[]) {
        return create(kept, manner, name, body);
    }
    if (method, rest) == ("DELETE", &[]) && kept.indices.remove(name).is_some() {
        return (200, json!({ "acknowledged": true }));
    }
    if (method, rest) == ("GET", &["_mapping"]) && kept.aliases.contains_key(name) {
        return mappings(kept, name);
    }
    let name = &behind(kept, name);
    let Some(index) = kept.indices.get_mut(name) else {
        return (404, error("index_not_found_exception", &format!("no such index [{name}]")));
    };
    match (method, rest) {
        ("GET", ["_settings"]) => (200, json!({ name: { "settings": { "index": settings(index) } } })),
        ("PUT", ["_settings"]) => {
            merge(&mut index.settings, body);
            (200, json!({ "acknowledged": true }))
        }
        ("GET", ["_mapping"]) => (200, json!({ name: { "mappings": index.mappings } })),
        ("PUT", ["_mapping"]) => {
            map(&mut index.mappings, body);
            (200, json!({ "acknowledged": true }))
        }
        ("POST", ["_refresh"]) => {
            index.visible = Arc::new(seen_by_searches(&index.written, manner));
            (200, json!({ "_shards": { "total": 1, "successful": 1, "failed": 0 } }))
        }
        ("POST", ["_count"]) => (200, json!({ "count": search::count(&index.visible, &body["query"]) })),
        ("POST", ["_search"]) if name.starts_with('.') => {
            search::plain(&index.visible.clone(), Manner { window: 10_000, ..manner }, body)
        }
        ("POST", ["_search"]) => search::plain(&index.visible.clone(), manner, body),
        ("GET", ["_doc", id]) => get(index, id),
        ("PUT", ["_doc", id]) => put(index, id, body),
        _ => (400, error("illegal_argument_exception", &format!("no handler for {method} {rest:?}"))),
    }
}

fn put(index: &mut Index, id: &str, body: &Value) -> Answer {
    index.written.insert(id.into(), body.clone());
    (201, json!({ "_id": id, "result": "created" }))
}

/// The refusal of a mapping with a type that the server does not know.
fn lacks(manner: Manner, body: &Value) -> Option<Answer> {
    let lacking = manner.lacks?;
    let reason = format!("The mapper type [{lacking}] declared on field [x] does not exist.");
    let is_named = body.to_string().contains(&format!("\"type\":\"{lacking}\""));
    is_named.then(|| (400, error("mapper_parsing_exception", &reason)))
}

/// Documents with the names of their fields that are not in the index.
fn seen_by_searches(written: &BTreeMap<String, Value>, manner: Manner) -> BTreeMap<String, Value> {
    let mut documents = written.clone();
    for document in documents.values_mut() {
        let ignored = (manner.ignores)(document);
        if !ignored.is_empty() {
            document["_ignored"] = json!(ignored);
        }
    }
    documents
}

fn get(index: &Index, id: &str) -> Answer {
    match index.written.get(id) {
        Some(document) => (200, json!({ "_id": id, "found": true, "_source": document })),
        None => (404, json!({ "_id": id, "found": false })),
    }
}

/// Any other request through an alias goes to its first index.
fn behind(kept: &Kept, name: &str) -> String {
    let first = kept.aliases.get(name).and_then(|indices| indices.keys().next());
    first.cloned().unwrap_or_else(|| name.to_owned())
}

fn map(mappings: &mut Value, body: &Value) {
    merge(mappings, body);
    // Servers replace it as a whole.
    if let Some(meta) = body.get("_meta") {
        mappings["_meta"] = meta.clone();
    }
}

/// The mappings of the indices of an alias.
fn mappings(kept: &Kept, alias: &str) -> Answer {
    let indices = kept.aliases[alias].keys();
    let all = indices.map(|name| (name.clone(), json!({ "mappings": kept.indices[name].mappings })));
    (200, Value::Object(all.collect()))
}

fn aliases(kept: &Kept, alias: &str) -> Answer {
    let Some(indices) = kept.aliases.get(alias) else { return (404, json!({})) };
    let all = indices.iter().map(|(name, how)| (name.clone(), json!({ "aliases": { alias: how } })));
    (200, Value::Object(all.collect()))
}

fn settings(index: &Index) -> Value {
    json!({
        "uuid": index.uuid, "default_pipeline": index.settings["default_pipeline"],
        "final_pipeline": index.settings["final_pipeline"],
        "search": { "idle": { "after": index.settings["index.search.idle.after"] } },
    })
}

fn create(kept: &mut Kept, manner: Manner, name: &str, body: &Value) -> Answer {
    let newest = "index.mapping.total_fields.ignore_dynamic_beyond_limit";
    if kept.indices.contains_key(name) {
        return (400, error("resource_already_exists_exception", &format!("index [{name}] already exists")));
    }
    if manner.is_old && body["settings"].get(newest).is_some() {
        return (400, error("illegal_argument_exception", &format!("unknown setting [{newest}]")));
    }
    let (mappings, settings) = (body["mappings"].clone(), body["settings"].clone());
    kept.indices.insert(name.into(), Index { mappings, settings, ..Index::default() });
    (200, json!({ "acknowledged": true, "shards_acknowledged": true, "index": name }))
}

fn merge(into: &mut Value, from: &Value) {
    match from {
        Value::Object(fields) if into.is_object() => {
            fields.iter().for_each(|(name, value)| merge(&mut into[name], value));
        }
        _ => *into = from.clone(),
    }
}

fn root(root: Root) -> Answer {
    match root {
        Root::Elasticsearch => (200, json!({ "version": { "number": "9.5.3", "build_flavor": "default" } })),
        Root::OpenSearch => (200, json!({ "version": { "number": "3.5.0", "distribution": "opensearch" } })),
        Root::Rootless => (405, error("illegal_argument_exception", "Incorrect HTTP method for uri [/]")),
        Root::Stranger => (200, json!({ "hello": "world" })),
    }
}

fn nodes(root: Root) -> Answer {
    match root {
        Root::Rootless => (200, json!({ "nodes": { "abc": { "version": "9.5.3" } } })),
        _ => (404, error("not_found", "nothing here")),
    }
}

fn open_pit(kept: &mut Kept, index: &str, key: &str) -> Answer {
    let Some(index) = kept.indices.get(index) else {
        return (404, error("index_not_found_exception", "no such index"));
    };
    kept.pits_opened += 1;
    let id = format!("pit-{}", kept.pits_opened);
    let visible = index.visible.clone();
    kept.pits.insert(id.clone(), visible);
    (200, json!({ key: id }))
}

fn close_pit(kept: &mut Kept, id: &Value) -> Answer {
    let closed = kept.pits.remove(id.as_str().unwrap_or_default()).is_some();
    if closed { (200, json!({ "succeeded": true })) } else { (404, error("not_found", "no such view")) }
}
