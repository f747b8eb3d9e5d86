//! What somebody asks of the indices that connectors and syncs keep: to list, empty and delete them.

use std::collections::BTreeMap;

use connectors_core::elastic::{Preset, Request, index};
use connectors_core::sync::{Owner, give};
use connectors_core::{Error, Result};
use serde_json::json;

use crate::protocol::{JobStatus, Store};

/// An index that connectors or commands keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// The ids of its connectors.
    pub connectors: Vec<String>,
    /// Whose it says that it is; none where it is not made yet.
    pub owner: Option<Owner>,
    /// How many documents it holds; none where it is not made yet.
    pub documents: Option<u64>,
}

/// Every index that a connector keeps or that a sync made, by name.
///
/// # Errors
/// When the server can't be asked.
pub async fn list(store: &Store) -> Result<Vec<Index>> {
    let mut indices = Vec::new();
    for (name, kept) in keepers(store).await? {
        indices.push(index_of(store, name, kept).await?);
    }
    Ok(indices)
}

/// The ids of an index's connectors, and whose it says that it is.
type Keepers = (Vec<String>, Option<Owner>);

async fn keepers(store: &Store) -> Result<BTreeMap<String, Keepers>> {
    let mut by_name: BTreeMap<String, Keepers> = BTreeMap::new();
    for connector in store.connectors().await? {
        if let Some(index) = connector.index_name() {
            by_name.entry(index.to_owned()).or_default().0.push(connector.id().to_owned());
        }
    }
    for (name, owner) in index::owned(store.client()).await? {
        by_name.entry(name).or_default().1 = Some(owner);
    }
    Ok(by_name)
}

async fn index_of(store: &Store, name: String, (connectors, owner): Keepers) -> Result<Index> {
    let documents = count(store, &name).await?;
    Ok(Index { name, connectors, owner, documents })
}

/// The index of this name, where a connector keeps it or a sync made it.
///
/// # Errors
/// `Config` where it is neither; when the server can't be asked.
pub async fn get(store: &Store, name: &str) -> Result<Index> {
    index::check_name(name)?;
    let Some(kept) = keepers(store).await?.remove(name) else {
        let fix = "no connector keeps this index, and no sync made it; `connectors index list` lists those that can be removed";
        return Err(Error::config(fix).with("index", name));
    };
    index_of(store, name.to_owned(), kept).await
}

async fn count(store: &Store, name: &str) -> Result<Option<u64>> {
    if index::check_name(name).is_err() || !index::exists(store.client(), name).await? {
        return Ok(None);
    }
    index::count(store.client(), name, &json!({ "match_all": {} })).await.map(Some)
}

/// Empties an index that a connector keeps or a sync made. It is made again: a delete and a creation cost the same for any number of
/// documents. What its source declares of its fields, the next sync adds.
///
/// # Errors
/// `Config` where it is nobody's here, or a job writes to it; when the server refuses.
pub async fn clean(store: &Store, name: &str, mapping: Preset) -> Result<()> {
    let owner = get(store, name).await?.owner;
    remove(store, name).await?;
    index::prepare(store.client(), name, mapping, &[]).await?;
    match owner {
        Some(owner) => give(store.client(), name, &owner).await.map(drop),
        None => Ok(()),
    }
}

/// Deletes an index that a connector keeps or a sync made, and to which no job writes.
///
/// # Errors
/// `Config` where it is nobody's here, or a job writes to it; when the server refuses.
pub async fn delete(store: &Store, name: &str) -> Result<()> {
    get(store, name).await?;
    remove(store, name).await
}

async fn remove(store: &Store, name: &str) -> Result<()> {
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
