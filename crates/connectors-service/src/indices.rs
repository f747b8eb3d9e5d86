//! What somebody asks of the indices that connectors keep: to list, empty and delete them.

use std::collections::BTreeMap;

use connectors_core::elastic::{Preset, Request, index};
use connectors_core::{Error, Result};
use serde_json::json;

use crate::protocol::{JobStatus, Store};

/// An index that connectors keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The ids of its connectors.
    pub connectors: Vec<String>,
    /// How many documents it holds; none where it is not made yet.
    pub documents: Option<u64>,
}

/// Every index that a connector keeps, by name.
///
/// # Errors
/// When the server can't be asked.
pub async fn list(store: &Store) -> Result<Vec<Index>> {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for connector in store.connectors().await? {
        if let Some(index) = connector.index_name() {
            by_name.entry(index.to_owned()).or_default().push(connector.id().to_owned());
        }
    }
    let mut indices = Vec::new();
    for (name, connectors) in by_name {
        let documents = count(store, &name).await?;
        indices.push(Index { name, connectors, documents });
    }
    Ok(indices)
}

async fn count(store: &Store, name: &str) -> Result<Option<u64>> {
    if index::check_name(name).is_err() || !index::exists(store.client(), name).await? {
        return Ok(None);
    }
    index::count(store.client(), name, &json!({ "match_all": {} })).await.map(Some)
}

/// Empties an index that a connector keeps. It is made again: a delete and a creation cost the same for any number of
/// documents. What its source declares of its fields, the next sync adds.
///
/// # Errors
/// `Config` where no connector keeps it, or a job writes to it; when the server refuses.
pub async fn clean(store: &Store, name: &str, mapping: Preset) -> Result<()> {
    delete(store, name).await?;
    index::prepare(store.client(), name, mapping, &[]).await.map(drop)
}

/// Deletes an index that a connector keeps, and to which no job writes.
///
/// # Errors
/// `Config` where no connector keeps it, or a job writes to it; when the server refuses.
pub async fn delete(store: &Store, name: &str) -> Result<()> {
    index::check_name(name)?;
    let connectors = store.connectors().await?;
    if !connectors.iter().any(|connector| connector.index_name() == Some(name)) {
        let fix = "no connector keeps this index; `connectors index list` lists those that can be removed";
        return Err(Error::config(fix).with("index", name));
    }
    let busy = json!({ "bool": { "filter": [
        { "term": { "connector.index_name": name } }, JobStatus::among(&JobStatus::RUNNING),
    ] } });
    if let Some(job) = store.jobs(&busy, Some(1)).await?.first() {
        let fix = format!("a job writes to this index; `connectors job cancel {}` ends it", job.id());
        return Err(Error::config(fix).with("index", name));
    }
    let removed = store.client().find(&Request::delete(format!("/{name}"))).await?;
    removed.map(drop).ok_or_else(|| Error::config("there is no such index").with("index", name))
}
