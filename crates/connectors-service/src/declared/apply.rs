//! Carries out a plan.

use chrono::{DateTime, Utc};
use connectors_core::{Error, Result};
use serde_json::Value;

use super::connector::{Declared, Existing};
use super::plan::{Difference, Plan, Step};
use crate::connectors;
use crate::ownership::{self, Conflict};
use crate::protocol::{Connector, Kind, NewConnector, Record, Store};
use crate::registry::Registry;

/// Carries out a plan, step by step, and gives the declared connectors their indices.
///
/// # Errors
/// `Config` where a connector was changed after the plan was made, and where an index belongs to somebody else; nothing is
/// written over what somebody changed since. When the server refuses; steps before are done.
pub async fn apply(store: &Store, registry: &Registry, plan: &Plan, now: DateTime<Utc>) -> Result<()> {
    check(store, plan).await?;
    let transferred = transferred(store, plan).await?;
    for step in plan.steps() {
        match step {
            Step::Create(declared) => create(store, registry, declared, now).await?,
            Step::Change { declared, existing, differences } => {
                change(store, registry, (declared, existing, differences), now).await?;
            }
            // Already deleted: nothing to do.
            Step::Delete(existing) => {
                let check = |record: &Record| still_holds(existing, record);
                store.remove_connector(&existing.id, check).await.map(drop)?;
            }
            Step::Leave { .. } => {}
        }
    }
    for declared in transferred {
        ownership::transfer(store, &declared.index, &declared.id).await?;
    }
    Ok(())
}

/// Refuses the whole of a plan where a connector was changed while somebody thought about it.
async fn check(store: &Store, plan: &Plan) -> Result<()> {
    for step in plan.steps() {
        let (Step::Change { existing, .. } | Step::Delete(existing)) = step else { continue };
        if let Some(connector) = store.connector(&existing.id).await? {
            still_holds(existing, &connector.0)?;
        }
    }
    Ok(())
}

/// The connectors whose indices are to be given to them. Refuses the whole of a plan where one belongs to somebody else,
/// unless it is to be taken over.
async fn transferred<'a>(store: &Store, plan: &'a Plan) -> Result<Vec<&'a Declared>> {
    let mut transferred = Vec::new();
    for declared in plan.steps().iter().filter_map(Step::declared) {
        let is_transferred = match plan.conflict {
            Conflict::TakeOver => true,
            Conflict::Refuse => ownership::is_orphaned(store, &declared.index, Some(&declared.id)).await?,
        };
        transferred.extend(is_transferred.then_some(declared));
    }
    Ok(transferred)
}

async fn create(store: &Store, registry: &Registry, declared: &Declared, now: DateTime<Utc>) -> Result<()> {
    let source = registry.get(&declared.service_type)?;
    let new = NewConnector {
        name: declared.name.clone(),
        index_name: declared.index.clone(),
        values: declared.settings.clone(),
        language: declared.language.clone(),
        pipeline: declared.pipeline.clone(),
        schedules: Vec::new(),
    };
    let mut document = new.document(source, now);
    document.insert("scheduling".into(), declared.scheduling());
    let filtering = declared.filtering(&document["filtering"], now);
    document.insert("filtering".into(), filtering);
    let created = store.add_connector(Some(&declared.id), &document).await?;
    created.map(drop).ok_or_else(|| {
        Error::config("a connector with this id was made meanwhile; apply again").with("id", &declared.id)
    })
}

async fn change(
    store: &Store,
    registry: &Registry,
    (declared, existing, differences): (&Declared, &Existing, &[Difference]),
    now: DateTime<Utc>,
) -> Result<()> {
    let source = registry.get(&declared.service_type)?;
    let changed = store.change(Kind::Connector, &declared.id, |record| {
        still_holds(existing, record)?;
        let mut patch = declared.update(existing, differences, now);
        if let Some(Value::Object(values)) = patch.remove("configuration") {
            let values = values.into_iter().map(|(name, mut field)| (name, field["value"].take())).collect();
            patch.extend(connectors::configured(source, &Connector(record.clone()), &values));
        }
        Ok(Some(patch))
    });
    changed.await?.map(drop).ok_or_else(|| {
        Error::config("the connector was deleted meanwhile; apply again").with("id", &declared.id)
    })
}

/// A plan is for what was read: nothing is written over what somebody changed since.
fn still_holds(existing: &Existing, record: &Record) -> Result<()> {
    let changed = existing.changed_in(&record.fields);
    if changed.is_empty() {
        return Ok(());
    }
    let message = "the connector was changed after the plan was made, and is left as it is; steps before it are done; apply again to see what there is to do now";
    Err(Error::config(message).with("id", &existing.id).with("changed", changed.join(", ")))
}
