//! The two indices: their names, mappings and aliases.

use std::collections::HashSet;

use connectors_core::Result;
use connectors_core::elastic::{Client, Request, index};
use serde_json::{Map, Value, json};

use super::{Kind, Store};

/// The version of the indices that this program makes.
const VERSION: u64 = 1;

/// Makes the index with its alias, unless something answers to the alias already.
pub(super) async fn prepare(client: &Client, kind: Kind) -> Result<()> {
    let alias = kind.index();
    if index::exists(client, alias).await? {
        return Ok(());
    }
    let request = super::ours(Request::put(format!("/{alias}-v{VERSION}"))).body(&json!({
        "settings": { "index.hidden": true, "index.number_of_replicas": 0 },
        "mappings": mapping(kind),
        "aliases": { alias: {} },
    }));
    let response = client.persist(&request).await?;
    let is_there = response.is_success() || index::is_there_already(&response.body);
    if is_there { Ok(()) } else { Err(client.refusal(&request, &response)) }
}

impl Store {
    /// The uuids of all indices of the server; none where it does not list all of them, as to a user who may not
    /// see some. Whether it does is seen by the number of primary shards of the cluster.
    ///
    /// # Errors
    /// When the server can't be asked.
    pub(crate) async fn all_uuids(&self) -> Result<Option<HashSet<String>>> {
        let list = Request::get("/_cat/indices").query("format", "json").query("h", "uuid,pri,health");
        let health = self.json_or_null(&Request::get("/_cluster/health")).await?;
        let rows = match self.json_or_null(&list.clone().query("expand_wildcards", "all")).await? {
            // The embedded server does not know the word, and hides no index.
            Value::Null => self.json_or_null(&list).await?,
            rows => rows,
        };
        let (active, rows) = (health["active_primary_shards"].as_u64(), rows.as_array());
        let (Some(active), Some(rows)) = (active, rows) else { return Ok(None) };
        let number = |row: &Value| row["pri"].as_str().and_then(|pri| pri.parse::<u64>().ok()).unwrap_or(0);
        let is_whole = rows.iter().map(number).sum::<u64>() >= active;
        let is_sound = rows.iter().all(|row| row["health"] != "red");
        let uuids = rows.iter().filter_map(|row| row["uuid"].as_str().map(str::to_owned));
        Ok((is_whole && is_sound).then(|| uuids.collect()))
    }

    /// The answer; null where the server refuses.
    async fn json_or_null(&self, request: &Request) -> Result<Value> {
        let response = self.client.persist(&super::ours(request.clone())).await?;
        let body = response.is_success().then(|| serde_json::from_slice(&response.body).ok()).flatten();
        Ok(body.unwrap_or_default())
    }
}

fn mapping(kind: Kind) -> Value {
    match kind {
        Kind::Connector => json!({
            "_meta": { "version": VERSION, "pipeline": {
                "default_name": "search-default-ingestion", "default_extract_binary_content": true,
                "default_reduce_whitespace": true, "default_run_ml_inference": true,
            } },
            "dynamic": false, "properties": connector(),
        }),
        Kind::Job => {
            json!({ "_meta": { "version": VERSION }, "dynamic": false, "properties": job() })
        }
    }
}

const CONNECTOR_KEYWORDS: [&str; 13] = [
    "api_key_id",
    "api_key_secret_id",
    "error",
    "index_name",
    "language",
    "last_access_control_sync_error",
    "last_access_control_sync_status",
    "last_permissions_sync_status",
    "last_sync_error",
    "last_sync_status",
    "name",
    "service_type",
    "status",
];
const CONNECTOR_DATES: [&str; 7] = [
    "created_at",
    "last_access_control_sync_scheduled_at",
    "last_incremental_sync_scheduled_at",
    "last_seen",
    "last_sync_scheduled_at",
    "last_synced",
    "updated_at",
];

fn connector() -> Value {
    let mut properties = of_type("keyword", &CONNECTOR_KEYWORDS);
    properties.extend(of_type("date", &CONNECTOR_DATES));
    properties.extend(of_type("long", &["last_deleted_document_count", "last_indexed_document_count"]));
    properties.extend(of_type("boolean", &["is_native"]));
    properties.extend(of_type("text", &["description"]));
    let interval = |name: &str| {
        let below = json!({ "enabled": { "type": "boolean" }, "interval": { "type": "text" } });
        (name.to_owned(), json!({ "properties": below }))
    };
    let scheduling = Map::from_iter(["full", "incremental", "access_control"].map(interval));
    properties.insert("scheduling".into(), json!({ "properties": scheduling }));
    let mut pipeline = of_type("keyword", &["name"]);
    pipeline.extend(of_type("boolean", &["extract_binary_content", "reduce_whitespace", "run_ml_inference"]));
    properties.insert("pipeline".into(), json!({ "properties": pipeline }));
    properties.into()
}

fn job() -> Value {
    let mut properties =
        of_type("keyword", &["error", "job_type", "status", "trigger_method", "worker_hostname"]);
    properties.extend(of_type(
        "date",
        &["canceled_at", "cancelation_requested_at", "completed_at", "created_at", "last_seen", "started_at"],
    ));
    properties.extend(of_type(
        "integer",
        &[
            "deleted_document_count",
            "indexed_document_count",
            "indexed_document_volume",
            "total_document_count",
        ],
    ));
    let snapshot = of_type("keyword", &["id", "index_name", "language", "service_type"]);
    properties.insert("connector".into(), json!({ "properties": snapshot }));
    properties.into()
}

fn of_type(kind: &str, names: &[&str]) -> Map<String, Value> {
    names.iter().map(|name| ((*name).to_owned(), json!({ "type": kind }))).collect()
}
