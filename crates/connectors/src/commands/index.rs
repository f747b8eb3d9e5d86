//! `connectors index`: the indices that connectors keep.

use std::collections::BTreeMap;

use connectors_core::elastic::{Request, index};
use connectors_core::{Error, Result};
use serde_json::{Value, json};

use super::{Desk, End, Fleet};
use crate::protocol::JobStatus;
use crate::{cli, show};

pub(super) async fn run(desk: &Desk, asked: cli::Index) -> Result<End> {
    Fleet::during(desk, async |fleet| match &asked {
        cli::Index::List => list(desk, fleet).await,
        cli::Index::Clean { name } => clean(desk, fleet, name).await,
        cli::Index::Delete { name } => delete(desk, fleet, name).await,
    })
    .await
}

async fn list(desk: &Desk, fleet: &Fleet) -> Result<()> {
    let mut indices: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for connector in fleet.store.connectors().await? {
        if let Some(index) = connector.index_name() {
            indices.entry(index.to_owned()).or_default().push(connector.id().to_owned());
        }
    }
    let mut rows = Vec::new();
    for (name, connectors) in indices {
        let count =
            match index::check_name(&name).is_ok() && index::exists(fleet.store.client(), &name).await? {
                true => Some(index::count(fleet.store.client(), &name, &json!({ "match_all": {} })).await?),
                false => None,
            };
        rows.push((name, connectors, count));
    }
    if desk.json {
        let all = rows.iter().map(
            |(name, connectors, count)| json!({"index": name, "connectors": connectors, "documents": count}),
        );
        show::line(&Value::from_iter(all).to_string());
        return Ok(());
    }
    let rows = rows.into_iter().map(|(name, connectors, count)| {
        vec![
            name,
            connectors.join(", "),
            count.map_or_else(|| "not made yet".into(), |count| count.to_string()),
        ]
    });
    show::table(&["index", "connectors", "documents"], rows);
    Ok(())
}

/// An emptied index is a new one: a delete and a making cost the same for any number of documents.
async fn clean(desk: &Desk, fleet: &Fleet, name: &str) -> Result<()> {
    remove(fleet, name).await?;
    // What its source declares of its fields, the next sync adds.
    index::prepare(fleet.store.client(), name, desk.settings.sync().mapping, &[]).await?;
    told(desk, name, "cleaned");
    Ok(())
}

async fn delete(desk: &Desk, fleet: &Fleet, name: &str) -> Result<()> {
    remove(fleet, name).await?;
    told(desk, name, "deleted");
    Ok(())
}

/// Only what a connector keeps is removed, and never while a job writes to it.
async fn remove(fleet: &Fleet, name: &str) -> Result<()> {
    index::check_name(name)?;
    let connectors = fleet.store.connectors().await?;
    if !connectors.iter().any(|connector| connector.index_name() == Some(name)) {
        let fix = "no connector keeps this index; `connectors index list` lists those that can be removed";
        return Err(Error::config(fix).with("index", name));
    }
    let busy = json!({ "bool": { "filter": [
        { "term": { "connector.index_name": name } }, JobStatus::among(&JobStatus::RUNNING),
    ] } });
    if let Some(job) = fleet.store.jobs(&busy, Some(1)).await?.first() {
        let fix = format!("a job writes to this index; `connectors job cancel {}` ends it", job.id());
        return Err(Error::config(fix).with("index", name));
    }
    let removed = fleet.store.client().find(&Request::delete(format!("/{name}"))).await?;
    removed.map(drop).ok_or_else(|| Error::config("there is no such index").with("index", name))
}

fn told(desk: &Desk, name: &str, result: &str) {
    desk.say(&json!({ "index": name, "result": result }), &format!("{name}: {result}"));
}
