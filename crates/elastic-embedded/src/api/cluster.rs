//! The node itself: who it is, how it is.

use serde_json::{Value, json};

use crate::call::{Call, Reply};
use crate::failure::{Failure, Result};
use crate::store::Node;

/// What this server calls itself, in the version that `/` tells.
const PRODUCT: &str = "elastic-embedded";
/// The version whose behaviour the scenarios hold this server to.
const VERSION: &str = "9.5.3";
const NAME: &str = "embedded";

pub(super) fn root(node: &Node, call: &Call) -> Result<Reply> {
    call.allow(&[])?;
    Ok(Reply::ok(json!({
        "name": NAME,
        "cluster_name": PRODUCT,
        "cluster_uuid": node.id,
        "version": {
            "number": VERSION,
            "build_flavor": PRODUCT,
            "build_type": PRODUCT,
            "minimum_wire_compatibility_version": VERSION,
            "minimum_index_compatibility_version": VERSION,
        },
        "tagline": "You Know, for Search",
    })))
}

pub(super) fn nodes(node: &Node, call: &Call) -> Result<Reply> {
    call.allow(&[])?;
    let own = json!({"name": NAME, "version": VERSION, "build_flavor": PRODUCT, "build_type": PRODUCT, "host": "127.0.0.1"});
    Ok(Reply::ok(json!({
        "_nodes": {"total": 1, "successful": 1, "failed": 0},
        "cluster_name": PRODUCT,
        "nodes": {node.id.clone(): own},
    })))
}

pub(super) fn health(node: &Node, call: &Call) -> Result<Reply> {
    call.allow(&["wait_for_status", "timeout"])?;
    let (shards, damaged) = (node.select("_all")?.len(), node.damaged("_all").len());
    let status = if damaged == 0 { "green" } else { "red" };
    Ok(Reply::ok(json!({
        "cluster_name": PRODUCT, "status": status, "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1,
        "active_primary_shards": shards, "active_shards": shards, "unassigned_shards": damaged,
    })))
}

pub(super) fn cat_indices(node: &Node, call: &Call, names: &str) -> Result<Reply> {
    call.allow(&["format", "h", "ignore_unavailable", "allow_no_indices", "expand_wildcards"])?;
    if call.parameter("format") != Some("json") {
        return Err(Failure::unsupported("[_cat/indices] in a format other than json"));
    }
    let damaged = node.damaged(names);
    let mut rows: Vec<_> = damaged
        .iter()
        .map(|index| {
            json!({
                "health": "red", "status": "open", "index": index.name, "uuid": index.uuid(), "pri": "1",
                "rep": "0", "docs.count": null, "docs.deleted": null,
            })
        })
        .map(|row| chosen(row, call.parameter("h")))
        .collect();
    let is_one = !damaged.is_empty() && !names.contains(['*', ',']) && names != "_all";
    let whole = if is_one { Vec::new() } else { super::search::select(node, call, names)? };
    for index in whole {
        let (meta, searcher) = (index.meta(), index.view()?.searcher);
        let deleted: u32 = searcher.segment_readers().iter().map(|segment| segment.num_deleted_docs()).sum();
        let row = json!({
            "health": "green", "status": "open", "index": meta.name, "uuid": meta.uuid, "pri": "1", "rep": "0",
            "docs.count": searcher.num_docs().to_string(), "docs.deleted": deleted.to_string(),
        });
        rows.push(chosen(row, call.parameter("h")));
    }
    Ok(Reply::ok(rows))
}

/// The columns that `h` names.
fn chosen(row: Value, names: Option<&str>) -> Value {
    match (row, names) {
        (Value::Object(members), Some(names)) => {
            let wanted = |name: &str| names.split(',').any(|wanted| wanted == name);
            Value::Object(members.into_iter().filter(|(name, _)| wanted(name)).collect())
        }
        (row, _) => row,
    }
}
